// How many messages a system may send: a bucket that fills at a rate and holds a burst, for each system (fairness of the doors).

import { iheError } from '../../profiles/errors/index.ts'

export interface RateLimits {
  /** Messages a second; 0: as many as it likes. */
  readonly requestsPerSecond: number
  /** Messages at once after a rest. */
  readonly requestBurst: number
}

export interface RequestRate {
  /** @throws {IheError} TOO_MANY_REQUESTS when the system's bucket is empty. */
  readonly take: (systemId: string) => void
}

interface Bucket {
  left: number
  atMs: number
}

const UNLIMITED: RequestRate = { take: () => {} }

/** One for all doors of a process; systems are those that are registered, so that it does not grow for ever. */
export function createRequestRate({ requestsPerSecond, requestBurst }: RateLimits): RequestRate {
  if (requestsPerSecond === 0) return UNLIMITED
  const buckets = new Map<string, Bucket>()
  return {
    take: (systemId) => {
      const now = performance.now()
      const bucket = buckets.get(systemId) ?? { left: requestBurst, atMs: now }
      buckets.set(systemId, bucket)
      bucket.left = Math.min(requestBurst, bucket.left + ((now - bucket.atMs) / 1000) * requestsPerSecond)
      bucket.atMs = now
      if (bucket.left < 1)
        throw iheError('TOO_MANY_REQUESTS', { rule: `${requestsPerSecond} a second, ${requestBurst} at once` })
      bucket.left -= 1
    },
  }
}
