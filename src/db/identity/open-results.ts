// Results of patient demographics queries that wait for their next page (ITI TF-2 3.47.4.3).

import type pg from 'pg'
import type { OpenResult, OpenResults, ResultPage } from '../../identity/pdq-ports.ts'
import type { PersonKey } from '../../identity/ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import { execute, queryOne, sql } from '../sql.ts'

/** After its last use. */
const LIFE_MS = 10 * 60 * 1000
/** A system that opens more loses the one that it used longest ago. */
const MAX_OPEN = 50

interface PageRow {
  readonly persons: readonly PersonKey[]
  readonly scores: readonly number[]
  readonly start: number
  readonly total: number
  readonly query: string
  readonly domains: readonly Oid[]
}

export function openResults(pool: pg.Pool): OpenResults {
  return {
    open: (result, now) => open(pool, result, now),
    page: (asked, now) => page(pool, asked, now),
    async close(systemId, key, now) {
      const closed = await execute(
        pool,
        sql`delete from identity.open_result
          where system_id = ${systemId} and key = ${key} and used_at > ${expiredAt(now)}`,
      )
      return closed === 1
    },
  }
}

function expiredAt(now: Date): Date {
  return new Date(now.getTime() - LIFE_MS)
}

async function open(pool: pg.Pool, result: OpenResult, now: Date): Promise<void> {
  const { systemId, key, persons, next, pageSize, query, domains } = result
  await execute(
    pool,
    sql`/* open a result; whatever has expired goes, and of this system what is too much */
      with gone as (
        delete from identity.open_result o
        where o.used_at <= ${expiredAt(now)}
          or (o.system_id = ${systemId} and o.key <> ${key} and o.used_at <= (
            select used_at from identity.open_result f where f.system_id = ${systemId} and f.key <> ${key}
            order by used_at desc offset ${MAX_OPEN - 1} limit 1)))
      insert into identity.open_result (system_id, key, persons, scores, next, page_size, query, domains, used_at)
      values (${systemId}, ${key}, ${persons.map(({ person }) => person)}::bigint[], ${persons.map(({ score }) => score)}::smallint[],
              ${next}, ${pageSize}, ${query}, ${domains}, ${now})
      on conflict (system_id, key) do update
      set persons = excluded.persons, scores = excluded.scores, next = excluded.next, page_size = excluded.page_size,
          query = excluded.query, domains = excluded.domains, used_at = excluded.used_at`,
  )
}

async function page(
  pool: pg.Pool,
  asked: Parameters<OpenResults['page']>[0],
  now: Date,
): Promise<ResultPage | undefined> {
  const { systemId, key, start, quantity } = asked
  const row = await queryOne<PageRow>(
    pool,
    sql`/* the next page of a result: taken and moved on at once, so that no two messages get the same one */
      update identity.open_result o
      set next = least(was.start + was.size, cardinality(o.persons) + 1), page_size = was.size, used_at = ${now}
      from (select system_id, key, coalesce(${start ?? null}::integer, next) as start,
                   coalesce(${quantity ?? null}::integer, page_size) as size
            from identity.open_result
            where system_id = ${systemId} and key = ${key} and used_at > ${expiredAt(now)} for update) was
      where o.system_id = was.system_id and o.key = was.key
      returning o.persons[was.start:was.start + was.size - 1] as persons, o.scores[was.start:was.start + was.size - 1] as scores,
                was.start, cardinality(o.persons) as total, o.query, o.domains`,
  )
  if (row === undefined) return undefined
  const { persons, scores, ...result } = row
  return { ...result, persons: persons.map((person, index) => ({ person, score: scores[index] ?? 0 })) }
}
