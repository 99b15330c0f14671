// A whole network for the scenario and fault tests: server, demo facilities, and systems that speak to it (design §2.7 of the style).

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { readDocumentEntry } from '../../profiles/metadata/read.ts'
import { ENDPOINTS, type Transaction } from '../../profiles/transactions/index.ts'
import { startServer } from '../../src/app.ts'
import { type AdminClient, createAdminClient, readAdminToken } from '../../src/cli/admin-client.ts'
import { createSystemClient, type SystemClient } from '../../src/cli/client.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { xadOf } from '../../src/cli/demo/patients.ts'
import { askPix, foundIds } from '../../src/cli/pix.ts'
import { connect, type PushConnection } from '../../src/cli/push.ts'
import { ask } from '../../src/cli/query.ts'
import { type Fetched, fetchDocuments } from '../../src/cli/retrieve.ts'
import { localAddresses, type RunningServer } from '../../src/cli/running-server.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { type Attachment, writeRelated } from '../../src/codec/mtom/write.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import type { Markup } from '../../src/codec/xml/write.ts'
import { type Config, loadConfig } from '../../src/config/config.ts'
import type { DocumentEntry } from '../../src/model/document-entry.ts'
import type { Slot } from '../../src/model/ebrim.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import { TEST_PASSWORDS } from '../access/passwords.ts'
import { fillDatabase, fillPrepared } from '../prepared/prepared.ts'
import { leaveStoredAlone, SMALL_DATABASE } from '../prepared/settings.ts'
import { clinicians } from '../scenarios/clinicians.ts'

export type Flags = Readonly<Record<string, string>>

/** Patient number domains of the demo facilities. */
export const DOMAINS = {
  'hospital-a': '2.25.199228157360763446167087305144883310198' as Oid,
  'clinic-b': '2.25.266308169635008916178230594127739269421' as Oid,
  'pharmacy-c': '2.25.295637002833307250834815591219312775637' as Oid,
} as const

export const SILENT = { info: () => {}, warn: () => {}, error: () => {} }

const ANY_PORT: Flags = {
  'https.port': '0',
  'mllp.storeclient.port': '0',
  'mllp.pix.port': '0',
  'management.port': '0',
  'drain.delaySeconds': '0',
}
const READY =
  /tsunagi ready: https:\/\/[^:]+:(\d+) {2}mllp\+tls port (\d+) {2}identity feed port (\d+) {2}management http:\/\/[^:]+:(\d+)/
const READY_TIMEOUT_MS = 90_000

