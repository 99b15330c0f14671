// What all courses of invented patients have in common: how likely mistakes are, what is known from before, how they begin.

import { demographics, demographicsDeleted } from './encounters.ts'
import { type AllergyList, allergies, type Diagnosis, diagnoses, inventDiagnosis, noAllergies } from './lists.ts'
import type { Chart, InventedMessage } from './message.ts'
import type { Desk, InventedPatient } from './scene.ts'
import { atClock, MINUTE, type Moment } from './time.ts'

/** Decides whether something that happens with a probability does. */
export type Fate = (probability: number) => boolean

/** How likely mistakes and changes are. */
export const MISTAKE = 0.06
export const CHANGE = 0.2

/** What is known of a patient from one episode to the next. */
export interface History {
  readonly desk: Desk
  readonly patient: InventedPatient
  allergies: AllergyList
  diagnoses: readonly Diagnosis[]
  isRegistered: boolean
}

export interface Course {
  readonly start: Moment
  readonly happens: Fate
}

export function* registration(history: History, chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
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
export function* diagnosing(history: History, chart: Chart, at: Moment): Generator<InventedMessage> {
  const ended = history.diagnoses.map((one, index) =>
    index === 0 && one.until === undefined ? { ...one, until: at } : one,
  )
  const kept = ended.filter(({ until }) => until === undefined || until === at).slice(-4)
  history.diagnoses = [...kept, inventDiagnosis(chart, at)]
  yield diagnoses(chart, history.diagnoses, at)
}
