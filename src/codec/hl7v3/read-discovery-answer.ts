// Reads the answer of another community to a patient discovery, PRPA_IN201306UV02 (ITI TF-2 3.55.4.2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { DiscoveredPatient, DiscoveryReply } from '../../model/discovery.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { XmlElement } from '../xml/read.ts'
import { WANTED_DATA } from './discovery-codes.ts'
import { isCalendarTime, readPerson } from './person.ts'
import { readAcknowledgement } from './read-acknowledgement.ts'
import { readScore } from './read-demographics-response.ts'
import { descend, readIds } from './read-query-response.ts'
import { child, children, readOidOnly, required } from './transmission.ts'

/**
 * Case 3 is known by its triggerFor: it comes with OK and without a subject. Where a subject and a wish for more come together, the
 * subject counts.
 * @throws {IheError} V3_ELEMENT_MISSING without acknowledgement, queryAck, patient id, custodian, person or match observation;
 * V3_TOO_MANY for a second patient/id; V3_DATA_TYPE for an id that is none; as readPerson and readAcknowledgement.
 */
export function readDiscoveryAnswer(body: XmlElement): DiscoveryReply {
  const { code, details } = readAcknowledgement(body)
  const at = `/${body.name}/controlActProcess`
  const controlAct = required(body, 'controlActProcess', `/${body.name}`)
  const queryAck = required(controlAct, 'queryAck', at)
  const response = child(queryAck, 'queryResponseCode')?.attributes.get('code')
  const issues = descend([controlAct], ['reasonOf', 'detectedIssueEvent'])
  if (code !== 'CA' || response === 'AE' || response === 'QE')
    return { kind: 'unable', reasons: codesOf(issues, ['mitigatedBy', 'detectedIssueManagement']), details }
  const events = descend([controlAct], ['subject', 'registrationEvent'])
  if (events.length > 0)
    return {
      kind: 'found',
      patients: events.map((event, index) => readPatient(event, `${at}/subject[${index + 1}]/registrationEvent`)),
    }
  const orders = codesOf(issues, ['triggerFor', 'actOrderRequired'])
  if (orders.length === 0) return { kind: 'not found' }
  return { kind: 'more wanted', wanted: [...new Set(orders.flatMap((order) => WANTED_DATA.get(order) ?? []))] }
}

/** Ids that are none are left out when all are read: the first of the rest is not the patient's then. */
function isWritten({ attributes }: XmlElement, { authority, value }: PatientId): boolean {
  return attributes.get('root') === authority && attributes.get('extension') === value
}

function codesOf(issues: readonly XmlElement[], path: readonly string[]): readonly string[] {
  return descend(issues, [...path, 'code']).flatMap((element) => element.attributes.get('code') ?? [])
}

function readPatient(event: XmlElement, at: string): DiscoveredPatient {
  const custodian = required(required(event, 'custodian', at), 'assignedEntity', `${at}/custodian`)
  const subject = required(event, 'subject1', at)
  const patient = required(subject, 'patient', `${at}/subject1`)
  const place = `${at}/subject1/patient`
  const person = required(patient, 'patientPerson', place)
  const [element, second] = children(patient, 'id')
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${place}/id[2]` })
  if (element === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${place}/id` })
  const [id, ...otherIds] = readIds(patient)
  if (id === undefined || !isWritten(element, id.id))
    throw iheError('V3_DATA_TYPE', { at: `${place}/id`, rule: 'an OID as root, and an extension' })
  return {
    id,
    home: readOidOnly(required(custodian, 'id', `${at}/custodian/assignedEntity`), `${at}/custodian/assignedEntity/id`),
    otherIds,
    demographics: readTold(patient, person, `${place}/patientPerson`),
    score: readScore(patient, place),
  }
}

const SEX = 'administrativeGenderCode'
const BIRTH = 'birthTime'
const SEXES: ReadonlySet<string> = new Set(['M', 'F', 'UN'])

/**
 * By birth date and sex it is seen that somebody else was meant. M and F of another table (HL7 table 0001) are the same sexes; a code that
 * is none of ours says nothing, as none at all would, and of a date of birth counts what is one: neither takes anything from the rest of the answer.
 */
function readTold(patient: XmlElement, person: XmlElement, at: string): Demographics {
  const coded = child(person, SEX)
  const others = person.children.flatMap((one) => {
    if (typeof one === 'string' || ![SEX, BIRTH].includes(one.name)) return one
    return one.name === SEX ? [] : { ...one, attributes: withDate(one.attributes) }
  })
  const { demographics } = readPerson(patient, { ...person, children: others }, at)
  const code = coded?.attributes.get('code') ?? ''
  return SEXES.has(code) ? { ...demographics, sex: code as NonNullable<Demographics['sex']> } : demographics
}

/** 19620400 is April 1962: the day is not known there. */
function withDate(attributes: XmlElement['attributes']): XmlElement['attributes'] {
  const value = attributes.get('value') ?? ''
  const [said] = [value, value.slice(0, 8), value.slice(0, 6), value.slice(0, 4)].filter(isCalendarTime)
  const others = [...attributes].filter(([name]) => name !== 'value')
  return new Map(said === undefined ? others : [...others, ['value', said]])
}
