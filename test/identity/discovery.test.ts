// Whom a neighbouring community means: found among those whom it may find, and nobody else is ever felt (ITI TF-2 3.55.4.1.3; docs/adr/0041).

import t from 'tap'
import { type DiscoveryPorts, discoverPerson, type SoughtPerson } from '../../src/identity/discovery.ts'
import { feedAdd } from '../../src/identity/feed.ts'
import { linkRecord } from '../../src/identity/linking.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import {
  AFFINITY,
  callerOf,
  DOMAIN_A,
  DOMAIN_B,
  feedOf,
  HANA,
  idIn,
  type MemoryPorts,
  memoryPorts,
  TESTER,
} from './in-memory.ts'
import { pdqOf } from './pdq-memory.ts'

/** Of the facility whose numbers are in DOMAIN_B; its community asks. */
const ASKER = 'clinic-b'
const NOTHING: Demographics = { names: [], addresses: [], telecoms: [] }
const TWIN: Demographics = {
  ...HANA,
  addresses: [{ postalCode: '999-0009', text: '架空県外町9-9-9' }],
  telecoms: ['tel:+81-99-000-0009'],
}

function sought(demographics: Demographics, fields: Partial<SoughtPerson> = {}): SoughtPerson {
  return { demographics, ids: [], minimumScore: 0, facilityId: ASKER, ...fields }
}

interface House extends DiscoveryPorts {
  readonly memory: MemoryPorts
  /** Persons whom the community may not find. */
  readonly hidden: Set<string>
  readonly personOf: (id: PatientId) => string
  readonly xadOf: (person: string) => PatientId
}

function houseOf(mode: 'auto' | 'review' | 'off' = 'auto'): House {
  const memory = memoryPorts(undefined, mode)
  const hidden = new Set<string>()
  const stored = () => [...memory.state().identifiers.values()]
  const xadOf = (person: string): PatientId => {
    const found = stored().find((one) => one.person === person && one.id.authority === AFFINITY)
    if (found === undefined) throw new Error(`${person} has no id of the network`)
    return found.id
  }
  return {
    memory,
    hidden,
    xadOf,
    personOf: (id) =>
      stored().find((one) => one.id.value === id.value && one.id.authority === id.authority)?.person ?? '',
    reads: {
      candidates: memory.store.candidates,
      recordsOf: memory.store.recordsOf,
      records: pdqOf(memory, () => []).reads.records,
      holders: async (ids) =>
        stored().flatMap(({ id, person, status }) => {
          const domain = memory.state().domains.get(id.authority)
          const isAsked = ids.some((one) => one.value === id.value && one.authority === id.authority)
          return domain === undefined || !isAsked || status !== 'active' ? [] : [{ person, domain }]
        }),
    },
    matching: memory.matching,
    findable: async (persons) =>
      new Map(persons.filter((one) => !hidden.has(one)).map((person) => [person, xadOf(person)])),
  }
}

async function fed(house: House, id: PatientId, demographics: Demographics = HANA): Promise<string> {
  const facility = id.authority === DOMAIN_A ? 'hospital-a' : 'clinic-b'
  await feedAdd(feedOf([id], { demographics }), callerOf(facility), house.memory)
  return house.personOf(id)
}

t.test('one person who agrees with all that is said, with the id to ask by', async (t) => {
  const house = houseOf()
  const person = await fed(house, idIn(DOMAIN_A, 'A1'))
  const found = await discoverPerson(sought(HANA), house)
  t.match(found, { kind: 'one', found: { person, patientId: house.xadOf(person), score: 100, ids: [] } })
  t.same(found.kind === 'one' && found.found.demographics, {
    ...NOTHING,
    names: HANA.names,
    sex: 'F',
    birthTime: '19620417',
  })
})

t.test('who may not be found is as if not there: neither found, nor near, nor in the way of another', async (t) => {
  const house = houseOf()
  const person = await fed(house, idIn(DOMAIN_A, 'A1'))
  house.hidden.add(person)
  const alike = { ...HANA, addresses: [], telecoms: [] }
  t.same(await discoverPerson(sought(HANA), house), { kind: 'nobody' })
  t.same(await discoverPerson(sought(alike), house), { kind: 'nobody' })
  t.same(await discoverPerson(sought(NOTHING, { ids: [house.xadOf(person)] }), house), { kind: 'nobody' })
  const other = await fed(house, idIn(DOMAIN_A, 'A2'), TWIN)
  t.not(other, person)
  t.match(await discoverPerson(sought(TWIN), house), { kind: 'one', found: { person: other } })
})

t.test('name and birth date alone are not enough; a wrong one of them is nobody', async (t) => {
  const house = houseOf()
  await fed(house, idIn(DOMAIN_A, 'A1'))
  const alone = { ...HANA, addresses: [], telecoms: [] }
  t.same(await discoverPerson(sought(alone), house), { kind: 'unclear', count: 1 })
  t.same(await discoverPerson(sought({ ...alone, birthTime: '19440101' }), house), { kind: 'nobody' })
  const stranger = { ...alone, names: [{ representation: 'IDE', family: '別人', given: '太郎' } as const] }
  t.same(await discoverPerson(sought(stranger), house), { kind: 'nobody' })
})

