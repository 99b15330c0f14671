// Data types of XDS attribute values (ITI TF-3 Table 4.2.3.1.7-2): one check a type, each answers what would be right.

import { parseCx, parseHomeCommunityId, parseOid } from '../../src/model/identifiers.ts'
import { withoutEnd } from '../../src/model/text-end.ts'
import type { AttributeType } from './attributes.ts'

export interface TypeRule {
  /** How the type is called in the id of a rule. */
  readonly id: string
  readonly accepts: (value: string) => boolean
  readonly expected: string
}

const MAX_IDENTIFIER_LENGTH = 256

/** Digits YYYY[MM[DD[hh[mm[ss]]]]] that name a real moment of the calendar. */
export function isDtm(value: string): boolean {
  if (!/^\d{4}(\d\d){0,5}$/.test(value)) return false
  const padded = padDtm(value)
  const [year, month, day] = [Number(padded.slice(0, 4)), Number(padded.slice(4, 6)), Number(padded.slice(6, 8))]
  const [hour, minute, second] = [
    Number(padded.slice(8, 10)),
    Number(padded.slice(10, 12)),
    Number(padded.slice(12, 14)),
  ]
  if (year === 0 || hour > 23 || minute > 59 || second > 59) return false
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** The moment as 14 digits, for comparison (missing digits are the earliest moment). */
export function padDtm(value: string): string {
  return `${value}${'00000101000000'.slice(value.length)}`
}

/** A moment as DTM in UTC, 14 digits. */
export function formatDtm(moment: Date): string {
  return moment.toISOString().replace(/[-:T]/g, '').slice(0, 14)
}

/** Highlighting and local escapes have no meaning in metadata (ITI TF-3 4.2.3.1.7). */
const FORBIDDEN_ESCAPE = /\\(?:H|N|Z[^\\]*)\\/

/** The components of an HL7 v2 value without empty ones at its end; undefined when it has more than `most`, or a forbidden escape. */
function componentsOf(value: string, most: number): readonly string[] | undefined {
  if (FORBIDDEN_ESCAPE.test(value)) return undefined
  const parts = withoutEnd(value, /\^/).split('^')
  return parts.length > most ? undefined : parts
}

/** `&OID&ISO`: an HD of a universal id only. */
function isIsoAuthority(value: string): boolean {
  const [namespace, id, type, ...more] = value.split('&')
  return namespace === '' && parseOid(id ?? '') !== undefined && type === 'ISO' && more.length === 0
}

/** Stored and shown, never used as an identifier: conformance tools send roots such as 3.4.5, which ISO does not have. */
function isSourceCx(value: string): boolean {
  return (
    value.length <= MAX_IDENTIFIER_LENGTH &&
    !FORBIDDEN_ESCAPE.test(value) &&
    /^[^^&~|]+\^\^\^&\d+(\.\d+)+&ISO$/.test(value)
  )
}

/** Types of reference ids that are unique by themselves, so that no authority goes with them (ITI TF-3 Table 4.2.3.1.7-2). */
const WITHOUT_AUTHORITY: ReadonlySet<string> = new Set([
  'urn:ihe:iti:xdw:2013:workflowInstanceId',
  'urn:ihe:iti:xds:2016:studyInstanceUID',
])

function isCxi(value: string): boolean {
  if (FORBIDDEN_ESCAPE.test(value)) return false
  const [id, second, third, authority = '', type = '', ...more] = value.split('^')
  if (id === '' || second !== '' || third !== '' || type === '' || more.length > 0) return false
  if (WITHOUT_AUTHORITY.has(type)) return authority === ''
  return !authority.includes('&') || isIsoAuthority(authority)
}

/** Components from XCN-10 on are not used by XDS and not looked at. */
const XCN_COMPONENTS = 23

function isXcn(value: string): boolean {
  const parts = componentsOf(value, XCN_COMPONENTS)
  if (parts === undefined) return false
  const [id = '', family = ''] = parts
  const [eighth = '', authority = ''] = parts.slice(7)
  return (id !== '' || family !== '') && eighth === '' && (authority === '' || isIsoAuthority(authority))
}

const XON_COMPONENTS = 10
/** XON-2 to XON-5 and XON-7 to XON-9. */
const XON_UNUSED = [1, 2, 3, 4, 6, 7, 8]

function isXon(value: string): boolean {
  const parts = componentsOf(value, XON_COMPONENTS)
  if (parts === undefined || (parts[0] ?? '') === '') return false
  if (XON_UNUSED.some((index) => (parts[index] ?? '') !== '')) return false
  const [authority, id] = [parts[5] ?? '', parts[9] ?? '']
  if (authority !== '' && !isIsoAuthority(authority)) return false
  return id === '' || authority !== '' || parseOid(id) !== undefined
}

const XTN_COMPONENTS = 8
/** Equipment types of HL7 table 0202 that have a number. */
const EQUIPMENT: ReadonlySet<string> = new Set(['PH', 'CP', 'FX', 'MD', 'BP', 'SAT', 'TDD', 'TTY'])

function isXtn(value: string): boolean {
  const parts = componentsOf(value, XTN_COMPONENTS)
  if (parts === undefined) return false
  const [first = '', use = '', equipment = '', address = ''] = parts
  if (first !== '') return false
  if (equipment === 'Internet') return address !== '' && (use === '' || use === 'NET') && parts.length === 4
  return EQUIPMENT.has(equipment) && address === '' && /\d/.test(parts[6] ?? '')
}

/** Organization, person, telecommunication (ITI TF-3 4.2.3.3.7). */
const RECIPIENT_PARTS = [isXon, isXcn, isXtn]

function isRecipient(value: string): boolean {
  const parts = value.split('|')
  const used = parts.filter((part) => part !== '').length
  return (
    used > 0 &&
    parts.length <= RECIPIENT_PARTS.length &&
    parts.every((part, index) => part === '' || RECIPIENT_PARTS[index]?.(part) === true)
  )
}

/** A word as it is, or code and coding scheme in the form of a CX. */
function isCodedString(value: string): boolean {
  if (value === '' || FORBIDDEN_ESCAPE.test(value)) return false
  const [code, second, third, authority, ...more] = value.split('^')
  if (second === undefined) return true
  return code !== '' && second === '' && third === '' && isIsoAuthority(authority ?? '') && more.length === 0
}

const PID_FIELD = /^PID-([1-9]\d?)\|(.*)$/s
/** PID-7 birth time and PID-8 sex: a person has one of each. */
const SINGLE_FIELDS: ReadonlySet<string> = new Set(['7', '8'])

function isSourcePatientInfo(value: string): boolean {
  const [, field = '', content = ''] = PID_FIELD.exec(value) ?? []
  if (field === '' || FORBIDDEN_ESCAPE.test(content)) return false
  if (content === '') return true
  if (SINGLE_FIELDS.has(field)) return !content.includes('~')
  return field !== '3' || content.split('~').every(isSourceCx)
}

/** The fields of sourcePatientInfo that may stand once and stand more often. */
export function repeatedPatientFields(values: readonly string[]): readonly string[] {
  const fields = values.flatMap((value) => PID_FIELD.exec(value)?.[1] ?? [])
  return [...SINGLE_FIELDS].filter((field) => fields.filter((found) => found === field).length > 1)
}

/** The grammar of RFC 5646, 2.1: langtag or privateuse; of the irregular old tags none is in use. */
const LANGUAGE_TAG = new RegExp(
  [
    '^(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})', // language and extended language
    '(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\\d{3}))?', // script, region
    '(?:-(?:[a-z\\d]{5,8}|\\d[a-z\\d]{3}))*', // variants
    '(?:-[a-wyz\\d](?:-[a-z\\d]{2,8})+)*', // extensions
    '(?:-x(?:-[a-z\\d]{1,8})+)?|x(?:-[a-z\\d]{1,8})+)$', // private use
  ].join(''),
  'i',
)

const TOKEN = "[A-Za-z0-9!#$&^_.+'*%`|~-]+"
/** RFC 2046 with the parameters of RFC 2045, 5.1. */
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[^"\\r\\n]*"))*$`)

const AVAILABILITY: ReadonlySet<string> = new Set([
  'urn:ihe:iti:2010:DocumentAvailability:Online',
  'urn:ihe:iti:2010:DocumentAvailability:Offline',
])

export const typeRules: Readonly<Record<AttributeType, TypeRule>> = {
  Availability: {
    id: 'AVAILABILITY',
    accepts: (value) => AVAILABILITY.has(value),
    expected: `one of ${[...AVAILABILITY].join(', ')}`,
  },
  Code: { id: 'CODE', accepts: (value) => value !== '', expected: 'a nodeRepresentation that is not empty' },
  CodedString: {
    id: 'CODEDSTRING',
    accepts: isCodedString,
    expected: 'a word without ^, or code^^^&OID of the coding scheme&ISO',
  },
  CX: {
    id: 'CX',
    accepts: (value) => parseCx(value) !== undefined && !FORBIDDEN_ESCAPE.test(value),
    expected: 'id^^^&OID&ISO, an OID of at most 64 characters and nothing behind ISO',
  },
  CXi: {
    id: 'CXI',
    accepts: isCxi,
    expected: 'id^^^&OID&ISO^type; without authority id^^^^type, which workflowInstanceId and studyInstanceUID require',
  },
  DTM: {
    id: 'DTM',
    accepts: isDtm,
    expected: 'a UTC time of the calendar as YYYY[MM[DD[hh[mm[ss]]]]]: digits only, no fraction, no zone',
  },
  HomeCommunityId: {
    id: 'OID',
    accepts: (value) => parseHomeCommunityId(value) !== undefined,
    expected: 'urn:oid: and an OID of at most 64 characters',
  },
  Identifier: {
    id: 'IDENTIFIER',
    // White space at an end is layout where ITI-43 names the document as text of an element, so nobody could ask for it.
    accepts: (value) => value !== '' && value.length <= MAX_IDENTIFIER_LENGTH && value.trim() === value,
    expected: `1 to ${MAX_IDENTIFIER_LENGTH} characters without white space at an end: an OID, OID^extension or URN`,
  },
  LanguageTag: {
    id: 'LANGUAGE',
    accepts: (value) => LANGUAGE_TAG.test(value),
    expected: 'a language tag of RFC 5646 such as ja-JP',
  },
  MediaType: {
    id: 'MIME',
    accepts: (value) => MEDIA_TYPE.test(value),
    expected: 'a media type of RFC 2046 such as application/pdf',
  },
  NonNegativeInteger: {
    id: 'INTEGER',
    accepts: (value) => /^\d{1,15}$/.test(value),
    expected: 'the number of bytes in decimal digits',
  },
  OID: {
    id: 'OID',
    accepts: (value) => parseOid(value) !== undefined,
    expected: 'an OID of at most 64 characters without urn:oid: and without leading zeros',
  },
  Recipient: {
    id: 'RECIPIENT',
    accepts: isRecipient,
    expected: 'organization|person|telecommunication as XON|XCN|XTN with at least one of them',
  },
  Sha1: { id: 'SHA1', accepts: (value) => /^[0-9a-fA-F]{40}$/.test(value), expected: '40 hex digits (SHA-1)' },
  SourceCX: { id: 'CX', accepts: isSourceCx, expected: 'id^^^&OID&ISO and nothing behind ISO' },
  SourcePatientInfo: {
    id: 'PID',
    accepts: isSourcePatientInfo,
    expected: 'PID-n|value; PID-3 as id^^^&OID&ISO, PID-7 and PID-8 without repetition',
  },
  String: { id: 'STRING', accepts: () => true, expected: 'text' },
  XCN: {
    id: 'XCN',
    accepts: isXcn,
    expected: 'id^family^given^further^suffix^prefix^degree^^&OID&ISO with an id or a family name',
  },
  XON: {
    id: 'XON',
    accepts: isXon,
    expected: 'name, name^^^^^^^^^OID or name^^^^^&OID&ISO^^^^id, no other component',
  },
  XTN: {
    id: 'XTN',
    accepts: isXtn,
    expected: '^NET^Internet^address or ^^PH^^country^area^number (also CP, FX, MD, BP, SAT)',
  },
}
