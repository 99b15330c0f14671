// Whom the consents of a person cover, and what opens another facility: consent with link, or emergency access (design §4; docs/adr/0024).

import type { AccessFacts, Consent, Opening } from '../model/access.ts'
import type { Viewer } from './viewer.ts'

/** Consents that cover a facility: comprehensive ones, or individual ones naming it, unless it is excluded by any. */
export function covering(consents: readonly Consent[], facilityId: string): readonly Consent[] {
  if (isExcluded(consents, facilityId)) return []
  return consents.filter((consent) => consent.kind === 'comprehensive' || consent.facilities.includes(facilityId))
}

export function isExcluded(consents: readonly Consent[], facilityId: string): boolean {
  return consents.some((consent) => consent.excludedFacilities.includes(facilityId))
}

/** What opens a publisher of the same union: a consent that covers both with the link, or emergency access; undefined when nothing does. */
export function openedBy(asked: {
  readonly viewer: Viewer
  readonly facts: AccessFacts
  readonly publisher: string
}): Opening['reason'] | undefined {
  const { viewer, publisher } = asked
  const { consents, emergency, linked } = asked.facts
  const both = linked ? covering(covering(consents, viewer.facilityId), publisher) : []
  if (both.length > 0 && !isExcluded(consents, publisher)) return 'union, consent and link stand'
  return emergency.length > 0 && covering(consents, publisher).length > 0 ? 'emergency access stands' : undefined
}
