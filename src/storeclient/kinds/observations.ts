// OBX and NTE as they are shown: values of every type as text, comments beside what they comment on (HL7 v2.5 7.4.2, 2.A).

import type { Observation, ObservationGroup } from '../../model/clinical.ts'
import { component, type Er7Message, isNull, repetitions, resolveEscapes, type Segment } from '../../model/hl7v2.ts'
import { readable } from '../../model/jst.ts'
import { readWrittenTime } from '../written-time.ts'
import { coded, isCancelledResult, isOrderCancelled, NO_CODE, readCoded, text, texts, time } from './fields.ts'

/** HL7 v2.5 2.A.47 NM. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/

/** What may stand between an OBX and the comments on it. */
const BESIDE_RESULT = new Set(['NTE', 'TCD', 'SID'])

/** The observations of a group, each with the NTE that follow it. */
export function observationsOf(message: Er7Message, segments: readonly Segment[]): readonly Observation[] {
  return segments.flatMap((segment, index) =>
    segment.name === 'OBX' ? [observation(message, segment, notesAfter(message, segments, index))] : [],
  )
}

/** A group of observations with the request and the specimen they belong to. */
export function observationGroup(message: Er7Message, segments: readonly Segment[]): ObservationGroup {
  const obr = segments.find(({ name }) => name === 'OBR')
  const spm = segments.find(({ name }) => name === 'SPM')
  const collected = time(message, spm, 17) ?? time(message, obr, 7)
  const reported = time(message, obr, 22)
  const parent = parentResult(message, obr)
  const site = coded(message, spm, 8)
  return {
    request: obr === undefined ? NO_CODE : coded(message, obr, 4),
    specimen: spm === undefined ? NO_CODE : coded(message, spm, 4),
    ...(site.code + site.text === '' ? {} : { site }),
    specimenId: specimenNumber(message, spm),
    ...(collected === undefined ? {} : { collected }),
    ...(reported === undefined ? {} : { reported }),
    status: text(message, obr, 25),
    ...(parent === '' ? {} : { parentResult: parent }),
    comments: commentsOf(message, segments),
    observations: observationsOf(message, segments),
    ...(isOrderCancelled(message, segments) ? { cancelled: true } : {}),
  }
}

/** SPM-2: the placer's number, else the filler's. */
export function specimenNumber(message: Er7Message, spm: Segment | undefined): string {
  const raw = repetitions(message, spm, 2)[0]
  return component(message, raw, 1, 1) || component(message, raw, 2, 1)
}

/** OBR-26: the result that this request goes on from (the germ of a susceptibility test). */
function parentResult(message: Er7Message, obr: Segment | undefined): string {
  const raw = repetitions(message, obr, 26)[0]
  if (raw === undefined || isNull(raw)) return ''
  return [component(message, raw, 1, 2) || component(message, raw, 1, 1), component(message, raw, 3)]
    .filter((part) => part !== '')
    .join(' ')
}

/** NTE that stand before the first observation. */
export function commentsOf(message: Er7Message, segments: readonly Segment[]): readonly string[] {
  const first = segments.findIndex(({ name }) => name === 'OBX')
  return notes(message, first === -1 ? segments : segments.slice(0, first))
}

function notesAfter(message: Er7Message, segments: readonly Segment[], index: number): readonly string[] {
  let end = index + 1
  while (BESIDE_RESULT.has(segments[end]?.name ?? '')) end++
  return notes(message, segments.slice(index + 1, end))
}

export function notes(message: Er7Message, segments: readonly Segment[]): readonly string[] {
  return segments
    .filter(({ name }) => name === 'NTE')
    .map((nte) =>
      repetitions(message, nte, 3)
        .filter((raw) => !isNull(raw))
        .map((raw) => formatted(message, raw))
        .join('\n'),
    )
    .filter((note) => note !== '')
}

function observation(message: Er7Message, obx: Segment, notes: readonly string[]): Observation {
  const at = time(message, obx, 14)
  return {
    item: coded(message, obx, 3),
    subId: text(message, obx, 4),
    valueType: isMisdeclared(message, obx) ? 'ST' : text(message, obx, 2),
    value: valueText(message, obx),
    unit: coded(message, obx, 6).text,
    range: rangeOf(message, obx),
    flag: texts(message, obx, 8).join(' '),
    status: text(message, obx, 11),
    ...(at === undefined ? {} : { at }),
    notes,
  }
}

/** A value as it stands in running text, with whatever a number means nothing without. */
export function measured({ value, unit, flag, range }: Observation): string {
  return value === '' ? '' : joined([value, unit, flag === 'N' ? '' : flag, range === '' ? '' : `(${range})`])
}

