// Reads the answer to a PIX query, PRPA_IN201310UV02, for our own command line (ITI TF-2 3.45.4.2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { PixV3Answer } from '../../model/hl7v3.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { CorrespondingId } from '../../model/pix.ts'
import type { XmlElement } from '../xml/read.ts'
import { readAcknowledgement } from './read-acknowledgement.ts'
import { child, children } from './transmission.ts'

/**
 * The answer as a value; ids in patient/id and in asOtherIDs count alike (ITI TF-2 Appendix E).
 * @throws {IheError} V3_ELEMENT_MISSING without acknowledgement or queryAck, V3_VALUE for an unknown typeCode.
 */
export function readQueryResponse(body: XmlElement): PixV3Answer {
  const acknowledgement = readAcknowledgement(body)
  const controlAct = child(body, 'controlActProcess')
  const queryAck = controlAct === undefined ? undefined : child(controlAct, 'queryAck')
  if (controlAct === undefined || queryAck === undefined) {
    throw iheError('V3_ELEMENT_MISSING', { at: `/${body.name}/controlActProcess/queryAck` })
  }
  const response = child(queryAck, 'queryResponseCode')?.attributes.get('code')
  if (acknowledgement.code !== 'CA' || response === 'AE' || response === 'QE') {
    return { kind: 'unknown', details: acknowledgement.details }
  }
  const ids = descend([controlAct], PATIENT).flatMap(readIds)
  return ids.length === 0 ? { kind: 'nothing' } : { kind: 'found', ids }
}

const PATIENT = ['subject', 'registrationEvent', 'subject1', 'patient']

/** Does it name an id that readQueryResponse leaves out? One with a nullFlavor is not named. */
export function hasUnreadIds(body: XmlElement): boolean {
  return descend([body], ['controlActProcess', ...PATIENT]).some((patient) => {
    const named = idsOf(patient).filter(({ attributes }) => !attributes.has('nullFlavor'))
    return named.length > readIds(patient).length
  })
}

/** Descendants along a path of names. */
export function descend(from: readonly XmlElement[], path: readonly string[]): readonly XmlElement[] {
  return path.reduce((elements, name) => elements.flatMap((element) => children(element, name)), from)
}

/** Ids of a patient, in whatever role they stand. */
export function readIds(patient: XmlElement): readonly CorrespondingId[] {
  return idsOf(patient).flatMap((element) => {
    const authority = parseOid(element.attributes.get('root') ?? '')
    const value = element.attributes.get('extension')
    if (authority === undefined || value === undefined) return []
    return { id: { authority, value }, authorityName: element.attributes.get('assigningAuthorityName') ?? '' }
  })
}

function idsOf(patient: XmlElement): readonly XmlElement[] {
  return descend([patient, ...descend([patient], ['patientPerson', 'asOtherIDs'])], ['id'])
}
