// The outbox of notifications: what leaves next, how attempts end, and what a crash left behind (reliability: outbox).

import type pg from 'pg'
import type { Notification, NotifyPorts, Sent, Settlement } from '../identity/notify.ts'
import type { Caller, CallingSystem } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Result } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { findSystemsById } from './access-store.ts'
import type { AnnouncerRules } from './announcement.ts'
import { type ExchangeRows, writeExchangeRows } from './exchange-recorder.ts'
import { addNotifyJobs, NOTIFY_TASK, type NotifyPair } from './notification-job.ts'
import { transaction } from './pool.ts'
import { execute, type Queryable, query, queryOne, sql } from './sql.ts'
import { stillToTell } from './still-to-tell.ts'
import { hastenJobs } from './waiting-jobs.ts'

export interface OutboxOptions {
  readonly pool: pg.Pool
  /** Those by which the sets were composed. */
  readonly rules: AnnouncerRules
  /** Audit and journal of an attempt, made by the composition root. */
  readonly rowsOf: (
    caller: Caller,
    outcome: {
      readonly result: Result
      readonly errors: readonly IheError[]
      readonly evidence: Evidence
      readonly responseBytes?: number
    },
    reason: string,
  ) => ExchangeRows
  /** The error that stands in the journal for an attempt that was not accepted. */
  readonly errorOf: (notification: Notification, settlement: Settlement) => IheError
}

export function createOutbox(options: OutboxOptions): Pick<NotifyPorts, 'take' | 'settle'> {
  return {
    take: async (pair) => {
      for (;;) {
        const taken = await transaction(options.pool, (client) => take(client, pair, options.rules))
        if (taken !== 'skipped') return taken
      }
    },
    settle: (notification, settlement, sent) =>
      transaction(options.pool, (client) => settle(client, { notification, settlement, sent, options })),
  }
}

interface OpenRow {
  readonly outbox_id: string
  readonly message_id: string
  readonly ids: readonly CorrespondingId[]
  readonly created_at: Date
  readonly attempts: number
  readonly due_ms: number
  readonly system_id: string
  readonly transaction: 'ITI-46' | 'ITI-10'
  readonly endpoint: string
  readonly device_oid: string | null
  readonly receiving_application: string | null
  readonly receiving_facility: string | null
  readonly failures: number
  readonly rest_ms: number
  readonly turn: 'parked' | 'stopped' | 'behind' | 'resting' | 'ready'
}

/** A row of which nothing may be told any more: the next one of the pair has its turn. */
type Taken = Notification | 'skipped' | undefined

/**
 * The oldest open row of the pair, its attempt counted before anything leaves: what may have reached the subscriber is never
 * coalesced away. A parked row holds back its own pair only; a set that came of a split or a join waits for older sets of the
 * other persons. It may be days old, so what its subscriber may know is asked again.
 */
async function take(client: Queryable, pair: NotifyPair, rules: AnnouncerRules): Promise<Taken> {
  await lockTold(client, pair)
  const row = await oldestOpen(client, pair)
  if (row === undefined) return undefined
  if (row.turn === 'resting') {
    await count(client, row.outbox_id, 0)
    await addNotifyJobs(client, [pair], row.rest_ms)
  }
  if (row.turn !== 'ready') return undefined
  const asked = { systemIds: [row.system_id], networkMode: rules.networkMode }
  const system = (await findSystemsById(client, asked)).get(row.system_id)
  return system === undefined ? undefined : attempt(client, { row, pair, system, rules })
}

interface Attempt {
  readonly row: OpenRow
  readonly pair: NotifyPair
  readonly system: CallingSystem
  readonly rules: AnnouncerRules
}

async function attempt(client: Queryable, { row, pair, system, rules }: Attempt): Promise<Taken> {
  const ids = await stillToTell(client, { system, ids: row.ids, rules })
  if (ids.length < row.ids.length) await forget(client, { row, pair, ids })
  if (ids.length === 0) {
    await skipUntellable(client, row.outbox_id)
    return 'skipped'
  }
  const messageId = ids.length < row.ids.length ? await narrow(client, row.outbox_id, ids) : row.message_id
  await count(client, row.outbox_id, 1)
  return { ...toNotification(row, pair), messageId, ids, system }
}

/** Before the row of the outbox, as a change of the index does: one of the two waits for the other and none for ever. */
async function lockTold(client: Queryable, { subscriptionId, person }: NotifyPair): Promise<void> {
  await execute(
    client,
    sql`/* lock what the subscriber was told last */
      select from identity.announced where subscription_id = ${subscriptionId} and person_key = ${person} for no key update`,
  )
}

