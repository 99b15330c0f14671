// What the Document Repository needs from the rest of the house; app.ts hands it in.

import type { Decision, DocumentTraits, PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { SubmitObjects } from '../model/ebrim.ts'
import type { IheError, RelayedError } from '../model/error.ts'
import type { Outcome } from '../model/evidence.ts'
import type { PatientId } from '../model/identifiers.ts'
import type { FetchedDocument, StagedContent } from '../model/staged-document.ts'

/** Bytes of documents too large for a row. Staged content is durable before `stage` resolves (object first, row second). */
/** Those of the files that some row names. */
export type NamedFiles = (keys: readonly string[]) => Promise<ReadonlySet<string>>

/** How many files a sweep set aside, put back, and removed for good; `failed` could not be moved and are tried again. */
export interface Swept {
  readonly setAside: number
  readonly returned: number
  readonly removed: number
  readonly failed: number
}

export interface BlobStore {
  /** @throws {IheError} TOO_LARGE above the size limit; nothing is left behind. */
  readonly stage: (source: AsyncIterable<Buffer>) => Promise<StagedContent>
  /** Removes a staged file that no row will name. */
  readonly discard: (staged: StagedContent) => Promise<void>
  /** Removes the file of a document whose row is gone. */
  readonly discardFile: (key: string) => Promise<void>
  /**
   * Sets files aside that a crash or an unknown commit left without a row: older than a day and named by none of the rows that `named` is
   * asked for. Fourteen days later they are removed, unless some row names them by then: the database may have been another one.
   */
  readonly sweep: (named: NamedFiles) => Promise<Swept>
  /** Streams a file, wherever it lies; the iteration throws when size or SHA-256 do not match, before the last chunk is handed out. */
  readonly read: (key: string, expected: { sizeBytes: number; sha256: string }) => AsyncIterable<Buffer>
}

/** One registered entry of a document together with the stored bytes, or where they are. */
export interface RetrievableEntry extends DocumentTraits {
  readonly uniqueId: string
  /** Whose document it is, as the caller may know them. */
  readonly access: PatientAccess
  readonly mimeType: string
  readonly sizeBytes: number
  readonly sha256: string
  /** Present for a request of a few documents; of many, each is loaded when its turn in the answer comes. */
  readonly bytes: Buffer | undefined
  readonly fileKey: string | undefined
}

/** A completed submission with its documents, on the way to the registry. */
export interface RegistrationRequest {
  readonly submission: SubmitObjects
  readonly documents: readonly { readonly entryId: string; readonly staged: StagedContent }[]
  readonly digest: string
  /** What the repository has against the documents, for what is stored already; to be asked unless the bytes are new for certain. */
  readonly objections: () => Promise<readonly IheError[]>
}

export interface RepositoryPorts {
  readonly repositoryUniqueId: string
  readonly blobs: Pick<BlobStore, 'discard' | 'read'>
  readonly documents: (caller: Caller, uniqueIds: readonly string[]) => Promise<readonly RetrievableEntry[]>
  readonly admits: (access: PatientAccess, entry: DocumentTraits) => Decision
  /** The bytes of a document that is kept in its row; undefined when they are gone. */
  readonly load: (uniqueId: string) => Promise<Buffer | undefined>
  /** Size and checksums of those of the documents that are stored. */
  readonly stored: (
    uniqueIds: readonly string[],
  ) => Promise<readonly ({ readonly uniqueId: string } & Pick<StagedContent, 'sizeBytes' | 'sha1' | 'sha256'>)[]>
  /** Those of the files that some row names. */
  readonly named: (keys: readonly string[]) => Promise<ReadonlySet<string>>
  /** Registers and stores: in one commit (integrated registry), or with a registry elsewhere. */
  readonly register: (request: RegistrationRequest, caller: Caller) => Promise<Outcome<void>>
  /** A document whose stored bytes do not match their checksum: tell the operator. */
  readonly alarm: (damaged: { readonly uniqueId: string }) => void
}

/** A Document Repository or On-Demand Document Source of this network apart from this one. */
export interface RepositoryApart {
  readonly repositoryUniqueId: string
  /** Its ITI-43 address. */
  readonly url: string
  /** Whose authorities hold for its server certificate, beside those of the network. */
  readonly facilityId?: string
  /** How long a retrieval may take, from the request to the last document, milliseconds. */
  readonly retrieveMs: number
  readonly isPaused: boolean
}

/** An entry of our registry whose document is kept elsewhere. */
export interface EntryApart extends DocumentTraits {
  readonly uniqueId: string
  /** Whose document it is, as the caller may know them. */
  readonly access: PatientAccess
  readonly mimeType: string
  /** What the document has to be like; absent: it is made when it is asked for (On-Demand, ITI TF-2 3.61). */
  readonly stable?: { readonly hash: string; readonly sizeBytes: number }
}

export type RepositoryReply =
  | {
      readonly kind: 'answered'
      readonly documents: readonly FetchedDocument[]
      readonly errors: readonly RelayedError[]
    }
  /** In words for the operator, nothing that quotes a message. */
  | { readonly kind: 'unavailable'; readonly reason: string }

/** Fetches documents of a repository apart by ITI-43, whole and within its time; never rejects for what the other side does. */
export type FetchFromRepository = (
  repository: RepositoryApart,
  requests: readonly { readonly repositoryUniqueId: string; readonly documentUniqueId: string }[],
  caller: Caller,
) => Promise<RepositoryReply>

/** Same key and digest: the answer given before. Same key, other digest: an ordinary new request. */
export interface Claim {
  readonly scope: string
  readonly key: string
  readonly digest: string
}

/** A stored document as ITI-86 judges it. */
export interface HeldDocument {
  readonly uniqueId: string
  /**
   * Who published it, the patient in CX form, and whether support of the patient was stopped; from its entries, or from what they
   * said before they were removed.
   */
  readonly holders: readonly { readonly publisher: string; readonly patient: string; readonly stopped: boolean }[]
  /** A submission that is on its way to a registry elsewhere brings it again. */
  readonly beingRegistered: boolean
}

/** A refusal as it can be kept and said again. */
export interface RefusedRemoval {
  readonly code: 'UNKNOWN_REPOSITORY' | 'DOCUMENT_UNAVAILABLE' | 'REMOVE_DOCUMENT'
  readonly at: string
  readonly value: string
  readonly location: string
  readonly rule?: string
}

export interface RemovalTransaction {
  /** Locks the documents; `replayed` holds the refusals of the answer when this very message was carried out before. */
  readonly open: (request: { readonly claim: Claim | undefined; readonly uniqueIds: readonly string[] }) => Promise<{
    readonly replayed: readonly RefusedRemoval[] | undefined
    readonly documents: readonly HeldDocument[]
  }>
  /** @returns the keys of the files that no row names any more. */
  readonly write: (removal: {
    readonly uniqueIds: readonly string[]
    readonly claim: Claim | undefined
    readonly caller: Caller
    readonly outcome: Pick<Outcome<void>, 'result' | 'errors' | 'evidence'>
    readonly refusals: readonly RefusedRemoval[]
  }) => Promise<readonly string[]>
}

/** One transaction, run again when it loses a race; work that has written nothing leaves nothing. */
export type DocumentRemoval = <T>(work: (tx: RemovalTransaction) => Promise<T>) => Promise<T>

/** What became of an ITI-42 that was sent to a registry elsewhere. */
export type RegistryReply =
  | { readonly kind: 'answered'; readonly result: 'success' | 'failure'; readonly errors: readonly RelayedError[] }
  /** It has certainly not taken the submission: there was no connection, or it refused to listen. */
  | { readonly kind: 'not taken'; readonly reason: string }
  /** It may have taken it. */
  | { readonly kind: 'in doubt'; readonly reason: string }

/** Sends an ITI-42 within a bounded time; never throws for what the other side does. */
export type SendToRegistry = (message: {
  readonly submission: SubmitObjects
  readonly messageId: string
}) => Promise<RegistryReply>

/** A document with what its entry says, for the access decision: its metadata lies elsewhere. */
export interface SubmittedDocument {
  readonly uniqueId: string
  readonly staged: StagedContent
  /** Undefined when the metadata names none that can be read; the registry will say so. */
  readonly patientId: PatientId | undefined
  readonly publisher: string
  readonly mimeType: string
  readonly kind: string
  readonly confidentiality: readonly string[]
}

/** A submission on its way to a registry elsewhere. */
export interface KeptSubmission {
  readonly submissionId: string
  /** wsa:MessageID of the ITI-42, the same for every attempt. */
  readonly messageId: string
  readonly submission: SubmitObjects
}

type RecordedOutcome = Pick<Outcome<void>, 'result' | 'errors' | 'evidence'>

/** Submissions whose documents are durable and not retrievable, until the registry has taken or refused them. */
export interface SubmissionStore {
  /** Was this very message registered before? */
  readonly isRegistered: (claim: Claim) => Promise<boolean>
  /**
   * Keeps it durably, with the audit events of its success. @returns `again` when an earlier attempt of the same message waits for
   * its outcome.
   */
  readonly keep: (
    kept: KeptSubmission & {
      readonly claim: Claim | undefined
      readonly documents: readonly SubmittedDocument[]
      readonly caller: Caller
      readonly success: RecordedOutcome
    },
  ) => Promise<'first' | 'again'>
  /** The registry has taken it: its documents become retrievable, in one commit with audit and journal. */
  readonly complete: (
    submissionId: string,
    recorded: { readonly caller: Caller; readonly outcome: RecordedOutcome } | 'as kept',
  ) => Promise<void>
  /** @returns the keys of its files. */
  readonly drop: (submissionId: string) => Promise<readonly string[]>
  /** As `drop`, for one that the registry refused when it was sent again: that it was sent is audited (ITI TF-2 3.42.5). */
  readonly refuse: (submissionId: string) => Promise<void>
  /** Its outcome is not known: `due` will hand it out again. */
  readonly doubt: (submissionId: string) => Promise<void>
  /** One whose last attempt is longer ago than an attempt can take, taken over by the caller for the time of another attempt. */
  readonly due: () => Promise<(KeptSubmission & { readonly fileKeys: readonly string[] }) | undefined>
}
