// What an independent library reads in an HL7 v2 message that we wrote, compared with what we read ourselves (HL7 v2.5 2.5, 2.10).

import { createRequire } from 'node:module'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import type { Segment } from '../../src/model/hl7v2.ts'

type Leaf = string | readonly string[]
type Repetition = Readonly<Record<string, Leaf>>
/** How hl7-standard keeps a field: text, sub-components, components by position, or repetitions of these. */
type Field = string | Repetition | readonly (string | Repetition)[]
type Reader = new (
  text: string,
) => {
  transform(): void
  getSegments(name: string): readonly { readonly data: Readonly<Record<string, Field>> }[]
}

const Hl7 = createRequire(import.meta.url)('hl7-standard') as Reader

/** Repetitions of components of sub-components. */
type Parts = readonly (readonly (readonly string[])[])[]

/** Fields that the other library reads otherwise, as `PID-3: … is …`; none when both agree. */
export function disagreements(bytes: Buffer): readonly string[] {
  const message = readEr7(bytes)
  const reader = new Hl7(decoded(bytes))
  reader.transform()
  const names = [...new Set(message.segments.map(({ name }) => name))]
  return names.flatMap((name) => {
    const ours = message.segments.filter((segment) => segment.name === name)
    const theirs = reader.getSegments(name)
    if (ours.length !== theirs.length) return [`${name}: ${theirs.length} segments are ${ours.length}`]
    return ours.flatMap((segment, index) => fieldsThatDiffer(segment, theirs[index]?.data ?? {}))
  })
}

/** By Node's own decoder, not by ours. */
function decoded(bytes: Buffer): string {
  const charset = bytes.includes(0x1b) ? 'iso-2022-jp' : 'utf-8'
  return new TextDecoder(charset, { fatal: true }).decode(bytes)
}

function fieldsThatDiffer({ name, fields }: Segment, theirs: Readonly<Record<string, Field>>): readonly string[] {
  return fields.flatMap((text, index) => {
    // MSH-1 and MSH-2 are the delimiters themselves.
    if (name === 'MSH' && index < 2) return []
    const ours = JSON.stringify(split(text))
    const other = JSON.stringify(partsOf(theirs[`${name}.${index + 1}`] ?? ''))
    return ours === other ? [] : `${name}-${index + 1}: ${other} is ${ours}`
  })
}

function split(text: string): Parts {
  return text.split('~').map((one) => one.split('^').map((part) => part.split('&')))
}

function partsOf(field: Field): Parts {
  if (typeof field === 'string') return [[[field]]]
  if (!isList(field)) return [componentsOf(field)]
  if (field.every((one) => typeof one === 'string')) return [[field]]
  return field.map((one) => (typeof one === 'string' ? [[one]] : componentsOf(one)))
}

function componentsOf(repetition: Repetition): readonly (readonly string[])[] {
  return Object.values(repetition).map((leaf) => (typeof leaf === 'string' ? [leaf] : leaf))
}

function isList(field: Repetition | readonly (string | Repetition)[]): field is readonly (string | Repetition)[] {
  return Array.isArray(field)
}
