// Scopes for tests of what evaluates them.

import type { Opening, Scope } from '../../src/model/access.ts'
import type { Level } from '../../src/model/confidentiality.ts'

/** Everything up to this confidentiality of these facilities, or nothing where there are none. */
export function opened(publishers: readonly string[], level: Level = 'N'): Pick<Scope, 'openings' | 'closed'> {
  return { openings: publishers.length === 0 ? [] : [opening(publishers, level)], closed: {} }
}

export function opening(
  publishers: readonly string[],
  level: Level,
  kinds: Readonly<Record<string, Level>> = {},
): Opening {
  const right = (given: Level) => ({ level: given, reason: 'confidentiality above the system’s ceiling' }) as const
  return {
    publishers,
    reason: 'union, consent and link stand',
    right: right(level),
    kinds: Object.fromEntries(Object.entries(kinds).map(([kind, given]) => [kind, right(given)])),
  }
}
