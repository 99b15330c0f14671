// The review queue as staff work on it, in SQL: pages by risk, one question with what was decided before, claims, counts.

import type pg from 'pg'
import type {
  AdministrationStore,
  FormerDecision,
  ReviewCount,
  ReviewFilter,
  ReviewRow,
  ReviewState,
} from '../../identity/administration-ports.ts'
import type { PersonKey, RecordKey } from '../../identity/ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import { transaction } from '../pool.ts'
import { execute, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { named } from './person-views.ts'

type Queue = Pick<AdministrationStore, 'reviews' | 'review' | 'formerDecisions' | 'reviewCounts' | 'claimReview'>

export function reviewQueue(pool: pg.Pool): Queue {
  return {
    reviews: async (filter) => (await query<Row>(pool, pageOf(filter))).map(toRow),
    async review(reviewId) {
      const row = await queryOne<Row>(pool, sql`/* one question */ ${questions()} where r.review_id = ${reviewId}`)
      return row === undefined ? undefined : toRow(row)
    },
    formerDecisions: (review) => formerDecisions(pool, review),
    reviewCounts: async () => {
      const rows = await query<Omit<ReviewCount, 'count'> & { readonly count: string }>(pool, counted())
      return rows.map((row) => ({ ...row, count: Number(row.count) }))
    },
    claimReview: (reviewId, claim) =>
      transaction(pool, async (client) => {
        const { by, peer, release } = claim
        const wanted = release ? null : by
        const held = await queryOne<{ readonly claimed_by: string | null }>(
          client,
          sql`/* claim of a question */ select claimed_by from identity.review_item
              where review_id = ${reviewId} and state in ('open', 'deferred') for update`,
        )
        if (held === undefined) return 'missing'
        if (held.claimed_by !== null && held.claimed_by !== by) return { taken: held.claimed_by }
        if (held.claimed_by === wanted) return 'unchanged'
        await execute(client, sql`update identity.review_item set claimed_by = ${wanted} where review_id = ${reviewId}`)
        const operation = `review ${reviewId}: ${release ? 'claim released' : 'claimed'}`
        await recordChange(client, { by, peer, operation, patients: [] })
        return 'changed'
      }),
  }
}

interface Row {
  readonly review_id: string
  readonly state: ReviewState
  readonly reason: string
  readonly score: number | null
  readonly opened_at: Date
  readonly claimed_by: string | null
  readonly decided_at: Date | null
  readonly decided_by: string | null
  readonly decision: string | null
  readonly evidence: unknown
  readonly records: readonly {
    readonly record: RecordKey
    readonly person: PersonKey
    readonly domain: Oid
    readonly value: string
  }[]
}

function questions(): Statement {
  return sql`
    select r.review_id, r.state, r.reason, r.score, r.opened_at, r.claimed_by, r.decided_at, r.decided_by, r.decision, r.evidence,
           (select coalesce(jsonb_agg(jsonb_build_object('record', i.record_id::text, 'person', i.person_key::text,
                                                         'domain', i.domain, 'value', i.value) order by i.record_id), '[]')
            from identity.identifier i where i.record_id in (r.record_a, r.record_b)) as records
    from identity.review_item r`
}

/** Sorted by the risk of the reason, then the best score first; the last row of the page before says where to go on. */
function pageOf({ state, reason, risks, limit, after }: ReviewFilter): Statement {
  return sql`/* the queue */
    with ranked as materialized (
      select review_id, coalesce(array_position(${risks}::text[], reason), ${risks.length + 1}::integer) as risk,
             coalesce(-score, 'infinity'::real) as place
      from identity.review_item
      where state = ${state} and (${reason ?? null}::text is null or reason = ${reason ?? null}))
    ${questions()} join ranked on ranked.review_id = r.review_id
    where ${after ?? null}::bigint is null
       or (ranked.risk, ranked.place, ranked.review_id) > (
         select coalesce(array_position(${risks}::text[], reason), ${risks.length + 1}::integer), coalesce(-score, 'infinity'::real), review_id
         from identity.review_item where review_id = ${after ?? null}::bigint)
    order by ranked.risk, ranked.place, ranked.review_id limit ${limit}`
}

function toRow(row: Row): ReviewRow {
  return {
    reviewId: row.review_id,
    state: row.state,
    reason: row.reason,
    ...named('score', row.score),
    openedAt: row.opened_at.toISOString(),
    ...named('claimedBy', row.claimed_by),
    ...named('decidedAt', row.decided_at?.toISOString()),
    ...named('decidedBy', row.decided_by),
    ...named('decision', row.decision),
    records: row.records.map(({ record, person, domain, value }) => ({
      record,
      person,
      id: { value, authority: domain },
    })),
    ...named('evidence', row.evidence),
  }
}

async function formerDecisions(pool: pg.Pool, { reviewId, records }: ReviewRow): Promise<readonly FormerDecision[]> {
  const [first, second] = records
  if (first === undefined || second === undefined) return []
  const rows = await query<Omit<FormerDecision, 'at' | 'reviewId'> & { review_id: string | null; at: Date }>(
    pool,
    sql`/* what was decided about these two before */
      select review_id, state, decided_at as at, decided_by as by, decision as reason from identity.review_item
      where record_a = ${first.record} and record_b = ${second.record} and decided_at is not null and review_id <> ${reviewId}
      union all
      select null, 'apart', at, by, reason from identity.non_link where record_a = ${first.record} and record_b = ${second.record}
      order by at`,
  )
  return rows.map(({ review_id, at, ...decision }) => ({
    ...decision,
    at: at.toISOString(),
    ...named('reviewId', review_id),
  }))
}

function counted(): Statement {
  return sql`/* counts of the queue */
    select state, reason,
           case when opened_at > now() - interval '1 day' then 'day' when opened_at > now() - interval '7 days' then 'week'
                when opened_at > now() - interval '30 days' then 'month' else 'older' end as age,
           count(*) as count
    from identity.review_item group by 1, 2, 3 order by 1, 2, 3`
}
