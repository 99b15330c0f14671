// Every stored query in a registry of many persons: by index, and reading little more than it answers (design §7; style 2.9).

import t, { type Test } from 'tap'
import { underNumbers } from '../../src/db/merged-objects.ts'
import { createRegistryQueries } from '../../src/db/registry-query.ts'
import { query } from '../../src/db/sql.ts'
import type { PatientAccess } from '../../src/model/access.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import type { IdQuery, MultiPatientQuery } from '../../src/model/stored-query.ts'
import { APND, OBJECT_STABLE, RPLC, STATUS_APPROVED } from '../../src/model/xds.ts'
import type { RegistryQueries } from '../../src/registry/query-ports.ts'
import { opened } from '../access/scopes.ts'
import { ANY_APPROVED } from '../registry/criteria.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'

t.setTimeout(170_000)

const pool = await openDatabase(t, 2)

const PERSONS = 2000
const ENTRIES = 12
const AUTHORITY = '2.25.100' as Oid

/** Per person: twelve entries in three submissions and two folders, each with its memberships, and an addendum chain. */
await pool.query(`
  create function pg_temp.id(what text, person int, n int) returns uuid immutable language sql as
    $$ select md5(what || '.' || person || '.' || n)::uuid $$;
  insert into identity.domain (oid, name, kind) values ('${AUTHORITY}', 'XAD', 'community');
  insert into identity.person (person_key) overriding system value select p from generate_series(1, ${PERSONS}) p;
  insert into identity.identifier (domain, value, person_key) select '${AUTHORITY}', 'P' || p, p from generate_series(1, ${PERSONS}) p;
  insert into access.facility (facility_id, oid, name, kind) values ('hospital-a', '2.25.102', 'hospital-a', 'store-client');
  insert into identity.domain (oid, name, kind, facility_id) values ('2.25.101', 'A', 'facility', 'hospital-a');
  insert into identity.identifier (domain, value, person_key, second)
  select '2.25.101', n || p, p, n = 'L' from generate_series(1, ${PERSONS}) p, unnest('{K,L}'::text[]) n;
  insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
    repository_unique_id, hash, size_bytes, class_code, type_code, format_code, practice_setting, facility_type, confidentiality,
    event_codes, authors, reference_ids, creation_time, submission_uuid, ebrim, logical_uuid)
  select pg_temp.id('D', p, n), p, 'D.' || p || '.' || n, 'P' || p, '${STATUS_APPROVED}', '${OBJECT_STABLE}', 'text/plain',
    case when n % 2 = 0 then 'hospital-a' else 'clinic-b' end, '2.25.1', 'h', 1, case when n = 1 then 'LAB^^s' else 'REPORT^^s' end, 't^^s', 'f^^s',
    'p^^s', case when n = 2 then 'pharmacy^^s' else 'hospital^^s' end, '{N^^2.16.840.1.113883.5.25}', case when n = 3 and p % 10 = 0 then array['E^^s'] else '{}' end,
    '{1^Sato}', case when n = 4 then array['ref.' || p] else '{}' end, to_char(timestamp '2026-01-01' + p * interval '1 hour', 'YYYYMMDDHH24MISS'),
    pg_temp.id('S', p, n % 3), repeat('x', 500), pg_temp.id('D', p, n)
  from generate_series(1, ${PERSONS}) p, generate_series(1, ${ENTRIES}) n;
  insert into registry.submission_set (entry_uuid, person_key, unique_id, patient_id, source_id, content_type, submission_time, publisher, authors, ebrim)
  select pg_temp.id('S', p, n), p, 'S.' || p || '.' || n, 'P' || p, '2.25.7', 'CT^^s', '20260101000000', 'hospital-a', '{1^Sato}', repeat('x', 500)
  from generate_series(1, ${PERSONS}) p, generate_series(0, 2) n;
  insert into registry.folder (entry_uuid, person_key, unique_id, patient_id, status, publisher, codes, last_update, logical_uuid, submission_uuid, ebrim)
  select pg_temp.id('F', p, n), p, 'F.' || p || '.' || n, 'P' || p, '${STATUS_APPROVED}', 'hospital-a', array['C' || p % 100 || '^^s'], '20260101000000',
    pg_temp.id('F', p, n), pg_temp.id('S', p, n), repeat('x', 500)
  from generate_series(1, ${PERSONS}) p, generate_series(0, 1) n;
  insert into registry.unique_id (unique_id, object, object_uuid)
  select unique_id, 'SubmissionSet', entry_uuid from registry.submission_set union all select unique_id, 'Folder', entry_uuid from registry.folder;
  insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim)
  select pg_temp.id('SD', p, n), p, 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember', pg_temp.id('S', p, n % 3), pg_temp.id('D', p, n), repeat('x', 200)
  from generate_series(1, ${PERSONS}) p, generate_series(1, ${ENTRIES}) n
  union all
  select pg_temp.id('FD', p, n), p, 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember', pg_temp.id('F', p, n % 2), pg_temp.id('D', p, n), repeat('x', 200)
  from generate_series(1, ${PERSONS}) p, generate_series(1, ${ENTRIES}) n
  union all
  select pg_temp.id('SF', p, n), p, 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember', pg_temp.id('S', p, n), pg_temp.id('F', p, n), repeat('x', 200)
  from generate_series(1, ${PERSONS}) p, generate_series(0, 1) n
  union all
  select pg_temp.id('SFD', p, n), p, 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember', pg_temp.id('S', p, n % 3), pg_temp.id('FD', p, n), repeat('x', 200)
  from generate_series(1, ${PERSONS}) p, generate_series(1, ${ENTRIES}) n
  union all
  select pg_temp.id('AP', p, n), p, '${APND}', pg_temp.id('D', p, n + 1), pg_temp.id('D', p, n), repeat('x', 200)
  from generate_series(1, ${PERSONS}) p, generate_series(1, ${ENTRIES - 1}) n;
`)

