// Writes a patient demographics query, its continuation and its cancellation for our own command line (ITI TF-2 3.47.4.1, 3.47.4.3, 3.47.4.4).

import type { Device, InstanceIdentifier } from '../../model/hl7v3.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import type { SoughtBirth, SoughtName } from '../../model/pdq.ts'
import { concat, el, type Markup, text, trusted } from '../xml/write.ts'
import { HL7_INTERACTIONS } from './transmission.ts'
import { writeNameParts } from './write-person.ts'
import {
  type MessageStamp,
  newStamp,
  writeAcknowledgementElement,
  writeIdentifier,
  writeMessage,
  XSI,
} from './write-transmission.ts'

interface Outgoing {
  readonly sender: Device
  readonly receiver: Device
  readonly queryId: InstanceIdentifier
}

export type Name = Omit<SoughtName, 'at'>
type WithoutPlace<T> = T extends unknown ? Omit<T, 'at'> : never

export interface OutgoingDemographicsQuery extends Outgoing {
  readonly names: readonly Name[]
  readonly sex?: 'M' | 'F' | 'UN'
  readonly birth?: WithoutPlace<SoughtBirth>
  readonly postalCode?: string
  readonly address?: string
  readonly telecom?: string
  readonly mother?: Name
  readonly ids: readonly PatientId[]
  /** Domains wanted in the answer; empty asks for all. */
  readonly domains: readonly Oid[]
  readonly initialQuantity?: number
  readonly minimumScore?: number
}

const NOTHING = trusted('')

export function writeDemographicsQuery(query: OutgoingDemographicsQuery, stamp: MessageStamp = newStamp()): Markup {
  const { queryId, initialQuantity, minimumScore } = query
  return write(
    query,
    { root: 'PRPA_IN201305UV02', trigger: 'PRPA_TE201305UV02', stamp },
    el(
      'queryByParameter',
      { 'xmlns:xsi': XSI },
      writeIdentifier('queryId', queryId),
      trusted('<statusCode code="new"/><responseModalityCode code="R"/><responsePriorityCode code="I"/>'),
      initialQuantity === undefined
        ? NOTHING
        : concat([el('initialQuantity', { value: initialQuantity }), trusted('<initialQuantityCode code="RD"/>')]),
      minimumScore === undefined ? NOTHING : writeMinimum(minimumScore),
      writeParameters(query),
    ),
  )
}

function writeMinimum(score: number): Markup {
  const value = el('value', { 'xsi:type': 'INT', value: score })
  return el('matchCriterionList', undefined, parameter('minimumDegreeMatch', value, 'MinimumDegreeMatch'))
}

/** In the order of the schema. */
function writeParameters(query: OutgoingDemographicsQuery): Markup {
  const { sex, birth, telecom, mother } = query
  return el(
    'parameterList',
    undefined,
    writeSex(sex),
    birth === undefined ? NOTHING : parameter('livingSubjectBirthTime', writeBirth(birth), 'LivingSubject.birthTime'),
    writeIds(query.ids),
    concat(query.names.map((name) => parameter('livingSubjectName', writeName(name), 'LivingSubject.name'))),
    mother === undefined ? NOTHING : parameter('mothersMaidenName', writeName(mother), 'Person.MothersMaidenName'),
    concat(
      query.domains.map((root) =>
        parameter('otherIDsScopingOrganization', el('value', { root }), 'OtherIDs.scopingOrganization.id'),
      ),
    ),
    writeAddress(query),
    telecom === undefined ? NOTHING : parameter('patientTelecom', el('value', { value: telecom }), 'Patient.telecom'),
  )
}

export function parameter(name: string, value: Markup, semantics: string): Markup {
  return el(name, undefined, value, el('semanticsText', undefined, text(semantics)))
}

export function writeSex(sex: string | undefined): Markup {
  if (sex === undefined) return NOTHING
  return parameter(
    'livingSubjectAdministrativeGender',
    el('value', { code: sex }),
    'LivingSubject.administrativeGender',
  )
}

export function writeIds(ids: readonly PatientId[]): Markup {
  return concat(
    ids.map(({ authority, value }) =>
      parameter('livingSubjectId', el('value', { root: authority, extension: value }), 'LivingSubject.id'),
    ),
  )
}

export function writeName({ matching, ...name }: Name): Markup {
  const use = matching === 'inexact' ? 'SRCH' : undefined
  return el('value', { 'xsi:type': 'PN', use }, ...writeNameParts(name))
}

function writeBirth(birth: WithoutPlace<SoughtBirth>): Markup {
  if (birth.kind === 'date') return el('value', { value: birth.date })
  const { low, high } = birth
  return el(
    'value',
    undefined,
    low === undefined ? NOTHING : el('low', { value: low }),
    high === undefined ? NOTHING : el('high', { value: high }),
  )
}

export function writeAddress({
  postalCode,
  address,
}: Pick<OutgoingDemographicsQuery, 'postalCode' | 'address'>): Markup {
  if (postalCode === undefined && address === undefined) return NOTHING
  const value = el(
    'value',
    { 'xsi:type': 'AD' },
    postalCode === undefined ? NOTHING : el('postalCode', undefined, text(postalCode)),
    address === undefined ? NOTHING : el('streetAddressLine', undefined, text(address)),
  )
  return parameter('patientAddress', value, 'Patient.addr')
}

export interface OutgoingContinuation extends Outgoing {
  /** Id of the last answer. */
  readonly answered: InstanceIdentifier
  readonly quantity?: number
}

/** Asks for the next page. */
export function writeDemographicsContinuation(
  continuation: OutgoingContinuation,
  stamp: MessageStamp = newStamp(),
): Markup {
  const { quantity } = continuation
  return writeContinuation(continuation, { root: 'QUQI_IN000003UV01', stamp }, [
    quantity === undefined ? NOTHING : el('continuationQuantity', { value: quantity }),
    el('statusCode', { code: 'waitContinuedQueryResponse' }),
  ])
}

/** Says that no more pages are wanted. */
export function writeDemographicsCancellation(
  cancellation: OutgoingContinuation,
  stamp: MessageStamp = newStamp(),
): Markup {
  return writeContinuation(cancellation, { root: 'QUQI_IN000003UV01_Cancel', stamp }, [
    el('continuationQuantity', { value: 0 }),
    el('statusCode', { code: 'aborted' }),
  ])
}

function writeContinuation(
  outgoing: OutgoingContinuation,
  message: { readonly root: string; readonly stamp: MessageStamp },
  content: readonly Markup[],
): Markup {
  const acknowledgement = writeAcknowledgementElement({ typeCode: 'AA', target: outgoing.answered, details: [] })
  return write(
    outgoing,
    { ...message, trigger: 'PRPA_TE000003UV01', acknowledgement },
    el('queryContinuation', undefined, writeIdentifier('queryId', outgoing.queryId), ...content),
  )
}

function write(
  { sender, receiver }: Outgoing,
  message: {
    readonly root: string
    readonly trigger: string
    readonly stamp: MessageStamp
    readonly acknowledgement?: Markup
  },
  content: Markup,
): Markup {
  return writeMessage(
    { interaction: message.root, stamp: message.stamp, acceptAckCode: 'AL', receiver, sender },
    message.acknowledgement ?? NOTHING,
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      el('code', { code: message.trigger, codeSystem: HL7_INTERACTIONS }),
      content,
    ),
  )
}
