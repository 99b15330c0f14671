// OUL^R22 read as orders with their results (HL7 v2.5 7.4.8; SS-MIX2 OML-11): SPM, then OBR and ORC in either order, then OBX.

import { iheError } from '../../profiles/errors/index.ts'
import type { Code } from '../model/code.ts'
import type { IheError } from '../model/error.ts'
import { type Hl7Time, parseHl7Time } from '../model/hl7-time.ts'
import { component, type Er7Message, isNull, repetitions, type Segment } from '../model/hl7v2.ts'
import { normaliseOrderNumber } from './identifiers.ts'

/** HL7 table 0085: the result does not, or no longer, exist. */
const CANCELLED_RESULTS = new Set(['D', 'X', 'W'])
/** HL7 table 0085. */
const RESULT_STATUSES = new Set('CDFINOPRSXUW')
/** HL7 table 0119. */
const CANCELLING_CONTROLS = new Set(['CA', 'DC', 'OC', 'CR'])
const JLAC10 = { names: new Set(['JC10', 'JLAC10']), scheme: '1.2.392.200119.4.504' } as const
const MAX_EVENT_CODES = 20

export interface LaboratoryOrder {
  readonly number: string
  /** ORC-2.1 or OBR-2.1 as written. */
  readonly numberReceived: string
  readonly collected: readonly Hl7Time[]
  readonly orderings: readonly Segment[]
  readonly requests: readonly Segment[]
  /** Result keys of all OBX, and of those that are not cancelled. */
  readonly results: ReadonlySet<string>
  readonly liveResults: ReadonlySet<string>
  readonly cancelled: 'no' | 'order' | 'results'
  readonly eventCodes: readonly Code[]
  readonly warnings: readonly IheError[]
}

interface Group {
  readonly specimen: Segment | undefined
  readonly segments: Segment[]
}

/**
 * The orders of a message, one for each ORC-2, in message order.
 * @throws {IheError} HL7_ORDER_NUMBER, HL7_FIELD_MISSING (OBX-3, care date) or HL7_TIME at the first order that lacks it.
 */
export function readLaboratoryOrders(message: Er7Message): readonly LaboratoryOrder[] {
  const byNumber = new Map<string, { readonly received: string; readonly groups: Group[] }>()
  for (const group of groupsOf(message)) {
    const received = orderNumber(message, group)
    if (received === '') throw iheError('HL7_ORDER_NUMBER', { at: 'ORC-2', rule: 'ORC-2 or OBR-2 is required' })
    const number = normaliseOrderNumber(received)
    const known = byNumber.get(number)
    if (known === undefined) byNumber.set(number, { received, groups: [group] })
    else known.groups.push(group)
  }
  if (byNumber.size === 0) throw iheError('HL7_ORDER_NUMBER', { at: 'ORC-2', rule: 'ORC-2 or OBR-2 is required' })
  return [...byNumber.values()].map(({ received, groups }) => toOrder(message, received, groups))
}

/** Result keys (OBX-3, OBX-4, SPM-2) that stand in a stored message under one order number and are not cancelled. */
export function liveResultsOf(message: Er7Message, number: string): ReadonlySet<string> {
  const groups = groupsOf(message).filter((group) => normaliseOrderNumber(orderNumber(message, group)) === number)
  return resultKeys(message, groups, (status) => !CANCELLED_RESULTS.has(status))
}

/** SPM opens a specimen; OBR, or an ORC that no OBR precedes directly, opens an order group below it. */
function groupsOf(message: Er7Message): readonly Group[] {
  const groups: Group[] = []
  let specimen: Segment | undefined
  let open: Group | undefined
  for (const segment of message.segments) {
    if (segment.name === 'SPM') {
      specimen = segment
      open = undefined
    } else if (segment.name === 'OBR' || segment.name === 'ORC') {
      const joins = open !== undefined && open.segments.length === 1 && open.segments[0]?.name !== segment.name
      if (open === undefined || !joins) {
        open = { specimen, segments: [] }
        groups.push(open)
      }
      open.segments.push(segment)
    } else if (segment.name === 'OBX') open?.segments.push(segment)
  }
  return groups
}

function first(message: Er7Message, segment: Segment | undefined, field: number, part = 1): string {
  const text = component(message, repetitions(message, segment, field)[0], part)
  return isNull(text) ? '' : text
}

function orderNumber(message: Er7Message, group: Group): string {
  const numbers = ['ORC', 'OBR'].map((name) => first(message, named(group, name)[0], 2).trim())
  return numbers.find((number) => number !== '') ?? ''
}

function named(group: Group, name: string): readonly Segment[] {
  return group.segments.filter((segment) => segment.name === name)
}

