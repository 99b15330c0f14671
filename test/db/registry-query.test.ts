// Every stored query on a real PostgreSQL: what it returns, at which metadata level, and to whom (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2).

import t from 'tap'
import { createRegistryQueries } from '../../src/db/registry-query.ts'
import type { PatientAccess } from '../../src/model/access.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import type { GetAll, IdQuery, MultiPatientQuery, ObjectIds } from '../../src/model/stored-query.ts'
import {
  APND,
  HAS_MEMBER,
  IS_SNAPSHOT_OF,
  OBJECT_ON_DEMAND,
  OBJECT_STABLE,
  RPLC,
  STATUS_APPROVED,
  STATUS_DEPRECATED,
  XFRM,
} from '../../src/model/xds.ts'
import type { SelectedQuery } from '../../src/registry/query-ports.ts'
import { opened, opening } from '../access/scopes.ts'
import { ANY_APPROVED } from '../registry/criteria.ts'
import { openDatabase } from './database.ts'

const pool = await openDatabase(t, 4)
const queries = createRegistryQueries(pool)

const names = new Map<string, string>()
/** One uuid a name; tests read names. */
function uuid(name: string): string {
  const known = [...names].find(([, value]) => value === name)?.[0]
  if (known !== undefined) return known
  const made = `00000000-0000-4000-8000-${String(names.size + 1).padStart(12, '0')}`
  names.set(made, name)
  return made
}
const id = (name: string): string => `urn:uuid:${uuid(name)}`

interface Entry {
  readonly person?: number
  readonly publisher?: string
  readonly status?: string
  readonly type?: string
  readonly format?: string
  readonly confidentiality?: readonly string[]
  readonly kind?: string
  readonly created?: string | null
  readonly uniqueId?: string
  readonly events?: readonly string[]
  readonly references?: readonly string[]
  readonly versionOf?: string
  readonly version?: number
  readonly latest?: boolean
}

async function entry(name: string, given: Entry = {}): Promise<void> {
  await pool.query(
    `insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
       repository_unique_id, hash, size_bytes, class_code, type_code, format_code, practice_setting, facility_type, confidentiality,
       event_codes, authors, reference_ids, creation_time, submission_uuid, ebrim, logical_uuid, version, latest)
     values ($1, $2, $3, 'P', $4, $5, 'text/plain', $6, '2.25.1', 'h', 1, $7, 't^^s', $8, 'p^^s', 'f^^s', $9, $10, '{}', $11, $12,
             gen_random_uuid(), $13, $14, $15, $16)`,
    [
      uuid(name),
      given.person ?? 1,
      given.uniqueId ?? `uid-${name}`,
      given.status ?? STATUS_APPROVED,
      given.type ?? OBJECT_STABLE,
      given.publisher ?? 'hospital-a',
      `${given.kind ?? 'LAB'}^^s`,
      `${given.format ?? 'F1'}^^s`,
      given.confidentiality ?? ['N^^2.16.840.1.113883.5.25'],
      given.events ?? [],
      given.references ?? [],
      given.created === undefined ? '20260101000000' : given.created,
      ` id="${name}"/>`,
      uuid(given.versionOf ?? name),
      given.version ?? 1,
      given.latest ?? true,
    ],
  )
}

interface Package {
  readonly person?: number
  readonly publisher?: string
  readonly uniqueId?: string
}

async function set(name: string, given: Package & { time?: string; source?: string; author?: string } = {}) {
  const uniqueId = given.uniqueId ?? `uid-${name}`
  await pool.query(
    `insert into registry.submission_set (entry_uuid, person_key, unique_id, patient_id, source_id, content_type, submission_time, publisher, authors, ebrim)
     values ($1, $2, $3, 'P', $4, 'CT^^s', $5, $6, $7, $8)`,
    [
      uuid(name),
      given.person ?? 1,
      uniqueId,
      given.source ?? '2.25.7',
      given.time ?? '20260101000000',
      given.publisher ?? 'hospital-a',
      [given.author ?? '1^Sato^Ken'],
      ` id="${name}"/>`,
    ],
  )
  await pool.query(`insert into registry.unique_id (unique_id, object, object_uuid) values ($1, 'SubmissionSet', $2)`, [
    uniqueId,
    uuid(name),
  ])
}

