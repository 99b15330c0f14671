// Character sets of HL7 v2.5 messages: detection from the bytes, decoding and encoding (HL7 v2.5 2.15.9.18, table 0211).

import { isAscii, isUtf8 } from 'node:buffer'
import { iheError } from '../../../profiles/errors/index.ts'
import type { DetectedCharset, Tolerance } from '../../model/hl7v2.ts'
import { decodeJis, jisCode } from './jis.ts'

export interface Decoded {
  readonly text: string
  readonly charset: DetectedCharset
  readonly tolerances: readonly Tolerance[]
}

const ESC = 0x1b
const SHIFT_OUT = 0x0e
const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf])
const GETA = '〓'

/** What MSH-18 must say for each set; ASCII bytes are right under every label. */
const PROPER_LABELS: Readonly<Record<DetectedCharset, RegExp>> = {
  ASCII: /^/,
  'ISO-2022-JP': /ISO IR(13|14|87|159)(?!\d)/,
  'UTF-8': /^UNICODE UTF-8$/,
  Shift_JIS: /^(Shift_JIS|SJIS|CP932|Windows-31J)$/i,
  'EUC-JP': /^EUC-?JP$/i,
}

/** Spellings seen in the field, after removal of spaces, hyphens and underscores, in upper case. */
const LABELS: readonly (readonly [RegExp, DetectedCharset])[] = [
  [/ISOIR(87|13|14|159)(?!\d)|ISO2022JP|CSISO2022JP/, 'ISO-2022-JP'],
  [/UTF8|UNICODE|ISOIR192/, 'UTF-8'],
  [/SHIFTJIS|SJIS|CP932|MS932|WINDOWS31J/, 'Shift_JIS'],
  [/EUCJP/, 'EUC-JP'],
]

/** The set that a value of MSH-18 or a content type's charset parameter names, misspellings included; ASCII for nothing known. */
export function labelledCharset(label: string): DetectedCharset {
  const plain = label.toUpperCase().replaceAll(/[\s_-]/g, '')
  return LABELS.find(([pattern]) => pattern.test(plain))?.[1] ?? 'ASCII'
}

/**
 * The set of a message, from its bytes: an escape sequence wins over everything, since ISO-2022-JP is valid UTF-8 too; a
 * shift out (0E) among 7-bit bytes is the katakana of JIS X 0201, which need not be designated. `preferred` decides between Shift_JIS and EUC-JP where the bytes are valid in both. Undefined when none fits.
 */
export function detectCharset(bytes: Uint8Array, preferred?: DetectedCharset): DetectedCharset | undefined {
  if (hasJisEscape(view(bytes))) return 'ISO-2022-JP'
  if (isAscii(bytes)) return view(bytes).includes(SHIFT_OUT) ? 'ISO-2022-JP' : 'ASCII'
  if (isUtf8(bytes)) return 'UTF-8'
  const candidates = preferred === 'EUC-JP' ? (['EUC-JP', 'Shift_JIS'] as const) : (['Shift_JIS', 'EUC-JP'] as const)
  return candidates.find((charset) => isValid(bytes, charset))
}

/** What is known of a message beside its bytes. */
export interface CharsetHints {
  /** What the transport said; it excuses a wrong MSH-18 where the bytes agree with it. */
  readonly charset?: string
  /** Which set bytes are that are valid in both, of a sender whose labels say nothing of either. */
  readonly eightBit?: 'Shift_JIS' | 'EUC-JP'
}

/**
 * Decodes a whole message, before anything is split: the second byte of a kanji may be a delimiter. `label` is MSH-18.
 * @throws {IheError} HL7_CHARSET at the first undecodable place, HL7_CHARSET_UNSUPPORTED for UTF-16 and UTF-32,
 *   HL7_TRUNCATED when the bytes end inside a two-byte run.
 */
export function decode(bytes: Uint8Array, label: string, options: CharsetHints = {}): Decoded {
  const all = view(bytes)
  refuseWideCharsets(all)
  const hasBom = all.subarray(0, 3).equals(UTF8_BOM)
  const body = hasBom ? all.subarray(3) : all
  const transport = options.charset === undefined ? undefined : labelledCharset(options.charset)
  const charset = detectCharset(body, preferredSet(transport ?? labelledCharset(label), options))
  if (charset === undefined) throw undecodable(body, firstInvalid(body))
  const tolerances: Tolerance[] = hasBom ? [{ code: 'HL7_BYTE_ORDER_MARK', at: 'MSH' }] : []
  if (transport !== charset && !PROPER_LABELS[charset].test(label)) {
    tolerances.push({ code: 'HL7_CHARSET_LABEL', at: 'MSH-18', value: `${label} for ${charset}` })
  }
  return { text: decodeAs(body, charset, tolerances), charset, tolerances }
}

function preferredSet(named: DetectedCharset, { eightBit }: CharsetHints): DetectedCharset {
  return named === 'Shift_JIS' || named === 'EUC-JP' ? named : (eightBit ?? named)
}

/**
 * Bytes of a text in a character set, or undefined when it has a character that the set lacks (emoji, half-width katakana
 * and the yen sign in ISO-2022-JP). ISO-2022-JP returns to ASCII before every delimiter, as JIS X 0208 allows no other.
 */
