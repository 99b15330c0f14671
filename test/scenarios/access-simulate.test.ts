// A change of policy tried on the journal of a day does what the change does when it is really made (docs/adr/0033; security b.2-b.5).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { PatientId } from '../../src/model/identifiers.ts'
import { run } from '../cli/fake-door.ts'
import { isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, admin, pool } = network
const byHospital = (value: string): Promise<PatientId> =>
  network.xadForStaff({ value, authority: DOMAINS['hospital-a'] })
const patients = [await byHospital('0000012345'), await byHospital('0000012346')]
const unions: readonly string[] = (
  await pool.query(`select union_id from access.union_member where facility_id = 'clinic-b' order by 1`)
).rows.map(({ union_id }) => union_id)
/** The same of each union that the clinic is in. */
const ofUnions = (change: object) => unions.map((unionId) => ({ ...change, unionId }))

const documents: string[] = []
for (const patientId of patients)
  for (const codes of [{}, { classCode: 'REPORT' }, { confidentialityCode: 'R' }]) {
    const { provide, entry } = submissionOf({
      patientId,
      bytes: Buffer.from(JSON.stringify([patientId, codes])),
      codes,
    })
    const { text } = await network.soap('hospital-a', provide)
    if (!isSuccess(text)) throw new Error(text)
    documents.push(entry.uniqueId)
  }
await pool.query(
  `update access.consent set kind = 'individual', facilities = '{hospital-a,clinic-b}'
   where person_key = (select person_key from identity.identifier where value = '0000012345')`,
)
// Only what this test does is in the day.
await pool.query('truncate journal.exchange')

const SYSTEMS = ['clinic-b', 'pharmacy-c', 'hospital-a'] as const
const today = () => new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10)

/** Ids that each access shows, by access. */
type Shown = ReadonlyMap<string, ReadonlySet<string>>

/** One that the door refuses altogether shows nothing. */
async function shownBy(ask: () => Promise<readonly string[]>): Promise<ReadonlySet<string>> {
  return new Set(await ask().catch(() => []))
}

async function looks(): Promise<Shown> {
  const shown = new Map<string, ReadonlySet<string>>()
  for (const system of SYSTEMS) {
    for (const patient of patients)
      shown.set(
        `${system} query ${patient.value}`,
        await shownBy(async () => (await network.find(system, patient)).map(({ uniqueId }) => uniqueId)),
      )
    for (const document of documents)
      shown.set(
        `${system} document ${document}`,
        await shownBy(async () => (await network.fetch(system, [document])).documents.map(() => document)),
      )
  }
  return shown
}

interface Simulated {
  readonly accesses: number
  readonly allowedToRefused: number
  readonly refusedToAllowed: number
  readonly groups: readonly {
    readonly direction: string
    readonly facilityId: string
    readonly kind: string
    readonly reason: string
    readonly ja: string
    readonly examples: readonly string[]
  }[]
}

async function simulated(changes: readonly object[]): Promise<Simulated> {
  return (await admin.post('/access/simulate', { day: today(), changes })).body as Simulated
}

const WAKE = `select pg_notify('tsunagi_access', '')`

/** What is tried, how it is really made, and how it is taken back. */
const CHANGES: readonly (readonly [object | readonly object[], string, string])[] = [
  [
    ofUnions({ change: 'end-membership', facilityId: 'clinic-b' }),
    `update access.union_member set valid_to = now() where facility_id = 'clinic-b'`,
    `update access.union_member set valid_to = null`,
  ],
  [
    { change: 'withdraw-consents', consentKind: 'comprehensive' },
    `update access.consent set withdrawn_at = now() where kind = 'comprehensive'`,
    `update access.consent set withdrawn_at = null`,
  ],
  [
    { change: 'withdraw-consents', facilityId: 'clinic-b' },
    `update access.consent set withdrawn_at = now() where kind = 'individual' and 'clinic-b' = any(facilities)`,
    `update access.consent set withdrawn_at = null`,
  ],
  [
    { change: 'exclude-facility', facilityId: 'hospital-a' },
    `update access.consent set excluded_facilities = '{hospital-a}'`,
    `update access.consent set excluded_facilities = '{}'`,
  ],
  [
    { change: 'exclude-kind', kind: 'REPORT' },
    `update access.consent set excluded_kinds = '{REPORT}'`,
    `update access.consent set excluded_kinds = '{}'`,
  ],
  [
    { change: 'set-right', job: 'system', kind: 'REPORT', ceiling: 'none' },
    `insert into access.access_right (job, kind, ceiling, set_by) values ('system', 'REPORT', 'none', 'test')`,
    `delete from access.access_right`,
  ],
  [
    ofUnions({ change: 'set-right', ceiling: 'U' }),
    `insert into access.access_right (union_id, ceiling, set_by) select union_id, 'U', 'test' from access.facility_union`,
    `delete from access.access_right`,
  ],
  [
    { change: 'set-audience', facilityId: 'hospital-a', kind: 'REPORT', jobs: ['doctor'] },
    `insert into access.audience (facility_id, kind, jobs, set_by) values ('hospital-a', 'REPORT', '{doctor}', 'test')`,
    `delete from access.audience`,
  ],
  [
    { change: 'set-ceiling', systemId: 'clinic-b', ceiling: 'R' },
    `update access.system set confidentiality_ceiling = 'R' where system_id = 'clinic-b'`,
    `update access.system set confidentiality_ceiling = 'N' where system_id = 'clinic-b'`,
  ],
  [
    { change: 'suspend-facility', facilityId: 'hospital-a' },
    `update access.facility set status = 'suspended' where facility_id = 'hospital-a'`,
    `update access.facility set status = 'active'`,
  ],
  [
    { change: 'suspend-facility', facilityId: 'clinic-b' },
    `update access.facility set status = 'suspended' where facility_id = 'clinic-b'`,
    `update access.facility set status = 'active'`,
  ],
]

