// Medicines of invented prescriptions: names, units and usage as Japanese systems write them; the codes are made up in the form of HOT9.

import type { Coded } from './segments.ts'

/** MERIT-9 unit. */
function unit(code: string, text: string): Coded {
  return { code, text, system: 'MR9P' }
}

const TABLET = unit('TAB', '錠')
const CAPSULE = unit('CAP', 'カプセル')
const PACKET = unit('PCK', '包')
const MILLILITRE = unit('ML', 'ミリリットル')
const PIECE = unit('HON', '本')
const SHEET = unit('SHT', '枚')
const AMPOULE = unit('AMP', 'アンプル')
const VIAL = unit('VIL', 'バイアル')
const BAG = unit('BAG', '袋')

/** By mouth, when needed, externally (JHSP0003). */
export type Way = 'oral' | 'as-needed' | 'external'

export interface Medicine {
  readonly drug: Coded
  readonly unit: Coded
  readonly form: readonly [code: string, text: string]
  readonly way: Way
  /** Of one dose. */
  readonly dose: number
}

function hot9(number: number, text: string): Coded {
  return { code: String(999_100_000 + number), text, system: 'HOT9' }
}

const TABLETS = ['TAB', '錠剤'] as const

export const medicines: readonly Medicine[] = [
  { drug: hot9(101, 'アムロジピン錠５ｍｇ'), unit: TABLET, form: TABLETS, way: 'oral', dose: 1 },
  { drug: hot9(102, 'カンデサルタン錠８ｍｇ'), unit: TABLET, form: TABLETS, way: 'oral', dose: 1 },
  { drug: hot9(103, 'メトホルミン塩酸塩錠２５０ｍｇ'), unit: TABLET, form: TABLETS, way: 'oral', dose: 2 },
  { drug: hot9(104, 'ロスバスタチン錠２．５ｍｇ'), unit: TABLET, form: TABLETS, way: 'oral', dose: 1 },
  { drug: hot9(105, 'ランソプラゾールＯＤ錠１５ｍｇ'), unit: TABLET, form: TABLETS, way: 'oral', dose: 1 },
  { drug: hot9(106, 'レバミピド錠１００ｍｇ'), unit: TABLET, form: TABLETS, way: 'oral', dose: 1 },
  { drug: hot9(107, 'アセトアミノフェン錠２００ｍｇ'), unit: TABLET, form: TABLETS, way: 'as-needed', dose: 2 },
  { drug: hot9(108, 'ロキソプロフェンＮａ錠６０ｍｇ'), unit: TABLET, form: TABLETS, way: 'as-needed', dose: 1 },
  { drug: hot9(109, 'センノシド錠１２ｍｇ'), unit: TABLET, form: TABLETS, way: 'as-needed', dose: 2 },
  {
    drug: hot9(110, 'アモキシシリンカプセル２５０ｍｇ'),
    unit: CAPSULE,
    form: ['CAP', 'カプセル剤'],
    way: 'oral',
    dose: 1,
  },
  { drug: hot9(111, '酸化マグネシウム細粒８３％'), unit: PACKET, form: ['PWD', '散剤'], way: 'oral', dose: 1 },
  { drug: hot9(112, '葛根湯エキス顆粒（医療用）'), unit: PACKET, form: ['PWD', '散剤'], way: 'oral', dose: 1 },
  {
    drug: hot9(113, 'カルボシステインシロップ５％'),
    unit: MILLILITRE,
    form: ['SYR', 'シロップ剤'],
    way: 'oral',
    dose: 10,
  },
  { drug: hot9(114, 'プレドニゾロン錠５ｍｇ'), unit: TABLET, form: TABLETS, way: 'oral', dose: 2 },
  { drug: hot9(115, 'ジフルコルトロン軟膏０．１％'), unit: PIECE, form: ['OIT', '軟膏剤'], way: 'external', dose: 2 },
  { drug: hot9(116, 'ケトプロフェンテープ４０ｍｇ'), unit: SHEET, form: ['TPE', '貼付剤'], way: 'external', dose: 28 },
]

/** Usage by JAMISDP01, and how often a day. */
export interface Usage {
  readonly code: string
  readonly text: string
  readonly timesADay: number
}

export const usages: Readonly<Record<Way, readonly Usage[]>> = {
  oral: [
    { code: '1011000400000000', text: '内服・経口・１日１回朝食後', timesADay: 1 },
    { code: '1012040400000000', text: '内服・経口・１日２回朝夕食後', timesADay: 2 },
    { code: '1013044400000000', text: '内服・経口・１日３回朝昼夕食後', timesADay: 3 },
    { code: '1011000090000000', text: '内服・経口・１日１回就寝前', timesADay: 1 },
  ],
  'as-needed': [
    { code: '1050110020000000', text: '内服・経口・疼痛時', timesADay: 2 },
    { code: '1050110050000000', text: '内服・経口・発熱時', timesADay: 3 },
  ],
  external: [
    { code: '2B74000000000000', text: '外用・塗布・１日４回', timesADay: 4 },
    { code: '2H71000000000000', text: '外用・貼付・１日１回', timesADay: 1 },
  ],
}

export interface Solution {
  readonly base: Coded
  readonly baseUnit: Coded
  readonly millilitres: number
  readonly hours: number
  readonly route: readonly [code: string, text: string]
  readonly additives: readonly { readonly drug: Coded; readonly amount: string; readonly unit: Coded }[]
}

const DRIP = ['IV', '静脈内'] as const

export const solutions: readonly Solution[] = [
  {
    base: hot9(501, '維持液（３）輸液５００ｍＬ'),
    baseUnit: BAG,
    millilitres: 500,
    hours: 5,
    route: DRIP,
    additives: [{ drug: hot9(502, 'カルバゾクロム注射液５０ｍｇ'), amount: '1', unit: AMPOULE }],
  },
  {
    base: hot9(503, '生理食塩液１００ｍＬ'),
    baseUnit: BAG,
    millilitres: 100,
    hours: 1,
    route: DRIP,
    additives: [{ drug: hot9(504, 'セフトリアキソンＮａ静注用１ｇ'), amount: '1', unit: VIAL }],
  },
  {
    base: hot9(505, '乳酸リンゲル液５００ｍＬ'),
    baseUnit: BAG,
    millilitres: 500,
    hours: 4,
    route: DRIP,
    additives: [
      { drug: hot9(506, '塩化カリウム注２０ｍＥｑキット'), amount: '1', unit: PIECE },
      { drug: hot9(507, 'ビタミンＢ複合剤注射液'), amount: '2', unit: AMPOULE },
    ],
  },
]
