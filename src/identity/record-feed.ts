// What a feed does to the master patient index: new record, completed record, replaced record (ITI TF-2 3.44.4.1.3 and 3.44.4.2.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { formatCx } from '../model/identifiers.ts'
import type { LocatedPatientId, RecordFeed } from '../model/identity-feed.ts'
import { completed, couldBeSamePerson, revised, sameDemographics } from './demographics.ts'
import { senderDomains } from './ownership.ts'
import { createPerson } from './person.ts'
import { pointAt, pointAtObsolete } from './place.ts'
import type { IdentityPorts, IdentityTransaction, PersonKey, StoredIdentifier } from './ports.ts'

/** Another transaction committed one of the ids meanwhile: the whole work is done again on what is there now. */
export const RACED = new Error('an identifier was added by a concurrent message')

export interface FeedContext<Request = RecordFeed> {
  readonly tx: IdentityTransaction
  readonly caller: Caller
  readonly request: Request
  readonly ports: Pick<IdentityPorts, 'affinityDomain' | 'takes'>
}

interface Sorted {
  readonly primary: readonly LocatedPatientId[]
  readonly others: readonly LocatedPatientId[]
  readonly warnings: readonly IheError[]
  readonly known: ReadonlyMap<string, StoredIdentifier>
}

/**
 * Applies the feed inside the transaction.
 * @returns the warnings of an accepted feed.
 * @throws {IheError} V3_UNKNOWN_KEY, V3_OBSOLETE_ID, V3_ID_ELSEWHERE, V3_SEVERAL_IDS; {@link RACED}.
 */
export async function recordFeed(context: FeedContext): Promise<readonly IheError[]> {
  const { request, ports } = context
  const sorted = await sortIds(context)
  const warnings = [...request.warnings, ...sorted.warnings]
  if (sorted.primary.length === 0) return warnings
  const existing = sorted.primary.flatMap((entry) => sorted.known.get(formatCx(entry.id)) ?? [])
  refuseConflicts(sorted, existing)
  const former = existing[0]?.person
  if (former === undefined && request.kind === 'revise') {
    // To a registry a revise says nothing that it keeps (ITI TF-2 3.44.4.2.3).
    if (ports.takes === 'patient ids of the registry') return [...warnings, ...sorted.primary.map(ignored)]
    throw iheError('V3_UNKNOWN_KEY', pointAt(sorted.primary[0]))
  }
  const person = former ?? (await newPerson(context, sorted))
  const changes = await recordPrimary(context, sorted, person)
  const others = await attachOthers(context, sorted, person)
  if (sorted.known.size < sorted.primary.length + sorted.others.length) await context.tx.announce([person])
  return [...warnings, ...changes, ...others]
}

interface Roles {
  readonly primary: readonly LocatedPatientId[]
  readonly others: readonly LocatedPatientId[]
  readonly warnings: readonly IheError[]
}

/** Splits off what the caller may not speak for; a foreign domain is treated and answered like an unknown one. */
async function sortIds(context: FeedContext): Promise<Sorted> {
  const { primary, others, warnings } = await rolesOf(context)
  refuseSecondOfDomain([...primary, ...others])
  const stored = await context.tx.lockIdentifiers([...primary, ...others].map((entry) => entry.id))
  return {
    primary: inLockOrder(primary),
    others: inLockOrder(others),
    warnings,
    known: new Map(stored.map((identifier) => [formatCx(identifier.id), identifier])),
  }
}

