// sourcePatientInfo from PID, re-written with the standard delimiters (ITI TF-3 Table 4.2.3.2-1, Table 4.2.3.1.7-2).

import { type Er7Message, isNull, repetitions, resolveEscapes, segmentsOf, value } from '../model/hl7v2.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import { withoutEnd } from '../model/text-end.ts'
import { birthDigits } from './demographics.ts'
import { readWrittenTime } from './written-time.ts'

/** Receipt codes that small systems send for HL7 table 0001. */
const SEX_OF_RECEIPT: Readonly<Record<string, string>> = { '1': 'M', '2': 'F' }
const ESCAPED: Readonly<Record<string, string>> = {
  '|': '\\F\\',
  '^': '\\S\\',
  '&': '\\T\\',
  '~': '\\R\\',
  '\\': '\\E\\',
}

/** Values `PID-3|…`, `PID-5|…` (one a name), `PID-7|…`, `PID-8|…`, `PID-11|…`; fields without a value are left out. */
export function patientInfo(message: Er7Message, source: PatientId): readonly string[] {
  const sex = value(message, 'PID', 8)
  const birth = readWrittenTime(value(message, 'PID', 7))
  return [
    `PID-3|${formatCx(source)}`,
    ...fieldValues(message, 5).map((name) => `PID-5|${name}`),
    ...(birth === undefined ? [] : [`PID-7|${birthDigits(birth)}`]),
    ...(sex === '' || isNull(sex) ? [] : [`PID-8|${SEX_OF_RECEIPT[sex] ?? sex}`]),
    ...fieldValues(message, 11).map((address) => `PID-11|${address}`),
  ]
}

function fieldValues(message: Er7Message, field: number): readonly string[] {
  return repetitions(message, segmentsOf(message, 'PID')[0], field)
    .filter((raw) => !isNull(raw))
    .map((raw) => standardise(message, raw))
    .filter((text) => text !== '')
}

function standardise(message: Er7Message, raw: string): string {
  const { component, subcomponent } = message.delimiters
  const leaf = (text: string) =>
    resolveEscapes(message.delimiters, text).replaceAll(/[|^&~\\]/g, (character) => ESCAPED[character] ?? character)
  const parts = raw.split(component).map((part) => part.split(subcomponent).map(leaf).join('&'))
  return withoutEnd(parts.join('^'), /\^/)
}