/** OBX-7 is one text and does not repeat: a mark between its ends that senders leave unescaped (3.5~5.0) belongs to it. */
function rangeOf(message: Er7Message, obx: Segment): string {
  const ends = repetitions(message, obx, 7).map((raw) => (isNull(raw) ? '' : component(message, raw)))
  return ends.join(message.delimiters.repetition)
}

/** OBX-2 says NM, and OBX-5 is no number. */
export function isMisdeclared(message: Er7Message, obx: Segment): boolean {
  return text(message, obx, 2) === 'NM' && texts(message, obx, 5).some((value) => !NUMBER.test(value.trim()))
}

/** All repetitions of OBX-5 as one text. */
export function valueText(message: Er7Message, obx: Segment): string {
  const type = text(message, obx, 2)
  return repetitions(message, obx, 5)
    .filter((raw) => !isNull(raw))
    .map((raw) => textOfType(message, raw, type))
    .join('\n')
}

function textOfType(message: Er7Message, raw: string, type: string): string {
  const part = (number: number, subcomponent?: number) => component(message, raw, number, subcomponent)
  switch (type) {
    case 'CWE':
    case 'CE':
    case 'CNE':
      return readCoded(message, raw).text
    case 'SN':
      return [1, 2, 3, 4].map((number) => part(number)).join('')
    case 'ZRD':
      return joined([part(2) || part(1), `${part(4)}${part(5, 2) || part(5, 1)}`])
    case 'CQ':
      return `${part(1)}${part(2, 2) || part(2, 1)}`
    case 'XCN':
    case 'XPN':
      return joined(type === 'XCN' ? [part(2), part(3)] : [part(1), part(2)])
    case 'DT':
    case 'TS':
    case 'DTM':
      return legibleTime(part(1))
    case 'RP':
      return part(1)
    // Only reports and documents have their files beside them; of a result it is told that there is one in the message.
    case 'ED':
      return `［ファイル file: ${part(3) || part(2)}］`
    default:
      return formatted(message, raw)
  }
}

/** 20260402144512 as 2026-04-02 14:45:12 in Japan, whatever zone it is written in; what is no time as it is. */
function legibleTime(written: string): string {
  const found = readWrittenTime(written)
  return found === undefined ? written : readable(found)
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

/** FT, TX, ST and comments: formatting commands (HL7 v2.5 2.7.6) become line breaks or nothing. */
export function formatted(message: Er7Message, raw: string): string {
  const mark = message.delimiters.escape
  if (!raw.includes(`${mark}.`)) return resolveEscapes(message.delimiters, raw)
  const command = (body: string) => new RegExp(`${literal(mark)}${body}${literal(mark)}`, 'gu')
  const plain = raw
    .replaceAll(command('\\.(?:sp|ce) ?\\+?\\d*'), `${mark}.br${mark}`)
    .replaceAll(command('\\.(?:(?:in|ti|sk) ?[+-]?\\d+|fi|nf)'), '')
  return resolveEscapes(message.delimiters, plain)
}

function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/**
 * Keys of results (OBX-3, OBX-4, SPM-2, where it goes on from another result that one (OBR-26), and what else parts two of them), and
 * whether they stand.
 */
export interface ResultKey {
  readonly key: string
  readonly live: boolean
}

export function resultKeys(
  message: Er7Message,
  segments: readonly Segment[],
  moments: readonly number[] = [],
): readonly ResultKey[] {
  const specimen = specimenNumber(
    message,
    segments.find(({ name }) => name === 'SPM'),
  )
  const parent = parentResult(
    message,
    segments.find(({ name }) => name === 'OBR'),
  )
  return segments
    .filter(({ name }) => name === 'OBX')
    .map((obx) => ({
      key: [
        codeKeyOf(message, obx, 3),
        text(message, obx, 4),
        specimen,
        ...(parent === '' ? [] : [parent]),
        ...moments.map((field) => momentKeyOf(message, obx, field)),
      ].join('|'),
      live: !isCancelledResult(text(message, obx, 11)),
    }))
}

/** A moment, however precisely it is written. */
export function momentKeyOf(message: Er7Message, segment: Segment, field: number): string {
  const written = text(message, segment, field)
  return String(readWrittenTime(written)?.startMs ?? written)
}

/** Code and system of a CWE as one key, else its alternative, else its text: what has no code is not all the same. */
export function codeKeyOf(message: Er7Message, segment: Segment, field: number): string {
  const { code, text: said, system, alternative } = coded(message, segment, field)
  // A text alone stands as its own code.
  if (text(message, segment, field) !== '') return `${code}^${system}`
  return alternative === undefined || alternative.code === ''
    ? `^${said || (alternative?.text ?? '')}`
    : `${alternative.code}^${alternative.system}`
}
