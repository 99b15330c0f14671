// tsunagi bench --registry: registry and repository at size, each figure with the target we hold ourselves to (design §7).

import { anyOf } from './bare-registry.ts'
import { compare, type Measuring, type Pair, pairing, type Run, rounded, target } from './compare.ts'
import { measureLarge, measureParallel, measureRetrieve } from './large.ts'
import { createGun, type Figures } from './load.ts'
import { type BenchPatient, findShot, provideShot, registerShot, type Submitted } from './messages.ts'
import type { RowPatient } from './replay.ts'
import { type Subject, startSubject } from './subject-process.ts'
import { DOCUMENT_BYTES, isSuccess } from './transactions.ts'
import { openWorld } from './world.ts'

/** The size that growth is judged against. */
const FEW_ENTRIES = 10_000
/** Of a run that has not many more itself. */
const MOST_OF_THEM = 0.5
const LEAST_RATIO = 0.5
const MAX_GROWTH_OF_P95 = 1.3
const RETRIEVED_MIB = 100
const WARM_ROUNDS = 3
/** A p95 of one round is less steady than its requests a second. */
const GROWTH_ROUNDS = 7

export interface RegistryRun extends Run {
  readonly entries: number
  readonly patients: number
  readonly largeMiB: number
  readonly parallel: number
}

interface AtSize extends Measuring {
  readonly run: RegistryRun
  /** Everyone loaded so far. */
  readonly patients: BenchPatient[]
}

export async function measureRegistry(run: RegistryRun): Promise<void> {
  const directory = await run.newDirectory()
  const subject = await startSubject(directory)
  const given = await served(subject, async () => {
    const world = await openWorld(subject, { directory, patients: 1 })
    const atSize: AtSize = { subject, directory, world, run, patients: [] }
    await measureAtSize(atSize)
    return atSize
  })
  // A new process: what the load before left in its memory must not hide what documents take.
  const again = await startSubject(directory)
  await served(again, () => measureDocuments({ ...given, subject: again }))
}

async function served<T>(subject: Subject, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await subject.stop()
  }
}

async function measureAtSize(given: AtSize): Promise<void> {
  const { subject, run } = given
  await takeTemplates(given)
  const entriesEach = run.entries / run.patients
  const few = fewPatients(run)
  await load(given, { patients: few, entriesEach })
  const bare = await subject.ask({ kind: 'bareRegistry' })
  const bareUrl = `https://localhost:${bare.port}`
  const pair = pairing({ ...given, bareUrl })
  const atFew = await pair(findPair(given))
  if (few < run.patients) await load(given, { patients: run.patients - few, entriesEach })
  const atMany = await pair(findPair(given))
  if (atFew !== undefined && atMany !== undefined) {
    printGrowth(given, { from: atFew.p95Ms, to: atMany.p95Ms, failures: atFew.failures + atMany.failures })
    await measureGrowthInTurn(given, { patients: few, entriesEach })
  }
  await pair(registerPair(given))
  await pair(providePair(given))
  await measureRetrieve({ ...given, bareUrl }, Math.min(RETRIEVED_MIB, run.largeMiB))
}

/** How many of the patients the size that growth is judged against has. */
function fewPatients({ entries, patients }: RegistryRun): number {
  return Math.max(1, Math.round(patients * Math.min(FEW_ENTRIES / entries, MOST_OF_THEM)))
}

/** Sends one ITI-42 and one ITI-41 and has their writing statements recorded; the rows of the second are copied by every load. */
async function takeTemplates({ subject, world }: AtSize): Promise<void> {
  const [patient] = world.patients
  if (patient === undefined) throw new Error('the bench has no patient')
  const templates = [
    { path: '/register', door: '/xds/registry', submitted: registerShot(patient, world.repositoryUniqueId) },
    { path: '/provide', door: '/xds/repository', submitted: provideShot(patient, DOCUMENT_BYTES) },
  ]
  for (const { path, door, submitted } of templates) {
    await subject.ask({ kind: 'record' })
    const gun = createGun({ origin: subject.httpsUrl, path: door, tls: world.hospital }, 1)
    const answer = await gun.fire(submitted.shot)
    await gun.close()
    if (!isSuccess(answer.answer)) throw new Error(`the template of ${path} was refused: ${answer.answer}`)
    await subject.ask({
      kind: 'recorded',
      path,
      submission: {
        ids: submitted.ids,
        patientId: patient.patientId,
        localId: patient.localId,
        answer: { contentType: answer.contentType, base64: answer.answer.toString('base64') },
      },
    })
  }
}

interface Size {
  readonly patients: number
  readonly entriesEach: number
}

