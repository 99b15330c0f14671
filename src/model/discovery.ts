// Patient discovery between communities: what one asks about a person, and what the other answers (ITI-55, ITI TF-2 3.55).

import type { AcknowledgementDetail, InstanceIdentifier, Transmission } from './hl7v3.ts'
import type { Oid, PatientId } from './identifiers.ts'
import type { SoughtAddress, SoughtBirth, SoughtName } from './pdq.ts'
import type { Demographics } from './person.ts'
import type { CorrespondingId } from './pix.ts'

/** An id by which the asker, or somebody else, knows the person. */
export interface DiscoveryId {
  readonly id: PatientId
  readonly at: string
}

/** PRPA_IN201305UV02 of a community. */
export interface DiscoveryQuery {
  readonly transmission: Transmission
  readonly queryId: InstanceIdentifier
  /** Message id, and the query as it came: the audit event holds both. */
  readonly message: string
  readonly text: string
  /** homeCommunityId of the asker, without urn:oid:; a community that cannot be asked itself has none. */
  readonly home?: { readonly oid: Oid; readonly at: string }
  /** Any of them, whole; empty: found by ids alone. */
  readonly names: readonly SoughtName[]
  readonly birth?: SoughtBirth
  readonly sex?: 'M' | 'F' | 'UN'
  readonly address?: SoughtAddress
  /** Any of them. */
  readonly telecoms: readonly { readonly value: string; readonly at: string }[]
  readonly mother?: SoughtName
  readonly ids: readonly DiscoveryId[]
  /** That one of the ids by which the asker may be asked about the person in turn. */
  readonly reverse?: PatientId
  /** minimumDegreeMatch, 0 to 100. */
  readonly minimumScore?: number
  /** Where the answer goes, when it is not wanted at once (deferred response, 3.55.4.1). */
  readonly respondTo?: string
  /** How long the asker allows its id to be kept (CorrelationTimeToLive), milliseconds; absent: not at all. */
  readonly keptForMs?: number
}

/** What more might tell which of several persons is meant (code system 1.3.6.1.4.1.19376.1.2.27.1). */
export type WantedDatum = 'sex' | 'address' | 'telecom' | 'birth place' | 'birth place address' | 'mother'

/** Why a community cannot answer (code system 1.3.6.1.4.1.19376.1.2.27.3). `AnswerNotAvailable`: a human being would have to. */
export type Inability = 'ResponderBusy' | 'AnswerNotAvailable' | 'InternalError'

export interface DiscoveredPatient {
  /** By which the community is asked about the person from then on. */
  readonly id: CorrespondingId
  /** homeCommunityId of where the id is used, without urn:oid:; it may be another than that which was asked. */
  readonly home: Oid
  readonly otherIds: readonly CorrespondingId[]
  readonly demographics: Demographics
  /** 0 to 100. */
  readonly score: number
}

/** The five cases of ITI TF-2 3.55.4.2.2.1; `refused`: what is wrong with the query stands in the errors of the outcome. */
export type DiscoveryAnswer =
  | {
      readonly kind: 'found'
      readonly patients: readonly DiscoveredPatient[]
      /** How long what is told may be kept (CorrelationTimeToLive), seconds. */
      readonly keptForSeconds: number
    }
  | { readonly kind: 'more wanted'; readonly wanted: readonly WantedDatum[] }
  | { readonly kind: 'not found' }
  | { readonly kind: 'unable'; readonly reason: Inability }
  | { readonly kind: 'refused' }

/** The answer of another community, as it is read. */
export type DiscoveryReply =
  | { readonly kind: 'found'; readonly patients: readonly DiscoveredPatient[] }
  | { readonly kind: 'more wanted'; readonly wanted: readonly WantedDatum[] }
  | { readonly kind: 'not found' }
  /** It could not answer, or refused the query; the reasons are those of the code system, as far as it gave any. */
  | {
      readonly kind: 'unable'
      readonly reasons: readonly string[]
      readonly details: readonly AcknowledgementDetail[]
    }
