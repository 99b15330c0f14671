// Writes the answers of the Responding Gateway to a patient discovery: the five cases of PRPA_IN201306UV02, and the acknowledgement of a
// deferred one (ITI TF-2 3.55.4.2).

import type { DiscoveredPatient, DiscoveryAnswer, DiscoveryQuery, Inability } from '../../model/discovery.ts'
import { citing, type IheError } from '../../model/error.ts'
import type { Outcome } from '../../model/evidence.ts'
import { grouped } from '../../model/grouped.ts'
import { acknowledgementDetail } from '../../model/hl7v3.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { XmlElement } from '../xml/read.ts'
import { concat, el, type Markup, trusted } from '../xml/write.ts'
import {
  BUSY_CODES,
  CUSTODIAN_SYSTEM,
  INABILITY_SYSTEM,
  ISSUE,
  ISSUE_SYSTEM,
  WANTED_CODES,
  WANTED_SYSTEM,
} from './discovery-codes.ts'
import { DEMOGRAPHICS_QUERY_SHAPE } from './query-shapes.ts'
import { salvageTransmission } from './salvage.ts'
import { writePerson } from './write-person.ts'
import { type QueryAnswer, refusalCodes, refusedQuery, writeQueryAnswer } from './write-query-answer.ts'
import { writePatient, writeSubject } from './write-subject.ts'
import { type MessageStamp, newStamp, writeAcknowledgementElement, writeMessage, XSI } from './write-transmission.ts'

const INTERACTION = 'PRPA_IN201306UV02'
const MATCH_CODE = trusted('<code code="IHE_PDQ"/>')
/** Where else the person has records is not told (Health Data Locator, ITI-56, is not offered). */
const NO_LOCATOR = el('code', { code: 'NotHealthDataLocator', codeSystem: CUSTODIAN_SYSTEM })

interface Told {
  readonly journalId: string
  /** Our homeCommunityId, without urn:oid:. */
  readonly home: Oid
  readonly stamp?: MessageStamp
}

/** The answer to a query that was read; it carries no quantities (3.55.4.2.2). */
export function writeDiscoveryAnswer(request: DiscoveryQuery, outcome: Outcome<DiscoveryAnswer>, told: Told): Markup {
  const { transmission } = request
  const receiver = { ...transmission.receiver, organization: told.home }
  const answer: QueryAnswer = {
    ...contentOf(outcome, told.journalId),
    queryId: request.queryId,
    echo: trusted(request.text),
  }
  return writeQueryAnswer(INTERACTION, { request: { ...transmission, receiver }, answer }, told.stamp ?? newStamp())
}

/** The answer to a query that was refused while it was read, or by an error thrown later. Never throws. */
export function writeDiscoveryRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  const answer: QueryAnswer = { ...refusal([error]), ...refusedQuery(body, DEMOGRAPHICS_QUERY_SHAPE) }
  return writeQueryAnswer(INTERACTION, { request: salvageTransmission(body), answer }, stamp)
}

/** A deferred query that is not taken: AE here, as ITI TF-2 3.55.4.1.3 has it, not one of the accept acknowledgement's codes. */
export function writeDeferredRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  const { id, sender, receiver } = salvageTransmission(body)
  return writeMessage(
    { interaction: 'MCCI_IN000002UV01', stamp, acceptAckCode: 'NE', receiver: sender, sender: receiver },
    writeAcknowledgementElement({ typeCode: 'AE', target: id, details: [acknowledgementDetail(error)] }),
  )
}

type Content = Omit<QueryAnswer, 'queryId' | 'echo'>

const DELIVERED = {
  typeCode: 'AA',
  queryResponseCode: 'OK',
  status: 'deliveredResponse',
  details: [],
  subjects: [],
} as const

function contentOf({ answer, errors }: Outcome<DiscoveryAnswer>, journalId: string): Content {
  const cited = errors.map((error) => citing(error, journalId))
  switch (answer.kind) {
    case 'found':
      return { ...DELIVERED, subjects: answer.patients.map(writeFound) }
    case 'more wanted':
      return { ...DELIVERED, reason: reasonOf(answer.wanted.map((datum) => wanted(WANTED_CODES[datum]))) }
    case 'not found':
      return { ...DELIVERED, queryResponseCode: 'NF' }
    case 'unable':
      return { ...unable(answer.reason), details: cited.map(acknowledgementDetail) }
    case 'refused':
      return refusal(cited)
  }
  answer satisfies never
}

function unable(reason: Inability): Content {
  return {
    typeCode: 'AE',
    queryResponseCode: 'AE',
    status: 'aborted',
    details: [],
    subjects: [],
    reason: reasonOf([mitigation(reason)]),
  }
}

/** What is wrong with the query is its asker's matter; all else says why there is no answer. */
function refusal(errors: readonly IheError[]): Content {
  const codes = refusalCodes(errors)
  if (codes.queryResponseCode === 'QE') return { ...codes, status: 'aborted', subjects: [] }
  const isBusy = errors.some(({ row }) => BUSY_CODES.has(row.code))
  return { ...unable(isBusy ? 'ResponderBusy' : 'InternalError'), details: codes.details }
}

function reasonOf(issues: readonly Markup[]): Markup {
  const event = el(
    'detectedIssueEvent',
    { classCode: 'ALRT', moodCode: 'EVN' },
    el('code', { code: ISSUE, codeSystem: ISSUE_SYSTEM }),
    concat(issues),
  )
  return el('reasonOf', { typeCode: 'RSON' }, event)
}

function mitigation(code: Inability): Markup {
  const management = el(
    'detectedIssueManagement',
    { classCode: 'ACT', moodCode: 'EVN' },
    el('code', { code, codeSystem: INABILITY_SYSTEM }),
  )
  return el('mitigatedBy', { typeCode: 'MITGT' }, management)
}

function wanted(code: string): Markup {
  const order = el(
    'actOrderRequired',
    { classCode: 'ACT', moodCode: 'RQO' },
    el('code', { code, codeSystem: WANTED_SYSTEM }),
  )
  return el('triggerFor', { typeCode: 'TRIG' }, order)
}

/** One id in patient/id: by it the patient is asked for in ITI-38. */
function writeFound({ id, home, otherIds, demographics, score }: DiscoveredPatient): Markup {
  const others = [...grouped(otherIds, (other) => other.id.authority)].map(([domain, ids]) => ({ domain, ids }))
  const observation = el(
    'queryMatchObservation',
    { classCode: 'OBS', moodCode: 'EVN' },
    MATCH_CODE,
    el('value', { 'xmlns:xsi': XSI, 'xsi:type': 'INT', value: score }),
  )
  const patient = writePatient(
    [id],
    writePerson(demographics, others),
    el('subjectOf1', { typeCode: 'SBJ' }, observation),
  )
  return writeSubject({ patient, custodian: { id: home }, custodianCode: NO_LOCATOR })
}
