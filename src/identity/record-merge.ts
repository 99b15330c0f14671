// What a merge does to the master patient index: one id stands for two from now on (ITI TF-2 3.8.4.2.3, 3.44.4.3.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import type { LocatedPatientId, MergeFeed } from '../model/identity-feed.ts'
import type { FeedContext } from './feed-context.ts'
import { senderDomains } from './ownership.ts'
import { pointAt, pointAtObsolete } from './place.ts'
import type { MergeChange, PersonKey, RecordPair, Replacement, StoredIdentifier } from './ports.ts'

type MergeContext = FeedContext<MergeFeed>

interface Pair {
  readonly subsumed: LocatedPatientId
  readonly survivor: LocatedPatientId
}

/**
 * Applies the merge inside the transaction; a pair that is merged already changes nothing.
 * @returns the warnings of an accepted merge.
 * @throws {IheError} V3_MERGE_OTHER_DOMAIN, V3_TOO_MANY, V3_MERGE_SAME_ID, V3_UNKNOWN_KEY, V3_OBSOLETE_ID.
 */
export async function recordMerge(context: MergeContext): Promise<readonly IheError[]> {
  const { request, tx } = context
  const pair = await pairOf(context)
  await tx.lockNumbersOf([pair.subsumed.id, pair.survivor.id])
  const locked = await tx.lockIdentifiers([pair.subsumed.id, pair.survivor.id])
  const subsumed = requireKnown(locked, pair.subsumed)
  const survivor = requireKnown(locked, pair.survivor)
  if (subsumed.survivor === survivor.id.value) return request.warnings
  refuseObsolete(pair.subsumed, subsumed)
  refuseObsolete(pair.survivor, survivor)
  await tx.lockPersons([subsumed.person, survivor.person])
  const change = await changeOf(context, { subsumed, survivor })
  const contradicted = await keptApartBefore(context, change, { subsumed, survivor })
  await tx.merge(change)
  await tx.addHistory(
    [...change.replacements.map(({ former }) => former), ...change.moved.map(({ id }) => id)].map((id, index) =>
      historyOf(id, { context, change, isFirst: index === 0 }),
    ),
  )
  await tx.announce([change.former, change.survivor])
  const apart = change.scope === 'record' && change.former !== change.survivor
  if (apart) await askAboutPersons(context, change, survivor)
  if (contradicted.length > 0) await askAgain(tx, change.survivor, contradicted)
  return [...request.warnings, ...(apart ? [iheError('V3_MERGE_REVIEW', pointAt(pair.subsumed))] : [])]
}

/** The survivor is the one id of patient/id in the domain of the subsumed id; ids of other domains have no part in a merge. */
async function pairOf({ tx, caller, request, ports }: MergeContext): Promise<Pair> {
  const { subsumed, survivors } = request
  const { authority } = subsumed.id
  const candidates = survivors.filter(({ id }) => id.authority === authority)
  const [survivor] = candidates
  if (survivor === undefined) throw iheError('V3_MERGE_OTHER_DOMAIN', pointAt(subsumed))
  const second = candidates.find(({ id }) => id.value !== survivor.id.value)
  if (second !== undefined) throw iheError('V3_TOO_MANY', { ...pointAt(second), rule: 'one pair of ids a message' })
  const { own, patientIds } = await senderDomains(tx, caller, [authority])
  const isTaken = ports.takes === 'every domain' || patientIds.has(authority)
  if (!own.has(authority) || !isTaken) throw iheError('V3_UNKNOWN_KEY', pointAt(subsumed))
  if (survivor.id.value === subsumed.id.value) throw iheError('V3_MERGE_SAME_ID', pointAt(subsumed))
  return { subsumed, survivor }
}

function requireKnown(locked: readonly StoredIdentifier[], entry: LocatedPatientId): StoredIdentifier {
  const found = locked.find(({ id }) => id.value === entry.id.value)
  if (found === undefined) throw iheError('V3_UNKNOWN_KEY', pointAt(entry))
  return found
}

