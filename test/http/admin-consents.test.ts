// Consents and stops of support over the admin API on a real PostgreSQL (idlink C-3 to C-7, C-11).

import t from 'tap'
import { factsOfPatients } from '../../src/db/access-store.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import { openAdministration, TOKEN } from './administration.ts'

const { call, url, pool, config, auditRows, audited, logged } = await openAdministration(t)

const facilities = ['hospital-x', 'clinic-y', 'pharmacy-z'] as const
for (const [index, facilityId] of facilities.entries())
  await call('POST', '/facilities', {
    facilityId,
    oid: `2.25.10${index}`,
    name: `想像施設${index}`,
    kind: 'viewing',
    patientDomain: { oid: `2.25.20${index}`, name: facilityId.toUpperCase() },
  })
await call('POST', '/systems', { systemId: 'ehr-x', facilityId: 'hospital-x', roles: ['store-client'] })

let born = 0

async function newPatient(): Promise<string> {
  born += 1
  const { body } = await call('POST', '/patients', {
    demographics: {
      names: [{ representation: 'IDE', family: '空想', given: `花${born}` }],
      birthTime: `19${40 + (born % 50)}0101`,
    },
  })
  return String(body.xad)
}

async function link(xad: string, facilityId: string, id: string): Promise<void> {
  const { status } = await call('POST', `/patients/${xad}/links`, { facilityId, id, reason: '窓口で確認' })
  if (status !== 201) throw new Error(`${facilityId} ${id} was not linked: ${status}`)
}

async function consentOf(xad: string, more: object = {}): Promise<string> {
  const { status, body } = await call('POST', `/patients/${xad}/consents`, { kind: 'comprehensive', ...more })
  if (status !== 201) throw new Error(`no consent: ${status} ${JSON.stringify(body)}`)
  return String(body.consentId)
}

/** What the access decision reads. */
async function standing(xad: string) {
  const patientId = { value: xad, authority: config.identity.affinityDomainAuthority as Oid }
  const [person] = await factsOfPatients(pool, [{ patientId, facilityId: 'clinic-y' }])
  return person?.facts.consents
}

const history = async (xad: string) => (await call('GET', `/patients/${xad}/consents`)).list
const idOf = (answer: { readonly body: Record<string, unknown> }) => String((answer.body.consentIds as string[])[0])

t.test('C-6: who consented is kept with the relation, which has to be said of everyone but the patient', async (t) => {
  const xad = await newPatient()
  const path = `/patients/${xad}/consents`
  const refused = [
    [{ consentedBy: '空想 母' }, /consentedBy.*relation/],
    [{ relation: 'self', consentedBy: '空想 母' }, /relation/],
    [{ relation: 'family' }, /relation family.*not named/],
    [{ relation: 'neighbour', consentedBy: '隣人' }, /self, family, guardian/],
    [{ givenOn: '2026-02-30' }, /2026-02-30 is no day/],
    [{ takenAt: 'nobody' }, /"nobody" is no facility/],
    [{ form: 'guessed' }, /written, oral/],
  ] as const
  for (const [more, message] of refused)
    t.match(await call('POST', path, { kind: 'comprehensive', ...more }), {
      status: 400,
      body: { code: 'INVALID', message, hint: /\w/, ja: /\S/ },
    })
  const origin = {
    relation: 'family',
    consentedBy: '空想 母',
    form: 'oral',
    givenOn: '2026-04-01',
    textVersion: '第3版',
    takenBy: 'reception-1',
    takenAt: 'clinic-y',
    evidence: '診療録に記載',
  }
  const id = await consentOf(xad, origin)
  t.match(await call('POST', path, { kind: 'comprehensive', ...origin }), { status: 200, body: { consentId: id } })
  t.match(await call('POST', path, { kind: 'comprehensive', ...origin, form: 'written' }), { status: 201 })
  t.match((await history(xad))[0], {
    consentId: id,
    ...origin,
    sharesWithCommunities: false,
    recordedBy: 'admin-token',
  })
  const own = await newPatient()
  await consentOf(own)
  t.match((await history(own))[0], { relation: 'self', evidence: null, withdrawnAt: null })
})

