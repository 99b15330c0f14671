// What a push reads of its series and of the document it replaces, in a registry that has grown since its plans were made: its own rows (style 2.9).

import t, { type Test } from 'tap'
import { referencedObjects } from '../../../src/db/registry-facts.ts'
import { findNamedFiles } from '../../../src/db/repository-store.ts'
import { readStored } from '../../../src/db/storeclient/series.ts'
import type { Oid } from '../../../src/model/identifiers.ts'
import { HAS_MEMBER, STATUS_APPROVED } from '../../../src/model/xds.ts'
import { openDatabase } from '../database.ts'
import { explaining, type Node, rowsRead, scannedTables } from '../explaining.ts'

const pool = await openDatabase(t, 2)

const DOCUMENTS = 600

/** Not analyzed: nobody has counted the rows yet when a server that has just been set up takes its first thousand messages. */
await pool.query(`
  create function pg_temp.id(what text, n int) returns uuid immutable language sql as $$ select md5(what || '.' || n)::uuid $$;
  insert into identity.person (person_key) overriding system value select generate_series(1, ${DOCUMENTS / 10});
  insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
    repository_unique_id, hash, size_bytes, class_code, type_code, format_code, practice_setting, facility_type, confidentiality,
    event_codes, authors, reference_ids, creation_time, submission_uuid, ebrim, logical_uuid)
  select pg_temp.id('D', n), (n + 9) / 10, 'D.' || n, 'P', '${STATUS_APPROVED}', 'o', 'm', 'hospital-a', '2.25.1', 'h', 1, 'c', 't', 'f', 'p', 'h', '{}', '{}',
    '{}', '{}', '20260101000000', pg_temp.id('S', n), repeat('x', 500), pg_temp.id('D', n)
  from generate_series(1, ${DOCUMENTS}) n;
  insert into repository.document (unique_id, size_bytes, sha1, sha256, content)
  select 'D.' || n, 1, 'h', 'h', '\\x00' from generate_series(1, ${DOCUMENTS}) n;
  insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, current_entry, version, body_sha256, order_number)
  select pg_temp.id('B', n), pg_temp.id('B', n), 1, (n + 9) / 10, 'hospital-a', 'OMP-01', pg_temp.id('D', n), '1', 'h', 'O' || n
  from generate_series(1, ${DOCUMENTS}) n;
  insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim)
  select pg_temp.id('A', n), (n + 9) / 10, '${HAS_MEMBER}', pg_temp.id('S', n), pg_temp.id('D', n), repeat('x', 200)
  from generate_series(1, ${DOCUMENTS}) n;
  insert into registry.superseded (series_id, person_key, version, reason, sha256, file_key)
  select pg_temp.id('B', n), (n + 9) / 10, '0', 'older version', 'h', 'F' || n from generate_series(1, ${DOCUMENTS}) n;
`)

function within(t: Test, most: number, plans: readonly Node[]): void {
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    const read = rowsRead(plan)
    t.ok(read <= most, `${read} rows read`)
  }
}

t.test('the state of a series and the documents of a changed order are looked up by index', async (t) => {
  const { rows } = await pool.query<{ id: string }>(`select md5('B.7')::uuid as id`)
  const series = [rows[0]?.id ?? '']
  const plans: Node[] = []
  const found = await readStored(explaining(pool, plans), {
    question: {
      claim: { scope: 's', key: 'k', digest: 'd' },
      series,
      guarded: series,
      changed: { facilityId: 'hospital-a', kind: 'OMP-01', orderNumbers: ['O7'] },
    },
    options: { readFile: () => (async function* () {})() },
    patient: {
      personKey: '1',
      affinityId: { value: 'P', authority: '2.25.100' as Oid },
      localId: '1',
      demographics: { names: [], addresses: [], telecoms: [] },
      consent: true,
      stopped: false,
    },
  })
  t.match(found.series.get(series[0] ?? ''), { currents: [{ uniqueId: 'D.7', bytes: Buffer.from([0]) }] })
  t.match(found.ofOrders.get('O7'), [{ uniqueId: 'D.7' }])
  t.equal(plans.length, 2)
  within(t, 12, plans)
})

t.test('the document that a new version replaces is looked up with what belongs to it, by index', async (t) => {
  const { rows } = await pool.query<{ id: string }>(`select md5('D.7')::uuid as id`)
  const plans: Node[] = []
  const found = await referencedObjects(explaining(pool, plans), [`urn:uuid:${rows[0]?.id}`])
  t.match(found, [{ uniqueId: 'D.7', transform: false, dependents: [], folders: [] }])
  within(t, 12, plans)
})

t.test('whether files are named is looked up by index, among the messages that no entry names too', async (t) => {
  const plans: Node[] = []
  t.same(await findNamedFiles(explaining(pool, plans), ['F7', 'G7']), new Set(['F7']))
  within(t, 12, plans)
})
