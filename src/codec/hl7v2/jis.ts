// ISO-2022-JP to and from text by our own escape-state machine (ISO 2022, JIS X 0201/0208/0212; HL7 table 0211, ISO IR13 IR14 IR87 IR159).

const ESC = 0x1b
const SO = 0x0e
const SI = 0x0f
const ROW = 94
const GETA_MARK = 0x3013
const HALF_WIDTH_KANA = 0xff61
const UNDEFINED = 0xfffd
const NEC_ROW_13 = 0x2d
const NEC_SELECTED_IBM = 0x79

/** What was read beyond ASCII and JIS X 0208, as bits of `JisText.seen`, in the order of `SEEN_NAMES`. */
const SEEN = { kana: 1, jisx0212: 2, vendor: 4, adjacent: 8, missing: 16, roman: 32 } as const
const SEEN_NAMES = [
  'half-width katakana',
  'JIS X 0212',
  'NEC or IBM characters',
  'adjacent escape sequences',
  'no return to ASCII before the line end',
  'delimiters in JIS X 0201 Roman',
] as const

type CodeSet = 'ascii' | 'roman' | 'kana' | 'jisx0208' | 'jisx0212' | 'unknown'

/** Escape sequences after the ESC byte; the 1978 and 1990 editions of JIS X 0208 are read by the same table. */
const DESIGNATIONS: ReadonlyMap<string, CodeSet> = new Map([
  ['(B', 'ascii'],
  ['(J', 'roman'],
  ['(H', 'roman'],
  ['(I', 'kana'],
  ['$@', 'jisx0208'],
  ['$B', 'jisx0208'],
  ['$(@', 'jisx0208'],
  ['$(B', 'jisx0208'],
  ['$(D', 'jisx0212'],
  ['$(O', 'unknown'],
  ['$(P', 'unknown'],
  ['$(Q', 'unknown'],
])

/** Row × cell → UTF-16 code unit of a two-byte set, read once from the platform's EUC-JP decoder, which carries both sets. */
function codeTable(prefix: readonly number[]): Uint16Array {
  const bytes: number[] = []
  for (let row = 0; row < ROW; row++)
    for (let cell = 0; cell < ROW; cell++) bytes.push(...prefix, row + 0xa1, cell + 0xa1)
  const text = new TextDecoder('euc-jp').decode(Uint8Array.from(bytes))
  return Uint16Array.from(text, (character) => character.charCodeAt(0))
}

const JISX0208 = codeTable([])
const JISX0212 = codeTable([0x8f])

export interface JisText {
  readonly text: string
  /** Characters replaced by 〓: JIS X 0213, undefined codes, halves of a pair. */
  readonly lost: number
  /** Names of what was read outside the SS-MIX2 rule of ASCII and JIS X 0208. */
  readonly unusual: readonly string[]
  /** The bytes end inside a two-byte run or an escape sequence. */
  readonly truncated: boolean
  /** Offset of the first byte that no set has, with the text up to there. */
  readonly invalidAt?: number
}

interface Machine {
  set: CodeSet
  shifted: boolean
  seen: number
  lost: number
  out: number
  lastEscapeEnd: number
  truncated: boolean
  /** MSH-1 of a message; undefined for bytes that are none. */
  readonly separator: number | undefined
}

let scratch = new Uint16Array(32_768)

/**
 * Text of ISO-2022-JP bytes. Follows adjacent escape sequences, SO/SI and 8-bit katakana, falls back to ASCII at CR and
 * LF, and writes 〓 (U+3013) for what it does not know. Stops at a byte that belongs to no set (`invalidAt`).
 */
export function decodeJis(bytes: Buffer): JisText {
  if (scratch.length < bytes.length + 1) scratch = new Uint16Array(bytes.length + 1)
  const machine: Machine = {
    set: 'ascii',
    shifted: false,
    seen: 0,
    lost: 0,
    out: 0,
    lastEscapeEnd: -1,
    truncated: false,
    separator: separatorOf(bytes),
  }
  let index = 0
  while (index < bytes.length) {
    const next = step(machine, bytes, index)
    if (next < 0) return { ...result(machine), invalidAt: index }
    index = next
  }
  if (isTwoByte(machine.set)) machine.truncated = true
  return result(machine)
}