t.test('C-4: an objection is made and taken back at any time; it holds at once, and every version stays', async (t) => {
  const xad = await newPatient()
  const first = await consentOf(xad, { excludedKinds: ['LAB'], textVersion: '第3版' })
  const objected = await call('PATCH', `/consents/${first}`, {
    exclude: { facilities: ['clinic-y'], kinds: ['MEDICATION'] },
    reason: '窓口での申出',
  })
  t.match(objected, { status: 200, body: { status: 'ok' } })
  const second = idOf(objected)
  t.not(second, first)
  t.match(await standing(xad), [{ excludedFacilities: ['clinic-y'], excludedKinds: ['LAB', 'MEDICATION'] }])
  t.equal((await standing(xad))?.length, 1, 'the former version does not stand beside it')
  t.match(
    await call('PATCH', `/consents/${first}`, { exclude: { facilities: ['clinic-y'] }, reason: '再度' }),
    { status: 200, body: { consentIds: [second] } },
    'said again it changes nothing, whichever version is named',
  )
  const third = idOf(
    await call('PATCH', `/consents/${first}`, {
      readmit: { facilities: ['clinic-y'], kinds: ['LAB'] },
      reason: '申出の取消',
      form: 'written',
    }),
  )
  t.match(await standing(xad), [{ excludedFacilities: [], excludedKinds: ['MEDICATION'] }])
  const versions = await history(xad)
  t.match(versions, [
    { consentId: first, excludedKinds: ['LAB'], excludedFacilities: [], replacedBy: second, withdrawnAt: /\d/ },
    { consentId: second, excludedFacilities: ['clinic-y'], reason: '窓口での申出', replacedBy: third },
    { consentId: third, excludedKinds: ['MEDICATION'], form: 'written', textVersion: '第3版', withdrawnAt: null },
  ])
  t.equal(new Set(versions.map(({ validFrom }) => validFrom)).size, 1, 'the consent began once')
  const refused = [
    [{ exclude: { facilities: ['clinic-yy'] } }, /clinic-yy/],
    [{ exclude: { kinds: ['GOSSIP'] } }, /GOSSIP/],
    [{ facilities: [] }, /at least one/],
    [{ exclude: { people: ['x'] } }, /people/],
  ] as const
  for (const [said, message] of refused)
    t.match(await call('PATCH', `/consents/${third}`, { ...said, reason: 'x' }), { status: 400, body: { message } })
  t.match(await call('PATCH', `/consents/${third}`, { exclude: { kinds: ['LAB'] } }), { status: 400 }, 'without reason')
  t.match(await call('PATCH', '/consents/999999', { reason: 'x' }), { status: 404 })
})

t.test(
  'C-3: a comprehensive consent names no facility, neither when it is recorded nor when it is changed',
  async (t) => {
    const xad = await newPatient()
    const refused = {
      status: 400,
      body: { code: 'INVALID', message: /comprehensive/, hint: /individual/, ja: /包括同意/ },
    }
    const named = { kind: 'comprehensive', facilities: ['clinic-y'] }
    t.match(
      await call('POST', `/patients/${xad}/consents`, named),
      refused,
      'it would open the patient to all others too',
    )
    t.strictSame(await history(xad), [])
    const id = await consentOf(xad)
    t.match(await call('PATCH', `/consents/${id}`, { facilities: ['clinic-y'], reason: '本人の申出' }), refused)
    t.equal((await history(xad)).length, 1)
  },
)

t.test('C-3, C-6: another form, version of the text or relation is a version though the terms stay', async (t) => {
  const xad = await newPatient()
  const first = await consentOf(xad, { textVersion: '第3版' })
  const renewed = { textVersion: '第4版', evidence: '同意書 2', reason: '様式の改訂' }
  const second = idOf(await call('PATCH', `/consents/${first}`, renewed))
  t.match(await history(xad), [
    { replacedBy: second },
    { consentId: second, textVersion: '第4版', evidence: '同意書 2' },
  ])
  t.match(await call('PATCH', `/consents/${first}`, renewed), { body: { consentIds: [second] } }, 'said again')
  const third = idOf(
    await call('PATCH', `/consents/${first}`, { relation: 'family', consentedBy: '空想 母', reason: '訂正' }),
  )
  t.match((await history(xad))[2], {
    consentId: third,
    relation: 'family',
    consentedBy: '空想 母',
    textVersion: '第4版',
  })
})

