// Support that was stopped (支援中止) hides the patient it was stopped for, and nobody else, however many there are (idlink C-7).

import t from 'tap'
import { referencedObjects } from '../../src/db/registry-facts.ts'
import { createSsmixExport } from '../../src/db/storeclient/ssmix-export.ts'
import { HAS_MEMBER, STATUS_APPROVED } from '../../src/model/xds.ts'
import { openDatabase } from './database.ts'

const PERSONS = 4
/** Their support was stopped; that of the fourth goes on again. */
const STOPPED = [2, 3]

const pool = await openDatabase(t, 2)
await pool.query(`
  create function pg_temp.id(what text, person int) returns uuid immutable language sql as $$ select md5(what || '.' || person)::uuid $$;
  insert into identity.person (person_key) overriding system value select generate_series(1, ${PERSONS});
  insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
    repository_unique_id, hash, size_bytes, class_code, type_code, format_code, practice_setting, facility_type, confidentiality,
    event_codes, authors, reference_ids, creation_time, submission_uuid, ebrim, logical_uuid, series_id, series_version)
  select pg_temp.id('D', p), p, 'D.' || p, 'P', '${STATUS_APPROVED}', 'o', 'm', 'hospital-a', '2.25.1', 'h', 1, 'c', 't', 'f', 'p', 'h', '{}', '{}',
    '{}', '{}', '20260101000000', pg_temp.id('S', p), 'x', pg_temp.id('D', p), pg_temp.id('B', p), '20260101000000000|h'
  from generate_series(1, ${PERSONS}) p;
  insert into registry.submission_set (entry_uuid, person_key, unique_id, patient_id, source_id, content_type, submission_time, publisher, authors, ebrim)
  select pg_temp.id('S', p), p, 'S.' || p, 'P', '2.25.7', 'CT^^s', '20260101000000', 'hospital-a', '{}', 'x' from generate_series(1, ${PERSONS}) p;
  insert into registry.folder (entry_uuid, person_key, unique_id, patient_id, status, publisher, codes, last_update, logical_uuid, submission_uuid, ebrim)
  select pg_temp.id('F', p), p, 'F.' || p, 'P', '${STATUS_APPROVED}', 'hospital-a', '{}', '20260101000000', pg_temp.id('F', p), pg_temp.id('S', p), 'x'
  from generate_series(1, ${PERSONS}) p;
  insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim)
  select pg_temp.id('A', p), p, '${HAS_MEMBER}', pg_temp.id('S', p), pg_temp.id('D', p), 'x' from generate_series(1, ${PERSONS}) p;
  insert into repository.document (unique_id, size_bytes, sha1, sha256, content) select 'D.' || p, 1, 'h', 'h', '\\x00' from generate_series(1, ${PERSONS}) p;
  insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, current_entry, version, body_sha256)
  select pg_temp.id('B', p), pg_temp.id('B', p), 1, p, 'hospital-a', 'OMP-01', pg_temp.id('D', p), '20260101000000000|h', 'h'
  from generate_series(1, ${PERSONS}) p;
  insert into access.support_stop (person_key, stopped_by, reason, lifted_by, lifted_at)
  select p, 'test', 'wish', case when p = 4 then 'test' end, case when p = 4 then now() end from generate_series(2, ${PERSONS}) p;
`)

async function idsOf(person: number): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select 'urn:uuid:' || md5(what || '.' || $1::int)::uuid as id from unnest('{D,S,F,A}'::text[]) what`,
    [person],
  )
  return rows.map(({ id }) => id)
}

for (let person = 1; person <= PERSONS; person++) {
  const isStopped = STOPPED.includes(person)
  t.test(`patient ${person}: ${isStopped ? 'nothing is there for anybody' : 'all of it is there'}`, async (t) => {
    const objects = await referencedObjects(pool, await idsOf(person))
    const expected = isStopped ? [] : ['Association', 'DocumentEntry', 'Folder', 'SubmissionSet']
    t.same(
      objects.map(({ object }) => object).toSorted(),
      expected,
      'what a submission may refer to (ITI TF-3 4.2.2.2)',
    )
    const { versions } = createSsmixExport({
      pool,
      readFile: () => (async function* () {})(),
      readFragment: () => undefined,
    })
    t.equal(
      (await versions('hospital-a', String(person))).length,
      isStopped ? 0 : 1,
      'what an export of a storage holds',
    )
  })
}
