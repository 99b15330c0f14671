// Invented laboratory orders (OML-01, OML^O33) and results (OML-11, OUL^R22): preliminary, final, corrected, taken back.

import { components, type SegmentValue } from '../../../codec/hl7v2/write.ts'
import type { Random } from '../people/random.ts'
import { type LaboratoryItem, materials, panels } from './laboratory-items.ts'
import { type Action, type Chart, controlOf, type InventedMessage, message, orc, pid, pv1 } from './message.ts'
import { xcn } from './scene.ts'
import { code, segment } from './segments.ts'
import { DAY, dateOf, MINUTE, type Moment, minuteOf, stampOf } from './time.ts'

/** One specimen and what is measured in it. */
interface Specimen {
  readonly panel: { readonly code: string; readonly name: string }
  readonly items: readonly { readonly item: LaboratoryItem; readonly value: number }[]
}

export interface LaboratoryOrder {
  readonly number: string
  readonly orderedAt: Moment
  /** SPM-17, whose day is the care date of the result. */
  readonly collectedAt: Moment
  readonly specimens: readonly Specimen[]
}

const LEAST_ITEMS = 5
const ABNORMAL = 0.15

export function inventLaboratory(chart: Chart, orderedAt: Moment, collectedAt: Moment): LaboratoryOrder {
  const { random, orderNumber } = chart.desk
  const wanted = panels.slice(0, 1 + random.below(panels.length))
  const specimens = wanted.map((panel) => ({
    panel,
    items: panel.items
      .slice(0, Math.min(panel.items.length, LEAST_ITEMS + random.below(panel.items.length)))
      .map((item) => ({ item, value: inventValue(item, random) })),
  }))
  return { number: orderNumber(), orderedAt, collectedAt, specimens }
}

function inventValue({ low, high }: LaboratoryItem, random: Random): number {
  const width = high - low
  if (!random.chance(ABNORMAL)) return low + width * (0.1 + 0.8 * random.next())
  const distance = width * (0.05 + 0.8 * random.next())
  return random.chance(0.6) ? high + distance : Math.max(0, low - distance)
}

/** The laboratory measures the first item again. */
export function remeasured(order: LaboratoryOrder): LaboratoryOrder {
  const specimens = order.specimens.map((specimen, index) => ({
    ...specimen,
    items: specimen.items.map((one, place) => (index + place === 0 ? { ...one, value: one.value * 1.4 } : one)),
  }))
  return { ...order, specimens }
}

/** OML-01. */
export function laboratoryOrder(
  chart: Chart,
  order: LaboratoryOrder,
  { action, sentAt }: { readonly action: Action; readonly sentAt: Moment },
): InventedMessage {
  const { number, orderedAt, collectedAt } = order
  return message(chart, {
    kind: 'OML-01',
    action,
    type: 'OML^O33^OML_O33',
    sentAt,
    careDate: dateOf(orderedAt),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      ...order.specimens.flatMap((specimen, index) => [
        spm(specimen, index, { 17: minuteOf(collectedAt) }),
        orc(chart, { control: controlOf(action), number, at: orderedAt }),
        segment('TQ1', { 1: '1', 7: minuteOf(collectedAt), 9: code('R', 'ルーチン', 'HL70485') }),
        obr(chart, order, { specimen, index }),
        ...specimen.items.map(({ item }, place) =>
          segment('OBX', { 1: String(place + 1), 3: identifier(item), 11: 'O' }),
        ),
      ]),
    ],
  })
}

/** Preliminary, final, corrected; `D` takes every result back. */
export type ResultStatus = 'P' | 'F' | 'C' | 'D'

const PARTIAL = 2

/** OML-11; a preliminary result is what the analyser has said so far, every item without its comment. */
export function laboratoryResult(
  chart: Chart,
  order: LaboratoryOrder,
  { status, sentAt }: { readonly status: ResultStatus; readonly sentAt: Moment },
): InventedMessage {
  const action = status === 'D' ? 'cancel' : status === 'C' ? 'update' : 'new'
  const reported = { status, sentAt }
  return message(chart, {
    kind: 'OML-11',
    action,
    type: 'OUL^R22^OUL_R22',
    sentAt,
    careDate: dateOf(order.collectedAt),
    orderNumber: order.number,
    body: [
      pid(chart),
      pv1(chart),
      ...order.specimens.flatMap((specimen, index) => [
        spm(specimen, index, {
          2: `${order.number}${index + 1}`,
          17: components(minuteOf(order.collectedAt), minuteOf(order.collectedAt + PARTIAL * MINUTE)),
        }),
        obr(chart, order, { specimen, index, reported }),
        orc(chart, { control: 'SC', number: order.number, filler: filler(order), status: 'CM', at: sentAt }),
        ...specimen.items.flatMap((one, place) => result(one, { number: place + 1, status, order })),
      ]),
    ],
  })
}

function spm({ items }: Specimen, index: number, fields: Parameters<typeof segment>[1]): SegmentValue {
  const material = items[0]?.item.material ?? '023'
  return segment('SPM', { 1: String(index + 1), 4: code(material, materials[material], 'JC10'), ...fields })
}

function filler({ number }: LaboratoryOrder): string {
  return `L${number.slice(-12)}`
}

interface Request {
  readonly specimen: Specimen
  readonly index: number
  readonly reported?: { readonly status: ResultStatus; readonly sentAt: Moment }
}

function obr(chart: Chart, order: LaboratoryOrder, { specimen, index, reported }: Request): SegmentValue {
  const { code: identifier, name } = specimen.panel
  return segment('OBR', {
    1: String(index + 1),
    2: order.number,
    ...(reported === undefined ? {} : { 3: filler(order) }),
    4: code(identifier, name, '99O03'),
    7: minuteOf(order.collectedAt),
    16: xcn(chart.department.doctor),
    ...(reported === undefined
      ? {}
      : { 22: stampOf(reported.sentAt), 24: 'LAB', 25: reported.status === 'D' ? 'X' : reported.status }),
  })
}

function identifier(item: LaboratoryItem) {
  return components(item.code, item.name, 'JC10', item.localCode, item.localName, '99X03')
}

/** Times the distance from the range at which a value is critical. */
const CRITICAL = 0.5

function flagOf({ low, high }: LaboratoryItem, value: number): string {
  const width = high - low
  if (value > high) return value > high + CRITICAL * width ? 'HH' : 'H'
  if (value < low) return value < low - CRITICAL * width ? 'LL' : 'L'
  return ''
}

function result(
  { item, value }: Specimen['items'][number],
  given: { readonly number: number; readonly status: ResultStatus; readonly order: LaboratoryOrder },
): readonly SegmentValue[] {
  const { number, status, order } = given
  const { limit, decimals, low, high, unit } = item
  const isBelow = limit !== undefined && value < limit
  const flag = flagOf(item, value)
  const obx = segment('OBX', {
    1: String(number),
    2: isBelow ? 'ST' : 'NM',
    3: identifier(item),
    5: isBelow ? `< ${limit}` : value.toFixed(decimals),
    6: unit === '' ? '' : components(unit, unit, 'ISO+'),
    7: low === 0 ? `<${high}` : `${low}-${high}`,
    8: flag,
    11: status,
    14: minuteOf(order.collectedAt),
  })
  if (status === 'P' || !flag.startsWith('HH')) return [obx]
  return [obx, segment('NTE', { 1: '1', 2: 'L', 3: '再検済み。溶血（＋）のため参考値。' })]
}

/** How long after collection the analyser, and then the laboratory, has spoken. */
export const reportDelays = { preliminary: 90 * MINUTE, final: 240 * MINUTE, corrected: DAY } as const
