// tsunagi bench --matching: how well and how fast records are linked when it is known who is who; one JSON line a figure.

import { type Run, rounded, target } from '../compare.ts'
import { FEBRL_SETS, febrlSample } from './febrl.ts'
import { type Fed, feed } from './feeding.ts'
import { type Figures, figuresOf, type Share } from './figures.ts'
import { defaultMatcher, trainedMatcher } from './matcher.ts'
import { japaneseSample, relations, type Sample } from './sample.ts'

const SEED = 1

/** What a sample must reach; no sample may have a false link. */
interface Targets {
  readonly precision: number
  readonly recall: number
  readonly reviews?: number
}

const JAPANESE: Targets = { precision: 0.9999, recall: 0.97, reviews: 0.015 }
const FEBRL_WITHOUT_NUMBER: Targets = { precision: 1, recall: 0.98 }
const FEBRL_WITH_NUMBER: Targets = { precision: 1, recall: 0.995 }

/** Invented Japanese people, with the matcher as it is delivered. */
export function measureJapanese(run: Pick<Run, 'print'>, persons: number): void {
  const sample = japaneseSample({ seed: SEED, persons })
  report(run, { sample, fed: feed(sample, { matcher: defaultMatcher(), seed: SEED }), targets: JAPANESE })
}

/** The FEBRL sets, each with and without the number, weighed by what the set itself teaches without labels. */
export async function measureFebrl(run: Pick<Run, 'print'>, directory: string): Promise<void> {
  for (const set of FEBRL_SETS)
    for (const withNumber of [false, true]) {
      const sample = await febrlSample(directory, { set, withNumber })
      if (sample === undefined) {
        run.print({ bench: `matching, FEBRL ${set}`, skipped: `no dataset${set}.csv in ${directory}` })
        break
      }
      const fed = feed(sample, {
        matcher: trainedMatcher(sample.records.map(({ described }) => described)),
        seed: SEED,
      })
      report(run, { sample, fed, targets: withNumber ? FEBRL_WITH_NUMBER : FEBRL_WITHOUT_NUMBER })
    }
}

interface Reported {
  readonly sample: Sample
  readonly fed: Fed
  readonly targets: Targets
}

function report(run: Pick<Run, 'print'>, { sample, fed, targets }: Reported): void {
  const figures = figuresOf(sample, fed)
  const line = (what: string, figure: object): void =>
    run.print({ bench: `matching, ${sample.name}: ${what}`, ...figure })
  line('precision', atLeast(figures.precision, targets.precision))
  line('recall', atLeast(figures.recall, targets.recall))
  line('false links', { links: fed.falseLinks.length, ...target('0 links', fed.falseLinks.length === 0) })
  if (sample.isInvented) reportInvented(line, figures)
  line('review items a record', {
    ...(targets.reviews === undefined ? shown(figures.reviews) : atMost(figures.reviews, targets.reviews)),
    reasons: Object.fromEntries(figures.reviewReasons),
  })
  line('blocking recall', shown(figures.blockingRecall))
  line('speed', speedOf(fed))
}

function reportInvented(line: (what: string, figure: object) => void, figures: Figures): void {
  line('recall, kana and birth date intact', shown(figures.intactRecall))
  for (const relation of relations) {
    const pairs = figures.wrongPairs.get(relation)?.length ?? 0
    line(`${relation} linked`, { pairs, ...target('0 pairs', pairs === 0) })
  }
  for (const [error, share] of figures.recallByError) line(`recall, ${error}`, shown(share))
}

const FRACTION_DIGITS = 1_000_000

function shown({ share, count, of }: Share): object {
  return { share: Math.round(share * FRACTION_DIGITS) / FRACTION_DIGITS, count, of }
}

function atLeast(share: Share, least: number): object {
  return { ...shown(share), ...target(`>= ${least}`, share.share >= least) }
}

function atMost(share: Share, most: number): object {
  return { ...shown(share), ...target(`<= ${most}`, share.share <= most) }
}

function speedOf({ durationsMs, candidates }: Fed): object {
  const sorted = durationsMs.toSorted((one, other) => one - other)
  const percentile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  const totalMs = sorted.reduce((sum, duration) => sum + duration, 0)
  return {
    recordsPerSecond: rounded((sorted.length * 1000) / totalMs),
    p50Ms: thousandths(percentile(0.5)),
    p95Ms: thousandths(percentile(0.95)),
    p99Ms: thousandths(percentile(0.99)),
    candidatesMean: rounded(candidates.mean),
    candidatesLargest: candidates.largest,
  }
}

function thousandths(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
