// The outbox on a real PostgreSQL: whose turn it is, how attempts end, what a crash leaves behind (reliability: outbox, lifecycle).

import t from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { startJobs, type Work } from '../../src/app/jobs.ts'
import { startJobRunner } from '../../src/db/job-runner.ts'
import { createOutbox, sweepOutbox } from '../../src/db/outbox.ts'
import { createSubscriptionStore } from '../../src/db/subscription-store.ts'
import { HASTENED_JOBS } from '../../src/db/waiting-jobs.ts'
import type { Notification, Sent } from '../../src/identity/notify.ts'
import { callerOf } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'

const pool = await openDatabase(t, 10)
await pool.query(`insert into access.facility (facility_id, oid, name, kind) values ('f', '2.25.1', 'f', 'viewing')`)
await pool.query(`insert into access.system (system_id, facility_id, roles) values ('consumer', 'f', '{pix-consumer}')`)
await pool.query(
  `insert into identity.domain (oid, name, kind, facility_id) values ('2.25.9', 'A', 'facility', 'f'), ('2.25.8', 'B', 'facility', 'g')`,
)
/** Domains that the consumer may see besides its own, by person. */
let visible: ReadonlyMap<string, ReadonlySet<string>> = new Map()
const outbox = createOutbox({
  pool,
  rules: {
    networkMode: 'consent',
    visibleDomains: async (_client, _system, persons) =>
      new Map(persons.map((person) => [person, visible.get(person) ?? new Set()])),
  },
  rowsOf: () => ({ events: [], entries: [] }),
  errorOf: () => iheError('NOTIFICATION_UNDELIVERED'),
})
const store = createSubscriptionStore(pool)
const change = { by: 'admin', peer: '127.0.0.1:1', operation: 'test' }
const sent: Sent = { answer: 'accepted', reason: 'CA', exchange: callerOf('f').exchange }

t.beforeEach(async () => {
  visible = new Map()
  await pool.query('delete from identity.subscription')
  await pool.query('delete from graphile_worker._private_jobs')
  const given = {
    systemId: 'consumer',
    transaction: 'ITI-46',
    endpoint: 'https://localhost:1/',
    deviceOid: '2.25.2',
  } as const
  for (const subscriptionId of ['s', 'other']) await store.add({ ...given, subscriptionId }, change)
})

async function row(person: string, persons: readonly string[] = [person], subscription = 's'): Promise<string> {
  const { rows } = await pool.query(
    `insert into jobs.outbox (subscription_id, person_key, persons, message_id, ids)
     values ($1, $2, $3, gen_random_uuid(), '[{"id":{"value":"1","authority":"2.25.9"},"authorityName":"A"}]') returning outbox_id`,
    [subscription, person, persons],
  )
  return rows[0].outbox_id
}

const take = (person: string, subscriptionId = 's') => outbox.take({ subscriptionId, person })
const taken = async (person: string): Promise<Notification> => {
  const found = await take(person)
  if (found === undefined) throw new Error(`nothing to send of ${person}`)
  return found
}
const jobs = async (): Promise<readonly string[]> =>
  (await pool.query('select key from graphile_worker.jobs where key is not null order by key')).rows.map(
    ({ key }) => key,
  )

t.test('the oldest row of the pair, its attempt counted before it leaves, the same after a crash', async (t) => {
  const first = await row('1')
  await row('1')
  await row('2')
  const one = await taken('1')
  t.match(one, { outboxId: first, attempts: 1, failures: 0, destination: { deviceOid: '2.25.2' } })
  const again = await taken('1')
  t.match(again, { outboxId: first, messageId: one.messageId, attempts: 2, composedAt: one.composedAt })
})

