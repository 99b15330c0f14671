// Laboratory orders and results, physiology, vital signs (HL7 v2.5 4.4.9, 7.3.1, 7.3.4, 7.4.8; SS-MIX2).

import t from 'tap'
import { documentText } from '../../../src/console/plain.ts'
import { viewOf } from '../../console/values.ts'
import { essence, fixture, lines, messageOf, plain, refusal, tells } from './orders.ts'

const TP = '3A010000002327101^総蛋白^JC10'
const RESULT = `OBX|1|NM|${TP}||7.2|g/dL|6.7-8.3||||F`

t.test('OML-01: what is asked of which specimen, at the time it is taken', async (t) => {
  const { kind, documents, content } = fixture('oml-01')
  t.equal(kind, 'OML-01')
  t.same(documents.map(essence), [
    {
      number: '000000000724001',
      careDate: '20260401',
      service: ['20260401013000', '20260401013059'],
      codes: ['3A010000002327101', '3B035000002327201'],
      deletes: 'no',
      warnings: [],
    },
  ])
  t.equal(documents[0]?.guard, undefined, 'orders always replace')
  tells(t, plain(content()), {
    type: 'laboratory-order',
    groups: [
      {
        request: { text: '生化学的検査' },
        specimen: { code: '023', text: '血清' },
        observations: [{ item: { text: '総蛋白' }, value: '', status: 'O' }, { item: { text: 'ＡＳＴ（ＧＯＴ）' } }],
      },
    ],
  })
})

t.test(
  'a request that is cancelled among others is struck out, and the order is not called cancelled (table 0119)',
  async (t) => {
    const { documents, content } = lines(
      'OML^O33',
      'SPM|1|S1||023^血清^JC10|||||||||||||202604021030',
      'ORC|CA|7|||||||20260402',
      'OBR|1|7||E001^腫瘍マーカー^L',
      'OBX|1|NM|5D010000002302301^ＣＥＡ^JC10||||||||O',
      'ORC|NW|7|||||||20260402',
      'OBR|2|7||E002^生化学的検査^L',
      `OBX|1|NM|${TP}||||||||O`,
    )
    t.same(
      documents.map(({ deletes }) => deletes),
      ['no'],
    )
    tells(t, plain(content()), { order: { control: 'NW' }, groups: [{ cancelled: true }, { cancelled: undefined }] })
    const page = documentText(viewOf(content()))
    t.match(page, /■ 腫瘍マーカー\n依頼: 取消 cancelled\n(.*\n)*\(取消\) ＣＥＡ/)
    t.match(page, /\n総蛋白/)
    t.notMatch(page, 'オーダ制御')
  },
)

t.test(
  'a request that names nothing but what is asked is on the page (HL7 v2.5 4.4.9: SPM and OBX of OML^O33 are optional)',
  async (t) => {
    const { content } = lines(
      'OML^O33',
      'ORC|NW|7|||||||20260402',
      'OBR|1|7||E002^生化学的検査^L',
      'ORC|NW|7|||||||20260402',
      'OBR|2|7||E003^血液ガス^L',
    )
    const page = documentText(viewOf(content()))
    t.match(page, /■ 生化学的検査\n依頼: 生化学的検査\n(.*\n)*■ 血液ガス\n/)
  },
)

t.test('OML-11: values with unit, range and comment', async (t) => {
  const { documents, content } = fixture('oml-11-results')
  tells(t, documents.map(essence), [
    { number: '000000000725006', careDate: '20260402', service: ['20260402013000', '20260402013059'], deletes: 'no' },
  ])
  t.same(
    documents[0]?.guard?.results,
    new Set(['3A010000002327101^JC10||S-7001', '3B035000002327201^JC10||S-7001', '5C070000002306201^JC10||S-7001']),
  )
  tells(t, plain(content()), {
    type: 'laboratory-result',
    groups: [
      {
        specimenId: 'S-7001',
        collected: '202604021030',
        reported: '20260402150000',
        observations: [
          { valueType: 'NM', value: '7.2', unit: 'g/dL', range: '6.7-8.3', status: 'P', notes: [] },
          { value: '24' },
          { valueType: 'ST', value: '< 0.1', notes: ['溶血（＋）のため参考値'] },
        ],
      },
    ],
  })
  t.equal(fixture('oml-11-results-deleted').documents[0]?.deletes, 'results')
})

t.test('OML-11: a germ, its amount, and the susceptibility test that goes on from it', async (t) => {
  const { documents, content } = fixture('oml-11-microbiology')
  tells(t, documents.map(essence), [{ number: '000000000725005', careDate: '20260402', warnings: [] }])
  tells(t, plain(content()), {
    groups: [
      {
        request: { text: '培養同定(一般細菌)' },
        observations: [
          { subId: '1', value: 'E.coli', flag: 'A' },
          { subId: '1', value: ' 2 +' },
        ],
      },
      { specimen: { text: '血液' }, parentResult: '培養同定菌名 E.coli', observations: [{ value: '<= 8', flag: 'S' }] },
    ],
  })
})

