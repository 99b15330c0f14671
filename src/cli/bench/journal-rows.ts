// Invented exchanges by the million, over the months before now, written by the database itself.

import type pg from 'pg'
import { errorTable } from '../../../profiles/errors/index.ts'
import { monthStart } from '../../db/journal/months.ts'
import { makeMonths } from '../../db/partitions.ts'
import { execute, type Queryable, sql } from '../../db/sql.ts'

export interface JournalSize {
  readonly rows: number
  readonly months: number
  readonly now: Date
}

const SYSTEMS = 200
const PATIENTS = 10_000
const ROWS_A_STATEMENT = 50_000

/** Name of an invented system, patient, document: the same for the same number. */
export const invented = {
  system: (n: number): string => `bench-system-${n % SYSTEMS}`,
  facility: (n: number): string => `bench-facility-${(n % SYSTEMS) % 100}`,
  patient: (n: number): string => `${String(n % PATIENTS).padStart(10, '0')}^^^&2.25.77&ISO`,
  document: (n: number): string => `2.25.77.9.${n}`,
  messageId: (n: number): string => `urn:uuid:bench-message-${n}`,
}

/** The n-th entry stands at the n-th part of the time; every system, patient and document is spread over all of it. */
export async function fillJournal(pool: pg.Pool, size: JournalSize): Promise<void> {
  const begin = new Date(monthsBefore(size.now, size.months))
  await makeSystems(pool)
  for (let month = begin; month <= size.now; month = nextMonth(month))
    await makeMonths(pool, ['journal.exchange'], month)
  const stepMs = (size.now.getTime() - begin.getTime()) / size.rows
  for (let from = 0; from < size.rows; from += ROWS_A_STATEMENT)
    await writeRows(pool, { from, to: Math.min(from + ROWS_A_STATEMENT, size.rows) - 1, begin, stepMs })
  await execute(pool, sql`analyze journal.exchange`)
}

function monthsBefore(now: Date, months: number): number {
  let start = monthStart(now)
  for (let n = 1; n < months; n += 1) start = monthStart(new Date(start.getTime() - 1))
  return start.getTime()
}

function nextMonth(month: Date): Date {
  const LONGER_THAN_A_MONTH_MS = 32 * 86_400_000
  return monthStart(new Date(month.getTime() + LONGER_THAN_A_MONTH_MS))
}

async function makeSystems(client: Queryable): Promise<void> {
  await execute(
    client,
    sql`insert into identity.domain (oid, name, kind)
      select case when n = 0 then '2.25.77' else '2.25.79.' || n end, 'bench', 'community' from generate_series(0, 99) n`,
  )
  await execute(
    client,
    sql`insert into access.facility (facility_id, oid, name, kind) select 'bench-facility-' || n, '2.25.78.' || n, 'bench', 'viewing-only' from generate_series(0, 99) n`,
  )
  await execute(
    client,
    sql`insert into access.system (system_id, facility_id, roles)
      select 'bench-system-' || n, 'bench-facility-' || n % 100, '{document-consumer}' from generate_series(0, ${SYSTEMS - 1}::int) n`,
  )
}

interface Rows {
  readonly from: number
  readonly to: number
  readonly begin: Date
  readonly stepMs: number
}

/** Sixteen in a hundred deliver documents, three are refused; one transaction is as good as never seen. */
async function writeRows(client: Queryable, { from, to, begin, stepMs }: Rows): Promise<void> {
  const codes = errorTable.map(({ code }) => code)
  await execute(
    client,
    sql`/* invented exchanges */
      insert into journal.exchange (exchange_id, at, door, endpoint, transaction, message_id, system_id, facility_id, peer, patients, documents, result,
                                    error_codes, errors, duration_ms, request_bytes, response_bytes)
      select (lpad(to_hex((extract(epoch from r.at) * 1000)::bigint), 12, '0') || '7' || substr(r.random, 1, 3) || '8' || substr(r.random, 4, 15))::uuid,
        r.at, 'https', '/xds/registry',
        case when n % 10000 = 7 then 'ITI-62' when kind < 45 then 'ITI-18' when kind < 70 then 'ITI-45' when kind < 86 then 'ITI-43' else 'StoreClient push' end,
        'urn:uuid:bench-message-' || n, 'bench-system-' || system, 'bench-facility-' || system % 100, '192.0.2.7:50000',
        array[lpad((hashint8(n + 1) & 2147483647) % ${PATIENTS}::int || '', 10, '0') || '^^^&2.25.77&ISO'],
        case when kind between 70 and 85 then array['2.25.77.9.' || n] || case when n % 7 = 0 then array['2.25.77.9.' || n || '.2'] else '{}' end else '{}' end,
        case when refused then 'failure' when warned then 'partial' else 'success' end,
        case when refused or warned then array[code] else '{}' end,
        case when refused or warned then jsonb_build_array(jsonb_build_object('code', code, 'blame', 'caller', 'retry', 'never')) else '[]' end,
        kind, 2000, 4000
      from (
        select n, ${begin}::timestamptz + n * ${stepMs}::float8 * interval '1 millisecond' as at, md5(n::text) as random,
          (hashint8(n) & 2147483647) % 100 as kind, (hashint8(n + 2) & 2147483647) % ${SYSTEMS}::int as system,
          (hashint8(n + 3) & 2147483647) % 1000 < 27 as refused, (hashint8(n + 3) & 2147483647) % 1000 between 27 and 29 as warned,
          (${codes}::text[])[1 + (hashint8(n + 4) & 2147483647) % ${codes.length}::int] as code
        from generate_series(${from}::bigint, ${to}::bigint) n) r`,
  )
}
