// One real server for scenario tests: own PostgreSQL in a temporary directory, real TLS, ephemeral ports, the demo network in it.

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type pg from 'pg'
import type { Test } from 'tap'
import { Agent, type Dispatcher, request } from 'undici'
import type { PartnerRecord } from '../../profiles/partners/index.ts'
import { type RunningServer, type ServerOptions, startServer } from '../../src/app.ts'
import { type Credentials, readCredentials } from '../../src/cli/credentials.ts'
import { type LoadedTour, loadDemo } from '../../src/cli/demo/load.ts'
import { connect, type PushConnection } from '../../src/cli/push.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { loadConfig } from '../../src/config/config.ts'
import { TEST_PASSWORDS } from '../access/passwords.ts'
import { fillDatabase, fillPrepared } from '../prepared/prepared.ts'
import { leaveStoredAlone, SMALL_DATABASE } from '../prepared/settings.ts'
import { type Clinicians, clinicians } from './clinicians.ts'

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

export interface JournalRow {
  readonly exchange_id: string
  readonly system_id: string | null
  readonly transaction: string
  readonly result: string
  readonly error_codes: readonly string[]
  readonly waived: readonly string[]
}

export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

export interface Scenario {
  readonly server: RunningServer
  readonly tour: LoadedTour
  readonly pool: pg.Pool
  /** `nobody` connects without a client certificate. */
  readonly httpsPost: (
    system: string,
    path: string,
    content: {
      readonly type: string
      readonly body: Buffer | AsyncIterable<Buffer>
      readonly headers?: Readonly<Record<string, string>>
    },
  ) => Promise<HttpAnswer>
  /** Closes the connections of a system: what the door remembers of it goes with its socket. */
  readonly reconnect: (system: string) => Promise<void>
  /** A further server process of the same network, as behind a load balancer, with other settings. */
  readonly beside: (settings: Readonly<Record<string, string>>) => Promise<Pick<Scenario, 'httpsPost'>>
  /** A new MLLP connection as this system; the caller closes it. */
  readonly mllp: (system: string, port?: 'storeclient' | 'pix') => Promise<PushConnection>
  /** Sends bytes to the door of audit records and ends; resolves when the server has ended too. */
  readonly syslog: (system: string, bytes: Buffer) => Promise<void>
  readonly admin: (call: AdminCall) => Promise<HttpAnswer>
  readonly clinicians: Clinicians
  readonly journalRow: (id: string) => Promise<JournalRow | undefined>
  /** Rows written since a moment, oldest first. */
  readonly journalSince: (since: Date) => Promise<readonly JournalRow[]>
  /** What the servers of the scenario logged. */
  readonly logged: readonly string[]
  /** Rows of every table that a message may leave something in, and document files. */
  readonly counts: () => Promise<Readonly<Record<string, number>>>
}

/** Small, so that a test reaches the limits with messages a person can read. */
export const LEAF_RESULTS = 120

/** Of all servers of a scenario together PostgreSQL takes a hundred. */
const FEW_CONNECTIONS = { 'database.poolSize': '8' }

/** Connects without a client certificate. */
const NOBODY = 'nobody'

/** Laid over the affinity domain, as an operator would; fixtures count on it. */
const SITE = { rules: { 'XDS-OBJECT-TEXT-LENGTH': 'warn' } }

/** With this sender more was agreed than others need; fixtures count on it. */
const STRICT: PartnerRecord = {
  id: 'strict-tester',
  system: 'tester',
  since: '2026-01-01',
  reason: 'the conformance tester sends what the standard says',
  reading: { charset: 'strict', terminators: 'strict', structure: 'strict', batch: 'accepted', sequenceNumbers: 'on' },
}

export interface ScenarioOptions {
  /** Partner records beside the one of the tester. */
  readonly partners?: readonly PartnerRecord[]
  readonly settings?: Readonly<Record<string, string>>
  /** For a test of what the server itself sees of the load: the network is not a prepared one. */
  readonly isLoadedHere?: boolean
}

/** What was agreed with a system shapes what its messages of the demo network leave. */
function mayBePrepared({ partners, settings = {}, isLoadedHere = false }: ScenarioOptions): boolean {
  return partners === undefined && leaveStoredAlone(settings) && !isLoadedHere
}

/** Lines as the log of a real server has them. */
function gathering(lines: string[]): ServerOptions['log'] {
  const line = (fields: object, message: string): void => void lines.push(JSON.stringify({ ...fields, msg: message }))
  return { info: line, warn: line, error: line }
}

