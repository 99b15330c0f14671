// ebRIM as tables: registry objects by the names of XDS, parameters of stored queries, requested documents, errors (ITI TF-3 4.2).

import {
  documentEntryAttributes,
  folderAttributes,
  submissionSetAttributes,
} from '../../../profiles/metadata/attributes.ts'
import { storedQueries } from '../../../profiles/queries/index.ts'
import { NS } from '../../../profiles/transactions/index.ts'
import type { InspectionTable } from '../../model/inspection.ts'
import type { XmlElement } from '../xml/element.ts'
import { attributeOf, childrenOf, elementsOf, textOf } from '../xml/navigate.ts'

/** Rows that a person can still read; what is more stands in the text. */
const MAX_ROWS = 2000

type Row = readonly string[]

/** All descendants with one of these names, the element itself among them. */
function* found(element: XmlElement, names: ReadonlySet<string>): Generator<XmlElement> {
  if (names.has(element.name)) yield element
  for (const child of elementsOf(element)) yield* found(child, names)
}

function table(title: string, columns: readonly string[], rows: readonly Row[]): InspectionTable | undefined {
  return rows.length === 0 ? undefined : { title, columns, rows: rows.slice(0, MAX_ROWS) }
}

const OBJECTS: ReadonlySet<string> = new Set(['ExtrinsicObject', 'RegistryPackage', 'Association', 'ObjectRef'])

export function objectTable(content: XmlElement): InspectionTable | undefined {
  const rows = [...found(content, OBJECTS)].flatMap((object) => {
    const label = `${object.name} ${attributeOf(object, 'id') ?? ''}`.trim()
    return objectRows(object).map(([name, value]) => [label, name, value])
  })
  return table('registry objects / 登録オブジェクト', ['object', 'attribute', 'value'], rows)
}

const SCHEMES: ReadonlyMap<string, string> = new Map(
  [...documentEntryAttributes, ...submissionSetAttributes, ...folderAttributes].flatMap(({ name, coding }) =>
    'scheme' in coding ? [[coding.scheme, name] as const] : [],
  ),
)
const IDENTITY: ReadonlySet<string> = new Set(['id', 'lid'])

function objectRows(object: XmlElement): readonly (readonly [name: string, value: string])[] {
  const own = [...object.attributes].flatMap(([name, value]) => (IDENTITY.has(name) ? [] : [[name, value] as const]))
  return [...own, ...elementsOf(object).map(partRow)]
}

function partRow(part: XmlElement): readonly [string, string] {
  switch (part.name) {
    case 'Slot':
      return [attributeOf(part, 'name') ?? 'Slot', valuesOf(part).join(', ')]
    case 'Name':
      return ['title', localized(part)]
    case 'Description':
      return ['comments', localized(part)]
    case 'ExternalIdentifier':
      return [nameOf(part, 'identificationScheme'), attributeOf(part, 'value') ?? '']
    case 'Classification':
      return [nameOf(part, 'classificationScheme'), classified(part)]
  }
  return [part.name, [...part.attributes.values()].join(' ')]
}

function nameOf(part: XmlElement, scheme: string): string {
  const uuid = attributeOf(part, scheme)
  if (uuid === undefined) return part.name
  return SCHEMES.get(uuid) ?? uuid
}

/** A code with its scheme and text, or what is said of an author. */
function classified(part: XmlElement): string {
  const node = attributeOf(part, 'classificationNode')
  if (node !== undefined) return node
  const slots = childrenOf(part, NS.rim, 'Slot').map((slot) => {
    const name = attributeOf(slot, 'name') ?? ''
    return name === 'codingScheme' ? valuesOf(slot).join() : `${name}: ${valuesOf(slot).join(', ')}`
  })
  const name = childrenOf(part, NS.rim, 'Name').map(localized)
  return [attributeOf(part, 'nodeRepresentation') ?? '', ...slots, ...name].filter((text) => text !== '').join(' · ')
}

function localized(part: XmlElement): string {
  return childrenOf(part, NS.rim, 'LocalizedString')
    .map((text) => attributeOf(text, 'value') ?? '')
    .join(' / ')
}

function valuesOf(slot: XmlElement): readonly string[] {
  return [...found(slot, new Set(['Value']))].map((value) => textOf(value).trim())
}

export function parameterTable(content: XmlElement): InspectionTable | undefined {
  const [query] = found(content, new Set(['AdhocQuery']))
  if (query === undefined || content.name !== 'AdhocQueryRequest') return undefined
  const id = attributeOf(query, 'id') ?? ''
  const name = storedQueries.find(({ id: known }) => known === id)?.name ?? id
  const rows = childrenOf(query, NS.rim, 'Slot').map((slot) => [
    attributeOf(slot, 'name') ?? '',
    valuesOf(slot).join(', '),
  ])
  return table(`stored query ${name} / 照会`, ['parameter', 'value'], [['query', id], ...rows])
}

export function requestedTable(content: XmlElement): InspectionTable | undefined {
  const of = (element: XmlElement, name: string): string =>
    textOf(elementsOf(element).find((child) => child.name === name)).trim()
  const rows = [...found(content, new Set(['DocumentRequest', 'DocumentResponse']))].map((element) => [
    element.name,
    of(element, 'DocumentUniqueId'),
    of(element, 'RepositoryUniqueId'),
    of(element, 'HomeCommunityId'),
    of(element, 'mimeType'),
  ])
  return table('documents / 文書', ['what', 'documentUniqueId', 'repositoryUniqueId', 'homeCommunityId', 'type'], rows)
}

export function errorTable(content: XmlElement): InspectionTable | undefined {
  const rows = [...found(content, new Set(['RegistryError']))].map((error) =>
    ['severity', 'errorCode', 'codeContext', 'location'].map((name) => attributeOf(error, name) ?? ''),
  )
  return table('errors / エラー', ['severity', 'code', 'context', 'location'], rows)
}
