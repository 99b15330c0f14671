// Patient demographics query in HL7 v3: what is asked is read, what is answered passes the schema and is read back (ITI TF-2 3.47.4).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { readAcknowledgement } from '../../../src/codec/hl7v3/read-acknowledgement.ts'
import {
  readDemographicsCancellation,
  readDemographicsContinuation,
  readDemographicsQuery,
} from '../../../src/codec/hl7v3/read-demographics-query.ts'
import { readDemographicsResponse } from '../../../src/codec/hl7v3/read-demographics-response.ts'
import {
  type OutgoingDemographicsQuery,
  writeDemographicsCancellation,
  writeDemographicsContinuation,
  writeDemographicsQuery,
} from '../../../src/codec/hl7v3/write-demographics-query.ts'
import {
  writeCancelAcknowledgement,
  writeDemographicsRefusal,
  writeDemographicsResponse,
} from '../../../src/codec/hl7v3/write-demographics-response.ts'
import type { IheError } from '../../../src/model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../../../src/model/evidence.ts'
import type { PdqAnswer, PdqPatient } from '../../../src/model/pdq.ts'
import { AFFINITY, DOMAIN_A, DOMAIN_B, HANA, idIn, oid, SECOND_A } from '../../identity/in-memory.ts'
import { growthOf, LINEAR_AT_MOST } from '../../processor-time.ts'
import { bodyOf, refusalOf, schemaErrors } from './messages.ts'

const parties = {
  sender: { id: oid('2.25.400.1') },
  receiver: { id: oid('2.25.400.2') },
  queryId: { root: '2.25.500', extension: 'q1' },
}
const sent: OutgoingDemographicsQuery = {
  ...parties,
  names: [
    { family: '水沢', given: '葉名', matching: 'exact' },
    { family: 'ミズ', matching: 'inexact' },
  ],
  sex: 'F',
  birth: { kind: 'range', low: '19620401', high: '1963' },
  postalCode: '999-0001',
  address: '見本市',
  telecom: 'tel:+81-99-000-0001',
  mother: { family: '架空', matching: 'exact' },
  ids: [idIn(DOMAIN_A, 'A 1')],
  domains: [DOMAIN_B, AFFINITY],
  initialQuantity: 3,
  minimumScore: 70,
}
const QUERY = writeDemographicsQuery(sent)
const query = readDemographicsQuery(bodyOf(QUERY))
const at = (name: string): string => `/PRPA_IN201305UV02/controlActProcess/queryByParameter/parameterList/${name}/value`

t.test('3.47.4.1.2: every parameter is read with its place', async (t) => {
  t.equal(schemaErrors(QUERY, 'PRPA_IN201305UV02'), '')
  t.match(query, {
    key: 'ITI-47 2.25.500^q1',
    keyAt: '/PRPA_IN201305UV02/controlActProcess/queryByParameter/queryId',
    names: [
      { family: '水沢', given: '葉名', matching: 'exact', at: at('livingSubjectName[1]') },
      { family: 'ミズ', given: undefined, matching: 'inexact', at: at('livingSubjectName[2]') },
    ],
    sex: 'F',
    birth: { kind: 'range', low: '19620401', high: '1963', at: at('livingSubjectBirthTime[1]') },
    address: { postalCode: '999-0001', parts: ['見本市'] },
    telecom: { value: 'tel:+81-99-000-0001' },
    mother: { family: '架空' },
    ids: [{ authority: DOMAIN_A, value: 'A 1', at: at('livingSubjectId[1]') }],
    domains: [
      { domain: DOMAIN_B, at: at('otherIDsScopingOrganization[1]') },
      { domain: AFFINITY, at: at('otherIDsScopingOrganization[2]') },
    ],
    initialQuantity: 3,
    minimumScore: 70,
    withoutWantedIds: 'kept',
  })
})

t.test('3.47.4.1.2: dates, bare text, asterisks and null values', async (t) => {
  const asked = (from: RegExp, to: string) => readDemographicsQuery(bodyOf(QUERY.replace(from, to)))
  const birth = (value: string) => asked(/<value><low.*?<\/value>/, value).birth
  t.match(birth('<value value="196204171230"/>'), { kind: 'date', date: '19620417' })
  t.match(birth('<value><high value="1963"/></value>'), { kind: 'range', high: '1963' })
  t.equal(birth('<value nullFlavor="UNK"/>'), undefined)
  const name = (value: string) => asked(/<family>水沢<\/family><given>葉名<\/given>/, value).names[0]
  t.match(name('水沢　葉名'), { family: '水沢', given: '葉名', matching: 'exact' })
  t.match(name('<given>葉*</given><family>水＊</family>'), { family: '水', given: '葉', matching: 'inexact' })
  t.match(
    asked(/<streetAddressLine>.*?<\/streetAddressLine>/, '<city>見本市</city><state>架空県</state>').address?.parts,
    ['架空県', '見本市'],
  )
  t.match(asked(/ extension="A 1"/, '').ids, [{ authority: DOMAIN_A, value: undefined }])
})