async function rolesOf({ tx, caller, request, ports }: FeedContext): Promise<Roles> {
  const all = [...request.patientIds, ...request.otherIds]
  const { own, patientIds } = await senderDomains(
    tx,
    caller,
    all.map((entry) => entry.id.authority),
  )
  if (ports.takes === 'patient ids of the registry') {
    // The registry does not ask in which role of the message its id stands, and ids of other domains are no fault.
    const candidates = all.filter((entry) => patientIds.has(entry.id.authority))
    if (candidates.length === 0) return { primary: [], others: [], warnings: all.map(ignored) }
    return { primary: ownOf(candidates, own), others: [], warnings: [] }
  }
  const primary = ownOf(request.patientIds, own, all[0])
  const primaryKeys = new Set(primary.map((entry) => formatCx(entry.id)))
  return {
    primary,
    others: distinct(request.otherIds.filter((entry) => own.has(entry.id.authority))).filter(
      (entry) => !primaryKeys.has(formatCx(entry.id)),
    ),
    warnings: all.filter((entry) => !own.has(entry.id.authority)).map(ignored),
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

function ignored(entry: LocatedPatientId): IheError {
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

function refuseConflicts(sorted: Sorted, existing: readonly StoredIdentifier[]): void {
  for (const entry of sorted.primary) {
    const stored = sorted.known.get(formatCx(entry.id))
    if (stored?.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', pointAtObsolete(entry, stored))
    if (stored !== undefined && stored.person !== existing[0]?.person) {
      throw iheError('V3_ID_ELSEWHERE', pointAt(entry))
    }
  }
}

/** Someone who has an affinity domain id from the start: the one that its source sent, or one of ours. */
async function newPerson({ tx, caller, request, ports }: FeedContext, sorted: Sorted): Promise<PersonKey> {
  const { affinityDomain } = ports
  const sent = [...sorted.primary, ...sorted.others].some(
    ({ id }) => id.authority === affinityDomain && !sorted.known.has(formatCx(id)),
  )
  if (sent) return tx.addPerson()
  const { key } = await createPerson(tx, {
    affinityDomain,
    by: caller.systemId,
    reason: reasonOf(request),
    demographics: request.demographics,
  })
  return key
}

function reasonOf({ transaction, kind }: RecordFeed): string {
  return `${transaction} ${kind}`
}

async function recordPrimary(context: FeedContext, sorted: Sorted, person: PersonKey): Promise<readonly IheError[]> {
  const held = await heldDomains(context.tx, person)
  const warnings: IheError[] = []
  for (const entry of sorted.primary) {
    const stored = sorted.known.get(formatCx(entry.id))
    if (stored === undefined) {
      if (held.has(entry.id.authority)) throw iheError('V3_SEVERAL_IDS', pointAt(entry))
      await addRecord(context, entry, person)
    } else if (context.request.kind !== 'add') {
      const { demographics, masked } = context.request
      await replaceRecord(context, stored, revised(stored.demographics, demographics, masked))
    } else if (!(await settleRepeatedAdd(context, stored))) {
      warnings.push(iheError('V3_DEMOGRAPHICS_DIFFER', pointAt(entry)))
    }
  }
  return warnings
}

/** An add of a known id: nothing new, or more about the same person; false when it may be another person and nothing was changed. */
async function settleRepeatedAdd(context: FeedContext, stored: StoredIdentifier): Promise<boolean> {
  const { demographics } = context.request
  if (stored.demographics === undefined) {
    await replaceRecord(context, stored, demographics)
    return true
  }
  if (!couldBeSamePerson(stored.demographics, demographics)) return false
  const combined = completed(stored.demographics, demographics)
  if (!sameDemographics(stored.demographics, combined)) await replaceRecord(context, stored, combined)
  return true
}

async function addRecord(
  { tx, caller, request }: FeedContext,
  entry: LocatedPatientId,
  person: PersonKey,
): Promise<void> {
  const { demographics, received } = request
  if (!(await tx.addIdentifier({ id: entry.id, person, demographics, received }))) throw RACED
  await tx.addHistory([
    {
      id: entry.id,
      event: 'add',
      by: caller.systemId,
      reason: reasonOf(request),
      person,
      demographics,
      received,
    },
  ])
}

async function replaceRecord(
  { tx, caller, request }: FeedContext,
  stored: StoredIdentifier,
  demographics: StoredIdentifier['demographics'] & object,
): Promise<void> {
  await tx.replaceDemographics(stored.id, demographics, request.received)
  await tx.addHistory([
    {
      id: stored.id,
      event: 'revise',
      by: caller.systemId,
      reason: reasonOf(request),
      person: stored.person,
      demographics,
      received: request.received,
    },
  ])
}

/** Ids in asOtherIDs join the record when nobody has them; they never move and never link two persons. */
async function attachOthers(context: FeedContext, sorted: Sorted, person: PersonKey): Promise<readonly IheError[]> {
  const { tx, caller, request } = context
  const held = sorted.others.length === 0 ? new Set<string>() : await heldDomains(tx, person)
  const warnings: IheError[] = []
  for (const entry of sorted.others) {
    const stored = sorted.known.get(formatCx(entry.id))
    if (stored?.person === person && stored.status === 'active') continue
    if (stored !== undefined || held.has(entry.id.authority)) {
      warnings.push(iheError('V3_OTHER_ID_TAKEN', pointAt(entry)))
      continue
    }
    if (!(await tx.addIdentifier({ id: entry.id, person }))) throw RACED
    await tx.addHistory([
      { id: entry.id, event: 'add', by: caller.systemId, reason: `${reasonOf(request)}, asOtherIDs`, person },
    ])
  }
  return warnings
}

async function heldDomains(tx: IdentityTransaction, person: PersonKey): Promise<ReadonlySet<string>> {
  const identifiers = await tx.identifiersOf(person)
  return new Set(identifiers.filter(({ status }) => status === 'active').map(({ id }) => id.authority))
}
