// What two records have in common, field by field: what the rules judge and the weights count.

import type { BirthLevel } from './compare-birth.ts'
import type { AddressLevel, PhoneLevel } from './compare-contact.ts'
import type { NameComparison } from './compare-names.ts'

/** What two records have in common, field by field; undefined where a side does not know. */
export interface Findings {
  readonly names: NameComparison
  readonly birth: BirthLevel | undefined
  readonly sex: 'equal' | 'differs' | undefined
  readonly phone: PhoneLevel | undefined
  readonly address: AddressLevel | undefined
  readonly identifier: 'equal' | 'differs' | undefined
  readonly mother: 'equal' | 'differs' | undefined
}
