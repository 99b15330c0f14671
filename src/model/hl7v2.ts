// An HL7 v2.5 message after decoding, and 1-based access to it, because HL7 positions are 1-based (HL7 v2.5 chapter 2).

/** Five delimiters of a message, read from MSH-1 and MSH-2, never assumed. */
export interface Delimiters {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly escape: string
  readonly subcomponent: string
}

export interface Segment {
  readonly name: string
  /** Raw field texts; index 0 is field 1. For MSH, field 1 is the separator itself. Still escaped, not split further. */
  readonly fields: readonly string[]
}

/** Something tolerated on reading: the code of an error-table warning row, the place, and what was seen. */
export interface Tolerance {
  readonly code: string
  readonly at: string
  readonly value?: string
}

export type DetectedCharset = 'ASCII' | 'ISO-2022-JP' | 'UTF-8' | 'Shift_JIS' | 'EUC-JP'

export interface Er7Message {
  readonly delimiters: Delimiters
  readonly segments: readonly Segment[]
  readonly charset: DetectedCharset
  readonly tolerances: readonly Tolerance[]
}

/** `PID-3[2].4.2`: occurrence and repetition are 1-based and default to 1. */
export interface Position {
  readonly segment: string
  readonly occurrence?: number
  readonly field: number
  readonly repetition?: number
  readonly component?: number
  readonly subcomponent?: number
}

/** All segments of a name, in message order. */
export function segmentsOf(message: Er7Message, name: string): readonly Segment[] {
  return message.segments.filter((segment) => segment.name === name)
}

/** Raw (escaped) repetitions of field `field` (1-based) of a segment; an empty field has none. */
export function repetitions(message: Er7Message, segment: Segment | undefined, field: number): readonly string[] {
  const raw = segment?.fields[field - 1] ?? ''
  return raw === '' ? [] : raw.split(message.delimiters.repetition)
}

/** Component `component` (1-based), sub-component `subcomponent` (1-based) of a raw repetition, unescaped; '' when absent. */
export function component(message: Er7Message, raw: string | undefined, part = 1, subcomponent?: number): string {
  const text = raw?.split(message.delimiters.component)[part - 1] ?? ''
  const leaf = subcomponent === undefined ? text : (text.split(message.delimiters.subcomponent)[subcomponent - 1] ?? '')
  return resolveEscapes(message.delimiters, leaf)
}

/** First repetition, component `part` of field `field` of the first segment `name`, unescaped; '' when absent. */
export function value(message: Er7Message, name: string, field: number, part = 1): string {
  return component(message, repetitions(message, segmentsOf(message, name)[0], field)[0], part)
}

/** HL7 null `""`: delete the value (HL7 v2.5 2.5.3). */
export function isNull(text: string): boolean {
  return text === '""'
}

/**
 * Sequences whose meaning does not depend on a character set, and those that a receiver keeps as they are (C, M and Z), without their
 * marks.
 */
export const ESCAPE_SEQUENCE =
  /^([FSTREHN]|\.(br|sp|in|ti|fi|nf|ce|sk) ?[+-]?\d*|C[0-9A-F]{4}|M[0-9A-F]{4,6}|X([0-9A-F]{2})+|Z.*)$/i

/**
 * Text with its escape sequences resolved (HL7 v2.5 2.7, 2.7.6): \F\ \S\ \T\ \R\ \E\, \Xdd..\ in the ASCII range (reading has
 * turned others into characters) and line breaks of formatted text; highlighting and indents are dropped, unknown sequences
 * and a lone escape character stay literal (the yen sign of Japanese data).
 */
export function resolveEscapes(delimiters: Delimiters, text: string): string {
  if (!text.includes(delimiters.escape)) return text
  const parts = text.split(delimiters.escape)
  let out = parts[0] ?? ''
  for (let index = 1; index < parts.length; index++) {
    const sequence = parts[index] ?? ''
    const closed = index + 1 < parts.length
    const replacement = closed ? (resolveEscape(delimiters, sequence) ?? kept(delimiters, sequence)) : undefined
    if (replacement === undefined) out += delimiters.escape + sequence
    else {
      out += replacement + (parts[index + 1] ?? '')
      index++
    }
  }
  return out
}

/** A sequence that is not resolved keeps both its marks: what stands between it and the next one is text. */
function kept({ escape: mark }: Delimiters, sequence: string): string | undefined {
  return ESCAPE_SEQUENCE.test(sequence) ? mark + sequence + mark : undefined
}

function resolveEscape(delimiters: Delimiters, sequence: string): string | undefined {
  switch (sequence) {
    case 'F':
      return delimiters.field
    case 'S':
      return delimiters.component
    case 'T':
      return delimiters.subcomponent
    case 'R':
      return delimiters.repetition
    case 'E':
      return delimiters.escape
    case 'H':
    case 'N':
      return ''
  }
  if (sequence.startsWith('.')) return resolveFormat(sequence)
  const hex = /^X((?:09|[2-7][0-9A-Fa-f])+)$/.exec(sequence)?.[1]
  return hex === undefined ? undefined : Buffer.from(hex, 'hex').toString('latin1')
}

/** A blank page more says nothing to a reader, and a short message must not become a long text. */
const MAX_BLANK = 50

/** A formatting command as plain text (HL7 v2.5 2.7.6); undefined when it is none. */
function resolveFormat(command: string): string | undefined {
  const [, name, count = ''] = /^\.(br|sp|sk|in|ti|fi|nf|ce) ?([+-]?\d*)$/.exec(command) ?? []
  const times = Math.min(MAX_BLANK, Math.max(1, Number(count)))
  switch (name) {
    case 'br':
    case 'ce':
      return '\n'
    case 'sp':
      return '\n'.repeat(times)
    case 'sk':
      return ' '.repeat(times)
    case 'in':
    case 'ti':
    case 'fi':
    case 'nf':
      return ''
  }
  return undefined
}
