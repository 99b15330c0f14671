// Merge in the master patient index, and the feed at the Document Registry (ITI TF-2 3.8.4.2.3, 3.44.4.3.3).

import t from 'tap'
import { readAdt } from '../../src/codec/hl7v2/read-adt.ts'
import { feedAdd, feedAdt, feedMerge, feedRevise } from '../../src/identity/feed.ts'
import type { AdtFeed } from '../../src/model/identity-feed.ts'
import {
  AFFINITY,
  callerOf,
  DOMAIN_A,
  DOMAIN_B,
  feedOf,
  HANA,
  idIn,
  memoryPorts,
  mergeOf,
  SECOND_A,
  TESTER,
  UNKNOWN,
} from './in-memory.ts'

const hospital = callerOf('hospital-a')
const tester = callerOf('tester', TESTER)
const source = { ...hospital, roles: new Set(['patient-identity-source', 'affinity-domain-source'] as const) }
const codes = ({ errors }: { readonly errors: readonly { readonly row: { readonly code: string } }[] }) =>
  errors.map((error) => error.row.code)

async function portsWith(...values: readonly string[]) {
  const ports = memoryPorts()
  for (const value of values) await feedAdd(feedOf([idIn(DOMAIN_A, value)]), hospital, ports)
  return ports
}

