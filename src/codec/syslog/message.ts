// One syslog message, written and read as RFC 5424, 6 has it: audit records travel in it (ITI TF-2 3.20.4.1.1).

import { iheError } from '../../../profiles/errors/index.ts'

/** Facility 10, security and authorization (RFC 5424, 6.2.1). */
const SECURITY_FACILITY = 10

/** Severities that audit records are sent with. */
export const NOTICE = 5
export const WARNING = 4

export interface SyslogHeader {
  readonly facility: number
  readonly severity: number
  /** Absent: the sender did not know (NILVALUE). */
  readonly at?: Date
  readonly hostName?: string
  readonly appName?: string
  readonly processId?: string
  readonly messageId?: string
}

export interface SyslogMessage extends SyslogHeader {
  /** The bytes after the header, without a byte order mark. */
  readonly content: Buffer
}

/** What the sender of an audit record says of itself. */
export interface SyslogOrigin {
  readonly hostName: string
  readonly appName: string
  readonly processId: string
}

/** Longest names (RFC 5424, 6). */
const LONGEST = { hostName: 255, appName: 48, processId: 128, messageId: 32 } as const
type Name = keyof typeof LONGEST

/** MSGID of an audit record (ITI TF-2 3.20.4.1.1). */
const AUDIT_MESSAGE_ID = 'IHE+RFC-3881'

/** A whole audit record without framing; of its text, that has to be one line, nothing is changed. */
export function writeAuditRecord(
  origin: SyslogOrigin,
  record: { readonly at: Date; readonly severity: number; readonly xml: string },
): Buffer {
  const header = [
    `<${SECURITY_FACILITY * 8 + record.severity}>1`,
    record.at.toISOString(),
    nameOf('hostName', origin.hostName),
    nameOf('appName', origin.appName),
    nameOf('processId', origin.processId),
    AUDIT_MESSAGE_ID,
    '-',
  ].join(' ')
  return Buffer.from(`${header} ${record.xml}`, 'utf8')
}

/** Printable ASCII without spaces; what is not in it is a hyphen. */
function nameOf(name: Name, text: string): string {
  const clean = text.replace(/[^!-~]/g, '-').slice(0, LONGEST[name])
  return clean === '' ? '-' : clean
}

const HEADER = /^<(0|[1-9]\d{0,2})>([1-9]\d{0,2}) (\S+) (\S+) (\S+) (\S+) (\S+) /
/** Names at their longest, with what stands between them. */
const LONGEST_HEADER = 600
const TIMESTAMP = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/
const MAX_PRIORITY = 191
const SPACE = 0x20
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** @throws {IheError} SYSLOG_MESSAGE naming the part that is wrong. */
export function readSyslog(bytes: Buffer): SyslogMessage {
  const text = bytes.subarray(0, LONGEST_HEADER).toString('latin1')
  const match = HEADER.exec(text)
  if (match === null)
    throw wrong('header', text.slice(0, 40), '<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID, then structured data')
  const [header, priority = '', version = '', timestamp = '', hostName, appName, processId, messageId] = match
  if (Number(priority) > MAX_PRIORITY) throw wrong('PRI', priority, 'a number from 0 to 191')
  if (version !== '1') throw wrong('VERSION', version, '1')
  const end = endOfStructuredData(bytes, header.length)
  return {
    facility: Math.floor(Number(priority) / 8),
    severity: Number(priority) % 8,
    ...timeOf(timestamp),
    ...named('hostName', hostName),
    ...named('appName', appName),
    ...named('processId', processId),
    ...named('messageId', messageId),
    content: contentOf(bytes, end),
  }
}

const PART: Readonly<Record<Name, string>> = {
  hostName: 'HOSTNAME',
  appName: 'APP-NAME',
  processId: 'PROCID',
  messageId: 'MSGID',
}

function named(name: Name, text = '-'): Partial<Pick<SyslogHeader, Name>> {
  if (text === '-') return {}
  if (text.length > LONGEST[name] || !/^[!-~]+$/.test(text))
    throw wrong(PART[name], text, `1 to ${LONGEST[name]} printable ASCII characters, or -`)
  return { [name]: text }
}

function timeOf(text: string): Pick<SyslogHeader, 'at'> {
  if (text === '-') return {}
  const match = TIMESTAMP.exec(text)
  const at = new Date(match === null ? Number.NaN : Date.parse(text))
  // A 31st of February is read as one of the days after it.
  const isDay = match !== null && daysOf(Number(match[1]), Number(match[2])) >= Number(match[3])
  if (Number.isNaN(at.getTime()) || !isDay)
    throw wrong('TIMESTAMP', text, 'RFC 3339 with T, up to 6 digits of a second, and Z or an offset, or -')
  return { at }
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** The index after structured data: `-`, or elements in brackets whose values may hold escaped brackets (RFC 5424, 6.3). */
function endOfStructuredData(bytes: Buffer, start: number): number {
  if (bytes[start] === 0x2d) return start + 1
  let index = start
  while (bytes[index] === 0x5b) index = endOfElement(bytes, index)
  if (index === start)
    throw wrong('STRUCTURED-DATA', bytes.toString('latin1', start, start + 20), '- or [id name="value"]')
  return index
}

const BACKSLASH = 0x5c
const QUOTE = 0x22
const CLOSE = 0x5d

function endOfElement(bytes: Buffer, start: number): number {
  let isQuoted = false
  for (let index = start + 1; index < bytes.length; index += 1) {
    const byte = bytes[index]
    if (isQuoted && byte === BACKSLASH) index += 1
    else if (byte === QUOTE) isQuoted = !isQuoted
    else if (byte === CLOSE && !isQuoted) return index + 1
  }
  throw wrong('STRUCTURED-DATA', bytes.toString('latin1', start, start + 20), 'an element that ends with ]')
}

function contentOf(bytes: Buffer, start: number): Buffer {
  if (start === bytes.length) return Buffer.alloc(0)
  if (bytes[start] !== SPACE) throw wrong('MSG', bytes.toString('latin1', start, start + 20), 'a space before it')
  const content = bytes.subarray(start + 1)
  const isMarked = content.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  return isMarked ? content.subarray(BYTE_ORDER_MARK.length) : content
}

function wrong(at: string, value: string, expected: string): Error {
  return iheError('SYSLOG_MESSAGE', { at, value, rule: `RFC 5424, 6: ${expected}` })
}
