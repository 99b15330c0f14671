// Writing of PIXv3 messages: what we send passes the HL7 v3 schemas and is read back the same (ITI TF-2 3.44, 3.45, Appendix O).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { readAcknowledgement } from '../../../src/codec/hl7v3/read-acknowledgement.ts'
import { readFeed, readMerge } from '../../../src/codec/hl7v3/read-feed.ts'
import { readQuery } from '../../../src/codec/hl7v3/read-query.ts'
import { readQueryResponse } from '../../../src/codec/hl7v3/read-query-response.ts'
import { writeAcknowledgement, writeFeedRefusal } from '../../../src/codec/hl7v3/write-acknowledgement.ts'
import { writeFeed } from '../../../src/codec/hl7v3/write-feed.ts'
import { writeQuery } from '../../../src/codec/hl7v3/write-query.ts'
import { writeQueryRefusal, writeQueryResponse } from '../../../src/codec/hl7v3/write-query-response.ts'
import { SOAP12, WSA } from '../../../src/codec/soap/constants.ts'
import { readEnvelope } from '../../../src/codec/soap/read.ts'
import { acknowledgementDetail } from '../../../src/model/hl7v3.ts'
import type { PixAnswer } from '../../../src/model/pix.ts'
import { HANA, idIn, oid } from '../../identity/in-memory.ts'
import { ADD, bodyOf, QUERY, refusalOf, schemaErrors } from './messages.ts'

const unknownError = iheError('V3_UNKNOWN_KEY', { at: '/a/b[1]', value: '1<2' })
const unknownKey = acknowledgementDetail(unknownError)
const feed = readFeed(bodyOf(ADD))
const query = readQuery(bodyOf(QUERY))

t.test('3.44.4.1.3: acknowledgements swap the devices, echo the message id and pass the schema', async (t) => {
  for (const code of ['CA', 'CE', 'CR'] as const) {
    const details = code === 'CA' ? [] : [unknownKey]
    const xml = writeAcknowledgement(feed.transmission, { code, details })
    t.equal(schemaErrors(xml, 'MCCI_IN000002UV01'), '')
    t.strictSame(readAcknowledgement(bodyOf(xml)), { code, details, target: feed.transmission.id })
    t.match(xml, /<acceptAckCode code="NE"\/><receiver[^>]*><device[^>]*><id root="2\.25\.400\.1"\/>/)
    t.match(xml, /<sender[^>]*><device[^>]*><id root="2\.25\.400\.2"\/>/)
  }
})

t.test('3.44.4.1.3: a refusal answers even a request of which little can be read', async (t) => {
  const error = iheError('V3_PROCESSING_MODE', { at: '/PRPA_IN201301UV02/processingModeCode/@code' })
  for (const body of [bodyOf(ADD), bodyOf('<PRPA_IN201301UV02 xmlns="urn:hl7-org:v3"/>')]) {
    const xml = writeFeedRefusal(body, error)
    t.equal(schemaErrors(xml, 'MCCI_IN000002UV01'), '')
    t.match(readAcknowledgement(bodyOf(xml)), {
      code: 'CR',
      details: [{ type: 'E', code: 'NS250', locations: [error.at] }],
    })
  }
})

const ids = [
  { id: idIn(oid('2.25.100.2'), 'B"7'), authorityName: 'クリニックB' },
  { id: idIn(oid('2.25.100.2'), 'B-8'), authorityName: 'クリニックB' },
]
const answers: readonly (readonly [string, PixAnswer, string])[] = [
  ['cases 1, 2 and 6: found', { kind: 'found', ids }, 'OK'],
  ['case 3: nothing in the wanted domains', { kind: 'nothing' }, 'NF'],
  ['cases 4 and 5: unknown key', { kind: 'unknown', errors: [unknownError, unknownError] }, 'AE'],
]
for (const [name, answer, response] of answers) {
  t.test(`3.45.4.2.3 ${name}`, async (t) => {
    const xml = writeQueryResponse(query, answer)
    t.equal(schemaErrors(xml, 'PRPA_IN201310UV02'), '')
    t.match(xml, `<typeCode code="${answer.kind === 'unknown' ? 'AE' : 'AA'}"/>`)
    t.match(xml, `<queryResponseCode code="${response}"/>`)
    t.match(xml, `</queryAck>${query.asked.text}</controlActProcess>`, 'the query is echoed after queryAck')
    const read = answer.kind === 'unknown' ? { kind: 'unknown', details: [unknownKey, unknownKey] } : answer
    t.strictSame(readQueryResponse(bodyOf(xml)), read)
  })
}

