// What a change leaves in the outbox: only news, the newest set, and never one that a split has overtaken (ITI TF-2 3.46.4.1.1).

import t from 'tap'
import { fragmentForm } from '../../src/codec/ebxml/registry-object.ts'
import { type AnnouncerRules, createAnnouncer } from '../../src/db/announcement.ts'
import { takeClaim } from '../../src/db/idempotency.ts'
import { createIdentityStore } from '../../src/db/identity-store.ts'
import { feedAdd, feedMerge, feedRevise } from '../../src/identity/feed.ts'
import { linkRecord, unlinkRecord } from '../../src/identity/linking.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import type { IdentityPorts } from '../../src/identity/ports.ts'
import { findPersons, registerDomain } from '../../src/identity/registration.ts'
import { mergeByStaff, undoMerge } from '../../src/identity/staff-merge.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import { AFFINITY, callerOf, DOMAIN_A, DOMAIN_B, feedOf, HANA, idIn, mergeOf } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'

const pool = await openDatabase(t, 20)
let visible: readonly Oid[] = [AFFINITY, DOMAIN_A, DOMAIN_B]
const rules: AnnouncerRules = {
  networkMode: 'consent',
  visibleDomains: async (_client, _system, persons) => new Map(persons.map((person) => [person, new Set(visible)])),
}
const ports: IdentityPorts = {
  store: createIdentityStore(pool, {
    claim: takeClaim,
    record: async () => {},
    announce: createAnnouncer(rules),
    ...fragmentForm,
  }),
  affinityDomain: AFFINITY,
  takes: 'every domain',
  matching: () => ({ policy: { ...DEFAULT_POLICY, mode: 'off' }, model: DEFAULT_MODEL, version: '1' }),
}
const hospital = callerOf('hospital-a')
const clinic = callerOf('clinic-b')
const staff = { by: 'registrar', peer: '127.0.0.1:5000', reason: 'sheet' }
await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, ports)
await registerDomain({ oid: DOMAIN_A, name: 'HOSPITAL-A', kind: 'facility', facilityId: 'hospital-a' }, ports)
await registerDomain({ oid: DOMAIN_B, name: 'CLINIC-B', kind: 'facility', facilityId: 'clinic-b' }, ports)
await pool.query(
  `insert into access.facility (facility_id, oid, name, kind) values ('viewer', '2.25.1', 'viewer', 'viewing')`,
)
await pool.query(
  `insert into access.system (system_id, facility_id, roles, access_mode) values ('viewer', 'viewer', '{pix-consumer}', 'consent')`,
)

async function subscribe(id: string, domains: readonly Oid[] | null): Promise<void> {
  await pool.query(
    `insert into identity.subscription (subscription_id, system_id, transaction, endpoint, device_oid, domains)
     values ($1, 'viewer', 'ITI-46', 'https://localhost:1/', '2.25.2', $2)`,
    [id, domains],
  )
}

/** The sets that wait, in the order in which they were written. */
async function waiting(id: string): Promise<readonly (readonly string[])[]> {
  const { rows } = await pool.query(
    `select array(select i->'id'->>'value' from jsonb_array_elements(ids) i order by 1) as ids from jobs.outbox
     where subscription_id = $1 and state = 'waiting' order by outbox_id`,
    [id],
  )
  return rows.map(({ ids }) => ids)
}

async function emptyOutbox(): Promise<void> {
  await pool.query('delete from jobs.outbox')
}

const add = (value: string) => feedAdd(feedOf([idIn(DOMAIN_A, value)]), hospital, ports)
const addB = (value: string) => feedAdd(feedOf([idIn(DOMAIN_B, value)]), clinic, ports)
const xadOf = async (value: string) => (await findPersons({ value }, ports))[0]?.xad ?? ''
const linkB = async (value: string, to: string) =>
  linkRecord({ domain: DOMAIN_B, value, person: await xadOf(to), ...staff }, ports)

t.beforeEach(async () => {
  visible = [AFFINITY, DOMAIN_A, DOMAIN_B]
  await pool.query('delete from identity.subscription')
})

t.test('without subscribers nothing is written', async (t) => {
  await add('N1')
  const { rows } = await pool.query(
    'select (select count(*)::int from jobs.outbox) + (select count(*)::int from identity.announced) as n',
  )
  t.same(rows, [{ n: 0 }])
})

