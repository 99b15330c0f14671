// What a change of policy would have done to the looks of a day: the doors' decision on the facts of today, before and after (docs/adr/0033).

import { setImmediate } from 'node:timers/promises'
import type { AccessFacts, Decision, Reason, Scope } from '../../model/access.ts'
import { admits, scopeOf } from '../decide.ts'
import type { DoorReason } from '../explaining/words.ts'
import { jobOf } from '../viewer.ts'
import { changedFacts, changedPolicy, type PolicyChange, viewerUnder } from './change.ts'
import type { Candidate, Look, NetworkPolicy, SimulatedViewer, SimulationPorts } from './ports.ts'

export type Direction = 'allowed → refused' | 'refused → allowed'

/** Looks alike, for which the change does the same. */
export interface SimulatedGroup {
  readonly direction: Direction
  readonly facilityId: string
  readonly job: string
  readonly look: Look['look']
  /** classCode. */
  readonly kind: string
  /** Why it is refused, after the change or before. */
  readonly reason: Reason | DoorReason
  readonly accesses: number
  readonly documents: number
  /** Ids of the journal. */
  readonly examples: readonly string[]
}

export interface Simulated {
  readonly day: string
  /** Queries and reads of the day. */
  readonly accesses: number
  readonly queries: number
  readonly reads: number
  /** Patients and documents of them that are no more. */
  readonly gone: number
  /** Accesses that lose something, and that win something; one can do both. */
  readonly allowedToRefused: number
  readonly refusedToAllowed: number
  readonly groups: readonly SimulatedGroup[]
}

interface Group extends Omit<SimulatedGroup, 'accesses' | 'documents' | 'examples'> {
  accesses: number
  documents: number
  readonly examples: string[]
}

const MAX_EXAMPLES = 3

/** Nothing is held but the page that is judged and the groups. */
export async function simulate(
  asked: { readonly day: string; readonly changes: readonly PolicyChange[] },
  ports: SimulationPorts,
): Promise<Simulated> {
  const { day, changes } = asked
  const policy = changedPolicy(await ports.network(), changes)
  const groups = new Map<string, Group>()
  const total = { queries: 0, reads: 0, gone: 0, allowedToRefused: 0, refusedToAllowed: 0 }
  for await (const page of ports.looks(day)) {
    // What rights follow from rules is remembered with them: a page's rules are forgotten with the page.
    const after = { policy: { ...policy, rules: { ...policy.rules } }, changes }
    for (const look of page) {
      const turned = turnedIn(look, after)
      const directions = new Set(turned.map(({ direction }) => direction))
      total[look.look === 'query' ? 'queries' : 'reads'] += 1
      total.gone += look.gone
      if (directions.has('allowed → refused')) total.allowedToRefused += 1
      if (directions.has('refused → allowed')) total.refusedToAllowed += 1
      count(groups, look, turned)
    }
    await setImmediate()
  }
  return { day, accesses: total.queries + total.reads, ...total, groups: [...groups.values()].sort(byAccesses) }
}

interface After {
  readonly policy: NetworkPolicy
  readonly changes: readonly PolicyChange[]
}

interface Turned {
  readonly direction: Direction
  readonly kind: string
  readonly reason: Reason | DoorReason
  readonly documents: number
}

type Judgement = Decision | { readonly allowed: false; readonly reason: DoorReason }

function turnedIn({ viewer, lookedAt }: Look, { policy, changes }: After): readonly Turned[] {
  // The doors let nobody in today; no change that can be tried opens them.
  if (viewer === undefined) return []
  const today = judgeOf(viewer, (facts) => facts)
  const changed = judgeOf(viewerUnder(policy, viewer), (facts) => changedFacts(facts, changes))
  return lookedAt.flatMap(({ candidates, documents }) => {
    const [before, after] = [judgeAll(candidates, today), judgeAll(candidates, changed)]
    if (before === undefined || after === undefined || before.allowed === after.allowed) return []
    const direction = before.allowed ? 'allowed → refused' : 'refused → allowed'
    const { reason } = before.allowed ? after : before
    return [{ direction, kind: candidates[0]?.traits.kind ?? '', reason, documents }]
  })
}

function judgeOf(
  viewer: SimulatedViewer | undefined,
  factsFor: (facts: AccessFacts) => AccessFacts,
): (candidate: Candidate) => Judgement {
  if (viewer === undefined) return () => ({ allowed: false, reason: 'the facility is not active' })
  const scopes = new Map<AccessFacts, Scope>()
  return ({ facts, traits }) => {
    const scope = scopes.get(facts) ?? scopeOf(viewer, factsFor(facts))
    scopes.set(facts, scope)
    return admits(scope, traits)
  }
}

function judgeAll(candidates: readonly Candidate[], judge: (candidate: Candidate) => Judgement): Judgement | undefined {
  const judged = candidates.map(judge)
  return judged.find(({ allowed }) => allowed) ?? judged[0]
}

function count(groups: Map<string, Group>, look: Look, turned: readonly Turned[]): void {
  const counted = new Set<Group>()
  const job = look.viewer === undefined ? 'system' : jobOf(look.viewer)
  for (const { documents, ...one } of turned) {
    const identity = { ...one, facilityId: look.facilityId, job, look: look.look }
    const key = JSON.stringify(Object.values(identity))
    const group = groups.get(key) ?? { ...identity, accesses: 0, documents: 0, examples: [] }
    groups.set(key, group)
    group.documents += documents
    if (counted.has(group)) continue
    counted.add(group)
    group.accesses += 1
    if (group.examples.length < MAX_EXAMPLES) group.examples.push(look.journalId)
  }
}

function byAccesses(one: Group, other: Group): number {
  return other.accesses - one.accesses
}
