// OUL^R22 read as orders with their results (HL7 v2.5 7.4.8; SS-MIX2 OML-11): SPM, then OBR and ORC in either order, then OBX.

import { iheError } from '../../../profiles/errors/index.ts'
import type { Clinical } from '../../model/clinical.ts'
import type { Code } from '../../model/code.ts'
import type { IheError } from '../../model/error.ts'
import { component, type Er7Message, repetitions, type Segment } from '../../model/hl7v2.ts'
import { normaliseOrderNumber } from '../identifiers.ts'
import {
  earliestDay,
  type FoundTimes,
  isCancelledResult,
  isOrderCancelled,
  isOrderChanged,
  NO_CODE,
  requiredTimes,
  text,
  timesIn,
} from './fields.ts'
import type { KindReader, Reading } from './reader.ts'

/** HL7 table 0085. */
const RESULT_STATUSES = new Set('CDFINOPRSXUW')
const JLAC10 = { names: new Set(['JC10', 'JLAC10']), scheme: '1.2.392.200119.4.504' } as const
const MAX_EVENT_CODES = 20

interface Group {
  readonly specimen: Segment | undefined
  readonly segments: Segment[]
}

export const laboratoryResult: KindReader = { documents, content }

/** The orders of a message, one for each ORC-2, in message order. */
function documents(message: Er7Message): readonly Reading[] {
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
  return [...byNumber.values()].map(({ received, groups }) => toReading(message, received, groups))
}

function content(message: Er7Message): Clinical {
  void message
  return { type: 'laboratory-result', order: { number: '', control: '', department: NO_CODE }, groups: [] }
}

/** Result keys (OBX-3, OBX-4, SPM-2) that stand in a stored message under one order number and are not cancelled. */
function liveResultsOf(message: Er7Message, number: string): ReadonlySet<string> {
  const groups = groupsOf(message).filter((group) => normaliseOrderNumber(orderNumber(message, group)) === number)
  return resultKeys(message, groups, (status) => !isCancelledResult(status))
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

function orderNumber(message: Er7Message, group: Group): string {
  const numbers = ['ORC', 'OBR'].map((name) => text(message, named(group, name)[0], 2).trim())
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
      .filter((obx) => accept(text(message, obx, 11)))
      .map((obx) => [resultCode(message, obx), text(message, obx, 4), specimenNumber(message, group)].join('|')),
  )
  return new Set(keys)
}

function resultCode(message: Er7Message, obx: Segment): string {
  return [1, 3].map((part) => text(message, obx, 3, part)).join('^')
}

function specimenNumber(message: Er7Message, group: Group): string {
  const placer = component(message, repetitions(message, group.specimen, 2)[0], 1, 1)
  return placer === '' ? component(message, repetitions(message, group.specimen, 2)[0], 2, 1) : placer
}

function toReading(message: Er7Message, received: string, groups: readonly Group[]): Reading {
  const observations = groups.flatMap((group) => named(group, 'OBX'))
  requireObservationCodes(message, observations)
  const { at, times } = careTimes(message, groups)
  const results = resultKeys(message, groups, () => true)
  const liveResults = resultKeys(message, groups, (status) => !isCancelledResult(status))
  const segments = groups.flatMap(({ specimen, segments }) => [
    ...(specimen === undefined ? [] : [specimen]),
    ...segments,
  ])
  const number = normaliseOrderNumber(received)
  const cancelled = isOrderCancelled(message, segments)
  return {
    number: { normalised: number, received },
    careDate: earliestDay(times),
    service: times,
    segments,
    eventCodes: eventCodes(message, observations),
    deletes: cancelled ? 'whole' : results.size > 0 && liveResults.size === 0 ? 'results' : 'no',
    guard: { results, liveIn: (stored) => liveResultsOf(stored, number) },
    ...(isOrderChanged(message, segments) ? { corrects: true } : {}),
    warnings: [
      ...statusWarnings(message, observations),
      ...times
        .filter((time) => time.unusual)
        .map((time) => iheError('HL7_DATE', { at, value: time.text, rule: 'HL7 v2.5 DTM' })),
    ],
  }
}

function requireObservationCodes(message: Er7Message, observations: readonly Segment[]): void {
  const empty = observations.findIndex((obx) => text(message, obx, 3) + text(message, obx, 3, 4) === '')
  if (empty !== -1) {
    throw iheError('HL7_FIELD_MISSING', { at: `OBX[${empty + 1}]-3`, rule: 'OBX-3 is required' })
  }
}

/** A result without a usable status is a result all the same: it counts as live and the sender is told. */
function statusWarnings(message: Er7Message, observations: readonly Segment[]): readonly IheError[] {
  const statuses = observations.map((obx) => text(message, obx, 11))
  const odd = statuses.findIndex((status) => !RESULT_STATUSES.has(status))
  if (odd === -1) return []
  return [iheError('HL7_CODE', { at: `OBX[${odd + 1}]-11`, value: statuses[odd] ?? '', rule: 'HL7 table 0085' })]
}

/** SPM-17, then OBR-7, then ORC-9: the first of these fields that is filled anywhere in the order. */
function careTimes(message: Er7Message, groups: readonly Group[]): FoundTimes {
  const specimens = groups.flatMap(({ specimen }) => (specimen === undefined ? [] : [specimen]))
  const segments = groups.flatMap((group) => group.segments)
  return requiredTimes([
    timesIn(message, specimens, 'SPM', 17, [1, 2]),
    timesIn(message, segments, 'OBR', 7),
    timesIn(message, segments, 'ORC', 9),
  ])
}

function eventCodes(message: Er7Message, observations: readonly Segment[]): readonly Code[] {
  const codes = new Map<string, Code>()
  for (const obx of observations) {
    const base = [1, 4].find((part) => JLAC10.names.has(text(message, obx, 3, part + 2)))
    if (base === undefined) continue
    const code = text(message, obx, 3, base)
    if (code !== '' && !codes.has(code)) {
      codes.set(code, { code, scheme: JLAC10.scheme, display: text(message, obx, 3, base + 1) || code })
    }
  }
  return [...codes.values()].slice(0, MAX_EVENT_CODES)
}