t.test('3.47.4.1.2: a name made to be slow is read in linear time', async (t) => {
  const NAME = '<family>水沢</family><given>葉名</given>'
  for (const [name, unit] of [
    ['<family>UNITx</family>', '*'],
    ['a bUNITx', ' '],
  ] as const) {
    const parsed = (size: number) => bodyOf(QUERY.replace(NAME, () => name.replace('UNIT', unit.repeat(size))))
    const growth = await growthOf(parsed, readDemographicsQuery, 12_500)
    t.ok(growth < LINEAR_AT_MOST, `${name}: ${growth}`)
  }
})

t.test('3.47.4.1.2: a query id beyond all use is refused with its place', async (t) => {
  for (const [from, to, place] of [
    ['root="2.25.500"', `root="r${'x'.repeat(200)}"`, '@root'],
    ['extension="q1"', `extension="${'x'.repeat(300)}"`, '@extension'],
  ] as const)
    t.match(
      refusalOf(() => readDemographicsQuery(bodyOf(QUERY.replace(from, to)))),
      {
        row: { code: 'V3_DATA_TYPE' },
        at: `${query.keyAt}/${place}`,
      },
    )
})

t.test(
  '3.47.4.3, 3.47.4.4: continuation and cancellation are read back, the interaction id has no suffix',
  async (t) => {
    const answered = { root: '2.25.300', extension: 'answer' }
    const next = writeDemographicsContinuation({ ...parties, answered, quantity: 7 })
    t.equal(schemaErrors(next, 'QUQI_IN000003UV01'), '')
    t.match(readDemographicsContinuation(bodyOf(next)), { key: query.key, quantity: 7, start: undefined })
    const stop = writeDemographicsCancellation({ ...parties, answered })
    t.equal(schemaErrors(stop, 'QUQI_IN000003UV01'), '')
    t.match(stop, /^<QUQI_IN000003UV01_Cancel .*<interactionId [^>]*extension="QUQI_IN000003UV01"/)
    t.match(readDemographicsCancellation(bodyOf(stop)), { key: query.key })
    t.match(
      refusalOf(() => readDemographicsCancellation(bodyOf(stop.replace('aborted', 'new')))),
      {
        row: { code: 'V3_VALUE' },
        at: '/QUQI_IN000003UV01_Cancel/controlActProcess/queryContinuation/statusCode/@code',
      },
    )
  },
)

const known = (authority: typeof DOMAIN_A, value: string) => ({
  id: idIn(authority, value),
  authorityName: `院"${value}`,
})
const patient: PdqPatient = {
  ids: [known(DOMAIN_A, '1'), known(DOMAIN_B, 'B-1'), known(DOMAIN_B, 'B-2')],
  primary: [known(DOMAIN_A, '1')],
  missing: [SECOND_A],
  demographics: {
    ...HANA,
    deceased: false,
    multipleBirth: true,
    birthOrder: 2,
    mother: [{ representation: 'IDE', family: '架空', given: '' }],
  },
  score: 95,
}

function outcomeOf(answer: PdqAnswer, errors: readonly IheError[] = []): Outcome<PdqAnswer> {
  const result = errors.length === 0 ? 'success' : 'failure'
  return { answer, result, errors, evidence: NO_EVIDENCE, recorded: false }
}

const page = (patients: readonly PdqPatient[], total: number, remaining: number): Outcome<PdqAnswer> =>
  outcomeOf({ kind: 'page', patients, total, remaining, query: query.text })

