// What the identity actors need from outside: the store, audit in the same transaction, and the visibility rule (design §3, §4).

import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Result } from '../model/evidence.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { MatchModel } from './matching/model.ts'
import type { CandidatePerson, MatchPolicy } from './matching/types.ts'

/** Surrogate key of a person; never leaves the server. Decimal text, because a bigint is wider than a number. */
export type PersonKey = string

/**
 * `facility`: patient numbers of one facility. `affinity`: a system's own authority whose ids are XDS patient ids as they
 * are (access mode affinity-domain). `community`: the network's XAD patient ids, issued by this server or by the system that the
 * administrator made their source.
 */
export type DomainKind = 'facility' | 'affinity' | 'community'

export interface Domain {
  readonly oid: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facilityId?: string
}

/** Surrogate key of a record (an identifier and what its source says with it); it never changes. Decimal text. */
export type RecordKey = string

/** How a number came to its person: registered with it, joined by the matcher, joined by staff or by its source. */
export type LinkState = 'sole' | 'auto' | 'manual'

export interface StoredIdentifier {
  readonly id: PatientId
  readonly record: RecordKey
  readonly person: PersonKey
  readonly link: LinkState
  readonly status: 'active' | 'obsolete'
  /** What the source said with this id; absent for ids that came along in asOtherIDs or were entered by staff. */
  readonly demographics?: Demographics
  /** Told by a message of its source; an affinity domain id without this was issued here. */
  readonly fed: boolean
  /** Value in the same domain that stands for this one since a merge; the end of the chain. */
  readonly survivor?: string
}

/** An active identifier of a person together with its domain. */
export interface KnownIdentifier {
  readonly id: PatientId
  readonly domain: Domain
}

/** All that a PIX query needs, read in one statement. */
export interface Correspondence {
  /** Those of the domains asked for that are known. */
  readonly domains: ReadonlyMap<string, Domain>
  /** Absent when the id is not known or not active. */
  readonly person?: CorrespondingPerson
}

export interface CorrespondingPerson {
  readonly key: PersonKey
  readonly identifiers: readonly KnownIdentifier[]
  /**
   * OIDs of the domains whose ids of this person the caller may be told, the affinity domain among them if it may know that
   * one. Domains of the caller's own facility need not be listed.
   */
  readonly shown: ReadonlySet<string>
}

export interface IdentityReads {
  readonly domains: (oids: readonly Oid[]) => Promise<ReadonlyMap<string, Domain>>
  /** All domains with one of these names; a name need not be of one domain only. */
  readonly domainsNamed: (names: readonly string[]) => Promise<readonly Domain[]>
  /** Every identifier of a person, active and obsolete, in the order of domain and value. */
  readonly identifiersOf: (person: PersonKey) => Promise<readonly StoredIdentifier[]>
  /** Patient number domains of a facility, the first one first. */
  readonly facilityDomains: (facilityId: string) => Promise<readonly Domain[]>
  /** The identifiers with this value, in `domain` or in any. */
  readonly findIdentifiers: (value: string, domain?: Oid) => Promise<readonly StoredIdentifier[]>
  /** Persons with an active record in one of the blocks, each with all active records. `asking` is left out, and judges vetoes. */
  readonly candidates: (keys: readonly string[], asking?: RecordKey) => Promise<readonly CandidatePerson[]>
  /** The person with all active records that take part in matching, except `asking`, which judges vetoes. */
  readonly recordsOf: (person: PersonKey, asking?: RecordKey) => Promise<readonly CandidatePerson['records'][number][]>
}

export type HistoryEvent = 'add' | 'revise' | 'link' | 'unlink' | 'obsolete' | 'merge' | 'unmerge' | 'split'

/** Why the matcher did it: version of the model, score in bits, and the comparison by field. */
export interface LinkEvidence {
  readonly model: string
  readonly score: number
  readonly comparison: unknown
}

/** One row of history; nothing in it is ever changed (design §3). */
export interface HistoryEntry {
  readonly id: PatientId
  readonly event: HistoryEvent
  /** System or member of staff. */
  readonly by: string
  readonly reason: string
  readonly person: PersonKey
  readonly formerPerson?: PersonKey
  readonly demographics?: Demographics
  /** The message as it came. */
  readonly received?: string
  /** State of the link from now on, where the event is about it. */
  readonly link?: LinkState
  readonly evidence?: LinkEvidence
}

export interface NewIdentifier {
  readonly id: PatientId
  /** Who brought it and why, written with it as event `add`; absent when what is done has another name. */
  readonly history?: Pick<HistoryEntry, 'by' | 'reason' | 'evidence'>
  readonly person: PersonKey
  readonly link?: LinkState
  readonly demographics?: Demographics
  readonly received?: string
  /** Of records that take part in matching. */
  readonly features?: RecordFeatures
}

