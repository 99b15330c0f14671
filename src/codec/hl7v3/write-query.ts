// Writes a PIX query for our own command line, PRPA_IN201309UV02 (ITI TF-2 3.45.4.1.2).

import type { Device, InstanceIdentifier } from '../../model/hl7v3.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import { concat, el, type Markup, text } from '../xml/write.ts'
import { HL7_INTERACTIONS } from './transmission.ts'
import { type MessageStamp, newStamp, writeIdentifier, writeMessage } from './write-transmission.ts'

export interface OutgoingQuery {
  readonly sender: Device
  readonly receiver: Device
  readonly queryId: InstanceIdentifier
  readonly patientId: PatientId
  /** Domains wanted; empty asks for all. */
  readonly dataSources: readonly Oid[]
}

export function writeQuery(query: OutgoingQuery, stamp: MessageStamp = newStamp()): Markup {
  return writeMessage(
    {
      interaction: 'PRPA_IN201309UV02',
      stamp,
      acceptAckCode: 'AL',
      receiver: query.receiver,
      sender: query.sender,
    },
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      el('code', { code: 'PRPA_TE201309UV02', codeSystem: HL7_INTERACTIONS }),
      writeQueryParameters(query),
    ),
  )
}

/** queryByParameter; with a namespace it stands alone, as audit keeps it (ITI TF-2 3.45.5). */
export function writeQueryParameters(
  { queryId, patientId, dataSources }: Pick<OutgoingQuery, 'queryId' | 'patientId' | 'dataSources'>,
  xmlns?: string,
): Markup {
  return el(
    'queryByParameter',
    { xmlns },
    writeIdentifier('queryId', queryId),
    el('statusCode', { code: 'new' }),
    el('responsePriorityCode', { code: 'I' }),
    el(
      'parameterList',
      undefined,
      concat(dataSources.map((root) => writeParameter('dataSource', { root }, 'DataSource.id'))),
      writeParameter('patientIdentifier', { root: patientId.authority, extension: patientId.value }, 'Patient.id'),
    ),
  )
}

function writeParameter(name: string, value: InstanceIdentifier, semantics: string): Markup {
  return el(name, undefined, writeIdentifier('value', value), el('semanticsText', undefined, text(semantics)))
}
