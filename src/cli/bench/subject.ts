// The server under test in a process of its own: the whole server, and beside it the bare pipe over the same database.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer } from '../../app.ts'
import { tlsOptions } from '../../certificates/presets.ts'
import { readQueryRequest, writeFindDocuments } from '../../codec/ebxml/query-request.ts'
import { readXml } from '../../codec/xml/read.ts'
import { loadConfig } from '../../config/config.ts'
import { factsOfPatients } from '../../db/access-store.ts'
import { formatCx, type Oid, type PatientId } from '../../model/identifiers.ts'
import type { FindDocuments } from '../../model/stored-query.ts'
import { type Supervisor, supervise } from '../workers/supervisor.ts'
import { bareAccess, bareTransactions, openBareDoor, openBareMllp } from './bare-pipe.ts'
import { barePix } from './bare-pix.ts'
import { type BareWrite, bareRegistry } from './bare-registry.ts'
import { type BulkLoader, createBulkLoader, settlePersons, untilSealed } from './bulk-load.ts'
import { type CpuTime, cpuTime } from './cpu.ts'
import type { SubmissionIds } from './messages.ts'
import { type Recording, type RowPatient, record, replayOf, writingStatement } from './replay.ts'

/** Of this server alone, by their names; the others are the bench's. */
export type Settings = Readonly<Record<string, string>>

/** What the bench asks of this process. */
export type Command =
  | { readonly kind: 'bare'; readonly patientId: PatientId; readonly documentUniqueId: string }
  | { readonly kind: 'bareMllp' }
  | { readonly kind: 'workers'; readonly count: number }
  | { readonly kind: 'record' }
  | { readonly kind: 'recorded'; readonly path: string; readonly submission: RealSubmission }
  | { readonly kind: 'load'; readonly patients: number; readonly entriesEach: number }
  | { readonly kind: 'bareRegistry' }
  | { readonly kind: 'settlePersons' }
  | {
      readonly kind: 'barePix'
      readonly domain: Oid
      readonly count: number
      readonly answer: RealSubmission['answer']
    }
  | { readonly kind: 'recording'; readonly isOn: boolean }
  | { readonly kind: 'settle'; readonly withinMs: number }
  | { readonly kind: 'cpu' }
  | { readonly kind: 'memory' }
  | { readonly kind: 'stop' }

/** A submission that really took place, after `record`; the last one is the template of what is loaded. */
export interface RealSubmission {
  readonly ids: SubmissionIds
  readonly patientId: PatientId
  readonly localId: string
  readonly answer: { readonly contentType: string; readonly base64: string }
}

export type Reply =
  | {
      readonly kind: 'ready'
      readonly httpsPort: number
      readonly mllpPort: number
      readonly managementPort: number
      readonly adminToken: string
    }
  | { readonly kind: 'bare'; readonly port: number }
  | { readonly kind: 'bareMllp'; readonly port: number }
  | { readonly kind: 'workers'; readonly httpsPort: number }
  | { readonly kind: 'record' }
  | { readonly kind: 'recorded' }
  | { readonly kind: 'load'; readonly patients: readonly RowPatient[] }
  | { readonly kind: 'bareRegistry'; readonly port: number }
  | { readonly kind: 'settlePersons' }
  | { readonly kind: 'barePix'; readonly port: number }
  | { readonly kind: 'recording' }
  | { readonly kind: 'settle' }
  | ({ readonly kind: 'cpu' } & CpuTime)
  | { readonly kind: 'memory'; readonly rssBytes: number; readonly peakBytes: number }
  | { readonly kind: 'failed'; readonly message: string }

const SAMPLE_MS = 20

const [dataDir = '', settings = '{}'] = process.argv.slice(2)
const flags: Settings = {
  ...(JSON.parse(settings) as Settings),
  dataDir,
  'https.port': '0',
  'mllp.storeclient.port': '0',
  'mllp.pix.port': '0',
  'management.port': '0',
  'log.level': 'error',
  // One system of the bench is a whole network.
  'limits.connectionsPerCertificate': '1000',
  'limits.requestsInWorkPerSystem': '1000',
}
const config = loadConfig({ flags, env: {} })
const silent = {
  info: () => {},
  warn: () => {},
  error: (fields: object, message: string) => console.error(message, JSON.stringify(fields)),
}
let isRecording = true
const server = await startServer(config, { log: silent, recording: () => isRecording })

let peakBytes = 0
setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
}, SAMPLE_MS).unref()

let recording: Recording | undefined
let loader: BulkLoader | undefined
let workers: Supervisor | undefined
const writes = new Map<string, BareWrite>()
const loaded: RowPatient[] = []

/** What the registry reads from the request that the bench sends, so that both ask the same. */
function bareQuery(patientId: PatientId): FindDocuments {
  const request = writeFindDocuments({ patientId, returnType: 'LeafClass' })
  const query = readQueryRequest(readXml(Buffer.from(request)))
  if (query.kind !== 'FindDocuments') throw new Error('the bench asks FindDocuments')
  return query
}