export async function temporaryDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-faults-'))
  t.teardown(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

export function configFor(dataDir: string, flags: Flags = {}): Config {
  return loadConfig({ flags: { dataDir, 'log.level': 'silent', ...ANY_PORT, ...SMALL_DATABASE, ...flags }, env: {} })
}

/** Data directory of a stopped server with the demo network in it, for settings of which none shapes what is stored. */
export async function demoDirectory(t: Test): Promise<string> {
  const dataDir = await temporaryDirectory(t)
  await fillPrepared('network', dataDir)
  return dataDir
}

/** Data directory with an empty database of our schema and nothing else: certificates and network are still to be made. */
export async function emptyDirectory(t: Test): Promise<string> {
  const dataDir = await temporaryDirectory(t)
  await fillDatabase(dataDir)
  return dataDir
}

/** A server in this process, with its pool, and the demo network in it. */
export async function startNetwork(t: Test, flags: Flags = {}) {
  const isPrepared = leaveStoredAlone(flags)
  const dataDir = isPrepared ? await demoDirectory(t) : await emptyDirectory(t)
  const server = await startServer(configFor(dataDir, flags), { log: SILENT, passwords: TEST_PASSWORDS })
  t.teardown(server.stop)
  if (!isPrepared) await loadDemo(server, () => {})
  const network = networkOf(server)
  t.teardown(network.close)
  return { ...network, server, pool: server.pool }
}

export type TestNetwork = Awaited<ReturnType<typeof startNetwork>>

export interface Child {
  readonly process: ChildProcess
  readonly server: RunningServer
  /** Code or signal the process ended with. */
  readonly ended: Promise<number | string>
  /** What it wrote to standard error. */
  readonly errors: () => string
  /** What it wrote to standard output. */
  readonly said: () => string
  readonly kill: () => Promise<void>
}

/** `tsunagi serve` as a process of its own, with these further arguments; resolves when it says that it is ready. */
export async function startChild(dataDir: string, flags: Flags = {}, further: readonly string[] = []): Promise<Child> {
  const settings = Object.entries({ ...ANY_PORT, ...SMALL_DATABASE, 'log.level': 'error', ...flags })
  const script = fileURLToPath(new URL('../../src/cli/tsunagi.js', import.meta.url))
  const child = spawn(
    process.execPath,
    [
      script,
      'serve',
      ...further,
      '--data-dir',
      dataDir,
      ...settings.flatMap(([key, value]) => ['--set', `${key}=${value}`]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' } },
  )
  let errors = ''
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 0)),
  )
  const [https, mllp, pix, management] = await portsOf(child, { ended, errors: () => errors })
  return {
    process: child,
    ended,
    errors: () => errors,
    said: () => said,
    server: {
      config: configFor(dataDir, flags),
      adminToken: await readAdminToken(dataDir),
      httpsPort: https,
      mllpPort: mllp,
      pixPort: pix,
      managementPort: management,
      stop: async () => {
        child.kill('SIGTERM')
        await ended
      },
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function portsOf(
  child: ChildProcess,
  { ended, errors }: { readonly ended: Promise<number | string>; readonly errors: () => string },
): Promise<readonly [number, number, number, number]> {
  return new Promise((resolve, reject) => {
    let said = ''
    const late = setTimeout(() => {
      child.kill('SIGTERM')
      reject(new Error(`not ready in time: ${said}${errors()}`))
    }, READY_TIMEOUT_MS)
    ended.then((code) => {
      clearTimeout(late)
      reject(new Error(`ended with ${code}: ${errors()}`))
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const [line, https, mllp, pix, management] = READY.exec(said) ?? []
      if (line === undefined) return
      clearTimeout(late)
      resolve([Number(https), Number(mllp), Number(pix), Number(management)])
    })
  })
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface RawCall {
  readonly transaction: Transaction
  readonly body: Markup
  readonly attachments?: readonly Attachment[]
  /** Fixed, to send the same message twice. */
  readonly messageId?: string
  /** Where the answer and a fault are wanted; on the connection when absent. */
  readonly replyTo?: string
  readonly faultTo?: string
  /** Further header blocks. */
  readonly blocks?: readonly Markup[]
}

/** Systems of the demo network in front of a running server. */
export function networkOf(server: RunningServer) {
  const { config } = server
  const { httpsUrl: baseUrl, managementUrl } = localAddresses(server)
  const people = clinicians({ managementUrl, adminToken: server.adminToken })
  const admin: AdminClient = createAdminClient({ baseUrl: managementUrl, token: server.adminToken })
  const clients = new Map<string, Promise<SystemClient>>()
  const agents = new Map<string, Promise<Agent>>()
  const kept = <T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> => {
    const found = map.get(key) ?? make()
    map.set(key, found)
    return found
  }
  const as = async (systemId: string) => ({
    config,
    client: await kept(clients, systemId, async () =>
      createSystemClient({ baseUrl, credentials: await readCredentials(config, systemId) }),
    ),
  })
  const agentOf = (systemId: string) =>
    kept(agents, systemId, async () => {
      const { key, cert, ca } = await readCredentials(config, systemId)
      return new Agent({ connect: { key, cert, ca }, headersTimeout: 120_000, bodyTimeout: 120_000 })
    })
  return {
    baseUrl,
    admin,
    clinicians: people,
    as,
    agentOf,
    /** A StoreClient connection over MLLP; `close` of the network does not close it. */
    mllp: async (systemId: string): Promise<PushConnection> =>
      connect(config, await readCredentials(config, systemId), { url: baseUrl, port: server.mllpPort }),
    /** A connection to the patient identity feed (ITI-8). */
    feed: async (systemId: string): Promise<PushConnection> =>
      connect(config, await readCredentials(config, systemId), { url: baseUrl, port: server.pixPort }),
    /** ITI-45 with a facility's own number; the affinity-domain id. */
    xadBy: async (systemId: string, id: PatientId): Promise<PatientId> => {
      const authority = config.identity.affinityDomainAuthority
      const { answer } = await askPix(await as(systemId), id, [authority])
      const [found] = foundIds(answer)
      if (found === undefined) throw new Error(`${id.value} has no affinity-domain id`)
      return found.id
    },
    /** What registration staff see; also for patients without consent. */
    xadForStaff: async (id: PatientId): Promise<PatientId> => {
      const value = await xadOf(admin, id)
      if (value === undefined) throw new Error(`${id.value} is unknown`)
      return { value, authority: config.identity.affinityDomainAuthority }
    },
    /** ITI-18 FindDocuments; Approved by default. */
    find: async (
      systemId: string,
      patientId: PatientId,
      asked: { readonly status?: readonly string[]; readonly slots?: readonly Slot[] } = {},
    ): Promise<readonly DocumentEntry[]> => {
      const { response } = await ask(
        await as(systemId),
        writeFindDocuments({ patientId, returnType: 'LeafClass', ...asked }),
      )
      return response.objects.flatMap((object) => readDocumentEntry(object).value ?? [])
    },
    /** ITI-43. */
    fetch: async (systemId: string, documentUniqueIds: readonly string[]): Promise<Fetched> =>
      fetchDocuments(await as(systemId), documentUniqueIds),
    /** A SOAP message as the wire has it. */
    soap: async (systemId: string, call: RawCall): Promise<RawAnswer> => {
      const { contentType, body } = packed(call)
      const response = await request(`${baseUrl}${ENDPOINTS[call.transaction.actor]}`, {
        method: 'POST',
        dispatcher: await agentOf(systemId),
        headers: { 'content-type': contentType },
        body: Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false }),
      })
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() }
    },
    close: async (): Promise<void> => {
      await Promise.all([...clients.values()].map(async (client) => (await client).close()))
      await Promise.all([...agents.values()].map(async (agent) => (await agent).destroy()))
    },
  }
}

function packed(call: RawCall): {
  readonly contentType: string
  readonly body: Buffer | AsyncIterable<Buffer>
} {
  const { transaction, body, attachments = [], messageId = `urn:uuid:${randomUUID()}`, replyTo, faultTo, blocks } = call
  const { action } = transaction
  const envelope = writeEnvelope({
    action,
    messageId,
    body,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(faultTo === undefined ? {} : { faultTo }),
    ...(blocks === undefined ? {} : { blocks }),
  })
  if (transaction.mtom === 'required') return writeRelated(envelope, attachments)
  return { contentType: `application/soap+xml; charset=UTF-8; action="${action}"`, body: Buffer.from(envelope) }
}

/** Waits until the check holds: what takes effect "within seconds" on a machine that may be busy. */
export async function eventually(check: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs
  while (performance.now() < end) {
    if (await check()) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return check()
}