async function folder(
  name: string,
  given: Package & {
    status?: string
    updated?: string
    codes?: readonly string[]
    versionOf?: string
    version?: number
    latest?: boolean
  } = {},
) {
  const uniqueId = given.uniqueId ?? `uid-${name}`
  await pool.query(
    `insert into registry.folder (entry_uuid, person_key, unique_id, patient_id, status, publisher, codes, last_update, logical_uuid, version, latest, submission_uuid, ebrim)
     values ($1, $2, $3, 'P', $4, $5, $6, $7, $8, $9, $10, gen_random_uuid(), $11)`,
    [
      uuid(name),
      given.person ?? 1,
      uniqueId,
      given.status ?? STATUS_APPROVED,
      given.publisher ?? 'hospital-a',
      given.codes ?? ['C1^^s'],
      given.updated ?? '20260101000000',
      uuid(given.versionOf ?? name),
      given.version ?? 1,
      given.latest ?? true,
      ` id="${name}"/>`,
    ],
  )
  await pool.query(
    `insert into registry.unique_id (unique_id, object, object_uuid) values ($1, 'Folder', $2) on conflict do nothing`,
    [uniqueId, uuid(given.versionOf ?? name)],
  )
}

async function link(name: string, source: string, target: string, given: { type?: string; status?: string } = {}) {
  await pool.query(
    `insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim, status)
     values ($1, 1, $2, $3, $4, $5, $6)`,
    [
      uuid(name),
      given.type ?? HAS_MEMBER,
      uuid(source),
      uuid(target),
      ` id="${name}"/>`,
      given.status ?? STATUS_APPROVED,
    ],
  )
}

// Person 1: a submission with two entries in a folder, a replacement, an addendum, an On-Demand entry and its snapshot, versions.
await set('S1')
await entry('D1', { created: '20260103000000' })
await entry('D2', {
  format: 'F2',
  confidentiality: ['N^^2.16.840.1.113883.5.25', 'R^^2.16.840.1.113883.5.25'],
  created: '20260102000000',
  events: ['E1^^s'],
})
await folder('F1', { updated: '20260104000000' })
await link('S1-D1', 'S1', 'D1')
await link('S1-D2', 'S1', 'D2')
await link('S1-F1', 'S1', 'F1')
await link('F1-D1', 'F1', 'D1')
await link('F1-D2', 'F1', 'D2')
await link('S1-FD1', 'S1', 'F1-D1')
await link('S1-FD2', 'S1', 'F1-D2')
await set('S2', { time: '20260201000000', source: '2.25.8', author: '2^50%' })
await entry('D3', { created: '20260201000000', uniqueId: 'uid-shared' })
await entry('D0', { status: STATUS_DEPRECATED, created: '20250101000000', uniqueId: 'uid-shared' })
await link('S2-D3', 'S2', 'D3')
await link('D3-D0', 'D3', 'D0', { type: RPLC })
await link('D3-D1', 'D3', 'D1', { type: APND })
await link('old', 'D3', 'D2', { type: XFRM, status: STATUS_DEPRECATED })
await entry('OD', { type: OBJECT_ON_DEMAND, created: null })
await link('D3-OD', 'D3', 'OD', { type: IS_SNAPSHOT_OF })
// Versions: V1 is the former version of V2; folder G1 of G2.
await set('SV')
await entry('V1', { status: STATUS_DEPRECATED, latest: false, uniqueId: 'uid-V' })
await entry('V2', { versionOf: 'V1', version: 2, uniqueId: 'uid-V' })
await folder('G1', { status: STATUS_DEPRECATED, latest: false, uniqueId: 'uid-G', codes: ['G^^s', 'C1^^s'] })
await folder('G2', { versionOf: 'G1', version: 2, uniqueId: 'uid-G', codes: ['G^^s'] })
await link('SV-V1', 'SV', 'V1')
await link('SV-V2', 'SV', 'V2')
await link('G1-V1', 'G1', 'V1')
await link('G2-V2', 'G2', 'V2')
// Person 2: an entry that a set of person 1 refers to.
await entry('X', { person: 2, events: ['E1^^s'], kind: 'REPORT', references: ['ref-1', 'r_2'] })
await set('S3', { publisher: 'clinic-b', time: '20260301000000' })
await link('S3-X', 'S3', 'X')

const AUTHORITY = '2.25.100' as Oid
const decision = { allowed: true, reason: 'union, consent and link stand' } as const

