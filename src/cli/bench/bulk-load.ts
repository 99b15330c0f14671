// Rows of very many submissions by few statements: each is a copy of one really registered, its ids replaced where they stand.

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { SubmissionIds } from './messages.ts'
import { bare, type RowPatient } from './replay.ts'

/** The patient and the submission whose rows are copied. */
export interface Template {
  readonly patient: RowPatient
  readonly ids: SubmissionIds
}

/** One document row (36 KiB) in so many submissions. */
const SUBMISSIONS_A_DOCUMENT = 1000
const FIRST_LOCAL_ID = 1_000_000

/** Patients and their submissions loaded so far; made once, every load adds to it. */
export interface BulkLoader {
  readonly load: (given: { readonly patients: number; readonly entriesEach: number }) => Promise<readonly RowPatient[]>
  /** A load that is at work fails at once. */
  readonly stop: () => Promise<void>
}

export function createBulkLoader(pool: pg.Pool, template: Template): BulkLoader {
  let loaded = 0
  let backend: string | undefined
  return {
    load: async ({ patients, entriesEach }) => {
      const client = await pool.connect()
      try {
        backend = (await client.query<{ readonly pid: string }>('select pg_backend_pid()::text as pid')).rows[0]?.pid
        await client.query('set statement_timeout = 0')
        const range = { first: loaded + 1, last: loaded + patients }
        await inTransaction(client, () => addPatients(client, template, range))
        // One document of each patient after the other: what one patient has lies as scattered as after years of work.
        for (let count = 0; count < entriesEach; count++)
          await inTransaction(client, () => addSubmissions(client, template, range))
        loaded = range.last
        await settle(client, pool)
        return (await client.query<RowPatient>(PATIENTS, [range.first, range.last])).rows
      } finally {
        backend = undefined
        // Its settings are not those of the pool.
        client.release(true)
      }
    },
    stop: async () => {
      if (backend !== undefined) await pool.query('select pg_terminate_backend($1)', [backend])
    },
  }
}

interface Range {
  readonly first: number
  readonly last: number
}

