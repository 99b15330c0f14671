// When audit events that wait for a repository are worth an alarm; business goes on whatever comes of it (docs/audit-repositories.md).

import type { TargetView } from './targets.ts'

/** Alarm: the oldest event that waits has waited for so long, or so many wait. */
const ALARM_AGE_MS = 15 * 60_000
const ALARM_EVENTS = 1_000_000
/** What an audit record takes on the wire, about. */
const RECORD_BYTES = 2048
const ALARM_BYTES = 1024 ** 3

export type TargetConcern = 'none' | 'old' | 'many'

/** A target that the operator has paused is his concern already. */
export function concernOf(
  { status, waiting, waitingSince }: Pick<TargetView, 'status' | 'waiting' | 'waitingSince'>,
  nowMs: number,
): TargetConcern {
  if (status === 'paused') return 'none'
  if (waiting >= ALARM_EVENTS || waiting * RECORD_BYTES >= ALARM_BYTES) return 'many'
  return waitingSince !== undefined && nowMs - Date.parse(waitingSince) >= ALARM_AGE_MS ? 'old' : 'none'
}
