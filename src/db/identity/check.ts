// The invariants of the index, looked for in SQL: each names what must never be, and finds it where it is.

import type pg from 'pg'
import type { CheckResult } from '../../identity/administration-ports.ts'
import { query, type Statement, sql } from '../sql.ts'
import { scanning } from './scan.ts'

const EXAMPLES = 10

interface Invariant {
  readonly invariant: string
  /** Rows that violate it, one column `example`. */
  readonly violations: () => Statement
}

const INVARIANTS: readonly Invariant[] = [
  {
    invariant: 'every active number belongs to a person who was not merged away',
    violations: () => sql`
      select ${cx('i')} as example from identity.identifier i join identity.person p using (person_key)
      where i.status = 'active' and p.merged_into is not null`,
  },
  {
    invariant: 'no person has two numbers of which staff decided that they are different people',
    violations: () => sql`
      select ${cx('a')} || ' / ' || ${cx('b')} as example from identity.non_link n
      join identity.identifier a on a.record_id = n.record_a and a.status = 'active'
      join identity.identifier b on b.record_id = n.record_b and b.status = 'active'
      where a.person_key = b.person_key`,
  },
  {
    invariant: 'a second number of one domain is with a person only by a decision of staff or of its source',
    violations: () => sql`
      select ${cx('i')} as example from identity.identifier i
      where i.status = 'active' and i.second and i.link = 'auto'`,
  },
  {
    invariant: 'a replaced number names the one that stands for it now, which exists and is not replaced itself',
    violations: () => sql`
      select ${cx('i')} as example from identity.identifier i
      left join identity.identifier s on s.domain = i.domain and s.value = i.survivor
      where i.survivor is not null and (s.value is null or s.survivor is not null or s.person_key <> i.person_key)`,
  },
  {
    invariant: 'merges of persons end at a person who is there',
    violations: () => sql`
      select walk.start::text as example from (
        with recursive chain (start, person_key) as (
          select person_key, merged_into from identity.person where merged_into is not null
          union all
          select c.start, p.merged_into from chain c join identity.person p using (person_key) where p.merged_into is not null)
        cycle person_key set is_circle using way
        select start from chain where is_circle group by start) as walk`,
  },
  {
    invariant: 'a record is found under the blocking keys that are kept with it, and under no others',
    violations: () => sql`
      select ${cx('i')} as example from identity.match_record m join identity.identifier i using (record_id)
      where exists (select from unnest(m.keys) as own (key)
                    where not exists (select from identity.match_key k where k.key = own.key and k.record_id = m.record_id))
      union all
      select 'record ' || k.record_id from identity.match_key k
      where not exists (select from identity.match_record m where m.record_id = k.record_id and k.key = any(m.keys))`,
  },
  {
    invariant: 'the history of every active number ends with the person whom it belongs to',
    violations: () => sql`
      select ${cx('i')} as example from identity.identifier i
      left join lateral (
        select h.person_key from identity.identifier_history h where h.domain = i.domain and h.value = i.value
        order by h.history_id desc limit 1) as last on true
      where i.status = 'active' and last.person_key is distinct from i.person_key`,
  },
]

/** Patient number in CX form, of the identifier of this alias. */
function cx(alias: 'i' | 'a' | 'b'): Statement {
  const texts = {
    i: sql`i.value || '^^^&' || i.domain || '&ISO'`,
    a: sql`a.value || '^^^&' || a.domain || '&ISO'`,
    b: sql`b.value || '^^^&' || b.domain || '&ISO'`,
  }
  return texts[alias]
}

/** All in one state of the database, so that what changes meanwhile is no violation. */
export function checkInvariants(pool: pg.Pool): Promise<readonly CheckResult[]> {
  return scanning(pool, async (client) => {
    const results: CheckResult[] = []
    for (const { invariant, violations } of INVARIANTS) {
      const rows = await query<{ readonly example: string; readonly total: number }>(
        client,
        sql`/* an invariant of the index */
          select example, count(*) over ()::integer as total from (${violations()}) as violation limit ${EXAMPLES}`,
      )
      results.push({ invariant, violations: rows[0]?.total ?? 0, examples: rows.map(({ example }) => example) })
    }
    return results
  })
}
