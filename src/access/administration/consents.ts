// What a consent may say, when it is recorded and when it is changed (包括同意, 個別同意; idlink C-3 to C-6).

import { jstDay } from '../../model/jst.ts'
import { type Fault, periodFault, unknownFacility } from '../administration.ts'
import type { AdministrationStore, Change } from '../ports.ts'
import type { ChangedConsent, ConsentChange, ConsentOrigin, NewConsent } from './consent-ports.ts'
import { isDay } from './days.ts'

interface ConsentRules {
  readonly store: Pick<AdministrationStore, 'facilities'>
  /** classCodes of the affinity domain. */
  readonly documentKinds: readonly string[]
}

/**
 * Records a consent. Every facility and kind it names must be known: one excluded under a misspelled name would go on being seen.
 */
export async function recordConsent(
  consent: NewConsent,
  change: Change,
  ports: ConsentRules & { readonly store: Pick<AdministrationStore, 'addConsent'> },
): Promise<{ readonly stored: 'created' | 'unchanged'; readonly consentId: string } | Fault> {
  if (consent.kind === 'individual' && consent.facilities.length === 0) return { fault: 'no facility named' }
  // It would open the patient to everybody in the union, whomever it names.
  if (consent.kind === 'comprehensive' && consent.facilities.length > 0) return NAMES_FACILITIES
  const named = { facilities: [...consent.facilities, ...consent.excludedFacilities], kinds: consent.excludedKinds }
  const fault = periodFault(consent) ?? originFault(consent) ?? (await namedFault(consent, { ...ports, named }))
  return fault ?? ports.store.addConsent(consent, change)
}

/** Changes what stands of a consent; objections made and taken back are effective at once, and what was said before stays readable. */
export async function changeConsent(
  changed: { readonly consentId: string; readonly said: ConsentChange },
  change: Change,
  ports: ConsentRules & { readonly store: Pick<AdministrationStore, 'changeConsent'> },
): Promise<ChangedConsent | Fault> {
  const { consentId, said } = changed
  if (said.facilities?.length === 0) return { fault: 'no facility named' }
  const named = {
    facilities: [...said.exclude.facilities, ...(said.facilities ?? [])],
    kinds: said.exclude.kinds,
  }
  const fault = originFault(said) ?? (await namedFault(said, { ...ports, named }))
  if (fault !== undefined) return fault
  const answered = await ports.store.changeConsent(consentId, said, change)
  return answered.changed === 'comprehensive' ? NAMES_FACILITIES : answered
}

const NAMES_FACILITIES = { fault: 'facilities of a comprehensive consent' } as const

/** Who consented is named with the relation to the patient, unless it was the patient (idlink C-6). */
function originFault({ relation = 'self', consentedBy, givenOn }: ConsentOrigin): Fault | undefined {
  if (relation === 'self' && consentedBy !== undefined) return { fault: 'no relation' }
  if (relation !== 'self' && consentedBy === undefined) return { fault: 'no consenting person', relation }
  if (givenOn === undefined) return undefined
  if (!isDay(givenOn)) return { fault: 'no such day', day: givenOn }
  const today = jstDay(Date.now())
  return givenOn > today ? { fault: 'day to come', day: givenOn, today } : undefined
}

async function namedFault(
  { takenAt }: ConsentOrigin,
  given: ConsentRules & {
    readonly named: { readonly facilities: readonly string[]; readonly kinds: readonly string[] }
  },
): Promise<Fault | undefined> {
  const { documentKinds, named, store } = given
  const facilities = takenAt === undefined ? named.facilities : [...named.facilities, takenAt]
  const fault = await unknownFacility(facilities, store)
  if (fault !== undefined) return fault
  const unknownKind = named.kinds.find((kind) => !documentKinds.includes(kind))
  return unknownKind === undefined ? undefined : { fault: 'unknown kind', kind: unknownKind, known: documentKinds }
}
