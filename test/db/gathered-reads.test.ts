// What queries read of patients, on a real PostgreSQL: many queries by one statement, each with its own answer (ITI TF-2 3.18.4.1.3, 3.45.4.1.3; design §4, §7).

import t from 'tap'
import { factsOfPersons } from '../../src/db/access-store.ts'
import { createCorrespondence, type Shown } from '../../src/db/identity/correspondence.ts'
import { createPatientFacts } from '../../src/db/patient-facts.ts'
import type { Correspondence } from '../../src/identity/ports.ts'
import type { AccessFacts } from '../../src/model/access.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import { AFFINITY, callerOf, DOMAIN_A, DOMAIN_B, idIn, SECOND_A, TESTER, UNKNOWN } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'

const PERSONS = 2000
const pool = await openDatabase(t, 8)
// Everyone has a number of A and one of the network, every other person one of B and a consent that stands; every fifth had one
// that was withdrawn, every seventh has one that is over, every ninth one that begins tomorrow.
await pool.query(`
  insert into identity.domain (oid, name, kind, facility_id) values
    ('${DOMAIN_A}', 'HOSPITAL-A', 'facility', 'hospital-a'), ('${SECOND_A}', 'HOSPITAL-A-DENTAL', 'facility', 'hospital-a'),
    ('${DOMAIN_B}', 'CLINIC-B', 'facility', 'clinic-b'), ('${AFFINITY}', 'NETWORK', 'community', null),
    ('${TESTER}', 'TESTER', 'affinity', 'test-bench');
  insert into identity.person select from generate_series(1, ${PERSONS} + 1);
  insert into identity.identifier (domain, value, person_key)
  select '${DOMAIN_A}', 'A' || p, p from generate_series(1, ${PERSONS}) p
  union all select '${AFFINITY}', 'N' || p, p from generate_series(1, ${PERSONS}) p
  union all select '${DOMAIN_B}', 'B' || p, p from generate_series(2, ${PERSONS}, 2) p
  union all select '${TESTER}', 'T1', ${PERSONS} + 1;
  insert into identity.identifier (domain, value, person_key, status) values ('${SECOND_A}', 'S1', 1, 'obsolete');
  insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, withdrawn_at, recorded_by)
  select p, 'individual', '{clinic-b}'::text[], '{pharmacy-c}'::text[], '{OTHER}'::text[], now() - interval '1 day', null::timestamptz, null::timestamptz, 'staff' from generate_series(2, ${PERSONS}, 2) p
  union all select p, 'comprehensive', '{}', '{}', '{}', now() - interval '1 day', null, now(), 'staff' from generate_series(5, ${PERSONS}, 5) p
  union all select p, 'comprehensive', '{}', '{}', '{}', now() - interval '2 days', now() - interval '1 day', null, 'staff'
    from generate_series(7, ${PERSONS}, 7) p
  union all select p, 'comprehensive', '{}', '{}', '{}', now() + interval '1 day', null, null, 'staff' from generate_series(9, ${PERSONS}, 9) p;
  insert into access.facility (facility_id, oid, name, kind) values ('clinic-b', '2.25.70', '架空診療所', 'viewing'), ('pharmacy-c', '2.25.71', '架空薬局', 'viewing');
  insert into access.emergency_grant (facility_id, user_name, person_key, number, number_authority, origin, reason_code, reason, consent_kind,
                                      chart_noted, kinds, started_at, ends_at, ended_at)
  select f, 'nurse ' || coalesce(kinds::text, ''), p, 'A' || p, '${DOMAIN_A}', 'staff', 'life-threat', '意識がない', 'none', true, kinds, now() + start, now() + stop, ended
  from generate_series(3, ${PERSONS}, 10) p,
    (values ('clinic-b', null::text[], interval '-1 hour', interval '1 hour', null::timestamptz), ('clinic-b', '{LAB}', '-1 hour', '2 hours', null),
            ('clinic-b', '{OVER}', '-2 hours', '-1 hour', null), ('clinic-b', '{ENDED}', '-1 hour', '1 hour', now()),
            ('clinic-b', '{LATER}', '1 hour', '2 hours', null), ('pharmacy-c', '{MEDICATION}', '-1 hour', '1 hour', null)) g(f, kinds, start, stop, ended);
  insert into access.support_stop (person_key, stopped_by, reason, lifted_at)
  select p, 'staff', '本人の希望', null::timestamptz from generate_series(11, ${PERSONS}, 11) p
  union all select p, 'staff', '本人の希望', now() from generate_series(13, ${PERSONS}, 13) p;
  analyze`)

