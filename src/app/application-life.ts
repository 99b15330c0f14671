// Composition root: start and stop of this process as audit events; an end that nobody recorded is recorded at the next start
// (DICOM PS3.15 A.5.3.1).

import { mkdir, readdir, rm } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { applicationEvent } from '../audit/application.ts'
import type { AuditEvent, AuditedApplication } from '../audit/event.ts'
import { readPublic, writeAtomically } from '../certificates/files.ts'
import { writeExchangeRows } from '../db/exchange-recorder.ts'
import type { DoorLog } from '../http/door.ts'
import { newJournalId } from '../model/journal-id.ts'
import type { Given } from './actor-ports.ts'
import { PRODUCT } from './audit-source.ts'

/** What a running process leaves in the data directory, and takes away at its end. */
interface Mark {
  readonly exchangeId: string
  readonly host: string
  readonly application: AuditedApplication
}

export interface ApplicationLife {
  /** Last thing before the database is closed; never rejects. */
  readonly end: () => Promise<void>
}

/** Marks that servers within this process have set: of them its process id says nothing. */
const own = new Set<string>()

/**
 * Records the start, and the end of each process of this host and data directory that ended without recording it. The mark is set
 * before: a start that is not recorded never serves, and an end is rather recorded without its start than not at all.
 * @throws when it cannot be recorded: then nothing is served.
 */
export async function beginLife({
  config,
  log,
  pool,
}: Pick<Given, 'config' | 'log' | 'pool'>): Promise<ApplicationLife> {
  const directory = join(config.dataDir, 'running')
  await mkdir(directory, { recursive: true })
  const instance = new URL(config.https.publicUrl).hostname
  const mark: Mark = {
    exchangeId: newJournalId(),
    host: hostname(),
    application: { product: `${PRODUCT} ${instance}`, pid: process.pid, startedBy: userName() },
  }
  const ended = await endedMarks(directory)
  const path = join(directory, `${mark.exchangeId}.json`)
  own.add(mark.exchangeId)
  await writeAtomically(path, JSON.stringify(mark), 'public')
  await record(pool, [
    ...ended.map((former) => applicationEvent('stop', { ...former.mark, outcome: 8 })),
    applicationEvent('start', { ...mark, outcome: 0 }),
  ])
  for (const former of ended) await rm(former.path, { force: true })
  return { end: () => endLife(pool, { mark, path, log }) }
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

function record(pool: pg.Pool, events: readonly AuditEvent[]): Promise<void> {
  return writeExchangeRows(pool, { events, entries: [] })
}

interface Found {
  readonly mark: Mark
  readonly path: string
}

/** Those of this host whose process is gone; another host looks after its own. */
async function endedMarks(directory: string): Promise<readonly Found[]> {
  const found: Found[] = []
  for (const name of (await readdir(directory)).filter((file) => file.endsWith('.json')).sort()) {
    const path = join(directory, name)
    const text = await readPublic(path)
    if (text === undefined) continue
    const mark = JSON.parse(text) as Mark
    if (mark.host === hostname() && !isRunning(mark)) found.push({ mark, path })
  }
  return found
}

function isRunning({ exchangeId, application }: Mark): boolean {
  if (application.pid === process.pid) return own.has(exchangeId)
  try {
    process.kill(application.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A container may run as a user without a name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