async function load(given: AtSize, more: Size): Promise<void> {
  const [template] = given.world.patients
  if (template === undefined) throw new Error('the bench has no patient')
  const startedMs = performance.now()
  const { patients } = await given.subject.ask({ kind: 'load', ...more })
  const seconds = (performance.now() - startedMs) / 1000
  for (const patient of patients) given.patients.push(like(template, patient))
  const entries = more.patients * more.entriesEach
  given.run.print({
    bench: `load, ${sizeOf(given)}`,
    entries,
    patients: more.patients,
    seconds: rounded(seconds),
    entriesPerSecond: rounded(entries / seconds),
  })
}

function like(template: BenchPatient, { xad, localId }: RowPatient): BenchPatient {
  return { ...template, localId, patientId: { ...template.patientId, value: xad } }
}

function sizeOf({ patients, run }: AtSize): string {
  return `${(patients.length * run.entries) / run.patients} entries`
}

/** A fresh random patient in every request. */
function findPair(given: AtSize): Pair {
  const { world, run, patients } = given
  const expected = run.entries / run.patients
  return {
    name: `ITI-18 FindDocuments, ${expected} of ${sizeOf(given)} LeafClass`,
    as: world.clinic,
    path: '/xds/registry',
    bare: '/find',
    shot: () => findShot(anyOf(patients)),
    accepts: (answer) => isSuccess(answer) && countOf(answer, '</rim:ExtrinsicObject>') === expected,
    leastRatio: LEAST_RATIO,
  }
}

function countOf(answer: Buffer, text: string): number {
  let count = 0
  for (let at = answer.indexOf(text); at !== -1; at = answer.indexOf(text, at + text.length)) count += 1
  return count
}

interface Growth {
  /** p95 at few entries and at all of them, milliseconds. */
  readonly from: number
  readonly to: number
  readonly failures: number
  readonly how?: string
}

function printGrowth(given: AtSize, { from, to, failures, how = '' }: Growth): void {
  const { run } = given
  const growth = rounded(to / from)
  run.print({
    bench: `ITI-18 FindDocuments, p95 at ${sizeOf(given)} to p95 at ${fewPatients(run) * (run.entries / run.patients)}${how}`,
    p95Ms: to,
    p95BeforeMs: from,
    growth,
    failures,
    ...target(`growth <= ${MAX_GROWTH_OF_P95}`, growth <= MAX_GROWTH_OF_P95 && failures === 0),
  })
}

/** The load lies between the two sizes, and a machine changes its mind in minutes: so a small server is asked in turn with this one. */
async function measureGrowthInTurn(given: AtSize, few: Size): Promise<void> {
  const { run } = given
  const directory = await run.newDirectory()
  const subject = await startSubject(directory)
  await served(subject, async () => {
    const world = await openWorld(subject, { directory, patients: 1 })
    const small: AtSize = { subject, directory, world, patients: [], run: { ...run, print: () => {} } }
    await takeTemplates(small)
    await load(small, few)
    const guns = { small: findGun(small), ours: findGun(given) }
    // The other one has answered as many already: code that is not yet compiled would make the small server the slow one.
    await guns.small.run(WARM_ROUNDS * run.roundMs)
    const compared = await compare({ bare: guns.small.run, ours: guns.ours.run }, run.roundMs, GROWTH_ROUNDS)
    await Promise.all([guns.small.close(), guns.ours.close()])
    const { bareP95Ms: from, p95Ms: to, failures } = compared
    printGrowth(given, { from, to, failures, how: ', in turn' })
  })
}

function findGun(given: AtSize) {
  const { path, as, shot, accepts } = findPair(given)
  const { callers } = given.run
  const gun = createGun({ origin: given.subject.httpsUrl, path, tls: as }, callers)
  return {
    run: (durationMs: number): Promise<Figures> => gun.run({ callers, durationMs, shot, accepts }),
    close: gun.close,
  }
}

function registerPair(given: AtSize): Pair {
  const shot = (patient: BenchPatient) => registerShot(patient, given.world.repositoryUniqueId)
  return writePair(given, { name: 'ITI-42', door: '/xds/registry', bare: '/register', shot })
}

function providePair(given: AtSize): Pair {
  const shot = (patient: BenchPatient) => provideShot(patient, DOCUMENT_BYTES)
  return writePair(given, { name: 'ITI-41, 36 KiB', door: '/xds/repository', bare: '/provide', shot })
}

function writePair(
  given: AtSize,
  of: {
    readonly name: string
    readonly door: string
    readonly bare: string
    readonly shot: (patient: BenchPatient) => Submitted
  },
): Pair {
  return {
    name: `${of.name} to ${sizeOf(given)}, beside a durable insert of the same rows`,
    as: given.world.hospital,
    path: of.door,
    bare: of.bare,
    shot: () => of.shot(anyOf(given.patients)).shot,
    accepts: isSuccess,
    leastRatio: LEAST_RATIO,
  }
}

async function measureDocuments(given: AtSize): Promise<void> {
  await measureLarge(given, given.run.largeMiB)
  await measureParallel(given, given.run.parallel)
}
