// OMD 食事: diet orders (HL7 v2.5 4.7 OMD^O03; SS-MIX2).

import type { Coded, DietOrder } from '../../model/clinical.ts'
import { type Er7Message, repetitions, type Segment } from '../../model/hl7v2.ts'
import { groupsFrom, isOrderCancelled, NO_CODE, readCoded, text, texts, time } from './fields.ts'
import { commentsOf } from './observations.ts'
import { type Group, type Order, orderHead, orderReader } from './order-reader.ts'
import { latest, repeatPattern } from './timing.ts'

/** HL7 table 0159. */
const DIET = 'D'

export const dietOrder = orderReader({
  groups: (message) => groupsFrom(message.segments, ['ORC']),
  numberIn: ['ORC-2'],
  service: { starts: ['TQ1-7', 'ORC-9'], stops: ['TQ1-8'] },
  codes: [],
  content,
})

function content(message: Er7Message, order: Order): DietOrder {
  return {
    type: 'diet',
    order: orderHead(message, order),
    lines: order.groups.flatMap((group) => linesOf(message, group)),
  }
}

function linesOf(message: Er7Message, group: Group): DietOrder['lines'] {
  const timing = group.filter(({ name }) => name === 'TQ1')
  const from = time(message, timing[0], 7)
  const until = latest(timing.flatMap((tq1) => time(message, tq1, 8) ?? []))
  const trays = group.filter(({ name }) => name === 'ODT').flatMap((odt) => texts(message, odt, 3))
  const notes = [...trays, ...commentsOf(message, group)]
  return group
    .filter(({ name }) => name === 'ODS')
    .flatMap((ods) => dietsOf(message, ods).map((diet) => ({ ods, diet })))
    .map(({ ods, diet }) => ({
      ...categoryOf(message, ods),
      diet,
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
      timing: [
        ...timing.map((tq1) => repeatPattern(message, tq1)),
        ...repetitions(message, ods, 2).map((raw) => readCoded(message, raw).text),
      ]
        .filter((part) => part !== '')
        .join(' '),
      instruction: [...texts(message, ods, 4), ...notes].join('\n'),
      ...(isOrderCancelled(message, group) ? { cancelled: true } : {}),
    }))
}

/** ODS-3 repeats: a diet and what is left out of it are several codes of one segment. */
function dietsOf(message: Er7Message, ods: Segment): readonly Coded[] {
  const codes = repetitions(message, ods, 3).map((raw) => readCoded(message, raw))
  return codes.length === 0 ? [NO_CODE] : codes
}

function categoryOf(message: Er7Message, ods: Segment): { readonly category?: string } {
  const category = text(message, ods, 1)
  return category === '' || category === DIET ? {} : { category }
}
