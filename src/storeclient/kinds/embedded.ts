// Files inside messages: OBX-5 of type ED as bytes (HL7 v2.5 2.A.24 ED, table 0299). A pointer (RP) is never fetched.

import { iheError } from '../../../profiles/errors/index.ts'
import type { EmbeddedFile } from '../../model/clinical.ts'
import { IheError } from '../../model/error.ts'
import { type Er7Message, repetitions, resolveEscapes, type Segment, segmentsOf } from '../../model/hl7v2.ts'
import { declaredType, typeOfFile } from '../files/file-type.ts'
import { isCancelledResult, text } from './fields.ts'

/** How the files of a message are called where their OBX does not say it. */
export interface Naming {
  /** TXA-16: names the file when there is only one. */
  readonly fileName?: string
  readonly title?: string
}

const NOT_BASE64 = /[^A-Za-z0-9+/]/
const NOT_HEX = /[^0-9A-Fa-f]/
/** Fits a column of any file system. */
const MAX_NAME = 200

interface Place {
  readonly obx: Segment
  readonly occurrence: number
  readonly repetition: number
  /** ED.1 to ED.4 and ED.5, still escaped. */
  readonly head: string
  readonly data: string
}

/**
 * The files in `segments` of a message, in message order, those of cancelled results left out. Nothing but their encoding is
 * judged here; what may be kept, the pipeline decides.
 * @throws {IheError} HL7_FILE_ENCODING at the first OBX-5 that is not what its ED.4 says.
 */
export function readFiles(
  message: Er7Message,
  segments: readonly Segment[],
  naming: Naming = {},
): readonly EmbeddedFile[] {
  const places = placesOf(message, segments)
  return places.map((place) => readFile(message, place, places.length === 1 ? naming : withoutFileName(naming)))
}

/** As `readFiles`, for showing a message that is already stored: what cannot be decoded is left out. */
export function legibleFiles(
  message: Er7Message,
  segments: readonly Segment[],
  naming: Naming = {},
): readonly EmbeddedFile[] {
  return segments
    .filter(({ name }) => name === 'OBX')
    .flatMap((obx) => {
      try {
        return readFiles(message, [obx], naming)
      } catch (error) {
        if (error instanceof IheError) return []
        throw error
      }
    })
}

/** A warning for each pointer to a file, because its sender may think that the file is here now. */
export function pointerWarnings(message: Er7Message, segments: readonly Segment[]): readonly IheError[] {
  const pointers = new Set(segments.filter((obx) => obx.name === 'OBX' && text(message, obx, 2).toUpperCase() === 'RP'))
  return segmentsOf(message, 'OBX').flatMap((obx, index) =>
    pointers.has(obx) ? [iheError('HL7_FILE_POINTER', { at: `OBX[${index + 1}]-5`, rule: 'HL7 v2.5 2.A.65 RP' })] : [],
  )
}

function withoutFileName({ title }: Naming): Naming {
  return title === undefined ? {} : { title }
}

function placesOf(message: Er7Message, segments: readonly Segment[]): readonly Place[] {
  const wanted = new Set(segments)
  return segmentsOf(message, 'OBX')
    .map((obx, index) => ({ obx, occurrence: index + 1 }))
    .filter(({ obx }) => wanted.has(obx) && isFile(message, obx))
    .flatMap(({ obx, occurrence }) =>
      repetitions(message, obx, 5).map((raw, index) => ({
        obx,
        occurrence,
        repetition: index + 1,
        ...parted(message, raw),
      })),
    )
    .filter(({ data }) => data !== '')
}

function isFile(message: Er7Message, obx: Segment): boolean {
  return text(message, obx, 2).toUpperCase() === 'ED' && !isCancelledResult(text(message, obx, 11))
}

function readFile(message: Er7Message, place: Place, naming: Naming): EmbeddedFile {
  const [application = '', type = '', subtype = '', encoding = ''] = place.head
    .split(message.delimiters.component)
    .map((part) => resolveEscapes(message.delimiters, part))
  const bytes = decodeData(message, place, encoding)
  const fileName = nameOf(application) ?? nameOf(naming.fileName ?? '')
  const found = typeOfFile(bytes, declaredType(type, subtype), fileName)
  const item = text(message, place.obx, 3, 2) || text(message, place.obx, 3, 5)
  return {
    mimeType: found.type,
    ...(found.contradicts === undefined ? {} : { declaredType: found.contradicts }),
    ...(fileName === undefined ? {} : { fileName }),
    title: naming.title ?? (item === '' ? (fileName ?? `ファイル ${place.occurrence}`) : item),
    bytes,
    occurrence: place.occurrence,
    ...(place.repetition === 1 ? {} : { repetition: place.repetition }),
  }
}

/** Parted without splitting: the field may be as long as the message. */
function parted({ delimiters }: Er7Message, raw: string): { readonly head: string; readonly data: string } {
  let start = 0
  for (let part = 1; part < 5; part++) {
    const next = raw.indexOf(delimiters.component, start)
    if (next === -1) return { head: '', data: '' }
    start = next + 1
  }
  const end = raw.indexOf(delimiters.component, start)
  return { head: raw.slice(0, start), data: raw.slice(start, end === -1 ? undefined : end) }
}

/** HL7 table 0299; senders that leave ED.4 empty mean Base64. */
function decodeData(message: Er7Message, place: Place, encoding: string): Buffer {
  const { data } = place
  switch (encoding.trim().toUpperCase()) {
    case '':
    case 'BASE64':
      return decodeBase64(joined(message, data), place)
    case 'HEX':
      return decodeHex(joined(message, data), place)
    case 'A':
      return Buffer.from(resolveEscapes(message.delimiters, data))
  }
  throw refusal(place, encoding, 'ED.4: Base64, Hex or A')
}

/** Many senders break the lines of Base64, by white space or as in formatted text. */
function joined({ delimiters }: Er7Message, data: string): string {
  const lineBreak = `${delimiters.escape}.br${delimiters.escape}`
  const whole = data.includes(delimiters.escape) ? data.replaceAll(lineBreak, '') : data
  return /\s/.test(whole) ? whole.replaceAll(/\s+/g, '') : whole
}

function decodeBase64(data: string, place: Place): Buffer {
  const end = data.search(NOT_BASE64)
  const digits = end === -1 ? data.length : end
  const padding = data.slice(digits)
  const whole = padding === '' ? digits % 4 !== 1 : data.length % 4 === 0
  if (!/^={0,2}$/.test(padding) || !whole) throw refusal(place, padding.slice(0, 16), 'RFC 4648 section 4')
  return Buffer.from(data, 'base64')
}

function decodeHex(data: string, place: Place): Buffer {
  const wrong = data.search(NOT_HEX)
  if (wrong !== -1 || data.length % 2 === 1)
    throw refusal(place, wrong === -1 ? '' : data.slice(wrong, wrong + 16), 'two digits 0-9 A-F a byte')
  return Buffer.from(data, 'hex')
}

function refusal({ occurrence }: Place, value: string, rule: string): IheError {
  return iheError('HL7_FILE_ENCODING', { at: `OBX[${occurrence}]-5`, value, rule })
}

/** A file name without folders and control characters; undefined for what is none. */
function nameOf(given: string): string | undefined {
  const name = given
    .split(/[\\/]/)
    .at(-1)
    ?.replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(-MAX_NAME)
  return name !== undefined && /\.[A-Za-z0-9]{1,8}$/.test(name) ? name : undefined
}
