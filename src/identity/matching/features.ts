// What of a record is compared: folded names, dates, numbers (kept beside the record as JSON, made anew when FOLD_VERSION changes).

/** Version of the folding; features of another version are made anew before they are compared. */
export const FOLD_VERSION = 1

/** Plain JSON; its inner shape is the matcher's own business. */
export interface MatchFeatures {
  readonly version: number
}
