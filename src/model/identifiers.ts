// Branded identifiers and the only functions that make them (ITI TF-3 4.2.3.1.7; ITI TF-2 Appendix E).

import { randomUUID } from 'node:crypto'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** ISO object identifier without `urn:oid:` prefix, at most 64 characters. */
export type Oid = Branded<'Oid'>
/** `urn:uuid:` plus lower-case UUID. */
export type EntryUuid = Branded<'EntryUuid'>
/** `urn:oid:` plus OID. */
export type HomeCommunityId = Branded<'HomeCommunityId'>

const OID = /^[0-2](\.(0|[1-9][0-9]*))+$/
const MAX_OID_LENGTH = 64
const ENTRY_UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function parseOid(text: string): Oid | undefined {
  return text.length <= MAX_OID_LENGTH && OID.test(text) ? (text as Oid) : undefined
}

export function parseEntryUuid(text: string): EntryUuid | undefined {
  return ENTRY_UUID.test(text) ? (text as EntryUuid) : undefined
}

export function parseHomeCommunityId(text: string): HomeCommunityId | undefined {
  return text.startsWith('urn:oid:') && parseOid(text.slice(8)) !== undefined ? (text as HomeCommunityId) : undefined
}

export function newEntryUuid(): EntryUuid {
  return `urn:uuid:${randomUUID()}` as EntryUuid
}

/** A new OID below 2.25 from a random UUID (ITU-T X.667). */
export function newOid(): Oid {
  return uuidToOid(randomUUID())
}

/** The OID 2.25.<UUID as decimal> (ITU-T X.667). */
export function uuidToOid(uuid: string): Oid {
  return `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`)}` as Oid
}

/** A patient id: value plus assigning authority. Compared exactly: leading zeros and case count. */
export interface PatientId {
  readonly value: string
  readonly authority: Oid
}

const CX = /^([^^]+)\^\^\^&([0-9.]+)&ISO$/
const MAX_PATIENT_ID_LENGTH = 256

/** Reads the XDS form of CX, `id^^^&OID&ISO` (ITI TF-3 Table 4.2.3.1.7-2); undefined when it is anything else. */
export function parseCx(text: string): PatientId | undefined {
  if (text.length > MAX_PATIENT_ID_LENGTH) return undefined
  const match = CX.exec(text)
  const authority = match?.[2] === undefined ? undefined : parseOid(match[2])
  return match?.[1] === undefined || authority === undefined ? undefined : { value: match[1], authority }
}

export function formatCx(id: PatientId): string {
  return `${id.value}^^^&${id.authority}&ISO`
}
