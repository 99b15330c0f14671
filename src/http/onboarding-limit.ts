// How often strangers may fail to redeem an invitation: bounded by address and altogether, in this process (security: guessing).

export interface AttemptLimits {
  /** Failures of one address within the window; then it waits for its end. */
  readonly perAddress: number
  /** Failures of all addresses together: what the door works off for strangers, whoever they are. */
  readonly total: number
}

export type Taken =
  | {
      readonly kind: 'allowed'
      /** It was no failure: it does not count. Said twice it is said once. */
      readonly succeeded: () => void
      /** How many of them failed now, of this address and altogether. */
      readonly failed: () => { readonly ofAddress: number; readonly altogether: number }
    }
  | { readonly kind: 'refused'; readonly retryAfterSeconds: number; readonly window: Window }

/** The attempts of one address, or of all, until its end. */
export interface Window {
  readonly endsMs: number
  /** Attempts at work and failed ones. */
  taken: number
  failed: number
  /** Exchange in which the first refusal for its number was journalled. */
  journalId?: string
}

export const WINDOW_MS = 15 * 60_000
const MAX_ADDRESSES = 10_000

/** `now` is monotonic, in milliseconds. */
export function createAttemptLimit(
  limits: AttemptLimits,
  now: () => number = () => performance.now(),
): (address: string) => Taken {
  const addresses = new Map<string, Window>()
  let all: Window = { endsMs: 0, taken: 0, failed: 0 }
  const fresh = (): Window => ({ endsMs: now() + WINDOW_MS, taken: 0, failed: 0 })
  const windowOf = (address: string): Window => {
    const known = addresses.get(address)
    if (known !== undefined && known.endsMs > now()) return known
    addresses.delete(address)
    // Who came first is forgotten first; that many addresses meet the other limit.
    const [oldest] = addresses.keys()
    if (addresses.size >= MAX_ADDRESSES && oldest !== undefined) addresses.delete(oldest)
    const window = fresh()
    addresses.set(address, window)
    return window
  }
  return (address) => {
    if (all.endsMs <= now()) all = fresh()
    const own = windowOf(address)
    const whole = all
    const full = own.taken >= limits.perAddress ? own : whole.taken >= limits.total ? whole : undefined
    if (full !== undefined)
      return { kind: 'refused', retryAfterSeconds: Math.ceil((full.endsMs - now()) / 1000), window: full }
    own.taken += 1
    whole.taken += 1
    let counts = true
    return {
      kind: 'allowed',
      succeeded: () => {
        if (!counts) return
        counts = false
        own.taken -= 1
        whole.taken -= 1
      },
      failed: () => {
        own.failed += 1
        whole.failed += 1
        return { ofAddress: own.failed, altogether: whole.failed }
      },
    }
  }
}

const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const PREFIX_GROUPS = 4
const GROUPS = 8

/** What counts as one address: of IPv6 the /64, since whoever has one address of it has them all. */
export function addressKey(remote: string): string {
  const mapped = IPV4_MAPPED.exec(remote)?.[1]
  if (mapped !== undefined) return mapped
  const [address = ''] = remote.split('%')
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, GROUPS - groups.length - last.length) }, () => '0')
  return `${[...groups, ...zeros, ...last].slice(0, PREFIX_GROUPS).join(':').toLowerCase()}::/64`
}
