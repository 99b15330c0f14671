// OMP-11 処方実施・調剤, OMP-12 注射実施: what was dispensed or given (HL7 v2.5 4.13.7 RAS^O17; JAHIS; SS-MIX2).

import { codeOf } from '../../../profiles/affinity-domain/index.ts'
import type { MedicationGiven } from '../../model/clinical.ts'
import type { Code } from '../../model/code.ts'
import { type Er7Message, repetitions, type Segment, value } from '../../model/hl7v2.ts'
import { coded, groupsFrom, isOrderCancelled, quantityWithUnit, readCoded, staff, text, time } from './fields.ts'
import { groupNumber, routeOf, strengthOf } from './medication-order.ts'
import { codeKeyOf, commentsOf, momentKeyOf, observationsOf, type ResultKey } from './observations.ts'
import { type Group, type Order, type OrderFamily, orderHead, orderReader } from './order-reader.ts'

/** HL7 table 0323: the administration did not take place after all. */
const DELETED = 'D'
/** 点数表番号 4, third digit of the facility code: pharmacies. */
const PHARMACY_CODE = /^\d{2}4\d{7}$/

const FAMILY: Omit<OrderFamily, 'content'> = {
  groups: (message) => groupsFrom(message.segments, ['ORC']),
  numberIn: ['ORC-2'],
  service: { starts: ['RXA-3'], stops: ['RXA-4'] },
  codes: ['RXA-5'],
  results: administrations,
  guarded: true,
}

export const dispensing = orderReader({
  ...FAMILY,
  refine: (message) => dispensingType(message),
  content: (message, order) => given(message, order, 'dispensing'),
})

export const injectionGiven = orderReader({
  ...FAMILY,
  content: (message, order) => given(message, order, 'injection-given'),
})

/** Dispensing is what the kind says; a drug given on the ward has no LOINC type of its own. */
function dispensingType(message: Er7Message): { readonly typeCode?: Code } {
  const isWard = value(message, 'PV1', 2) === 'I' && !PHARMACY_CODE.test(value(message, 'MSH', 4))
  return isWard ? { typeCode: codeOf('typeCode', 'OMP-11') } : {}
}

/** An administration is its drug and its moment, however precisely the moment is written. */
function administrations(message: Er7Message, group: Group): readonly ResultKey[] {
  return administered(group).map((rxa) => ({
    key: [momentKeyOf(message, rxa, 3), codeKeyOf(message, rxa, 5)].join('|'),
    live: text(message, rxa, 21) !== DELETED,
  }))
}

function administered(group: Group): readonly Segment[] {
  return group.filter(({ name }) => name === 'RXA')
}

function given(message: Er7Message, order: Order, type: MedicationGiven['type']): MedicationGiven {
  const observations = observationsOf(message, order.segments)
  return {
    type,
    order: orderHead(message, order),
    lines: order.groups.flatMap((group) => administered(group).map((rxa) => lineOf(message, group, rxa))),
    ...(observations.length === 0 ? {} : { observations }),
  }
}

function lineOf(message: Er7Message, group: Group, rxa: Segment): MedicationGiven['lines'][number] {
  const from = time(message, rxa, 3)
  const until = time(message, rxa, 4)
  const by = staff(message, rxa, 10)
  const [rate, lot] = [12, 15].map((field) => text(message, rxa, field))
  return {
    group: groupNumber(message, group),
    drug: coded(message, rxa, 5),
    ...strengthOf(message, rxa, [13, 14]),
    amount: quantityWithUnit(message, rxa, [6, 7]),
    // One RXR may close several RXA that were given together.
    ...routeOf(message, group.slice(group.indexOf(rxa))),
    ...(rate === undefined || rate === '' ? {} : { rate }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(by === undefined ? {} : { by }),
    ...(lot === undefined || lot === '' ? {} : { lot }),
    completion: text(message, rxa, 20),
    action: text(message, rxa, 21),
    comments: [
      ...[9, 18, 19].flatMap((field) => repetitions(message, rxa, field).map((raw) => readCoded(message, raw).text)),
      ...commentsOf(message, group),
    ].filter((comment) => comment !== ''),
    ...(isOrderCancelled(message, group) ? { cancelled: true } : {}),
  }
}