/** What a source says now of a number that is known. */
export interface NewDemographics {
  readonly id: PatientId
  readonly demographics: Demographics
  readonly received?: string
  readonly features?: RecordFeatures
  /** The source has the last word: what it said earlier is no question any more. */
  readonly settles?: boolean
}

/** An id that a merge puts in the place of another one of its domain. */
export interface Replacement {
  readonly former: PatientId
  readonly survivor: PatientId
}

/** Who or what brought two persons together, or numbers to another person. */
export type MergeOrigin = 'feed' | 'staff' | 'matcher'

/** A merge as the store carries it out: identifiers first, so that whoever waits for them sees the end. */
export interface MergeChange {
  /** Whose id was subsumed, and whose id survives; the same for two numbers of one person. */
  readonly former: PersonKey
  readonly survivor: PersonKey
  /**
   * `person`: everything of the former person is the survivor's now. `record`: only what was registered under the replaced
   * ids; the former person lives on with numbers of other sources.
   */
  readonly scope: 'person' | 'record'
  /** Of a record alone: the network's ids of the two persons, which the documents of its facility carry. */
  readonly network?: Replacement
  /** What the message says first, then what follows from it. */
  readonly replacements: readonly [Replacement, ...Replacement[]]
  /** Identifiers that go over to the survivor as they are; `second` when the survivor has one of the domain already. */
  readonly moved: readonly { readonly id: PatientId; readonly second: boolean }[]
  readonly origin: MergeOrigin
  readonly by: string
  readonly reason: string
  /** Absent for what staff do. */
  readonly exchangeId?: string
}

/** Numbers that go to another person, together with what their facilities registered about the person under them. */
export interface NumbersMove {
  readonly from: PersonKey
  readonly to: PersonKey
  readonly ids: readonly [PatientId, ...PatientId[]]
  readonly link: LinkState
  /** Affinity domain ids of the two persons: the objects that move carry the latter from now on. */
  readonly replacement?: Replacement
  readonly origin: MergeOrigin
  readonly by: string
  readonly reason: string
  readonly exchangeId?: string
}

/** A merge that can be undone, or why it cannot. */
export type MergeUndo =
  | {
      readonly kind: 'undone'
      readonly persons: readonly PersonKey[]
      readonly patients: readonly PatientId[]
      /** Numbers that came to the one person since, and stand with the second of the two. */
      readonly since: readonly PatientId[]
      /** Staff, a source or the matcher had made one person of two, who are two again. */
      readonly separates: boolean
    }
  | { readonly kind: 'unknown' | 'undone-before' | 'no-snapshot' | 'changed-since' }

/** What a record is compared by, and the blocks under which it is found. */
export interface RecordFeatures {
  readonly version: number
  readonly features: unknown
  readonly keys: readonly string[]
}

/** A question to staff: are these two records one person? One record: does it still describe whom it described before? */
export interface NewReview {
  readonly records: readonly [RecordKey, RecordKey?]
  readonly reason: string
  readonly score?: number
  readonly evidence?: unknown
}

export type RecordPair = readonly [RecordKey, RecordKey]

export interface StaffDecision {
  readonly by: string
  readonly reason: string
}

export interface PendingReview {
  readonly reason: string
  /** The records as they are now, one or two. */
  readonly records: readonly StoredIdentifier[]
  /** What the source said, where the question is about one record, and the message it said it by. */
  readonly demographics?: Demographics
  readonly received?: string
}

export interface ReviewAnswer extends StaffDecision {
  readonly state: 'linked' | 'apart' | 'deferred' | 'closed'
}

/** The matcher as it is set at the moment. */
export interface Matching {
  readonly policy: MatchPolicy
  readonly model: MatchModel
  /** Version of the model as links name it. */
  readonly version: string
}

/** A positive answer, kept for a repetition of the very same message. */
export interface KeptAnswer {
  readonly claim: MessageClaim
  readonly response: unknown
}

export interface ExchangeRecord {
  readonly result: Result
  readonly errors: readonly IheError[]
  readonly evidence: Evidence
}

/** Who of the staff did what, in words without personal data, and to whom. */
export interface StaffChange {
  readonly by: string
  /** address:port the change came from. */
  readonly peer: string
  readonly operation: string
  readonly patients: readonly PatientId[]
}

/** What makes a message the same one: sender, message id and content (sending again is harmless). */
export interface MessageClaim {
  readonly scope: string
  readonly key: string
  readonly digest: string
}

export type ClaimResult =
  | { readonly kind: 'new' }
  | { readonly kind: 'replay'; readonly response: unknown }
  | { readonly kind: 'other-content' }

/** Persons of one change were split or joined, and are told in that order; of changes apart each is told by itself. */
export type AnnouncedAs = 'one change' | 'changes apart'

