// Bytes to text for XML: UTF-8, or UTF-16 with a byte order mark; every statement of the encoding must agree (XML 1.0, 4.3.3).

import { isUtf8 } from 'node:buffer'
import { iheError } from '../../../profiles/errors/index.ts'

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** Which names of a charset parameter or XML declaration mean which detected encoding. */
const NAMES: Readonly<Record<Encoding, readonly string[]>> = {
  'utf-8': ['utf-8', 'utf8'],
  'utf-16le': ['utf-16', 'utf-16le'],
  'utf-16be': ['utf-16', 'utf-16be'],
}
const KNOWN = new Set(Object.values(NAMES).flat())

export interface DecodedXml {
  readonly text: string
  readonly encoding: Encoding
}

/**
 * Decodes an XML document; nothing is replaced or guessed.
 * @param charset the charset parameter of the HTTP Content-Type, when there was one.
 * @throws {IheError} CONTENT_TYPE when the charset is one we never accept, XML_ENCODING when it contradicts the bytes or
 * the bytes are not valid.
 */
export function decodeXml(bytes: Uint8Array, charset?: string): DecodedXml {
  const { encoding, length } = byteOrderMark(bytes)
  const named = charset?.trim().toLowerCase()
  if (named !== undefined && !KNOWN.has(named)) throw iheError('CONTENT_TYPE', { at: 'Content-Type', value: named })
  if (named !== undefined) assertEncoding(named, encoding, 'Content-Type')
  const content = bytes.subarray(length)
  return { text: encoding === 'utf-8' ? decodeUtf8(content) : decodeUtf16(content, encoding), encoding }
}

/** @throws {IheError} XML_ENCODING when `named` (at `at`) is not a name of the encoding found. */
export function assertEncoding(named: string, encoding: Encoding, at: string): void {
  if (NAMES[encoding].includes(named.toLowerCase())) return
  throw iheError('XML_ENCODING', { at, value: named, rule: `the bytes are ${encoding}` })
}

function byteOrderMark(bytes: Uint8Array): { readonly encoding: Encoding; readonly length: number } {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: 'utf-8', length: 3 }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: 'utf-16le', length: 2 }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: 'utf-16be', length: 2 }
  return { encoding: 'utf-8', length: 0 }
}

function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw iheError('XML_ENCODING', { rule: 'a byte sequence is not UTF-8' })
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function decodeUtf16(bytes: Uint8Array, encoding: Encoding): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw iheError('XML_ENCODING', { rule: 'a byte sequence is not UTF-16', cause })
  }
}
