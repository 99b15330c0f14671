// Reads the answer to a patient demographics query, PRPA_IN201306UV02, for our own command line (ITI TF-2 3.47.4.2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { AcknowledgementDetail, InstanceIdentifier } from '../../model/hl7v3.ts'
import type { Demographics } from '../../model/person.ts'
import type { CorrespondingId } from '../../model/pix.ts'
import type { XmlElement } from '../xml/read.ts'
import { readPerson } from './person.ts'
import { readAcknowledgement } from './read-acknowledgement.ts'
import { descend, readIds } from './read-query-response.ts'
import { child, readIdentifier, required, XSI_TYPE } from './transmission.ts'

export interface FoundPatient {
  readonly ids: readonly CorrespondingId[]
  readonly demographics: Demographics
  /** 0 to 100. */
  readonly score: number
}

export type DemographicsAnswer =
  | {
      readonly kind: 'page'
      /** Id of the answer, which a continuation names. */
      readonly message: InstanceIdentifier
      readonly patients: readonly FoundPatient[]
      readonly total: number
      readonly remaining: number
    }
  | { readonly kind: 'refused'; readonly details: readonly AcknowledgementDetail[] }

const PATIENT = ['subject', 'registrationEvent', 'subject1', 'patient']

/**
 * The answer as a value; ids in patient/id and in asOtherIDs count alike (ITI TF-2 Appendix E).
 * @throws {IheError} V3_ELEMENT_MISSING without acknowledgement, queryAck, person or match observation, V3_VALUE for an unknown
 * typeCode or a degree of match that is none, V3_DATA_TYPE for one that is no INT; as readPerson.
 */
export function readDemographicsResponse(body: XmlElement): DemographicsAnswer {
  const acknowledgement = readAcknowledgement(body)
  const at = `/${body.name}/controlActProcess`
  const controlAct = required(body, 'controlActProcess', `/${body.name}`)
  const queryAck = required(controlAct, 'queryAck', at)
  const response = child(queryAck, 'queryResponseCode')?.attributes.get('code')
  if (acknowledgement.code !== 'CA' || response === 'AE' || response === 'QE')
    return { kind: 'refused', details: acknowledgement.details }
  const patients = descend([controlAct], PATIENT).map((patient, index) =>
    readPatient(patient, `${at}/subject[${index + 1}]/registrationEvent/subject1/patient`),
  )
  return {
    kind: 'page',
    message: readIdentifier(required(body, 'id', `/${body.name}`), `/${body.name}/id`),
    patients,
    total: quantityOf(queryAck, 'resultTotalQuantity') ?? patients.length,
    remaining: quantityOf(queryAck, 'resultRemainingQuantity') ?? 0,
  }
}

function readPatient(patient: XmlElement, at: string): FoundPatient {
  const person = required(patient, 'patientPerson', at)
  const { demographics } = readPerson(patient, person, `${at}/patientPerson`)
  return { ids: readIds(patient), demographics, score: readScore(patient, at) }
}

export function readScore(patient: XmlElement, at: string): number {
  const [observation] = descend([patient], ['subjectOf1', 'queryMatchObservation'])
  const place = `${at}/subjectOf1/queryMatchObservation`
  if (observation === undefined) throw iheError('V3_ELEMENT_MISSING', { at: place })
  const element = required(observation, 'value', place)
  const type = element.attributes.get(XSI_TYPE) ?? 'INT'
  if (!/^([^:]+:)?INT$/.test(type))
    throw iheError('V3_DATA_TYPE', { at: `${place}/value/@xsi:type`, value: type, rule: 'INT' })
  const value = element.attributes.get('value') ?? ''
  if (!/^\d{1,3}$/.test(value)) throw iheError('V3_VALUE', { at: `${place}/value/@value`, value, rule: '0 to 100' })
  return Number(value)
}

function quantityOf(queryAck: XmlElement, name: string): number | undefined {
  const value = child(queryAck, name)?.attributes.get('value')
  return value === undefined || !/^\d{1,9}$/.test(value) ? undefined : Number(value)
}
