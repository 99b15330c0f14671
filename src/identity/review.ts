// The review queue: what the matcher leaves to people, and their answers. Every answer is audited, and "different people" is kept for ever.

import { iheError } from '../../profiles/errors/index.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import { splitOff } from './linking.ts'
import { asReview, type Folded, fold, reviewsOf } from './match.ts'
import { decide, misfitOf } from './matching/decide.ts'
import type {
  IdentityPorts,
  IdentityTransaction,
  Matching,
  NewReview,
  PendingReview,
  StoredIdentifier,
} from './ports.ts'
import { questionOf } from './rematch.ts'
import { mergeKeys } from './staff-merge.ts'
import { type StaffWork, staffChange } from './staff-work.ts'

type ReviewPorts = Pick<IdentityPorts, 'store' | 'affinityDomain' | 'matching'>

export interface ReviewRequest extends StaffWork {
  readonly reviewId: string
  /**
   * `link`: one person; of a question about one record: what its source says now is taken. `apart`: different people; what the
   * source says is not taken. `defer`: later.
   */
  readonly answer: 'link' | 'apart' | 'defer'
}

/**
 * Answers a question of the queue.
 * @throws {IheError} REVIEW_UNKNOWN when it is not pending; PERSON_FED, V3_OBSOLETE_ID as a merge of the two persons.
 */
export function answerReview(request: ReviewRequest, ports: ReviewPorts): Promise<void> {
  const { reviewId, answer, by, reason } = request
  return ports.store.inTransaction(async (tx) => {
    const review = await tx.lockReview(reviewId)
    if (review === undefined) throw iheError('REVIEW_UNKNOWN', { value: reviewId })
    const state = ({ link: 'linked', apart: 'apart', defer: 'deferred' } as const)[answer]
    await tx.answerReview(reviewId, { state, by, reason })
    const { affinityDomain, matching } = ports
    if (answer === 'link') await takeAsOne(tx, review, { ...request, affinityDomain, matching })
    if (answer === 'apart') await takeAsTwo(tx, review, { ...request, affinityDomain, matching })
    await staffChange(tx, request, `review ${reviewId}: ${answer}`, patientsOf(review))
  })
}

function patientsOf({ records }: PendingReview): readonly PatientId[] {
  return records.map(({ id }) => id)
}

type Answering = ReviewRequest & Pick<IdentityPorts, 'affinityDomain' | 'matching'>

async function takeAsOne(tx: IdentityTransaction, review: PendingReview, work: Answering): Promise<void> {
  const [first, second] = review.records.map(requireActive)
  if (first === undefined) throw new Error('a question about no record')
  if (second === undefined) return takeDemographics(tx, first, { review, work })
  if (first.person === second.person) return
  const [survivor, former] = [first.person, second.person].sort((a, b) => Number(BigInt(a) - BigInt(b)))
  if (survivor === undefined || former === undefined) throw new Error('two records have two persons')
  await mergeKeys(tx, await keepFed(tx, { former, survivor }, work), work)
}

/** The elder person survives, unless the younger one has an affinity domain id of its own source. */
async function keepFed(
  tx: IdentityTransaction,
  pair: { readonly former: string; readonly survivor: string },
  { affinityDomain }: Answering,
): Promise<{ readonly former: string; readonly survivor: string }> {
  const isFed = (await tx.identifiersOf(pair.former)).some(
    ({ id, status, fed }) => id.authority === affinityDomain && status === 'active' && fed,
  )
  return isFed ? { former: pair.survivor, survivor: pair.former } : pair
}

