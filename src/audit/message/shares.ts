// What of an event belongs into which message: one message concerns one patient (ITI TF-2 3.20.4.1.2).

import type { DocumentReference, ObjectReference } from '../../model/evidence.ts'
import type { StoredEvent } from '../stored-event.ts'

/** Ids of one person, and what of them was concerned. */
export interface Share {
  readonly patients: readonly string[]
  readonly documents: readonly DocumentReference[]
  readonly objectRefs: readonly ObjectReference[]
}

/** Their patient ids are those of one person. */
const OF_ONE_PERSON: ReadonlySet<string> = new Set([
  'ITI-8',
  'ITI-9',
  'ITI-10',
  'ITI-44',
  'ITI-45',
  'ITI-46',
  'StoreClient',
])

/** A look at the log is about the log: whose entries were looked for is nobody else's business (DICOM PS3.15 A.5.3.2). */
const AUDIT_LOG_USED = '110101'

/** At least one: an event about nobody is one message too. */
export function sharesOf(event: StoredEvent): readonly Share[] {
  const { documents = [], objectRefs = [] } = event.objects
  const { patients, typeCode, eventCode } = event
  if (eventCode === AUDIT_LOG_USED) return [{ patients: [], documents: [], objectRefs: [] }]
  if (patients.length < 2 || OF_ONE_PERSON.has(typeCode)) return [{ patients, documents, objectRefs }]
  const concerned = patientsConcerned(patients, [...documents, ...objectRefs])
  const shares = concerned.map((patient) => ({
    patients: [patient],
    documents: documents.filter((document) => document.patient === patient),
    objectRefs: objectRefs.filter((reference) => reference.patient === patient),
  }))
  const nobodys = {
    patients: [],
    documents: documents.filter(({ patient }) => patient === undefined),
    objectRefs: objectRefs.filter(({ patient }) => patient === undefined),
  }
  return nobodys.documents.length + nobodys.objectRefs.length === 0 ? shares : [...shares, nobodys]
}

interface Owned {
  readonly patient?: string
}

/** Of a PartialSuccess each event has the objects of some of the patients only. */
function patientsConcerned(patients: readonly string[], owned: readonly Owned[]): readonly string[] {
  const owners = new Set(owned.flatMap(({ patient }) => patient ?? []))
  return owners.size === 0 ? patients : patients.filter((patient) => owners.has(patient))
}
