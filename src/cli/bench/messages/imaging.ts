// Invented orders and results of radiology, endoscopy and physiology (OMG-01/11/02/12/03/13): OMG^O19, OMI^Z23, ORU^R01 (SS-MIX2, JJ1017).

import { components, type SegmentValue } from '../../../codec/hl7v2/write.ts'
import { uuidToOid } from '../../../model/identifiers.ts'
import { type Action, type Chart, controlOf, type InventedMessage, message, orc, pid, pv1 } from './message.ts'
import { RADIOGRAPHER, xcn } from './scene.ts'
import { type Coded, code, coded, segment } from './segments.ts'
import { dateOf, MINUTE, type Moment, minuteOf, stampOf } from './time.ts'

export interface Study {
  readonly procedure: Coded
  /** What is done of it, each a child order. */
  readonly views: readonly Coded[]
  readonly modality: string
}

function jj1017(identifier: string, text: string): Coded {
  return { code: identifier, text, system: 'JJ1017' }
}

const PLAIN = jj1017('1000000000000000', 'Ｘ線単純撮影')

export const studies: readonly Study[] = [
  {
    procedure: PLAIN,
    views: [
      jj1017('10000002000102000000010000000000', '胸部．Ｘ線単純撮影．立位正面（Ｐ→Ａ）'),
      jj1017('10000002000103000000010000000000', '胸部．Ｘ線単純撮影．立位側面（Ｒ→Ｌ）'),
    ],
    modality: 'CR',
  },
  {
    procedure: jj1017('6000000000000000', 'ＣＴ検査'),
    views: [jj1017('60000002500000000000000000000000', '胸腹部．ＣＴ検査．単純')],
    modality: 'CT',
  },
  {
    procedure: jj1017('8000000000000000', 'ＭＲ検査'),
    views: [jj1017('80000001000000000000000000000000', '頭部．ＭＲ検査．単純．拡散強調像')],
    modality: 'MR',
  },
]

export interface ImagingOrder {
  readonly number: string
  readonly orderedAt: Moment
  readonly study: Study
  readonly studyInstanceUid: string
  readonly accession: string
}

/** Four hexadecimal digits of chance. */
function hex4(next: () => number): string {
  return Math.floor(next() * 0x1_0000)
    .toString(16)
    .padStart(4, '0')
}

export function inventImaging(chart: Chart, orderedAt: Moment): ImagingOrder {
  const { random, orderNumber } = chart.desk
  const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, () => hex4(random.next))
  return {
    number: orderNumber(),
    orderedAt,
    study: random.pick(studies),
    studyInstanceUid: uuidToOid(`${a}${b}-${c}-${d}-${e}-${f}${g}${h}`),
    accession: `A${dateOf(orderedAt)}${a}`.toUpperCase(),
  }
}

const ROUTINE = code('R', 'ルーチン', 'HL70485')

function childNumber(number: string, index: number): string {
  return `9${index}${number.slice(2)}`
}

interface Group {
  readonly control: 'NW' | 'XO' | 'CA' | 'PA' | 'CH'
  readonly number: string
  readonly parent?: string
  readonly procedure: Coded
  readonly at: Moment
  /** OBR-7, where it has been done. */
  readonly doneAt?: Moment
}

function group(chart: Chart, given: Group): readonly SegmentValue[] {
  const { control, number, parent, procedure, at, doneAt } = given
  return [
    orc(chart, { control, number, at, ...(parent === undefined ? {} : { parent }) }),
    segment('TQ1', { 1: '1', 9: ROUTINE }),
    segment('OBR', {
      2: number,
      4: coded(procedure),
      ...(doneAt === undefined ? {} : { 7: minuteOf(doneAt) }),
      16: xcn(chart.department.doctor),
      ...(doneAt === undefined ? {} : { 22: stampOf(doneAt + 10 * MINUTE), 25: 'F' }),
      ...(parent === undefined ? {} : { 29: parent }),
    }),
  ]
}

