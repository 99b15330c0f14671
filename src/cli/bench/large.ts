// Documents made while they are sent and counted while they come: ITI-41 and ITI-43 of any size, neither side holds one whole.

import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'
import type { DocumentRequest } from '../../codec/ebxml/retrieve.ts'
import { loadConfig } from '../../config/config.ts'
import { anyOf } from './bare-registry.ts'
import { compare, type Measuring, mebibytes, ratioTarget, rounded, target } from './compare.ts'
import { repeat, type Target } from './load.ts'
import { type BenchPatient, provideParts, retrieveShot } from './messages.ts'
import { isSuccess } from './transactions.ts'

const CHUNK = randomBytes(256 * 1024)
const CHUNKS_PER_MIB = 4
const UNIQUE_BYTES = 32
export const MAX_GROWTH_MIB = 64
const LEAST_RATIO = 0.5
const MANY_MIB = 10
const MAX_RSS_MIB = 512

/** One connection, or as many as documents travel at once. */
export function connect(
  given: Pick<Measuring, 'subject'>,
  options: { readonly as: Target['tls']; readonly connections: number },
): Pool {
  const { as, connections } = options
  return new Pool(given.subject.httpsUrl, { connections, connect: as, headersTimeout: 0, bodyTimeout: 0 })
}

export async function provide(
  pool: Pool,
  given: { readonly patient: BenchPatient; readonly sizeMiB: number },
): Promise<{ readonly answer: Buffer; readonly documentUniqueId: string }> {
  const { contentType, body, ids } = provideParts(given.patient, document(given.sizeMiB))
  const response = await post(pool, { path: '/xds/repository', contentType, body: Readable.from(body) })
  return { answer: Buffer.from(await response.arrayBuffer()), documentUniqueId: ids.entryUniqueId }
}

/** A document of the repository that the bench starts. */
function ofOurs(documentUniqueId: string): DocumentRequest {
  return { repositoryUniqueId: loadConfig({ flags: {}, env: {} }).repository.uniqueId, documentUniqueId }
}

/** @returns the length of the answer in bytes, counted as it comes. */
export async function fetchLength(
  pool: Pool,
  { path, document }: { readonly path: string; readonly document: DocumentRequest },
): Promise<number> {
  let length = 0
  const body = await post(pool, { path, ...retrieveShot(document) })
  for await (const chunk of body) length += (chunk as Buffer).length
  return length
}

async function post(
  pool: Pool,
  given: { readonly path: string; readonly contentType: string; readonly body: Buffer | Readable },
): Promise<Dispatcher.ResponseData['body']> {
  const { path, contentType, body } = given
  return (await pool.request({ path, method: 'POST', headers: { 'content-type': contentType }, body })).body
}

/** The same bytes for every document but the first few, so that making them costs the machine nothing. */
async function* document(sizeMiB: number): AsyncIterable<Buffer> {
  yield randomBytes(UNIQUE_BYTES)
  yield CHUNK.subarray(UNIQUE_BYTES)
  for (let count = 1; count < sizeMiB * CHUNKS_PER_MIB; count++) yield CHUNK
}

function patientOf({ world }: Measuring): BenchPatient {
  const [patient] = world.patients
  if (patient === undefined) throw new Error('the bench has no patient')
  return patient
}

/** One document in and out, and by how much the server's memory grew. */
export async function measureLarge(given: Measuring, sizeMiB: number): Promise<void> {
  const { subject, world, run } = given
  const names = { provided: `ITI-41, ${sizeMiB} MiB`, retrieved: `ITI-43, ${sizeMiB} MiB` }
  if (!Object.values(names).some((name) => name.includes(run.only))) return
  const patient = patientOf(given)
  const source = connect(given, { as: world.hospital, connections: 1 })
  const consumer = connect(given, { as: world.clinic, connections: 1 })
  const retrieve = (documentUniqueId: string) =>
    fetchLength(consumer, { path: '/xds/repository', document: ofOurs(documentUniqueId) })
  // The first one warms the path up, so that what is measured is the document and not the code being loaded.
  await retrieve((await provide(source, { patient, sizeMiB: 1 })).documentUniqueId)
  const { rssBytes } = await subject.ask({ kind: 'memory' })
  const measured = memoryFigures(given, { sizeMiB, rssBytes })
  const { documentUniqueId } = await measured(
    names.provided,
    () => provide(source, { patient, sizeMiB }),
    ({ answer }) => isSuccess(answer),
  )
  await measured(
    names.retrieved,
    () => retrieve(documentUniqueId),
    (length) => length > sizeMiB * 2 ** 20,
  )
  await Promise.all([source.close(), consumer.close()])
}