t.test('a parked row holds back its own subscriber and person only', async (t) => {
  const first = await row('1')
  await row('1')
  const other = await row('2')
  await row('1', ['1'], 'other')
  await outbox.settle(await taken('1'), { state: 'parked', reason: 'CE' }, { ...sent, answer: 'refused' })
  t.equal(await take('1'), undefined)
  t.equal((await taken('2')).outboxId, other)
  t.ok(await take('1', 'other'))
  t.equal(await store.skip(first, change), 'changed')
  t.ok(await take('1'), 'skipped: the next one may leave')
  t.equal(await store.skip(first, change), 'conflict')
  t.equal(await store.retry('999999', change), 'missing')
})

t.test('a set that came of a merge waits for older ones of the other person, and is woken by their end', async (t) => {
  await row('1')
  await row('2', ['1', '2'])
  t.equal(await take('2'), undefined, 'the older set of the other person first')
  await outbox.settle(await taken('1'), { state: 'sent' }, sent)
  t.same(await jobs(), ['notify s 2'])
  t.ok(await take('2'))
})

t.test('a parked set of another person does not hold back what follows from the merge', async (t) => {
  await row('1')
  await row('2', ['1', '2'])
  await outbox.settle(await taken('1'), { state: 'parked', reason: 'CE' }, { ...sent, answer: 'refused' })
  t.same(await jobs(), ['notify s 2'])
  t.ok(await take('2'))
})

t.test('a subscriber that cannot be reached rests for all persons, and is woken for all when it is', async (t) => {
  await row('1')
  await row('2')
  const waiting = { state: 'waiting', reason: 'ECONNREFUSED', delayMs: 60_000, rests: true } as const
  await outbox.settle(await taken('1'), waiting, { ...sent, answer: 'unreachable' })
  t.equal(await take('2'), undefined)
  const { rows } = await pool.query(
    `select key, run_at > now() + interval '50 s' as later from graphile_worker.jobs order by key`,
  )
  t.same(rows, [
    { key: 'notify s 1', later: true },
    { key: 'notify s 2', later: true },
  ])
  t.match(await store.subscriptions(), [{}, { failures: 1, waiting: 2, retryAt: Date }])
  await pool.query('update identity.subscription set retry_at = null')
  const reached = await taken('2')
  t.equal(reached.failures, 1)
  await outbox.settle(reached, { state: 'sent' }, sent)
  t.match(await store.subscriptions(), [{}, { failures: 0, waiting: 1 }])
  const woken = await pool.query(`select run_at <= now() as now from graphile_worker.jobs where key = 'notify s 1'`)
  t.same(woken.rows, [{ now: true }])
})

/** Reliability, outbox: what must be done when a subscriber is there again does not grow with what waited, or its time-out would undo it for ever. */
t.test(
  'however many wait for a subscriber, it is so many that leave at once when it is reached or resumed',
  async (t) => {
    const many = 2 * HASTENED_JOBS + 1
    const soon = async () =>
      (await pool.query('select count(*)::int as soon from graphile_worker.jobs where run_at <= now()')).rows[0].soon
    await row('1')
    await pool.query(
      `select count(*) from graphile_worker.add_jobs(array(
       select ('notify', '{}', 'notify s', now() + interval '10 min', null, 'notify s ' || n, null, null)::graphile_worker.job_spec
       from generate_series(2, $1::int) n))`,
      [many],
    )
    await pool.query(`update identity.subscription set failures = 3`)
    await outbox.settle(await taken('1'), { state: 'sent' }, sent)
    t.match(await store.subscriptions(), [{}, { failures: 0 }])
    t.equal(await soon(), HASTENED_JOBS)
    await pool.query('delete from graphile_worker._private_jobs')
    await pool.query(
      `insert into jobs.outbox (subscription_id, person_key, persons, message_id, ids)
     select 's', n, array[n], gen_random_uuid(), '[]' from generate_series(2, $1::int) n`,
      [many],
    )
    await store.setStatus({ subscriptionId: 's', status: 'paused' }, change)
    await store.setStatus({ subscriptionId: 's', status: 'active' }, change)
    t.equal(await soon(), HASTENED_JOBS)
    for (let round = 0; round < 2; round += 1) await sweepOutbox(pool)
    t.equal(await soon(), many - 1, 'the others by the sweep')
  },
)