async function uuidOf(what: string, person: number, n: number): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('select md5($1)::uuid as id', [`${what}.${person}.${n}`])
  return `urn:uuid:${rows[0]?.id}`
}

async function within(t: Test, most: number, work: (queries: RegistryQueries) => Promise<{ readonly length: number }>) {
  const plans: Node[] = []
  const found = await work(createRegistryQueries(explaining(pool, plans)))
  t.ok(found.length > 0, `finds something: ${found.length}`)
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    const read = rowsRead(plan)
    t.ok(read <= most, `${read} rows read, at most ${most}`)
  }
}

const decision = { allowed: true, reason: 'union, consent and link stand' } as const

function access(person: number, mode: 'everything' | 'by-rule'): PatientAccess {
  return {
    personKey: String(person),
    patientId: { value: `P${person}`, authority: AUTHORITY },
    publish: decision,
    scope: {
      mode,
      ownFacility: 'pharmacy-c',
      ...opened(['hospital-a', 'clinic-b']),
      excludedKinds: ['OTHER'],
      decision,
    },
  }
}

const ASKED = { returnType: 'LeafClass', metadataLevel: 1, associationStatus: [STATUS_APPROVED] } as const
const members = { objectTypes: [OBJECT_STABLE], formatCode: [], confidentialityCode: [] }
const criteria = ANY_APPROVED
const patientId = { value: 'P77', authority: AUTHORITY }
const PERSON = 77
const [entryId, folderId, setId] = [
  await uuidOf('D', PERSON, 1),
  await uuidOf('F', PERSON, 1),
  await uuidOf('S', PERSON, 1),
]
const byUuid = (...values: string[]) => ({ by: 'entryUUID', values }) as const
const byUniqueId = (...values: string[]) => ({ by: 'uniqueId', values }) as const

