// What each factor of an explanation follows from, without anything clinical and without numbers of other facilities (idlink A-8).

import type { DocumentTraits, Factor } from '../../model/access.ts'
import { rightOn } from '../explain.ts'
import { appliedRules } from '../rights/matrix.ts'
import { jobOf, type Viewer } from '../viewer.ts'
import type { AskedAccess, Behind, ConsentBehind, FoundPerson } from './ports.ts'

interface Given {
  readonly asked: AskedAccess
  readonly behind: Behind
  readonly person: FoundPerson
  readonly viewer: Viewer | undefined
  readonly judged: { readonly document?: DocumentTraits } | undefined
  /** May the asker know kind and confidentiality? */
  readonly isTold: boolean
}

export function behindOf(name: Factor['name'], given: Given): readonly object[] {
  const { asked, behind, viewer, judged } = given
  switch (name) {
    case 'support':
      return behind.stop === undefined ? [] : [shownStop(behind.stop, asked)]
    case 'access mode':
      return viewer === undefined ? [] : [{ accessMode: viewer.accessMode }]
    case 'owner':
      return judged?.document === undefined ? [] : [{ publisher: judged.document.publisher }]
    case 'purpose of use':
      return [{ purpose: viewer?.user?.purpose ?? 'none said' }]
    case 'consent':
      return behind.consents.map((consent) => shownConsent(consent, given))
    case 'viewing facility':
      return [{ facilityId: asked.facilityId }, ...behind.emergency]
    case 'link':
      return [...behind.links.map((link) => ({ ...link, value: shownNumber(link.value, asked) })), ...behind.emergency]
    case 'union':
      return behind.unions
    case 'publishing facility':
      return judged?.document === undefined ? [] : [{ facilityId: judged.document.publisher }]
    case 'kind':
      return given.isTold ? [{ kind: judged?.document?.kind }] : []
    case 'right':
      return given.isTold ? rulesBehind(given) : []
  }
  return name satisfies never
}

/** A number is its facility's own. */
function shownNumber(value: string, { askedFor, facilityId }: AskedAccess): string {
  return askedFor === facilityId ? value : '***'
}

/** Who stopped it is for those who run the network: it may be one of another facility, where the patient is treated too. */
function shownStop({ stoppedBy, ...told }: NonNullable<Behind['stop']>, { askedFor }: AskedAccess): object {
  return { ...told, ...(askedFor === undefined ? { stoppedBy } : {}) }
}

/** Of what the patient said about facilities, only what is about the two; who recorded it is for those who run the network. */
function shownConsent(consent: ConsentBehind, { asked, judged }: Given): object {
  const { recordedBy, facilities, excludedFacilities, ...told } = consent
  const concerned = [asked.facilityId, judged?.document?.publisher]
  const among = (named: readonly string[]) => named.filter((facilityId) => concerned.includes(facilityId))
  return {
    ...told,
    ...(asked.askedFor === undefined ? { recordedBy } : {}),
    names: consent.kind === 'comprehensive' ? 'all' : among(facilities),
    excludes: among(excludedFacilities),
  }
}

function rulesBehind({ viewer, person, judged }: Given): readonly object[] {
  const document = judged?.document
  if (viewer === undefined || document === undefined) return []
  const { publisher, kind, confidentiality } = document
  const { usual, rights, audience } = appliedRules(viewer, publisher, kind)
  const { level } = rightOn({ viewer, facts: person.facts, document })
  return [
    { job: jobOf(viewer), seesUpTo: level, confidentiality, withoutAnyRule: usual },
    ...rights.map(({ holder, ...rule }) => ({ rightOf: holder, ...rule })),
    ...(audience === undefined
      ? []
      : [{ publishedBy: audience.facilityId, kind: audience.kind ?? 'every kind', to: audience.jobs }]),
  ]
}
