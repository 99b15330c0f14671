// The admin API of the master patient index on a real PostgreSQL: patients, merges, the review queue, models, invariants (design §4, §5).

import t from 'tap'
import { feedAdd, feedRevise } from '../../src/identity/feed.ts'
import { fold } from '../../src/identity/match.ts'
import { FOLD_VERSION } from '../../src/identity/matching/features.ts'
import type { RecordKey } from '../../src/identity/ports.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import { callerOf, feedOf, oid } from '../identity/in-memory.ts'
import { type Answer, openAdministration } from './administration.ts'

const { call, pool, identity, audited, auditRows, logged } = await openAdministration(t)

const HOSPITAL = oid('2.25.1002')
const CLINIC = oid('2.25.2002')
const NETWORK = identity.affinityDomain
const facilityOf = (facilityId: string, number: string, domain: string) => ({
  facilityId,
  oid: number,
  name: facilityId,
  kind: 'gateway',
  patientDomain: { oid: domain, name: facilityId.toUpperCase() },
})
await call('POST', '/facilities', facilityOf('hospital-x', '2.25.1001', HOSPITAL))
await call('POST', '/facilities', facilityOf('clinic-y', '2.25.2001', CLINIC))
const callers = { [HOSPITAL]: callerOf('hospital-x'), [CLINIC]: callerOf('clinic-y') }
const callerFor = ({ authority }: PatientId) => {
  const caller = callers[authority]
  if (caller === undefined) throw new Error('no caller')
  return caller
}

function described(fields: Partial<Demographics> = {}): Demographics {
  const names = [{ representation: 'IDE', family: '空想', given: '花' }] as const
  return { names, sex: 'F', birthTime: '19700101', addresses: [], telecoms: [], ...fields }
}

async function add(id: PatientId, demographics: Demographics = described()): Promise<string> {
  const { answer } = await feedAdd(feedOf([id], { demographics }), callerFor(id), identity)
  if (answer.code !== 'CA') throw new Error(`the feed was refused: ${JSON.stringify(answer)}`)
  return xadOf(id)
}

async function xadOf(id: PatientId): Promise<string> {
  const [found] = (await call('GET', `/patients?id=${id.value}&domain=${id.authority}`)).list
  return String(found?.xad)
}

async function recordOf(id: PatientId): Promise<RecordKey> {
  const [stored] = await identity.store.findIdentifiers(id.value, id.authority)
  if (stored === undefined) throw new Error(`nobody has ${id.value}`)
  return stored.record
}

const COMPARISON = {
  score: 24.5,
  fields: [
    { field: 'family', level: 'equal', bits: 12 },
    { field: 'birth date', level: 'equal', bits: 12.5 },
  ],
  rules: [{ rule: 'sex', effect: 'cap' }],
}

/** A question as the matcher asks it; its number. */
async function ask(a: PatientId, b: PatientId, { reason, score }: { reason: string; score: number }): Promise<string> {
  const records = [await recordOf(a), await recordOf(b)] as const
  await identity.store.inTransaction((tx) =>
    tx.addReviews([{ records, reason, score, evidence: { ...COMPARISON, score } }]),
  )
  const { rows } = await pool.query('select max(review_id)::text as id from identity.review_item')
  return rows[0].id
}

let numbers = 0
function newId(authority: PatientId['authority']): PatientId {
  numbers += 1
  return { authority, value: `N-${numbers}` }
}

async function twoPersons(): Promise<{ a: PatientId; b: PatientId; xadA: string; xadB: string }> {
  const [a, b] = [newId(HOSPITAL), newId(CLINIC)]
  return { a, b, xadA: await add(a), xadB: await add(b) }
}

const sound = async (): Promise<readonly unknown[]> =>
  (await call('GET', '/matching/check')).list.filter(({ violations }) => violations !== 0)

