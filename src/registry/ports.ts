// What the Document Registry needs from the rest of the house; db implements it, app.ts hands it in.

import type { AffinityDomain } from '../../profiles/affinity-domain/index.ts'
import type { Decision, DocumentTraits, PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { DocumentEntry, Folder, SubmissionSet } from '../model/document-entry.ts'
import type { Association, RegistryObject, SubmitObjects } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import type { Outcome } from '../model/evidence.ts'
import type { PatientId } from '../model/identifiers.ts'
import type { StagedContent } from '../model/staged-document.ts'

export type RecordedOutcome = Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'>

export type RegistryObjectKind = 'DocumentEntry' | 'SubmissionSet' | 'Folder' | 'Association'

/** One end of an association that is registered. */
export interface AssociationEnd {
  readonly id: string
  readonly object: RegistryObjectKind
}

/** A Folder that has a certain entry as member, Approved both the folder and the membership. */
export interface HoldingFolder {
  readonly id: string
  readonly personKey: string
}

/** A registered object that a submission refers to: by an association, as logical id of an update, or as object of a change of status. */
export interface ReferencedObject extends DocumentTraits {
  readonly id: string
  readonly object: RegistryObjectKind
  readonly personKey: string
  readonly status: string
  /** Stable or On-Demand; of a DocumentEntry only. */
  readonly objectType?: string
  readonly logicalId: string
  readonly version: number
  readonly latest: boolean
  readonly uniqueId?: string
  readonly hash?: string
  readonly size?: string
  readonly repositoryUniqueId?: string
  /** Of an association. */
  readonly type?: string
  readonly source?: AssociationEnd
  readonly target?: AssociationEnd
  /** Approved entries that are XFRM or APND of this entry, directly or through others. */
  readonly dependents: readonly string[]
  /** Is the entry the source of an XFRM? */
  readonly transform: boolean
  readonly folders: readonly HoldingFolder[]
  /** Of a Folder that another facility published than the viewer: what its members are, in their newest versions. */
  readonly members?: readonly (DocumentTraits & { readonly personKey: string })[]
  /** Of a former version of an entry that another facility published than the viewer: what the newest one is, if there is one. */
  readonly newest?: readonly (DocumentTraits & { readonly personKey: string })[]
  /** Series of a StoreClient document: the newest version stays the current one of its series. */
  readonly seriesId?: string
}

/** An Approved association between entries, or of a Folder and its member, whose other end is a newest version. */
export interface StandingAssociation {
  readonly id: string
  readonly source: string
  readonly target: string
  readonly sourcePerson: string
  readonly targetPerson: string
  readonly type: string
  readonly ebrim: string
}

/** What an update is judged by: the newest versions of the logical objects it names, and how they are associated. */
export interface StandingVersions {
  readonly objects: readonly ReferencedObject[]
  readonly associations: readonly StandingAssociation[]
}

export interface UsedUniqueId {
  readonly uniqueId: string
  readonly object: 'DocumentEntry' | 'OnDemandDocumentEntry' | 'SubmissionSet' | 'Folder'
  readonly hash: string | undefined
  readonly size: string | undefined
}

export interface RegistrationFacts {
  readonly usedUniqueIds: readonly UsedUniqueId[]
  readonly referenced: readonly ReferencedObject[]
  /** Ids of the submission that some registered object already has. */
  readonly usedIds: readonly string[]
}

/** Which version of which logical object a row is (ITI TF-2 3.57); a new object is version 1 of itself. */
export interface Versioned {
  readonly logicalId: string
  readonly version: number
  readonly status: string
  /** Facility whose object it is; an update does not change hands. */
  readonly publisher: string
}

export interface RegisteredEntry extends Versioned {
  readonly entry: DocumentEntry
  readonly ebrim: string
  /** Column of the series a StoreClient message belongs to; other submissions have none. */
  readonly seriesId?: string
  /** Which version of the series it is: its time and the SHA-256 of the message. */
  readonly seriesVersion?: string
}

export interface RegisteredFolder extends Versioned {
  readonly folder: Folder
  readonly ebrim: string
}

export interface RegisteredAssociation {
  readonly association: Pick<Association, 'id' | 'type' | 'source' | 'target'>
  readonly ebrim: string
}

/** What a submission changes in objects that are registered, by id. */
export interface RegistryChanges {
  readonly deprecated: readonly string[]
  readonly approved: readonly string[]
  /** Versions that a new one follows; they are among the deprecated. */
  readonly superseded: readonly string[]
  /** Folders that gain a member: their lastUpdateTime moves. */
  readonly touched: readonly string[]
}

/** Everything one accepted submission changes, written in one transaction. */
export interface RegistrationPlan {
  readonly personKey: string
  readonly patientId: PatientId
  /** Facility whose submission it is. */
  readonly publisher: string
  /** UTC, 14 digits: lastUpdateTime of every Folder of the submission or touched by it. */
  readonly registeredAt: string
  readonly submissionSet: SubmissionSet
  readonly submissionEbrim: string
  readonly entries: readonly RegisteredEntry[]
  readonly folders: readonly RegisteredFolder[]
  readonly associations: readonly RegisteredAssociation[]
  readonly changes: RegistryChanges
  /** uniqueIds of the submission that the registry has already: of entries with the same hash and size, of earlier versions. */
  readonly knownUniqueIds: readonly string[]
  readonly documents: readonly { readonly uniqueId: string; readonly staged: StagedContent }[]
}

/** Same key and digest: the answer given before. Same key, other digest: an ordinary new submission (reliability rules of the house). */
export interface Claim {
  readonly scope: string
  readonly key: string
  readonly digest: string
}

/** Everything an accepted submission leaves behind, written together. */
export interface Acceptance {
  readonly plan: RegistrationPlan
  readonly claim: Claim | undefined
  readonly caller: Caller
  readonly outcome: RecordedOutcome
}

export interface RegistryTransaction {
  /** Locks the person and says what the caller may do there; `replayed` when this very message was accepted before. */
  readonly open: (request: {
    claim: Claim | undefined
    patientId: PatientId
    caller: Caller
  }) => Promise<{ readonly replayed: boolean; readonly patient: PatientAccess | undefined }>
  /** Read after the lock; `replayed` when a copy of the message was accepted while this one waited for it. */
  readonly facts: (request: {
    uniqueIds: readonly string[]
    ids: readonly string[]
    references: readonly string[]
    claim: Claim | undefined
    /** Facility that refers to objects of others under the access rule. */
    viewer?: string
  }) => Promise<RegistrationFacts & { readonly replayed: boolean }>
  /** Newest versions, read after their persons are locked too, and the associations that they or `ends` have. */
  readonly versions: (asked: {
    readonly logicalIds: readonly string[]
    readonly ends: readonly string[]
  }) => Promise<StandingVersions>
  readonly write: (acceptance: Acceptance) => Promise<void>
}

/** How a piece of work ends its transaction: a refusal rolls back everything, the claim too. */
export interface Ended<T> {
  readonly result: T
  readonly end: 'commit' | 'rollback'
}

/** What open and facts of a transaction tell, together. */
export interface FirstSight extends RegistrationFacts {
  readonly replayed: boolean
  /** False when the same key came with other content: the claim is another message's then. */
  readonly claimable: boolean
  readonly patient: PatientAccess | undefined
}

export interface RegistryStore {
  /** Read in one go without a lock: enough to refuse, and to accept what refers to nothing registered. */
  readonly look: (request: {
    claim: Claim | undefined
    patientId: PatientId
    caller: Caller
    uniqueIds: readonly string[]
    ids: readonly string[]
  }) => Promise<FirstSight>
  /**
   * Writes a submission that refers to nothing registered, in one commit that others may share. `overtaken`: an id, a uniqueId, the
   * claim or the patient is not as it was at first sight; nothing is written.
   */
  readonly writeIndependent: (acceptance: Acceptance) => Promise<'written' | 'overtaken'>
  readonly inTransaction: <T>(work: (tx: RegistryTransaction) => Promise<Ended<T>>) => Promise<T>
}

export interface RegistryPorts {
  /** Code sets and rule switches of the site. */
  readonly affinityDomain: AffinityDomain
  readonly store: RegistryStore
  readonly access: {
    /** Undefined when nobody has this affinity-domain id. */
    readonly ofPatient: (caller: Caller, patientId: PatientId) => Promise<PatientAccess | undefined>
    readonly ofPersons: (caller: Caller, personKeys: readonly string[]) => Promise<ReadonlyMap<string, PatientAccess>>
    readonly admits: (access: PatientAccess, entry: DocumentTraits) => Decision
    /** Those of the OIDs and codes that are of facilities for which the caller does not act. */
    readonly foreignFacilities: (caller: Caller, numbers: readonly string[]) => Promise<ReadonlySet<string>>
  }
  readonly render: {
    readonly object: (object: RegistryObject) => string
    readonly association: (association: Association) => string
  }
}

/** ITI-42, or the inner part of an ITI-41 whose documents are stored in the same commit. */
export interface RegisterRequest {
  readonly submission: SubmitObjects
  readonly documents: readonly { readonly entryId: string; readonly staged: StagedContent }[]
  /** repositoryUniqueIds that the caller may register for; undefined: any. */
  readonly repositories: readonly string[] | undefined
  readonly digest: string
  /** What the repository has against the documents; asked unless they were written at once. */
  readonly objections?: () => Promise<readonly IheError[]>
}
