// Which certificates a door believes: authorities (trust anchors) of the network and of its partners, and what they revoked (ITI TF-2 3.19; RFC 5280).

import type { X509Certificate } from 'node:crypto'

/** Doors as journal, audit and trust anchors name them. */
export const DOORS = ['https', 'mllp/storeclient', 'mllp/pix', 'syslog'] as const
export type DoorName = (typeof DOORS)[number]

/** A certificate as its owner showed it, in the handshake or to a proxy that is trusted. */
export interface ShownCertificate {
  readonly certificate: X509Certificate
  /** What came with it, or was found for it, to lead to an authority. */
  readonly issuers: readonly X509Certificate[]
  /** What the TLS library had against it. */
  readonly objection?: string
}

/** What an authority revoked, as its newest list that was good says it (RFC 5280, 5). */
export interface RevocationList {
  /** Serial numbers, upper-case hexadecimal without leading zeros. */
  readonly serials: ReadonlySet<string>
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

export interface TrustAnchor {
  readonly certificate: X509Certificate
  /** Absent: all doors. */
  readonly door?: DoorName
  /** Whose systems may show certificates of it; absent: anybody's. */
  readonly facilityId?: string
  /** Absent: its revocation list is not asked for. */
  readonly revocation?: {
    /** Since when a list is expected. */
    readonly since: Date
    readonly list?: RevocationList
  }
}

/** `facilities`: the authority is that of these partners alone. */
export type Judgement =
  | { readonly kind: 'trusted'; readonly facilities?: ReadonlySet<string> }
  | { readonly kind: 'refused'; readonly reason: string }

/** Whether a certificate may be shown at a door; that it is registered is another question. */
export type Judge = (shown: ShownCertificate, door: DoorName) => Judgement