t.test(
  'a patient is shown with who linked each number, what its source says, and the newest word on each attribute',
  async (t) => {
    const [a, b] = [newId(HOSPITAL), newId(CLINIC)]
    const xad = await add(a, described({ telecoms: ['tel:000-000-0001'] }))
    await add(b)
    const link = { facilityId: 'clinic-y', id: b.value, reason: '窓口で確認' }
    t.match(await call('POST', `/patients/${xad}/links`, link, { 'x-staff': 'sato' }), { status: 201 })
    await feedRevise(
      feedOf([b], { kind: 'revise', demographics: described({ sex: 'UN', birthTime: '19700102' }) }),
      callerFor(b),
      identity,
    )
    const { status, body } = await call('GET', `/patients/${xad}`)
    t.equal(status, 200)
    const identifiers = body.identifiers as readonly Record<string, unknown>[]
    t.match(
      identifiers.find(({ value }) => value === b.value),
      {
        domain: CLINIC,
        domainName: 'CLINIC-Y',
        facilityId: 'clinic-y',
        status: 'active',
        link: 'manual',
        by: 'admin-token:sato',
        reason: '窓口で確認',
        since: /^\d{4}-/,
        demographics: { birthTime: '19700102' },
      },
    )
    t.match(
      identifiers.find(({ value }) => value === a.value),
      { link: 'sole', by: 'hospital-x', reason: 'ITI-44 add', demographics: { birthTime: '19700101' } },
    )
    const golden = body.golden as readonly Record<string, unknown>[]
    t.match(
      golden.find(({ attribute }) => attribute === 'birthTime'),
      { value: '19700102', source: { domain: CLINIC, value: b.value } },
      'the newest source',
    )
    t.match(
      golden.find(({ attribute }) => attribute === 'telecoms'),
      { value: ['tel:000-000-0001'], source: { domain: HOSPITAL } },
      'a source that says nothing does not count',
    )
    t.match(
      golden.find(({ attribute }) => attribute === 'name IDE'),
      { value: { family: '空想' } },
    )
    t.notMatch(JSON.stringify(body), /"record"|"person"/, 'no surrogate key')
  },
)

t.test('history tells each step with who and why, also of a number that left', async (t) => {
  const { a, b, xadA, xadB } = await twoPersons()
  await call('POST', `/patients/${xadA}/links`, { facilityId: 'clinic-y', id: b.value, reason: '確認済み' })
  const path = `/patients/${xadA}/links/clinic-y/${b.value}`
  t.match(await call('DELETE', `${path}?reason=${encodeURIComponent('別人')}`), { status: 200 })
  const rows = (await call('GET', `/patients/${xadA}/history`)).list
  t.match(
    rows.filter(({ value }) => value === b.value).map(({ event, reason, link }) => [event, reason, link]),
    [
      ['merge', '確認済み', undefined],
      ['link', '確認済み', 'manual'],
      ['unlink', '別人', 'manual'],
    ],
  )
  const [, link, unlink] = rows.filter(({ value }) => value === b.value)
  t.match(link, { patient: xadA, formerPatient: xadB })
  t.match(unlink, { patient: await xadOf(b), formerPatient: xadA })
  t.ok(rows.some(({ event, value }) => event === 'add' && value === a.value))
  const [first] = (await call('GET', `/patients/${xadA}/history?limit=1`)).list
  const next = (await call('GET', `/patients/${xadA}/history?after=${String(first?.historyId)}`)).list
  t.equal(next.length, rows.length - 1)
  t.match(await call('GET', '/patients/nobody/history'), { status: 404 })
  t.match(await call('GET', `/patients/${xadA}/history?limit=5000`), { status: 400, body: { message: /limit/ } })
})

