// What happens to one invented patient over days, as messages in the order they are delivered: visits, stays, care at home.

import { documentMessage, edited, inventDocument, inventReport, report, type TemplateName } from './documents.ts'
import {
  admission,
  attending,
  demographics,
  demographicsDeleted,
  discharge,
  leave,
  plannedAdmission,
  plannedDischarge,
  plannedTransfer,
  reception,
  returned,
  transfer,
} from './encounters.ts'
import {
  endoscopyDone,
  endoscopyOrder,
  inventEndoscopy,
  inventImaging,
  inventPhysiology,
  physiologyOrder,
  physiologyResult,
  radiologyDone,
  radiologyOrder,
} from './imaging.ts'
import { injectionGiven, injectionOrder, inventInjection, postponed } from './injections.ts'
import { inventLaboratory, laboratoryOrder, laboratoryResult, remeasured, reportDelays } from './laboratory.ts'
import {
  type AllergyList,
  allergies,
  type Diagnosis,
  diagnoses,
  diet,
  inventAllergies,
  inventDiagnosis,
  inventDiet,
  noAllergies,
} from './lists.ts'
import type { Chart, InventedMessage } from './message.ts'
import { changed, given, inventPrescription, prescription } from './prescriptions.ts'
import { type Desk, departments, type InventedPatient, inventBed, SURGERY } from './scene.ts'
import { atClock, DAY, HOUR, MINUTE, type Moment } from './time.ts'
import { inventMeasurement, reread, vitalSigns } from './vitals.ts'

/** Decides whether something that happens with a probability does. */
type Fate = (probability: number) => boolean

/** How likely mistakes are, and what makes a sender say something again or late. */
const MISTAKE = 0.06
const CHANGE = 0.2
const RESEND = 0.02
const LATE = 0.1

/** From the first to the last message of an episode. */
export const LONGEST_EPISODE = 20 * DAY

/** What is known of a patient from one episode to the next. */
export interface History {
  readonly desk: Desk
  readonly patient: InventedPatient
  allergies: AllergyList
  diagnoses: readonly Diagnosis[]
  isRegistered: boolean
}

export function openHistory(desk: Desk, patient: InventedPatient): History {
  return { desk, patient, allergies: inventAllergies(desk.random), diagnoses: [], isRegistered: false }
}

/**
 * The messages of one more episode of a patient, in the order of delivery: mostly that of MSH-7, but some come twice and some
 * older versions come after newer ones, as happens when a connection breaks. The next episode starts later than all of them.
 */
export function episode(history: History, start: Moment): readonly InventedMessage[] {
  const { random } = history.desk
  const kind = random.next()
  const course = kind < 0.6 ? visit : kind < 0.9 ? stay : homeCare
  return withMishaps(inOrder(course(history, { start, happens: random.chance })), random.chance)
}

/** Every kind and every change and cancel at least once, some documents living on; for rehearsals and tests. */
export function everyKind(history: History, start: Moment): readonly InventedMessage[] {
  const courses = [visit, stay, homeCare]
  const usual: Fate = (probability) => probability > MISTAKE
  const all: Fate = () => true
  return [all, usual].flatMap((happens, half) =>
    courses.flatMap((course, place) =>
      inOrder(course(history, { start: start + (half * courses.length + place) * LONGEST_EPISODE, happens })),
    ),
  )
}

function inOrder(messages: Iterable<InventedMessage>): readonly InventedMessage[] {
  return [...messages].toSorted((a, b) => a.sentAt - b.sentAt)
}

/** What names the document that two messages are versions of. */
export function documentKey({ kind, careDate, orderNumber, department }: InventedMessage): string {
  return [kind, careDate ?? '-', orderNumber ?? '-', kind === 'ADT-12' ? department.code : '-'].join('|')
}

function withMishaps(messages: readonly InventedMessage[], happens: Fate): readonly InventedMessage[] {
  const delivered: InventedMessage[] = []
  let heldBack: InventedMessage | undefined
  for (const [index, one] of messages.entries()) {
    const next = messages.slice(index + 1).find((other) => documentKey(other) === documentKey(one))
    if (heldBack === undefined && next !== undefined && happens(LATE)) {
      heldBack = one
      continue
    }
    delivered.push(one)
    if (happens(RESEND)) delivered.push(one)
    if (heldBack !== undefined && documentKey(heldBack) === documentKey(one)) {
      delivered.push(heldBack)
      heldBack = undefined
    }
  }
  return delivered
}

interface Course {
  readonly start: Moment
  readonly happens: Fate
}

function* registration(history: History, chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  const at = atClock(start, 8, 50)
  if (!history.isRegistered && happens(MISTAKE)) {
    yield demographics(chart, at - 10 * MINUTE)
    yield demographicsDeleted(chart, at - 5 * MINUTE)
  }
  if (!history.isRegistered || happens(CHANGE)) yield demographics(chart, at)
  history.isRegistered = true
  if (happens(MISTAKE)) yield noAllergies(chart, at + 30 * MINUTE)
  if (happens(0.4)) {
    yield allergies(chart, history.allergies, at + 35 * MINUTE)
    history.allergies = { ...history.allergies, known: Math.min(6, history.allergies.known + 1) }
  }
}

