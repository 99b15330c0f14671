// Diets, prescriptions, injections: orders and what was dispensed or given (HL7 v2.5 4.7, 4.13; JAHIS; SS-MIX2).

import t from 'tap'
import { documentText } from '../../../src/console/plain.ts'
import { viewOf } from '../../console/values.ts'
import { essence, fixture, lines, plain, refusal, tells } from './orders.ts'

const ORDERED = '||||||20260402095500'

t.test('OMD: a diet order from its first meal (TQ1-7)', async (t) => {
  const { kind, documents, content } = fixture('omd-changed')
  t.equal(kind, 'OMD')
  t.same(documents.map(essence), [
    {
      number: '000000000720001',
      careDate: '20260410',
      service: ['20260410030000', '20260410035959'],
      codes: [],
      deletes: 'no',
      warnings: [],
      corrects: true,
    },
  ])
  tells(t, plain(content()), {
    type: 'diet',
    order: { number: '000000000720001', control: 'XO', orderer: { id: 'D0100', name: '見本 医子' } },
    lines: [
      {
        category: undefined,
        diet: { code: '002', text: '軟菜食' },
        from: '2026041012',
        timing: '１日３回',
        instruction: '塩分６ｇ未満',
      },
    ],
  })
})

t.test('OMD: each code of an ODS is on the page (HL7 v2.5 4.8.1.2, 4.8.1.3: ODS-2 and ODS-3 repeat)', async (t) => {
  const order = ['OMD^O03', `ORC|NW|7|${ORDERED}`, 'TQ1|1||||||20260402'] as const
  const { content } = lines(...order, 'ODS|D|1^朝~2^昼|002^軟菜食^99X~901^そば禁^99X|塩分６ｇ')
  const rest = { timing: '朝 昼', instruction: '塩分６ｇ' }
  tells(t, plain(content()), {
    lines: [
      { diet: { text: '軟菜食' }, ...rest },
      { diet: { text: 'そば禁' }, ...rest },
    ],
  })
})

t.test('OMD: a diet lasts to the latest end of its meals, in whatever order they stand (TQ1-8)', async (t) => {
  const { content } = lines(
    'OMD^O03',
    `ORC|NW|7|${ORDERED}`,
    'TQ1|1||朝||||20260403|20260420',
    'TQ1|2||夕||||20260402|20260410',
    'ODS|D||002^軟菜食^99X',
  )
  tells(t, plain(content()), { lines: [{ until: '20260420' }] })
})

t.test('OMP-01: all RP of an order are one document, to the last of its days (TQ1-6)', async (t) => {
  const { documents, content } = fixture('omp-01')
  t.same(documents.map(essence), [
    {
      number: '000000000721001',
      careDate: '20260401',
      service: ['20260331150000', '20260407145959'],
      codes: ['103835401', '100795402', '106238001'],
      deletes: 'no',
      warnings: [],
    },
  ])
  t.same(documents[0]?.eventCodes[0], {
    code: '103835401',
    scheme: '1.2.392.200119.4.403.1',
    display: 'カルボシステイン錠２５０ｍｇ',
  })
  tells(t, plain(content()), {
    type: 'prescription',
    lines: [
      {
        group: '01',
        drug: { code: '103835401', system: 'HOT9' },
        dose: { value: '1', unit: '錠' },
        dailyDose: { value: '3', unit: '錠' },
        total: { value: '21', unit: '錠' },
        category: { text: '内服' },
        route: { text: '口' },
        usage: '内服・経口・１日３回朝昼夕食後',
        instructions: ['外来処方', '院外処方'],
        days: '7',
        from: '20260401',
        until: '20260407',
      },
      {
        group: '02',
        usage: '内服・経口・疼痛時',
        occasions: '10',
        instructions: ['外来処方', '院外処方', '1日2回まで'],
      },
      { group: '03', dose: { value: '', unit: '本' }, total: { value: '2', unit: '本' }, site: { text: '左手' } },
    ],
  })
})