/** OMG-01: an order, its parent and a child for each view. */
export function radiologyOrder(
  chart: Chart,
  order: ImagingOrder,
  { action, sentAt }: { readonly action: Action; readonly sentAt: Moment },
): InventedMessage {
  const { number, orderedAt: at, study } = order
  const isCancelled = action === 'cancel'
  return message(chart, {
    kind: 'OMG-01',
    action,
    type: 'OMG^O19^OMG_O19',
    sentAt,
    careDate: dateOf(at),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      ...group(chart, { control: controlOf(action), number, procedure: study.procedure, at }),
      ...group(chart, { control: isCancelled ? 'CA' : 'PA', number, procedure: study.procedure, at }),
      segment('OBX', {
        1: '1',
        2: 'NM',
        3: code('01-02', '体重', 'JSHR001'),
        5: '58',
        6: code('kg', 'kg', 'ISO+'),
        11: 'F',
      }),
      ...study.views.flatMap((procedure, index) =>
        group(chart, {
          control: isCancelled ? 'CA' : 'CH',
          number: childNumber(number, index),
          parent: number,
          procedure,
          at,
        }),
      ),
    ],
  })
}

function ipc({ accession, studyInstanceUid, study }: ImagingOrder): SegmentValue {
  return segment('IPC', {
    1: accession,
    2: `P${accession.slice(-4)}`,
    3: studyInstanceUid,
    5: code(study.modality, '', 'DCM'),
  })
}

/** OMG-11: what was taken, with exposure and Study Instance UID. */
export function radiologyDone(
  chart: Chart,
  order: ImagingOrder,
  { action, at }: { readonly action: Action; readonly at: Moment },
): InventedMessage {
  const { number, study } = order
  const common = { at: at + 5 * MINUTE, doneAt: at }
  return message(chart, {
    kind: 'OMG-11',
    action,
    type: 'OMI^Z23^OMI_Z23',
    sentAt: at + (action === 'new' ? 15 : action === 'update' ? 45 : 90) * MINUTE,
    careDate: dateOf(at),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      ...group(chart, { ...common, control: action === 'cancel' ? 'CA' : 'NW', number, procedure: study.procedure }),
      ipc(order),
      ...study.views.flatMap((procedure, index) => [
        ...group(chart, {
          ...common,
          control: action === 'cancel' ? 'CA' : 'CH',
          number: childNumber(number, index),
          parent: number,
          procedure,
        }),
        segment('ZE1', {
          1: String(index + 1),
          2: 'RS',
          3: coded(procedure),
          4: action === 'update' ? '2' : '1',
          6: components('TC-01', 'EM-01'),
          7: xcn(RADIOGRAPHER),
        }),
        ...(study.modality === 'CR' ? [exposure(index + 1)] : []),
        ipc(order),
      ]),
    ],
  })
}

function exposure(number: number): SegmentValue {
  return segment('ZE2', {
    1: String(number),
    2: components('120', 'kV'),
    3: components('200', 'mA'),
    4: components('180', 'cm'),
    5: components('0.02', 'sec'),
    6: '1',
  })
}

const GASTROSCOPY: Coded = { code: '11000000000', text: '検査．上部．－．－．－．－', system: 'LENDO' }
const PERFORMED: Coded = { code: '11000001000', text: '検査．上部．－．－．上部通常内視鏡．－', system: 'LENDO' }

export function inventEndoscopy(chart: Chart, orderedAt: Moment): ImagingOrder {
  const study = { procedure: GASTROSCOPY, views: [PERFORMED], modality: 'ES' }
  return { ...inventImaging(chart, orderedAt), study }
}

/** OMG-02. */
export function endoscopyOrder(
  chart: Chart,
  order: ImagingOrder,
  { action, sentAt }: { readonly action: Action; readonly sentAt: Moment },
): InventedMessage {
  const { number, orderedAt: at } = order
  return message(chart, {
    kind: 'OMG-02',
    action,
    type: 'OMG^O19^OMG_O19',
    sentAt,
    careDate: dateOf(at),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      ...group(chart, { control: controlOf(action), number, procedure: GASTROSCOPY, at }),
      segment('OBX', { 1: '1', 2: 'TX', 3: code('MS3-34', '臨床病名', 'JSHR'), 5: '胃潰瘍の疑い', 11: 'F' }),
    ],
  })
}

