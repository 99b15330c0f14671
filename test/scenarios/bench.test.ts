// The bench's own parts: it prints every figure it promises, and the rows it loads and replays are those a registration makes (design §7).

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import type pg from 'pg'
import t, { type Test } from 'tap'
import { type RunningServer, startServer } from '../../src/app.ts'
import { benchOn } from '../../src/cli/bench/bench.ts'
import { createBulkLoader } from '../../src/cli/bench/bulk-load.ts'
import { createGun, type Shot } from '../../src/cli/bench/load.ts'
import { type BenchPatient, findShot, provideShot } from '../../src/cli/bench/messages.ts'
import { type Recorded, type RowPatient, record, replayOf, writingStatement } from '../../src/cli/bench/replay.ts'
import { openWorld, type World } from '../../src/cli/bench/world.ts'
import { main } from '../../src/cli/main.ts'
import { loadConfig } from '../../src/config/config.ts'
import { isAlive } from '../../src/db/embedded/process.ts'
import { eventually } from '../faults/support.ts'
import { fillDatabase } from '../prepared/prepared.ts'

const MINUTES = 60_000
t.setTimeout(4 * MINUTES)

const ENTRIES_EACH = 2
const DOCUMENT_BYTES = 2000

/** Every table that a registration writes, and what names its rows of one submission set. */
const WRITTEN: Readonly<Record<string, string>> = {
  'registry.unique_id': `unique_id in (select unique_id from registry.document_entry where submission_uuid = $1
                                       union select unique_id from registry.submission_set where entry_uuid = $1)`,
  'registry.submission_set': 'entry_uuid = $1',
  'registry.document_entry': 'submission_uuid = $1',
  'registry.association': 'source_uuid = $1',
  'journal.exchange': `exchange_id in (select exchange_id from audit.event e, registry.submission_set s
                                       where s.entry_uuid = $1 and e.objects::text like '%' || s.unique_id || '%')`,
  'audit.event': `exists (select from registry.submission_set s where s.entry_uuid = $1 and objects::text like '%' || s.unique_id || '%')`,
}

/** What is another in every row. */
const OWN = ['person_key', 'event_id', 'at', 'registered_at']

/** Rows of a submission with every id replaced by its order of appearance, so that two submissions of one form are equal. */
async function rowsOf(pool: pg.Pool, setUuid: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const names = new Map<string, string>()
  const plain = (text: string): string =>
    text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|2\.25\.\d{30,}/g, (id) => {
      const name = names.get(id) ?? `id ${names.size}`
      names.set(id, name)
      return name
    })
  const { rows: persons } = await pool.query<{ value: string }>(
    `select value from identity.identifier join registry.submission_set using (person_key) where entry_uuid = $1`,
    [setUuid],
  )
  const anonymous = (text: string): string =>
    persons.reduce((result, { value }) => result.replaceAll(value, 'patient'), text)
  const tables: Record<string, readonly string[]> = {}
  for (const [table, condition] of Object.entries(WRITTEN)) {
    const { rows } = await pool.query<{ row: string }>(
      `select (to_jsonb(t) - $2::text[])::text as row from ${table} t where ${condition} order by 1`,
      [setUuid, OWN],
    )
    tables[table] = rows.map(({ row }) => plain(anonymous(row)))
  }
  // Their own ids decide the order of rows of one kind.
  return Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, rows.toSorted()]))
}

async function countsOf(pool: pg.Pool): Promise<Readonly<Record<string, number>>> {
  const tables = [...Object.keys(WRITTEN), 'journal.idempotency', 'repository.document']
  const { rows } = await pool.query<{ name: string; count: number }>(
    tables.map((table) => `select '${table}' as name, count(*)::int as count from ${table}`).join(' union all '),
  )
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]))
}

interface Prepared {
  readonly pool: pg.Pool
  readonly world: World
  readonly patient: BenchPatient
  readonly template: { readonly ids: ReturnType<typeof provideShot>['ids']; readonly patient: RowPatient }
  readonly statement: Recorded
  readonly send: (as: World['hospital'], path: string, shot: Shot) => Promise<string>
}

