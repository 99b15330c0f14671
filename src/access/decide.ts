// Who may see what: the one decision with a reason for every answer (design §4; security rules of the network).

import type { AccessFacts, Consent, Decision, DocumentTraits, Reason, Scope } from '../model/access.ts'
import { type CallingSystem, CONFIDENTIALITY_ORDER } from '../model/caller.ts'

/** HL7 Confidentiality code system. */
export const CONFIDENTIALITY_SCHEME = '2.16.840.1.113883.5.25'

type Viewer = Pick<CallingSystem, 'facilityId' | 'accessMode' | 'confidentialityCeiling' | 'unionFacilities'>
type Publisher = Pick<CallingSystem, 'facilityId' | 'accessMode'>

/** What the caller may see of a person: own documents always, others' when union, consent and link stand. */
export function scopeOf(viewer: Viewer, facts: AccessFacts): Scope {
  const decision = viewDecision(viewer, facts)
  const consents = covering(facts.consents, viewer.facilityId)
  const ceiling = CONFIDENTIALITY_ORDER.indexOf(viewer.confidentialityCeiling)
  return {
    mode: viewer.accessMode === 'affinity-domain' ? 'everything' : 'by-rule',
    ownFacility: viewer.facilityId,
    publishers: decision.allowed ? publishers(viewer, consents) : [],
    excludedKinds: [...new Set(facts.consents.flatMap((consent) => consent.excludedKinds))],
    confidentiality: CONFIDENTIALITY_ORDER.slice(0, ceiling + 1).map((code) => `${code}^^${CONFIDENTIALITY_SCHEME}`),
    decision,
  }
}

/** May the viewer see documents of other facilities about this person at all? */
function viewDecision(viewer: Viewer, facts: AccessFacts): Decision {
  if (viewer.accessMode === 'affinity-domain') return yes('affinity-domain mode')
  if (facts.consents.length === 0) return no('no consent stands')
  if (covering(facts.consents, viewer.facilityId).length === 0) return no('consent excludes the facility')
  if (!facts.linked) return no('the facility has no linked patient number')
  if (viewer.unionFacilities.length === 0) return no('facility is in no union')
  return yes('union, consent and link stand')
}

/** May the caller publish documents about this person? */
export function mayPublish(publisher: Publisher, facts: AccessFacts): Decision {
  if (publisher.accessMode === 'affinity-domain') return yes('affinity-domain mode')
  if (facts.consents.length === 0) return no('no consent stands')
  if (covering(facts.consents, publisher.facilityId).length === 0) return no('consent excludes the facility')
  return yes('union, consent and link stand')
}

/** May a document with these traits be seen in this scope? */
export function admits(scope: Scope, document: DocumentTraits): Decision {
  if (scope.mode === 'everything') return yes('affinity-domain mode')
  if (document.publisher === scope.ownFacility) return yes('own document')
  if (!scope.decision.allowed) return scope.decision
  if (!scope.publishers.includes(document.publisher)) return no('no union with the publishing facility')
  if (scope.excludedKinds.includes(document.kind)) return no('consent excludes the kind of document')
  // A code outside the list, known or not, counts as the most restricted one.
  if (!document.confidentiality.every((code) => scope.confidentiality.includes(code)))
    return no('confidentiality above the system’s ceiling')
  return yes('union, consent and link stand')
}

/** Consents that cover a facility: comprehensive ones, or individual ones naming it, unless it is excluded by any. */
function covering(consents: readonly Consent[], facilityId: string): readonly Consent[] {
  if (consents.some((consent) => consent.excludedFacilities.includes(facilityId))) return []
  return consents.filter((consent) => consent.kind === 'comprehensive' || consent.facilities.includes(facilityId))
}

function publishers(viewer: Viewer, consents: readonly Consent[]): readonly string[] {
  return viewer.unionFacilities.filter(
    (facility) => facility !== viewer.facilityId && covering(consents, facility).length > 0,
  )
}

function yes(reason: Reason): Decision {
  return { allowed: true, reason }
}

function no(reason: Reason): Decision {
  return { allowed: false, reason }
}
