// Invented prescriptions (OMP-01) and what is given or dispensed of them (OMP-11): RDE^O11 and RAS^O17 as JAHIS describes them.

import { components, type SegmentValue } from '../../../codec/hl7v2/write.ts'
import { shuffle } from '../people/random.ts'
import { type Medicine, medicines, type Usage, usages, type Way } from './formulary.ts'
import { type Action, type Chart, controlOf, type InventedMessage, message, orc, pid, pv1 } from './message.ts'
import { NURSE, PHARMACIST, xcn } from './scene.ts'
import { code, coded, quantity, segment } from './segments.ts'
import { DAY, dateOf, MINUTE, type Moment, minuteOf } from './time.ts'

/** One medicine of a prescription with its usage. */
export interface Line {
  readonly medicine: Medicine
  readonly usage: Usage
  readonly days: number
}

export interface Prescription {
  readonly number: string
  /** ORC-9, whose day is the care date. */
  readonly orderedAt: Moment
  readonly lines: readonly Line[]
}

const MOST_LINES = 6

export function inventPrescription(chart: Chart, orderedAt: Moment): Prescription {
  const { random, orderNumber } = chart.desk
  const all = [...medicines]
  shuffle(all, random)
  const days = random.pick([3, 7, 14, 28, 30])
  const lines = all.slice(0, 1 + random.below(MOST_LINES)).map((medicine) => ({
    medicine,
    usage: random.pick(usages[medicine.way]),
    days,
  }))
  return { number: orderNumber(), orderedAt, lines }
}

/** The doctor gives it for twice as long, and leaves out the last medicine of several. */
export function changed(prescription: Prescription): Prescription {
  const lines = prescription.lines.map((line) => ({ ...line, days: line.days * 2 }))
  return { ...prescription, lines: lines.length > 2 ? lines.slice(0, -1) : lines }
}

/** OMP-01. */
export function prescription(
  chart: Chart,
  order: Prescription,
  { action, sentAt }: { readonly action: Action; readonly sentAt: Moment },
): InventedMessage {
  return message(chart, {
    kind: 'OMP-01',
    action,
    type: 'RDE^O11^RDE_O11',
    sentAt,
    careDate: dateOf(order.orderedAt),
    orderNumber: order.number,
    body: [
      pid(chart),
      pv1(chart),
      ...order.lines.flatMap((line, index) => [
        orc(chart, {
          control: controlOf(action),
          number: order.number,
          group: group(order, index),
          at: order.orderedAt,
        }),
        ...prescribed(chart, order, line),
      ]),
    ],
  })
}

function group({ number }: Prescription, index: number): string {
  return `${number}_${String(index + 1).padStart(2, '0')}_001`
}

const WAYS: Readonly<Record<Way, readonly [string, string]>> = {
  oral: ['21', '内服'],
  'as-needed': ['22', '頓用'],
  external: ['23', '外用'],
}
const AS_NEEDED_DOSES = 10

function prescribed({ bed }: Chart, { orderedAt }: Prescription, line: Line): readonly SegmentValue[] {
  const { medicine, usage, days } = line
  const isOral = medicine.way === 'oral'
  const [way, wayText] = WAYS[medicine.way]
  const place = bed === undefined ? code('OHP', '外来処方', 'MR9P') : code('IHP', '入院処方', 'MR9P')
  return [
    segment('RXE', {
      2: coded(medicine.drug),
      3: String(medicine.dose),
      5: coded(medicine.unit),
      6: code(...medicine.form, 'MR9P'),
      ...(isOral ? { 7: code('01', '１回目から服用', 'JHSP0005') } : {}),
      10: total(line),
      11: coded(medicine.unit),
      ...(isOral ? { 19: quantity(String(medicine.dose * usage.timesADay), medicine.unit) } : {}),
      21: bed === undefined ? [place, code('OHO', '院外処方', 'MR9P')] : [place, code('FTP', '定時処方', 'JHSI0001')],
      27: code(way, wayText, 'JHSP0003'),
    }),
    segment('TQ1', {
      1: '1',
      3: { components: [[usage.code, usage.text, 'JAMISDP01']] },
      ...(isOral ? { 6: components(String(days), ['D', '日', 'ISO+']) } : {}),
      7: dateOf(orderedAt),
      ...(medicine.way === 'as-needed' ? { 11: `１日${usage.timesADay}回まで`, 14: String(AS_NEEDED_DOSES) } : {}),
    }),
    medicine.way === 'external'
      ? segment('RXR', { 1: code('AP', '外用', 'HL70162'), 2: code('77L', '左手', 'JAMISDP01') })
      : segment('RXR', { 1: code('PO', '口', 'HL70162') }),
  ]
}

/** RXE-10: what is handed over of a medicine. */
function total({ medicine, usage, days }: Line): string {
  if (medicine.way === 'oral') return String(medicine.dose * usage.timesADay * days)
  return String(medicine.way === 'as-needed' ? medicine.dose * AS_NEEDED_DOSES : medicine.dose)
}

/** OMP-11: dispensed at once to a patient who comes, or given on a ward dose by dose. */
export function given(
  chart: Chart,
  order: Prescription,
  { action, at }: { readonly action: Action; readonly at: Moment },
): InventedMessage {
  const sentAt = at + (action === 'new' ? 5 : 40) * MINUTE
  return message(chart, {
    kind: 'OMP-11',
    action,
    type: 'RAS^O17^RAS_O17',
    sentAt,
    careDate: dateOf(at),
    orderNumber: order.number,
    body: [
      pid(chart),
      pv1(chart),
      ...order.lines.flatMap((line, index) => [
        orc(chart, {
          control: action === 'cancel' ? 'CA' : 'NW',
          number: order.number,
          group: group(order, index),
          at,
        }),
        administered(chart, line, { action, at }),
        segment('RXR', {
          1: line.medicine.way === 'external' ? code('AP', '外用', 'HL70162') : code('PO', '口', 'HL70162'),
        }),
      ]),
    ],
  })
}

function administered(
  { bed, desk }: Chart,
  line: Line,
  { action, at }: { readonly action: Action; readonly at: Moment },
): SegmentValue {
  const { medicine, days } = line
  const isWard = bed !== undefined
  return segment('RXA', {
    1: '0',
    2: '1',
    3: isWard ? minuteOf(at) : dateOf(at),
    4: isWard ? minuteOf(at) : dateOf(at + (days - 1) * DAY),
    5: coded(medicine.drug),
    6: isWard ? String(medicine.dose) : total(line),
    7: coded(medicine.unit),
    ...(isWard ? {} : { 9: components('', `${days}日分調剤`, '99IC2') }),
    10: xcn(isWard ? NURSE : PHARMACIST),
    11: isWard
      ? components(bed.ward, bed.room, bed.bed, '', '', 'N')
      : components('', '', '', desk.sender.facilityCode),
    20: 'CP',
    ...(action === 'new' ? {} : { 21: action === 'cancel' ? 'D' : 'U' }),
    22: minuteOf(at),
  })
}
