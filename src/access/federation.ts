// May a caller ask a neighbouring community about a person? What is asked tells them that the person is known here (idlink U-9, X-4).

import type { AccessFacts, Decision } from '../model/access.ts'
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