async function inTransaction(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('begin')
  try {
    await work()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

const PATIENTS = `select person_key::text as "personKey", xad, local_id as "localId" from bench.patient where number between $1 and $2`

/** Ten characters like ours: numbered, so that none comes twice, and not in the order of their numbers. */
const ADD_PERSONS = `
  with made as (
    insert into identity.person (created_at) select now() from generate_series($1::bigint, $2) returning person_key)
  insert into bench.patient (number, person_key, xad, local_id)
  select n, person_key, substr(upper(md5(random()::text)), 1, 4) || lpad(n::text, 6, '0'), lpad((n + ${FIRST_LOCAL_ID})::text, 10, '0')
  from (select person_key, $1::bigint - 1 + row_number() over () as n from made) numbered`

async function addPatients(client: pg.ClientBase, { patient }: Template, range: Range): Promise<void> {
  await client.query('create schema if not exists bench')
  await client.query(`create table if not exists bench.patient
    (number bigint primary key, person_key bigint not null, xad text not null, local_id text not null)`)
  await client.query(ADD_PERSONS, [range.first, range.last])
  const from = `bench.patient where number between ${range.first} and ${range.last}`
  for (const table of ['identity.identifier', 'identity.identifier_history', 'access.consent'])
    await copy(client, { table, rows: `person_key = ${patient.personKey}`, from, replaced: patientValues(patient) })
}

function patientValues({ xad, localId }: RowPatient): readonly Replacement[] {
  return [
    { value: xad, by: 'n.xad' },
    { value: localId, by: 'n.local_id' },
  ]
}

const digits = (count: number): string => `lpad(trunc(random() * 1e${count})::bigint::text, ${count}, '0')`
/** 39 digits, as most OIDs made from a UUID have. */
const OID = `'2.25.1' || ${digits(13)} || ${digits(13)} || ${digits(12)}`

const FRESH = `create temporary table fresh on commit drop as
  select number, person_key, xad, local_id, gen_random_uuid() as message, gen_random_uuid() as exchange, gen_random_uuid() as entry,
         gen_random_uuid() as submission, gen_random_uuid() as association, ${OID} as entry_oid, ${OID} as submission_oid
  from bench.patient where number between `

async function addSubmissions(client: pg.ClientBase, { patient, ids }: Template, range: Range): Promise<void> {
  await client.query(`${FRESH} ${range.first} and ${range.last}`)
  const message = pg.escapeLiteral(ids.messageId)
  const exchange = `select exchange_id from journal.exchange where message_id = ${message}`
  const found = await client.query<{ readonly exchange_id: string }>(exchange)
  const replaced = [
    ...patientValues(patient),
    { value: found.rows[0]?.exchange_id ?? '', by: 'n.exchange::text' },
    { value: bare(ids.messageId), by: 'n.message::text' },
    { value: bare(ids.entryUuid), by: 'n.entry::text' },
    { value: bare(ids.setUuid), by: 'n.submission::text' },
    { value: bare(ids.associationUuid), by: 'n.association::text' },
    { value: ids.entryUniqueId, by: 'n.entry_oid' },
    { value: ids.setUniqueId, by: 'n.submission_oid' },
  ]
  const [entry, set] = [pg.escapeLiteral(ids.entryUniqueId), pg.escapeLiteral(ids.setUniqueId)]
  const copies: readonly Pick<Copy, 'table' | 'rows' | 'from'>[] = [
    { table: 'registry.unique_id', rows: `unique_id in (${entry}, ${set})`, from: 'fresh' },
    { table: 'registry.submission_set', rows: `entry_uuid = '${bare(ids.setUuid)}'`, from: 'fresh' },
    { table: 'registry.document_entry', rows: `entry_uuid = '${bare(ids.entryUuid)}'`, from: 'fresh' },
    { table: 'registry.association', rows: `association_uuid = '${bare(ids.associationUuid)}'`, from: 'fresh' },
    {
      table: 'repository.document',
      rows: `unique_id = ${entry}`,
      from: `fresh where number % ${SUBMISSIONS_A_DOCUMENT} = 0`,
    },
    { table: 'journal.idempotency', rows: `key = ${message}`, from: 'fresh' },
    { table: 'journal.exchange', rows: `message_id = ${message}`, from: 'fresh' },
    { table: 'audit.event', rows: `exchange_id = (${exchange})`, from: 'fresh' },
  ]
  for (const one of copies) await copy(client, { ...one, replaced })
}

interface Replacement {
  /** As it stands in the template's rows. */
  readonly value: string
  /** SQL over the numbered row `n`. */
  readonly by: string
}

interface Copy {
  readonly table: string
  /** Which rows of the table are the template. */
  readonly rows: string
  /** The numbered rows, a copy for each. */
  readonly from: string
  readonly replaced: readonly Replacement[]
}

interface Column {
  readonly name: string
  readonly type: string
}

/** As many copies of the template's rows as there are numbered ones; columns that a later migration adds are copied like the others. */
async function copy(client: pg.ClientBase, { table, rows, from, replaced }: Copy): Promise<void> {
  const columns = (await client.query<Column>(COLUMNS, [table])).rows
  const found = await client.query<{ readonly row: object }>(`select to_jsonb(t) as row from ${table} t where ${rows}`)
  if (found.rows.length === 0) throw new Error(`the template has no row in ${table}`)
  const expressions = columns.map((column) =>
    expressionOf(column, { templates: found.rows.map(({ row }) => row), replaced }),
  )
  const names = columns.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
  await client.query(`
    insert into ${table} (${names})
    with t as materialized (select * from ${table} where ${rows}), n as materialized (select * from ${from})
    select ${expressions.join(', ')} from n cross join t`)
}

/** Columns that are given values: not those that number themselves or are made up anew for each row. */
const COLUMNS = `
  select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
  where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''
    and not exists (select from pg_attrdef d where d.adrelid = attrelid and d.adnum = attnum
                      and pg_get_expr(d.adbin, d.adrelid) ~ '(nextval|gen_random_uuid)\\(') order by attnum`

function expressionOf(
  { name, type }: Column,
  given: { readonly templates: readonly object[]; readonly replaced: readonly Replacement[] },
): string {
  if (name === 'person_key') return 'n.person_key'
  const text = JSON.stringify(given.templates.map((row) => (row as Record<string, unknown>)[name]))
  const column = `t.${pg.escapeIdentifier(name)}`
  const standing = given.replaced.filter(({ value }) => text.includes(value))
  if (standing.length === 0) return column
  const renewed = standing.reduce(
    (sql, { value, by }) => `replace(${sql}, ${pg.escapeLiteral(value)}, ${by})`,
    `${column}::text`,
  )
  return `(${renewed})::${type}`
}

const TABLES = [
  'identity.person',
  'identity.identifier',
  'access.consent',
  'registry.unique_id',
  'registry.submission_set',
  'registry.document_entry',
  'registry.association',
  'repository.document',
  'journal.idempotency',
  'journal.exchange',
  'audit.event',
  'bench.patient',
]

/** By ITI-18 FindDocuments. */
const QUERIED = ['access.consent', 'identity.identifier', 'registry.document_entry']

const PERSON_TABLES = ['person', 'identifier', 'identifier_history', 'match_record', 'match_key', 'review_item']

/** Everyone imported agrees to be seen, and the database has done what it would do some time later. */
export async function settlePersons(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('set statement_timeout = 0')
    await client.query(`insert into access.consent (person_key, kind, recorded_by)
      select person_key, 'comprehensive', 'bench' from identity.person p
      where not exists (select from access.consent c where c.person_key = p.person_key)`)
    await client.query(
      `vacuum (analyze) ${[...PERSON_TABLES.map((table) => `identity.${table}`), 'access.consent'].join(', ')}`,
    )
    await client.query('checkpoint')
  } finally {
    client.release(true)
  }
}

/** A million events take minutes. */
const SEALED_WITHIN_MS = 20 * 60_000
const POLL_MS = 20

/** Waits until the events are sealed, which a server does after its answers. */
export async function untilSealed(pool: pg.Pool, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs
  while (performance.now() < end) {
    const { rows } = await pool.query<{ some: boolean }>('select exists (select from audit.unsealed) as some')
    if (rows[0]?.some === false) return
    await delay(POLL_MS)
  }
}

/** What server and database would do by themselves some time later, in the middle of a measurement. */
async function settle(client: pg.ClientBase, pool: pg.Pool): Promise<void> {
  await untilSealed(pool, SEALED_WITHIN_MS)
  await client.query(`vacuum (analyze) ${TABLES.join(', ')}`)
  await client.query('checkpoint')
  await warm(client)
}

/** What queries read is in memory, as after hours of use: how fast pages come from a disk is not what is measured. */
async function warm(client: pg.ClientBase): Promise<void> {
  await client.query('create extension if not exists pg_prewarm')
  await client.query(
    `select pg_prewarm(c.oid) from pg_class c
    where c.oid = any ($1::regclass[]) or c.oid in (select indexrelid from pg_index where indrelid = any ($1::regclass[]))`,
    [QUERIED],
  )
}
