// Radiology, endoscopy, physiology orders and reports (HL7 v2.5 4.4.6, 4.4.12, 7.3.1; SS-MIX2).

import t from 'tap'
import { documentText } from '../../../src/console/plain.ts'
import type { Clinical } from '../../../src/model/clinical.ts'
import { viewOf } from '../../console/values.ts'
import { essence, fixture, lines, plain, refusal, tells } from './orders.ts'

const TIME = '||||||20260401093000'

t.test('OMG-01: parent and children are one document under the number of the parent', async (t) => {
  const { kind, documents, content } = fixture('omg-01')
  t.equal(kind, 'OMG-01')
  t.same(documents.map(essence), [
    {
      number: '000000000726100',
      careDate: '20260401',
      service: ['20260401003000', '20260401003000'],
      codes: ['1000000000000000', '10000002000102000000010000000000'],
      deletes: 'no',
      warnings: [],
    },
  ])
  tells(t, plain(content()), {
    type: 'imaging-order',
    discipline: 'radiology',
    procedures: [
      { control: 'NW', procedure: { text: 'Ｘ線単純撮影' } },
      { control: 'PA', observations: [{ item: { text: '体重' }, value: '52', unit: 'kg' }] },
      { control: 'CH', procedure: { text: '胸部.Ｘ線単純撮影.立位正面(P→A)' } },
    ],
    performed: [],
    studies: [],
  })
  t.equal(fixture('omg-01-cancelled').documents[0]?.deletes, 'whole', 'children go with their parent')
})

t.test('a child goes to the parent it names, else to the one before it', async (t) => {
  const obr = (number: string, parent = '') =>
    `OBR||${number}||1000000000000000^Ｘ線単純撮影^JJ1017${'|'.repeat(25)}${parent}`
  const groups = [
    [`ORC|NW|100|${TIME}`, 'TQ1|1||||||||R', obr('100')],
    [`ORC|NW|200|${TIME}`, 'TQ1|1||||||||R', obr('200')],
    ['ORC|CH|101||||||100|20260401093000', 'TQ1|1||||||||R', obr('101')],
    [`ORC|CH|201|${TIME}`, 'TQ1|1||||||||R', obr('201')],
    [`ORC|NW|102|${TIME}`, 'TQ1|1||||||||R', obr('102', '100')],
  ]
  const { documents, content } = lines('OMG^O19', ...groups.flat())
  t.same(
    documents.map(({ number, segments }) => [number?.received, segments.filter(({ name }) => name === 'ORC').length]),
    [
      ['100', 3],
      ['200', 2],
    ],
  )
  tells(t, plain(content('000000000000200')), {
    order: { number: '200' },
    procedures: [{ control: 'NW' }, { control: 'CH' }],
  })
  const first = lines('OMG^O19', ...groups.slice(1, 3).flat(), ...groups.slice(0, 1).flat())
  t.same(
    first.documents.map(({ number, segments }) => [number?.received, segments.length]),
    [
      ['200', 3],
      ['100', 6],
    ],
    'also to one behind it',
  )
  const alone = lines('OMG^O19', 'ORC|CH|101||||||100|20260401093000', 'TQ1|1||||||||R', obr('101'))
  t.equal(alone.documents[0]?.number?.received, '100', 'the parent is named, though it is not there')
})

t.test('a parent (PA) with two numbers is the new order (NW) that has one of them', async (t) => {
  const procedure = '1000000000000000^Ｘ線単純撮影^JJ1017'
  const { documents } = lines(
    'OMG^O19',
    `ORC|NW|100|${TIME}`,
    'TQ1|1||||||||R',
    `OBR||100||${procedure}`,
    `ORC|PA|109|${TIME}`,
    'TQ1|1||||||||R',
    `OBR||100||${procedure}`,
  )
  t.same(
    documents.map(({ number }) => number?.received),
    ['100'],
  )
})

t.test('times of an examination that lie a month off are not those of its service', async (t) => {
  const service = (begin: string) =>
    lines(
      'OMI^Z23',
      `ORC|NW|100|${TIME}`,
      'TQ1|1||||||||R',
      'OBR||100||11000000000^検査.上部^LENDO|||20260401',
      'ZE1|1|RS|11000000000^検査.上部^LENDO',
      `OBX|1|TS|TM-P1^開始時間^JSHR||${begin}||||||F`,
      'IPC|A||1.2.3||ES^^DCM',
    ).documents.map(essence)[0]?.service[0]
  t.equal(service('20260331230000'), '20260331140000')
  t.equal(service('20260301230000'), '20260331150000')
})