function differences(before: Shown, after: Shown) {
  const keys = [...before.keys()]
  const lacks = (one: Shown, other: Shown) =>
    keys.filter((key) => [...(one.get(key) ?? [])].some((id) => !other.get(key)?.has(id))).length
  return { allowedToRefused: lacks(before, after), refusedToAllowed: lacks(after, before) }
}

async function made(statement: string): Promise<void> {
  await pool.query(`${statement}; ${WAKE}`)
}

const before = await looks()
const day = await pool.query(`select count(*)::int as n from journal.exchange`)
/** What the journal holds is the looks of the beginning: those made to compare are taken out of it again. */
const kept: readonly string[] = (await pool.query(`select exchange_id from journal.exchange`)).rows.map(
  ({ exchange_id }) => exchange_id,
)
const forget = () => pool.query(`delete from journal.exchange where exchange_id <> all($1)`, [kept])

t.test('nothing turns when nothing changes', async (t) => {
  const same = await simulated([{ change: 'set-ceiling', systemId: 'clinic-b', ceiling: 'N' }])
  t.match(same, { accesses: day.rows[0].n, allowedToRefused: 0, refusedToAllowed: 0, groups: [] })
  t.equal(same.accesses, SYSTEMS.length * (patients.length + documents.length))
})

t.test('what is simulated is what happens when the change is made', async (t) => {
  const turned = new Set<string>()
  for (const [change, make, undo] of CHANGES) {
    const tried = await simulated([change].flat())
    await made(make)
    let real = { allowedToRefused: 0, refusedToAllowed: 0 }
    const agrees = async () => {
      real = differences(before, await looks())
      return real.allowedToRefused === tried.allowedToRefused && real.refusedToAllowed === tried.refusedToAllowed
    }
    const told = { allowedToRefused: tried.allowedToRefused, refusedToAllowed: tried.refusedToAllowed }
    if (!(await eventually(agrees, 5000))) t.same(told, real, JSON.stringify(change))
    t.comment(JSON.stringify([change, told]))
    for (const { direction } of tried.groups) turned.add(direction)
    await made(undo)
    await eventually(async () => {
      const again = differences(before, await looks())
      return again.allowedToRefused + again.refusedToAllowed === 0
    }, 5000)
    await forget()
  }
  t.same([...turned].sort(), ['allowed → refused', 'refused → allowed'])
})

t.test('a membership that is added, and changes together', async (t) => {
  await made(`update access.union_member set valid_to = now() where facility_id = 'clinic-b'`)
  const entering = ofUnions({ change: 'add-membership', facilityId: 'clinic-b' })
  const without = { change: 'exclude-kind', kind: 'REPORT' }
  const added = await simulated(entering)
  const both = await simulated([...entering, without])
  await made(`update access.union_member set valid_to = null`)
  const clinic = [...before].filter(([key, ids]) => key.startsWith('clinic-b') && ids.size > 0).length
  t.equal(added.refusedToAllowed, clinic)
  t.equal(added.allowedToRefused, 0)
  t.match(added.groups[0], { facilityId: 'clinic-b', reason: 'facility is in no union', ja: /ユニオン/ })
  t.ok(both.refusedToAllowed < added.refusedToAllowed)
})

