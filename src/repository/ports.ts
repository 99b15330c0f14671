// What the Document Repository needs from the rest of the house; app.ts hands it in.

import type { Decision, DocumentTraits, PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { SubmitObjects } from '../model/ebrim.ts'
import type { Outcome } from '../model/evidence.ts'
import type { StagedContent } from '../model/staged-document.ts'

/** Bytes of documents too large for a row. Staged content is durable before `stage` resolves (object first, row second). */
export interface BlobStore {
  /** @throws {IheError} TOO_LARGE above the size limit; nothing is left behind. */
  readonly stage: (source: AsyncIterable<Buffer>) => Promise<StagedContent>
  /** Removes a staged file that no row will name. */
  readonly discard: (staged: StagedContent) => Promise<void>
  /**
   * Removes files that a crash or an unknown commit left without a row: older than a day and named by none of the rows that
   * `named` is asked for. @returns how many.
   */
  readonly sweep: (named: (keys: readonly string[]) => Promise<ReadonlySet<string>>) => Promise<number>
  /** Streams a file; the iteration throws when size or SHA-256 do not match, before the last chunk is handed out. */
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

export interface RepositoryPorts {
  readonly repositoryUniqueId: string
  readonly blobs: BlobStore
  readonly documents: (caller: Caller, uniqueIds: readonly string[]) => Promise<readonly RetrievableEntry[]>
  readonly admits: (access: PatientAccess, entry: DocumentTraits) => Decision
  /** The bytes of a document that is kept in its row; undefined when they are gone. */
  readonly load: (uniqueId: string) => Promise<Buffer | undefined>
  /** Registers and stores in one commit (integrated registry). */
  readonly register: (
    request: {
      readonly submission: SubmitObjects
      readonly documents: readonly { readonly entryId: string; readonly staged: StagedContent }[]
      readonly digest: string
    },
    caller: Caller,
  ) => Promise<Outcome<void>>
  /** A document whose stored bytes do not match their checksum: tell the operator. */
  readonly alarm: (damaged: { readonly uniqueId: string }) => void
}