t.test('OMG-11: exposures, performer, study and accession number', async (t) => {
  const { kind, documents, content } = fixture('omg-11')
  t.equal(kind, 'OMG-11')
  tells(t, documents.map(essence), [
    { number: '000000000726100', careDate: '20260401', service: ['20260401015000', '20260401015500'], warnings: [] },
  ])
  t.same(documents[0]?.references, [
    '2.25.302612061938264412301221213334521^^^^urn:ihe:iti:xds:2016:studyInstanceUID',
    'A202604010001^^^^urn:ihe:iti:xds:2013:accession',
  ])
  tells(t, plain(content()), {
    type: 'imaging-performed',
    performed: [
      {
        act: { text: '胸部.Ｘ線単純撮影.立位正面(P→A)' },
        by: { id: 'T0001', name: '技師 健' },
        supplies: [],
        exposures: ['120 kV, 200 mA, 180 cm, 0.02 sec, 1回'],
      },
    ],
    studies: [{ accession: 'A202604010001', modality: 'CR' }],
  })
})

t.test('what is no UID is no study reference', async (t) => {
  const { documents } = lines(
    'OMI^O23',
    `ORC|NW|100|${TIME}||D1|||||01`,
    'TQ1|1||||||||R',
    'OBR||100||1000000000000000^Ｘ線単純撮影^JJ1017|||20260401',
    'IPC|A^1||なし||CR^^DCM',
  )
  t.same(documents[0]?.references, ['A^^^^urn:ihe:iti:xds:2013:accession'])
})

t.test('OMG-02, OMG-12: endoscopy by LENDO; the examination lasts from TM-P1 to TM-P2', async (t) => {
  const order = fixture('omg-02')
  t.equal(order.kind, 'OMG-02')
  tells(t, order.documents.map(essence), [{ service: ['20260402035210', '20260402035210'], codes: [], warnings: [] }])
  tells(t, plain(order.content()), {
    discipline: 'endoscopy',
    procedures: [{ observations: [{ item: { text: '臨床病名' }, value: '胃潰瘍の疑い' }] }],
  })
  const done = fixture('omg-12')
  t.equal(done.kind, 'OMG-12')
  tells(t, done.documents.map(essence), [
    { careDate: '20260402', service: ['20260402054500', '20260402060112'], warnings: [] },
  ])
  tells(t, plain(done.content()), {
    procedures: [{ observations: [{ value: '2026-04-02 14:45:12' }, { value: '2026-04-02 15:01:12' }] }],
    performed: [{ supplies: ['ジアゼパム錠５ｍｇ 1錠'] }],
    studies: [{ modality: 'ES' }],
  })
})

t.test('materials named before any act stay observations', async (t) => {
  const { content } = lines(
    'OMI^Z23',
    `ORC|NW|100|${TIME}`,
    'TQ1|1||||||||R',
    'OBR||100||11000000000^検査.上部^LENDO|||20260401',
    'OBX|1|ZRD|DE-02^薬品^JSHR||1^リドカイン^99X^2^mL||||||F',
    'IPC|A||1.2.3||ES^^DCM',
  )
  tells(t, plain(content()), { procedures: [{ observations: [{ value: 'リドカイン 2mL' }] }], performed: [] })
})

t.test('OMG-03: an electrocardiogram asked for', async (t) => {
  const { kind, documents } = fixture('omg-03')
  t.equal(kind, 'OMG-03')
  tells(t, documents.map(essence), [{ careDate: '20260402', codes: ['9A110'], typeCode: '11524-6', warnings: [] }])
})

t.test('what is asked for must be named; who asked is missed only', async (t) => {
  const order = (obr: string) => lines('OMG^O19', `ORC|NW|100|${TIME}`, 'TQ1|1', `OBR||100||${obr}`)
  t.equal(
    refusal(() => order('')),
    'HL7_FIELD_MISSING OBR[1]-4',
  )
  t.same(
    order('1000000000000000^Ｘ線単純撮影^JJ1017').documents[0]?.warnings.map(({ row, at }) => `${row.code} ${at}`),
    ['HL7_FIELD_EXPECTED ORC[1]-12', 'HL7_FIELD_EXPECTED TQ1[1]-9'],
  )
})