t.test(
  '3.45.4.2.3: a broken query is a query error, a refused one an application error; both echo the query',
  async (t) => {
    for (const [code, response] of [
      ['V3_TOO_MANY', 'QE'],
      ['ROLE_MISSING', 'AE'],
    ] as const) {
      const xml = writeQueryRefusal(bodyOf(QUERY), iheError(code))
      t.equal(schemaErrors(xml, 'PRPA_IN201310UV02'), '')
      t.match(
        xml,
        new RegExp(`<statusCode code="aborted"/><queryResponseCode code="${response}"/></queryAck><queryByParameter`),
      )
    }
    const bare = writeQueryRefusal(
      bodyOf('<PRPA_IN201309UV02 xmlns="urn:hl7-org:v3"/>'),
      iheError('V3_ELEMENT_MISSING'),
    )
    t.equal(schemaErrors(bare, 'PRPA_IN201310UV02'), '')
  },
)

t.test('3.45.4.2.3: a query that breaks the schema is not echoed, its id is told', async (t) => {
  const broken = QUERY.replace('<responsePriorityCode code="I"/>', '').replace(
    '</parameterList>',
    '</parameterList><responsePriorityCode code="I"/>',
  )
  t.not(broken, QUERY)
  const xml = writeQueryRefusal(bodyOf(broken), iheError('V3_STRUCTURE'))
  t.equal(schemaErrors(xml, 'PRPA_IN201310UV02'), '')
  t.match(xml, /<queryAck><queryId root="[^"]+".*<queryResponseCode code="QE"\/><\/queryAck><\/controlActProcess>/)
})

