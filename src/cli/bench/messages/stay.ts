// A stay in hospital of an invented patient, from the plan to the summary (HL7 v2.5 chapter 3; SS-MIX2 ADT-21 to ADT-52).

import { CHANGE, type Course, diagnosing, type Fate, type History, MISTAKE, registration } from './course.ts'
import {
  admission,
  attending,
  discharge,
  leave,
  plannedAdmission,
  plannedDischarge,
  plannedTransfer,
  returned,
  transfer,
} from './encounters.ts'
import { diet, inventDiet } from './lists.ts'
import type { Chart, InventedMessage } from './message.ts'
import { departments, inventBed, SURGERY } from './scene.ts'
import { atClock, DAY, HOUR, MINUTE, type Moment } from './time.ts'
import { cardiogram, document, injecting, laboratory, medication, radiology } from './treatments.ts'
import { inventMeasurement, reread, vitalSigns } from './vitals.ts'

const LONGEST_STAY = 7

export function* stay(history: History, course: Course): Generator<InventedMessage> {
  const { desk, patient } = history
  const { happens } = course
  const { random } = desk
  const department = random.pick(departments)
  const bed = inventBed(random)
  const chart: Chart = { desk, patient, department, bed }
  const planned = atClock(course.start + 3 * DAY, 10)
  const days = 4 + random.below(LONGEST_STAY - 3)
  yield* registration(history, chart, course)
  if (happens(0.7)) yield* plans(chart, { sentAt: atClock(course.start, 15), planned, happens })
  const admittedAt = planned + random.below(60) * MINUTE
  yield admission(chart, admittedAt)
  if (happens(MISTAKE)) {
    yield admission(chart, admittedAt, 'cancel')
    yield { ...admission(chart, admittedAt), sentAt: admittedAt + HOUR }
  }
  yield attending(chart, admittedAt + 30 * MINUTE, 'update')
  if (happens(MISTAKE)) {
    yield attending({ ...chart, department: SURGERY }, admittedAt + 50 * MINUTE, 'cancel')
    yield attending(chart, admittedAt + 80 * MINUTE, 'update')
  }
  yield* diagnosing(history, chart, admittedAt + 2 * HOUR)
  yield* dieting(chart, { start: admittedAt + HOUR, happens })
  yield* moves(chart, { start: admittedAt, happens })
  for (let day = 0; day < days; day++) yield* wardDay(chart, { start: atClock(planned + day * DAY, 0), happens })
  yield* leaving(chart, { stay: { from: admittedAt, to: atClock(planned + days * DAY, 10) }, happens })
}

function* plans(
  chart: Chart,
  { sentAt, planned, happens }: { readonly sentAt: Moment; readonly planned: Moment; readonly happens: Fate },
): Generator<InventedMessage> {
  if (happens(MISTAKE)) {
    const other = { planned: planned - DAY, sentAt }
    yield plannedAdmission(chart, { ...other, action: 'new' })
    yield plannedAdmission(chart, { ...other, sentAt: sentAt + 20 * MINUTE, action: 'cancel' })
  }
  yield plannedAdmission(chart, { sentAt: sentAt + 30 * MINUTE, planned, action: 'new' })
}

function* dieting(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  const order = inventDiet(chart, start)
  yield diet(chart, order, { action: 'new', sentAt: start })
  if (happens(CHANGE))
    yield diet(chart, { ...order, diet: order.diet + 1 }, { action: 'update', sentAt: start + 30 * MINUTE })
  if (happens(MISTAKE)) yield diet(chart, order, { action: 'cancel', sentAt: start + 50 * MINUTE })
}

/** To another ward on the second day, home for a night on the third. */
function* moves(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  const { bed } = chart
  if (bed === undefined) return
  const to = { ...bed, ward: bed.ward === '51' ? '31' : '51' }
  const movedAt = atClock(start + DAY, 14)
  if (happens(0.2)) {
    const plan = { sentAt: atClock(start, 17), planned: movedAt, to }
    if (happens(MISTAKE)) {
      const wrong = { ...plan, planned: movedAt + DAY }
      yield plannedTransfer(chart, { ...wrong, action: 'new' })
      yield plannedTransfer(chart, { ...wrong, sentAt: plan.sentAt + 5 * MINUTE, action: 'cancel' })
    }
    yield plannedTransfer(chart, { ...plan, sentAt: plan.sentAt + 10 * MINUTE, action: 'new' })
    const moved = { ...chart, bed: to }
    if (happens(MISTAKE)) {
      yield transfer(moved, { at: movedAt - HOUR, former: bed, action: 'new' })
      yield transfer(moved, { at: movedAt - HOUR, former: bed, action: 'cancel' })
    }
    yield transfer(moved, { at: movedAt, former: bed, action: 'new' })
  }
  if (happens(0.15)) yield* nightAtHome(chart, { start: start + 2 * DAY, happens })
}

function* nightAtHome(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  const at = atClock(start, 15)
  const until = atClock(start + DAY, 17)
  if (happens(MISTAKE)) {
    yield leave(chart, { at: at - HOUR, until, action: 'new' })
    yield leave(chart, { at: at - HOUR, until, action: 'cancel' })
  }
  yield leave(chart, { at, until, action: 'new' })
  if (happens(MISTAKE)) {
    yield returned(chart, until - HOUR)
    yield returned(chart, until - HOUR, 'cancel')
  }
  yield returned(chart, until)
}

function* wardDay(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  for (const hour of [6, 14, 20]) {
    const signs = inventMeasurement(chart, atClock(start, hour, 10))
    yield vitalSigns(chart, signs, 'new')
    if (happens(MISTAKE)) yield vitalSigns(chart, reread(signs), 'update')
  }
  if (happens(0.7)) yield* injecting(chart, { start: atClock(start, 8), happens })
  if (happens(0.3)) yield* laboratory(chart, { start: atClock(start, 6, 30), happens })
  if (happens(0.12)) yield* radiology(chart, { start: atClock(start, 10, 30), happens })
  if (happens(0.12)) yield* cardiogram(chart, { start: atClock(start, 11), happens })
  if (happens(0.3)) yield* medication(chart, { start: atClock(start, 13), happens })
}

interface Leaving {
  readonly stay: { readonly from: Moment; readonly to: Moment }
  readonly happens: Fate
}

/** Discharge and the summary with its life. */
function* leaving(chart: Chart, { stay, happens }: Leaving): Generator<InventedMessage> {
  const planned = { planned: stay.to, sentAt: stay.to - 2 * DAY }
  if (happens(MISTAKE)) {
    const wrong = { ...planned, planned: stay.to - DAY }
    yield plannedDischarge(chart, { ...wrong, action: 'new' })
    yield plannedDischarge(chart, { ...wrong, sentAt: wrong.sentAt + HOUR, action: 'cancel' })
  }
  yield plannedDischarge(chart, { ...planned, sentAt: planned.sentAt + 2 * HOUR, action: 'new' })
  if (happens(MISTAKE)) {
    const wrong = { ...stay, to: stay.to - DAY }
    yield discharge(chart, wrong)
    yield discharge(chart, wrong, 'cancel')
  }
  yield discharge(chart, stay)
  yield* document(chart, { template: 'summary', course: { start: stay.to + 3 * HOUR, happens } })
}
