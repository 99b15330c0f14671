// What a facility stores and what it costs: month-end figures (JST), fee steps, warnings (ストレージ使用量).

import type { Fees, StorageFee } from '../../../profiles/storeclient/fees.ts'

/** What is stored for a facility in a month, as it is counted. */
export interface StorageFigures {
  readonly facilityId: string
  readonly name: string
  /** At the end of the month; now, in the current one. */
  readonly kind: string
  /** At the end of the month before, where it was another one. */
  readonly formerKind?: string
  /** Its contract had ended by the end of the month, or has by now. */
  readonly hasEnded?: true
  /** It had by the end of the month before. */
  readonly hadEnded?: true
  /** YYYY-MM, JST. */
  readonly month: string
  /** At the end of the month; now, in the current one. */
  readonly bytes: number
  readonly documents: number
  /** The month is over and its figures stay. */
  readonly isFixed: boolean
  /** At the end of the month before; absent for a facility that was not there. */
  readonly formerBytes?: number
  readonly quotaBytes?: number
  /** Sealed messages that wait to be filed; they cost nothing. */
  readonly withheldBytes: number
}

export type UsageWarning =
  /** The step is nearly full: the next one is charged from the 1st of the month after it is begun. */
  | 'step-nearly-full'
  /** A step was begun since the month before. */
  | 'step-begun'
  | 'quota-nearly-full'
  | 'quota-full'

export interface Usage extends StorageFigures {
  /** Steps begun beyond what is free. */
  readonly steps: number
  /** What this month costs: by the end of the month before. */
  readonly feeYen: number
  /** What the next month costs by these bytes. */
  readonly nextFeeYen: number
  /** Where the next step begins. */
  readonly stepEndsAtBytes: number
  /** Of the current step; of what is free, before the first. */
  readonly stepPercent: number
  readonly quotaPercent?: number
  readonly warnings: readonly UsageWarning[]
}

export interface UsageReader {
  /** Of one facility or all; a month that nobody counted has no rows. */
  readonly figures: (asked: {
    readonly month: string
    readonly facilityId?: string
  }) => Promise<readonly StorageFigures[]>
}

/** The rule that judges a month. */
function ruleOf(fees: Fees, month: string): StorageFee | undefined {
  return fees.storage.findLast(({ from }) => from <= month) ?? fees.storage[0]
}

/** Steps begun beyond what is free: each threshold that is passed begins one. */
export function stepsOf(bytes: number, rule: StorageFee): number {
  const step = rule.stepGigabytes * rule.bytesPerGigabyte
  return Math.ceil(Math.max(0, bytes - rule.freeGigabytes * rule.bytesPerGigabyte) / step)
}

/** Yen a month, without tax. */
export function storageFee(bytes: number, kind: string, rule: StorageFee): number {
  return rule.facilityKinds.includes(kind) ? stepsOf(bytes, rule) * rule.yenPerStep : 0
}

/** A threshold passed in a month is fixed at its end and charged from the 1st of the next month, while there is a contract. */
export function usageOf(figures: StorageFigures, fees: Fees): Usage {
  const { bytes, kind, month, formerBytes = 0, formerKind = kind, quotaBytes, hasEnded, hadEnded } = figures
  const rule = ruleOf(fees, month)
  const former = ruleOf(fees, monthBefore(month))
  if (rule === undefined || former === undefined) throw new Error('the table of fees is empty')
  const steps = stepsOf(bytes, rule)
  const free = rule.freeGigabytes * rule.bytesPerGigabyte
  const step = rule.stepGigabytes * rule.bytesPerGigabyte
  const endsAt = free + steps * step
  const beginsAt = steps === 0 ? 0 : endsAt - step
  const stepPercent = percent(bytes - beginsAt, endsAt - beginsAt)
  const quotaPercent = quotaBytes === undefined ? undefined : percent(bytes, quotaBytes)
  const pays = hasEnded !== true && rule.facilityKinds.includes(kind)
  return {
    ...figures,
    steps,
    feeYen: hadEnded === true ? 0 : storageFee(formerBytes, formerKind, former),
    nextFeeYen: hasEnded === true ? 0 : storageFee(bytes, kind, rule),
    stepEndsAtBytes: endsAt,
    stepPercent,
    ...(quotaPercent === undefined ? {} : { quotaPercent }),
    warnings: [
      ...(pays && stepPercent >= rule.warnAtPercent ? (['step-nearly-full'] as const) : []),
      ...(pays && steps > stepsOf(formerBytes, former) ? (['step-begun'] as const) : []),
      ...quotaWarnings(quotaPercent, rule),
    ],
  }
}

function quotaWarnings(quotaPercent: number | undefined, { warnAtPercent }: StorageFee): readonly UsageWarning[] {
  if (quotaPercent === undefined || quotaPercent < warnAtPercent) return []
  return quotaPercent >= 100 ? ['quota-full'] : ['quota-nearly-full']
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((part * 1000) / whole) / 10
}

export function monthBefore(month: string): string {
  const [year, number] = month.split('-').map(Number)
  return new Date(Date.UTC(year ?? 0, (number ?? 1) - 2, 1)).toISOString().slice(0, 7)
}

const JST_OFFSET_MS = 9 * 3_600_000

/** YYYY-MM of a moment in Japan. */
export function monthOf(time: Date): string {
  return new Date(time.getTime() + JST_OFFSET_MS).toISOString().slice(0, 7)
}
