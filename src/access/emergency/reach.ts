// What emergency access would add to what a facility sees of a person anyway, by the one access decision (docs/adr/0024).

import { type AccessFacts, publishersOf } from '../../model/access.ts'
import type { CallingSystem } from '../../model/caller.ts'
import { scopeOf } from '../decide.ts'

export interface Reach {
  /** Facilities whose documents are seen without emergency access. */
  readonly usual: ReadonlySet<string>
  /** Those that a grant opens. */
  readonly opened: ReadonlySet<string>
}

/** Where everything is seen, or support was stopped, a grant opens nothing. */
export function reachOf(viewer: CallingSystem, facts: AccessFacts): Reach {
  const usual = new Set(publishersOf(scopeOf(viewer, { ...facts, emergency: [] })))
  const inEmergency = publishersOf(scopeOf(viewer, { ...facts, emergency: [{ kinds: null }] }))
  return { usual, opened: new Set(inEmergency.filter((facility) => !usual.has(facility))) }
}
