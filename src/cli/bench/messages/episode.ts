// What happens to one invented patient over days, as messages in the order they are delivered: visits, stays, care at home.

import { type Course, diagnosing, type Fate, type History, MISTAKE, registration } from './course.ts'
import { reception } from './encounters.ts'
import { inventAllergies } from './lists.ts'
import type { Chart, InventedMessage } from './message.ts'
import { type Desk, departments, type InventedPatient, SURGERY } from './scene.ts'
import { stay } from './stay.ts'
import { atClock, DAY, HOUR, type Moment } from './time.ts'
import { cardiogram, document, gastroscopy, laboratory, medication, radiology } from './treatments.ts'

/** What makes a sender say something again or late. */
const RESEND = 0.02
const LATE = 0.1

/** From the first to the last message of an episode. */
export const LONGEST_EPISODE = 20 * DAY

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
