// What a feed does to the master patient index: new record, completed record, replaced record (ITI TF-2 3.44.4.1.3 and 3.44.4.2.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'
import { formatCx } from '../model/identifiers.ts'
import type { LocatedPatientId, RecordFeed } from '../model/identity-feed.ts'
import type { Demographics } from '../model/person.ts'
import { completed, couldBeSamePerson, revised, sameDemographics } from './demographics.ts'
import { type FeedContext, RACED } from './feed-context.ts'
import { type Finding, type Folded, findPerson, fold, identifiersOf, reviewsOf, strongIds } from './match.ts'
import { createPerson } from './person.ts'
import { pointAt } from './place.ts'
import type { IdentityTransaction, PersonKey, RecordKey, StoredIdentifier } from './ports.ts'
import { ignored, refuseConflicts, type SortedIds, sortIds } from './record-ids.ts'
import { rematch } from './rematch.ts'

/**
 * Applies the feed inside the transaction.
 * @returns the warnings of an accepted feed.
 * @throws {IheError} V3_UNKNOWN_KEY, V3_OBSOLETE_ID, V3_ID_ELSEWHERE, V3_SEVERAL_IDS; {@link RACED}, CandidatesChanged.
 */
export async function recordFeed(context: FeedContext): Promise<readonly IheError[]> {
  const { request, ports, tx } = context
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
  const place = former === undefined ? await placeOf(context, sorted) : { person: former, finding: NOTHING_FOUND }
  const written = await recordPrimary(context, sorted, place)
  const others = await attachOthers(context, sorted, { ...place, record: written.record })
  const rematched = await rematchAll(context, sorted, written.revised)
  const grew = sorted.known.size < sorted.primary.length + sorted.others.length
  const changed = new Set([...(grew ? [place.person] : []), ...rematched])
  if (changed.size > 0) await tx.announce([...changed])
  return [...warnings, ...written.warnings, ...others]
}

const NOTHING_FOUND: Finding = { reviews: [] }

interface Place {
  readonly person: PersonKey
  readonly finding: Finding
  /** What the new record is compared by. */
  readonly folded?: Folded
  /** Domains of the numbers that the person has, as far as they are known already. */
  readonly held?: ReadonlySet<string>
}

/** Whose the new record is: the matcher's person, or someone new. */
async function placeOf(context: FeedContext, sorted: SortedIds): Promise<Place> {
  const { tx, ports } = context
  const [first, ...more] = sorted.primary.map(({ id }) => id.authority).filter((oid) => sorted.compared.has(oid))
  if (first === undefined) return { ...(await newPerson(context, sorted)), finding: NOTHING_FOUND }
  const folded = foldOf(context, sorted)
  const finding = await findPerson({ tx, ports, folded, domains: [first, ...more] })
  const { person, held } = finding
  if (person !== undefined) return { person, finding, folded, ...(held === undefined ? {} : { held }) }
  return { ...(await newPerson(context, sorted)), finding, folded }
}

/**
 * Ids of other authorities count when records are compared, if every number there is one person's: it is what another source may have
 * sent too. A sender may put any number of any authority into a message, and an insurer's is that of thousands.
 */
function foldOf(
  { request, ports }: FeedContext,
  sorted: SortedIds,
  {
    demographics = request.demographics,
    former = [],
  }: { readonly demographics?: Demographics; readonly former?: readonly string[] } = {},
): Folded {
  const { personalIdentifiers = [] } = ports.matching().policy
  const own = new Set([...sorted.primary, ...sorted.others].map(({ id }) => formatCx(id)))
  const personal = [...request.patientIds, ...request.otherIds].filter(
    ({ id }) => personalIdentifiers.includes(id.authority) && !own.has(formatCx(id)),
  )
  return fold({ demographics, identifiers: [...strongIds(personal), ...former] })
}

/** Someone who has an affinity domain id from the start: the one that its source sent, or one of ours. */
async function newPerson(
  { tx, caller, request, ports }: FeedContext,
  sorted: SortedIds,
): Promise<Pick<Required<Place>, 'person' | 'held'>> {
  const { affinityDomain } = ports
  const sent = [...sorted.primary, ...sorted.others].some(
    ({ id }) => id.authority === affinityDomain && !sorted.known.has(formatCx(id)),
  )
  if (sent) return { person: await tx.addPerson(), held: new Set() }
  const { key } = await createPerson(tx, {
    affinityDomain,
    by: caller.systemId,
    reason: reasonOf(request),
    demographics: request.demographics,
  })
  return { person: key, held: new Set([affinityDomain]) }
}

function reasonOf({ transaction, kind }: RecordFeed): string {
  return `${transaction} ${kind}`
}

/** A record that says something new of itself. */
interface Revised {
  readonly stored: StoredIdentifier
  readonly demographics: Demographics
  readonly folded: Folded
}

interface Written {
  readonly warnings: readonly IheError[]
  readonly revised: readonly Revised[]
  /** One of the records of the message. */
  readonly record: RecordKey | undefined
}

async function recordPrimary(context: FeedContext, sorted: SortedIds, place: Place): Promise<Written> {
  const held = place.held ?? (await heldDomains(context.tx, place.person))
  const warnings: IheError[] = []
  const revisions: Revised[] = []
  let record: RecordKey | undefined
  for (const entry of sorted.primary) {
    const stored = sorted.known.get(formatCx(entry.id))
    if (stored === undefined) {
      if (held.has(entry.id.authority)) throw iheError('V3_SEVERAL_IDS', pointAt(entry))
      record = await addRecord(context, { sorted, entry, place })
      continue
    }
    record = stored.record
    const demographics = saidOf(context, stored)
    if (demographics === undefined) {
      await askAbout(context, stored)
      warnings.push(iheError('V3_DEMOGRAPHICS_DIFFER', pointAt(entry)))
    } else if (demographics !== stored.demographics) {
      revisions.push(await replaceRecord(context, sorted, { stored, demographics }))
    }
  }
  return { warnings, revised: revisions, record }
}

