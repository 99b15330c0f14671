// PIX queries and their answers, whatever the wire form: ITI-9 in HL7 v2, ITI-45 in HL7 v3 (ITI TF-2 3.9, 3.45).

import type { IheError } from './error.ts'
import type { PatientId } from './identifiers.ts'

/** An assigning authority as a query names it: a namespace, an OID, or both (ITI TF-2 Appendix E.2). */
export interface NamedAuthority {
  readonly namespace: string
  readonly universalId: string
}

/** Authorities are not yet known to be identifier domains; every `at` is the codec's. */
export interface PixQuery {
  readonly patient: NamedAuthority & {
    readonly value: string
    /** Where an id that is not known is pointed at. */
    readonly at: string
    /** Where its domain is, when that is not known. */
    readonly domainAt: string
  }
  /** Domains wanted in the answer; none means all that the caller may see. */
  readonly domains: readonly (NamedAuthority & { readonly at: string })[]
  /** Deviations that were accepted. */
  readonly warnings: readonly IheError[]
  /** As audit keeps it: id of the message, and the query as it came. */
  readonly asked: { readonly id: string; readonly text: string }
}

export interface CorrespondingId {
  readonly id: PatientId
  /** Name of the domain: CX.4.1, assigningAuthorityName (ITI TF-2 Appendix E.1). */
  readonly authorityName: string
}

/** The six cases of ITI TF-2 3.9.4.2.2 and 3.45.4.2.3: found (1, 2, 6), nothing (3), unknown key (4, 5). */
export type PixAnswer =
  | { readonly kind: 'found'; readonly ids: readonly CorrespondingId[] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly errors: readonly IheError[] }

/** `OID`, or as a v2 sender wrote it: `NAMESPACE` or `NAMESPACE&OID&ISO`. */
export function formatAuthority({ namespace, universalId }: NamedAuthority): string {
  if (namespace === '') return universalId
  return universalId === '' ? namespace : `${namespace}&${universalId}&ISO`
}
