// Audit repositories that the records of this network are sent to, as administration keeps them (ITI TF-2 3.20; RFC 5425).

/** Where a target is, who it has to be, and what it gets. */
interface Destination {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Name that its certificate has to bear; absent: the host. */
  readonly serverName?: string
  /** PEM of the authorities that its certificate has to come from; absent: those of the file tls.ca. */
  readonly ca?: string
  /** Paths on the servers of the certificate and key to show; absent: the server's own. */
  readonly certificate?: string
  readonly key?: string
  /** Records that other systems sent us are sent on too. */
  readonly withReceived: boolean
}

/** What a target is, as the operator sets it. */
export interface NewTarget extends Destination {
  /** What was recorded before is sent too; else it begins with what is recorded from now on. */
  readonly fromTheBeginning: boolean
}

/**
 * `waiting`: nothing was tried yet, or there was nothing to send. `refused`: its certificate or ours was not accepted (ITI TF-2 3.19.6).
 */
export type TargetState = 'waiting' | 'up' | 'unreachable' | 'refused'

/** A target and how sending to it stands. Positions are those of the seals (docs/adr/0034). */
export interface TargetView extends Omit<Destination, 'ca'> {
  readonly hasOwnAuthorities: boolean
  readonly status: 'active' | 'paused'
  readonly pausedReason?: string
  readonly state: TargetState
  readonly sentTo: number
  /** Seals that are not sent yet. */
  readonly waiting: number
  /** Since when the oldest of them has been sealed. */
  readonly waitingSince?: string
  readonly attempts: number
  readonly lastError?: string
  readonly lastSentAt?: string
}

/** What a sender needs of a target that is its own for a while. */
export interface ClaimedTarget extends Destination {
  /** Rises with every change by the operator: whoever works with another one begins anew. */
  readonly version: number
  /** The position after which sending begins: all up to it has arrived as far as can be known. */
  readonly resendFrom: number
  readonly attempts: number
}

/** How far a sender is. */
export interface Progress {
  /** Up to here it counts as sent. */
  readonly sentTo: number
  /** After this position a sender begins who knows nothing but the database. */
  readonly resendFrom: number
}
