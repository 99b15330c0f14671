// Responding Gateway, ITI-55: which of the five cases is answered, what is kept of it, and what is refused (ITI TF-2 3.55.4.1.3, 3.55.4.2.2).

import t from 'tap'
import {
  type Correlated,
  type Finding,
  respondToDeferred,
  respondToDiscovery,
  type Sought,
} from '../../src/gateway/respond-discovery.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { DiscoveryQuery } from '../../src/model/discovery.ts'
import { AFFINITY, callerOf, DOMAIN_A, HANA, idIn, oid } from '../identity/in-memory.ts'

const ASKER = oid('2.25.9001')
const HOME = oid('2.25.9000')
const XAD = idIn(AFFINITY, 'P-1')
const OWN = idIn(oid('2.25.77'), 'E-7')
const EAST: Caller = { ...callerOf('network-east'), community: `urn:oid:${ASKER}` }

const QUERY: DiscoveryQuery = {
  transmission: {
    interaction: 'PRPA_IN201305UV02',
    id: { root: '2.25.300', extension: 'm-1' },
    creationTime: '20270401090000+0900',
    sender: { id: oid('2.25.400.1'), organization: ASKER },
    receiver: { id: oid('2.25.400.2') },
  },
  queryId: { root: '2.25.500', extension: 'q1' },
  message: '2.25.300^m-1',
  text: '<queryByParameter/>',
  home: { oid: ASKER, at: '/home' },
  names: [{ family: '水沢', given: '葉名', matching: 'exact', at: '/name' }],
  birth: { kind: 'date', date: '19620417', at: '/birth' },
  sex: 'F',
  address: { postalCode: '999-0001', parts: ['架空県', '見本市1-2-3'], at: '/address' },
  telecoms: [{ value: 'tel:1', at: '/telecom' }],
  mother: { family: '架空', matching: 'exact', at: '/mother' },
  ids: [{ id: OWN, at: '/id' }],
}

const FOUND: Finding = {
  kind: 'one',
  found: {
    person: '7',
    patientId: XAD,
    ids: [
      { id: XAD, authorityName: 'N' },
      { id: idIn(DOMAIN_A, 'A 1'), authorityName: 'A' },
    ],
    demographics: HANA,
    score: 97,
  },
}

function asked(finding: Finding, query: Partial<DiscoveryQuery> = {}, caller: Caller = EAST) {
  const kept: Correlated[] = []
  const sought: Sought[] = []
  const outcome = respondToDiscovery({ ...QUERY, ...query }, caller, {
    home: HOME,
    keptForSeconds: 86_400,
    authorityName: 'CARE',
    find: async (one) => {
      sought.push(one)
      return finding
    },
    keep: async (one) => {
      kept.push(one)
    },
  })
  return { outcome, kept, sought }
}

t.test('every parameter is looked for', async (t) => {
  const { outcome, sought } = asked({ kind: 'nobody' }, { minimumScore: 80 })
  await outcome
  t.same(sought, [
    {
      facilityId: 'network-east',
      ids: [OWN],
      minimumScore: 80,
      demographics: {
        names: [{ representation: 'IDE', family: '水沢', given: '葉名' }],
        sex: 'F',
        birthTime: '19620417',
        mother: [{ representation: 'IDE', family: '架空', given: '' }],
        addresses: [{ postalCode: '999-0001', text: '架空県見本市1-2-3' }],
        telecoms: ['tel:1'],
      },
    },
  ])
})

t.test('3.55.4.2.2: of a name the name is told, not what staff noted beside it', async (t) => {
  const name = { representation: 'IDE', family: '水沢（要注意）', given: '葉名様＊' } as const
  const demographics = { ...HANA, names: [name] }
  const found: Finding = { ...FOUND, found: { ...FOUND.found, demographics } }
  t.match(await asked(found).outcome, {
    answer: { patients: [{ demographics: { names: [{ family: '水沢', given: '葉名' }], sex: 'F' } }] },
  })
})

t.test(
  'case 1: one person with our id and home; the id that was told is kept, and audited with the person',
  async (t) => {
    const { outcome, kept } = asked(FOUND)
    t.match(await outcome, {
      answer: {
        kind: 'found',
        keptForSeconds: 86_400,
        patients: [
          {
            id: { id: XAD, authorityName: 'CARE' },
            home: HOME,
            otherIds: [{ id: idIn(DOMAIN_A, 'A 1') }],
            demographics: HANA,
            score: 97,
          },
        ],
      },
      result: 'success',
      evidence: {
        patients: [`P-1^^^&${AFFINITY}&ISO`],
        query: { id: '2.25.300^m-1', text: '<queryByParameter/>', home: `urn:oid:${HOME}` },
      },
    })
    t.same(kept, [
      {
        person: '7',
        facilityId: 'network-east',
        exchangeId: EAST.exchange.id,
        ours: { id: XAD, home: HOME, forSeconds: 86_400 },
      },
    ])
  },
)

