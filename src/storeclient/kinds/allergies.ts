// ADT-61 アレルギー: the whole list of a patient's allergies each time (HL7 v2.5 3.3.60 A60, 3.4.7 IAM; SS-MIX2 ADT-61).

import { iheError } from '../../../profiles/errors/index.ts'
import type { AllergyList, Clinical } from '../../model/clinical.ts'
import type { IheError } from '../../model/error.ts'
import { component, type Er7Message, isNull, repetitions, type Segment, segmentsOf } from '../../model/hl7v2.ts'
import { checkFields } from './field-checks.ts'
import { coded, text } from './fields.ts'
import { itemCodes } from './item-codes.ts'
import type { KindReader, Reading } from './reader.ts'

/** HL7 table 0323. */
const DELETE = 'D'
/** Fields of IAM with a table, and what it lists; another system than HL7's own is not judged. */
const TABLES = [
  { field: 2, table: 'HL70127', values: new Set(['DA', 'FA', 'MA', 'MC', 'EA', 'AA', 'PA', 'LA']) },
  { field: 4, table: 'HL70128', values: new Set(['MI', 'MO', 'SV', 'U']) },
  { field: 6, table: 'HL70323', values: new Set(['A', DELETE, 'U', 'X']) },
] as const

export const allergies: KindReader = {
  documents: (message, { header }) => {
    const lines = segmentsOf(message, 'IAM')
    requireAllergens(message, lines)
    const live = lines.filter((iam) => text(message, iam, 6) !== DELETE)
    const reading: Reading = {
      service: [header.sentAt],
      segments: message.segments,
      // Its doubts are not told: the JLAC10 of an allergen rightly has no part for a result.
      eventCodes: itemCodes(message, live, ['IAM-3']).codes,
      // A list without a line says that nothing is known of any allergy (any more).
      deletes: live.length === 0 ? 'whole' : 'no',
      warnings: [
        ...checkFields(message, { kind: header.found.kind.kind, groups: [lines] }),
        ...lines.flatMap((iam, index) => codeWarnings(message, iam, index + 1)),
      ],
    }
    return [reading]
  },
  content,
}

function requireAllergens(message: Er7Message, lines: readonly Segment[]): void {
  const empty = lines.findIndex((iam) => {
    const { code, text, alternative } = coded(message, iam, 3)
    return code + text === '' && alternative === undefined
  })
  if (empty !== -1) throw iheError('HL7_FIELD_MISSING', { at: `IAM[${empty + 1}]-3`, rule: 'IAM-3 is required' })
}

function codeWarnings(message: Er7Message, iam: Segment, occurrence: number): readonly IheError[] {
  return TABLES.filter(({ field, table, values }) => {
    const { code, system } = coded(message, iam, field)
    const isJudged = system === table || system === ''
    return isJudged && code !== '' && !values.has(code)
  }).map(({ field, table }) =>
    iheError('HL7_CODE', {
      at: `IAM[${occurrence}]-${field}`,
      value: text(message, iam, field),
      rule: `HL7 table ${table.slice(3)}`,
    }),
  )
}

function content(message: Er7Message): Clinical {
  return { type: 'allergies', allergies: segmentsOf(message, 'IAM').map((iam) => line(message, iam)) }
}

function line(message: Er7Message, iam: Segment): AllergyList['allergies'][number] {
  return {
    category: coded(message, iam, 2),
    allergen: coded(message, iam, 3),
    severity: coded(message, iam, 4),
    reactions: reactions(message, iam),
    action: text(message, iam, 6),
    onset: text(message, iam, 12) || text(message, iam, 11),
    status: coded(message, iam, 17),
  }
}

/** IAM-5 is a text; those who send a code send its text beside it. */
function reactions(message: Er7Message, iam: Segment): readonly string[] {
  return repetitions(message, iam, 5)
    .filter((raw) => !isNull(raw))
    .map((raw) => component(message, raw, 2) || component(message, raw, 1))
    .filter((reaction) => reaction !== '')
}