t.test('of two who are alike none is given', async (t) => {
  const house = houseOf('off')
  await fed(house, idIn(DOMAIN_A, 'A1'))
  await fed(house, idIn(DOMAIN_A, 'A2'))
  const auto = { ...house, matching: houseOf('auto').matching }
  t.same(await discoverPerson(sought(HANA), auto), { kind: 'unclear', count: 2 })
})

t.test('an id that the person has makes sure what was open; one of somebody else speaks against', async (t) => {
  const house = houseOf()
  const person = await fed(house, idIn(DOMAIN_A, 'A1'))
  const alone = { ...HANA, addresses: [], telecoms: [] }
  t.match(await discoverPerson(sought(alone, { ids: [idIn(DOMAIN_A, 'A1')] }), house), {
    kind: 'one',
    found: { person, ids: [{ id: idIn(DOMAIN_A, 'A1') }], score: 100 },
  })
  t.not((await discoverPerson(sought(alone, { ids: [idIn(DOMAIN_A, 'A9')] }), house)).kind, 'one')
  await fed(house, idIn(DOMAIN_A, 'A2'), { ...TWIN, names: [{ representation: 'IDE', family: '遠山', given: '金' }] })
  t.same(
    await discoverPerson(sought(HANA, { ids: [idIn(DOMAIN_A, 'A2')] }), house),
    { kind: 'unclear', count: 2 },
    'described like one, with the number of another',
  )
})

t.test('by ids alone: those of the network and the asker’s own, no numbers of others, and no name', async (t) => {
  const house = houseOf()
  const person = await fed(house, idIn(DOMAIN_A, 'A1'))
  const xad = house.xadOf(person)
  t.match(await discoverPerson(sought(NOTHING, { ids: [xad] }), house), {
    kind: 'one',
    found: { person, demographics: NOTHING },
  })
  t.same(await discoverPerson(sought(NOTHING, { ids: [idIn(DOMAIN_A, 'A1')] }), house), { kind: 'nobody' })
  const staff = { by: 'registrar', peer: '127.0.0.1:5000', reason: 'seen at the desk' }
  await linkRecord({ domain: DOMAIN_B, value: 'E-7', person: xad.value, ...staff }, house.memory)
  t.match(await discoverPerson(sought(NOTHING, { ids: [idIn(DOMAIN_B, 'E-7'), idIn(TESTER, '?')] }), house), {
    kind: 'one',
    found: { person, ids: [{ id: idIn(DOMAIN_B, 'E-7') }] },
  })
  const other = await fed(house, idIn(DOMAIN_A, 'A2'), TWIN)
  t.same(
    await discoverPerson(sought(NOTHING, { ids: [xad, house.xadOf(other)] }), house),
    { kind: 'nobody' },
    'ids of two persons are nobody’s',
  )
})

t.test('what is said beside an id is compared with the person who has it', async (t) => {
  const house = houseOf()
  const person = await fed(house, idIn(DOMAIN_A, 'A1'))
  const ids = [house.xadOf(person)]
  const said = (more: Partial<Demographics>) => discoverPerson(sought({ ...NOTHING, ...more }, { ids }), house)
  t.match(await said({ birthTime: '19620417', sex: 'F' }), {
    kind: 'one',
    found: { person, demographics: { names: HANA.names } },
  })
  for (const wrong of [{ birthTime: '19440101' }, { sex: 'M' }, { birthTime: '19620417', sex: 'M' }] as const)
    t.same(await said(wrong), { kind: 'nobody' }, JSON.stringify(wrong))
})

t.test('a person whose source asks for discretion is found by an id only', async (t) => {
  const house = houseOf()
  const person = await fed(house, idIn(DOMAIN_A, 'A1'), { ...HANA, restricted: true })
  t.same(await discoverPerson(sought(HANA), house), { kind: 'nobody' })
  t.match(await discoverPerson(sought(HANA, { ids: [idIn(DOMAIN_A, 'A1')] }), house), {
    kind: 'one',
    found: { person },
  })
})

t.test('a degree of match that is not reached is nobody', async (t) => {
  const house = houseOf()
  const person = await fed(house, idIn(DOMAIN_A, 'A1'))
  const { names, ...rest } = HANA
  const kana = { ...rest, names: names.slice(1), telecoms: [] }
  const found = await discoverPerson(sought(kana), house)
  t.match(found, { kind: 'one', found: { person } })
  const score = found.kind === 'one' ? found.found.score : 0
  t.match(await discoverPerson(sought(kana, { minimumScore: score }), house), { kind: 'one' })
  if (score < 100) t.same(await discoverPerson(sought(kana, { minimumScore: score + 1 }), house), { kind: 'nobody' })
})

t.test(
  'where staff link every record, a stranger’s question is not answered without them, whoever is asked for',
  async (t) => {
    for (const mode of ['review', 'off'] as const) {
      const house = houseOf(mode)
      const person = await fed(house, idIn(DOMAIN_A, 'A1'))
      t.same(await discoverPerson(sought(HANA), house), { kind: 'by staff' })
      t.same(
        await discoverPerson(sought({ ...HANA, names: [{ representation: 'IDE', family: '別', given: '人' }] }), house),
        {
          kind: 'by staff',
        },
      )
      t.match(await discoverPerson(sought(NOTHING, { ids: [house.xadOf(person)] }), house), { kind: 'one' })
    }
  },
)
