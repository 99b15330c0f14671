// The ids of a feed by what they are to the sender: its own records, further ids of the person, and what is ignored (ITI TF-2 3.44.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'
import { formatCx } from '../model/identifiers.ts'
import type { LocatedPatientId } from '../model/identity-feed.ts'
import type { FeedContext } from './feed-context.ts'
import { senderDomains } from './ownership.ts'
import { pointAt, pointAtObsolete } from './place.ts'
import type { StoredIdentifier } from './ports.ts'

export interface SortedIds {
  readonly primary: readonly LocatedPatientId[]
  readonly others: readonly LocatedPatientId[]
  readonly warnings: readonly IheError[]
  /** Those that exist, by their CX form; locked. */
  readonly known: ReadonlyMap<string, StoredIdentifier>
  /** Domains of the sender whose records are compared with others. */
  readonly compared: ReadonlySet<string>
}

type Roles = Omit<SortedIds, 'known'>

/**
 * Splits off what the caller may not speak for; a foreign domain is treated and answered like an unknown one.
 * @throws {IheError} V3_UNKNOWN_KEY, V3_SEVERAL_IDS.
 */
export async function sortIds(context: FeedContext): Promise<SortedIds> {
  const { primary, others, warnings, compared } = await rolesOf(context)
  refuseSecondOfDomain([...primary, ...others])
  const stored = await context.tx.lockIdentifiers([...primary, ...others].map((entry) => entry.id))
  return {
    primary: inLockOrder(primary),
    others: inLockOrder(others),
    warnings,
    compared,
    known: new Map(stored.map((identifier) => [formatCx(identifier.id), identifier])),
  }
}

async function rolesOf({ tx, caller, request, ports }: FeedContext): Promise<Roles> {
  const all = [...request.patientIds, ...request.otherIds]
  const { own, patientIds, compared } = await senderDomains(
    tx,
    caller,
    all.map((entry) => entry.id.authority),
  )
  if (ports.takes === 'patient ids of the registry') {
    // The registry does not ask in which role of the message its id stands, and ids of other domains are no fault.
    const candidates = all.filter((entry) => patientIds.has(entry.id.authority))
    if (candidates.length === 0) return { primary: [], others: [], warnings: all.map(ignored), compared }
    return { primary: ownOf(candidates, own), others: [], warnings: [], compared }
  }
  const primary = ownOf(request.patientIds, own, all[0])
  const primaryKeys = new Set(primary.map((entry) => formatCx(entry.id)))
  return {
    primary,
    others: distinct(request.otherIds.filter((entry) => own.has(entry.id.authority))).filter(
      (entry) => !primaryKeys.has(formatCx(entry.id)),
    ),
    warnings: all.filter((entry) => !own.has(entry.id.authority)).map(ignored),
    compared,
  }
}

function ownOf(
  entries: readonly LocatedPatientId[],
  own: ReadonlySet<string>,
  place: LocatedPatientId | undefined = entries[0],
): readonly LocatedPatientId[] {
  const found = distinct(entries.filter((entry) => own.has(entry.id.authority)))
  if (found.length === 0) throw iheError('V3_UNKNOWN_KEY', pointAt(place))
  return found
}

/** The warning about an id that is not taken. */
export function ignored(entry: LocatedPatientId): IheError {
  return iheError('V3_ID_IGNORED', pointAt(entry))
}

function distinct(entries: readonly LocatedPatientId[]): readonly LocatedPatientId[] {
  return [...new Map(entries.map((entry) => [formatCx(entry.id), entry])).values()]
}

/** Inserts wait for one another on the unique key; one order for all transactions keeps them from waiting in a circle. */
function inLockOrder(entries: readonly LocatedPatientId[]): readonly LocatedPatientId[] {
  const key = ({ id }: LocatedPatientId): string => `${id.authority} ${id.value}`
  return [...entries].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function refuseSecondOfDomain(entries: readonly LocatedPatientId[]): void {
  const second = entries.find((entry, index) =>
    entries.slice(0, index).some((earlier) => earlier.id.authority === entry.id.authority),
  )
  if (second !== undefined) throw iheError('V3_SEVERAL_IDS', pointAt(second))
}

/** @throws {IheError} V3_OBSOLETE_ID, V3_ID_ELSEWHERE when the ids of the record are not one person's. */
export function refuseConflicts(sorted: SortedIds, existing: readonly StoredIdentifier[]): void {
  for (const entry of sorted.primary) {
    const stored = sorted.known.get(formatCx(entry.id))
    if (stored?.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', pointAtObsolete(entry, stored))
    if (stored !== undefined && stored.person !== existing[0]?.person) {
      throw iheError('V3_ID_ELSEWHERE', pointAt(entry))
    }
  }
}
