// Messages in the one character set of SS-MIX2: ASCII and JIS X 0208 levels 1 and 2 as ISO-2022-JP, with the usual replacements.

import type { Delimiters, DetectedCharset } from '../../model/hl7v2.ts'
import { type CharsetHints, type Decoded, decode, encode } from './charset.ts'
import { readEscapes } from './escape.ts'
import { charsetLabel, mshOffset, readDelimiters } from './header.ts'
import { isVendorCharacter, jisCode } from './jis.ts'

export interface Replacement {
  readonly character: string
  readonly by: string
  readonly count: number
}

export interface Converted {
  readonly bytes: Buffer
  readonly replacements: readonly Replacement[]
}

const GETA = '〓'
const ISO_2022_JP = 'ISO IR87'
const SWITCHING = 'ISO 2022-1994'
/** MSH-18 and MSH-20; MSH-1 is the separator itself. */
const CHARSET_FIELD = 17
const SWITCHING_FIELD = 19

/** What compatibility normalisation would write otherwise than hospitals do, or as a character that HL7 acts on. */
const USUAL: ReadonlyMap<string, string> = new Map([
  ['℡', 'Tel'],
  ['¥', '￥'],
  ['‾', '￣'],
  ...Array.from({ length: 20 }, (_, at): [string, string] => [String.fromCodePoint(0x2460 + at), `(${at + 1})`]),
])
const HALF_WIDTH_KANA = /[\uff61-\uff9f]+/g

/**
 * The message as SS-MIX2 wants it, with MSH-18 and MSH-20 saying so; undefined for bytes that cannot be read.
 * Half-width katakana become full-width, vendors' characters what they stand for, everything else outside the set 〓.
 */
export function toSsMixCharset(message: Buffer, hints: CharsetHints = {}): Converted | undefined {
  const decoded = decoding(message, hints)
  if (decoded === undefined) return undefined
  const { text, charset } = decoded
  const start = mshOffset(Buffer.from(text.slice(0, 16)))
  const delimiters = start < 0 ? undefined : readDelimiters(text.slice(start, start + 64))
  if (delimiters === undefined) return undefined
  const counts = new Map<string, Replacement>()
  const replaced = replaceAll(withoutBytes(text.slice(start), delimiters, charset), delimiters, counts)
  const bytes = encode(labelled(replaced, delimiters), 'ISO-2022-JP')
  return bytes === undefined ? undefined : { bytes, replacements: [...counts.values()] }
}

function decoding(message: Buffer, hints: CharsetHints): Decoded | undefined {
  try {
    return decode(message, charsetLabel(message), hints)
  } catch {
    return undefined
  }
}

/** Characters for the hexadecimal bytes of another set: under the new MSH-18 they would be other ones, or none (HL7 v2.5 2.7.1). */
function withoutBytes(text: string, delimiters: Delimiters, charset: DetectedCharset): string {
  const { field, escape: mark } = delimiters
  if (charset === 'ISO-2022-JP' || !text.toUpperCase().includes(`${mark}X`)) return text
  return text
    .split(/([\r\n]+)/)
    .map((line) => {
      const isHeader = line.startsWith('MSH')
      const settled = (raw: string, index: number) =>
        raw.includes(mark) && !(isHeader && index === 1) ? readEscapes(raw, delimiters, charset).text : raw
      return line.split(field).map(settled).join(field)
    })
    .join('')
}

function replaceAll(text: string, delimiters: Delimiters, counts: Map<string, Replacement>): string {
  const count = (character: string, by: string): string => {
    counts.set(character, { character, by, count: (counts.get(character)?.count ?? 0) + 1 })
    return by
  }
  // Half-width voiced sounds are two characters, so that runs are taken as a whole.
  const wide = text.replaceAll(HALF_WIDTH_KANA, (run) => {
    const full = run.normalize('NFKC')
    return isWritable(full) ? count(run, full) : run
  })
  let out = ''
  for (const character of wide)
    out += isWritable(character) ? character : count(character, standIn(character, delimiters))
  return out
}

function isWritable(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= 0x80 && (jisCode(unit) === undefined || isVendorCharacter(unit))) return false
  }
  return true
}

/** Nothing that a reader of HL7 would take for a delimiter comes of a replacement. */
function standIn(character: string, delimiters: Delimiters): string {
  const by = USUAL.get(character) ?? character.normalize('NFKC')
  const acts = Object.values(delimiters).some((delimiter) => by.includes(delimiter))
  return acts || by === '' || !isWritable(by) ? GETA : by
}

function labelled(text: string, { field, repetition }: Delimiters): string {
  const end = text.search(/[\r\n]/)
  const head = (end < 0 ? text : text.slice(0, end)).split(field)
  while (head.length <= SWITCHING_FIELD) head.push('')
  head[CHARSET_FIELD] = `${repetition}${ISO_2022_JP}`
  head[SWITCHING_FIELD] = SWITCHING
  return `${head.join(field)}${end < 0 ? '' : text.slice(end)}`
}
