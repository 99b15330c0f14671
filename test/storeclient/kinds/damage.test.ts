// Whatever a sender leaves out or puts in the wrong place: documents are read or refused by a row of the error table, and what is stored
// can always be shown (HL7 v2.5 2.6; contract of the readers).

import t from 'tap'
import { IheError } from '../../../src/model/error.ts'
import type { Er7Message, Segment } from '../../../src/model/hl7v2.ts'
import { decideKind } from '../../../src/storeclient/kind.ts'
import { readerOf } from '../../../src/storeclient/kinds/index.ts'
import { messageOf, read } from './orders.ts'

const CASES = [
  'adt-00-full',
  'adt-01',
  'adt-12',
  'adt-22',
  'adt-31',
  'adt-52',
  'adt-61',
  'ppr-01',
  'doc',
  'doc-signed',
  'file',
  'note',
  'omd',
  'omp-01',
  'omp-11-ward',
  'omp-02',
  'omp-12',
  'oml-01',
  'oml-11-microbiology',
  'omg-01',
  'omg-11',
  'omg-12',
  'omg-03',
  'omg-13',
  'vital',
  'report-with-file',
] as const

/** Nothing in them must be there beside PID and MSH, or it is said twice (the disease in PRB-3 and ZPR-2). */
const NEVER_REFUSED: ReadonlySet<string> = new Set(['adt-00-full', 'adt-01', 'ppr-01'])

/** Null, delimiters alone, text where codes and times belong, a sub-component too many, an open escape. */
const DAMAGES = ['', '""', '^^&&~^~', '未定', 'a&b^c&d~e', '99999999999999', '\\.sp', '\u0000']

function* damaged(message: Er7Message): Generator<Er7Message> {
  const { segments } = message
  const withSegments = (changed: readonly Segment[]): Er7Message => ({ ...message, segments: changed })
  for (const [index, segment] of segments.entries()) {
    if (segment.name === 'MSH') continue
    yield withSegments(segments.filter((_, other) => other !== index))
    yield withSegments([...segments.slice(0, index), segment, segment, ...segments.slice(index + 1)])
    for (const field of segment.fields.keys()) {
      for (const damage of DAMAGES) {
        const fields = segment.fields.with(field, damage)
        yield withSegments(segments.with(index, { ...segment, fields }))
      }
    }
  }
}

for (const name of CASES) {
  t.test(name, async (t) => {
    const message = messageOf(name)
    const { found, reader, context } = readingOf(message)
    let refused = 0
    let count = 0
    for (const one of damaged(message)) {
      count++
      try {
        for (const { number } of read(one, found.kind.kind).documents) reader.content(one, context, number?.normalised)
      } catch (error) {
        if (!(error instanceof IheError)) throw error
        refused++
      }
      reader.content(one, context)
    }
    t.ok(refused > 0 !== NEVER_REFUSED.has(name) && refused < count, `${refused} of ${count} refused`)
  })
}

function readingOf(message: Er7Message) {
  const found = decideKind(message)
  const reader = readerOf(found.kind.kind)
  const sentAt = read(message).documents[0]?.service[0]
  if (reader === undefined || sentAt === undefined) throw new Error('no reader')
  return { found, reader, context: { header: { found, sentAt, warnings: [] } } }
}