t.test('staff merge two persons, see it, and take it back once', async (t) => {
  const { a, b, xadA, xadB } = await twoPersons()
  const merge = () => call('POST', `/patients/${xadB}/merge`, { into: xadA, reason: '同一人物' })
  t.strictSame(await audited(async () => t.match(await merge(), { status: 200, body: { xad: xadA, merged: xadB } })), [
    'persons merged',
  ])
  t.match(await merge(), { status: 409, body: { code: 'V3_OBSOLETE_ID', ja: /\S/ } })
  t.equal(await xadOf(b), xadA)
  t.match((await call('GET', `/patients/${xadB}`)).body, { xad: xadA }, 'the former id leads to the survivor')
  const [merged] = (await call('GET', `/patients/${xadA}/merges`)).list
  t.match(merged, {
    former: xadB,
    survivor: xadA,
    formerPatient: xadB,
    survivorPatient: xadA,
    origin: 'staff',
    scope: 'person',
    reason: '同一人物',
    undo: 'possible',
  })
  t.match((await call('GET', '/merges?limit=1')).list, [{ mergeId: merged?.mergeId }])
  t.strictSame(await sound(), [])
  const undo = () => call('POST', `/merges/${String(merged?.mergeId)}/undo`, { reason: '誤り' })
  t.strictSame(await audited(async () => t.match(await undo(), { status: 200 })), ['merge undone'])
  t.match(await undo(), { status: 409, body: { code: 'MERGE_STANDS' } })
  t.same([await xadOf(a), await xadOf(b)], [xadA, xadB])
  t.match((await call('GET', `/patients/${xadA}/merges`)).list, [{ undo: 'done', undoneBy: 'admin-token' }])
  t.match(await call('POST', '/merges/999999999/undo', { reason: 'x' }), {
    status: 404,
    body: { code: 'MERGE_UNKNOWN' },
  })
  t.match(await call('POST', `/patients/${xadA}/merge`, { into: xadA, reason: 'x' }), { status: 409 })
  t.match(await call('POST', `/patients/${xadA}/merge`, { into: xadB }), { status: 400, body: { message: /reason/ } })
  t.strictSame(await sound(), [])
})

t.test('numbers that are somebody else’s are split off, and the halves stay apart', async (t) => {
  const { a, b, xadA } = await twoPersons()
  await call('POST', `/patients/${xadA}/links`, { facilityId: 'clinic-y', id: b.value, reason: '誤' })
  const split = (...ids: readonly PatientId[]) =>
    call('POST', `/patients/${xadA}/split`, {
      numbers: ids.map(({ authority, value }) => ({
        facilityId: authority === CLINIC ? 'clinic-y' : 'hospital-x',
        id: value,
      })),
      reason: '別人',
    })
  t.match(await split(a, b), { status: 400, body: { message: /at least one number stays/ } })
  t.match(await split(newId(CLINIC)), { status: 400, body: { message: /numbers\.0/ } })
  const done = await split(b)
  t.match(done, { status: 201, body: { from: xadA } })
  t.equal(await xadOf(b), done.body.xad)
  t.not(done.body.xad, xadA)
  const { rows } = await pool.query(
    'select reason from identity.non_link where record_a in ($1, $2) and record_b in ($1, $2)',
    [await recordOf(a), await recordOf(b)],
  )
  t.same(rows, [{ reason: '別人' }])
  t.match((await call('GET', `/patients/${xadA}/history`)).list.at(-1), { event: 'split', reason: '別人' })
  t.strictSame(await sound(), [])
})

t.test('a number that is named twice is one number: it is split off once, and the rest stays', async (t) => {
  const { a, b, xadA } = await twoPersons()
  const { a: c, xadA: xadC } = await twoPersons()
  await call('POST', `/patients/${xadA}/links`, { facilityId: 'clinic-y', id: b.value, reason: '誤' })
  const split = (xad: string, ...ids: readonly string[]) =>
    call('POST', `/patients/${xad}/split`, {
      numbers: ids.map((id) => ({ facilityId: 'clinic-y', id })),
      reason: '別人',
    })
  t.match(await split(xadA, b.value, b.value), { status: 201, body: { from: xadA } })
  const splits = async (xad: string) =>
    (await call('GET', `/patients/${xad}/history`)).list.filter(({ event }) => event === 'split').length
  t.equal(await splits(xadA), 1)
  const { a: d, b: e } = await twoPersons()
  await call('POST', `/patients/${xadC}/merge`, { into: await xadOf(d), reason: 'x' })
  await call('POST', `/patients/${await xadOf(c)}/links`, { facilityId: 'clinic-y', id: e.value, reason: '誤' })
  const whole = await xadOf(c)
  t.match(await split(whole, e.value, e.value), { status: 201, body: { from: whole } })
  t.equal(await splits(whole), 1)
  t.equal(await xadOf(a), xadA)
  t.strictSame(await sound(), [])
})

