// Invented lists that a sender repeats as a whole: allergies (ADT-61), diagnoses (PPR-01); and the diet order (OMD).

import type { Random } from '../people/random.ts'
import { type Chart, controlOf, evn, type InventedMessage, message, orc, pid, pv1 } from './message.ts'
import { code, NULL, segment } from './segments.ts'
import { DAY, dateOf, type Moment, stampOf } from './time.ts'

const ALLERGENS = [
  { type: ['LA', '花粉アレルギー'], allergen: ['5A1002216023023', 'スギ', 'JC10'], reaction: '目のかゆみ' },
  { type: ['LA', '花粉アレルギー'], allergen: ['5A1002217023023', 'ヒノキ', 'JC10'], reaction: '鼻汁' },
  { type: ['FA', '食物アレルギー'], allergen: ['5A1002411023006', 'ソバ', 'JC10'], reaction: '湿疹' },
  { type: ['FA', '食物アレルギー'], allergen: ['J9FC99000001', '甲殻類', 'J-FAGY'], reaction: '蕁麻疹＆下痢' },
  { type: ['FA', '食物アレルギー'], allergen: ['J9FC99000002', '鶏卵', 'J-FAGY'], reaction: '口唇の腫れ' },
  { type: ['DA', '薬物アレルギー'], allergen: ['1', 'ペニシリン系', '99XYZ'], reaction: '発疹' },
  {
    type: ['DA', '薬物アレルギー'],
    allergen: ['999800101', 'ロキソプロフェンＮａ錠６０ｍｇ', 'HOT9'],
    reaction: '呼吸困難',
  },
  { type: ['MA', '様々なアレルギー'], allergen: ['9', 'ヨード造影剤', '99XYZ'], reaction: '血圧低下' },
] as const

const SEVERITIES = [
  ['MI', '軽度'],
  ['MO', '中等度'],
  ['SV', '重度'],
] as const

/** Where the list of a patient begins, and how many of it are known: later lists are longer. */
export interface AllergyList {
  readonly first: number
  readonly known: number
}

export function inventAllergies(random: Random): AllergyList {
  return { first: random.below(ALLERGENS.length), known: 1 + random.below(2) }
}

/** ADT-61. */
export function allergies(chart: Chart, list: AllergyList, at: Moment): InventedMessage {
  const lines = Array.from({ length: list.known }, (_line, index) => {
    const number = (list.first + index) % ALLERGENS.length
    const { type, allergen, reaction } = ALLERGENS[number] ?? ALLERGENS[0]
    const severity = SEVERITIES[number % SEVERITIES.length] ?? SEVERITIES[0]
    return segment('IAM', {
      1: String(index + 1),
      2: code(type[0], type[1], 'HL70127'),
      3: code(allergen[0], allergen[1], allergen[2]),
      4: code(severity[0], severity[1], 'HL70128'),
      5: reaction,
      6: code('A', '追加', 'HL70323'),
      7: `ALG${number + 1}`,
      11: dateOf(at - (number + 1) * 365 * DAY),
    })
  })
  return message(chart, {
    kind: 'ADT-61',
    action: 'update',
    type: 'ADT^A60^ADT_A60',
    sentAt: at,
    body: [evn(chart, { at }), pid(chart), ...lines],
  })
}

/** ADT-61 with nobody's allergy: the list is emptied. */
export function noAllergies(chart: Chart, at: Moment): InventedMessage {
  return message(chart, {
    kind: 'ADT-61',
    action: 'cancel',
    type: 'ADT^A60^ADT_A60',
    sentAt: at,
    body: [evn(chart, { at }), pid(chart)],
  })
}

const DISEASES = [
  { number: '99054174', exchange: 'TX01', name: '胃炎', icd: 'K297' },
  { number: '99058577', exchange: 'TX02', name: '急性肺炎', icd: 'J189' },
  { number: '99061234', exchange: 'TX03', name: '高血圧症', icd: 'I10' },
  { number: '99062345', exchange: 'TX04', name: '２型糖尿病', icd: 'E119' },
  { number: '99063456', exchange: 'TX05', name: '脂質異常症', icd: 'E785' },
  { number: '99064567', exchange: 'TX06', name: '腰椎椎間板ヘルニア', icd: 'M512' },
  { number: '99065678', exchange: 'TX07', name: '大腿骨頚部骨折', icd: 'S7200' },
  { number: '99066789', exchange: 'TX08', name: '慢性心不全', icd: 'I509' },
  { number: '99067890', exchange: 'TX09', name: '鉄欠乏性貧血', icd: 'D509' },
  { number: '99068901', exchange: 'TX10', name: '急性上気道炎', icd: 'J069' },
] as const

