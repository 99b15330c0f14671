// What emergency access would add to what a facility sees of a person anyway, by the one access decision (docs/adr/0024).

import type { AccessFacts, Opening } from '../../model/access.ts'
import { rankOf } from '../../model/confidentiality.ts'
import { scopeOf } from '../decide.ts'
import { rightIn } from '../rights/matrix.ts'
import type { Viewer } from '../viewer.ts'

export interface Reach {
  /** Facilities whose documents are seen without emergency access. */
  readonly usual: ReadonlySet<string>
  /** Those of whose documents a grant shows more. */
  readonly opened: ReadonlySet<string>
}

/** Where everything is seen, or support was stopped, a grant opens nothing. */
export function reachOf(viewer: Viewer, facts: AccessFacts): Reach {
  const usual = byPublisher(viewer, { ...facts, emergency: [] })
  const inEmergency = byPublisher(viewer, { ...facts, emergency: [{ kinds: null }] })
  const wider = [...inEmergency].filter(([publisher, opening]) => isWider(opening, usual.get(publisher)))
  return { usual: new Set(usual.keys()), opened: new Set(wider.map(([publisher]) => publisher)) }
}

function byPublisher(viewer: Viewer, facts: AccessFacts): ReadonlyMap<string, Opening> {
  const { openings } = scopeOf(viewer, facts)
  return new Map(openings.flatMap((opening) => opening.publishers.map((publisher) => [publisher, opening] as const)))
}

/** A union may say that emergency access opens what is very restricted: then it adds to a link, too. */
function isWider(opening: Opening, usual: Opening | undefined): boolean {
  if (usual === undefined) return true
  const kinds = [undefined, ...Object.keys(opening.kinds), ...Object.keys(usual.kinds)]
  return kinds.some((kind) => rankOf(rightIn(opening, kind).level) > rankOf(rightIn(usual, kind).level))
}
