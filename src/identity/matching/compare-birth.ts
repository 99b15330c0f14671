// Compares two birth dates: equal, a slip that hands are known to make, or another day.

import { ERAS } from '../../../profiles/matching/eras.ts'
import { isOneEdit } from './distance.ts'

export type BirthLevel =
  | 'equal'
  | 'day and month exchanged'
  | 'other era'
  | 'one digit'
  | 'one part differs'
  | 'year and month'
  | 'year'
  | 'differs'

const COMPLETE = 8

/** Partial dates are compared as far as both go: `year and month` and `year` agree, the rest is not known. */
export function birthLevel(a: string, b: string): BirthLevel {
  if (a === b && a.length === COMPLETE) return 'equal'
  if (a.length < COMPLETE || b.length < COMPLETE) return partialLevel(a, b)
  const sameDay = a.slice(6) === b.slice(6)
  const sameMonth = a.slice(4, 6) === b.slice(4, 6)
  const sameYear = a.slice(0, 4) === b.slice(0, 4)
  if (sameYear && a.slice(4, 6) === b.slice(6) && a.slice(6) === b.slice(4, 6)) return 'day and month exchanged'
  if (sameDay && sameMonth && isEraSlip(a, b)) return 'other era'
  if (a.length === b.length && isOneEdit(a, b)) return 'one digit'
  return Number(sameDay) + Number(sameMonth) + Number(sameYear) === 2 ? 'one part differs' : 'differs'
}

function partialLevel(a: string, b: string): BirthLevel {
  const common = Math.min(a.length, b.length)
  if (a.slice(0, common) !== b.slice(0, common)) return 'differs'
  return common >= 6 ? 'year and month' : 'year'
}

/** The same year number under the next era: S60 for H60. */
function isEraSlip(a: string, b: string): boolean {
  const earlier = Number((a < b ? a : b).slice(0, 4))
  return ERAS.some((era, at) => {
    const next = ERAS[at + 1]
    const isOfEra = earlier >= era.firstYear && earlier <= era.lastYear
    return isOfEra && next !== undefined && yearsBetween(a, b) === next.firstYear - era.firstYear
  })
}

export function yearsBetween(a: string, b: string): number {
  return Math.abs(Number(a.slice(0, 4)) - Number(b.slice(0, 4)))
}
