// A merge taken back in PostgreSQL, and numbers that leave a person with their documents (the network's own administration; docs/adr/0011).

import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { documentEntryObject } from '../../profiles/metadata/write.ts'
import { renderFragment } from '../../src/codec/ebxml/registry-object.ts'
import { createAdministrationStore } from '../../src/db/administration-store.ts'
import { feedAdd, feedMerge } from '../../src/identity/feed.ts'
import { linkRecord, splitPerson, unlinkRecord } from '../../src/identity/linking.ts'
import { findPersons, registerPerson } from '../../src/identity/registration.ts'
import { mergeByStaff, undoMerge } from '../../src/identity/staff-merge.ts'
import { formatCx, type PatientId } from '../../src/model/identifiers.ts'
import { submissionOf } from '../faults/messages.ts'
import {
  AFFINITY,
  callerOf,
  DOMAIN_A,
  DOMAIN_B,
  feedOf,
  HANA,
  idIn,
  mergeOf,
  refusalOf,
  SECOND_A,
} from '../identity/in-memory.ts'
import { consent, merge, newPatient, personOf, pool, ports, seenBy } from './merging.ts'
import { violations } from './soundness.ts'

const staff = { by: 'registrar', peer: '127.0.0.1:5000', reason: '窓口で確認' }

/** A document that a facility registered for its number, as a registration stores it. */
async function fileFor(
  number: PatientId,
  publisher: string,
): Promise<{ readonly uuid: string; readonly ebrim: string }> {
  const { rows } = await pool.query(
    `select x.value from identity.identifier n join identity.identifier x on x.person_key = n.person_key
     where n.domain = $1 and n.value = $2 and x.domain = $3 and x.status = 'active'`,
    [number.authority, number.value, AFFINITY],
  )
  const patientId = idIn(AFFINITY, rows[0].value)
  const { entry } = submissionOf({ patientId, bytes: Buffer.from(randomUUID()), repositoryUniqueId: '2.25.1' })
  const ebrim = renderFragment(documentEntryObject({ ...entry, sourcePatientId: formatCx(number) }))
  const uuid = entry.entryUUID.slice('urn:uuid:'.length)
  await pool.query(
    `insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
       repository_unique_id, class_code, type_code, format_code, practice_setting, facility_type, confidentiality, event_codes, authors,
       reference_ids, submission_uuid, logical_uuid, ebrim)
     values ($1, $2, $3, $4, 'approved', 'stable', 'text/plain', $6, '2.25.1', '', '', '', '', '', '{}', '{}', '{}', '{}', $1, $1, $5)`,
    [uuid, await personOf(number), entry.uniqueId, formatCx(patientId), ebrim, publisher],
  )
  return { uuid, ebrim }
}

async function documentsOf(person: string) {
  const { rows } = await pool.query(
    'select entry_uuid as uuid, patient_id, ebrim from registry.document_entry where person_key = $1 order by registered_at',
    [person],
  )
  return rows as readonly { readonly uuid: string; readonly patient_id: string; readonly ebrim: string }[]
}

let numbers = 0
async function fed(domain: PatientId['authority'], facilityId: string): Promise<PatientId> {
  numbers += 1
  const id = idIn(domain, `U${numbers}`)
  await feedAdd(feedOf([id]), callerOf(facilityId), ports)
  return id
}

async function xadOf(id: PatientId): Promise<string> {
  const [person] = await findPersons({ value: id.value, domain: id.authority }, ports)
  return person?.xad ?? ''
}

async function lastMerge(): Promise<string> {
  return (await pool.query('select max(merge_id) as id from identity.merge')).rows[0].id
}

/** Everything about numbers, documents and standing consents that an undo has to bring back. */
async function stateOf(ids: readonly PatientId[]) {
  const persons = await Promise.all(ids.map(personOf))
  const { rows } = await pool.query(
    `select domain, value, person_key, status, survivor, second, link from identity.identifier
     where person_key = any($1) order by domain, value`,
    [persons],
  )
  const documents = await Promise.all(persons.map(documentsOf))
  const consents = await pool.query(
    `select person_key, kind, facilities, excluded_facilities, excluded_kinds from access.consent
     where person_key = any($1) and withdrawn_at is null order by person_key, kind, excluded_kinds`,
    [persons],
  )
  return { identifiers: rows, documents, consents: consents.rows }
}

