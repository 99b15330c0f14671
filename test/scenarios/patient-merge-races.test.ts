// Merges while patients are submitted to, and long random sequences against a small model (ITI TF-2 3.8.4.2.4, 3.44.4.3.3).

import t from 'tap'
import { loadDemoNetwork } from '../../src/cli/demo/network.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import { violations } from '../db/soundness.ts'
import { errorCodesOf, isSuccess, laboratory } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { feedingOf, idIn } from './feeding.ts'

const network = await startNetwork(t)
const { add, merge, revise, submit, uniqueIds, link, registerSource } = feedingOf(network)
const XAD = network.server.config.identity.affinityDomainAuthority
const tester = (await loadDemoNetwork()).systems.find(({ systemId }) => systemId === 'tester')
const TESTER = tester?.assigningAuthority as Oid

t.test('3.8.4.2.4: submissions of both patients and their merge at once leave one answer', async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const [a, b] = [idIn(TESTER, `RACE-${round}-A`), idIn(TESTER, `RACE-${round}-B`)]
    for (const id of [a, b]) await add('tester', id)
    const [merged, ...submitted] = await Promise.all([
      merge('tester', { from: a, into: b }),
      ...Array.from({ length: 12 }, (_, index) => submit('tester', { patientId: index % 3 === 0 ? b : a })),
    ])
    t.equal(merged.code, 'CA')
    const stored = submitted.filter(({ text }) => isSuccess(text))
    for (const { text, entry } of submitted.filter((one) => !stored.includes(one))) {
      t.same(errorCodesOf(text), ['XDSUnknownPatientId'])
      t.same(entry.patientId, a)
    }
    const found = await network.find('tester', b)
    t.same(
      found.map(({ uniqueId }) => uniqueId).sort(),
      stored.map(({ entry }) => entry.uniqueId).sort(),
      `${stored.length} acknowledged, all under the survivor`,
    )
    t.ok(found.every(({ patientId }) => patientId.value === b.value))
    t.same(await network.find('tester', a), [])
  }
})

t.test('3.44.4.3.3: two merges of the same ids against each other end in one of them', async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const [a, b] = [idIn(TESTER, `CROSS-${round}-A`), idIn(TESTER, `CROSS-${round}-B`)]
    for (const id of [a, b]) await add('tester', id)
    const codes = await Promise.all([merge('tester', { from: a, into: b }), merge('tester', { from: b, into: a })])
    t.same(codes.map(({ code }) => code).sort(), ['CA', 'CE'])
  }
})

t.test('3.44.4.3.3: pushes during a merge of affinity domain ids: none is lost, none is refused', async (t) => {
  await registerSource('xad-source')
  const [from, into] = [idIn(XAD, 'XP-1'), idIn(XAD, 'XP-2')]
  for (const id of [from, into]) await add('xad-source', id)
  for (const { value } of [from, into])
    await network.admin.post(`/patients/${value}/consents`, { kind: 'comprehensive' })
  await link(from, 'hospital-a', '0000099901')
  await revise('hospital-a', idIn(DOMAINS['hospital-a'], '0000099901'))
  const connections = await Promise.all(Array.from({ length: 6 }, () => network.mllp('hospital-a')))
  t.teardown(() => Promise.all(connections.map(({ close }) => close())))
  const who = { kanji: ['澤村', '凛'], kana: ['サワムラ', 'リン'], birth: '19710203' } as const
  // The merge waits for the number, and the pushes behind it: when it ends, each finds the number with another person.
  const held = await network.pool.connect()
  await held.query('begin')
  await held.query(`select from identity.identifier where value = '0000099901' for update`)
  const merging = merge('xad-source', { from, into })
  await waiting(1)
  const pushes = connections.map(({ send }, index) =>
    send(laboratory({ order: `99${index}`, localId: '0000099901', who })),
  )
  await waiting(2)
  await held.query('commit')
  held.release()
  t.equal((await merging).code, 'CA')
  const acks = await Promise.all(pushes)
  t.same(
    acks.map((ack) => readAck(ack).code),
    acks.map(() => 'AA'),
  )
  const found = await network.find('tester', into)
  t.equal(found.length, acks.length)
  t.ok(found.every(({ patientId }) => patientId.value === into.value))
})

/** Until as many transactions wait for a lock. */
async function waiting(count: number): Promise<void> {
  const enough = async () => {
    const sql = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    return (await network.pool.query(sql)).rows[0].n >= count
  }
  if (!(await eventually(enough, 4000))) throw new Error('nobody waits')
}

