// What a push has done so far: counts by acknowledgement and times, shown as a bar while it runs and as a summary at the end.

import { printable } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { type Delivered, isAccepted } from './deliver.ts'

export interface Summary {
  readonly messages: number
  /** By MSA-1; `none` asked for no acknowledgement. */
  readonly codes: Readonly<Record<string, number>>
  readonly accepted: number
  readonly warned: number
  readonly refused: number
  /** Accepted in a former push. */
  readonly skipped: number
  /** Sent more than once, because the server asked for patience or the connection was lost. */
  readonly repeated: number
  readonly seconds: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
}

export interface Tally {
  readonly count: (delivered: Delivered) => void
  readonly skip: () => void
  readonly summary: () => Summary
}

export function openTally(): Tally {
  const startedMs = performance.now()
  const codes: Record<string, number> = {}
  const times: number[] = []
  const counts = { accepted: 0, warned: 0, skipped: 0, repeated: 0 }
  return {
    count: ({ ack, ms, attempts }) => {
      const code = ack?.code ?? 'none'
      codes[code] = (codes[code] ?? 0) + 1
      times.push(ms)
      if (ack === undefined || isAccepted(ack)) counts.accepted += 1
      if (ack !== undefined && isAccepted(ack) && ack.errors.length > 0) counts.warned += 1
      if (attempts > 1) counts.repeated += 1
    },
    skip: () => {
      counts.skipped += 1
    },
    summary: () => {
      const seconds = (performance.now() - startedMs) / 1000
      const sorted = times.toSorted((a, b) => a - b)
      const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
      return {
        messages: times.length,
        codes,
        ...counts,
        refused: times.length - counts.accepted,
        seconds: rounded(seconds),
        perSecond: rounded(times.length / seconds),
        p50Ms: at(0.5),
        p95Ms: at(0.95),
      }
    },
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

export function sentence(summary: Summary): string {
  const { messages, codes, warned, skipped, repeated, seconds, perSecond, p50Ms, p95Ms } = summary
  const byCode = Object.entries(codes).map(([code, count]) => `${printable(code)} ${count}`)
  return [
    `${messages} messages / 電文 ${messages}件`,
    ...byCode,
    ...(warned === 0 ? [] : [`with warnings / 警告あり ${warned}`]),
    ...(skipped === 0 ? [] : [`skipped / 送信済み ${skipped}`]),
    ...(repeated === 0 ? [] : [`repeated / 再送 ${repeated}`]),
    `${seconds} s, ${perSecond}/s, p50 ${p50Ms} ms, p95 ${p95Ms} ms`,
  ].join('  ')
}

export interface ProgressBar {
  readonly show: (done: number, refused: number) => void
  readonly clear: () => void
}

const BAR_WIDTH = 30
const CLEAR_LINE = '\r\u001b[K'
const REDRAW_MS = 100

/** Drawn where a person watches standard error, ten times a second at most. */
export function progressBar({ err, isWatched }: Terminal, files: number): ProgressBar {
  if (isWatched !== true) return { show: () => {}, clear: () => {} }
  const startedMs = performance.now()
  let drawnMs = 0
  return {
    show: (done, refused) => {
      const now = performance.now()
      if (now - drawnMs < REDRAW_MS) return
      drawnMs = now
      const full = Math.round(Math.min(1, done / files) * BAR_WIDTH)
      const rate = Math.round(done / ((now - startedMs) / 1000))
      const bar = `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`
      err(`${CLEAR_LINE}${bar} ${done}/${files}  refused ${refused}  ${rate}/s`)
    },
    clear: () => err(CLEAR_LINE),
  }
}
