// DOC 文書, FILE ファイル, NOTE ノート: documents sent by MDM under a number of their own (HL7 v2.5 chapter 9, 9.6 TXA).

import { affinityDomain, codeOf } from '../../../profiles/affinity-domain/index.ts'
import { iheError } from '../../../profiles/errors/index.ts'
import type { KindName } from '../../../profiles/storeclient/index.ts'
import type { Clinical, EmbeddedFile, Observation, WrittenDocument } from '../../model/clinical.ts'
import type { Code } from '../../model/code.ts'
import type { IheError } from '../../model/error.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { type Er7Message, type Segment, segmentsOf } from '../../model/hl7v2.ts'
import type { Header } from '../header.ts'
import { normaliseOrderNumber } from '../identifiers.ts'
import { confidentialityOf, MORE_DISCREET } from './confidentiality.ts'
import { legibleFiles, readFiles } from './embedded.ts'
import { coded, isCancelledResult, optionalTimes, staff, text, texts, time } from './fields.ts'
import { measured, notes, observationsOf } from './observations.ts'
import { type ServiceTimes, serviceTimes, timeSource, unusualTimes } from './order-times.ts'
import type { DocumentNumber, KindReader, Reading } from './reader.ts'

const LOINC = { system: 'LN', scheme: '2.16.840.1.113883.6.1', code: /^\d{1,5}-\d$/ } as const
/** 記録 and 連絡, the two rows of notes. */
const NOTES = ['NOTE-REC', 'NOTE-COM'] as const
/** HL7 table 0271: legally authenticated. */
const SIGNED = 'LA'
/** HL7 table 0273: the document is withdrawn. */
const WITHDRAWN = 'CA'
/** TXA-13 names what this document is appended to, or stands in for. */
const RELATIONS: Readonly<Record<string, 'appends' | 'replaces'>> = { T06: 'appends', T10: 'replaces' }
const TYPES: Readonly<Partial<Record<KindName, WrittenDocument['type']>>> = {
  DOC: 'document',
  FILE: 'file',
  NOTE: 'note',
}
/** Activity, origination, transcription: the first that is filled says when it happened. */
const TIMES = ['TXA-4', 'TXA-6', 'TXA-7']
/** OBX-2 of what is read as text: the file itself and the pointer to one are not. */
const TEXT_TYPES = new Set(['FT', 'TX', 'ST', 'CWE', 'CE', 'NM', 'DT', 'TM', 'TS', 'SN'])
/** OBX-2 of what was measured. */
const MEASURED = new Set(['NM', 'SN'])

interface Context {
  readonly header: Header
}

export const documents: KindReader = { documents: readDocuments, content }

function readDocuments(message: Er7Message, { header }: Context): readonly Reading[] {
  const txa = segmentsOf(message, 'TXA')[0]
  const number = numberOf(message, txa, 12)
  if (number === undefined) throw iheError('HL7_ORDER_NUMBER', { at: 'TXA-12', rule: 'TXA-12 is required' })
  const withdrawn = isWithdrawn(message, header)
  const { times, warnings } = timesOf(message, withdrawn)
  const service = times.length === 0 ? [header.sentAt] : times
  const title = titleOf(message, header, service[0])
  const related = relatedTo(message, header, number)
  const typeCode = typeOf(message, header)
  const order = text(message, txa, 14)
  const confidentiality = text(message, txa, 18)
  return [
    {
      number,
      service,
      segments: message.segments,
      eventCodes: noteCodes(message),
      deletes: withdrawn ? 'whole' : 'no',
      title,
      ...(typeCode === undefined ? {} : { typeCode }),
      confidentiality: [confidentialityOf(confidentiality) ?? MORE_DISCREET],
      ...(text(message, txa, 17) === SIGNED ? { signed: true as const } : {}),
      ...(order === '' ? {} : { orderNumber: order }),
      ...(withdrawn ? {} : { files: filesOf(message, title) }),
      ...(related.parent === undefined ? {} : { parent: related.parent }),
      warnings: [...warnings, ...related.warnings, ...confidentialityWarnings(confidentiality)],
    },
  ]
}

/** EI: the number, or where a system has OIDs only, the OID. */
function numberOf(message: Er7Message, txa: Segment | undefined, field: number): DocumentNumber | undefined {
  const received = (text(message, txa, field) || text(message, txa, field, 3)).trim()
  return received === '' ? undefined : { received, normalised: normaliseOrderNumber(received) }
}

/** T11, and an edit that calls the document withdrawn. */
function isWithdrawn(message: Er7Message, { found }: Header): boolean {
  if (found.event.action === 'delete') return true
  return found.event.trigger === 'T08' && text(message, segmentsOf(message, 'TXA')[0], 19) === WITHDRAWN
}

/** When it happened; a time that nobody can read would file the document under a wrong day, but does not stop its withdrawal. */
function timesOf(message: Er7Message, withdrawn: boolean): ServiceTimes {
  if (withdrawn) return { ...serviceTimes(message, message.segments, { starts: TIMES, stops: [] }), warnings: [] }
  const found = optionalTimes(TIMES.map((field) => timeSource(message, message.segments, field)))
  return found === undefined
    ? { times: [], warnings: [] }
    : { times: found.times, warnings: unusualTimes(found.at, found.times) }
}