t.test('OMP-01: cancelled by every ORC-1, changed by one', async (t) => {
  t.same(
    ['omp-01', 'omp-01-changed', 'omp-01-cancelled'].map((name) => {
      const [{ deletes, corrects } = {}] = fixture(name).documents
      return [deletes, corrects]
    }),
    [
      ['no', undefined],
      ['no', true],
      ['whole', undefined],
    ],
  )
  const partly = lines(
    'RDE^O11',
    `ORC|DC|7||7_01${ORDERED.slice(1)}`,
    'RXE||103835401^A^HOT9|1||錠|||||7|錠',
    'TQ1|1||||||20260402',
    'RXR|PO',
    `ORC|XO|7||7_02${ORDERED.slice(1)}`,
    'RXE||100795402^B^HOT9|1||錠|||||7|錠',
    'TQ1|1||||||20260402',
    'RXR|PO',
  )
  t.equal(partly.documents[0]?.deletes, 'no')
  tells(t, plain(partly.content()), {
    lines: [
      { group: '01', cancelled: true },
      { group: '02', cancelled: undefined },
    ],
  })
})

t.test('OMP-01: uneven doses, every other day, two codes of one drug, a number with letters', async (t) => {
  const { documents, content } = fixture('omp-01-uneven')
  tells(t, documents.map(essence), [{ number: 'A-7211', codes: ['105271807', '2456001F1310'], warnings: [] }])
  tells(t, plain(content()), {
    lines: [
      {
        usage: '内服・経口・１日３回朝昼夕食後、１日おき',
        instructions: ['1回目 ４錠', '2回目 ２錠', '3回目 １錠', '外来処方', '院外処方'],
      },
    ],
  })
})

t.test('OMP-01: two order numbers are two documents, each with its own content', async (t) => {
  const { documents, content } = fixture('omp-01-several-orders')
  t.same(
    documents.map(({ number, eventCodes }) => [number?.normalised, eventCodes.map(({ code }) => code)]),
    [
      ['000000000721101', ['103835401']],
      ['000000000721102', ['100795402']],
    ],
  )
  tells(t, plain(content('000000000721102')), {
    order: { number: '000000000721102' },
    lines: [{ drug: { code: '100795402' } }],
  })
})

t.test('what vendors leave out or write otherwise is taken with a warning (G)', async (t) => {
  const told = (name: string) => fixture(name).documents.map(essence)[0]
  tells(t, told('omp-01-system-hot'), { codes: ['103835401'], warnings: ['HL7_CODE RXE-2'] })
  tells(t, told('omp-01-timing-missing'), {
    service: ['20260402005500', '20260402005500'],
    warnings: ['HL7_TIMING_MISSING TQ1'],
  })
  tells(t, told('omp-01-route-missing'), { warnings: ['HL7_SEGMENT_EXPECTED RXR'] })
  tells(t, told('omp-01-dose-missing'), { warnings: ['HL7_FIELD_EXPECTED RXE[1]-3'] })
})

t.test('HOT tells by its length which list it is of; a code that fits no list is no event code', async (t) => {
  const coded = (drug: string) => {
    const { documents } = lines(
      'RDE^O11',
      `ORC|NW|7||7_01${ORDERED.slice(1)}`,
      `RXE||${drug}|1||錠|||||7|錠`,
      'TQ1|1||||||20260402',
      'RXR|PO',
    )
    return [documents[0]?.eventCodes.map(({ code, scheme }) => `${code} ${scheme}`), documents[0]?.warnings.length]
  }
  t.same(coded('1038354^A^HOT'), [['1038354 1.2.392.200119.4.403.2'], 1])
  t.same(coded('1038354010101^A^HOT'), [['1038354010101 1.2.392.200119.4.402.1'], 1])
  t.same(coded('１０３８３５４０１^A^HOT9'), [['103835401 1.2.392.200119.4.403.1'], 1])
  t.same(coded('12345^A^HOT9'), [[], 1])
  t.same(coded('X1^院内薬^99ABC'), [[], 0])
})

