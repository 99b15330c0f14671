// xds:RetrieveDocumentSetRequest and its response, both ways (ITI TF-2 3.43.4).

import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import { childOf, childrenOf, elementsOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup, text } from '../xml/write.ts'
import { membersOf, onlyText } from './complete.ts'
import {
  type ReceivedResponse,
  readRegistryResponse,
  type Verdict,
  writeRegistryResponse,
} from './registry-response.ts'
import { type ProvidedDocument, readBinary, writeBinary } from './submit.ts'

/** One document asked for; the home is echoed when it was sent. */
export interface DocumentRequest {
  readonly homeCommunityId?: string
  readonly repositoryUniqueId: string
  readonly documentUniqueId: string
}

const ORDER = ['HomeCommunityId', 'RepositoryUniqueId', 'DocumentUniqueId']
const MAX_DOCUMENT_REQUESTS = 1000

/** @throws {IheError} BODY_INVALID when an id is missing, the order is not the schema's, or nothing is asked. */
export function readRetrieveRequest(request: XmlElement): readonly DocumentRequest[] {
  const requests = membersOf(request, [[NS.xds, 'DocumentRequest']])
  if (requests.length === 0 || requests.length > MAX_DOCUMENT_REQUESTS)
    throw iheError('BODY_INVALID', {
      at: request.name,
      rule: `1 to ${MAX_DOCUMENT_REQUESTS} DocumentRequest elements`,
    })
  return requests.map((entry, index) => {
    const at = `DocumentRequest[${index + 1}]`
    const positions = elementsOf(entry).map((child) => (child.ns === NS.xds ? ORDER.indexOf(child.name) : -1))
    if (positions.some((position, place) => position < 0 || position <= (positions[place - 1] ?? -1)))
      throw iheError('BODY_INVALID', { at, rule: `children in the order ${ORDER.join(', ')}` })
    const home = childText(entry, 'HomeCommunityId')
    return {
      repositoryUniqueId: required(entry, { name: 'RepositoryUniqueId', at }),
      documentUniqueId: required(entry, { name: 'DocumentUniqueId', at }),
      ...(home === undefined ? {} : { homeCommunityId: home }),
    }
  })
}

function required(entry: XmlElement, place: { name: string; at: string }): string {
  const value = childText(entry, place.name)
  if (value === undefined)
    throw iheError('BODY_INVALID', { at: `${place.at}/${place.name}`, rule: 'required by the schema' })
  return value
}

function childText(entry: XmlElement, name: string): string | undefined {
  const child = childOf(entry, NS.xds, name)
  const value = child === undefined ? '' : onlyText(child).trim()
  return value === '' ? undefined : value
}

export function writeRetrieveRequest(requests: readonly DocumentRequest[]): Markup {
  return el('xds:RetrieveDocumentSetRequest', { 'xmlns:xds': NS.xds }, ...requests.map(writeDocumentRequest))
}

export function writeDocumentRequest(request: DocumentRequest): Markup {
  return el('xds:DocumentRequest', {}, ...ids(request))
}

function ids(entry: DocumentRequest): readonly Markup[] {
  return [
    ...(entry.homeCommunityId === undefined ? [] : [el('xds:HomeCommunityId', {}, text(entry.homeCommunityId))]),
    el('xds:RepositoryUniqueId', {}, text(entry.repositoryUniqueId)),
    el('xds:DocumentUniqueId', {}, text(entry.documentUniqueId)),
  ]
}

/** One document in the answer, where its bytes are, and the type its DocumentEntry has. */
export interface RetrievedDocument {
  readonly request: DocumentRequest
  readonly mimeType: string
  /** Of the snapshot that an On-Demand entry gave (ITI TF-2 3.43.4.2.2). */
  readonly snapshot?: { readonly repositoryUniqueId?: string; readonly documentUniqueId: string }
  readonly content: ProvidedDocument['content']
}

export function writeRetrieveResponse(documents: readonly RetrievedDocument[], verdict: Verdict): Markup {
  return el(
    'xds:RetrieveDocumentSetResponse',
    { 'xmlns:xds': NS.xds },
    writeRegistryResponse(verdict),
    ...documents.map((entry) =>
      el(
        'xds:DocumentResponse',
        {},
        ...ids(entry.request),
        ...snapshotIds(entry),
        el('xds:mimeType', {}, text(entry.mimeType)),
        el('xds:Document', {}, writeBinary(entry.content)),
      ),
    ),
  )
}

function snapshotIds({ snapshot }: RetrievedDocument): readonly Markup[] {
  if (snapshot === undefined) return []
  const { repositoryUniqueId, documentUniqueId } = snapshot
  return [
    ...(repositoryUniqueId === undefined ? [] : [el('xds:NewRepositoryUniqueId', {}, text(repositoryUniqueId))]),
    el('xds:NewDocumentUniqueId', {}, text(documentUniqueId)),
  ]
}

export interface ReceivedRetrieveResponse extends ReceivedResponse {
  readonly documents: readonly RetrievedDocument[]
}

/** Client side. @throws {IheError} BODY_INVALID, MTOM_INCLUDE */
export function readRetrieveResponse(response: XmlElement): ReceivedRetrieveResponse {
  const verdict = childOf(response, NS.rs, 'RegistryResponse')
  if (verdict === undefined)
    throw iheError('BODY_INVALID', { at: `${response.name}/RegistryResponse`, rule: 'required by the schema' })
  return {
    ...readRegistryResponse(verdict),
    documents: childrenOf(response, NS.xds, 'DocumentResponse').map((entry) => {
      const document = childOf(entry, NS.xds, 'Document')
      if (document === undefined)
        throw iheError('BODY_INVALID', { at: 'DocumentResponse/Document', rule: 'required by the schema' })
      const home = childText(entry, 'HomeCommunityId')
      const newId = childText(entry, 'NewDocumentUniqueId')
      const newRepository = childText(entry, 'NewRepositoryUniqueId')
      return {
        request: {
          repositoryUniqueId: childText(entry, 'RepositoryUniqueId') ?? '',
          documentUniqueId: childText(entry, 'DocumentUniqueId') ?? '',
          ...(home === undefined ? {} : { homeCommunityId: home }),
        },
        ...(newId === undefined
          ? {}
          : {
              snapshot: {
                documentUniqueId: newId,
                ...(newRepository === undefined ? {} : { repositoryUniqueId: newRepository }),
              },
            }),
        mimeType: childText(entry, 'mimeType') ?? '',
        content: readBinary(document),
      }
    }),
  }
}
