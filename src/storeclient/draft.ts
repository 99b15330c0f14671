// A message as drafts: the readings of its kind, under the keys and series that name them here.

import { iheError } from '../../profiles/errors/index.ts'
import type { DataKind } from '../../profiles/storeclient/index.ts'
import type { Caller } from '../model/caller.ts'
import { type Hl7Time, parseHl7Time } from '../model/hl7-time.ts'
import type { Er7Message } from '../model/hl7v2.ts'
import { checkFiles } from './files/file-check.ts'
import type { Header } from './header.ts'
import { logicalKey, normaliseOrderNumber, seriesIdOf } from './identifiers.ts'
import { pointerWarnings } from './kinds/embedded.ts'
import { readerOf } from './kinds/index.ts'
import type { DocumentNumber, Reading } from './kinds/reader.ts'
import type { Origin } from './ports.ts'
import { storedOrderNumber } from './ssmix/path.ts'

/** What one document of the message is about, before it is known what is stored already. */
export interface Draft extends Reading {
  readonly key: string
  readonly baseSeriesId: string
  /** Series of the document that TXA-13 names. */
  readonly parentSeriesId?: string
}

export interface DraftContext {
  readonly caller: Caller
  readonly namespace: string
  readonly header: Header
  readonly canonicalId: string
  readonly origin?: Origin
  readonly maxFileBytes: number
}

/** Each order is a document, and all of one message share one commit, for which the patient's next message waits. */
const MAX_DOCUMENTS = 200

/**
 * The documents a message makes.
 * @throws {IheError} HL7_LIMIT, what the reader of the kind throws, and what its files are refused for.
 */
export function readDrafts(message: Er7Message, context: DraftContext): readonly Draft[] {
  const { header, origin } = context
  const readings = readerOf(header.found.kind.kind).documents(message, { header })
  if (readings.length > MAX_DOCUMENTS) {
    throw iheError('HL7_LIMIT', { at: 'ORC', value: `${readings.length} orders`, rule: `at most ${MAX_DOCUMENTS}` })
  }
  return (origin === undefined ? readings : asFiled(readings, origin)).map((reading) =>
    toDraft(message, reading, context),
  )
}

/**
 * A file of a storage is what its path says, whatever the message says (SS-MIX2; its samples differ in both). Of several orders in
 * the message the file is the one that its name names; the others have files of their own.
 */
function asFiled(readings: readonly Reading[], origin: Origin): readonly Reading[] {
  const { orderNumber } = origin
  const named = readings.filter(
    ({ number }) => number !== undefined && orderNumber !== undefined && isFiledAs(number, orderNumber),
  )
  return (named.length > 0 ? named : readings).map((reading, _, all) => filedReading(reading, origin, all.length))
}

function filedReading(reading: Reading, origin: Origin, documents: number): Reading {
  // What has no care date is one document on whatever day it is filed.
  const careDate = reading.careDate === undefined ? undefined : parseHl7Time(origin.careDate ?? '')
  return {
    ...reading,
    ...(careDate === undefined ? {} : { careDate: careDate.jstDate }),
    ...(origin.orderNumber === undefined || reading.number === undefined || documents > 1
      ? {}
      : { number: filedNumber(reading.number, origin.orderNumber) }),
    ...(origin.deleted === undefined ? {} : { deletes: 'whole' as const }),
  }
}

/** Some storages pad letters too, and others do not even pad digits: such a number is the message's own. */
function isFiledAs({ normalised }: DocumentNumber, orderNumber: string): boolean {
  return storedOrderNumber(normalised) === storedOrderNumber(normaliseOrderNumber(orderNumber))
}

function filedNumber(number: DocumentNumber, orderNumber: string): DocumentNumber {
  if (isFiledAs(number, orderNumber)) return number
  return { normalised: normaliseOrderNumber(orderNumber), received: number.received }
}

function toDraft(message: Er7Message, reading: Reading, context: DraftContext): Draft {
  const key = keyOf(context, reading)
  const { parent, files = [] } = reading
  return {
    ...reading,
    warnings: [
      ...reading.warnings,
      ...checkFiles(files, context.maxFileBytes),
      ...pointerWarnings(message, reading.segments),
    ],
    key,
    baseSeriesId: seriesIdOf(context.namespace, key),
    ...(parent === undefined
      ? {}
      : { parentSeriesId: seriesIdOf(context.namespace, keyOf(context, { ...reading, number: parent.number })) }),
  }
}

function keyOf(context: DraftContext, { number, careDate, extra }: Reading): string {
  return logicalKey({
    facility: context.caller.facilityCode ?? context.caller.facilityOid,
    patient: context.canonicalId,
    kind: numberedKind(context.header.found.kind),
    order: number?.normalised ?? '-',
    date: careDate ?? '-',
    ...(extra === undefined ? {} : { extra }),
  })
}

/**
 * The kind as it stands in keys. A document number (TXA-12) names one document whatever kind it is called: a cancel or an edit
 * seldom repeats what makes a message a note or a file, and a file may be replaced by a document.
 */
function numberedKind({ key, kind }: DataKind): string {
  return key === 'document' ? 'DOC' : kind
}

/** The earliest and the latest moment of a draft's service. */
export function serviceSpan({ service }: Draft): { readonly startMs: number; readonly stopMs: number } {
  return {
    startMs: Math.min(...service.map((time: Hl7Time) => time.startMs)),
    stopMs: Math.max(...service.map((time: Hl7Time) => time.stopMs)),
  }
}
