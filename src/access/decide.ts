// Who may see what: the one decision with a reason for every answer (design §4; security rules of the network).

import type { AccessFacts, Decision, DocumentTraits, Reason, Scope } from '../model/access.ts'
import type { CallingSystem } from '../model/caller.ts'
import { rankOf, strictness } from '../model/confidentiality.ts'
import { covering, isExcluded, openedBy } from './covering.ts'
import { rightsInCase } from './rights/emergency.ts'
import { type Rights, rightIn } from './rights/matrix.ts'
import type { Viewer } from './viewer.ts'

type Publisher = Pick<CallingSystem, 'facilityId' | 'accessMode'>

/** What the caller may see of a person: own documents always, others' when union, consent and link (or emergency access) stand. */
export function scopeOf(viewer: Viewer, facts: AccessFacts): Scope {
  const decision = viewDecision(viewer, facts)
  return {
    mode: modeOf(viewer, facts),
    ownFacility: viewer.facilityId,
    ...(decision.allowed ? openingsOf(viewer, facts) : NOTHING_OPEN),
    excludedKinds: [...new Set(facts.consents.flatMap((consent) => consent.excludedKinds))],
    decision,
  }
}

const NOTHING_OPEN = { openings: [], closed: {} } as const

function modeOf({ accessMode }: Viewer, { stopped }: AccessFacts): Scope['mode'] {
  if (stopped) return 'nothing'
  return accessMode === 'affinity-domain' ? 'everything' : 'by-rule'
}

/** May the viewer see documents of other facilities about this person at all? */
function viewDecision(viewer: Viewer, facts: AccessFacts): Decision {
  const { consents, emergency, linked, stopped } = facts
  if (stopped) return no('support was stopped')
  if (viewer.accessMode === 'affinity-domain') return yes('affinity-domain mode')
  if (viewer.user?.purpose === 'other') return no('the purpose of use opens nothing')
  if (consents.length === 0) return no('no consent stands')
  const granted = emergency.length > 0
  const named = covering(consents, viewer.facilityId).length > 0
  if (isExcluded(consents, viewer.facilityId) || !(named || granted)) return no('consent excludes the facility')
  if (!(linked || granted)) return no('the facility has no linked patient number')
  if (viewer.unionFacilities.length === 0) return no('facility is in no union')
  return yes(named && linked ? 'union, consent and link stand' : 'emergency access stands')
}

/** May the caller publish documents about this person? */
export function mayPublish(publisher: Publisher, facts: AccessFacts): Decision {
  if (facts.stopped) return no('support was stopped')
  if (publisher.accessMode === 'affinity-domain') return yes('affinity-domain mode')
  if (facts.consents.length === 0) return no('no consent stands')
  if (covering(facts.consents, publisher.facilityId).length === 0) return no('consent excludes the facility')
  return yes('union, consent and link stand')
}

/** May a document with these traits be seen in this scope? */
export function admits(scope: Scope, document: DocumentTraits): Decision {
  if (scope.mode === 'nothing') return no(scope.decision.reason)
  if (scope.mode === 'everything') return yes('affinity-domain mode')
  if (document.publisher === scope.ownFacility) return yes('own document')
  if (!scope.decision.allowed) return scope.decision
  const opening = scope.openings.find(({ publishers }) => publishers.includes(document.publisher))
  if (opening === undefined) return no(scope.closed[document.publisher] ?? 'no union with the publishing facility')
  if (scope.excludedKinds.includes(document.kind)) return no('consent excludes the kind of document')
  const { level, reason } = rightIn(opening, document.kind)
  return strictness(document.confidentiality) <= rankOf(level) ? yes(opening.reason) : no(reason)
}

function openingsOf(viewer: Viewer, facts: AccessFacts): Pick<Scope, 'openings' | 'closed'> {
  const openings = new Map<Rights, Map<Reason, string[]>>()
  const closed: Record<string, Reason> = {}
  const rightsTowards = rightsInCase(viewer, facts)
  for (const facility of viewer.unionFacilities) {
    if (facility === viewer.facilityId) continue
    const reason = openedBy({ viewer, facts, publisher: facility })
    if (reason === undefined) closed[facility] = 'consent excludes the publishing facility'
    else into(openings, { rights: rightsTowards(facility, reason), reason }).push(facility)
  }
  return {
    openings: [...openings].flatMap(([rights, byReason]) =>
      [...byReason].map(([reason, publishers]) => ({ publishers, reason, ...rights })),
    ),
    closed,
  }
}

function into(
  openings: Map<Rights, Map<Reason, string[]>>,
  { rights, reason }: { readonly rights: Rights; readonly reason: Reason },
): string[] {
  const byReason = openings.get(rights) ?? new Map<Reason, string[]>()
  openings.set(rights, byReason)
  const publishers = byReason.get(reason) ?? []
  byReason.set(reason, publishers)
  return publishers
}

function yes(reason: Reason): Decision {
  return { allowed: true, reason }
}

function no(reason: Reason): Decision {
  return { allowed: false, reason }
}
