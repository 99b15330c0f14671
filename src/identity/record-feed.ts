// What a feed does to the master patient index: new record, completed record, replaced record (ITI TF-2 3.44.4.1.3 and 3.44.4.2.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { LocatedPatientId, PatientFeed } from '../model/hl7v3.ts'
import { formatCx, type Oid } from '../model/identifiers.ts'
import { completed, couldBeSamePerson, revised, sameDemographics } from './demographics.ts'
import { ownDomains } from './ownership.ts'
import { createPerson } from './person.ts'
import type { IdentityTransaction, PersonKey, StoredIdentifier } from './ports.ts'

/** Another transaction committed one of the ids meanwhile: the whole work is done again on what is there now. */
export const RACED = new Error('an identifier was added by a concurrent message')

export interface FeedContext {
  readonly tx: IdentityTransaction
  readonly caller: Caller
  readonly request: PatientFeed
  readonly affinityDomain: Oid
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
  const sorted = await sortIds(context)
  const existing = sorted.primary.flatMap((entry) => sorted.known.get(formatCx(entry.id)) ?? [])
  refuseConflicts(sorted, existing)
  const former = existing[0]?.person
  if (former === undefined && context.request.kind === 'revise') {
    throw iheError('V3_UNKNOWN_KEY', pointAt(sorted.primary[0]))
  }
  const person = former ?? (await newPerson(context))
  const changes = await recordPrimary(context, sorted, person)
  const others = await attachOthers(context, sorted, person)
  return [...context.request.warnings, ...sorted.warnings, ...changes, ...others]
}

/** Splits off what the caller may not speak for; a foreign domain is treated and answered like an unknown one. */
async function sortIds({ tx, caller, request }: FeedContext): Promise<Sorted> {
  const all = [...request.patientIds, ...request.otherIds]
  const own = await ownDomains(
    tx,
    caller,
    all.map((entry) => entry.id.authority),
  )
  const primary = distinct(request.patientIds.filter((entry) => own.has(entry.id.authority)))
  if (primary.length === 0) throw iheError('V3_UNKNOWN_KEY', pointAt(all[0]))
  const primaryKeys = new Set(primary.map((entry) => formatCx(entry.id)))
  const others = distinct(request.otherIds.filter((entry) => own.has(entry.id.authority))).filter(
    (entry) => !primaryKeys.has(formatCx(entry.id)),
  )
  refuseSecondOfDomain([...primary, ...others])
  const stored = await tx.lockIdentifiers([...primary, ...others].map((entry) => entry.id))
  return {
    primary: inLockOrder(primary),
    others: inLockOrder(others),
    warnings: all
      .filter((entry) => !own.has(entry.id.authority))
      .map((entry) => iheError('V3_ID_IGNORED', pointAt(entry))),
    known: new Map(stored.map((identifier) => [formatCx(identifier.id), identifier])),
  }
}

function pointAt(entry: LocatedPatientId | undefined): { readonly at?: string; readonly value?: string } {
  return entry === undefined ? {} : { at: entry.at, value: formatCx(entry.id) }
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
    if (stored?.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', pointAt(entry))
    if (stored !== undefined && stored.person !== existing[0]?.person) {
      throw iheError('V3_ID_ELSEWHERE', pointAt(entry))
    }
  }
}

async function newPerson({ tx, caller, request, affinityDomain }: FeedContext): Promise<PersonKey> {
  const { key } = await createPerson(tx, {
    affinityDomain,
    by: caller.systemId,
    reason: `ITI-44 ${request.kind}`,
    demographics: request.demographics,
  })
  return key
}

async function recordPrimary(context: FeedContext, sorted: Sorted, person: PersonKey): Promise<readonly IheError[]> {
  const held = await heldDomains(context.tx, person)
  const warnings: IheError[] = []
  for (const entry of sorted.primary) {
    const stored = sorted.known.get(formatCx(entry.id))
    if (stored === undefined) {
      if (held.has(entry.id.authority)) throw iheError('V3_SEVERAL_IDS', pointAt(entry))
      await addRecord(context, entry, person)
    } else if (context.request.kind === 'revise') {
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
      reason: `ITI-44 ${request.kind}`,
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
      reason: `ITI-44 ${request.kind}`,
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
      { id: entry.id, event: 'add', by: caller.systemId, reason: `ITI-44 ${request.kind}, asOtherIDs`, person },
    ])
  }
  return warnings
}

async function heldDomains(tx: IdentityTransaction, person: PersonKey): Promise<ReadonlySet<string>> {
  const identifiers = await tx.identifiersOf(person)
  return new Set(identifiers.filter(({ status }) => status === 'active').map(({ id }) => id.authority))
}
