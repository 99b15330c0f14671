// Whole lists and the person: ADT-61, PPR-01 with its modifiers, ADT-00 (HL7 v2.5 3.4.7 IAM, 12.4.2 PRB; SS-MIX2 ZPR).

import t from 'tap'
import { documentText } from '../../../src/console/plain.ts'
import type { AllergyList, DiagnosisList, PersonRecord } from '../../../src/model/clinical.ts'
import { viewOf } from '../../console/values.ts'
import { contentOf, line, readingOf, warned, written } from './reading.ts'

const EVN = 'EVN||20260501085900'
const SUGI =
  'IAM|1|LA^花粉アレルギー^HL70127|5A1002216023023^スギ^JC10|MI^軽度^HL70128|目のかゆみ~くしゃみ|A^^HL70323|||||199601'
const SHELLFISH = 'IAM|2|FA^^HL70127|J9FC12000000^貝類^J-FAGY^1^カイ^99X|||A^^HL70323||||||小学校低学年の頃'

t.test('the allergies of a patient: codes, reactions, onset', async (t) => {
  const reading = readingOf('ADT^A60', [EVN, SUGI, SHELLFISH])
  t.same([reading.careDate, reading.number, reading.deletes], [undefined, undefined, 'no'])
  t.same(written(reading), ['20260501090000'])
  t.same(warned(reading), [])
  t.same(
    reading.eventCodes.map(({ code, display }) => [code, display]),
    [
      ['5A1002216023023', 'スギ'],
      ['J9FC12000000', '貝類'],
    ],
  )
  const { allergies } = contentOf('ADT^A60', [EVN, SUGI, SHELLFISH]) as AllergyList
  t.match(allergies[0], {
    severity: { text: '軽度' },
    reactions: ['目のかゆみ', 'くしゃみ'],
    action: 'A',
    onset: '199601',
  })
  t.match(allergies[1], {
    allergen: { text: '貝類', alternative: { text: 'カイ' } },
    onset: '小学校低学年の頃',
    reactions: [],
  })
})

t.test('an allergy list is deleted by its emptiness, not by one line that goes', async (t) => {
  const gone = SUGI.replace('A^^HL70323', 'D^^HL70323')
  t.equal(readingOf('ADT^A60', [EVN]).deletes, 'whole')
  t.equal(readingOf('ADT^A60', [EVN, gone]).deletes, 'whole')
  const one = readingOf('ADT^A60', [EVN, gone, SHELLFISH])
  t.same([one.deletes, one.eventCodes.map(({ code }) => code)], ['no', ['J9FC12000000']])
})

t.test('IAM-3 is required; codes outside their tables are told, those of other tables are not judged', async (t) => {
  t.throws(() => readingOf('ADT^A60', [EVN, SUGI, 'IAM|2|FA|""||||']), { name: 'IheError', at: 'IAM[2]-3' })
  t.same(warned(readingOf('ADT^A60', [EVN, 'IAM|1|ZZ^^HL70127|1^卵^99X|9^重い^99X||'])), [
    'HL7_FIELD_EXPECTED IAM[1]-6',
    'HL7_CODE IAM[1]-2',
  ])
  t.same(warned(readingOf('ADT^A60', [EVN, 'IAM|1|01^食物^99X|^卵||卵|A'])), [], 'a text without a code is an allergen')
})

interface Problem {
  readonly action?: string
  readonly disease?: string
  readonly zpr?: string
  readonly fields?: Readonly<Record<number, string>>
}

function prb({ action = 'AD', disease = '20058577^肺炎^MDCDX2', zpr, fields = {} }: Problem): readonly string[] {
  const problem = line('PRB', {
    1: action,
    2: '20260401',
    3: disease,
    4: '1',
    7: '20260401',
    10: 'J189^^I10^O^外来時^JHSD0004',
    ...fields,
  })
  return zpr === undefined ? [problem] : [problem, zpr]
}

function diagnosis(problem: Problem): DiagnosisList['diagnoses'][number] {
  const [found] = (contentOf('PPR^ZD1', prb(problem)) as DiagnosisList).diagnoses
  if (found === undefined) throw new Error('no diagnosis')
  return found
}

