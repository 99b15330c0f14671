// PIX Manager behaviour: ITI TF-2 3.44.4.1.3 (add), 3.44.4.2.3 (revise), 3.45.4.1.3 (query).

import t from 'tap'
import { feedAdd, feedRevise } from '../../src/identity/feed.ts'
import { linkRecord } from '../../src/identity/linking.ts'
import { pixQuery } from '../../src/identity/pix-manager.ts'
import { findPersons } from '../../src/identity/registration.ts'
import {
  AFFINITY,
  callerOf,
  DOMAIN_A,
  DOMAIN_B,
  feedOf,
  HANA,
  idIn,
  memoryPorts,
  queryOf,
  SECOND_A,
  TESTER,
  UNKNOWN,
} from './in-memory.ts'

const hospital = callerOf('hospital-a')
const clinic = callerOf('clinic-b')
const codes = (outcome: { readonly errors: readonly { readonly row: { readonly code: string } }[] }) =>
  outcome.errors.map((error) => error.row.code)

t.test('3.44.4.1.3: a new id gets a person with an affinity domain id, recorded in the same transaction', async (t) => {
  const ports = memoryPorts()
  const outcome = await feedAdd(feedOf([idIn(DOMAIN_A, '0001')]), hospital, ports)
  t.strictSame(outcome.answer, { code: 'CA', details: [] })
  t.equal(outcome.recorded, true)
  t.equal(ports.state().records.length, 1)
  const [person] = await findPersons({ value: '0001' }, ports)
  t.match(person?.xad, /^[0-9A-HJKMNP-TV-Z]{10}$/)
  t.strictSame(
    ports.state().history.map((entry) => [entry.event, entry.id.authority, entry.by]),
    [
      ['add', AFFINITY, 'hospital-a'],
      ['add', DOMAIN_A, 'hospital-a'],
    ],
  )
})

t.test('3.44.4.1.3: the same message again gives the stored acknowledgement and no second effect', async (t) => {
  const ports = memoryPorts()
  const feed = feedOf([idIn(DOMAIN_A, '0002'), idIn(UNKNOWN, '1')])
  const first = await feedAdd(feed, hospital, ports)
  const again = await feedAdd(feed, hospital, ports)
  t.strictSame(again.answer, first.answer)
  t.equal(again.recorded, false, 'the repetition is a new exchange and is recorded by the pipeline')
  t.equal(ports.state().history.length, 2)
  const other = await feedAdd({ ...feed, digest: 'other content' }, hospital, ports)
  t.equal(other.answer.code, 'CA')
  t.strictSame(codes(other), ['V3_MESSAGE_ID_REUSED', 'V3_ID_IGNORED'], 'the id under other content is a new message')
})

t.test('3.44.4.1.3: unknown and foreign domains are refused in the same words, nothing is stored', async (t) => {
  const ports = memoryPorts()
  const foreign = await feedAdd(feedOf([idIn(DOMAIN_B, '1')]), hospital, ports)
  const unknown = await feedAdd(feedOf([idIn(UNKNOWN, '1')]), hospital, ports)
  t.equal(foreign.answer.code, 'CE')
  t.equal(foreign.answer.details[0]?.code, '204')
  t.equal(foreign.answer.details[0]?.text.replace(DOMAIN_B, UNKNOWN), unknown.answer.details[0]?.text)
  t.match(foreign.answer.details[0]?.locations, [/patient\/id\[1\]$/])
  t.equal(ports.state().identifiers.size, 0)
  t.equal(foreign.recorded, false)
})

t.test('3.44.4.1.3: ids of some unknown domains are left out with a warning', async (t) => {
  const ports = memoryPorts()
  const outcome = await feedAdd(feedOf([idIn(DOMAIN_A, '0003'), idIn(AFFINITY, 'GUESSED000')]), hospital, ports)
  t.equal(outcome.answer.code, 'CA')
  t.strictSame(codes(outcome), ['V3_ID_IGNORED'])
  t.equal(outcome.answer.details[0]?.type, 'W')
  t.equal((await findPersons({ value: 'GUESSED000' }, ports)).length, 0)
})

