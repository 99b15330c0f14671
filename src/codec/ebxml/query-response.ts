// query:AdhocQueryResponse: stored fragments concatenated, with what can change spliced in (design §3; ITI TF-2 3.18.4.1.3).

import { NS } from '../../../profiles/transactions/define.ts'
import type { Association, RegistryObject } from '../../model/ebrim.ts'
import type { ReturnType, StoredObject } from '../../model/stored-query.ts'
import { childOf, elementsOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { concat, el, type Markup, trusted } from '../xml/write.ts'
import { readAssociation, readRegistryObject, writeSlot } from './registry-object.ts'
import {
  type ReceivedResponse,
  readRegistryResponse,
  responseStatus,
  type Verdict,
  writeErrorList,
} from './registry-response.ts'

export interface QueryAnswer {
  readonly returnType: ReturnType
  readonly objects: readonly StoredObject[]
  /** homeCommunityId of every object and reference in the answer of a gateway (ITI TF-2 3.38.4.1.3); a registry has none. */
  readonly home?: string
  /** Objects of other communities, with the homes they came with. */
  readonly foreign?: readonly { readonly id: string; readonly home: string | undefined; readonly xml: string }[]
}

/** The RegistryObjectList is always there, empty on Failure and where nothing was found (schema; ITI TF-3 4.2.4.3). */
export function writeQueryResponse(answer: QueryAnswer, verdict: Verdict): Markup {
  return el(
    'query:AdhocQueryResponse',
    { 'xmlns:query': NS.query, 'xmlns:rim': NS.rim, 'xmlns:rs': NS.rs, status: responseStatus(verdict.result) },
    ...writeErrorList(verdict),
    el('rim:RegistryObjectList', {}, answer.returnType === 'LeafClass' ? leafs(answer) : references(answer)),
  )
}

function leafs({ objects, home, foreign = [] }: QueryAnswer): Markup {
  let out = ''
  // Its form has been checked: urn:oid: and digits.
  const at = home === undefined ? '' : ` home="${home}"`
  for (const object of objects) out += `<rim:${object.element}${at} status="${object.status}"${contentOf(object)}`
  // Parsed and written again by our own writer.
  for (const { xml } of foreign) out += xml
  return trusted(out)
}

/** Slots come first among the children (ebRIM schema), so a Folder's lastUpdateTime goes right behind its start tag. */
function contentOf({ ebrim, lastUpdateTime }: StoredObject): string {
  if (lastUpdateTime === undefined) return ebrim
  const start = ebrim.indexOf('>') + 1
  return ebrim.slice(0, start) + writeSlot({ name: 'lastUpdateTime', values: [lastUpdateTime] }) + ebrim.slice(start)
}

function references({ objects, home, foreign = [] }: QueryAnswer): Markup {
  return concat([
    ...objects.map(({ id }) => el('rim:ObjectRef', { id, home })),
    ...foreign.map((object) => el('rim:ObjectRef', { id: object.id, home: object.home })),
  ])
}

export interface ReceivedQueryResponse extends ReceivedResponse {
  readonly objects: readonly RegistryObject[]
  readonly associations: readonly Association[]
  readonly references: readonly string[]
}

/** Client side. @throws {IheError} BODY_INVALID for objects that are not ebRIM. */
export function readQueryResponse(response: XmlElement): ReceivedQueryResponse {
  const list = childOf(response, NS.rim, 'RegistryObjectList')
  const children = list === undefined ? [] : elementsOf(list)
  return {
    ...readRegistryResponse(response),
    objects: children
      .filter((child) => child.name === 'ExtrinsicObject' || child.name === 'RegistryPackage')
      .map(readRegistryObject),
    associations: children.filter((child) => child.name === 'Association').map(readAssociation),
    references: children.filter((child) => child.name === 'ObjectRef').map((child) => child.attributes.get('id') ?? ''),
  }
}