t.test('the queue is sorted by risk, then by score, and read page by page', async (t) => {
  const asked: Record<string, string> = {}
  for (const [reason, score] of [
    ['possible', 20],
    ['tie', 25],
    ['possible', 28],
    ['bridge', 19],
  ] as const) {
    const { a, b } = await twoPersons()
    asked[`${reason} ${score}`] = await ask(a, b, { reason, score })
  }
  const wanted = ['bridge 19', 'tie 25', 'possible 28', 'possible 20']
  const all = (await call('GET', '/reviews')).list
  t.same(
    all.map(({ reason, score }) => `${reason} ${score}`),
    wanted,
  )
  t.match(all[0], { state: 'open', records: [{ domain: HOSPITAL, patient: /^\w{10}$/ }, { domain: CLINIC }] })
  t.notMatch(JSON.stringify(all), /空想|"evidence"/, 'lists name nobody')
  const first = (await call('GET', '/reviews?limit=2')).list
  const rest = (await call('GET', `/reviews?limit=2&after=${String(first.at(-1)?.reviewId)}`)).list
  t.same(
    [...first, ...rest].map(({ reviewId }) => reviewId),
    wanted.map((key) => asked[key]),
  )
  t.equal((await call('GET', '/reviews?reason=possible')).list.length, 2)
  t.same((await call('GET', '/reviews?state=linked')).list, [])
  t.match(await call('GET', '/reviews?state=lost'), { status: 400, body: { message: /open, deferred/ } })
  t.match((await call('GET', '/reviews/counts')).list, [
    { state: 'open', reason: 'bridge', age: 'day', count: 1 },
    { state: 'open', reason: 'possible', age: 'day', count: 2 },
    { state: 'open', reason: 'tie', age: 'day', count: 1 },
  ])
})

t.test(
  'a question shows both records, their persons and the comparison; answered, both are one person or never',
  async (t) => {
    const { a, b, xadA, xadB } = await twoPersons()
    const other = newId(CLINIC)
    await add(other)
    await call('POST', `/patients/${xadA}/links`, { facilityId: 'clinic-y', id: other.value, reason: '確認' })
    const id = await ask(a, b, { reason: 'sex', score: 24.5 })
    const { body } = await call('GET', `/reviews/${id}`)
    t.match(body, {
      reviewId: id,
      state: 'open',
      reason: 'sex',
      records: [
        { patient: xadA, number: { value: a.value, demographics: { sex: 'F' } }, others: [{ value: other.value }] },
        { patient: xadB, number: { value: b.value }, others: [] },
      ],
      comparison: COMPARISON,
      before: [],
    })
    t.match(await call('POST', `/reviews/${id}/claim`, undefined, { 'x-staff': 'sato' }), { status: 200 })
    t.match(await call('POST', `/reviews/${id}/claim`, undefined, { 'x-staff': 'sato' }), { status: 200 })
    t.match(await call('POST', `/reviews/${id}/claim`, undefined, { 'x-staff': 'ito' }), {
      status: 409,
      body: { message: /sato/, ja: /対応中/ },
    })
    t.match((await call('GET', `/reviews/${id}`)).body, { claimedBy: 'admin-token:sato' })
    t.match(await call('DELETE', `/reviews/${id}/claim`, undefined, { 'x-staff': 'sato' }), { status: 200 })
    const answer = (given: string) => call('POST', `/reviews/${id}/answer`, { answer: given, reason: '電話で確認' })
    t.match(await answer('perhaps'), { status: 400, body: { message: /link, apart, defer/ } })
    t.match(await answer('defer'), { status: 200 })
    t.match((await call('GET', `/reviews/${id}`)).body, { state: 'deferred' })
    t.match(await answer('apart'), { status: 200 })
    t.match(await answer('link'), { status: 404, body: { code: 'REVIEW_UNKNOWN' } })
    t.match((await call('GET', `/reviews/${id}`)).body, {
      state: 'apart',
      decidedBy: 'admin-token',
      decision: '電話で確認',
      before: [{ state: 'apart', reason: '電話で確認' }],
    })
    const again = newId(CLINIC)
    const second = await add(again)
    const linked = await ask(a, again, { reason: 'possible', score: 25 })
    t.match(await call('POST', `/reviews/${linked}/answer`, { answer: 'link', reason: '同一' }), { status: 200 })
    t.equal(await xadOf(again), xadA)
    t.match((await call('GET', `/patients/${xadA}/merges`)).list[0], { former: second, undo: 'possible' })
    t.match(await call('GET', '/reviews/999999999'), { status: 404 })
    t.match(await call('POST', '/reviews/999999999/claim'), { status: 404, body: { code: 'REVIEW_UNKNOWN' } })
    t.strictSame(await sound(), [])
  },
)

