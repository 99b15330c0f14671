// Lists that stand until the next one comes: allergies, diagnoses; and diet orders.

import type { AllergyList, DiagnosisList, DietOrder } from '../../model/clinical.ts'
import { type Block, type Cell, label, table } from '../blocks.ts'
import { CANCELLED, codedCell, meant, orderFacts, outcomeText, period, textOf, time } from '../words.ts'

type Allergy = AllergyList['allergies'][number]
type Diagnosis = DiagnosisList['diagnoses'][number]

const NONE = '登録なし Nothing recorded'

export function allergyList({ allergies }: AllergyList): readonly Block[] {
  if (allergies.length === 0) return [{ kind: 'prose', paragraphs: [NONE] }]
  return [
    table<Allergy>({
      caption: 'アレルギー',
      columns: [
        { label: label('アレルゲン', 'Allergen'), cell: ({ allergen }) => codedCell(allergen) },
        { label: label('種別', 'Category'), cell: ({ category }) => textOf(category) },
        { label: label('重症度', 'Severity'), cell: severity },
        { label: label('症状', 'Reactions'), cell: ({ reactions }) => reactions.join('、') },
        { label: label('発症', 'Onset'), cell: ({ onset }) => onset },
        {
          label: label('状態', 'Status'),
          cell: ({ status, action }) => (action === 'D' ? '削除 deleted' : textOf(status)),
        },
      ],
      items: allergies,
      isGone: ({ action }) => action === 'D',
    }),
  ]
}

/** HL7 table 0128. */
const SEVERITIES: Readonly<Record<string, string>> = {
  SV: '重度 severe',
  MO: '中等度 moderate',
  MI: '軽度 mild',
  U: '不明 unknown',
}

function severity({ severity: given }: Allergy): Cell {
  const text = given.text === given.code ? (meant(SEVERITIES, given.code) ?? given.text) : textOf(given)
  return { text, ...(given.code === 'SV' ? { alarm: 'critical' } : {}) }
}

export function diagnosisList({ diagnoses }: DiagnosisList): readonly Block[] {
  if (diagnoses.length === 0) return [{ kind: 'prose', paragraphs: [NONE] }]
  return [
    table<Diagnosis>({
      caption: '病名',
      columns: [
        { label: label('病名', 'Diagnosis'), cell: diagnosisName },
        { label: label('ICD-10', 'ICD-10'), cell: ({ icd10 }) => icd10 },
        { label: label('開始日', 'From'), cell: ({ from }) => time(from) },
        { label: label('終了日', 'Until'), cell: ({ until }) => time(until) },
        { label: label('転帰', 'Outcome'), cell: ({ outcome }) => outcomeText(outcome) },
        {
          label: label('備考', 'Remarks'),
          cell: ({ comment, action }) => (action === 'DE' ? `削除 deleted ${comment}` : comment).trim(),
        },
      ],
      items: diagnoses,
      isGone: ({ action }) => action === 'DE',
    }),
  ]
}

function diagnosisName({ name, disease, suspected, main }: Diagnosis): Cell {
  const marks = [
    main ? '【主】' : '',
    name === '' ? textOf(disease) : name,
    suspected && !name.includes('疑い') ? 'の疑い' : '',
  ]
  const { detail } = codedCell(disease)
  return { text: marks.join(''), ...(detail === undefined ? {} : { detail }) }
}

/** HL7 table 0159, without the diet itself. */
const DIET_CATEGORIES: ReadonlyMap<string, string> = new Map([
  ['S', '補食 supplement'],
  ['P', '嗜好 preference'],
])

export function dietOrder({ order, lines }: DietOrder): readonly Block[] {
  return [
    orderFacts(order),
    table({
      caption: '食事',
      columns: [
        { label: label('食種', 'Diet'), cell: ({ diet }) => codedCell(diet) },
        { label: label('区分', 'Category'), cell: ({ category = '' }) => DIET_CATEGORIES.get(category) ?? category },
        { label: label('時期', 'Timing'), cell: ({ timing }) => timing },
        { label: label('期間', 'Period'), cell: ({ from, until }) => period(from, until) },
        {
          label: label('指示', 'Instruction'),
          cell: ({ instruction, cancelled }) =>
            cancelled === true ? `${CANCELLED} ${instruction}`.trim() : instruction,
        },
      ],
      items: lines,
      isGone: ({ cancelled }) => cancelled === true,
    }),
  ]
}
