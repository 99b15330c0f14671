// HL7 v2.5 acknowledgements: which one is due, MSA and ERR written and read (HL7 v2.5 2.9.2, 2.15.5, 2.15.8; table 0008, 0155, 0357).

import { explain, type IheError } from '../../model/error.ts'
import { component, type Delimiters, type DetectedCharset, repetitions, segmentsOf, value } from '../../model/hl7v2.ts'
import { encode, labelledCharset } from './charset.ts'
import { type MessageHeader, STANDARD_DELIMITERS } from './header.ts'
import { readEr7 } from './read.ts'
import {
  components,
  er7Text,
  escapeText,
  type FieldValue,
  type Leaf,
  type RepetitionValue,
  type SegmentValue,
} from './write.ts'

/** `original`: AA AE AR. `commit`: CA CE CR. `application`: AA AE AR, in enhanced mode. */
export type AckMode = 'original' | 'commit' | 'application'

/** What acknowledgements and responses of queries are made from. */
export interface AnswerBase {
  readonly request: MessageHeader
  readonly warnings: readonly IheError[]
  readonly journalId: string
  readonly now: Date
  /** Our own MSH-10, unique per answer. */
  readonly controlId: string
  /** MSH-12 of the answer; 2.5 when left out. ERR before 2.5 has one field, and the text stands in MSA-3. */
  readonly version?: string
}

export interface Acknowledgement extends AnswerBase {
  readonly result: 'accepted' | IheError
  /** Which of the due acknowledgements to write; the first one when left out. */
  readonly mode?: AckMode
  /** MSA-4: the sequence number that the next message must have, -1 when any will do (HL7 v2.5 2.10.1). */
  readonly expectedSequence?: number
}

const APPLICATION_CODES = '99STC'
/** MSH-3 of an answer to a message that names no receiver. */
const OWN_APPLICATION = 'TSUNAGI'
const JST_OFFSET_MS = 9 * 3_600_000

/** Table 0357 in HL7's words. */
const CONDITIONS: Readonly<Record<number, string>> = {
  0: 'Message accepted',
  100: 'Segment sequence error',
  101: 'Required field missing',
  102: 'Data type error',
  103: 'Table value not found',
  200: 'Unsupported message type',
  201: 'Unsupported event code',
  202: 'Unsupported processing id',
  203: 'Unsupported version id',
  204: 'Unknown key identifier',
  205: 'Duplicate key identifier',
  206: 'Application record locked',
  207: 'Application internal error',
}

/**
 * The acknowledgements that MSH-15 and MSH-16 ask for, in the order they are sent. One of the two present means enhanced
 * mode, the other one then counts as NE. A refused commit is not followed by an application acknowledgement. A value that
 * table 0155 lacks counts as AL: whoever asks in a way we do not understand must not wait for ever.
 */
export function dueAcks(
  request: Pick<MessageHeader, 'acceptAck' | 'applicationAck'>,
  outcome: 'accepted' | 'refused',
): readonly AckMode[] {
  const [accept, ofApplication] = [condition(request.acceptAck), condition(request.applicationAck)]
  if (accept === '' && ofApplication === '') return ['original']
  const commit = isDue(accept, outcome)
  const application = isDue(ofApplication, outcome)
  if (commit) return application && outcome === 'accepted' ? ['commit', 'application'] : ['commit']
  return application ? ['application'] : []
}

/** A field of MSH as table 0155 writes it; HL7 null says as little as nothing. */
function condition(raw: string): string {
  const text = raw.trim().toUpperCase()
  return text === '""' ? '' : text
}

function isDue(condition: string, outcome: 'accepted' | 'refused'): boolean {
  switch (condition) {
    case '':
    case 'NE':
      return false
    case 'ER':
      return outcome === 'refused'
    case 'SU':
      return outcome === 'accepted'
  }
  return true
}

/**
 * The acknowledgement of a message, or undefined where MSH-15 and MSH-16 ask for none. ASCII but for the user text ERR-8,
 * which is Japanese and English in the request's own character set, English alone where that set cannot carry it.
 */
