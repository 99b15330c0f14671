// Writes the answers of the Patient Demographics Supplier: PRPA_IN201306UV02, and the acknowledgement of a cancellation (ITI TF-2 3.47.4.2).

import { citing, type IheError } from '../../model/error.ts'
import type { Outcome } from '../../model/evidence.ts'
import { acknowledgementDetail } from '../../model/hl7v3.ts'
import type { DemographicsCancellation, DemographicsContinuation, DemographicsQuery } from '../../model/hl7v3-pdq.ts'
import type { PdqAnswer, PdqCancelAnswer, PdqPatient } from '../../model/pdq.ts'
import type { CorrespondingId } from '../../model/pix.ts'
import type { XmlElement } from '../xml/read.ts'
import { concat, el, type Markup, trusted } from '../xml/write.ts'
import { DEMOGRAPHICS_QUERY_SHAPE } from './query-shapes.ts'
import { type Salvaged, salvageTransmission } from './salvage.ts'
import { writeAcknowledgement } from './write-acknowledgement.ts'
import { type OtherIds, writeId, writePerson, writeProvider } from './write-person.ts'
import { type QueryAnswer, refusedBy, unreadQuery, writeQueryAnswer } from './write-query-answer.ts'
import { writeSubject } from './write-subject.ts'
import { type MessageStamp, newStamp, XSI } from './write-transmission.ts'

interface Content extends QueryAnswer {
  readonly patients: readonly PdqPatient[]
  readonly total: number
  readonly remaining: number
}

const NOTHING = trusted('')
const NOBODY = { patients: [], total: 0, remaining: 0 } as const
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

/** The answer to a query or continuation that was refused while it was read, or by an error thrown later. Never throws. */
export function writeDemographicsRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  const answer = unreadQuery(body, error, DEMOGRAPHICS_QUERY_SHAPE)
  return write(salvageTransmission(body), { ...answer, ...NOBODY }, stamp)
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

/** A query error ends the query; what it names and is not there is an answer. */
function refusal(errors: readonly IheError[]): Omit<Content, 'queryId' | 'echo'> {
  const refused = refusedBy(errors)
  return { ...refused, ...NOBODY, status: refused.queryResponseCode === 'QE' ? 'aborted' : 'deliveredResponse' }
}

function write(request: Salvaged, content: Content, stamp: MessageStamp): Markup {
  const { patients, total, remaining } = content
  return writeQueryAnswer(request, content, {
    interaction: 'PRPA_IN201306UV02',
    subjects: patients.map((patient) => writeSubject(writePatient(patient), request.receiver)),
    quantities: [
      el('resultTotalQuantity', { value: total }),
      el('resultCurrentQuantity', { value: patients.length }),
      el('resultRemainingQuantity', { value: remaining }),
    ],
    stamp,
  })
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
    source === undefined ? NOTHING : writeProvider(source.id.authority, source.authorityName),
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
