// Writes the answer to a PIX query, PRPA_IN201310UV02, in all cases of ITI TF-2 3.45.4.2.3.

import type { IheError } from '../../model/error.ts'
import { acknowledgementDetail, type PixV3Query } from '../../model/hl7v3.ts'
import type { PixAnswer } from '../../model/pix.ts'
import type { XmlElement } from '../xml/read.ts'
import { type Markup, trusted } from '../xml/write.ts'
import { QUERY_SHAPE } from './query-shapes.ts'
import { salvageTransmission } from './salvage.ts'
import { type QueryAnswer, refusalCodes, refusedQuery, writeQueryAnswer } from './write-query-answer.ts'
import { writeIdSet } from './write-subject.ts'
import { type MessageStamp, newStamp } from './write-transmission.ts'

const INTERACTION = 'PRPA_IN201310UV02'

/** The answer to a query that was read. */
export function writeQueryResponse(query: PixV3Query, answer: PixAnswer, stamp: MessageStamp = newStamp()): Markup {
  return writeQueryAnswer(INTERACTION, { request: query.transmission, answer: contentOf(query, answer) }, stamp)
}

/**
 * The answer to a query that was refused while it was read, or by an error thrown later: AE with QE for errors of the query,
 * AE for the rest. Never throws.
 */
export function writeQueryRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  const answer: QueryAnswer = {
    ...refusalCodes([error]),
    ...refusedQuery(body, QUERY_SHAPE),
    status: 'aborted',
    subjects: [],
  }
  return writeQueryAnswer(INTERACTION, { request: salvageTransmission(body), answer }, stamp)
}

function contentOf(query: PixV3Query, answer: PixAnswer): QueryAnswer {
  const common = {
    status: 'deliveredResponse',
    subjects: [],
    details: [],
    queryId: query.queryId,
    echo: trusted(query.asked.text),
  } as const
  switch (answer.kind) {
    case 'found': {
      const subjects = [writeIdSet(answer.ids, query.transmission.receiver)]
      return { ...common, typeCode: 'AA', queryResponseCode: 'OK', subjects }
    }
    case 'nothing':
      return { ...common, typeCode: 'AA', queryResponseCode: 'NF' }
    case 'unknown':
      return { ...common, typeCode: 'AE', queryResponseCode: 'AE', details: answer.errors.map(acknowledgementDetail) }
  }
  answer satisfies never
}
