// Codes, languages and mime types that an affinity domain permits, where it closed the list (ITI TF-3 4.2.3.1.2).

import { type Code, codeKey } from '../../src/model/code.ts'
import type { IheError } from '../../src/model/error.ts'
import type { AffinityDomain } from '../affinity-domain/index.ts'
import { CODE_SETS, type CodeSet, TEXT_SETS, type TextSet } from '../affinity-domain/schema.ts'
import { type MetadataKind, metadataObjects } from './attributes.ts'
import { attributeRule, finding } from './rules.ts'

/** A DocumentEntry, SubmissionSet or Folder, as far as it has listed values. */
export type Listed = { readonly entryUUID: string } & {
  readonly [Set in CodeSet]?: Code | readonly Code[]
} & { readonly [Set in TextSet]?: string }

/** Values of an object outside closed lists. A code is code and scheme, its display name is never compared. */
export function setFindings(kind: MetadataKind, object: Listed, domain: AffinityDomain): readonly IheError[] {
  const isClosed = (set: CodeSet | TextSet): boolean => domain.enforcement[set] === 'closed'
  const place = (set: string) => ({ kind, set, at: `${metadataObjects[kind].label}(${object.entryUUID}).${set}` })
  return [
    ...CODE_SETS.filter(isClosed).flatMap((set) =>
      outside(place(set), [object[set] ?? []].flat().map(codeKey), domain[set].map(codeKey)),
    ),
    // Media types and language tags do not tell case apart (RFC 2045, 5.1; RFC 5646, 2.1.1).
    ...TEXT_SETS.filter(isClosed).flatMap((set) =>
      outside(place(set), [object[set] ?? []].flat().map(lower), domain[set].map(lower)),
    ),
  ]
}

function lower(value: string): string {
  return value.toLowerCase()
}

function outside(
  { kind, set, at }: { readonly kind: MetadataKind; readonly set: string; readonly at: string },
  values: readonly string[],
  permitted: readonly string[],
): readonly IheError[] {
  return values
    .filter((value) => !permitted.includes(value))
    .map((value) => finding(attributeRule(kind, set, 'SET'), { at, value, more: firstOf(permitted) }))
}

const MAX_SHOWN = 5

function firstOf(permitted: readonly string[]): string {
  const shown = permitted.slice(0, MAX_SHOWN).join(', ')
  return permitted.length > MAX_SHOWN ? `${shown} and ${permitted.length - MAX_SHOWN} more` : shown
}
