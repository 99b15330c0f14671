// What ITI-43 reads, on a real PostgreSQL: requests that come together by one statement, each with its own documents and facts (ITI TF-2 3.43.4.1.3; ADR 20).

import t from 'tap'
import { createRetrievable, type RetrievableFacts } from '../../src/db/repository-store.ts'
import { STATUS_APPROVED } from '../../src/model/xds.ts'
import { AFFINITY, DOMAIN_B } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'

const DOCUMENTS = 600
const REPOSITORY = '2.25.1'
const pool = await openDatabase(t, 8)
// Everyone has ten documents; every other person a number of clinic B. Of D.1000 the entry is gone, not what it said.
await pool.query(`
  insert into identity.domain (oid, name, kind, facility_id) values ('${DOMAIN_B}', 'CLINIC-B', 'facility', 'clinic-b'), ('${AFFINITY}', 'NETWORK', 'community', null);
  insert into identity.person (person_key) overriding system value select generate_series(1, ${DOCUMENTS / 10});
  insert into identity.identifier (domain, value, person_key)
  select '${AFFINITY}', 'N' || p, p from generate_series(1, ${DOCUMENTS / 10}) p
  union all select '${DOMAIN_B}', 'B' || p, p from generate_series(2, ${DOCUMENTS / 10}, 2) p;
  insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
    repository_unique_id, hash, size_bytes, class_code, type_code, format_code, practice_setting, facility_type, confidentiality,
    event_codes, authors, reference_ids, creation_time, submission_uuid, ebrim, logical_uuid)
  select md5('D' || n)::uuid, (n + 9) / 10, 'D.' || n, 'P', '${STATUS_APPROVED}', 'o', 'text/plain', 'hospital-a', '${REPOSITORY}', 'h', 1, 'LAB^^c', 't', 'f', 'p', 'h',
    '{}', '{}', '{}', '{}', '20260101000000', md5('S' || n)::uuid, '', md5('D' || n)::uuid
  from generate_series(1, ${DOCUMENTS}) n;
  insert into repository.document (unique_id, size_bytes, sha1, sha256, content)
  select 'D.' || n, 4, 'h', 'h', convert_to('D.' || n, 'UTF8') from generate_series(1, ${DOCUMENTS}) n
  union all select 'D.1000', 6, 'h', 'h', convert_to('D.1000', 'UTF8');
  insert into repository.traits (unique_id, domain, value, publisher, mime_type, kind, confidentiality)
  values ('D.1000', '${AFFINITY}', 'N2', 'hospital-a', 'text/plain', 'LAB', '{}');
  analyze`)

/** A pool that counts what goes to the database. */
function counting() {
  const asked = { count: 0 }
  const query = (...given: Parameters<typeof pool.query>) => {
    asked.count += 1
    return pool.query(...given)
  }
  return { pool: { query } as unknown as typeof pool, asked }
}

function told(found: readonly RetrievableFacts[]): readonly string[] {
  return found.map(
    ({ uniqueId, bytes, person }) =>
      `${uniqueId} ${bytes?.toString() ?? 'not loaded'} ${person.patientId.value}${person.facts.linked ? ' linked' : ''}`,
  )
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

t.test('each gets its own, towards its own facility', async (t) => {
  const { pool: counted, asked } = counting()
  const find = createRetrievable(counted, REPOSITORY)
  const [clinic, hospital, both, gone, unknown, nothing] = await Promise.all([
    find({ uniqueIds: ['D.11'], facilityId: 'clinic-b' }),
    find({ uniqueIds: ['D.11'], facilityId: 'hospital-a' }),
    find({ uniqueIds: ['D.1', 'D.12'], facilityId: 'clinic-b' }),
    find({ uniqueIds: ['D.1000'], facilityId: 'clinic-b' }),
    find({ uniqueIds: ['D.9999'], facilityId: 'clinic-b' }),
    find({ uniqueIds: [], facilityId: 'clinic-b' }),
  ])
  t.same(told(clinic), ['D.11 D.11 N2 linked'])
  t.same(told(hospital), ['D.11 D.11 N2'])
  t.same(told(both).toSorted(), ['D.1 D.1 N1', 'D.12 D.12 N2 linked'])
  t.same(told(gone), ['D.1000 D.1000 N2 linked'])
  t.same(unknown, [])
  t.same(nothing, [])
  t.equal(asked.count, 1)
})

t.test('a statement has a bounded number of documents', async (t) => {
  const { pool: counted, asked } = counting()
  const find = createRetrievable(counted, REPOSITORY)
  const found = await Promise.all(numbers(70).map((n) => find({ uniqueIds: [`D.${n}`], facilityId: 'clinic-b' })))
  t.same(
    found.map((one) => one[0]?.uniqueId),
    numbers(70).map((n) => `D.${n}`),
  )
  t.equal(asked.count, 3, '32, 32 and 6')
})

t.test('a request for many documents goes alone and leaves their bytes where they are', async (t) => {
  const { pool: counted, asked } = counting()
  const find = createRetrievable(counted, REPOSITORY)
  const many = numbers(17).map((n) => `D.${n}`)
  const [large, small] = await Promise.all([
    find({ uniqueIds: many, facilityId: 'clinic-b' }),
    find({ uniqueIds: ['D.1'], facilityId: 'clinic-b' }),
  ])
  t.same(large.map(({ uniqueId }) => uniqueId).toSorted(), many.toSorted())
  t.ok(large.every(({ bytes }) => bytes === undefined))
  t.same(told(small), ['D.1 D.1 N1'])
  t.equal(asked.count, 2)
})

t.test('a request that the database refuses takes no other with it', async (t) => {
  const find = createRetrievable(pool, REPOSITORY)
  const asked = ['D.1', 'D\0', 'D{"2\\', 'D.3'].map((uniqueId) =>
    find({ uniqueIds: [uniqueId], facilityId: 'clinic-b' }),
  )
  t.same(
    (await Promise.allSettled(asked)).map((one) => (one.status === 'fulfilled' ? one.value.length : 'refused')),
    [1, 'refused', 0, 1],
  )
})

t.test('documents, entries and persons are looked up by index', async (t) => {
  const plans: Node[] = []
  const find = createRetrievable(explaining(pool, plans), REPOSITORY)
  const asked = ['D.4', 'D.216', 'D.508']
  await Promise.all(asked.map((uniqueId) => find({ uniqueIds: [uniqueId], facilityId: 'clinic-b' })))
  t.equal(plans.length, 1)
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    t.ok(rowsRead(plan) <= 20 * asked.length, `${rowsRead(plan)} rows read`)
  }
})