const byId: readonly IdQuery[] = [
  { kind: 'GetDocuments', ...ASKED, ...byUuid(entryId) },
  { kind: 'GetDocuments', ...ASKED, ...byUniqueId('D.77.1', 'D.78.1') },
  { kind: 'GetDocuments', ...ASKED, metadataLevel: 2, by: 'logicalID', values: [entryId] },
  { kind: 'GetFolders', ...ASKED, ...byUuid(folderId) },
  { kind: 'GetFolders', ...ASKED, ...byUniqueId('F.77.1') },
  { kind: 'GetFolders', ...ASKED, metadataLevel: 2, by: 'logicalID', values: [folderId] },
  { kind: 'GetAssociations', ...ASKED, uuids: [entryId, folderId] },
  { kind: 'GetDocumentsAndAssociations', ...ASKED, ...byUniqueId('D.77.1') },
  { kind: 'GetSubmissionSets', ...ASKED, uuids: [entryId, folderId] },
  { kind: 'GetSubmissionSetAndContents', ...ASKED, ...byUuid(setId), members },
  { kind: 'GetSubmissionSetAndContents', ...ASKED, ...byUniqueId('S.77.1'), members },
  { kind: 'GetFolderAndContents', ...ASKED, ...byUniqueId('F.77.1'), members },
  { kind: 'GetFoldersForDocument', ...ASKED, ...byUuid(entryId) },
  {
    kind: 'GetRelatedDocuments',
    ...ASKED,
    ...byUniqueId('D.77.5'),
    associationTypes: [RPLC, APND],
    objectTypes: [OBJECT_STABLE],
  },
]

const many = { kind: 'FindDocumentsForMultiplePatients', ...ASKED, ...criteria, patientIds: [] } as const
const ofMany: readonly (readonly [string, MultiPatientQuery, number])[] = [
  ['patients', { ...many, patientIds: [patientId, { ...patientId, value: 'P78' }] }, 100],
  ['reference id', { ...many, referenceIds: [['ref.77', 'ref.78']] }, 50],
  ['event', { ...many, codes: { ...criteria.codes, eventCodeList: [['E^^s']] } }, PERSONS],
  [
    'class and time',
    {
      ...many,
      codes: { ...criteria.codes, classCode: [['LAB^^s']] },
      creationTime: { from: '20260110000000', to: '20260111000000' },
    },
    100,
  ],
  [
    'facility type and time',
    {
      ...many,
      codes: { ...criteria.codes, healthcareFacilityTypeCode: [['pharmacy^^s']] },
      creationTime: { from: '20260110000000', to: '20260111000000' },
    },
    100,
  ],
  [
    'folder codes',
    {
      kind: 'FindFoldersForMultiplePatients',
      ...ASKED,
      status: [STATUS_APPROVED],
      lastUpdateTime: {},
      codes: [['C7^^s']],
      patientIds: [],
    },
    200,
  ],
]

/** A query in a submission touches the memberships and members of its packages: some hundred rows, whatever the registry holds. */
const OF_ONE_PERSON = 600

