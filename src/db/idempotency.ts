// The row that makes sending again harmless: key and digest, inserted at the start of the business transaction (reliability rules).

import { execute, type Queryable, queryOne, sql } from './sql.ts'

export interface IdempotencyClaim {
  readonly scope: string
  readonly key: string
  readonly digest: string
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
        values (${claim.scope}, ${claim.key}, ${claim.digest}) on conflict do nothing`,
  )
  if (inserted === 1) return { kind: 'new' }
  const stored = await queryOne<StoredRow>(
    client,
    sql`/* idempotency answer */ select digest, response from journal.idempotency where scope = ${claim.scope} and key = ${claim.key}`,
  )
  return stored === undefined || stored.digest !== claim.digest
    ? { kind: 'other-content' }
    : { kind: 'replay', response: stored.response }
}

/** Keeps the positive answer for a resend. */
export async function completeClaim(client: Queryable, claim: IdempotencyClaim, response: unknown): Promise<void> {
  await execute(
    client,
    sql`/* idempotency complete */ update journal.idempotency set response = ${JSON.stringify(response)}
        where scope = ${claim.scope} and key = ${claim.key} and digest = ${claim.digest}`,
  )
}