t.test(
  '3.44.4.3.3: who has a number of a patient is not waited for in a circle: nobody holds the person meanwhile',
  async (t) => {
    const [a, b] = [idIn(DOMAINS['hospital-a'], '0000077701'), idIn(DOMAINS['hospital-a'], '0000077702')]
    for (const id of [a, b]) await add('hospital-a', id)
    const [former, survivor] = [await network.xadForStaff(a), await network.xadForStaff(b)]
    const acts: readonly (() => Promise<unknown>)[] = [
      () => network.admin.post(`/patients/${former.value}/merge`, { into: survivor.value, reason: 'test' }),
      () =>
        network.admin.post(`/patients/${survivor.value}/split`, {
          numbers: [{ facilityId: 'hospital-a', id: a.value }],
          reason: 'test',
        }),
      () => merge('hospital-a', { from: b, into: a }),
    ]
    for (const act of acts) {
      // As a feed of this number does it: first the number, then its person.
      const held = await network.pool.connect()
      await held.query('begin')
      const { rows } = await held.query(
        'select person_key from identity.identifier where domain = $1 and value = $2 for update',
        [a.authority, a.value],
      )
      const acting = act()
      await waiting(1)
      await t.resolves(
        held.query('select from identity.person where person_key = $1 for update nowait', [rows[0].person_key]),
      )
      await held.query('commit')
      held.release()
      await t.resolves(acting)
    }
  },
)

t.test('3.8.4.2.4: a submission that waited for a merge of its patient finds the patient id unknown', async (t) => {
  const [a, b] = [idIn(TESTER, 'WAIT-A'), idIn(TESTER, 'WAIT-B')]
  for (const id of [a, b]) await add('tester', id)
  const held = await network.pool.connect()
  await held.query('begin')
  await held.query(
    `select from identity.person where person_key = (select person_key from identity.identifier where value = 'WAIT-A') for update`,
  )
  const merging = merge('tester', { from: a, into: b })
  await waiting(1)
  const submitting = submit('tester', { patientId: a })
  await waiting(2)
  await held.query('commit')
  held.release()
  t.equal((await merging).code, 'CA')
  t.same(errorCodesOf((await submitting).text), ['XDSUnknownPatientId'])
  t.same(await uniqueIds('tester', b), [])
})

const SEED = Number(process.env.TSUNAGI_TEST_SEED ?? Date.now() % 2 ** 31)

/** Numbers from 0 to 1 that a seed makes again (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = randomFrom(SEED)
const names = ['A', 'B', 'C', 'D', 'E'].map((name) => `P-${SEED}-${name}`)
const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

/** What a registry knows: of an id its documents, or the id that replaced it; nothing of one that was never fed. */
const model = new Map<string, { readonly documents: string[] } | { readonly survivor: string }>()

function documentsOf(name: string): string[] | undefined {
  const known = model.get(name)
  return known !== undefined && 'documents' in known ? known.documents : undefined
}

function survivorOf(name: string): string | undefined {
  const known = model.get(name)
  return known !== undefined && 'survivor' in known ? known.survivor : undefined
}

/** The acknowledgement code that a merge gets. */
function mergeInModel(from: string, into: string): 'CA' | 'CE' {
  if (from === into) return 'CE'
  if (survivorOf(from) === into) return 'CA'
  const [going, staying] = [documentsOf(from), documentsOf(into)]
  if (going === undefined || staying === undefined) return 'CE'
  staying.push(...going)
  for (const name of names) if (name === from || survivorOf(name) === from) model.set(name, { survivor: into })
  return 'CA'
}

/** Each does one thing and tells what the server said and what the model says. */
const steps: readonly (() => Promise<readonly [said: unknown, expected: unknown]>)[] = [
  async () => {
    const name = any(names)
    const expected = survivorOf(name) === undefined ? 'CA' : 'CE'
    if (!model.has(name)) model.set(name, { documents: [] })
    const { code } = await add('tester', idIn(TESTER, name), any(['PIXManager', 'DocumentRegistry'] as const))
    return [code, expected]
  },
  async () => {
    const [from, into] = [any(names), any(names)]
    const { code } = await merge('tester', { from: idIn(TESTER, from), into: idIn(TESTER, into) })
    return [code, mergeInModel(from, into)]
  },
  async () => {
    const name = any(names)
    const { text, entry } = await submit('tester', { patientId: idIn(TESTER, name) })
    documentsOf(name)?.push(entry.uniqueId)
    return [isSuccess(text), documentsOf(name) !== undefined]
  },
  async () => {
    const name = any(names)
    return [await uniqueIds('tester', idIn(TESTER, name)), [...(documentsOf(name) ?? [])].sort()]
  },
]

t.test(`random adds, merges, submissions and queries answer as a small model does (seed ${SEED})`, async (t) => {
  for (let step = 0; step < 150; step += 1) {
    const [said, expected] = await any(steps)()
    t.same(said, expected, `step ${step}`)
  }
})

t.test('the index agrees with itself after all of this', async (t) => {
  t.same(await violations(network.pool), [])
})
