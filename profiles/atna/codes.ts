// Codes of audit messages: events, their types, roles of participants, kinds of objects (ITI TF-2 3.20.4.1; DICOM PS3.15 A.5, PS3.16 CID 400 to 404).

import type { AuditCode } from '../../src/model/audit-message.ts'

const DCM = 'DCM'
const RFC_3881 = 'RFC-3881'
export const IHE_TRANSACTIONS = 'IHE Transactions'
/** Codes of this product, for what no standard has a code. */
export const OWN_SYSTEM = 'Tsunagi'

function dcm(code: string, text: string): AuditCode {
  return { code, system: DCM, text }
}

/** EventID by its code. */
export const EVENTS: ReadonlyMap<string, AuditCode> = byCode([
  dcm('110100', 'Application Activity'),
  dcm('110101', 'Audit Log Used'),
  dcm('110106', 'Export'),
  dcm('110107', 'Import'),
  dcm('110110', 'Patient Record'),
  dcm('110112', 'Query'),
  dcm('110113', 'Security Alert'),
  dcm('110114', 'User Authentication'),
])

/** EventTypeCode by its code, apart from transactions. */
export const EVENT_TYPES: ReadonlyMap<string, AuditCode> = byCode([
  dcm('110120', 'Application Start'),
  dcm('110121', 'Application Stop'),
  dcm('110122', 'Login'),
  dcm('110123', 'Logout'),
  dcm('110126', 'Node Authentication'),
  dcm('110127', 'Emergency Override Started'),
  dcm('110128', 'Network Configuration'),
  dcm('110129', 'Security Configuration'),
  dcm('110130', 'Hardware Configuration'),
  dcm('110131', 'Software Configuration'),
  dcm('110132', 'Use of Restricted Function'),
  dcm('110133', 'Audit Recording Stopped'),
  dcm('110134', 'Audit Recording Started'),
  dcm('110135', 'Object Security Attributes Changed'),
  dcm('110136', 'Security Roles Changed'),
  dcm('110137', 'User Security Attributes Changed'),
  dcm('110138', 'Emergency Override Stopped'),
  dcm('110139', 'Remote Service Operation Started'),
  dcm('110140', 'Remote Service Operation Stopped'),
  dcm('110141', 'Local Service Operation Started'),
  dcm('110142', 'Local Service Operation Stopped'),
  dcm('110143', 'Authentication Decision'),
  dcm('110144', 'Authorization Decision'),
  dcm('110147', 'Access Control Decision'),
])

export const SOURCE_ROLE: AuditCode = dcm('110153', 'Source Role ID')
export const DESTINATION_ROLE: AuditCode = dcm('110152', 'Destination Role ID')
export const APPLICATION_ROLE: AuditCode = dcm('110150', 'Application')
export const LAUNCHER_ROLE: AuditCode = dcm('110151', 'Application Launcher')

/** AuditSourceTypeCode of a server. */
export const APPLICATION_SERVER: AuditCode = dcm('4', 'Application Server Process or Thread')

/** ParticipantObjectIDTypeCode. */
export const PATIENT_NUMBER: AuditCode = { code: '2', system: RFC_3881, text: 'Patient Number' }
export const REPORT_NUMBER: AuditCode = { code: '9', system: RFC_3881, text: 'Report Number' }
export const URI: AuditCode = { code: '12', system: RFC_3881, text: 'URI' }
export const SUBMISSION_SET: AuditCode = {
  code: 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd',
  system: 'IHE XDS Metadata',
  text: 'submission set classificationNode',
}
export const OBJECT_REFERENCE: AuditCode = {
  code: 'urn:ihe:iti:2017:ObjectRef',
  system: 'IHE XDS Metadata',
  text: 'registry object reference',
}
/** By which a receiver knows a message again (IHE ITI BALP, correlation of request and record). */
export const REQUEST_ID: AuditCode = { code: 'XrequestId', system: 'IHE BALP', text: 'X-Request-Id' }

function byCode(codes: readonly AuditCode[]): ReadonlyMap<string, AuditCode> {
  return new Map(codes.map((one) => [one.code, one]))
}
