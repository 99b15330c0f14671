// tsunagi bench: each transaction beside its bare pipe, in one run, as ratios (design §7); how well records are linked; one JSON line a figure.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Registration } from '../context.ts'
import { UsageError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { measureAudit } from './audit.ts'
import type { Measuring, Run } from './compare.ts'
import { measureFederation } from './federation/federation.ts'
import { measureJournal } from './journal.ts'
import { measureLarge } from './large.ts'
import { measureFebrl, measureJapanese } from './matching/matching.ts'
import type { MessageCharset } from './messages/message.ts'
import { writeRehearsal, writeTree } from './messages/write.ts'
import { measurePeople } from './people.ts'
import { measureRegistry } from './registry.ts'
import { measureStoreClient } from './storeclient.ts'
import { startSubject } from './subject-process.ts'
import { measureTransactions } from './transactions.ts'
import { measureWorkers } from './workers.ts'
import { openWorld } from './world.ts'
import { measureXua } from './xua.ts'

const PATIENTS = 200
/** Of --storeclient: their episodes run side by side. */
const STORECLIENT_PATIENTS = 80
/** Of --workers: enough that those who send at once send of different patients. */
const WORKERS_PATIENTS = 40
const REGISTRY_LARGE_MIB = '1024'

/** The document of --federation, of another size with --large. */
const FEDERATION_LARGE_MIB = '1024'

const JOURNAL_ROWS = 10_000_000

/** Invented persons of --matching. */
const MATCHING_PERSONS = 100_000

interface BenchOptions {
  readonly seconds: string
  readonly callers: string
  readonly only?: string
  readonly large?: string
  readonly registry?: true
  readonly entries: string
  readonly patients: string
  readonly parallel: string
  readonly matching?: true
  readonly people?: string
  readonly febrl?: string
  readonly storeclient?: true
  readonly xua?: true
  readonly journal?: string | true
  readonly audit?: true
  readonly workers?: string
  readonly federation?: true
  readonly ssmixTree?: string
  readonly messages?: string
  readonly charset: string
  readonly files: string
}

export const registerBench = benchOn(() => mkdtemp(join(tmpdir(), 'tsunagi-bench-')))

/** @param makeDirectory as `newDirectory` of a run. */
export function benchOn(makeDirectory: () => Promise<string>): Registration {
  return (program, terminal) => register(program, terminal, makeDirectory)
}

function register(program: Command, terminal: Terminal, makeDirectory: () => Promise<string>): void {
  program
    .command('bench')
    .description('measure each transaction beside a bare pipe of the same bytes / 性能測定')
    .option('--seconds <n>', 'length of one round', '4')
    .option('--callers <n>', 'parallel callers', '16')
    .option('--only <text>', 'only the figures whose name has this text')
    .option('--large <MiB>', 'instead: one ITI-41 and ITI-43 of this many MiB, and the memory they take')
    .option('--registry', 'instead: registry and repository at size, speed and memory; with --large of another size')
    .option('--entries <n>', 'DocumentEntries of --registry', '1000000')
    .option('--patients <n>', 'patients of --registry', '100000')
    .option('--parallel <n>', 'ITI-41 of 10 MiB at once of --registry', '200')
    .option(
      '--people <n>',
      'instead: the master patient index with this many invented persons, import, ITI-44 and ITI-45; persons of --matching and --ssmix-tree',
    )
    .option('--matching', 'instead: how well and how fast records of invented people are linked, in memory')
    .option('--febrl <dir>', 'for --matching: the FEBRL files dataset1.csv to dataset3.csv instead of invented people')
    .option(
      '--storeclient',
      'instead: StoreClient over MLLP, all kinds mixed, beside a bare durable insert, and memory',
    )
    .option('--xua', 'instead: ITI-18 under the consent rule with SAML assertions, beside a trusted system without')
    .option('--journal [rows]', 'instead: searches in a journal of so many entries over 12 months; default 10000000')
    .option(
      '--federation',
      'instead: what asking 20 neighbouring communities adds to the slowest, and the memory that a document takes of both gateways; with --large of another size',
    )
    .option('--workers <n>', 'instead: so many processes that share the doors, beside one alone')
    .option('--audit', 'instead: what audit and journal cost ITI-18, beside the same server without them')
    .option(
      '--ssmix-tree <folder>',
      'instead: write an invented SS-MIX2 storage of the demo network, or of --people invented persons',
    )
    .option('--files <n>', 'files of --ssmix-tree', '1000')
    .option(
      '--messages <folder>',
      'instead: write invented messages of every kind for the patients of the demo network',
    )
    .option('--charset <name>', 'of --messages: ISO-2022-JP or UTF-8', 'ISO-2022-JP')
    .action(async (options: BenchOptions) => {
      if (await writes(options, terminal)) return
      const directories: string[] = []
      const run: Run = {
        roundMs: positive(options, 'seconds') * 1000,
        callers: positive(options, 'callers'),
        only: options.only ?? '',
        newDirectory: async () => {
          const directory = await makeDirectory()
          directories.push(directory)
          return directory
        },
        print: (figure) => terminal.out(`${JSON.stringify(figure)}\n`),
      }
      const measure = measurement(options, run)
      try {
        await measure()
      } finally {
        for (const directory of directories) await rm(directory, { recursive: true, force: true })
      }
    })
}

/** Invented files are written where they are wanted; nothing is measured then. */
async function writes(options: BenchOptions, terminal: Terminal): Promise<boolean> {
  const { ssmixTree, messages, people } = options
  if (ssmixTree !== undefined) {
    const files = whole(options, 'files')
    const given = people === undefined ? {} : { people: whole({ people }, 'people') }
    const patients = await writeTree({ folder: resolve(terminal.cwd, ssmixTree), files, ...given })
    terminal.out(`${JSON.stringify({ folder: ssmixTree, files, patients })}\n`)
  } else if (messages !== undefined) {
    const written = await writeRehearsal(resolve(terminal.cwd, messages), charsetOf(options.charset))
    terminal.out(`${JSON.stringify({ folder: messages, messages: written })}\n`)
  }
  return ssmixTree !== undefined || messages !== undefined
}

function charsetOf(name: string): MessageCharset {
  if (name === 'ISO-2022-JP' || name === 'UTF-8') return name
  throw new UsageError(`--charset needs ISO-2022-JP or UTF-8, not "${name}"`)
}

/** What is asked for; wrong options are told before anything is started. */
function measurement(options: BenchOptions, run: Run): () => Promise<void> {
  if (options.matching === true) return matchingMeasurement(options, run)
  if (options.journal !== undefined) {
    const rows = whole({ journal: options.journal === true ? JOURNAL_ROWS : options.journal }, 'journal')
    return () => measureJournal({ ...run, rows })
  }
  if (options.registry === true) {
    const size = {
      entries: whole(options, 'entries'),
      patients: whole(options, 'patients'),
      parallel: whole(options, 'parallel'),
      largeMiB: whole({ large: REGISTRY_LARGE_MIB, ...options }, 'large'),
    }
    if (size.entries % size.patients !== 0)
      throw new UsageError('--entries needs a multiple of --patients: every patient has as many')
    return () => measureRegistry({ ...run, ...size })
  }
  if (options.federation === true) {
    const largeMiB = whole({ large: FEDERATION_LARGE_MIB, ...options }, 'large')
    return () => measureFederation({ ...run, largeMiB })
  }
  if (options.people !== undefined) {
    const persons = whole(options, 'people')
    return () => measurePeople({ ...run, persons })
  }
  const measureIn = (patients: number, measure: (measuring: Measuring) => Promise<void>) => () =>
    measureWorld({ run, patients, measure })
  if (options.storeclient === true) return measureIn(STORECLIENT_PATIENTS, measureStoreClient)
  if (options.audit === true) return measureIn(1, measureAudit)
  if (options.workers !== undefined) {
    const count = whole(options, 'workers')
    return measureIn(WORKERS_PATIENTS, (measuring) => measureWorkers(measuring, count))
  }
  if (options.xua === true) return measureIn(1, measureXua)
  if (options.large === undefined) return measureIn(PATIENTS, measureTransactions)
  const largeMiB = positive(options, 'large')
  return measureIn(1, (measuring) => measureLarge(measuring, largeMiB))
}

function matchingMeasurement(options: BenchOptions, run: Run): () => Promise<void> {
  const { febrl } = options
  if (febrl !== undefined) return () => measureFebrl(run, febrl)
  const persons = whole({ people: MATCHING_PERSONS, ...options }, 'people')
  return async () => measureJapanese(run, persons)
}

function positive<K extends string>(options: Readonly<Partial<Record<K, unknown>>>, name: K): number {
  const value = Number(options[name])
  if (!Number.isFinite(value) || value <= 0)
    throw new UsageError(`--${name} needs a positive number, not "${options[name]}"`)
  return value
}

function whole<K extends string>(options: Readonly<Partial<Record<K, unknown>>>, name: K): number {
  const value = positive(options, name)
  if (!Number.isInteger(value)) throw new UsageError(`--${name} needs a whole number, not "${options[name]}"`)
  return value
}

async function measureWorld(given: {
  readonly run: Run
  readonly patients: number
  readonly measure: (measuring: Measuring) => Promise<void>
}): Promise<void> {
  const directory = await given.run.newDirectory()
  const subject = await startSubject(directory)
  try {
    const world = await openWorld(subject, { directory, patients: given.patients })
    await given.measure({ subject, directory, world, run: given.run })
  } finally {
    await subject.stop()
  }
}
