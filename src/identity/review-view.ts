// The review queue as staff see it: by risk, and of one question both records with their persons and what was decided before.

import type { PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type {
  AdministrationPorts,
  FormerDecision,
  NumberView,
  Page,
  ReviewRow,
  ReviewState,
} from './administration-ports.ts'
import type { Comparison } from './matching/types.ts'

/**
 * Reasons in the order of their danger: a record that would join two persons, or fits a person in part; links that stand and
 * should not; children of one birth; several persons who are equally alike. Everything else is sorted by its score alone.
 */
export const RISKS: readonly string[] = [
  'bridge',
  'unlike-another-record',
  'contradiction',
  'other demographics',
  'link broken',
  'alike-in-one-household',
  'child-without-name',
  'given-name-unknown',
  'noted-namesake',
  'tie',
]

/** One line of the queue; persons by their id of the network. */
export interface ReviewLine extends Omit<ReviewRow, 'records' | 'evidence'> {
  readonly records: readonly { readonly id: PatientId; readonly patient?: string }[]
}

export interface QueueFilter extends Page {
  readonly state: ReviewState
  readonly reason?: string
}

export async function listReviews(
  filter: QueueFilter,
  { administration }: AdministrationPorts,
): Promise<readonly ReviewLine[]> {
  const rows = await administration.reviews({ ...filter, risks: RISKS })
  const names = await administration.networkIds(rows.flatMap(({ records }) => records.map(({ person }) => person)))
  return rows.map(({ records, evidence: _evidence, ...row }) => ({
    ...row,
    records: records.map(({ id, person }) => {
      const patient = names.get(person)
      return { id, ...(patient === undefined ? {} : { patient }) }
    }),
  }))
}

/** One of the two records, and everything else that is known of its person. */
export interface ReviewedRecord {
  readonly number: NumberView
  readonly patient?: string
  readonly others: readonly NumberView[]
}

export interface ReviewView extends Omit<ReviewRow, 'records' | 'evidence'> {
  readonly records: readonly ReviewedRecord[]
  /** Comparison by field, where the matcher asks. */
  readonly comparison?: Comparison
  /** What the source says now of a number that it described otherwise before. */
  readonly told?: Demographics
  readonly before: readonly FormerDecision[]
}

export async function viewReview(reviewId: string, ports: AdministrationPorts): Promise<ReviewView | undefined> {
  const { administration } = ports
  const row = await administration.review(reviewId)
  if (row === undefined) return undefined
  const { records, evidence, ...line } = row
  const reviewed = await Promise.all(records.map((record) => reviewedRecord(record, ports)))
  return {
    ...line,
    records: reviewed.filter((record) => record !== undefined),
    ...toldOf(evidence),
    before: await administration.formerDecisions(row),
  }
}

async function reviewedRecord(
  { record, person }: ReviewRow['records'][number],
  { administration, affinityDomain }: AdministrationPorts,
): Promise<ReviewedRecord | undefined> {
  const numbers = await administration.numbersOf(person)
  const number = numbers.find((one) => one.record === record)
  if (number === undefined) return undefined
  const network = numbers.find(({ id, status }) => id.authority === affinityDomain && status === 'active')
  return {
    number,
    ...(network === undefined ? {} : { patient: network.id.value }),
    others: numbers.filter((one) => one !== number && one !== network && one.status === 'active'),
  }
}

/** Evidence is a comparison, or what the source said. */
function toldOf(evidence: unknown): Pick<ReviewView, 'comparison' | 'told'> {
  const given = evidence as Partial<Comparison> & { readonly demographics?: Demographics }
  if (evidence === undefined) return {}
  if (given.demographics !== undefined) return { told: given.demographics }
  return { comparison: given as Comparison }
}
