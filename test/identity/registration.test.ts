// Registration by staff: persons, links and their history (ITI TF-2 3.45 returns positive links only).

import t from 'tap'
import { feedAdd } from '../../src/identity/feed.ts'
import { linkRecord, unlinkRecord } from '../../src/identity/linking.ts'
import { findPersons, registerPerson } from '../../src/identity/registration.ts'
import {
  AFFINITY,
  callerOf,
  DOMAIN_A,
  DOMAIN_B,
  feedOf,
  HANA,
  idIn,
  memoryPorts,
  refusalOf,
  UNKNOWN,
} from './in-memory.ts'

const staff = { by: 'registrar', peer: '127.0.0.1:5000', reason: 'consent sheet' }

t.test('a registered person can be given a number that no feed has brought yet', async (t) => {
  const ports = memoryPorts()
  const { key, xad } = await registerPerson({ demographics: HANA, by: staff.by, peer: staff.peer }, ports)
  const change = await linkRecord({ domain: DOMAIN_A, value: '7', person: xad.value, ...staff }, ports)
  t.strictSame(change, { identifier: idIn(DOMAIN_A, '7'), person: key, xad })
  const again = await linkRecord({ domain: DOMAIN_A, value: '7', person: xad.value, ...staff }, ports)
  t.strictSame(again, change, 'linking twice changes nothing')
  t.equal(ports.state().history.filter((entry) => entry.event === 'link').length, 1)
  t.strictSame(
    ports.state().announced,
    [[key], [key]],
    '3.46.4.1.1: registered, then linked; nothing new the second time',
  )
})

t.test(
  'linking the only number of a person makes the two one, and its patient id of the network stands for the other',
  async (t) => {
    const ports = memoryPorts()
    await feedAdd(feedOf([idIn(DOMAIN_A, 'A1')]), callerOf('hospital-a'), ports)
    await feedAdd(feedOf([idIn(DOMAIN_B, 'B1')]), callerOf('clinic-b'), ports)
    const [a] = await findPersons({ value: 'A1' }, ports)
    const [b] = await findPersons({ value: 'B1', domain: DOMAIN_B }, ports)
    const change = await linkRecord({ domain: DOMAIN_B, value: 'B1', person: a?.xad ?? '', ...staff }, ports)
    t.match(change, { person: a?.key, formerPerson: b?.key, obsolete: idIn(AFFINITY, b?.xad ?? '') })
    t.match(ports.state().history.at(-1), {
      event: 'link',
      by: 'registrar',
      reason: 'consent sheet',
      formerPerson: b?.key,
    })
    t.match(ports.state().merges, [{ scope: 'person', origin: 'staff', former: b?.key, survivor: a?.key }])
    t.equal((await findPersons({ value: b?.xad ?? '' }, ports))[0]?.xad, a?.xad)
    const undone = await unlinkRecord({ domain: DOMAIN_B, value: 'B1', ...staff }, ports)
    t.equal(undone.formerPerson, a?.key)
    t.not(undone.person, a?.key)
    t.strictSame(
      ports.state().announced.slice(-2),
      [
        [b?.key, a?.key],
        [a?.key, undone.person],
      ],
      '3.46.4.1.1: both sides of a link made and of a link broken',
    )
  },
)

t.test('what cannot be linked is refused by name', async (t) => {
  const ports = memoryPorts()
  const { xad } = await registerPerson({ demographics: HANA, by: staff.by, peer: staff.peer }, ports)
  const link = (domain: typeof DOMAIN_A, value: string, person: string) =>
    linkRecord({ domain, value, person, ...staff }, ports)
  t.match(await refusalOf(link(UNKNOWN, '1', xad.value)), { row: { code: 'V3_UNKNOWN_KEY' } })
  t.match(await refusalOf(link(AFFINITY, '1', xad.value)), { row: { code: 'V3_UNKNOWN_KEY' } })
  t.match(await refusalOf(link(DOMAIN_A, '1', 'NOBODY0000')), { row: { code: 'V3_UNKNOWN_KEY' } })
  await link(DOMAIN_A, '1', xad.value)
  t.match(await refusalOf(link(DOMAIN_A, '2', xad.value)), { row: { code: 'V3_SEVERAL_IDS' } })
  t.match(await refusalOf(unlinkRecord({ domain: DOMAIN_A, value: '9', ...staff }, ports)), {
    row: { code: 'V3_UNKNOWN_KEY' },
  })
})

t.test('a number goes with what its facility registered under it, and never comes back by similarity', async (t) => {
  const ports = memoryPorts()
  await feedAdd(feedOf([idIn(DOMAIN_A, 'A1')]), callerOf('hospital-a'), ports)
  await feedAdd(feedOf([idIn(DOMAIN_B, 'B1')]), callerOf('clinic-b'), ports)
  const former = (await findPersons({ value: 'A1' }, ports))[0]?.xad ?? ''
  await linkRecord({ domain: DOMAIN_B, value: 'B1', person: former, ...staff }, ports)
  const { xad } = await registerPerson({ demographics: HANA, by: staff.by, peer: staff.peer }, ports)
  await linkRecord({ domain: DOMAIN_A, value: 'A1', person: xad.value, ...staff }, ports)
  t.match(ports.state().moves, [
    { ids: [idIn(DOMAIN_A, 'A1')], link: 'manual', replacement: { former: idIn(AFFINITY, former), survivor: xad } },
  ])
  const { xad: own } = await unlinkRecord({ domain: DOMAIN_A, value: 'A1', ...staff }, ports)
  t.match(ports.state().moves[1], { ids: [idIn(DOMAIN_A, 'A1')], replacement: { former: xad, survivor: own } })
  t.equal(ports.state().apart.size, 1, 'the number and the patient id of the network stay apart')
})

t.test('every change by staff leaves an audit event that names who, from where and whom', async (t) => {
  const ports = memoryPorts()
  const { xad } = await registerPerson({ demographics: HANA, by: staff.by, peer: staff.peer }, ports)
  await linkRecord({ domain: DOMAIN_A, value: '7', person: xad.value, ...staff }, ports)
  await unlinkRecord({ domain: DOMAIN_A, value: '7', ...staff }, ports)
  t.match(ports.state().staffChanges, [
    { by: 'registrar', peer: '127.0.0.1:5000', operation: 'person registered', patients: [xad] },
    { operation: 'patient number linked', patients: [idIn(DOMAIN_A, '7'), xad] },
    { operation: 'patient number unlinked' },
  ])
})
