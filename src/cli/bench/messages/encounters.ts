// Invented messages of reception, admission, moves and discharge, and of the patient's own data (ADT-00 to ADT-52; HL7 v2.5 chapter 3).

import type { SegmentValue } from '../../../codec/hl7v2/write.ts'
import { components } from '../../../codec/hl7v2/write.ts'
import { type Chart, evn, fullPid, type InventedMessage, message, pid, pv1 } from './message.ts'
import { type Bed, bedLocation } from './scene.ts'
import { code, segment } from './segments.ts'
import { dateOf, MINUTE, type Moment, minuteOf } from './time.ts'

const ENTERED_AFTER = 5 * MINUTE

/** ADT-00 with what a registration desk knows: height, weight, blood group, insurance. */
export function demographics(chart: Chart, at: Moment): InventedMessage {
  const { random } = chart.desk
  const height = 140 + random.below(45)
  const bloodGroup = random.pick(['A', 'B', 'O', 'AB'])
  return message(chart, {
    kind: 'ADT-00',
    action: 'new',
    type: 'ADT^A08^ADT_A01',
    sentAt: at,
    body: [
      evn(chart, { at }),
      fullPid(chart, at),
      pv1(chart),
      segment('DB1', { 1: '1', 2: 'PT', 4: 'N' }),
      measured(1, ['9N001000000000001', '身長'], { value: `${height}.${random.below(10)}`, unit: 'cm' }),
      measured(2, ['9N006000000000001', '体重'], { value: `${height - 105 + random.below(20)}.0`, unit: 'kg' }),
      segment('OBX', {
        1: '3',
        2: 'CWE',
        3: code('5H010000001999911', '血液型－ＡＢＯ式', 'JC10'),
        5: code(bloodGroup, bloodGroup, 'JSHR002'),
        11: 'F',
      }),
      segment('IN1', {
        1: '1',
        2: code('06', '組合管掌健康保険', 'JHSD0001'),
        3: `0699${String(random.below(10_000)).padStart(4, '0')}`,
        4: '架空健康保険組合',
        10: String(100 + random.below(900)),
        11: String(1000 + random.below(9000)),
        12: '20200401',
        17: code('SEL', '本人', 'HL70063'),
      }),
    ],
  })
}

function measured(
  number: number,
  [identifier, name]: readonly [string, string],
  { value, unit }: { readonly value: string; readonly unit: string },
): SegmentValue {
  return segment('OBX', {
    1: String(number),
    2: 'NM',
    3: code(identifier, name, 'JC10'),
    5: value,
    6: components(unit, unit, 'ISO+'),
    11: 'F',
  })
}

/** A23: the patient's own data are withdrawn. */
export function demographicsDeleted(chart: Chart, at: Moment): InventedMessage {
  return message(chart, {
    kind: 'ADT-00',
    action: 'cancel',
    type: 'ADT^A23^ADT_A21',
    sentAt: at,
    body: [evn(chart, { at }), fullPid(chart, at), pv1(chart)],
  })
}

/** ADT-01: who attends from now on; `cancel` takes the change back. */
export function attending(chart: Chart, at: Moment, action: 'new' | 'update' | 'cancel'): InventedMessage {
  return message(chart, {
    kind: 'ADT-01',
    action,
    type: action === 'cancel' ? 'ADT^A55^ADT_A52' : 'ADT^A54^ADT_A54',
    sentAt: at + ENTERED_AFTER,
    body: [evn(chart, { at: at + ENTERED_AFTER, occurred: at }), pid(chart), pv1(chart)],
  })
}

/** ADT-12; the care date is that of the visit. */
export function reception(chart: Chart, at: Moment, action: 'new' | 'cancel' = 'new'): InventedMessage {
  const sentAt = at + (action === 'new' ? 1 : 4) * ENTERED_AFTER
  return message(chart, {
    kind: 'ADT-12',
    action,
    type: action === 'new' ? 'ADT^A04^ADT_A01' : 'ADT^A11^ADT_A09',
    sentAt,
    careDate: dateOf(at),
    body: [evn(chart, { at: sentAt }), pid(chart), pv1(chart, { admittedAt: at })],
  })
}

/** What is planned of a stay: its beginning (ADT-21), a move (ADT-41) or its end (ADT-51). */
export interface Plan {
  readonly sentAt: Moment
  readonly planned: Moment
  readonly action: 'new' | 'cancel'
}

/** ADT-21: an admission to come. */
export function plannedAdmission(chart: Chart, { sentAt, planned, action }: Plan): InventedMessage {
  const { bed } = chart
  return message(chart, {
    kind: 'ADT-21',
    action,
    type: action === 'new' ? 'ADT^A14^ADT_A05' : 'ADT^A27^ADT_A21',
    sentAt,
    careDate: dateOf(planned),
    body: [
      evn(chart, { at: sentAt, planned }),
      pid(chart),
      pv1(chart),
      segment('PV2', { ...(bed === undefined ? {} : { 1: bedLocation(bed) }), 8: minuteOf(planned) }),
    ],
  })
}

