// A message as it crossed a door, kept for a while to explain a refusal and to be processed again (docs/adr/0035).

/** One part of a MIME package beside its root, or what is known of it when it was too large to keep, or lies in the repository. */
export interface KeptPart {
  readonly contentId: string
  readonly contentType: string
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Absent: not kept. */
  readonly bytes?: Buffer
}

export interface KeptMessage {
  readonly exchangeId: string
  /** As seen from this server: what it was asked, what it answered; of an outgoing call, what it asked and was answered. */
  readonly direction: 'request' | 'answer'
  /** Content-Type of HTTP; absent over MLLP. */
  readonly contentType?: string
  /** Further headers by which a message is understood, their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of the whole message on the wire. */
  readonly sizeBytes: number
  /** The message, or the root of its package; cut at the limit. */
  readonly bytes: Buffer
  readonly isWhole: boolean
  readonly parts: readonly KeptPart[]
}
