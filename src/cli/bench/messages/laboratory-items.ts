// Laboratory items of invented results: names, units, reference ranges and how values spread; the codes have the form of JLAC10.

/** Serum, whole blood, plasma, urine (JLAC10 material). */
export type Material = '023' | '019' | '022' | '001'

export const materials: Readonly<Record<Material, string>> = {
  '023': '血清',
  '019': '全血（添加物入り）',
  '022': '血漿',
  '001': '尿（含むその他）',
}

export interface LaboratoryItem {
  /** JLAC10 form: analyte 5, identification 4, material 3, method 3, result 2. */
  readonly code: string
  readonly name: string
  readonly localCode: string
  readonly localName: string
  readonly material: Material
  readonly unit: string
  readonly low: number
  readonly high: number
  readonly decimals: number
  /** Below it the analyser says `< limit`. */
  readonly limit?: number
}

type Row = readonly [
  analyte: string,
  name: string,
  localName: string,
  unit: string,
  low: number,
  high: number,
  decimals: number,
]

function items(material: Material, method: string, rows: readonly Row[]): readonly LaboratoryItem[] {
  return rows.map(([analyte, name, localName, unit, low, high, decimals], index) => ({
    code: `${analyte}0000${material}${method}01`,
    name,
    localCode: `${material}${String(index + 1).padStart(2, '0')}`,
    localName,
    material,
    unit,
    low,
    high,
    decimals,
  }))
}

const CHEMISTRY = items('023', '271', [
  ['3A010', '総蛋白', 'ＴＰ', 'g/dL', 6.6, 8.1, 1],
  ['3A015', 'アルブミン', 'ＡＬＢ', 'g/dL', 4.1, 5.1, 1],
  ['3J010', '総ビリルビン', 'Ｔ－ＢＩＬ', 'mg/dL', 0.4, 1.5, 1],
  ['3B035', 'ＡＳＴ（ＧＯＴ）', 'ＡＳＴ', 'U/L', 13, 30, 0],
  ['3B045', 'ＡＬＴ（ＧＰＴ）', 'ＡＬＴ', 'U/L', 10, 42, 0],
  ['3B050', '乳酸脱水素酵素', 'ＬＤ', 'U/L', 124, 222, 0],
  ['3B070', 'アルカリホスファターゼ', 'ＡＬＰ', 'U/L', 38, 113, 0],
  ['3B090', 'γ－グルタミルトランスフェラーゼ', 'γ－ＧＴ', 'U/L', 13, 64, 0],
  ['3B010', 'クレアチンキナーゼ', 'ＣＫ', 'U/L', 59, 248, 0],
  ['3C025', '尿素窒素', 'ＢＵＮ', 'mg/dL', 8, 20, 1],
  ['3C015', 'クレアチニン', 'ＣＲＥ', 'mg/dL', 0.65, 1.07, 2],
  ['3C020', '尿酸', 'ＵＡ', 'mg/dL', 3.7, 7.8, 1],
  ['3F050', '総コレステロール', 'Ｔ－ＣＨＯ', 'mg/dL', 142, 248, 0],
  ['3F015', '中性脂肪', 'ＴＧ', 'mg/dL', 40, 234, 0],
  ['3F070', 'ＨＤＬコレステロール', 'ＨＤＬ－Ｃ', 'mg/dL', 38, 90, 0],
  ['3F077', 'ＬＤＬコレステロール', 'ＬＤＬ－Ｃ', 'mg/dL', 65, 163, 0],
  ['3H010', 'ナトリウム', 'Ｎａ', 'mmol/L', 138, 145, 0],
  ['3H015', 'カリウム', 'Ｋ', 'mmol/L', 3.6, 4.8, 1],
  ['3H020', 'クロール', 'Ｃｌ', 'mmol/L', 101, 108, 0],
  ['3H030', 'カルシウム', 'Ｃａ', 'mg/dL', 8.8, 10.1, 1],
  ['3H040', '無機リン', 'ＩＰ', 'mg/dL', 2.7, 4.6, 1],
  ['3I010', '鉄', 'Ｆｅ', 'ug/dL', 40, 188, 0],
  ['3B160', 'アミラーゼ', 'ＡＭＹ', 'U/L', 44, 132, 0],
])

