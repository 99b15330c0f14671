// What of an error of the journal tells nothing of a person: where it is, and values of places that hold none (docs/adr/0039).

import { fieldKind } from './hl7v2.ts'
import { MASK, shown } from './values.ts'

const UUID = /^(urn:uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const PLACE = /^[\w\-./[\]$ :{}#@,()+]{1,200}$/

/** What is longer was made by a sender, and looking for something in it would take the time of everybody else. */
const LONGEST = 2000

/** A path; ids that senders choose stand in brackets in it. */
export function shownAt(at: string): string {
  if (at.length > LONGEST) return MASK
  const clean = at.replace(/\(([^)]*)\)/g, (whole, id: string) => (UUID.test(id) ? whole : `(${MASK})`))
  return PLACE.test(clean.replaceAll(MASK, '')) ? clean : MASK
}

/** Names of places whose values are words of a vocabulary or ids of things. */
const HARMLESS_PLACE =
  /(^|[./@ ])(classCode|typeCode|formatCode|healthcareFacilityTypeCode|contentTypeCode|codeList|mimeType|languageCode|objectType|availabilityStatus|associationType|repositoryUniqueId|homeCommunityId|Action|MessageID|ReturnType|returnType|Content-Type|Content-Encoding|charset|X-StoreClient-Kind|Body|Header|AdhocQuery\/@id)$/

const ASCII = /^[\x21-\x7e ]{1,128}$/
const FIELD = /^([A-Z][A-Z0-9]{2})(?:\[\d+\])?-(\d{1,3})/

/** By where it stands, or by a form that no name and no number of a patient has. */
export function shownValue(at: string, value: string): string {
  const [, segment = '', position = ''] = FIELD.exec(at) ?? []
  const kind = fieldKind(segment, Number(position))
  if (kind === 'plain' || HARMLESS_PLACE.test(at)) return ASCII.test(value) ? value : MASK
  const forms = [kind, 'id', 'uri', 'mime', 'CX'] as const
  return forms.map((form) => shown(form, value)).find((seen) => seen !== MASK) ?? MASK
}

/** Its words are the parser's, about what it met. */
const QUOTING = 'XML_NOT_WELL_FORMED'
/** Numbers of patients have as many digits. */
const NUMBER = /(?<![\d.])\d{5,}(?![\d.])(?! bytes)/g

/** Rules are ours, but may name a patient id or a number that stands in the way. */
export function shownRule(code: string, rule: string): string {
  if (code === QUOTING || rule.length > LONGEST || !ASCII_RULE.test(rule)) return MASK
  return rule.replace(/[^\s^]+(?=\^\^\^&)/g, MASK).replace(NUMBER, MASK)
}

const ASCII_RULE = /^[\x20-\x7e]*$/