t.test('a diagnosis is named as it is read aloud: prefixes, disease, suffixes', async (t) => {
  const both = 'ZPR|4012^急性^99RECE~2056^右^99RECE|20058577^肺炎^MDCDX2|8002^の疑い^99RECE'
  const names = [
    [{}, '肺炎'],
    [{ zpr: 'ZPR||20058577^肺炎^MDCDX2|8002^の疑い^99RECE' }, '肺炎の疑い'],
    [{ zpr: both }, '急性右肺炎の疑い'],
    [{ disease: '20058577^急性右肺炎の疑い^MDCDX2', zpr: both }, '急性右肺炎の疑い'],
    [{ disease: '0000999^独自の病名', zpr: 'ZPR|||||' }, '独自の病名'],
    [{ disease: '', zpr: 'ZPR||20058577^肺炎^MDCDX2' }, '肺炎'],
    // Either segment may leave the words to the other one.
    [{ zpr: 'ZPR|4012^急性^99RECE|20058577^^MDCDX2|8002^の疑い^99RECE' }, '急性肺炎の疑い'],
    [
      { disease: '20058577^急性肺炎の疑い^MDCDX2', zpr: 'ZPR|4012^急性^99RECE|20058577^^MDCDX2|8002^の疑い^99RECE' },
      '急性肺炎の疑い',
    ],
    [{ disease: '20058577^肺炎の疑い^MDCDX2', zpr: 'ZPR|||8002^の疑い^99RECE' }, '肺炎の疑い'],
    [{ disease: '20058577^^MDCDX2', zpr: 'ZPR||20058577^肺炎^MDCDX2|8002^の疑い^99RECE' }, '肺炎の疑い'],
  ] as const
  for (const [problem, name] of names) t.equal(diagnosis(problem).name, name)
  const { eventCodes } = readingOf('PPR^ZD1', prb({ zpr: 'ZPR||20058577^^MDCDX2' }))
  t.same(
    eventCodes.map(({ code, display }) => [code, display]),
    [['20058577', '肺炎']],
  )
})

t.test('how a diagnosis ended is told in words, those of the sender first (PRB-14, HL7 table 0241)', async (t) => {
  const page = (outcome: string) =>
    documentText(
      viewOf(contentOf('PPR^ZD1', [line('PRB', { 1: 'AD', 3: '20058577^胃炎^MDCDX2', 4: '1', 14: outcome })])),
    )
  t.match(page('D'), '死亡 died (D)')
  t.match(page('N^^HL70241'), '不変 not recovered (N)')
  t.match(page('N^未回復^HL70241'), '未回復')
  t.notMatch(page('D^^99X'), '死亡')
})

t.test('a diagnosis is of its teeth, and every line of its comments is there (ZPD-2; NTE-3 repeats)', async (t) => {
  const { diagnoses } = contentOf('PPR^ZD1', [
    line('PRB', { 1: 'AD', 3: '20054231^う蝕^MDCDX2', 4: '1' }),
    'ZPD|1|16^右上６^99X',
    'ZPD|2|17^右上７^99X',
    'NTE|1|L|冷水痛あり~打診痛^なし',
  ]) as DiagnosisList
  t.equal(diagnoses[0]?.comment, '歯式: 右上６、右上７\n冷水痛あり\n打診痛^なし')
})

t.test('a diagnosis: ICD-10, suspicion, main diagnosis, outcome, times, comments', async (t) => {
  const found = diagnosis({
    fields: { 9: '20260420', 13: '1^疑い^JHSD0005', 14: 'F^回復^HL70241', 18: '1^主診断^JHSD0007', 25: 'R^^HL70177' },
    zpr: 'ZPR||20058577^肺炎^MDCDX2|||||両側\rNTE|1||経過観察',
  })
  t.match(found, {
    icd10: 'J189',
    suspected: true,
    main: true,
    outcome: { code: 'F', text: '回復' },
    from: { text: '20260401' },
    until: { text: '20260420' },
    comment: '両側\n経過観察',
    confidentiality: 'R',
    instanceId: '1',
  })
  t.equal(
    diagnosis({ zpr: 'ZPR||20058577^肺炎^MDCDX2|8002^の疑い^99RECE' }).suspected,
    true,
    'the modifier says so too',
  )
  t.same([diagnosis({}).suspected, diagnosis({}).main], [false, false])
})

