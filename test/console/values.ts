// Invented documents as values, one of each kind of content, for the renderers of pages.

import type { Clinical, Coded, Observation, ObservationGroup, OrderHead } from '../../src/model/clinical.ts'
import type { ClinicalView } from '../../src/model/clinical-view.ts'
import { type Hl7Time, parseHl7Time } from '../../src/model/hl7-time.ts'

export function at(text: string): Hl7Time {
  const time = parseHl7Time(text)
  if (time === undefined) throw new Error(`no time: ${text}`)
  return time
}

export function coded(text: string, code = '', system = ''): Coded {
  return { text, code, system }
}

const NOTHING = coded('')

const order: OrderHead = {
  number: '000000000700001',
  control: 'SC',
  orderedAt: at('20260401083000'),
  orderer: { id: 'D0100', name: '見本 医師' },
  department: coded('内科', '01', 'HL70069'),
}

function result(item: Coded, value: string, more: Partial<Observation> = {}): Observation {
  return { item, subId: '', valueType: 'NM', value, unit: '', range: '', flag: '', status: 'F', notes: [], ...more }
}

function group(observations: readonly Observation[], more: Partial<ObservationGroup> = {}): ObservationGroup {
  return {
    request: coded('血液検査', 'E001', '99O03'),
    specimen: coded('血清', '023', 'JC10'),
    specimenId: '2026040100017',
    collected: at('202604010830'),
    reported: at('20260401151200'),
    status: 'F',
    comments: [],
    observations,
    ...more,
  }
}

const jc10 = (text: string, code: string): Coded => coded(text, code, 'JC10')

export const laboratory: Clinical = {
  type: 'laboratory-result',
  order,
  groups: [
    group(
      [
        result(jc10('総蛋白', '3A010000002327101'), '7.2', { unit: 'g/dL', range: '6.6 - 8.1' }),
        result(jc10('アルブミン', '3A015000002327101'), '4.3', { unit: 'g/dL', range: '4.1 - 5.1' }),
        result(jc10('AST(GOT)', '3B035000002327201'), '24', { unit: 'U/L', range: '13 - 30' }),
        result(jc10('ALT(GPT)', '3B045000002327201'), '58', { unit: 'U/L', range: '10 - 42', flag: 'H' }),
        result(jc10('γ-GTP', '3B090000002327101'), '71', { unit: 'U/L', range: '13 - 64', flag: 'H' }),
        result(jc10('クレアチニン', '3C015000002327101'), '0.81', { unit: 'mg/dL', range: '0.65 - 1.07' }),
        result(jc10('カリウム', '3H015000002326101'), '6.4', {
          unit: 'mmol/L',
          range: '3.6 - 4.8',
          flag: 'HH',
          notes: ['再検済', '溶血なし'],
        }),
        result(jc10('ナトリウム', '3H010000002326101'), '132', { unit: 'mmol/L', range: '138 - 145', flag: 'L' }),
        result(jc10('HbA1c(NGSP)', '3D046000001920402'), '6.1', {
          unit: '%',
          range: '4.9 - 6.0',
          flag: 'H',
          status: 'C',
          notes: ['転記誤りを訂正'],
        }),
        result(jc10('溶血指数', '5Z999'), '±', { valueType: 'ST', flag: 'A' }),
      ],
      { comments: ['カリウム高値のため至急報告済（15:05 内科外来）。'] },
    ),
    group([result(jc10('尿蛋白', '1A010000000190111'), '(2+)', { valueType: 'ST', range: '(-)', flag: 'A' })], {
      request: coded('尿検査', 'E002', '99O03'),
      specimen: coded('尿', '001', 'JC10'),
      specimenId: '2026040100018',
    }),
  ],
}

/** The version before: without a second group, one value other. */
export const formerLaboratory: Clinical = {
  type: 'laboratory-result',
  order,
  groups: [
    group([
      result(jc10('総蛋白', '3A010000002327101'), '7.2', { unit: 'g/dL', range: '6.6 - 8.1' }),
      result(jc10('HbA1c(NGSP)', '3D046000001920402'), '16.1', { unit: '%', range: '4.9 - 6.0', flag: 'HH' }),
    ]),
  ],
}

const line = {
  form: NOTHING,
  route: coded('口', 'PO', 'HL70162'),
  instructions: [],
  days: '14',
  from: at('20260401'),
  until: at('20260414'),
  components: [],
  comments: [],
} as const