const clinic = callerOf('clinic-b')
const nobody: Shown = () => new Set()

/** How many statements went to the database. */
function counting(): { readonly pool: typeof pool; readonly count: () => number } {
  let count = 0
  const query = (...given: Parameters<typeof pool.query>) => {
    count += 1
    return pool.query(...given)
  }
  return { pool: { query } as unknown as typeof pool, count: () => count }
}

function values({ person }: Correspondence): readonly string[] | undefined {
  return person?.identifiers.map(({ id }) => id.value)
}

t.test('3.45.4.1.3: queries that come together are one statement, and each gets its own answer', async (t) => {
  const counted = counting()
  const correspondence = createCorrespondence(counted.pool, nobody)
  const people = Array.from({ length: 40 }, (_, index) => index + 1)
  const answers = await Promise.all(
    people.map((p) => correspondence({ caller: clinic, id: idIn(DOMAIN_A, `A${p}`), domains: [DOMAIN_A] })),
  )
  t.strictSame(
    answers.map(values),
    people.map((p) => (p % 2 === 0 ? [`A${p}`, `B${p}`, `N${p}`] : [`A${p}`, `N${p}`])),
  )
  t.equal(counted.count(), 1)
})

t.test('3.45.4.2.2: domains that are known are told beside an id that is not, or not any more', async (t) => {
  const correspondence = createCorrespondence(pool, nobody)
  const [unknown, obsolete, nowhere] = await Promise.all([
    correspondence({ caller: clinic, id: idIn(DOMAIN_A, 'X'), domains: [DOMAIN_A, UNKNOWN, AFFINITY] }),
    correspondence({ caller: clinic, id: idIn(SECOND_A, 'S1'), domains: [] }),
    correspondence({ caller: clinic, id: idIn(UNKNOWN, 'A1'), domains: [UNKNOWN] }),
  ])
  t.strictSame(
    [...unknown.domains.values()],
    [
      { oid: DOMAIN_A, name: 'HOSPITAL-A', kind: 'facility', facilityId: 'hospital-a' },
      { oid: AFFINITY, name: 'NETWORK', kind: 'community' },
    ],
  )
  t.equal(unknown.person, undefined)
  t.strictSame(obsolete, { domains: new Map() })
  t.strictSame(nowhere, { domains: new Map() })
})

t.test('a query that the database refuses takes no other with it', async (t) => {
  const correspondence = createCorrespondence(pool, nobody)
  const asked: readonly PatientId[] = [
    idIn(DOMAIN_A, 'A1'),
    idIn(DOMAIN_A, 'A\0'),
    idIn(DOMAIN_A, 'A{"2\\'),
    idIn(DOMAIN_A, 'A3'),
  ]
  const settled = await Promise.allSettled(asked.map((id) => correspondence({ caller: clinic, id, domains: [] })))
  t.strictSame(
    settled.map((answer) => (answer.status === 'fulfilled' ? values(answer.value) : 'refused')),
    [['A1', 'N1'], 'refused', undefined, ['A3', 'N3']],
  )
})

t.test('design §4: the facts are those of the access store, for persons of the network only', async (t) => {
  for (const facilityId of ['clinic-b', 'hospital-a', 'pharmacy-c']) {
    const facts = new Map<string, AccessFacts>()
    const correspondence = createCorrespondence(pool, (_caller, person) => {
      facts.set(person.identifiers[0]?.id.value ?? '', person.facts)
      return new Set([facilityId])
    })
    const people = Array.from({ length: 64 }, (_, index) => index + 1)
    const answers = await Promise.all(
      people.map((p) => correspondence({ caller: callerOf(facilityId), id: idIn(DOMAIN_A, `A${p}`), domains: [] })),
    )
    const personKeys = answers.map(({ person }) => person?.key ?? '')
    const expected = await factsOfPersons(pool, { personKeys, facilityId })
    t.strictSame(
      answers.map(({ person }) => facts.get(person?.identifiers[0]?.id.value ?? '')),
      personKeys.map((key) => expected.find(({ personKey }) => personKey === key)?.facts),
    )
    t.ok(answers.every(({ person }) => person?.shown.has(facilityId)))
  }
  const apart = createCorrespondence(pool, () => new Set([AFFINITY]))
  const tester = await apart({ caller: callerOf('test-bench', TESTER), id: idIn(TESTER, 'T1'), domains: [] })
  t.strictSame(tester.person?.shown, new Set(), 'a person who has no id of the network is shown to nobody else')
})