t.test('3.44.4.3.3: the subsumed number becomes obsolete, its person goes, history says who and why', async (t) => {
  const ports = await portsWith('1', '2')
  const outcome = await feedMerge(mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2')), hospital, ports)
  t.match(outcome, { answer: { code: 'CA', details: [] }, recorded: true })
  t.match(outcome.evidence, { patients: [/^2\^/, /^1\^/], subsumed: /^1\^\^\^&2\.25\.100\.1&ISO$/ })
  const [merge] = ports.state().merges
  t.match(merge, { scope: 'person', by: 'hospital-a', reason: 'ITI-44 merge', moved: [] })
  t.strictSame(
    ports.state().announced,
    [[merge?.former], [merge?.survivor], [merge?.former, merge?.survivor]],
    '3.46.4.1.1: each new number, and both persons of the merge',
  )
  t.equal(merge?.replacements.length, 2, 'the number and the affinity domain id that was issued for it')
  t.match(
    ports
      .state()
      .history.filter(({ event }) => event === 'merge')
      .map(({ id, received }) => [id.authority, received]),
    [
      [DOMAIN_A, '<merge/>'],
      [AFFINITY, undefined],
    ],
  )
})

t.test('3.44.4.3.3: the same message and the same pair again change nothing', async (t) => {
  const ports = await portsWith('1', '2')
  const merge = mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2'))
  const first = await feedMerge(merge, hospital, ports)
  const again = await feedMerge(merge, hospital, ports)
  t.same(again.answer, first.answer)
  t.equal(again.recorded, false)
  t.equal((await feedMerge(mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2')), hospital, ports)).answer.code, 'CA')
  t.equal(ports.state().merges.length, 1)
})

t.test('3.44.4.3.3: what a merge refuses, it refuses without a trace', async (t) => {
  const ports = await portsWith('1', '2', '3')
  await feedMerge(mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2')), hospital, ports)
  const before = JSON.stringify([...ports.state().identifiers.values()])
  const refusals = [
    [idIn(DOMAIN_A, '3'), idIn(DOMAIN_A, '3'), 'V3_MERGE_SAME_ID'],
    [idIn(SECOND_A, '3'), idIn(DOMAIN_A, '3'), 'V3_MERGE_OTHER_DOMAIN'],
    [idIn(DOMAIN_B, '1'), idIn(DOMAIN_B, '2'), 'V3_UNKNOWN_KEY'],
    [idIn(UNKNOWN, '1'), idIn(UNKNOWN, '2'), 'V3_UNKNOWN_KEY'],
    [idIn(AFFINITY, '1'), idIn(AFFINITY, '2'), 'V3_UNKNOWN_KEY'],
    [idIn(DOMAIN_A, '9'), idIn(DOMAIN_A, '3'), 'V3_UNKNOWN_KEY'],
    [idIn(DOMAIN_A, '3'), idIn(DOMAIN_A, '9'), 'V3_UNKNOWN_KEY'],
    [idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '3'), 'V3_OBSOLETE_ID'],
    [idIn(DOMAIN_A, '3'), idIn(DOMAIN_A, '1'), 'V3_OBSOLETE_ID'],
  ] as const
  for (const [subsumed, survivor, code] of refusals) {
    const outcome = await feedMerge(mergeOf(subsumed, survivor), hospital, ports)
    t.same([outcome.answer.code, ...codes(outcome)], ['CE', code], `${subsumed.value} into ${survivor.value}`)
  }
  t.equal(JSON.stringify([...ports.state().identifiers.values()]), before)
  const [named] = (await feedMerge(mergeOf(idIn(DOMAIN_A, '3'), idIn(DOMAIN_A, '1')), hospital, ports)).errors
  t.match(named?.rule, /^replaced by 2\^\^\^/)
})

t.test('3.44.4.3.2: several survivors of the domain are too many; ids of other domains have no part', async (t) => {
  const ports = await portsWith('1', '2', '3')
  const [one, two, other] = [idIn(DOMAIN_A, '2'), idIn(DOMAIN_A, '3'), idIn(DOMAIN_B, '2')].map((id) => ({
    id,
    at: '/x',
  }))
  const merge = mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2'))
  const twice = await feedMerge({ ...merge, survivors: [one, two].flatMap((entry) => entry ?? []) }, hospital, ports)
  t.same(codes(twice), ['V3_TOO_MANY'])
  const beside = await feedMerge({ ...merge, survivors: [other, one].flatMap((entry) => entry ?? []) }, hospital, ports)
  t.equal(beside.answer.code, 'CA')
})

t.test('3.44.4.3.3: persons whom others know too are not joined by one source', async (t) => {
  const ports = memoryPorts()
  await feedAdd(feedOf([idIn(DOMAIN_A, '1'), idIn(SECOND_A, '1')]), hospital, ports)
  await feedAdd(feedOf([idIn(DOMAIN_A, '2')]), hospital, ports)
  const outcome = await feedMerge(mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2')), hospital, ports)
  t.same(codes(outcome), ['V3_MERGE_REVIEW'])
  t.match(ports.state().merges, [{ scope: 'record', moved: [], replacements: [{ former: { value: '1' } }] }])
})

t.test('3.44.4.1.3: the registry takes patient ids only, in whatever role they stand', async (t) => {
  const ports = { ...memoryPorts(), takes: 'patient ids of the registry' as const }
  const number = await feedAdd(feedOf([idIn(DOMAIN_A, '1')]), hospital, ports)
  t.same([number.answer.code, ...codes(number)], ['CA', 'V3_ID_IGNORED'])
  const foreign = await feedAdd(feedOf([idIn(AFFINITY, 'X1')]), hospital, ports)
  t.same([foreign.answer.code, ...codes(foreign)], ['CE', 'V3_UNKNOWN_KEY'])
  const beside = feedOf([idIn(DOMAIN_A, '1')], { otherIds: [{ id: idIn(AFFINITY, 'X1'), at: '/other' }] })
  t.match(await feedAdd(beside, source, ports), { answer: { code: 'CA', details: [] } })
  t.same(
    [...ports.state().identifiers.values()].map(({ id }) => [id.authority, id.value]),
    [[AFFINITY, 'X1']],
    'the person has the id that was sent, and none of ours',
  )
  t.equal((await feedAdd(feedOf([idIn(TESTER, 'T1')]), tester, ports)).answer.code, 'CA')
  const merge = await feedMerge(mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2')), hospital, ports)
  t.same(codes(merge), ['V3_UNKNOWN_KEY'])
  const revise = await feedRevise(feedOf([idIn(TESTER, 'T9')], { kind: 'revise' }), tester, ports)
  t.same([revise.answer.code, ...codes(revise)], ['CA', 'V3_ID_IGNORED'])
})

const visit = (id: {
  readonly value: string
  readonly namespace?: string
  readonly universalId?: string
}): AdtFeed => ({
  kind: 'visit',
  transaction: 'ITI-8',
  message: { key: JSON.stringify(id), at: 'MSH-10' },
  patientIds: [{ namespace: '', universalId: '', ...id, at: 'PID-3' }],
  demographics: HANA,
  masked: [],
  warnings: [],
  received: 'MSH|',
  digest: JSON.stringify(id),
})

t.test('3.8.4.1.2.1: a missing authority is the sender’s own, a name is that of its domain', async (t) => {
  const ports = memoryPorts()
  for (const [id, code, stored] of [
    [{ value: '1' }, 'CA', DOMAIN_A],
    [{ value: '2', namespace: 'HOSPITAL-A-DENTAL' }, 'CA', SECOND_A],
    [{ value: '3', universalId: DOMAIN_A }, 'CA', DOMAIN_A],
    [{ value: '4', namespace: 'CLINIC-B' }, 'CE', undefined],
    [{ value: '5', universalId: DOMAIN_B }, 'CE', undefined],
  ] as const) {
    const answer = await feedAdt(visit(id), hospital, ports).then(
      (outcome) => outcome.answer.code,
      () => 'CE',
    )
    t.equal(answer, code, JSON.stringify(id))
    t.same([...ports.state().identifiers.values()].find((one) => one.id.value === id.value)?.id.authority, stored)
  }
  t.equal((await feedAdt(visit({ value: 'T' }), tester, ports)).answer.code, 'CA', 'its own assigning authority first')
})

t.test('3.8.4.1.3: a visit describes a known patient anew; what it does not say stays', async (t) => {
  const ports = await portsWith('1')
  const married = { ...HANA, names: [{ representation: 'IDE', family: '空野', given: '花' }] } as const
  const { birthTime: _birthTime, ...silent } = married
  const again: AdtFeed = {
    ...visit({ value: '1' }),
    kind: 'visit',
    demographics: silent,
    masked: ['birthTime'],
  } as AdtFeed
  t.equal((await feedAdt(again, hospital, ports)).answer.code, 'CA')
  const stored = [...ports.state().identifiers.values()].find(({ id }) => id.authority === DOMAIN_A)
  t.same(stored?.demographics, married)
})

t.test('3.8.4.1.3: a visit does not take back the discretion that PID cannot speak of', async (t) => {
  const ports = memoryPorts()
  const id = idIn(DOMAIN_A, 'VIP')
  await feedAdd(feedOf([id], { demographics: { ...HANA, restricted: true } }), hospital, ports)
  for (const event of ['A04', 'A08']) {
    const head = `MSH|^~\\&|HIS|HOSPA|MPI|NET|20270401090000||ADT^${event}|${event}|P|2.3.1||||||UNICODE UTF-8`
    const segments = [head, `EVN|${event}|20270401090000`, `PID|1||VIP^^^&${DOMAIN_A}&ISO||例示^花`, 'PV1||O']
    const { answer } = await feedAdt(readAdt(Buffer.from(`${segments.join('\r')}\r`)), hospital, ports)
    t.equal(answer.code, 'CA')
    const stored = [...ports.state().identifiers.values()].find((one) => one.id.value === 'VIP')
    t.equal(stored?.demographics?.restricted, true, event)
  }
})