export interface IdentityTransaction extends IdentityReads {
  /** Reserves the message for this transaction, or tells what an earlier one got; waits for another transaction that holds it. */
  readonly claim: (claim: MessageClaim) => Promise<ClaimResult>
  /** Audit and journal rows of the exchange, and its answer, committed with the data. */
  readonly recordExchange: (caller: Caller, record: ExchangeRecord, answered: KeptAnswer) => Promise<void>
  /** Audit event of a change made by staff, committed with it. */
  readonly recordStaffChange: (change: StaffChange) => Promise<void>
  /** Adds the domain unless it is there. */
  readonly addDomain: (domain: Domain) => Promise<void>
  /** Locks persons in the order of their keys until the transaction ends: submissions and merges of them follow one another. */
  readonly lockPersons: (persons: readonly PersonKey[]) => Promise<void>
  /** Carries a merge out on identifiers, registry, series and consents, and keeps what an un-merge would need. */
  readonly merge: (change: MergeChange) => Promise<void>
  /** Moves numbers with their documents, and keeps what taking it back would need. */
  readonly moveNumbers: (change: NumbersMove) => Promise<void>
  /** Takes a merge or a move of numbers back exactly; nothing is changed when that is impossible. */
  readonly undoMerge: (undo: {
    readonly mergeId: string
    readonly by: string
    readonly reason: string
  }) => Promise<MergeUndo>
  /** Blocks are locked until the transaction ends, so that two records of one new person come one after the other. */
  readonly lockBlocks: (keys: readonly string[]) => Promise<void>
  /** Questions that are open already, or that staff answered with "different people", are not asked again. */
  readonly addReviews: (reviews: readonly NewReview[]) => Promise<void>
  /** A question that waits for an answer, locked until the transaction ends. */
  readonly lockReview: (reviewId: string) => Promise<PendingReview | undefined>
  readonly answerReview: (reviewId: string, answer: ReviewAnswer) => Promise<void>
  /** Questions about records that one person has by now need no answer. */
  readonly closeSettled: (person: PersonKey, by: string) => Promise<void>
  /** "Different people": never linked by similarity again, directly or through a third record. */
  readonly keepApart: (pairs: readonly RecordPair[], decision: StaffDecision) => Promise<void>
  /** Did staff decide that one of these records is somebody else than one of the others? */
  readonly keptApart: (records: readonly RecordKey[], others: readonly RecordKey[]) => Promise<boolean>
  /** Takes such decisions about pairs of these records back. */
  readonly allowTogether: (records: readonly RecordKey[]) => Promise<void>
  /**
   * Locks all numbers of the persons of these, in one order: whoever moves numbers waits for those who have one of them, and they for nobody
   * but the persons. Before anything else of them is locked.
   */
  readonly lockNumbersOf: (ids: readonly PatientId[]) => Promise<void>
  /** The identifiers that exist, locked in the order of domain and value until the transaction ends. */
  readonly lockIdentifiers: (ids: readonly PatientId[]) => Promise<readonly StoredIdentifier[]>
  readonly addPerson: () => Promise<PersonKey>
  /** A person together with a first number; absent, as addIdentifier, when that number exists already. */
  readonly addPersonWith: (
    first: Omit<NewIdentifier, 'person'>,
  ) => Promise<{ readonly person: PersonKey; readonly record: RecordKey } | undefined>
  /** Absent when the id exists already (also when a concurrent transaction has just committed it). */
  readonly addIdentifier: (identifier: NewIdentifier) => Promise<RecordKey | undefined>
  readonly replaceDemographics: (change: NewDemographics) => Promise<void>
  readonly makeObsolete: (id: PatientId) => Promise<void>
  readonly addHistory: (entries: readonly HistoryEntry[]) => Promise<void>
  /**
   * The sets of identifiers of these persons may have changed: what subscribers must hear of it is written in this transaction
   * (ITI TF-2 3.46, 3.10). Called once, when everything else of the change is done, with all persons it concerns; they are
   * one change unless told otherwise.
   */
  readonly announce: (persons: readonly PersonKey[], as?: AnnouncedAs) => Promise<void>
}

export interface IdentityStore extends IdentityReads {
  /** Commits when `work` fulfils, rolls back when it rejects. */
  readonly inTransaction: <T>(work: (tx: IdentityTransaction) => Promise<T>) => Promise<T>
}

export interface IdentityPorts {
  readonly store: IdentityStore
  /** OID of the network's own patient ids (XAD-PID). */
  readonly affinityDomain: Oid
  readonly matching: () => Matching
  /**
   * Which ids of a feed are taken: all that the sender speaks for, or, by the Document Registry, those that are patient ids of
   * XDS metadata (ITI TF-2 3.44.4.1.3: the registry ignores the others).
   */
  readonly takes: 'every domain' | 'patient ids of the registry'
}

/** What a PIX query needs beside the store. */
export interface PixQueryPorts extends Pick<IdentityPorts, 'store' | 'affinityDomain'> {
  readonly correspondence: (asked: {
    readonly caller: Caller
    readonly id: PatientId
    /** Domains of the query that may or may not be known. */
    readonly domains: readonly Oid[]
  }) => Promise<Correspondence>
}
