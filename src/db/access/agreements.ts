// Agreements on use beyond the network on PostgreSQL (idlink U-9, X-4): ended ones stay.

import type pg from 'pg'
import type { Agreement, AgreementStore, NewAgreement } from '../../access/administration/agreement-ports.ts'
import type { Change, Changed } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { changing, isThere, withoutNulls } from './changing.ts'

export function agreements(pool: pg.Pool): AgreementStore {
  return {
    agreements: async () =>
      (
        await query<Agreement>(
          pool,
          sql`/* agreements, the newest first */ select ${COLUMNS} from access.agreement order by agreement_id desc`,
        )
      ).map(withoutNulls),
    runningAgreements: (partner) => runningAgreements(pool, partner),
    addAgreement: (agreement, change) => transaction(pool, (client) => addAgreement(client, agreement, change)),
    endAgreement: (agreementId, change) =>
      changing(pool, change, (client) => endAgreement(client, agreementId, change)),
  }
}

const RUNNING = sql`ended_at is null and valid_from <= now() and valid_to > now()`

const COLUMNS = sql`agreement_id as "agreementId", title, union_id as "unionId", partner_community as "partnerCommunity",
  partner_union as "partnerUnion", direction, kinds, valid_from as "validFrom", valid_to as "validTo", evidence, recorded_at as "recordedAt",
  recorded_by as "recordedBy", ended_at as "endedAt", ended_by as "endedBy", end_reason as "endReason", ${RUNNING} as "isRunning"`

/** Agreements in force now; for the gateways, which let nothing pass without one. */
export async function runningAgreements(
  client: Queryable,
  partner?: { readonly community: string },
): Promise<readonly Agreement[]> {
  const community = partner?.community ?? null
  const rows = await query<Agreement>(
    client,
    sql`/* agreements in force */
      select ${COLUMNS} from access.agreement
      where ${RUNNING} and (${community}::text is null or partner_community = ${community}) order by agreement_id`,
  )
  return rows.map(withoutNulls)
}

async function addAgreement(
  client: Queryable,
  a: NewAgreement,
  change: Change,
): ReturnType<AgreementStore['addAgreement']> {
  const unions = [a.unionId, a.partnerUnion].filter((id) => id !== undefined)
  // The unions are locked, so that the same agreement sent twice at once stands once; without any, the network is.
  const known = await query(
    client,
    sql`select from access.facility_union where union_id = any(${unions}) order by union_id for no key update`,
  )
  if (known.length < unions.length) return { stored: 'missing' }
  await execute(client, sql`select from identity.domain where kind = 'community' for no key update`)
  const same = await queryOne<{ readonly agreementId: string }>(
    client,
    sql`/* the same agreement */
      select agreement_id as "agreementId" from access.agreement
      where title = ${a.title} and union_id is not distinct from ${a.unionId ?? null} and partner_community is not distinct from ${a.partnerCommunity ?? null}
        and partner_union is not distinct from ${a.partnerUnion ?? null} and direction = ${a.direction}
        and kinds is not distinct from ${a.kinds ?? null}::text[] and valid_from = ${a.validFrom} and valid_to = ${a.validTo}
        and evidence is not distinct from ${a.evidence ?? null} and ended_at is null`,
  )
  if (same !== undefined) return { stored: 'unchanged', ...same }
  const row = await queryOne<{ readonly agreementId: string }>(
    client,
    sql`/* a new agreement */
      insert into access.agreement (title, union_id, partner_community, partner_union, direction, kinds, valid_from, valid_to, evidence, recorded_by)
      values (${a.title}, ${a.unionId ?? null}, ${a.partnerCommunity ?? null}, ${a.partnerUnion ?? null}, ${a.direction}, ${a.kinds ?? null},
              ${a.validFrom}, ${a.validTo}, ${a.evidence ?? null}, ${change.by})
      returning agreement_id as "agreementId"`,
  )
  if (row === undefined) throw new Error('insert returned no row')
  await recordChange(client, {
    ...change,
    patients: [],
    operation: `${change.operation}: agreement ${row.agreementId}`,
  })
  return { stored: 'created', ...row }
}

async function endAgreement(client: Queryable, agreementId: string, change: Change): Promise<Changed> {
  const ended = await execute(
    client,
    sql`/* an agreement ends */
      update access.agreement set ended_at = now(), ended_by = ${change.by}, end_reason = ${change.reason ?? null}
      where agreement_id = ${agreementId} and ended_at is null`,
  )
  if (ended > 0) return 'changed'
  const there = await isThere(client, sql`select 1 as there from access.agreement where agreement_id = ${agreementId}`)
  return there ? 'unchanged' : 'missing'
}
