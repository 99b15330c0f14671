// Patient discovery between communities: requests, the five answers and the header, each schema-valid and read back (ITI TF-2 3.55.4).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import {
  CORRELATION_LIFE,
  readCorrelationLife,
  writeCorrelationLife,
} from '../../../src/codec/hl7v3/correlation-life.ts'
import { readAcknowledgement } from '../../../src/codec/hl7v3/read-acknowledgement.ts'
import { type DiscoveryMode, readDiscovery } from '../../../src/codec/hl7v3/read-discovery.ts'
import { readDiscoveryAnswer } from '../../../src/codec/hl7v3/read-discovery-answer.ts'
import { type OutgoingDiscovery, writeDiscovery } from '../../../src/codec/hl7v3/write-discovery.ts'
import {
  writeDeferredRefusal,
  writeDiscoveryAnswer,
  writeDiscoveryRefusal,
} from '../../../src/codec/hl7v3/write-discovery-answer.ts'
import type { DiscoveredPatient, DiscoveryAnswer } from '../../../src/model/discovery.ts'
import type { IheError } from '../../../src/model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../../../src/model/evidence.ts'
import { AFFINITY, DOMAIN_A, DOMAIN_B, HANA, idIn, oid } from '../../identity/in-memory.ts'
import { bodyOf, refusalOf, schemaErrors } from './messages.ts'

const ASKER = oid('2.25.200.1')
const HOME = oid('2.25.200.2')
const sent: OutgoingDiscovery = {
  sender: { id: oid('2.25.400.1'), organization: ASKER },
  receiver: { id: oid('2.25.400.2') },
  queryId: { root: '2.25.500', extension: 'q1' },
  names: [
    { family: '水沢', given: '葉名' },
    { family: 'ミズサワ', given: 'ハナ' },
  ],
  sex: 'F',
  birthDate: '19620417',
  address: { postalCode: '999-0001', text: '架空県見本市1-2-3' },
  telecoms: ['tel:+81-99-000-0001', 'tel:+81-99-000-0002'],
  mother: { family: '架空' },
  ids: [idIn(DOMAIN_A, 'A 1'), idIn(DOMAIN_B, 'B-7')],
  reverseAuthority: DOMAIN_A,
}
const REQUEST = writeDiscovery(sent)
const request = readDiscovery(bodyOf(REQUEST), 'immediate')
const QUERY = '/PRPA_IN201305UV02/controlActProcess/queryByParameter'
const PARAMETERS = `${QUERY}/parameterList`

t.test('3.55.4.1.2: a request is schema-valid, and every parameter of it is read with its place', async (t) => {
  t.equal(schemaErrors(REQUEST, 'PRPA_IN201305UV02'), '')
  t.match(request, {
    home: { oid: ASKER, at: '/PRPA_IN201305UV02/sender/device/asAgent/representedOrganization/id/@root' },
    names: [
      { family: '水沢', given: '葉名', matching: 'exact', at: `${PARAMETERS}/livingSubjectName[1]/value` },
      { family: 'ミズサワ', given: 'ハナ' },
    ],
    sex: 'F',
    birth: { kind: 'date', date: '19620417', at: `${PARAMETERS}/livingSubjectBirthTime[1]/value` },
    address: { postalCode: '999-0001', parts: ['架空県見本市1-2-3'] },
    telecoms: [
      { value: 'tel:+81-99-000-0001', at: `${PARAMETERS}/patientTelecom/value[1]` },
      { value: 'tel:+81-99-000-0002' },
    ],
    mother: { family: '架空' },
    ids: [{ id: idIn(DOMAIN_A, 'A 1'), at: `${PARAMETERS}/livingSubjectId[1]/value` }, { id: idIn(DOMAIN_B, 'B-7') }],
    reverse: idIn(DOMAIN_A, 'A 1'),
    minimumScore: undefined,
    respondTo: undefined,
  })
})