function access(person: number, scope: Partial<PatientAccess['scope']> = {}): PatientAccess {
  return {
    personKey: String(person),
    patientId: { value: `P${person}`, authority: AUTHORITY },
    publish: decision,
    scope: {
      mode: 'everything',
      ownFacility: 'tester',
      ...opened([]),
      excludedKinds: [],
      decision,
      ...scope,
    },
  }
}

const trusted = [access(1), access(2)]
const ASKED = { returnType: 'LeafClass', metadataLevel: 1 } as const
const APPROVED = { associationStatus: [STATUS_APPROVED] }
const ANY_MEMBER = { objectTypes: [OBJECT_STABLE, OBJECT_ON_DEMAND], formatCode: [], confidentialityCode: [] }
const byUuid = (...given: string[]) => ({ by: 'entryUUID', values: given.map(id) }) as const
const byUniqueId = (...values: string[]) => ({ by: 'uniqueId', values }) as const
const byLogicalId = (...given: string[]) => ({ by: 'logicalID', values: given.map(id) }) as const

async function find(selected: SelectedQuery, accesses: readonly PatientAccess[] = trusted): Promise<string> {
  const found = await queries.findObjects(selected, { accesses, limit: 1000 })
  const faults = found.filter((object) => object.ebrim !== ` id="${names.get(object.id.slice(9))}"/>`)
  if (faults.length > 0 || new Set(found.map((object) => object.id)).size < found.length)
    throw new Error('each object once, with its own fragment')
  return found.map((object) => names.get(object.id.slice(9)) ?? '?').join(' ')
}
const ask = (query: IdQuery, accesses?: readonly PatientAccess[]) => find({ query }, accesses)

t.test(
  'GetDocuments: by uniqueId all that share it, by entryUUID whatever status or kind (3.18.4.1.2.3.7.5)',
  async (t) => {
    const get = (ids: ObjectIds) => ask({ kind: 'GetDocuments', ...ASKED, ...ids })
    t.equal(await get(byUniqueId('uid-shared')), 'D3 D0')
    t.equal(await get(byUuid('D0', 'OD', 'D0')), 'OD D0', 'On-Demand, without creationTime, first')
    t.equal(await get(byUuid('S1', 'F1', 'S1-D1')), '', 'ids of other objects find nothing')
    t.equal(await get({ by: 'entryUUID', values: ['', 'urn:uuid:', "' or true --", id('D1').toUpperCase()] }), '')
    t.equal(await get(byUniqueId('uid-V')), 'V2', 'level 1: the newest version')
    t.equal(await get(byUuid('V1')), 'V1', 'except by entryUUID')
    t.equal(await ask({ kind: 'GetDocuments', ...ASKED, metadataLevel: 2, ...byUniqueId('uid-V') }), 'V1 V2')
    t.equal(await ask({ kind: 'GetDocuments', ...ASKED, metadataLevel: 2, ...byLogicalId('V1') }), 'V1 V2')
    t.equal(await ask({ kind: 'GetDocuments', ...ASKED, metadataLevel: 2, ...byLogicalId('V2') }), '')
  },
)

t.test('GetFolders (3.18.4.1.2.3.7.6)', async (t) => {
  t.equal(await ask({ kind: 'GetFolders', ...ASKED, ...byUniqueId('uid-F1', 'uid-S1') }), 'F1')
  t.equal(await ask({ kind: 'GetFolders', ...ASKED, ...byUniqueId('uid-G') }), 'G2')
  t.equal(await ask({ kind: 'GetFolders', ...ASKED, ...byUuid('G1', 'D1') }), 'G1')
  t.equal(await ask({ kind: 'GetFolders', ...ASKED, metadataLevel: 2, ...byUniqueId('uid-G') }), 'G1 G2')
  t.equal(await ask({ kind: 'GetFolders', ...ASKED, metadataLevel: 2, ...byLogicalId('G1') }), 'G1 G2')
  const [found] = await queries.findObjects(
    { query: { kind: 'GetFolders', ...ASKED, ...byUuid('F1') } },
    { accesses: trusted, limit: 9 },
  )
  t.match(found, {
    element: 'RegistryPackage',
    lastUpdateTime: '20260104000000',
    status: STATUS_APPROVED,
    personKey: '1',
  })
})

