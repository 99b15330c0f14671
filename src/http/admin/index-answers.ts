// How the master patient index is shown over the admin API: numbers flat, surrogate keys left out.

import { MATCH_RULES, type RuleRow } from '../../../profiles/matching/policy.ts'
import type { HistoryView, MergeView, NumberView } from '../../identity/administration-ports.ts'
import type { Comparison } from '../../identity/matching/types.ts'
import type { GoldenValue, PatientView } from '../../identity/person-view.ts'
import type { ReviewLine, ReviewView } from '../../identity/review-view.ts'
import type { FoundPatient } from '../../identity/staff-search.ts'
import type { TrialResult } from '../../identity/try-match.ts'
import type { PatientId } from '../../model/identifiers.ts'

interface ShownId {
  readonly domain: string
  readonly value: string
}

function shownId({ value, authority }: PatientId): ShownId {
  return { domain: authority, value }
}

/** @returns the number without the key that never leaves the server. */
export function shownNumber({ record: _record, id, ...number }: NumberView): object {
  return { ...shownId(id), ...number }
}

function shownGolden({ source: { id, ...source }, ...golden }: GoldenValue): object {
  return { ...golden, source: { ...shownId(id), ...source } }
}

type Done = Pick<NumberView, 'by' | 'reason'>

/** Who did it and why is not told where it was one of these. */
function withoutOthers<T extends Done>(row: T, others: ReadonlySet<string>): Omit<T, keyof Done> & Partial<Done> {
  const { by, reason, ...rest } = row
  return others.has(by) ? rest : row
}

/** `identifiers` are what `GET /patients` shows, with all that is known of each. */
export function shownPatient({ patient, numbers, golden }: PatientView, others: ReadonlySet<string>): object {
  return {
    ...(patient === undefined ? {} : { xad: patient }),
    identifiers: numbers.map(({ record: _record, id, ...number }) => ({
      ...shownId(id),
      ...withoutOthers(number, others),
    })),
    golden: golden.map(shownGolden),
  }
}

export function shownFound({ patient, numbers, ...found }: FoundPatient): object {
  return {
    ...(patient === undefined ? {} : { xad: patient }),
    ...found,
    numbers: numbers.map(({ id, ...number }) => ({ ...shownId(id), ...number })),
  }
}

export function shownHistory({ id, ...row }: HistoryView, others: ReadonlySet<string>): object {
  return { ...withoutOthers(row, others), ...shownId(id) }
}

export function shownMerge({ former, survivor, ...merge }: MergeView): object {
  return { ...merge, domain: former.authority, former: former.value, survivor: survivor.value }
}

export function shownLine({ records, ...line }: ReviewLine): object {
  return { ...line, records: records.map(({ id, ...record }) => ({ ...shownId(id), ...record })) }
}

/** Evidence of years ago may name rules that are no more. */
const rules: Readonly<Record<string, RuleRow | undefined>> = MATCH_RULES

/** A comparison with each rule in words. */
function shownComparison(comparison: Comparison): object {
  return { ...comparison, rules: comparison.rules.map((hit) => ({ ...hit, says: rules[hit.rule]?.says })) }
}

export function shownTrial({ candidates, ...trial }: TrialResult): object {
  return {
    ...trial,
    candidates: candidates.map(({ records, ...candidate }) => ({
      ...candidate,
      records: records.map(({ comparison, ...record }) => ({ ...record, comparison: shownComparison(comparison) })),
    })),
  }
}

export function shownReview({ records, comparison, ...review }: ReviewView): object {
  return {
    ...review,
    ...(comparison === undefined ? {} : { comparison: shownComparison(comparison) }),
    records: records.map(({ number, others, ...record }) => ({
      ...record,
      number: shownNumber(number),
      others: others.map(shownNumber),
    })),
  }
}
