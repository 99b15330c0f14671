// Writes the answers of the Patient Demographics Supplier: PRPA_IN201306UV02, and the acknowledgement of a cancellation (ITI TF-2 3.47.4.2).

import { citing, type IheError } from '../../model/error.ts'
import type { Outcome } from '../../model/evidence.ts'
import { type AcknowledgementDetail, acknowledgementDetail, type InstanceIdentifier } from '../../model/hl7v3.ts'
import type { DemographicsCancellation, DemographicsContinuation, DemographicsQuery } from '../../model/hl7v3-pdq.ts'
import type { PdqAnswer, PdqCancelAnswer, PdqPatient } from '../../model/pdq.ts'
import type { CorrespondingId } from '../../model/pix.ts'
import type { XmlElement } from '../xml/read.ts'
import { concat, el, type Markup, text, trusted } from '../xml/write.ts'
import { DEMOGRAPHICS_QUERY_SHAPE } from './query-shapes.ts'
import { type Salvaged, salvageQuery, salvageTransmission } from './salvage.ts'
import { checkShape } from './shape.ts'
import { HL7_INTERACTIONS } from './transmission.ts'
import { writeAcknowledgement } from './write-acknowledgement.ts'
import { type OtherIds, writeId, writePerson } from './write-person.ts'
import {
  type AnswerDevice,
  type MessageStamp,
  newStamp,
  writeAcknowledgementElement,
  writeIdentifier,
  writeMessage,
  XSI,
} from './write-transmission.ts'

interface Content {
  readonly typeCode: 'AA' | 'AE'
  readonly queryResponseCode: 'OK' | 'NF' | 'AE' | 'QE'
  readonly status: 'deliveredResponse' | 'aborted'
  readonly patients: readonly PdqPatient[]
  readonly total: number
  readonly remaining: number
  readonly details: readonly AcknowledgementDetail[]
  readonly queryId: InstanceIdentifier | undefined
  readonly echo: Markup | undefined
}

const NOTHING = trusted('')
const CODE = el('code', { code: 'PRPA_TE201306UV02', codeSystem: HL7_INTERACTIONS })
const EVENT_HEAD = trusted('<id nullFlavor="NA"/><statusCode code="active"/>')
const ACTIVE = trusted('<statusCode code="active"/>')
/** No name for this code is fixed by the profile; readers look at the value. */
const MATCH_CODE = trusted('<code code="IHE_PDQ"/>')

type Read = DemographicsQuery | DemographicsContinuation

interface Told {
  readonly journalId: string
  readonly stamp?: MessageStamp
}

/** The answer to a query or continuation that was read. */
export function writeDemographicsResponse(request: Read, outcome: Outcome<PdqAnswer>, told: Told): Markup {
  return write(request.transmission, contentOf(request, outcome, told.journalId), told.stamp ?? newStamp())
}

/**
 * The answer to a query or continuation that was refused while it was read, or by an error thrown later: AE with QE for errors of the
 * query, AE for the rest. A query that breaks the schema is not echoed: the answer would break it too. Never throws.
 */
export function writeDemographicsRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  const { queryId, echo } = salvageQuery(body)
  const content = { ...refusal([error]), status: 'aborted', queryId } as const
  return write(salvageTransmission(body), { ...content, echo: isShaped(body) ? echo : undefined }, stamp)
}

function isShaped(body: XmlElement): boolean {
  try {
    checkShape(body, DEMOGRAPHICS_QUERY_SHAPE, '')
    return true
  } catch {
    return false
  }
}

/** CA, or CE when there was nothing to cancel. */
export function writeCancelAcknowledgement(
  request: DemographicsCancellation,
  { answer, errors }: Outcome<PdqCancelAnswer>,
  { journalId, stamp = newStamp() }: Told,
): Markup {
  const details = errors.map((error) => acknowledgementDetail(citing(error, journalId)))
  return writeAcknowledgement(request.transmission, { code: answer.kind === 'cancelled' ? 'CA' : 'CE', details }, stamp)
}