/** OMG-12, with start, end and the medicine used. */
export function endoscopyDone(
  chart: Chart,
  order: ImagingOrder,
  { action, at }: { readonly action: Action; readonly at: Moment },
): InventedMessage {
  const { number } = order
  const sentAt = at + (action === 'new' ? 40 : 90) * MINUTE
  const control = action === 'cancel' ? 'CA' : 'NW'
  const time = (identifier: string, text: string, value: Moment): SegmentValue =>
    segment('OBX', { 2: 'TS', 3: code(identifier, text, 'JSHR'), 5: stampOf(value), 11: 'F' })
  return message(chart, {
    kind: 'OMG-12',
    action,
    type: 'OMI^Z23^OMI_Z23',
    sentAt,
    careDate: dateOf(at),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      ...group(chart, { control, number, procedure: GASTROSCOPY, at: sentAt, doneAt: at }),
      segment('ZE1', { 1: '1', 2: 'RS', 3: coded(PERFORMED) }),
      time('TM-P1', '開始時間', at),
      time('TM-P2', '終了時間', at + 18 * MINUTE),
      segment('OBX', {
        1: '3',
        2: 'ZRD',
        3: code('DE-02', '薬品', 'JSHR'),
        5: components('999100601', 'ミダゾラム注射液１０ｍｇ', 'HOT9', action === 'update' ? '2' : '1', [
          'AMP',
          '管',
          'MR9P',
        ]),
        11: 'F',
      }),
      ipc(order),
    ],
  })
}

const CARDIOGRAM: Coded = { code: '9A110', text: '標準１２誘導心電図', system: 'JC10' }
const FINDINGS = ['正常範囲', '心筋虚血疑い', '左室肥大', '完全右脚ブロック', '心房細動'] as const

export interface PhysiologyOrder {
  readonly number: string
  readonly orderedAt: Moment
  readonly rate: number
  readonly finding: string
}

export function inventPhysiology(chart: Chart, orderedAt: Moment): PhysiologyOrder {
  const { random, orderNumber } = chart.desk
  return { number: orderNumber(), orderedAt, rate: 55 + random.below(50), finding: random.pick(FINDINGS) }
}

/** OMG-03. */
export function physiologyOrder(
  chart: Chart,
  { number, orderedAt }: PhysiologyOrder,
  { action, sentAt }: { readonly action: Action; readonly sentAt: Moment },
): InventedMessage {
  return message(chart, {
    kind: 'OMG-03',
    action,
    type: 'OMG^O19^OMG_O19',
    sentAt,
    careDate: dateOf(orderedAt),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      orc(chart, { control: controlOf(action), number, at: orderedAt }),
      segment('TQ1', { 1: '1', 9: ROUTINE }),
      segment('OBR', { 1: '1', 2: number, 4: coded(CARDIOGRAM), 16: xcn(chart.department.doctor) }),
    ],
  })
}

/** OMG-13; a correction has another finding, a cancel takes every result back by OBX-11. */
export function physiologyResult(
  chart: Chart,
  order: PhysiologyOrder,
  { action, at }: { readonly action: Action; readonly at: Moment },
): InventedMessage {
  const status = action === 'new' ? 'F' : action === 'update' ? 'C' : 'D'
  const sentAt = at + (action === 'new' ? 20 : action === 'update' ? 60 : 120) * MINUTE
  const wave = (number: number, row: readonly [identifier: string, text: string, value: string, unit: string]) =>
    segment('OBX', {
      1: String(number),
      2: 'NM',
      3: code(row[0], row[1], '99MFR'),
      4: String(number),
      5: row[2],
      6: row[3],
      11: status,
    })
  return message(chart, {
    kind: 'OMG-13',
    action,
    type: 'ORU^R01^ORU_R01',
    sentAt,
    careDate: dateOf(at),
    orderNumber: order.number,
    body: [
      pid(chart),
      pv1(chart),
      segment('OBR', {
        1: '1',
        2: order.number,
        4: coded(CARDIOGRAM),
        7: minuteOf(at),
        16: xcn(chart.department.doctor),
        22: stampOf(sentAt),
        25: status === 'D' ? 'X' : status,
      }),
      segment('OBX', {
        1: '1',
        2: 'TX',
        3: components(['9A100', 'IMP'], '心電図所見', 'JC10'),
        4: '1',
        5: action === 'update' ? `${order.finding}（再判読）` : order.finding,
        11: status,
      }),
      wave(2, ['32769', '心拍数', String(order.rate), 'bpm']),
      wave(3, ['32770', 'ＰＱ時間', String(140 + (order.rate % 40)), 'ms']),
      wave(4, ['32771', 'ＱＲＳ時間', String(90 + (order.rate % 20)), 'ms']),
      wave(5, ['32772', 'ＱＴｃ', String(390 + (order.rate % 50)), 'ms']),
    ],
  })
}
