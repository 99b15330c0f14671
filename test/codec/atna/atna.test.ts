// Audit messages as XML, both ways (DICOM PS3.15 A.5.1; ITI TF-2 3.20.4.1).

import t, { type Test } from 'tap'
import { readAuditMessage } from '../../../src/codec/atna/read.ts'
import { writeAuditMessage } from '../../../src/codec/atna/write.ts'
import type { AuditMessage } from '../../../src/model/audit-message.ts'
import { IheError } from '../../../src/model/error.ts'

const CODE = { code: '110112', system: 'DCM', text: 'Query' }

const MESSAGE: AuditMessage = {
  uuid: '0192f0c1-0000-7000-8000-000000000001',
  eventId: CODE,
  action: 'E',
  at: new Date('2026-11-21T00:15:02.123Z'),
  outcome: 8,
  eventTypes: [{ code: 'ITI-18', system: 'IHE Transactions', text: 'Registry "Stored" Query' }],
  outcomeDescription: 'STORED_QUERY_MISSING_PARAM',
  purposesOfUse: [{ code: 'TREAT', system: '2.16.840.1.113883.1.11.20448', text: '治療' }],
  participants: [
    {
      userId: 'つなぎ<a@b>&"c"',
      alternativeUserId: '4711',
      userName: 'x\ny',
      isRequestor: true,
      networkAccessPoint: { id: '10.1.2.3', type: 'address' },
      roles: [CODE],
    },
    { userId: 'gw', isRequestor: false, networkAccessPoint: { id: 'gw.example.jp', type: 'name' }, roles: [] },
  ],
  source: { enterpriseSiteId: '2.25.1', sourceId: 'gw1', types: [{ code: '4', system: 'DCM', text: 'Server' }] },
  objects: [
    { id: '1001^^^&2.25.10&ISO', typeCode: 1, typeCodeRole: 1, idType: CODE, details: [{ type: 'II', value: '患者' }] },
    {
      id: 'q',
      typeCode: 2,
      typeCodeRole: 24,
      lifeCycle: 15,
      sensitivity: 'R',
      idType: CODE,
      query: '<a>&é</a>',
      details: [],
    },
    { id: 'log', typeCode: 2, idType: CODE, name: 'Security Audit Log', details: [] },
    {
      id: '0192f0c1-0000-7000-8000-000000000001',
      typeCode: 4,
      typeCodeRole: 26,
      idType: { code: 'XrequestId', system: 'IHE BALP', text: 'X-Request-Id' },
      details: [],
    },
  ],
}

t.test('what was written is read as it was, on one line (PS3.15 A.5.1)', async (t) => {
  const xml = writeAuditMessage(MESSAGE)
  t.notMatch(xml, /[\r\n]/)
  t.same(readAuditMessage(xml), MESSAGE)
  t.same(readAuditMessage(Buffer.from(`\ufeff${xml}`)), MESSAGE, 'a byte order mark is no harm (RFC 5424, 6.4)')
})

const VALID = writeAuditMessage(MESSAGE)

function refused(t: Test, xml: string, expected: { readonly at: string; readonly rule?: RegExp }): void {
  try {
    readAuditMessage(xml)
    t.fail(`taken: ${xml.slice(0, 200)}`)
  } catch (error) {
    t.ok(error instanceof IheError)
    const { row, at, rule } = error as IheError
    t.same({ code: row.code, at }, { code: 'BODY_INVALID', at: expected.at })
    if (expected.rule !== undefined) t.match(rule, expected.rule)
  }
}

