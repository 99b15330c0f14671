// What a patient identity feed says, whatever its wire form: ITI-44 in HL7 v3, ITI-8 in HL7 v2 (ITI TF-2 3.8, 3.44).

import type { IheError } from './error.ts'
import type { PatientId } from './identifiers.ts'
import type { Demographics } from './person.ts'

/** A patient id together with the place of its element (XPath, `PID-3[2]`), so that a refusal can point at it. */
export interface LocatedPatientId {
  readonly id: PatientId
  readonly at: string
}

/** Fields whose value a sender can withhold. */
export type DemographicField =
  | 'names'
  | 'sex'
  | 'birthTime'
  | 'addresses'
  | 'telecoms'
  | 'mother'
  | 'multipleBirth'
  | 'birthOrder'
  | 'deceased'
  | 'restricted'

interface FeedMessage {
  /** As history and idempotency name it. */
  readonly transaction: 'ITI-44' | 'ITI-8'
  /** Identity of the message and where it stands: message id, or MSH-3, MSH-4 and MSH-10. */
  readonly message: { readonly key: string; readonly at: string }
  /** Deviations that were accepted; they return as warnings in the acknowledgement. */
  readonly warnings: readonly IheError[]
  /** The message as it came, kept as the source of the record. */
  readonly received: string
  /** SHA-256 of the message, lower-case hex: tells a repetition from another message under the same id. */
  readonly digest: string
}

export interface RecordFeed extends FeedMessage {
  /** `visit`: HL7 v2 A01, A04, A05, which registers an unknown patient and describes a known one anew. */
  readonly kind: 'add' | 'revise' | 'visit'
  /** Ids of the record; at least one unless the record is known by name only. */
  readonly patientIds: readonly LocatedPatientId[]
  /** Further ids of the person that the sender knows of. */
  readonly otherIds: readonly LocatedPatientId[]
  readonly demographics: Demographics
  /** Fields of which the sender withholds the value (HL7 v3 MSK, HL7 v2 empty): a former value is kept. */
  readonly masked: readonly DemographicField[]
}

/** Both ids mean one patient: `subsumed` is never used again. Demographics do not travel in a merge. */
export interface MergeFeed extends FeedMessage {
  readonly kind: 'merge'
  readonly survivors: readonly LocatedPatientId[]
  readonly subsumed: LocatedPatientId
}

/** An HL7 v2 patient identifier before its authority is known: CX.4 may hold a namespace, an OID, both or nothing. */
export interface UnresolvedPatientId {
  readonly value: string
  readonly namespace: string
  readonly universalId: string
  readonly at: string
}

/** ITI-8 as it is read from a message. */
export type AdtFeed =
  | (Omit<RecordFeed, 'patientIds' | 'otherIds'> & {
      readonly kind: 'revise' | 'visit'
      readonly patientIds: readonly UnresolvedPatientId[]
    })
  | (Omit<MergeFeed, 'survivors' | 'subsumed'> & {
      readonly survivors: readonly UnresolvedPatientId[]
      readonly subsumed: UnresolvedPatientId
    })