t.test('days are counted from the start, or from the order where there is none; weeks are seven of them', async (t) => {
  const until = (tq1: string) => {
    const { documents, content } = lines(
      'RDE^O11',
      `ORC|NW|7||7_01${ORDERED.slice(1)}`,
      'RXE||103835401^A^HOT9|1||錠|||||7|錠',
      tq1,
      'RXR|PO',
    )
    const [first] = documents.map(essence)
    const shown = plain(content()) as { readonly lines: readonly { readonly days: string; readonly until?: string }[] }
    return [first?.service[1], shown.lines[0]?.days, shown.lines[0]?.until]
  }
  t.same(until('TQ1|1||^１日３回毎食後|||14^日'), ['20260415145959', '14', '20260415'])
  t.same(until('TQ1|1|||||2^W|20260228'), ['20260313145959', '14', '20260313'])
  t.same(until('TQ1|1|||||7^D|20260401|202604051200'), ['20260405030059', '7', '202604051200'])
  t.same(until('TQ1|1|||||適量^D|20260401'), ['20260401145959', '適量D', undefined])
})

t.test('doses that taper: the days of every step, to the end of the last (HL7 v2.5 4.5.4: TQ1 repeats)', async (t) => {
  const { content } = lines(
    'RDE^O11',
    `ORC|NW|7||7_01${ORDERED.slice(1)}`,
    'RXE||103835401^A^HOT9|1||錠|||||7|錠',
    'TQ1|1||^１日３回毎食後|||7^D|20260401',
    'TQ1|2||^１日１回朝食後|||14^D|20260408',
    'RXR|PO',
  )
  tells(t, plain(content()), { lines: [{ days: '7 / 14', from: '20260401', until: '20260421' }] })
  t.match(documentText(viewOf(content())), '日数: 7日分 / 14日分')
  const daily = lines(
    'RDE^O11',
    `ORC|NW|7||7_01${ORDERED.slice(1)}`,
    'RXE||103835401^A^HOT9|1||錠|||||7|錠',
    'TQ1|1||^朝食後|||7^D|20260401|20260407',
    'TQ1|2||^就寝前|||7^D|20260401',
    'RXR|PO',
  )
  tells(t, plain(daily.content()), { lines: [{ days: '7', until: '20260407' }] })
})

t.test('what there is nothing to show without, and what makes the key, is required', async (t) => {
  const order = `ORC|NW|7||7_01${ORDERED.slice(1)}`
  const rest = ['TQ1|1||||||20260402', 'RXR|PO']
  t.equal(
    refusal(() => lines('RDE^O11', order, 'RXE||""|1||錠|||||7|錠', ...rest)),
    'HL7_FIELD_MISSING RXE[1]-2',
  )
  t.equal(
    refusal(() => lines('RDE^O11', 'ORC|NW|7', 'RXE||1^A^99X|1||錠|||||7|錠', ...rest)),
    'HL7_FIELD_MISSING ORC-9',
  )
  t.equal(
    refusal(() => lines('RDE^O11', order.replace('|7|', '||'), 'RXE||1^A^99X|1', ...rest)),
    'HL7_ORDER_NUMBER ORC[1]-2',
  )
  t.equal(
    refusal(() => fixture('omp-01-time-unreadable')),
    'HL7_TIME ORC-9',
  )
  t.equal(
    refusal(() => lines('RDE^O11', order.replace('NW', 'CA'), 'RXE', ...rest)),
    undefined,
    'a cancel needs the key only',
  )
})

t.test('a start that cannot be read is left out with a warning: no key depends on it', async (t) => {
  const { documents } = lines(
    'RDE^O11',
    `ORC|NW|7||7_01${ORDERED.slice(1)}`,
    'RXE||103835401^A^HOT9|1||錠|||||7|錠',
    'TQ1|1||||||2026/13/01',
    'RXR|PO',
  )
  tells(t, documents.map(essence), [{ service: ['20260402005500', '20260402005500'], warnings: ['HL7_DATE TQ1-7'] }])
})