/** ADT-41: a move to come, to the bed `to`. */
export function plannedTransfer(
  chart: Chart,
  { sentAt, planned, action, to }: Plan & { readonly to: Bed },
): InventedMessage {
  return message(chart, {
    kind: 'ADT-41',
    action,
    type: action === 'new' ? 'ADT^A15^ADT_A15' : 'ADT^A26^ADT_A21',
    sentAt,
    careDate: dateOf(planned),
    body: [
      evn(chart, { at: sentAt, planned }),
      pid(chart),
      pv1(chart),
      segment('PV2', { 1: bedLocation(to), 8: minuteOf(planned) }),
    ],
  })
}

/** ADT-51: a discharge to come. */
export function plannedDischarge(chart: Chart, { sentAt, planned, action }: Plan): InventedMessage {
  return message(chart, {
    kind: 'ADT-51',
    action,
    type: action === 'new' ? 'ADT^A16^ADT_A16' : 'ADT^A25^ADT_A21',
    sentAt,
    careDate: dateOf(planned),
    body: [evn(chart, { at: sentAt, planned }), pid(chart), pv1(chart), segment('PV2', { 9: minuteOf(planned) })],
  })
}

/** ADT-22. */
export function admission(chart: Chart, at: Moment, action: 'new' | 'cancel' = 'new'): InventedMessage {
  const sentAt = at + (action === 'new' ? 3 : 9) * ENTERED_AFTER
  return message(chart, {
    kind: 'ADT-22',
    action,
    type: action === 'new' ? 'ADT^A01^ADT_A01' : 'ADT^A11^ADT_A09',
    sentAt,
    careDate: dateOf(at),
    body: [evn(chart, { at: sentAt }), pid(chart), pv1(chart, { admittedAt: at })],
  })
}

/** ADT-52 of a stay. */
export function discharge(
  chart: Chart,
  stay: { readonly from: Moment; readonly to: Moment },
  action: 'new' | 'cancel' = 'new',
): InventedMessage {
  const sentAt = stay.to + (action === 'new' ? 6 : 12) * ENTERED_AFTER
  const visit = { admittedAt: stay.from, dischargedAt: stay.to, disposition: '01' }
  return message(chart, {
    kind: 'ADT-52',
    action,
    type: action === 'new' ? 'ADT^A03^ADT_A03' : 'ADT^A13^ADT_A01',
    sentAt,
    careDate: dateOf(stay.to),
    body: [evn(chart, { at: sentAt }), pid(chart), pv1(chart, visit)],
  })
}

/** ADT-31: leaves for some hours or days; its cancel names the same moment (EVN-6). */
export function leave(
  chart: Chart,
  given: { readonly at: Moment; readonly until: Moment; readonly action: 'new' | 'cancel' },
): InventedMessage {
  const { at, until, action } = given
  const sentAt = at + (action === 'new' ? 1 : 5) * ENTERED_AFTER
  return message(chart, {
    kind: 'ADT-31',
    action,
    type: action === 'new' ? 'ADT^A21^ADT_A21' : 'ADT^A52^ADT_A52',
    sentAt,
    careDate: dateOf(at),
    body: [evn(chart, { at: sentAt, occurred: at }), pid(chart), pv1(chart), segment('PV2', { 47: minuteOf(until) })],
  })
}

/** ADT-32: is back. A cancel names the day by PV2-47 (storage rules of SS-MIX2). */
export function returned(chart: Chart, at: Moment, action: 'new' | 'cancel' = 'new'): InventedMessage {
  const sentAt = at + (action === 'new' ? 1 : 5) * ENTERED_AFTER
  return message(chart, {
    kind: 'ADT-32',
    action,
    type: action === 'new' ? 'ADT^A22^ADT_A21' : 'ADT^A53^ADT_A52',
    sentAt,
    careDate: dateOf(at),
    body: [
      evn(chart, { at: sentAt, occurred: at }),
      pid(chart),
      pv1(chart),
      ...(action === 'cancel' ? [segment('PV2', { 47: minuteOf(at) })] : []),
    ],
  })
}

/** ADT-42: the chart is that of the new bed, `former` the one left. */
export function transfer(
  chart: Chart,
  given: { readonly at: Moment; readonly former: Bed; readonly action: 'new' | 'cancel' },
): InventedMessage {
  const { at, former, action } = given
  const sentAt = at + (action === 'new' ? 2 : 6) * ENTERED_AFTER
  return message(chart, {
    kind: 'ADT-42',
    action,
    type: action === 'new' ? 'ADT^A02^ADT_A02' : 'ADT^A12^ADT_A09',
    sentAt,
    careDate: dateOf(at),
    body: [evn(chart, { at: sentAt, occurred: at }), pid(chart), pv1(chart, { former })],
  })
}