async function everyQuery(t: Test, mode: 'everything' | 'by-rule'): Promise<void> {
  const accesses = [access(PERSON, mode), access(PERSON + 1, mode)]
  const [patient] = accesses
  if (patient === undefined) return
  const personKey = patient.personKey
  const selection = { accesses, limit: 1001 }
  for (const returnType of ['LeafClass', 'ObjectRef'] as const)
    await t.test(`FindDocuments ${returnType}`, (t) =>
      within(t, 50, (queries) =>
        queries.findDocuments(
          { kind: 'FindDocuments', ...ASKED, ...criteria, returnType, patientId },
          { patient, limit: 1001 },
        ),
      ),
    )
  const range = { sourceId: [], submissionTime: {}, authorPerson: [], contentType: [] }
  const ofPatient = [
    { kind: 'FindSubmissionSets', ...ASKED, patientId, status: [STATUS_APPROVED], ...range },
    { kind: 'FindFolders', ...ASKED, patientId, status: [STATUS_APPROVED], lastUpdateTime: {}, codes: [] },
    {
      kind: 'GetAll',
      ...ASKED,
      patientId,
      entryStatus: [STATUS_APPROVED],
      submissionSetStatus: [STATUS_APPROVED],
      folderStatus: [STATUS_APPROVED],
      members,
    },
  ] as const
  for (const query of ofPatient)
    await t.test(query.kind, (t) =>
      within(t, OF_ONE_PERSON, async (queries) => {
        await queries.reach({ query, personKey })
        return queries.findObjects({ query, personKey }, selection)
      }),
    )
  for (const query of byId)
    await t.test(`${query.kind} ${'by' in query ? query.by : ''}`, (t) =>
      within(t, OF_ONE_PERSON, async (queries) => {
        await queries.reach({ query })
        return queries.findObjects({ query }, selection)
      }),
    )
  for (const [name, query, most] of ofMany)
    await t.test(`candidates by ${name}`, (t) =>
      within(t, most, async (queries) => (await queries.candidates(query, ['hospital-a', 'clinic-b'])).found),
    )
}

/** One of two numbers that a hospital keeps with the person goes to another: its documents that name it as their source's. */
async function oneNumberGoes(t: Test): Promise<void> {
  const plans: Node[] = []
  const number = { value: 'L77', authority: '2.25.101' as Oid }
  const form = { swapPatientId: () => ({ pattern: '', replacement: '' }), sourcePatientId: () => 'x' }
  const going = underNumbers({ person: String(PERSON), ids: [number], since: '-infinity' }, form)
  const found = await query<{ readonly object: string }>(explaining(pool, plans), going)
  t.same(new Set(found.map(({ object }) => object)), new Set(['DocumentEntry']), 'submissions hold documents of others')
  t.equal(found.length, ENTRIES / 2)
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    t.ok(rowsRead(plan) <= OF_ONE_PERSON, `${rowsRead(plan)} rows read`)
  }
}

t.test('before the tables are analysed', async (t) => {
  await everyQuery(t, 'by-rule')
  await t.test('what goes with a number', oneNumberGoes)
})

t.test('after they are analysed', async (t) => {
  await pool.query('vacuum analyze')
  await t.test('what goes with a number', oneNumberGoes)
  await t.test('by rule', (t) => everyQuery(t, 'by-rule'))
  await t.test('everything', (t) => everyQuery(t, 'everything'))
})

t.test('a submission of hundreds of documents is read in proportion to their number, not to its square', async (t) => {
  const count = 600
  await pool.query(`
    insert into registry.document_entry
    select (jsonb_populate_record(e, jsonb_build_object('entry_uuid', md5('big.D.' || n), 'logical_uuid', md5('big.D.' || n), 'unique_id', 'big.D.' || n, 'person_key', 5000))).*
    from registry.document_entry e, generate_series(1, ${count}) n where e.unique_id = 'D.77.1';
    insert into registry.submission_set
    select (jsonb_populate_record(p, jsonb_build_object('entry_uuid', md5('big.S'), 'unique_id', 'big.S', 'person_key', 5000))).*
    from registry.submission_set p where p.unique_id = 'S.77.1';
    insert into registry.folder
    select (jsonb_populate_record(f, jsonb_build_object('entry_uuid', md5('big.F'), 'logical_uuid', md5('big.F'), 'unique_id', 'big.F', 'person_key', 5000))).*
    from registry.folder f where f.unique_id = 'F.77.1';
    insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim)
    select md5('big.' || k || n)::uuid, 5000, 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember',
      case k when 'FD' then md5('big.F') else md5('big.S') end::uuid, case k when 'SFD' then md5('big.FD' || n) else md5('big.D.' || n) end::uuid, ''
    from generate_series(1, ${count}) n, unnest(array['SD', 'FD', 'SFD']) k;
    insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim)
    values (md5('big.SF')::uuid, 5000, 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember', md5('big.S')::uuid, md5('big.F')::uuid, '')`)
  const { rows } = await pool.query<{ s: string; d: string }>(
    `select md5('big.S')::uuid as s, md5('big.D.1')::uuid as d`,
  )
  const [set, document] = [`urn:uuid:${rows[0]?.s}`, `urn:uuid:${rows[0]?.d}`]
  const selection = { accesses: [access(5000, 'by-rule')], limit: 10_000 }
  for (const query of [
    { kind: 'GetSubmissionSetAndContents', ...ASKED, ...byUuid(set), members },
    { kind: 'GetAssociations', ...ASKED, uuids: [set] },
    { kind: 'GetSubmissionSets', ...ASKED, uuids: [document] },
    { kind: 'GetFoldersForDocument', ...ASKED, ...byUuid(document) },
  ] as const satisfies readonly IdQuery[])
    await t.test(query.kind, (t) => within(t, 25 * count, (queries) => queries.findObjects({ query }, selection)))
})

