// Reads messages as the StoreClient reads them, without its ports: fixtures by name, or lines of a message.

import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import type { Clinical } from '../../../src/model/clinical.ts'
import { IheError } from '../../../src/model/error.ts'
import { parseHl7Time, xdsTime } from '../../../src/model/hl7-time.ts'
import type { Er7Message } from '../../../src/model/hl7v2.ts'
import { decideKind } from '../../../src/storeclient/kind.ts'
import { readerOf } from '../../../src/storeclient/kinds/index.ts'
import type { Reading } from '../../../src/storeclient/kinds/reader.ts'

const fixtures = new URL('../../../fixtures/storeclient/', import.meta.url)

export interface Read {
  readonly kind: string
  readonly documents: readonly Reading[]
  readonly content: (number?: string) => Clinical
}

export function fixture(name: string): Read {
  return read(messageOf(name))
}

export function messageOf(name: string): Er7Message {
  return readEr7(readFileSync(new URL(`${name}/request.hl7`, fixtures)))
}

/** A message of an invented patient; `lines` follow PID and PV1. */
export function lines(event: string, ...rest: readonly string[]): Read {
  const header = `MSH|^~\\&|EHR|1399100015|GW|TSUNAGI|20260401120000||${event}|M1|P|2.5||||||UNICODE UTF-8`
  return read(er7([header, 'PID|||1^^^^PI||架空^太郎||19580412|M', 'PV1||O', ...rest]))
}

export function er7(segments: readonly string[]): Er7Message {
  return readEr7(Buffer.from(`${segments.join('\r')}\r`))
}

/** @throws what the reader of the kind throws for its documents. */
export function read(message: Er7Message, named?: string): Read {
  const found = decideKind(message, named)
  const reader = readerOf(found.kind.kind)
  const sentAt = parseHl7Time('20260401120000')
  if (reader === undefined || sentAt === undefined) throw new Error(`no reader of ${found.kind.kind}`)
  const context = { header: { found, sentAt, warnings: [] } }
  return {
    kind: found.kind.kind,
    documents: reader.documents(message, context),
    content: (number) => reader.content(message, context, number),
  }
}

/** What makes the entry of a reading, as plain texts. */
export function essence({ number, careDate, service, eventCodes, deletes, warnings, corrects, typeCode }: Reading) {
  return {
    number: number?.normalised,
    careDate,
    service: [
      xdsTime(Math.min(...service.map(({ startMs }) => startMs))),
      xdsTime(Math.max(...service.map(({ stopMs }) => stopMs))),
    ],
    codes: eventCodes.map(({ code }) => code),
    deletes,
    warnings: warnings.map(({ row, at }) => `${row.code} ${at}`),
    ...(corrects === undefined ? {} : { corrects }),
    ...(typeCode === undefined ? {} : { typeCode: typeCode.code }),
  }
}

/** Code and place of the refusal that `run` ends in. */
export function refusal(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof IheError) return `${error.row.code} ${error.at}`
    throw error
  }
  return undefined
}

/** Times as they are written, so that contents compare by what is in the message. */
export function plain(content: Clinical): unknown {
  return JSON.parse(
    JSON.stringify(content, (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || !('jstDate' in value) || !('text' in value)) return value
      return value.text
    }),
  )
}

/** What `actual` says about the keys that `expected` has; lists keep their length, so that nothing more may stand in them. */
export function about(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected))
    return actual.map((one: unknown, index) => (index < expected.length ? about(one, expected[index]) : one))
  if (!isObject(actual) || !isObject(expected)) return actual
  return Object.fromEntries(Object.keys(expected).map((key) => [key, about(actual[key], expected[key])]))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Tests the named facts exactly and nothing else. */
export function tells(t: Test, actual: unknown, expected: unknown): void {
  t.same(about(actual, expected), expected)
}
