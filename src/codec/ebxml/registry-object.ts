// ebRIM 3.0 elements ↔ model objects (OASIS ebRIM 3.0; ITI TF-3 4.2.3.1). Everything the schema allows in an object is read, kept and
// written again; what XDS does not interpret comes back as it came.

import { iheError } from '../../../profiles/errors/index.ts'
import {
  type Attribute,
  documentEntryAttributes,
  folderAttributes,
  submissionSetAttributes,
} from '../../../profiles/metadata/attributes.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type {
  Association,
  Classification,
  ExternalIdentifier,
  InternationalString,
  RegistryObject,
  Slot,
  VersionInfo,
} from '../../model/ebrim.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { OBJECT_ASSOCIATION, OBJECT_CLASSIFICATION, OBJECT_EXTERNAL_IDENTIFIER } from '../../model/xds.ts'
import { attributeOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { attributeText, el, type Markup, text } from '../xml/write.ts'
import { membersOf, onlyOf, onlyText } from './complete.ts'

/** Children of every ebRIM registry object in the order of the schema (RegistryObjectType, ExtrinsicObjectType). */
const CHILD_ORDER = [
  'Slot',
  'Name',
  'Description',
  'VersionInfo',
  'Classification',
  'ExternalIdentifier',
  'ContentVersionInfo',
]
const ONCE: ReadonlySet<string> = new Set(['Name', 'Description', 'VersionInfo', 'ContentVersionInfo'])

const XML_LANG = '{http://www.w3.org/XML/1998/namespace}lang'

/** @throws {IheError} BODY_INVALID when a required attribute is missing or children stand in another order than the schema's. */
export function readRegistryObject(element: XmlElement): RegistryObject {
  const kind = element.name === 'ExtrinsicObject' ? 'ExtrinsicObject' : 'RegistryPackage'
  const content = readContent(element, kind === 'ExtrinsicObject' ? 'with content version' : 'without')
  const own = kind === 'ExtrinsicObject' ? ['mimeType', 'isOpaque'] : []
  return {
    kind,
    id: requiredAttribute(element, 'id'),
    slots: content.slots,
    classifications: content.classifications,
    externalIdentifiers: content.externalIdentifiers,
    ...content.texts,
    ...versionOf(content.version),
    ...(content.contentVersion === undefined ? {} : { contentVersion: content.contentVersion }),
    ...attributes(element, ['lid', 'objectType', 'status', ...own]),
    ...optional('home', nonEmpty(attributeOf(element, 'home'))),
  }
}

/** @throws {IheError} BODY_INVALID as readRegistryObject. */
export function readAssociation(element: XmlElement): Association {
  const content = readContent(element, 'without')
  return {
    id: attributeOf(element, 'id') ?? '',
    type: requiredAttribute(element, 'associationType'),
    source: requiredAttribute(element, 'sourceObject'),
    target: requiredAttribute(element, 'targetObject'),
    slots: content.slots,
    classifications: content.classifications,
    ...content.texts,
    ...versionOf(content.version),
    ...(content.externalIdentifiers.length === 0 ? {} : { externalIdentifiers: content.externalIdentifiers }),
    ...attributes(element, ['lid', 'status']),
    ...optional('home', nonEmpty(attributeOf(element, 'home'))),
  }
}

/** @throws {IheError} BODY_INVALID as readRegistryObject. */
export function readClassification(element: XmlElement): Classification {
  const content = readContent(element, 'without')
  return {
    id: attributeOf(element, 'id') ?? '',
    nodeRepresentation: attributeOf(element, 'nodeRepresentation') ?? '',
    classifiedObject: requiredAttribute(element, 'classifiedObject'),
    slots: content.slots,
    ...optional('scheme', attributeOf(element, 'classificationScheme')),
    ...optional('node', attributeOf(element, 'classificationNode')),
    ...content.texts,
    ...uninterpreted(content),
  }
}

function readExternalIdentifier(element: XmlElement): ExternalIdentifier {
  const content = readContent(element, 'without')
  return {
    id: attributeOf(element, 'id') ?? '',
    scheme: requiredAttribute(element, 'identificationScheme'),
    registryObject: requiredAttribute(element, 'registryObject'),
    value: requiredAttribute(element, 'value'),
    ...(content.slots.length === 0 ? {} : { slots: content.slots }),
    ...content.texts,
    ...uninterpreted(content),
  }
}

/** The children of one object, sorted in one pass: this runs several times for every submitted attribute. */
interface Content {
  readonly slots: Slot[]
  readonly texts: { name?: InternationalString; description?: InternationalString }
  version?: VersionInfo
  contentVersion?: VersionInfo
  readonly classifications: Classification[]
  readonly externalIdentifiers: ExternalIdentifier[]
}

function readContent(element: XmlElement, form: 'with content version' | 'without'): Content {
  const content: Content = { slots: [], texts: {}, classifications: [], externalIdentifiers: [] }
  const last = form === 'without' ? CHILD_ORDER.length - 2 : CHILD_ORDER.length - 1
  let former = 0
  let formerName = ''
  for (const child of element.children) {
    if (typeof child === 'string') continue
    const position = child.ns === NS.rim ? CHILD_ORDER.indexOf(child.name) : -1
    const again = child.name === formerName && ONCE.has(child.name)
    if (position < former || position > last || again) throw outOfOrder(element, child)
    former = position
    formerName = child.name
    take(content, child)
  }
  return content
}

function take(content: Content, child: XmlElement): void {
  if (child.name === 'Slot') content.slots.push(readSlot(child))
  else if (child.name === 'Classification') content.classifications.push(readClassification(child))
  else if (child.name === 'ExternalIdentifier') content.externalIdentifiers.push(readExternalIdentifier(child))
  else if (child.name === 'Name') content.texts.name = readTexts(child)
  else if (child.name === 'Description') content.texts.description = readTexts(child)
  else if (child.name === 'VersionInfo') content.version = readVersion(child)
  else content.contentVersion = readVersion(child)
}

function outOfOrder(element: XmlElement, child: XmlElement): Error {
  return iheError('BODY_INVALID', {
    at: `${element.name}(${attributeOf(element, 'id') ?? ''})/${child.name}`,
    rule: `ebRIM 3.0 schema: children in the order ${CHILD_ORDER.join(', ')}; ${[...ONCE].join(', ')} once`,
  })
}

function readSlot(slot: XmlElement): Slot {
  const list = onlyOf(slot, NS.rim, 'ValueList')
  const values = list === undefined ? [] : membersOf(list, [[NS.rim, 'Value']]).map((value) => trimmed(onlyText(value)))
  const name = requiredAttribute(slot, 'name')
  const slotType = attributeOf(slot, 'slotType')
  return slotType === undefined ? { name, values } : { name, values, slotType }
}

function readTexts(holder: XmlElement): InternationalString {
  return membersOf(holder, [[NS.rim, 'LocalizedString']]).map((text) => {
    const value = requiredAttribute(text, 'value')
    const lang = attributeOf(text, XML_LANG)
    const charset = attributeOf(text, 'charset')
    if (charset !== undefined) return { value, charset, ...optional('lang', lang) }
    return lang === undefined ? { value } : { value, lang }
  })
}

function readVersion(element: XmlElement): VersionInfo {
  return attributes(element, ['versionName', 'comment'])
}

function versionOf(version: VersionInfo | undefined): Pick<RegistryObject, 'version' | 'versionComment'> {
  return {
    ...optional('version', version?.versionName),
    ...optional('versionComment', version?.comment),
  }
}

function uninterpreted({ version, classifications, externalIdentifiers }: Content) {
  if (version === undefined && classifications.length + externalIdentifiers.length === 0) return undefined
  return {
    ...(version === undefined ? {} : { versionInfo: version }),
    ...(classifications.length === 0 ? {} : { classifications }),
    ...(externalIdentifiers.length === 0 ? {} : { externalIdentifiers }),
  }
}

const XML_SPACE = ' \t\r\n'

/** Line breaks of a pretty printer go; an ideographic space is text (XML 1.0, 2.3). */
function trimmed(value: string): string {
  let [start, end] = [0, value.length]
  while (start < end && XML_SPACE.includes(value.charAt(start))) start += 1
  while (end > start && XML_SPACE.includes(value.charAt(end - 1))) end -= 1
  return value.slice(start, end)
}

/** @throws {IheError} BODY_INVALID when the attribute is absent. */
export function requiredAttribute(element: XmlElement, name: string): string {
  const value = attributeOf(element, name)
  if (value === undefined)
    throw iheError('BODY_INVALID', { at: `${element.name}/@${name}`, rule: 'required by the schema' })
  return value
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: string })
}

