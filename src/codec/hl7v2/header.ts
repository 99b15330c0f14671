// Best-effort reading of MSH, for the acknowledgement and the journal of messages that are broken elsewhere (HL7 v2.5 2.15.9).

import type { Delimiters, DetectedCharset } from '../../model/hl7v2.ts'
import { detectCharset } from './charset.ts'
import { decodeJis } from './jis.ts'

/** Fields of MSH as sent: still escaped, '' when absent or unreadable. */
export interface MessageHeader {
  readonly delimiters: Delimiters
  readonly sendingApplication: string
  readonly sendingFacility: string
  readonly receivingApplication: string
  readonly receivingFacility: string
  readonly messageCode: string
  readonly trigger: string
  readonly controlId: string
  readonly processingId: string
  readonly version: string
  /** MSH-13. */
  readonly sequenceNumber?: string
  /** MSH-15 and MSH-16, table 0155. */
  readonly acceptAck: string
  readonly applicationAck: string
  /** MSH-18 with all its repetitions. */
  readonly charsetLabel: string
  /** Undefined when the bytes are valid in no supported set. */
  readonly charset: DetectedCharset | undefined
}

export const STANDARD_DELIMITERS: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
}

const ESC = 0x1b
const HEADER_BYTES = 4096

/** Never throws: what cannot be read is ''. Unusable delimiters are taken as the standard ones. */
export function readHeader(bytes: Uint8Array): MessageHeader {
  const body = unframe(bytes)
  const start = mshOffset(body)
  const end = start < 0 ? 0 : lineEnd(body, start)
  const charset = detectCharset(body)
  const text = start < 0 ? '' : headerText(body.subarray(start, end), charset)
  const separator = text[3] ?? '|'
  const fields = text.split(separator)
  const delimiters = readDelimiters(text) ?? { ...STANDARD_DELIMITERS, field: separator }
  const [messageCode = '', trigger = ''] = (fields[8] ?? '').split(delimiters.component)
  return {
    delimiters,
    sendingApplication: fields[2] ?? '',
    sendingFacility: fields[3] ?? '',
    receivingApplication: fields[4] ?? '',
    receivingFacility: fields[5] ?? '',
    messageCode,
    trigger,
    controlId: fields[9] ?? '',
    processingId: fields[10] ?? '',
    version: fields[11] ?? '',
    ...((fields[12] ?? '') === '' ? {} : { sequenceNumber: fields[12] ?? '' }),
    acceptAck: fields[14] ?? '',
    applicationAck: fields[15] ?? '',
    charsetLabel: fields[17] ?? '',
    charset,
  }
}

/** Delimiters named by the MSH segment a text starts with; undefined unless they are five distinct ASCII punctuation marks. */
export function readDelimiters(text: string): Delimiters | undefined {
  const field = text[3] ?? ''
  const end = field === '' ? -1 : text.indexOf(field, 4)
  const rest = text.slice(4, end < 0 ? undefined : end).replace(/[\r\n].*$/s, '')
  const [component = '', repetition = '', escaping = '', subcomponent = ''] = rest
  const all = [field, component, repetition, escaping, subcomponent]
  if (rest.length !== 4 || new Set(all).size !== 5 || !all.every((one) => /^[!-/:-@[-`{-~]$/.test(one)))
    return undefined
  return { field, component, repetition, escape: escaping, subcomponent }
}

/** The message without MLLP framing (0B … 1C 0D) and without the 1C, and line ends behind it, that file exports leave. */
export function unframe(bytes: Uint8Array): Buffer {
  const start = bytes[0] === 0x0b ? 1 : 0
  let end = bytes.byteLength
  while (end > start && (bytes[end - 1] === 0x0d || bytes[end - 1] === 0x0a)) end -= 1
  end = bytes[end - 1] === 0x1c ? end - 1 : bytes.byteLength
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start))
}

/** Where MSH starts: at the beginning, behind a byte order mark or empty lines; -1 when something else comes first. */
export function mshOffset(body: Buffer): number {
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  while (body[at] === 0x0d || body[at] === 0x0a || body[at] === 0x20) at++
  return body[at] === 0x4d && body[at + 1] === 0x53 && body[at + 2] === 0x48 ? at : -1
}

/** MSH-18 read from the ASCII bytes of the header, as is needed before anything can be decoded; '' when absent. */
export function charsetLabel(body: Buffer): string {
  const start = mshOffset(body)
  if (start < 0) return ''
  // A two-byte run in MSH-3 to MSH-6 may hide delimiters, so escape sequences are followed here already.
  const line = headerText(body.subarray(start, lineEnd(body, start)), body.includes(ESC) ? 'ISO-2022-JP' : 'ASCII')
  return (line.split(line[3] ?? '|')[17] ?? '').trim()
}

function lineEnd(body: Buffer, start: number): number {
  const limit = Math.min(body.length, start + HEADER_BYTES)
  let at = start
  while (at < limit && body[at] !== 0x0d && body[at] !== 0x0a) at++
  return at
}

function headerText(line: Buffer, charset: DetectedCharset | undefined): string {
  if (charset === 'ISO-2022-JP') return decodeJis(line).text
  if (charset === undefined || charset === 'ASCII') return line.toString('latin1')
  return new TextDecoder(charset).decode(line)
}