const PROTEINS = items('023', '062', [
  ['5C070', 'Ｃ反応性蛋白', 'ＣＲＰ', 'mg/dL', 0, 0.14, 2],
  ['5C095', 'フェリチン', 'ＦＥＲ', 'ng/mL', 18, 250, 1],
  ['4B010', '甲状腺刺激ホルモン', 'ＴＳＨ', 'uU/mL', 0.35, 4.94, 2],
  ['4B035', '遊離サイロキシン', 'ＦＴ４', 'ng/dL', 0.7, 1.48, 2],
  ['4Z271', '脳性ナトリウム利尿ペプチド', 'ＢＮＰ', 'pg/mL', 0, 18.4, 1],
  ['5D010', '癌胎児性抗原', 'ＣＥＡ', 'ng/mL', 0, 5, 1],
]).map((item) => ({
  ...item,
  localCode: `P${item.localCode}`,
  ...(item.localName === 'ＣＲＰ' ? { limit: 0.02 } : {}),
}))

const BLOOD_COUNT = items('019', '301', [
  ['2A010', '白血球数', 'ＷＢＣ', '.10*3/uL', 3.3, 8.6, 1],
  ['2A020', '赤血球数', 'ＲＢＣ', '.10*6/uL', 3.86, 5.55, 2],
  ['2A030', 'ヘモグロビン', 'Ｈｂ', 'g/dL', 11.6, 16.8, 1],
  ['2A040', 'ヘマトクリット', 'Ｈｔ', '%', 35.1, 50.1, 1],
  ['2A060', '平均赤血球容積', 'ＭＣＶ', 'fL', 83.6, 98.2, 1],
  ['2A070', '平均赤血球血色素量', 'ＭＣＨ', 'pg', 27.5, 33.2, 1],
  ['2A080', '平均赤血球血色素濃度', 'ＭＣＨＣ', 'g/dL', 31.7, 35.3, 1],
  ['2A050', '血小板数', 'ＰＬＴ', '.10*3/uL', 158, 348, 0],
  ['2A161', '好中球', 'ＮＥＵＴ', '%', 40, 70, 1],
  ['2A162', 'リンパ球', 'ＬＹＭＰ', '%', 16.5, 49.5, 1],
  ['2A163', '単球', 'ＭＯＮＯ', '%', 2, 10, 1],
  ['2A164', '好酸球', 'ＥＯＳ', '%', 0, 8.5, 1],
])

const COAGULATION = items('022', '311', [
  ['2B030', 'プロトロンビン時間', 'ＰＴ', 's', 10, 13, 1],
  ['2B020', '活性化部分トロンボプラスチン時間', 'ＡＰＴＴ', 's', 25, 38, 1],
  ['2B120', 'Ｄダイマー', 'ＤＤ', 'ug/mL', 0, 1, 2],
  ['3D010', 'グルコース', 'ＧＬＵ', 'mg/dL', 73, 109, 0],
  ['3D046', 'ヘモグロビンＡ１ｃ（ＮＧＳＰ）', 'ＨｂＡ１ｃ', '%', 4.9, 6, 1],
])

const URINE = items('001', '711', [
  ['1A035', '尿比重', 'ＳＧ', '', 1.005, 1.03, 3],
  ['1A030', '尿ｐＨ', 'ｐＨ', '', 5, 7.5, 1],
  ['1A010', '尿蛋白定量', 'Ｕ－ＴＰ', 'mg/dL', 0, 15, 1],
  ['1A055', '尿中アルブミン', 'Ｕ－ＡＬＢ', 'mg/L', 0, 30, 1],
])

/** What is ordered together, with the local name of the order (OBR-4). */
export interface Panel {
  readonly code: string
  readonly name: string
  readonly items: readonly LaboratoryItem[]
}

export const panels: readonly Panel[] = [
  { code: 'E002', name: '生化学的検査', items: [...CHEMISTRY, ...PROTEINS] },
  { code: 'E001', name: '血液学的検査', items: BLOOD_COUNT },
  { code: 'E003', name: '凝固・血糖検査', items: COAGULATION },
  { code: 'E004', name: '尿検査', items: URINE },
]
