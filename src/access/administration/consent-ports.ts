// Consents of patients (同意) as administration keeps them: who consented, how, taken by whom, in versions of which none is lost (idlink C-3 to C-6).

import type { Change, Changed } from '../change.ts'

/** Who consents: the patient, or for a minor or incapable person somebody of the family or a guardian (idlink C-6). */
export const RELATIONS = ['self', 'family', 'guardian'] as const
export type Relation = (typeof RELATIONS)[number]

export const CONSENT_FORMS = ['written', 'oral'] as const
export type ConsentForm = (typeof CONSENT_FORMS)[number]

/** How a consent came about. */
export interface ConsentOrigin {
  readonly relation?: Relation
  /** Name of the person who consented for the patient. */
  readonly consentedBy?: string
  readonly form?: ConsentForm
  /** YYYY-MM-DD. */
  readonly givenOn?: string
  /** Version of the text that the patient read or heard. */
  readonly textVersion?: string
  /** Member of staff who took it. */
  readonly takenBy?: string
  /** Facility where it was taken. */
  readonly takenAt?: string
  /** Where the form is kept. */
  readonly evidence?: string
}

export interface NewConsent extends ConsentOrigin {
  readonly personKey: string
  readonly kind: 'comprehensive' | 'individual'
  readonly facilities: readonly string[]
  readonly excludedFacilities: readonly string[]
  readonly excludedKinds: readonly string[]
  /** May be shared with neighbouring communities; absent: no. */
  readonly sharesWithCommunities?: boolean
  readonly validFrom?: string
  readonly validTo?: string
}

/** Facilities and kinds (classCodes) that an objection excludes, or that are taken from the excluded ones. */
export interface Objection {
  readonly facilities: readonly string[]
  readonly kinds: readonly string[]
}

/** What is said anew of a standing consent: objections made and taken back at any time (idlink C-4); what is absent stays as it is. */
export interface ConsentChange extends ConsentOrigin {
  readonly exclude: Objection
  readonly readmit: Objection
  /** Facilities that an individual consent names from now on. */
  readonly facilities?: readonly string[]
  readonly sharesWithCommunities?: boolean
  readonly reason: string
}

/** One version of a consent. It ends by withdrawal, or when a later version takes its place. */
export interface ConsentRecord extends Omit<NewConsent, 'personKey' | 'validFrom' | 'validTo' | 'evidence'> {
  readonly consentId: string
  readonly sharesWithCommunities: boolean
  readonly validFrom: string
  readonly validTo: string | null
  readonly evidence: string | null
  readonly recordedAt: string
  readonly recordedBy: string
  readonly reason?: string
  readonly withdrawnAt: string | null
  readonly withdrawnBy?: string
  readonly withdrawReason?: string
  /** The version that took its place. */
  readonly replacedBy?: string
  /** Former versions, and consents that a merge of patients made one of. */
  readonly madeFrom: readonly string[]
}

/** What became of a change: `conflict` when no version stands any more, `comprehensive` when what names nobody should name facilities. */
export interface ChangedConsent {
  readonly changed: Changed | 'comprehensive'
  /** The versions that stand now. */
  readonly consentIds: readonly string[]
}

export interface ConsentStore {
  /** All versions, the oldest first. */
  readonly consents: (personKey: string) => Promise<readonly ConsentRecord[]>
  /** Whose it is; undefined when there is none of this id. */
  readonly consentOwner: (consentId: string) => Promise<string | undefined>
  readonly addConsent: (
    consent: NewConsent,
    change: Change,
  ) => Promise<{ readonly stored: 'created' | 'unchanged'; readonly consentId: string }>
  /** Changes what stands of a consent, whichever of its versions is named. */
  readonly changeConsent: (consentId: string, said: ConsentChange, change: Change) => Promise<ChangedConsent>
  /** Ends whatever stands of a consent; messages that wait to be filed for the person are erased where nothing allows them any more. */
  readonly withdrawConsent: (consentId: string, change: Change) => Promise<Changed>
}