function result(machine: Machine): JisText {
  const text = delimitersOf(machine, Buffer.from(scratch.buffer, 0, machine.out * 2).toString('utf16le'))
  if (scratch.length > 1_048_576) scratch = new Uint16Array(32_768)
  const unusual = machine.seen === 0 ? [] : SEEN_NAMES.filter((_, bit) => (machine.seen & (1 << bit)) !== 0)
  return { text, lost: machine.lost, unusual, truncated: machine.truncated }
}

function separatorOf(bytes: Buffer): number | undefined {
  let start = 0
  while (bytes[start] === 0x0d || bytes[start] === 0x0a || bytes[start] === 0x20) start++
  return bytes.toString('latin1', start, start + 3) === 'MSH' ? bytes[start + 3] : undefined
}

/**
 * A writer that returns to ASCII before delimiters means a yen sign and an overline by 5C and 7E of JIS X 0201 Roman. One that goes from
 * kanji to Roman and writes its field separators there has no other base set: these bytes are the escape and repetition marks of its
 * MSH-2 then (HL7 v2.5 2.5.4, table 0211 ISO IR14). Neither character stands in the other sets.
 */
function delimitersOf(machine: Machine, text: string): string {
  return (machine.seen & SEEN.roman) === 0 ? text : text.replaceAll('\u00a5', '\\').replaceAll('\u203e', '~')
}

/** Consumes one character, control or escape sequence at `index`; the offset behind it, or -1 for an invalid byte. */
function step(machine: Machine, bytes: Buffer, index: number): number {
  const byte = bytes[index] ?? 0
  if (byte === ESC) return escapeSequence(machine, bytes, index)
  if (byte >= 0x80) return eightBit(machine, byte, index)
  if (byte <= 0x20 || byte === 0x7f) return control(machine, byte, index)
  if (machine.shifted) return kana(machine, byte, index)
  switch (machine.set) {
    case 'ascii':
      return plainRun(machine, bytes, index)
    case 'roman':
      if (byte === machine.separator) machine.seen |= SEEN.roman
      return put(machine, byte === 0x5c ? 0xa5 : byte === 0x7e ? 0x203e : byte, index + 1)
    case 'kana':
      return kana(machine, byte, index)
    case 'jisx0208':
    case 'jisx0212':
    case 'unknown':
      return pair(machine, bytes, index)
  }
}

function put(machine: Machine, unit: number, next: number): number {
  scratch[machine.out++] = unit
  return next
}

function lose(machine: Machine, next: number): number {
  machine.lost++
  return put(machine, GETA_MARK, next)
}

/** A run of plain ASCII, copied in one loop: the larger part of every message. */
function plainRun(machine: Machine, bytes: Buffer, start: number): number {
  let index = start
  let byte = bytes[index] ?? ESC
  while (index < bytes.length && byte >= 0x20 && byte < 0x7f) {
    scratch[machine.out++] = byte
    byte = bytes[++index] ?? ESC
  }
  return index
}

function pair(machine: Machine, bytes: Buffer, index: number): number {
  const table = machine.set === 'jisx0208' ? JISX0208 : machine.set === 'jisx0212' ? JISX0212 : undefined
  const lead = bytes[index] ?? 0
  const trail = bytes[index + 1]
  if (trail === undefined) machine.truncated = true
  if (trail === undefined || trail < 0x21 || trail > 0x7e) return lose(machine, index + 1)
  const unit = table?.[(lead - 0x21) * ROW + trail - 0x21] ?? UNDEFINED
  if (unit === UNDEFINED) return lose(machine, index + 2)
  if (machine.set === 'jisx0212') machine.seen |= SEEN.jisx0212
  else if (isVendorRow(lead)) machine.seen |= SEEN.vendor
  return put(machine, unit, index + 2)
}

