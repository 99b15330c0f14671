// What neighbouring communities tell of a person on a real PostgreSQL: how it is used, and what ends it (ITI TF-2 3.55; docs/adr/0042).

import { randomUUID } from 'node:crypto'
import t from 'tap'
import { keepCorrelated } from '../../src/db/discovery.ts'
import { createDiscoveryStore, endExpired } from '../../src/db/discovery-store.ts'
import { countQuestions, listQuestions } from '../../src/db/discovery-views.ts'
import { personViews } from '../../src/db/identity/person-views.ts'
import { numbersElsewhere, numbersOf, partnerFacilities, undiscovered } from '../../src/db/partner-directory.ts'
import type { Finding } from '../../src/gateway/discovery-ports.ts'
import { toldOf } from '../../src/identity/told-of-person.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'

t.setTimeout(120_000)

const pool = await openDatabase(t, 6)
const XAD = '2.25.100' as Oid
const EAST = '2.25.300' as Oid
const HOUR_MS = 3_600_000
const store = createDiscoveryStore(pool, {
  affinityDomain: XAD,
  describe: async (client, person) =>
    toldOf(await personViews(client, XAD).numbersOf(person), await partnerFacilities(client)),
})

await pool.query(`
  insert into access.facility (facility_id, oid, name, kind)
  values ('clinic', '2.25.1', 'clinic', 'clinic'), ('east', '2.25.2', 'east', 'other'), ('south', '2.25.3', 'south', 'other');
  insert into identity.domain (oid, name, kind, facility_id)
  values ('${XAD}', 'XAD', 'community', null), ('2.25.200', 'CLINIC', 'facility', 'clinic'), ('2.25.301', 'EAST', 'facility', 'east');
  insert into access.partner (facility_id, community, added_by, query_url, retrieve_url, discovery_url, identity)
  values ('east', '2.25.9102', 'test', 'https://east/q', 'https://east/r', 'https://east/d', 'xcpd'),
         ('south', '2.25.9103', 'test', 'https://south/q', 'https://south/r', 'https://south/d', 'xcpd')`)

const YAMADA = { names: [{ representation: 'IDE', family: '架空', given: '花子' }], sex: 'F', birthTime: '19700102' }
let made = 0

/** With an id of the network, a number of the clinic, and a consent for sharing. */
async function person(): Promise<{ readonly key: string; readonly xad: PatientId; readonly number: string }> {
  made += 1
  const number = made
  const { rows } = await pool.query('insert into identity.person default values returning person_key::text as key')
  const [{ key }] = rows
  const described = JSON.stringify({ ...YAMADA, addresses: [{ text: '架空県' }], telecoms: [] })
  await pool.query(
    `insert into identity.identifier (domain, value, person_key, demographics, received)
     values ($1, $2, $4, $5, null), ('2.25.200', $3, $4, $5, 'PID')`,
    [XAD, `X${number}`, `C${number}`, key, described],
  )
  await pool.query(
    `insert into access.consent (person_key, kind, recorded_by, shares_with_communities) values ($1, 'comprehensive', 'test', true)`,
    [key],
  )
  return { key, xad: { value: `X${number}`, authority: XAD }, number: `C${number}` }
}

type Person = Awaited<ReturnType<typeof person>>

async function tell(of: Person, found: Finding['found'], given: Partial<Finding> = {}) {
  const subject = await store.subjectOf(of.key)
  if (subject === undefined) throw new Error('nobody')
  return store.keep({ facilityId: 'east', subject, exchangeId: randomUUID(), forMs: HOUR_MS, found, ...given })
}

const known = (value: string): Finding['found'] => ({ kind: 'known', id: { value, authority: EAST } })
const idsOf = async ({ xad }: Person) =>
  (await numbersElsewhere(pool, { patientId: xad, facilityId: 'clinic' })).map(({ patientId }) => patientId.value)
const toAsk = async ({ xad }: Person, isAnew = false) =>
  (await undiscovered(pool, { patientId: xad, facilityId: 'clinic', communities: ['east', 'south'], isAnew })).map(
    ({ community }) => community,
  )
