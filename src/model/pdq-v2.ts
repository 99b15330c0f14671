// A patient demographics query as it is read from HL7 v2, before its authorities are known to be identifier domains (ITI TF-2 3.21).

import type { PdqQuery, SoughtId } from './pdq.ts'
import type { NamedAuthority } from './pix.ts'

/** QBP^Q22 without DSC. */
export interface PdqV2Query extends Omit<PdqQuery, 'ids' | 'domains'> {
  readonly ids: readonly (NamedAuthority & Pick<SoughtId, 'value' | 'at'>)[]
  /** QPD-8. */
  readonly domains: readonly (NamedAuthority & { readonly at: string })[]
}