async function oldestOpen(client: Queryable, pair: NotifyPair): Promise<OpenRow | undefined> {
  return queryOne<OpenRow>(
    client,
    sql`/* the oldest notification of a pair */
      select o.outbox_id, o.message_id, o.ids, o.created_at, o.attempts,
             (extract(epoch from now() - coalesce(o.due_since, now())) * 1000)::float8 as due_ms,
             s.system_id, s.transaction, s.endpoint, s.device_oid, s.receiving_application, s.receiving_facility, s.failures,
             (extract(epoch from coalesce(s.retry_at, now()) - now()) * 1000)::float8 as rest_ms,
             case when o.state = 'parked' then 'parked'
                  when s.status <> 'active' or y.status <> 'active' or f.status <> 'active' then 'stopped'
                  when exists (select from jobs.outbox b
                               where b.subscription_id = o.subscription_id and b.person_key = any(o.persons)
                                 and b.person_key <> o.person_key and b.outbox_id < o.outbox_id and b.state = 'waiting') then 'behind'
                  when s.retry_at > now() then 'resting'
                  else 'ready' end as turn
      from jobs.outbox o
      join identity.subscription s using (subscription_id)
      join access.system y using (system_id)
      join access.facility f using (facility_id)
      where o.subscription_id = ${pair.subscriptionId} and o.person_key = ${pair.person} and o.state in ('waiting', 'parked')
      order by o.outbox_id limit 1 for update of o`,
  )
}

async function count(client: Queryable, outboxId: string, tries: 0 | 1): Promise<void> {
  await execute(
    client,
    sql`/* an attempt begins, or would have */
      update jobs.outbox set attempts = attempts + ${tries}::integer, due_since = coalesce(due_since, now())
      where outbox_id = ${outboxId}`,
  )
}

/**
 * Another content is another message: a receiver that has the former one knows a repetition by the message id and would not read it.
 * The attempts stay counted, for the former one may have arrived.
 */
async function narrow(client: Queryable, outboxId: string, ids: readonly CorrespondingId[]): Promise<string> {
  const row = await queryOne<{ readonly message_id: string }>(
    client,
    sql`/* less may be told than when it was composed */
      update jobs.outbox
      set former = former || jsonb_build_object('messageId', message_id, 'ids', ids, 'attempts', attempts, 'until', clock_timestamp()),
          message_id = gen_random_uuid(), ids = ${JSON.stringify(ids)}::jsonb
      where outbox_id = ${outboxId} returning message_id`,
  )
  if (row === undefined) throw new Error('update returned no row')
  return row.message_id
}

const UNTELLABLE = 'nothing of it may be told any more'

/** No failure of the subscriber, and nothing for the operator to decide. */
async function skipUntellable(client: Queryable, outboxId: string): Promise<void> {
  await execute(
    client,
    sql`/* nothing may be told any more */
      update jobs.outbox set state = 'skipped', ended_at = now(), last_error = ${UNTELLABLE} where outbox_id = ${outboxId}`,
  )
  await wakeFollowers(client, outboxId)
}

/**
 * What does not leave was not told: if it may be told again one day, the next change finds it to be news. When a newer set waits, it is
 * that one which `announced` holds.
 */
async function forget(
  client: Queryable,
  { row, pair, ids }: Pick<Attempt, 'row' | 'pair'> & { readonly ids: readonly CorrespondingId[] },
): Promise<void> {
  const told = new Set(ids.map(({ id }) => formatCx(id)))
  const withheld = row.ids.map(({ id }) => formatCx(id)).filter((cx) => !told.has(cx))
  await execute(
    client,
    sql`/* ids that were not told after all */
      update identity.announced a
      set ids = array(select u.cx from unnest(a.ids) with ordinality as u (cx, place) where u.cx <> all(${withheld}::text[]) order by u.place)
      where a.subscription_id = ${pair.subscriptionId} and a.person_key = ${pair.person}
        and not exists (select from jobs.outbox n where n.subscription_id = a.subscription_id and n.person_key = a.person_key
                        and n.outbox_id > ${row.outbox_id} and n.state in ('waiting', 'parked'))`,
  )
}

function toNotification(row: OpenRow, { subscriptionId, person }: NotifyPair): Omit<Notification, 'system'> {
  const { transaction, endpoint } = row
  return {
    outboxId: row.outbox_id,
    subscriptionId,
    person,
    messageId: row.message_id,
    ids: row.ids,
    composedAt: row.created_at,
    attempts: row.attempts + 1,
    failures: row.failures,
    dueForMs: row.due_ms,
    destination:
      transaction === 'ITI-46'
        ? { transaction, endpoint, deviceOid: row.device_oid ?? '' }
        : {
            transaction,
            endpoint,
            receivingApplication: row.receiving_application ?? '',
            receivingFacility: row.receiving_facility ?? '',
          },
  }
}

interface Ended {
  readonly notification: Notification
  readonly settlement: Settlement
  readonly sent: Sent
  readonly options: OutboxOptions
}

