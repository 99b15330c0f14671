// HL7 v2.5 ER7 bytes → message: frame off, delimiters from MSH-1 and MSH-2, decode whole, then split (HL7 v2.5 2.5, 2.6, 2.10).

import { iheError } from '../../../profiles/errors/index.ts'
import type { Delimiters, DetectedCharset, Er7Message, Segment, Tolerance } from '../../model/hl7v2.ts'
import { type CharsetHints, decode, refuseWideCharsets } from './charset.ts'
import { readEscapes } from './escape.ts'
import { charsetLabel, mshOffset, readDelimiters, unframe } from './header.ts'

const LIMITS = {
  segments: 10_000,
  fields: 1_000,
  repetitions: 1_000,
  /** Characters in a field; OBX-5 carries documents and is bounded by the frame alone. */
  fieldCharacters: 65_536,
} as const

const BATCH_SEGMENTS = new Set(['FHS', 'BHS'])

/**
 * Reads one message.
 * Deviations that do not change the meaning come back as tolerances naming warning rows of the error table.
 * @throws {IheError} HL7_NO_MSH, HL7_BATCH, HL7_DELIMITERS, HL7_CHARSET, HL7_CHARSET_UNSUPPORTED, HL7_TRUNCATED,
 *   HL7_STRUCTURE or HL7_LIMIT.
 */
export function readEr7(bytes: Uint8Array, options: CharsetHints = {}): Er7Message {
  const body = unframe(bytes)
  if (mshOffset(body) < 0) throw withoutMsh(body)
  const decoded = decode(body, charsetLabel(body), options)
  const text = decoded.text.trimStart()
  const delimiters = readDelimiters(text)
  if (delimiters === undefined) throw iheError('HL7_DELIMITERS', { at: 'MSH-2', value: text.slice(3, 9) })
  const tolerances = [...decoded.tolerances]
  const split = splitSegments(text, delimiters, tolerances)
  const segments = split.some(holdsEscape(delimiters))
    ? settleEscapes(split, { delimiters, charset: decoded.charset, tolerances })
    : split
  return { delimiters, segments, charset: decoded.charset, tolerances }
}

function withoutMsh(body: Buffer): Error {
  refuseWideCharsets(body)
  const name = body.toString('latin1', 0, 64).trimStart().slice(0, 3)
  return BATCH_SEGMENTS.has(name) ? iheError('HL7_BATCH', { at: name }) : iheError('HL7_NO_MSH', { at: 'MSH' })
}

function splitSegments(text: string, delimiters: Delimiters, tolerances: Tolerance[]): Segment[] {
  const terminated = text.endsWith('\r') || text.endsWith('\n')
  const seen = text.includes('\r\n') ? ['CRLF'] : text.includes('\n') ? ['LF'] : []
  if (!terminated) seen.push('none after the last segment')
  if (seen.length > 0) tolerances.push({ code: 'HL7_TERMINATOR', at: 'MSH', value: seen.join(', ') })
  const lines = text.split(seen.length > 0 ? /[\r\n]+/ : '\r').filter((line) => line !== '')
  if (lines.length > LIMITS.segments) throw iheError('HL7_LIMIT', { at: 'MSH', value: `${lines.length} segments` })
  return lines.map((line, index) =>
    readSegment(line, delimiters, { first: index === 0, cut: !terminated && index === lines.length - 1 }),
  )
}

function readSegment(
  line: string,
  delimiters: Delimiters,
  place: { readonly first: boolean; readonly cut: boolean },
): Segment {
  const fields = line.split(delimiters.field)
  const name = fields[0] ?? ''
  if (!/^[A-Z][A-Z0-9]{2}$/.test(name)) {
    throw iheError(place.cut ? 'HL7_TRUNCATED' : 'HL7_STRUCTURE', {
      at: 'MSH',
      value: name.slice(0, 16),
      rule: 'segment name',
    })
  }
  if (!place.first && name === 'MSH') throw iheError('HL7_BATCH', { at: 'MSH[2]' })
  if (name === 'MSH') fields[0] = delimiters.field
  else fields.shift()
  if (fields.length > LIMITS.fields) throw iheError('HL7_LIMIT', { at: name, value: `${fields.length} fields` })
  if (line.length > LIMITS.repetitions) checkFields(name, fields, delimiters)
  return { name, fields }
}

/** A line shorter than the repetition limit cannot break a limit of its fields, so only long ones come here. */
function checkFields(name: string, fields: readonly string[], delimiters: Delimiters): void {
  for (const [index, field] of fields.entries()) {
    if (field.length <= LIMITS.repetitions) continue
    const at = `${name}-${index + 1}`
    const document = at === 'OBX-5'
    if (!document && field.length > LIMITS.fieldCharacters) {
      throw iheError('HL7_LIMIT', { at, value: `${field.length} characters` })
    }
    let count = 1
    for (
      let next = field.indexOf(delimiters.repetition);
      next >= 0;
      next = field.indexOf(delimiters.repetition, next + 1)
    ) {
      if (++count > LIMITS.repetitions)
        throw iheError('HL7_LIMIT', { at, value: `more than ${LIMITS.repetitions} repetitions` })
    }
  }
}

/** Whether a segment needs `settleEscapes`; MSH-2 names the escape character and holds no sequence. */
function holdsEscape({ escape: mark }: Delimiters): (segment: Segment) => boolean {
  return ({ name, fields }) => fields.some((field, index) => field.includes(mark) && !(name === 'MSH' && index === 1))
}

interface Reading {
  readonly delimiters: Delimiters
  readonly charset: DetectedCharset
  readonly tolerances: Tolerance[]
}

/** The segments with their escape sequences read; one tolerance tells the first place of those that are none, and how many. */
function settleEscapes(segments: readonly Segment[], { delimiters, charset, tolerances }: Reading): Segment[] {
  let lone = 0
  let first = ''
  const occurrences = new Map<string, number>()
  const holds = holdsEscape(delimiters)
  const settled = segments.map((segment) => {
    const { name } = segment
    const occurrence = (occurrences.get(name) ?? 0) + 1
    occurrences.set(name, occurrence)
    if (!holds(segment)) return segment
    const fields = segment.fields.map((field, index) => {
      if (!field.includes(delimiters.escape) || (name === 'MSH' && index === 1)) return field
      const read = readEscapes(field, delimiters, charset)
      if (read.lone > 0 && lone === 0) first = `${name}${occurrence > 1 ? `[${occurrence}]` : ''}-${index + 1}`
      lone += read.lone
      return read.text
    })
    return { name, fields }
  })
  if (lone > 0) tolerances.push({ code: 'HL7_ESCAPE', at: first, value: `${lone} in the message` })
  return settled
}
