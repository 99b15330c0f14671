// A request body must keep coming: a sender that drips bytes would hold a connection for as long as it likes (hardening: slow body).

import { iheError } from '../../profiles/errors/index.ts'
import { IheError } from '../model/error.ts'

export interface Pace {
  /** 0: as slowly as the other time-outs allow. */
  readonly bytesPerSecond: number
  /** In each such span of waiting, rate times span must come. */
  readonly graceMs: number
  /** After so much waiting in all, the rate has to be this one: what is large may take long, and is not sent by drops. */
  readonly steady?: { readonly afterMs: number; readonly bytesPerSecond: number }
}

/** At which a document of 1 GiB comes over a slow line in little more than an hour. */
export const STEADY_BYTES_PER_SECOND = 256 * 1024

/**
 * Passes the chunks on. Only time spent waiting for the sender counts, so a slow disk of ours is never held against it.
 * The source is never closed from here: on a refusal its owner still has to answer on the same connection.
 * @throws {IheError} TOO_SLOW, from the iteration, also when the connection ends before the body does.
 */
export function paced(source: AsyncIterable<Buffer>, pace: Pace): AsyncIterable<Buffer> {
  return pace.bytesPerSecond === 0 && pace.steady === undefined ? unhurried(source) : watched(source, pace)
}

async function* unhurried(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]()
  for (let next = await nextOf(iterator); next.done !== true; next = await nextOf(iterator)) yield next.value
}

/** A sender that hangs up within its message is no fault of ours, and is journalled as every other that does not bring it whole. */
function nextOf(iterator: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  return iterator.next().catch((error: unknown) => {
    if (error instanceof IheError) throw error
    throw iheError('TOO_SLOW', { at: 'HTTP body', rule: 'a connection that stands until the message is whole' })
  })
}

async function* watched(source: AsyncIterable<Buffer>, pace: Pace): AsyncGenerator<Buffer> {
  const { graceMs } = pace
  const iterator = source[Symbol.asyncIterator]()
  let pending: Promise<IteratorResult<Buffer>> | undefined
  let waitedMs = 0
  let waitedBeforeMs = 0
  let bytes = 0
  for (;;) {
    pending ??= nextOf(iterator)
    const askedMs = performance.now()
    const next = await within(pending, graceMs - waitedMs)
    waitedMs += performance.now() - askedMs
    if (next?.done === true) return
    bytes += next?.value.length ?? 0
    if (waitedMs >= graceMs || next === undefined) {
      const bytesPerSecond = rateAfter(waitedBeforeMs, pace)
      if (bytes < (bytesPerSecond * graceMs) / 1000) {
        // Nobody waits for it any more; that the connection breaks later is no news.
        pending.catch(() => {})
        throw tooSlow(bytesPerSecond, graceMs)
      }
      waitedBeforeMs += waitedMs
      waitedMs = 0
      bytes = 0
    }
    if (next === undefined) continue
    pending = undefined
    yield next.value
  }
}

function rateAfter(waitedMs: number, { bytesPerSecond, steady }: Pace): number {
  return steady === undefined || waitedMs < steady.afterMs
    ? bytesPerSecond
    : Math.max(bytesPerSecond, steady.bytesPerSecond)
}

async function within<T>(promise: Promise<T>, waitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, waitMs, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function tooSlow(bytesPerSecond: number, graceMs: number) {
  return iheError('TOO_SLOW', {
    at: 'HTTP body',
    rule: `at least ${bytesPerSecond} bytes a second, averaged over ${graceMs / 1000} s`,
  })
}
