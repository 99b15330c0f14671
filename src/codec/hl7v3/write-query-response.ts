// Writes the answer to a PIX query, PRPA_IN201310UV02, in all cases of ITI TF-2 3.45.4.2.3.

import type { IheError } from '../../model/error.ts'
import { acknowledgementDetail, type PixV3Query } from '../../model/hl7v3.ts'
import type { CorrespondingId, PixAnswer } from '../../model/pix.ts'
import type { XmlElement } from '../xml/read.ts'
import { type Markup, trusted } from '../xml/write.ts'
import { QUERY_SHAPE } from './query-shapes.ts'
import { type Salvaged, salvageTransmission } from './salvage.ts'
import { type QueryAnswer, unreadQuery, writeQueryAnswer } from './write-query-answer.ts'
import { writeIdSet } from './write-subject.ts'
import { type MessageStamp, newStamp } from './write-transmission.ts'

/** The answer to a query that was read. */
export function writeQueryResponse(query: PixV3Query, answer: PixAnswer, stamp: MessageStamp = newStamp()): Markup {
  const ids = answer.kind === 'found' ? answer.ids : []
  return write(query.transmission, answerOf(query, answer), { ids, stamp })
}

/** The answer to a query that was refused while it was read, or by an error thrown later. Never throws. */
export function writeQueryRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  return write(salvageTransmission(body), unreadQuery(body, error, QUERY_SHAPE), { ids: [], stamp })
}

function answerOf(query: PixV3Query, answer: PixAnswer): QueryAnswer {
  const common = {
    status: 'deliveredResponse',
    details: [],
    queryId: query.queryId,
    echo: trusted(query.asked.text),
  } as const
  switch (answer.kind) {
    case 'found':
      return { ...common, typeCode: 'AA', queryResponseCode: 'OK' }
    case 'nothing':
      return { ...common, typeCode: 'AA', queryResponseCode: 'NF' }
    case 'unknown':
      return { ...common, typeCode: 'AE', queryResponseCode: 'AE', details: answer.errors.map(acknowledgementDetail) }
  }
  answer satisfies never
}

function write(
  request: Salvaged,
  answer: QueryAnswer,
  { ids, stamp }: { readonly ids: readonly CorrespondingId[]; readonly stamp: MessageStamp },
): Markup {
  const subjects = ids.length === 0 ? [] : [writeIdSet(ids, request.receiver)]
  return writeQueryAnswer(request, answer, { interaction: 'PRPA_IN201310UV02', subjects, quantities: [], stamp })
}