export const prescription: Clinical = {
  type: 'prescription',
  order: { ...order, number: '000000000700101', control: 'NW' },
  lines: [
    {
      ...line,
      group: '01',
      drug: coded('アムロジピン錠５ｍｇ「見本」', '103835401', 'HOT9'),
      dose: { value: '1', unit: '錠' },
      dailyDose: { value: '1', unit: '錠' },
      total: { value: '14', unit: '錠' },
      usage: '内服・経口・１日１回朝食後',
    },
    {
      ...line,
      group: '01',
      drug: coded('アジルサルタン錠２０ｍｇ「見本」', '121882301', 'HOT9'),
      dose: { value: '1', unit: '錠' },
      dailyDose: { value: '1', unit: '錠' },
      total: { value: '14', unit: '錠' },
      usage: '内服・経口・１日１回朝食後',
      comments: ['後発品変更不可'],
    },
    {
      ...line,
      group: '02',
      drug: coded('メトホルミン塩酸塩錠２５０ｍｇ「見本」', '110326201', 'HOT9'),
      dose: { value: '1', unit: '錠' },
      dailyDose: { value: '3', unit: '錠' },
      total: { value: '42', unit: '錠' },
      usage: '内服・経口・１日３回毎食直後',
      instructions: ['一包化', '粉砕不可'],
    },
    {
      ...line,
      group: '03',
      drug: coded('ロキソプロフェンナトリウム錠６０ｍｇ「見本」', '106218001', 'HOT9'),
      dose: { value: '1', unit: '錠' },
      total: { value: '10', unit: '錠' },
      usage: '内服・経口・疼痛時 １日２回まで',
      days: '10回分',
      comments: ['空腹時を避ける'],
    },
    {
      ...line,
      group: '04',
      drug: coded('ヘパリン類似物質油性クリーム０．３％「見本」', '117019801', 'HOT9'),
      dose: { value: '', unit: '' },
      total: { value: '50', unit: 'g' },
      route: coded('外用', 'AP', 'HL70162'),
      usage: '外用・塗布・１日２回朝夕 両下腿',
      days: '',
    },
  ],
}

export const dispensing: Clinical = {
  type: 'dispensing',
  order: { ...order, number: '000000000700102', control: '' },
  lines: [
    {
      group: '01',
      drug: coded('アムロジピン錠５ｍｇ「見本」', '103835401', 'HOT9'),
      amount: { value: '14', unit: '錠' },
      route: coded('口', 'PO', 'HL70162'),
      from: at('20260401'),
      until: at('20260414'),
      by: { id: 'P0200', name: '架空 薬剤師' },
      completion: 'CP',
      action: 'A',
      comments: ['先発品から変更'],
    },
    {
      group: '02',
      drug: coded('取り消した薬'),
      amount: { value: '1', unit: '錠' },
      route: NOTHING,
      completion: 'NA',
      action: 'D',
      comments: [],
    },
  ],
}

export const injection: Clinical = {
  type: 'injection-order',
  order,
  lines: [
    {
      ...line,
      group: '01',
      drug: coded('点滴静注'),
      dose: { value: '500', unit: 'mL' },
      route: coded('静脈内', 'IV', 'HL70162'),
      usage: '点滴静注 60 mL/h',
      days: '3',
      from: at('202604011000'),
      until: at('202604011800'),
      components: [
        {
          kind: 'base',
          drug: coded('ソリタ－Ｔ３号輸液「見本」', '107750501', 'HOT9'),
          amount: { value: '500', unit: 'mL' },
        },
        {
          kind: 'additive',
          drug: coded('ビタミンＢ１注「見本」', '100001201', 'HOT9'),
          amount: { value: '1', unit: '管' },
        },
      ],
    },
  ],
}

export const injectionGiven: Clinical = { ...dispensing, type: 'injection-given' }

export const allergies: Clinical = {
  type: 'allergies',
  allergies: [
    {
      category: coded('薬剤', 'DA', 'HL70127'),
      allergen: coded('ペニシリン系', 'J01C', '99A01'),
      severity: coded('SV', 'SV', 'HL70128'),
      reactions: ['アナフィラキシー'],
      action: 'A',
      onset: '2019年頃',
      status: NOTHING,
    },
    {
      category: coded('食物', 'FA', 'HL70127'),
      allergen: coded('そば'),
      severity: coded('軽度', 'MI', 'HL70128'),
      reactions: ['蕁麻疹', '掻痒'],
      action: 'D',
      onset: '',
      status: NOTHING,
    },
  ],
}

export const diagnoses: Clinical = {
  type: 'diagnoses',
  diagnoses: [
    {
      name: '急性胃腸炎',
      disease: coded('胃腸炎', '20061592', 'MDCDX2'),
      icd10: 'A099',
      action: 'AD',
      instanceId: '1',
      from: at('20260401'),
      outcome: NOTHING,
      suspected: true,
      main: true,
      comment: '',
      confidentiality: '',
    },
    {
      name: '高血圧症',
      disease: coded('高血圧症', '20054237', 'MDCDX2'),
      icd10: 'I10',
      action: 'DE',
      instanceId: '2',
      from: at('201504'),
      until: at('20260331'),
      outcome: coded('中止', '3', 'JHSD0006'),
      suspected: false,
      main: false,
      comment: '登録誤り',
      confidentiality: '',
    },
  ],
}

export const encounter: Clinical = {
  type: 'encounter',
  event: 'admission',
  patientClass: 'I',
  at: at('202604011030'),
  department: coded('内科', '01', 'HL70069'),
  place: { ward: '3東', room: '305', bed: '2' },
  doctor: { id: 'D0100', name: '見本 医師' },
  disposition: '',
}