/** Figures of a bench whose servers start from an empty database of ours, not from nothing. */
async function bench(t: Test, given: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const lines: string[] = []
  const terminal = {
    out: (data: string | Uint8Array) => void lines.push(...String(data).trim().split('\n')),
    err: (text: string) => t.comment(text),
    env: {},
    cwd: '/',
  }
  const program = new Command().exitOverride()
  const made: string[] = []
  const makeDirectory = async (): Promise<string> => {
    made.push(await emptyDatabase())
    return made.at(-1) ?? ''
  }
  benchOn(makeDirectory)(program, terminal)
  await program.parseAsync(['bench', ...given.split(' ')], { from: 'user' })
  t.ok(made.length > 0)
  t.notOk(
    made.some((directory) => existsSync(directory)),
    'nothing is left',
  )
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function emptyDatabase(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-bench-test-'))
  await fillDatabase(directory)
  return directory
}

async function start(t: Test): Promise<RunningServer> {
  const dataDir = await emptyDatabase()
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const ports = { 'https.port': '0', 'mllp.storeclient.port': '0', 'management.port': '0' }
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const server = await startServer(loadConfig({ flags: { dataDir, ...ports }, env: {} }), { log: quiet })
  t.teardown(() => server.stop())
  return server
}

/** A server with one patient and one submission, whose writing statement was recorded while it passed. */
async function prepare(t: Test): Promise<Prepared> {
  const server = await start(t)
  const { pool, httpsPort, mllpPort, managementPort, adminToken, config } = server
  const httpsUrl = `https://localhost:${httpsPort}`
  const ready = { kind: 'ready', httpsPort, mllpPort, managementPort, adminToken } as const
  const world = await openWorld({ ready, httpsUrl }, { directory: config.dataDir, patients: 1 })
  const [patient] = world.patients
  if (patient === undefined) throw new Error('no patient')
  const send: Prepared['send'] = async (tls, path, shot) => {
    const gun = createGun({ origin: httpsUrl, path, tls }, 1)
    const { answer } = await gun.fire(shot)
    await gun.close()
    return answer.toString()
  }
  const { shot, ids } = provideShot(patient, DOCUMENT_BYTES)
  const recording = record(pool)
  t.match(await send(world.hospital, '/xds/repository', shot), 'ResponseStatusType:Success')
  const statement = writingStatement(recording.stop())
  const { rows } = await pool.query<{ key: string }>(
    'select person_key::text as key from identity.identifier where value = $1',
    [patient.patientId.value],
  )
  const person = { personKey: rows[0]?.key ?? '', xad: patient.patientId.value, localId: patient.localId }
  return { pool, world, patient, template: { ids, patient: person }, statement, send }
}

async function newestSet(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    'select entry_uuid::text as id from registry.submission_set order by ctid desc limit 1',
  )
  return rows[0]?.id ?? ''
}

t.test(
  'what is loaded and replayed are the rows of a registration, all of them, and consumers find them',
  async (t) => {
    const { pool, world, patient, template, statement, send } = await prepare(t)
    const real = await rowsOf(pool, template.ids.setUuid.slice('urn:uuid:'.length))
    t.ok(Object.values(real).every((rows) => rows.length > 0))
    const before = await countsOf(pool)

    await pool.query(replayOf(statement, template)(template.patient))
    t.same(await rowsOf(pool, await newestSet(pool)), real, 'the replayed statement writes the same rows')
    const replayed = await countsOf(pool)
    for (const [table, count] of Object.entries(before))
      t.equal((replayed[table] ?? 0) - count, table === 'registry.unique_id' ? 2 : 1, table)

    const patients = await createBulkLoader(pool, template).load({ patients: 3, entriesEach: ENTRIES_EACH })
    t.equal(patients.length, 3)
    t.same(await rowsOf(pool, await newestSet(pool)), real, 'the load writes the same rows')
    const loaded = await countsOf(pool)
    for (const [table, count] of Object.entries(replayed))
      if (table !== 'repository.document')
        t.equal((loaded[table] ?? 0) - count, 3 * ENTRIES_EACH * (table === 'registry.unique_id' ? 2 : 1), table)

    const [first] = patients
    if (first === undefined) throw new Error('no patient was loaded')
    const someone = { ...patient, localId: first.localId, patientId: { ...patient.patientId, value: first.xad } }
    const answer = await send(world.clinic, '/xds/registry', findShot(someone))
    t.equal(answer.split('</rim:ExtrinsicObject>').length - 1, ENTRIES_EACH, 'the clinic has consent and link of each')
    t.ok(answer.includes(first.xad))
    t.notOk(answer.includes(patient.patientId.value))
  },
)

t.test('a recording ends: connections are as they were', async (t) => {
  const { pool } = await start(t)
  const recording = record(pool)
  await pool.query({ name: 'bench-1', text: 'select 1', values: [] })
  // What the server does for itself meanwhile is recorded too.
  t.same(
    recording.stop().flatMap(({ text }) => (text.startsWith('select 1') ? text : [])),
    ['select 1'],
  )
  t.throws(() => writingStatement([]), /one statement; 0 were seen/)
  const client = await pool.connect()
  t.notOk(Object.hasOwn(client, 'query'))
  client.release()
})

