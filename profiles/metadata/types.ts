// Data types of XDS attribute values (ITI TF-3 Table 4.2.3.1.7-2): one check a type, each answers what would be right.

import { parseCx, parseOid } from '../../src/model/identifiers.ts'
import type { AttributeType } from './attributes.ts'

export interface TypeRule {
  readonly accepts: (value: string) => boolean
  readonly expected: string
}

const MAX_IDENTIFIER_LENGTH = 256

/** Digits YYYY[MM[DD[hh[mm[ss]]]]] that name a real moment of the calendar. */
export function isDtm(value: string): boolean {
  if (!/^\d{4}(\d\d){0,5}$/.test(value)) return false
  const padded = `${value}${'00000101000000'.slice(value.length)}`
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

function isXcn(value: string): boolean {
  const parts = value.split('^')
  return (parts[0] ?? '') !== '' || (parts[1] ?? '') !== ''
}

function isRecipient(value: string): boolean {
  return value.split('|').some((part) => part !== '')
}

export const typeRules: Readonly<Record<AttributeType, TypeRule>> = {
  Code: { accepts: (value) => value !== '', expected: 'a code with codingScheme and display name' },
  CX: { accepts: (value) => parseCx(value) !== undefined, expected: 'id^^^&OID&ISO' },
  DTM: { accepts: isDtm, expected: 'UTC time as YYYY[MM[DD[hh[mm[ss]]]]], digits only' },
  DTM14: { accepts: (value) => value.length === 14 && isDtm(value), expected: 'UTC time as YYYYMMDDhhmmss' },
  Identifier: {
    accepts: (value) => value !== '' && value.length <= MAX_IDENTIFIER_LENGTH,
    expected: `1 to ${MAX_IDENTIFIER_LENGTH} characters`,
  },
  LanguageTag: {
    accepts: (value) => /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(value),
    expected: 'an RFC 5646 language tag such as ja-JP',
  },
  NonNegativeInteger: {
    accepts: (value) => /^\d{1,15}$/.test(value),
    expected: 'the number of bytes in decimal digits',
  },
  OID: {
    accepts: (value) => parseOid(value) !== undefined,
    expected: 'an OID of at most 64 characters without urn:oid:',
  },
  Recipient: { accepts: isRecipient, expected: 'organization|person|telecom with at least one part' },
  Sha1: { accepts: (value) => /^[0-9a-fA-F]{40}$/.test(value), expected: '40 hex digits (SHA-1)' },
  // Stored and shown, never used as an identifier: conformance tools send roots such as 3.4.5, which ISO does not have.
  SourceCX: {
    accepts: (value) => value.length <= MAX_IDENTIFIER_LENGTH && /^[^^]+\^\^\^&\d+(\.\d+)+&ISO$/.test(value),
    expected: 'id^^^&OID&ISO',
  },
  String: { accepts: () => true, expected: 'text' },
  XCN: { accepts: isXcn, expected: 'id^family^given… with an id or a family name' },
}
