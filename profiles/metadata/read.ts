// ebRIM objects → typed XDS metadata by the attribute table; every deviation found is reported, not only the first.

import type { Code } from '../../src/model/code.ts'
import type { Author, DocumentEntry, Folder, SubmissionSet } from '../../src/model/document-entry.ts'
import {
  type Classification,
  type InternationalString,
  plainText,
  type RegistryObject,
  type Slot,
  slotValues,
} from '../../src/model/ebrim.ts'
import type { IheError } from '../../src/model/error.ts'
import { type PatientId, parseCx } from '../../src/model/identifiers.ts'
import { OBJECT_ON_DEMAND } from '../../src/model/xds.ts'
import {
  type Attribute,
  documentEntryAttributes,
  folderAttributes,
  type MetadataKind,
  metadataObjects,
  submissionSetAttributes,
} from './attributes.ts'
import {
  authorFindings,
  codeFindings,
  countFindings,
  entryFindings,
  type Place,
  structureFindings,
  typeFindings,
} from './findings.ts'
import { isSwitchable } from './rules.ts'

/** Values of one object, read once and asked by attribute name. */
interface Reading {
  readonly texts: ReadonlyMap<string, readonly string[]>
  readonly codes: ReadonlyMap<string, readonly Code[]>
  readonly authors: readonly Author[]
  readonly extraSlots: readonly Slot[]
  readonly findings: readonly IheError[]
}

/** A value is there unless a rule is broken that always holds; whether the other findings refuse is decided elsewhere. */
export interface Read<T> {
  readonly value: T | undefined
  readonly findings: readonly IheError[]
}

const onDemandAttributes: readonly Attribute[] = documentEntryAttributes.map((attribute) =>
  attribute.onDemand === 'forbidden' ? { ...attribute, required: 'no', cardinality: 'none' } : attribute,
)

/** The typed DocumentEntry of an ExtrinsicObject with all findings of ITI TF-3 Table 4.2.3.2-1; no value when one always refuses. */
export function readDocumentEntry(object: RegistryObject): Read<DocumentEntry> {
  const attributes = object.objectType === OBJECT_ON_DEMAND ? onDemandAttributes : documentEntryAttributes
  const reading = readObject(object, { attributes, kind: 'DE' })
  const findings = [...reading.findings, ...entryFindings(object, reading.texts)]
  const one = (name: string): string | undefined => reading.texts.get(name)?.[0]
  const code = (name: string): Code | undefined => reading.codes.get(name)?.[0]
  const patientId = parse(one('patientId'))
  const required = {
    classCode: code('classCode'),
    typeCode: code('typeCode'),
    formatCode: code('formatCode'),
    practiceSettingCode: code('practiceSettingCode'),
    healthcareFacilityTypeCode: code('healthcareFacilityTypeCode'),
    patientId,
  }
  if (!findings.every(isSwitchable) || !isComplete(required)) return { value: undefined, findings }
  return {
    findings,
    value: {
      ...required,
      entryUUID: object.id,
      objectType: object.objectType ?? '',
      mimeType: one('mimeType') ?? '',
      uniqueId: one('uniqueId') ?? '',
      sourcePatientId: one('sourcePatientId') ?? '',
      sourcePatientInfo: reading.texts.get('sourcePatientInfo') ?? [],
      author: reading.authors,
      confidentialityCode: reading.codes.get('confidentialityCode') ?? [],
      eventCodeList: reading.codes.get('eventCodeList') ?? [],
      languageCode: one('languageCode') ?? '',
      referenceIdList: reading.texts.get('referenceIdList') ?? [],
      extraSlots: reading.extraSlots,
      ...present({
        homeCommunityId: one('homeCommunityId'),
        title: one('title'),
        comments: one('comments'),
        legalAuthenticator: one('legalAuthenticator'),
        creationTime: one('creationTime'),
        serviceStartTime: one('serviceStartTime'),
        serviceStopTime: one('serviceStopTime'),
        hash: one('hash'),
        size: one('size'),
        repositoryUniqueId: one('repositoryUniqueId'),
        URI: one('URI'),
        documentAvailability: one('documentAvailability'),
      }),
    },
  }
}

/** The typed Folder of a RegistryPackage with all findings of ITI TF-3 Table 4.2.3.4-1; no value when one always refuses. */
export function readFolder(object: RegistryObject): Read<Folder> {
  const reading = readObject(object, { attributes: folderAttributes, kind: 'FD' })
  const one = (name: string): string | undefined => reading.texts.get(name)?.[0]
  const required = { patientId: parse(one('patientId')) }
  const { findings } = reading
  if (!findings.every(isSwitchable) || !isComplete(required)) return { value: undefined, findings }
  return {
    findings,
    value: {
      ...required,
      entryUUID: object.id,
      uniqueId: one('uniqueId') ?? '',
      codeList: reading.codes.get('codeList') ?? [],
      title: one('title') ?? '',
      extraSlots: reading.extraSlots,
      ...present({ homeCommunityId: one('homeCommunityId'), comments: one('comments') }),
    },
  }
}