t.test('3.55.4.1: a deferred request names the address of its answer, and is told from an immediate one', async (t) => {
  const deferred = writeDiscovery({ ...sent, respondTo: 'https://gateway.example.jp/later' })
  t.equal(schemaErrors(deferred, 'PRPA_IN201305UV02'), '')
  t.equal(readDiscovery(bodyOf(deferred), 'deferred').respondTo, 'https://gateway.example.jp/later')
  const refused = (xml: string, mode: DiscoveryMode) => refusalOf(() => readDiscovery(bodyOf(xml), mode))
  t.match(refused(deferred, 'immediate'), { row: { code: 'V3_VALUE' }, at: `${QUERY}/responsePriorityCode/@code` })
  t.match(refused(REQUEST, 'deferred'), { row: { code: 'V3_VALUE' }, rule: 'must be D' })
  t.match(refused(deferred.replace(/<respondTo.*<\/respondTo>/, ''), 'deferred'), {
    row: { code: 'V3_ELEMENT_MISSING' },
    at: '/PRPA_IN201305UV02/respondTo',
  })
  t.match(refused(deferred.replace(/ value="https[^"]*"/, ''), 'deferred'), {
    row: { code: 'V3_ATTRIBUTE_MISSING' },
    at: '/PRPA_IN201305UV02/respondTo/telecom/@value',
  })
})

t.test('3.55.4.1.2.1: name and birth date, or an id; no parameter that is not of ITI-55 or not compared', async (t) => {
  const parameter = (name: string, value: string): string =>
    `<${name}>${value}<semanticsText>x</semanticsText></${name}>`
  const without = (name: string): RegExp => new RegExp(`<${name}>.*</${name}>`)
  const NO_IDS = REQUEST.replace(without('livingSubjectId'), '')
  for (const [xml, code, at] of [
    [NO_IDS.replace(without('livingSubjectName'), ''), 'V3_ELEMENT_MISSING', `${PARAMETERS}/livingSubjectName`],
    [
      NO_IDS.replace(without('livingSubjectBirthTime'), ''),
      'V3_ELEMENT_MISSING',
      `${PARAMETERS}/livingSubjectBirthTime`,
    ],
    [
      REQUEST.replace('<parameterList>', '<initialQuantity value="3"/><parameterList>'),
      'V3_STRUCTURE',
      `${QUERY}/initialQuantity`,
    ],
    [REQUEST.replace('<parameterList>', '<parameterList><id root="2.25.1"/>'), 'V3_STRUCTURE', `${PARAMETERS}/id`],
    [
      REQUEST.replace('<mothersMaiden', `${parameter('livingSubjectName', '<value>Ab*</value>')}<mothersMaiden`),
      'V3_VALUE',
      `${PARAMETERS}/livingSubjectName[3]/value`,
    ],
    [
      REQUEST.replace(
        '<patientAddress',
        `${parameter('otherIDsScopingOrganization', '<value root="2.25.1"/>')}<patientAddress`,
      ),
      'V3_STRUCTURE',
      `${PARAMETERS}/otherIDsScopingOrganization`,
    ],
    [
      REQUEST.replace(
        '<livingSubjectBirthTime',
        `${parameter('livingSubjectBirthPlaceName', '<value>x</value>')}<livingSubjectBirthTime`,
      ),
      'XCPD_NOT_COMPARED',
      `${PARAMETERS}/livingSubjectBirthPlaceName`,
    ],
    [
      REQUEST.replace(' extension="A 1"', ''),
      'V3_ATTRIBUTE_MISSING',
      `${PARAMETERS}/livingSubjectId[1]/value/@extension`,
    ],
    [
      REQUEST.replace('root="2.25.100.1" extension="A 1"', 'root="a" extension="A 1"'),
      'V3_DATA_TYPE',
      `${PARAMETERS}/livingSubjectId[1]/value/@root`,
    ],
    [REQUEST.replace('code="R"', 'code="B"'), 'V3_VALUE', `${QUERY}/responseModalityCode/@code`],
  ] as const)
    t.match(
      refusalOf(() => readDiscovery(bodyOf(xml), 'immediate')),
      { row: { code }, at },
      at,
    )
})

t.test('3.55.4.1.2.4: the id for questions in return is the one of the authority named, and only one', async (t) => {
  const reverse = (xml: string) => readDiscovery(bodyOf(xml), 'immediate').reverse
  t.equal(reverse(REQUEST.replace(/<authorOrPerformer.*<\/authorOrPerformer>/, '')), undefined)
  t.equal(reverse(writeDiscovery({ ...sent, ids: [idIn(DOMAIN_A, 'A 1'), idIn(DOMAIN_A, 'A 2')] })), undefined)
  t.equal(reverse(writeDiscovery({ ...sent, reverseAuthority: AFFINITY })), undefined)
})

