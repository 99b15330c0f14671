// Gives match features to records that were there before them, or have features of another version; it links nobody.

import type pg from 'pg'
import { refold } from '../../identity/match.ts'
import { FOLD_VERSION, type MatchFeatures } from '../../identity/matching/features.ts'
import { REGISTRATION } from '../../identity/registration.ts'
import type { Demographics } from '../../model/person.ts'
import { execute, named, queryOne, type Statement, sql } from '../sql.ts'
import { fill, isSourcesWord } from './fill.ts'
import { keepFeatures } from './matching.ts'

const LOCK = 7_305_112_845_920_073n

/** As {@link fill}. */
export function fillMatchFeatures(pool: pg.Pool, signal: AbortSignal): Promise<number> {
  const wanting = sql`i.demographics is not null and not exists (
    select from identity.match_record m where m.record_id = i.record_id and m.version = ${FOLD_VERSION})`
  const progress = sql`identity.match_fill`
  return fill(pool, { lock: LOCK, progress, version: FOLD_VERSION, wanting, fillRecord }, signal)
}

interface Unfolded {
  readonly demographics: Demographics
  /** Of another version. */
  readonly features: MatchFeatures | null
}

/** The number is locked before it is read, as a feed locks it: what a source says meanwhile waits, and is not overwritten by what it said. */
async function fillRecord(client: pg.ClientBase, recordId: string): Promise<boolean> {
  await execute(client, sql`set local synchronous_commit = off`)
  await execute(client, sql`select from identity.identifier where record_id = ${recordId} for update`)
  const record = await queryOne<Unfolded>(
    client,
    sql`select i.demographics, m.features
      from identity.identifier i
      join identity.domain home on home.oid = i.domain
      left join identity.match_record m on m.record_id = i.record_id
      where i.record_id = ${recordId} and i.demographics is not null and m.version is distinct from ${FOLD_VERSION}
        and home.kind <> 'affinity' and (m.record_id is not null or (i.status = 'active' and ${isOwnWord()}))`,
  )
  if (record === undefined) return false
  const own = sql`own as (select ${recordId}::bigint as record_id)`
  const folded = refold(record.demographics, record.features ?? undefined)
  await execute(client, sql`with ${own}, ${keepFeatures(named('own'), folded)} select from own`)
  return true
}

/**
 * Identifier `i` says something of its own: what its source said, or what staff said who registered the person. Any other affinity
 * domain id of ours was issued to a number that was fed or that left another person, and carries a copy.
 */
function isOwnWord(): Statement {
  return sql`(${isSourcesWord(sql`i`)} or exists (
    select from identity.identifier_history h
    where h.domain = i.domain and h.value = i.value and h.event = 'add' and h.reason = ${REGISTRATION}))`
}
