// What readers of the audit log ask of its store: events for those who look after it, looks at a patient, content-reference records (idlink 10).

import type { Words } from '../../../profiles/audit/words.ts'
import type { DocumentReference } from '../../model/evidence.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { StoredEvent } from '../stored-event.ts'

/** Place of an event in the order of the log: its time to the microsecond, and its number. */
export interface LogPlace {
  readonly at: string
  readonly eventId: string
}

/** Newest first, before `before`; `next` is where to go on, also after a page that is short because much had to be looked through. */
export interface LogPage<Row> {
  readonly rows: readonly Row[]
  readonly next?: LogPlace
}

interface Asked {
  readonly from: Date
  /** First moment after the period. */
  readonly to: Date
  readonly before?: LogPlace
  readonly limit: number
  /** Staff of this facility ask: what it did, and what was done with content that it published (idlink L-1, L-4). Absent: everything. */
  readonly askedFor?: string
}

export interface EventQuery extends Asked {
  /** As the log names them. */
  readonly person?: readonly string[]
  /** Patient ids in CX form. */
  readonly patients?: readonly string[]
  readonly facilityId?: string
  readonly systemId?: string
  readonly eventCode?: string
  readonly outcomes?: readonly number[]
}

export interface LoggedEvent {
  readonly event: StoredEvent
  readonly place: LogPlace
  /** Name of the member of staff, as entered. */
  readonly personName?: string
  readonly job?: string
  readonly facilityName?: string
  /** Facilities that published the documents, by facility id. */
  readonly publishers: Readonly<Record<string, string>>
  /** Of the emergency access under which it was done. */
  readonly emergency?: { readonly reasonCode: string; readonly consentKind: string }
}

export interface LookQuery extends Asked {
  readonly patients: readonly string[]
}

/** `own-views`: content of others that the facility looked at (自施設が参照した). `own-content`: its content that others looked at. */
export const REFERENCE_KINDS = ['own-views', 'own-content'] as const
export type ReferenceKind = (typeof REFERENCE_KINDS)[number]

export interface ReferenceQuery {
  readonly facilityId: string
  /** YYYY-MM in Japan. */
  readonly month: string
  readonly of: ReferenceKind
  /** Patient ids of one patient in CX form; none: a patient whom nobody knows. */
  readonly patients?: readonly string[]
}

/** One document that was looked at once. */
export interface ContentReference {
  readonly at: Date
  readonly typeCode: string
  readonly endpoint: string
  readonly outcome: number
  readonly document: DocumentReference
  readonly facilityName: string
  /** Name for people; else what the system or assertion is called. */
  readonly personName: string
  /** Absent when the document is gone. */
  readonly title?: string
  readonly kind: string
  readonly ownerName: string
  /** Patient number of the facility that asks; '' when it has none. */
  readonly patientNumber: string
  readonly purpose: string
  readonly isEmergency: boolean
}

/** `viewed`: documents of another facility that were read. `sent`: own documents that were registered for others to read. */
export type ClaimKind = 'viewed' | 'sent'

/** What proves a fee: one patient on one day, towards one other facility (idlink L-6). */
export interface ClaimRow {
  readonly kind: ClaimKind
  readonly patientNumber: string
  readonly otherFacility: string
  readonly documents: number
  /** classCodes. */
  readonly kinds: readonly string[]
  readonly first: Date
  readonly last: Date
  readonly persons: readonly string[]
}

export type ClaimQuery = Omit<ReferenceQuery, 'of'>

export interface RecordStore {
  readonly events: (asked: EventQuery) => Promise<LogPage<LoggedEvent>>
  readonly event: (asked: { readonly eventId: string; readonly askedFor?: string }) => Promise<LoggedEvent | undefined>
  readonly looks: (asked: LookQuery) => Promise<LogPage<LoggedEvent>>
  /** In the order of time, page by page. */
  readonly references: (asked: ReferenceQuery) => AsyncIterable<readonly ContentReference[]>
  /** A day of the month after the other. */
  readonly claims: (asked: ClaimQuery) => AsyncIterable<{ readonly day: string; readonly rows: readonly ClaimRow[] }>
  /** All patient ids of the person who has this one; a number without authority is one of the facility. */
  readonly patient: (
    id: Pick<PatientId, 'value'> & Partial<PatientId>,
    facilityId: string | undefined,
  ) => Promise<readonly string[]>
  /** The events of the month were exported and dropped: what is left says nothing. */
  readonly isDropped: (month: string) => Promise<boolean>
  readonly facilityName: (facilityId: string) => Promise<string | undefined>
  /** The log is being read: durable before anything is answered (DICOM PS3.15 A.5.3.2). */
  readonly recordUse: (use: LogUse) => Promise<void>
}

export interface LogUse {
  readonly by: string
  readonly peer: string
  /** Address of the log that was read. */
  readonly endpoint: string
  /** Kind of log. */
  readonly typeCode: 'audit-events' | 'audit-export' | 'who-saw' | 'content-references' | 'claims'
  readonly operation: string
  readonly patients: readonly string[]
}

export interface RecordPorts {
  readonly store: RecordStore
  /** Name of a classCode. */
  readonly kindName: (classCode: string) => Words
}