export interface Diagnosis {
  readonly disease: number
  readonly since: Moment
  readonly until?: Moment
  readonly isSuspected: boolean
  /** PRB-4, the same for the life of the diagnosis. */
  readonly instance: string
}

export function inventDiagnosis(chart: Chart, since: Moment): Diagnosis {
  const { random, orderNumber } = chart.desk
  return { disease: random.below(DISEASES.length), since, isSuspected: random.chance(0.2), instance: orderNumber() }
}

/** PPR-01; the first is the main diagnosis, and one that has ended is said once more with its end. */
export function diagnoses(chart: Chart, list: readonly Diagnosis[], at: Moment): InventedMessage {
  const when = chart.bed === undefined ? (['O', '外来時'] as const) : (['H', '入院時'] as const)
  const lines = list.flatMap(({ disease, since, until, isSuspected, instance }, index) => {
    const { number, exchange, name, icd } = DISEASES[disease] ?? DISEASES[0]
    return [
      segment('PRB', {
        1: until === undefined ? 'AD' : 'UP',
        2: dateOf(at),
        3: code(number, name, 'MDCDX2'),
        4: instance,
        7: dateOf(since),
        9: until === undefined ? NULL : dateOf(until),
        10: { components: [icd, '', 'I10', when[0], when[1], 'JHSD0004', '2013'] },
        ...(isSuspected ? { 13: code('1', '疑いあり', 'JHSD0005') } : {}),
        14: until === undefined ? code('N', '回復せず', 'HL70241') : code('F', '回復', 'HL70241'),
        16: dateOf(since - 7 * DAY),
        17: name,
        ...(index === 0 ? { 18: code('1', '主診断', 'JHSD0007') } : {}),
      }),
      segment('ZPR', {
        2: code(number, name, 'MDCDX2'),
        ...(isSuspected ? { 3: code('8002', 'の疑い', '99RECE') } : {}),
        5: code(exchange, name, 'MDCDX2'),
      }),
      orc(chart, { control: 'NW', number: instance, at }),
    ]
  })
  return message(chart, {
    kind: 'PPR-01',
    action: 'update',
    type: 'PPR^ZD1^PPR_ZD1',
    sentAt: at,
    body: [pid(chart), ...lines],
  })
}

const DIETS = [
  ['001', '常食', '塩分６ｇ未満'],
  ['012', '全粥食', '主菜は刻み食'],
  ['034', '糖尿病食１６００ｋｃａｌ', '間食なし'],
  ['051', '流動食', '術後１日目から'],
] as const

export interface DietOrder {
  readonly number: string
  readonly orderedAt: Moment
  readonly diet: number
}

export function inventDiet(chart: Chart, orderedAt: Moment): DietOrder {
  return { number: chart.desk.orderNumber(), orderedAt, diet: chart.desk.random.below(DIETS.length) }
}

/** OMD. */
export function diet(
  chart: Chart,
  order: DietOrder,
  { action, sentAt }: { readonly action: 'new' | 'update' | 'cancel'; readonly sentAt: Moment },
): InventedMessage {
  const [identifier, name, instruction] = DIETS[order.diet % DIETS.length] ?? DIETS[0]
  return message(chart, {
    kind: 'OMD',
    action,
    type: 'OMD^O03^OMD_O03',
    sentAt,
    careDate: dateOf(order.orderedAt),
    orderNumber: order.number,
    body: [
      pid(chart),
      pv1(chart),
      orc(chart, { control: controlOf(action), number: order.number, at: order.orderedAt }),
      segment('TQ1', {
        1: '1',
        3: { components: [['TID', '１日３回', 'HL70335']] },
        7: stampOf(order.orderedAt).slice(0, 10),
        9: code('R', 'ルーチン', 'HL70485'),
      }),
      segment('ODS', { 1: 'D', 3: code(identifier, name, '99XY3'), 4: instruction }),
    ],
  })
}
