// Composition root: events are sealed within a second of their commit, by whichever process is first (docs/adr/0036).

import { setTimeout as delay } from 'node:timers/promises'
import { SEAL_BATCH, sealAll, sealBatch } from '../db/audit/sealer.ts'
import type { Given } from './actor-ports.ts'

/** A queue that was empty is looked into again after so long; what is sealed together costs less each. */
const REST_MS = 800
const BETWEEN_MS = 400
/** A database that does not answer is left alone for a while. */
const FAILED_MS = 2000

/** Seals until it is stopped, and then what is left. */
export function startSealing({ pool, log }: Pick<Given, 'pool' | 'log'>): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const failed = (error: unknown): number => {
    log.warn({ cause: error instanceof Error ? error.name : 'unknown' }, 'audit events could not be sealed yet')
    return FAILED_MS
  }
  const sealing = (async () => {
    while (!signal.aborted) {
      const beganMs = performance.now()
      const pause = await sealBatch(pool).then((sealed) => pauseAfter(sealed, performance.now() - beganMs), failed)
      await delay(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  })()
  return async () => {
    stopping.abort()
    await sealing
    await sealAll(pool).catch(failed)
  }
}

/** What has piled up, after the database was away, is worked off in half of the time: the other half is for messages. */
function pauseAfter(sealed: number, tookMs: number): number {
  if (sealed === SEAL_BATCH) return tookMs
  return sealed > 0 ? BETWEEN_MS : REST_MS
}
