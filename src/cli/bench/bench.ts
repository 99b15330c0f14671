// tsunagi bench: each transaction beside its bare pipe, in one run, as ratios (design §7); one JSON line a figure.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../config/config.ts'
import { createAdminClient } from '../admin-client.ts'
import type { Registration } from '../context.ts'
import { UsageError } from '../failure.ts'
import { provideLarge, retrieveLarge } from './large.ts'
import { createGun, type Figures, type LoadOptions, type Shot } from './load.ts'
import { findShot, laboratoryShot, provideShot, retrieveShot } from './messages.ts'
import type { Command, Reply } from './subject.ts'
import { makeWorld, type World } from './world.ts'

const DOCUMENT_BYTES = 36 * 1024
const ENTRIES = 10
const PATIENTS = 200
const WARM_UP_MS = 1500
const ROUNDS = 3

interface BenchOptions {
  readonly seconds: string
  readonly callers: string
  readonly only?: string
  readonly large?: string
}

export const registerBench: Registration = (program, terminal) => {
  program
    .command('bench')
    .description('measure each transaction beside a bare pipe of the same bytes / 性能測定')
    .option('--seconds <n>', 'length of one round', '4')
    .option('--callers <n>', 'parallel callers', '16')
    .option('--only <text>', 'only the transactions whose name has this text')
    .option('--large <MiB>', 'instead: one ITI-41 and ITI-43 of this many MiB, and the memory they take')
    .action(async (options: BenchOptions) => {
      const run = { ...numbers(options), print: (figure: object) => terminal.out(`${JSON.stringify(figure)}\n`) }
      const directory = await mkdtemp(join(tmpdir(), 'tsunagi-bench-'))
      try {
        await measure(directory, run)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    })
}

interface Run {
  readonly roundMs: number
  readonly callers: number
  readonly largeMiB: number | undefined
  readonly only: string
  readonly print: (figure: object) => void
}

function numbers(options: BenchOptions): Omit<Run, 'print'> {
  const positive = (name: string, text: string): number => {
    const value = Number(text)
    if (!Number.isFinite(value) || value <= 0) throw new UsageError(`--${name} needs a positive number, not "${text}"`)
    return value
  }
  return {
    roundMs: positive('seconds', options.seconds) * 1000,
    callers: positive('callers', options.callers),
    only: options.only ?? '',
    largeMiB: options.large === undefined ? undefined : positive('large', options.large),
  }
}

/** One server process and the messages to and from it. */
interface Subject {
  readonly ready: Extract<Reply, { kind: 'ready' }>
  readonly ask: <K extends 'bare' | 'memory'>(
    command: Extract<Command, { kind: K }>,
  ) => Promise<Extract<Reply, { kind: K }>>
  readonly stop: () => Promise<void>
}

async function startSubject(directory: string): Promise<Subject> {
  const child = fork(fileURLToPath(new URL('./subject.ts', import.meta.url)), [directory], {
    execArgv: ['--import=tsx'],
  })
  const ready = (await nextReply(child)) as Subject['ready']
  return {
    ready,
    ask: async (command) => {
      const reply = nextReply(child)
      child.send(command)
      return (await reply) as never
    },
    stop: async () => {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.send({ kind: 'stop' } satisfies Command)
      await gone
    },
  }
}

function nextReply(child: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the server under test ended with code ${code}`))
    child.once('exit', ended)
    child.once('message', (reply: Reply) => {
      child.off('exit', ended)
      resolve(reply)
    })
  })
}

async function measure(directory: string, run: Run): Promise<void> {
  const subject = await startSubject(directory)
  try {
    const { httpsPort, managementPort, adminToken } = subject.ready
    const httpsUrl = `https://localhost:${httpsPort}`
    const world = await makeWorld({
      config: loadConfig({ flags: { dataDir: directory }, env: {} }),
      admin: createAdminClient({ baseUrl: `http://127.0.0.1:${managementPort}`, token: adminToken }),
      httpsUrl,
      patients: run.largeMiB === undefined ? PATIENTS : 1,
    })
    if (run.largeMiB === undefined) await measureTransactions({ subject, world, httpsUrl, run })
    else await measureLarge({ subject, world, httpsUrl, run }, run.largeMiB)
  } finally {
    await subject.stop()
  }
}

interface Measuring {
  readonly subject: Subject
  readonly world: World
  readonly httpsUrl: string
  readonly run: Run
}

async function measureTransactions(given: Measuring): Promise<void> {
  const { world } = given
  const [reader] = world.patients
  if (reader === undefined) throw new Error('the bench has no patient')
  const documentUniqueId = await fill(given)
  const bare = await given.subject.ask({ kind: 'bare', patientId: reader.patientId, documentUniqueId })
  const pair = pairing({ ...given, bareUrl: `https://localhost:${bare.port}` })
  const find = findShot(reader)
  const config = loadConfig({ flags: {}, env: {} })
  const fetch = retrieveShot({ repositoryUniqueId: config.repository.uniqueId, documentUniqueId })
  const isSuccess = (answer: Buffer): boolean => answer.includes('ResponseStatusType:Success')
  await pair({
    name: `ITI-18 FindDocuments, ${ENTRIES} entries LeafClass`,
    as: world.clinic,
    path: '/xds/registry',
    bare: '/find',
    shot: () => find,
    accepts: (answer) => isSuccess(answer) && answer.includes('ExtrinsicObject'),
  })
  await pair({
    name: 'ITI-43, 36 KiB',
    as: world.clinic,
    path: '/xds/repository',
    bare: '/fetch',
    shot: () => fetch,
    accepts: (answer) => answer.length > DOCUMENT_BYTES,
  })
  const others = world.patients.slice(1)
  const patientOf = (number: number) => others[number % others.length] ?? reader
  await pair({
    name: 'ITI-41, 36 KiB',
    as: world.hospital,
    path: '/xds/repository',
    bare: '/insert',
    shot: (number) => provideShot(patientOf(number), DOCUMENT_BYTES).shot,
    accepts: isSuccess,
  })
  await pair({
    name: 'StoreClient OML-11, HTTPS',
    as: world.hospital,
    path: '/storeclient',
    bare: '/insert',
    shot: (number) => laboratoryShot(patientOf(number), number),
    accepts: (answer) => answer.includes('MSA|AA'),
  })
}

