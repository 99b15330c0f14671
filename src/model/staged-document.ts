// A document whose bytes have arrived and are safe to refer to, but which no row names yet.

/** Where the bytes are: small ones travel into their row, larger ones are a synced file (design §3). */
export type DocumentContent =
  | { readonly kind: 'row'; readonly bytes: Buffer }
  | { readonly kind: 'file'; readonly key: string }

/** A document as another server sent it, its bytes kept here until they are passed on. */
export interface FetchedDocument {
  readonly repositoryUniqueId: string
  readonly documentUniqueId: string
  readonly mimeType: string
  /** Of the snapshot that an On-Demand entry gave. */
  readonly snapshot?: { readonly repositoryUniqueId?: string; readonly documentUniqueId: string }
  readonly staged: StagedContent
}

export interface StagedContent {
  readonly content: DocumentContent
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha1: string
  readonly sha256: string
}
