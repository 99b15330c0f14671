// Criteria of FindDocuments that ask for nothing in particular; a test adds what it is about (ITI TF-2 3.18.4.1.2.3.7.1).

import type { EntryCriteria, FindDocuments } from '../../src/model/stored-query.ts'
import { OBJECT_STABLE, STATUS_APPROVED } from '../../src/model/xds.ts'

export const NO_CODES: FindDocuments['codes'] = {
  classCode: [],
  typeCode: [],
  practiceSettingCode: [],
  healthcareFacilityTypeCode: [],
  formatCode: [],
  eventCodeList: [],
  confidentialityCode: [],
}

/** Every Stable entry that is Approved. */
export const ANY_APPROVED: EntryCriteria = {
  status: [STATUS_APPROVED],
  objectTypes: [OBJECT_STABLE],
  codes: NO_CODES,
  creationTime: {},
  serviceStartTime: {},
  serviceStopTime: {},
  authorPerson: [],
  referenceIds: [],
}
