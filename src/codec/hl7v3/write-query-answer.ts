// Writes what the answers to queries share: acknowledgement, control act, queryAck, and the query again (ITI TF-2 3.45.4.2.2, 3.47.4.2.2).

import type { IheError } from '../../model/error.ts'
import { type AcknowledgementDetail, acknowledgementDetail, type InstanceIdentifier } from '../../model/hl7v3.ts'
import type { XmlElement } from '../xml/read.ts'
import { concat, el, type Markup, trusted } from '../xml/write.ts'
import { type Salvaged, salvageQuery } from './salvage.ts'
import { isShaped, type Shape } from './shape.ts'
import { HL7_INTERACTIONS, triggerOf } from './transmission.ts'
import { type MessageStamp, writeAcknowledgementElement, writeIdentifier, writeMessage } from './write-transmission.ts'

export interface QueryAnswer {
  readonly typeCode: 'AA' | 'AE'
  readonly queryResponseCode: 'OK' | 'NF' | 'AE' | 'QE'
  readonly status: 'deliveredResponse' | 'aborted'
  readonly details: readonly AcknowledgementDetail[]
  readonly queryId: InstanceIdentifier | undefined
  /** The query as it came, where it can stand in the answer. */
  readonly echo: Markup | undefined
  readonly subjects: readonly Markup[]
  /** Why there are none, in codes (reasonOf). */
  readonly reason?: Markup
  /** Of an answer that may come in pages. */
  readonly quantities?: { readonly total: number; readonly current: number; readonly remaining: number }
}

const NOTHING = trusted('')

export function writeQueryAnswer(
  interaction: string,
  { request, answer }: { readonly request: Salvaged; readonly answer: QueryAnswer },
  stamp: MessageStamp,
): Markup {
  return writeMessage(
    { interaction, stamp, acceptAckCode: 'NE', receiver: request.sender, sender: request.receiver },
    writeAcknowledgementElement({ typeCode: answer.typeCode, target: request.id, details: answer.details }),
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      el('code', { code: triggerOf(interaction), codeSystem: HL7_INTERACTIONS }),
      concat(answer.subjects),
      answer.reason ?? NOTHING,
      writeQueryAck(answer),
      answer.echo ?? NOTHING,
    ),
  )
}

function writeQueryAck({ queryId, status, queryResponseCode, quantities }: QueryAnswer): Markup {
  const amounts =
    quantities === undefined
      ? []
      : [
          el('resultTotalQuantity', { value: quantities.total }),
          el('resultCurrentQuantity', { value: quantities.current }),
          el('resultRemainingQuantity', { value: quantities.remaining }),
        ]
  return el(
    'queryAck',
    undefined,
    writeIdentifier('queryId', queryId),
    el('statusCode', { code: status }),
    el('queryResponseCode', { code: queryResponseCode }),
    ...amounts,
  )
}

/** Codes of a refusal: what is wrong with the query itself is a query error (QE), the rest an application error (ITI TF-2 3.45.4.2.3). */
export function refusalCodes(
  errors: readonly IheError[],
): Pick<QueryAnswer, 'typeCode' | 'queryResponseCode' | 'details'> {
  const isQueryError = errors.some(({ row }) => /^(SYN|NS)/.test(row.v3.code))
  return {
    typeCode: 'AE',
    queryResponseCode: isQueryError ? 'QE' : 'AE',
    details: errors.map(acknowledgementDetail),
  }
}

/** queryId and echo of a message that was refused. A query that breaks the schema is not echoed: the answer would break it too. */
export function refusedQuery(body: XmlElement, expected: Shape): Pick<QueryAnswer, 'queryId' | 'echo'> {
  const { queryId, echo } = salvageQuery(body)
  return { queryId, echo: isShaped(body, expected) ? echo : undefined }
}