t.test(
  'emergency access counts while it runs and for its facility; stopped support until it is lifted (design §4)',
  async (t) => {
    const personKeys = ['3', '1', '11', '13']
    const of = async (facilityId: string) => {
      const found = await factsOfPersons(pool, { personKeys, facilityId })
      return personKeys.map((key) => found.find(({ personKey }) => personKey === key)?.facts)
    }
    const kinds = (facts: AccessFacts | undefined) => facts?.emergency.map((one) => one.kinds?.join() ?? 'all').sort()
    const [granted, none, stopped, lifted] = await of('clinic-b')
    t.same(kinds(granted), ['LAB', 'all'])
    t.same(kinds(none), [])
    t.same([granted?.stopped, stopped?.stopped, lifted?.stopped], [false, true, false])
    t.same(kinds((await of('pharmacy-c'))[0]), ['MEDICATION'])
    t.same(kinds((await of('hospital-a'))[0]), [])
  },
)

t.test('style 2.9: reads by index only, a few rows a query', async (t) => {
  const plans: Node[] = []
  const correspondence = createCorrespondence(explaining(pool, plans), nobody)
  const asked = [idIn(DOMAIN_A, 'A4'), idIn(AFFINITY, 'N6'), idIn(DOMAIN_B, 'B8')]
  const found = await Promise.all(asked.map((id) => correspondence({ caller: clinic, id, domains: [id.authority] })))
  t.strictSame(found.map(values), [
    ['A4', 'B4', 'N4'],
    ['A6', 'B6', 'N6'],
    ['A8', 'B8', 'N8'],
  ])
  t.equal(plans.length, 1)
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    t.ok(rowsRead(plan) <= 20 * asked.length, `${rowsRead(plan)} rows read`)
  }
})

t.test(
  '3.18.4.1.3: the facts of patients who are asked about together are one statement, each towards its own facility',
  async (t) => {
    const counted = counting()
    const factsOf = createPatientFacts(counted.pool)
    const facilities = ['clinic-b', 'hospital-a', 'pharmacy-c']
    const asked = Array.from({ length: 30 }, (_, index) => ({
      patientId: idIn(AFFINITY, `N${index + 1}`),
      facilityId: facilities[index % facilities.length] ?? '',
    }))
    const [known, elsewhere, unknown] = await Promise.all([
      Promise.all(asked.map(factsOf)),
      factsOf({ patientId: idIn(DOMAIN_A, 'A1'), facilityId: 'hospital-a' }),
      factsOf({ patientId: idIn(AFFINITY, 'X'), facilityId: 'hospital-a' }),
    ])
    t.equal(counted.count(), 1)
    t.same([elsewhere, unknown], [undefined, undefined], 'a number of a facility is no patient id')
    for (const [index, person] of known.entries()) {
      const facilityId = asked[index]?.facilityId ?? ''
      const personKeys = [person?.personKey ?? '']
      t.strictSame([person], await factsOfPersons(pool, { personKeys, facilityId }))
    }
    const together = await Promise.allSettled([
      factsOf({ patientId: idIn(AFFINITY, 'N\0'), facilityId: 'clinic-b' }),
      ...asked.map(factsOf),
    ])
    t.strictSame(
      together.map(({ status }) => status),
      ['rejected', ...asked.map(() => 'fulfilled')],
    )
  },
)

t.test('style 2.9: the facts are read by index only', async (t) => {
  const plans: Node[] = []
  const factsOf = createPatientFacts(explaining(pool, plans))
  const asked = ['N4', 'N6', 'N8'].map((value) => ({ patientId: idIn(AFFINITY, value), facilityId: 'clinic-b' }))
  t.ok((await Promise.all(asked.map(factsOf))).every((person) => person?.facts.linked))
  t.equal(plans.length, 1)
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    t.ok(rowsRead(plan) <= 20 * asked.length, `${rowsRead(plan)} rows read`)
  }
})
