// Subscriptions and their notifications in the hands of staff: each change and its audit event in one transaction (ITI TF-2 3.46, 3.10).

import type pg from 'pg'
import type {
  NotificationView,
  Subscription,
  SubscriptionChange,
  SubscriptionState,
  SubscriptionStore,
} from '../identity/subscription-ports.ts'
import { formatCx } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { addNotifyJobs } from './notification-job.ts'
import { reachedAgain, wakeFollowers } from './outbox.ts'
import { allowTime, transaction } from './pool.ts'
import { execute, type Queryable, query, queryOne, sql } from './sql.ts'
import { recordChange } from './staff-change.ts'
import { HASTENED_JOBS } from './waiting-jobs.ts'

const MAX_LISTED = 500

export function createSubscriptionStore(pool: pg.Pool): SubscriptionStore {
  return {
    subscriptions: () => listSubscriptions(pool),
    add: (subscription, change) =>
      changing(pool, change, async (client) => ({ result: await add(client, subscription), patients: [] })),
    setStatus: (given, change) =>
      changing(pool, change, async (client) => ({ result: await setStatus(client, given), patients: [] })),
    remove: (subscriptionId, change) =>
      changing(pool, change, async (client) => ({ result: await remove(client, subscriptionId), patients: [] })),
    notifications: (asked) => listNotifications(pool, asked),
    retry: (notificationId, change) => changing(pool, change, (client) => retry(client, notificationId)),
    skip: (notificationId, change) => changing(pool, change, (client) => skip(client, notificationId)),
  }
}

interface Done<Result> {
  readonly result: Result
  readonly patients: readonly string[]
}

async function changing<Result extends string>(
  pool: pg.Pool,
  change: SubscriptionChange,
  work: (client: Queryable) => Promise<Done<Result>>,
): Promise<Result> {
  return transaction(pool, async (client) => {
    const { result, patients } = await work(client)
    if (result === 'created' || result === 'changed') await recordChange(client, { ...change, patients })
    return result
  })
}

async function listSubscriptions(client: Queryable): Promise<readonly SubscriptionState[]> {
  const rows = await query<SubscriptionState>(
    client,
    sql`/* subscriptions and what waits for them */
      select s.subscription_id as "subscriptionId", s.system_id as "systemId", s.transaction, s.endpoint, s.device_oid as "deviceOid",
             s.receiving_application as "receivingApplication", s.receiving_facility as "receivingFacility", s.domains, s.status,
             s.paused_reason as "pausedReason", s.failures, s.retry_at as "retryAt", w.waiting, w.parked, w.oldest as "oldestAt"
      from identity.subscription s
      cross join lateral (
        select count(*) filter (where o.state = 'waiting')::int as waiting, count(*) filter (where o.state = 'parked')::int as parked,
               min(o.created_at) as oldest
        from jobs.outbox o where o.subscription_id = s.subscription_id and o.state in ('waiting', 'parked')) w
      order by s.subscription_id`,
  )
  return rows.map(withoutNulls)
}

async function add(
  client: Queryable,
  s: Subscription,
): Promise<'created' | 'unchanged' | 'conflict' | 'missing' | 'not a consumer'> {
  const system = await queryOne<{ readonly consumer: boolean }>(
    client,
    sql`/* may the system subscribe? */ select 'pix-consumer' = any(roles) as consumer from access.system where system_id = ${s.systemId}`,
  )
  if (system === undefined) return 'missing'
  if (!system.consumer) return 'not a consumer'
  const values = sql`${s.subscriptionId}::text as subscription_id, ${s.systemId}::text as system_id, ${s.transaction}::text as transaction,
      ${s.endpoint}::text as endpoint, ${s.deviceOid ?? null}::text as device_oid, ${s.receivingApplication ?? null}::text as receiving_application,
      ${s.receivingFacility ?? null}::text as receiving_facility, ${s.domains ?? null}::text[] as domains`
  const added = await execute(
    client,
    sql`/* new subscription */
      insert into identity.subscription (subscription_id, system_id, transaction, endpoint, device_oid, receiving_application,
                                         receiving_facility, domains)
      select ${values} on conflict do nothing`,
  )
  if (added === 1) return 'created'
  const same = await queryOne(
    client,
    sql`/* the same subscription? */
      select 1 as same from identity.subscription s, (select ${values}) g
      where s.subscription_id = g.subscription_id
        and (s.system_id, s.transaction, s.endpoint) = (g.system_id, g.transaction, g.endpoint)
        and (s.device_oid, s.receiving_application, s.receiving_facility, s.domains)
            is not distinct from (g.device_oid, g.receiving_application, g.receiving_facility, g.domains)`,
  )
  return same === undefined ? 'conflict' : 'unchanged'
}

async function setStatus(
  client: Queryable,
  { subscriptionId, status, pausedReason }: Pick<SubscriptionState, 'subscriptionId' | 'status' | 'pausedReason'>,
): Promise<'changed' | 'unchanged' | 'missing'> {
  const changed = await execute(
    client,
    sql`/* pause or resume */
      update identity.subscription set status = ${status}, paused_reason = ${pausedReason ?? null}
      where subscription_id = ${subscriptionId}
        and (status, paused_reason) is distinct from (${status}::text, ${pausedReason ?? null}::text)`,
  )
  if (changed === 1 && status === 'active') await resume(client, subscriptionId)
  if (changed === 1) return 'changed'
  const there = await queryOne(
    client,
    sql`select 1 as there from identity.subscription where subscription_id = ${subscriptionId}`,
  )
  return there === undefined ? 'missing' : 'unchanged'
}

