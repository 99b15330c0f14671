// Who may see what: the one decision with a reason for every answer (design §4; security rules of the network).

import type {
  AccessFacts,
  Consent,
  Decision,
  DocumentTraits,
  EmergencyAccess,
  Opening,
  Reason,
  Right,
  Scope,
} from '../model/access.ts'
import type { CallingSystem } from '../model/caller.ts'
import { rankOf, strictness } from '../model/confidentiality.ts'

type Viewer = Pick<CallingSystem, 'facilityId' | 'accessMode' | 'confidentialityCeiling' | 'unionFacilities'>
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
  if (consents.length === 0) return no('no consent stands')
  const inEmergency = emergency.length > 0
  const named = covering(consents, viewer.facilityId).length > 0
  if (isExcluded(consents, viewer.facilityId) || !(named || inEmergency)) return no('consent excludes the facility')
  if (!(linked || inEmergency)) return no('the facility has no linked patient number')
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
  const right = Object.hasOwn(opening.kinds, document.kind) ? opening.kinds[document.kind] : undefined
  const { level, reason } = right ?? opening.right
  return strictness(document.confidentiality) <= rankOf(level) ? yes(opening.reason) : no(reason)
}

function openingsOf(viewer: Viewer, facts: AccessFacts): Pick<Scope, 'openings' | 'closed'> {
  const regular: string[] = []
  const inEmergency: string[] = []
  const closed: Record<string, Reason> = {}
  const both = facts.linked ? covering(facts.consents, viewer.facilityId) : []
  for (const facility of viewer.unionFacilities) {
    if (facility === viewer.facilityId) continue
    if (covering(both, facility).length > 0) regular.push(facility)
    else if (facts.emergency.length > 0 && covering(facts.consents, facility).length > 0) inEmergency.push(facility)
    else closed[facility] = 'consent excludes the publishing facility'
  }
  const right: Right = { level: viewer.confidentialityCeiling, reason: 'confidentiality above the system’s ceiling' }
  const openings: Opening[] = []
  if (regular.length > 0)
    openings.push({ publishers: regular, reason: 'union, consent and link stand', right, kinds: {} })
  if (inEmergency.length > 0) openings.push({ publishers: inEmergency, ...emergencyOpening(facts.emergency, right) })
  return { openings, closed }
}

function emergencyOpening(emergency: readonly EmergencyAccess[], right: Right): Omit<Opening, 'publishers'> {
  const reason = 'emergency access stands'
  if (emergency.some(({ kinds }) => kinds === null)) return { reason, right, kinds: {} }
  const opened = emergency.flatMap(({ kinds }) => kinds ?? []).map((kind) => [kind, right] as const)
  const others: Right = { level: 'none', reason: 'emergency access is for other kinds of document' }
  return { reason, right: others, kinds: Object.fromEntries(opened) }
}

/** Consents that cover a facility: comprehensive ones, or individual ones naming it, unless it is excluded by any. */
function covering(consents: readonly Consent[], facilityId: string): readonly Consent[] {
  if (isExcluded(consents, facilityId)) return []
  return consents.filter((consent) => consent.kind === 'comprehensive' || consent.facilities.includes(facilityId))
}

function isExcluded(consents: readonly Consent[], facilityId: string): boolean {
  return consents.some((consent) => consent.excludedFacilities.includes(facilityId))
}

function yes(reason: Reason): Decision {
  return { allowed: true, reason }
}

function no(reason: Reason): Decision {
  return { allowed: false, reason }
}