t.test(
  '3.45.4.2.3, 3.44.4.1.3: an id that breaks the schema is not told: the answer would break it as well',
  async (t) => {
    for (const id of ['root="1..2"', 'root="2.25.1" extension=""', 'root="" extension="a"']) {
      const queryId = QUERY.replace(/<queryId [^>]*>/, `<queryId ${id}/>`)
      const messageId = QUERY.replace(/<id root="[^>]*>/, `<id ${id}/>`)
      for (const broken of [queryId, messageId]) {
        t.not(broken, QUERY)
        const xml = writeQueryRefusal(bodyOf(broken), iheError('V3_DATA_TYPE'))
        t.equal(schemaErrors(xml, 'PRPA_IN201310UV02'), '', id)
        t.match(xml, /<(?:queryId|id) nullFlavor="NI"\/>/)
        t.notMatch(xml, id)
      }
      t.notMatch(writeFeedRefusal(bodyOf(messageId), iheError('V3_DATA_TYPE')), id)
    }
  },
)

t.test('3.45.4.2.2: the echo keeps prefixes that its values need', async (t) => {
  const typed = QUERY.replace('<PRPA', '<PRPA')
    .replace(
      'xmlns="urn:hl7-org:v3"',
      'xmlns="urn:hl7-org:v3" xmlns:h="urn:hl7-org:v3" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"',
    )
    .replace('<value root="2.25.100.1"', '<value x:type="h:II" root="2.25.100.1"')
  const xml = writeQueryResponse(readQuery(bodyOf(typed)), { kind: 'nothing' })
  t.equal(schemaErrors(xml, 'PRPA_IN201310UV02'), '')
  const refused = writeQueryRefusal(bodyOf(typed), iheError('BUSY'))
  t.match(
    refused,
    /<queryByParameter[^>]* xmlns:h="urn:hl7-org:v3".*:type="h:II"/,
    'a query that is refused is echoed too',
  )
  t.equal(schemaErrors(refused, 'PRPA_IN201310UV02'), '')
})

t.test('3.45.4.2.2: … also those that the envelope declares, as many stacks do', async (t) => {
  const around = `xmlns:s="${SOAP12}" xmlns:a="${WSA}" xmlns:h="urn:hl7-org:v3" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"`
  const typed = QUERY.replace('<value root="2.25.100.1"', '<value x:type="h:II" root="2.25.100.1"')
  const envelope = `<s:Envelope ${around}><s:Header><a:Action>urn:x</a:Action></s:Header><s:Body>${typed}</s:Body></s:Envelope>`
  const { body } = readEnvelope(bodyOf(envelope))
  const echo = /<queryByParameter[^>]* xmlns:h="urn:hl7-org:v3".*:type="h:II"/
  for (const xml of [
    writeQueryResponse(readQuery(body), { kind: 'nothing' }),
    writeQueryRefusal(body, iheError('BUSY')),
  ]) {
    t.match(xml, echo)
    t.equal(schemaErrors(xml, 'PRPA_IN201310UV02'), '')
  }
})

t.test('a peer that answers with the other family of codes is understood', async (t) => {
  const xml = writeAcknowledgement(feed.transmission, { code: 'CE', details: [] }).replace('"CE"', '"AE"')
  t.equal(readAcknowledgement(bodyOf(xml)).code, 'CE')
  t.match(
    refusalOf(() => readAcknowledgement(bodyOf(xml.replace('"AE"', '"OK"')))),
    { row: { code: 'V3_VALUE' } },
  )
  t.match(
    refusalOf(() => readAcknowledgement(bodyOf(ADD))),
    { row: { code: 'V3_ELEMENT_MISSING' } },
  )
  t.match(
    refusalOf(() => readQueryResponse(bodyOf(xml))),
    { row: { code: 'V3_ELEMENT_MISSING' } },
  )
})

t.test('3.44.4.1.2, 3.45.4.1.2: our own requests pass the schema and our own reader', async (t) => {
  const devices = {
    sender: { id: oid('2.25.400.1'), organization: oid('2.25.200.1') },
    receiver: { id: oid('2.25.400.2') },
  }
  const patientIds = [idIn(oid('2.25.100.1'), '0042')]
  const otherIds = [idIn(oid('2.25.100.2'), 'B-7')]
  for (const kind of ['add', 'revise'] as const) {
    const written = writeFeed({ kind, ...devices, patientIds, otherIds, demographics: HANA, providerName: 'A <病院>' })
    t.equal(schemaErrors(written, kind === 'add' ? 'PRPA_IN201301UV02' : 'PRPA_IN201302UV02'), '')
    t.match(readFeed(bodyOf(written)), { kind, demographics: HANA, warnings: { length: 0 } })
  }
  const unnamed = { names: [], addresses: [], telecoms: [] }
  const bare = writeFeed({
    kind: 'add',
    ...devices,
    patientIds,
    otherIds: [],
    demographics: unnamed,
    providerName: 'A',
  })
  t.strictSame(readFeed(bodyOf(bare)).demographics, unnamed)
  const asked = writeQuery({
    ...devices,
    queryId: { root: '2.25.9' },
    patientId: idIn(oid('2.25.1'), '1'),
    dataSources: [oid('2.25.2')],
  })
  t.equal(schemaErrors(asked, 'PRPA_IN201309UV02'), '')
  t.match(readQuery(bodyOf(asked)), { patient: { value: '1' }, domains: { length: 1 } })
})

t.test('3.44.4.3.2: a merge we send passes the schema and is read back the same', async (t) => {
  const [survivor, subsumed] = [idIn(oid('2.25.100.1'), '1'), idIn(oid('2.25.100.1'), '2"<')]
  const xml = writeFeed({
    kind: 'merge',
    sender: { id: oid('2.25.400.1') },
    receiver: { id: oid('2.25.400.2') },
    patientIds: [survivor],
    subsumed,
    otherIds: [],
    demographics: HANA,
    providerName: '架空病院',
  })
  t.equal(schemaErrors(xml, 'PRPA_IN201304UV02'), '')
  t.match(readMerge(bodyOf(xml)), { survivors: [{ id: survivor }], subsumed: { id: subsumed } })
})