const found: DiscoveredPatient = {
  id: { id: idIn(AFFINITY, 'P-1'), authorityName: 'CARE' },
  home: HOME,
  otherIds: [{ id: idIn(DOMAIN_A, 'A 1'), authorityName: 'A' }],
  demographics: HANA,
  score: 97,
}
const outcome = (answer: DiscoveryAnswer, errors: readonly IheError[] = []): Outcome<DiscoveryAnswer> => ({
  answer,
  result: errors.length === 0 ? 'success' : 'failure',
  errors,
  evidence: NO_EVIDENCE,
  recorded: false,
})
const told = { journalId: 'j-1', home: HOME }
const answered = (answer: DiscoveryAnswer, errors: readonly IheError[] = []) =>
  writeDiscoveryAnswer(request, outcome(answer, errors), told)

t.test('3.55.4.2.2: cases 1 and 2, matches with id, home and score; no quantities', async (t) => {
  for (const patients of [[found], [found, { ...found, score: 90 }]]) {
    const xml = answered({ kind: 'found', patients, keptForSeconds: 86_400 })
    t.equal(schemaErrors(xml, 'PRPA_IN201306UV02'), '')
    t.same(readDiscoveryAnswer(bodyOf(xml)), { kind: 'found', patients })
    t.match(xml, '<typeCode code="AA"/>')
    t.match(xml, '<queryResponseCode code="OK"/></queryAck>')
    t.match(xml, '<code code="NotHealthDataLocator" codeSystem="1.3.6.1.4.1.19376.1.2.27.2"/>')
    t.match(xml, '<id root="2.25.400.2"/><asAgent classCode="AGNT"><representedOrganization')
  }
})

t.test('3.55.4.2.2: case 3, what more would help; also as a peer misspells it', async (t) => {
  const xml = answered({ kind: 'more wanted', wanted: ['sex', 'address', 'telecom', 'mother'] })
  t.equal(schemaErrors(xml, 'PRPA_IN201306UV02'), '')
  t.same(readDiscoveryAnswer(bodyOf(xml)), { kind: 'more wanted', wanted: ['sex', 'address', 'telecom', 'mother'] })
  t.match(xml, '<queryResponseCode code="OK"/>')
  const misspelt = xml.replace('PatientAddressRequested', 'PatientAdressRequested').replace('MothersMaidenName', 'SSN')
  t.same(readDiscoveryAnswer(bodyOf(misspelt)), { kind: 'more wanted', wanted: ['sex', 'address', 'telecom'] })
})

t.test('3.55.4.2.2: case 4, nobody', async (t) => {
  const xml = answered({ kind: 'not found' })
  t.equal(schemaErrors(xml, 'PRPA_IN201306UV02'), '')
  t.match(xml, '<queryResponseCode code="NF"/>')
  t.same(readDiscoveryAnswer(bodyOf(xml)), { kind: 'not found' })
})

t.test('3.55.4.2.2: case 5, no answer, and why; a wrong query is a query error', async (t) => {
  const human = answered({ kind: 'unable', reason: 'AnswerNotAvailable' })
  t.equal(schemaErrors(human, 'PRPA_IN201306UV02'), '')
  t.match(human, '<typeCode code="AE"/>')
  t.same(readDiscoveryAnswer(bodyOf(human)), { kind: 'unable', reasons: ['AnswerNotAvailable'], details: [] })
  for (const [code, response, reasons] of [
    ['BUSY', 'AE', ['ResponderBusy']],
    ['INTERNAL', 'AE', ['InternalError']],
    ['V3_STRUCTURE', 'QE', []],
  ] as const) {
    const xml = writeDiscoveryRefusal(bodyOf(REQUEST), iheError(code))
    t.equal(schemaErrors(xml, 'PRPA_IN201306UV02'), '')
    t.match(xml, `<queryResponseCode code="${response}"/>`)
    t.match(readDiscoveryAnswer(bodyOf(xml)), { kind: 'unable', reasons, details: [{ type: 'E' }] })
  }
  const refused = answered({ kind: 'refused' }, [iheError('V3_VALUE', { at: '/x' })])
  t.match(readDiscoveryAnswer(bodyOf(refused)), { kind: 'unable', details: [{ locations: ['/x'] }] })
})

