// Where a refusal of a feed points at, and the order in which identifiers are locked.

import { formatCx } from '../model/identifiers.ts'
import type { LocatedPatientId } from '../model/identity-feed.ts'
import type { StoredIdentifier } from './ports.ts'

/** Element and value of an error about an id. */
export function pointAt(entry: LocatedPatientId | undefined): { readonly at?: string; readonly value?: string } {
  return entry === undefined ? {} : { at: entry.at, value: formatCx(entry.id) }
}

/** As {@link pointAt} for an id that is obsolete; names the one that stands for it since a merge. */
export function pointAtObsolete(
  entry: LocatedPatientId,
  stored: StoredIdentifier,
): { readonly at?: string; readonly value?: string; readonly rule?: string } {
  const { survivor } = stored
  if (survivor === undefined) return pointAt(entry)
  return { ...pointAt(entry), rule: `replaced by ${formatCx({ ...stored.id, value: survivor })}` }
}
