// tsunagi bench --journal: how fast the journal is searched at size, by every criterion, and what its search indexes cost its writing (docs/journal.md).

import { randomInt, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type pg from 'pg'
import { errorTable } from '../../../profiles/errors/index.ts'
import { sharedBuffersFor, startEmbeddedPostgres } from '../../db/embedded-postgres.ts'
import { writeExchangeRows } from '../../db/exchange-recorder.ts'
import { createJournalReader } from '../../db/journal/search.ts'
import { migrate } from '../../db/migrate.ts'
import { createPool } from '../../db/pool.ts'
import { newJournalId } from '../../model/journal-id.ts'
import { type Run, rounded, target } from './compare.ts'
import { cpuTime } from './cpu.ts'
import { fillJournal, invented } from './journal-rows.ts'

const MONTHS = 12
const SEARCHES = 60
const PAGE = 50
const MAX_P95_MS = 1000

type JournalReader = ReturnType<typeof createJournalReader>
type JournalCriteria = Parameters<JournalReader['search']>[0]['criteria']

export interface JournalRun extends Run {
  readonly rows: number
}

export async function measureJournal(run: JournalRun): Promise<void> {
  const directory = await run.newDirectory()
  const postgres = await startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    sharedBuffers: sharedBuffersFor(),
  })
  try {
    await migrate(postgres.connection, { log: () => {} })
    const pool = createPool({ ...postgres.connection, statement_timeout: 0 }, 4)
    try {
      await measureAt(pool, directory, run)
    } finally {
      await pool.end()
    }
  } finally {
    await postgres.stop()
  }
}

async function measureAt(pool: pg.Pool, directory: string, run: JournalRun): Promise<void> {
  const now = new Date()
  const started = performance.now()
  await fillJournal(pool, { rows: run.rows, months: MONTHS, now })
  const seconds = Math.round((performance.now() - started) / 1000)
  run.print({ name: 'journal filled', rows: run.rows, months: MONTHS, seconds, ...(await sizes(pool)) })
  const reader = createJournalReader(pool)
  for (const kind of kindsOf(run.rows, now)) if (kind.name.includes(run.only)) await measureKind(reader, kind, run)
  if (run.only === '') await measureWriting(pool, directory, run)
}

async function sizes(pool: pg.Pool) {
  const { rows } = await pool.query<{ heap: string; indexes: string }>(
    `select sum(pg_table_size(relid))::text as heap, sum(pg_indexes_size(relid))::text as indexes from pg_partition_tree('journal.exchange')`,
  )
  const megabytes = (bytes: string | undefined): number => Math.round(Number(bytes ?? 0) / 2 ** 20)
  return { heapMiB: megabytes(rows[0]?.heap), indexMiB: megabytes(rows[0]?.indexes) }
}

interface Kind {
  readonly name: string
  readonly criteria: () => JournalCriteria
  /** Pages read one after the other; the last is measured too. */
  readonly pages?: number
}

const DAY_MS = 86_400_000

/** What people ask, each time for somebody else. */
function kindsOf(rows: number, now: Date): readonly Kind[] {
  const any = (): number => randomInt(rows)
  const daysAgo = (days: number): Date => new Date(now.getTime() - days * DAY_MS)
  const codes = errorTable.map(({ code }) => code)
  const code = (): string => codes[randomInt(codes.length)] ?? ''
  const day = () => {
    const days = 1 + randomInt(300)
    return { from: daysAgo(days), to: daysAgo(days - 1) }
  }
  return [
    { name: 'newest', criteria: () => ({}) },
    { name: 'a day', criteria: day },
    { name: 'system', criteria: () => ({ systemId: invented.system(any()) }) },
    { name: 'system, ten pages', criteria: () => ({ systemId: invented.system(any()) }), pages: 10 },
    { name: 'system of a day', criteria: () => ({ systemId: invented.system(any()), ...day() }) },
    { name: 'refused of a system', criteria: () => ({ systemId: invented.system(any()), result: 'failure' }) },
    { name: 'facility', criteria: () => ({ facilityId: invented.facility(any()) }) },
    { name: 'transaction', criteria: () => ({ transaction: 'ITI-43' }) },
    { name: 'rare transaction', criteria: () => ({ transaction: 'ITI-62' }) },
    { name: 'transaction that never came', criteria: () => ({ transaction: 'ITI-86' }) },
    { name: 'refused', criteria: () => ({ result: 'failure' }) },
    { name: 'partly done, of a day', criteria: () => ({ result: 'partial', ...day() }) },
    { name: 'error code', criteria: () => ({ code: code() }) },
    { name: 'error code of a system', criteria: () => ({ code: code(), systemId: invented.system(any()) }) },
    { name: 'patient id', criteria: () => ({ patient: invented.patient(any()) }) },
    {
      name: 'patient id of a system',
      criteria: () => ({ patient: invented.patient(any()), systemId: invented.system(any()) }),
    },
    { name: 'patient number in any domain', criteria: () => ({ patient: invented.patient(any()).slice(0, 10) }) },
    { name: 'document', criteria: () => ({ documentUniqueId: invented.document(any()) }) },
    { name: 'message id', criteria: () => ({ messageId: invented.messageId(any()) }) },
    { name: 'message id that never came', criteria: () => ({ messageId: randomUUID() }) },
  ]
}