t.test(
  'GetAssociations: source or target, Approved unless asked, no version hidden at level 1 (3.18.4.1.2.3.7.7)',
  async (t) => {
    const get = (...uuids: string[]) => ask({ kind: 'GetAssociations', ...ASKED, ...APPROVED, uuids: uuids.map(id) })
    t.equal(await get('D2'), 'S1-D2 F1-D2')
    t.equal(await get('F1-D1'), 'S1-FD1')
    t.equal(await get('V1'), '')
    t.equal(await get('SV'), 'SV-V2')
    const all = { associationStatus: [STATUS_APPROVED, STATUS_DEPRECATED], metadataLevel: 2 } as const
    t.equal(await ask({ kind: 'GetAssociations', ...ASKED, ...all, uuids: [id('SV'), id('G1')] }), 'SV-V1 SV-V2 G1-V1')
    t.equal(
      await ask({ kind: 'GetAssociations', ...ASKED, associationStatus: [STATUS_DEPRECATED], uuids: [id('D2')] }),
      'old',
    )
  },
)

t.test('GetDocumentsAndAssociations (3.18.4.1.2.3.7.8)', async (t) => {
  t.equal(
    await ask({ kind: 'GetDocumentsAndAssociations', ...ASKED, ...APPROVED, ...byUniqueId('uid-shared') }),
    'D3 D0 S2-D3 D3-D0 D3-D1 D3-OD',
  )
  t.equal(await ask({ kind: 'GetDocumentsAndAssociations', ...ASKED, ...APPROVED, ...byUuid('V1') }), 'V1')
})

t.test('GetSubmissionSets: the sets and the memberships asked for, no others (3.18.4.1.2.3.7.9)', async (t) => {
  const get = (...uuids: string[]) => ask({ kind: 'GetSubmissionSets', ...ASKED, ...APPROVED, uuids: uuids.map(id) })
  t.equal(await get('D1', 'F1', 'D3'), 'S2 S1 S1-D1 S1-F1 S2-D3')
  t.equal(await get('D0'), '')
})

t.test(
  'GetSubmissionSetAndContents: members that pass and associations between what is returned (3.18.4.1.2.3.7.10)',
  async (t) => {
    const get = (ids: ObjectIds, members = {}, level: 1 | 2 = 1) =>
      ask({
        kind: 'GetSubmissionSetAndContents',
        ...ASKED,
        metadataLevel: level,
        ...APPROVED,
        ...ids,
        members: { ...ANY_MEMBER, ...members },
      })
    t.equal(await get(byUniqueId('uid-S1')), 'S1 F1 D1 D2 S1-D1 S1-D2 S1-F1 F1-D1 F1-D2 S1-FD1 S1-FD2')
    t.equal(await get(byUuid('S1'), { formatCode: [['F2^^s']] }), 'S1 F1 D2 S1-D2 S1-F1 F1-D2 S1-FD2')
    t.equal(
      await get(byUuid('S1'), { confidentialityCode: [['N^^2.16.840.1.113883.5.25'], ['R^^2.16.840.1.113883.5.25']] }),
      'S1 F1 D2 S1-D2 S1-F1 F1-D2 S1-FD2',
    )
    t.equal(await get(byUuid('S1'), { objectTypes: [OBJECT_ON_DEMAND] }), 'S1 F1 S1-F1')
    t.equal(await get(byUuid('SV')), 'SV V2 SV-V2')
    t.equal(await get(byUuid('SV'), {}, 2), 'SV V1 V2 SV-V1 SV-V2')
    t.equal(await get(byUniqueId('uid-F1')), '')
  },
)

t.test('GetFolderAndContents (3.18.4.1.2.3.7.11)', async (t) => {
  const get = (ids: ObjectIds, members = {}, level: 1 | 2 = 1) =>
    ask({
      kind: 'GetFolderAndContents',
      ...ASKED,
      metadataLevel: level,
      ...APPROVED,
      ...ids,
      members: { ...ANY_MEMBER, ...members },
    })
  t.equal(await get(byUuid('F1')), 'F1 D1 D2 F1-D1 F1-D2')
  t.equal(await get(byUuid('F1'), { formatCode: [['F2^^s', 'F9^^s']] }), 'F1 D2 F1-D2')
  t.equal(await get(byUniqueId('uid-G')), 'G2 V2 G2-V2')
  t.equal(await get(byUuid('G1')), 'G1')
  t.equal(await get(byUniqueId('uid-G'), {}, 2), 'G1 G2 V1 V2 G1-V1 G2-V2')
})