const endings = async ({ key }: Person) =>
  (
    await pool.query(
      'select side, ended_reason from identity.correlation where person_key = $1 order by correlation_id',
      [key],
    )
  ).rows.map(({ side, ended_reason }) => `${side}: ${ended_reason}`)

t.test('3.55.4.1: who is asked about is described by the index, with the id of the network', async (t) => {
  const one = await person()
  t.match(await store.subjectOf(one.key), { patientId: one.xad, demographics: { ...YAMADA, telecoms: [] } })
  await pool.query(
    `insert into identity.identifier (domain, value, person_key, demographics, received) values ('2.25.301', 'E-77', $1, $2, 'PID')`,
    [one.key, JSON.stringify({ ...YAMADA, birthTime: '19991231', addresses: [], telecoms: [] })],
  )
  const told = (await store.subjectOf(one.key))?.demographics
  t.equal(told?.birthTime, YAMADA.birthTime, 'what another community said is not passed on as ours')
  await pool.query(
    `update identity.identifier set demographics = demographics || '{"restricted": true}' where domain = '2.25.200' and person_key = $1`,
    [one.key],
  )
  t.equal(await store.subjectOf(one.key), undefined, 'a person for whom discretion is asked is described to nobody')
})

t.test('3.55.4.2.2: an id that was told is used, and its community not asked again', async (t) => {
  const one = await person()
  t.same(await toAsk(one), ['east', 'south'])
  t.equal(await tell(one, known('E-1')), 'kept')
  t.same(await idsOf(one), ['E-1'])
  t.same(await toAsk(one), ['south'])
  t.same(await toAsk(one, true), ['east', 'south'], 'staff may have it asked anew')
  const ids = [
    { value: 'E-1', authority: EAST },
    { value: 'E-9', authority: EAST },
  ]
  t.match(await numbersOf(pool, { community: 'east', ids, facilityId: 'clinic' }), [{ patientId: { value: 'E-1' } }])
  t.same(
    await numbersOf(pool, { community: 'south', ids, facilityId: 'clinic' }),
    [],
    'of another community it is nobody’s',
  )
  t.equal(await tell(one, known('E-2')), 'kept')
  t.same(await idsOf(one), ['E-2'], 'what it told before ended')
})

t.test('3.55.4.2.2: that a community does not know a person is kept too, for its time', async (t) => {
  const one = await person()
  t.equal(await tell(one, { kind: 'unknown' }), 'kept')
  t.same(await idsOf(one), [])
  t.same(await toAsk(one), ['south'])
  await pool.query(`update identity.correlation set expires_at = now() - interval '1 s' where person_key = $1`, [
    one.key,
  ])
  t.same(await toAsk(one), ['east', 'south'])
  t.ok((await endExpired(pool)) > 0)
  t.same(await endings(one), ['theirs: expired'])
})

t.test('3.55.4.2.2: who could not be told apart is kept as a question, and used by nobody', async (t) => {
  const one = await person()
  t.equal(
    await tell(one, { kind: 'open', reason: 'several', told: ['E-3^^^&2.25.300&ISO', 'E-4^^^&2.25.300&ISO'] }),
    'kept',
  )
  t.same(await idsOf(one), [])
  t.same(await toAsk(one), ['south'])
  await pool.query(
    `update identity.discovery_question set expires_at = now() - interval '1 day' where person_key = $1`,
    [one.key],
  )
  await endExpired(pool)
  t.same(await toAsk(one), ['east', 'south'], 'it may be asked again')
  const open = async () => (await listQuestions(pool, XAD)).filter(({ patient }) => patient === one.xad.value)
  t.match(await open(), [{ facilityId: 'east', reason: 'several', told: [/E-3/, /E-4/] }], 'and staff still see it')
  t.equal(await countQuestions(pool), 1)
  t.equal(await tell(one, known('E-3')), 'kept', 'asked anew it was one')
  t.same(await open(), [])
  const { rows } = await pool.query('select ended_reason from identity.discovery_question where person_key = $1', [
    one.key,
  ])
  t.same(rows, [{ ended_reason: 'it was asked again' }])
})

