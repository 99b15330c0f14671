// Data types of metadata values, each with what passes and what does not (ITI TF-3 Table 4.2.3.1.7-2).

import t from 'tap'
import type { AttributeType } from '../../profiles/metadata/attributes.ts'
import { repeatedPatientFields, typeRules } from '../../profiles/metadata/types.ts'
import { growthOf, LINEAR_AT_MOST } from '../processor-time.ts'

const HD = '&2.25.900.5&ISO'
const LONG = `2.25.${'1'.repeat(60)}`

const cases: Readonly<Record<Exclude<AttributeType, 'String' | 'Code'>, readonly [good: string[], bad: string[]]>> = {
  Availability: [
    ['urn:ihe:iti:2010:DocumentAvailability:Online', 'urn:ihe:iti:2010:DocumentAvailability:Offline'],
    ['Online', ''],
  ],
  CodedString: [
    ['担当医', 'Attending', `DOC^^^${HD}`],
    ['', 'DOC^担当医', `^^^${HD}`, `DOC^x^^${HD}`, `DOC^^^${HD}^x`, 'DOC^^^2.25.900.5', '\\H\\DOC\\N\\'],
  ],
  CX: [
    [`L1^^^${HD}`, `\\T\\1^^^${HD}`, `0^^^${HD}`],
    ['L1', `^^^${HD}`, `L1^2^^${HD}`, `L1^^^${HD}^PI`, 'L1^^^X&2.25.1&ISO', 'L1^^^&2.25.1&DNS', `L1^^^&${LONG}&ISO`],
  ],
  CXi: [
    [
      `A1^^^${HD}^urn:ihe:iti:xds:2013:accession`,
      'A1^^^^urn:ihe:iti:xds:2013:uniqueId',
      'A1^^^HOSPITAL^urn:ihe:iti:xds:2013:order',
      'urn:oid:2.25.1^^^^urn:ihe:iti:xdw:2013:workflowInstanceId',
      '1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID',
      `A1^^^${HD}^local-type`,
    ],
    [
      'A1',
      `A1^^^${HD}`,
      `^^^${HD}^urn:ihe:iti:xds:2013:accession`,
      `A1^x^^${HD}^urn:ihe:iti:xds:2013:accession`,
      `A1^^^${HD}^urn:ihe:iti:xds:2013:accession^x`,
      'A1^^^&x&ISO^urn:ihe:iti:xds:2013:accession',
      `1.2.3^^^${HD}^urn:ihe:iti:xds:2016:studyInstanceUID`,
      `w^^^${HD}^urn:ihe:iti:xdw:2013:workflowInstanceId`,
    ],
  ],
  DTM: [
    ['2026', '202602', '20260228', '2026022823', '202602282359', '20260228235959', '20240229', '00010101'],
    ['', '026', '20261', '0000', '202613', '20260230', '20260229', '2026022824', '202602282360', '20260228235960'],
  ],
  HomeCommunityId: [['urn:oid:2.25.1'], ['2.25.1', 'urn:oid:', 'urn:oid:2.25.01', `urn:oid:${LONG}`, 'urn:OID:2.25.1']],
  Identifier: [
    ['2.25.1', '2.25.1^x', 'urn:uuid:aaaaaaaa-0000-4000-8000-000000000001', 'x'.repeat(256)],
    ['', 'x'.repeat(257), '2.25.1 ', ' 2.25.1', '\n', '2.25.1\t'],
  ],
  LanguageTag: [
    [
      'ja',
      'ja-JP',
      'en-us',
      'zh-Hant-TW',
      'sl-rozaj',
      'de-CH-1996',
      'es-419',
      'zh-yue-HK',
      'ja-JP-u-ca-japanese',
      'x-in',
    ],
    ['', 'j', 'ja_JP', '日本語', 'ja-', 'ja-JP-JP', 'ja-u', 'abcdefghi', 'ja--JP'],
  ],
  MediaType: [
    ['text/xml', 'application/pdf', 'x-application/hl7-v2+er7', 'text/plain; charset=UTF-8', 'a/b;c="d e"'],
    ['', 'text', 'text/', '/xml', 'text/xml;', 'text/ xml', 'text/xml\r\nX: y', 'a/b/c'],
  ],
  NonNegativeInteger: [
    ['0', '42', '007'],
    ['', '-1', '+1', '1.0', '1e3', '１', '9'.repeat(16)],
  ],
  OID: [
    ['2.25.1', '1.2.0.3', `2.25.${'1'.repeat(59)}`],
    ['', '2', '3.1', '2.25.01', '2.25.', 'urn:oid:2.25.1', LONG],
  ],
  Recipient: [
    ['見本病院', '見本病院|D1^見本^医師', '|^見本', '||^^PH^^^3^0000-0000', '見本病院||^^Internet^a@example.jp'],
    ['', '||', '|^^医師', '見本病院^x', '見本病院|^見本|電話', '見本病院|||'],
  ],
  Sha1: [
    ['da39a3ee5e6b4b0d3255bfef95601890afd80709', 'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709'],
    ['', 'da39', 'g'.repeat(40), 'a'.repeat(41)],
  ],
  SourceCX: [
    [`L1^^^${HD}`, '89765^^^&3.4.5&ISO'],
    ['L1', `L1^^^${HD}^PI`, 'L1^^^&x&ISO', `^^^${HD}`],
  ],
  SourcePatientInfo: [
    [
      'PID-3|L1^^^&2.25.1&ISO~L2^^^&2.25.2&ISO',
      'PID-5|見本^花子~ミホン^ハナコ',
      'PID-7|19560527',
      'PID-7|',
      'PID-11|x',
    ],
    [
      '',
      'PID-3',
      '見本^花子',
      'PID-0|x',
      'PID-3|L1',
      'PID-3|L1^^^&2.25.1&ISO~L2',
      'PID-8|M~F',
      'PID-5|\\H\\x'.concat('\\N\\'),
    ],
  ],
  XCN: [
    ['D1', '^見本', `D1^見本^医師^^^Dr^MD^^${HD}`, '^Sato^Hanako^^^', `D1^^^^^^^^${HD}^L`, 'D\\F\\1^見本\\T\\'],
    ['', '^^医師', '^^^', `D1^見本^^^^^^x^${HD}`, 'D1^見本^^^^^^^HOSPITAL', 'D1^\\H\\見本\\N\\', 'D1\\Z1\\'],
  ],
  XON: [
    [
      '見本病院',
      '見本病院^^^^^^^^^2.25.900.8',
      `見本病院^^^^^${HD}^^^^1312345678`,
      '見本病院^^^',
      `見本病院^^^^^${HD}`,
    ],
    [
      '',
      '^^^^^^^^^2.25.900.8',
      '見本病院^^^^^^^^^1312345678',
      '見本病院^L',
      '見本病院^^^^^X&2.25.1&ISO^^^^1',
      `見本病院^^^^^${HD}^x^^^1`,
      `見本病院^^^^^${HD}^^^^1^x`,
    ],
  ],
  XTN: [
    ['^^Internet^a@example.jp', '^NET^Internet^a@example.jp', '^^PH^^81^3^0000-0000', '^PRN^CP^^^^090-0000-0000^1'],
    [
      '',
      'a@example.jp',
      '^PRN^Internet^a@example.jp',
      '^NET^Internet',
      '03-0000-0000',
      '^^PH^^81^3',
      '^^XX^^^^0000',
      '^^Internet^a@example.jp^^^0000',
    ],
  ],
}