t.test('the asker’s own id is kept only as long as it says, and only when it can be asked', async (t) => {
  const theirs = async (query: Partial<DiscoveryQuery>) => {
    const { outcome, kept } = asked(FOUND, query)
    await outcome
    return kept[0]?.theirs
  }
  t.same(await theirs({ reverse: OWN, keptForMs: 1000 }), { id: OWN, home: ASKER, forMs: 1000 })
  t.equal(await theirs({ reverse: OWN }), undefined, 'without a time to live nothing may be kept')
  const days = 24 * 3_600_000
  const forYears = await theirs({ reverse: OWN, keptForMs: 10 * 365 * days })
  t.equal(forYears?.forMs, 90 * days, 'no longer than what it tells when it is asked (docs/federation.md)')
  t.equal(await theirs({ reverse: OWN, keptForMs: 0 }), undefined)
  t.equal(await theirs({ keptForMs: 1000 }), undefined)
  const { home: _, ...homeless } = QUERY
  const { outcome, kept } = asked(FOUND, { ...homeless, reverse: OWN, keptForMs: 1000 })
  await outcome
  t.ok(kept[0] !== undefined)
})

t.test('of a system that stands for no community nothing is kept', async (t) => {
  const { outcome, kept } = asked(FOUND, {}, callerOf('tester'))
  t.match(await outcome, { answer: { kind: 'found' } })
  t.same(kept, [])
})

t.test(
  'case 3: what was not said; when all was said, it takes staff for several, and one is not near enough',
  async (t) => {
    const { sex: _sex, address: _address, mother: _mother, ...bare } = QUERY
    const less = respondToDiscovery({ ...bare, telecoms: [] }, EAST, {
      home: HOME,
      keptForSeconds: 1,
      authorityName: 'CARE',
      find: async () => ({ kind: 'unclear', count: 1 }),
      keep: async () => {},
    })
    t.match(await less, {
      answer: { kind: 'more wanted', wanted: ['sex', 'address', 'telecom', 'mother'] },
      result: 'success',
    })
    t.match(await asked({ kind: 'unclear', count: 2 }, { telecoms: [] }).outcome, {
      answer: { kind: 'more wanted', wanted: ['telecom'] },
    })
    t.match(await asked({ kind: 'unclear', count: 2 }).outcome, {
      answer: { kind: 'unable', reason: 'AnswerNotAvailable' },
      result: 'success',
    })
    t.match(await asked({ kind: 'unclear', count: 1 }).outcome, { answer: { kind: 'not found' } })
  },
)

t.test('cases 4 and 5: nobody, and nobody without staff; the audit names no patient', async (t) => {
  for (const [finding, answer] of [
    [{ kind: 'nobody' }, { kind: 'not found' }],
    [{ kind: 'by staff' }, { kind: 'unable', reason: 'AnswerNotAvailable' }],
  ] as const) {
    const { outcome, kept } = asked(finding)
    t.match(await outcome, { answer, result: 'success', evidence: { patients: [] } })
    t.same(kept, [])
  }
})

t.test(
  'another community than that of the certificate, a range of birth dates, and endless alternatives are refused',
  async (t) => {
    for (const [query, code, at] of [
      [{ home: { oid: HOME, at: '/home' } }, 'V3_VALUE', '/home'],
      [{ birth: { kind: 'range', low: '1962', at: '/birth' } }, 'V3_VALUE', '/birth'],
      [{ ids: Array.from({ length: 21 }, (_, at) => ({ id: OWN, at: `/id[${at + 1}]` })) }, 'V3_TOO_MANY', '/id[21]'],
    ] as const) {
      const { outcome, sought } = asked(FOUND, query)
      t.match(await outcome, { answer: { kind: 'refused' }, result: 'failure', errors: [{ row: { code }, at }] })
      t.same(sought, [])
    }
  },
)

t.test('the deferred mode is not supported', async (t) => {
  t.match(await respondToDeferred(QUERY), {
    result: 'failure',
    errors: [{ row: { code: 'XCPD_DEFERRED', v3: { code: 'NS250' } } }],
  })
})