t.test('what a community left open is settled when it tells its own id with a question of its own', async (t) => {
  const one = await person()
  await tell(one, { kind: 'open', reason: 'several', told: ['E-31^^^&2.25.300&ISO', 'E-32^^^&2.25.300&ISO'] })
  const open = async () => (await listQuestions(pool, XAD)).filter(({ patient }) => patient === one.xad.value).length
  const answer = (theirs: object) =>
    keepCorrelated(pool, {
      person: one.key,
      facilityId: 'east',
      exchangeId: randomUUID(),
      ours: { id: one.xad, home: '2.25.9101' as Oid, forSeconds: 3600 },
      ...theirs,
    })
  await answer({})
  t.equal(await open(), 1, 'it told no id of its own')
  await answer({ theirs: { id: { value: 'E-31', authority: EAST }, home: '2.25.9102' as Oid, forMs: HOUR_MS } })
  t.same(await idsOf(one), ['E-31'])
  t.equal(await open(), 0, 'staff have nothing to find out')
})

t.test('an id that is another person’s here is not taken over (docs/adr/0042)', async (t) => {
  const [one, other] = [await person(), await person()]
  t.equal(await tell(one, known('E-5')), 'kept')
  t.equal(await tell(other, known('E-5')), 'taken')
  await pool.query(`insert into identity.identifier (domain, value, person_key) values ('2.25.301', 'N-1', $1)`, [
    one.key,
  ])
  t.equal(await tell(other, { kind: 'known', id: { value: 'N-1', authority: '2.25.301' as Oid } }), 'taken')
  t.same(await idsOf(one), ['N-1'], 'a number that staff linked goes before what was told')
  t.same(await idsOf(other), [])
})

t.test('what was told about somebody who has changed meanwhile is not kept', async (t) => {
  const one = await person()
  const subject = await store.subjectOf(one.key)
  await pool.query(
    `update identity.identifier set demographics = jsonb_set(demographics, '{birthTime}', '"19700103"') where person_key = $1`,
    [one.key],
  )
  const finding = { facilityId: 'east', exchangeId: randomUUID(), forMs: HOUR_MS, found: known('E-6') }
  t.equal(await store.keep({ ...finding, subject: { personKey: one.key, state: subject?.state ?? '' } }), 'stale')
  t.same(await idsOf(one), [])
})

t.test(
  'what a community answers when the consent was withdrawn meanwhile is not kept, though another follows',
  async (t) => {
    for (const change of [
      'update access.consent set withdrawn_at = now() where person_key = $1',
      `insert into access.support_stop (person_key, reason, stopped_by) values ($1, 'test', 'test')`,
    ]) {
      const one = await person()
      const subject = await store.subjectOf(one.key)
      await pool.query(change, [one.key])
      const finding = { facilityId: 'east', exchangeId: randomUUID(), forMs: HOUR_MS, found: known(`W-${one.number}`) }
      t.equal(await store.keep({ ...finding, subject: { personKey: one.key, state: subject?.state ?? '' } }), 'stale')
      t.same(await endings(one), [])
    }
  },
)

t.test('3.55.4.2.2.4: what another community says takes the place of nothing that is known', async (t) => {
  const one = await person()
  t.equal(await tell(one, known('E-20')), 'kept')
  t.equal(await tell(one, known('E-21'), { secondHand: true }), 'kept')
  t.same(await idsOf(one), ['E-20'])
  t.equal(await tell(one, { kind: 'open', reason: 'several', told: [] }, { secondHand: true }), 'kept')
  t.same(await idsOf(one), ['E-20'])
  const other = await person()
  t.equal(await tell(other, known('E-22'), { secondHand: true }), 'kept')
  t.same(await idsOf(other), ['E-22'], 'where nothing is known it is used')
  t.equal(await tell(other, known('E-23')), 'kept')
  t.same(await idsOf(other), ['E-23'], 'until the community says so itself')
})

const told = { home: '2.25.9101', forSeconds: 3600 }

