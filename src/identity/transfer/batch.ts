// One batch of an import: the same decisions as feeds one after the other make, by a few statements for all (ITI TF-2 3.44.4.1.3).

import { isDeepStrictEqual } from 'node:util'
import { iheError } from '../../../profiles/errors/index.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import type { PersonRecord, RecordFault, RefusedRecord } from '../../model/person-record.ts'
import { RACED } from '../feed-context.ts'
import { CandidatesChanged, reviewsOf } from '../match.ts'
import type { NewReview, PersonKey, RecordKey } from '../ports.ts'
import { type Plan, type Planned, planRecords } from './plan.ts'
import type { BulkTransaction, IndexedRecord, KnownRecord } from './ports.ts'
import type { ImportContext, PreparedRecord } from './prepared.ts'
import { isPlanned, type WorkingIndex, workingIndex } from './working-index.ts'

export interface ImportCounts {
  /** Records that are new. */
  readonly added: number
  /** Records that were there and said the same. */
  readonly unchanged: number
  /** Of the added: joined to a person who was known by another record. */
  readonly linked: number
  /** Questions to staff. */
  readonly reviews: number
}

export interface BatchReport extends ImportCounts {
  readonly refused: readonly RefusedRecord[]
}

const MAX_ATTEMPTS = 5

/** @throws {IheError} BUSY when others keep changing what the batch is compared with. */
export async function importBatch(batch: readonly PreparedRecord[], context: ImportContext): Promise<BatchReport> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    try {
      return await context.ports.store.inTransaction((tx) => work(tx, batch, context))
    } catch (error) {
      if (error === RACED || error instanceof CandidatesChanged) continue
      throw error
    }
  }
  throw iheError('BUSY')
}

async function work(
  tx: BulkTransaction,
  batch: readonly PreparedRecord[],
  context: ImportContext,
): Promise<BatchReport> {
  const sorted = await sortOut(tx, batch, context)
  const index = await readIndex(tx, sorted, context)
  const plan = await planRecords({ ...sorted, index, context })
  if (!context.isDryRun && plan.records.length > 0) {
    await confirm(tx, { plan, index })
    await write(tx, plan, context)
  }
  return {
    added: plan.records.filter(({ line }) => line !== undefined).length,
    unchanged: sorted.unchanged,
    linked: plan.records.filter(({ joins }) => joins).length,
    reviews: plan.reviews.reduce((sum, { findings }) => sum + findings.length, 0),
    refused: [...sorted.refused, ...plan.refused].sort((a, b) => a.line - b.line),
  }
}

interface Sorted {
  /** New numbers, in the order of the lines. */
  readonly fresh: readonly PreparedRecord[]
  readonly unchanged: number
  readonly refused: readonly RefusedRecord[]
  /** Persons whom lines name, by their value in the affinity domain. */
  readonly told: ReadonlyMap<string, KnownRecord>
}

/** What is there already and says the same needs nothing; a number that says something else is never overwritten by an import. */
async function sortOut(
  tx: BulkTransaction,
  batch: readonly PreparedRecord[],
  { ports }: ImportContext,
): Promise<Sorted> {
  const { affinityDomain } = ports
  const named = [...new Set(batch.flatMap(({ record }) => record.person ?? []))]
  const persons = named.map((value): PatientId => ({ value, authority: affinityDomain }))
  const known = new Map((await tx.known([...batch.map(({ record }) => record.id), ...persons])).map(keyed))
  const told = new Map(named.flatMap((value) => found(known, { value, authority: affinityDomain })))
  const inFile = new Map<string, PersonRecord>()
  const fresh: PreparedRecord[] = []
  const refused: RefusedRecord[] = []
  let unchanged = 0
  for (const prepared of batch) {
    const { record, line } = prepared
    const key = formatCx(record.id)
    const judged = judge(record, { stored: known.get(key), before: inFile.get(key), told })
    if (judged === 'fresh') fresh.push(prepared)
    else if (judged === 'unchanged') unchanged += 1
    else refused.push({ line, fault: judged })
    if (!inFile.has(key)) inFile.set(key, record)
  }
  return { fresh, unchanged, refused, told }
}

function keyed(record: KnownRecord): readonly [string, KnownRecord] {
  return [formatCx(record.id), record]
}

function found(known: ReadonlyMap<string, KnownRecord>, id: PatientId): readonly (readonly [string, KnownRecord])[] {
  const record = known.get(formatCx(id))
  return record === undefined ? [] : [[id.value, record]]
}

