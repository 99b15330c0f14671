// ebRIM 3.0 elements ↔ model objects (OASIS ebRIM 3.0; ITI TF-3 4.2.3.1). Kept is what XDS metadata uses: of a name or description the
// first LocalizedString, of a classification its code and slots; what we store is returned as it came.

import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type { Association, Classification, ExternalIdentifier, RegistryObject, Slot } from '../../model/ebrim.ts'
import { OBJECT_ASSOCIATION, OBJECT_CLASSIFICATION, OBJECT_EXTERNAL_IDENTIFIER } from '../../model/xds.ts'
import { attributeOf, childOf, childrenOf, elementsOf, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { concat, el, type Markup, text } from '../xml/write.ts'

/** Child order of every ebRIM registry object (ebRIM schema, RegistryObjectType). */
const CHILD_ORDER = [
  'Slot',
  'Name',
  'Description',
  'VersionInfo',
  'Classification',
  'ExternalIdentifier',
  'ContentVersionInfo',
]

/** @throws {IheError} BODY_INVALID when a required attribute is missing or children stand in another order than the schema's. */
export function readRegistryObject(element: XmlElement): RegistryObject {
  checkOrder(element)
  const kind = element.name === 'ExtrinsicObject' ? 'ExtrinsicObject' : 'RegistryPackage'
  const version = childOf(element, NS.rim, 'VersionInfo')
  return {
    kind,
    id: requiredAttribute(element, 'id'),
    slots: readSlots(element),
    classifications: childrenOf(element, NS.rim, 'Classification').map(readClassification),
    externalIdentifiers: childrenOf(element, NS.rim, 'ExternalIdentifier').map(readExternalIdentifier),
    ...optional('lid', attributeOf(element, 'lid')),
    ...optional('objectType', attributeOf(element, 'objectType')),
    ...optional('mimeType', attributeOf(element, 'mimeType')),
    ...optional('status', attributeOf(element, 'status')),
    ...optional('home', nonEmpty(attributeOf(element, 'home'))),
    ...optional('version', version === undefined ? undefined : attributeOf(version, 'versionName')),
    ...optional('name', localized(element, 'Name')),
    ...optional('description', localized(element, 'Description')),
  }
}

/** @throws {IheError} BODY_INVALID when a required attribute is missing. */
export function readAssociation(element: XmlElement): Association {
  checkOrder(element)
  return {
    id: attributeOf(element, 'id') ?? '',
    type: requiredAttribute(element, 'associationType'),
    source: requiredAttribute(element, 'sourceObject'),
    target: requiredAttribute(element, 'targetObject'),
    slots: readSlots(element),
    classifications: childrenOf(element, NS.rim, 'Classification').map(readClassification),
    ...optional('status', attributeOf(element, 'status')),
    ...optional('name', localized(element, 'Name')),
  }
}

/** @throws {IheError} BODY_INVALID when a required attribute is missing. */
export function readClassification(element: XmlElement): Classification {
  return {
    id: attributeOf(element, 'id') ?? '',
    nodeRepresentation: attributeOf(element, 'nodeRepresentation') ?? '',
    classifiedObject: requiredAttribute(element, 'classifiedObject'),
    slots: readSlots(element),
    ...optional('scheme', attributeOf(element, 'classificationScheme')),
    ...optional('node', attributeOf(element, 'classificationNode')),
    ...optional('name', localized(element, 'Name')),
  }
}

function readExternalIdentifier(element: XmlElement): ExternalIdentifier {
  return {
    id: attributeOf(element, 'id') ?? '',
    scheme: requiredAttribute(element, 'identificationScheme'),
    registryObject: requiredAttribute(element, 'registryObject'),
    value: requiredAttribute(element, 'value'),
    ...optional('name', localized(element, 'Name')),
  }
}

function readSlots(element: XmlElement): readonly Slot[] {
  return childrenOf(element, NS.rim, 'Slot').map((slot) => {
    const list = childOf(slot, NS.rim, 'ValueList')
    const values = list === undefined ? [] : childrenOf(list, NS.rim, 'Value').map((value) => trimmed(textOf(value)))
    return { name: requiredAttribute(slot, 'name'), values }
  })
}

const XML_SPACE = ' \t\r\n'

/** Line breaks of a pretty printer go; an ideographic space is text (XML 1.0, 2.3). */
function trimmed(value: string): string {
  let [start, end] = [0, value.length]
  while (start < end && XML_SPACE.includes(value.charAt(start))) start += 1
  while (end > start && XML_SPACE.includes(value.charAt(end - 1))) end -= 1
  return value.slice(start, end)
}

function localized(element: XmlElement, name: 'Name' | 'Description'): string | undefined {
  const holder = childOf(element, NS.rim, name)
  const first = holder === undefined ? undefined : childOf(holder, NS.rim, 'LocalizedString')
  return first === undefined ? undefined : attributeOf(first, 'value')
}

function checkOrder(element: XmlElement): void {
  let highest = 0
  for (const child of elementsOf(element)) {
    const position = child.ns === NS.rim ? CHILD_ORDER.indexOf(child.name) : -1
    if (position < highest)
      throw iheError('BODY_INVALID', {
        at: `${element.name}(${attributeOf(element, 'id') ?? ''})/${child.name}`,
        rule: `ebRIM 3.0 schema: children in the order ${CHILD_ORDER.join(', ')}`,
      })
    highest = position
  }
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

/** How an object is written: as it is submitted, or as the registry answers it (fragment with status and home spliced in). */
export function writeRegistryObject(object: RegistryObject, status?: string): Markup {
  return el(
    `rim:${object.kind}`,
    {
      id: object.id,
      ...(object.kind === 'ExtrinsicObject' ? { mimeType: object.mimeType } : {}),
      objectType: object.objectType,
      ...(object.lid === undefined ? {} : { lid: object.lid }),
      home: object.home,
      status,
    },
    objectContent(object),
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
      status,
    },
    ...association.slots.map(writeSlot),
    ...writeLocalized('Name', association.name),
    ...association.classifications.map(writeClassification),
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
  return writeAssociation(association).slice('<rim:Association'.length)
}

function objectContent(object: RegistryObject): Markup {
  return concat([
    ...object.slots.map(writeSlot),
    ...writeLocalized('Name', object.name),
    ...writeLocalized('Description', object.description),
    ...(object.version === undefined ? [] : [el('rim:VersionInfo', { versionName: object.version })]),
    ...object.classifications.map(writeClassification),
    ...object.externalIdentifiers.map(writeExternalIdentifier),
  ])
}

export function writeSlot(slot: Slot): Markup {
  return el(
    'rim:Slot',
    { name: slot.name },
    el('rim:ValueList', {}, ...slot.values.map((value) => el('rim:Value', {}, text(value)))),
  )
}

function writeLocalized(name: 'Name' | 'Description', value: string | undefined): readonly Markup[] {
  return value === undefined ? [] : [el(`rim:${name}`, {}, el('rim:LocalizedString', { value }))]
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
    ...entry.slots.map(writeSlot),
    ...writeLocalized('Name', entry.name),
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
    ...writeLocalized('Name', entry.name),
  )
}