t.test(
  'an answer that comes while the person changes is either ended by the change or not kept, and neither is locked out',
  async (t) => {
    const persons = await Promise.all(Array.from({ length: 12 }, person))
    await Promise.all(
      persons.flatMap((one, index) => {
        const subject = store.subjectOf(one.key)
        const answered = subject.then((known) =>
          store.keep({
            facilityId: 'east',
            subject: known ?? { personKey: one.key, state: '' },
            exchangeId: randomUUID(),
            forMs: HOUR_MS,
            found: { kind: 'known', id: { value: `R-${one.number}`, authority: EAST }, told: { ...told, id: one.xad } },
          }),
        )
        const changes = [
          `update identity.identifier set demographics = jsonb_set(demographics, '{sex}', '"M"') where person_key = $1`,
          `update identity.identifier set status = 'obsolete' where person_key = $1 and domain = '2.25.200'`,
        ]
        return [answered, subject.then(() => pool.query(changes[index % 2] ?? '', [one.key]))]
      }),
    )
    for (const one of persons) t.same(await idsOf(one), [])
  },
)

/** Both sides are told, then something happens. */
async function after(happens: (one: Person) => Promise<unknown>) {
  const one = await person()
  const found = {
    kind: 'known',
    id: { value: `E-${one.number}`, authority: EAST },
    told: { ...told, id: one.xad },
  } as const
  if ((await tell(one, found)) !== 'kept') throw new Error('not kept')
  await happens(one)
  return endings(one)
}

t.test(
  'correlations end when the person is another one: merge, unlink, birth date; not when the address is',
  async (t) => {
    const described = (change: string) => (one: Person) =>
      pool.query(
        `update identity.identifier set demographics = demographics || $2, updated_at = now() where domain = '2.25.200' and person_key = $1`,
        [one.key, change],
      )
    const about = 'what is known of the person changed'
    t.same(await after(described('{"addresses": [{"text": "別の県"}]}')), ['theirs: null', 'ours: null'])
    t.same(await after(described('{"birthTime": "19700201"}')), [`theirs: ${about}`, 'ours: null'])
    t.same(await after(described('{"names": [{"representation": "IDE", "family": "別", "given": "花子"}]}')), [
      `theirs: ${about}`,
      'ours: null',
    ])
    const numbers = 'numbers of the person changed'
    const moved = async (one: Person, column: string) => {
      const other = await person()
      await pool.query(`update identity.identifier set second = true, person_key = $2 where ${column} = $1`, [
        column === 'person_key' ? one.key : one.number,
        other.key,
      ])
    }
    t.same(
      await after((one) => moved(one, 'value')),
      [`theirs: ${numbers}`, `ours: ${numbers}`],
      'a record was unlinked: perhaps it was the one that the community meant',
    )
    const joined = async (one: Person) => {
      const other = await person()
      await pool.query(`update identity.identifier set second = true, person_key = $2 where value = $1`, [
        other.number,
        one.key,
      ])
    }
    t.same(await after(joined), [`theirs: ${numbers}`, 'ours: null'], 'a record joined')
    const bare = async (one: Person) => {
      await pool.query(`insert into identity.identifier (domain, value, person_key) values ('2.25.301', $1, $2)`, [
        `B-${one.number}`,
        one.key,
      ])
      await pool.query(`update identity.identifier set person_key = $2 where value = $1`, [
        `B-${one.number}`,
        (await person()).key,
      ])
    }
    t.same(await after(bare), [`theirs: ${numbers}`, 'ours: null'], 'a number that describes nobody was unlinked')
    t.same(
      await after((one) => moved(one, 'person_key')),
      [`theirs: ${numbers}`, `ours: ${numbers}`],
      'all of them went over',
    )
    const obsolete = (one: Person) =>
      pool.query(`update identity.identifier set status = 'obsolete' where value = $1`, [one.xad.value])
    t.same(await after(obsolete), [`theirs: ${numbers}`, `ours: ${numbers}`], 'the id that was told stands for nobody')
  },
)