/**
 * What is known of the record after this message. A revise says all anew; an add of a known id says nothing new, or more about
 * the same person: undefined when it may be another person, of whom nothing is taken.
 */
function saidOf({ request }: FeedContext, stored: StoredIdentifier): Demographics | undefined {
  const { demographics, masked, kind } = request
  if (kind !== 'add') return revised(stored.demographics, demographics, masked)
  if (stored.demographics === undefined) return demographics
  if (!couldBeSamePerson(stored.demographics, demographics)) return undefined
  const combined = completed(stored.demographics, demographics)
  return sameDemographics(stored.demographics, combined) ? stored.demographics : combined
}

/** Nothing is overwritten before staff have seen what the source said. */
async function askAbout({ tx, request }: FeedContext, stored: StoredIdentifier): Promise<void> {
  const { demographics, received } = request
  await tx.addReviews([
    { records: [stored.record], reason: 'other demographics', evidence: { demographics, received } },
  ])
}

interface NewRecord {
  readonly sorted: SortedIds
  readonly entry: LocatedPatientId
  readonly place: Place
}

async function addRecord(context: FeedContext, { sorted, entry, place }: NewRecord): Promise<RecordKey> {
  const { tx, caller, request } = context
  const { demographics, received } = request
  const { person, finding, folded } = place
  const isCompared = sorted.compared.has(entry.id.authority)
  const link = finding.person === undefined ? 'sole' : 'auto'
  const record = await tx.addIdentifier({
    id: entry.id,
    person,
    link,
    demographics,
    received,
    ...(isCompared ? { features: folded ?? foldOf(context, sorted) } : {}),
    history: {
      by: caller.systemId,
      reason: reasonOf(request),
      ...(finding.evidence === undefined ? {} : { evidence: finding.evidence }),
    },
  })
  if (record === undefined) throw RACED
  await tx.addReviews(reviewsOf(record, finding.reviews))
  return record
}

async function replaceRecord(
  context: FeedContext,
  sorted: SortedIds,
  { stored, demographics }: Omit<Revised, 'folded'>,
): Promise<Revised> {
  const { tx, caller, request } = context
  const folded = foldOf(context, sorted, { demographics, former: await sentBefore(context, stored) })
  await tx.replaceDemographics({
    id: stored.id,
    demographics,
    received: request.received,
    settles: request.kind === 'revise',
    ...(sorted.compared.has(stored.id.authority) ? { features: folded } : {}),
  })
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
  return { stored, demographics, folded }
}

/** Ids that came with the record before: an add says more of it and takes nothing back, a revise says all anew. */
async function sentBefore({ tx, request }: FeedContext, stored: StoredIdentifier): Promise<readonly string[]> {
  if (request.kind !== 'add') return []
  const records = await tx.recordsOf(stored.person)
  return identifiersOf(records.find(({ record }) => record === stored.record)?.features)
}

/** Links are judged when everything of the message is written. @returns the persons whose sets changed. */
async function rematchAll(
  context: FeedContext,
  sorted: SortedIds,
  revisions: readonly Revised[],
): Promise<readonly PersonKey[]> {
  const { tx, caller, request, ports } = context
  const { affinityDomain } = ports
  const compared = revisions.filter(({ stored }) => sorted.compared.has(stored.id.authority))
  const reason = reasonOf(request)
  for (const { stored, demographics, folded } of compared) {
    if (stored.demographics !== undefined && sameDemographics(stored.demographics, demographics)) continue
    const beside = compared.map((other) => other.stored).filter((other) => other !== stored)
    const given = { tx, ports, caller, affinityDomain, reason, stored, beside, demographics, folded }
    const changed = await rematch(given)
    // The numbers of one message go together: what one of them did is done for all.
    if (changed.length > 0) return changed
  }
  return []
}

/** Ids in asOtherIDs join the record when nobody has them; they never move and never link two persons: staff are asked. */
async function attachOthers(
  context: FeedContext,
  sorted: SortedIds,
  { person, record }: Place & { readonly record: RecordKey | undefined },
): Promise<readonly IheError[]> {
  const { tx, caller, request } = context
  const held = sorted.others.length === 0 ? new Set<string>() : await heldDomains(tx, person)
  const warnings: IheError[] = []
  for (const entry of sorted.others) {
    const stored = sorted.known.get(formatCx(entry.id))
    if (stored?.person === person && stored.status === 'active') continue
    if (stored !== undefined || held.has(entry.id.authority)) {
      if (stored?.status === 'active' && record !== undefined)
        await tx.addReviews([{ records: [record, stored.record], reason: 'shared identifier' }])
      warnings.push(iheError('V3_OTHER_ID_TAKEN', pointAt(entry)))
      continue
    }
    const history = { by: caller.systemId, reason: `${reasonOf(request)}, asOtherIDs` }
    if ((await tx.addIdentifier({ id: entry.id, person, history })) === undefined) throw RACED
  }
  return warnings
}

async function heldDomains(tx: IdentityTransaction, person: PersonKey): Promise<ReadonlySet<string>> {
  const identifiers = await tx.identifiersOf(person)
  return new Set(identifiers.filter(({ status }) => status === 'active').map(({ id }) => id.authority))
}