t.test('C-3: the day on which consent was given is no day to come, in Japan', async (t) => {
  const xad = await newPatient()
  const inJapan = (days: number) => new Date(Date.now() + 9 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10)
  const given = (givenOn: string) => call('POST', `/patients/${xad}/consents`, { kind: 'comprehensive', givenOn })
  t.match(await given(inJapan(2)), { status: 400, body: { message: /yet to come/, hint: /validFrom/, ja: /同意日/ } })
  t.match(await given(inJapan(0)), { status: 201 })
})

t.test('C-5: withdrawn as a whole, whichever version is named; then nothing can be changed any more', async (t) => {
  const xad = await newPatient()
  const first = await consentOf(xad)
  const second = idOf(await call('PATCH', `/consents/${first}`, { exclude: { kinds: ['LAB'] }, reason: '申出' }))
  t.match(await call('POST', `/consents/${first}/withdraw`, { reason: '本人の撤回' }), { status: 200 })
  t.strictSame(await standing(xad), [])
  t.match(await history(xad), [{ replacedBy: second }, { withdrawnAt: /\d/, withdrawReason: '本人の撤回' }])
  t.notOk('replacedBy' in ((await history(xad))[1] ?? {}))
  t.match(await call('PATCH', `/consents/${second}`, { readmit: { kinds: ['LAB'] }, reason: '復活' }), {
    status: 409,
    body: { code: 'CONFLICT', message: /withdrawn or has expired/ },
  })
  t.strictSame(await standing(xad), [])
})

t.test('C-5: withdrawn for one facility it is excluded, the others go on', async (t) => {
  const xad = await newPatient()
  const id = await consentOf(xad, { kind: 'individual', facilities: ['hospital-x', 'clinic-y'] })
  t.match(await call('POST', `/consents/${id}/withdraw`, { facilities: ['clinic-y'] }), { status: 200 })
  t.match(await standing(xad), [{ kind: 'individual', excludedFacilities: ['clinic-y'] }])
  t.match(await call('POST', `/consents/${id}/withdraw`, { facilities: ['nobody'] }), { status: 400 })
  t.match(await call('POST', `/consents/${id}/withdraw`, { facilities: [] }), { status: 400 })
  t.match(await call('PATCH', `/consents/${id}`, { facilities: ['hospital-x', 'pharmacy-z'], reason: '追加' }), {
    status: 200,
  })
  t.match(await standing(xad), [{ facilities: ['hospital-x', 'pharmacy-z'], excludedFacilities: ['clinic-y'] }])
})

t.test('objections made at the same time all hold', async (t) => {
  const xad = await newPatient()
  const id = await consentOf(xad)
  const kinds = ['LAB', 'MEDICATION', 'ALLERGY', 'PROBLEM']
  const answers = await Promise.all(
    kinds.map((kind) => call('PATCH', `/consents/${id}`, { exclude: { kinds: [kind] }, reason: '申出' })),
  )
  t.ok(answers.every(({ status }) => status === 200))
  const [one, ...more] = (await standing(xad)) ?? []
  t.strictSame([...(one?.excludedKinds ?? [])].sort(), [...kinds].sort())
  t.equal(more.length, 0)
})

/** A message that waits to be filed for a number, as the withholding store keeps it. */
async function withheldFor(number: string): Promise<() => Promise<unknown>> {
  const { rows } = await pool.query<{ withheld_id: string }>(
    `insert into journal.withheld (seal_id, reason, facility_id, system_id, number, kind, control_id, sent_at, claim_scope, claim_key, sha256,
                                   size_bytes, context, key_id, content, sealed_bytes, sealed_sha256, exchange_id, received_at, expires_at)
     values (gen_random_uuid(), 'identity', 'hospital-x', 'ehr-x', $1, 'OML-11', $1, '20260401000000000', 'x', $1, 'x', 1, '{}', 'k', '\\x00', 1, 'x',
             gen_random_uuid(), now(), now() + interval '1 day') returning withheld_id`,
    [number],
  )
  const id = rows[0]?.withheld_id
  return async () =>
    (await pool.query('select state, content, ended_by from journal.withheld where withheld_id = $1', [id])).rows[0]
}

