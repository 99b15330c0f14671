// Rounds of bare pipe and server in turn, and what is printed of them: ratios hold on any machine, requests a second on one (design §7).

import { createGun, type Figures, type LoadOptions, type Shot } from './load.ts'
import type { Subject } from './subject-process.ts'
import type { World } from './world.ts'

/** The compiler of the runtime goes on improving code that is much used for some ten seconds; a server is measured as it runs, not as it starts. */
const WARM_UP_MS = 10_000
/** Where rounds are short, figures are not what is wanted. */
const WARM_UP_ROUNDS = 2.5
const ROUNDS = 3

export interface Run {
  readonly roundMs: number
  readonly callers: number
  readonly only: string
  /** An empty data directory for a server under test, or one with nothing but an empty database; it is removed when the bench ends. */
  readonly newDirectory: () => Promise<string>
  readonly print: (figure: object) => void
}

export interface Measuring {
  readonly subject: Subject
  /** Its data directory. */
  readonly directory: string
  readonly world: World
  readonly run: Run
}

/** One length of load on the one and on the other. */
export interface Sides {
  readonly bare: (durationMs: number) => Promise<Figures>
  readonly ours: (durationMs: number) => Promise<Figures>
}

interface Round {
  readonly bare: Figures
  readonly ours: Figures
}

export interface Comparison {
  readonly requestsPerSecond: number
  readonly barePerSecond: number
  readonly ratio: number
  readonly ratios: readonly number[]
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly bareP95Ms: number
  readonly failures: number
}

/** In turn, so that a machine that changes its mind changes it for both. */
export async function compare(sides: Sides, roundMs: number, count = ROUNDS): Promise<Comparison> {
  const warmUpMs = Math.min(WARM_UP_MS, WARM_UP_ROUNDS * roundMs)
  await sides.bare(warmUpMs)
  await sides.ours(warmUpMs)
  const rounds: Round[] = []
  while (rounds.length < count) rounds.push({ bare: await sides.bare(roundMs), ours: await sides.ours(roundMs) })
  return summary(rounds)
}

function summary(rounds: readonly Round[]): Comparison {
  const ratios = rounds.map(({ bare, ours }) => ours.perSecond / bare.perSecond).toSorted((a, b) => a - b)
  return {
    requestsPerSecond: rounded(mean(rounds.map(({ ours }) => ours.perSecond))),
    barePerSecond: rounded(mean(rounds.map(({ bare }) => bare.perSecond))),
    ratio: rounded(median(ratios)),
    ratios: ratios.map(rounded),
    p50Ms: rounded(median(rounds.map(({ ours }) => ours.p50Ms))),
    p95Ms: rounded(median(rounds.map(({ ours }) => ours.p95Ms))),
    p99Ms: rounded(median(rounds.map(({ ours }) => ours.p99Ms))),
    bareP95Ms: rounded(median(rounds.map(({ bare }) => bare.p95Ms))),
    failures: rounds.reduce((sum, { bare, ours }) => sum + bare.failures + ours.failures, 0),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Two digits; a rate of hundreds needs none of them, one of a few does. */
export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100
}

export function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}

/** The target beside a figure; a run with failures has met none. */
export function target(words: string, isMet: boolean): { readonly target: string; readonly met: boolean } {
  return { target: words, met: isMet }
}

export interface Pair {
  readonly name: string
  readonly as: World['hospital']
  readonly path: string
  readonly bare: string
  readonly shot: (number: number) => Shot
  readonly accepts: LoadOptions['accepts']
  /** Least ratio to the bare pipe that we hold ourselves to. */
  readonly leastRatio?: number
}

/** Compares and prints one transaction after another. @returns of each the comparison; undefined when `--only` leaves it out. */
export function pairing(
  given: Pick<Measuring, 'subject' | 'run'> & { readonly bareUrl: string },
): (pair: Pair) => Promise<Comparison | undefined> {
  const { run, subject } = given
  let number = 0
  return async (pair) => {
    if (!pair.name.includes(run.only)) return undefined
    const bare = createGun({ origin: given.bareUrl, path: pair.bare, tls: pair.as }, run.callers)
    const ours = createGun({ origin: subject.httpsUrl, path: pair.path, tls: pair.as }, run.callers)
    const common = { callers: run.callers, shot: () => pair.shot(number++) }
    const answered = (_answer: Buffer, status: number): boolean => status === 200
    const compared = await compare(
      {
        bare: (durationMs) => bare.run({ ...common, accepts: answered, durationMs }),
        ours: (durationMs) => ours.run({ ...common, accepts: pair.accepts, durationMs }),
      },
      run.roundMs,
    )
    await Promise.all([bare.close(), ours.close()])
    const { rssBytes } = await subject.ask({ kind: 'memory' })
    run.print({ bench: pair.name, ...compared, rssMiB: mebibytes(rssBytes), ...ratioTarget(compared, pair.leastRatio) })
    return compared
  }
}

export function ratioTarget({ ratio, failures }: Comparison, least: number | undefined): object {
  return least === undefined ? {} : target(`ratio >= ${least}`, ratio >= least && failures === 0)
}