t.test(
  'how much one unit holds is told beside the drug (RXE-25/26, RXC-5/6, RXA-13/14: HL7 v2.5 4.14.4.25)',
  async (t) => {
    const order = `ORC|NW|7||7_01_001${ORDERED.slice(1)}`
    const rxe = `RXE||1^Ａ剤^99X|1||TAB^錠^MR9P${'|'.repeat(20)}2.5|mg`
    t.match(documentText(viewOf(lines('RDE^O11', order, rxe, 'RXR|PO').content())), /Ａ剤.*2\.5 mg/)
    const mixed = lines('RDE^O11', order, rxe, 'RXR|IV', 'RXC|B|2^Ｂ液^99X|1|^袋|10|%').content()
    t.match(documentText(viewOf(mixed)), /力価: 2\.5 mg/)
    t.match(documentText(viewOf(mixed)), /Ｂ液.*10 %/)
    const given = lines('RAS^O17', order, 'RXA|0|1|20260402|20260402|1^Ａ剤^99X|1|^錠||||||5|mg', 'RXR|PO').content()
    t.match(documentText(viewOf(given)), /Ａ剤.*5 mg/)
  },
)

t.test('OMP-02: base and additives of an infusion, from its start to its end', async (t) => {
  const { kind, documents, content } = fixture('omp-02')
  t.equal(kind, 'OMP-02')
  tells(t, documents.map(essence), [
    {
      careDate: '20260410',
      service: ['20260409230000', '20260410040059'],
      codes: ['107750602', '108010001'],
      warnings: [],
    },
  ])
  tells(t, plain(content()), {
    type: 'injection-order',
    lines: [
      {
        drug: { text: '一般', system: 'JHSI0002' },
        dose: { value: '510', unit: 'ミリリットル' },
        rate: { value: '102', unit: 'ミリリットル／時間' },
        prescriptionNumber: '20260410-001',
        device: { text: '点滴ポンプ' },
        components: [
          { kind: 'base', drug: { code: '107750602' }, amount: { value: '1', unit: '本' } },
          { kind: 'additive', drug: { code: '108010001' }, amount: { value: '1', unit: 'アンプル' } },
        ],
      },
    ],
  })
})

t.test('OMP-11: dispensed to outpatients, given on the ward; a pharmacy always dispenses', async (t) => {
  tells(t, fixture('omp-11-dispensed').documents.map(essence), [
    { careDate: '20260401', service: ['20260331150000', '20260407145959'], codes: ['103835401'], typeCode: undefined },
  ])
  tells(t, fixture('omp-11-ward').documents.map(essence), [{ careDate: '20260411', typeCode: 'OMP-11' }])
  tells(t, plain(fixture('omp-11-ward').content()), {
    type: 'dispensing',
    lines: [
      {
        group: '01',
        amount: { value: '1', unit: '錠' },
        from: '202604110830',
        by: { name: '看護 花代' },
        completion: 'CP',
      },
    ],
  })
})

t.test('administrations are told apart by drug and moment, however precisely the moment is written', async (t) => {
  const given = (...rxa: readonly string[]) =>
    lines('RAS^O17', `ORC|NW|7||7_01${ORDERED.slice(1)}`, ...rxa.map((one) => `RXA|0|1|${one}`), 'RXR|PO').documents[0]
  const morning = given('202604110830|202604110830|1^A^HOT9|1|錠')
  const again = given('20260411083000|20260411083000|1^A^HOT9|1|錠')
  t.same(morning?.guard?.results, again?.guard?.results)
  t.notSame(morning?.guard?.results, given('202604111230|202604111230|1^A^HOT9|1|錠')?.guard?.results)
  const uncoded = given('202604110830||^A|1|錠', '202604110830||^B|1|錠')
  t.equal(uncoded?.guard?.results.size, 2, 'drugs without a code are told apart by their names')
  const deleted = '|1|錠||||||||||||||D'
  t.equal(given(`202604110830|202604110830|1^A^HOT9${deleted}`)?.deletes, 'results')
  t.equal(
    given(`202604110830|202604110830|1^A^HOT9${deleted}`, '202604110830|202604110830|2^B^HOT9|1|錠')?.deletes,
    'no',
  )
})

t.test('OMP-12: one RXR for all that was given together', async (t) => {
  const { documents, content } = fixture('omp-12')
  tells(t, documents.map(essence), [
    {
      careDate: '20260410',
      service: ['20260409230521', '20260410040543'],
      codes: ['107750602', '108010001'],
      warnings: [],
    },
  ])
  const together = {
    route: { text: '静脈内' },
    device: { text: '点滴ポンプ' },
    rate: '102ml/hr',
    comments: ['左手に実施'],
  }
  tells(t, plain(content()), { type: 'injection-given', lines: [together, together] })
})