function contentOf(request: Read, { answer, errors }: Outcome<PdqAnswer>, journalId: string): Content {
  switch (answer.kind) {
    case 'page':
      return {
        ...answer,
        typeCode: 'AA',
        queryResponseCode: answer.total === 0 ? 'NF' : 'OK',
        status: 'deliveredResponse',
        details: [],
        queryId: request.queryId,
        echo: trusted(answer.query),
      }
    case 'refused':
      return {
        ...refusal(errors.map((error) => citing(error, journalId))),
        queryId: request.queryId,
        echo: request.transmission.interaction === 'PRPA_IN201305UV02' ? trusted(request.text) : undefined,
      }
  }
  answer satisfies never
}

/** What is wrong with the query itself is a query error; what it names and is not there an application error. */
function refusal(errors: readonly IheError[]): Omit<Content, 'queryId' | 'echo'> {
  const isQueryError = errors.some(({ row }) => /^(SYN|NS)/.test(row.v3.code))
  return {
    typeCode: 'AE',
    queryResponseCode: isQueryError ? 'QE' : 'AE',
    status: isQueryError ? 'aborted' : 'deliveredResponse',
    patients: [],
    total: 0,
    remaining: 0,
    details: errors.map(acknowledgementDetail),
  }
}

function write(request: Salvaged, content: Content, stamp: MessageStamp): Markup {
  const sender = request.receiver
  return writeMessage(
    { interaction: 'PRPA_IN201306UV02', stamp, acceptAckCode: 'NE', receiver: request.sender, sender },
    writeAcknowledgementElement({ typeCode: content.typeCode, target: request.id, details: content.details }),
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      CODE,
      concat(content.patients.map((patient) => writeSubject(patient, sender))),
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
    el('resultTotalQuantity', { value: content.total }),
    el('resultCurrentQuantity', { value: content.patients.length }),
    el('resultRemainingQuantity', { value: content.remaining }),
  )
}

function writeSubject(patient: PdqPatient, custodian: AnswerDevice): Markup {
  const entity = el(
    'assignedEntity',
    { classCode: 'ASSIGNED' },
    el('id', custodian === undefined ? { nullFlavor: 'NI' } : { root: custodian.id }),
  )
  return el(
    'subject',
    { typeCode: 'SUBJ', contextConductionInd: 'false' },
    el(
      'registrationEvent',
      { classCode: 'REG', moodCode: 'EVN' },
      EVENT_HEAD,
      el('subject1', { typeCode: 'SBJ' }, writePatient(patient)),
      el('custodian', { typeCode: 'CST' }, entity),
    ),
  )
}

/** patient/id holds the ids of the source that speaks for the person, also when other domains were asked for; no id stands twice. */
function writePatient(patient: PdqPatient): Markup {
  const [source] = patient.primary
  return el(
    'patient',
    { classCode: 'PAT' },
    concat(patient.primary.map(writeId)),
    ACTIVE,
    writePerson(patient.demographics, otherIdsOf(patient)),
    source === undefined ? NOTHING : writeProvider(source),
    el(
      'subjectOf1',
      { typeCode: 'SBJ' },
      el(
        'queryMatchObservation',
        { classCode: 'OBS', moodCode: 'EVN' },
        MATCH_CODE,
        el('value', { 'xmlns:xsi': XSI, 'xsi:type': 'INT', value: patient.score }),
      ),
    ),
  )
}

function otherIdsOf({ ids, primary, missing }: PdqPatient): readonly OtherIds[] {
  const source = primary[0]?.id.authority
  const byDomain = new Map<OtherIds['domain'], CorrespondingId[]>()
  for (const known of ids) {
    const { authority } = known.id
    if (authority !== source) byDomain.set(authority, [...(byDomain.get(authority) ?? []), known])
  }
  const held = [...byDomain].map(([domain, known]) => ({ domain, ids: known }))
  return [...held, ...missing.map((domain) => ({ domain, ids: [] }))]
}

/** The organization whose domain patient/id is of (ITI TF-2 Appendix E.2); the schema demands a contact. */
function writeProvider({ id, authorityName }: CorrespondingId): Markup {
  return el(
    'providerOrganization',
    { classCode: 'ORG', determinerCode: 'INSTANCE' },
    el('id', { root: id.authority }),
    el('name', undefined, text(authorityName)),
    el('contactParty', { classCode: 'CON', nullFlavor: 'UNK' }),
  )
}
