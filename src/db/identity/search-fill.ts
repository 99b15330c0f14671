// Brings records that were there before their search keys, or have keys of another version, into the search.

import type pg from 'pg'
import { SEARCH_VERSION, searchEntry } from '../../identity/search-keys.ts'
import type { Demographics } from '../../model/person.ts'
import { execute, named, queryOne, sql } from '../sql.ts'
import { fill, isSourcesWord } from './fill.ts'
import { addSearchKeys } from './search.ts'

const LOCK = 7_305_112_845_920_072n

/** As {@link fill}. */
export function fillSearchKeys(pool: pg.Pool, signal: AbortSignal): Promise<number> {
  const progress = sql`identity.search_fill`
  return fill(pool, { lock: LOCK, progress, version: SEARCH_VERSION, fillRecord }, signal)
}

/**
 * First the old keys go, then the record is read, then its keys are written: a change of the record meanwhile leaves keys too many,
 * which only cost a look, and never too few. A copy that an affinity domain id carries is left out.
 */
async function fillRecord(client: pg.ClientBase, recordId: string): Promise<boolean> {
  await execute(client, sql`set local synchronous_commit = off`)
  await execute(client, sql`delete from identity.search_key where record_id = ${recordId}`)
  const record = await queryOne<{ readonly demographics: Demographics }>(
    client,
    sql`select demographics from identity.identifier i
      where record_id = ${recordId} and demographics is not null
        and (${isSourcesWord(sql`i`)} or not exists (
          select from identity.identifier o
          where o.person_key = i.person_key and o.demographics is not null and ${isSourcesWord(sql`o`)}))`,
  )
  if (record === undefined) return false
  const own = sql`own as (select ${recordId}::bigint as record_id)`
  await execute(
    client,
    sql`with ${own}, ${addSearchKeys(named('own'), searchEntry(record.demographics))} select from own`,
  )
  return true
}