t.test('where of the body a specimen was taken is on the page (SPM-8)', async (t) => {
  const { content } = lines(
    'OUL^R22',
    'SPM|1|S1||062^膿^JC10||||L1^左下腿創部^99X|||||||||202604021030',
    'OBR|1|7||E003^培養^99O03',
    RESULT,
  )
  t.match(documentText(viewOf(content())), '採取部位: 左下腿創部')
})

t.test('OML-11 by ORU^R01: ORC before OBR, the specimen behind its results', async (t) => {
  const { kind, documents, content } = lines(
    'ORU^R01',
    'ORC|SC|7',
    'OBR|1|7||E002^生化学的検査^99O03|||202604020900',
    RESULT,
    'SPM|1|S-1||023^血清^JC10|||||||||||||202604020830',
    'OBR|2|7||E001^血液^99O03|||202604020900',
    'OBX|1|NM|2A010000001930901^白血球数^JC10||6500|/uL|||||F',
  )
  t.equal(kind, 'OML-11')
  t.same([...(documents[0]?.guard?.results ?? [])], ['3A010000002327101^JC10||S-1', '2A010000001930901^JC10||'])
  tells(t, plain(content()), { groups: [{ specimenId: 'S-1', specimen: { text: '血清' } }, { specimenId: '' }] })
})

t.test('a value that is not what OBX-2 says is text, and the sender told (HL7 v2.5 7.4.2.2)', async (t) => {
  const { documents, content } = fixture('oml-11-text-in-number')
  tells(t, documents.map(essence), [{ warnings: ['HL7_VALUE_TYPE OBX[1]-5'] }])
  tells(t, plain(content()), { groups: [{ observations: [{ valueType: 'ST', value: '溶血' }] }] })
  const types = (value: string) => {
    const read = lines(
      'OUL^R22',
      'SPM|1|||023^血清^JC10|||||||||||||20260401',
      'OBR|1|7||E',
      'ORC|SC|7',
      `OBX|1|NM|${TP}||${value}||||||F`,
    )
    return read.documents[0]?.warnings.length
  }
  t.same(['7.2', '-0.5', '+3', '.5', '7.', '', '""'].map(types), [0, 0, 0, 0, 0, 0, 0])
  t.same(['<0.1', '2+', '７．２', '1,200'].map(types), [1, 1, 1, 1])
})

t.test(
  'both ends of a reference range are shown, whatever stands between them (HL7 v2.5 7.4.2.7: OBX-7 does not repeat)',
  async (t) => {
    const range = (written: string) => {
      const { content } = lines(
        'OUL^R22',
        'SPM|1|||023^血清^JC10|||||||||||||20260401',
        'OBR|1|7||E',
        'ORC|SC|7',
        `OBX|1|NM|${TP}||7.2|g/dL|${written}||||F`,
      )
      const read = plain(content()) as {
        readonly groups: readonly { readonly observations: readonly { range: string }[] }[]
      }
      return read.groups[0]?.observations[0]?.range
    }
    t.same(['6.7-8.3', '6.7~8.3', '6.7\\R\\8.3', '<5', '5~', '', '""'].map(range), [
      '6.7-8.3',
      '6.7~8.3',
      '6.7~8.3',
      '<5',
      '5~',
      '',
      '',
    ])
  },
)

