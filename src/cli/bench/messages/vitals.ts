// Invented vital signs of a ward (VITAL, ORU^R30): temperature, pulse, blood pressure, breathing and oxygen.

import { type Chart, type InventedMessage, message, orc, pid, pv1 } from './message.ts'
import { code, NULL, segment } from './segments.ts'
import { dateOf, MINUTE, type Moment, minuteOf } from './time.ts'

const SIGNS = [
  {
    code: '9A751000000000001',
    name: '収縮期血圧',
    unit: ['mm(hg)', 'mmHg'],
    middle: 125,
    spread: 30,
    decimals: 0,
    range: '<130',
  },
  {
    code: '9A761000000000001',
    name: '拡張期血圧',
    unit: ['mm(hg)', 'mmHg'],
    middle: 76,
    spread: 20,
    decimals: 0,
    range: '<85',
  },
  {
    code: '9P300000000000001',
    name: '脈拍',
    unit: ['/min', '回／分'],
    middle: 72,
    spread: 30,
    decimals: 0,
    range: '50-90',
  },
  {
    code: '9P200000000000001',
    name: '体温',
    unit: ['cel', '℃'],
    middle: 36.6,
    spread: 2,
    decimals: 1,
    range: '35.5-37.4',
  },
  {
    code: '9P400000000000001',
    name: '呼吸数',
    unit: ['/min', '回／分'],
    middle: 16,
    spread: 8,
    decimals: 0,
    range: '12-20',
  },
  {
    code: '9P500000000000001',
    name: '経皮的動脈血酸素飽和度',
    unit: ['%', '％'],
    middle: 97,
    spread: 4,
    decimals: 0,
    range: '95-100',
  },
] as const

/** What was measured at one time; each time has its own number. */
export interface Measurement {
  readonly number: string
  readonly at: Moment
  readonly values: readonly string[]
}

export function inventMeasurement({ desk }: Chart, at: Moment): Measurement {
  const { random, orderNumber } = desk
  const values = SIGNS.map(({ middle, spread, decimals }) =>
    (middle + (random.next() - 0.5) * spread).toFixed(decimals),
  )
  return { number: orderNumber(), at, values }
}

/** The thermometer is read again: the fourth value is another. */
export function reread(measurement: Measurement): Measurement {
  return { ...measurement, values: measurement.values.with(3, '37.8') }
}

/** VITAL; a correction says all of it again. */
export function vitalSigns(
  chart: Chart,
  { number, at, values }: Measurement,
  action: 'new' | 'update',
): InventedMessage {
  return message(chart, {
    kind: 'VITAL',
    action,
    type: 'ORU^R30^ORU_R30',
    sentAt: at + (action === 'new' ? 5 : 30) * MINUTE,
    careDate: dateOf(at),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      orc(chart, { control: 'SC', number, status: 'CM', at }),
      segment('OBR', { 1: '1', 2: number, 3: number, 4: NULL, 7: minuteOf(at) }),
      ...SIGNS.map((sign, index) =>
        segment('OBX', {
          1: String(index + 1),
          2: 'NM',
          3: code(sign.code, sign.name, 'JC10'),
          5: values[index] ?? '',
          6: code(sign.unit[0], sign.unit[1], 'ISO+'),
          7: sign.range,
          11: action === 'new' ? 'F' : 'C',
          14: minuteOf(at),
        }),
      ),
    ],
  })
}
