// Composition root: start and stop of this process as audit events; an end that nobody recorded is recorded at the next start
// (DICOM PS3.15 A.5.3.1).

import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { applicationEvent } from '../audit/application.ts'
import type { AuditEvent, AuditedApplication } from '../audit/event.ts'
import { readPublic, writeAtomically } from '../certificates/files.ts'
import { isAlive, startMark } from '../db/embedded/process.ts'
import { writeExchangeRows } from '../db/exchange-recorder.ts'
import { transaction } from '../db/pool.ts'
import { type Queryable, queryOne, sql } from '../db/sql.ts'
import type { DoorLog } from '../http/door.ts'
import { nameOf } from '../http/failure.ts'
import { newJournalId } from '../model/journal-id.ts'
import type { Given } from './actor-ports.ts'
import { PRODUCT } from './audit-source.ts'

/** What a running process leaves in the data directory, and takes away at its end. */
interface Mark {
  readonly exchangeId: string
  readonly host: string
  readonly application: AuditedApplication
  /**
   * When the process began, in its kernel's count: another program may have its id by now. Empty where that is not to be had; absent in marks of
   * before, which were not written again while their process ran.
   */
  readonly began?: string
}

export interface ApplicationLife {
  /** Last thing before the database is closed; never rejects. */
  readonly end: () => Promise<void>
}

/** Marks that servers within this process have set: of them its process id says nothing. */
const own = new Set<string>()

/** Of another host nobody here sees the processes, and the name of a container's host is another one each time: their marks are written anew so often. */
const BEAT_MS = 60_000
/** A mark of another host that was not written for so long is one of a process that ended. */
const SILENT_MS = 600_000
/** One process at a time looks for ends. */
const LOOKING = 7_120_052

type Needed = Pick<Given, 'config' | 'log' | 'pool'>

/**
 * Records the start, and the end of each process of this data directory that ended without recording it: of this host at once, of another one
 * when its mark has been silent. The mark is set before: a start that is not recorded never serves, and an end is rather recorded without its
 * start than not at all.
 * @throws when it cannot be recorded: then nothing is served.
 */
export async function beginLife({ config, log, pool }: Needed, beatMs = BEAT_MS): Promise<ApplicationLife> {
  const directory = join(config.dataDir, 'running')
  await mkdir(directory, { recursive: true })
  const instance = new URL(config.https.publicUrl).hostname
  const mark: Mark = {
    exchangeId: newJournalId(),
    host: hostname(),
    application: { product: `${PRODUCT} ${instance}`, pid: process.pid, startedBy: userName() },
    began: startMark(process.pid) ?? '',
  }
  const path = join(directory, `${mark.exchangeId}.json`)
  own.add(mark.exchangeId)
  const beat = (): Promise<void> => writeAtomically(path, JSON.stringify(mark), 'public')
  await beat()
  await recordEnds(pool, { directory, path })
  await record(pool, [applicationEvent('start', { ...mark, outcome: 0 })])
  let working: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    working = working
      .then(beat)
      .then(() => recordEnds(pool, { directory, path }))
      .catch((error: unknown) => log.warn({ cause: nameOf(error) }, 'ends of processes could not be looked for'))
  }, beatMs).unref()
  return {
    end: async () => {
      clearInterval(timer)
      await working
      await endLife(pool, { mark, path, log })
    },
  }
}

/** Ends that nobody recorded. Whoever finds them recorded already, by a process that ended before it took the mark away, only does that. */
async function recordEnds(pool: pg.Pool, own: { readonly directory: string; readonly path: string }): Promise<void> {
  if ((await endedMarks(own)).length === 0) return
  const ended = await transaction(pool, async (client) => {
    await queryOne(client, sql`/* one looks for ends */ select pg_advisory_xact_lock(${LOOKING})::text as held`)
    const found = await endedMarks(own)
    for (const { mark } of found) {
      const recorded = await queryOne(
        client,
        sql`/* is an end recorded */
          select event_id from audit.event where exchange_id = ${mark.exchangeId} and event_code = '110100' and type_code = '110121'`,
      )
      if (recorded === undefined) await record(client, [applicationEvent('stop', { ...mark, outcome: 8 })])
    }
    return found
  })
  for (const { path } of ended) await rm(path, { force: true })
}

async function endLife(
  pool: pg.Pool,
  { mark, path, log }: { readonly mark: Mark; readonly path: string; readonly log: DoorLog },
): Promise<void> {
  own.delete(mark.exchangeId)
  try {
    await record(pool, [applicationEvent('stop', { ...mark, outcome: 0 })])
    await rm(path, { force: true })
  } catch (error) {
    // The mark stays: the next start records this end.
    log.error({ cause: (error as Error).name }, 'the end of this process could not be recorded')
  }
}

function record(client: Queryable, events: readonly AuditEvent[]): Promise<void> {
  return writeExchangeRows(client, { events, entries: [] })
}

interface Found {
  readonly mark: Mark
  readonly path: string
}

/** Those of this host whose process is gone, and those of other hosts that are silent by the clock of the file system, which all share. */
async function endedMarks(given: { readonly directory: string; readonly path: string }): Promise<readonly Found[]> {
  const found: Found[] = []
  const now = (await stat(given.path)).mtimeMs
  for (const name of (await readdir(given.directory)).filter((file) => file.endsWith('.json')).sort()) {
    const path = join(given.directory, name)
    const text = await readPublic(path)
    if (text === undefined) continue
    const mark = JSON.parse(text) as Mark
    const hasEnded = mark.host === hostname() ? !isRunning(mark) : await isSilent(mark, path, now)
    if (hasEnded) found.push({ mark, path })
  }
  return found
}

async function isSilent({ began }: Mark, path: string, now: number): Promise<boolean> {
  const written = await stat(path).catch(() => undefined)
  return began !== undefined && written !== undefined && now - written.mtimeMs > SILENT_MS
}

function isRunning({ exchangeId, application: { pid }, began }: Mark): boolean {
  if (pid === process.pid) return own.has(exchangeId)
  if (!isAlive(pid)) return false
  const now = startMark(pid)
  return now === undefined || began === undefined || began === '' || now === began
}

/** A container may run as a user without a name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
