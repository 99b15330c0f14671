// Feeds a sample to the matcher one record after another, as hospitals would, with blocks and persons in memory.

import type { CandidatePerson, CandidateRecord, Decision } from '../../../identity/matching/types.ts'
import { createRandom, shuffle } from '../people/random.ts'
import type { Matcher, Prepared } from './matcher.ts'
import type { Sample } from './sample.ts'

export interface Fed {
  /** Of each record of the sample the person that it ended with. */
  readonly persons: readonly number[]
  /** Of each record in the order of the sample what was decided. */
  readonly decisions: readonly Decision[]
  /** Of each record its blocks. */
  readonly blocks: readonly (readonly string[])[]
  /** Folding, finding and deciding, of each record. */
  readonly durationsMs: readonly number[]
  readonly candidates: { readonly mean: number; readonly largest: number }
  /** Links that brought together records of different persons. */
  readonly falseLinks: readonly FalseLink[]
}

export interface FalseLink {
  readonly record: number
  readonly linkedTo: number
}

export function feed(sample: Sample, given: { readonly matcher: Matcher; readonly seed: number }): Fed {
  const index = createIndex(sample)
  const order = [...sample.records.keys()]
  shuffle(order, createRandom(given.seed))
  const decisions: Decision[] = []
  const blocks: (readonly string[])[] = []
  const durationsMs: number[] = []
  const falseLinks: FalseLink[] = []
  let candidateCount = 0
  let largest = 0
  for (const record of order) {
    const start = performance.now()
    const prepared = given.matcher.prepare(recordAt(sample, record).described)
    const candidates = index.candidates(prepared)
    const decision = given.matcher.decide({ ...prepared, domain: recordAt(sample, record).domain }, candidates)
    durationsMs[record] = performance.now() - start
    decisions[record] = decision
    blocks[record] = prepared.blocks
    candidateCount += candidates.length
    largest = Math.max(largest, candidates.length)
    if (decision.kind === 'link' && isFalse(sample, { record, members: index.members(decision.person) }))
      falseLinks.push({ record, linkedTo: Number(decision.record) })
    index.add(record, { prepared, decision })
  }
  return {
    persons: index.persons(),
    decisions,
    blocks,
    durationsMs,
    candidates: { mean: candidateCount / order.length, largest },
    falseLinks,
  }
}

function isFalse(
  sample: Sample,
  { record, members }: { readonly record: number; readonly members: readonly number[] },
): boolean {
  const { truth } = recordAt(sample, record)
  return members.some((member) => recordAt(sample, member).truth !== truth)
}

export function recordAt(sample: Sample, index: number): Sample['records'][number] {
  const record = sample.records[index]
  if (record === undefined) throw new Error(`the sample has no record ${index}`)
  return record
}

/** Persons and blocks as they grow. */
function createIndex(sample: Sample) {
  const members: number[][] = []
  const personOf: number[] = []
  const known: CandidateRecord[] = []
  const byBlock = new Map<string, number[]>()

  function candidates({ blocks }: Prepared): readonly CandidatePerson[] {
    const found = new Set<number>()
    for (const block of blocks) for (const record of byBlock.get(block) ?? []) found.add(personOf[record] ?? -1)
    return [...found].map((person) => ({
      person: String(person),
      records: (members[person] ?? []).flatMap((record) => known[record] ?? []),
    }))
  }

  function add(record: number, given: { readonly prepared: Prepared; readonly decision: Decision }): void {
    const { prepared, decision } = given
    const person = decision.kind === 'link' ? Number(decision.person) : members.length
    members[person] = [...(members[person] ?? []), record]
    personOf[record] = person
    const { domain } = recordAt(sample, record)
    known[record] = { record: String(record), domain, features: prepared.features, vetoed: false }
    for (const block of prepared.blocks) {
      const inBlock = byBlock.get(block)
      if (inBlock === undefined) byBlock.set(block, [record])
      else inBlock.push(record)
    }
  }

  return {
    candidates,
    add,
    members: (person: string): readonly number[] => members[Number(person)] ?? [],
    persons: (): readonly number[] => personOf,
  }
}
