// Deterministic ids of StoreClient documents: the same message always makes the same document (ITI TF-3 4.2.3.2.26; RFC 9562 5.5).

import { createHash } from 'node:crypto'
import { type Oid, uuidToOid } from '../model/identifiers.ts'

/** Name-based UUID, version 5, of a name below a namespace UUID (RFC 9562 5.5). */
export function uuidv5(namespace: string, name: string): string {
  const digest = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
  const bytes = Buffer.from(digest.subarray(0, 16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export interface LogicalKeyParts {
  readonly facility: string
  readonly patient: string
  readonly kind: string
  /** Normalised order number, `-` for kinds without one. */
  readonly order: string
  /** YYYYMMDD in JST, `-` for kinds without one. */
  readonly date: string
  /** What else parts two documents of one day. */
  readonly extra?: string
}

/** SS-MIX2 key of a document (facility, patient, kind, order number, care date) and what else parts two of one day. */
export function logicalKey(parts: LogicalKeyParts): string {
  const { facility, patient, kind, order, date, extra } = parts
  return [facility, patient, kind, order, date, ...(extra === undefined ? [] : [extra])].join('|')
}

/** The key of an additional part; part 1 is the document itself. */
export function partKey(key: string, part: number): string {
  return part === 1 ? key : `${key}|p${part}`
}

/** The key of a file inside a document, by the place it stands in. */
export function fileKey(key: string, place: { readonly occurrence: number; readonly repetition?: number }): string {
  return `${key}|f${place.occurrence}${place.repetition === undefined ? '' : `.${place.repetition}`}`
}

/** ORC-2.1 as the key takes it: digits padded to the 15 of SS-MIX2, anything else upper-case; '' stays ''. */
export function normaliseOrderNumber(text: string): string {
  const trimmed = text.trim()
  return /^\d+$/.test(trimmed) ? trimmed.padStart(15, '0') : trimmed.toUpperCase()
}

export function seriesIdOf(namespace: string, key: string): string {
  return uuidv5(namespace, `L|${key}`)
}

export interface DocumentIds {
  readonly uniqueId: Oid
  readonly entryUUID: string
}

/** Ids of one version of a document. The version is inside, because a replacement needs a new uniqueId (ITI TF-3 4.2.2.2.3). */
export function documentIds(namespace: string, key: string, version: string): DocumentIds {
  return {
    uniqueId: uuidToOid(uuidv5(namespace, `V|${key}|${version}`)),
    entryUUID: `urn:uuid:${uuidv5(namespace, `E|${key}|${version}`)}`,
  }
}

export interface TransmissionParts {
  readonly facilityId: string
  readonly sendingApplication: string
  readonly controlId: string
  readonly sha256: string
}

export function submissionSetIds(namespace: string, parts: TransmissionParts): DocumentIds {
  const uuid = uuidv5(namespace, `S|${parts.facilityId}|${parts.sendingApplication}|${parts.controlId}|${parts.sha256}`)
  return { uniqueId: uuidToOid(uuid), entryUUID: `urn:uuid:${uuid}` }
}