t.test('what the schema requires is missed by name (PS3.15 A.5.1)', async (t) => {
  const cases: readonly (readonly [string | RegExp, string, string])[] = [
    [/AuditMessage/g, 'Message', '/'],
    ['<AuditMessage>', '<AuditMessage xmlns="urn:x">', '/'],
    [' EventActionCode="E"', '', 'EventIdentification/@EventActionCode'],
    ['EventActionCode="E"', 'EventActionCode="X"', 'EventIdentification/@EventActionCode'],
    ['EventOutcomeIndicator="8"', 'EventOutcomeIndicator="1"', 'EventIdentification/@EventOutcomeIndicator'],
    ['2026-11-21T00:15:02.123Z', 'yesterday', 'EventIdentification/@EventDateTime'],
    ['2026-11-21T00:15:02.123Z', '2026-13-21T00:15:02Z', 'EventIdentification/@EventDateTime'],
    [/<EventID [^>]*>/, '', 'EventIdentification/EventID'],
    [/(<EventID [^>]*>)/, '$1$1', 'EventIdentification/EventID'],
    [/(<EventID [^>]*>)(<EventTypeCode [^>]*>)/, '$2$1', 'EventIdentification/EventID'],
    [' codeSystemName="IHE Transactions"', '', 'EventIdentification/EventTypeCode/@codeSystemName'],
    ['csd-code="ITI-18"', '', 'EventIdentification/EventTypeCode/@csd-code'],
    [/<ActiveParticipant .*<\/ActiveParticipant><ActiveParticipant [^>]*\/>/, '', 'AuditMessage/ActiveParticipant'],
    ['UserID="gw" ', '', 'ActiveParticipant[2]/@UserID'],
    ['UserIsRequestor="false"', 'UserIsRequestor="no"', 'ActiveParticipant[2]/@UserIsRequestor'],
    [' AuditSourceID="gw1"', '', 'AuditSourceIdentification/@AuditSourceID'],
    [/<AuditSourceIdentification.*<\/AuditSourceIdentification>/, '', 'AuditMessage/AuditSourceIdentification'],
    [
      'ParticipantObjectTypeCode="1"',
      'ParticipantObjectTypeCode="9"',
      'ParticipantObjectIdentification[1]/@ParticipantObjectTypeCode',
    ],
    [
      'DataLifeCycle="15"',
      'DataLifeCycle="gone"',
      'ParticipantObjectIdentification[2]/@ParticipantObjectDataLifeCycle',
    ],
    [/<ParticipantObjectIDTypeCode [^>]*>/, '', 'ParticipantObjectIdentification[1]/ParticipantObjectIDTypeCode'],
    [
      '<ParticipantObjectName>',
      '<ParticipantObjectQuery/><ParticipantObjectName>',
      'ParticipantObjectIdentification[3]/ParticipantObjectName',
    ],
    [
      '<ParticipantObjectName>',
      '<ParticipantObjectName/><ParticipantObjectName>',
      'ParticipantObjectIdentification[3]/ParticipantObjectName',
    ],
    ['</AuditMessage>', '<Extra/></AuditMessage>', 'AuditMessage/Extra'],
  ]
  for (const [before, after, at] of cases) {
    const xml = VALID.replace(before, after)
    t.not(xml, VALID, `${before}`)
    refused(t, xml, { at })
  }
})

t.test(
  'former schemas are read: code for csd-code, a source type as text, codes without system (RFC 3881, 5.1)',
  async (t) => {
    const xml = VALID.replaceAll(
      'csd-code="110112" codeSystemName="DCM" originalText="Query"',
      'code="110112" displayName="Query"',
    )
      .replace(
        /<AuditSourceTypeCode [^>]*>/,
        '<AuditSourceTypeCode code="4"/><AuditSourceTypeCode>4</AuditSourceTypeCode>',
      )
      .replace('2026-11-21T00:15:02.123Z', '2026-11-21T09:15:02.123+09:00')
    const read = readAuditMessage(xml)
    t.same(read.eventId, { code: '110112', system: '', text: 'Query' })
    t.same(
      read.source.types.map(({ code }) => code),
      ['4', '4'],
    )
    t.same(read.at, MESSAGE.at)
  },
)

t.test('what is no base64 where the schema has it stays as it came (PS3.15 A.5.1)', async (t) => {
  const xml = VALID.replace(/(type="II" value=")[^"]*/, '$1not base64!').replace(
    /<ParticipantObjectQuery>[^<]*/,
    '<ParticipantObjectQuery>//79',
  )
  const [patient, query] = readAuditMessage(xml).objects
  t.equal(patient?.details[0]?.value, 'not base64!')
  t.equal(query?.query, '//79', 'bytes that are no UTF-8')
})

t.test(
  'a record without correlation has no UUID, and another type of object is none (ITI TF-2 3.20.4.1)',
  async (t) => {
    t.equal(readAuditMessage(VALID.replace('"26"', '"20"')).uuid, undefined)
    t.equal(readAuditMessage(VALID.replace('XrequestId', 'other')).uuid, undefined)
  },
)