/** A new diagnosis more often than not; an old one ends. */
function* diagnosing(history: History, chart: Chart, at: Moment): Generator<InventedMessage> {
  const ended = history.diagnoses.map((one, index) =>
    index === 0 && one.until === undefined ? { ...one, until: at } : one,
  )
  const kept = ended.filter(({ until }) => until === undefined || until === at).slice(-4)
  history.diagnoses = [...kept, inventDiagnosis(chart, at)]
  yield diagnoses(chart, history.diagnoses, at)
}

function* visit(history: History, course: Course): Generator<InventedMessage> {
  const { desk, patient } = history
  const { happens } = course
  const day = atClock(course.start, 0)
  const department = desk.random.pick(departments)
  const chart: Chart = { desk, patient, department }
  yield* registration(history, chart, course)
  if (happens(MISTAKE)) {
    const wrong = { ...chart, department: department === SURGERY ? (departments[0] ?? SURGERY) : SURGERY }
    yield reception(wrong, atClock(day, 8, 55))
    yield reception(wrong, atClock(day, 8, 55), 'cancel')
  }
  yield reception(chart, atClock(day, 9, desk.random.below(50)))
  yield* diagnosing(history, chart, atClock(day, 11, 5))
  yield* laboratory(chart, { start: atClock(day, 10, 5), happens })
  if (happens(0.35)) yield* radiology(chart, { start: atClock(day, 10, 20), happens })
  if (happens(0.3)) yield* cardiogram(chart, { start: atClock(day, 10, 10), happens })
  if (happens(0.12)) yield* gastroscopy(chart, { start: atClock(day, 10, 30), happens })
  if (happens(0.8)) yield* medication(chart, { start: atClock(day, 11, 20), happens })
  if (happens(0.15)) yield* document(chart, { template: 'referral', course: { start: atClock(day, 16), happens } })
}

function* laboratory(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  if (happens(MISTAKE)) {
    const mistaken = inventLaboratory(chart, start - 10 * MINUTE, start)
    yield laboratoryOrder(chart, mistaken, { action: 'new', sentAt: start - 10 * MINUTE })
    yield laboratoryOrder(chart, mistaken, { action: 'cancel', sentAt: start - 8 * MINUTE })
  }
  const order = inventLaboratory(chart, start, start + 25 * MINUTE)
  yield laboratoryOrder(chart, order, { action: 'new', sentAt: start })
  if (happens(0.1)) yield laboratoryOrder(chart, order, { action: 'update', sentAt: start + 10 * MINUTE })
  const reported = (delay: number): Moment => order.collectedAt + delay
  const { preliminary, final, corrected } = reportDelays
  if (happens(0.7)) yield laboratoryResult(chart, order, { status: 'P', sentAt: reported(preliminary) })
  yield laboratoryResult(chart, order, { status: 'F', sentAt: reported(final) })
  if (happens(CHANGE)) yield laboratoryResult(chart, remeasured(order), { status: 'C', sentAt: reported(corrected) })
  if (happens(MISTAKE / 2))
    yield laboratoryResult(chart, order, { status: 'D', sentAt: reported(corrected) + 2 * HOUR })
}

function* radiology(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  const order = inventImaging(chart, start)
  const doneAt = start + 40 * MINUTE
  yield radiologyOrder(chart, order, { action: 'new', sentAt: start + MINUTE })
  if (happens(0.1)) yield radiologyOrder(chart, order, { action: 'update', sentAt: start + 12 * MINUTE })
  if (happens(MISTAKE)) {
    const mistaken = inventImaging(chart, start + 5 * MINUTE)
    yield radiologyOrder(chart, mistaken, { action: 'new', sentAt: start + 5 * MINUTE })
    yield radiologyOrder(chart, mistaken, { action: 'cancel', sentAt: start + 7 * MINUTE })
  }
  yield radiologyDone(chart, order, { action: 'new', at: doneAt })
  if (happens(0.1)) yield radiologyDone(chart, order, { action: 'update', at: doneAt })
  if (happens(MISTAKE / 3)) yield radiologyDone(chart, order, { action: 'cancel', at: doneAt })
  const reading = inventReport(chart, order)
  const read = { doneAt, sentAt: doneAt + 5 * HOUR }
  yield report(chart, reading, { ...read, action: 'new' })
  if (happens(CHANGE)) yield report(chart, reading, { ...read, action: 'update', sentAt: read.sentAt + DAY })
  if (happens(MISTAKE / 3)) yield report(chart, reading, { ...read, action: 'cancel', sentAt: read.sentAt + 2 * DAY })
}