t.test('a member of staff has a name that history and audit can show', async (t) => {
  t.match(await call('GET', '/matching', undefined, { 'x-staff': 'sato hanako <b>' }), { status: 400 })
  const { xadA, xadB } = await twoPersons()
  await call('POST', `/patients/${xadB}/merge`, { into: xadA, reason: '同一人物' }, { 'x-staff': 'ito@office' })
  t.match((await auditRows()).at(-1), { objects: { by: 'admin-token:ito@office' }, reason: 'persons merged' })
})

t.test('domains are listed with their numbers, and come with facilities', async (t) => {
  t.match((await call('GET', '/domains')).list, [
    { oid: NETWORK, kind: 'community' },
    { oid: CLINIC, name: 'CLINIC-Y', facilityId: 'clinic-y', active: /[1-9]/ },
    { oid: HOSPITAL, name: 'HOSPITAL-X' },
  ])
  t.match(await call('POST', '/domains', { oid: '2.25.1' }), { status: 404 })
})

t.test('the matcher shows how it is set, what it counts, and who has suspiciously many records', async (t) => {
  const xad = await add(newId(HOSPITAL))
  for (let more = 0; more < 3; more += 1) {
    const former = await add(newId(HOSPITAL))
    t.match(await call('POST', `/patients/${former}/merge`, { into: xad, reason: '重複' }), { status: 200 })
  }
  const { body } = await call('GET', '/matching')
  t.match(body, {
    policy: { mode: 'off', autoBits: 30, reviewBits: 18, marginBits: 8 },
    model: '0',
    counts: { persons: Number, records: Number, links: { sole: Number, auto: 0, manual: Number } },
    crowded: [{ patient: xad, records: 5, domains: 2 }],
  })
})

t.test('models are trained inactive, listed, compared and activated, each audited', async (t) => {
  t.match(await call('POST', '/matching/models', { note: '試験' }), {
    status: 409,
    body: { message: /too few/, hint: /1000/, ja: /不足/ },
  })
  const { rows } = await pool.query(
    `insert into identity.match_model (model, made_by, note) values ('{}', 'test', 'first') returning version`,
  )
  const version = String(rows[0].version)
  t.match((await call('GET', '/matching/models')).body, {
    inUse: '0',
    models: [{ version, active: false, note: 'first' }],
  })
  const activate = (which: string) => call('POST', `/matching/models/${which}/activate`, { reason: '本番' })
  t.strictSame(
    await audited(async () => {
      t.match(await activate(version), { status: 200 })
      t.match(await activate(version), { status: 200 })
      t.match((await call('GET', '/matching/models')).body, { models: [{ version, active: true }] })
      t.match(await activate('0'), { status: 200 })
    }),
    [`matching model ${version} activated: 本番`, 'matching model 0 activated: 本番'],
  )
  t.match((await call('GET', '/matching/models')).body, { models: [{ version, active: false }] })
  t.match(await activate('999'), { status: 404 })
  t.match(await call('GET', '/matching/models/999/comparison'), { status: 404 })
  t.match((await call('GET', '/matching/models/0/comparison')).body, { version: '0', inUse: '0', otherwise: 0 })
})