export const person: Clinical = {
  type: 'demographics',
  person: {
    names: [
      { representation: 'IDE', family: '架空', given: '太郎' },
      { representation: 'SYL', family: 'カクウ', given: 'タロウ' },
    ],
    sex: 'M',
    birthTime: '19580412',
    addresses: [{ postalCode: '000-0001', text: '架空県想定市一丁目1番' }],
    telecoms: ['tel:000-0000-0001'],
  },
  observations: [result(coded('身長'), '168.0', { unit: 'cm' })],
  allergies: [],
  insurances: [{ plan: coded('国保', 'C0', 'JHSD0001'), insurer: '00000000', number: '架-1' }],
}

export const diet: Clinical = {
  type: 'diet',
  order,
  lines: [
    {
      diet: coded('糖尿病食 1600 kcal'),
      from: at('20260401'),
      until: at('20260403'),
      timing: '朝・昼・夕',
      instruction: '主食は全粥',
    },
  ],
}

export const imaging: Clinical = {
  type: 'imaging-performed',
  discipline: 'radiology',
  order,
  procedures: [
    {
      procedure: coded('胸部単純X線 正面', '1000000000200000', 'JJ1017'),
      control: 'PA',
      at: at('202604010915'),
      comments: ['立位'],
      observations: [result(coded('体重'), '61', { unit: 'kg' })],
    },
  ],
  performed: [{ act: coded('単純撮影'), supplies: ['半切 1枚'], exposures: ['120 kV', '2 mAs'] }],
  studies: [{ accession: 'A20260401001', studyUid: '2.25.123456789', modality: 'CR' }],
}

export const vitals: Clinical = {
  type: 'vitals',
  order,
  groups: [
    group(
      [
        result(coded('体温'), '38.4', { unit: '℃', flag: 'H', at: at('202604010800') }),
        result(coded('収縮期血圧'), '138', { unit: 'mmHg', at: at('202604010800') }),
      ],
      { request: coded('バイタルサイン'), specimen: NOTHING, specimenId: '' },
    ),
  ],
}

export const report: Clinical = {
  type: 'report',
  order,
  title: coded('胸部CT読影レポート', '18748-4', 'LN'),
  at: at('20260401140000'),
  status: 'P',
  text: [
    { heading: '所見', text: '右肺上葉に径 8 mm の結節を認めます。\n胸水はありません。' },
    { heading: '診断', text: '右肺上葉結節。3か月後のCTを推奨します。' },
  ],
  files: [],
}

export const note: Clinical = {
  type: 'note',
  number: 'N-1',
  parentNumber: '',
  documentType: coded('ノート 記録', 'NOTE-REC', '99STC'),
  title: '訪問看護 経過',
  at: at('202604011530'),
  author: { id: 'N1', name: '想定 看護師' },
  completion: 'AU',
  text: ['血圧 138/82。浮腫は軽減。', '内服は自己管理できている。'],
  files: [
    { mimeType: 'image/jpeg', fileName: '下腿.jpg', title: '下腿の写真', bytes: Buffer.from('jpeg'), occurrence: 2 },
  ],
}

export const ALL: readonly Clinical[] = [
  laboratory,
  prescription,
  dispensing,
  injection,
  injectionGiven,
  allergies,
  diagnoses,
  encounter,
  person,
  diet,
  imaging,
  { ...imaging, type: 'imaging-order' },
  { ...laboratory, type: 'laboratory-order' } as Clinical,
  vitals,
  { ...vitals, type: 'physiology-result' } as Clinical,
  report,
  note,
  { ...note, type: 'document' } as Clinical,
  { ...note, type: 'file' } as Clinical,
]

export function viewOf(content: Clinical | undefined, more: Partial<ClinicalView['document']> = {}): ClinicalView {
  return {
    document: {
      uniqueId: '2.25.329800735698586629295641978511506172918',
      title: '検体検査結果 2026-04-01',
      kind: { ja: '検体検査結果', en: 'Laboratory result', code: 'OML-11' },
      state: 'current',
      facility: { facilityId: 'hospital-a', name: '架空中央病院' },
      authors: ['見本 医師', '内科'],
      serviceStartMs: Date.parse('2026-04-01T08:30:00+09:00'),
      serviceStopMs: Date.parse('2026-04-01T08:30:00+09:00'),
      createdMs: Date.parse('2026-04-01T15:12:00+09:00'),
      mimeType: 'x-application/hl7-v2+er7',
      sizeBytes: 1834,
      versions: 1,
      files: [],
      ...more,
    },
    patient: {
      number: '0000012345',
      names: [
        { representation: 'IDE', family: '架空', given: '太郎' },
        { representation: 'SYL', family: 'カクウ', given: 'タロウ' },
      ],
      birthTime: '19580412',
      sex: 'M',
    },
    ...(content === undefined ? {} : { content }),
    segments: ['MSH|^~\\&|EHR|1399100015|GW|TSUNAGI|20260401151200||OUL^R22^OUL_R22|V-1|P|2.5', 'PID|0001||0000012345'],
  }
}
