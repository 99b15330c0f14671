// HL7 v2.5 batches: FHS, BHS, messages, BTS, FTS taken apart without touching a message's bytes, and the batch of answers (HL7 v2.5 2.10.3).

import { iheError } from '../../../profiles/errors/index.ts'
import { echo, hl7Time } from './ack.ts'
import { encode } from './charset.ts'
import { type MessageHeader, readHeader, unframe } from './header.ts'
import { er7Text, type SegmentValue } from './write.ts'

const CR = 0x0d
const LF = 0x0a
/** Answers are held until the last message is done; a longer history is sent in several batches. */
const MAX_MESSAGES = 1_000
/** Also of batches that hold nothing: a file is taken apart in one go, and each is answered. */
const MAX_GROUPS = 1_000
const HEADERS = new Set(['FHS', 'BHS'])
const NAME_LENGTH = 3
const BOM_LENGTH = 3

/** FHS or BHS as if it were MSH: its addresses, and BHS-11 as control id. */
export type BatchHeader = MessageHeader

export interface Group {
  /** Absent for messages that stand in a file without BHS. */
  readonly header: BatchHeader | undefined
  /** Each message as it was sent, without a byte changed. */
  readonly messages: readonly Buffer[]
}

export interface Batch {
  /** FHS. */
  readonly file: BatchHeader | undefined
  readonly groups: readonly Group[]
}

/** Whether the bytes begin with FHS or BHS. */
export function isBatch(bytes: Uint8Array): boolean {
  let start = bytes[0] === 0x0b ? 1 : 0
  if (bytes[start] === 0xef && bytes[start + 1] === 0xbb) start += BOM_LENGTH
  while (bytes[start] === CR || bytes[start] === LF) start += 1
  return HEADERS.has(String.fromCharCode(...bytes.subarray(start, start + NAME_LENGTH)))
}

/** The outermost header of a batch, for the answer to a batch that is refused as a whole. */
export function readBatchHeader(bytes: Uint8Array): BatchHeader {
  return headerOf(firstLine(unframe(bytes)).bytes)
}

interface Line {
  readonly name: string
  readonly start: number
  readonly bytes: Buffer
}

interface Open {
  file: BatchHeader | undefined
  group: { header: BatchHeader | undefined; messages: Buffer[] } | undefined
  /** Where the message under way begins. */
  message: number | undefined
  readonly groups: Group[]
  isEnded: boolean
}

/**
 * Takes a batch apart. Segment terminators are no part of any character, so this needs no decoding.
 * @throws {IheError} HL7_BATCH_INCOMPLETE when BTS or FTS is missing or counts otherwise, HL7_STRUCTURE, HL7_LIMIT.
 */
export function readBatch(bytes: Uint8Array): Batch {
  const body = unframe(bytes)
  const open: Open = { file: undefined, group: undefined, message: undefined, groups: [], isEnded: false }
  for (const line of linesOf(body)) readLine(open, line, body)
  if (open.group?.header !== undefined) throw incomplete('BTS', 'BHS is ended by BTS')
  endGroup(open, body, body.length)
  if (open.file !== undefined && !open.isEnded) throw incomplete('FTS', 'FHS is ended by FTS')
  return { file: open.file, groups: open.groups }
}

function readLine(open: Open, line: Line, body: Buffer): void {
  if (open.isEnded) throw iheError('HL7_STRUCTURE', { at: line.name, rule: 'nothing follows FTS' })
  switch (line.name) {
    case 'FHS':
      if (open.file !== undefined || open.group !== undefined || open.groups.length > 0)
        throw iheError('HL7_STRUCTURE', { at: 'FHS', rule: 'FHS stands once, before everything' })
      open.file = headerOf(line.bytes)
      return
    case 'BHS':
      if (open.group?.header !== undefined) throw incomplete('BTS', 'BHS is ended by BTS')
      endGroup(open, body, line.start)
      if (open.groups.length >= MAX_GROUPS)
        throw iheError('HL7_LIMIT', { at: 'BHS', value: `more than ${MAX_GROUPS} batches` })
      open.group = { header: headerOf(line.bytes), messages: [] }
      return
    case 'MSH':
      beginMessage(open, body, line.start)
      return
    case 'BTS':
      endBatch(open, line, body)
      return
    case 'FTS':
      endFile(open, line, body)
      return
  }
  if (open.message === undefined)
    throw iheError('HL7_STRUCTURE', { at: line.name.slice(0, NAME_LENGTH), rule: 'a message begins with MSH' })
}

function beginMessage(open: Open, body: Buffer, start: number): void {
  endMessage(open, body, start)
  open.group ??= { header: undefined, messages: [] }
  if (open.groups.reduce((sum, { messages }) => sum + messages.length, open.group.messages.length) >= MAX_MESSAGES)
    throw iheError('HL7_LIMIT', { at: 'BHS', value: `more than ${MAX_MESSAGES} messages` })
  open.message = start
}

