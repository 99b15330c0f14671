// Messages for the tests of the readers: segments below an MSH, read and decided as the pipeline does it.

import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import type { Clinical } from '../../../src/model/clinical.ts'
import { parseHl7Time } from '../../../src/model/hl7-time.ts'
import type { Header } from '../../../src/storeclient/header.ts'
import { decideKind } from '../../../src/storeclient/kind.ts'
import { readerOf } from '../../../src/storeclient/kinds/index.ts'
import type { Reading } from '../../../src/storeclient/kinds/reader.ts'

const PID = 'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M'

/** Fields of a segment by their number: `line('PV1', { 2: 'I' })`. */
export function line(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(0, ...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, index) => fields[index + 1] ?? '')].join('|')
}

export function messageOf(event: string, segments: readonly string[]) {
  const msh = `MSH|^~\\&|EHR|1399100015|GW|T|20260501090000||${event}|M1|P|2.5||||||UNICODE UTF-8`
  const [before, after] = [
    segments.filter((text) => text.startsWith('EVN')),
    segments.filter((text) => !text.startsWith('EVN')),
  ]
  return readEr7(Buffer.from(`${[msh, ...before, PID, ...after].join('\r')}\r`))
}

function headerOf(message: ReturnType<typeof messageOf>): Header {
  const sentAt = parseHl7Time('20260501090000')
  if (sentAt === undefined) throw new Error('no time')
  return { found: decideKind(message), sentAt, warnings: [] }
}

/** The only document of a message. */
export function readingOf(event: string, segments: readonly string[]): Reading {
  const message = messageOf(event, segments)
  const header = headerOf(message)
  const [reading, ...others] = readerOf(header.found.kind.kind).documents(message, { header })
  if (reading === undefined || others.length > 0) throw new Error('not one document')
  return reading
}

export function contentOf(event: string, segments: readonly string[]): Clinical {
  const message = messageOf(event, segments)
  const header = headerOf(message)
  return readerOf(header.found.kind.kind).content(message, { header })
}

/** `code at`, as a sender sees them. */
export function warned({ warnings }: Reading): readonly string[] {
  return warnings.map(({ row, at }) => `${row.code} ${at}`)
}

/** Times as they were written. */
export function written({ service }: Reading): readonly string[] {
  return service.map(({ text }) => text)
}
