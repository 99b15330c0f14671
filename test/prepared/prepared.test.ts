// What other tests copy is made once, whole, for its user alone; a maker that died holds nobody up.

import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { fillPrepared } from './prepared.ts'
import { leaveStoredAlone } from './settings.ts'

t.setTimeout(170_000)

// Beside whatever this user has prepared already.
const temporary = await realpath(await mkdtemp(join(tmpdir(), 'tsunagi-shelf-')))
await chmod(temporary, 0o711)
process.env.TMPDIR = temporary
t.teardown(() => rm(temporary, { recursive: true, force: true, maxRetries: 5 }))
const shelf = join(temporary, `tsunagi-prepared-${process.getuid?.() ?? 'user'}`)

async function filled(): Promise<string> {
  const directory = await mkdtemp(join(temporary, 'copy-'))
  await fillPrepared('database', directory)
  return directory
}

/** The lock of a process that is gone, on everything that may be asked for. */
async function leaveLocks(): Promise<void> {
  const { pid } = spawnSync(process.execPath, ['--version'])
  for (const name of await readdir(shelf)) await writeFile(join(shelf, `${name}.lock`), `${pid} 1`)
}

t.test('those that ask at once get copies of one, each a database of its own', async (t) => {
  const [one, other] = await Promise.all([filled(), filled()])
  const prepared = await readdir(shelf)
  t.equal(prepared.length, 1, prepared.join())
  t.equal((await stat(shelf)).mode & 0o777, 0o700)
  const servers = [await startEmbeddedPostgres({ directory: one }), await startEmbeddedPostgres({ directory: other })]
  t.teardown(() => Promise.all(servers.map((server) => server.stop())))
  const found: unknown[] = []
  for (const { connection, firstStart } of servers) {
    t.notOk(firstStart)
    const client = new pg.Client(connection)
    await client.connect()
    found.push((await client.query('select count(*)::int as count from access.facility')).rows[0])
    await client.query(`insert into identity.domain (oid, name, kind) values ('2.25.1', 'ONCE', 'community')`)
    await client.end()
  }
  t.same(found, [{ count: 0 }, { count: 0 }])
})

t.test('a maker that was killed holds nobody up, and nothing half made is taken', async (t) => {
  await leaveLocks()
  for (const name of await readdir(shelf)) if (!name.endsWith('.lock')) await rm(join(shelf, name), { recursive: true })
  const { pid } = spawnSync(process.execPath, ['--version'])
  await mkdtemp(join(temporary, `tsunagi-preparing-${pid}-`))
  const directory = await filled()
  t.ok((await readdir(directory)).includes('cluster'))
  t.equal((await readdir(shelf)).length, 1, 'the lock is gone')
  t.same(
    (await readdir(temporary)).filter((name) => name.startsWith('tsunagi-preparing-')),
    [],
    'and what was left half made',
  )
})

t.test('what others could have laid there is not taken', async (t) => {
  await chmod(shelf, 0o755)
  await t.rejects(filled(), /open to others/)
})

t.test('settings that shape what is stored have their own network made', async (t) => {
  t.ok(leaveStoredAlone({ 'https.port': '0', 'limits.leafResults': '120', 'log.level': 'error' }))
  for (const key of ['community.homeCommunityId', 'database.url', 'identity.matching', 'tls.serverNames'])
    t.notOk(leaveStoredAlone({ 'https.port': '0', [key]: 'x' }), key)
})
