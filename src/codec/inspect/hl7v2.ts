// HL7 v2 messages field by field, with the names of the fields in English and Japanese (HL7 v2.5 chapters 2, 3, 4, 7).

import { describeField, describeSegment } from '../../../profiles/hl7v2/dictionary.ts'
import { fieldKind } from '../../../profiles/inspection/hl7v2.ts'
import { build, MASK, shown } from '../../../profiles/inspection/values.ts'
import type { Delimiters } from '../../model/hl7v2.ts'
import type { Inspection, Sight } from '../../model/inspection.ts'
import { decode } from '../hl7v2/charset.ts'
import { readDelimiters, readHeader, STANDARD_DELIMITERS, unframe } from '../hl7v2/header.ts'

const MAX_ROWS = 5000
const MAX_VALUE = 2000
/** Of so much a person still reads, and nobody waits for it: messages are taken apart beside those that arrive. */
const MAX_CHARACTERS = 256 * 1024
const BEGINNINGS: ReadonlySet<string> = new Set(['MSH', 'BHS', 'FHS'])
const SEGMENT_NAME = /^[A-Z][A-Z0-9]{2}$/
const PLAIN = /^[\x20-\x7e]{0,200}$/

/** Begins as an HL7 v2 message or batch, after what MLLP puts before it. */
export function isHl7v2(bytes: Uint8Array): boolean {
  return BEGINNINGS.has(Buffer.from(unframe(bytes).subarray(0, 3)).toString('latin1'))
}

export function inspectHl7v2(bytes: Uint8Array, sight: Sight): Inspection {
  const header = readHeader(bytes)
  const { text, note } = decoded(unframe(bytes), header.charsetLabel)
  const segments = segmentsOf(text.slice(0, MAX_CHARACTERS), sight)
  const rows = segments.flatMap(({ name, fields }, index) => fieldRows({ name, fields, number: index + 1 }))
  const type = [header.messageCode, header.trigger].filter((part) => part !== '').join('^')
  return {
    form: 'hl7v2',
    title: PLAIN.test(type) ? type : MASK,
    facts: [
      { name: 'character set / 文字セット', value: header.charset ?? 'none that is known' },
      { name: 'segments / セグメント数', value: String(segments.length) },
    ],
    tables: [{ title: 'HL7 v2', columns: ['segment', 'field', 'name', 'value'], rows: rows.slice(0, MAX_ROWS) }],
    text: segments.map(({ line }) => line).join('\n'),
    notes: [
      ...note,
      ...(text.length > MAX_CHARACTERS ? [`the first ${MAX_CHARACTERS} of ${text.length} characters are shown`] : []),
      ...(rows.length > MAX_ROWS ? [`${rows.length - MAX_ROWS} further fields stand in the text only`] : []),
    ],
  }
}

function decoded(bytes: Uint8Array, label: string): { readonly text: string; readonly note: readonly string[] } {
  try {
    return { text: decode(bytes, label).text, note: [] }
  } catch {
    return {
      text: Buffer.from(bytes).toString('latin1'),
      note: ['the bytes are valid in no character set that is known; each byte is shown as a character'],
    }
  }
}

interface Segment {
  readonly name: string
  /** Of HL7 position 1 and on. */
  readonly fields: readonly string[]
  readonly line: string
}

/** Every line by the delimiters of the header before it. */
function segmentsOf(text: string, sight: Sight): readonly Segment[] {
  let delimiters = STANDARD_DELIMITERS
  return text.split(/\r\n|\r|\n/).flatMap((line) => {
    if (line.trim() === '') return []
    const name = line.slice(0, 3)
    if (BEGINNINGS.has(name)) delimiters = readDelimiters(line.replace(/^(BHS|FHS)/, 'MSH')) ?? delimiters
    return [segmentOf(line, { delimiters, sight })]
  })
}

interface Way {
  readonly delimiters: Delimiters
  readonly sight: Sight
}

function segmentOf(line: string, { delimiters, sight }: Way): Segment {
  const { field } = delimiters
  const [name = '', ...rest] = line.split(field)
  if (!SEGMENT_NAME.test(name)) {
    const seen = sight === 'open' ? line : build(line)
    return { name: '?', fields: [seen], line: seen }
  }
  const isHeader = BEGINNINGS.has(name)
  const raw = isHeader ? [field, ...rest] : rest
  const fields =
    sight === 'open' ? raw : raw.map((value, index) => maskedField(value, { name, position: index + 1, delimiters }))
  return { name, fields, line: `${name}${field}${(isHeader ? fields.slice(1) : fields).join(field)}` }
}

interface Place {
  readonly name: string
  readonly position: number
  readonly delimiters: Delimiters
}

/** What is not shown keeps its build: repetitions and components, and which of them are empty. */
function maskedField(value: string, { name, position, delimiters }: Place): string {
  if (value === '' || value === '""') return value
  const kind = fieldKind(name, position)
  if (kind === 'plain') return PLAIN.test(value) ? value : MASK
  if (kind !== undefined && kind !== 'CX') return shown(kind, value)
  const { repetition, component, subcomponent } = delimiters
  return value
    .split(repetition)
    .map((one) =>
      one
        .split(component)
        .map((part, index) => (kind === 'CX' && index > 0 ? domainPart(part, subcomponent) : masked(part)))
        .join(component),
    )
    .join(repetition)
}

function masked(part: string): string {
  return part === '' ? '' : MASK
}

/** Assigning authority and type of an identifier. */
function domainPart(part: string, subcomponent: string): string {
  return part
    .split(subcomponent)
    .map((leaf) => (/^([0-2](\.\d{1,40}){1,30}|ISO|[A-Z]{2,4})$/.test(leaf) ? leaf : masked(leaf)))
    .join(subcomponent)
}

function fieldRows({
  name,
  fields,
  number,
}: {
  readonly name: string
  readonly fields: readonly string[]
  readonly number: number
}) {
  const segment = describeSegment(name)
  const label = `${number} ${name}${segment === undefined ? '' : ` ${segment.english} / ${segment.japanese}`}`
  return fields.flatMap((value, index) => {
    if (value === '') return []
    const entry = describeField(name, index + 1)
    return [
      [label, `${name}-${index + 1}`, entry === undefined ? '' : `${entry.english} / ${entry.japanese}`, short(value)],
    ]
  })
}

function short(value: string): string {
  return value.length <= MAX_VALUE ? value : `${value.slice(0, MAX_VALUE)}… (${value.length} characters)`
}