/** Starts server and demo network; everything is stopped and removed when the test ends, however it ends. */
export async function startScenario(t: Test, options: ScenarioOptions = {}): Promise<Scenario> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tsunagi-scenario-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  if (mayBePrepared(options)) await fillPrepared('network', dataDir)
  else await fillDatabase(dataDir)
  await mkdir(join(dataDir, 'config', 'partners'), { recursive: true })
  for (const record of [STRICT, ...(options.partners ?? [])])
    await writeFile(join(dataDir, 'config', 'partners', `${record.id}.json`), JSON.stringify(record))
  await writeFile(join(dataDir, 'config', 'affinity-domain.json'), JSON.stringify(SITE))
  const flags = {
    dataDir,
    ...SMALL_DATABASE,
    'https.port': '0',
    'mllp.storeclient.port': '0',
    'mllp.pix.port': '0',
    'management.port': '0',
    'audit.receiver.port': '0',
    'limits.leafResults': String(LEAF_RESULTS),
    'limits.bodyGraceMs': '2000',
    'soap.asyncReplyTo': 'clinic-b@localhost:*',
    ...options.settings,
  }
  const logged: string[] = []
  const { server, agents } = await startOne(t, flags, logged)
  const tour = await loadDemo(server, () => {})
  const beside = new Map<string, ReturnType<Scenario['beside']>>()
  return {
    server,
    tour,
    pool: server.pool,
    logged,
    beside: (settings) => {
      const key = JSON.stringify(settings)
      const further =
        beside.get(key) ??
        startOne(
          t,
          { ...flags, ...FEW_CONNECTIONS, ...settings, 'database.url': databaseUrl(server.pool) },
          logged,
        ).then((one) => clients(one.server, one.agents))
      beside.set(key, further)
      return further
    },
    ...clients(server, agents),
    ...views(server),
  }
}

async function startOne(
  t: Test,
  flags: Readonly<Record<string, string>>,
  logged: string[],
): Promise<{ readonly server: RunningServer; readonly agents: Map<string, Agent> }> {
  const server = await startServer(loadConfig({ flags, env: {} }), {
    log: gathering(logged),
    passwords: TEST_PASSWORDS,
  })
  const agents = new Map<string, Agent>()
  t.teardown(async () => {
    await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    await server.stop()
  })
  return { server, agents }
}

export function databaseUrl({ options }: pg.Pool): string {
  const { user, password, database, host = '', port } = options
  return `postgresql://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
}

function clients(
  server: RunningServer,
  agents: Map<string, Agent>,
): Pick<Scenario, 'httpsPost' | 'reconnect' | 'mllp' | 'syslog' | 'admin' | 'clinicians'> {
  const { httpsUrl, managementUrl } = localAddresses(server)
  const agentOf = async (system: string): Promise<Agent> => {
    const known = agents.get(system)
    if (known !== undefined) return known
    const agent = new Agent({ connect: await tlsOf(server, system) })
    agents.set(system, agent)
    return agent
  }
  return {
    clinicians: clinicians({ managementUrl, adminToken: server.adminToken }),
    httpsPost: async (system, path, { type, body, headers = {} }) =>
      read(
        await request(`${httpsUrl}${path}`, {
          method: 'POST',
          dispatcher: await agentOf(system),
          headers: { 'content-type': type, ...headers },
          body: Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false }),
        }),
      ),
    reconnect: async (system) => {
      const agent = agents.get(system)
      agents.delete(system)
      await agent?.destroy()
    },
    mllp: async (system, door = 'storeclient') => {
      const credentials = await readCredentials(server.config, system)
      return connect(server.config, credentials, {
        url: httpsUrl,
        port: door === 'pix' ? server.pixPort : server.mllpPort,
      })
    },
    syslog: async (system, bytes) => {
      const socket = connectTls({ host: 'localhost', port: server.auditPort ?? 0, ...(await tlsOf(server, system)) })
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      socket.resume().end(bytes)
      await closed
    },
    admin: async ({ method, path, body }) =>
      read(
        await request(`${managementUrl}/admin/v1${path}`, {
          method,
          headers: {
            authorization: `Bearer ${server.adminToken}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      ),
  }
}

async function tlsOf(server: RunningServer, system: string) {
  const { ca, ...own } = await readCredentials(server.config, system === NOBODY ? 'tester' : system)
  if (system === NOBODY) return { ca }
  const { key, cert, minVersion, maxVersion, ciphers, ecdhCurve }: Omit<Credentials, 'ca'> = own
  return { ca, key, cert, minVersion, maxVersion, ciphers, ecdhCurve }
}

async function read(response: Dispatcher.ResponseData): Promise<HttpAnswer> {
  return {
    status: response.statusCode,
    contentType: String(response.headers['content-type'] ?? ''),
    body: Buffer.from(await response.body.arrayBuffer()),
  }
}

const JOURNAL = 'select exchange_id, system_id, transaction, result, error_codes, waived from journal.exchange'

function views({ pool, config }: RunningServer): Pick<Scenario, 'journalRow' | 'journalSince' | 'counts'> {
  let counting: string | undefined
  return {
    journalRow: async (id) => (await pool.query<JournalRow>(`${JOURNAL} where exchange_id = $1`, [id])).rows[0],
    journalSince: async (since) =>
      (await pool.query<JournalRow>(`${JOURNAL} where at >= $1 order by at`, [since])).rows,
    counts: async () => {
      counting ??= await countingSql(pool)
      const { rows } = await pool.query<{ name: string; count: number }>({ name: 'counts', text: counting })
      const files = await readdir(join(config.dataDir, 'documents'), { recursive: true })
      return { ...Object.fromEntries(rows.map(({ name, count }) => [name, count])), 'document files': files.length }
    },
  }
}

/** One statement over all tables of the schemas that keep what messages bring, and the claims of messages. */
async function countingSql(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('registry', 'repository', 'identity', 'jobs') and table_type = 'BASE TABLE'
       and (table_schema, table_name) <> ('jobs', 'worker')`,
  )
  return [...rows.map(({ name }) => name), 'journal.idempotency']
    .map((name) => `select '${name}' as name, count(*)::int as count from ${name}`)
    .join(' union all ')
}