/** The attributes that are there, under their own names. */
function attributes<K extends string>(element: XmlElement, names: readonly K[]): { [P in K]?: string } {
  const found: { [P in K]?: string } = {}
  for (const name of names) {
    const value = attributeOf(element, name)
    if (value !== undefined) found[name] = value
  }
  return found
}

/** How an object is written: as it is submitted, or as the registry answers it (fragment with status and home spliced in). */
export function writeRegistryObject(object: RegistryObject, status?: string): Markup {
  return el(
    `rim:${object.kind}`,
    {
      id: object.id,
      ...(object.kind === 'ExtrinsicObject' ? { mimeType: object.mimeType, isOpaque: object.isOpaque } : {}),
      objectType: object.objectType,
      lid: object.lid,
      home: object.home,
      status,
    },
    ...children({ ...object, versionInfo: versionInfoOf(object) }),
    ...(object.contentVersion === undefined ? [] : [writeVersion('ContentVersionInfo', object.contentVersion)]),
  )
}

export function writeAssociation(association: Association, status?: string): Markup {
  return el(
    'rim:Association',
    {
      id: association.id,
      associationType: association.type,
      sourceObject: association.source,
      targetObject: association.target,
      objectType: OBJECT_ASSOCIATION,
      lid: association.lid,
      home: association.home,
      status,
    },
    ...children({ ...association, versionInfo: versionInfoOf(association) }),
  )
}

