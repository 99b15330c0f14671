// What a member of staff has to say before a patient is opened, and what disaster mode lets them leave out (docs/emergency.md).

/** Danger of life, a patient who came without referral, a disaster. */
export const REASON_CODES = ['life-threat', 'unreferred', 'disaster'] as const
export const CONSENT_KINDS = ['written', 'oral', 'not-possible'] as const
/** Parts of the normal rule that disaster mode may relax; `contact`: telling the other facility afterwards. */
export const RELAXABLE = ['consentKind', 'consentBy', 'chartNoted', 'contact'] as const

export type Relaxable = (typeof RELAXABLE)[number]

/** A sentence, not a word. */
export const MIN_REASON_LENGTH = 10

export interface EmergencyForm {
  readonly reasonCode: (typeof REASON_CODES)[number]
  readonly reason: string
  readonly consentKind?: (typeof CONSENT_KINDS)[number]
  /** Who consented; for `not-possible`, who found that it was. */
  readonly consentBy?: string
  /** The consent is written in the patient's chart. */
  readonly chartNoted?: boolean
}

/** Disaster mode of a union that both facilities belong to. */
export interface Disaster {
  readonly disasterId: string
  readonly relaxed: readonly Relaxable[]
  /** Days that a grant for the reason `disaster` runs. */
  readonly grantDays: number
}

export type FormField = 'reason' | Exclude<Relaxable, 'contact'>

/** Fields that are missing under the rule that holds now. */
export function missingOf(form: EmergencyForm, disaster: Disaster | undefined): readonly FormField[] {
  const given: Readonly<Record<FormField, boolean>> = {
    reason: [...form.reason.trim()].length >= MIN_REASON_LENGTH,
    consentKind: form.consentKind !== undefined,
    consentBy: form.consentBy !== undefined && form.consentBy.trim() !== '',
    chartNoted: form.chartNoted === true,
  }
  const relaxed: readonly string[] = disaster?.relaxed ?? []
  return (Object.keys(given) as FormField[]).filter((field) => !given[field] && !relaxed.includes(field))
}

/** Hours that a grant runs: as the network has it, but for the reason `disaster` in disaster mode as its operator set. */
export function hoursOf(
  form: Pick<EmergencyForm, 'reasonCode'>,
  disaster: Disaster | undefined,
  usualHours: number,
): number {
  return disaster !== undefined && form.reasonCode === 'disaster' ? disaster.grantDays * 24 : usualHours
}