function kana(machine: Machine, byte: number, index: number): number {
  machine.seen |= SEEN.kana
  if (byte > 0x5f) return lose(machine, index + 1)
  return put(machine, HALF_WIDTH_KANA + byte - 0x21, index + 1)
}

/** JIS X 0201 katakana in the right half of the code table (ISO IR13 as G1) keeps its meaning in every state. */
function eightBit(machine: Machine, byte: number, index: number): number {
  if (byte < 0xa1 || byte > 0xdf) return -1
  return kana(machine, byte - 0x80, index)
}

function control(machine: Machine, byte: number, index: number): number {
  if (byte === SO || byte === SI) {
    machine.shifted = byte === SO
    return index + 1
  }
  if (byte === 0x0d || byte === 0x0a) {
    if (machine.set !== 'ascii' || machine.shifted) machine.seen |= SEEN.missing
    machine.set = 'ascii'
    machine.shifted = false
  }
  return put(machine, byte, index + 1)
}

function escapeSequence(machine: Machine, bytes: Buffer, index: number): number {
  if (bytes[index + 1] === 0x26 && bytes[index + 2] === 0x40) return index + 3
  const width = bytes[index + 1] === 0x24 && bytes[index + 2] === 0x28 ? 3 : 2
  if (index + width >= bytes.length) machine.truncated = true
  const set = designation(bytes, index, width)
  if (set === undefined) return lose(machine, Math.min(index + 1, bytes.length))
  if (machine.lastEscapeEnd === index) machine.seen |= SEEN.adjacent
  machine.lastEscapeEnd = index + 1 + width
  machine.set = set
  machine.shifted = false
  return index + 1 + width
}

/** The two designations that nearly all data consists of are told by their bytes, the others looked up. */
function designation(bytes: Buffer, index: number, width: number): CodeSet | undefined {
  const first = bytes[index + 1]
  const second = bytes[index + 2]
  if (first === 0x24 && second === 0x42) return 'jisx0208'
  if (first === 0x28 && second === 0x42) return 'ascii'
  return DESIGNATIONS.get(bytes.toString('latin1', index + 1, index + 1 + width))
}

function isTwoByte(set: CodeSet): boolean {
  return set === 'jisx0208' || set === 'jisx0212' || set === 'unknown'
}

/** Unicode spellings that other tables give to the same JIS X 0208 code: wave dash, minus, parallel, dash, cent, pound, not. */
const ALTERNATIVES: ReadonlyMap<number, number> = new Map([
  [0x301c, 0x2141],
  [0x2212, 0x215d],
  [0x2016, 0x2142],
  [0x2014, 0x213d],
  [0xa2, 0x2171],
  [0xa3, 0x2172],
  [0xac, 0x224c],
])

let inverse: ReadonlyMap<number, number> | undefined

/** JIS X 0208 code (with NEC row 13 and rows 89 to 92) of a UTF-16 code unit; undefined when the set lacks it. */
export function jisCode(unit: number): number | undefined {
  inverse ??= inverseTable()
  return inverse.get(unit)
}

/** Whether a character is of the rows that vendors added to JIS X 0208 (髙, 﨑, ①), which a receiver need not have. */
export function isVendorCharacter(unit: number): boolean {
  const code = jisCode(unit)
  return code !== undefined && isVendorRow(code >> 8)
}

function isVendorRow(lead: number): boolean {
  return lead === NEC_ROW_13 || lead >= NEC_SELECTED_IBM
}

function inverseTable(): ReadonlyMap<number, number> {
  const codes = new Map(ALTERNATIVES)
  JISX0208.forEach((unit, index) => {
    const code = ((Math.floor(index / ROW) + 0x21) << 8) | ((index % ROW) + 0x21)
    // Characters with two codes keep the first: the standard row, then NEC row 13, then rows 89 to 92.
    if (unit !== UNDEFINED && !codes.has(unit)) codes.set(unit, code)
  })
  return codes
}
