// The first steps of a system, read from certificates and journal by index whatever their size (docs/onboarding.md).

import type pg from 'pg'
import type { First, LastRefusal, Progress, ProgressStore } from '../../access/onboarding/ports.ts'
import { type Queryable, query, queryOne, sql } from '../sql.ts'
import { type InvitedRow, invitedColumns, toInvited } from './invited-system.ts'

export function createProgressStore(pool: pg.Pool): ProgressStore {
  return { progress: (systemId, transactions) => progress(pool, systemId, transactions) }
}

async function progress(
  client: Queryable,
  systemId: string,
  transactions: readonly string[],
): Promise<Progress | undefined> {
  const system = await findInvited(client, systemId)
  if (system === undefined) return undefined
  const { first_at: firstAt, valid_to: validTo } = system
  const firsts = await firstExchanges(client, systemId, transactions)
  const lastRefusal = await findLastRefusal(client, systemId, transactions)
  return {
    system: toInvited(system),
    ...(firstAt === null ? {} : { certificate: { at: firstAt.toISOString() } }),
    ...(validTo === null ? {} : { validTo: validTo.toISOString() }),
    firsts,
    ...(lastRefusal === undefined ? {} : { lastRefusal }),
  }
}

interface CertifiedRow extends InvitedRow {
  readonly first_at: Date | null
  readonly valid_to: Date | null
}

function findInvited(client: Queryable, systemId: string): Promise<CertifiedRow | undefined> {
  return queryOne<CertifiedRow>(
    client,
    sql`/* system with its certificates in short */
      select ${invitedColumns()}, c.first_at, c.valid_to
      from access.system s join access.facility f using (facility_id)
      cross join lateral (select min(registered_at) as first_at, max(not_after) filter (where status = 'active') as valid_to
                          from access.client_certificate where system_id = s.system_id) c
      where s.system_id = ${systemId}`,
  )
}

type Dated<T> = Omit<T, 'at'> & { readonly at: Date }

function dated<T>({ at, ...row }: Dated<T>) {
  return { ...row, at: at.toISOString() }
}

async function firstExchanges(
  client: Queryable,
  systemId: string,
  transactions: readonly string[],
): Promise<readonly First[]> {
  const rows = await query<Dated<First>>(
    client,
    sql`/* first exchange of each kind; by exchange_system, one probe each */
      select k.transaction, r.result, f.at, f.exchange_id as journal
      from unnest(${transactions}::text[]) as k (transaction)
      cross join unnest(array['success', 'partial', 'failure']) as r (result)
      cross join lateral (select e.at, e.exchange_id from journal.exchange e
                          where e.system_id = ${systemId} and e.transaction = k.transaction and e.result = r.result
                          order by e.at at time zone 'UTC' limit 1) f`,
  )
  return rows.map(dated<First>)
}

async function findLastRefusal(
  client: Queryable,
  systemId: string,
  transactions: readonly string[],
): Promise<LastRefusal | undefined> {
  const row = await queryOne<Dated<LastRefusal>>(
    client,
    sql`/* newest refused exchange; by exchange_system, one probe each */
      select k.transaction, f.at, f.exchange_id as journal, f.errors
      from unnest(${transactions}::text[]) as k (transaction)
      cross join lateral (select e.at, e.exchange_id, e.errors from journal.exchange e
                          where e.system_id = ${systemId} and e.transaction = k.transaction and e.result = 'failure'
                          order by e.at at time zone 'UTC' desc limit 1) f
      order by f.at desc limit 1`,
  )
  return row === undefined ? undefined : dated<LastRefusal>(row)
}
