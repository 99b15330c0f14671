// Orders and their results have one life: a number and a day make the document, controls cancel and change it, results may come
// piecewise. A family says where its facts stand; the reader is made of that (SS-MIX2; HL7 v2.5 chapters 4 and 7).

import { iheError } from '../../../profiles/errors/index.ts'
import type { KindName } from '../../../profiles/storeclient/index.ts'
import type { Clinical, OrderHead } from '../../model/clinical.ts'
import type { IheError } from '../../model/error.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import type { Er7Message, Segment } from '../../model/hl7v2.ts'
import { normaliseOrderNumber } from '../identifiers.ts'
import { checkFields, placeOf } from './field-checks.ts'
import {
  coded,
  earliestDay,
  isOrderCancelled,
  isOrderChanged,
  NO_CODE,
  requiredTimes,
  staff,
  text,
  time,
} from './fields.ts'
import { itemCodes } from './item-codes.ts'
import type { ResultKey } from './observations.ts'
import { type ServiceFields, serviceTimes, timeSource, unusualTimes } from './order-times.ts'
import type { Deletion, KindReader, Reading } from './reader.ts'

/** Segments of one order control or request, in message order. */
export type Group = readonly Segment[]

/** What stands in a message under one order number. */
export interface Order {
  /** As written; '' when none is. */
  readonly received: string
  readonly normalised: string
  readonly groups: readonly Group[]
  readonly segments: readonly Segment[]
}

export interface OrderFamily {
  readonly groups: (message: Er7Message) => readonly Group[]
  /** Number of each group where it does not stand in `numberIn`. */
  readonly numbers?: (message: Er7Message, groups: readonly Group[]) => readonly string[]
  /** Fields of the order number, the first filled one wins. */
  readonly numberIn: readonly string[]
  readonly service: ServiceFields
  /** Further times of the service, which have to be worked out. */
  readonly further?: (message: Er7Message, order: Order) => readonly Hl7Time[]
  /** Fields of the main codes. */
  readonly codes: readonly string[]
  /** What a group states that can be taken back alone: results, administrations. */
  readonly results?: (message: Er7Message, group: Group) => readonly ResultKey[]
  /** Senders send these piecewise, so that less than before must not hide what was there. */
  readonly guarded?: true
  readonly refine?: (message: Er7Message, order: Order) => Partial<Reading>
  readonly content: (message: Er7Message, order: Order) => Clinical
}

/** The reader of a kind of orders or results. */
export function orderReader(family: OrderFamily): KindReader {
  return {
    documents: (message, { header }) => {
      const { kind } = header.found
      const orders = ordersOf(message, family)
      const nameless = orders.length === 0 ? NO_ORDER : orders.find(({ received }) => received === '')
      if (nameless !== undefined) throw numberMissing(message, nameless, family.numberIn)
      return orders.map((order) => readingOf(message, order, { family, kind: kind.kind, careDate: kind.careDate }))
    },
    content: (message, _context, number) => {
      const orders = ordersOf(message, family)
      return family.content(message, orders.find(({ normalised }) => normalised === number) ?? orders[0] ?? NO_ORDER)
    },
  }
}

const NO_ORDER: Order = { received: '', normalised: '', groups: [], segments: [] }

/** At the first segment that ought to hold it. */
function numberMissing(message: Er7Message, { segments }: Order, numberIn: readonly string[]): IheError {
  const rule = `${numberIn.join(' or ')} is required`
  for (const at of numberIn) {
    const segment = segments.find(({ name }) => name === at.split('-')[0])
    if (segment !== undefined) return iheError('HL7_ORDER_NUMBER', { at: placeOf(message, segment, at), rule })
  }
  return iheError('HL7_ORDER_NUMBER', { at: numberIn[0] ?? '', rule })
}

function ordersOf(message: Er7Message, family: OrderFamily): readonly Order[] {
  const groups = family.groups(message)
  const numbers = family.numbers?.(message, groups) ?? groups.map((group) => numberOf(message, group, family.numberIn))
  const byNumber = new Map<string, { readonly received: string; readonly groups: Group[] }>()
  for (const [index, group] of groups.entries()) {
    const received = numbers[index] ?? ''
    const normalised = normaliseOrderNumber(received)
    const known = byNumber.get(normalised)
    if (known === undefined) byNumber.set(normalised, { received, groups: [group] })
    else known.groups.push(group)
  }
  return [...byNumber].map(([normalised, order]) => ({
    ...order,
    normalised,
    // A specimen stands in the group of each of its requests, but once in the message.
    segments: [...new Set(order.groups.flat())],
  }))
}