function endMessage(open: Open, body: Buffer, end: number): void {
  if (open.message === undefined) return
  open.group?.messages.push(body.subarray(open.message, end))
  open.message = undefined
}

function endGroup(open: Open, body: Buffer, end: number): void {
  endMessage(open, body, end)
  if (open.group !== undefined) open.groups.push(open.group)
  open.group = undefined
}

function endBatch(open: Open, line: Line, body: Buffer): void {
  if (open.group?.header === undefined) throw iheError('HL7_STRUCTURE', { at: 'BTS', rule: 'BTS ends a BHS' })
  endMessage(open, body, line.start)
  checkCount('BTS-1', line, open.group.messages.length)
  endGroup(open, body, line.start)
}

function endFile(open: Open, line: Line, body: Buffer): void {
  if (open.group?.header !== undefined) throw incomplete('BTS', 'BHS is ended by BTS')
  endGroup(open, body, line.start)
  checkCount('FTS-1', line, open.groups.length)
  open.isEnded = true
}

function checkCount(at: string, { bytes }: Line, found: number): void {
  const [, count = ''] = bytes.toString('latin1').split(String.fromCharCode(bytes[NAME_LENGTH] ?? 0))
  if (count.trim() !== '' && Number(count) !== found)
    throw iheError('HL7_BATCH_INCOMPLETE', { at, value: count.trim().slice(0, 20), rule: `${found} found` })
}

function incomplete(at: string, rule: string): Error {
  return iheError('HL7_BATCH_INCOMPLETE', { at, rule })
}

function headerOf(line: Buffer): BatchHeader {
  const read = readHeader(Buffer.concat([Buffer.from('MSH'), line.subarray(NAME_LENGTH)]))
  return {
    ...read,
    // BHS-11 stands where MSH has its processing id; what else MSH has behind MSH-8, a batch has not.
    controlId: read.processingId,
    messageCode: '',
    trigger: '',
    processingId: '',
    version: '',
    acceptAck: '',
    applicationAck: '',
    charsetLabel: '',
  }
}

function firstLine(body: Buffer): Line {
  for (const line of linesOf(body)) return line
  return { name: '', start: 0, bytes: Buffer.alloc(0) }
}

/** Lines that hold something; a byte order mark before the first one is no part of it. */
function* linesOf(body: Buffer): Iterable<Line> {
  let start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? BOM_LENGTH : 0
  while (start < body.length) {
    let end = start
    while (end < body.length && body[end] !== CR && body[end] !== LF) end += 1
    if (end > start) {
      const bytes = body.subarray(start, end)
      yield { name: bytes.toString('latin1', 0, NAME_LENGTH), start, bytes }
    }
    start = end + 1
  }
}

export interface AnswerBatch {
  readonly request: Batch
  /** Acknowledgements of each group, in order. */
  readonly answers: readonly (readonly Buffer[])[]
  readonly now: Date
  /** Made anew for each header written. */
  readonly controlId: () => string
}

/** BHS … BTS around the acknowledgements of each batch, FHS … FTS around all when the request had one. */
export function writeAnswerBatch({ request, answers, now, controlId }: AnswerBatch): Buffer {
  const header = (name: 'FHS' | 'BHS', of: BatchHeader | undefined) => text([headerValue(name, of, { now, controlId })])
  const groups = request.groups.flatMap((group, index) => {
    const acks = answers[index] ?? []
    return [header('BHS', group.header ?? request.file), ...acks, text([['BTS', String(acks.length)]])]
  })
  if (request.file === undefined) return Buffer.concat(groups)
  return Buffer.concat([header('FHS', request.file), ...groups, text([['FTS', String(request.groups.length)]])])
}

function headerValue(
  name: 'FHS' | 'BHS',
  of: BatchHeader | undefined,
  { now, controlId }: Pick<AnswerBatch, 'now' | 'controlId'>,
): SegmentValue {
  const copy = (raw: string | undefined) => (of === undefined ? '' : echo(of.delimiters, raw ?? ''))
  return [
    name,
    copy(of?.receivingApplication),
    copy(of?.receivingFacility),
    copy(of?.sendingApplication),
    copy(of?.sendingFacility),
    hl7Time(now),
    ...['', '', ''],
    controlId(),
    copy(of?.controlId),
  ]
}

/** ASCII as acknowledgements are; an address that is not is left to them. */
function text(segments: readonly SegmentValue[]): Buffer {
  const written = er7Text(segments)
  return encode(written, 'ASCII') ?? Buffer.from(written.replaceAll(/[^\r\x20-\x7e]/g, '?'), 'latin1')
}
