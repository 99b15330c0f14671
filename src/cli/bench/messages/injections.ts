// Invented injections: the order (OMP-02) and what was given (OMP-12); RDE^O11 with RXC and RAS^O17 (JAHIS injection orders).

import { components } from '../../../codec/hl7v2/write.ts'
import { type Solution, solutions } from './formulary.ts'
import { type Action, type Chart, controlOf, type InventedMessage, message, orc, pid, pv1 } from './message.ts'
import { NURSE, xcn } from './scene.ts'
import { code, coded, segment } from './segments.ts'
import { dateOf, HOUR, MINUTE, type Moment, minuteOf, stampOf } from './time.ts'

export interface Injection {
  readonly number: string
  /** ORC-9, whose day is the care date of the order. */
  readonly orderedAt: Moment
  readonly startsAt: Moment
  readonly solution: Solution
}

export function inventInjection(chart: Chart, orderedAt: Moment, startsAt: Moment): Injection {
  const { random, orderNumber } = chart.desk
  return { number: orderNumber(), orderedAt, startsAt, solution: random.pick(solutions) }
}

/** The drip runs an hour later. */
export function postponed(injection: Injection): Injection {
  return { ...injection, startsAt: injection.startsAt + HOUR }
}

/** OMP-02. */
export function injectionOrder(
  chart: Chart,
  order: Injection,
  { action, sentAt }: { readonly action: Action; readonly sentAt: Moment },
): InventedMessage {
  const { number, orderedAt, startsAt, solution } = order
  const { millilitres, hours } = solution
  return message(chart, {
    kind: 'OMP-02',
    action,
    type: 'RDE^O11^RDE_O11',
    sentAt,
    careDate: dateOf(orderedAt),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      orc(chart, { control: controlOf(action), number, group: `${number}_01_001`, at: orderedAt }),
      segment('RXE', {
        2: code('00', '一般', 'JHSI0002'),
        3: String(millilitres),
        5: code('ML', 'ミリリットル', 'MR9P'),
        6: code('INJ', '注射剤', 'MR9P'),
        7: components('', `${hours}時間一定速度で`, '99IC6'),
        15: `${dateOf(orderedAt)}-${number.slice(-3)}`,
        21: [code('IHP', '入院処方', 'MR9P'), code('FTP', '定時処方', 'JHSI0001')],
        22: 'H1',
        23: String(millilitres / hours),
        24: code('ml/hr', 'ミリリッター／時間', 'ISO+'),
      }),
      segment('TQ1', { 1: '1', 7: minuteOf(startsAt), 8: minuteOf(startsAt + hours * HOUR) }),
      route(solution),
      segment('RXC', { 1: 'B', 2: coded(solution.base), 3: '1', 4: coded(solution.baseUnit) }),
      ...solution.additives.map(({ drug, amount, unit }) =>
        segment('RXC', { 1: 'A', 2: coded(drug), 3: amount, 4: coded(unit) }),
      ),
    ],
  })
}

function route({ route: [identifier, text] }: Solution) {
  return segment('RXR', { 1: code(identifier, text, 'HL70162'), 3: code('IVP', '点滴ポンプ', 'HL70164') })
}

/** OMP-12: each component as it ran. */
export function injectionGiven(
  chart: Chart,
  order: Injection,
  { action, at }: { readonly action: Action; readonly at: Moment },
): InventedMessage {
  const { number, solution } = order
  const stop = at + solution.hours * HOUR
  const sentAt = stop + (action === 'new' ? 5 : 60) * MINUTE
  const given = [{ drug: solution.base, amount: '1', unit: solution.baseUnit }, ...solution.additives]
  return message(chart, {
    kind: 'OMP-12',
    action,
    type: 'RAS^O17^RAS_O17',
    sentAt,
    careDate: dateOf(at),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      orc(chart, { control: action === 'cancel' ? 'CA' : 'NW', number, group: `${number}_01_001`, at: sentAt }),
      ...given.map(({ drug, amount, unit }) =>
        segment('RXA', {
          1: '0',
          2: '1',
          3: stampOf(at),
          4: stampOf(stop),
          5: coded(drug),
          6: amount,
          7: coded(unit),
          9: components('', action === 'update' ? '右手に実施' : '左手に実施', '99IC2'),
          10: xcn(NURSE),
          12: `${solution.millilitres / solution.hours}ml/hr`,
          20: 'CP',
          ...(action === 'new' ? {} : { 21: action === 'cancel' ? 'D' : 'U' }),
          22: stampOf(sentAt),
        }),
      ),
      route(solution),
    ],
  })
}
