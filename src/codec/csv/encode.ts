// Bytes of a CSV file: UTF-8 with its mark, or Shift_JIS for programs that know nothing else (idlink L-2).

import { encode } from '../hl7v2/charset.ts'
import { CSV_MARK } from './write.ts'

export const CSV_ENCODINGS = ['utf-8', 'shift_jis'] as const
export type CsvEncoding = (typeof CSV_ENCODINGS)[number]

/** Stands for a character that Shift_JIS lacks, as on paper. */
const GETA = '〓'

/** Characters that JIS tables and Unicode tables disagree about. */
const ALIKE: Readonly<Record<string, string>> = {
  '〜': '～',
  '−': '－',
  '‖': '∥',
  '—': '―',
  '¢': '￠',
  '£': '￡',
  '¬': '￢',
  '¥': '\\',
  '‾': '~',
}

/** What stands before everything. */
export function csvBegin(encoding: CsvEncoding): Buffer {
  return encoding === 'utf-8' ? Buffer.from(CSV_MARK) : Buffer.alloc(0)
}

export function csvBytes(text: string, encoding: CsvEncoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text)
  return encode(text, 'Shift_JIS') ?? Buffer.concat(Array.from(text, shiftJis))
}

function shiftJis(character: string): Buffer {
  return encode(character, 'Shift_JIS') ?? encode(ALIKE[character] ?? GETA, 'Shift_JIS') ?? Buffer.from([0x81, 0xac])
}
