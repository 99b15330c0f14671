// When a certificate may be replaced (security: issuing, renewal with overlap).

import type { RenewalFault, Replaceable } from './ports.ts'

const DAY_MS = 86_400_000
/** A new certificate may be had from this many days before the end of the old one. */
export const RENEWAL_DAYS = 60

/** Why `old` is not replaced by a new certificate of `systemId`; undefined when it may be. */
export function renewalFault(
  old: Replaceable | undefined,
  asked: {
    readonly fingerprint: string
    readonly systemId: string
    readonly earlyBecause?: string
    readonly now: Date
  },
): RenewalFault | undefined {
  const { fingerprint } = asked
  // Another system's certificate is none that this system has.
  if (old === undefined || old.systemId !== asked.systemId) return { fault: 'unknown certificate', fingerprint }
  if (old.status !== 'active') return { fault: 'revoked or suspended', fingerprint }
  if (old.replacedBy !== undefined) return { fault: 'replaced already', fingerprint: old.replacedBy }
  const from = new Date(old.notAfter.getTime() - RENEWAL_DAYS * DAY_MS)
  if (asked.now < from && asked.earlyBecause === undefined) return { fault: 'too early', from, notAfter: old.notAfter }
  return undefined
}

/** Until when the old certificate is good beside the new one: the overlap, but not longer than its own end. */
export function overlapEnd(old: Pick<Replaceable, 'notAfter'>, now: Date, overlapDays: number): Date {
  return new Date(Math.min(old.notAfter.getTime(), now.getTime() + overlapDays * DAY_MS))
}
