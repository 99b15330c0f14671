// Records of before matching get their features beside the running server, so that later feeds find them (ITI TF-2 3.44.4.1.3).

import t from 'tap'
import { fillMatchFeatures } from '../../src/db/identity/match-fill.ts'
import { feedAdd } from '../../src/identity/feed.ts'
import { fold } from '../../src/identity/match.ts'
import { FOLD_VERSION } from '../../src/identity/matching/features.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import { registerDomain, registerPerson } from '../../src/identity/registration.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { LocatedPatientId } from '../../src/model/identity-feed.ts'
import type { Demographics } from '../../src/model/person.ts'
import { AFFINITY, callerOf, DOMAIN_A, DOMAIN_B, feedOf, HANA, idIn, oid, TESTER } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'
import { identityOn } from './identity-on-postgres.ts'
import { violations } from './soundness.ts'

const INSURER = oid('2.25.9999.5')
const pool = await openDatabase(t, 8)
const policy = { ...DEFAULT_POLICY, mode: 'auto', personalIdentifiers: [INSURER] } as const
const ports = identityOn(pool, { policy, model: DEFAULT_MODEL, version: '0' })
await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, ports)
await registerDomain({ oid: DOMAIN_A, name: 'HOSPITAL-A', kind: 'facility', facilityId: 'hospital-a' }, ports)
await registerDomain({ oid: DOMAIN_B, name: 'CLINIC-B', kind: 'facility', facilityId: 'clinic-b' }, ports)
const { signal } = new AbortController()

const TAKESHI: Demographics = {
  names: [
    { representation: 'IDE', family: '長谷川', given: '武' },
    { representation: 'SYL', family: 'ハセガワ', given: 'タケシ' },
  ],
  sex: 'M',
  birthTime: '19481103',
  addresses: [{ postalCode: '987-6543', text: '架空県例示町字北8-2' }],
  telecoms: ['tel:090-0000-8273'],
}
const NAOTO: Demographics = {
  names: [
    { representation: 'IDE', family: '黒木', given: '直人' },
    { representation: 'SYL', family: 'クロキ', given: 'ナオト' },
  ],
  sex: 'M',
  birthTime: '19750628',
  addresses: [{ postalCode: '912-3456', text: '架空県仮想村大字東31-4' }],
  telecoms: ['tel:090-0000-5519'],
}

interface Fed {
  readonly id: PatientId
  readonly demographics: Demographics
  readonly otherIds?: readonly LocatedPatientId[]
}

async function feed({ id, ...fields }: Fed): Promise<PatientId> {
  const isApart = id.authority === TESTER
  const facility = id.authority === DOMAIN_A ? 'hospital-a' : 'clinic-b'
  const caller = isApart ? callerOf('tester', TESTER) : callerOf(facility)
  const { answer } = await feedAdd(feedOf([id], fields), caller, ports)
  t.equal(answer.code, 'CA')
  return id
}

async function personOf({ authority, value }: PatientId): Promise<string> {
  const { rows } = await pool.query('select person_key from identity.identifier where domain = $1 and value = $2', [
    authority,
    value,
  ])
  return rows[0].person_key
}

/** As migration 0013 found it. */
async function forgetFeatures(): Promise<void> {
  await pool.query('truncate identity.match_record, identity.match_key, identity.match_fill')
}

/** As a program of another folding left it. */
async function becomeOlder(): Promise<void> {
  await pool.query(
    `update identity.match_record set version = ${FOLD_VERSION - 1}, features = features || '{"names": []}', keys = '{7}'`,
  )
  await pool.query('truncate identity.match_key')
  await pool.query('insert into identity.match_key select 7, record_id from identity.match_record')
  await pool.query(`update identity.match_fill set version = ${FOLD_VERSION - 1}`)
}

/** Numbers that take part in matching. */
async function compared(): Promise<readonly string[]> {
  const { rows } = await pool.query<{ value: string }>(
    `select i.value from identity.identifier i join identity.match_record m using (record_id)
     where m.version = ${FOLD_VERSION} and m.features->'names' <> '[]' order by i.value`,
  )
  return rows.map(({ value }) => value)
}

t.beforeEach(async () => {
  await pool.query('truncate identity.identifier, identity.match_record, identity.match_key, identity.match_fill')
})

t.test(
  'a name or address that is cut within a character of two halves (𠮷 of JIS X 0213) is compared all the same',
  async (t) => {
    // Cut at 200 units of UTF-16, behind the first half: no JSON of the database holds that.
    const long = `${'架'.repeat(199)}𠮷田`
    const written = {
      names: [{ representation: 'IDE', family: long, given: '武' }],
      mother: [{ representation: 'IDE', family: '武', given: long }],
      addresses: [{ text: long }],
    } as const
    const id = await feed({ id: idIn(DOMAIN_A, 'A1'), demographics: { ...TAKESHI, ...written } })
    const after = await feed({ id: idIn(DOMAIN_A, 'A2'), demographics: HANA })
    await forgetFeatures()
    t.equal(await fillMatchFeatures(pool, signal), 2, 'neither it nor what comes after it is left out')
    t.same(await compared(), [id.value, after.value])
  },
)

