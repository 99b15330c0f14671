// Two networks keep their patient indexes alike: what is fed, asked and told, and what never leaves (ITI TF-2 3.44, 3.45, 3.46; idlink X-3).

import t from 'tap'
import type { PatientId } from '../../src/model/identifiers.ts'
import { eventually, startNetwork, type TestNetwork } from '../faults/support.ts'
import { consent, EAST, flagsOf, introduce, pairsOf, personNamed, register, WEST } from './pix-neighbours.ts'
import { relay } from './relay.ts'

t.setTimeout(170_000)

const WITHIN_MS = 20_000

const [west, east] = await Promise.all([startNetwork(t, flagsOf(WEST)), startNetwork(t, flagsOf(EAST))])
/** Between the networks stands a relay, so that faults of the neighbour can be made. */
const line = await relay(t, east.server.httpsPort)

/** The same person in both networks. */
async function person(number: number): Promise<{ readonly west: PatientId; readonly east: PatientId }> {
  return {
    west: await register(west, `W-${number}`, personNamed(number)),
    east: await register(east, `E-${number}`, personNamed(number)),
  }
}

/** Before the terms are set: who consents then is found by the survey. */
const early = await person(1)
await consent(west, early.west)
await consent(east, early.east)
/** Consents in the east alone, and in the west to less. */
const reserved = await person(2)
await consent(east, reserved.east)
await consent(west, reserved.west, false)

await introduce(west, { ...EAST, port: line.port, dataDir: east.server.config.dataDir })
await introduce(east, { ...WEST, port: west.server.httpsPort, dataDir: west.server.config.dataDir })

interface Pair {
  readonly west: PatientId
  readonly east: PatientId
}
const westHas = async (pair: Pair): Promise<boolean> =>
  (await pairsOf(west.pool, WEST.affinity, EAST.affinity)).includes(`${pair.west.value} ${pair.east.value}`)
const eastHas = async (pair: Pair): Promise<boolean> =>
  (await pairsOf(east.pool, EAST.affinity, WEST.affinity)).includes(`${pair.east.value} ${pair.west.value}`)
const areAlike = (pair: Pair, linked = true): Promise<boolean> =>
  eventually(async () => (await westHas(pair)) === linked && (await eastHas(pair)) === linked, WITHIN_MS)
/** Nothing waits, at neither. */
const atRest = (): Promise<boolean> =>
  eventually(async () => {
    const open = async ({ pool }: TestNetwork) =>
      (
        await pool.query(
          `select (select count(*) from jobs.synchronisation) + (select count(*) from jobs.outbox where state = 'waiting') as n`,
        )
      ).rows[0].n
    return Number(await open(west)) + Number(await open(east)) === 0
  }, WITHIN_MS)
const conflictsOf = async ({ pool }: TestNetwork) =>
  (await pool.query('select conflict from identity.synchronised where conflict is not null')).rows

t.test(
  'who consented before the terms were set is fed, asked about and linked on both sides (3.44.4.1.1)',
  async (t) => {
    t.ok(await areAlike(early))
    t.ok(await atRest())
    t.same(await conflictsOf(west), [])
    t.same(await conflictsOf(east), [])
  },
)

t.test(
  'of whom nobody may be told nothing leaves: not fed, and not an answer to a query (3.45.4.2; idlink X-3)',
  async (t) => {
    const answers = async () =>
      (await east.pool.query('select answer from identity.synchronised where value = $1', [reserved.east.value]))
        .rows[0]?.answer
    t.ok(await eventually(async () => Array.isArray(await answers()), WITHIN_MS))
    t.same(await answers(), [], 'the question of the east was answered with nothing')
    const { rows } = await west.pool.query(
      `select distinct s.value from identity.synchronised s where s.value = $1
     union select a.patients[1] from audit.event a where a.endpoint like 'https://%/pix/manager' and $1 = any(a.patients)`,
      [reserved.west.value],
    )
    t.same(rows, [], 'the west told nobody of it')
    const known = await east.pool.query('select value from identity.identifier where value = $1', [reserved.west.value])
    t.same(known.rows, [], 'and the east, which fed the patient and asked, does not know the number of the west')
  },
)

t.test('what staff separate in one network is told, and separated in the other (3.46.4.1.1, 3.46.4.2.3)', async (t) => {
  const both = await person(3)
  await consent(west, both.west)
  await consent(east, both.east)
  t.ok(await areAlike(both))
  t.ok(await atRest())
  await east.admin.delete(`/patients/${both.east.value}/links/network-east/${both.west.value}`, { reason: '別人' })
  t.ok(await areAlike(both, false))
  t.ok(await atRest())
})

t.test('a withdrawn consent stops the feed; what is given again is told again', async (t) => {
  const both = await person(4)
  await consent(east, both.east)
  const first = await consent(west, both.west)
  t.ok(await areAlike(both))
  await west.admin.post(`/consents/${first}/withdraw`, { reason: '撤回' })
  await register(west, 'W-4', personNamed(4, { telecoms: ['tel:0312345678'] }))
  t.ok(await atRest())
  const toldAt = async () =>
    (await west.pool.query('select told_at, lapsed from identity.synchronised where value = $1', [both.west.value]))
      .rows[0]
  const { told_at, lapsed } = await toldAt()
  t.equal(lapsed, true)
  await consent(west, both.west)
  t.ok(await eventually(async () => (await toldAt()).told_at > told_at, WITHIN_MS))
  t.ok(await areAlike(both))
})

t.test('a neighbour that cannot be reached is told when it can be (reliability: outbox)', async (t) => {
  line.fault('refuse')
  const both = await person(5)
  await consent(west, both.west)
  const failures = async () =>
    (await west.pool.query('select failures from identity.synchronising')).rows[0].failures as number
  t.ok(await eventually(async () => (await failures()) > 0, WITHIN_MS))
  line.fault('none')
  await consent(east, both.east)
  t.ok(await areAlike(both))
  t.ok(await eventually(async () => (await failures()) === 0, WITHIN_MS))
})

t.test('each message is audited and journalled on both sides (3.44.5, 3.45.5, 3.46.5)', async (t) => {
  t.ok(await atRest())
  for (const { pool } of [west, east]) {
    const { rows } = await pool.query(
      `select distinct type_code, event_code, action, endpoint ~ '^https://' as sent from audit.event
       where (endpoint ~ 'pix/(manager|consumer)$') and facility_id = 'network-east' order by 1, 3, 4`,
    )
    const seen = rows.map(
      ({ type_code, event_code, action, sent }) => `${type_code} ${event_code} ${action} ${sent ? 'sent' : 'received'}`,
    )
    for (const row of ['ITI-44 110110 C', 'ITI-45 110112 E'])
      for (const way of ['sent', 'received']) t.ok(seen.includes(`${row} ${way}`), `${row} ${way}`)
    t.ok(seen.includes('ITI-46 110110 R sent'))
    t.ok(seen.includes('ITI-46 110110 U received'))
  }
})