t.test('a merge by staff is taken back exactly: numbers, documents, patient ids in fragments, consents', async (t) => {
  const [a, b] = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_B, 'clinic-b')]
  await consent(a, { kind: 'comprehensive', excludedKinds: ['REPORT'] })
  await consent(b, { kind: 'comprehensive' })
  await fileFor(a, 'hospital-a')
  await fileFor(b, 'clinic-b')
  const before = await stateOf([a, b])
  const pair = { former: await xadOf(b), survivor: await xadOf(a) }
  await mergeByStaff({ ...pair, ...staff }, ports)
  t.equal(await personOf(b), await personOf(a))
  t.equal((await documentsOf(await personOf(a))).length, 2)
  t.ok((await documentsOf(await personOf(a))).every(({ patient_id }) => patient_id.startsWith(pair.survivor)))
  await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
  t.same(await stateOf([a, b]), before)
  const again = await refusalOf(undoMerge({ mergeId: await lastMerge(), ...staff }, ports))
  t.match(again, { row: { code: 'MERGE_STANDS' }, rule: 'it is undone already' })
})

t.test('what came since goes with the number that goes back; a consent withdrawn since stays withdrawn', async (t) => {
  const [a, b] = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_B, 'clinic-b')]
  await consent(a, { kind: 'comprehensive' })
  await consent(b, { kind: 'comprehensive' })
  await fileFor(a, 'hospital-a')
  await mergeByStaff({ former: await xadOf(b), survivor: await xadOf(a), ...staff }, ports)
  const mergeId = await lastMerge()
  const later = await fileFor(b, 'clinic-b')
  const own = await fileFor(a, 'hospital-a')
  const { rows } = await pool.query('select consents_made[1] as id from identity.merge where merge_id = $1', [mergeId])
  const change = { by: 'staff', peer: '127.0.0.1:1', operation: 'withdrawn' }
  await createAdministrationStore(pool).withdrawConsent(rows[0].id, change)
  await undoMerge({ mergeId, ...staff }, ports)
  const xad = formatCx(idIn(AFFINITY, await xadOf(b)))
  t.match(await documentsOf(await personOf(b)), [{ uuid: later.uuid, patient_id: xad }])
  t.ok((await documentsOf(await personOf(b)))[0]?.ebrim.includes(xad.replaceAll('&', '&amp;')))
  t.ok((await documentsOf(await personOf(a))).some(({ uuid }) => uuid === own.uuid))
  t.same(await seenBy(idIn(AFFINITY, await xadOf(a))), [])
  t.same(await seenBy(idIn(AFFINITY, await xadOf(b))), [])
})

t.test(
  '3.44.4.3: a merged number takes with it what its facility published, though others know the former person',
  async (t) => {
    const [first, second] = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_A, 'hospital-a')]
    const clinic = await fed(DOMAIN_B, 'clinic-b')
    await linkRecord({ domain: DOMAIN_B, value: clinic.value, person: await xadOf(first), ...staff }, ports)
    const mine = await fileFor(first, 'hospital-a')
    const theirs = await fileFor(clinic, 'clinic-b')
    const before = await stateOf([clinic, second])
    const { answer } = await feedMerge(mergeOf(first, second), callerOf('hospital-a'), ports)
    t.match(answer, { code: 'CA', details: [{ type: 'W' }] })
    const xad = formatCx(idIn(AFFINITY, await xadOf(second)))
    const moved = await documentsOf(await personOf(second))
    t.match(moved, [{ uuid: mine.uuid, patient_id: xad }])
    t.ok(moved[0]?.ebrim.includes(xad.replaceAll('&', '&amp;')))
    t.match(await documentsOf(await personOf(clinic)), [{ uuid: theirs.uuid }])
    await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
    t.same(await stateOf([clinic, second]), before)
  },
)

t.test('merges are undone the newest first', async (t) => {
  const [a, b, c] = [await newPatient(), await newPatient(), await newPatient()]
  await merge(a, b)
  const first = await lastMerge()
  await merge(b, c)
  const second = await lastMerge()
  const refusal = await refusalOf(undoMerge({ mergeId: first, ...staff }, ports))
  t.match(refusal, { row: { code: 'MERGE_STANDS' }, rule: /a later merge or link stands on it/ })
  await undoMerge({ mergeId: second, ...staff }, ports)
  await undoMerge({ mergeId: first, ...staff }, ports)
  const { rows } = await pool.query(
    'select count(distinct person_key)::int as persons, count(survivor)::int as replaced from identity.identifier where value = any($1)',
    [[a.value, b.value, c.value]],
  )
  t.same(rows, [{ persons: 3, replaced: 0 }])
})

async function checkSplit(t: Test, ids: readonly PatientId[], split: () => Promise<unknown>) {
  const [hospital, clinic] = ids
  if (hospital === undefined || clinic === undefined) return
  const mine = await fileFor(hospital, 'hospital-a')
  const theirs = await fileFor(clinic, 'clinic-b')
  const before = await stateOf([hospital])
  await split()
  t.not(await personOf(clinic), await personOf(hospital))
  t.match(await documentsOf(await personOf(hospital)), [{ uuid: mine.uuid }])
  const moved = await documentsOf(await personOf(clinic))
  const xad = formatCx(idIn(AFFINITY, await xadOf(clinic)))
  t.match(moved, [{ uuid: theirs.uuid, patient_id: xad }])
  t.notOk(moved[0]?.ebrim.includes(await xadOf(hospital)), 'the former patient id is gone from the fragment')
  await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
  t.same((await stateOf([hospital])).documents, before.documents)
}