/**
 * What is stored for answers: everything after the element name, status and home left out because they can change
 * (design §3). `storedObject` in query-response.ts puts it back together.
 */
export function renderFragment(object: RegistryObject): string {
  const { home: _home, status: _status, ...rest } = object
  const open = `<rim:${object.kind}`
  return writeRegistryObject(rest).slice(open.length)
}

/** The stored fragment of an association, see renderFragment. */
export function renderAssociationFragment(association: Association): string {
  const { home: _home, status: _status, ...rest } = association
  return writeAssociation(rest).slice('<rim:Association'.length)
}

function patientIdScheme(attributes: readonly Attribute[]): readonly string[] {
  return attributes.flatMap(({ name, coding }) =>
    name === 'patientId' && coding.kind === 'identifier' ? coding.scheme : [],
  )
}

const PATIENT_ID_SCHEMES = [documentEntryAttributes, submissionSetAttributes, folderAttributes].flatMap(patientIdScheme)

/**
 * How a merge replaces the patient id in a stored fragment: POSIX pattern and replacement. It meets the ExternalIdentifier of the
 * patient id as `renderFragment` writes it and nothing else: in values `<` and `"` are always escaped.
 */
export function swapPatientId(
  former: PatientId,
  survivor: PatientId,
): { readonly pattern: string; readonly replacement: string } {
  const start = `<rim:ExternalIdentifier id="[^"]*" identificationScheme="(?:${PATIENT_ID_SCHEMES.join('|')})" objectType="[^"]*" registryObject="[^"]*"`
  return {
    pattern: `(${start} value=")${quoted(attributeText(formatCx(former)))}"`,
    replacement: `\\1${attributeText(formatCx(survivor)).replaceAll('\\', '\\\\')}"`,
  }
}

