// What a merge does in PostgreSQL: consents, fragments, records apart, locks (ITI TF-2 3.8.4.2.4, 3.44.4.3.3; docs/adr/0011).

import t from 'tap'
import { documentEntryObject } from '../../profiles/metadata/write.ts'
import { renderFragment } from '../../src/codec/ebxml/registry-object.ts'
import { createAdministrationStore } from '../../src/db/administration-store.ts'
import { feedAdd, feedMerge } from '../../src/identity/feed.ts'
import { formatCx, type PatientId } from '../../src/model/identifiers.ts'
import { submissionOf } from '../faults/messages.ts'
import { AFFINITY, DOMAIN_B, feedOf, idIn, mergeOf, TESTER } from '../identity/in-memory.ts'
import {
  consent,
  FACILITIES,
  file,
  KINDS,
  merge,
  newPatient,
  personOf,
  pool,
  ports,
  type Said,
  seenBy,
  tester,
  visible,
} from './merging.ts'

const ALL = ['clinic-b DOCUMENT', 'clinic-b REPORT', 'pharmacy-c DOCUMENT', 'pharmacy-c REPORT']

t.test('a withdrawal, an exclusion and the lack of a consent on either side are not lost', async (t) => {
  const cases: readonly (readonly [
    name: string,
    of: readonly Said[],
    and: readonly Said[],
    seen: readonly string[],
  ])[] = [
    ['both comprehensive', [{ kind: 'comprehensive' }], [{ kind: 'comprehensive' }], ALL],
    ['withdrawn by the subsumed', [{ kind: 'comprehensive', withdrawn: true }], [{ kind: 'comprehensive' }], []],
    ['withdrawn by the survivor', [{ kind: 'comprehensive' }], [{ kind: 'comprehensive', withdrawn: true }], []],
    ['run out', [{ kind: 'comprehensive', from: '-2 days', to: '-1 day' }], [{ kind: 'comprehensive' }], []],
    [
      'a kind excluded',
      [{ kind: 'comprehensive', excludedKinds: ['REPORT'] }],
      [{ kind: 'comprehensive' }],
      [ALL[0] ?? '', ALL[2] ?? ''],
    ],
    [
      'a facility excluded',
      [{ kind: 'comprehensive' }],
      [{ kind: 'comprehensive', excludedFacilities: ['clinic-b'] }],
      ALL.slice(2),
    ],
    [
      'named by both',
      [{ kind: 'individual', facilities: ['hospital-a', 'clinic-b'] }],
      [{ kind: 'comprehensive' }],
      ALL.slice(0, 2),
    ],
    ['documents and no word', [], [{ kind: 'comprehensive' }], []],
  ]
  for (const [name, of, and, seen] of cases) {
    const [from, into] = [await newPatient(), await newPatient()]
    for (const said of of) await consent(from, said)
    for (const said of and) await consent(into, said)
    for (const id of [from, into]) await file(id)
    t.equal(await merge(from, into), 'CA')
    t.same(await seenBy(into), seen, name)
  }
})

t.test('a person of whom nothing is registered and who never said anything restricts nothing', async (t) => {
  for (const spoke of ['from', 'into'] as const) {
    const pair = { from: await newPatient(), into: await newPatient() }
    await consent(pair[spoke], { kind: 'comprehensive', excludedKinds: ['REPORT'] })
    await file(pair[spoke])
    await merge(pair.from, pair.into)
    t.same(await seenBy(pair.into), ['clinic-b DOCUMENT', 'pharmacy-c DOCUMENT'], `${spoke} spoke`)
  }
})

t.test('random consents: after a merge a facility sees what it saw of both, never more', async (t) => {
  const any = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
  const some = (list: readonly string[], chance: number) => list.filter(() => Math.random() < chance)
  for (let round = 0; round < 60; round += 1) {
    const [from, into] = [await newPatient(), await newPatient()]
    const said: unknown[] = []
    for (const id of [from, into])
      for (let count = any([0, 1, 1, 2, 3]); count > 0; count -= 1) {
        const one: Said = {
          kind: any(['comprehensive', 'individual']),
          facilities: some(FACILITIES, 0.7),
          excludedFacilities: some(FACILITIES, 0.1),
          excludedKinds: some(KINDS, 0.15),
          from: any(['-2 days', '-2 days', '1 day']),
          ...any([{}, {}, { to: '5 days' }, { to: '-1 day' }]),
          withdrawn: Math.random() < 0.1,
        }
        if (one.kind === 'comprehensive') await consent(id, { ...one, facilities: [] })
        else await consent(id, one)
        said.push([id.value, one])
      }
    for (const id of [from, into]) await file(id)
    const [before, other] = [await visible(from), await visible(into)]
    await merge(from, into)
    t.same(await seenBy(into), [...before].filter((one) => other.has(one)).sort(), JSON.stringify(said))
  }
})