t.test('the row, its message id and its job come with the change or not at all', async (t) => {
  await subscribe('s', null)
  await add('A1')
  t.same(await waiting('s'), [['A1', await xadOf('A1')].sort()])
  const { rows } = await pool.query(
    `select o.message_id is not null as id, j.queue_name, j.task_identifier, j.key = 'notify s ' || o.person_key as of_pair
     from jobs.outbox o, graphile_worker.jobs j where j.queue_name = 'notify s'`,
  )
  t.same(rows, [{ id: true, queue_name: 'notify s', task_identifier: 'notify', of_pair: true }])
  const before = await waiting('s')
  await t.rejects(
    ports.store.inTransaction(async (tx) => {
      const person = await tx.addPerson()
      await tx.addIdentifier({ id: idIn(DOMAIN_A, 'ROLLED-BACK'), person })
      await tx.addHistory([{ id: idIn(DOMAIN_A, 'ROLLED-BACK'), event: 'add', by: 'x', reason: 'x', person }])
      await tx.announce([person])
      throw new Error('rolled back')
    }),
  )
  t.same(await waiting('s'), before)
})

t.test('a change outside the domains of a subscription, and one of demographics, is no news', async (t) => {
  await subscribe('only-b', [DOMAIN_B])
  await add('A2')
  await feedRevise(feedOf([idIn(DOMAIN_A, 'A2')], { kind: 'revise' }), hospital, ports)
  t.same(await waiting('only-b'), [])
  await addB('B2')
  t.same(await waiting('only-b'), [['B2']])
  await emptyOutbox()
  await linkRecord({ domain: DOMAIN_A, value: 'A2x', person: await xadOf('B2'), ...staff }, ports)
  t.same(await waiting('only-b'), [], 'the set in its domain is what it was')
})

t.test('of a person who was there before the subscription, only a change of its domains is told', async (t) => {
  await addB('B3')
  await subscribe('late', [DOMAIN_B])
  await linkRecord({ domain: DOMAIN_A, value: 'A3', person: await xadOf('B3'), ...staff }, ports)
  t.same(await waiting('late'), [])
  await unlinkRecord({ domain: DOMAIN_B, value: 'B3', ...staff }, ports)
  t.same(await waiting('late'), [['B3']])
})

t.test('a newer set takes the place of one that never left, not of one that was tried', async (t) => {
  await subscribe('s', [DOMAIN_A, DOMAIN_B])
  await add('A4')
  await linkB('B4', 'A4')
  t.same(await waiting('s'), [['A4', 'B4']])
  await pool.query('update jobs.outbox set attempts = 1')
  await unlinkRecord({ domain: DOMAIN_B, value: 'B4', ...staff }, ports)
  t.same(await waiting('s'), [['A4', 'B4'], ['A4'], ['B4']])
})

t.test('a split is told as it happened: neither what was before it nor what it made is coalesced', async (t) => {
  await subscribe('s', [DOMAIN_A, DOMAIN_B])
  await add('A5')
  await linkB('B5', 'A5')
  await unlinkRecord({ domain: DOMAIN_B, value: 'B5', ...staff }, ports)
  t.same(await waiting('s'), [['A5', 'B5'], ['A5'], ['B5']])
  await linkB('B5y', 'A5')
  t.same(
    await waiting('s'),
    [['A5', 'B5'], ['A5'], ['B5'], ['A5', 'B5y']],
    'and what comes later replaces no part of it',
  )
  await linkRecord({ domain: DOMAIN_A, value: 'A5z', person: await xadOf('B5'), ...staff }, ports)
  t.same((await waiting('s')).at(-1), ['A5z', 'B5'])
})

t.test(
  '3.44.4.3: a merge is told by the set that stays; what never left of the other is not sent any more',
  async (t) => {
    await subscribe('s', [DOMAIN_A])
    await add('M1')
    await add('M2')
    await feedMerge(mergeOf(idIn(DOMAIN_A, 'M1'), idIn(DOMAIN_A, 'M2')), hospital, ports)
    t.same(await waiting('s'), [['M2'], ['M2']], 'again, because of the one that is gone')
    await emptyOutbox()
    await feedMerge(mergeOf(idIn(DOMAIN_A, 'M1'), idIn(DOMAIN_A, 'M2')), hospital, ports)
    t.same(await waiting('s'), [], 'the same merge again changes nothing')
  },
)