function requireActive(stored: StoredIdentifier): StoredIdentifier {
  if (stored.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', { value: formatCx(stored.id) })
  return stored
}

async function takeDemographics(
  tx: IdentityTransaction,
  stored: StoredIdentifier,
  { review, work }: { readonly review: PendingReview; readonly work: Answering },
): Promise<void> {
  const { demographics, received } = review
  if (demographics === undefined) throw new Error('a question about one record holds what its source said')
  const { authority } = stored.id
  const isCompared = (await tx.domains([authority])).get(authority)?.kind !== 'affinity'
  const folded = fold({ demographics, identifiers: [] })
  await tx.replaceDemographics({
    id: stored.id,
    demographics,
    ...(received === undefined ? {} : { received }),
    ...(isCompared ? { features: folded } : {}),
  })
  const { by, reason } = work
  const told = received === undefined ? { demographics } : { demographics, received }
  await tx.addHistory([{ id: stored.id, event: 'revise', by, reason, person: stored.person, ...told }])
  if (!isCompared) return
  const asked = { stored, folded, matching: work.matching() }
  await tx.addReviews([...(await likenessesOf(tx, asked)), ...(await doubtsAbout(tx, asked))])
}

interface Taken {
  readonly stored: StoredIdentifier
  readonly folded: Folded
  readonly matching: Matching
}

/** Whom the number may be by what it says now: no feed that says the same again would compare them. Whoever is about to come waits. */
async function likenessesOf(
  tx: IdentityTransaction,
  { stored, folded, matching }: Taken,
): Promise<readonly NewReview[]> {
  if (matching.policy.mode === 'off' || folded.keys.length === 0) return []
  await tx.lockBlocks(folded.keys)
  const candidates = await tx.candidates(folded.keys, stored.record)
  const others = candidates.filter(({ person }) => person !== stored.person)
  const decision = decide({ domain: stored.id.authority, features: folded.features }, others, matching)
  const found = decision.kind === 'link' ? [asReview(decision, 'possible')] : []
  return reviewsOf(stored.record, [...found, ...decision.reviews])
}

/** What the number says now may be said of another person than the other numbers are of. */
async function doubtsAbout(
  tx: IdentityTransaction,
  { stored, folded, matching }: Taken,
): Promise<readonly NewReview[]> {
  if (matching.policy.mode === 'off') return []
  await tx.lockPersons([stored.person])
  const companions = await tx.recordsOf(stored.person, stored.record)
  const misfit = misfitOf({ domain: stored.id.authority, features: folded.features }, companions, matching)
  return misfit === undefined ? [] : [questionOf(stored, misfit, 'contradiction')]
}

/** Records that one person has by now leave each other; those of two persons only stay what they are. */
async function takeAsTwo(tx: IdentityTransaction, { records }: PendingReview, work: Answering): Promise<void> {
  if (records.length < 2) return
  const [first, second] = await Promise.all(records.map((stored) => standingFor(tx, stored)))
  if (first === undefined || second === undefined || first.record === second.record) return
  const isOne = first.person === second.person && first.status === 'active' && second.status === 'active'
  if (!isOne) return tx.keepApart([[first.record, second.record]], work)
  const leaving = leavingOf(first, second, work.affinityDomain)
  await splitOff(tx, [leaving.id], { ...work, event: 'unlink' })
}

/** The number itself, or the one that its source merged it into since the question was asked. */
async function standingFor(tx: IdentityTransaction, stored: StoredIdentifier): Promise<StoredIdentifier> {
  if (stored.survivor === undefined) return stored
  const [survivor] = await tx.lockIdentifiers([{ value: stored.survivor, authority: stored.id.authority }])
  return survivor ?? stored
}

/** The one that joined the other, the younger of equals; an id of the network stays with its person. */
function leavingOf(first: StoredIdentifier, second: StoredIdentifier, affinityDomain: Oid): StoredIdentifier {
  const weight = ({ id, link, record }: StoredIdentifier) =>
    [id.authority !== affinityDomain, link !== 'sole', record] as const
  const [a, b] = [weight(first), weight(second)]
  if (a[0] !== b[0]) return a[0] ? first : second
  if (a[1] !== b[1]) return a[1] ? first : second
  return BigInt(a[2]) > BigInt(b[2]) ? first : second
}