t.test('staff looks count by their job; examples are ids of the journal; nothing was changed', async (t) => {
  const session = await network.clinicians.sessionOf('clinic-b')
  const cx = encodeURIComponent(`${patients[0]?.value}^^^&${patients[0]?.authority}&ISO`)
  const path = `/calendar/${cx}?from=2026-01-26&to=2026-02-08`
  t.equal((await network.clinicians.call('GET', path, { session })).status, 200)
  const state = async () =>
    (
      await pool.query(
        `select (select jsonb_agg(x order by x.consent_id) from access.consent x) as consents, (select jsonb_agg(x) from access.union_member x) as members,
                (select count(*) from access.access_right) as rights`,
      )
    ).rows
  const untouched = await state()
  const { groups } = await simulated([{ change: 'set-right', job: 'doctor', ceiling: 'none' }])
  t.match(groups[0], { job: 'doctor', look: 'query', reason: 'confidentiality above the right of the job' })
  const [example = ''] = groups[0]?.examples ?? []
  t.match((await pool.query(`select endpoint from journal.exchange where exchange_id = $1`, [example])).rows[0], {
    endpoint: '/admin/v1/calendar',
  })
  t.same(await state(), untouched)
  const audited = await pool.query(
    `select reason from audit.event where type_code = 'access-simulation' order by event_id desc limit 1`,
  )
  t.match(audited.rows[0].reason, `tried on the journal of ${today()}: set-right`)
  await forget()
})

t.test('a day of many pages is read whole', async (t) => {
  await pool.query(
    `insert into journal.exchange (exchange_id, at, door, endpoint, transaction, peer, patients, result, error_codes, errors, duration_ms, request_bytes, system_id, facility_id)
     select gen_random_uuid(), now(), 'https', 'x', 'ITI-18', 'x', '{}', 'success', '{}', '[]', 1, 1, 'clinic-b', 'clinic-b' from generate_series(1, 1000)`,
  )
  await pool.query(
    `insert into audit.event (exchange_id, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects)
     select exchange_id, '110112', 'E', 'ITI-18', 0, system_id, facility_id, 'x', 'x', array[$1::text], '{}' from journal.exchange where endpoint = 'x'`,
    [`${patients[1]?.value}^^^&${patients[1]?.authority}&ISO`],
  )
  const tried = await simulated(ofUnions({ change: 'end-membership', facilityId: 'clinic-b' }))
  t.ok(tried.allowedToRefused >= 1000, String(tried.allowedToRefused))
  t.equal(tried.accesses, 1000 + kept.length)
  await forget()
})

t.test('a change that names nothing, or is none, is refused with its line', async (t) => {
  const refused = async (changes: readonly object[], said: RegExp, more: object = {}) =>
    t.rejects(admin.post('/access/simulate', { changes, ...more }), said)
  await refused([{ change: 'suspend-facility', facilityId: 'nowhere' }], /number 1: "nowhere" is no facility/)
  await refused(
    [
      { change: 'exclude-kind', kind: 'REPORT' },
      { change: 'exclude-kind', kind: 'X' },
    ],
    /number 2: "X" is no kind/,
  )
  await refused([{ change: 'end-membership', unionId: unions[0] }], /facilityId is required/)
  await refused([{ change: 'exclude-kind', kind: 'REPORT', job: 'nurse' }], /job has no meaning/)
  await refused([{ change: 'set-right', ceiling: 'V', job: 'doctor' }], /no such change/)
  await refused([{ change: 'set-right', ceiling: 'N', staffId: 'nobody' }], /"nobody" is no person/)
  await refused([{ change: 'burn' }], /INVALID/)
  await refused([], /INVALID/)
  await refused([{ change: 'exclude-kind', kind: 'REPORT' }], /no day of the calendar/, { day: '2026-02-30' })
})

t.test('tsunagi access simulate shows what would turn', async (t) => {
  const file = join(server.config.dataDir, 'change.json')
  await writeFile(file, JSON.stringify({ changes: [{ change: 'suspend-facility', facilityId: 'hospital-a' }] }))
  const place = ['--data-dir', server.config.dataDir, '--set', `management.port=${server.managementPort}`]
  const { code, text } = await run(['access', 'simulate', '--change', file, '--day', today(), ...place])
  t.equal(code, 0)
  t.match(text, /allowed → refused \/ 閲覧可→不可: [1-9]/)
  t.match(text, /clinic-b +system +query/)
  await writeFile(file, 'no JSON')
  t.equal((await run(['access', 'simulate', '--change', file, ...place])).code, 2)
})