/** Ten documents for the reader, through ITI-41. @returns the uniqueId of the last one. */
async function fill({ world, httpsUrl }: Measuring): Promise<string> {
  const [reader] = world.patients
  const gun = createGun({ origin: httpsUrl, path: '/xds/repository', tls: world.hospital }, 1)
  let documentUniqueId = ''
  for (let count = 0; count < ENTRIES && reader !== undefined; count++) {
    const provided = provideShot(reader, DOCUMENT_BYTES)
    documentUniqueId = provided.documentUniqueId
    await gun.run({ callers: 1, durationMs: 1, shot: () => provided.shot, accepts: () => true })
  }
  await gun.close()
  return documentUniqueId
}

interface Pair {
  readonly name: string
  readonly as: World['hospital']
  readonly path: string
  readonly bare: string
  readonly shot: (number: number) => Shot
  readonly accepts: LoadOptions['accepts']
}

/** Rounds of bare pipe and server in turn, so that a machine that changes its mind changes it for both. */
function pairing(given: Measuring & { readonly bareUrl: string }): (pair: Pair) => Promise<void> {
  const { run, subject } = given
  let number = 0
  const shots = (shot: Pair['shot']) => () => shot(number++)
  return async (pair) => {
    if (!pair.name.includes(run.only)) return
    const bare = createGun({ origin: given.bareUrl, path: pair.bare, tls: pair.as }, run.callers)
    const ours = createGun({ origin: given.httpsUrl, path: pair.path, tls: pair.as }, run.callers)
    const common = { callers: run.callers, shot: shots(pair.shot) }
    const accepted = { ...common, accepts: pair.accepts }
    const answered = { ...common, accepts: (_answer: Buffer, status: number) => status === 200 }
    await bare.run({ ...answered, durationMs: WARM_UP_MS })
    await ours.run({ ...accepted, durationMs: WARM_UP_MS })
    const rounds: { readonly bare: Figures; readonly ours: Figures }[] = []
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({
        bare: await bare.run({ ...answered, durationMs: run.roundMs }),
        ours: await ours.run({ ...accepted, durationMs: run.roundMs }),
      })
    await Promise.all([bare.close(), ours.close()])
    const { rssBytes } = await subject.ask({ kind: 'memory' })
    run.print({ bench: pair.name, ...summary(rounds), rssMiB: Math.round(rssBytes / 2 ** 20) })
  }
}

function summary(rounds: readonly { readonly bare: Figures; readonly ours: Figures }[]): object {
  const ratios = rounds.map(({ bare, ours }) => ours.perSecond / bare.perSecond).toSorted((a, b) => a - b)
  const middle = rounds[Math.floor(rounds.length / 2)]
  const last = middle?.ours
  return {
    requestsPerSecond: Math.round(mean(rounds.map(({ ours }) => ours.perSecond))),
    barePerSecond: Math.round(mean(rounds.map(({ bare }) => bare.perSecond))),
    ratio: round(ratios[Math.floor(ratios.length / 2)] ?? 0),
    ratios: ratios.map(round),
    p50Ms: round(last?.p50Ms ?? 0),
    p95Ms: round(last?.p95Ms ?? 0),
    p99Ms: round(last?.p99Ms ?? 0),
    failures: rounds.reduce((sum, { bare, ours }) => sum + bare.failures + ours.failures, 0),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

async function measureLarge({ subject, world, httpsUrl, run }: Measuring, sizeMiB: number): Promise<void> {
  const [patient] = world.patients
  if (patient === undefined) throw new Error('the bench has no patient')
  const { uniqueId: repositoryUniqueId } = loadConfig({ flags: {}, env: {} }).repository
  const provide = (size: number) => provideLarge({ patient, httpsUrl, tls: world.hospital, sizeMiB: size })
  const retrieve = (documentUniqueId: string) =>
    retrieveLarge({ httpsUrl, tls: world.clinic }, { repositoryUniqueId, documentUniqueId })
  // The first one warms the path up, so that what is measured is the document and not the code being loaded.
  await retrieve((await provide(1)).documentUniqueId)
  const before = await subject.ask({ kind: 'memory' })
  // Growth is counted from here for both; the peak begins anew with each figure.
  const measured = async <T>(bench: string, work: () => Promise<T>, isAccepted: (result: T) => boolean): Promise<T> => {
    const startedMs = performance.now()
    const result = await work()
    const elapsedMs = performance.now() - startedMs
    const { peakBytes } = await subject.ask({ kind: 'memory' })
    run.print({
      bench: `${bench}, ${sizeMiB} MiB`,
      accepted: isAccepted(result),
      mibPerSecond: round(sizeMiB / (elapsedMs / 1000)),
      rssBeforeMiB: Math.round(before.rssBytes / 2 ** 20),
      peakGrowthMiB: Math.round((peakBytes - before.rssBytes) / 2 ** 20),
    })
    return result
  }
  const { documentUniqueId } = await measured(
    'ITI-41',
    () => provide(sizeMiB),
    ({ answer }) => answer.includes('ResponseStatusType:Success'),
  )
  await measured(
    'ITI-43',
    () => retrieve(documentUniqueId),
    (length) => length > sizeMiB * 2 ** 20,
  )
}
