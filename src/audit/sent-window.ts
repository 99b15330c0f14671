// How far a target has got what was written to it: syslog over TLS has no acknowledgement, so time, what followed and a clean end have to do
// (RFC 5425, 4.4; docs/adr/0037).

import type { Progress } from './targets.ts'

/** A record counts as sent when its connection lived on for so long, or a later record followed. */
export const SETTLED_MS = 5000
/** Of a connection that broke, what was written in this time is sent again … */
const AGAIN_MS = 30_000
/** … or so many records, whichever is more. */
const AGAIN_RECORDS = 100

interface Written {
  /** Position before it. */
  readonly after: number
  readonly to: number
  readonly records: number
  readonly atMs: number
}

export interface SentWindow {
  /** The position up to which everything is written; sending goes on after it. */
  readonly position: () => number
  /** A connection was opened. */
  readonly opened: () => void
  /** The kernel took the records of the seals up to this position. */
  readonly wrote: (to: number, records: number, nowMs: number) => void
  /** The connection was ended by us, and the other side said that it has read all. */
  readonly closed: () => void
  /** The connection broke, or none could be opened: what may be lost is written again. */
  readonly broke: (nowMs: number) => void
  readonly progress: (nowMs: number) => Progress
}

/** Times are monotonic milliseconds. */
export function createSentWindow(resendFrom: number): SentWindow {
  let position = resendFrom
  let sentTo = resendFrom
  let recent: Written[] = []
  /** Position at which the connection that is open was opened. */
  let openedAt: number | undefined

  /** The position after which all would be sent again if the connection broke now. */
  function againFrom(nowMs: number): number {
    return Math.min(openedAt ?? position, doubtfulAfter(nowMs))
  }

  function doubtfulAfter(nowMs: number): number {
    const byTime = recent.find(({ atMs }) => nowMs - atMs < AGAIN_MS)?.after ?? position
    return Math.min(byTime, againByCount(recent, position))
  }

  function settle(nowMs: number): void {
    const last = recent.at(-1)
    if (last === undefined) return
    sentTo = Math.max(sentTo, nowMs - last.atMs >= SETTLED_MS ? last.to : last.after)
  }

  return {
    position: () => position,
    opened: () => {
      openedAt = position
    },
    wrote: (to, records, nowMs) => {
      recent.push({ after: position, to, records, atMs: nowMs })
      position = to
      const from = doubtfulAfter(nowMs)
      while (recent[0] !== undefined && recent[0].to <= from) recent.shift()
    },
    closed: () => {
      openedAt = undefined
    },
    broke: (nowMs) => {
      // What a connection that ended well had brought is not doubted any more when it is long ago.
      const isDoubtful = openedAt !== undefined || nowMs - (recent.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < AGAIN_MS
      if (isDoubtful) {
        position = againFrom(nowMs)
        recent = recent.filter((one) => one.to <= position)
      }
      openedAt = undefined
    },
    progress: (nowMs) => {
      // What was passed over, because nothing of it goes to this target, is done with.
      if (openedAt === undefined) {
        sentTo = Math.max(sentTo, position)
        return { sentTo, resendFrom: position }
      }
      settle(nowMs)
      return { sentTo, resendFrom: againFrom(nowMs) }
    },
  }
}

/** The position before the last so many records. */
function againByCount(recent: readonly Written[], position: number): number {
  let records = 0
  let index = recent.length
  while (index > 0 && records < AGAIN_RECORDS) {
    index -= 1
    records += recent[index]?.records ?? 0
  }
  return recent[index]?.after ?? position
}
