// Certificates that end soon: warned of 60, 30, 14, 7 and 1 days before, each once (security: a.4; idlink S-7).

const DAY_MS = 86_400_000
/** Days before the end, the earliest warning first. */
export const WARNING_DAYS = [60, 30, 14, 7, 1] as const

/** What is watched: certificates of systems, the server's own, authorities, and whoever else's the network depends on. */
export interface Watched {
  readonly kind: 'client' | 'server' | 'authority' | 'partner'
  /** System id, or the name in the certificate. */
  readonly name: string
  readonly fingerprint: string
  readonly notAfter: Date
  /** Of a client certificate. */
  readonly facilityId?: string
  readonly terminal?: string
}

export interface Expiring extends Watched {
  /** Whole days left; negative when it has ended. */
  readonly daysLeft: number
  /** The warning that is due; absent more than 60 days before. */
  readonly warning?: number
}

export interface ExpiryPorts {
  readonly watched: () => Promise<readonly Watched[]>
  /** Notes that this warning was given. `again`: this or another process gave it before. */
  readonly note: (fingerprint: string, days: number) => Promise<'first' | 'again'>
  readonly warn: (expiring: Expiring) => void
}

/** Those of `watched` that end within so many days, the next one first. */
export function expiringWithin(watched: readonly Watched[], days: number, now: Date): readonly Expiring[] {
  return watched
    .map((one) => expiryOf(one, now))
    .filter(({ daysLeft }) => daysLeft <= days)
    .sort((one, other) => one.notAfter.getTime() - other.notAfter.getTime())
}

export function expiryOf(one: Watched, now: Date): Expiring {
  const left = (one.notAfter.getTime() - now.getTime()) / DAY_MS
  const warning = WARNING_DAYS.filter((days) => left <= days).at(-1)
  const daysLeft = Math.floor(left)
  return { ...one, daysLeft, ...(warning === undefined ? {} : { warning }) }
}

/** Gives each warning that is due and was not given. A certificate that is first seen late is warned of once, not for every day missed. */
export async function warnOfExpiry({ watched, note, warn }: ExpiryPorts, now: Date): Promise<void> {
  for (const one of await watched()) {
    const expiring = expiryOf(one, now)
    if (expiring.warning === undefined) continue
    if ((await note(one.fingerprint, expiring.warning)) === 'first') warn(expiring)
  }
}
