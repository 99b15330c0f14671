// Writes patientPerson and identifiers, in the order of the schema (HL7 v3 PRPA_MT201301UV02, PRPA_MT201310UV02 Person; ITI TF-2 3.44.4.1.2, 3.47.4.2.2).

import type { Oid, PatientId } from '../../model/identifiers.ts'
import type { Address, Demographics, PersonName } from '../../model/person.ts'
import { concat, el, type Markup, text, trusted } from '../xml/write.ts'

/** An id as it is written; the name of its domain is sent by whoever keeps the domains (ITI TF-2 Appendix E.1). */
export interface WrittenId {
  readonly id: PatientId
  readonly authorityName?: string
}

/** Ids of one domain in asOtherIDs; without an id it says that the person has none there. */
export interface OtherIds {
  readonly domain: Oid
  readonly ids: readonly WrittenId[]
}

const NOTHING = trusted('')
const NO_ID = trusted('<id nullFlavor="NA"/>')

export function writeId({ id, authorityName }: WrittenId): Markup {
  return el('id', { root: id.authority, extension: id.value, assigningAuthorityName: authorityName })
}

/** birthPlace and the roles that ITI TF-2 3.47.4.2.2 forbids are never among what we know. */
export function writePerson(person: Demographics, otherIds: readonly OtherIds[]): Markup {
  const names = person.names.length === 0 ? [el('name', { nullFlavor: 'UNK' })] : person.names.map(writeName)
  return el(
    'patientPerson',
    { classCode: 'PSN', determinerCode: 'INSTANCE' },
    concat(names),
    concat(person.telecoms.map((value) => el('telecom', { value }))),
    person.sex === undefined
      ? NOTHING
      : el('administrativeGenderCode', { code: person.sex, codeSystem: '2.16.840.1.113883.5.1' }),
    writeValue('birthTime', person.birthTime),
    writeValue('deceasedInd', person.deceased),
    writeValue('multipleBirthInd', person.multipleBirth),
    writeValue('multipleBirthOrderNumber', person.birthOrder),
    concat(person.addresses.map(writeAddress)),
    concat(otherIds.map(writeOtherIds)),
    writeMother(person.mother ?? []),
  )
}

function writeValue(name: string, value: string | number | boolean | undefined): Markup {
  return value === undefined ? NOTHING : el(name, { value: String(value) })
}

export function writeName(name: PersonName): Markup {
  return el('name', { use: name.representation }, ...writeNameParts(name))
}

export function writeNameParts({ family, given }: { readonly family?: string; readonly given?: string }): Markup[] {
  return [
    family === undefined || family === '' ? NOTHING : el('family', undefined, text(family)),
    given === undefined || given === '' ? NOTHING : el('given', undefined, text(given)),
  ]
}

function writeAddress(address: Address): Markup {
  return el(
    'addr',
    undefined,
    address.postalCode === undefined ? NOTHING : el('postalCode', undefined, text(address.postalCode)),
    el('streetAddressLine', undefined, text(address.text)),
  )
}

function writeOtherIds({ domain, ids }: OtherIds): Markup {
  return el(
    'asOtherIDs',
    { classCode: 'PAT' },
    ids.length === 0 ? NO_ID : concat(ids.map(writeId)),
    el('scopingOrganization', { classCode: 'ORG', determinerCode: 'INSTANCE' }, el('id', { root: domain })),
  )
}

function writeMother(names: readonly PersonName[]): Markup {
  if (names.length === 0) return NOTHING
  return el(
    'personalRelationship',
    { classCode: 'PRS' },
    el('code', { code: 'MTH', codeSystem: '2.16.840.1.113883.5.111' }),
    el('relationshipHolder1', { classCode: 'PSN', determinerCode: 'INSTANCE' }, concat(names.map(writeName))),
  )
}