/** Growth is counted from the same memory for all; the peak begins anew with each figure. */
function memoryFigures(
  { subject, run }: Measuring,
  { sizeMiB, rssBytes }: { readonly sizeMiB: number; readonly rssBytes: number },
) {
  return async <T>(bench: string, work: () => Promise<T>, isAccepted: (result: T) => boolean): Promise<T> => {
    const startedMs = performance.now()
    const result = await work()
    const elapsedMs = performance.now() - startedMs
    const { peakBytes } = await subject.ask({ kind: 'memory' })
    const peakGrowthMiB = mebibytes(peakBytes - rssBytes)
    const accepted = isAccepted(result)
    run.print({
      bench,
      accepted,
      mibPerSecond: rounded(sizeMiB / (elapsedMs / 1000)),
      rssBeforeMiB: mebibytes(rssBytes),
      peakGrowthMiB,
      ...target(`peakGrowthMiB < ${MAX_GROWTH_MIB}`, accepted && peakGrowthMiB < MAX_GROWTH_MIB),
    })
    return result
  }
}

/** ITI-43 of a document kept as a file, beside the same door that streams the same file. */
export async function measureRetrieve(given: Measuring & { readonly bareUrl: string }, sizeMiB: number): Promise<void> {
  const { subject, world, run } = given
  const bench = `ITI-43, ${sizeMiB} MiB, beside the same file from a bare door`
  if (!bench.includes(run.only)) return
  const source = connect(given, { as: world.hospital, connections: 1 })
  const { documentUniqueId } = await provide(source, { patient: patientOf(given), sizeMiB })
  await source.close()
  const side = (pool: Pool, path: string) => (durationMs: number) =>
    repeat(async () => (await fetchLength(pool, { path, document: ofOurs(documentUniqueId) })) >= sizeMiB * 2 ** 20, {
      callers: 1,
      durationMs,
    })
  const bare = new Pool(given.bareUrl, { connections: 1, connect: world.clinic })
  const ours = connect(given, { as: world.clinic, connections: 1 })
  const compared = await compare(
    { bare: side(bare, `/file/${documentUniqueId}`), ours: side(ours, '/xds/repository') },
    run.roundMs,
  )
  await Promise.all([bare.close(), ours.close()])
  const { rssBytes } = await subject.ask({ kind: 'memory' })
  run.print({
    bench,
    mibPerSecond: rounded(compared.requestsPerSecond * sizeMiB),
    bareMibPerSecond: rounded(compared.barePerSecond * sizeMiB),
    ...compared,
    rssMiB: mebibytes(rssBytes),
    ...ratioTarget(compared, LEAST_RATIO),
  })
}

/** Many hospitals deliver at once; the callers are this process, the memory is the server's. */
export async function measureParallel(
  given: Measuring & { readonly patients: readonly BenchPatient[] },
  count: number,
): Promise<void> {
  const { subject, world, run, patients } = given
  const bench = `ITI-41, ${count} at once of ${MANY_MIB} MiB`
  if (!bench.includes(run.only)) return
  const pool = connect(given, { as: world.hospital, connections: count })
  const { rssBytes } = await subject.ask({ kind: 'memory' })
  const startedMs = performance.now()
  const answers = await Promise.all(
    Array.from({ length: count }, () =>
      provide(pool, { patient: anyOf(patients), sizeMiB: MANY_MIB }).then(
        ({ answer }) => isSuccess(answer),
        () => false,
      ),
    ),
  )
  const seconds = (performance.now() - startedMs) / 1000
  const { peakBytes } = await subject.ask({ kind: 'memory' })
  await pool.close()
  const succeeded = answers.filter((isAccepted) => isAccepted).length
  const peakRssMiB = mebibytes(peakBytes)
  run.print({
    bench,
    succeeded,
    failures: count - succeeded,
    mibPerSecond: rounded((count * MANY_MIB) / seconds),
    rssBeforeMiB: mebibytes(rssBytes),
    peakRssMiB,
    ...target(`all succeed, peakRssMiB < ${MAX_RSS_MIB}`, succeeded === count && peakRssMiB < MAX_RSS_MIB),
  })
}
