// What running emergency access makes of the rights towards a publisher (security b.2, b.5; docs/adr/0024).

import type { AccessFacts, EmergencyAccess, Reason, Right } from '../../model/access.ts'
import { NO_RULES } from '../../model/rights.ts'
import type { Viewer } from '../viewer.ts'
import { type Rights, rightIn, rightsOf, unionsOf } from './matrix.ts'

/** The rights towards a publisher, with what emergency access makes of them. */
export function rightsInCase(
  viewer: Viewer,
  { emergency }: AccessFacts,
): (publisher: string, reason: Reason) => Rights {
  const usual = rightsOf(viewer)
  if (emergency.length === 0) return usual
  const rules = viewer.rules ?? NO_RULES
  const made = new Map<string, Rights>()
  return (publisher, reason) => {
    const opensV = unionsOf(viewer, rules, publisher).some(({ emergencyOpensV }) => emergencyOpensV)
    const rights = inEmergency(usual(publisher), { emergency, opensV, alone: reason === 'emergency access stands' })
    const text = JSON.stringify(rights)
    const known = made.get(text) ?? rights
    made.set(text, known)
    return known
  }
}

/**
 * What emergency access makes of the rights: where a union says so it opens what is very restricted to whoever may see anything of the
 * kind. Where it alone opens the publisher, it does so for its kinds only.
 */
function inEmergency(
  rights: Rights,
  given: { readonly emergency: readonly EmergencyAccess[]; readonly opensV: boolean; readonly alone: boolean },
): Rights {
  const { emergency, opensV, alone } = given
  const all = emergency.some(({ kinds }) => kinds === null)
  const opened = new Set(emergency.flatMap(({ kinds }) => kinds ?? []))
  const touched = new Set([...Object.keys(rights.kinds), ...opened])
  const toKind = (kind: string | undefined): Right => {
    const right = rightIn(rights, kind)
    const covers = all || (kind !== undefined && opened.has(kind))
    if (!covers) return alone ? OTHER_KINDS : right
    return opensV && right.level !== 'none' ? { ...right, level: 'V' } : right
  }
  return {
    right: toKind(undefined),
    kinds: Object.fromEntries([...touched].sort().map((kind) => [kind, toKind(kind)])),
  }
}

const OTHER_KINDS: Right = { level: 'none', reason: 'emergency access is for other kinds of document' }
