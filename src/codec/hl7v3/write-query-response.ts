// Writes the answer to a PIX query, PRPA_IN201310UV02, in all cases of ITI TF-2 3.45.4.2.3.

import type { IheError } from '../../model/error.ts'
import {
  type AcknowledgementDetail,
  acknowledgementDetail,
  type InstanceIdentifier,
  type PixV3Query,
} from '../../model/hl7v3.ts'
import type { CorrespondingId, PixAnswer } from '../../model/pix.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup, trusted } from '../xml/write.ts'
import { type Salvaged, salvageQuery, salvageTransmission } from './salvage.ts'
import { HL7_INTERACTIONS } from './transmission.ts'
import { writeSubject } from './write-subject.ts'
import {
  type MessageStamp,
  newStamp,
  writeAcknowledgementElement,
  writeIdentifier,
  writeMessage,
} from './write-transmission.ts'

interface Content {
  readonly typeCode: 'AA' | 'AE'
  readonly queryResponseCode: 'OK' | 'NF' | 'AE' | 'QE'
  readonly status: 'deliveredResponse' | 'aborted'
  readonly ids: readonly CorrespondingId[]
  readonly details: readonly AcknowledgementDetail[]
  readonly queryId: InstanceIdentifier | undefined
  readonly echo: Markup | undefined
}

const NOTHING = trusted('')
const CODE = el('code', { code: 'PRPA_TE201310UV02', codeSystem: HL7_INTERACTIONS })

/** The answer to a query that was read. */
export function writeQueryResponse(query: PixV3Query, answer: PixAnswer, stamp: MessageStamp = newStamp()): Markup {
  return write(query.transmission, contentOf(query, answer), stamp)
}

/**
 * The answer to a query that was refused while it was read, or by an error thrown later: AE with QE for errors of the query,
 * AE for the rest. Never throws.
 */
export function writeQueryRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  const isQueryError = /^(SYN|NS)/.test(error.row.v3.code)
  return write(
    salvageTransmission(body),
    {
      typeCode: 'AE',
      queryResponseCode: isQueryError ? 'QE' : 'AE',
      status: 'aborted',
      ids: [],
      details: [acknowledgementDetail(error)],
      ...salvageQuery(body),
    },
    stamp,
  )
}

function contentOf(query: PixV3Query, answer: PixAnswer): Content {
  const common = {
    status: 'deliveredResponse',
    ids: [],
    details: [],
    queryId: query.queryId,
    echo: trusted(query.asked.text),
  } as const
  switch (answer.kind) {
    case 'found':
      return { ...common, typeCode: 'AA', queryResponseCode: 'OK', ids: answer.ids }
    case 'nothing':
      return { ...common, typeCode: 'AA', queryResponseCode: 'NF' }
    case 'unknown':
      return { ...common, typeCode: 'AE', queryResponseCode: 'AE', details: answer.errors.map(acknowledgementDetail) }
  }
  answer satisfies never
}

function write(request: Salvaged, content: Content, stamp: MessageStamp): Markup {
  const sender = request.receiver
  return writeMessage(
    { interaction: 'PRPA_IN201310UV02', stamp, acceptAckCode: 'NE', receiver: request.sender, sender },
    writeAcknowledgementElement({ typeCode: content.typeCode, target: request.id, details: content.details }),
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      CODE,
      content.ids.length === 0 ? NOTHING : writeSubject(content.ids, sender),
      writeQueryAck(content),
      content.echo ?? NOTHING,
    ),
  )
}

function writeQueryAck(content: Content): Markup {
  return el(
    'queryAck',
    undefined,
    writeIdentifier('queryId', content.queryId),
    el('statusCode', { code: content.status }),
    el('queryResponseCode', { code: content.queryResponseCode }),
  )
}