function resultKeys(
  message: Er7Message,
  groups: readonly Group[],
  accept: (status: string) => boolean,
): ReadonlySet<string> {
  const keys = groups.flatMap((group) =>
    named(group, 'OBX')
      .filter((obx) => accept(first(message, obx, 11)))
      .map((obx) => [resultCode(message, obx), first(message, obx, 4), specimenNumber(message, group)].join('|')),
  )
  return new Set(keys)
}

function resultCode(message: Er7Message, obx: Segment): string {
  return [1, 3].map((part) => first(message, obx, 3, part)).join('^')
}

function specimenNumber(message: Er7Message, group: Group): string {
  const placer = component(message, repetitions(message, group.specimen, 2)[0], 1, 1)
  return placer === '' ? component(message, repetitions(message, group.specimen, 2)[0], 2, 1) : placer
}

function toOrder(message: Er7Message, received: string, groups: readonly Group[]): LaboratoryOrder {
  const observations = groups.flatMap((group) => named(group, 'OBX'))
  requireObservationCodes(message, observations)
  const collected = careTimes(message, groups)
  const results = resultKeys(message, groups, () => true)
  const liveResults = resultKeys(message, groups, (status) => !CANCELLED_RESULTS.has(status))
  const orderings = groups.flatMap((group) => named(group, 'ORC'))
  const controls = orderings.map((orc) => first(message, orc, 1))
  const orderCancelled = controls.length > 0 && controls.every((control) => CANCELLING_CONTROLS.has(control))
  return {
    number: normaliseOrderNumber(received),
    numberReceived: received,
    collected,
    orderings,
    requests: groups.flatMap((group) => named(group, 'OBR')),
    results,
    liveResults,
    cancelled: orderCancelled ? 'order' : results.size > 0 && liveResults.size === 0 ? 'results' : 'no',
    eventCodes: eventCodes(message, observations),
    warnings: statusWarnings(message, observations),
  }
}

function requireObservationCodes(message: Er7Message, observations: readonly Segment[]): void {
  const empty = observations.findIndex((obx) => first(message, obx, 3) + first(message, obx, 3, 4) === '')
  if (empty !== -1) {
    throw iheError('HL7_FIELD_MISSING', { at: `OBX[${empty + 1}]-3`, rule: 'OBX-3 is required' })
  }
}

/** A result without a usable status is a result all the same: it counts as live and the sender is told. */
function statusWarnings(message: Er7Message, observations: readonly Segment[]): readonly IheError[] {
  const statuses = observations.map((obx) => first(message, obx, 11))
  const odd = statuses.findIndex((status) => !RESULT_STATUSES.has(status))
  if (odd === -1) return []
  return [iheError('HL7_CODE', { at: `OBX[${odd + 1}]-11`, value: statuses[odd] ?? '', rule: 'HL7 table 0085' })]
}

/**
 * Care times: SPM-17, then OBR-7, then ORC-9; the first of these fields that is filled anywhere in the order. A filled field
 * that cannot be read is an error, not skipped: another care date would make another document.
 */
function careTimes(message: Er7Message, groups: readonly Group[]): readonly Hl7Time[] {
  const sources = [
    { at: 'SPM-17', texts: groups.flatMap(({ specimen }) => [1, 2].map((part) => first(message, specimen, 17, part))) },
    { at: 'OBR-7', texts: groups.flatMap((group) => named(group, 'OBR').map((obr) => first(message, obr, 7))) },
    { at: 'ORC-9', texts: groups.flatMap((group) => named(group, 'ORC').map((orc) => first(message, orc, 9))) },
  ].map(({ at, texts }) => ({ at, texts: texts.filter((text) => text !== '') }))
  const source = sources.find(({ texts }) => texts.length > 0)
  if (source === undefined) {
    throw iheError('HL7_FIELD_MISSING', { at: 'SPM-17', rule: 'SPM-17, OBR-7 or ORC-9 is required' })
  }
  return source.texts.map((text) => {
    const time = parseHl7Time(text)
    if (time === undefined) throw iheError('HL7_TIME', { at: source.at, value: text, rule: 'HL7 v2.5 DTM' })
    return time
  })
}

function eventCodes(message: Er7Message, observations: readonly Segment[]): readonly Code[] {
  const codes = new Map<string, Code>()
  for (const obx of observations) {
    const base = [1, 4].find((part) => JLAC10.names.has(first(message, obx, 3, part + 2)))
    if (base === undefined) continue
    const code = first(message, obx, 3, base)
    if (code !== '' && !codes.has(code)) {
      codes.set(code, { code, scheme: JLAC10.scheme, display: first(message, obx, 3, base + 1) || code })
    }
  }
  return [...codes.values()].slice(0, MAX_EVENT_CODES)
}
