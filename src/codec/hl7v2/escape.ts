// Escape sequences of a field as they came: hexadecimal ones read in the set of the message, and those that are none (HL7 v2.5 2.7).

import { type Delimiters, type DetectedCharset, ESCAPE_SEQUENCE } from '../../model/hl7v2.ts'
import { decodeJis } from './jis.ts'
import { escapeText } from './write.ts'

export interface ReadEscapes {
  /** The field, in which every sequence can be resolved without the set of the message. */
  readonly text: string
  /** Escape characters that begin or end no sequence: yen signs of Japanese data, which stay as they are. */
  readonly lone: number
}

const HEXADECIMAL = /^X((?:[0-9A-F]{2})+)$/i

/** Reads the sequences of one raw field; call it for fields that hold the escape character. */
export function readEscapes(raw: string, delimiters: Delimiters, charset: DetectedCharset): ReadEscapes {
  const { escape: mark } = delimiters
  const parts = raw.split(mark)
  let text = parts[0] ?? ''
  let lone = 0
  for (let index = 1; index < parts.length; index++) {
    const sequence = parts[index] ?? ''
    const isClosed = index + 1 < parts.length
    const meaning = isClosed ? settled(sequence, delimiters, charset) : undefined
    if (meaning === undefined) {
      lone++
      text += mark + sequence
    } else text += meaning + (parts[++index] ?? '')
  }
  return { text, lone }
}

/** A sequence without its marks, in sequences of fixed meaning; undefined when it is none. */
function settled(sequence: string, delimiters: Delimiters, charset: DetectedCharset): string | undefined {
  const { escape: mark } = delimiters
  const hex = HEXADECIMAL.exec(sequence)?.[1]
  if (hex === undefined) return ESCAPE_SEQUENCE.test(sequence) ? mark + sequence + mark : undefined
  const text = textOf(Buffer.from(hex, 'hex'), charset)
  return text === undefined ? undefined : escapeText(delimiters, text.replaceAll(/\r\n?/g, '\n'))
}

function textOf(bytes: Buffer, charset: DetectedCharset): string | undefined {
  if (charset === 'ISO-2022-JP') {
    const { text, invalidAt, lost } = decodeJis(bytes)
    return invalidAt === undefined && lost === 0 ? text : undefined
  }
  try {
    return new TextDecoder(charset === 'ASCII' ? 'utf-8' : charset, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
