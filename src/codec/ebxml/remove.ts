// Removal, both ways: lcm:RemoveObjectsRequest of ITI-62 and rmd:RemoveDocumentsRequest of ITI-86 (IHE ITI supplement RMD).

import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup } from '../xml/write.ts'
import { membersOf, onlyOf } from './complete.ts'
import { requiredAttribute } from './registry-object.ts'
import { type DocumentRequest, writeDocumentRequest } from './retrieve.ts'

/** All of them are locked and judged in one transaction; a submission, however large, has fewer. */
const MAX_OBJECTS = 5000

/**
 * The ids of the ObjectRefs, none when there is no list: the registry answers that. deletionScope and AdhocQuery are not read.
 * @throws {IheError} BODY_INVALID when an ObjectRef has no id, or there are too many.
 */
export function readRemoveObjects(request: XmlElement): readonly string[] {
  const list = onlyOf(request, NS.rim, 'ObjectRefList')
  const references = list === undefined ? [] : membersOf(list, [[NS.rim, 'ObjectRef']])
  if (references.length > MAX_OBJECTS)
    throw iheError('BODY_INVALID', {
      at: 'RemoveObjectsRequest/ObjectRefList',
      value: String(references.length),
      rule: `at most ${MAX_OBJECTS} ObjectRef elements`,
    })
  return references.map((reference) => requiredAttribute(reference, 'id'))
}

export function writeRemoveObjects(ids: readonly string[]): Markup {
  return el(
    'lcm:RemoveObjectsRequest',
    { 'xmlns:lcm': NS.lcm, 'xmlns:rim': NS.rim },
    el('rim:ObjectRefList', {}, ...ids.map((id) => el('rim:ObjectRef', { id }))),
  )
}

/** Read by readRetrieveRequest: the children are those of ITI-43, in its namespace. */
export function writeRemoveDocuments(requests: readonly DocumentRequest[]): Markup {
  return el(
    'rmd:RemoveDocumentsRequest',
    { 'xmlns:rmd': NS.rmd, 'xmlns:xds': NS.xds },
    ...requests.map(writeDocumentRequest),
  )
}