t.test('GetFoldersForDocument (3.18.4.1.2.3.7.12)', async (t) => {
  const get = (ids: ObjectIds, level: 1 | 2 = 1) =>
    ask({ kind: 'GetFoldersForDocument', ...ASKED, metadataLevel: level, ...APPROVED, ...ids })
  t.equal(await get(byUniqueId('uid-D1')), 'F1')
  t.equal(await get(byUniqueId('uid-V')), 'G2')
  t.equal(await get(byUniqueId('uid-V'), 2), 'G1 G2')
  t.equal(await get(byUuid('V1')), '')
  t.equal(await get(byUuid('D3')), '')
})

t.test(
  'GetRelatedDocuments: both ends and the associations of these types, never HasMember (3.18.4.1.2.3.7.13)',
  async (t) => {
    const get = (associationTypes: readonly string[], objectTypes = [OBJECT_STABLE], start = byUuid('D3')) =>
      ask({ kind: 'GetRelatedDocuments', ...ASKED, ...APPROVED, ...start, associationTypes, objectTypes })
    t.equal(await get([RPLC]), 'D3 D0 D3-D0')
    t.equal(await get([RPLC, APND, HAS_MEMBER]), 'D3 D1 D0 D3-D0 D3-D1')
    t.equal(await get([HAS_MEMBER]), '', 'no association: not even the document')
    t.equal(await get([XFRM]), '', 'a Deprecated association')
    t.equal(await get([IS_SNAPSHOT_OF]), '', 'an On-Demand entry is not asked for')
    t.equal(await get([IS_SNAPSHOT_OF], [OBJECT_STABLE, OBJECT_ON_DEMAND]), 'OD D3 D3-OD')
    t.equal(await get([APND], [OBJECT_STABLE], byUuid('D1')), 'D3 D1 D3-D1', 'from the target too')
  },
)

t.test('FindSubmissionSets (3.18.4.1.2.3.7.2)', async (t) => {
  const get = (given: object = {}) =>
    find({
      personKey: '1',
      query: {
        kind: 'FindSubmissionSets',
        ...ASKED,
        patientId: { value: 'P1', authority: AUTHORITY },
        status: [STATUS_APPROVED],
        sourceId: [],
        submissionTime: {},
        authorPerson: [],
        contentType: [],
        ...given,
      },
    })
  t.equal(await get(), 'S3 S2 S1 SV')
  t.equal(await get({ status: [STATUS_DEPRECATED] }), '')
  t.equal(await get({ sourceId: ['2.25.8', '2.25.9'] }), 'S2')
  t.equal(await get({ submissionTime: { from: '20260201000000', to: '20260301000000' } }), 'S2')
  t.equal(await get({ authorPerson: ['%Sat_^%'] }), 'S3 S1 SV')
  t.equal(await get({ authorPerson: ['2^50%'] }), 'S2')
  t.equal(await get({ contentType: [['CT^^s']], sourceId: ['2.25.8'] }), 'S2')
  t.equal(await get({ contentType: [['CT^^other']] }), '')
})

t.test('FindFolders (3.18.4.1.2.3.7.3)', async (t) => {
  const get = (given: object = {}) =>
    find({
      personKey: '1',
      query: {
        kind: 'FindFolders',
        ...ASKED,
        patientId: { value: 'P1', authority: AUTHORITY },
        status: [STATUS_APPROVED, STATUS_DEPRECATED],
        lastUpdateTime: {},
        codes: [],
        ...given,
      },
    })
  t.equal(await get(), 'F1 G2')
  t.equal(await get({ metadataLevel: 2 }), 'F1 G1 G2')
  t.equal(await get({ metadataLevel: 2, status: [STATUS_APPROVED] }), 'F1 G2')
  t.equal(await get({ metadataLevel: 2, codes: [['G^^s'], ['C1^^s', 'C9^^s']] }), 'G1')
  t.equal(await get({ lastUpdateTime: { from: '20260104000000' } }), 'F1')
  t.equal(await get({ lastUpdateTime: { to: '20260104000000' } }), 'G2')
})

const getAll: GetAll = {
  kind: 'GetAll',
  ...ASKED,
  ...APPROVED,
  patientId: { value: 'P1', authority: AUTHORITY },
  entryStatus: [STATUS_APPROVED],
  submissionSetStatus: [STATUS_APPROVED],
  folderStatus: [STATUS_APPROVED],
  members: { ...ANY_MEMBER, objectTypes: [OBJECT_STABLE] },
}