/** The typed SubmissionSet of a RegistryPackage with all findings of ITI TF-3 Table 4.2.3.3-1; no value when one always refuses. */
export function readSubmissionSet(object: RegistryObject): Read<SubmissionSet> {
  const reading = readObject(object, { attributes: submissionSetAttributes, kind: 'SS' })
  const one = (name: string): string | undefined => reading.texts.get(name)?.[0]
  const required = { contentTypeCode: reading.codes.get('contentTypeCode')?.[0], patientId: parse(one('patientId')) }
  const { findings } = reading
  if (!findings.every(isSwitchable) || !isComplete(required)) return { value: undefined, findings }
  return {
    findings,
    value: {
      ...required,
      entryUUID: object.id,
      uniqueId: one('uniqueId') ?? '',
      sourceId: one('sourceId') ?? '',
      submissionTime: one('submissionTime') ?? '',
      author: reading.authors,
      intendedRecipient: reading.texts.get('intendedRecipient') ?? [],
      extraSlots: reading.extraSlots,
      ...present({ homeCommunityId: one('homeCommunityId'), title: one('title'), comments: one('comments') }),
    },
  }
}

interface Table {
  readonly attributes: readonly Attribute[]
  readonly kind: MetadataKind
}

function readObject(object: RegistryObject, table: Table): Reading {
  const texts = new Map<string, readonly string[]>()
  const codes = new Map<string, readonly Code[]>()
  const authors: Author[] = []
  const label = `${metadataObjects[table.kind].label}(${object.id})`
  const findings: IheError[] = structureFindings(object, label)
  for (const attribute of table.attributes) {
    const { coding } = attribute
    const place: Place = { attribute, kind: table.kind, at: `${label}.${attribute.name}` }
    if (coding.kind === 'author') {
      const found = object.classifications.filter((entry) => entry.scheme === coding.scheme)
      authors.push(...found.map(toAuthor))
      findings.push(...found.flatMap((entry) => authorFindings(entry, place.at)))
    } else if (coding.kind === 'classification') {
      const found = object.classifications.filter((entry) => entry.scheme === coding.scheme)
      codes.set(attribute.name, found.map(toCode))
      findings.push(...found.flatMap((entry) => codeFindings(entry, place)), ...countFindings(found.length, place))
    } else {
      const found = textValues(object, attribute)
      texts.set(attribute.name, found)
      findings.push(...countFindings(found.length, place), ...typeFindings(found, place))
    }
  }
  const extra = extraSlots(object, table.attributes)
  return { texts, codes, authors, extraSlots: extra, findings }
}

function textValues(object: RegistryObject, attribute: Attribute): readonly string[] {
  const coding = attribute.coding
  switch (coding.kind) {
    case 'slot':
      return slotValues(object, coding.slot)
    case 'identifier':
      return object.externalIdentifiers.filter((entry) => entry.scheme === coding.scheme).map((entry) => entry.value)
    case 'attribute': {
      const value = object[coding.attribute] ?? ''
      return value === '' ? [] : [value]
    }
    case 'name':
      return textOf(object.name)
    case 'description':
      return textOf(object.description)
    case 'classification':
    case 'author':
      return []
  }
}

function textOf(text: InternationalString | undefined): readonly string[] {
  const plain = plainText(text)
  return plain === undefined ? [] : [plain]
}

function extraSlots(object: RegistryObject, attributes: readonly Attribute[]): readonly Slot[] {
  const known = new Set(attributes.flatMap((entry) => (entry.coding.kind === 'slot' ? [entry.coding.slot] : [])))
  return object.slots.filter((entry) => !known.has(entry.name))
}

function toAuthor(entry: Classification): Author {
  const [authorPerson] = slotValues(entry, 'authorPerson')
  return {
    ...(authorPerson === undefined ? {} : { authorPerson }),
    authorInstitution: slotValues(entry, 'authorInstitution'),
    authorRole: slotValues(entry, 'authorRole'),
    authorSpecialty: slotValues(entry, 'authorSpecialty'),
    authorTelecommunication: slotValues(entry, 'authorTelecommunication'),
  }
}

function toCode(entry: Classification): Code {
  return {
    code: entry.nodeRepresentation,
    scheme: slotValues(entry, 'codingScheme')[0] ?? '',
    display: plainText(entry.name) ?? '',
  }
}

function parse(text: string | undefined): PatientId | undefined {
  return text === undefined ? undefined : parseCx(text)
}

function isComplete<T extends Record<string, unknown>>(values: T): values is T & { [K in keyof T]: NonNullable<T[K]> } {
  return Object.values(values).every((value) => value !== undefined)
}

/** Drops undefined members, so that optional attributes are absent rather than undefined. */
function present<T extends Record<string, string | undefined>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string
  }
}