t.test('bench --registry prints every figure, with numbers, and nothing fails', async (t) => {
  const figures = await bench(
    t,
    '--registry --entries 2000 --patients 200 --seconds 0.2 --callers 4 --large 8 --parallel 6',
  )
  const compared = ['requestsPerSecond', 'barePerSecond', 'ratio', 'p50Ms', 'p95Ms', 'p99Ms', 'rssMiB', 'failures']
  const promised: Readonly<Record<string, readonly string[]>> = {
    'load, 1000 entries': ['entries', 'seconds', 'entriesPerSecond'],
    'ITI-18 FindDocuments, 10 of 1000 entries LeafClass': compared,
    'load, 2000 entries': ['entries', 'seconds', 'entriesPerSecond'],
    'ITI-18 FindDocuments, 10 of 2000 entries LeafClass': compared,
    'ITI-18 FindDocuments, p95 at 2000 entries to p95 at 1000': ['p95Ms', 'p95BeforeMs', 'growth'],
    'ITI-18 FindDocuments, p95 at 2000 entries to p95 at 1000, in turn': ['p95Ms', 'p95BeforeMs', 'growth'],
    'ITI-42 to 2000 entries, beside a durable insert of the same rows': compared,
    'ITI-41, 36 KiB to 2000 entries, beside a durable insert of the same rows': compared,
    'ITI-43, 8 MiB, beside the same file from a bare door': ['mibPerSecond', 'bareMibPerSecond', ...compared],
    'ITI-41, 8 MiB': ['mibPerSecond', 'peakGrowthMiB'],
    'ITI-43, 8 MiB': ['mibPerSecond', 'peakGrowthMiB'],
    'ITI-41, 6 at once of 10 MiB': ['succeeded', 'failures', 'mibPerSecond', 'peakRssMiB'],
  }
  t.same(
    figures.map(({ bench }) => bench),
    Object.keys(promised),
  )
  for (const [name, numbers] of Object.entries(promised)) {
    const figure = figures.find(({ bench }) => bench === name)
    for (const number of numbers) t.ok(Number.isFinite(figure?.[number]), `${name}: ${number}`)
    t.equal(figure?.failures ?? 0, 0, `${name}: no failures`)
    t.equal(
      typeof figure?.target,
      name.startsWith('load') ? 'undefined' : 'string',
      `${name}: its target stands beside`,
    )
  }
  t.match(
    figures.filter(({ accepted }) => accepted !== undefined),
    [{ accepted: true }, { accepted: true }],
  )
})

t.test('bench --storeclient prints every figure, with numbers, and nothing is refused', async (t) => {
  const figures = await bench(t, '--storeclient --seconds 0.3')
  const name = 'StoreClient, all kinds, 4 MLLP connections'
  const promised: Readonly<Record<string, readonly string[]>> = {
    [name]: ['requestsPerSecond', 'barePerSecond', 'ratio', 'p50Ms', 'p95Ms', 'p99Ms', 'bytesEach'],
    [`${name}: refusals`]: ['connectionsLost'],
    [`${name}: memory`]: ['messages', 'rssMiB', 'growthMiB'],
    [`${name}: kinds made`]: ['ADT-22', 'OMP-01', 'OML-11', 'DOC'],
  }
  t.same(
    figures.map(({ bench }) => bench),
    Object.keys(promised),
  )
  for (const figure of figures)
    for (const number of promised[String(figure.bench)] ?? []) t.ok(Number.isFinite(figure[number]), number)
  t.match(figures, [{ failures: Number, target: 'ratio >= 0.5' }, { met: true }, { met: Boolean }])
})

t.test('bench --people prints every figure, with numbers, nothing fails and no two people become one', async (t) => {
  const figures = await bench(t, '--people 60 --seconds 0.2 --callers 2')
  const latencies = ['p95Ms', 'p95BeforeMs', 'growth']
  const promised: Readonly<Record<string, readonly string[]>> = {
    'import of 60 persons': ['records', 'recordsPerSecond', 'minutes', 'linked', 'reviews', 'rssMiB'],
    'links of 60 persons': ['records', 'exportedPerSecond', 'recall', 'falseLinks'],
    'ITI-45 of 60 persons': ['requestsPerSecond', 'barePerSecond', 'ratio', 'p50Ms', 'p95Ms', 'p99Ms'],
    'ITI-44 add with matching to 60 persons': ['requestsPerSecond', 'p50Ms', 'p95Ms', 'p99Ms'],
    'ITI-44 add, p95 at 60 persons to p95 at 60, in turn': latencies,
  }
  t.same(
    figures.map(({ bench }) => bench),
    Object.keys(promised),
  )
  for (const figure of figures) {
    for (const number of promised[String(figure.bench)] ?? []) t.ok(Number.isFinite(figure[number]), number)
    t.equal(figure.failures ?? 0, 0, `${figure.bench}: no failures`)
    t.equal(typeof figure.target, 'string', `${figure.bench}: its target stands beside`)
  }
  t.equal(figures[1]?.falseLinks, 0)
})