t.test('values of every type as text (HL7 v2.5 2.A)', async (t) => {
  const shown = (type: string, value: string) => {
    const { content } = lines(
      'OUL^R22',
      'SPM|1|||023^血清^JC10|||||||||||||20260401',
      'OBR|1|7||E',
      'ORC|SC|7',
      `OBX|1|${type}|${TP}||${value}||||||F`,
    )
    const read = plain(content()) as {
      readonly groups: readonly { readonly observations: readonly { value: string }[] }[]
    }
    return read.groups[0]?.observations[0]?.value
  }
  t.equal(shown('SN', '^1^+'), '1+')
  t.equal(shown('SN', '<^0.1'), '<0.1')
  t.equal(shown('CWE', '(-)^陰性^99LOC'), '陰性')
  t.equal(shown('CWE', '(-)'), '(-)')
  t.equal(shown('CWE', '^^^POS^陽性^99LOC'), '陽性', 'by its alternative')
  t.equal(shown('CWE', '1^^JC10^POS^陽性^99LOC'), '陽性')
  t.equal(shown('CWE', '""'), '')
  t.equal(shown('FT', '所見\\.br\\なし\\.sp 2\\以上\\.in+4\\\\H\\強\\N\\\\.ti 2\\'), '所見\nなし\n以上強')
  t.equal(shown('TX', '一行目~二行目'), '一行目\n二行目')
  t.equal(shown('ST', '\\1,200'), '\\1,200', 'a lone escape character is the yen sign')
  t.equal(shown('TS', '202604021445'), '2026-04-02 14:45')
  t.equal(shown('DT', '20260402'), '2026-04-02')
  t.equal(shown('TS', '20260402150000+0000'), '2026-04-03 00:00', 'in Japan')
  t.equal(shown('DTM', '2026040214'), '2026-04-02 14:00')
  t.equal(shown('DT', '20260231'), '20260231')
  t.equal(shown('ZRD', '100555401^ジアゼパム錠５ｍｇ^HOT9^1^TAB&錠&MR9P'), 'ジアゼパム錠５ｍｇ 1錠')
  t.equal(shown('CQ', '5^mL&ミリリットル&ISO+'), '5ミリリットル')
  t.equal(shown('XCN', 'D1^見本^医子'), '見本 医子')
  t.equal(shown('RP', 'image.dcm^PACS^IM^DICOM'), 'image.dcm')
  t.equal(shown('ED', '^application^pdf^Base64^JVBERi0='), '［ファイル file: pdf］', 'a result has no files beside it')
})

t.test('JLAC10 is read without hyphens; short codes are taken as they are; the sender is told of both', async (t) => {
  tells(t, fixture('oml-11-hyphenated-code').documents.map(essence), [
    { codes: ['3A010000002327101'], warnings: ['HL7_CODE OBX-3'] },
  ])
  tells(t, fixture('oml-11-short-code').documents.map(essence), [
    { codes: ['3A0100000023271'], warnings: ['HL7_CODE OBX-3'] },
  ])
})

t.test('a table value nobody knows is kept and warned about; a result without a name is refused', async (t) => {
  const head = ['SPM|1|||023^血清^JC10|||||||||||||20260401', 'OBR|1|7||E', 'ORC|ZZ|7'] as const
  const odd = lines('OUL^R22', ...head, `OBX|1|NM|${TP}||7||||||Q`).documents[0]
  t.same(
    odd?.warnings.map(({ at, value }) => `${at} ${value}`),
    ['ORC[1]-1 ZZ', 'OBX[1]-11 Q'],
  )
  t.same(odd?.deletes, 'no')
  t.equal(
    refusal(() => lines('OUL^R22', ...head, 'OBX|1|NM|||7||||||F')),
    'HL7_FIELD_MISSING OBX[1]-3',
  )
})

t.test('OMG-13: the number stands in OBR-2; an electrocardiogram has a type of its own', async (t) => {
  const { kind, documents, content } = fixture('omg-13')
  t.equal(kind, 'OMG-13')
  t.same(documents.map(essence), [
    {
      number: '000000000726300',
      careDate: '20260402',
      service: ['20260402021000', '20260402021059'],
      codes: ['9A110', '9A100'],
      deletes: 'no',
      warnings: [],
      typeCode: '11524-6',
    },
  ])
  tells(t, plain(content()), {
    type: 'physiology-result',
    order: { number: '000000000726300', control: '' },
    groups: [
      {
        request: { text: '標準１２誘導心電図' },
        observations: [{ value: '心筋虚血疑い' }, { value: '67', unit: 'bpm' }],
      },
    ],
  })
  const other = lines('ORU^R01', 'OBR|1|7||9C110^肺気量分画^JC10|||20260402', 'OBX|1|NM|9C1^肺活量^99X||3.2|L|||||F')
  t.equal(other.documents[0]?.typeCode, undefined)
})

t.test('a result without its own time has that of its order (SS-MIX2: OBR-7 is optional)', async (t) => {
  const careDates = (...segments: readonly string[]) =>
    lines('ORU^R01', ...segments).documents.map(({ careDate }) => careDate)
  const ecg = 'OBX|1|TX|9A100&IMP^所見^JC10||正常||||||F'
  t.same(careDates('ORC|SC|7|||||||20260403', 'OBR|1|7||9A110^心電図^JC10', ecg), ['20260403'])
  t.same(careDates('ORC|SC|7|||||||20260403', 'OBR|1|7||9A110^心電図^JC10', `${ecg}|||202604020900`), ['20260402'])
  t.equal(
    refusal(() => careDates('OBR|1|7||9A110^心電図^JC10', ecg)),
    'HL7_FIELD_MISSING OBR-7',
  )
})