t.test(
  'nothing leaves for a paused subscription or a suspended system; due time begins anew when resumed',
  async (t) => {
    await row('1')
    await store.setStatus({ subscriptionId: 's', status: 'paused' }, change)
    t.equal(await take('1'), undefined)
    await pool.query(`update jobs.outbox set due_since = now() - interval '100 hours'`)
    await store.setStatus({ subscriptionId: 's', status: 'active' }, change)
    t.same(await jobs(), ['notify s 1'])
    await pool.query(`update access.system set status = 'suspended'`)
    t.equal(await take('1'), undefined)
    await pool.query(`update access.system set status = 'active'`)
    t.ok((await taken('1')).dueForMs < 1000)
  },
)

t.test(
  'the sweep gives what may leave its lost job back, and nothing to what is parked, paused or behind',
  async (t) => {
    await row('1')
    await row('2')
    await row('2')
    await outbox.settle(await taken('2'), { state: 'parked', reason: 'CE' }, { ...sent, answer: 'refused' })
    await row('3', ['3'], 'other')
    await store.setStatus({ subscriptionId: 'other', status: 'paused' }, change)
    await pool.query('delete from graphile_worker._private_jobs')
    await sweepOutbox(pool)
    t.same(await jobs(), ['notify s 1'])
    await pool.query(`update graphile_worker._private_jobs set attempts = 25, run_at = now() + interval '6 hours'`)
    await sweepOutbox(pool)
    const { rows } = await pool.query('select attempts, run_at <= now() as now from graphile_worker.jobs')
    t.same(rows, [{ attempts: 0, now: true }], 'one that the library has given up')
    await pool.query(
      `update jobs.outbox set state = 'sent', ended_at = now() - interval '31 days' where person_key = 1`,
    )
    await sweepOutbox(pool)
    t.same((await pool.query('select 1 from jobs.outbox where person_key = 1')).rows, [], 'kept for 30 days')
  },
)

t.test('jobs that a killed server held are free once nobody has seen it for a while', async (t) => {
  const lock = async (worker: string, person: string) => {
    await row(person)
    await sweepOutbox(pool)
    await pool.query(
      `update graphile_worker._private_jobs set locked_by = $1, locked_at = now() - interval '1 hour' where key = $2`,
      [worker, `notify s ${person}`],
    )
  }
  await lock('pool-killed', '1')
  await pool.query(`insert into jobs.worker values ('pool-killed', now() - interval '1 minute'), ('pool-alive', now())`)
  await lock('pool-alive', '2')
  const done: string[] = []
  const runner = startJobRunner({
    pool,
    concurrency: 1,
    sweep: async () => {},
    log: { warn: () => {}, error: () => {} },
    tasks: { notify: async (payload) => void done.push((payload as { person: string }).person) },
  })
  t.teardown(runner.stop)
  const end = performance.now() + 20_000
  while (done.length === 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  t.same(done, ['1'])
})

t.test('what a failed task says is kept and logged without its message, which might quote a patient', async (t) => {
  await row('1')
  await sweepOutbox(pool)
  const logged: string[] = []
  const runner = startJobRunner({
    pool,
    concurrency: 1,
    sweep: async () => {},
    log: { warn: (_, message) => logged.push(message), error: (_, message) => logged.push(message) },
    tasks: {
      notify: async () => {
        throw new RangeError('水沢 葉名')
      },
    },
  })
  t.teardown(runner.stop)
  const failed = async () =>
    (await pool.query('select last_error from graphile_worker.jobs where last_error is not null')).rows
  const end = performance.now() + 20_000
  while ((await failed()).length === 0 && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50))
  t.match(await failed(), [{ last_error: 'RangeError' }])
  t.notMatch(logged.join(), '水沢')
  t.match(logged.join(), 'RangeError')
})