async function bareTls() {
  const [cert, key, ca] = await Promise.all(
    [config.tls.certificate, config.tls.key, config.tls.ca].map((path) => readFile(path)),
  )
  return { ...tlsOptions({ preset: config.tls.preset }), cert, key, ca }
}

async function personKeyOf(patientId: PatientId): Promise<string> {
  const [person] = await factsOfPatients(server.pool, [{ patientId, facilityId: '' }])
  if (person === undefined) throw new Error(`the bench patient ${formatCx(patientId)} is not registered`)
  return person.personKey
}

async function startBare(command: Extract<Command, { kind: 'bare' }>): Promise<number> {
  const { patientId, documentUniqueId } = command
  const routes = await bareTransactions({
    pool: server.pool,
    document: { repositoryUniqueId: config.repository.uniqueId, uniqueId: documentUniqueId },
    patient: bareAccess({ personKey: await personKeyOf(patientId), patientId }),
    query: bareQuery(patientId),
  })
  return (await openBareDoor(await bareTls(), routes)).port
}

/** From now on the same rows can be written without the submission, and as many of them as are wanted. */
async function keepRecorded(path: string, submission: RealSubmission): Promise<void> {
  const statement = writingStatement(recording?.stop() ?? [])
  const { ids, answer, patientId, localId } = submission
  const template = { ids, patient: { personKey: await personKeyOf(patientId), xad: patientId.value, localId } }
  writes.set(path, {
    statement: replayOf(statement, template),
    answer: { contentType: answer.contentType, body: Buffer.from(answer.base64, 'base64') },
  })
  loader = createBulkLoader(server.pool, template)
}

async function load(command: Extract<Command, { kind: 'load' }>): Promise<readonly RowPatient[]> {
  const patients = (await loader?.load(command)) ?? []
  loaded.push(...patients)
  return patients
}

async function startBareRegistry(): Promise<number> {
  const { affinityDomainAuthority: affinityDomain } = config.identity
  const routes = bareRegistry({
    pool: server.pool,
    query: bareQuery({ value: 'ANYONE', authority: affinityDomain }),
    affinityDomain,
    patients: loaded,
    documentsDirectory: join(config.dataDir, 'documents'),
    writes,
  })
  return (await openBareDoor(await bareTls(), routes)).port
}

/** Beside this server, on the same database. */
async function startWorkers(count: number): Promise<number> {
  const args = Object.entries(flags).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  workers = await supervise(count, { config, log: silent, args: ['serve', ...args] })
  return workers.httpsPort
}

async function startBarePix({ domain, count, answer }: Extract<Command, { kind: 'barePix' }>): Promise<number> {
  const body = Buffer.from(answer.base64, 'base64')
  const routes = barePix({ pool: server.pool, domain, count, answer: { contentType: answer.contentType, body } })
  return (await openBareDoor(await bareTls(), routes)).port
}

async function answer(command: Exclude<Command, { kind: 'stop' }>): Promise<Reply> {
  switch (command.kind) {
    case 'bare':
      return { kind: 'bare', port: await startBare(command) }
    case 'bareMllp':
      return { kind: 'bareMllp', port: (await openBareMllp(await bareTls(), server.pool)).port }
    case 'workers':
      return { kind: 'workers', httpsPort: await startWorkers(command.count) }
    case 'record':
      recording = record(server.pool)
      return { kind: 'record' }
    case 'recorded':
      await keepRecorded(command.path, command.submission)
      return { kind: 'recorded' }
    case 'load':
      return { kind: 'load', patients: await load(command) }
    case 'bareRegistry':
      return { kind: 'bareRegistry', port: await startBareRegistry() }
    case 'settlePersons':
      await settlePersons(server.pool)
      return { kind: 'settlePersons' }
    case 'barePix':
      return { kind: 'barePix', port: await startBarePix(command) }
    case 'recording':
      isRecording = command.isOn
      return { kind: 'recording' }
    case 'settle':
      await untilSealed(server.pool, command.withinMs)
      return { kind: 'settle' }
    case 'cpu':
      return { kind: 'cpu', ...(await cpuTime(dataDir)) }
    case 'memory': {
      const rssBytes = process.memoryUsage.rss()
      const reply = { kind: 'memory', rssBytes, peakBytes: Math.max(peakBytes, rssBytes) } as const
      peakBytes = rssBytes
      return reply
    }
  }
}

function reply(message: Reply): void {
  if (process.connected) process.send?.(message)
}

async function stop(status: number): Promise<void> {
  await loader?.stop()
  await workers?.stop()
  await server.stop()
  process.exit(status)
}

process.on('message', async (command: Command) => {
  if (command.kind === 'stop') {
    await stop(0)
    return
  }
  reply(await answer(command).catch((error: Error): Reply => ({ kind: 'failed', message: error.message })))
})
process.on('disconnect', () => stop(1))
// The bench may have ended while the server was starting.
if (!process.connected) await stop(1)
// Ctrl-C reaches both processes; the bench says when to stop.
process.on('SIGINT', () => {})
const { httpsPort, mllpPort, managementPort, adminToken } = server
reply({ kind: 'ready', httpsPort, mllpPort, managementPort, adminToken })
