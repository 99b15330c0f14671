// A person as a feed describes one: names in several scripts, birth, sex, addresses (ITI TF-2 3.44; HL7 v2.5 PID).

/** IDE kanji, SYL kana, ABC romaji (HL7 v3 EntityNameUse; v2 XPN-8 I, P, A). */
export type NameRepresentation = 'IDE' | 'SYL' | 'ABC'

export interface PersonName {
  readonly representation: NameRepresentation
  readonly family: string
  readonly given: string
}

export interface Address {
  readonly postalCode?: string
  /** The address as one line, prefecture first, as it is written in Japan. */
  readonly text: string
}

export interface Demographics {
  readonly names: readonly PersonName[]
  /** HL7 v3 AdministrativeGender: M, F or UN; absent when unknown. */
  readonly sex?: 'M' | 'F' | 'UN'
  /** Digits YYYY[MM[DD…]] in the precision that was sent. */
  readonly birthTime?: string
  readonly addresses: readonly Address[]
  readonly telecoms: readonly string[]
  /** Twin or other multiple birth (HL7 v3 multipleBirthInd; v2 PID-24). */
  readonly multipleBirth?: boolean
  /** Place among the children of one birth, from 1. */
  readonly birthOrder?: number
  readonly deceased?: boolean
  /** Names of the mother, her maiden name first where it is known (HL7 v3 personalRelationship MTH; v2 PID-6). */
  readonly mother?: readonly PersonName[]
  /**
   * The source asks for more discretion than usual (HL7 v3 veryImportantPersonCode, confidentialityCode R or V): the person is
   * found by an id only, never by a search.
   */
  readonly restricted?: boolean
}
