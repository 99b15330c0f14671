// The identity store on a real PostgreSQL: concurrent feeds, history and rollback (ITI TF-2 3.44.4.1.3; design §3).

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { fragmentForm } from '../../src/codec/ebxml/registry-object.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { completeClaim, takeClaim } from '../../src/db/idempotency.ts'
import { createCorrespondence } from '../../src/db/identity/correspondence.ts'
import { createIdentityStore, type ExchangeWriter } from '../../src/db/identity-store.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createPool } from '../../src/db/pool.ts'
import { feedAdd, feedRevise } from '../../src/identity/feed.ts'
import { linkRecord, unlinkRecord } from '../../src/identity/linking.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import { pixQuery } from '../../src/identity/pix-manager.ts'
import type { IdentityPorts, PixQueryPorts } from '../../src/identity/ports.ts'
import { findPersons, registerDomain } from '../../src/identity/registration.ts'
import { AFFINITY, callerOf, DOMAIN_A, DOMAIN_B, feedOf, idIn, queryOf, UNKNOWN } from '../identity/in-memory.ts'

const directory = await mkdtemp(join(tmpdir(), 'identity-store-'))
const postgres = await startEmbeddedPostgres({ directory })
const pool = createPool(postgres.connection, 20)
t.teardown(async () => {
  await pool.end()
  await postgres.stop()
  await rm(directory, { recursive: true, force: true })
})
await migrate(postgres.connection)

let recorded = 0
const exchange: ExchangeWriter = {
  claim: takeClaim,
  async record(client, { answered }) {
    recorded += 1
    await completeClaim(client, answered.claim, answered.response)
  },
  announce: async () => {},
  ...fragmentForm,
}
const ports: IdentityPorts & PixQueryPorts = {
  store: createIdentityStore(pool, exchange),
  affinityDomain: AFFINITY,
  takes: 'every domain',
  matching: () => ({ policy: { ...DEFAULT_POLICY, mode: 'off' }, model: DEFAULT_MODEL, version: '1' }),
  correspondence: createCorrespondence(pool, () => new Set([AFFINITY, DOMAIN_A, DOMAIN_B])),
}
const hospital = callerOf('hospital-a')
const clinic = callerOf('clinic-b')
await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, ports)
await registerDomain({ oid: DOMAIN_A, name: 'HOSPITAL-A', kind: 'facility', facilityId: 'hospital-a' }, ports)
await registerDomain({ oid: DOMAIN_B, name: 'CLINIC-B', kind: 'facility', facilityId: 'clinic-b' }, ports)
const count = async (table: string) => (await pool.query(`select count(*)::int as n from identity.${table}`)).rows[0].n

t.test('3.44.4.1.3: the same new id on twenty connections at once makes one record and one person', async (t) => {
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => feedAdd(feedOf([idIn(DOMAIN_A, 'C1')]), hospital, ports)),
  )
  t.ok(outcomes.every((outcome) => outcome.answer.code === 'CA'))
  t.equal(recorded, 20)
  t.equal(await count('person'), 1)
  t.equal(await count('identifier'), 2)
  t.equal(await count('identifier_history'), 2)
})

t.test('3.44.4.1.3: twenty copies of one message give one acknowledgement', async (t) => {
  const feed = feedOf([idIn(DOMAIN_A, 'C2'), idIn(UNKNOWN, '1')])
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => feedAdd(feed, hospital, ports)))
  t.equal(new Set(outcomes.map((outcome) => JSON.stringify(outcome.answer.details.map(({ code }) => code)))).size, 1)
  t.equal(outcomes.filter((outcome) => outcome.recorded).length, 1)
})

t.test('3.44.4.1.3: a refused feed leaves nothing behind', async (t) => {
  const before = [await count('person'), await count('identifier'), await count('identifier_history')]
  const refused = await feedAdd(feedOf([idIn(DOMAIN_B, 'C3')]), hospital, ports)
  t.equal(refused.answer.code, 'CE')
  t.strictSame([await count('person'), await count('identifier'), await count('identifier_history')], before)
})

t.test(
  '3.44.4.2.3, 3.45.4.1.3: revise, link, query, unlink; history keeps every step and cannot be changed',
  async (t) => {
    const id = idIn(DOMAIN_B, 'B1')
    await feedAdd(feedOf([id]), clinic, ports)
    await feedRevise(feedOf([id], { kind: 'revise' }), clinic, ports)
    const [person] = await findPersons({ value: 'C1', domain: DOMAIN_A }, ports)
    const change = await linkRecord(
      {
        domain: DOMAIN_B,
        value: 'B1',
        person: person?.xad ?? '',
        by: 'registrar',
        peer: '127.0.0.1:1',
        reason: 'sheet',
      },
      ports,
    )
    t.equal(change.obsolete?.authority, AFFINITY)
    const outcome = await pixQuery(queryOf(idIn(DOMAIN_A, 'C1'), [DOMAIN_B]), hospital, ports)
    t.match(outcome.answer, { kind: 'found', ids: [{ id, authorityName: 'CLINIC-B' }] })
    const unknown = await pixQuery(queryOf(idIn(DOMAIN_A, 'C1'), [UNKNOWN]), hospital, ports)
    t.match(unknown.answer, { kind: 'unknown', errors: [{ at: /dataSource\[1\]/ }] })
    await unlinkRecord(
      { domain: DOMAIN_B, value: 'B1', by: 'registrar', peer: '127.0.0.1:1', reason: 'mistake' },
      ports,
    )
    const { rows } = await pool.query(
      'select event from identity.identifier_history where value = $1 order by history_id',
      ['B1'],
    )
    t.strictSame(
      rows.map((row) => row.event),
      ['add', 'revise', 'merge', 'link', 'unlink'],
    )
    await t.rejects(pool.query('delete from identity.identifier_history'), { message: /append-only/ })
  },
)
