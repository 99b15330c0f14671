// Writes the answers of the Patient Demographics Supplier: PRPA_IN201306UV02, and the acknowledgement of a cancellation (ITI TF-2 3.47.4.2).

import { citing, type IheError } from '../../model/error.ts'
import type { Outcome } from '../../model/evidence.ts'
import { grouped } from '../../model/grouped.ts'
import { acknowledgementDetail } from '../../model/hl7v3.ts'
import type { DemographicsCancellation, DemographicsContinuation, DemographicsQuery } from '../../model/hl7v3-pdq.ts'
import type { PdqAnswer, PdqCancelAnswer, PdqPatient } from '../../model/pdq.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup, trusted } from '../xml/write.ts'
import { DEMOGRAPHICS_QUERY_SHAPE } from './query-shapes.ts'
import { salvageTransmission } from './salvage.ts'
import { writeAcknowledgement } from './write-acknowledgement.ts'
import { type OtherIds, writePerson } from './write-person.ts'
import { type QueryAnswer, refusalCodes, refusedQuery, writeQueryAnswer } from './write-query-answer.ts'
import { writePatient, writeProvider, writeSubject } from './write-subject.ts'
import { type AnswerDevice, type MessageStamp, newStamp, XSI } from './write-transmission.ts'

const INTERACTION = 'PRPA_IN201306UV02'
/** No name for this code is fixed by the profile; readers look at the value. */
const MATCH_CODE = trusted('<code code="IHE_PDQ"/>')

type Read = DemographicsQuery | DemographicsContinuation

interface Told {
  readonly journalId: string
  readonly stamp?: MessageStamp
}

/** The answer to a query or continuation that was read. */
export function writeDemographicsResponse(request: Read, outcome: Outcome<PdqAnswer>, told: Told): Markup {
  const answer = contentOf(request, outcome, told.journalId)
  return writeQueryAnswer(INTERACTION, { request: request.transmission, answer }, told.stamp ?? newStamp())
}

/**
 * The answer to a query or continuation that was refused while it was read, or by an error thrown later: AE with QE for errors of the
 * query, AE for the rest. Never throws.
 */
export function writeDemographicsRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  const answer: QueryAnswer = {
    ...refusal([error]),
    ...refusedQuery(body, DEMOGRAPHICS_QUERY_SHAPE),
    status: 'aborted',
  }
  return writeQueryAnswer(INTERACTION, { request: salvageTransmission(body), answer }, stamp)
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

function contentOf(request: Read, { answer, errors }: Outcome<PdqAnswer>, journalId: string): QueryAnswer {
  switch (answer.kind) {
    case 'page':
      return {
        subjects: answer.patients.map((patient) => writeFound(patient, request.transmission.receiver)),
        quantities: { total: answer.total, current: answer.patients.length, remaining: answer.remaining },
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

/** What is wrong with the query itself ends it; what it names and is not there is answered. */
function refusal(errors: readonly IheError[]): Omit<QueryAnswer, 'queryId' | 'echo'> {
  const codes = refusalCodes(errors)
  return {
    ...codes,
    status: codes.queryResponseCode === 'QE' ? 'aborted' : 'deliveredResponse',
    subjects: [],
    quantities: { total: 0, current: 0, remaining: 0 },
  }
}

/** patient/id holds the ids of the source that speaks for the person, also when other domains were asked for; no id stands twice. */
function writeFound(found: PdqPatient, custodian: AnswerDevice): Markup {
  const [source] = found.primary
  const patient = writePatient(
    found.primary,
    writePerson(found.demographics, otherIdsOf(found)),
    ...(source === undefined ? [] : [writeProvider(source.id.authority, source.authorityName)]),
    el(
      'subjectOf1',
      { typeCode: 'SBJ' },
      el(
        'queryMatchObservation',
        { classCode: 'OBS', moodCode: 'EVN' },
        MATCH_CODE,
        el('value', { 'xmlns:xsi': XSI, 'xsi:type': 'INT', value: found.score }),
      ),
    ),
  )
  return writeSubject({ patient, custodian })
}

function otherIdsOf({ ids, primary, missing }: PdqPatient): readonly OtherIds[] {
  const source = primary[0]?.id.authority
  const others = ids.filter(({ id }) => id.authority !== source)
  const held = [...grouped(others, ({ id }) => id.authority)].map(([domain, known]) => ({ domain, ids: known }))
  return [...held, ...missing.map((domain) => ({ domain, ids: [] }))]
}