export function writeAck(ack: Acknowledgement): Buffer | undefined {
  const mode = ack.mode ?? dueAcks(ack.request, ack.result === 'accepted' ? 'accepted' : 'refused')[0]
  if (mode === undefined) return undefined
  const charset = answerCharset(ack.request)
  const errors = ack.result === 'accepted' ? ack.warnings : [ack.result, ...ack.warnings]
  const [first] = errors
  const { request, version = DEFAULT_VERSION } = ack
  const type = components('ACK', echo(request.delimiters, request.trigger), isBefore25(version) ? '' : 'ACK')
  const text = er7Text([
    headerSegment({ ...ack, type, version, label: request.charsetLabel }),
    [
      'MSA',
      ackCode(ack, mode),
      echo(ack.request.delimiters, ack.request.controlId),
      isBefore25(version) && first !== undefined ? diagnostic(first, ack.journalId) : '',
      ack.expectedSequence === undefined ? '' : String(ack.expectedSequence),
    ],
    ...(isBefore25(version)
      ? oldErrorSegments(errors)
      : errors.map((error) => errorSegment(error, ack.journalId, charset))),
  ])
  return encode(text, charset) ?? Buffer.from(asciiOnly(text), 'latin1')
}

export const DEFAULT_VERSION = '2.5'

function isBefore25(version: string): boolean {
  return version.startsWith('2.3') || version.startsWith('2.4')
}

function ackCode(ack: Acknowledgement, mode: AckMode): string {
  const code = ack.result === 'accepted' ? 'AA' : ack.result.row.v2.ack
  return mode === 'commit' ? code.replace('A', 'C') : code
}

export interface AnswerHeader {
  readonly request: MessageHeader
  readonly now: Date
  readonly controlId: string
  /** MSH-9. */
  readonly type: RepetitionValue
  readonly version: string
  /** MSH-18. */
  readonly label: string
}

/** MSH of an answer: sender and receiver of the request exchanged (ITI TF-2 Appendix C.2.2). */
export function headerSegment({ request, now, controlId, type, version, label }: AnswerHeader): SegmentValue {
  const copy = (raw: string) => echo(request.delimiters, raw)
  const iso2022 = labelledCharset(label) === 'ISO-2022-JP'
  return [
    'MSH',
    request.receivingApplication === '' ? OWN_APPLICATION : copy(request.receivingApplication),
    copy(request.receivingFacility),
    copy(request.sendingApplication),
    copy(request.sendingFacility),
    hl7Time(now),
    '',
    type,
    controlId,
    request.processingId === '' ? 'P' : copy(request.processingId),
    version,
    ...['', '', '', '', ''],
    copy(label),
    '',
    iso2022 ? 'ISO 2022-1994' : '',
  ]
}

/** ERR of HL7 v2.5; the user text in Japanese and English where `charset` can carry it. */
export function errorSegment(error: IheError, journalId: string, charset: DetectedCharset): SegmentValue {
  const { v2, severity, message, ja } = error.row
  const condition = components(String(v2.table0357), CONDITIONS[v2.table0357] ?? '', 'HL70357')
  const japanese = `${ja} / ${message}`
  return [
    'ERR',
    '',
    errorLocation(error.at),
    condition,
    severity === 'Error' ? 'E' : 'W',
    v2.application === undefined ? '' : components(v2.application, asciiOnly(message), APPLICATION_CODES),
    '',
    diagnostic(error, journalId),
    charset !== 'ASCII' && encode(japanese, charset) !== undefined ? japanese : asciiOnly(message),
  ]
}

function diagnostic(error: IheError, journalId: string): string {
  return asciiOnly(`${explain(error)} [journal ${journalId}]`)
}

/** ERR-1 of HL7 v2.3.1 and v2.4: segment, sequence, field and code, one repetition an error (HL7 v2.3.1 2.24.5). */
function oldErrorSegments(errors: readonly IheError[]): readonly SegmentValue[] {
  if (errors.length === 0) return []
  const places = errors.map(({ at, row }) => {
    const [, segment = '', occurrence = '1', field = ''] = PLACE.exec(at ?? '') ?? []
    return components(segment, segment === '' ? '' : occurrence, field, String(row.v2.table0357))
  })
  return [['ERR', places]]
}