t.test('3.47.4.2.2: a page passes the schema and is read back with ids, person and degree of match', async (t) => {
  const nameless: PdqPatient = { ...patient, demographics: { names: [], addresses: [], telecoms: [] }, score: 0 }
  const xml = writeDemographicsResponse(query, page([patient, nameless], 5, 3), { journalId: 'j' })
  t.equal(schemaErrors(xml, 'PRPA_IN201306UV02'), '')
  t.match(readDemographicsResponse(bodyOf(xml)), {
    kind: 'page',
    patients: [
      { ids: patient.ids, demographics: patient.demographics, score: 95 },
      { ids: patient.ids, score: 0 },
    ],
    total: 5,
    remaining: 3,
  })
  t.match(xml, `</queryAck>${query.text}</controlActProcess>`, 'the query is echoed after queryAck')
  t.match(xml, '<queryAck><queryId root="2.25.500" extension="q1"/><statusCode code="deliveredResponse"/>')
  t.match(xml, `<providerOrganization classCode="ORG" determinerCode="INSTANCE"><id root="${DOMAIN_A}"/>`)
  t.equal(xml.split('extension="1"').length, 3, 'an id stands in patient/id or in asOtherIDs, never in both')
  t.match(
    xml,
    `<id nullFlavor="NA"/><scopingOrganization classCode="ORG" determinerCode="INSTANCE"><id root="${SECOND_A}"/>`,
  )
  t.notMatch(xml, /birthPlace|subjectOf2|coveredPartyOf/)
})

t.test('3.47.4.2.3: nobody is NF with quantities of zero; unknown domains are AE, one detail each', async (t) => {
  const nobody = writeDemographicsResponse(query, page([], 0, 0), { journalId: 'j' })
  t.equal(schemaErrors(nobody, 'PRPA_IN201306UV02'), '')
  t.match(nobody, /<typeCode code="AA"\/>.*code="NF"\/><resultTotalQuantity value="0"\/>/)
  t.match(readDemographicsResponse(bodyOf(nobody)), { kind: 'page', patients: [], total: 0 })
  const errors = ['a', 'b'].map((place) => iheError('V3_UNKNOWN_KEY', { at: place, value: '2.25.1' }))
  const unknown = writeDemographicsResponse(query, outcomeOf({ kind: 'refused' }, errors), { journalId: 'j' })
  t.equal(schemaErrors(unknown, 'PRPA_IN201306UV02'), '')
  t.match(unknown, /<typeCode code="AE"\/>.*deliveredResponse.*<queryResponseCode code="AE"\/>.*<queryByParameter/)
  t.match(readDemographicsResponse(bodyOf(unknown)), {
    kind: 'refused',
    details: [{ code: '204', locations: ['a'], text: /journal j/ }, { locations: ['b'] }],
  })
})

t.test('3.47.4.2.3: a refusal answers whatever came; a query that breaks the schema is not echoed', async (t) => {
  const error = iheError('PDQ_TOO_WIDE', { at: 'x' })
  const refused = writeDemographicsRefusal(bodyOf(QUERY), error)
  t.equal(schemaErrors(refused, 'PRPA_IN201306UV02'), '')
  t.match(refused, /aborted.*<queryResponseCode code="QE"\/>.*<\/queryAck><queryByParameter/)
  const broken = QUERY.replace('<statusCode code="new"/>', '')
  for (const body of [
    broken,
    '<PRPA_IN201305UV02 xmlns="urn:hl7-org:v3"/>',
    '<QUQI_IN000003UV01 xmlns="urn:hl7-org:v3"/>',
  ]) {
    const xml = writeDemographicsRefusal(bodyOf(body), error)
    t.equal(schemaErrors(xml, 'PRPA_IN201306UV02'), '')
    t.notMatch(xml, '<queryByParameter')
  }
  const stop = readDemographicsCancellation(
    bodyOf(writeDemographicsCancellation({ ...parties, answered: { root: '2.25.1' } })),
  )
  for (const [kind, code] of [
    ['cancelled', 'CA'],
    ['refused', 'CE'],
  ] as const) {
    const outcome = { answer: { kind }, result: 'success', errors: [], evidence: NO_EVIDENCE, recorded: false } as const
    const xml = writeCancelAcknowledgement(stop, outcome, { journalId: 'j' })
    t.equal(schemaErrors(xml, 'MCCI_IN000002UV01'), '')
    t.equal(readAcknowledgement(bodyOf(xml)).code, code)
  }
})

t.test('3.47.4.2.2: an answer of another server without a degree of match is not believed', async (t) => {
  const xml = writeDemographicsResponse(query, page([patient], 1, 0), { journalId: 'j' })
  const without = xml.replace(/<subjectOf1.*<\/subjectOf1>/, '')
  t.equal(refusalOf(() => readDemographicsResponse(bodyOf(without))).row.code, 'V3_ELEMENT_MISSING')
  const real = xml.replace('xsi:type="INT"', 'xsi:type="REAL"')
  t.equal(refusalOf(() => readDemographicsResponse(bodyOf(real))).row.code, 'V3_DATA_TYPE')
  const many = xml.replace('value="95"', 'value="many"')
  t.equal(refusalOf(() => readDemographicsResponse(bodyOf(many))).row.code, 'V3_VALUE')
})
