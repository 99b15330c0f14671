// How far a command is: a bar for whoever watches the terminal, nothing in a log.

import type { Terminal } from '../terminal.ts'

const BAR_WIDTH = 30
const EVERY_MS = 200
const CLEAR_LINE = '\r\u001b[K'

export interface Progress {
  /** Cheap enough to be called for every file. */
  readonly show: (done: number, words: string) => void
  /** A line that stays, above the bar. */
  readonly say: (line: string) => void
  readonly end: () => void
}

/** `total` may come later, or never. */
export function startProgress({ err, isWatched }: Terminal, total: () => number | undefined): Progress {
  const say = (line: string): void => err(`${line}\n`)
  if (isWatched !== true) return { show: () => {}, say, end: () => {} }
  const startedMs = performance.now()
  let shownMs = 0
  return {
    show: (done, words) => {
      const now = performance.now()
      if (now - shownMs < EVERY_MS) return
      shownMs = now
      const rate = Math.round(done / ((now - startedMs) / 1000))
      err(`${CLEAR_LINE}${bar(done, total())}${words}, ${rate}/s`)
    },
    say: (line) => say(`${CLEAR_LINE}${line}`),
    end: () => err(CLEAR_LINE),
  }
}

function bar(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return ''
  const share = Math.min(1, done / total)
  const full = Math.round(share * BAR_WIDTH)
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${Math.floor(share * 100)}% `
}
