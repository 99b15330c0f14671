// The review queue in SQL: pending questions with their records, answers, and the decisions that two records are different people.

import type pg from 'pg'
import type { IdentityTransaction, PendingReview } from '../../identity/ports.ts'
import type { Demographics } from '../../model/person.ts'
import { execute, query, queryOne, type Statement, sql } from '../sql.ts'
import { type IdentifierRow, identifierColumns, toIdentifier } from './reads.ts'

type ReviewWork = Pick<
  IdentityTransaction,
  'lockReview' | 'answerReview' | 'closeSettled' | 'keepApart' | 'keptApart' | 'allowTogether'
>

/** The part of an identity transaction that works on the queue. */
export function reviewWork(client: pg.ClientBase): ReviewWork {
  return {
    lockReview: (reviewId) => lockReview(client, reviewId),
    async answerReview(reviewId, { state, by, reason }) {
      await execute(
        client,
        sql`/* an answer of staff */
          update identity.review_item set state = ${state}, decided_at = now(), decided_by = ${by}, decision = ${reason}
          where review_id = ${reviewId}`,
      )
    },
    async closeSettled(person, by) {
      await execute(
        client,
        sql`/* questions about records that one person has by now */
          with own as materialized (select record_id from identity.identifier where person_key = ${person})
          update identity.review_item r set state = 'closed', decided_at = now(), decided_by = ${by}, decision = 'one person by now'
          where r.state in ('open', 'deferred') and r.record_a in (select record_id from own) and r.record_b in (select record_id from own)`,
      )
    },
    async keepApart(pairs, { by, reason }) {
      await execute(
        client,
        sql`/* different people */
          insert into identity.non_link (record_a, record_b, by, reason)
          select distinct least(a, b), greatest(a, b), ${by}, ${reason}
          from unnest(${pairs.map(([a]) => a)}::bigint[], ${pairs.map(([, b]) => b)}::bigint[]) as pair (a, b)
          where a <> b
          on conflict do nothing`,
      )
      await execute(
        client,
        sql`/* questions that are answered by that */
          update identity.review_item r set state = 'apart', decided_at = now(), decided_by = ${by}, decision = ${reason}
          from unnest(${pairs.map(([a]) => a)}::bigint[], ${pairs.map(([, b]) => b)}::bigint[]) as pair (a, b)
          where r.state in ('open', 'deferred') and r.record_a = least(a, b) and r.record_b = greatest(a, b)`,
      )
    },
    async keptApart(records, others) {
      const row = await queryOne(
        client,
        sql`/* did staff say that records are somebody else than these? */
          select 1 as apart from identity.non_link
          where (record_a = any(${records}::bigint[]) and record_b = any(${others}::bigint[]))
             or (record_b = any(${records}::bigint[]) and record_a = any(${others}::bigint[]))
          limit 1`,
      )
      return row !== undefined
    },
    async allowTogether(records) {
      await execute(
        client,
        sql`/* staff say otherwise now */
          delete from identity.non_link where record_a = any(${records}::bigint[]) and record_b = any(${records}::bigint[])`,
      )
    },
  }
}

/** Part of a WITH clause: whether a record says what its source said earlier is no question once the source has revised it. */
export function closeQuestion(records: Statement): Statement {
  return sql`settled as (
      update identity.review_item q
      set state = 'closed', decided_at = now(), decided_by = 'source', decision = 'revised by its source'
      from ${records} r where q.record_a = r.record_id and q.record_b is null and q.state in ('open', 'deferred'))`
}

interface ReviewRow {
  readonly reason: string
  readonly record_a: string
  readonly record_b: string | null
  readonly evidence: { readonly demographics?: Demographics; readonly received?: string } | null
}

/** The question first, then all numbers of their persons: what was joined may be parted, and what was apart joined. */
async function lockReview(client: pg.ClientBase, reviewId: string): Promise<PendingReview | undefined> {
  const row = await queryOne<ReviewRow>(
    client,
    sql`/* a pending question */
      select reason, record_a, record_b, evidence from identity.review_item
      where review_id = ${reviewId} and state in ('open', 'deferred') for update`,
  )
  if (row === undefined) return undefined
  await execute(
    client,
    sql`/* a pending question: lock the numbers of its persons */
      select from identity.identifier i
      where i.person_key in (select own.person_key from identity.identifier own where own.record_id in (${row.record_a}, ${row.record_b}))
      order by i.domain, i.value for update of i`,
  )
  const records = await query<IdentifierRow>(
    client,
    sql`/* records of a question */
      select ${identifierColumns()} from identity.identifier i
      where i.record_id in (${row.record_a}, ${row.record_b}) order by i.domain, i.value for update`,
  )
  const { demographics, received } = (row.record_b === null ? row.evidence : null) ?? {}
  return {
    reason: row.reason,
    records: records.map(toIdentifier),
    ...(demographics === undefined ? {} : { demographics }),
    ...(received === undefined ? {} : { received }),
  }
}
