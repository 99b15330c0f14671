// What each step of the self-test says, and the walk from one to the next.

import { describeFailure } from '../failure.ts'

/** In words: what was found; what to do about it, unless it is good. */
export interface Finding {
  /** `skipped`: it could not be tried, or nobody asked for it. */
  readonly result: 'passed' | 'warning' | 'failed' | 'skipped'
  readonly message: string
  readonly hint?: string
  /** Both in Japanese. */
  readonly ja: string
}

export interface Step extends Finding {
  readonly step: string
  /** Host and port, address or directory. */
  readonly at?: string
  readonly ms?: number
}

export function passed(message: string, ja: string): Finding {
  return { result: 'passed', message, ja }
}

export function warned(message: string, hint: string, ja: string): Finding {
  return { result: 'warning', message, hint, ja }
}

export function failed(message: string, hint: string, ja: string): Finding {
  return { result: 'failed', message, hint, ja }
}

export function skipped(message: string, ja: string): Finding {
  return { result: 'skipped', message, ja }
}

/** Why something could not be found out, in one line. */
export function reasonOf(error: unknown): string {
  return describeFailure(error).replaceAll('\n', ' ')
}

export interface Walk {
  /** Tries one step; what it throws is its failure. */
  readonly take: (step: string, at: string | undefined, work: () => Promise<Finding> | Finding) => Promise<Finding>
  readonly steps: () => readonly Step[]
}

/** @param shown hears of each step when it is done. */
export function openWalk(shown: (step: Step) => void): Walk {
  const steps: Step[] = []
  return {
    take: async (step, at, work) => {
      const started = performance.now()
      const finding = await tried(work)
      const ms = finding.result === 'skipped' ? {} : { ms: Math.round(performance.now() - started) }
      const done = { step, ...(at === undefined ? {} : { at }), ...ms, ...finding }
      steps.push(done)
      shown(done)
      return finding
    },
    steps: () => steps,
  }
}

async function tried(work: () => Promise<Finding> | Finding): Promise<Finding> {
  try {
    return await work()
  } catch (error) {
    const reason = reasonOf(error)
    return failed(
      reason,
      'This step could not be finished; the steps before it, and the log of the server, may say why',
      `確認できませんでした（${reason}）。これより前の結果とサーバのログを確認してください。`,
    )
  }
}

/** The worst of all; what was skipped says nothing. */
export function resultOf(steps: readonly Finding[]): 'passed' | 'warning' | 'failed' {
  if (steps.some(({ result }) => result === 'failed')) return 'failed'
  return steps.some(({ result }) => result === 'warning') ? 'warning' : 'passed'
}

/** @throws {Error} ETIMEDOUT */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const seconds = Math.round(ms / 1000)
    timer = setTimeout(
      () => reject(Object.assign(new Error(`no answer within ${seconds} s`), { code: 'ETIMEDOUT' })),
      ms,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Why a connection or an answer did not come, for programs: the innermost code. */
export function codeOf(error: unknown): string {
  let innermost = error
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause
  const { code, name } = innermost as NodeJS.ErrnoException
  return typeof code === 'string' && code !== '' ? code : name
}
