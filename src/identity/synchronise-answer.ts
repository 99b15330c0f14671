// Follows what a community says are its ids of a person: numbers join, are replaced and leave; what contradicts us is told to staff (ITI TF-2
// 3.45.4.2; docs/adr/0043).

import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import { standAlone } from './linking.ts'
import { mergePersons } from './person-merge.ts'
import type { PersonKey, StaffDecision, StoredIdentifier } from './ports.ts'
import { find } from './staff-work.ts'
import type { AnswerTransaction, Attempt, Followed, Heard } from './synchronise-ports.ts'

export interface Answer {
  readonly attempt: Attempt
  /** Of ours, which was asked about. */
  readonly id: PatientId
  readonly ids: readonly PatientId[]
  readonly heard: Pick<Heard, 'exchange'>
  readonly affinityDomain: Oid
}

/** Review reasons that staff see. */
const REVIEW = 'neighbour links'
const SEVERAL = 'it names several ids of one domain'
const OBSOLETE = 'it names an id that it has itself replaced'
const SECOND = 'the patient has another number of it here, which it does not name'
const STAFF_APART = 'staff here decided that its patient is somebody else'
const STAFF_LINKED = 'staff here linked a number of it that it does not name'
const ELSEWHERE = 'its number is linked to somebody else here'

interface Work extends Answer {
  readonly tx: AnswerTransaction
  readonly holder: StoredIdentifier
  readonly decision: StaffDecision
  /** Persons whose sets of ids changed. */
  readonly touched: Set<PersonKey>
}

/** Who says so in history and vetoes: the community, by the facility that stands for it. */
export function speakerOf(facilityId: string): string {
  return `partner:${facilityId}`
}

/** A community's word never undoes what staff decided, and never makes one of two persons of whom we know more than its number. */
export async function followAnswer(tx: AnswerTransaction, answer: Answer): Promise<Followed> {
  const { attempt, id, heard } = answer
  const domains = new Set<string>(attempt.to.domains)
  const ids = answer.ids.filter(({ authority }) => domains.has(authority))
  const found = await tx.lockIdentifiers([id, ...ids])
  await tx.lockPersons([...new Set(found.map(({ person }) => person))])
  // As they stand now that nobody moves them: a feed of the community may have brought one meanwhile.
  const locked = await tx.lockIdentifiers([id, ...ids])
  const holder = find(locked, id)
  // It was merged away meanwhile: whoever has it now is asked about.
  if (holder === undefined || holder.status === 'obsolete') return {}
  const decision = { by: speakerOf(attempt.facilityId), reason: `ITI-45 ${heard.exchange.id}` }
  const work: Work = { ...answer, tx, holder, decision, touched: new Set() }
  const several = [...domains].filter((domain) => ids.filter(({ authority }) => authority === domain).length > 1)
  const wanted = ids.filter(({ authority }) => !several.includes(authority))
  const judged = [...domains].filter((domain) => !several.includes(domain))
  const conflicts = [...(several.length > 0 ? [SEVERAL] : []), ...(await release(work, judged, wanted))]
  for (const one of wanted) conflicts.push(...(await join(work, one, find(locked, one))))
  if (work.touched.size > 0) await tx.announce([...work.touched])
  return conflicts.length === 0 ? {} : { conflict: [...new Set(conflicts)].join('; ') }
}

async function activeOf({ tx, holder }: Work): Promise<readonly StoredIdentifier[]> {
  return (await tx.identifiersOf(holder.person)).filter(({ status }) => status === 'active')
}

/**
 * Numbers that the community named once and names no more leave; those it never named are our own finding, of which it will hear. That it
 * names them no more may mean that it may not tell them: nobody decided that they are different people.
 */
async function release(
  work: Work,
  domains: readonly string[],
  wanted: readonly PatientId[],
): Promise<readonly string[]> {
  const { tx, attempt, holder, decision, affinityDomain, touched } = work
  const named = new Set(wanted.map(formatCx))
  const former = await tx.formerAnswer({ facilityId: attempt.facilityId, person: holder.person })
  const going = (await activeOf(work)).filter(
    ({ id }) => domains.includes(id.authority) && !named.has(formatCx(id)) && former.has(formatCx(id)),
  )
  const conflicts: string[] = []
  for (const stored of going) {
    const decided = stored.link === 'manual' ? await tx.linkedBy(stored.id) : undefined
    if (decided !== undefined && decided !== decision.by) {
      conflicts.push(STAFF_LINKED)
      continue
    }
    touched.add(await standAlone(tx, stored, { ...decision, affinityDomain }))
    touched.add(holder.person)
  }
  return conflicts
}

/** @returns why not. */
async function join(work: Work, id: PatientId, stored: StoredIdentifier | undefined): Promise<readonly string[]> {
  const { tx, holder, decision, touched } = work
  if (stored?.person === holder.person && stored.status === 'active') return []
  if (stored?.status === 'obsolete') return [OBSOLETE]
  const own = await activeOf(work)
  const second = own.find((one) => one.id.authority === id.authority)
  if (stored === undefined) {
    if (second !== undefined) return [SECOND]
    // A feed of the community that brings it at this moment says whose it is; then it is asked again.
    if ((await tx.addIdentifier({ id, person: holder.person, link: 'manual' })) === undefined) return []
  } else {
    const why = second === undefined ? await takeOver(work, stored, own) : SECOND
    if (why !== undefined) {
      await askStaff(work, stored, second ?? described(own))
      return [why]
    }
    touched.add(stored.person)
  }
  await tx.addHistory([
    {
      ...decision,
      id,
      event: 'link',
      person: holder.person,
      link: 'manual',
      ...(stored === undefined ? {} : { formerPerson: stored.person }),
    },
  ])
  await tx.closeSettled(holder.person, decision.by)
  touched.add(holder.person)
  return []
}

/** Of a number that we know: only when nothing else is known of whoever has it. @returns why not. */
async function takeOver(
  { tx, holder, decision, affinityDomain, heard }: Work,
  stored: StoredIdentifier,
  own: readonly StoredIdentifier[],
): Promise<string | undefined> {
  const apart = await tx.keptApart(
    [stored.record],
    own.map(({ record }) => record),
  )
  if (apart) return STAFF_APART
  const others = (await tx.identifiersOf(stored.person)).filter(
    ({ record, status }) => status === 'active' && record !== stored.record,
  )
  const isAlone = others.every(({ id, fed }) => id.authority === affinityDomain && !fed)
  if (!isAlone || !(await tx.isBare(stored.person))) return ELSEWHERE
  const merged = await mergePersons(tx, {
    ...decision,
    former: stored.person,
    survivor: holder.person,
    affinityDomain,
    origin: 'feed',
    exchangeId: heard.exchange.id,
    secondNumbers: false,
  })
  return merged === undefined ? SECOND : undefined
}

/** What staff compare: a record that says who the person is. */
function described(own: readonly StoredIdentifier[]): StoredIdentifier | undefined {
  return own.find(({ demographics, fed }) => fed && demographics !== undefined) ?? own[0]
}

async function askStaff({ tx }: Work, stored: StoredIdentifier, other: StoredIdentifier | undefined): Promise<void> {
  if (other !== undefined) await tx.addReviews([{ records: [stored.record, other.record], reason: REVIEW }])
}
