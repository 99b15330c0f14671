// ITI-42 against a registry in memory: all or nothing, order of checks, what may be referred to (ITI TF-2 3.42.4.1.3).

import t from 'tap'
import { type AffinityDomain, affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { admits } from '../../src/access/decide.ts'
import type { Opening, PatientAccess } from '../../src/model/access.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { SubmitObjects } from '../../src/model/ebrim.ts'
import {
  APND,
  HAS_MEMBER,
  OBJECT_STABLE,
  RPLC,
  STATUS_APPROVED,
  STATUS_DEPRECATED,
  XFRM,
  XFRM_RPLC,
} from '../../src/model/xds.ts'
import type { ReferencedObject, RegistrationFacts, RegistrationPlan, RegistryPorts } from '../../src/registry/ports.ts'
import { register } from '../../src/registry/register.ts'
import { opened, opening } from '../access/scopes.ts'
import { association, COMMUNITY, caller, inFolder, REPOSITORY, submission } from './submission.ts'

const TARGET = 'urn:uuid:aaaaaaaa-0000-4000-8000-000000000001'
const CHILD = 'urn:uuid:aaaaaaaa-0000-4000-8000-000000000002'
const NORMAL = ['N^^2.16.840.1.113883.5.25']

const target = (change: Partial<ReferencedObject> = {}): ReferencedObject => ({
  id: TARGET,
  object: 'DocumentEntry',
  objectType: OBJECT_STABLE,
  logicalId: TARGET,
  version: 1,
  latest: true,
  personKey: '1',
  status: STATUS_APPROVED,
  publisher: 'hospital-a',
  kind: 'LAB',
  confidentiality: NORMAL,
  dependents: [CHILD],
  transform: false,
  folders: [],
  ...change,
})

interface World {
  readonly site?: Partial<AffinityDomain>
  readonly facts?: Partial<RegistrationFacts & { readonly replayed: boolean }>
  readonly publish?: boolean
  readonly mode?: 'everything' | 'by-rule'
  readonly publishers?: readonly string[]
  /** In place of everything up to N of the publishers. */
  readonly openings?: readonly Opening[]
  readonly failing?: boolean
  /** What first sight told is not so any more. */
  readonly overtaken?: boolean
}

function world({
  facts = {},
  publish = true,
  mode = 'by-rule',
  publishers = ['hospital-a'],
  openings = opened(publishers).openings,
  failing,
  overtaken,
  site = {},
}: World = {}) {
  const plans: RegistrationPlan[] = []
  const claims = new Map<string, string>()
  let recorded = 0
  const patient: PatientAccess = {
    personKey: '1',
    patientId: { value: 'P1', authority: COMMUNITY },
    scope: {
      mode,
      ownFacility: 'clinic-b',
      openings,
      closed: {},
      excludedKinds: [],
      decision: { allowed: publishers.length > 0, reason: 'union, consent and link stand' },
    },
    publish: { allowed: publish, reason: publish ? 'union, consent and link stand' : 'no consent stands' },
  }
  const ports: RegistryPorts = {
    affinityDomain: { ...affinityDomain, ...site },
    access: {
      ofPatient: async () => patient,
      ofPersons: async () => new Map(),
      foreignFacilities: async () => new Set(),
      admits: (access, entry) => admits(access.scope, entry),
    },
    render: { object: (object) => object.id, association: (given) => given.id },
    store: {
      look: async ({ claim, patientId }) => ({
        usedUniqueIds: [],
        referenced: [],
        usedIds: [],
        replayed: claim !== undefined && claims.get(`${claim.scope} ${claim.key}`) === claim.digest,
        claimable: claim === undefined || !claims.has(`${claim.scope} ${claim.key}`),
        patient: patientId.value === 'P1' ? patient : undefined,
        ...facts,
      }),
      writeIndependent: async ({ plan, claim, outcome }) => {
        if (failing) throw new Error('disk gone')
        if (overtaken) return 'overtaken'
        plans.push(plan)
        if (claim !== undefined) claims.set(`${claim.scope} ${claim.key}`, claim.digest)
        if (outcome.result === 'success') recorded += 1
        return 'written'
      },
      inTransaction: async (work) => {
        const before = plans.length
        const { result, end } = await work({
          open: async ({ claim, patientId }) => ({
            replayed: claim !== undefined && claims.get(`${claim.scope} ${claim.key}`) === claim.digest,
            patient: patientId.value === 'P1' ? patient : undefined,
          }),
          facts: async () => ({ usedUniqueIds: [], referenced: [], usedIds: [], replayed: false, ...facts }),
          versions: async () => ({ objects: [], associations: [] }),
          write: async ({ plan, claim, outcome }) => {
            if (failing) throw new Error('disk gone')
            plans.push(plan)
            if (claim !== undefined && !claims.has(`${claim.scope} ${claim.key}`))
              claims.set(`${claim.scope} ${claim.key}`, claim.digest)
            if (outcome.result === 'success') recorded += 1
          },
        })
        if (end === 'rollback' && plans.length > before) throw new Error('a refusal wrote something')
        return result
      },
    },
  }
  const send = (given: SubmitObjects, by: Caller = caller(), digest = 'd') =>
    register({ submission: given, documents: [], repositories: undefined, digest }, by, ports)
  return { ports, plans, claims, send, recorded: () => recorded }
}

const codes = async (outcome: ReturnType<typeof register>) => (await outcome).errors.map((error) => error.row.code)
const relation = (type: string) => submission({ associations: [association(type, 'Document01', TARGET)] })
const reference = submission({
  entries: [],
  associations: [
    association(HAS_MEMBER, 'SubmissionSet01', TARGET, [{ name: 'SubmissionSetStatus', values: ['Reference'] }]),
  ],
})

t.test('an accepted submission is one plan, one audit record, one Success', async (t) => {
  const { send, plans, recorded } = world()
  const outcome = await send(submission())
  t.match(outcome, { result: 'success', errors: [], recorded: true })
  t.match(plans, [{ personKey: '1', publisher: 'clinic-b', changes: { deprecated: [] } }])
  t.equal(recorded(), 1)
})

t.test('a submission that was overtaken since first sight is judged again under a lock', async (t) => {
  const { send, plans, recorded } = world({ overtaken: true })
  t.match(await send(submission()), { result: 'success', recorded: true })
  t.equal(plans.length, 1)
  t.equal(recorded(), 1)
})

t.test('the publisher is the facility of the certificate, whatever the metadata says', async (t) => {
  const { send, plans } = world()
  await send(submission({ set: { sourceId: '2.25.1.1' } }), caller({ facilityId: 'clinic-c' }))
  t.equal(plans[0]?.publisher, 'clinic-c')
})

t.test('unknown and unconsented patients are answered alike', async (t) => {
  const nobody = { value: 'nobody', authority: COMMUNITY }
  const unknown = await world().send(submission({ set: { patientId: nobody }, entries: [{ patientId: nobody }] }))
  const forbidden = await world({ publish: false }).send(submission())
  const seen = ({ errors }: typeof unknown) => errors.map(({ row, at, rule }) => [row.code, at, rule])
  t.strictSame(seen(unknown), seen(forbidden))
  t.equal(unknown.errors[0]?.row.ihe, 'XDSUnknownPatientId')
})

t.test('5.1: what a relationship may name', async (t) => {
  const cases: readonly (readonly [string, World, SubmitObjects, readonly string[]])[] = [
    ['nothing there', {}, relation(APND), ['UNRESOLVED_REFERENCE']],
    ['a visible one', { facts: { referenced: [target()] } }, relation(APND), []],
    ['a hidden one', { facts: { referenced: [target()] }, publishers: [] }, relation(APND), ['UNRESOLVED_REFERENCE']],
    [
      'a restricted one',
      { facts: { referenced: [target({ confidentiality: ['R^^2.16.840.1.113883.5.25'] })] } },
      relation(APND),
      ['UNRESOLVED_REFERENCE'],
    ],
    [
      'one of another person',
      { facts: { referenced: [target({ personKey: '2' })] } },
      relation(APND),
      ['UNRESOLVED_REFERENCE'],
    ],
    [
      'an own one of another person',
      { facts: { referenced: [target({ personKey: '2', publisher: 'clinic-b' })] } },
      relation(APND),
      ['PATIENT_MISMATCH'],
    ],
    [
      'a deprecated one',
      { facts: { referenced: [target({ status: STATUS_DEPRECATED })] } },
      relation(APND),
      ['DEPRECATED_DOCUMENT'],
    ],
    ['membership of a visible one', { facts: { referenced: [target()] } }, reference, []],
    [
      'membership of a hidden one',
      { facts: { referenced: [target()] }, publishers: [] },
      reference,
      ['UNRESOLVED_REFERENCE'],
    ],
  ]
  for (const [name, given, request, expected] of cases)
    t.strictSame(await codes(world(given).send(request)), expected, name)
})

t.test('a Folder of another facility takes a document of whoever sees the Folder (3.18.4.1.3)', async (t) => {
  const member = { personKey: '1', publisher: 'hospital-a', kind: 'LAB', confidentiality: NORMAL }
  const shelf = target({ object: 'Folder', kind: '', confidentiality: [], dependents: [], members: [member] })
  const added = submission({ associations: inFolder(TARGET, 'Document01') })
  const laboratoryOnly = [opening(['hospital-a'], 'none', { LAB: 'N' })]
  const cases: readonly (readonly [string, World, readonly string[]])[] = [
    ['everything is open', {}, []],
    ['its one member is of the one kind that is open', { openings: laboratoryOnly }, []],
    [
      'its member is of another kind',
      { openings: [opening(['hospital-a'], 'none', { NOTE: 'N' })] },
      ['UNRESOLVED_REFERENCE'],
    ],
    ['nothing is open', { openings: [opening(['hospital-a'], 'none')] }, ['UNRESOLVED_REFERENCE']],
  ]
  for (const [name, given, expected] of cases)
    t.strictSame(await codes(world({ facts: { referenced: [shelf] }, ...given }).send(added)), expected, name)
})

t.test(
  '5.2: whatever else a replacement says of the replaced one, it is not registered as Deprecated with it',
  async (t) => {
    const [addendum, replacement] = ['Document02', 'Document01']
    for (const also of [XFRM, APND]) {
      const { send, plans } = world({ facts: { referenced: [target({ publisher: 'clinic-b' })] } })
      const associations = [
        { ...association(RPLC, replacement, TARGET), id: 'replaces' },
        association(also, replacement, TARGET),
        association(APND, addendum, TARGET),
      ]
      const entries = [{}, { entryUUID: addendum, uniqueId: '2.25.900.4.2' }]
      t.same(await codes(send(submission({ entries, associations }))), [], also)
      t.same(
        plans[0]?.entries.map(({ status }) => status),
        [STATUS_APPROVED, STATUS_DEPRECATED],
      )
    }
  },
)

t.test('5.2: only its publisher replaces a document, however visible it is to others', async (t) => {
  for (const type of [RPLC, XFRM_RPLC]) {
    const foreign = world({ facts: { referenced: [target()] } })
    t.strictSame(await codes(foreign.send(relation(type))), ['UNRESOLVED_REFERENCE'], type)
    t.strictSame(foreign.plans, [])
    const own = world({ facts: { referenced: [target({ publisher: 'clinic-b' })] } })
    t.strictSame(await codes(own.send(relation(type))), [])
    t.strictSame(own.plans[0]?.changes.deprecated, [TARGET, CHILD])
    const tester = world({ facts: { referenced: [target()] }, mode: 'everything' })
    t.strictSame(await codes(tester.send(relation(type), caller({ accessMode: 'affinity-domain' }))), [])
  }
  const appended = world({ facts: { referenced: [target()] } })
  await appended.send(relation(APND))
  t.strictSame(appended.plans[0]?.changes.deprecated, [], 'APND deprecates nothing')
})

t.test('3.42.4.1.3: uniqueIds that are in use', async (t) => {
  const used = (hash: string, size: string, object: 'DocumentEntry' | 'SubmissionSet' = 'DocumentEntry') => ({
    facts: { usedUniqueIds: [{ uniqueId: '2.25.900.4.1', object, hash, size }] },
  })
  const hash = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'
  const upper = submission({ entries: [{ hash: hash.toUpperCase() }] })
  t.strictSame(await codes(world(used(hash, '0')).send(submission())), [])
  t.strictSame(await codes(world(used(hash, '0')).send(upper)), [], 'hex digits compare without case')
  t.strictSame(
    await codes(world(used(hash, '0')).send(submission({ entries: [{ size: '000' }] }))),
    [],
    'numbers compare as numbers',
  )
  t.strictSame(await codes(world(used('0'.repeat(40), '0')).send(submission())), ['NON_IDENTICAL_HASH'])
  t.strictSame(await codes(world(used(hash, '1')).send(submission())), ['NON_IDENTICAL_SIZE'])
  t.strictSame(await codes(world(used(hash, '0', 'SubmissionSet')).send(submission())), ['DUPLICATE_IN_REGISTRY'])
  const set = {
    facts: { usedUniqueIds: [{ uniqueId: '2.25.900.6.1', object: 'DocumentEntry', hash, size: '0' }] },
  } as const
  t.strictSame(await codes(world(set).send(submission())), ['DUPLICATE_IN_REGISTRY'])
  t.strictSame(await codes(world({ facts: { usedIds: [TARGET] } }).send(submission())), ['METADATA_INVALID'])
})

t.test('a repository registers for its own repositoryUniqueId only', async (t) => {
  const { ports, plans } = world()
  const ask = (repositories: readonly string[]) =>
    register({ submission: submission(), documents: [], repositories, digest: 'd' }, caller(), ports)
  t.strictSame(await codes(ask([])), ['METADATA_INVALID'])
  t.strictSame(await codes(ask(['2.25.1'])), ['METADATA_INVALID'])
  t.equal(plans.length, 0)
  t.strictSame(await codes(ask([REPOSITORY])), [])
})

t.test('the same message again has no second effect; a refused one may be sent again', async (t) => {
  const { send, plans, claims } = world()
  const by = caller({ messageId: 'urn:uuid:1' })
  t.match(await send(submission(), by), { result: 'success', recorded: true })
  t.match(await send(submission(), by), { result: 'success', recorded: false })
  t.equal(plans.length, 1)
  await send(submission(), by, 'other content')
  t.equal(plans.length, 2, 'other content is a submission of its own')
  await send(submission(), caller({ messageId: 'urn:uuid:1', systemId: 'other' }))
  t.equal(plans.length, 3, 'another system never meets the claim')
  const raced = world({ facts: { replayed: true } })
  t.match(await raced.send(submission(), by), { result: 'success', recorded: false }, 'a copy that won meanwhile')
  t.equal(raced.plans.length, 0)
  const refusing = world({ publish: false })
  await refusing.send(submission(), by)
  t.equal(refusing.claims.size, 0)
  t.equal(claims.size, 2)
})

t.test('ten thousand deviations are answered by the first hundred', async (t) => {
  const associations = Array.from({ length: 10_000 }, (_, index) => association('unknown', 'a', `b${index}`))
  t.equal((await world().send(submission({ associations }))).errors.length, 100)
})

t.test('a failure of the store is thrown, not answered as Success', async (t) => {
  await t.rejects(world({ failing: true }).send(submission()), { message: 'disk gone' })
})

const withoutUrn = submission({ entries: [{ extraSlots: [{ name: 'ward', values: ['3 East'] }] }] })
const SLOT_NAME = 'XDS-OBJECT-SLOT-NAME'

t.test(
  '4.2.4.2: a rule switched to warn stores, says so and keeps its id; switched to accept it stores silently',
  async (t) => {
    t.same(await codes(world().send(withoutUrn)), ['METADATA_INVALID'])
    const warned = await world().send(withoutUrn, caller({ ruleSwitches: { [SLOT_NAME]: 'warn' } }))
    t.match(warned, { result: 'success', recorded: true, evidence: { waivedRules: [SLOT_NAME] } })
    t.match(warned.errors, [
      { row: { code: 'METADATA_WARNING', severity: 'Warning' }, ruleId: SLOT_NAME, value: 'ward' },
    ])
    const accepted = await world().send(withoutUrn, caller({ ruleSwitches: { [SLOT_NAME]: 'accept' } }))
    t.match(accepted, { result: 'success', errors: [], evidence: { waivedRules: [SLOT_NAME] } })
    t.notOk((await world().send(submission())).evidence.waivedRules, 'nothing is waived where nothing is broken')
  },
)

t.test('the switches of the system come before those of the affinity domain', async (t) => {
  const site = { rules: { [SLOT_NAME]: 'accept' } } as const
  t.match(await world({ site }).send(withoutUrn), { result: 'success' })
  t.same(await codes(world({ site }).send(withoutUrn, caller({ ruleSwitches: { [SLOT_NAME]: 'refuse' } }))), [
    'METADATA_INVALID',
  ])
})

t.test('what identifies a patient or a document is never waived, whatever the switches say', async (t) => {
  const twice = submission({ entries: [{ uniqueId: '2.25.900.6.1' }] })
  const everything = { 'XDS-SUBMISSION-UNIQUEID': 'accept', 'XDS-DE-HASH-SHA1': 'accept' } as const
  t.same(await codes(world({ site: { rules: everything } }).send(twice)), ['DUPLICATE_IN_MESSAGE'])
  const hash = submission({ entries: [{ hash: 'da39' }] })
  t.same(await codes(world().send(hash, caller({ ruleSwitches: everything }))), ['METADATA_INVALID'])
})

t.test('4.2.3.1.2: a closed list admits its codes by code and scheme, never by display name', async (t) => {
  const closed = (code: string, scheme: string) => ({
    classCode: [{ code, scheme, display: 'another name' }],
    enforcement: { ...affinityDomain.enforcement, classCode: 'closed' as const },
  })
  t.match(await world({ site: closed('LAB', '2.25.900.3') }).send(submission()), { result: 'success' })
  const refused = await world({ site: closed('LAB', '2.25.900.33') }).send(submission())
  t.match(refused.errors, [
    {
      row: { ihe: 'XDSRegistryMetadataError' },
      at: 'DocumentEntry(Document01).classCode',
      value: 'LAB^^2.25.900.3',
      rule: /^XDS-DE-CLASSCODE-SET, .*LAB\^\^2\.25\.900\.33/,
    },
  ])
  const pdf = {
    mimeType: ['application/pdf'],
    enforcement: { ...affinityDomain.enforcement, mimeType: 'closed' as const },
  }
  const plain = await world({ site: pdf }).send(submission())
  t.match(plain.errors, [{ ruleId: 'XDS-DE-MIMETYPE-SET', value: 'text/plain' }])
  t.match(await world({ site: pdf }).send(submission({ entries: [{ mimeType: 'Application/PDF' }] })), {
    result: 'success',
  })
})