/** The time of the pause is not held against what waited. The first of it leaves at once; what has no job then is given one by the sweep. */
async function resume(client: Queryable, subscriptionId: string): Promise<void> {
  await allowTime(client)
  const rows = await query<{ readonly person_key: string }>(
    client,
    sql`/* resumed: what waits is due from now on */
      with due as (
        update jobs.outbox set due_since = null where subscription_id = ${subscriptionId} and state = 'waiting' and due_since is not null)
      select distinct person_key from jobs.outbox where subscription_id = ${subscriptionId} and state = 'waiting'
      order by person_key limit ${HASTENED_JOBS}`,
  )
  await reachedAgain(client, subscriptionId)
  await addNotifyJobs(
    client,
    rows.map(({ person_key }) => ({ subscriptionId, person: person_key })),
  )
}

async function remove(client: Queryable, subscriptionId: string): Promise<'changed' | 'missing'> {
  const removed = await execute(
    client,
    sql`/* a subscription with all that waits for it */ delete from identity.subscription where subscription_id = ${subscriptionId}`,
  )
  return removed === 1 ? 'changed' : 'missing'
}

async function listNotifications(
  client: Queryable,
  { states, subscriptionId }: Parameters<SubscriptionStore['notifications']>[0],
): Promise<readonly NotificationView[]> {
  const rows = await query<NotificationView>(
    client,
    sql`/* notifications, the oldest first */
      select outbox_id as "notificationId", subscription_id as "subscriptionId", message_id as "messageId", state,
             jsonb_array_length(ids) as "idCount", created_at as "createdAt", attempts, parked_at as "parkedAt", ended_at as "endedAt",
             last_error as "lastError"
      from jobs.outbox
      where state = any(${states}) and (${subscriptionId ?? null}::text is null or subscription_id = ${subscriptionId ?? null})
      order by outbox_id limit ${MAX_LISTED}`,
  )
  return rows.map(withoutNulls)
}

interface Touched {
  readonly subscription_id: string
  readonly person_key: string
  readonly ids: readonly CorrespondingId[]
}

async function retry(client: Queryable, notificationId: string): Promise<Done<'changed' | 'conflict' | 'missing'>> {
  const row = await queryOne<Touched>(
    client,
    sql`/* send again */
      update jobs.outbox set state = 'waiting', parked_at = null, due_since = null
      where outbox_id = ${notificationId} and state in ('waiting', 'parked') returning subscription_id, person_key, ids`,
  )
  if (row === undefined) return { result: await isThere(client, notificationId), patients: [] }
  await reachedAgain(client, row.subscription_id)
  await addNotifyJobs(client, [pairOf(row)])
  return { result: 'changed', patients: row.ids.map(({ id }) => formatCx(id)) }
}

async function skip(client: Queryable, notificationId: string): Promise<Done<'changed' | 'conflict' | 'missing'>> {
  const row = await queryOne<Touched>(
    client,
    sql`/* never send */
      update jobs.outbox set state = 'skipped', ended_at = now()
      where outbox_id = ${notificationId} and state in ('waiting', 'parked') returning subscription_id, person_key, ids`,
  )
  if (row === undefined) return { result: await isThere(client, notificationId), patients: [] }
  await addNotifyJobs(client, [pairOf(row)])
  await wakeFollowers(client, notificationId)
  return { result: 'changed', patients: row.ids.map(({ id }) => formatCx(id)) }
}

function pairOf(row: Touched): { readonly subscriptionId: string; readonly person: string } {
  return { subscriptionId: row.subscription_id, person: row.person_key }
}

async function isThere(client: Queryable, notificationId: string): Promise<'conflict' | 'missing'> {
  const row = await queryOne(client, sql`select 1 as there from jobs.outbox where outbox_id = ${notificationId}`)
  return row === undefined ? 'missing' : 'conflict'
}

export interface QueueState {
  readonly subscriptionId: string
  readonly waiting: number
  readonly parked: number
  readonly oldestSeconds: number
}

/** For metrics: how much waits for whom, and for how long. */
export async function queueStates(client: Queryable): Promise<readonly QueueState[]> {
  return query<QueueState>(
    client,
    sql`/* metrics of notifications */
      select s.subscription_id as "subscriptionId", count(o.outbox_id) filter (where o.state = 'waiting')::int as waiting,
             count(o.outbox_id) filter (where o.state = 'parked')::int as parked,
             coalesce(extract(epoch from now() - min(o.created_at) filter (where o.state = 'waiting')), 0)::float8 as "oldestSeconds"
      from identity.subscription s
      left join jobs.outbox o on o.subscription_id = s.subscription_id and o.state in ('waiting', 'parked')
      group by s.subscription_id`,
  )
}

/** A column without a value is an absent member. */
function withoutNulls<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T
}