t.test('C-5, C-7: what waits to be filed is erased when nothing allows it any more, and not before', async (t) => {
  const xad = await newPatient()
  await link(xad, 'hospital-x', '100')
  const other = await newPatient()
  await link(other, 'hospital-x', '101')
  const kept = await withheldFor('101')
  const [one, two] = [await consentOf(xad), await consentOf(xad, { evidence: '2枚目' })]
  const waiting = await withheldFor('100')
  await call('POST', `/consents/${one}/withdraw`)
  t.match(await waiting(), { state: 'waiting' }, 'another consent stands')
  await call('POST', `/consents/${two}/withdraw`, { facilities: ['clinic-y'] })
  t.match(await waiting(), { state: 'waiting' }, 'the facility that sent it is not the one excluded')
  await call('POST', `/consents/${two}/withdraw`, { facilities: ['hospital-x'] })
  t.match(await waiting(), { state: 'dropped', content: null, ended_by: 'admin-token' })
  const third = await consentOf(other)
  await call('POST', `/patients/${other}/stop-support`, { reason: '家族の申出' })
  t.match(await kept(), { state: 'dropped', content: null })
  const last = await newPatient()
  await link(last, 'hospital-x', '102')
  const fourth = await consentOf(last)
  const gone = await withheldFor('102')
  await call('POST', `/consents/${fourth}/withdraw`)
  t.match(await gone(), { state: 'dropped' })
  t.ok(third)
})

t.test(
  'what waits of a trusted system is erased by a stop alone: nobody asks it for consent (docs/access-rights.md)',
  async (t) => {
    const xad = await newPatient()
    await link(xad, 'hospital-x', '103')
    const id = await consentOf(xad)
    const waiting = await withheldFor('103')
    await pool.query(`update access.system set access_mode = 'affinity-domain' where system_id = 'ehr-x'`)
    t.teardown(() => pool.query(`update access.system set access_mode = null where system_id = 'ehr-x'`))
    await call('POST', `/consents/${id}/withdraw`)
    t.match(await waiting(), { state: 'waiting' })
    await call('POST', `/patients/${xad}/stop-support`, { reason: '申出' })
    t.match(await waiting(), { state: 'dropped', content: null })
  },
)

t.test('C-7: support is stopped and lifted with a reason, once each, and every stop stays readable', async (t) => {
  const xad = await newPatient()
  const stops = async () => (await call('GET', `/patients/${xad}/support-stops`)).list
  const act = (path: string, body: object) => call('POST', `/patients/${xad}/${path}`, body, { 'x-staff': 'tanaka' })
  t.strictSame(await stops(), [])
  t.match(await act('stop-support', {}), { status: 400, body: { message: /reason/ } })
  const said = await audited(async () => {
    t.match(await act('stop-support', { reason: '本人の申出' }), { status: 200 })
    t.match(await act('stop-support', { reason: '再度' }), { status: 200 })
    t.match(await act('resume-support', { reason: '本人の希望' }), { status: 200 })
    t.match(await act('resume-support', { reason: '再度' }), { status: 200 })
  })
  t.strictSame(said, ['support stopped', 'support resumed'])
  await act('stop-support', { reason: '二度目' })
  const [running, former] = await stops()
  t.match(running, { reason: '二度目', stoppedBy: 'admin-token:tanaka' })
  t.notOk('liftedAt' in (running ?? {}))
  t.match(former, { reason: '本人の申出', liftedBy: 'admin-token:tanaka', liftReason: '本人の希望', liftedAt: /\d/ })
  t.match(await call('POST', '/patients/nobody/stop-support', { reason: 'x' }), { status: 404 })
})

const isStopped = async (xad: string) =>
  (await call('GET', `/patients/${xad}/support-stops`)).list.some((stop) => !('liftedAt' in stop))

async function merged(former: string, survivor: string): Promise<string> {
  const answer = await call('POST', `/patients/${former}/merge`, { into: survivor, reason: '同一人' })
  if (answer.status >= 300) throw new Error(`no merge: ${answer.status} ${JSON.stringify(answer.body)}`)
  const [{ merge_id } = { merge_id: '' }] = (
    await pool.query<{ merge_id: string }>('select merge_id from identity.merge order by merge_id desc limit 1')
  ).rows
  return merge_id
}