t.test('correlations end with the consent, an objection, the support, the terms', async (t) => {
  const withdraw = ({ key }: Person) =>
    pool.query(`update access.consent set withdrawn_at = now() where person_key = $1 and evidence is null`, [key])
  const consent = (columns: string, values: string) => (one: Person) =>
    pool.query(
      `insert into access.consent (person_key, kind, recorded_by, evidence${columns}) values ($1, 'comprehensive', 'test', 'x'${values})`,
      [one.key],
    )
  const withdrawn = ['theirs: consent withdrawn', 'ours: consent withdrawn']
  t.same(await after(withdraw), withdrawn)
  t.same(
    await after(async (one) => {
      await consent(', shares_with_communities', ', true')(one)
      await withdraw(one)
    }),
    ['theirs: null', 'ours: null'],
    'another consent for sharing stands',
  )
  t.same(await after(consent(', excluded_facilities', `, '{east}'`)), withdrawn)
  t.same(await after(consent(', excluded_facilities', `, '{south}'`)), ['theirs: null', 'ours: null'])
  const stop = (one: Person) =>
    pool.query(`insert into access.support_stop (person_key, stopped_by, reason) values ($1, 'test', 'x')`, [one.key])
  t.same(await after(stop), ['theirs: support stopped', 'ours: support stopped'])
  const terms = (change: string) => () => pool.query(`update access.partner set ${change} where facility_id = 'east'`)
  const changed = 'the terms with the community changed'
  t.same(await after(terms(`query_url = 'https://east/other'`)), ['theirs: null', 'ours: null'])
  t.same(await after(terms(`status = 'paused'`)), [`theirs: ${changed}`, 'ours: null'])
  const one = await person()
  t.equal(await tell(one, known('E-7')), 'stale', 'nothing is learned of one that is paused')
  await pool.query(`update access.partner set status = 'active'`)
  t.same(await after(terms(`community = '2.25.9104'`)), [`theirs: ${changed}`, `ours: ${changed}`])
  await pool.query(`update access.partner set identity = 'none' where facility_id = 'east'`)
})

t.test(
  '3.55.4.2: an answer of ours waits for a change of the person that is under way, and does not stand in its way',
  async (t) => {
    const one = await person()
    const answer = () =>
      keepCorrelated(pool, {
        person: one.key,
        facilityId: 'south',
        exchangeId: randomUUID(),
        ours: { id: one.xad, home: '2.25.9101' as Oid, forSeconds: 3600 },
      })
    await answer()
    const client = await pool.connect()
    await client.query('begin')
    await client.query('select from identity.person where person_key = $1 for update', [one.key])
    const answered = answer()
    const isWaiting = async () =>
      (await pool.query(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`))
        .rows.length > 0
    while (!(await isWaiting())) await new Promise((resolve) => setImmediate(resolve))
    await client.query(`update identity.identifier set status = 'obsolete' where person_key = $1`, [one.key])
    await client.query('commit')
    client.release()
    await t.resolves(answered)
  },
)

t.test('what a query asks is found by indexes among many persons (3.18.4.1.3)', async (t) => {
  await pool.query(`
    insert into identity.person select from generate_series(1, 20000);
    insert into identity.identifier (domain, value, person_key)
      select '${XAD}', 'P' || person_key, person_key from identity.person p
      where not exists (select from identity.identifier i where i.person_key = p.person_key);
    insert into identity.correlation (facility_id, person_key, side, home, domain, value, exchange_id, expires_at)
      select 'south', person_key, 'theirs', '2.25.9103', '2.25.302', 'S' || person_key, gen_random_uuid(), now() + interval '1 day'
      from identity.identifier where value like 'P%';
    analyze identity.person; analyze identity.identifier; analyze identity.correlation; analyze access.consent`)
  const plans: Node[] = []
  const asked = explaining(pool, plans)
  const { rows } = await pool.query(
    `select value from identity.identifier where value like 'P%' order by random() limit 1`,
  )
  const patientId = { value: rows[0].value, authority: XAD }
  t.equal((await numbersElsewhere(asked, { patientId, facilityId: 'clinic' })).length, 1)
  const ids = [{ value: `S${patientId.value.slice(1)}`, authority: '2.25.302' as Oid }]
  t.equal((await numbersOf(asked, { community: 'south', ids, facilityId: 'clinic' })).length, 1)
  await undiscovered(asked, { patientId, facilityId: 'clinic', communities: ['east', 'south'], isAnew: false })
  t.equal(plans.length, 3)
  const many = new Set(['person', 'identifier', 'correlation', 'consent'])
  for (const plan of plans) {
    t.same(
      scannedTables(plan).filter((table) => many.has(table)),
      [],
      'none of them is read from end to end',
    )
    t.ok(rowsRead(plan) < 200, `${rowsRead(plan)} rows are looked at`)
  }
})