t.test('GetAll: associations with one end in the answer too (3.18.4.1.2.3.7.4)', async (t) => {
  t.equal(
    await find({ personKey: '1', query: getAll }),
    'S3 S2 S1 SV F1 G2 D3 D1 D2 V2 S1-D1 S1-D2 S1-F1 F1-D1 F1-D2 S1-FD1 S1-FD2 S2-D3 D3-D0 D3-D1 D3-OD SV-V2 G2-V2 S3-X',
  )
  const none = { submissionSetStatus: [STATUS_DEPRECATED], folderStatus: [STATUS_DEPRECATED] }
  const members = { ...getAll.members, formatCode: [['F2^^s']] }
  t.equal(await find({ personKey: '1', query: { ...getAll, ...none, members } }), 'D2 S1-D2 F1-D2')
  t.equal(await find({ personKey: '2', query: { ...getAll } }), 'X S3-X')
})

t.test('a reach names every person whose entries a query may touch, and what the decision asks of them', async (t) => {
  const persons = async (selected: SelectedQuery) => [...(await queries.reach(selected)).personKeys].sort().join()
  const members = ANY_MEMBER
  t.equal(await persons({ query: { kind: 'GetDocuments', ...ASKED, ...byUuid('X') } }), '2')
  t.equal(await persons({ query: { kind: 'GetSubmissionSets', ...ASKED, ...APPROVED, uuids: [id('X')] } }), '1,2')
  t.equal(
    await persons({ query: { kind: 'GetSubmissionSetAndContents', ...ASKED, ...APPROVED, ...byUuid('S3'), members } }),
    '1,2',
  )
  t.equal(await persons({ query: getAll, personKey: '1' }), '1,2')
  t.same((await queries.reach({ query: { kind: 'GetDocuments', ...ASKED, ...byUuid('X') } })).traits, [
    { personKey: '2', publisher: 'hospital-a', kind: 'REPORT', confidentiality: ['N^^2.16.840.1.113883.5.25'] },
  ])
})

t.test(
  'what the scope hides is not there: entries, packages of hidden members only, associations of them (design §4)',
  async (t) => {
    const rule = { mode: 'by-rule', ownFacility: 'pharmacy-c', ...opened(['hospital-a']) } as const
    const viewer = [access(1, rule), access(2, rule)]
    const contents: IdQuery = {
      kind: 'GetSubmissionSetAndContents',
      ...ASKED,
      ...APPROVED,
      ...byUuid('S1'),
      members: ANY_MEMBER,
    }
    t.equal(await ask(contents, viewer), 'S1 F1 D1 S1-D1 S1-F1 F1-D1 S1-FD1', 'D2 is above the ceiling')
    t.equal(await ask({ kind: 'GetAssociations', ...ASKED, ...APPROVED, uuids: [id('D2')] }, viewer), '')
    const noLab = [access(1, { ...rule, excludedKinds: ['LAB'] }), access(2, rule)]
    t.equal(await ask(contents, noLab), '', 'all members hidden, so the packages are')
    t.equal(await ask({ kind: 'GetFolders', ...ASKED, ...byUuid('F1') }, noLab), '')
    t.equal(
      await ask({ kind: 'GetSubmissionSets', ...ASKED, ...APPROVED, uuids: [id('X')] }, viewer),
      '',
      'another publisher’s set',
    )
    const both = { ...rule, ...opened(['hospital-a', 'clinic-b']) }
    t.equal(
      await ask({ kind: 'GetSubmissionSets', ...ASKED, ...APPROVED, uuids: [id('X')] }, [
        access(1, both),
        access(2, both),
      ]),
      'S3 S3-X',
    )
    t.equal(
      await ask({ kind: 'GetSubmissionSets', ...ASKED, ...APPROVED, uuids: [id('X')] }, [access(1, both)]),
      '',
      'a member of a person nobody decided about is hidden',
    )
    const stranger = { mode: 'by-rule', ownFacility: 'clinic-b', ...opened([]) } as const
    t.equal(
      await find({ query: getAll, personKey: '1' }, [access(1, stranger), access(2, stranger)]),
      'S3',
      'its own set only',
    )
    await folder('empty', { person: 3 })
    t.equal(
      await ask({ kind: 'GetFolders', ...ASKED, ...byUuid('empty') }, [access(3, rule)]),
      'empty',
      'nothing hidden in it',
    )
    const closed = { ...rule, openings: [opening(['hospital-a'], 'none')] }
    const laboratory = { ...rule, openings: [opening(['hospital-a'], 'none', { LAB: 'N' })] }
    t.equal(
      await ask({ kind: 'GetFolders', ...ASKED, ...byUuid('empty') }, [access(3, closed)]),
      '',
      'its publisher shows the viewer nothing of any kind',
    )
    t.equal(await ask({ kind: 'GetFolders', ...ASKED, ...byUuid('empty') }, [access(3, laboratory)]), 'empty')
  },
)

