// Composition root: what a server puts in order by itself: files that no row names, records of before matching and the search.

import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { endLapsedSessions } from '../db/access/sessions.ts'
import { endExpired } from '../db/discovery-store.ts'
import { FORGOTTEN, type Forgotten } from '../db/forgetting.ts'
import { fillMatchFeatures } from '../db/identity/match-fill.ts'
import { fillSearchKeys } from '../db/identity/search-fill.ts'
import { MONTHLY_TABLES, makeMonths } from '../db/partitions.ts'
import { findNamedFiles } from '../db/repository-store.ts'
import { fixMonths } from '../db/storeclient/usage.ts'
import type { DoorLog } from '../http/door.ts'
import { nameOf } from '../http/failure.ts'
import { IheError } from '../model/error.ts'
import type { BlobStore, NamedFiles } from '../repository/ports.ts'
import type { Given } from './actor-ports.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const PAUSE_MS = 60_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * 60 * 1000

/** At the start and every day: a crash between commit and file leaves files without a row, of removed documents too (docs/adr/0050). */
export function sweepDaily(
  blobs: BlobStore,
  { log, pool }: Given,
  named: NamedFiles = (keys) => findNamedFiles(pool, keys),
): () => void {
  const sweep = (): void => {
    blobs.sweep(named).then(
      ({ setAside, returned, removed, failed }) => {
        if (setAside > 0)
          log.warn({ setAside }, 'files without a row set aside for 14 days; is this the database of these documents?')
        if (returned > 0)
          log.info({ returned }, 'files that were set aside are named by rows again, and back in their place')
        if (removed > 0) log.info({ removed }, 'files without a row for 14 days removed')
        if (failed > 0)
          log.warn({ failed }, 'files of the document store could not be moved: do they belong to this account?')
      },
      (error: Error) => log.warn({ cause: error.name }, 'the sweep of the document store failed'),
    )
  }
  sweep()
  const timer = setInterval(sweep, DAY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** What the database needs from time to time, whatever comes in. */
export function tendByTheClock(given: Given): () => void {
  const stops = [
    fixMonthsHourly(given),
    endSessionsMinutely(given),
    makeMonthsHourly(given),
    endCorrelationsHourly(given),
    forgetHourly(given),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** At the start and every hour: what facilities stored at the end of a month (JST) is fixed when it is over. */
function fixMonthsHourly({ log, pool }: Given): () => void {
  const fix = (): void => {
    fixMonths(pool, new Date()).then(
      (fixed) => fixed > 0 && log.info({ fixed }, 'storage at the end of the month fixed'),
      (error: Error) => log.warn({ cause: error.name }, 'storage at the end of the month could not be fixed yet'),
    )
  }
  fix()
  const timer = setInterval(fix, HOUR_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Every minute: log-offs of those who went away are audited when they happen, not when somebody asks. */
function endSessionsMinutely({ config, log, pool }: Given): () => void {
  const end = (): void => {
    endLapsedSessions(pool, config.admin.idleMinutes).catch((error: Error) =>
      log.warn({ cause: error.name }, 'sessions that ran out could not be ended yet'),
    )
  }
  const timer = setInterval(end, MINUTE_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** At the start and every hour: ids of patients in neighbouring communities, when their time is over (docs/federation.md). */
function endCorrelationsHourly({ log, pool }: Given): () => void {
  const end = (): void => {
    endExpired(pool).catch((error: Error) =>
      log.warn({ cause: error.name }, 'ids of neighbouring communities that ran out could not be ended yet'),
    )
  }
  end()
  const timer = setInterval(end, HOUR_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/**
 * At the start and every hour: what has lost its use (docs/adr/0052). What piled up has half of the time, so that messages do not wait for it;
 * what cannot go keeps no other.
 */
function forgetHourly({ log, pool }: Given): () => void {
  const stopping = new AbortController()
  const { signal } = stopping
  let isAtWork = false
  const forget = async (): Promise<void> => {
    if (isAtWork) return
    isAtWork = true
    for (const one of FORGOTTEN)
      await forgetAll(pool, one, signal).catch((error: unknown) => {
        if (!signal.aborted)
          log.warn({ cause: nameOf(error), what: one.what }, 'what has lost its use could not be forgotten yet')
      })
    isAtWork = false
  }
  void forget()
  const timer = setInterval(forget, HOUR_MS).unref()
  return () => {
    stopping.abort()
    clearInterval(timer)
  }
}

async function forgetAll(pool: pg.Pool, { forget }: Forgotten, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now()
    if ((await forget(pool)) === 0) return
    await delay(performance.now() - began, undefined, { signal }).catch(() => {})
  }
}

/** Before anything is written: what has no month of its own lies where retention does not reach (docs/adr/0034). */
export async function monthsAhead(pool: pg.Pool, log: DoorLog): Promise<void> {
  for (const table of MONTHLY_TABLES)
    await makeMonths(pool, [table], new Date()).catch((error: Error) =>
      log.warn({ cause: error.name, table }, 'the coming months of a table could not be made'),
    )
}

/** A month that did not get through beside a backup of the night is made before its time comes. */
function makeMonthsHourly({ log, pool }: Given): () => void {
  const timer = setInterval(() => void monthsAhead(pool, log), HOUR_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/**
 * Records of before matching and of before the search are found once they have been brought in; a server need not wait for that to open
 * its doors. One after the other, since each takes connections from the messages; what makes persons double comes first.
 */
export function fillRecords({ log, pool }: Given): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const filling = (async () => {
    const matched = () => fillMatchFeatures(pool, signal)
    await patiently(matched, { log, signal, into: 'matching' })
    const searched = () => fillSearchKeys(pool, signal)
    await patiently(searched, { log, signal, into: 'the patient search' })
  })()
  return async () => {
    stopping.abort()
    await filling
  }
}

/** What is broken off because the database is busy goes on later; anything else, at the next start. */
async function patiently(
  fill: () => Promise<number>,
  { log, signal, into }: Pick<Given, 'log'> & { readonly signal: AbortSignal; readonly into: string },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const filled = await fill()
      if (filled > 0) log.info({ filled }, `records brought into ${into}`)
      return
    } catch (error) {
      log.warn({ cause: error instanceof Error ? error.name : 'unknown' }, `bringing records into ${into} failed`)
      if (!(error instanceof IheError && error.row.code === 'BUSY')) return
      await delay(PAUSE_MS, undefined, { signal }).catch(() => {})
    }
  }
}
