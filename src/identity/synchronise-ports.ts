// What keeping the patient indexes of two networks alike needs from the rest of the house (ITI TF-2 3.44, 3.45, 3.46; docs/adr/0043).

import type { Exchange } from '../model/caller.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Sent, Settlement } from './notify.ts'
import type { IdentityTransaction, PersonKey } from './ports.ts'
import type { Content } from './synchronise-step.ts'

/** A person and the facility that stands for a community. */
export interface Pair {
  readonly facilityId: string
  readonly person: PersonKey
}

/** Where the community's PIX Manager is, and how it is addressed. */
export interface IndexElsewhere {
  readonly facilityId: string
  readonly url: string
  /** Its community as a device (ITI TF-2 Appendix O). */
  readonly device: Oid
  /** Assigning authorities of its patient ids: the number domains of the facility. */
  readonly domains: readonly Oid[]
}

/** One message, the same at every attempt until it is answered. */
export interface Message {
  /** UUID. */
  readonly messageId: string
  readonly composedAt: Date
  readonly content: Content
  /** Numbers (CX) of the person whom it describes, when it was composed. */
  readonly numbers: readonly string[]
}

/** A message taken for an attempt that is counted already. */
export interface Attempt extends Pair {
  readonly to: IndexElsewhere
  readonly message: Message
  /** This one included. */
  readonly attempts: number
  /** How often in a row the community could not be reached before this attempt. */
  readonly failures: number
  readonly dueForMs: number
}

/** As an update notification ends; a query brings ids too, none when the community knows of none that it may tell. */
export interface Heard extends Sent {
  readonly exchange: Exchange
  readonly ids?: readonly PatientId[]
  /** The query as audit keeps it. */
  readonly query?: { readonly id: string; readonly text: string }
}

/** An identity transaction in which an answer is followed. */
export interface AnswerTransaction extends IdentityTransaction {
  /** Ids (CX) that the community named when it last named any of this person. */
  readonly formerAnswer: (pair: Pair) => Promise<ReadonlySet<string>>
  /** Of the person nothing is known that somebody would miss: no consent, no document, and the community was not told of it. */
  readonly isBare: (person: PersonKey) => Promise<boolean>
  /** Who linked a number to its person last. */
  readonly linkedBy: (id: PatientId) => Promise<string | undefined>
}

/** What became of an answer; `conflict` in words for staff, when it was not followed. */
export interface Followed {
  readonly conflict?: string
}

export interface SynchronisePorts {
  /** What is to be sent next about the person, when something is, may be, and the community is not resting. */
  readonly take: (pair: Pair) => Promise<Attempt | undefined>
  readonly send: (attempt: Attempt, signal: AbortSignal) => Promise<Heard>
  /** Keeps how the attempt ended, with audit and journal in the same commit. */
  readonly settle: (attempt: Attempt, settlement: Settlement, heard: Heard) => Promise<void>
  /** The same of an answer that was followed in that transaction. */
  readonly settleAnswer: (
    attempt: Attempt,
    heard: Heard,
    follow: (tx: AnswerTransaction) => Promise<Followed>,
  ) => Promise<void>
  /** For the operator: somebody has to look. */
  readonly alarm: (pair: Pair) => void
  /** The network's own patient ids. */
  readonly affinityDomain: Oid
}
