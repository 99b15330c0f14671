// What discovery of patients at other communities needs from the rest of the house: whom to ask about, how, and where answers are kept (ITI TF-2 3.55).

import type { Caller } from '../model/caller.ts'
import type { DiscoveryReply } from '../model/discovery.ts'
import type { PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { Community } from './ports.ts'

/** A person about whom another community is asked. */
export interface Subject {
  readonly personKey: string
  /** The network's own id of the person. */
  readonly patientId: PatientId
  readonly demographics: Demographics
  /** Differs as soon as anything is different by which the person is known, or because of which it may be described to others. */
  readonly state: string
}

/** What is asked; a name, a telephone number, a name of the mother is one of several that the person has. */
export interface Question {
  readonly demographics: Demographics
  /** Our id of the person, our homeCommunityId without urn:oid:, and how long both may be kept there, seconds. */
  readonly told?: { readonly id: PatientId; readonly home: string; readonly forSeconds: number }
}

/** The message, with what the audit keeps of it, and how it was answered. */
export type Asked = Answered | Unavailable

interface Sent {
  readonly query: { readonly id: string; readonly text: string }
}

export interface Unavailable extends Sent {
  readonly reply: { readonly kind: 'unavailable'; readonly reason: string }
}

export interface Answered extends Sent {
  readonly reply: DiscoveryReply
  /** In the journal. */
  readonly exchangeId: string
  /** How long the answer may be kept (CorrelationTimeToLive), milliseconds; absent: it does not say. */
  readonly keptForMs?: number
}

/** Asks a community by ITI-55, within its time; never rejects. */
export type AskWho = (community: Community, question: Question, caller: Caller) => Promise<Asked>

export type QuestionReason =
  | 'several'
  | 'contradiction'
  | 'another person'
  | 'more wanted'
  | 'not answered'
  | 'unknown home'

/** What a community told of a person, to be kept in the place of what was known before. */
export interface Finding {
  /** The community. */
  readonly facilityId: string
  readonly subject: Pick<Subject, 'personKey' | 'state'>
  readonly exchangeId: string
  readonly forMs: number
  /** Another community says so: that takes the place of nothing that is known. */
  readonly secondHand?: true
  readonly found:
    | {
        readonly kind: 'known'
        readonly id: PatientId
        /** Our id, as the community was told it. */
        readonly told?: Question['told']
      }
    | { readonly kind: 'unknown' }
    | { readonly kind: 'open'; readonly reason: QuestionReason; readonly told: readonly string[] }
}

export interface DiscoveryStore {
  /** Undefined when nobody, or nobody who may be described to others, has this key any more. */
  readonly subjectOf: (personKey: string) => Promise<Subject | undefined>
  /**
   * `stale`: the person, or the terms with the community, are others by now, and nothing was kept; `taken`: the id is that of another
   * person here, and nothing was kept.
   */
  readonly keep: (finding: Finding) => Promise<'kept' | 'stale' | 'taken'>
}

export interface DiscoveryPorts extends DiscoveryStore {
  readonly ask: AskWho
  /** The community with this home, urn:oid: and all, when an agreement lets us ask it. */
  readonly ofHome: (home: string, caller: Caller) => Promise<Community | undefined>
  /** For all communities of one query together, milliseconds. */
  readonly budgetMs: number
  /** Our homeCommunityId, without urn:oid:, and for how long our ids may be kept by others, seconds. */
  readonly home: string
  readonly toldForSeconds: number
  /** How long an id is used when the community does not say, and for how long nobody is asked about a patient again who was not found. */
  readonly keptForMs: number
  readonly unknownForMs: number
}
