// What the Initiating Gateway needs from the rest of the house: who the communities are, and the calls to them (ITI TF-2 3.38, 3.39).

import type { ToleranceCode } from '../../profiles/partners/tolerances.ts'
import type { Caller } from '../model/caller.ts'
import type { RelayedError } from '../model/error.ts'
import type { DocumentReference, Result } from '../model/evidence.ts'
import type { ForeignObject } from '../model/foreign-object.ts'
import type { PatientId } from '../model/identifiers.ts'
import type { FetchedDocument } from '../model/staged-document.ts'

export interface Community {
  /** The facility that stands for it here. */
  readonly facilityId: string
  /** homeCommunityId, with urn:oid:. */
  readonly home: string
  readonly queryUrl: string
  readonly retrieveUrl: string
  /** How long a call may take, from the request to the whole answer, milliseconds. */
  readonly queryMs: number
  readonly retrieveMs: number
  /** The time is what others left of its own: that it does not answer in it says nothing about it. */
  readonly isCurtailed?: true
  /** How a patient of ours is found there: by linked numbers alone, by discovery (ITI-55), or by synchronised indexes (PIXv3). */
  readonly identity: 'none' | 'xcpd' | 'pix'
  /** ITI-55 of its Responding Gateway. */
  readonly discoveryUrl?: string
  /** ITI-44 and ITI-45 of its PIX Manager. */
  readonly pixUrl?: string
  /** Its answers come on a connection of their own (WS-Addressing). */
  readonly isAsynchronous: boolean
  /** It wants an assertion about who asks, for this audience (XUA, ITI TF-2 3.40). */
  readonly assertionAudience?: string
  /** classCodes that the agreements cover by which it is asked now; absent: all. Documents of others are not taken over. */
  readonly kinds?: readonly string[]
  /** What of its answers is taken today though it is not to the letter. */
  readonly tolerances?: readonly ToleranceCode[]
}

/** A community with the patient's id there. */
export interface Knowing extends Community {
  readonly patientId: PatientId
}

/** A community of which it is not known who a patient is there. */
export interface Discoverable extends Community {
  readonly personKey: string
  /** It may ask us in turn, so it is told our id of the person. */
  readonly isTold: boolean
}

/** What is put in the place of our own in the request for another community. */
export interface Rewriting {
  readonly patientId?: PatientId
  readonly home?: string
  /** Objects are asked for where references were, so that it can be seen whom they are about. */
  readonly objects?: true
}

export type QueryReply =
  | {
      readonly kind: 'answered'
      readonly result: Result
      readonly objects: readonly ForeignObject[]
      readonly errors: readonly RelayedError[]
    }
  /** In words for the operator: a status, the name of an error, a rule; nothing that quotes a message. */
  | { readonly kind: 'unavailable'; readonly reason: string }

/** Asks a community by ITI-38, within its time; never rejects. */
export type AskCommunity = (community: Community, body: string, caller: Caller) => Promise<QueryReply>

export interface Directory {
  /** Communities that know the patient and may be asked about it, for this caller. */
  readonly knowing: (patientId: PatientId, caller: Caller) => Promise<readonly Knowing[]>
  /** The community with this home, when an agreement lets us ask it. */
  readonly ofHome: (home: string, caller: Caller) => Promise<Community | undefined>
  /** Those ids of patients in a community that are of persons about whom the caller may ask it. */
  readonly mayKnow: (
    community: Community,
    patientIds: readonly string[],
    caller: Caller,
  ) => Promise<ReadonlySet<string>>
}

/** A document as another community sent it. */
export interface ForeignDocument extends FetchedDocument {
  /** As it says itself; who leaves it out means the one that was asked for. */
  readonly homeCommunityId?: string
}

export type RetrieveReply =
  | {
      readonly kind: 'answered'
      readonly documents: readonly ForeignDocument[]
      readonly errors: readonly RelayedError[]
    }
  | { readonly kind: 'unavailable'; readonly reason: string }

/** Fetches documents of a community by ITI-39, whole and within its time; never rejects. */
export type FetchFromCommunity = (
  community: Community,
  requests: readonly (DocumentReference & { readonly homeCommunityId?: string })[],
  caller: Caller,
) => Promise<RetrieveReply>
