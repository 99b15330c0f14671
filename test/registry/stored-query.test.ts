// The stored query actor against ports in memory: limits, one patient, evidence (ITI TF-2 3.18.4.1.3, 3.51.4.1.3).

import t from 'tap'
import { admits } from '../../src/access/decide.ts'
import type { PatientAccess } from '../../src/model/access.ts'
import type { IdQuery, MultiPatientQuery, ReturnType, StoredQuery } from '../../src/model/stored-query.ts'
import { OBJECT_STABLE, STATUS_APPROVED } from '../../src/model/xds.ts'
import type { Candidates, FoundObject, StoredQueryPorts } from '../../src/registry/query-ports.ts'
import { storedQuery } from '../../src/registry/stored-query.ts'
import { opened } from '../access/scopes.ts'
import { COMMUNITY, caller } from './submission.ts'

const decision = { allowed: true, reason: 'union, consent and link stand' } as const

function access(personKey: string): PatientAccess {
  return {
    personKey,
    patientId: { value: `P${personKey}`, authority: COMMUNITY },
    publish: decision,
    scope: {
      mode: 'by-rule',
      ownFacility: 'clinic-b',
      ...opened(['hospital-a'], 'V'),
      excludedKinds: ['SECRET'],
      decision,
    },
  }
}

function object(personKey: string, kind: FoundObject['object'] = 'DocumentEntry'): FoundObject {
  return {
    object: kind,
    element: kind === 'DocumentEntry' ? 'ExtrinsicObject' : kind === 'Association' ? 'Association' : 'RegistryPackage',
    id: `urn:uuid:${kind}-${personKey}`,
    personKey,
    status: STATUS_APPROVED,
    ebrim: '',
  }
}

interface World {
  readonly objects?: readonly FoundObject[]
  readonly persons?: readonly string[]
  readonly hiddenKind?: string
  readonly candidates?: Candidates
}

function ports(
  world: World,
  heard: { publishers?: readonly string[] | undefined; asked?: StoredQuery; limit?: number } = {},
) {
  const persons = world.persons ?? ['1', '2']
  const made: StoredQueryPorts = {
    queries: {
      findDocuments: async (_query, { limit }) => (world.objects ?? []).slice(0, limit),
      reach: async () => ({
        personKeys: persons,
        traits:
          world.hiddenKind === undefined
            ? []
            : [{ personKey: '1', publisher: 'hospital-a', kind: world.hiddenKind, confidentiality: ['N^^c'] }],
      }),
      findObjects: async ({ query }, { limit }) => {
        Object.assign(heard, { asked: query, limit })
        return (world.objects ?? []).slice(0, limit)
      },
      candidates: async (_query, publishers) => {
        Object.assign(heard, { publishers })
        return world.candidates ?? { complete: true, found: [] }
      },
    },
    access: {
      ofPatient: async (_caller, { value }) => (value === 'nobody' ? undefined : access('1')),
      ofPersons: async (_caller, keys) => new Map(keys.map((key) => [key, access(key)])),
      foreignFacilities: async () => new Set(),
      admits: (patient, entry) => admits(patient.scope, entry),
    },
    limits: { leafResults: 2, objectRefResults: 4 },
  }
  return made
}

const AUDIT = { id: 'urn:uuid:q', text: '<q/>' }
const ids = { by: 'uniqueId', values: ['1'] } as const
const members = { objectTypes: [OBJECT_STABLE], formatCode: [], confidentialityCode: [] }
const asked = (returnType: ReturnType = 'LeafClass') =>
  ({ returnType, metadataLevel: 1, associationStatus: [] }) as const

const everyIdQuery = (returnType: ReturnType): readonly IdQuery[] => [
  { kind: 'GetDocuments', ...asked(returnType), ...ids },
  { kind: 'GetFolders', ...asked(returnType), ...ids },
  { kind: 'GetDocumentsAndAssociations', ...asked(returnType), ...ids },
  { kind: 'GetSubmissionSets', ...asked(returnType), uuids: [] },
  { kind: 'GetSubmissionSetAndContents', ...asked(returnType), ...ids, members },
  { kind: 'GetFolderAndContents', ...asked(returnType), ...ids, members },
  { kind: 'GetAssociations', ...asked(returnType), uuids: [] },
  { kind: 'GetFoldersForDocument', ...asked(returnType), ...ids },
  { kind: 'GetRelatedDocuments', ...asked(returnType), ...ids, associationTypes: [], objectTypes: [] },
]
const FREE = ['GetAssociations', 'GetFoldersForDocument', 'GetRelatedDocuments']

const answerTo = (query: StoredQuery, world: World, heard = {}) =>
  storedQuery({ query, audit: AUDIT }, caller(), ports(world, heard))

