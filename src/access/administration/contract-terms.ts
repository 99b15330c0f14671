// Terms of the contract of use (利用約款): when it may start, when its term ends, how it goes on, when it may be ended (idlink ).

import { dayAfter, isDay } from './days.ts'

/** The start of use lies at most so many days behind the application. */
export const MAX_DAYS_TO_START = 90
/** Notice before the end, and before a term goes on by itself. */
export const NOTICE_DAYS = 30

/** The first term: a start from April to December runs to 31 March of the next year, one from January to March to that of the same year. */
export function firstTermEnd(startsOn: string): string {
  const year = Number(startsOn.slice(0, 4))
  return `${Number(startsOn.slice(5, 7)) >= 4 ? year + 1 : year}-03-31`
}

/** Last day of the term that `today` lies in: each term goes on by a year, unless the contract was ended. */
export function termEnd(contract: { readonly startsOn: string; readonly endsOn?: string }, today: string): string {
  const { startsOn, endsOn } = contract
  const running = firstTermEnd(today < startsOn ? startsOn : today)
  return endsOn !== undefined && endsOn < running ? endsOn : running
}

/** Last day on which notice still keeps the term from going on by itself. */
export function lastNoticeDay(endOfTerm: string): string {
  return dayAfter(endOfTerm, -NOTICE_DAYS)
}

export type ContractState = 'future' | 'running' | 'ended'

export function contractState(
  contract: { readonly startsOn: string; readonly endsOn?: string },
  today: string,
): ContractState {
  if (contract.endsOn !== undefined && contract.endsOn < today) return 'ended'
  return today < contract.startsOn ? 'future' : 'running'
}

export type ContractFault =
  | { readonly fault: 'no such day'; readonly day: string }
  | { readonly fault: 'starts before the application' }
  | { readonly fault: 'starts too late'; readonly latest: string }
  | { readonly fault: 'ends before it starts' }
  | { readonly fault: 'notice too short'; readonly earliest: string }

/** May use start on this day? */
export function startFault(given: {
  readonly appliedOn: string
  readonly startsOn: string
}): ContractFault | undefined {
  const wrong = [given.appliedOn, given.startsOn].find((day) => !isDay(day))
  if (wrong !== undefined) return { fault: 'no such day', day: wrong }
  if (given.startsOn < given.appliedOn) return { fault: 'starts before the application' }
  const latest = dayAfter(given.appliedOn, MAX_DAYS_TO_START)
  return given.startsOn > latest ? { fault: 'starts too late', latest } : undefined
}

/** May the contract end on this day, with notice given on that one? */
export function endFault(given: {
  readonly startsOn: string
  readonly noticeOn: string
  readonly endsOn: string
}): ContractFault | undefined {
  const wrong = [given.noticeOn, given.endsOn].find((day) => !isDay(day))
  if (wrong !== undefined) return { fault: 'no such day', day: wrong }
  if (given.endsOn < given.startsOn) return { fault: 'ends before it starts' }
  const earliest = dayAfter(given.noticeOn, NOTICE_DAYS)
  return given.endsOn < earliest ? { fault: 'notice too short', earliest } : undefined
}
