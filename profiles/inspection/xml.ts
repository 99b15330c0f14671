// What of SOAP, ebRIM, HL7 v3 and SAML tells nothing of a person: names, and values by where they stand (docs/adr/0039).

import { documentEntryAttributes, folderAttributes, submissionSetAttributes } from '../metadata/attributes.ts'
import { NS } from '../transactions/define.ts'
import type { Harmless } from './values.ts'

const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion'

/** Vocabularies whose names are words of a standard; names of others may be anything. */
export const KNOWN_NAMESPACES: ReadonlySet<string> = new Set([
  ...Object.values(NS),
  SAML,
  'http://www.w3.org/2003/05/soap-envelope',
  'http://www.w3.org/2005/08/addressing',
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd',
  'http://www.w3.org/2000/09/xmldsig#',
  'http://www.w3.org/2001/10/xml-exc-c14n#',
  'urn:tsunagi:error',
])

/** Looked up by names that senders choose: `constructor` is none of them. */
function named(kinds: Readonly<Record<string, Harmless>>): ReadonlyMap<string, Harmless> {
  return new Map(Object.entries(kinds))
}

/** Attributes by local name; those of which the kind depends on the element are in `attributeKind`. */
const ATTRIBUTES: ReadonlyMap<string, Harmless> = named({
  objectType: 'uri',
  status: 'uri',
  associationType: 'uri',
  classificationScheme: 'uri',
  classificationNode: 'uri',
  identificationScheme: 'uri',
  home: 'uri',
  mimeType: 'mime',
  isOpaque: 'xml',
  versionName: 'number',
  lang: 'xml',
  charset: 'xml',
  errorCode: 'uri',
  severity: 'uri',
  returnType: 'token',
  returnComposedObjects: 'xml',
  federated: 'xml',
  startIndex: 'number',
  maxResults: 'number',
  totalResultCount: 'number',
  mustUnderstand: 'xml',
  encodingStyle: 'uri',
  RelationshipType: 'uri',
  IsReferenceParameter: 'xml',
  Version: 'token',
  IssueInstant: 'moment',
  NotBefore: 'moment',
  NotOnOrAfter: 'moment',
  AuthnInstant: 'moment',
  NameFormat: 'uri',
  Format: 'uri',
  Algorithm: 'uri',
  Method: 'uri',
  EncodingType: 'uri',
  ValueType: 'uri',
  classCode: 'token',
  moodCode: 'token',
  determinerCode: 'token',
  typeCode: 'token',
  nullFlavor: 'token',
  operator: 'token',
  contextConductionInd: 'xml',
  contextControlCode: 'token',
  mediaType: 'mime',
  ITSVersion: 'token',
  root: 'id',
  codeSystem: 'id',
  code: 'code',
  blame: 'token',
  retry: 'token',
})

/** Ids that hold a message together: shown as numbers, the same for the same id. */
export const REFERENCES: ReadonlySet<string> = new Set([
  'id',
  'lid',
  'requestId',
  'parent',
  'classifiedObject',
  'registryObject',
  'sourceObject',
  'targetObject',
  'ID',
  'URI',
  'href',
])

/** HL7 v3: an extension is part of an id; that of a message and of a device is none of a person. */
const TECHNICAL_IDS: ReadonlySet<string> = new Set(['interactionId', 'targetMessage', 'queryId'])
const V3_ROOT = /^(PRPA|MCCI)_IN\d{6}UV\d{2}$/
/** HL7 v3: codes about the message. */
const TECHNICAL_CODES: ReadonlySet<string> = new Set([
  'processingCode',
  'processingModeCode',
  'acceptAckCode',
  'versionCode',
  'statusCode',
  'queryResponseCode',
  'responseElementGroupId',
  'responseModalityCode',
  'responsePriorityCode',
  'initialQuantity',
  'controlActProcess',
  'acknowledgement',
  'acknowledgementDetail',
  'Error',
])
const COUNTS: ReadonlySet<string> = new Set([
  'initialQuantity',
  'resultTotalQuantity',
  'resultCurrentQuantity',
  'resultRemainingQuantity',
])

export interface Standing {
  readonly ns: string
  readonly name: string
  /** Names of the elements around it, the outermost first. */
  readonly within: readonly string[]
  readonly attribute: (name: string) => string | undefined
}

const all = [...documentEntryAttributes, ...submissionSetAttributes, ...folderAttributes]

/** Codes that say what kind of document it is and how it is written; departments, events and confidentiality say what a patient has. */
const TELLING_NOTHING: ReadonlySet<string> = new Set([
  'classCode',
  'typeCode',
  'formatCode',
  'healthcareFacilityTypeCode',
  'contentTypeCode',
  'codeList',
])

const HARMLESS_SCHEMES: ReadonlySet<string> = new Set(
  all.flatMap(({ name, coding }) =>
    coding.kind === 'classification' && TELLING_NOTHING.has(name) ? [coding.scheme] : [],
  ),
)
const IDENTIFIER_KINDS: ReadonlyMap<string, Harmless> = new Map(
  all.flatMap(({ name, coding }) =>
    coding.kind === 'identifier' ? [[coding.scheme, name === 'patientId' ? 'CX' : 'id'] as const] : [],
  ),
)

