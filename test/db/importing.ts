// One network in a database of its own for tests of the bulk import: feeds and imports on the same store, and who is one person.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import type { Test } from 'tap'
import { hospitals, people } from '../../src/cli/bench/people/people.ts'
import { fragmentForm } from '../../src/codec/ebxml/registry-object.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { takeClaim } from '../../src/db/idempotency.ts'
import { createBulkStore } from '../../src/db/identity/transfer.ts'
import { createIdentityStore, type ExchangeWriter } from '../../src/db/identity-store.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createPool } from '../../src/db/pool.ts'
import { feedAdd } from '../../src/identity/feed.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import type { IdentityPorts, Matching } from '../../src/identity/ports.ts'
import { registerDomain } from '../../src/identity/registration.ts'
import { type ImportLine, type ImportProgress, importPatients } from '../../src/identity/transfer/import.ts'
import type { TransferPorts } from '../../src/identity/transfer/ports.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import type { PersonRecord } from '../../src/model/person-record.ts'
import { AFFINITY, callerOf, feedOf } from '../identity/in-memory.ts'

const POOL_SIZE = 24
const matching: Matching = { policy: { ...DEFAULT_POLICY, mode: 'auto' }, model: DEFAULT_MODEL, version: '0' }
const exchange: ExchangeWriter = {
  claim: takeClaim,
  record: async () => {},
  announce: async () => {},
  ...fragmentForm,
}

export interface Imported extends Omit<PersonRecord, 'demographics'> {
  readonly demographics: Demographics
}

/** Records of invented people, each hospital's together as it would send them. */
export function recordsOf(seed: number, persons: number): readonly Imported[] {
  const records = [...people(seed, persons)].map(({ domain, value, demographics }) => ({
    id: { value, authority: domain },
    demographics,
  }))
  return hospitals.flatMap((hospital) => records.filter(({ id }) => id.authority === hospital))
}

/** Empty databases with our schema, in one PostgreSQL. Stopped and removed when the test ends. */
export async function openDatabases(t: Test): Promise<() => Promise<pg.Pool>> {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-import-'))
  const postgres = await startEmbeddedPostgres({ directory })
  const pools = [createPool(postgres.connection, 1)]
  t.teardown(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await postgres.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return async () => {
    const database = `index_${pools.length}`
    await pools[0]?.query(`create database ${database}`)
    const connection = { ...postgres.connection, database }
    await migrate(connection, { log: () => {} })
    const pool = createPool(connection, POOL_SIZE)
    pools.push(pool)
    return pool
  }
}

/** The hospitals' domains and the affinity domain are registered. */
export async function openIndex(pool: pg.Pool) {
  const identity: IdentityPorts = {
    store: createIdentityStore(pool, exchange),
    affinityDomain: AFFINITY,
    takes: 'every domain',
    matching: () => matching,
  }
  const ports: TransferPorts = {
    store: createBulkStore(pool, exchange),
    affinityDomain: AFFINITY,
    matching: () => matching,
  }
  await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, identity)
  for (const hospital of hospitals)
    await registerDomain(
      { oid: hospital, name: hospital, kind: 'facility', facilityId: facilityOf(hospital) },
      identity,
    )
  return {
    ports,
    identity,
    feed: ({ id, demographics }: Imported) =>
      feedAdd(feedOf([id], { demographics }), callerOf(facilityOf(id.authority)), identity),
    /** In batches of `size`; the last progress. */
    take: async (records: readonly PersonRecord[], size: number, isDryRun = false): Promise<ImportProgress> => {
      let last: ImportProgress | undefined
      const context = { ports, importId: 'test', by: 'staff', peer: '127.0.0.1:1', isDryRun }
      for await (const progress of importPatients(batches(records, size), context)) last = progress
      if (last === undefined) throw new Error('nothing was imported')
      return last
    },
    /** The numbers of each person, and how each came to it. */
    persons: () => personsIn(pool),
    rows: () => rowsIn(pool),
  }
}

function facilityOf(domain: Oid): string {
  return `hospital-${hospitals.indexOf(domain)}`
}

async function* batches(records: readonly PersonRecord[], size: number): AsyncGenerator<readonly ImportLine[]> {
  const lines = records.map((record, index) => ({ line: index + 1, record }))
  for (let at = 0; at < lines.length; at += size) yield lines.slice(at, at + size)
}

/** Without the affinity domain's ids, which are made by chance. */
async function personsIn(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ person: string }>(
    `select string_agg(domain || ' ' || value || ' ' || link, ', ' order by domain, value) as person
     from identity.identifier where domain <> $1 and status = 'active' group by person_key`,
    [AFFINITY],
  )
  return rows.map(({ person }) => person).sort()
}

/** Questions as numbers, reasons and scores. */
export async function questionsIn(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ question: string }>(
    `select least(a.domain || a.value, b.domain || b.value) || ' ' || greatest(a.domain || a.value, b.domain || b.value)
       || ' ' || r.reason || ' ' || round(r.score::numeric, 3) as question
     from identity.review_item r join identity.identifier a on a.record_id = r.record_a
     join identity.identifier b on b.record_id = r.record_b`,
  )
  return rows.map(({ question }) => question).sort()
}

const TABLES = [
  'person',
  'identifier',
  'identifier_history',
  'match_record',
  'match_key',
  'search_key',
  'review_item',
] as const

async function rowsIn(pool: pg.Pool): Promise<Readonly<Record<string, number>>> {
  const counts = await Promise.all(
    TABLES.map(async (table) => [
      table,
      (await pool.query(`select count(*)::int as n from identity.${table}`)).rows[0].n,
    ]),
  )
  return Object.fromEntries(counts)
}