/** What a fragment holds when `id` is its sourcePatientId; no other slot names a patient number as its whole value. */
function sourcePatientIdText(id: PatientId): string {
  return `<rim:Value>${text(formatCx(id))}</rim:Value>`
}

/** How patient ids stand in stored fragments, for those who move objects from one person to another. */
export const fragmentForm = { swapPatientId, sourcePatientId: sourcePatientIdText } as const

/** Literal text in a POSIX pattern: before punctuation a backslash means just that character. */
function quoted(literal: string): string {
  return literal.replaceAll(/[!-/:-@[-`{-~]/g, (character) => `\\${character}`)
}

interface Written {
  readonly slots?: readonly Slot[]
  readonly name?: InternationalString
  readonly description?: InternationalString
  readonly versionInfo?: VersionInfo | undefined
  readonly classifications?: readonly Classification[]
  readonly externalIdentifiers?: readonly ExternalIdentifier[]
}

function versionInfoOf({ version, versionComment }: Pick<RegistryObject, 'version' | 'versionComment'>) {
  if (version === undefined && versionComment === undefined) return undefined
  return { ...optional('versionName', version), ...optional('comment', versionComment) }
}

/** Pushed and not spread: this runs for every attribute of every object that is registered. */
function children(content: Written): readonly Markup[] {
  const parts: Markup[] = []
  if (content.slots !== undefined) for (const slot of content.slots) parts.push(writeSlot(slot))
  if (content.name !== undefined) parts.push(writeTexts('Name', content.name))
  if (content.description !== undefined) parts.push(writeTexts('Description', content.description))
  if (content.versionInfo !== undefined) parts.push(writeVersion('VersionInfo', content.versionInfo))
  if (content.classifications !== undefined)
    for (const entry of content.classifications) parts.push(writeClassification(entry))
  if (content.externalIdentifiers !== undefined)
    for (const entry of content.externalIdentifiers) parts.push(writeExternalIdentifier(entry))
  return parts
}

export function writeSlot(slot: Slot): Markup {
  return el(
    'rim:Slot',
    { name: slot.name, slotType: slot.slotType },
    el('rim:ValueList', {}, ...slot.values.map((value) => el('rim:Value', {}, text(value)))),
  )
}

function writeTexts(name: 'Name' | 'Description', texts: InternationalString): Markup {
  const written = texts.map(({ value, lang, charset }) =>
    el('rim:LocalizedString', { 'xml:lang': lang, charset, value }),
  )
  return el(`rim:${name}`, {}, ...written)
}

function writeVersion(name: 'VersionInfo' | 'ContentVersionInfo', version: VersionInfo): Markup {
  return el(`rim:${name}`, { versionName: version.versionName, comment: version.comment })
}

function writeClassification(entry: Classification): Markup {
  return el(
    'rim:Classification',
    {
      classificationScheme: entry.scheme,
      classificationNode: entry.node,
      classifiedObject: entry.classifiedObject,
      id: entry.id,
      nodeRepresentation:
        entry.nodeRepresentation === '' && entry.node !== undefined ? undefined : entry.nodeRepresentation,
      objectType: OBJECT_CLASSIFICATION,
    },
    ...children(entry),
  )
}

function writeExternalIdentifier(entry: ExternalIdentifier): Markup {
  return el(
    'rim:ExternalIdentifier',
    {
      id: entry.id,
      identificationScheme: entry.scheme,
      objectType: OBJECT_EXTERNAL_IDENTIFIER,
      registryObject: entry.registryObject,
      value: entry.value,
    },
    ...children(entry),
  )
}
