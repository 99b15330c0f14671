// REPORT 読影・検査レポート (ORU^R01): text and files that somebody wrote about an examination (HL7 v2.5 7.3.1).

import type { Observation, Report } from '../../model/clinical.ts'
import type { Code } from '../../model/code.ts'
import type { Er7Message } from '../../model/hl7v2.ts'
import { legibleFiles, readFiles } from './embedded.ts'
import { coded, isCancelledResult, isOrderCancelled, NO_CODE, text, time } from './fields.ts'
import { requestGroups } from './laboratory.ts'
import { commentsOf, measured, observationsOf, resultKeys } from './observations.ts'
import { numberOf, type Order, orderHead, orderReader } from './order-reader.ts'
import type { Reading } from './reader.ts'

const LOINC = { name: 'LN', scheme: '2.16.840.1.113883.6.1', pattern: /^\d{1,5}-\d$/ } as const
const PLACER = ['OBR-2', 'ORC-2']
/** OBX-2 of files and of pointers to files. */
const FILES = new Set(['ED', 'RP'])

export const report = orderReader({
  groups: requestGroups,
  numberIn: ['OBR-3', 'OBR-2', 'ORC-3', 'ORC-2'],
  service: { starts: ['OBR-7'], stops: [] },
  codes: ['OBR-4', 'OBX-3'],
  results: (message, group) => resultKeys(message, group),
  refine,
  content,
})

function refine(message: Er7Message, order: Order): Partial<Reading> {
  const placer = numberOf(message, order.segments, PLACER)
  const typeCode = titleCode(message, order)
  const files = isOrderCancelled(message, order.segments) ? [] : readFiles(message, order.segments)
  return {
    ...(placer === '' ? {} : { orderNumber: placer }),
    ...(typeCode === undefined ? {} : { typeCode }),
    ...(files.length === 0 ? {} : { files }),
  }
}

/** OBR-4 as a document type, when it is a LOINC code. */
function titleCode(message: Er7Message, order: Order): Code | undefined {
  const { code, text: display, system } = titleOf(message, order)
  return system === LOINC.name && LOINC.pattern.test(code) ? { code, scheme: LOINC.scheme, display } : undefined
}

function titleOf(message: Er7Message, { segments }: Order) {
  const obr = segments.find(({ name }) => name === 'OBR')
  return obr === undefined ? NO_CODE : coded(message, obr, 4)
}

function content(message: Er7Message, order: Order): Report {
  const obr = order.segments.find(({ name }) => name === 'OBR')
  const at = time(message, obr, 7)
  const placer = numberOf(message, order.segments, PLACER)
  return {
    type: 'report',
    ...(order.received === placer ? {} : { number: order.received }),
    order: { ...orderHead(message, order), number: placer },
    title: titleOf(message, order),
    ...(at === undefined ? {} : { at }),
    status: text(message, obr, 25),
    text: order.groups
      .flatMap((group) => [
        ...commentsOf(message, group).map((comment) => ({ heading: '', text: comment })),
        ...observationsOf(message, group).map(paragraph),
      ])
      .filter(({ text: words }) => words !== ''),
    files: legibleFiles(message, order.segments),
  }
}

/** What was found, and the comments on it; of a file the comments alone, for it stands among the files. */
function paragraph(observation: Observation): Report['text'][number] {
  const { item, valueType, status, notes } = observation
  const found = FILES.has(valueType.toUpperCase()) ? '' : measured(observation)
  return {
    heading: item.text,
    text: [found, ...notes].filter((words) => words !== '').join('\n'),
    ...withdrawnBy(status),
  }
}

function withdrawnBy(status: string): { readonly withdrawn?: string } {
  return isCancelledResult(status) ? { withdrawn: status } : {}
}
