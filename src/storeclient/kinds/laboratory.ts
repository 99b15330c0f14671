// OML-01 検体検査指示, OML-11 検体検査結果: specimens, what is asked of them and what was found (HL7 v2.5 4.4.9 OML^O33, 7.4.8 OUL^R22; SS-MIX2).

import type { Laboratory } from '../../model/clinical.ts'
import { type Er7Message, type Segment, value } from '../../model/hl7v2.ts'
import { observationGroup, observationsOf, resultKeys } from './observations.ts'
import { type Group, type Order, orderHead, orderReader } from './order-reader.ts'

const NUMBER_IN = ['ORC-2', 'OBR-2']
const CODES = ['OBX-3', 'OBR-4']

export const laboratoryOrder = orderReader({
  groups: requestGroups,
  numberIn: NUMBER_IN,
  service: { starts: ['SPM-17', 'TQ1-7', 'ORC-9'], stops: [] },
  codes: CODES,
  content: (message, order) => laboratory(message, order, 'laboratory-order'),
})

export const laboratoryResult = orderReader({
  groups: requestGroups,
  numberIn: NUMBER_IN,
  service: { starts: ['SPM-17', 'OBR-7', 'ORC-9'], stops: [] },
  codes: CODES,
  results: (message, group) => resultKeys(message, group),
  guarded: true,
  content: (message, order) => laboratory(message, order, 'laboratory-result'),
})

/**
 * Requests with their results: ORC and OBR in either order, a further one of the same name opens the next. The specimen stands
 * before its requests, in ORU^R01 behind them.
 */
export function requestGroups(message: Er7Message): readonly Group[] {
  const specimenFollows = value(message, 'MSH', 9) === 'ORU'
  const groups: Segment[][] = []
  let specimen: Segment | undefined
  let open: Segment[] | undefined
  for (const segment of message.segments) {
    const { name } = segment
    if (name === 'SPM' && !specimenFollows) {
      specimen = segment
      open = undefined
    } else if (name === 'ORC' || name === 'OBR') {
      if (
        open === undefined ||
        open.some((one) => one.name === name || one.name === 'OBX' || (one.name === 'SPM' && specimenFollows))
      ) {
        open = specimen === undefined ? [] : [specimen]
        groups.push(open)
      }
      open.push(segment)
    } else open?.push(segment)
  }
  return groups
}

function laboratory(message: Er7Message, order: Order, type: Laboratory['type']): Laboratory {
  const shown = new Set<Segment>()
  return {
    type,
    order: orderHead(message, order),
    groups: order.groups.map((group) => {
      const read = observationGroup(message, group)
      const specimen = group.find(({ name }) => name === 'SPM')
      if (specimen === undefined || shown.has(specimen)) return read
      shown.add(specimen)
      return { ...read, observations: [...observationsOf(message, stateOf(message, specimen)), ...read.observations] }
    }),
  }
}

/** What OBX say of the specimen itself (haemolysis, volume), before its requests: no result of any of them, and shown with the first. */
function stateOf(message: Er7Message, specimen: Segment): Group {
  if (value(message, 'MSH', 9) === 'ORU') return []
  const behind = message.segments.slice(message.segments.indexOf(specimen) + 1)
  const end = behind.findIndex(({ name }) => name === 'ORC' || name === 'OBR' || name === 'SPM')
  return behind.slice(0, end === -1 ? behind.length : end)
}