/** Records of invented people, two of each, as a feed would have left them. */
async function fillIndex(people: number): Promise<void> {
  const families = ['想田', '例山', '仮井', '試川', '架木', '見原', '空谷']
  const given = ['一郎', '美咲', '健', '陽子', '翔太', '直樹', '恵']
  const described = Array.from({ length: people * 2 }, (_, at) => {
    const person = at >> 1
    const digits = (number: number, length: number) => String(number % 10 ** length).padStart(length, '0')
    const family = families[person % families.length] ?? ''
    const name = {
      representation: 'IDE',
      family,
      given: given[(person * 3 + (person >> 3)) % given.length] ?? '',
    } as const
    const birthTime = `19${digits(20 + ((person * 7) % 80), 2)}${digits(1 + (person % 12), 2)}${digits(1 + ((person * 5) % 28), 2)}`
    const telecoms =
      at % 2 === 0 || person % 3 > 0 ? [`tel:090-${digits(person * 4111, 4)}-${digits(person * 97, 4)}`] : []
    return { names: [name], sex: person % 2 === 0 ? 'F' : 'M', birthTime, addresses: [], telecoms } as const
  })
  const folded = described.map((demographics) => fold({ demographics, identifiers: [] }))
  await pool.query(
    `with person as (insert into identity.person select from generate_series(1, $1) returning person_key),
     numbered as (select person_key, row_number() over (order by person_key) as at from person),
     record as (
       insert into identity.identifier (domain, value, person_key, link)
       select domain, 'T-' || at, person_key, 'auto' from numbered cross join unnest(array[$2, $3]) as domain
       returning record_id, domain, value, person_key),
     history as (
       insert into identity.identifier_history (domain, value, event, by, reason, person_key)
       select domain, value, 'add', 'test', 'test', person_key from record)
     insert into identity.match_record (record_id, version, features, keys)
     select record_id, $4, $5::jsonb -> (substr(value, 3)::integer * 2 - case when domain = $2 then 2 else 1 end), '{}' from record`,
    [people, HOSPITAL, CLINIC, FOLD_VERSION, JSON.stringify(folded.map(({ features }) => features))],
  )
}

t.test(
  'a model is learned from the network’s own records in a thread of its own, and judged on standing links',
  async (t) => {
    await fillIndex(600)
    const train = (body: object) => call('POST', '/matching/models', body)
    t.match(await train({ note: '秋', sample: 10 }), { status: 400, body: { message: /sample/ } })
    let trained: Answer | undefined
    const reasons = await audited(async () => {
      trained = await train({ note: '秋' })
    })
    t.match(trained, { status: 201, body: { version: /^\d+$/, records: Number } })
    const version = String(trained?.body.version)
    t.ok(Number(trained?.body.records) >= 1200)
    t.same(reasons, [`matching model ${version} trained`])
    t.match(((await call('GET', '/matching/models')).body.models as readonly unknown[]).at(-1), {
      version,
      note: '秋',
      madeBy: 'admin-token',
      active: false,
    })
    const { rows } = await pool.query('select model from identity.match_model where version = $1', [version])
    t.match(rows[0].model, {
      version: '秋',
      foldVersion: FOLD_VERSION,
      fields: { sex: { equal: { m: Number, u: Number } } },
    })
    const compared = await call('GET', `/matching/models/${version}/comparison?limit=100`)
    t.match(compared, { status: 200, body: { version, inUse: '0', links: 100, otherwise: Number } })
    const { verdicts } = compared.body as { verdicts: Record<string, Record<string, number>> }
    for (const counts of Object.values(verdicts))
      t.equal(
        Object.values(counts).reduce((sum, count) => sum + count),
        100,
      )
  },
)

