// Two systems feed and merge, two subscribers hear of it, and the server is killed with -9 meanwhile: no notification lost or doubled, no
// half merge (reliability: outbox, promises P1 to P4; ITI TF-2 3.46, 3.10, 3.44.4.3).

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startServer } from '../../src/app.ts'
import { loadDemoNetwork } from '../../src/cli/demo/network.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import { adt, feedingOf, idIn } from '../scenarios/feeding.ts'
import { type Consumer, startConsumer, startV2Consumer } from '../scenarios/pix-consumer.ts'
import {
  type Child,
  configFor,
  DOMAINS,
  demoDirectory,
  eventually,
  networkOf,
  SILENT,
  startChild,
  type TestNetwork,
} from './support.ts'

t.setTimeout(240_000)

/** Each sender goes on until the last kill, and until it has done so many, however slow the machine is. */
const MERGES_EACH = 10
const KILLS = 5
const FLAGS = { 'notifications.timeoutMs': '1000' }
/** A killed server's jobs are free after 20 s. */
const SENT_WITHIN_MS = 90_000
/** Of the answers one in so many is none. */
const LOST_ANSWERS = 40

const HOSPITAL = DOMAINS['hospital-a']
const TESTER = (await loadDemoNetwork()).systems.find(({ systemId }) => systemId === 'tester')
  ?.assigningAuthority as Oid

const dataDir = await demoDirectory(t)
let child: Child | undefined = await startChild(dataDir, FLAGS)
t.teardown(() => child?.server.stop())

const { config } = child.server
const consumers: Readonly<Record<string, Consumer>> = {
  v3: await startConsumer({ config }),
  v2: await startV2Consumer({ config }),
}
const setup = networkOf(child.server)
for (const [id, consumer] of Object.entries(consumers)) {
  consumer.answer = () => (Math.random() * LOST_ANSWERS < 1 ? 'hang' : 'CA')
  t.teardown(() => consumer.stop())
  await setup.admin.post('/subscriptions', {
    subscriptionId: id,
    systemId: 'tester',
    endpoint: consumer.endpoint,
    domains: [HOSPITAL, TESTER],
    ...(id === 'v3'
      ? { transaction: 'ITI-46', deviceOid: '2.25.400.9' }
      : { transaction: 'ITI-10', receivingApplication: 'EHR', receivingFacility: 'CLINIC' }),
  })
}
await setup.close()

const merged: { readonly domain: Oid; readonly from: string; readonly into: string }[] = []
let acknowledged = 0
let resent = 0
let isKilling = true
const goesOn = (done: number): boolean => isKilling || done < MERGES_EACH

/** Until it is acknowledged: to a sender a killed server is a broken connection. */
async function insist(attempt: (feeding: ReturnType<typeof feedingOf>) => Promise<boolean>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const current = child
    if (current !== undefined) {
      const network = networkOf(current.server)
      const done = await attempt(feedingOf(network as unknown as TestNetwork)).catch(() => false)
      await network.close()
      if (done) {
        acknowledged += 1
        if (tries > 0) resent += 1
        return
      }
    }
    await delay(50)
  }
}

/** ITI-44: two numbers, of which the first goes into the second. */
async function feedV3(): Promise<void> {
  for (let number = 1; goesOn(number - 1); number += 1) {
    const [from, into] = [`H${number}a`, `H${number}b`]
    for (const value of [from, into])
      await insist(async ({ add }) => (await add('hospital-a', idIn(HOSPITAL, value))).code === 'CA')
    const pair = { from: idIn(HOSPITAL, from), into: idIn(HOSPITAL, into) }
    await insist(async ({ merge }) => (await merge('hospital-a', pair)).code === 'CA')
    merged.push({ domain: HOSPITAL, from, into })
  }
}

/** ITI-8, always the same bytes. */
async function feedV2(): Promise<void> {
  for (let number = 1; goesOn(number - 1); number += 1) {
    const [from, into] = [idIn(TESTER, `T${number}a`), idIn(TESTER, `T${number}b`)]
    const messages = [
      adt({ event: 'A04', id: from }),
      adt({ event: 'A04', id: into }),
      adt({ event: 'A40', id: into, prior: from }),
    ]
    for (const message of messages)
      await insist(async (feeding) => (await feeding.adt('tester', message)).code === 'AA')
    merged.push({ domain: TESTER, from: from.value, into: into.value })
  }
}

async function killAndRestart(): Promise<void> {
  for (let kills = 0; kills < KILLS; kills += 1) {
    const afterMs = 300 + Math.random() * 2500
    await delay(afterMs)
    const victim = child
    child = undefined
    await victim?.kill()
    child = await startChild(dataDir, FLAGS)
    t.comment(`killed after ${Math.round(afterMs)} ms`)
  }
  isKilling = false
}

await Promise.all([feedV3(), feedV2(), killAndRestart()])
await child?.kill()
child = undefined
const server = await startServer(configFor(dataDir, FLAGS), { log: SILENT })
t.teardown(server.stop)
const { pool } = server
const rowsOf = async (statement: string) => (await pool.query(statement)).rows
const unsent = () =>
  rowsOf(
    `select subscription_id, outbox_id, person_key, persons, state, attempts, last_error from jobs.outbox where state in ('waiting', 'parked') limit 5`,
  )