/** The first filled field of a group. */
export function numberOf(message: Er7Message, group: Group, fields: readonly string[]): string {
  for (const at of fields) {
    const [name, field] = at.split('-')
    const found = group
      .filter((segment) => segment.name === name)
      .map((one) => text(message, one, Number(field)).trim())
    const filled = found.find((number) => number !== '')
    if (filled !== undefined) return filled
  }
  return ''
}

interface FamilyOfKind {
  readonly family: OrderFamily
  readonly kind: KindName
  readonly careDate: readonly string[]
}

function readingOf(message: Er7Message, order: Order, { family, kind, careDate }: FamilyOfKind): Reading {
  const { segments, groups } = order
  const results = resultsOf(message, order, family)
  const deletes = deletionOf(message, order, results)
  // A cancel may leave out everything but the number and the day.
  const checks = deletes === 'whole' ? [] : checkFields(message, { kind, groups })
  const care = requiredTimes(careDate.map((at) => timeSource(message, segments, at)))
  const standing = standingOf(message, order)
  const service = serviceTimes(message, standing.segments, family.service)
  const times = [...service.times, ...(family.further?.(message, standing) ?? [])]
  const { codes, warnings } = itemCodes(message, segments, family.codes)
  return {
    number: { normalised: order.normalised, received: order.received },
    careDate: earliestDay(care.times),
    service: times.length === 0 ? care.times : times,
    segments,
    eventCodes: codes,
    deletes,
    ...(family.guarded === undefined ? {} : { guard: guardOf(order, results, family) }),
    ...(isOrderChanged(message, segments) ? { corrects: true } : {}),
    warnings: once([...checks, ...warnings, ...unusualTimes(care.at, care.times), ...service.warnings]),
    ...family.refine?.(message, order),
  }
}

/** What is left of an order of which lines are cancelled: they are not carried out, on no day. */
function standingOf(message: Er7Message, order: Order): Order {
  const groups = order.groups.filter((group) => !isOrderCancelled(message, group))
  if (groups.length === 0 || groups.length === order.groups.length) return order
  return { ...order, groups, segments: [...new Set(groups.flat())] }
}

/**
 * What stands several times under one key (a drug tested against two germs that nothing else parts) is several results, those that
 * stand the first of them: a result that takes the place of a withdrawn one is that one.
 */
function resultsOf(message: Er7Message, order: Order, family: OrderFamily): readonly ResultKey[] {
  const seen = new Map<string, number>()
  const all = order.groups.flatMap((group) => family.results?.(message, group) ?? [])
  return [...all.filter(({ live }) => live), ...all.filter(({ live }) => !live)].map((result) => {
    const count = (seen.get(result.key) ?? 0) + 1
    seen.set(result.key, count)
    return count === 1 ? result : { ...result, key: `${result.key}#${count}` }
  })
}

function deletionOf(message: Er7Message, order: Order, results: readonly ResultKey[]): Deletion {
  if (isOrderCancelled(message, order.segments)) return 'whole'
  return results.length > 0 && results.every(({ live }) => !live) ? 'results' : 'no'
}

function guardOf(order: Order, results: readonly ResultKey[], family: OrderFamily): NonNullable<Reading['guard']> {
  const sameIn = (stored: Er7Message) =>
    ordersOf(stored, family).filter(({ normalised }) => normalised === order.normalised)
  return {
    results: new Set(results.map(({ key }) => key)),
    resultsIn: (stored) => sameIn(stored).flatMap((one) => resultsOf(stored, one, family)),
    withdrawnBy: (stored) => {
      const [same] = sameIn(stored)
      if (same === undefined) return 'document'
      const withdrawn = resultsOf(stored, same, family)
      return deletionOf(stored, same, withdrawn) === 'results' ? new Set(withdrawn.map(({ key }) => key)) : 'document'
    },
  }
}

/** One warning for one place and rule. */
function once(warnings: readonly IheError[]): readonly IheError[] {
  return [...new Map(warnings.map((one) => [[one.row.code, one.at, one.value, one.rule].join('|'), one])).values()]
}

/** Who ordered, when, for which department. */
export function orderHead(message: Er7Message, { received, segments }: Order): OrderHead {
  const orc = segments.find(({ name }) => name === 'ORC')
  // A line that is cancelled is no word about the order.
  const standing = isOrderCancelled(message, segments)
    ? undefined
    : segments.find((one) => one.name === 'ORC' && !isOrderCancelled(message, [one]))
  const obr = segments.find(({ name }) => name === 'OBR')
  const orderedAt = time(message, orc, 9)
  const orderer = staff(message, orc, 12) ?? staff(message, obr, 16)
  return {
    number: received,
    control: text(message, standing ?? orc, 1),
    ...(orderedAt === undefined ? {} : { orderedAt }),
    ...(orderer === undefined ? {} : { orderer }),
    department: orc === undefined ? NO_CODE : coded(message, orc, 17),
  }
}
