// Trust anchors as administration keeps them (ITI TF-2 3.19: authorities are configured, never those of the operating system).

import type { DoorName } from '../model/trust.ts'
import type { Change, Changed, Stored } from './ports.ts'

export interface NewAnchor {
  readonly label: string
  readonly pem: string
  readonly fingerprint: string
  readonly subject: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly door?: DoorName
  readonly facilityId?: string
  readonly validFrom?: string
  readonly validTo?: string
  readonly crlSource?: string
}

/** How the revocation list of an authority stands. */
export interface CrlState {
  readonly source: string
  readonly thisUpdate?: string
  readonly nextUpdate?: string
  readonly fetchedAt?: string
  readonly triedAt?: string
  /** Why the last attempt failed; absent: it did not. */
  readonly failure?: string
  readonly revoked: number
}

/** What is left of the life of a list, and how much that is to worry about (docs/adr/0026). */
export interface CrlLife {
  readonly ratio: number
  readonly seconds: number
  readonly concern: 'none' | 'warning' | 'alarm' | 'out of date'
}

const WARN_FROM = 0.5
const ALARM_FROM = 0.25

export function lifeOf({ thisUpdate, nextUpdate }: CrlState, now: Date): CrlLife {
  if (thisUpdate === undefined || nextUpdate === undefined) return { ratio: 0, seconds: 0, concern: 'out of date' }
  const end = Date.parse(nextUpdate)
  const left = end - now.getTime()
  const ratio = Math.max(0, left / (end - Date.parse(thisUpdate)))
  const concern = ratio === 0 ? 'out of date' : ratio <= ALARM_FROM ? 'alarm' : ratio <= WARN_FROM ? 'warning' : 'none'
  return { ratio, seconds: left / 1000, concern }
}

export interface AnchorRecord extends Omit<NewAnchor, 'notBefore' | 'notAfter' | 'crlSource' | 'validFrom'> {
  readonly notBefore: string
  readonly notAfter: string
  readonly validFrom: string
  readonly status: 'active' | 'not yet' | 'ended'
  readonly addedAt: string
  readonly addedBy: string
  readonly crl?: CrlState
}

/** An authority of the file tls.ca: it has no label, and ends with the file. */
export interface FileAnchor {
  readonly fingerprint: string
  readonly subject: string
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface AnchorStore {
  /** Those that were not removed. */
  readonly anchors: () => Promise<readonly AnchorRecord[]>
  /** `conflict` when the label is another's, `missing` when the facility is not there. */
  readonly addAnchor: (anchor: NewAnchor, change: Change) => Promise<Stored | 'missing'>
  readonly removeAnchor: (label: string, change: Change) => Promise<Changed>
}
