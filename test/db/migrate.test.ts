// Schema changes: applied once, in order, by one leader; a newer schema is refused (reliability: migration and upgrade).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { migrate, QUEUE_SCHEMA } from '../../src/db/migrate.ts'
import type { DatabaseConnection } from '../../src/db/pool.ts'

const root = mkdtempSync(join(tmpdir(), 'tsunagi-migrate-'))
const server = await startEmbeddedPostgres({ directory: join(root, 'postgres') })
t.teardown(async () => {
  await server.stop()
  rmSync(root, { recursive: true, force: true })
})

async function run<T>(connection: DatabaseConnection, statement: string): Promise<readonly T[]> {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    return (await client.query(statement)).rows as T[]
  } finally {
    await client.end()
  }
}

async function freshDatabase(name: string): Promise<DatabaseConnection> {
  await run(server.connection, `create database ${name}`)
  return { ...server.connection, database: name }
}

function folder(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(root, name)
  mkdirSync(directory, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  return directory
}

t.test('the schemas of the house are made by the files that come with the program', async (t) => {
  const connection = await freshDatabase('whole')
  const { applied } = await migrate(connection)
  t.equal(applied[0], '0001_schemas')
  const schemas = await run<{ name: string }>(connection, 'select nspname as name from pg_namespace')
  const names = schemas.map(({ name }) => name)
  for (const room of ['identity', 'access', 'registry', 'repository', 'audit', 'journal', 'jobs'])
    t.ok(names.includes(room), room)
  const queue = await run<{ id: number }>(connection, 'select max(id) as id from graphile_worker.migrations')
  t.same(queue, [{ id: QUEUE_SCHEMA }], 'that of the job queue too; a start knows it without loading the library')
})

t.test('a database whose strings read a backslash otherwise gets the same rules', async (t) => {
  const connection = await freshDatabase('backslash')
  await run(server.connection, 'alter database backslash set standard_conforming_strings to off')
  await migrate(connection)
  const rules = `select conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) as rule from pg_constraint
    where contype = 'c' and connamespace = 'access'::regnamespace order by 1`
  const read = { ...connection, options: '-c standard_conforming_strings=on' }
  t.strictSame(await run(read, rules), await run({ ...server.connection, database: 'whole' }, rules))
})

t.test('a start with nothing to do is quick and changes nothing', async (t) => {
  const connection = await freshDatabase('again')
  await migrate(connection)
  const began = performance.now()
  t.strictSame(await migrate(connection), { applied: [] })
  t.ok(performance.now() - began < 100, `${Math.round(performance.now() - began)} ms`)
})

t.test('later files are applied after earlier ones, each once', async (t) => {
  const connection = await freshDatabase('later')
  const first = { '0001_one.sql': 'create table one (id int);' }
  t.strictSame((await migrate(connection, { directory: folder('later', first) })).applied, ['0001_one'])
  const second = { ...first, '0002_two.sql': 'alter table one add column two int; create table two (id int);' }
  t.strictSame((await migrate(connection, { directory: folder('later', second) })).applied, ['0002_two'])
  t.strictSame(await run(connection, 'select id, two from one'), [])
})

t.test('a file that fails changes nothing, and the next start tries it again', async (t) => {
  const connection = await freshDatabase('failing')
  const directory = folder('failing', { '0001_bad.sql': 'create table half (id int); select 1/0;' })
  await t.rejects(migrate(connection, { directory }), /division by zero/)
  t.strictSame(await run(connection, "select to_regclass('half') as half"), [{ half: null }])
  folder('failing', { '0001_bad.sql': 'create table half (id int);' })
  t.strictSame((await migrate(connection, { directory })).applied, ['0001_bad'])
})

t.test('processes that start at the same time apply each file once', async (t) => {
  const connection = await freshDatabase('race')
  const directory = folder('race', { '0001_slow.sql': 'create table slow (id int); select pg_sleep(0.2);' })
  const results = await Promise.all([1, 2, 3].map(() => migrate(connection, { directory })))
  t.strictSame(
    results.flatMap(({ applied }) => applied),
    ['0001_slow'],
  )
})

t.test('a schema of a newer version is refused in plain words', async (t) => {
  const connection = await freshDatabase('newer')
  await migrate(connection, {
    directory: folder('newer', { '0001_one.sql': 'select 1;', '0002_two.sql': 'select 1;' }),
  })
  const old = folder('older', { '0001_one.sql': 'select 1;' })
  await t.rejects(migrate(connection, { directory: old }), /0002_two, which this version of Tsunagi does not know/)
})

t.test('a file put in before one that is applied already is refused', async (t) => {
  const connection = await freshDatabase('between')
  await migrate(connection, {
    directory: folder('between', { '0001_one.sql': 'select 1;', '0003_three.sql': 'select 1;' }),
  })
  const directory = folder('between', { '0002_two.sql': 'select 1;' })
  await t.rejects(migrate(connection, { directory }), /0002_two comes before 0003_three/)
})

t.test('a file with another kind of name is refused', async (t) => {
  const directory = folder('strange', { 'change.sql': 'select 1;' })
  await t.rejects(migrate(server.connection, { directory }), /must be named like 0001_words\.sql/)
})