t.test('what must never be is found: the check names each violated invariant and where', async (t) => {
  const { a, b: other, xadA } = await twoPersons()
  const b = { ...other, value: `${other.value}-LINKED` }
  t.strictSame(await sound(), [])
  await call('POST', `/patients/${xadA}/links`, { facilityId: 'clinic-y', id: b.value, reason: '確認' })
  const [first, second] = [await recordOf(a), await recordOf(b)].sort((one, other) => Number(one) - Number(other))
  const broken: readonly (readonly [RegExp, string, string, readonly unknown[]])[] = [
    [
      /different people/,
      `insert into identity.non_link (record_a, record_b, by, reason) values ($1, $2, 'test', 'test')`,
      'delete from identity.non_link where record_a = $1 and record_b = $2',
      [first, second],
    ],
    [
      /second number/,
      `update identity.identifier set second = true, link = 'auto' where record_id = $1`,
      `update identity.identifier set second = false, link = 'manual' where record_id = $1`,
      [second],
    ],
    [
      /replaced number/,
      `update identity.identifier set status = 'obsolete', survivor = 'nobody' where record_id = $1`,
      `update identity.identifier set status = 'active', survivor = null where record_id = $1`,
      [second],
    ],
    [
      /merged away/,
      `update identity.person p set merged_into = (select max(person_key) from identity.person where merged_into is null)
       from identity.identifier i where i.person_key = p.person_key and i.record_id = $1`,
      `update identity.person p set merged_into = null from identity.identifier i where i.person_key = p.person_key and i.record_id = $1`,
      [second],
    ],
  ]
  for (const [invariant, breaks, mends, values] of broken) {
    await pool.query(breaks, [...values])
    const found = await sound()
    t.equal(found.length, 1, String(invariant))
    t.match(found, [{ invariant, violations: /\d/, examples: [/\S/] }])
    await pool.query(mends, [...values])
    t.strictSame(await sound(), [])
  }
  const { rows } = await pool.query<{ person_key: string }>(
    'insert into identity.person default values returning person_key',
  )
  const nobody = rows[0]?.person_key
  await pool.query('update identity.person set merged_into = person_key where person_key = $1', [nobody])
  t.match(await sound(), [{ invariant: /end at a person/, violations: 1, examples: [nobody] }])
  await pool.query('update identity.person set merged_into = null where person_key = $1', [nobody])
  const { person } = (await identity.store.findIdentifiers(b.value, CLINIC))[0] ?? {}
  const move = (to: unknown) =>
    pool.query('update identity.identifier set person_key = $2 where record_id = $1', [second, to])
  await move(nobody)
  t.match(await sound(), [
    { invariant: /history of every active number/, violations: 1, examples: [new RegExp(b.value)] },
  ])
  await move(person)
  t.strictSame(await sound(), [])
})

t.test('the dry run says whom a record would be linked to, and writes nothing', async (t) => {
  const counted = async () => (await call('GET', '/matching')).body.counts
  const before = await counted()
  const answer = await call('POST', '/matches', { demographics: described(), facilityId: 'clinic-y' })
  t.match(answer, { status: 200, body: { outcome: 'new person', reviews: [], model: '0', policy: { mode: 'off' } } })
  t.match(await call('POST', '/matches', { demographics: described(), facilityId: 'nobody' }), { status: 404 })
  const refused = await call('POST', '/matches', { demographics: { names: [{ family: '秘密' }] } })
  t.equal(refused.status, 400)
  t.notMatch(JSON.stringify(refused.body), '秘密')
  t.same(await counted(), before)
})

t.test('neither log nor audit names a patient', async (t) => {
  for (const { reason } of await auditRows()) t.notMatch(reason, /空想|N-\d/)
  t.notMatch(JSON.stringify(logged), /空想|N-\d/)
})

t.test('every look of staff at a person is an audit event that names the person (docs/access-log.md)', async (t) => {
  const [a, b] = [newId(HOSPITAL), newId(CLINIC)]
  const [xad, other] = [await add(a), await add(b)]
  const question = await ask(a, b, { reason: 'similarity', score: 8 })
  const paths = [
    [`/patients?id=${a.value}`, 'patient looked up by number: 1 shown', [xad]],
    ['/patients?id=nobody-has-it', 'patient looked up by number: 0 shown', []],
    [`/patients/${xad}`, 'patient shown', [xad]],
    [`/patients/${xad}/history`, 'history of a patient shown', [xad]],
    [`/patients/${xad}/merges`, 'merges of a patient shown', [xad]],
    [`/patients/${xad}/consents`, 'consents of a patient shown', [xad]],
    [`/patients/${xad}/support-stops`, 'stops of support of a patient shown', [xad]],
    [`/reviews/${question}`, `question ${question} about patients shown`, [xad, other]],
  ] as const
  for (const [path, reason, shown] of paths) {
    t.equal((await call('GET', path)).status, 200, path)
    const { rows } = await pool.query(
      `select event_code, type_code, reason, patients from audit.event order by event_id desc limit 1`,
    )
    t.match(rows, [{ event_code: '110112', type_code: 'patient-search', reason }], path)
    t.same(
      rows[0].patients.map((cx: string) => cx.replace(/\^.*/, '')).sort(),
      [...shown].sort(),
      'who was shown, and nothing that was typed',
    )
  }
})