const everythingSent = await eventually(async () => (await unsent()).length === 0, SENT_WITHIN_MS)
t.comment(`${acknowledged} messages acknowledged, ${resent} of them sent again; ${merged.length} merges`)

interface OutboxRow {
  readonly subscription_id: string
  readonly outbox_id: string
  readonly person_key: string
  readonly message: string
  readonly ids: readonly string[]
}

const sent: readonly OutboxRow[] = await rowsOf(
  `select subscription_id, outbox_id, person_key,
          case subscription_id when 'v3' then message_id::text else left(replace(message_id::text, '-', ''), 20) end as message,
          array(select i->'id'->>'value' from jsonb_array_elements(ids) i order by 1) as ids
   from jobs.outbox where state = 'sent' order by outbox_id`,
)

t.test('everything that was to be told was told (P9)', async (t) => {
  t.ok(merged.length > 5 && resent > 0, 'the server was killed while messages were under way')
  t.ok(everythingSent, JSON.stringify(await unsent()))
  for (const [id, { heard }] of Object.entries(consumers)) {
    const told = sent.filter((row) => row.subscription_id === id)
    t.ok(told.length > 10, `${id}: ${told.length} notifications, heard ${heard.length} times`)
    t.same([...new Set(heard.map(({ messageId }) => messageId))].sort(), told.map(({ message }) => message).sort())
  }
})

t.test('heard twice only as the very same message, and in the order of the person', async (t) => {
  for (const [id, { heard }] of Object.entries(consumers)) {
    const first = new Map<string, number>()
    const last = new Map<string, number>()
    const texts = new Map<string, string>()
    heard.forEach(({ messageId, bytes }, at) => {
      first.set(messageId, first.get(messageId) ?? at)
      last.set(messageId, at)
      t.equal(texts.get(messageId) ?? bytes.toString(), bytes.toString())
      texts.set(messageId, bytes.toString())
    })
    const before = new Map<string, string>()
    for (const { person_key, message } of sent.filter((row) => row.subscription_id === id)) {
      const older = before.get(person_key)
      if (older !== undefined) t.ok((last.get(older) ?? 0) < (first.get(message) ?? 0), 'after the older one')
      before.set(person_key, message)
    }
  }
})

t.test(
  '3.46.4.1.1: the last set told of each person is the one that stands, and of whom nothing stands nothing more is told',
  async (t) => {
    const standing = await rowsOf(
      `select i.person_key, array_agg(i.value order by i.value collate "C") as ids from identity.identifier i
     where i.status = 'active' and i.domain in ('${HOSPITAL}', '${TESTER}') and i.value ~ '^[HT][0-9]+[ab]$' group by 1`,
    )
    for (const id of Object.keys(consumers)) {
      const told = new Map(sent.filter((row) => row.subscription_id === id).map((row) => [row.person_key, row.ids]))
      for (const { person_key, ids } of standing) t.same(told.get(person_key), ids)
      for (const { from, into } of merged) {
        const rows = sent.filter((row) => row.subscription_id === id)
        const lastWithout = rows.findLastIndex(({ ids }) => ids.includes(into))
        const lastWith = rows.findLastIndex(({ ids }) => ids.includes(from))
        t.ok(lastWith < lastWithout, 'the subsumed id was not told after the merge')
      }
    }
  },
)

t.test('no merge is half there (P2; 3.44.4.3.3)', async (t) => {
  for (const { domain, from, into } of merged)
    t.same(
      await rowsOf(
        `select a.status, a.survivor, b.status as "survivor status", a.person_key = b.person_key as same,
                (select count(*)::int from identity.merge m where m.domain = a.domain and m.subsumed = a.value) as merges
         from identity.identifier a join identity.identifier b on b.domain = a.domain and b.value = '${into}'
         where a.domain = '${domain}' and a.value = '${from}'`,
      ),
      [{ status: 'obsolete', survivor: into, 'survivor status': 'active', same: true, merges: 1 }],
    )
  const BROKEN = {
    'a merged person with an id': `select 1 from identity.person p join identity.identifier i using (person_key)
      where p.merged_into is not null and i.status = 'active'`,
    'a merge without its audit events': `select 1 from identity.merge m
      where (select count(*) from audit.event e where e.exchange_id = m.exchange_id) <> 2`,
    'a claim without its answer': 'select key from journal.idempotency where response is null',
    'a sent notification without its audit event': `select 1 from jobs.outbox o where state = 'sent' and not exists (
      select from journal.exchange j join audit.event e using (exchange_id)
      where j.result = 'success' and j.transaction in ('ITI-46', 'ITI-10')
        and j.message_id in (o.message_id::text, left(replace(o.message_id::text, '-', ''), 20)))`,
  }
  for (const [what, statement] of Object.entries(BROKEN)) t.same(await rowsOf(statement), [], what)
})
