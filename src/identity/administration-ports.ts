// What administration of the index reads and changes besides the actors' own work: persons as staff see them, the queue, models, the check.

import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { MatchFeatures } from './matching/features.ts'
import type { MatchModel } from './matching/model.ts'
import type { CandidatePerson } from './matching/types.ts'
import type { PdqPorts } from './pdq-ports.ts'
import type {
  DomainKind,
  HistoryEvent,
  IdentityPorts,
  LinkState,
  MergeOrigin,
  PersonKey,
  RecordKey,
  StaffChange,
  StaffDecision,
} from './ports.ts'

export interface AdministrationPorts extends IdentityPorts {
  readonly administration: AdministrationStore
  /** Takes a model that was activated into use in this process at once; the others follow. */
  readonly reloadModel: () => Promise<void>
  /** Learns a model from these records, apart from the work of the server; `note` is its name inside the model. */
  readonly train: (
    records: readonly MatchFeatures[],
    options: { readonly note: string; readonly population: number },
  ) => Promise<MatchModel>
}

/** A number as staff see it: whose it is, since when, by whom and why. */
export interface NumberView {
  readonly record: RecordKey
  readonly id: PatientId
  readonly domainName: string
  readonly facilityId?: string
  readonly status: 'active' | 'obsolete'
  readonly link: LinkState
  /** A further number of its domain that the person has because two persons became one. */
  readonly second: boolean
  readonly survivor?: string
  /** When it came to this person, through whom and why. */
  readonly since: string
  readonly by: string
  readonly reason: string
  /** Described by a message of its source, at `toldAt`; else what staff entered, or a copy of it. */
  readonly fed: boolean
  readonly demographics?: Demographics
  readonly toldAt?: string
}

/** One row of history; persons are named by their id of the network. */
export interface HistoryView {
  readonly historyId: string
  readonly at: string
  readonly id: PatientId
  readonly domainName: string
  readonly event: HistoryEvent
  readonly by: string
  readonly reason: string
  readonly patient?: string
  readonly formerPatient?: string
  readonly link?: LinkState
  readonly model?: string
  readonly score?: number
  /** Comparison by field, as the matcher gave it. */
  readonly evidence?: unknown
  readonly demographics?: Demographics
}

export interface MergeView {
  readonly mergeId: string
  readonly at: string
  readonly by: string
  readonly reason: string
  readonly origin: MergeOrigin
  /** `numbers`: numbers that went to another person. */
  readonly scope: 'person' | 'record' | 'numbers'
  readonly former: PatientId
  readonly survivor: PatientId
  readonly formerPatient?: string
  readonly survivorPatient?: string
  readonly exchangeId?: string
  readonly undo: 'possible' | 'done' | 'no snapshot'
  readonly undoneAt?: string
  readonly undoneBy?: string
}

export interface Page {
  readonly limit: number
  /** Id of the last row of the page before. */
  readonly after?: string
}

export const REVIEW_STATES = ['open', 'deferred', 'linked', 'apart', 'closed'] as const
export type ReviewState = (typeof REVIEW_STATES)[number]

export interface ReviewFilter extends Page {
  readonly state: ReviewState
  readonly reason?: string
  /** Reasons in the order of their risk; those that are not named come after. */
  readonly risks: readonly string[]
}

export interface ReviewRow {
  readonly reviewId: string
  readonly state: ReviewState
  readonly reason: string
  readonly score?: number
  readonly openedAt: string
  readonly claimedBy?: string
  readonly decidedAt?: string
  readonly decidedBy?: string
  readonly decision?: string
  readonly records: readonly { readonly record: RecordKey; readonly person: PersonKey; readonly id: PatientId }[]
  readonly evidence?: unknown
}

/** An earlier answer about the same two records. */
export interface FormerDecision {
  readonly reviewId?: string
  readonly state: ReviewState
  readonly at: string
  readonly by: string
  readonly reason: string
}