t.test('REPORT: its own number is the key, the number of its order a reference; LOINC gives the type', async (t) => {
  const { kind, documents, content } = fixture('report')
  t.equal(kind, 'REPORT')
  t.same(documents.map(essence), [
    {
      number: 'RAD-7001',
      careDate: '20260401',
      service: ['20260401015000', '20260401015000'],
      codes: [],
      deletes: 'no',
      warnings: [],
      typeCode: '18748-4',
    },
  ])
  t.equal(documents[0]?.orderNumber, '000000000726100')
  tells(t, plain(content()), {
    type: 'report',
    number: 'RAD-7001',
    order: { number: '000000000726100' },
    title: { text: '画像診断レポート' },
    text: [{ heading: '所見', text: '【所見】\n両肺野に明らかな異常陰影を認めない。\nCTR 45&#37\n【診断】\n異常なし' }],
    files: [],
  })
  t.equal(fixture('report-cancelled').documents[0]?.deletes, 'results')
})

t.test('REPORT: a paragraph that is withdrawn (table 0085) is said to be', async (t) => {
  const { documents, content } = lines(
    'ORU^R01',
    'ORC|SC|100',
    'OBR|1|100||11525-3^超音波レポート^LN|||202604010900||||||||||||||||||C',
    'OBX|1|TX|IMP^診断^L||右腎に腫瘍を認める||||||W',
    'OBX|2|TX|IMP^診断^L||左腎に嚢胞を認める||||||C',
  )
  t.equal(documents[0]?.deletes, 'no')
  t.same(tellsText(content()), [
    { heading: '診断', text: '右腎に腫瘍を認める', withdrawn: 'W' },
    { heading: '診断', text: '左腎に嚢胞を認める' },
  ])
  t.match(documentText(viewOf(content())), '■ 診断\n【誤報 posted wrongly】\n右腎に腫瘍を認める\n')
})

t.test(
  'REPORT: what was measured has its unit, and comments are read (HL7 v2.5 7.3.1: NTE after OBR and OBX)',
  async (t) => {
    const { content } = lines(
      'ORU^R01',
      'ORC|SC|100',
      'OBR|1|100||42148-7^心エコー^LN|||202604010900|||||||||||||||||RAD|F',
      'NTE|1|L|造影剤アレルギーあり',
      'OBX|1|NM|EF^駆出率^99X||35|%^%^ISO+|55-80|LL|||F',
      'NTE|1|L|画質不良',
      'OBX|2|SN|VG^弁口面積^99X||<^1.0|cm2||N|||F',
      'OBX|3|FT|FIND^所見^99X||一行目\\.br\\二行目||||||F',
    )
    t.same(tellsText(content()), [
      { heading: '', text: '造影剤アレルギーあり' },
      { heading: '駆出率', text: '35 % LL (55-80)\n画質不良' },
      { heading: '弁口面積', text: '<1.0 cm2' },
      { heading: '所見', text: '一行目\n二行目' },
    ])
  },
)

function tellsText(content: Clinical): unknown {
  return content.type === 'report' ? content.text : undefined
}

t.test(
  'REPORT: files in it become documents; one that cannot be decoded is refused, but does not hide what is stored',
  async (t) => {
    const report = (data: string, control = 'SC') =>
      lines(
        'ORU^R01',
        `ORC|${control}|100`,
        'OBR|1|100||11525-3^超音波レポート^LN|||202604010900||||||||||||||||||F',
        `OBX|1|ED|PDF^レポートPDF^L||^application^pdf^Base64^${data}||||||F`,
        'OBX|2|TX|IMP^診断^L||異常なし||||||F',
      )
    const { documents, content } = report('JVBERi0xLjQK')
    tells(t, documents[0], { number: { received: '100' }, typeCode: { code: '11525-3', display: '超音波レポート' } })
    tells(t, documents[0]?.files, [{ mimeType: 'application/pdf', title: 'レポートPDF', occurrence: 1 }])
    tells(t, plain(content()), {
      text: [{ heading: '診断', text: '異常なし' }],
      files: [{ mimeType: 'application/pdf' }],
    })
    t.equal(
      refusal(() => report('?!')),
      'HL7_FILE_ENCODING OBX[1]-5',
    )
    t.equal(
      refusal(() => report('?!', 'CA')),
      undefined,
      'a cancel needs no file',
    )
  },
)