function refuseObsolete(entry: LocatedPatientId, stored: StoredIdentifier): void {
  if (stored.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', pointAtObsolete(entry, stored))
}

interface StoredPair {
  readonly subsumed: StoredIdentifier
  readonly survivor: StoredIdentifier
}

async function changeOf(context: MergeContext, { subsumed, survivor }: StoredPair): Promise<MergeChange> {
  const { tx, caller, request, ports } = context
  const base = {
    former: subsumed.person,
    survivor: survivor.person,
    origin: 'feed' as const,
    by: caller.systemId,
    reason: `${request.transaction} merge`,
    exchangeId: caller.exchange.id,
  }
  const first: Replacement = { former: subsumed.id, survivor: survivor.id }
  const others = (await activeOf(tx, subsumed.person)).filter((other) => !isSame(other.id, subsumed.id))
  const isWhole = subsumed.id.authority === ports.affinityDomain || others.every((other) => isOurs(other, ports))
  const kept = await activeOf(tx, survivor.person)
  if (subsumed.person === survivor.person || !isWhole) {
    const network = networkIds(others, kept, ports)
    return { ...base, scope: 'record', replacements: [first], moved: [], ...(network === undefined ? {} : { network }) }
  }
  const replaced = others.filter(({ id }) => id.authority === ports.affinityDomain)
  return {
    ...base,
    scope: 'person',
    replacements: [first, ...replaced.flatMap(({ id }) => replacementOf(id, kept))],
    moved: others
      .filter((other) => !replaced.includes(other))
      .map(({ id }) => ({ id, second: kept.some((own) => own.id.authority === id.authority) })),
  }
}

/** Whether the rest of the former person is the survivor too is for staff to say. */
async function askAboutPersons({ tx }: MergeContext, change: MergeChange, survivor: StoredIdentifier): Promise<void> {
  const left = (await activeOf(tx, change.former)).filter(({ demographics }) => demographics !== undefined)
  await tx.addReviews(
    left.map(({ record }) => ({ records: [survivor.record, record], reason: 'merged number' }) as const),
  )
}

/** Of each number that goes over one that stays, if staff decided that they are different people's. */
async function keptApartBefore(
  { tx, ports }: MergeContext,
  change: MergeChange,
  { subsumed, survivor }: StoredPair,
): Promise<readonly RecordPair[]> {
  if (change.former === change.survivor) return []
  const isNumber = ({ id }: StoredIdentifier): boolean => id.authority !== ports.affinityDomain
  const moved = (await activeOf(tx, change.former)).filter(({ id }) => change.moved.some((one) => isSame(one.id, id)))
  // Who had the number that is replaced has the one that stands for it.
  const going = [
    ...(isNumber(subsumed) ? [{ asked: subsumed.record, stays: survivor.record }] : []),
    ...moved.map(({ record }) => ({ asked: record, stays: record })),
  ]
  const staying = (await activeOf(tx, change.survivor)).filter(isNumber)
  const pairs: RecordPair[] = []
  for (const { asked, stays } of going) {
    for (const { record } of staying) {
      if (record === stays || !(await tx.keptApart([asked], [record]))) continue
      pairs.push([stays, record])
      break
    }
  }
  return pairs
}

/** What the source says stands, for the ids are its own; staff, who had decided otherwise, are asked. */
async function askAgain(tx: MergeContext['tx'], person: PersonKey, pairs: readonly RecordPair[]): Promise<void> {
  await tx.allowTogether((await activeOf(tx, person)).map(({ record }) => record))
  await tx.addReviews(pairs.map((records) => ({ records, reason: 'merged number' })))
}

/** An affinity domain id of this server's own making says nothing that its person's numbers do not say. */
function isOurs(stored: StoredIdentifier, { affinityDomain }: MergeContext['ports']): boolean {
  return stored.id.authority === affinityDomain && !stored.fed
}

/** What a facility published is under the network's id of the person, not under its own number. */
function networkIds(
  others: readonly StoredIdentifier[],
  kept: readonly StoredIdentifier[],
  { affinityDomain }: MergeContext['ports'],
): Replacement | undefined {
  const [former, survivor] = [others, kept].map((held) => held.find(({ id }) => id.authority === affinityDomain)?.id)
  if (former === undefined || survivor === undefined || isSame(former, survivor)) return undefined
  return { former, survivor }
}

/** A person has one affinity domain id. */
function replacementOf(former: PatientId, kept: readonly StoredIdentifier[]): readonly Replacement[] {
  const survivor = kept.find(({ id }) => id.authority === former.authority)
  if (survivor === undefined) throw new Error('a person without an affinity domain id')
  return [{ former, survivor: survivor.id }]
}

async function activeOf(tx: MergeContext['tx'], person: PersonKey): Promise<readonly StoredIdentifier[]> {
  return (await tx.identifiersOf(person)).filter(({ status }) => status === 'active')
}

function isSame(a: PatientId, b: PatientId): boolean {
  return formatCx(a) === formatCx(b)
}

function historyOf(
  id: PatientId,
  { context, change, isFirst }: { context: MergeContext; change: MergeChange; isFirst: boolean },
) {
  return {
    id,
    event: 'merge',
    by: change.by,
    reason: change.reason,
    person: change.survivor,
    formerPerson: change.former,
    ...(isFirst ? { received: context.request.received } : {}),
  } as const
}
