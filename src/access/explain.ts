// The access decision factor by factor, for whoever asks why something is seen or not; a test holds it against the short form (design §4).

import type { AccessFacts, Decision, DocumentTraits, Factor, Reason, Right } from '../model/access.ts'
import { rankOf, strictness } from '../model/confidentiality.ts'
import { covering, isExcluded, openedBy } from './covering.ts'
import { rightsInCase } from './rights/emergency.ts'
import { rightIn } from './rights/matrix.ts'
import type { Viewer } from './viewer.ts'

interface Asked {
  readonly viewer: Viewer
  readonly facts: AccessFacts
  readonly document: DocumentTraits
}

const BY_RULE: Reason = 'union, consent and link stand'
const IN_EMERGENCY: Reason = 'emergency access stands'

/** Every factor with its outcome, in the order of FACTORS, also those behind the one that decides. */
export function explain(viewer: Viewer, facts: AccessFacts, document: DocumentTraits): readonly Factor[] {
  const asked = { viewer, facts, document }
  return [
    closing('support', facts.stopped ? 'support was stopped' : undefined),
    opening('access mode', viewer.accessMode === 'affinity-domain' ? 'affinity-domain mode' : undefined),
    opening('owner', document.publisher === viewer.facilityId ? 'own document' : undefined),
    closing('purpose of use', viewer.user?.purpose === 'other' ? 'the purpose of use opens nothing' : undefined),
    closing('consent', facts.consents.length === 0 ? 'no consent stands' : undefined),
    viewingFacility(asked),
    link(asked),
    closing('union', withoutUnion(asked)),
    publishingFacility(asked),
    closing('kind', isKindExcluded(asked) ? 'consent excludes the kind of document' : undefined),
    right(asked),
  ]
}

/** The decision that follows from the factors. */
export function verdictOf(factors: readonly Factor[]): Decision {
  const decisive = factors.find(({ outcome }) => outcome !== 'holds')
  if (decisive !== undefined) return { allowed: decisive.outcome === 'opens', reason: decisive.reason }
  const inEmergency = factors.some(({ reason }) => reason === IN_EMERGENCY)
  return { allowed: true, reason: inEmergency ? IN_EMERGENCY : BY_RULE }
}

function closing(name: Factor['name'], reason: Reason | undefined): Factor {
  return reason === undefined ? { name, outcome: 'holds', reason: BY_RULE } : { name, outcome: 'closes', reason }
}

function opening(name: Factor['name'], reason: Reason | undefined): Factor {
  return reason === undefined ? { name, outcome: 'holds', reason: BY_RULE } : { name, outcome: 'opens', reason }
}

function viewingFacility({ viewer, facts }: Asked): Factor {
  const name = 'viewing facility'
  const { consents, emergency } = facts
  if (covering(consents, viewer.facilityId).length > 0) return { name, outcome: 'holds', reason: BY_RULE }
  if (emergency.length > 0 && !isExcluded(consents, viewer.facilityId))
    return { name, outcome: 'holds', reason: IN_EMERGENCY }
  return { name, outcome: 'closes', reason: 'consent excludes the facility' }
}

function link({ facts }: Asked): Factor {
  const name = 'link'
  if (facts.linked) return { name, outcome: 'holds', reason: BY_RULE }
  if (facts.emergency.length > 0) return { name, outcome: 'holds', reason: IN_EMERGENCY }
  return { name, outcome: 'closes', reason: 'the facility has no linked patient number' }
}

function withoutUnion({ viewer, document }: Asked): Reason | undefined {
  if (viewer.unionFacilities.length === 0) return 'facility is in no union'
  return viewer.unionFacilities.includes(document.publisher) ? undefined : 'no union with the publishing facility'
}

function publishingFacility(asked: Asked): Factor {
  const reason = isDecidedBefore(asked)
    ? coveringAlone(asked)
    : openedBy({ ...asked, publisher: asked.document.publisher })
  return reason === undefined
    ? { name: 'publishing facility', outcome: 'closes', reason: 'consent excludes the publishing facility' }
    : { name: 'publishing facility', outcome: 'holds', reason }
}

/** Where link or viewing facility close, the publisher is judged by itself: nobody shall be told to change what need not be. */
function isDecidedBefore(asked: Asked): boolean {
  return link(asked).outcome === 'closes' || viewingFacility(asked).outcome === 'closes'
}

function coveringAlone({ facts, document }: Asked): Reason | undefined {
  return covering(facts.consents, document.publisher).length > 0 ? BY_RULE : undefined
}

function isKindExcluded({ facts, document }: Asked): boolean {
  return facts.consents.some(({ excludedKinds }) => excludedKinds.includes(document.kind))
}

/** How far the viewer may look in this case. */
export function rightOn({ viewer, facts, document }: Asked): Right {
  const { publisher, kind } = document
  const opened = openedBy({ viewer, facts, publisher }) ?? BY_RULE
  return rightIn(rightsInCase(viewer, facts)(publisher, opened), kind)
}

function right(asked: Asked): Factor {
  const { level, reason } = rightOn(asked)
  return closing('right', strictness(asked.document.confidentiality) <= rankOf(level) ? undefined : reason)
}