for (const [type, [good, bad]] of Object.entries(cases)) {
  t.test(`4.2.3.1.7: ${type}`, async (t) => {
    const rule = typeRules[type as AttributeType]
    for (const value of good) t.ok(rule.accepts(value), `${type} takes ${value}`)
    for (const value of bad) t.notOk(rule.accepts(value), `${type} refuses ${value}`)
    t.ok(rule.expected.length > 0)
  })
}

t.test('4.2.3.2.23: PID-7 and PID-8 stand once, other fields as often as they like', async (t) => {
  t.same(repeatedPatientFields(['PID-3|a', 'PID-3|b', 'PID-7|1956', 'PID-8|M']), [])
  t.same(repeatedPatientFields(['PID-7|1956', 'PID-8|M', 'PID-7|1957', 'PID-8|F']), ['7', '8'])
})

t.test('a value made to be slow is judged in linear time', async (t) => {
  const units = ['\\Z', 'ja-u-aa-', '^', 'a/b;c=', '~', 'PID-3|', '&']
  // What a pattern for the end of a value looks for, and then the value goes on.
  const ends = ['', 'x']
  for (const [unit, end] of units.flatMap((unit) => ends.map((end) => [unit, end] as const)))
    for (const [type, rule] of Object.entries(typeRules)) {
      const growth = await growthOf((size) => `${unit.repeat(size)}${end}`, rule.accepts, 12_500)
      t.ok(growth < LINEAR_AT_MOST, `${type} of ${unit}, ${end}: ${growth}`)
    }
})
