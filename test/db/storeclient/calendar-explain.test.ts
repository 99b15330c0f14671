// The calendar in a registry of many persons: by index, and reading little more than the period holds (design §7; style 2.9).

import t from 'tap'
import { createCalendarReads } from '../../../src/db/storeclient/calendar.ts'
import type { PatientAccess } from '../../../src/model/access.ts'
import type { DocumentEntry } from '../../../src/model/document-entry.ts'
import type { Oid } from '../../../src/model/identifiers.ts'
import { OBJECT_STABLE, RPLC, STATUS_APPROVED, STATUS_DEPRECATED, XFRM } from '../../../src/model/xds.ts'
import { opened } from '../../access/scopes.ts'
import { entry } from '../../registry/submission.ts'
import { openDatabase } from '../database.ts'
import { explaining, type Node, rowsRead, scannedTables } from '../explaining.ts'

t.setTimeout(120_000)

const pool = await openDatabase(t, 2)

const PERSONS = 200
const DAYS = 120

/** Per person a document a day, every tenth with a former version and a file, and one list of allergies from before. */
await pool.query(`
  create function pg_temp.id(what text, person int, n int) returns uuid immutable language sql as
    $$ select md5(what || '.' || person || '.' || n)::uuid $$;
  create function pg_temp.day(n int, hours int) returns text immutable language sql as
    $$ select to_char(timestamp '2026-01-01' + n * interval '1 day' + hours * interval '1 hour', 'YYYYMMDDHH24MISS') $$;
  create procedure pg_temp.add(what text, mime text, status text, class text) language sql as $$
    insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
      repository_unique_id, hash, size_bytes, class_code, type_code, format_code, practice_setting, facility_type, confidentiality,
      event_codes, authors, reference_ids, creation_time, service_start, service_stop, submission_uuid, ebrim, logical_uuid)
    select pg_temp.id(what, p, n), p, what || '.' || p || '.' || n, 'P' || p, status, '${OBJECT_STABLE}', mime, 'hospital-a', '2.25.1', 'h', 1,
      class, 't^^s', 'f^^s', 'p^^s', 'h^^s', '{N^^2.16.840.1.113883.5.25}', '{}', '{}', '{}', pg_temp.day(n, 0), pg_temp.day(n, 0),
      -- Every thirtieth lasts for a week.
      pg_temp.day(n, case when n % 30 = 0 then 168 else 1 end), pg_temp.id('S', p, n), what || '.' || p || '.' || n, pg_temp.id(what, p, n)
    from generate_series(1, ${PERSONS}) p, generate_series(1, ${DAYS}) n
    where what = 'D' or (what = 'A' and n = 1) or (what in ('F', 'X') and n % 10 = 0) $$;
  call pg_temp.add('D', 'x-application/hl7-v2+er7', '${STATUS_APPROVED}', 'LAB^^s');
  call pg_temp.add('F', 'x-application/hl7-v2+er7', '${STATUS_DEPRECATED}', 'LAB^^s');
  call pg_temp.add('X', 'application/pdf', '${STATUS_APPROVED}', 'LAB^^s');
  call pg_temp.add('A', 'x-application/hl7-v2+er7', '${STATUS_APPROVED}', 'ALLERGY^^s');
  insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim)
  select pg_temp.id(kind, p, n), p, case kind when 'F' then '${RPLC}' else '${XFRM}' end,
    pg_temp.id(case kind when 'F' then 'D' else 'X' end, p, n), pg_temp.id(case kind when 'F' then 'F' else 'D' end, p, n), ''
  from generate_series(1, ${PERSONS}) p, generate_series(10, ${DAYS}, 10) n, (values ('F'), ('X')) k(kind);
  insert into access.facility (facility_id, oid, name, kind) values ('hospital-a', '2.25.2', '架空中央病院', 'gateway');
  analyze registry.document_entry; analyze registry.association;
`)