t.test('ObjectRef answers carry no objects, and the limit holds over all kinds', async (t) => {
  const query: IdQuery = {
    kind: 'GetSubmissionSetAndContents',
    ...ASKED,
    ...APPROVED,
    ...byUuid('S1'),
    members: ANY_MEMBER,
  }
  const found = await queries.findObjects(
    { query: { ...query, returnType: 'ObjectRef' } },
    { accesses: trusted, limit: 4 },
  )
  t.same(
    found.map(({ ebrim }) => ebrim),
    ['', '', '', ''],
  )
})

const criteria = { ...ANY_APPROVED, status: [STATUS_APPROVED, STATUS_DEPRECATED] }

t.test(
  'candidates of queries for multiple patients: by patient, reference id, event, class or facility type (3.51.4.1.2)',
  async (t) => {
    await pool.query(`insert into identity.domain (oid, name, kind) values ('${AUTHORITY}', 'XAD', 'community')`)
    await pool.query(`insert into identity.person (person_key) overriding system value values (1), (2), (3)`)
    await pool.query(
      `insert into identity.identifier (domain, value, person_key) select '${AUTHORITY}', 'P' || n, n from generate_series(1, 3) n`,
    )
    const many = { kind: 'FindDocumentsForMultiplePatients', ...ASKED, ...criteria, patientIds: [] } as const
    const candidates = async (query: MultiPatientQuery, publishers?: readonly string[]) => {
      const { complete, found } = await queries.candidates(query, publishers)
      t.equal(complete, true)
      return found
        .map((one) => `${names.get(one.id.slice(9))}:${one.personKey}`)
        .sort()
        .join(' ')
    }
    const patient = (value: string) => ({ value, authority: AUTHORITY })
    t.equal(await candidates({ ...many, patientIds: [patient('P2'), patient('P9')] }), 'X:2')
    const codes = { ...criteria.codes, eventCodeList: [['E1^^s']] }
    t.equal(await candidates({ ...many, codes }), 'D2:1 X:2')
    t.equal(await candidates({ ...many, codes: { ...codes, classCode: [['REPORT^^s']] } }), 'X:2')
    t.equal(await candidates({ ...many, codes: { ...criteria.codes, classCode: [['REPORT^^s']] } }), 'X:2')
    const facility = { ...criteria.codes, healthcareFacilityTypeCode: [['f^^s']] }
    t.equal(await candidates({ ...many, codes: facility }), 'D0:1 D1:1 D2:1 D3:1 V2:1 X:2')
    t.equal(await candidates({ ...many, codes: facility, creationTime: { from: '20260103', to: '20260201' } }), 'D1:1')
    t.equal(
      await candidates({
        ...many,
        codes: facility,
        creationTime: { from: '20260103', to: '20260201' },
        objectTypes: [OBJECT_ON_DEMAND],
      }),
      'OD:1',
      'creationTime is not asked of On-Demand entries',
    )
    t.equal(await candidates({ ...many, referenceIds: [['ref-1']] }), 'X:2')
    t.equal(await candidates({ ...many, referenceIds: [['ref-1'], ['r%']] }), 'X:2')
    t.equal(await candidates({ ...many, referenceIds: [['ref']] }), '')
    t.equal(await candidates({ ...many, codes }, ['clinic-b']), '')
    const folders = {
      kind: 'FindFoldersForMultiplePatients',
      ...ASKED,
      status: [STATUS_APPROVED],
      lastUpdateTime: {},
      codes: [],
      patientIds: [],
    } as const
    t.equal(await candidates({ ...folders, codes: [['C1^^s', 'G^^s']] }), 'F1:1 G2:1 empty:3')
    t.equal(await candidates({ ...folders, patientIds: [patient('P1')], codes: [['G^^s']] }), 'G2:1')
  },
)