t.test(
  'entries of thousands of persons at once are looked up among their scopes, not compared with each',
  async (t) => {
    const queries = createRegistryQueries(pool)
    const lab = { ...many, codes: { ...criteria.codes, classCode: [['LAB^^s']] } }
    const { found } = await queries.candidates(lab, undefined)
    const accesses = [...new Set(found.map(({ personKey }) => personKey))].map((key) => access(Number(key), 'by-rule'))
    t.ok(accesses.length >= PERSONS)
    const query = { kind: 'GetDocuments', ...ASKED, ...byUuid(...found.map(({ id }) => id)) } as const
    const before = performance.now()
    const visible = await queries.findObjects({ query }, { accesses, limit: 10_000 })
    t.ok(performance.now() - before < 4000)
    t.equal(visible.length, found.length)
  },
)

t.test('a query broader than may be looked at is given up, in bounded time', async (t) => {
  const broad = { ...many, codes: { ...criteria.codes, classCode: [['REPORT^^s']] } }
  const before = performance.now()
  const { complete } = await createRegistryQueries(pool).candidates(broad, undefined)
  t.equal(complete, false)
  t.ok(performance.now() - before < 5000)
})

t.test('of a patient who is named more may be looked at: hidden documents must not be felt by it', async (t) => {
  await pool.query(`
    insert into registry.document_entry
    select (jsonb_populate_record(e, jsonb_build_object('entry_uuid', md5('long.' || n), 'unique_id', 'long.' || n))).*
    from registry.document_entry e, generate_series(1, 20000) n where e.unique_id = 'D.77.1'`)
  const asked = { ...many, patientIds: [patientId], creationTime: { from: '2030' } }
  const { complete, found } = await createRegistryQueries(pool).candidates(asked, ['hospital-a', 'clinic-b'])
  t.strictSame({ complete, found }, { complete: true, found: [] })
})

t.test(
  'an entry and its fragment lie in one row: an answer of ten reads no second table (docs/adr/0049)',
  async (t) => {
    // Some two KiB when compressed, as a fragment of an entry with authors and codes is.
    const fragment = `(select string_agg(md5(n::text) || repeat('urn:uuid:', 10), '') from generate_series(1, 60) n)`
    await pool.query(`insert into registry.document_entry
    select (jsonb_populate_record(e, jsonb_build_object('entry_uuid', gen_random_uuid(), 'ebrim', ${fragment}))).*
    from registry.document_entry e limit 1`)
    const { rows } = await pool.query<{ stored: number; whole: number; beside: string | null }>(`
    select pg_column_size(ebrim) as stored, octet_length(ebrim) as whole, pg_column_toast_chunk_id(ebrim) as beside
    from registry.document_entry order by octet_length(ebrim) desc limit 1`)
    const [row] = rows
    t.ok((row?.stored ?? 0) > 2048, `${row?.stored} of ${row?.whole} bytes`)
    t.equal(row?.beside, null)
  },
)