function* cardiogram(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  const order = inventPhysiology(chart, start)
  yield physiologyOrder(chart, order, { action: 'new', sentAt: start + MINUTE })
  if (happens(MISTAKE)) {
    const mistaken = inventPhysiology(chart, start)
    yield physiologyOrder(chart, mistaken, { action: 'new', sentAt: start + 2 * MINUTE })
    yield physiologyOrder(chart, mistaken, { action: 'cancel', sentAt: start + 3 * MINUTE })
  }
  const at = start + 30 * MINUTE
  yield physiologyResult(chart, order, { action: 'new', at })
  if (happens(CHANGE)) yield physiologyResult(chart, order, { action: 'update', at })
  if (happens(MISTAKE / 3)) yield physiologyResult(chart, order, { action: 'cancel', at })
}

function* gastroscopy(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  const order = inventEndoscopy(chart, start)
  yield endoscopyOrder(chart, order, { action: 'new', sentAt: start + MINUTE })
  if (happens(MISTAKE)) {
    const mistaken = inventEndoscopy(chart, start)
    yield endoscopyOrder(chart, mistaken, { action: 'new', sentAt: start + 2 * MINUTE })
    yield endoscopyOrder(chart, mistaken, { action: 'cancel', sentAt: start + 3 * MINUTE })
  }
  const at = start + 3 * HOUR
  yield endoscopyDone(chart, order, { action: 'new', at })
  if (happens(0.1)) yield endoscopyDone(chart, order, { action: 'update', at })
  if (happens(MISTAKE / 3)) yield endoscopyDone(chart, order, { action: 'cancel', at })
}

/** Prescribed, changed before it is handed over, dispensed; one in error is withdrawn. */
function* medication(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  if (happens(MISTAKE)) {
    const mistaken = inventPrescription(chart, start - 10 * MINUTE)
    yield prescription(chart, mistaken, { action: 'new', sentAt: start - 10 * MINUTE })
    yield prescription(chart, mistaken, { action: 'cancel', sentAt: start - 4 * MINUTE })
  }
  const first = inventPrescription(chart, start)
  yield prescription(chart, first, { action: 'new', sentAt: start + MINUTE })
  const isChanged = happens(CHANGE)
  const order = isChanged ? changed(first) : first
  if (isChanged) yield prescription(chart, order, { action: 'update', sentAt: start + 25 * MINUTE })
  if (!happens(0.6)) return
  const at = start + HOUR
  yield given(chart, order, { action: 'new', at })
  if (happens(MISTAKE / 3)) yield given(chart, order, { action: 'cancel', at })
}

const LONGEST_STAY = 7

function* stay(history: History, course: Course): Generator<InventedMessage> {
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

function* injecting(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
  if (happens(MISTAKE)) {
    const mistaken = inventInjection(chart, start, start + 2 * HOUR)
    yield injectionOrder(chart, mistaken, { action: 'new', sentAt: start })
    yield injectionOrder(chart, mistaken, { action: 'cancel', sentAt: start + 2 * MINUTE })
  }
  const first = inventInjection(chart, start, start + 2 * HOUR)
  yield injectionOrder(chart, first, { action: 'new', sentAt: start + MINUTE })
  const isPostponed = happens(0.1)
  const order = isPostponed ? postponed(first) : first
  if (isPostponed) yield injectionOrder(chart, order, { action: 'update', sentAt: start + 30 * MINUTE })
  const at = order.startsAt + 5 * MINUTE
  yield injectionGiven(chart, order, { action: 'new', at })
  if (happens(MISTAKE)) yield injectionGiven(chart, order, { action: 'update', at })
  if (happens(MISTAKE / 3)) yield { ...injectionGiven(chart, order, { action: 'cancel', at }), sentAt: at + 10 * HOUR }
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

function* document(
  chart: Chart,
  { template, course }: { readonly template: TemplateName; readonly course: Course },
): Generator<InventedMessage> {
  const { start, happens } = course
  const first = inventDocument(chart, template, start)
  yield documentMessage(chart, first, { event: 'T02', sentAt: start })
  if (happens(CHANGE)) yield documentMessage(chart, edited(first), { event: 'T08', sentAt: start + HOUR })
  if (happens(0.1)) {
    const addendum = inventDocument(chart, template, start + DAY)
    yield documentMessage(chart, addendum, { event: 'T06', sentAt: start + DAY, parent: first })
  }
  if (!happens(0.1)) return
  const replacement = inventDocument(chart, template, start + 2 * DAY)
  yield documentMessage(chart, replacement, { event: 'T10', sentAt: start + 2 * DAY, parent: first })
  if (happens(MISTAKE)) yield documentMessage(chart, replacement, { event: 'T11', sentAt: start + 3 * DAY })
}

/** A nurse visits and photographs, facilities write to each other, a pathway is shared. */
function* homeCare(history: History, course: Course): Generator<InventedMessage> {
  const { desk, patient } = history
  const { happens } = course
  const chart: Chart = { desk, patient, department: desk.random.pick(departments) }
  yield* registration(history, chart, course)
  yield* document(chart, { template: 'pathway', course: { start: atClock(course.start, 14), happens } })
  for (let week = 0; week < 2; week++) {
    const start = atClock(course.start + week * 7 * DAY, 15, 20)
    yield* document(chart, { template: 'record', course: { start, happens } })
    if (happens(0.5)) yield* document(chart, { template: 'contact', course: { start: start + HOUR, happens } })
  }
}
