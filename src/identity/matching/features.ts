// What of a record is compared: folded names, dates, numbers (kept beside the record as JSON, made anew when FOLD_VERSION changes).

import type { FoldedAddress } from './address.ts'
import type { FoldedName } from './fold-name.ts'

/** Version of the folding; features of another version are made anew before they are compared. */
export const FOLD_VERSION = 2

/** Plain JSON; its inner shape is the matcher's own business. What is absent or empty is unknown. */
export interface MatchFeatures {
  readonly version: number
  /** Every name in every script, former names among them; parts that are placeholders are empty. */
  readonly names: readonly FoldedName[]
  /** YYYY, YYYYMM or YYYYMMDD. */
  readonly birth?: string
  /** The birth date is none of the calendar or in the future. */
  readonly birthDoubtful?: true
  readonly sex?: 'M' | 'F'
  readonly phones: readonly string[]
  readonly addresses: readonly FoldedAddress[]
  /** `authority|value`. */
  readonly identifiers: readonly string[]
  readonly mother: readonly FoldedName[]
  readonly multipleBirth?: true
  /** Place among the children of one birth, from 1; also from the name of a child that has none yet. */
  readonly birthOrder?: number
  /** A child that has no name yet. */
  readonly newborn?: true
  /** Staff noted that another patient has this name. */
  readonly namesake?: true
}