t.test('3.46.4.1.1: linked by the matcher, and the link broken by a revise', async (t) => {
  await subscribe('s', [DOMAIN_A, DOMAIN_B])
  const matching: IdentityPorts = {
    ...ports,
    matching: () => ({ policy: DEFAULT_POLICY, model: DEFAULT_MODEL, version: '1' }),
  }
  const person = {
    names: [
      { representation: 'IDE', family: '長谷川', given: '雅彦' },
      { representation: 'SYL', family: 'ハセガワ', given: 'マサヒコ' },
    ],
    sex: 'M',
    birthTime: '19371128',
    addresses: [{ postalCode: '955-4321', text: '架空県仮想村大字東12-30' }],
    telecoms: ['tel:090-7331-2026'],
  } as const
  await feedAdd(feedOf([idIn(DOMAIN_A, 'MA')], { demographics: person }), hospital, matching)
  await feedAdd(feedOf([idIn(DOMAIN_B, 'MB')], { demographics: person }), clinic, matching)
  t.same(await waiting('s'), [['MA', 'MB']], 'the set of one, which never left, is not sent any more')
  await emptyOutbox()
  const other = { ...HANA, birthTime: '20010203', addresses: [{ text: '架空県別市9' }], telecoms: [] }
  await feedRevise(feedOf([idIn(DOMAIN_B, 'MB')], { kind: 'revise', demographics: other }), clinic, matching)
  t.same([...(await waiting('s'))].sort(), [['MA'], ['MB']])
})

t.test('merged by staff and taken back: the one set, then both again', async (t) => {
  await subscribe('s', [DOMAIN_A, DOMAIN_B])
  await add('U1')
  await addB('U2')
  await emptyOutbox()
  await mergeByStaff({ former: await xadOf('U2'), survivor: await xadOf('U1'), ...staff }, ports)
  t.same(await waiting('s'), [['U1', 'U2']])
  await emptyOutbox()
  const { rows } = await pool.query('select merge_id from identity.merge order by merge_id desc limit 1')
  await undoMerge({ mergeId: rows[0].merge_id, ...staff }, ports)
  t.same([...(await waiting('s'))].sort(), [['U1'], ['U2']])
})

t.test('an import changes many persons apart: each is told by itself, and coalesced by itself', async (t) => {
  await subscribe('s', [DOMAIN_A])
  const persons = await ports.store.inTransaction(async (tx) => {
    const made: string[] = []
    for (const value of ['I1', 'I2', 'I3']) {
      const person = await tx.addPerson()
      await tx.addIdentifier({ id: idIn(DOMAIN_A, value), person })
      await tx.addHistory([{ id: idIn(DOMAIN_A, value), event: 'add', by: 'import', reason: 'import', person }])
      made.push(person)
    }
    await tx.announce(made, 'changes apart')
    return made
  })
  t.same(await waiting('s'), [['I1'], ['I2'], ['I3']])
  const { rows } = await pool.query(
    `select person_key, persons from jobs.outbox where subscription_id = 's' order by outbox_id`,
  )
  t.same(
    rows,
    persons.map((person) => ({ person_key: person, persons: [person] })),
    'none waits for another',
  )
})

t.test(
  'what the subscriber may not see is not told, and a person of whom nothing is left to tell is not',
  async (t) => {
    visible = [DOMAIN_B]
    await subscribe('s', null)
    await add('V1')
    t.same(await waiting('s'), [])
    await linkB('VB', 'V1')
    t.same(await waiting('s'), [['VB']])
  },
)

t.test('changes of one person on many connections are told in one order, the last as it stands', async (t) => {
  await subscribe('s', [DOMAIN_A, DOMAIN_B])
  await add('R1')
  await Promise.all(
    Array.from({ length: 12 }, async (_, number) => {
      await linkB('RB', 'R1').catch(() => {})
      if (number % 2 === 0) await unlinkRecord({ domain: DOMAIN_B, value: 'RB', ...staff }, ports).catch(() => {})
    }),
  )
  const { rows } = await pool.query(
    `select o.ids as told, array(select i.value from identity.identifier i
                                 where i.person_key = o.person_key and i.status = 'active' and i.domain = any($1) order by 1) as stands
     from (select distinct on (person_key) person_key, array(select i->'id'->>'value' from jsonb_array_elements(ids) i order by 1) as ids
           from jobs.outbox where subscription_id = 's' order by person_key, outbox_id desc) o`,
    [[DOMAIN_A, DOMAIN_B]],
  )
  for (const { told, stands } of rows) if (stands.length > 0) t.same(told, stands)
  t.ok(rows.length > 0)
})
