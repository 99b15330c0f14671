// Search in the journal, the newest first: by the index of what is rarest among the criteria, month by month within a time budget (docs/adr/0039).

import type pg from 'pg'
import type { JournalError } from '../../journal/entry.ts'
import {
  cursorBefore,
  type JournalPage,
  type JournalPlace,
  type JournalQuery,
  type JournalReader,
  type JournalRecord,
  placeBefore,
  placeOfCursor,
} from '../../journal/search.ts'
import { formatCx, type Oid } from '../../model/identifiers.ts'
import { type Queryable, query, queryOne, sql } from '../sql.ts'
import { monthsBack, type Window } from './months.ts'
import { type Driver, driverOf, glanceOf, isOfAllSystems, pageOf } from './plans.ts'

/** After so long the months that are left are for the next page. */
const BUDGET_MS = 2000

export function createJournalReader(pool: pg.Pool): JournalReader {
  return {
    search: (asked) => search(pool, asked),
    find: async (exchangeId) => {
      const row = await queryOne<Row>(
        pool,
        sql`/* journal entry; by the primary key of each month */ select e.*, '0' as micros from journal.exchange e where e.exchange_id = ${exchangeId}`,
      )
      return row === undefined ? undefined : toRecord(row)
    },
  }
}

async function search(pool: pg.Pool, asked: JournalQuery): Promise<JournalPage> {
  const started = performance.now()
  const { limit } = asked
  const driver = driverOf(asked.criteria, await patientsOf(pool, asked.criteria.patient))
  const rows: Row[] = []
  for await (const window of windowsOf(pool, driver, asked)) {
    rows.push(...(await readPage(pool, driver, { window, limit: limit + 1 - rows.length })))
    if (rows.length > limit) return { entries: rows.slice(0, limit).map(toRecord), next: cursorOf(rows[limit - 1]) }
    if (performance.now() - started > BUDGET_MS && window.from !== undefined && window.isLast === 'no')
      return { entries: rows.map(toRecord), next: cursorBefore(window.from), searchedBackTo: window.from }
  }
  return { entries: rows.map(toRecord) }
}

async function readPage(
  pool: pg.Pool,
  driver: Driver,
  page: { readonly window: Window; readonly limit: number },
): Promise<readonly Row[]> {
  const glanced = isOfAllSystems(driver) ? await query<Row>(pool, glanceOf(driver, page)) : []
  return glanced.length === page.limit ? glanced : query<Row>(pool, pageOf(driver, page))
}

async function* windowsOf(pool: pg.Pool, driver: Driver, { criteria, after }: JournalQuery): AsyncGenerator<Window> {
  const { from, to } = criteria
  const before = startOf({ to, after })
  if (driver.months === 'at once') {
    yield { ...(from === undefined ? {} : { from }), before, isLast: 'yes' }
    return
  }
  const oldest = await queryOne<{ at: Date }>(
    pool,
    sql`/* oldest journal entry; by exchange_at of each month */ select at from journal.exchange order by at limit 1`,
  )
  if (oldest === undefined) return
  yield* monthsBack({ before, from: from === undefined || from < oldest.at ? oldest.at : from, now: new Date() })
}

function startOf({ to, after }: { readonly to: Date | undefined; readonly after: string | undefined }) {
  const place = after === undefined ? undefined : placeOfCursor(after)
  if (to === undefined) return place
  const end: JournalPlace = placeBefore(to)
  return place === undefined || new Date(place.at) > to ? end : place
}

/** A number without its domain is looked for in every domain. */
async function patientsOf(client: Queryable, patient: string | undefined): Promise<readonly string[]> {
  if (patient === undefined) return []
  if (patient.includes('^')) return [patient]
  const domains = await query<{ oid: Oid }>(
    client,
    sql`/* domains of patient numbers */ select oid from identity.domain`,
  )
  return domains.map(({ oid }) => formatCx({ value: patient, authority: oid }))
}

interface Row {
  readonly exchange_id: string
  readonly at: Date
  readonly micros: string
  readonly door: string
  readonly endpoint: string
  readonly transaction: string
  readonly message_id: string | null
  readonly system_id: string | null
  readonly facility_id: string | null
  readonly peer: string
  readonly patients: readonly string[]
  readonly documents: readonly string[]
  readonly result: JournalRecord['result']
  readonly errors: readonly JournalError[]
  readonly waived: readonly string[]
  readonly duration_ms: number
  readonly timings: Readonly<Record<string, number>> | null
  readonly request_bytes: string
  readonly response_bytes: string | null
}

function cursorOf(row: Row | undefined): string {
  return row === undefined ? '' : `${row.micros}.${row.exchange_id}`
}

function toRecord(row: Row): JournalRecord {
  return {
    exchangeId: row.exchange_id,
    at: row.at,
    door: row.door,
    endpoint: row.endpoint,
    transaction: row.transaction,
    peer: row.peer,
    patients: row.patients,
    documents: row.documents,
    result: row.result,
    errors: row.errors,
    waived: row.waived,
    durationMs: row.duration_ms,
    requestBytes: Number(row.request_bytes),
    ...(row.message_id === null ? {} : { messageId: row.message_id }),
    ...(row.system_id === null ? {} : { systemId: row.system_id }),
    ...(row.facility_id === null ? {} : { facilityId: row.facility_id }),
    ...(row.timings === null ? {} : { timings: row.timings }),
    ...(row.response_bytes === null ? {} : { responseBytes: Number(row.response_bytes) }),
  }
}
