// A message as the documents it makes: one for a patient-keyed kind, one for each order number of an order-keyed kind.

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { Code } from '../model/code.ts'
import type { IheError } from '../model/error.ts'
import type { Hl7Time } from '../model/hl7-time.ts'
import { type Er7Message, type Segment, segmentsOf } from '../model/hl7v2.ts'
import type { Header } from './header.ts'
import { logicalKey, seriesIdOf } from './identifiers.ts'
import { type LaboratoryOrder, liveResultsOf, readLaboratoryOrders } from './laboratory.ts'

/** What one document of the message is about, before it is known what is stored already. */
export interface Draft {
  readonly key: string
  readonly baseSeriesId: string
  /** YYYYMMDD in JST; absent for kinds without one. */
  readonly careDate?: string
  readonly service: readonly Hl7Time[]
  readonly orderNumber?: { readonly normalised: string; readonly received: string }
  /** Segments the author and department are looked up in, most telling first. */
  readonly orderings: readonly Segment[]
  readonly requests: readonly Segment[]
  readonly eventCodes: readonly Code[]
  readonly deletes: 'no' | 'whole' | 'results'
  /** Keys of all results; absent for kinds where the newest message always replaces. */
  readonly results?: ReadonlySet<string>
  /** Results of a stored message of the same key that are not cancelled. */
  readonly liveResultsIn: (stored: Er7Message) => ReadonlySet<string>
  readonly warnings: readonly IheError[]
}

export interface DraftContext {
  readonly caller: Caller
  readonly namespace: string
  readonly header: Header
  readonly canonicalId: string
}

const NO_RESULTS: ReadonlySet<string> = new Set()

/**
 * The documents a message makes.
 * @throws {IheError} HL7_ORDER_NUMBER, HL7_FIELD_MISSING, HL7_TIME.
 */
export function readDrafts(message: Er7Message, context: DraftContext): readonly Draft[] {
  const { kind } = context.header.found
  switch (kind.key) {
    case 'patient':
      return [patientDraft(message, context)]
    case 'order':
      return readLaboratoryOrders(message).map((order) => orderDraft(order, context))
  }
}

function keyOf(
  context: DraftContext,
  order: string,
  date: string,
): { readonly key: string; readonly baseSeriesId: string } {
  const key = logicalKey({
    facility: context.caller.facilityCode ?? context.caller.facilityOid,
    patient: context.canonicalId,
    kind: context.header.found.kind.kind,
    order,
    date,
  })
  return { key, baseSeriesId: seriesIdOf(context.namespace, key) }
}

function patientDraft(message: Er7Message, context: DraftContext): Draft {
  return {
    ...keyOf(context, '-', '-'),
    service: [context.header.sentAt],
    orderings: [],
    requests: segmentsOf(message, 'OBR'),
    eventCodes: [],
    deletes: context.header.found.event.action === 'delete' ? 'whole' : 'no',
    liveResultsIn: () => NO_RESULTS,
    warnings: [],
  }
}

function orderDraft(order: LaboratoryOrder, context: DraftContext): Draft {
  const careDate = order.collected.map((time) => time.jstDate).sort()[0] ?? '-'
  return {
    ...keyOf(context, order.number, careDate),
    careDate,
    service: order.collected,
    orderNumber: { normalised: order.number, received: order.numberReceived },
    orderings: order.orderings,
    requests: order.requests,
    eventCodes: order.eventCodes,
    deletes: order.cancelled === 'order' ? 'whole' : order.cancelled,
    results: order.results,
    liveResultsIn: (stored) => liveResultsOf(stored, order.number),
    warnings: [
      ...order.warnings,
      ...order.collected
        .filter((time) => time.unusual)
        .map((time) => iheError('HL7_DATE', { at: 'SPM-17', value: time.text, rule: 'HL7 v2.5 DTM' })),
    ],
  }
}
