// Writes the answer to a query, RSP: MSH MSA [ERR] QAK [QPD] and what was found (HL7 v2.5 5.3.1, 5.5.2; ITI TF-2 3.9.4.2).

import type { Hl7v2Query } from '../../../profiles/transactions/index.ts'
import { IheError } from '../../model/error.ts'
import type { DetectedCharset } from '../../model/hl7v2.ts'
import type { CorrespondingId, PixAnswer } from '../../model/pix.ts'
import { type AnswerBase, DEFAULT_VERSION, echo, errorSegment, headerSegment } from './ack.ts'
import { encode, labelledCharset } from './charset.ts'
import type { MessageHeader } from './header.ts'
import { isVendorCharacter } from './jis.ts'
import { echoOf } from './query.ts'
import { components, er7Text, type RepetitionValue, type SegmentValue } from './write.ts'

/** What a query found: the segments behind QPD. */
export interface ResponseContent {
  readonly segments: readonly SegmentValue[]
  /** QAK-4, QAK-5 and QAK-6: of all, in this answer, and still to come. */
  readonly hits?: { readonly total: number; readonly current: number; readonly remaining: number }
}

export const NOTHING_FOUND: ResponseContent = { segments: [] }

export interface QueryResponse extends AnswerBase {
  readonly query: Hl7v2Query
  /** The query as it came: its tag and its parameters are given back. */
  readonly bytes: Uint8Array
  readonly result: ResponseContent | IheError
}

/** The charset that MSH-18 of an answer says, as table 0211 has it. */
const UTF8_LABEL = 'UNICODE UTF-8'
const JIS_LABEL = '~ISO IR87'

/** The answer in the character set of the query; in UTF-8, and labelled so, where that set lacks a character of it. */
export function writeResponse(response: QueryResponse): Buffer {
  const { charset, label } = charsetOf(response.request)
  const text = textOf(response, charset, label)
  const bytes = charset === 'ISO-2022-JP' && hasVendorCharacter(text) ? undefined : encode(text, charset)
  return bytes ?? Buffer.from(textOf(response, 'UTF-8', UTF8_LABEL), 'utf8')
}

function hasVendorCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (isVendorCharacter(text.charCodeAt(at))) return true
  return false
}

function textOf(response: QueryResponse, charset: DetectedCharset, label: string): string {
  const { request, query, bytes, result, warnings, journalId, version = DEFAULT_VERSION } = response
  const type = components('RSP', query.response.trigger, query.response.structure)
  const { tag, parameters } = echoOf(bytes)
  const isRefused = result instanceof IheError
  const errors = isRefused ? [result, ...warnings] : warnings
  const segments = isRefused ? [] : result.segments
  const code = isRefused ? result.row.v2.ack : 'AA'
  const status = isRefused ? code : segments.length === 0 ? 'NF' : 'OK'
  return er7Text([
    headerSegment({ ...response, type, version, label }),
    ['MSA', code, echo(request.delimiters, request.controlId)],
    ...errors.map((error) => errorSegment(error, journalId, charset)),
    ['QAK', tag, status, '', ...hitsOf(result)],
    ...(parameters === undefined ? [] : [parameters]),
    ...segments,
  ])
}

function hitsOf(result: QueryResponse['result']): readonly string[] {
  if (result instanceof IheError || result.hits === undefined) return []
  const { total, current, remaining } = result.hits
  return [total, current, remaining].map(String)
}

/** The set that MSH-18 names, when the bytes agree with it or leave it open; else the one that the bytes are in. */
function charsetOf(request: MessageHeader): { readonly charset: DetectedCharset; readonly label: string } {
  const { charset: seen, charsetLabel: label } = request
  const named = labelledCharset(label)
  if (seen === undefined || seen === 'ASCII' || seen === named) return { charset: named, label }
  return seen === 'ISO-2022-JP' ? { charset: seen, label: JIS_LABEL } : { charset: 'UTF-8', label: UTF8_LABEL }
}

/** First repetition empty, second of name type S: a name that is required but not told (ITI TF-2 3.9.4.2.2.6). */
export const NO_NAME: readonly RepetitionValue[] = [components(''), components('', '', '', '', '', '', 'S')]

/** What the PIX Manager found; the errors of an unknown key stand in ERR alone. */
export function pixContent(answer: PixAnswer): ResponseContent {
  if (answer.kind !== 'found') return NOTHING_FOUND
  return { segments: [['PID', '', '', answer.ids.map(patientId), '', NO_NAME]] }
}

/** CX with all three parts of its authority (ITI TF-2 Appendix E.2). */
export function patientId({ id, authorityName }: CorrespondingId): RepetitionValue {
  return components(id.value, '', '', [authorityName, id.authority, 'ISO'], 'PI')
}