const SLOTS: ReadonlyMap<string, Harmless> = named({
  creationTime: 'form',
  serviceStartTime: 'form',
  serviceStopTime: 'form',
  submissionTime: 'moment',
  lastUpdateTime: 'moment',
  hash: 'digest',
  size: 'number',
  languageCode: 'token',
  repositoryUniqueId: 'id',
  documentAvailability: 'uri',
  sourcePatientId: 'CX',
  sourcePatientInfo: 'PID field',
  SubmissionSetStatus: 'token',
  PreviousVersion: 'number',
  AssociationPropagation: 'token',
  OriginalStatus: 'uri',
  NewStatus: 'uri',
  codingScheme: 'id',
})

/** Slots that are known to be, although nothing of them is shown. */
const MASKED_SLOTS: ReadonlySet<string> = new Set([
  ...all.flatMap(({ coding }) => (coding.kind === 'slot' ? [coding.slot] : [])),
  'authorPerson',
  'authorInstitution',
  'authorRole',
  'authorSpecialty',
  'authorTelecommunication',
])

const QUERY_PARAMETERS: readonly (readonly [RegExp, Harmless | undefined])[] = [
  [/^\$(homeCommunityId|repositoryUniqueId)$/i, 'id'],
  [/PatientId$/i, 'CX'],
  [/(UniqueId|EntryUUID|LogicalID|^\$uuid)$/i, 'id'],
  [/(Status|ObjectType|AssociationTypes?|EntryType)$/, 'uri'],
  [/(ClassCode|TypeCode|FormatCode|HealthcareFacilityTypeCode|ContentType|CodeList)$/, 'code'],
  [/(TimeFrom|TimeTo)$/, 'form'],
  [/^\$MetadataLevel$/, 'number'],
]
const EVENT_CODES = /EventCodeList$/

/** Undefined: nothing of the value is shown. */
export function slotKind(name: string): Harmless | undefined {
  if (EVENT_CODES.test(name)) return undefined
  return SLOTS.get(name) ?? QUERY_PARAMETERS.find(([form]) => form.test(name))?.[1]
}

/** Slot names are written by the sender; those of the standard are shown. */
export function isSlotName(name: string): boolean {
  return (
    SLOTS.has(name) ||
    MASKED_SLOTS.has(name) ||
    /^\$(XDS(DocumentEntry|SubmissionSet|Folder)[A-Za-z]{1,40}|patientId|uuid|MetadataLevel|AssociationTypes|homeCommunityId)$/.test(
      name,
    ) ||
    /^urn:ihe:iti:[\w:.-]{1,60}$/.test(name)
  )
}

/** Undefined: nothing of the value is shown. */
export function attributeKind(at: Standing, attribute: string): Harmless | undefined {
  const { ns, name, within } = at
  if (attribute === 'nodeRepresentation')
    return HARMLESS_SCHEMES.has(at.attribute('classificationScheme') ?? '') ? 'code' : undefined
  if (attribute === 'value') {
    if (name === 'ExternalIdentifier') return IDENTIFIER_KINDS.get(at.attribute('identificationScheme') ?? '')
    if (ns === NS.hl7) return COUNTS.has(name) ? 'number' : isMessageTime(at) ? 'moment' : 'form'
    return undefined
  }
  if (attribute === 'extension') return isTechnicalId(at) ? 'message id' : undefined
  if (attribute === 'code' && ns === NS.hl7)
    return TECHNICAL_CODES.has(name) || within.at(-1) === 'controlActProcess' ? 'code' : undefined
  if (attribute === 'Name' && ns === SAML) return 'uri'
  return ATTRIBUTES.get(attribute)
}

function isMessageTime({ name, within }: Standing): boolean {
  return name === 'creationTime' && V3_ROOT.test(within.at(-1) ?? '')
}

/** Ids of messages, interactions and devices (HL7 v3 transmission wrapper). */
function isTechnicalId({ name, within }: Standing): boolean {
  const parent = within.at(-1) ?? ''
  return TECHNICAL_IDS.has(name) || (name === 'id' && (V3_ROOT.test(parent) || TECHNICAL_IDS.has(parent)))
}

const TEXTS: ReadonlyMap<string, Harmless> = named({
  Action: 'uri',
  MessageID: 'message id',
  RelatesTo: 'message id',
  RepositoryUniqueId: 'id',
  DocumentUniqueId: 'id',
  NewRepositoryUniqueId: 'id',
  NewDocumentUniqueId: 'id',
  HomeCommunityId: 'id',
  mimeType: 'mime',
  AuthnContextClassRef: 'uri',
  JournalId: 'id',
})

/** Undefined: nothing of the text is shown. */
export function textKind({ name, within }: Standing): Harmless | undefined {
  if (name === 'Address' || name === 'To') return 'endpoint'
  if (name === 'Value' && (within.at(-1) === 'Code' || within.at(-1) === 'Subcode')) return 'token'
  return TEXTS.get(name)
}

/** The values of WS-Addressing for "the connection" and "nowhere". */
export const ADDRESSES: ReadonlySet<string> = new Set([
  'http://www.w3.org/2005/08/addressing/anonymous',
  'http://www.w3.org/2005/08/addressing/none',
])
