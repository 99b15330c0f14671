// A document whose bytes have arrived and are safe to refer to, but which no row names yet.

/** Where the bytes are: small ones travel into their row, larger ones are a synced file (design §3). */
export type DocumentContent =
  | { readonly kind: 'row'; readonly bytes: Buffer }
  | { readonly kind: 'file'; readonly key: string }

export interface StagedContent {
  readonly content: DocumentContent
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha1: string
  readonly sha256: string
}