t.test('3.44.4.1.3: two ids of one domain are refused', async (t) => {
  const outcome = await feedAdd(feedOf([idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2')]), hospital, memoryPorts())
  t.equal(outcome.answer.code, 'CE')
  t.strictSame(codes(outcome), ['V3_SEVERAL_IDS'])
})

t.test('3.44.4.1.3: a repeated add completes the record, and never overwrites another person’s', async (t) => {
  const ports = memoryPorts()
  const id = idIn(DOMAIN_A, '0004')
  const { birthTime: _, ...less } = HANA
  await feedAdd(feedOf([id], { demographics: less }), hospital, ports)
  t.equal((await feedAdd(feedOf([id]), hospital, ports)).errors.length, 0)
  const stored = async () => (await ports.store.findIdentifiers('0004'))[0]?.demographics
  t.equal((await stored())?.birthTime, HANA.birthTime)
  const changes = ports.state().history.length
  await feedAdd(feedOf([id]), hospital, ports)
  t.equal(ports.state().history.length, changes, 'the same demographics are no change')
  const other = await feedAdd(feedOf([id], { demographics: { ...HANA, birthTime: '19990101' } }), hospital, ports)
  t.equal(other.answer.code, 'CA')
  t.strictSame(codes(other), ['V3_DEMOGRAPHICS_DIFFER'])
  t.equal((await stored())?.birthTime, HANA.birthTime)
})

t.test('3.44.4.1.3: an id in asOtherIDs joins the record, and never links two persons', async (t) => {
  const ports = memoryPorts()
  await feedAdd(feedOf([idIn(SECOND_A, 'D9')]), hospital, ports)
  const otherIds = (value: string) => ({ otherIds: [{ id: idIn(SECOND_A, value), at: '/other' }] })
  const joined = await feedAdd(feedOf([idIn(DOMAIN_A, '0005')], otherIds('D1')), hospital, ports)
  t.strictSame(codes(joined), [])
  t.equal((await findPersons({ value: 'D1' }, ports))[0]?.key, (await findPersons({ value: '0005' }, ports))[0]?.key)
  const taken = await feedAdd(feedOf([idIn(DOMAIN_A, '0006')], otherIds('D9')), hospital, ports)
  t.equal(taken.answer.code, 'CA')
  t.strictSame(codes(taken), ['V3_OTHER_ID_TAKEN'])
  t.not((await findPersons({ value: 'D9' }, ports))[0]?.key, (await findPersons({ value: '0006' }, ports))[0]?.key)
})

t.test('3.44.4.1.3: ids of different persons in one message are refused', async (t) => {
  const ports = memoryPorts()
  await feedAdd(feedOf([idIn(DOMAIN_A, '1')]), hospital, ports)
  await feedAdd(feedOf([idIn(SECOND_A, '2')]), hospital, ports)
  const outcome = await feedAdd(feedOf([idIn(DOMAIN_A, '1'), idIn(SECOND_A, '2')]), hospital, ports)
  t.strictSame(codes(outcome), ['V3_ID_ELSEWHERE'])
  t.equal(outcome.answer.code, 'CE')
})

t.test('3.44.4.2.3: a revise replaces, keeps what is masked, and is refused for an unknown id', async (t) => {
  const ports = memoryPorts()
  const id = idIn(DOMAIN_A, '0007')
  const unknown = await feedRevise(feedOf([id], { kind: 'revise' }), hospital, ports)
  t.equal(unknown.answer.details[0]?.code, '204')
  await feedAdd(feedOf([id]), hospital, ports)
  const demographics = { names: HANA.names, addresses: [{ text: '架空県別市9' }], telecoms: [] }
  await feedRevise(feedOf([id], { kind: 'revise', demographics, masked: ['birthTime'] }), hospital, ports)
  t.equal(
    ports.state().announced.length,
    1,
    '3.46.4.1.1: the add is announced; demographics alone concern no subscriber',
  )
  const [stored] = await ports.store.findIdentifiers('0007')
  t.strictSame(stored?.demographics, { ...demographics, birthTime: HANA.birthTime })
})

t.test('3.44.4.2.3: an obsolete id is refused', async (t) => {
  const ports = memoryPorts()
  const id = idIn(DOMAIN_A, '0008')
  await feedAdd(feedOf([id]), hospital, ports)
  await ports.store.inTransaction((tx) => tx.makeObsolete(id))
  t.strictSame(codes(await feedRevise(feedOf([id], { kind: 'revise' }), hospital, ports)), ['V3_OBSOLETE_ID'])
})

t.test('access mode affinity-domain: the system’s own authority becomes a domain', async (t) => {
  const ports = memoryPorts()
  const tester = callerOf('tester', TESTER)
  t.equal((await feedAdd(feedOf([idIn(TESTER, 'T1')]), tester, ports)).answer.code, 'CA')
  t.match(ports.state().domains.get(TESTER), { kind: 'affinity', facilityId: 'tester' })
  t.equal((await feedAdd(feedOf([idIn(TESTER, 'T2')]), hospital, ports)).answer.code, 'CE')
  t.equal((await pixQuery(queryOf(idIn(TESTER, 'T1')), tester, ports)).answer.kind, 'found')
})

async function linkedPatient(visible?: readonly string[]) {
  const ports = memoryPorts(visible)
  await feedAdd(feedOf([idIn(DOMAIN_A, 'A1')]), hospital, ports)
  await feedAdd(feedOf([idIn(DOMAIN_B, 'B1')]), clinic, ports)
  const person = (await findPersons({ value: 'A1' }, ports))[0]?.xad ?? ''
  await linkRecord({ domain: DOMAIN_B, value: 'B1', person, by: 'staff', peer: '127.0.0.1:1', reason: 'sheet' }, ports)
  return { ports, person }
}

t.test('3.45.4.1.3 cases 1 and 2: ids of the wanted domains, without the queried one', async (t) => {
  const { ports, person } = await linkedPatient()
  const all = await pixQuery(queryOf(idIn(DOMAIN_A, 'A1')), hospital, ports)
  t.same(all.answer, {
    kind: 'found',
    ids: [
      { id: idIn(AFFINITY, person), authorityName: 'NETWORK' },
      { id: idIn(DOMAIN_B, 'B1'), authorityName: 'CLINIC-B' },
    ],
  })
  t.equal(all.evidence.patients.length, 3)
  const one = await pixQuery(queryOf(idIn(DOMAIN_A, 'A1'), [DOMAIN_B]), hospital, ports)
  t.match(one.answer, { kind: 'found', ids: { length: 1 } })
})

t.test('3.45.4.1.3 case 3: known, but nothing in the wanted domains or nothing visible', async (t) => {
  const { ports } = await linkedPatient([])
  t.equal((await pixQuery(queryOf(idIn(DOMAIN_A, 'A1'), [SECOND_A]), hospital, ports)).answer.kind, 'nothing')
  t.equal((await pixQuery(queryOf(idIn(DOMAIN_A, 'A1')), hospital, ports)).answer.kind, 'nothing')
})

t.test('3.45.4.1.3 case 4: another facility’s id is answered like an unknown one', async (t) => {
  const { ports } = await linkedPatient()
  const foreign = await pixQuery(queryOf(idIn(DOMAIN_B, 'B1')), hospital, ports)
  const unknown = await pixQuery(queryOf(idIn(DOMAIN_B, 'B9')), hospital, ports)
  t.equal(foreign.answer.kind, 'unknown')
  t.equal(JSON.stringify(foreign.answer).replace('B1', 'B9'), JSON.stringify(unknown.answer))
})

t.test('3.45.4.1.3 cases 4 and 5 together: every unknown domain with its index, then the id', async (t) => {
  const { ports } = await linkedPatient()
  const outcome = await pixQuery(queryOf(idIn(DOMAIN_A, 'A9'), [DOMAIN_B, UNKNOWN]), hospital, ports)
  t.strictSame(
    outcome.errors.map((error) => error.at?.split('/').slice(-2).join('/')),
    ['dataSource[2]/value', 'patientIdentifier/value'],
  )
})

t.test('3.45: the affinity domain id may be asked about by facilities that know the person', async (t) => {
  const { ports, person } = await linkedPatient()
  t.equal((await pixQuery(queryOf(idIn(AFFINITY, person)), clinic, ports)).answer.kind, 'found')
  t.equal((await pixQuery(queryOf(idIn(AFFINITY, person)), callerOf('pharmacy-c'), ports)).answer.kind, 'unknown')
})

t.test('Appendix E.2: a namespace means an own domain first, then the only domain of that name', async (t) => {
  const { ports } = await linkedPatient()
  const named = { ...queryOf(idIn(DOMAIN_A, 'A1')), domains: [{ namespace: 'CLINIC-B', universalId: '', at: '/b' }] }
  t.match((await pixQuery(named, hospital, ports)).answer, { kind: 'found', ids: [{ id: idIn(DOMAIN_B, 'B1') }] })
  ports.state().domains.set(UNKNOWN, { oid: UNKNOWN, name: 'CLINIC-B', kind: 'facility', facilityId: 'other' })
  const twice = await pixQuery(named, hospital, ports)
  t.match(twice.errors, [{ row: { code: 'V3_UNKNOWN_KEY' }, at: '/b', value: 'CLINIC-B' }], 'a name of two is nobody’s')
  t.equal((await pixQuery({ ...named, patient: named.patient }, clinic, ports)).answer.kind, 'unknown')
  const own = {
    ...named,
    patient: { ...named.patient, value: 'B1', namespace: 'CLINIC-B', universalId: '' },
    domains: [],
  }
  t.equal((await pixQuery(own, clinic, ports)).answer.kind, 'found', 'one’s own is meant')
  const { patients } = (await pixQuery(own, clinic, ports)).evidence
  t.equal(patients[0], `B1^^^&${DOMAIN_B}&ISO`)
})

t.test('Appendix E.2: an OID decides, a namespace beside it is checked', async (t) => {
  const { ports } = await linkedPatient()
  const query = queryOf(idIn(DOMAIN_A, 'A1'))
  const patient = { ...query.patient, namespace: 'WRONG', domainAt: 'QPD-3.4' }
  const domains = [{ namespace: 'WRONG-B', universalId: DOMAIN_B, at: 'QPD-4[1]' }]
  const outcome = await pixQuery({ ...query, patient, domains }, hospital, ports)
  t.equal(outcome.answer.kind, 'found')
  t.match(outcome.errors, [
    { row: { code: 'V3_TOLERATED' }, at: 'QPD-3.4.1', value: 'WRONG' },
    { row: { code: 'V3_TOLERATED' }, at: 'QPD-4[1].4.1', value: 'WRONG-B' },
  ])
})

t.test('3.9.4.2.2 cases 3 and 4: whether the id or its domain is not known', async (t) => {
  const { ports } = await linkedPatient()
  const placed = (id: ReturnType<typeof idIn>) => {
    const query = queryOf(id)
    return { ...query, patient: { ...query.patient, at: 'QPD-3.1', domainAt: 'QPD-3.4' } }
  }
  t.match((await pixQuery(placed(idIn(DOMAIN_A, 'A9')), hospital, ports)).errors, [{ at: 'QPD-3.1' }])
  t.match((await pixQuery(placed(idIn(UNKNOWN, 'A9')), hospital, ports)).errors, [{ at: 'QPD-3.4' }])
  const nobodys = { ...placed(idIn(DOMAIN_A, 'A1')) }
  const without = { ...nobodys, patient: { ...nobodys.patient, universalId: '' } }
  const outcome = await pixQuery(without, hospital, ports)
  t.match(outcome.errors, [{ at: 'QPD-3.4', value: 'A1^^^' }])
  t.strictSame(outcome.evidence.patients, [], 'nobody is named whose domain is not')
})