function judge(
  record: PersonRecord,
  there: {
    readonly stored: KnownRecord | undefined
    readonly before: PersonRecord | undefined
    readonly told: ReadonlyMap<string, KnownRecord>
  },
): 'fresh' | 'unchanged' | RecordFault {
  const { stored, before, told } = there
  if (stored?.status === 'obsolete') return 'obsolete'
  const person = record.person === undefined ? undefined : told.get(record.person)
  if (stored !== undefined) {
    if (!isDeepStrictEqual(stored.demographics, record.demographics)) return 'differs'
    return record.person === undefined || person?.person === stored.person ? 'unchanged' : 'elsewhere'
  }
  if (before !== undefined) {
    if (!isDeepStrictEqual(before.demographics, record.demographics)) return 'differs'
    return before.person === record.person ? 'unchanged' : 'elsewhere'
  }
  return person?.status === 'obsolete' ? 'obsolete-person' : 'fresh'
}

/** Everyone with whom the batch is compared; nobody else adds or changes records that are compared until the batch is committed. */
async function readIndex(
  tx: BulkTransaction,
  { fresh, told }: Sorted,
  { ports, isDryRun }: ImportContext,
): Promise<WorkingIndex> {
  const keys = new Set(fresh.flatMap(({ described }) => described?.folded.keys ?? []))
  const domains = new Set(fresh.map(({ record }) => record.id.authority))
  const isAsked = ports.matching().policy.mode !== 'off' && keys.size > 0
  if (isAsked && !isDryRun) await tx.lockMatching()
  const index = workingIndex(isAsked ? await tx.inBlocks([...keys], [...domains]) : [], keys)
  const persons = [...told.values()].filter(({ status }) => status === 'active').map(({ person }) => person)
  if (persons.length > 0) for (const record of await tx.numbersOf(persons)) index.add(record)
  return index
}

/** Locks whoever gets a further record, and makes sure that they are compared by what they were compared by when they were read. */
async function confirm(
  tx: BulkTransaction,
  { plan, index }: { readonly plan: Plan; readonly index: WorkingIndex },
): Promise<void> {
  const joined = plan.records.filter(({ person }) => !isPlanned(person))
  const persons = [...new Set(joined.map(({ person }) => person))]
  if (persons.length === 0) return
  await tx.lockPersons(persons)
  const numbers = await tx.numbersOf(persons)
  const there = new Set(numbers.map(({ person, record }) => `${person} ${record}`))
  const taken = new Set(numbers.map(({ person, domain }) => `${person} ${domain}`))
  const read = persons.flatMap((person) => index.storedOf(person))
  const isAsItWas =
    read.every(({ person, record }) => there.has(`${person} ${record}`)) &&
    isDeepStrictEqual(comparedOf(numbers), comparedOf(read)) &&
    joined.every(({ person, id }) => !taken.has(`${person} ${id.authority}`))
  if (!isAsItWas) throw new CandidatesChanged()
}

/** What the persons are compared by. */
function comparedOf(records: readonly IndexedRecord[]): ReadonlyMap<RecordKey, unknown> {
  return new Map(
    records.flatMap(({ record, compared }) => (compared === undefined ? [] : [[record, compared.features]])),
  )
}

async function write(tx: BulkTransaction, plan: Plan, context: ImportContext): Promise<void> {
  const { by, peer } = context
  const counts = { persons: plan.persons.length, records: plan.records.length }
  const reserved = await tx.reserve(counts)
  const personOf = resolver(plan.persons, reserved.persons)
  const recordOf = resolver(
    plan.records.map(({ record }) => record),
    reserved.records,
  )
  const records = plan.records.map((planned) => ({
    ...planned,
    record: recordOf(planned.record),
    person: personOf(planned.person),
    history: { reason: reasonOf(planned, context), ...planned.history },
  }))
  if ((await tx.add({ persons: reserved.persons, records, by })) === 'taken') throw RACED
  await tx.addReviews(plan.reviews.flatMap(({ record, findings }) => reviewsOf(record, findings)).map(asStored))
  await tx.announce([...new Set(records.map(({ person }) => person))], 'changes apart')
  await tx.recordStaffChange({
    by,
    peer,
    operation: `patient import ${context.importId}: ${plan.records.length} numbers added, ${plan.persons.length} persons`,
    patients: plan.records.map(({ id }) => id),
  })

  function asStored(review: NewReview): NewReview {
    const [one, other] = review.records
    return { ...review, records: other === undefined ? [recordOf(one)] : [recordOf(one), recordOf(other)] }
  }
}

function reasonOf({ line }: Planned, { importId }: ImportContext): string {
  return line === undefined ? `import ${importId}` : `import ${importId}, line ${line}`
}

/** Keys of the plan become the reserved ones; those of the index stay. */
function resolver<Key extends PersonKey | RecordKey>(
  planned: readonly Key[],
  reserved: readonly Key[],
): (key: Key) => Key {
  const keys = new Map(planned.map((key, place) => [key, reserved[place]]))
  return (key) => keys.get(key) ?? key
}