interface Related {
  readonly parent?: NonNullable<Reading['parent']>
  readonly warnings: readonly IheError[]
}

/** A document that names itself in TXA-13 is a new version of itself. */
function relatedTo(message: Er7Message, { found }: Header, own: DocumentNumber): Related {
  const relation = RELATIONS[found.event.trigger]
  if (relation === undefined) return { warnings: [] }
  const number = numberOf(message, segmentsOf(message, 'TXA')[0], 13)
  if (number === undefined)
    return {
      warnings: [iheError('HL7_PARENT_UNKNOWN', { at: 'TXA-13', rule: 'T06 and T10 name the former document' })],
    }
  return number.normalised === own.normalised ? { warnings: [] } : { parent: { number, relation }, warnings: [] }
}

function confidentialityWarnings(code: string): readonly IheError[] {
  return confidentialityOf(code) !== undefined
    ? []
    : [iheError('HL7_CODE', { at: 'TXA-18', value: code, rule: 'HL7 table 0272' })]
}

/** A LOINC document code in TXA-2 is the type; a note without one is of the type that its row has. */
function typeOf(message: Er7Message, { found }: Header): Code | undefined {
  const { code, text: said, system } = coded(message, segmentsOf(message, 'TXA')[0], 2)
  if (code !== '' && (system === LOINC.system || LOINC.code.test(code))) {
    const known = affinityDomain.typeCode.find((type) => type.code === code && type.scheme === LOINC.scheme)
    return said === code && known !== undefined ? known : { code, scheme: LOINC.scheme, display: said }
  }
  const note = found.kind.kind === 'NOTE' ? noteOf(message) : undefined
  return note === undefined ? undefined : codeOf('typeCode', note)
}

function noteOf(message: Er7Message): string | undefined {
  const named = [
    text(message, segmentsOf(message, 'TXA')[0], 2),
    ...segmentsOf(message, 'OBX').map((obx) => text(message, obx, 3)),
  ]
  return NOTES.find((note) => named.includes(note))
}

function noteCodes(message: Er7Message): readonly Code[] {
  const note = noteOf(message)
  return note === undefined ? [] : [codeOf('typeCode', note)]
}

/** What it is called and its day; a file is called by its name. */
function titleOf(message: Er7Message, header: Header, at: Hl7Time | undefined): string {
  const txa = segmentsOf(message, 'TXA')[0]
  const { kind } = header.found.kind
  const fileName = text(message, txa, 16)
  if (kind === 'FILE' && fileName !== '') return fileName
  const { code, text: said } = coded(message, txa, 2)
  const name = said !== code ? said : (typeOf(message, header)?.display ?? header.found.kind.name.ja)
  const day = at?.jstDate ?? ''
  return `${name} ${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`
}

/** The only file of a document is the document to its readers, and titled like it. */
function filesOf(message: Er7Message, title: string): readonly EmbeddedFile[] {
  const files = readFiles(message, message.segments, naming(message))
  return files.length === 1 ? files.map((file) => ({ ...file, title })) : files
}

function naming(message: Er7Message): { readonly fileName: string } {
  return { fileName: text(message, segmentsOf(message, 'TXA')[0], 16) }
}

function content(message: Er7Message, { header }: Context): Clinical {
  const txa = segmentsOf(message, 'TXA')[0]
  const at = [4, 6, 7].map((field) => time(message, txa, field)).find((found) => found !== undefined) ?? header.sentAt
  const author = staff(message, txa, 9)
  return {
    type: TYPES[header.found.kind.kind] ?? 'document',
    number: numberOf(message, txa, 12)?.received ?? '',
    parentNumber: numberOf(message, txa, 13)?.received ?? '',
    documentType: coded(message, txa, 2),
    title: titleOf(message, header, at),
    at,
    ...(author === undefined ? {} : { author }),
    completion: text(message, txa, 17),
    text: message.segments.flatMap((segment) => paragraphs(message, segment)),
    files: legibleFiles(message, message.segments, naming(message)),
  }
}

/** The text of an OBX or NTE; a pointer (RP) is named, never fetched; what is withdrawn (OBX-11) is left out, as its files are. */
function paragraphs(message: Er7Message, segment: Segment): readonly string[] {
  if (segment.name === 'NTE') return notes(message, [segment])
  if (segment.name !== 'OBX' || isCancelledResult(text(message, segment, 11))) return []
  const type = text(message, segment, 2).toUpperCase()
  if (type === 'RP') return texts(message, segment, 5)
  if (!TEXT_TYPES.has(type) && type !== '') return []
  const observations = observationsOf(message, [segment])
  return observations.map((one) => (MEASURED.has(type) ? named(one) : measured(one))).filter((shown) => shown !== '')
}

/** A number says nothing without what it is of. */
function named(observation: Observation): string {
  const shown = measured(observation)
  return [shown === '' ? '' : observation.item.text, shown].filter((part) => part !== '').join(' ')
}