const decision = { allowed: true, reason: 'union, consent and link stand' } as const

function access(scope: Partial<PatientAccess['scope']> = {}): PatientAccess {
  return {
    personKey: '77',
    patientId: { value: 'P77', authority: '2.25.100' as Oid },
    publish: decision,
    scope: {
      mode: 'by-rule',
      ownFacility: 'clinic-b',
      ...opened(['hospital-a']),
      excludedKinds: [],
      decision,
      ...scope,
    },
  }
}

/** What the fragment holds here is the uniqueId. */
const readFragment = (fragment: string): DocumentEntry => entry({ uniqueId: fragment, title: `title ${fragment}` })

interface Asked {
  readonly start: string
  readonly end: string
  readonly cancelled?: 'hidden' | 'shown'
  readonly access?: PatientAccess
}

async function look({ start, end, cancelled = 'hidden', access: who = access() }: Asked) {
  const plans: Node[] = []
  const { documents } = createCalendarReads(explaining(pool, plans), readFragment)
  const found = await documents({ access: who, period: { start, end }, cancelled, limit: 100 })
  return { found, plans, ids: found.map((document) => document.entry.uniqueId) }
}

// 2026-04-10 to 2026-04-23 in Japan; day n is 2026-01-01 + n days, 00:00 to 01:00 UTC.
const fortnight = { start: '20260409150000', end: '20260423150000' }

t.test('the documents of a fortnight and the lists that stand, by index', async (t) => {
  const { found, plans, ids } = await look(fortnight)
  // Day 99 is 2026-04-10; the document of day 90 lasts for a week and ends on day 97.
  t.same(ids, ['A.77.1', ...Array.from({ length: 14 }, (_, index) => `D.77.${112 - index}`)])
  t.match(found[1]?.publisher, { facilityId: 'hospital-a', name: '架空中央病院' })
  const tenth = found.find((document) => document.entry.uniqueId === 'D.77.110')
  t.match(tenth, { versions: 2, state: 'current', files: [{ uniqueId: 'X.77.110', title: 'title X.77.110' }] })
  t.equal(plans.length, 1, 'one statement')
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    t.ok(rowsRead(plan) < 120, `${rowsRead(plan)} rows read`)
  }
})

t.test('an old period reads as little, and what reaches into it is found', async (t) => {
  const { ids, plans } = await look({ start: '20260201000000', end: '20260202000000' })
  t.same(ids, ['A.77.1', 'D.77.31', 'D.77.30'], 'the document of day 30 lasts until day 37')
  for (const plan of plans) t.ok(rowsRead(plan) < 40, `${rowsRead(plan)} rows read`)
})

t.test('the access rule holds here as it does for ITI-18', async (t) => {
  const of = async (scope: Partial<PatientAccess['scope']>) => (await look({ ...fortnight, access: access(scope) })).ids
  t.same(await of(opened([])), [])
  t.same(await of({ excludedKinds: ['LAB'] }), ['A.77.1'])
  t.same(await of(opened(['hospital-a'], 'none')), [])
  t.same(await of({ mode: 'nothing', ownFacility: 'hospital-a' }), [])
  t.equal((await of({ mode: 'everything', ...opened([]) })).length, 15)
  t.equal((await of({ ownFacility: 'hospital-a', ...opened([]) })).length, 15)
})

t.test('what was cancelled is found when asked for; what was replaced is not', async (t) => {
  await pool.query(`update registry.document_entry set status = '${STATUS_DEPRECATED}' where unique_id = 'D.77.105'`)
  t.notOk((await look(fortnight)).ids.includes('D.77.105'))
  const { found } = await look({ ...fortnight, cancelled: 'shown' })
  t.match(
    found.find((document) => document.entry.uniqueId === 'D.77.105'),
    { state: 'cancelled' },
  )
  t.notOk(found.some((document) => document.entry.uniqueId.startsWith('F.')))
})