t.test(
  'RDE^O11: the request (RXO) and what the pharmacy made of it (RXE) are one dose, not two (HL7 v2.5 4.13.5)',
  async (t) => {
    const mixed = ['RXC|B|1^維持液^99X|1|HON^本^MR9P', 'RXC|A|2^カルバゾクロム^99X|1|AMP^アンプル^MR9P']
    const order = lines(
      'RDE^O11',
      `ORC|NW|7||7_01_001${ORDERED.slice(1)}`,
      'TQ1|1||1&１日１回&99X||||20260410',
      'RXO|00^一般^JHSI0002|500||ML',
      'RXR|IM^筋肉内^HL70162',
      ...mixed,
      'RXE||00^一般^JHSI0002|510||ML^ミリリットル^MR9P|INJ',
      'TQ1|1||2&１日２回&99X',
      'RXR|IV^静脈内^HL70162',
      ...mixed,
    )
    tells(t, plain(order.content()), {
      type: 'injection-order',
      lines: [
        {
          usage: '１日２回',
          from: '20260410',
          route: { text: '静脈内' },
          components: [{ drug: { text: '維持液' } }, { drug: { text: 'カルバゾクロム' } }],
        },
      ],
    })
    const short = lines(
      'RDE^O11',
      `ORC|NW|7||7_01_001${ORDERED.slice(1)}`,
      'RXO|00',
      ...mixed,
      'RXE||00^一般^JHSI0002|510',
    )
    tells(t, plain(short.content()), { lines: [{ components: [{}, {}] }] })
  },
)

t.test('RDE^O11: of several drugs under one ORC each is taken as is said behind it (HL7 v2.5 4.13.5)', async (t) => {
  const group = `ORC|NW|7||7_01${ORDERED.slice(1)}`
  const apart = lines(
    'RDE^O11',
    group,
    'RXE||1^昼の薬^99X|1||TAB',
    'NTE|1|L|砕いて',
    'TQ1|1||1&１日３回毎食後&99X|||7^D|20260410||||||||',
    'RXR|PO^口^HL70162',
    'RXE||2^夜の薬^99X|1||TAB',
    'TQ1|1||2&就寝前&99X|||3^D|20260410|||||||""',
    'RXR|AP^貼付^HL70162',
  )
  tells(t, plain(apart.content()), {
    lines: [
      { usage: '１日３回毎食後', days: '7', until: '20260416', route: { text: '口' }, comments: ['砕いて'] },
      { usage: '就寝前', days: '3', until: '20260412', route: { text: '貼付' }, comments: [], occasions: undefined },
    ],
  })
  const together = lines(
    'RDE^O11',
    group,
    'RXE||1^一包化^99X|1||TAB',
    'RXE||2^一包化^99X|1||TAB',
    'TQ1|1||2&朝食後&99X|||3^D|20260410',
    'RXR|PO^口^HL70162',
  )
  const both = { usage: '朝食後', days: '3', route: { text: '口' } }
  tells(t, plain(together.content()), { lines: [both, both] })
})

t.test(
  'amounts: a unit named by its alternative, a range whose mark is not escaped (HL7 v2.5 2.A.13, 2.5.2)',
  async (t) => {
    const { content } = lines(
      'RDE^O11',
      `ORC|NW|7||7_01_001${ORDERED.slice(1)}`,
      'RXE||620004422^^HOT9^L1^架空錠５ｍｇ^99X|1~2||^^^T^錠^99X|||||6~12|^^^T^錠^99X||||||||3~6^&&&T&錠&99X',
      'RXC|A|1^^99X^2^架空注^99Y|1~2|^^^A^管^99X',
    )
    tells(t, plain(content()), {
      lines: [
        {
          drug: { code: '620004422', text: '架空錠５ｍｇ' },
          dose: { value: '1~2', unit: '錠' },
          total: { value: '6~12', unit: '錠' },
          dailyDose: { value: '3~6', unit: '錠' },
          components: [{ drug: { text: '架空注' }, amount: { value: '1~2', unit: '管' } }],
        },
      ],
    })
  },
)