t.test('work whose upkeep fails keeps no other from its own: emergency access ends all the same', async (t) => {
  const swept: string[] = []
  const logged: string[] = []
  const work = (sweep: () => Promise<void>): Work => ({ tasks: {}, sweep, close: async () => {} })
  const { host, port, user, password, database } = pool.options
  const at = Object.entries({ host, port, user, password, database }).filter(([, value]) => value !== undefined)
  const note = (fields: object, message: string) => logged.push(JSON.stringify([fields, message]))
  const jobs = startJobs(
    [
      // As of an outbox that is so long that a statement over it takes longer than it may.
      work(async () => {
        throw new RangeError('too long')
      }),
      work(async () => void swept.push('the next')),
    ],
    { connection: Object.fromEntries(at), log: { info: () => {}, warn: note, error: note } },
  )
  t.teardown(jobs.stop)
  const end = performance.now() + 20_000
  while (swept.length === 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  t.same(swept.slice(0, 1), ['the next'])
  t.match(logged.join(), /RangeError.*upkeep of a kind of jobs/, 'and it is said')
})

interface Held {
  readonly value: string
  readonly by: string
  readonly status?: 'active' | 'obsolete'
  readonly isSecond?: boolean
}

/** Persons and their numbers at facility g, which the consumer is told only as long as it may see them. */
async function hold(...numbers: readonly Held[]): Promise<void> {
  await pool.query('delete from identity.identifier')
  for (const { value, by, status = 'active', isSecond = false } of numbers) {
    await pool.query(
      'insert into identity.person (person_key) overriding system value values ($1) on conflict do nothing',
      [by],
    )
    await pool.query(
      `insert into identity.identifier (domain, value, person_key, status, second) values ('2.25.8', $1, $2, $3, $4)`,
      [value, by, status, isSecond],
    )
  }
}

/** A row of an own number, which nothing hides, and of numbers at facility g, or of those alone; with what it announced. */
async function rowOf(person: string, values: readonly string[], own: readonly string[] = ['1']): Promise<string> {
  const ids = [
    ...own.map((value) => ({ id: { value, authority: '2.25.9' }, authorityName: 'A' })),
    ...values.map((value) => ({ id: { value, authority: '2.25.8' }, authorityName: 'B' })),
  ]
  const outboxId = await row(person)
  await pool.query('update jobs.outbox set ids = $2 where outbox_id = $1', [outboxId, JSON.stringify(ids)])
  await pool.query(
    `insert into identity.announced (subscription_id, person_key, ids)
     select 's', $1, array(select i->'id'->>'value' || '^^^&' || (i->'id'->>'authority') || '&ISO' from jsonb_array_elements($2::jsonb) i)
     on conflict (person_key, subscription_id) do update set ids = excluded.ids`,
    [person, JSON.stringify(ids)],
  )
  return outboxId
}

const announced = async (person: string) =>
  (await pool.query(`select ids from identity.announced where subscription_id = 's' and person_key = $1`, [person]))
    .rows[0]?.ids
const stateOf = async (outboxId: string) =>
  (
    await pool.query(
      'select state, attempts, last_error, ended_at is not null as ended, former from jobs.outbox where outbox_id = $1',
      [outboxId],
    )
  ).rows[0]
const valuesOf = ({ ids }: Pick<Notification, 'ids'>) => ids.map(({ id }) => id.value)
const seen = (...persons: readonly string[]) => new Map(persons.map((person) => [person, new Set(['2.25.8'])]))

t.test('ids that the subscriber may no longer know do not leave: the rest is another message', async (t) => {
  await hold({ value: 'B1', by: '1' })
  visible = seen('1')
  const outboxId = await rowOf('1', ['B1'])
  const first = await taken('1')
  t.same(valuesOf(first), ['1', 'B1'])
  const again = await taken('1')
  t.same([again.messageId, again.ids], [first.messageId, first.ids], 'nothing changed: the very same message')
  visible = new Map()
  const narrowed = await taken('1')
  t.same(valuesOf(narrowed), ['1'])
  t.not(narrowed.messageId, first.messageId, 'another content is another message')
  t.match(narrowed, { outboxId, attempts: 3, composedAt: first.composedAt })
  t.match(await stateOf(outboxId), {
    state: 'waiting',
    former: [{ messageId: first.messageId, ids: first.ids, attempts: 2 }],
  })
  t.same(await announced('1'), ['1^^^&2.25.9&ISO'], 'what did not leave is news once it may be told again')
  visible = seen('1')
  const last = await taken('1')
  t.same([last.messageId, last.ids], [narrowed.messageId, narrowed.ids], 'never put in again')
})

t.test('a set of which nothing may be told is skipped without a failure, and what waited for it leaves', async (t) => {
  await hold({ value: 'B1', by: '1' })
  const hidden = await rowOf('1', ['B1'], [])
  const next = await row('1')
  await row('2', ['1', '2'])
  await outbox.settle(
    await taken('1'),
    { state: 'waiting', reason: 'CR', delayMs: 60_000, rests: false },
    { ...sent, answer: 'busy' },
  )
  t.same(await stateOf(hidden), {
    state: 'skipped',
    attempts: 0,
    last_error: 'nothing of it may be told any more',
    ended: true,
    former: [],
  })
  t.match(await stateOf(next), { state: 'waiting', attempts: 1 }, 'the next one of the pair had its turn')
  t.ok((await jobs()).includes('notify s 2'), 'who waited for a set of this person is woken')
  t.match(await store.subscriptions(), [{}, { failures: 0 }])
  t.same(await announced('1'), ['B1^^^&2.25.8&ISO'], 'while a newer set waits, what is announced is of that one')
})

t.test('announced is nothing when the only set was skipped', async (t) => {
  await hold({ value: 'B1', by: '1' })
  await rowOf('1', ['B1'], [])
  t.equal(await take('1'), undefined)
  t.same(await announced('1'), [])
})

t.test('while the subscriber rests nothing is asked and nothing is changed', async (t) => {
  await hold({ value: 'B1', by: '1' })
  const hidden = await rowOf('1', ['B1'], [])
  await pool.query(`update identity.subscription set retry_at = now() + interval '1 hour'`)
  t.equal(await take('1'), undefined)
  t.match(await stateOf(hidden), { state: 'waiting', attempts: 0 })
})

t.test(
  '3.44.4.3: of a person merged away a set that was tried leaves as it was, if the survivor may be told',
  async (t) => {
    await hold({ value: 'B1', by: '1' })
    visible = seen('1', '2')
    const outboxId = await rowOf('1', ['B1'], [])
    const before = await taken('1')
    await hold({ value: 'B1', by: '2', status: 'obsolete' }, { value: 'B2', by: '2' })
    visible = seen('2')
    const after = await taken('1')
    t.same([after.messageId, after.ids], [before.messageId, before.ids])
    visible = seen('1')
    t.equal(await take('1'), undefined, 'the consent of who is gone tells nothing')
    t.match(await stateOf(outboxId), { state: 'skipped' })
  },
)

t.test('a number that was split off leaves only if its new person may be told', async (t) => {
  visible = seen('1')
  await hold({ value: 'B1', by: '1' }, { value: 'B2', by: '1', isSecond: true })
  await rowOf('1', ['B1', 'B2'], [])
  t.same(valuesOf(await taken('1')), ['B1', 'B2'])
  await hold({ value: 'B1', by: '1' }, { value: 'B2', by: '3' })
  t.same(valuesOf(await taken('1')), ['B1'])
})

t.test('a number that nobody holds is told to none but the source of its domain', async (t) => {
  await hold()
  visible = seen('1')
  await rowOf('1', ['B1'])
  t.same(valuesOf(await taken('1')), ['1'])
})
