// Composition root: what a server puts in order by itself: files that no row names, records of before the search.

import { fillSearchKeys } from '../db/identity/search-fill.ts'
import { findNamedFiles } from '../db/repository-store.ts'
import type { BlobStore } from '../repository/ports.ts'
import type { Given } from './actor-ports.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** At the start and every day: a crash between commit and file leaves files without a row, of removed documents too. */
export function sweepDaily(blobs: BlobStore, { log, pool }: Given): () => void {
  const sweep = (): void => {
    blobs
      .sweep((keys) => findNamedFiles(pool, keys))
      .then(
        (removed) => removed > 0 && log.info({ removed }, 'files without a row removed'),
        (error: Error) => log.warn({ cause: error.name }, 'the sweep of the document store failed'),
      )
  }
  sweep()
  const timer = setInterval(sweep, DAY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Records of before the search are found once they have been brought in; a server need not wait for that to open its doors. */
export function fillSearch({ log, pool }: Given): () => Promise<void> {
  const { done, stop } = fillSearchKeys(pool)
  done.then(
    (filled) => filled > 0 && log.info({ filled }, 'records brought into the patient search'),
    (error: Error) => log.warn({ cause: error.name }, 'bringing records into the patient search failed'),
  )
  return stop
}
