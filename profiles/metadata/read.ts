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
import { iheError } from '../errors/index.ts'
import {
  type Attribute,
  AUTHOR_SLOTS,
  documentEntryAttributes,
  folderAttributes,
  submissionSetAttributes,
} from './attributes.ts'
import { typeRules } from './types.ts'

/** Values of one object, read once and asked by attribute name. */
interface Reading {
  readonly texts: ReadonlyMap<string, readonly string[]>
  readonly codes: ReadonlyMap<string, readonly Code[]>
  readonly authors: readonly Author[]
  readonly extraSlots: readonly Slot[]
  readonly findings: readonly IheError[]
}

export interface Read<T> {
  readonly value: T | undefined
  readonly findings: readonly IheError[]
}

const onDemandAttributes: readonly Attribute[] = documentEntryAttributes.map((attribute) =>
  attribute.onDemand === 'forbidden' ? { ...attribute, required: 'no', cardinality: 'none' } : attribute,
)

/** The typed DocumentEntry of an ExtrinsicObject with all findings of ITI TF-3 Table 4.2.3.2-1; no value when one is fatal. */
export function readDocumentEntry(object: RegistryObject): Read<DocumentEntry> {
  const attributes = object.objectType === OBJECT_ON_DEMAND ? onDemandAttributes : documentEntryAttributes
  const reading = readObject(object, { attributes, label: 'DocumentEntry' })
  const findings = [...reading.findings]
  if ((object.mimeType ?? '') === '')
    findings.push(metadataError(`DocumentEntry(${object.id}).mimeType`, 'ITI TF-3 4.2.3.2.15'))
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
  if (findings.length > 0 || !isComplete(required)) return { value: undefined, findings }
  return {
    findings,
    value: {
      ...required,
      entryUUID: object.id,
      objectType: object.objectType ?? '',
      mimeType: object.mimeType ?? '',
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
        homeCommunityId: object.home,
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

/** The typed Folder of a RegistryPackage with all findings of ITI TF-3 Table 4.2.3.4-1; no value when one is fatal. */
export function readFolder(object: RegistryObject): Read<Folder> {
  const reading = readObject(object, { attributes: folderAttributes, label: 'Folder' })
  const one = (name: string): string | undefined => reading.texts.get(name)?.[0]
  const required = { patientId: parse(one('patientId')) }
  if (reading.findings.length > 0 || !isComplete(required)) return { value: undefined, findings: reading.findings }
  return {
    findings: [],
    value: {
      ...required,
      entryUUID: object.id,
      uniqueId: one('uniqueId') ?? '',
      codeList: reading.codes.get('codeList') ?? [],
      title: one('title') ?? '',
      extraSlots: reading.extraSlots,
      ...present({ homeCommunityId: object.home, comments: one('comments') }),
    },
  }
}

/** The typed SubmissionSet of a RegistryPackage with all findings of ITI TF-3 Table 4.2.3.3-1; no value when one is fatal. */
export function readSubmissionSet(object: RegistryObject): Read<SubmissionSet> {
  const reading = readObject(object, { attributes: submissionSetAttributes, label: 'SubmissionSet' })
  const one = (name: string): string | undefined => reading.texts.get(name)?.[0]
  const required = { contentTypeCode: reading.codes.get('contentTypeCode')?.[0], patientId: parse(one('patientId')) }
  if (reading.findings.length > 0 || !isComplete(required)) return { value: undefined, findings: reading.findings }
  return {
    findings: [],
    value: {
      ...required,
      entryUUID: object.id,
      uniqueId: one('uniqueId') ?? '',
      sourceId: one('sourceId') ?? '',
      submissionTime: one('submissionTime') ?? '',
      author: reading.authors,
      intendedRecipient: reading.texts.get('intendedRecipient') ?? [],
      extraSlots: reading.extraSlots,
      ...present({ homeCommunityId: object.home, title: one('title'), comments: one('comments') }),
    },
  }
}

function readObject(object: RegistryObject, table: { attributes: readonly Attribute[]; label: string }): Reading {
  const texts = new Map<string, readonly string[]>()
  const codes = new Map<string, readonly Code[]>()
  const authors: Author[] = []
  const findings: IheError[] = structureFindings(object, table.label)
  for (const attribute of table.attributes) {
    const at = `${table.label}(${object.id}).${attribute.name}`
    if (attribute.coding.kind === 'author') {
      authors.push(...readAuthors(object, attribute.coding.scheme))
    } else if (attribute.coding.kind === 'classification') {
      const scheme = attribute.coding.scheme
      const found = object.classifications.filter((entry) => entry.scheme === scheme)
      codes.set(attribute.name, found.map(toCode))
      findings.push(...found.flatMap((entry) => codeFindings(entry, at)))
      findings.push(...countFindings(attribute, { count: found.length, at }))
    } else {
      const found = textValues(object, attribute)
      texts.set(attribute.name, found)
      findings.push(...countFindings(attribute, { count: found.length, at }))
      findings.push(...typeFindings(attribute, { values: found, at }))
    }
  }
  return { texts, codes, authors, extraSlots: extraSlots(object, table.attributes), findings }
}

function textValues(object: RegistryObject, attribute: Attribute): readonly string[] {
  const coding = attribute.coding
  switch (coding.kind) {
    case 'slot':
      return slotValues(object, coding.slot)
    case 'identifier':
      return object.externalIdentifiers.filter((entry) => entry.scheme === coding.scheme).map((entry) => entry.value)
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

function countFindings(attribute: Attribute, found: { count: number; at: string }): IheError[] {
  if (found.count === 0 && attribute.required === 'yes')
    return [metadataError(found.at, `${attribute.section} required`)]
  if (found.count > 0 && attribute.cardinality === 'none')
    return [metadataError(found.at, `${attribute.section} not allowed in an On-Demand DocumentEntry`)]
  if (found.count > 1 && attribute.cardinality === 'one')
    return [metadataError(found.at, `${attribute.section} at most one value`)]
  return []
}

function typeFindings(attribute: Attribute, found: { values: readonly string[]; at: string }): IheError[] {
  const rule = typeRules[attribute.type]
  return found.values
    .filter((value) => !rule.accepts(value))
    .map((value) =>
      iheError('METADATA_INVALID', {
        at: found.at,
        value,
        rule: `${attribute.section} ${attribute.type}: ${rule.expected}`,
      }),
    )
}

function codeFindings(entry: Classification, at: string): IheError[] {
  const complete =
    entry.nodeRepresentation !== '' &&
    slotValues(entry, 'codingScheme').length === 1 &&
    (plainText(entry.name) ?? '') !== ''
  return complete
    ? []
    : [
        iheError('METADATA_INVALID', {
          at,
          value: entry.nodeRepresentation,
          rule: 'ITI TF-3 4.2.3.1.2: nodeRepresentation, one codingScheme value and a Name are required',
        }),
      ]
}

/** Parent links and slot uniqueness hold for every object (ITI TF-3 4.2.3.1). */
function structureFindings(object: RegistryObject, label: string): IheError[] {
  const at = `${label}(${object.id})`
  const findings: IheError[] = []
  for (const entry of object.classifications)
    if (entry.classifiedObject !== object.id)
      findings.push(
        iheError('METADATA_INVALID', {
          at: `${at}/Classification/@classifiedObject`,
          value: entry.classifiedObject,
          rule: 'ITI TF-3 4.2.3.1.2 must be the id of the parent',
        }),
      )
  for (const entry of object.externalIdentifiers)
    if (entry.registryObject !== object.id)
      findings.push(
        iheError('METADATA_INVALID', {
          at: `${at}/ExternalIdentifier/@registryObject`,
          value: entry.registryObject,
          rule: 'ITI TF-3 4.2.3.1.3 must be the id of the parent',
        }),
      )
  const names = new Set<string>()
  const repeated = new Set<string>()
  for (const { name } of object.slots) (names.has(name) ? repeated : names).add(name)
  for (const name of repeated)
    findings.push(
      iheError('METADATA_INVALID', {
        at: `${at}/Slot`,
        value: name,
        rule: 'ITI TF-3 4.2.3.1.1 slot names are unique in an object',
      }),
    )
  return findings
}

const IHE_SLOT = /^urn:ihe:/

function extraSlots(object: RegistryObject, attributes: readonly Attribute[]): readonly Slot[] {
  const known = new Set(attributes.flatMap((entry) => (entry.coding.kind === 'slot' ? [entry.coding.slot] : [])))
  return object.slots.filter((entry) => !known.has(entry.name))
}

/** Extra metadata must be named by a URN outside urn:ihe: (ITI TF-3 4.2.3.1.6). */
export function extraSlotFindings(
  object: { readonly kind: RegistryObject['kind'] | 'Association'; readonly id: string },
  slots: readonly Slot[],
): readonly IheError[] {
  return slots
    .filter((entry) => !entry.name.startsWith('urn:') || IHE_SLOT.test(entry.name))
    .map((entry) =>
      iheError('METADATA_INVALID', {
        at: `${object.kind}(${object.id})/Slot`,
        value: entry.name,
        rule: 'ITI TF-3 4.2.3.1.6 extra slots are named by a URN outside urn:ihe:',
      }),
    )
}

function readAuthors(object: RegistryObject, scheme: string): readonly Author[] {
  return object.classifications
    .filter((entry) => entry.scheme === scheme)
    .map((entry) => {
      const [person] = slotValues(entry, AUTHOR_SLOTS[0])
      return {
        ...(person === undefined ? {} : { authorPerson: person }),
        authorInstitution: slotValues(entry, AUTHOR_SLOTS[1]),
        authorRole: slotValues(entry, AUTHOR_SLOTS[2]),
        authorSpecialty: slotValues(entry, AUTHOR_SLOTS[3]),
        authorTelecommunication: slotValues(entry, AUTHOR_SLOTS[4]),
      }
    })
}

function toCode(entry: Classification): Code {
  return {
    code: entry.nodeRepresentation,
    scheme: slotValues(entry, 'codingScheme')[0] ?? '',
    display: plainText(entry.name) ?? '',
  }
}

function metadataError(at: string, rule: string): IheError {
  return iheError('METADATA_INVALID', { at, rule })
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
