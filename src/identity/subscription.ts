// What a subscriber of update notifications is told of a person, and whether that is news (ITI TF-2 3.46.4.1.1, 3.10.4.1.1).

import type { CallingSystem } from '../model/caller.ts'
import { formatCx } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { speaksFor } from './ownership.ts'
import type { KnownIdentifier } from './ports.ts'

export interface Subscriber {
  readonly system: CallingSystem
  /** Domains of which it wants to hear; absent: all. */
  readonly domains?: readonly string[]
}

/** Those of a person's active ids that are in the domains of the subscription, in the order of domain and value. */
export function idsOfInterest(
  { domains }: Pick<Subscriber, 'domains'>,
  identifiers: readonly KnownIdentifier[],
): readonly KnownIdentifier[] {
  const wanted = identifiers.filter(({ domain }) => domains === undefined || domains.includes(domain.oid))
  return [...wanted].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

/** Of these, what the subscriber's system would be told if it asked (ITI-45): visible domains and those that it speaks for itself. */
export function idsToTell(
  { system }: Subscriber,
  identifiers: readonly KnownIdentifier[],
  visible: ReadonlySet<string>,
): readonly CorrespondingId[] {
  return identifiers
    .filter(({ domain }) => visible.has(domain.oid) || speaksFor(system, domain))
    .map(({ id, domain }) => ({ id, authorityName: domain.name }))
}

export function isSameSet(told: readonly string[], ids: readonly { readonly id: CorrespondingId['id'] }[]): boolean {
  const now = new Set(ids.map(({ id }) => formatCx(id)))
  return told.length === now.size && told.every((cx) => now.has(cx))
}

function orderOf({ id }: KnownIdentifier): string {
  return `${id.authority} ${id.value}`
}
