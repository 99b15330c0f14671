// Typed XDS metadata → ebRIM objects by the attribute table, in our canonical order (ITI TF-3 4.2.3).

import { randomUUID } from 'node:crypto'
import type { Code } from '../../src/model/code.ts'
import type { Author, DocumentEntry, Folder, SubmissionSet } from '../../src/model/document-entry.ts'
import type {
  Association,
  Classification,
  ExternalIdentifier,
  InternationalString,
  RegistryObject,
  Slot,
} from '../../src/model/ebrim.ts'
import { formatCx } from '../../src/model/identifiers.ts'
import { HAS_MEMBER, OBJECT_PACKAGE } from '../../src/model/xds.ts'
import {
  type Attribute,
  authorSlots,
  documentEntryAttributes,
  FOLDER_NODE,
  folderAttributes,
  SUBMISSION_SET_NODE,
  submissionSetAttributes,
} from './attributes.ts'

/** The ExtrinsicObject of a DocumentEntry. */
export function documentEntryObject(entry: DocumentEntry): RegistryObject {
  const values = { ...entry, patientId: formatCx(entry.patientId) }
  return {
    kind: 'ExtrinsicObject',
    id: entry.entryUUID,
    objectType: entry.objectType,
    mimeType: entry.mimeType,
    ...(entry.homeCommunityId === undefined ? {} : { home: entry.homeCommunityId }),
    ...parts(entry.entryUUID, { attributes: documentEntryAttributes, values, extraSlots: entry.extraSlots }),
  }
}

/** The RegistryPackage of a SubmissionSet, its label inside. */
export function submissionSetObject(set: SubmissionSet): RegistryObject {
  const values = { ...set, patientId: formatCx(set.patientId) }
  const written = parts(set.entryUUID, { attributes: submissionSetAttributes, values, extraSlots: set.extraSlots })
  return {
    kind: 'RegistryPackage',
    id: set.entryUUID,
    objectType: OBJECT_PACKAGE,
    ...(set.homeCommunityId === undefined ? {} : { home: set.homeCommunityId }),
    ...written,
    classifications: [labelOf(set.entryUUID, SUBMISSION_SET_NODE), ...written.classifications],
  }
}

/** The RegistryPackage of a Folder, its label inside. */
export function folderObject(folder: Folder): RegistryObject {
  const values = { ...folder, patientId: formatCx(folder.patientId) }
  const written = parts(folder.entryUUID, { attributes: folderAttributes, values, extraSlots: folder.extraSlots })
  return {
    kind: 'RegistryPackage',
    id: folder.entryUUID,
    objectType: OBJECT_PACKAGE,
    ...(folder.homeCommunityId === undefined ? {} : { home: folder.homeCommunityId }),
    ...written,
    classifications: [labelOf(folder.entryUUID, FOLDER_NODE), ...written.classifications],
  }
}

/** SS-DE HasMember with SubmissionSetStatus Original (ITI TF-3 4.2.2.1.1). */
export function memberAssociation(source: string, target: string): Association {
  return {
    id: newId(),
    type: HAS_MEMBER,
    source,
    target,
    slots: [{ name: 'SubmissionSetStatus', values: ['Original'] }],
    classifications: [],
  }
}

/** FD-DE HasMember, and the SS-HM that makes it part of a submission (ITI TF-3 4.2.2.1.3, 4.2.2.1.4). */
export function folderMembership(
  submissionSet: string,
  ends: { readonly folder: string; readonly entry: string },
): readonly [Association, Association] {
  const membership = relationship(HAS_MEMBER, { source: ends.folder, target: ends.entry })
  return [membership, relationship(HAS_MEMBER, { source: submissionSet, target: membership.id })]
}

/** An association without slots, such as a relationship between two DocumentEntries (ITI TF-3 4.2.2.2). */
export function relationship(type: string, ends: { readonly source: string; readonly target: string }): Association {
  return { id: newId(), type, source: ends.source, target: ends.target, slots: [], classifications: [] }
}

function newId(): string {
  return `urn:uuid:${randomUUID()}`
}

function labelOf(object: string, node: string): Classification {
  return { id: newId(), node, nodeRepresentation: '', classifiedObject: object, slots: [] }
}

type Values = Readonly<Record<string, unknown>>

function parts(
  id: string,
  given: { attributes: readonly Attribute[]; values: Values; extraSlots: readonly Slot[] },
): Pick<RegistryObject, 'slots' | 'name' | 'description' | 'classifications' | 'externalIdentifiers'> {
  const slots: Slot[] = []
  const classifications: Classification[] = []
  const externalIdentifiers: ExternalIdentifier[] = []
  const texts: { name?: InternationalString; description?: InternationalString } = {}
  for (const { name, coding } of given.attributes) {
    const values = asArray(given.values[name])
    if (values.length === 0) continue
    if (coding.kind === 'slot') slots.push({ name: coding.slot, values: values.map(String) })
    else if (coding.kind === 'classification')
      classifications.push(
        ...values.map((value) => codeClassification(id, { scheme: coding.scheme, code: value as Code })),
      )
    else if (coding.kind === 'author')
      classifications.push(
        ...values.map((value) => authorClassification(id, { scheme: coding.scheme, author: value as Author })),
      )
    else if (coding.kind === 'identifier')
      externalIdentifiers.push({
        id: newId(),
        scheme: coding.scheme,
        registryObject: id,
        value: String(values[0]),
        name: [{ value: coding.label }],
      })
    else if (coding.kind !== 'attribute') texts[coding.kind] = [{ value: String(values[0]) }]
  }
  return { slots: [...slots, ...given.extraSlots], classifications, externalIdentifiers, ...texts }
}

function asArray(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function codeClassification(object: string, given: { scheme: string; code: Code }): Classification {
  return {
    id: newId(),
    scheme: given.scheme,
    nodeRepresentation: given.code.code,
    classifiedObject: object,
    slots: [{ name: 'codingScheme', values: [given.code.scheme] }],
    name: [{ value: given.code.display }],
  }
}

function authorClassification(object: string, given: { scheme: string; author: Author }): Classification {
  const { author } = given
  const values: readonly (readonly string[])[] = [
    author.authorPerson === undefined ? [] : [author.authorPerson],
    author.authorInstitution,
    author.authorRole,
    author.authorSpecialty,
    author.authorTelecommunication,
  ]
  return {
    id: newId(),
    scheme: given.scheme,
    nodeRepresentation: '',
    classifiedObject: object,
    slots: authorSlots.flatMap(({ name }, index) => {
      const found = values[index] ?? []
      return found.length === 0 ? [] : [{ name, values: found }]
    }),
  }
}