t.test(
  'a range of days is no number of days (TQ1-6), a rate is in the time of RXE-22 (HL7 v2.5 4.5.4.6, 4.14.4.22)',
  async (t) => {
    const line = (tq1: string, rate: string) =>
      lines(
        'RDE^O11',
        `ORC|NW|7||7_01_001${ORDERED.slice(1)}`,
        `RXE||1^Ａ注^99X|500||ML^mL^MR9P${'|'.repeat(17)}${rate}`,
        tq1,
      )
    const days = (field: string) => line(`TQ1|1|||||${field}|20260402`, '')
    for (const field of ['5~7^D&日', '5^D&日~7^D&日']) {
      tells(t, plain(days(field).content()), { lines: [{ days: '5~7日', until: undefined }] })
      t.notMatch(documentText(viewOf(days(field).content())), '5日分')
    }
    const rate = (field: string) => plain(line('TQ1|1', field).content())
    tells(t, rate('H1|100|ML^mL^ISO+'), { lines: [{ rate: { value: '100', unit: 'mL／時間' } }] })
    tells(t, rate('H8||'), { lines: [{ rate: { value: '500', unit: 'mL／8時間' } }] })
    tells(t, rate('H1|60|ML/HR^mL/h^ISO+'), { lines: [{ rate: { value: '60', unit: 'mL/h' } }] })
    tells(t, rate('INDEF|5|ML^mL^ISO+'), { lines: [{ rate: { value: '5', unit: 'mL／INDEF' } }] })
  },
)

t.test(
  'TQ1: steps that follow each other, doses that differ, hours of the day (HL7 v2.5 4.5.4, table 0472)',
  async (t) => {
    const prescribed = (...tq1: readonly string[]) =>
      lines('RDE^O11', `ORC|NW|7||7_01_001${ORDERED.slice(1)}`, 'RXE||1^Ａ錠^99X|1|2|TAB^錠^MR9P', ...tq1, 'RXR|PO^口')
    const tapered = prescribed(
      'TQ1|1||1&朝&99X|||5^D|20260401|||||S',
      'TQ1|2||1&朝&99X|||3^D||||||S',
      'TQ1|3||2&隔日&99X|||2^D',
    )
    tells(t, plain(tapered.content()), { lines: [{ days: '5 / 3 / 2', from: '20260401', until: '20260410' }] })
    t.same(tapered.documents.map(essence)[0]?.service, ['20260331150000', '20260410145959'])
    const beside = prescribed('TQ1|1||1&朝&99X|||5^D|20260401|||||A', 'TQ1|2||2&夕&99X|||3^D')
    tells(t, plain(beside.content()), { lines: [{ until: '20260405' }] })
    const uneven = prescribed('TQ1|1|1^TAB&錠&MR9P|1&朝食後&99X', 'TQ1|2|2^TAB&錠&MR9P|2&夕食後&99X')
    tells(t, plain(uneven.content()), { lines: [{ usage: '朝食後 1錠、夕食後 2錠' }] })
    const hours = prescribed('TQ1|1|1|1&１日２回&99X|0800~200000||7^D')
    tells(t, plain(hours.content()), { lines: [{ usage: '１日２回 08:00、20:00' }] })
  },
)

t.test('a line that is cancelled lasts on no day: the others say when the order ends (table 0119 DC)', async (t) => {
  const order = (control: string) =>
    lines(
      'RDE^O11',
      `ORC|RP|7||7_01_001${ORDERED.slice(1)}`,
      'RXE||1^Ａ^99X|1||TAB',
      'TQ1|1||1&朝&99X|||7^D|20260402',
      `ORC|${control}|7||7_02_001${ORDERED.slice(1)}`,
      'RXE||2^Ｂ^99X|1||TAB',
      'TQ1|1||1&朝&99X|||28^D|20260401',
    ).documents.map(essence)[0]?.service
  t.same(order('DC'), ['20260401150000', '20260408145959'])
  t.same(order('RP'), ['20260331150000', '20260428145959'])
})