t.test('bench --workers prints what they gain beside one process, and nothing is refused (design §6)', async (t) => {
  const [figure, ...others] = await bench(t, '--workers 2 --seconds 0.2 --callers 2 --only ITI-18')
  t.same(others, [])
  t.match(figure, { bench: /^ITI-18.*, 2 workers beside one process$/, failures: 0 })
  for (const number of ['requestsPerSecond', 'alonePerSecond', 'gain', 'p95Ms'])
    t.ok(Number.isFinite(figure?.[number]), number)
})

t.test('bench --xua prints every figure, with numbers, and nothing is refused', async (t) => {
  const figures = await bench(t, '--xua --seconds 0.2 --callers 2')
  t.match(figures, [
    { bench: /one assertion a session/, target: 'ratio >= 0.7' },
    { bench: /a new assertion a request/ },
    { bench: /consent rule alone/ },
  ])
  for (const figure of figures) {
    for (const name of ['requestsPerSecond', 'barePerSecond', 'ratio', 'p95Ms']) t.ok(Number(figure[name]) > 0, name)
    t.equal(figure.failures, 0)
  }
})

t.test(
  'bench --federation prints every figure, with numbers, every community answers and the document comes whole',
  async (t) => {
    const figures = await bench(t, '--federation --seconds 0.1 --large 4')
    const grown = { rssBeforeMiB: Number, peakGrowthMiB: Number }
    const fannedOut = {
      requests: Number,
      failures: 0,
      p95Ms: Number,
      slowestCommunityP50Ms: Number,
      addedP50Ms: Number,
    }
    const target = 'addedP50Ms < 20'
    t.match(figures, [
      { bench: /ITI-39\), 4 MiB/, accepted: true, initiating: grown, responding: grown, met: true },
      { bench: /20 communities, answers one after another$/, ...fannedOut, target },
      { bench: /20 communities, answers all at once$/, ...fannedOut },
      { bench: /20 communities, answers one after another, on new connections$/, ...fannedOut },
    ])
  },
)

t.test('bench --audit prints what recording costs ITI-18, and nothing fails', async (t) => {
  // As it is typed: a server from nothing, in a directory that is gone afterwards.
  const temporary = await realpath(await mkdtemp(join(tmpdir(), 'tsunagi-bench-test-')))
  // PostgreSQL walks through as another user when root runs this.
  await chmod(temporary, 0o711)
  const usual = process.env.TMPDIR
  process.env.TMPDIR = temporary
  t.teardown(async () => {
    if (usual === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = usual
    await rm(temporary, { recursive: true, force: true })
  })
  const lines: string[] = []
  const code = await main('bench --audit --seconds 0.1 --callers 2'.split(' '), {
    out: (data) => lines.push(...String(data).trim().split('\n')),
    err: (text) => t.comment(text),
    env: {},
    cwd: '/',
  })
  t.equal(code, 0)
  const left = await readdir(temporary)
  t.notOk(
    left.some((name) => name.startsWith('tsunagi-bench-')),
    left.join(),
  )
  const [figure, ...more] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  t.same(more, [])
  for (const name of ['requestsPerSecond', 'withoutPerSecond', 'cost', 'p95Ms'])
    t.ok(Number.isFinite(figure?.[name]), name)
  t.match(figure, { bench: /audit and journal/, failures: 0, target: 'cost <= 0.25', met: Boolean })
})

t.test('a server whose bench ends while it starts ends too, and its database with it', async (t) => {
  const directory = await emptyDatabase()
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const subject = JSON.stringify(fileURLToPath(new URL('../../src/cli/bench/subject.js', import.meta.url)))
  const script = `const { fork } = require('node:child_process')
    const { pid } = fork(${subject}, [${JSON.stringify(directory)}, '{}'], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    console.log(pid)
    process.exit()`
  const pid = Number(execFileSync(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] }))
  t.ok(isAlive(pid))
  t.ok(await eventually(async () => !isAlive(pid), MINUTES))
  await t.rejects(readFile(join(directory, 'postgres', 'cluster', 'postmaster.pid')), { code: 'ENOENT' })
})

t.test('wrong sizes are told before anything is started', async (t) => {
  for (const [given, words] of [
    ['--entries 10 --patients 3', 'multiple'],
    ['--entries 1.5', 'whole'],
    ['--parallel none', 'positive'],
  ] as const) {
    let told = ''
    const terminal = { out: () => {}, err: (text: string) => (told += text), env: {}, cwd: '/' }
    t.equal(await main(['bench', '--registry', ...given.split(' ')], terminal), 2)
    t.match(told, words)
  }
})