t.test(
  '3.44.4.1.3: a feed joins the record that was there before matching; the fill itself links nobody',
  async (t) => {
    const old = await feed({ id: idIn(DOMAIN_A, 'A1'), demographics: HANA })
    await forgetFeatures()
    const twin = await feed({ id: idIn(DOMAIN_B, 'B1'), demographics: HANA })
    t.not(await personOf(twin), await personOf(old), 'without features nobody is found')
    await forgetFeatures()
    const other = await feed({ id: idIn(DOMAIN_A, 'A2'), demographics: TAKESHI })
    await forgetFeatures()

    const filled = await Promise.all([fillMatchFeatures(pool, signal), fillMatchFeatures(pool, signal)])
    t.equal(Math.max(...filled), 3)
    t.strictSame(await compared(), ['A1', 'A2', 'B1'], 'the copy that an affinity domain id carries is no record')
    t.not(await personOf(twin), await personOf(old))
    t.equal(await personOf(await feed({ id: idIn(DOMAIN_B, 'B2'), demographics: TAKESHI })), await personOf(other))
    t.equal(await fillMatchFeatures(pool, signal), 0, 'nothing is left to do')
    t.strictSame(await violations(pool), [])
  },
)

t.test('whom staff registered is found, also once a hospital described them; a copy never', async (t) => {
  const staff = { by: 'registrar', peer: '127.0.0.1:5000' }
  const { xad } = await registerPerson({ demographics: HANA, ...staff }, ports)
  await feed({ id: idIn(DOMAIN_A, 'A1'), demographics: HANA })
  const moved = await feed({ id: idIn(DOMAIN_A, 'A2'), demographics: TAKESHI })
  const { rows } = await pool.query('insert into identity.person default values returning person_key')
  await pool.query('update identity.identifier set person_key = $1 where value = $2', [rows[0].person_key, moved.value])
  await forgetFeatures()
  t.equal(await fillMatchFeatures(pool, signal), 3)
  t.strictSame(await compared(), [xad.value, 'A1', 'A2'].sort(), 'not the id that its number left behind')
})

t.test('features of another version are made anew, with the ids of persons that came with the record', async (t) => {
  const otherIds = [{ id: idIn(INSURER, '83920174'), at: '/PRPA_IN201301UV02' }] as const
  const old = await feed({ id: idIn(DOMAIN_A, 'A1'), demographics: HANA, otherIds })
  const before = await features()
  await fillMatchFeatures(pool, signal)
  t.strictSame(await features(), before)
  await becomeOlder()
  t.equal(await fillMatchFeatures(pool, signal), 1)
  t.strictSame(await features(), before)
  t.match(before, [{ features: { identifiers: [`${INSURER}|83920174`] } }])
  t.equal(await personOf(await feed({ id: idIn(DOMAIN_B, 'B1'), demographics: HANA })), await personOf(old))
  t.strictSame(await violations(pool), [])
})

async function features(): Promise<readonly unknown[]> {
  const { rows } = await pool.query('select version, features, keys from identity.match_record order by record_id')
  return rows
}

t.test('a system set apart stays out, and so do numbers that stand for nobody any more', async (t) => {
  await feed({ id: idIn(TESTER, 'APART'), demographics: HANA })
  const gone = await feed({ id: idIn(DOMAIN_A, 'GONE'), demographics: TAKESHI })
  await pool.query(`update identity.identifier set status = 'obsolete' where value = $1`, [gone.value])
  await forgetFeatures()
  t.equal(await fillMatchFeatures(pool, signal), 0)
  t.strictSame(await compared(), [])
})

t.test('what a source says meanwhile is kept; a server that stops leaves the rest to the next', async (t) => {
  for (const [value, demographics] of [
    ['A1', HANA],
    ['A2', TAKESHI],
    ['A3', HANA],
  ] as const)
    await feed({ id: idIn(DOMAIN_A, value), demographics })
  await forgetFeatures()
  const stopping = new AbortController()
  const filling = await ports.store.inTransaction(async (tx) => {
    const id = idIn(DOMAIN_A, 'A2')
    await tx.lockIdentifiers([id])
    const filling = fillMatchFeatures(pool, stopping.signal)
    await someoneWaits()
    stopping.abort()
    await tx.replaceDemographics({
      id,
      demographics: NAOTO,
      features: fold({ demographics: NAOTO, identifiers: [] }),
    })
    return { filling }
  })
  t.equal(await filling.filling, 1)
  t.strictSame(await compared(), ['A1', 'A2'])
  const { rows } = await pool.query<{ families: string }>(
    `select m.features->'names' as families from identity.match_record m join identity.identifier i using (record_id) where i.value = 'A2'`,
  )
  t.strictSame(rows[0]?.families, fold({ demographics: NAOTO, identifiers: [] }).features.names)
  t.equal(await fillMatchFeatures(pool, signal), 1)
  t.strictSame(await compared(), ['A1', 'A2', 'A3'])
  t.strictSame(await violations(pool), [])
})

async function someoneWaits(): Promise<void> {
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    and query like '%record_id = $1 for update%'`
  while ((await pool.query(waiting)).rowCount === 0);
}
