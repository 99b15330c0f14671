// lcm:SubmitObjectsRequest (ITI-42 body) and xds:ProvideAndRegisterDocumentSetRequest (ITI-41 body), both ways.

import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type { Classification, RegistryObject, SubmitObjects } from '../../model/ebrim.ts'
import { contentIdOf, xopInclude } from '../mtom/include.ts'
import { attributeOf, childrenOf, elementsOf, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup, text } from '../xml/write.ts'
import { onlyOf } from './complete.ts'
import {
  readAssociation,
  readClassification,
  readRegistryObject,
  requiredAttribute,
  writeAssociation,
  writeRegistryObject,
} from './registry-object.ts'

/**
 * Reads the objects of a submission; labels that stand beside their package are put inside it (ITI TF-3 4.2.1.4).
 * @throws {IheError} BODY_INVALID where the schema is broken.
 */
export function readSubmitObjects(request: XmlElement): SubmitObjects {
  const list = onlyOf(request, NS.rim, 'RegistryObjectList')
  if (list === undefined)
    throw iheError('BODY_INVALID', { at: 'SubmitObjectsRequest', rule: 'RegistryObjectList required' })
  const objects: RegistryObject[] = []
  const associations = []
  const labels: Classification[] = []
  for (const child of elementsOf(list)) {
    if (child.ns !== NS.rim)
      throw iheError('BODY_INVALID', { at: `RegistryObjectList/${child.name}`, rule: 'ebRIM objects only' })
    if (child.name === 'ExtrinsicObject' || child.name === 'RegistryPackage') objects.push(readRegistryObject(child))
    else if (child.name === 'Association') associations.push(readAssociation(child))
    else if (child.name === 'Classification') labels.push(readClassification(child))
    else if (child.name !== 'ObjectRef')
      throw iheError('BODY_INVALID', {
        at: `RegistryObjectList/${child.name}`,
        rule: 'ITI TF-3 4.2.1: not part of a submission',
      })
  }
  const owners = new Set([...objects, ...associations].map((object) => object.id))
  const stray = labels.find((label) => !owners.has(label.classifiedObject))
  if (stray !== undefined)
    throw iheError('METADATA_INVALID', {
      at: 'RegistryObjectList/Classification/@classifiedObject',
      value: stray.classifiedObject,
      rule: 'ITI TF-3 4.2.3.1.2 must be the id of an object of the submission',
    })
  return { objects: withLabels(objects, labels), associations: withLabels(associations, labels) }
}

function withLabels<T extends Pick<RegistryObject, 'id' | 'classifications'>>(
  objects: readonly T[],
  labels: readonly Classification[],
): readonly T[] {
  const byObject = new Map<string, Classification[]>()
  for (const label of labels) {
    const own = byObject.get(label.classifiedObject)
    if (own === undefined) byObject.set(label.classifiedObject, [label])
    else own.push(label)
  }
  return objects.map((object) => {
    const own = byObject.get(object.id) ?? []
    return own.length === 0 ? object : { ...object, classifications: [...object.classifications, ...own] }
  })
}

export function writeSubmitObjects(submission: SubmitObjects): Markup {
  return el(
    'lcm:SubmitObjectsRequest',
    { 'xmlns:lcm': NS.lcm, 'xmlns:rim': NS.rim },
    el(
      'rim:RegistryObjectList',
      {},
      ...submission.objects.map((object) => writeRegistryObject(object)),
      ...submission.associations.map((association) => writeAssociation(association)),
    ),
  )
}

/** A document of ITI-41: inline bytes, or the Content-ID of the MTOM part that holds them. */
export interface ProvidedDocument {
  readonly id: string
  readonly content:
    | { readonly kind: 'inline'; readonly bytes: Buffer }
    | { readonly kind: 'part'; readonly contentId: string }
}

export interface ProvideAndRegister {
  readonly submission: SubmitObjects
  readonly documents: readonly ProvidedDocument[]
}

/** @throws {IheError} BODY_INVALID, MTOM_INCLUDE */
export function readProvideAndRegister(request: XmlElement): ProvideAndRegister {
  const submit = onlyOf(request, NS.lcm, 'SubmitObjectsRequest')
  if (submit === undefined)
    throw iheError('BODY_INVALID', { at: `${request.name}/SubmitObjectsRequest`, rule: 'required by the schema' })
  const documents = childrenOf(request, NS.xds, 'Document').map((element) => ({
    id: requiredAttribute(element, 'id'),
    content: readBinary(element),
  }))
  const parts = documents.flatMap(({ content }) => (content.kind === 'part' ? [content.contentId] : []))
  const seen = new Set<string>()
  const repeated = parts.find((part) => {
    const known = seen.has(part)
    seen.add(part)
    return known
  })
  if (repeated !== undefined)
    throw iheError('MTOM_INCLUDE', { at: 'Document/Include/@href', value: repeated, rule: 'one Include a part' })
  return { submission: readSubmitObjects(submit), documents }
}

/**
 * The content of an xs:base64Binary element: inline base64 or one xop:Include as its only child (XOP 1.0 section 3.1).
 * @throws {IheError} MTOM_INCLUDE, BODY_INVALID
 */
export function readBinary(element: XmlElement): ProvidedDocument['content'] {
  const [include, ...others] = elementsOf(element)
  if (include === undefined) return { kind: 'inline', bytes: decodeBase64(element) }
  const alone = others.length === 0 && textOf(element).trim() === ''
  if (!alone || include.ns !== NS.xop || include.name !== 'Include')
    throw iheError('MTOM_INCLUDE', {
      at: `${element.name}/${include.name}`,
      rule: 'XOP 1.0: xop:Include is the only child',
    })
  return { kind: 'part', contentId: contentIdOf(attributeOf(include, 'href') ?? '') }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function decodeBase64(element: XmlElement): Buffer {
  const encoded = textOf(element).replace(/\s+/g, '')
  if (encoded.length % 4 !== 0 || !BASE64.test(encoded))
    throw iheError('BODY_INVALID', { at: element.name, rule: 'xs:base64Binary' })
  return Buffer.from(encoded, 'base64')
}

export function writeProvideAndRegister(request: {
  readonly submission: SubmitObjects
  readonly documents: readonly ProvidedDocument[]
}): Markup {
  return el(
    'xds:ProvideAndRegisterDocumentSetRequest',
    { 'xmlns:xds': NS.xds },
    writeSubmitObjects(request.submission),
    ...request.documents.map((document) => el('xds:Document', { id: document.id }, writeBinary(document.content))),
  )
}

export function writeBinary(content: ProvidedDocument['content']): Markup {
  return content.kind === 'inline' ? text(content.bytes.toString('base64')) : xopInclude(content.contentId)
}