t.test('3.18.4.1.3: LeafClass of two patients is refused for six queries, ObjectRef for none', async (t) => {
  const objects = [object('1'), object('2')]
  for (const query of everyIdQuery('LeafClass')) {
    const { errors, answer, result } = await answerTo(query, { objects })
    const refused = !FREE.includes(query.kind)
    t.equal(errors[0]?.row.code, refused ? 'NOT_SINGLE_PATIENT' : undefined, query.kind)
    t.equal(answer.objects.length, refused ? 0 : 2)
    t.equal(result, refused ? 'failure' : 'success')
  }
  for (const query of everyIdQuery('ObjectRef')) t.same((await answerTo(query, { objects })).errors, [], query.kind)
})

t.test('associations are of no patient', async (t) => {
  const objects = [object('1'), object('2', 'Association')]
  for (const query of everyIdQuery('LeafClass')) t.same((await answerTo(query, { objects })).errors, [], query.kind)
})

t.test('one result more than the limit of the return type is too many, and no more than that is read', async (t) => {
  const objects = Array.from({ length: 9 }, () => object('1'))
  for (const [returnType, limit] of [
    ['LeafClass', 2],
    ['ObjectRef', 4],
  ] as const)
    for (const query of everyIdQuery(returnType)) {
      const heard: { limit?: number } = {}
      t.match(
        await answerTo(query, { objects }, heard),
        { errors: [{ row: { code: 'TOO_MANY_RESULTS' } }] },
        query.kind,
      )
      t.equal(heard.limit, limit + 1)
      t.same((await answerTo(query, { objects: objects.slice(0, limit) })).errors, [])
    }
})

t.test('nothing found, nobody touched: Success and an empty list, without asking further', async (t) => {
  for (const query of everyIdQuery('LeafClass')) {
    const heard: { asked?: StoredQuery } = {}
    const { result, answer } = await answerTo(query, { persons: [] }, heard)
    t.match({ result, answer }, { result: 'success', answer: { objects: [] } })
    t.equal(heard.asked, undefined)
  }
})

t.test('evidence names the patients answered about, the query, and why something was hidden', async (t) => {
  const query: IdQuery = { kind: 'GetDocuments', ...asked(), ...ids }
  const seen = await answerTo(query, { objects: [object('2')] })
  t.match(seen.evidence, {
    patients: [`P2^^^&${COMMUNITY}&ISO`],
    query: AUDIT,
    decision: { allowed: true, reason: '1 visible' },
  })
  const hidden = await answerTo(query, { hiddenKind: 'SECRET' })
  t.match(hidden.evidence, {
    patients: [],
    decision: { allowed: false, reason: 'consent excludes the kind of document' },
  })
  t.same(hidden.errors, [])
})

t.test('a patient nobody knows: Success and nothing', async (t) => {
  const patientId = { value: 'nobody', authority: COMMUNITY }
  const folders = { status: [STATUS_APPROVED], lastUpdateTime: {}, codes: [] }
  const { result, answer, evidence } = await answerTo(
    { kind: 'FindFolders', ...asked(), patientId, ...folders },
    { objects: [object('1', 'Folder')] },
  )
  t.match(
    { result, answer, evidence },
    { result: 'success', answer: { objects: [] }, evidence: { decision: { allowed: false } } },
  )
})

t.test(
  '3.51.4.1.3: candidates of the facilities in reach, then what is visible of them; several patients are no error',
  async (t) => {
    const query: MultiPatientQuery = {
      kind: 'FindFoldersForMultiplePatients',
      ...asked(),
      patientIds: [{ value: 'P9', authority: COMMUNITY }],
      status: [STATUS_APPROVED],
      lastUpdateTime: {},
      codes: [],
    }
    const found = ['1', '2'].map((personKey) => ({ id: `urn:uuid:${personKey}`, personKey }))
    const world = { objects: [object('1', 'Folder'), object('2', 'Folder')], candidates: { complete: true, found } }
    const heard: { publishers?: readonly string[]; asked?: StoredQuery } = {}
    const answered = await answerTo(query, world, heard)
    t.same(answered.errors, [])
    t.equal(answered.answer.objects.length, 2)
    t.same([...(heard.publishers ?? [])].sort(), ['clinic-b', 'clinic-b', 'hospital-a'])
    t.match(heard.asked, { kind: 'GetFolders', by: 'entryUUID', values: ['urn:uuid:1', 'urn:uuid:2'] })
    t.match(
      answered.evidence.patients,
      ['P9', 'P1', 'P2'].map((value) => `${value}^^^&${COMMUNITY}&ISO`),
    )
    const trusted: { publishers?: readonly string[] | undefined } = { publishers: [] }
    await storedQuery({ query, audit: AUDIT }, caller({ accessMode: 'affinity-domain' }), ports(world, trusted))
    t.equal(trusted.publishers, undefined, 'a trusted system: of any facility')
    const givenUp = await answerTo(query, { candidates: { complete: false, found: [] } })
    t.match(givenUp, { result: 'failure', errors: [{ row: { code: 'TOO_MANY_RESULTS' } }] })
  },
)