t.test('C-7: a merge does not bring back what was stopped, its undo neither', async (t) => {
  const [stopped, open] = [await newPatient(), await newPatient()]
  await link(stopped, 'hospital-x', '200')
  await link(open, 'clinic-y', '200')
  await call('POST', `/patients/${stopped}/stop-support`, { reason: '申出' })
  const first = await merged(stopped, open)
  t.ok(await isStopped(open), 'the survivor is stopped too')
  t.match(await call('POST', `/merges/${first}/undo`, { reason: '別人' }), { status: 200 })
  t.ok(await isStopped(stopped))
  t.notOk(await isStopped(open), 'and gets back what was its own')
  const second = await merged(stopped, open)
  await call('POST', `/patients/${open}/resume-support`, { reason: '再開' })
  t.notOk(await isStopped(open))
  await call('POST', `/patients/${open}/stop-support`, { reason: '再度' })
  t.match(await call('POST', `/merges/${second}/undo`, { reason: '別人' }), { status: 200 })
  t.ok(await isStopped(open))
  t.ok(await isStopped(stopped), 'stopped as one person: stopped as both')
})

t.test('C-4: an objection since a merge outlives its undo', async (t) => {
  const [former, survivor] = [await newPatient(), await newPatient()]
  await link(former, 'hospital-x', '210')
  await link(survivor, 'clinic-y', '210')
  await consentOf(former, { sharesWithCommunities: true })
  await consentOf(survivor)
  const mergeId = await merged(former, survivor)
  const [made] = (await history(survivor)).filter(({ withdrawnAt }) => withdrawnAt === null)
  t.match(made, { sharesWithCommunities: false }, 'shared only where both said so')
  await call('PATCH', `/consents/${String(made?.consentId)}`, { exclude: { kinds: ['LAB'] }, reason: '申出' })
  t.match(await call('POST', `/merges/${mergeId}/undo`, { reason: '別人' }), { status: 200 })
  t.equal((await standing(survivor))?.length, 1)
  for (const xad of [former, survivor])
    t.ok(
      ((await standing(xad)) ?? []).every(({ excludedKinds }) => excludedKinds.includes('LAB')),
      'nobody is seen in more than was said last',
    )
})