async function measureKind(reader: JournalReader, { name, criteria, pages = 1 }: Kind, run: JournalRun): Promise<void> {
  const times: number[] = []
  let found = 0
  for (let n = 0; n < SEARCHES; n += 1) {
    const asked = criteria()
    let after: string | undefined
    for (let page = 0; page < pages; page += 1) {
      const started = performance.now()
      const answer = await reader.search({ criteria: asked, limit: PAGE, ...(after === undefined ? {} : { after }) })
      times.push(performance.now() - started)
      found += answer.entries.length
      after = answer.next
      if (after === undefined) break
    }
  }
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => rounded(sorted[Math.ceil(sorted.length * share) - 1] ?? 0)
  const p95Ms = at(0.95)
  run.print({
    name: `journal search: ${name}`,
    p50Ms: at(0.5),
    p95Ms,
    worstMs: at(1),
    entries: rounded(found / times.length),
    ...target(`p95 < ${MAX_P95_MS} ms at ${run.rows} rows`, p95Ms < MAX_P95_MS),
  })
}

const SEARCH_INDEXES = [
  'exchange_patient',
  'exchange_patients',
  'exchange_document',
  'exchange_documents',
  'exchange_message',
  'exchange_code',
  'exchange_codes',
  'exchange_refused',
  'exchange_without_system',
]
const BATCHES = 300
const ROWS_A_BATCH = 32

/** Entries as the doors write them, in batches, with the indexes and, at last, without. */
async function measureWriting(pool: pg.Pool, directory: string, run: JournalRun): Promise<void> {
  await writeBatches(pool, directory)
  const withIndexes = await writeBatches(pool, directory)
  await pool.query(`drop index ${SEARCH_INDEXES.map((name) => `journal.${name}`).join(', ')}`)
  await writeBatches(pool, directory)
  run.print({
    name: 'journal write',
    cpuMicrosecondsAnEntry: withIndexes,
    withoutSearchIndexes: await writeBatches(pool, directory),
    batch: ROWS_A_BATCH,
  })
}

/** Processor time of the database in microseconds an entry: on a machine that others use it says more than what the clock says. */
async function writeBatches(pool: pg.Pool, directory: string): Promise<number | undefined> {
  const batches = Array.from({ length: BATCHES }, () => Array.from({ length: ROWS_A_BATCH }, inventedEntry))
  const before = await cpuTime(directory)
  for (const entries of batches) await writeExchangeRows(pool, { events: [], entries })
  const { databaseMs } = await cpuTime(directory)
  if (databaseMs === undefined || before.databaseMs === undefined) return undefined
  return rounded(((databaseMs - before.databaseMs) * 1000) / (BATCHES * ROWS_A_BATCH))
}

function inventedEntry() {
  const n = randomInt(1_000_000)
  return {
    exchange: {
      id: newJournalId(),
      door: 'https' as const,
      endpoint: '/xds/registry',
      peer: '192.0.2.7:50000',
      receivedAt: new Date(),
      requestBytes: 2000,
      startedMs: 0,
      transaction: 'ITI-18',
      messageId: `urn:uuid:${randomUUID()}`,
    },
    systemId: invented.system(n),
    facilityId: invented.facility(n),
    patients: [invented.patient(n)],
    documents: [],
    result: 'success' as const,
    errors: [],
    waived: [],
    durationMs: 5,
  }
}