t.test('withdrawing a consent from before the merge withdraws what was made of it', async (t) => {
  const store = createAdministrationStore(pool)
  const [from, into] = [await newPatient(), await newPatient()]
  const consentId = await consent(from, { kind: 'comprehensive' })
  await consent(into, { kind: 'comprehensive' })
  for (const id of [from, into]) await file(id)
  const personKey = await personOf(from)
  await merge(from, into)
  t.same(await seenBy(into), ALL)
  const change = { by: 'staff', peer: '127.0.0.1:1', operation: 'withdrawn' }
  t.equal(await store.withdrawConsent(consentId, change), 'changed')
  t.same(await seenBy(into), [])
  const again = { kind: 'comprehensive', facilities: [], excludedFacilities: [], excludedKinds: [] } as const
  await store.addConsent({ personKey, ...again }, change)
  t.same(await seenBy(into), ALL, 'and one recorded for the former person is the survivor’s')
})

t.test('of a fragment the patient id changes and nothing else, whatever else it says', async (t) => {
  const [from, into] = [idIn(TESTER, `a.*&"<'\\1 あ`), idIn(TESTER, `b\\1&"\\\\`)]
  for (const id of [from, into]) await feedAdd(feedOf([id]), tester, ports)
  const inside = renderFragment(documentEntryObject(submissionOf({ patientId: from, bytes: Buffer.from('') }).entry))
  const { uuid, ebrim } = await file(from, inside)
  t.equal(await merge(from, into), 'CA')
  const { rows } = await pool.query('select patient_id, ebrim from registry.document_entry where entry_uuid = $1', [
    uuid,
  ])
  t.equal(rows[0].patient_id, formatCx(into))
  const value = (id: PatientId) =>
    / value="([^"]*)"><rim:Name><rim:LocalizedString[^>]*value="XDSDocumentEntry.patientId"/.exec(
      renderFragment(documentEntryObject(submissionOf({ patientId: id, bytes: Buffer.from('') }).entry)),
    )?.[1] ?? ''
  const [old, next] = [` value="${value(from)}"`, ` value="${value(into)}"`]
  t.equal(ebrim.split(old).length, 2, 'stands once as an attribute')
  t.equal(rows[0].ebrim, ebrim.split(old).join(next))
})

t.test('3.44.4.3: of a person with numbers of others only what carries the subsumed id goes', async (t) => {
  const [from, into] = [idIn(TESTER, 'REC-1'), idIn(TESTER, 'REC-2')]
  for (const id of [from, into]) await feedAdd(feedOf([id]), tester, ports)
  const person = await personOf(from)
  await pool.query('insert into identity.identifier (domain, value, person_key) values ($1, $2, $3)', [
    DOMAIN_B,
    'B-REC',
    person,
  ])
  const xad = (
    await pool.query('select value from identity.identifier where domain = $1 and person_key = $2', [AFFINITY, person])
  ).rows[0].value
  const own = await file(from)
  const others = await file(idIn(AFFINITY, xad))
  const outcome = await feedMerge(mergeOf(from, into), tester, ports)
  t.match(outcome, { answer: { code: 'CA', details: [{ type: 'W' }] } })
  const { rows } = await pool.query(
    'select entry_uuid, person_key, patient_id from registry.document_entry where entry_uuid = any($1)',
    [[own.uuid, others.uuid]],
  )
  const by = new Map(rows.map((row) => [row.entry_uuid, row]))
  t.match(by.get(own.uuid), { person_key: await personOf(into), patient_id: formatCx(into) })
  t.match(by.get(others.uuid), { person_key: person, patient_id: formatCx(idIn(AFFINITY, xad)) })
})

t.test('3.44.4.3.3: a chain of merges ends in one id, which stands for all before it', async (t) => {
  const [a, b, c] = [idIn(TESTER, 'CH-A'), idIn(TESTER, 'CH-B'), idIn(TESTER, 'CH-C')]
  for (const id of [a, b, c]) await feedAdd(feedOf([id]), tester, ports)
  t.equal(await merge(a, b), 'CA')
  t.equal(await merge(b, c), 'CA')
  t.equal(await merge(c, a), 'CE', 'no circle')
  t.equal(await merge(a, c), 'CA', 'which it is already')
  const { rows } = await pool.query(
    `select value, survivor from identity.identifier where value like 'CH-%' order by value`,
  )
  t.same(rows, [
    { value: 'CH-A', survivor: 'CH-C' },
    { value: 'CH-B', survivor: 'CH-C' },
    { value: 'CH-C', survivor: null },
  ])
  const history =
    await pool.query(`select event, person_key <> former_person_key as moved from identity.identifier_history
    where value = 'CH-A' order by history_id`)
  t.same(history.rows, [
    { event: 'add', moved: null },
    { event: 'merge', moved: true },
  ])
})
