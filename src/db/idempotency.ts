// The row that makes sending again harmless: key and digest, inserted at the start of the business transaction (reliability rules).

import { createHash } from 'node:crypto'
import { execute, type Queryable, queryOne, type Statement, sql } from './sql.ts'

export interface IdempotencyClaim {
  readonly scope: string
  readonly key: string
  readonly digest: string
}

/** An index row holds 2704 bytes; senders choose their message ids, so a longer one is kept as its digest. */
const MAX_KEY_LENGTH = 256

/** How a message id is kept: a longer one as its digest. */
export function storedKey(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : `sha256 ${createHash('sha256').update(key).digest('hex')}`
}

/** As storedKey, of a column. */
export function storedKeyOf(key: Statement): Statement {
  return sql`case when length(${key}) <= ${MAX_KEY_LENGTH} then ${key} else 'sha256 ' || encode(sha256(convert_to(${key}, 'UTF8')), 'hex') end`
}

export type ClaimResult =
  | { readonly kind: 'new' }
  | { readonly kind: 'replay'; readonly response: unknown }
  | { readonly kind: 'other-content' }

interface StoredRow {
  readonly digest: string
  readonly response: unknown
}

/**
 * Takes the claim, or tells what an earlier message with the same key got. A copy that is being processed elsewhere is
 * waited for, because its row is locked until its transaction ends.
 * @throws {IheError} BUSY when that takes longer than the lock time-out.
 */
export async function takeClaim(client: Queryable, claim: IdempotencyClaim): Promise<ClaimResult> {
  const inserted = await execute(
    client,
    sql`/* idempotency claim */ insert into journal.idempotency (scope, key, digest)
        values (${claim.scope}, ${storedKey(claim.key)}, ${claim.digest}) on conflict do nothing`,
  )
  if (inserted === 1) return { kind: 'new' }
  const stored = await queryOne<StoredRow>(
    client,
    sql`/* idempotency answer */ select digest, response from journal.idempotency where scope = ${claim.scope} and key = ${storedKey(claim.key)}`,
  )
  return stored === undefined || stored.digest !== claim.digest
    ? { kind: 'other-content' }
    : { kind: 'replay', response: stored.response }
}

/** The claim with its answer as part of a writing statement; a unique violation (23505) means another copy was first. */
export function claimPart(claim: IdempotencyClaim, response: unknown): Statement {
  return claimsPart([claim], response)
}

/** Claims that get the same answer, as claimPart. */
export function claimsPart(claims: readonly IdempotencyClaim[], response: unknown): Statement {
  const [scopes, keys, digests] = [
    claims.map(({ scope }) => scope),
    claims.map(({ key }) => storedKey(key)),
    claims.map(({ digest }) => digest),
  ]
  return sql`claim as (
      insert into journal.idempotency (scope, key, digest, response)
      select c.scope, c.key, c.digest, ${JSON.stringify(response)}::jsonb
      from unnest(${scopes}::text[], ${keys}::text[], ${digests}::text[]) as c (scope, key, digest))`
}

/** What an earlier message with this key got, as a column over parameters alone; null when there was none. */
export function claimColumn(claim: Pick<IdempotencyClaim, 'scope' | 'key'> | undefined): Statement {
  return sql`(select jsonb_build_object('digest', r.digest, 'response', r.response) from journal.idempotency r
              where r.scope = ${claim?.scope ?? null} and r.key = ${claim === undefined ? null : storedKey(claim.key)})`
}

export interface StoredClaim {
  readonly digest: string
  readonly response: unknown
}

export function claimResult(stored: StoredClaim | null | undefined, claim: IdempotencyClaim | undefined): ClaimResult {
  if (stored === null || stored === undefined || claim === undefined) return { kind: 'new' }
  return stored.digest === claim.digest ? { kind: 'replay', response: stored.response } : { kind: 'other-content' }
}

/** As completeClaim, as a part of a statement. */
export function completionPart(claim: IdempotencyClaim, response: unknown): Statement {
  return sql`completion as (
      update journal.idempotency set response = ${JSON.stringify(response)}::jsonb
      where scope = ${claim.scope} and key = ${storedKey(claim.key)} and digest = ${claim.digest})`
}

/** Keeps the positive answer for a resend. */
export async function completeClaim(client: Queryable, claim: IdempotencyClaim, response: unknown): Promise<void> {
  await execute(
    client,
    sql`/* idempotency complete */ update journal.idempotency set response = ${JSON.stringify(response)}
        where scope = ${claim.scope} and key = ${storedKey(claim.key)} and digest = ${claim.digest}`,
  )
}

/** A message that comes again after so long is taken for a new one (reliability rules, 3). */
const KEPT = '30 days'
/** Hospitals send a year's documents again when they change their systems, and import their storages anew. */
const KEPT_OF_DOCUMENTS = '400 days'
const FORGOTTEN_AT_ONCE = 2000

/** Some rows whose time is over, the oldest first. @returns how many; none when there is nothing left to forget. */
export async function forgetClaims(client: Queryable): Promise<number> {
  const short = await execute(
    client,
    sql`/* claims that are over; by idempotency_short */
      delete from journal.idempotency where (scope, key) in (
        select scope, key from journal.idempotency
        where created_at < now() - ${KEPT}::interval and scope not like 'storeclient:%' and scope not like 'storage:%'
        order by created_at limit ${FORGOTTEN_AT_ONCE})`,
  )
  const long = await execute(
    client,
    sql`/* claims of documents that are over; by idempotency_created */
      delete from journal.idempotency where (scope, key) in (
        select scope, key from journal.idempotency
        where created_at < now() - ${KEPT_OF_DOCUMENTS}::interval order by created_at limit ${FORGOTTEN_AT_ONCE})`,
  )
  return short + long
}