const PLACE = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?$/

/** `PID-3[2].4.1` as ERL `PID^1^3^2^4^1`; empty for places that are not in an HL7 v2 message. */
export function errorLocation(at: string | undefined): FieldValue {
  const [, segment, occurrence, field, repetition, part, subpart] = PLACE.exec(at ?? '') ?? []
  if (segment === undefined) return ''
  if (field === undefined) return components(segment, occurrence ?? '')
  if (part === undefined) return components(segment, occurrence ?? '1', field, repetition ?? '')
  return components(segment, occurrence ?? '1', field, repetition ?? '1', part, subpart ?? '')
}

/**
 * The set an answer may use for Japanese: the one MSH-18 names, when the bytes agree with it or leave it open. Otherwise
 * ASCII, which is readable under every label.
 */
function answerCharset(request: MessageHeader): DetectedCharset {
  const named = labelledCharset(request.charsetLabel)
  return request.charset === undefined || request.charset === 'ASCII' || request.charset === named ? named : 'ASCII'
}

/** HL7 gives the fields that are given back 20 to 250 characters; an answer must not grow with what a sender writes there. */
const MAX_ECHO = 500

/** A raw field of the request in our own delimiters. */
export function echo(from: Delimiters, raw: string): Leaf {
  const to = STANDARD_DELIMITERS
  let out = ''
  for (const character of raw.slice(0, MAX_ECHO)) {
    if (character === from.component) out += to.component
    else if (character === from.repetition) out += to.repetition
    else if (character === from.escape) out += to.escape
    else if (character === from.subcomponent) out += to.subcomponent
    else out += escapeText(to, character)
  }
  return { raw: out }
}

const TYPOGRAPHY: ReadonlyMap<string, string> = new Map([
  ['…', '...'],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
  ['–', '-'],
])

/** Text that reads the same under every label of MSH-18: other characters are named by their code point. */
function asciiOnly(text: string): string {
  return Array.from(text, (character) => {
    const point = character.codePointAt(0) ?? 0
    if (point < 0x80) return character
    return TYPOGRAPHY.get(character) ?? `<U+${point.toString(16).toUpperCase().padStart(4, '0')}>`
  }).join('')
}

/** `YYYYMMDDHHMMSS+0900`: the network lives in Japanese time. */
export function hl7Time(time: Date): string {
  const local = new Date(time.getTime() + JST_OFFSET_MS).toISOString()
  return `${local.slice(0, 19).replaceAll(/[-T:]/g, '')}+0900`
}

export interface AckError {
  /** ERL as sent, `PID^1^3`. */
  readonly location: string
  readonly code: string
  readonly severity: string
  readonly application: string
  readonly diagnostic: string
  readonly userText: string
}

export interface ReadAck {
  /** AA AE AR CA CE CR. */
  readonly code: string
  /** MSA-2, the control id of the message that is answered. */
  readonly controlId: string
  readonly errors: readonly AckError[]
  /** MSA-3, which older receivers use in place of ERR. */
  readonly text: string
}

/**
 * Reads an acknowledgement. Over HTTPS the application acknowledgement may follow that of the commit in one body: it says more.
 * @throws {IheError} as `readEr7`; code is '' when there is no MSA.
 */
export function readAck(bytes: Uint8Array): ReadAck {
  const message = readEr7(bytes.subarray(Buffer.from(bytes).lastIndexOf('\rMSH') + 1))
  const errors = segmentsOf(message, 'ERR').map((segment): AckError => {
    const part = (field: number, at = 1) => component(message, repetitions(message, segment, field)[0], at)
    return {
      location: repetitions(message, segment, 2)[0] ?? '',
      code: part(3),
      severity: part(4),
      application: part(5),
      diagnostic: part(7),
      userText: part(8),
    }
  })
  return { code: value(message, 'MSA', 1), controlId: value(message, 'MSA', 2), errors, text: value(message, 'MSA', 3) }
}