t.test(
  'unlinked and split numbers take with them what their facility registered, and an undo brings it back',
  async (t) => {
    for (const how of ['unlink', 'split'] as const) {
      const hospital = await fed(DOMAIN_A, 'hospital-a')
      const clinic = await fed(DOMAIN_B, 'clinic-b')
      await linkRecord({ domain: DOMAIN_B, value: clinic.value, person: await xadOf(hospital), ...staff }, ports)
      await checkSplit(t, [hospital, clinic], () =>
        how === 'unlink'
          ? unlinkRecord({ domain: DOMAIN_B, value: clinic.value, ...staff }, ports)
          : splitPerson({ ids: [clinic], ...staff }, ports),
      )
    }
  },
)

t.test('of two numbers of one facility only the documents of the one that goes leave', async (t) => {
  await pool.query(
    `insert into identity.domain (oid, name, kind, facility_id) values ($1, 'DENTAL', 'facility', 'hospital-a') on conflict do nothing`,
    [SECOND_A],
  )
  const hospital = await fed(DOMAIN_A, 'hospital-a')
  const dental = await fed(SECOND_A, 'hospital-a')
  await linkRecord({ domain: SECOND_A, value: dental.value, person: await xadOf(hospital), ...staff }, ports)
  const stays = await fileFor(hospital, 'hospital-a')
  const goes = await fileFor(dental, 'hospital-a')
  await splitPerson({ ids: [dental], ...staff }, ports)
  t.match(await documentsOf(await personOf(hospital)), [{ uuid: stays.uuid }])
  t.match(await documentsOf(await personOf(dental)), [{ uuid: goes.uuid }])
})

t.test('two numbers of one domain leave together, and an undo brings both back', async (t) => {
  const [one, two] = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_A, 'hospital-a')]
  const clinic = await fed(DOMAIN_B, 'clinic-b')
  await mergeByStaff({ former: await xadOf(two), survivor: await xadOf(one), ...staff }, ports)
  await linkRecord({ domain: DOMAIN_B, value: clinic.value, person: await xadOf(one), ...staff }, ports)
  const documents = [await fileFor(one, 'hospital-a'), await fileFor(two, 'hospital-a')].map(({ uuid }) => uuid)
  const before = await stateOf([clinic])
  await splitPerson({ ids: [two, one], ...staff }, ports)
  t.equal(await personOf(two), await personOf(one))
  t.not(await personOf(one), await personOf(clinic))
  t.same(new Set((await documentsOf(await personOf(one))).map(({ uuid }) => uuid)), new Set(documents))
  await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
  t.same(await stateOf([clinic]), before)
})

t.test(
  'whose only number is linked is wholly that person, as far as both allowed; an undo brings all of it back',
  async (t) => {
    const [a, b] = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_B, 'clinic-b')]
    await consent(a, { kind: 'comprehensive' })
    await consent(b, { kind: 'comprehensive', excludedKinds: ['REPORT'] })
    const theirs = [await fileFor(b, 'clinic-b'), await fileFor(b, 'hospital-a')].map(({ uuid }) => uuid)
    const before = await stateOf([a, b])
    await linkRecord({ domain: DOMAIN_B, value: b.value, person: await xadOf(a), ...staff }, ports)
    t.same(new Set((await documentsOf(await personOf(a))).map(({ uuid }) => uuid)), new Set(theirs))
    t.same(await seenBy(idIn(AFFINITY, await xadOf(a))), ['clinic-b DOCUMENT', 'pharmacy-c DOCUMENT'])
    await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
    t.same(await stateOf([a, b]), before)
  },
)

t.test('of merges undone one after the other nothing is left of the consents, and nothing lost', async (t) => {
  const ids = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_B, 'clinic-b'), await fed(DOMAIN_B, 'clinic-b')]
  const [a = '', b = '', c = ''] = await Promise.all(ids.map(xadOf))
  for (const [at, id] of ids.entries())
    await consent(id, { kind: 'comprehensive', excludedKinds: ['DOCUMENT', 'REPORT', 'OTHER'].slice(at, at + 1) })
  const before = await stateOf(ids)
  await mergeByStaff({ former: a, survivor: b, ...staff }, ports)
  const first = await lastMerge()
  await mergeByStaff({ former: b, survivor: c, ...staff }, ports)
  await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
  await undoMerge({ mergeId: first, ...staff }, ports)
  t.same(await stateOf(ids), before)
})