t.test('3.55.4.2: an answer without what a match must have is none', async (t) => {
  const xml = answered({ kind: 'found', patients: [found], keptForSeconds: 0 })
  for (const [from, to, code] of [
    [/<custodian.*<\/custodian>/, '', 'V3_ELEMENT_MISSING'],
    [/<queryMatchObservation.*<\/queryMatchObservation>/, '', 'V3_ELEMENT_MISSING'],
    ['<id root="2.25.100.9" extension="P-1" assigningAuthorityName="CARE"/>', '', 'V3_ELEMENT_MISSING'],
    ['<id root="2.25.100.9" extension="P-1" ', '<id nullFlavor="NA" ', 'V3_DATA_TYPE'],
    ['<patient classCode="PAT">', '<patient classCode="PAT"><id root="2.25.100.9" extension="P-2"/>', 'V3_TOO_MANY'],
    [/<queryAck>.*<\/queryAck>/, '', 'V3_ELEMENT_MISSING'],
  ] as const)
    t.match(
      refusalOf(() => readDiscoveryAnswer(bodyOf(xml.replace(from, to)))),
      { row: { code } },
      String(from),
    )
})

t.test('3.55.4.2.2: a sex in other codes than ours takes nothing from the rest of the answer', async (t) => {
  const xml = answered({ kind: 'found', patients: [found, { ...found, home: ASKER }], keptForSeconds: 0 })
  const ours = /<administrativeGenderCode code="F" codeSystem="[^"]*"\/>/
  t.match(xml, ours)
  const sexes = (written: string) => {
    const reply = readDiscoveryAnswer(bodyOf(xml.replace(ours, written)))
    return reply.kind === 'found' ? reply.patients.map(({ demographics }) => demographics.sex) : reply.kind
  }
  const coded = (code: string, system: string) => `<administrativeGenderCode code="${code}" codeSystem="${system}"/>`
  t.same(sexes(coded('M', '2.16.840.1.113883.12.1')), ['M', 'F'], 'HL7 table 0001: somebody else is still seen')
  t.same(sexes(coded('U', '2.16.840.1.113883.12.1')), [undefined, 'F'])
  t.same(sexes(coded('2', '1.2.392.100495.999')), [undefined, 'F'])
  t.same(sexes('<administrativeGenderCode nullFlavor="UNK"/>'), [undefined, 'F'])
})

t.test('3.55.4.2.2: of a date of birth that is not whole counts what is one', async (t) => {
  const xml = answered({ kind: 'found', patients: [found], keptForSeconds: 0 })
  const born = (written: string) => {
    const reply = readDiscoveryAnswer(bodyOf(xml.replace(/<birthTime [^>]*>/, `<birthTime value="${written}"/>`)))
    return reply.kind === 'found' ? reply.patients[0]?.demographics.birthTime : reply.kind
  }
  for (const [written, counts] of [
    ['19620417', '19620417'],
    ['19620417093000+0900', '19620417093000'],
    ['19620400', '196204'],
    ['19620000', '1962'],
    ['昭和37年', undefined],
  ] as const)
    t.equal(born(written), counts, written)
})

t.test('3.55.4.1.3: a deferred request that is not taken is acknowledged with AE', async (t) => {
  const xml = writeDeferredRefusal(bodyOf(REQUEST), iheError('V3_PROCESSING_MODE'))
  t.equal(schemaErrors(xml, 'MCCI_IN000002UV01'), '')
  t.match(xml, '<typeCode code="AE"/>')
  t.match(readAcknowledgement(bodyOf(xml)), {
    code: 'CE',
    target: request.transmission.id,
    details: [{ type: 'E', code: 'NS250' }],
  })
})

t.test('3.55.4.1.2.3: the life of a correlation is a duration in a header', async (t) => {
  const header = (value: string) =>
    bodyOf(`<h xmlns="urn:ihe:iti:xcpd:2009"><CorrelationTimeToLive>${value}</CorrelationTimeToLive></h>`)
  const read = (value: string) =>
    readCorrelationLife(header(value).children.filter((child) => typeof child !== 'string'))
  const DAY = 86_400_000
  t.equal(read(' P0Y0M7D '), 7 * DAY)
  t.equal(read('P1Y2M'), (365 + 56) * DAY)
  t.equal(read('P1DT2H3M4.5S'), DAY + (2 * 3600 + 3 * 60 + 4.5) * 1000)
  t.equal(readCorrelationLife([]), undefined)
  for (const wrong of ['', 'P', 'P1DT', '-P1D', '7', 'P7'])
    t.match(
      refusalOf(() => read(wrong)),
      { row: { code: 'V3_DATA_TYPE' } },
      wrong,
    )
  for (const seconds of [0, 59, 86_400, 7 * 86_400 + 3723])
    t.equal(readCorrelationLife([bodyOf(writeCorrelationLife(seconds))]), seconds * 1000)
  t.equal(CORRELATION_LIFE, '{urn:ihe:iti:xcpd:2009}CorrelationTimeToLive')
})
