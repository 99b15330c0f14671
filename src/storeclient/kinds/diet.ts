// OMD 食事: diet orders (HL7 v2.5 4.7 OMD^O03; SS-MIX2).

import type { DietOrder } from '../../model/clinical.ts'
import type { Er7Message, Segment } from '../../model/hl7v2.ts'
import { coded, groupsFrom, isOrderCancelled, text, texts, time } from './fields.ts'
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
    .map((ods) => ({
      ...categoryOf(message, ods),
      diet: coded(message, ods, 3),
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
      timing: [...timing.map((tq1) => repeatPattern(message, tq1)), text(message, ods, 2, 2) || text(message, ods, 2)]
        .filter((part) => part !== '')
        .join(' '),
      instruction: [...texts(message, ods, 4), ...notes].join('\n'),
      ...(isOrderCancelled(message, group) ? { cancelled: true } : {}),
    }))
}

function categoryOf(message: Er7Message, ods: Segment): { readonly category?: string } {
  const category = text(message, ods, 1)
  return category === '' || category === DIET ? {} : { category }
}