t.test('nobody has consented for the person who is split off', async (t) => {
  const { xad } = await registerPerson({ demographics: HANA, by: staff.by, peer: staff.peer }, ports)
  const clinic = await fed(DOMAIN_B, 'clinic-b')
  await linkRecord({ domain: DOMAIN_B, value: clinic.value, person: xad.value, ...staff }, ports)
  await consent(xad, { kind: 'comprehensive' })
  await splitPerson({ ids: [clinic], ...staff }, ports)
  t.same(await seenBy(idIn(AFFINITY, await xadOf(clinic))), [])
  t.not((await seenBy(xad)).length, 0, 'the former person’s consent stands')
})

t.test(
  'whoever brings two numbers of one facility into a merge keeps both: docs/adr/0011, a second number stays active',
  async (t) => {
    const numbersOf = async (id: PatientId) => {
      const { rows } = await pool.query(
        `select value, second from identity.identifier where person_key = $1 and domain = $2 and status = 'active' order by second, value`,
        [await personOf(id), DOMAIN_A],
      )
      return rows
    }
    const byStaff = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_A, 'hospital-a')] as const
    const clinic = await fed(DOMAIN_B, 'clinic-b')
    await mergeByStaff({ former: await xadOf(byStaff[1]), survivor: await xadOf(byStaff[0]), ...staff }, ports)
    const before = await stateOf([byStaff[0], clinic])
    await mergeByStaff({ former: await xadOf(byStaff[0]), survivor: await xadOf(clinic), ...staff }, ports)
    t.same(await numbersOf(clinic), [
      { value: byStaff[0].value, second: false },
      { value: byStaff[1].value, second: true },
    ])
    await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
    t.same(await stateOf([byStaff[0], clinic]), before)
    const [x, y] = [await newPatient(), await newPatient()]
    for (const number of [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_A, 'hospital-a')])
      await mergeByStaff({ former: await xadOf(number), survivor: x.value, ...staff }, ports)
    const both = await numbersOf(x)
    t.equal(await merge(x, y), 'CA', 'ITI TF-2 3.44.4.3.3')
    t.same(await numbersOf(y), both)
  },
)

t.test('a number that its facility merged into the second one of the person comes back as the first', async (t) => {
  const [first, second] = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_A, 'hospital-a')]
  await mergeByStaff({ former: await xadOf(second), survivor: await xadOf(first), ...staff }, ports)
  const before = await stateOf([first])
  const { answer } = await feedMerge(mergeOf(first, second), callerOf('hospital-a'), ports)
  t.match(answer, { code: 'CA' })
  await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
  t.same(await stateOf([first]), before)
})

t.test(
  '3.44.4.3.3: a replaced number goes where the one that stands for it goes, and comes back with it',
  async (t) => {
    const [first, second, other] = [
      await fed(DOMAIN_A, 'hospital-a'),
      await fed(DOMAIN_A, 'hospital-a'),
      await fed(DOMAIN_B, 'clinic-b'),
    ]
    t.match((await feedMerge(mergeOf(second, first), callerOf('hospital-a'), ports)).answer, { code: 'CA' })
    const before = await stateOf([first, other])
    await mergeByStaff({ former: await xadOf(first), survivor: await xadOf(other), ...staff }, ports)
    t.equal(await personOf(second), await personOf(other), 'whoever has the one has the other')
    t.same(await violations(pool), [])
    await undoMerge({ mergeId: await lastMerge(), ...staff }, ports)
    t.same(await stateOf([first, other]), before)
  },
)

t.test('a number comes back as a further one where the person got another of its domain since', async (t) => {
  const [wrong, clinic] = [await fed(DOMAIN_A, 'hospital-a'), await fed(DOMAIN_B, 'clinic-b')]
  await linkRecord({ domain: DOMAIN_A, value: wrong.value, person: await xadOf(clinic), ...staff }, ports)
  await unlinkRecord({ domain: DOMAIN_A, value: wrong.value, ...staff }, ports)
  const unlinked = await lastMerge()
  await linkRecord({ domain: DOMAIN_A, value: 'RIGHT', person: await xadOf(clinic), ...staff }, ports)
  await undoMerge({ mergeId: unlinked, ...staff }, ports)
  const { rows } = await pool.query(
    'select value, second, link from identity.identifier where person_key = $1 and domain = $2 order by second',
    [await personOf(clinic), DOMAIN_A],
  )
  t.same(rows, [
    { value: 'RIGHT', second: false, link: 'manual' },
    { value: wrong.value, second: true, link: 'manual' },
  ])
})

t.test('the index agrees with itself after all of this', async (t) => {
  t.same(await violations(pool), [])
})