t.test('VITAL: measured at another hour is another result', async (t) => {
  const morning = fixture('vital')
  const afternoon = fixture('vital-afternoon')
  t.equal(morning.kind, 'VITAL')
  tells(t, morning.documents.map(essence), [
    {
      number: '000002026041108',
      careDate: '20260411',
      service: ['20260410230000', '20260410230059'],
      codes: ['9A751000000000001', '9P300000000000001'],
      warnings: [],
    },
  ])
  const [before] = morning.documents
  const [after] = afternoon.documents
  const held = before?.guard?.resultsIn(messageOf('vital')) ?? []
  t.same(new Set(held.map(({ key }) => key)), before?.guard?.results)
  t.ok(held.every(({ live }) => live))
  t.notSame(before?.guard?.results, after?.guard?.results)
  const measured = (at: string) =>
    lines('ORU^R30', 'ORC|SC|9|||CM', 'OBR|1|9', `OBX|1|NM|9A751^血圧^JC10||128|mmHg|||||F|||${at}`).documents[0]?.guard
  t.same(measured('202604110800')?.results, measured('20260411080000+0900')?.results, 'one moment in two spellings')
  tells(t, plain(morning.content()), {
    type: 'vitals',
    groups: [
      {
        observations: [
          { item: { text: '収縮期血圧（1回目）' }, value: '128', unit: 'mmHg', range: '<130' },
          { value: '72' },
        ],
      },
    ],
  })
})

t.test(
  'results without a code are as many as their names: none hides or withdraws another one (E.3 shrink guard)',
  async (t) => {
    const keys = (...obx: readonly string[]) => {
      const [document] = lines(
        'OUL^R22',
        'SPM|1|S-1||023^血清^JC10|||||||||||||202604021030',
        'OBR|1|7||E002^生化学^99O03',
        ...obx.map((item, index) => `OBX|${index + 1}|ST|${item}||1||||||F`),
      ).documents
      return [...(document?.guard?.results ?? [])]
    }
    t.equal(keys('^総蛋白^99X', '^ＣＲＰ^99X', '総蛋白').length, 3)
    t.equal(keys('^^^L1^総蛋白^99X', '^^^L2^ＣＲＰ^99X').length, 2)
    t.same(keys('^総蛋白^99X'), keys('^総蛋白^99X'))
    // What a code means may be said in other words the next time.
    t.same(keys('3A010^総蛋白^JC10'), keys('3A010^ＴＰ^JC10'))
  },
)

t.test(
  'OBX behind SPM tell of the specimen: shown once with its requests, results of none (HL7 v2.5 7.4.8)',
  async (t) => {
    const request = (number: number) => [`OBR|${number}|7||E00${number}^検査${number}^99O03`, 'ORC|SC|7|||CM']
    const { documents, content } = lines(
      'OUL^R22',
      'SPM|1|S-1||023^血清^JC10|||||||||||||202604021030',
      'OBX|1|ST|HEM^溶血^99X||（２＋）||||||F',
      'NTE|1|L|参考値',
      ...request(1),
      'NTE|1|L|至急',
      `OBX|1|NM|${TP}||7||||||F`,
      ...request(2),
      'OBX|1|NM|K^カリウム^99X||5||||||F',
    )
    t.same(documents[0]?.guard?.results.size, 2)
    tells(t, plain(content()), {
      groups: [
        {
          comments: ['至急'],
          observations: [{ item: { text: '溶血' }, value: '（２＋）', notes: ['参考値'] }, { value: '7' }],
        },
        { observations: [{ value: '5' }] },
      ],
    })
  },
)

t.test(
  'OBX-4 stands beside rows of several groups: which germ an amount or a drug is of (HL7 v2.5 7.4.2.4)',
  async (t) => {
    const cultured = (second: string) =>
      documentText(
        viewOf(
          lines(
            'OUL^R22',
            'SPM|1|S-1||061^喀痰^JC10|||||||||||||202604021030',
            'OBR|1|7||6B010^培養同定^JC10',
            'ORC|SC|7|||CM',
            'OBX|1|ST|6B010^同定菌^JC10|1|ＭＲＳＡ||||||F',
            `OBX|2|ST|6B010^同定菌^JC10|${second}|緑膿菌||||||F`,
            'OBX|3|ST|6B011^菌量^JC10|1|3+||||||F',
            'OBR|2|7||6C205^感受性^JC10',
            `OBX|1|ST|6C205^ＶＣＭ^JC10|${second}|>16|ug/mL||R|||F`,
          ).content(),
        ),
      )
    t.match(
      cultured('2'),
      '検査項目 | 組 | 結果\n同定菌 (6B010 JC10) | 1 | ＭＲＳＡ\n同定菌 (6B010 JC10) | 2 | 緑膿菌\n',
    )
    t.match(cultured('2'), 'ＶＣＭ (6C205 JC10) | 2 | >16 |')
    t.notMatch(cultured('1'), '| 組 |')
  },
)