export interface ReviewCount {
  readonly state: ReviewState
  readonly reason: string
  readonly age: 'day' | 'week' | 'month' | 'older'
  readonly count: number
}

export interface DomainView {
  readonly oid: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facilityId?: string
  readonly createdAt: string
  readonly active: number
  readonly obsolete: number
}

/** How many of what the index holds. */
export interface IndexCounts {
  readonly persons: number
  readonly records: number
  /** Records that take part in matching. */
  readonly compared: number
  readonly links: Readonly<Record<LinkState, number>>
  readonly apart: number
}

/** A person with suspiciously many records. */
export interface CrowdedPerson {
  readonly patient?: string
  readonly records: number
  readonly domains: number
}

export interface ModelView {
  readonly version: string
  readonly madeAt: string
  readonly madeBy: string
  readonly note: string
  readonly active: boolean
}

/** A rule of the index that must hold at every moment, and where it does not. */
export interface CheckResult {
  readonly invariant: string
  readonly violations: number
  /** The first ones. */
  readonly examples: readonly string[]
}

/** A link as it stands: one record, and the others of its person. */
export interface LinkSample {
  readonly domain: string
  readonly features: MatchFeatures
  readonly person: CandidatePerson
}

/** A change that is not made in the transaction of an actor; audited where it is made. */
export interface AdministrationChange extends StaffDecision {
  readonly peer: string
}

export interface AdministrationStore {
  readonly searchRecords: PdqPorts['reads']['search']
  readonly recordsOf: PdqPorts['reads']['records']
  /** Audits that staff looked for patients by what describes them. */
  readonly recordLook: (look: StaffChange) => Promise<void>
  readonly numbersOf: (person: PersonKey) => Promise<readonly NumberView[]>
  /** Ids of the network of these persons, also of those merged away. */
  readonly networkIds: (persons: readonly PersonKey[]) => Promise<ReadonlyMap<PersonKey, string>>
  /** What happened to the person and to numbers that came or went, oldest first. */
  readonly historyOf: (person: PersonKey, page: Page) => Promise<readonly HistoryView[]>
  /** Newest first; of one person with those who were merged into them, or of everybody. */
  readonly merges: (page: Page, person?: PersonKey) => Promise<readonly MergeView[]>
  readonly reviews: (filter: ReviewFilter) => Promise<readonly ReviewRow[]>
  readonly review: (reviewId: string) => Promise<ReviewRow | undefined>
  readonly formerDecisions: (review: ReviewRow) => Promise<readonly FormerDecision[]>
  readonly reviewCounts: () => Promise<readonly ReviewCount[]>
  /** `taken`: somebody else has claimed it. */
  readonly claimReview: (
    reviewId: string,
    claim: AdministrationChange & { readonly release: boolean },
  ) => Promise<'changed' | 'unchanged' | 'missing' | { readonly taken: string }>
  readonly domains: () => Promise<readonly DomainView[]>
  readonly counts: () => Promise<IndexCounts>
  readonly crowded: (limit: number) => Promise<readonly CrowdedPerson[]>
  readonly check: () => Promise<readonly CheckResult[]>
  readonly models: () => Promise<readonly ModelView[]>
  readonly model: (version: string) => Promise<MatchModel | undefined>
  /** @returns the version. */
  readonly addModel: (model: MatchModel, change: AdministrationChange) => Promise<string>
  /** `version` 0 is the model that the program brings. */
  readonly activateModel: (
    version: string,
    change: AdministrationChange,
  ) => Promise<'changed' | 'unchanged' | 'missing'>
  /** Features of records chosen evenly, of the present folding. */
  readonly sampleFeatures: (limit: number, foldVersion: number) => Promise<readonly MatchFeatures[]>
  /** Records of persons with several, chosen evenly. */
  readonly sampleLinks: (limit: number) => Promise<readonly LinkSample[]>
}
