// A record that says something new: its link is kept, made or broken (ITI TF-2 3.44.4.2.3: the manager re-evaluates after a revise).

import type { Caller } from '../model/caller.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import { CandidatesChanged, findPerson, type Question, reviewsOf } from './match.ts'
import { type Misfit, misfitOf } from './matching/decide.ts'
import { createPerson } from './person.ts'
import { mergePersons } from './person-merge.ts'
import type { PersonKey, StoredIdentifier } from './ports.ts'

export interface Rematch extends Omit<Question, 'domains' | 'asking'> {
  readonly stored: StoredIdentifier
  /** Further numbers of the same person, of which the message says the same. */
  readonly beside: readonly StoredIdentifier[]
  readonly demographics: Demographics
  readonly caller: Pick<Caller, 'systemId' | 'exchange'>
  readonly affinityDomain: Oid
  readonly reason: string
}

/**
 * Judges the link of a record whose new demographics are written already. A link made by staff is never broken: they are asked.
 * @returns the persons whose sets of numbers changed; the record's person last.
 */
export async function rematch(given: Rematch): Promise<readonly PersonKey[]> {
  const { tx, ports, stored, beside } = given
  if (ports.matching().policy.mode === 'off') return []
  if ((await tx.recordsOf(stored.person, stored.record)).length === 0) return joinOthers(given)
  // Whoever is about to join the person sees what the record says now, or is seen here.
  await tx.lockPersons([stored.person])
  const companions = (await tx.recordsOf(stored.person, stored.record)).filter(
    ({ record }) => !beside.some((one) => one.record === record),
  )
  const own = { domain: stored.id.authority, features: given.folded.features }
  const misfit = misfitOf(own, companions, ports.matching())
  if (misfit === undefined) return []
  if (ports.matching().policy.mode !== 'auto' || !(await isMatchersWork(given))) {
    await tx.addReviews([questionOf(stored, misfit, 'contradiction')])
    return []
  }
  const person = await leave(given)
  await tx.addReviews([questionOf(stored, misfit, 'link broken')])
  return [stored.person, person]
}

/**
 * The matcher takes back what the matcher did: it linked the record to the others, or each of the others to the record. Whether a number that
 * staff linked to the record goes with it or stays is theirs to say, whatever else is known of that number.
 */
async function isMatchersWork({ tx, stored, beside, affinityDomain }: Rematch): Promise<boolean> {
  const group = [stored, ...beside]
  if (group.every(({ link }) => link === 'auto')) return true
  const others = (await tx.identifiersOf(stored.person)).filter(
    ({ record, status }) => status === 'active' && !group.some((one) => one.record === record),
  )
  if ([...group, ...others].some(({ link }) => link === 'manual')) return false
  // The network's own id carries a copy of what its person's first record said.
  const described = others.filter(
    ({ id, demographics, fed }) => demographics !== undefined && (id.authority !== affinityDomain || fed),
  )
  return described.every(({ link }) => link === 'auto')
}

/** To staff: does the record go with the one of its person that it contradicts? */
export function questionOf(stored: StoredIdentifier, { record, comparison }: Misfit, reason: string) {
  return {
    records: [stored.record, record.record],
    reason,
    score: comparison.score,
    evidence: comparison,
  } as const
}

/** A person known by this record alone is another one's if the matcher says so now. */
async function joinOthers(given: Rematch): Promise<readonly PersonKey[]> {
  const { tx, stored, caller, affinityDomain, reason } = given
  const question: Question = { ...given, domains: [stored.id.authority], asking: stored.record }
  const { person, evidence, reviews } = await findPerson(question)
  await tx.lockPersons([stored.person])
  // Someone joined the person by what the record said before.
  if ((await tx.recordsOf(stored.person, stored.record)).length > 0) throw new CandidatesChanged()
  await tx.addReviews(reviewsOf(stored.record, reviews))
  if (person === undefined || person === stored.person) return []
  if (await areKeptApart(tx, stored.person, person)) {
    const [other] = await tx.recordsOf(person)
    if (other !== undefined) await tx.addReviews([{ records: [stored.record, other.record], reason: 'bridge' }])
    return []
  }
  const merged = await mergePersons(tx, {
    former: stored.person,
    survivor: person,
    affinityDomain,
    origin: 'matcher',
    by: caller.systemId,
    reason,
    exchangeId: caller.exchange.id,
    secondNumbers: false,
  })
  if (merged === undefined) return []
  await tx.addHistory([
    {
      id: stored.id,
      event: 'link',
      by: caller.systemId,
      reason,
      person,
      formerPerson: stored.person,
      link: 'auto',
      ...(evidence === undefined ? {} : { evidence }),
    },
  ])
  return [stored.person, person]
}

/** Numbers of which nothing else is known are compared with nobody; what staff decided about them holds all the same. */
async function areKeptApart(tx: Rematch['tx'], one: PersonKey, other: PersonKey): Promise<boolean> {
  const [records = [], others = []] = await Promise.all(
    [one, other].map(async (person) =>
      (await tx.identifiersOf(person)).filter(({ status }) => status === 'active').map(({ record }) => record),
    ),
  )
  return tx.keptApart(records, others)
}

/** The record, with the others of the message and what their facility registered under them, becomes a person of its own. */
async function leave(given: Rematch): Promise<PersonKey> {
  const { tx, stored, demographics, caller, affinityDomain, reason } = given
  // What is being registered about the person is waited for, so that it goes where its number goes.
  await tx.lockPersons([stored.person])
  const { key, xad } = await createPerson(tx, { affinityDomain, by: caller.systemId, reason, demographics })
  const former = (await tx.identifiersOf(stored.person)).find(
    ({ id, status }) => id.authority === affinityDomain && status === 'active',
  )
  await moveOut(given, { to: key, xad, ...(former === undefined ? {} : { former: former.id }) })
  await tx.addHistory(
    [stored, ...given.beside].map(({ id }) => ({
      id,
      event: 'unlink',
      by: caller.systemId,
      reason: `${reason}: the record no longer fits the person`,
      person: key,
      formerPerson: stored.person,
      link: 'sole',
    })),
  )
  return key
}

async function moveOut(
  { tx, stored, beside, caller, reason }: Rematch,
  goal: { readonly to: PersonKey; readonly xad: PatientId; readonly former?: PatientId },
): Promise<void> {
  await tx.moveNumbers({
    from: stored.person,
    to: goal.to,
    ids: [stored.id, ...beside.map(({ id }) => id)],
    link: 'sole',
    origin: 'matcher',
    by: caller.systemId,
    reason,
    exchangeId: caller.exchange.id,
    ...(goal.former === undefined ? {} : { replacement: { former: goal.former, survivor: goal.xad } }),
  })
}
