// Examinations, medicines and documents of an invented patient, each with what goes wrong and is put right (JAHIS; SS-MIX2).

import { CHANGE, type Course, MISTAKE } from './course.ts'
import { documentMessage, edited, inventDocument, inventReport, report, type TemplateName } from './documents.ts'
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
import type { Chart, InventedMessage } from './message.ts'
import { changed, given, inventPrescription, prescription } from './prescriptions.ts'
import { DAY, HOUR, MINUTE, type Moment } from './time.ts'

export function* laboratory(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
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

export function* radiology(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
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

export function* cardiogram(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
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

export function* gastroscopy(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
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
export function* medication(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
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

export function* injecting(chart: Chart, { start, happens }: Course): Generator<InventedMessage> {
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

export function* document(
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