/** The first attempt is recorded and the one that ends it; those between would say the same every ten minutes for days. */
async function settle(client: pg.ClientBase, ended: Ended): Promise<void> {
  const { notification, settlement } = ended
  const { outboxId } = notification
  if (settlement.state !== 'waiting' || notification.attempts === 1) await record(client, ended)
  switch (settlement.state) {
    case 'sent':
      await execute(
        client,
        sql`/* sent */ update jobs.outbox set state = 'sent', ended_at = now(), last_error = null
            where outbox_id = ${outboxId} and state in ('waiting', 'parked')`,
      )
      await wakeFollowers(client, outboxId)
      if (notification.failures > 0) await reachedAgain(client, notification.subscriptionId)
      return
    case 'parked':
      await execute(
        client,
        sql`/* parked */ update jobs.outbox set state = 'parked', parked_at = now(), last_error = ${settlement.reason}
            where outbox_id = ${outboxId} and state = 'waiting'`,
      )
      await wakeFollowers(client, outboxId)
      return
    case 'waiting':
      await execute(
        client,
        sql`/* to be sent again */ update jobs.outbox set last_error = ${settlement.reason}
            where outbox_id = ${outboxId} and state = 'waiting'`,
      )
      if (settlement.rests) await rest(client, notification.subscriptionId, settlement.delayMs)
      await addNotifyJobs(client, [notification], settlement.delayMs)
      return
  }
  settlement satisfies never
}

async function record(client: pg.ClientBase, { notification, settlement, sent, options }: Ended): Promise<void> {
  const caller: Caller = { ...notification.system, exchange: sent.exchange }
  const errors = settlement.state === 'sent' ? [] : [options.errorOf(notification, settlement)]
  const evidence = { patients: notification.ids.map(({ id }) => formatCx(id)), documents: [] }
  const outcome = { result: settlement.state === 'sent' ? 'success' : 'failure', errors, evidence } as const
  const { responseBytes } = sent
  await writeExchangeRows(
    client,
    options.rowsOf(caller, responseBytes === undefined ? outcome : { ...outcome, responseBytes }, sent.reason),
  )
}

/** Sets of other persons that came of the same change may leave now. */
export async function wakeFollowers(client: Queryable, outboxId: string): Promise<void> {
  const rows = await query<{ readonly subscription_id: string; readonly person_key: string }>(
    client,
    sql`/* sets that waited for this one */
      select distinct w.subscription_id, w.person_key
      from jobs.outbox o
      join jobs.outbox w on w.persons @> array[o.person_key] and w.subscription_id = o.subscription_id
      where o.outbox_id = ${outboxId} and w.state = 'waiting' and cardinality(w.persons) > 1 and w.person_key <> o.person_key`,
  )
  await addNotifyJobs(
    client,
    rows.map((row) => ({ subscriptionId: row.subscription_id, person: row.person_key })),
  )
}

async function rest(client: Queryable, subscriptionId: string, delayMs: number): Promise<void> {
  await execute(
    client,
    sql`/* a subscriber that cannot be reached */
      update identity.subscription set failures = failures + 1, retry_at = now() + make_interval(secs => ${delayMs / 1000}::float8)
      where subscription_id = ${subscriptionId}`,
  )
}

/** What waits for the subscriber leaves at once. */
export async function reachedAgain(client: Queryable, subscriptionId: string): Promise<void> {
  await execute(
    client,
    sql`/* a subscriber that was reached again */
      update identity.subscription set failures = 0, retry_at = null where subscription_id = ${subscriptionId}`,
  )
  await hastenJobs(client, `notify ${subscriptionId}`)
}

const SWEPT_ROWS = 1000
/** A job that failed so often for reasons of ours would be tried again in an hour, or not at all. */
const FAILED_JOBS = 8
const KEPT_DAYS = 30

/**
 * Puts right what no transaction could: pairs whose job is gone or given up although something may leave, jobs that a newer one replaced while a
 * worker died with them, and rows that ended long ago.
 */
export async function sweepOutbox(client: Queryable): Promise<void> {
  const rows = await query<{ readonly subscription_id: string; readonly person_key: string }>(
    client,
    sql`/* pairs without a job */
      select distinct o.subscription_id, o.person_key
      from jobs.outbox o
      join identity.subscription s using (subscription_id)
      join access.system y using (system_id)
      join access.facility f using (facility_id)
      where o.state = 'waiting' and s.status = 'active' and y.status = 'active' and f.status = 'active'
        and not exists (select from jobs.outbox p where p.subscription_id = o.subscription_id and p.person_key = o.person_key
                        and p.state = 'parked' and p.outbox_id < o.outbox_id)
        and not exists (select from graphile_worker.jobs j where j.key = 'notify ' || o.subscription_id || ' ' || o.person_key
                        and j.attempts < ${FAILED_JOBS})
      limit ${SWEPT_ROWS}`,
  )
  await addNotifyJobs(
    client,
    rows.map((row) => ({ subscriptionId: row.subscription_id, person: row.person_key })),
  )
  await execute(
    client,
    sql`/* jobs that were replaced */
      select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs
        where task_identifier = ${NOTIFY_TASK} and key is null and locked_at is null and attempts >= max_attempts limit ${SWEPT_ROWS}))`,
  )
  await execute(
    client,
    sql`/* notifications that ended long ago */
      delete from jobs.outbox where outbox_id in (
        select outbox_id from jobs.outbox where ended_at < now() - make_interval(days => ${KEPT_DAYS}) limit ${SWEPT_ROWS})`,
  )
}
