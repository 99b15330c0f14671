// May a caller ask a neighbouring community about a person, and may a community find one? Either tells that the person is known (idlink U-9, X-4).

import { type AccessFacts, type Decision, publishersOf } from '../model/access.ts'
import type { CallingSystem } from '../model/caller.ts'
import { covering } from './covering.ts'
import { scopeOf } from './decide.ts'
import type { Viewer } from './viewer.ts'

/**
 * The caller may see what other facilities of the network have about the person, and a consent for sharing covers the community.
 * @param towards the facts about the person towards the facility that stands for the community.
 */
export function mayAsk(
  viewer: Viewer,
  facts: AccessFacts,
  community: { readonly facilityId: string; readonly towards: AccessFacts },
): Decision {
  const { decision } = scopeOf(viewer, facts)
  if (!decision.allowed || viewer.accessMode === 'affinity-domain') return decision
  return covering(community.towards.consents, community.facilityId).length > 0
    ? decision
    : { allowed: false, reason: 'consent excludes the facility' }
}

/**
 * A community may find by discovery whom it could see something of once it had an id: an agreement with it runs that shows it ours, and a
 * consent for sharing covers it (ITI TF-2 3.55.4.1.3). A facility of the network finds nobody so, whatever its roles are.
 */
export function mayFind(asker: Viewer & Pick<CallingSystem, 'community'>, facts: AccessFacts): Decision {
  if (asker.community === undefined && asker.accessMode !== 'affinity-domain')
    return { allowed: false, reason: 'facility is in no union' }
  const scope = scopeOf(asker, { ...facts, linked: true, emergency: [] })
  const opensNothing = scope.mode === 'by-rule' && publishersOf(scope).length === 0
  return scope.decision.allowed && opensNothing
    ? { allowed: false, reason: 'consent excludes the publishing facility' }
    : scope.decision
}

/**
 * May a community be told of a person, by name and number, so that its patient index and ours are kept alike, or that it can say who the person
 * is there (ITI TF-2 3.44, 3.55; idlink X-3)? Only of whom a consent for sharing covers it, also where every system is trusted.
 */
export function mayTell(
  { consents, stopped }: Pick<AccessFacts, 'consents' | 'stopped'>,
  community: { readonly facilityId: string; readonly agreed: boolean },
): boolean {
  return community.agreed && !stopped && covering(consents, community.facilityId).length > 0
}