t.test('C-11: ledgers of a facility and month, as CSV and JSON, by the month in Japan, audited', async (t) => {
  const xad = await newPatient()
  await link(xad, 'pharmacy-z', '=300')
  const id = await consentOf(xad, { takenAt: 'pharmacy-z', takenBy: '@reception', form: 'written' })
  await call('PATCH', `/consents/${id}`, { exclude: { kinds: ['LAB'] }, reason: '申出' })
  await call('POST', `/consents/${id}/withdraw`)
  const stranger = await newPatient()
  await consentOf(stranger, { takenAt: 'clinic-y' })
  const month = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7)
  const path = (ledger: string, more = '') => `/facilities/pharmacy-z/ledger?ledger=${ledger}&month=${month}${more}`
  const said = await audited(async () => {
    t.match(await call('GET', path('links', '&format=json')), {
      status: 200,
      list: [{ event: 'add' }, { event: 'link', patientNumber: '=300', by: 'admin-token', reason: '窓口で確認' }].slice(
        -1,
      ),
    })
  })
  t.strictSame(said, [`ledger of links of facility pharmacy-z, ${month}`])
  const { list } = await call('GET', path('consents', '&format=json'))
  t.match(list, [
    { event: 'recorded', patientNumber: '=300', takenAt: 'pharmacy-z', takenBy: '@reception', form: 'written' },
    { event: 'changed', patientNumber: '=300' },
    { event: 'withdrawn', patientNumber: '=300' },
  ])
  t.equal(list.length, 3, 'nothing of patients of other facilities')
  const csv = await text(path('consents'))
  const [header, first] = csv.split('\r\n')
  t.match(header, /^\ufeffTime,Event,PatientNumber,ConsentId,Kind,/)
  t.match(first, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d,recorded,'=300,/)
  t.match(first, /,'@reception,pharmacy-z,/)
  t.match(await call('GET', path('consents').replace(month, '2020-01').concat('&format=json')), { list: [] })
  t.match(await call('GET', `/facilities/nobody/ledger?ledger=links&month=${month}`), { status: 404 })
  for (const none of ['2026-13', '0000-01', '9999-12'])
    t.match(await call('GET', `/facilities/pharmacy-z/ledger?ledger=links&month=${none}`), { status: 400 }, none)
})

t.test('C-11: a month in Japan begins nine hours before that of UTC, and long ledgers come in pages', async (t) => {
  const xad = await newPatient()
  await link(xad, 'clinic-y', '400')
  const { rows } = await pool.query<{ person_key: string }>(
    `select person_key from identity.identifier where domain = '2.25.201' and value = '400'`,
  )
  const personKey = rows[0]?.person_key
  const times = ['2025-02-28T14:59:59.999999Z', '2025-02-28T15:00:00Z', '2025-03-31T14:59:59Z', '2025-03-31T15:00:00Z']
  for (const at of times)
    await pool.query(
      `insert into access.consent (person_key, kind, recorded_by, recorded_at) values ($1, 'comprehensive', 'test', $2)`,
      [personKey, at],
    )
  await pool.query(
    `insert into access.consent (person_key, kind, recorded_by, recorded_at, withdrawn_at, withdrawn_by)
     select $1, 'comprehensive', 'test', '2025-05-10T00:00:00Z', '2025-05-20T00:00:00Z', 'test' from generate_series(1, 700)`,
    [personKey],
  )
  const rowsOf = async (month: string) =>
    (await call('GET', `/facilities/clinic-y/ledger?ledger=consents&month=${month}&format=json`)).list
  t.equal((await rowsOf('2025-03')).length, 2)
  t.equal((await rowsOf('2025-02')).length, 1)
  t.equal((await rowsOf('2025-04')).length, 1)
  const many = await rowsOf('2025-05')
  t.equal(many.length, 1400)
  t.equal(new Set(many.map(({ event, consentId }) => `${String(event)} ${String(consentId)}`)).size, 1400)
})

t.test('whom a consent or a stop is about is a participant of its event, and in no reason', async (t) => {
  const xad = await newPatient()
  const since = (await auditRows()).length
  const first = await consentOf(xad)
  const second = idOf(await call('PATCH', `/consents/${first}`, { exclude: { kinds: ['LAB'] }, reason: '申出' }))
  await call('POST', `/consents/${second}/withdraw`)
  for (const act of ['stop-support', 'resume-support'])
    await call('POST', `/patients/${xad}/${act}`, { reason: '希望' })
  const { rows } = await pool.query('select reason, patients from audit.event order by event_id offset $1', [since])
  const cx = `${xad}^^^&${config.identity.affinityDomainAuthority}&ISO`
  t.strictSame(
    rows.map(({ patients }) => patients),
    Array.from({ length: 5 }, () => [cx]),
  )
  for (const { reason } of rows) t.notMatch(reason, xad)
})

t.test('no name, number or reason of a patient is in audit or log', async (t) => {
  for (const { reason } of await auditRows()) t.notMatch(reason, /空想|申出|撤回|=300/)
  t.notMatch(JSON.stringify(logged), /空想|申出/)
})

async function text(path: string): Promise<string> {
  const response = await fetch(`${url}/admin/v1${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await response.arrayBuffer())
}

t.test(
  'C-5: withdrawn by the id of a former version while it is being changed, no version is left standing',
  async (t) => {
    const xad = await newPatient()
    const first = await consentOf(xad)
    const second = idOf(await call('PATCH', `/consents/${first}`, { exclude: { kinds: ['LAB'] }, reason: '申出' }))
    const other = await pool.connect()
    t.teardown(() => other.release())
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    const untilWaiting = async (count: number) => {
      while (((await pool.query(waiting)).rowCount ?? 0) < count) await new Promise(setImmediate)
    }
    await other.query('begin')
    await other.query('select from access.consent where consent_id = $1 for update', [second])
    const changed = call('PATCH', `/consents/${second}`, { exclude: { kinds: ['MEDICATION'] }, reason: '申出' })
    await untilWaiting(1)
    const withdrawn = call('POST', `/consents/${first}/withdraw`, { reason: '撤回' })
    await untilWaiting(2)
    await other.query('commit')
    t.match(await changed, { status: 200 })
    t.match(await withdrawn, { status: 200 })
    t.strictSame(await standing(xad), [])
  },
)