t.test('the list of diagnoses: times, codes of the main one first, the strictest confidentiality', async (t) => {
  const reading = readingOf('PPR^ZD1', [
    ...prb({ fields: { 9: '""', 25: 'R^^HL70177' } }),
    ...prb({ disease: '20054174^胃炎^MDCDX2', fields: { 7: '20260301', 9: '20260415', 18: '1^主診断^JHSD0007' } }),
    ...prb({ action: 'DE', disease: '20061755^頭痛^MDCDX2', fields: { 7: '20200101', 25: 'V' } }),
  ])
  t.same(written(reading), ['20260401', '20260301', '20260415'], 'a line that goes counts no more')
  t.same(
    reading.eventCodes.map(({ code, scheme }) => `${code} ${scheme}`),
    ['20054174 1.2.392.200119.4.101.2', '20058577 1.2.392.200119.4.101.2'],
  )
  t.same([reading.confidentiality, reading.deletes], [['R'], 'no'])
  const confidential = (code: string) => readingOf('PPR^ZD1', prb({ fields: { 25: code } })).confidentiality
  t.same(confidential('valueOf'), ['R'], 'a code that no table has asks for discretion')
  t.same([confidential('V'), confidential(''), confidential('U'), confidential('VIP')], [['V'], ['N'], ['N'], ['R']])
})

t.test('a list of diagnoses is deleted when every line goes, or none is left', async (t) => {
  t.equal(readingOf('PPR^ZD1', []).deletes, 'whole')
  t.equal(readingOf('PPR^ZD1', prb({ action: 'DE' })).deletes, 'whole')
  t.same(warned(readingOf('PPR^ZD1', prb({ fields: { 4: '' } }))), ['HL7_FIELD_EXPECTED PRB[1]-4'])
})

t.test('a diagnosis needs a name; unknown actions and unreadable times are told', async (t) => {
  t.throws(() => readingOf('PPR^ZD1', [...prb({}), ...prb({ disease: '""' })]), { name: 'IheError', at: 'PRB[2]-3' })
  t.same(warned(readingOf('PPR^ZD1', prb({ action: 'XX', fields: { 7: '不明' } }))), [
    'HL7_DATE PRB-7',
    'HL7_CODE PRB[1]-1',
  ])
})

t.test('ADT-00: the person with circumstances of birth and death, measurements, allergies, insurances', async (t) => {
  const segments = [
    EVN,
    'PV1|1|O',
    'OBX|1|NM|9N001000000000001^身長^JC10||168.2|cm^センチ^ISO+|||||F',
    'OBX|2|CWE|5H010000001999911^血液型-ABO式^JC10||O^O型^JSHR002||||||F',
    'AL1|1|DA^薬物アレルギー^HL70127|1^ペニシリン^99XYZ',
    'IN1|1|06^組合管掌健康保険^JHSD0001|06139999|見本健康保険組合||||||１２３|４５６７',
    'IN1|2|C0^国民健康保険^JHSD0001|664360|||||||12~34|56',
  ]
  const record = contentOf('ADT^A08', segments) as PersonRecord
  t.match(record.person, { names: [{ family: '架空' }], birthTime: '19580412', sex: 'M' })
  t.same(
    record.observations.map(({ value, unit }) => [value, unit]),
    [
      ['168.2', 'センチ'],
      ['O型', ''],
    ],
  )
  t.same(
    record.allergies.map(({ text }) => text),
    ['ペニシリン'],
  )
  t.same(
    record.insurances.map(({ plan, insurer, number }) => [plan.text, insurer, number]),
    [
      ['組合管掌健康保険', '06139999 見本健康保険組合', '１２３・４５６７'],
      ['国民健康保険', '664360', '12・34・56'],
    ],
  )
})