export function encode(text: string, charset: DetectedCharset): Buffer | undefined {
  const utf8 = Buffer.from(text, 'utf8')
  if (charset === 'UTF-8' || utf8.length === text.length) return utf8
  const units = Buffer.from(text, 'utf16le')
  const out: number[] = []
  let wide = false
  for (let index = 0; index < units.length; index += 2) {
    const unit = units.readUInt16LE(index)
    const bytes = unit < 0x80 ? [unit] : charset === 'ASCII' ? undefined : encodeUnit(unit, charset)
    if (bytes === undefined) return undefined
    if (charset === 'ISO-2022-JP' && wide !== unit >= 0x80) {
      wide = !wide
      out.push(ESC, ...(wide ? [0x24, 0x42] : [0x28, 0x42]))
    }
    for (const byte of bytes) out.push(byte)
  }
  if (wide) out.push(ESC, 0x28, 0x42)
  return Buffer.from(out)
}

function encodeUnit(unit: number, charset: 'ISO-2022-JP' | 'Shift_JIS' | 'EUC-JP'): readonly number[] | undefined {
  if (unit >= 0xff61 && unit <= 0xff9f && charset !== 'ISO-2022-JP') {
    const kana = unit - 0xff61 + 0xa1
    return charset === 'EUC-JP' ? [0x8e, kana] : [kana]
  }
  const code = jisCode(unit)
  if (code === undefined) return undefined
  const lead = code >> 8
  const trail = code & 0xff
  if (charset === 'ISO-2022-JP') return [lead, trail]
  if (charset === 'EUC-JP') return [lead | 0x80, trail | 0x80]
  const row = (lead - 0x21) >> 1
  const cell = trail - 0x21 + (lead % 2 === 0 ? 94 : 0)
  return [row + (row < 31 ? 0x81 : 0xc1), cell + (cell < 63 ? 0x40 : 0x41)]
}

function decodeAs(body: Buffer, charset: DetectedCharset, tolerances: Tolerance[]): string {
  switch (charset) {
    case 'ASCII':
      return body.toString('latin1')
    case 'UTF-8':
      return withoutReplacement(body.toString('utf8'), tolerances)
    case 'Shift_JIS':
      return withoutReplacement(new TextDecoder(charset).decode(body), tolerances, /[\ufffd\ue000-\uf8ff]/gu)
    case 'EUC-JP':
      return withoutReplacement(new TextDecoder(charset).decode(body), tolerances)
    case 'ISO-2022-JP':
      return decodeIso2022Jp(body, tolerances)
  }
}

function decodeIso2022Jp(body: Buffer, tolerances: Tolerance[]): string {
  const read = decodeJis(body)
  if (read.invalidAt !== undefined) throw undecodable(body, read.invalidAt, read.text)
  if (read.truncated) throw iheError('HL7_TRUNCATED', { at: place(read.text), rule: 'HL7 v2.5 2.15.9.18' })
  if (read.lost > 0) tolerances.push({ code: 'HL7_CHARACTER_LOST', at: 'MSH-18', value: String(read.lost) })
  if (read.unusual.length > 0) {
    tolerances.push({ code: 'HL7_CHARSET_SEQUENCE', at: 'MSH-18', value: read.unusual.join(', ') })
  }
  return read.text
}

/**
 * A replacement character that the sender itself wrote is a lost character too, and never reaches the database. What `lost`
 * names besides are the characters that a hospital drew for itself (外字, rows 95 to 114 of Shift_JIS), which nobody else has.
 */
function withoutReplacement(text: string, tolerances: Tolerance[], lost = /\ufffd/g): string {
  const parts = text.split(lost)
  if (parts.length === 1) return text
  tolerances.push({ code: 'HL7_CHARACTER_LOST', at: 'MSH-18', value: String(parts.length - 1) })
  return parts.join(GETA)
}

/**
 * UTF-16 and UTF-32 hold bytes that MLLP frames with; a NUL in any other set is damage.
 * @throws {IheError} HL7_CHARSET_UNSUPPORTED or HL7_CHARSET.
 */
export function refuseWideCharsets(bytes: Buffer): void {
  const nul = bytes.indexOf(0)
  const bom = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0
  if (bom === 0xfeff || bom === 0xfffe || (nul >= 0 && nul < 4))
    throw iheError('HL7_CHARSET_UNSUPPORTED', { at: 'MSH-18' })
  if (nul >= 0) throw undecodable(bytes, nul)
}

function hasJisEscape(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(ESC); at >= 0; at = bytes.indexOf(ESC, at + 1)) {
    const next = bytes[at + 1]
    if (next === 0x24 || next === 0x28) return true
  }
  return false
}

function isValid(bytes: Uint8Array, charset: 'Shift_JIS' | 'EUC-JP'): boolean {
  try {
    new TextDecoder(charset, { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** First byte that breaks UTF-8, the set senders should use: only for telling them where to look. */
function firstInvalid(bytes: Buffer): number {
  const text = bytes.toString('utf8')
  return Buffer.byteLength(text.slice(0, Math.max(0, text.indexOf('\ufffd'))), 'utf8')
}

function undecodable(bytes: Buffer, offset: number, before = bytes.toString('latin1', 0, offset)): Error {
  const value = `0x${bytes
    .subarray(offset, offset + 4)
    .toString('hex')
    .toUpperCase()}`
  return iheError('HL7_CHARSET', { at: place(before), value, rule: 'HL7 v2.5 2.15.9.18' })
}

/** `PID-5` or `OBX[3]-5`: the place reached at the end of a text; the separator is taken from MSH-1. */
function place(before: string): string {
  const lines = before.split(/[\r\n]+/)
  const separator = before.startsWith('MSH') ? (before[3] ?? '|') : '|'
  const [name = '', ...fields] = (lines.at(-1) ?? '').split(separator)
  const occurrence = lines.filter((line) => line.startsWith(name)).length
  const field = fields.length + (name === 'MSH' ? 1 : 0)
  return `${name}${occurrence > 1 ? `[${occurrence}]` : ''}${field > 0 ? `-${field}` : ''}`
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
