// query:AdhocQueryRequest ↔ stored query (ITI TF-2 3.18.4.1.2, 3.51.4.1.2).

import { iheError } from '../../../profiles/errors/index.ts'
import { findDocuments, getDocuments, type StoredQueryRow, storedQueries } from '../../../profiles/queries/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type { Slot } from '../../model/ebrim.ts'
import { formatCx } from '../../model/identifiers.ts'
import type { ReturnType, StoredQuery } from '../../model/stored-query.ts'
import { STATUS_APPROVED } from '../../model/xds.ts'
import { attributeOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup } from '../xml/write.ts'
import { onlyOf } from './complete.ts'
import { readArguments } from './query-arguments.ts'
import { toStoredQuery } from './query-kinds.ts'
import { listValue, stringValue } from './query-value.ts'
import { writeSlot } from './registry-object.ts'

/**
 * Of one transaction: the query ids of ITI-51 are unknown in ITI-18 and the other way round.
 * @throws {IheError} BODY_INVALID, UNKNOWN_QUERY, QUERY_RETURN_TYPE, QUERY_PARAMETER_MISSING, QUERY_PARAMETER_NUMBER,
 * QUERY_PARAMETER_VALUE, QUERY_VALUES_LIMIT, QUERY_LOGICAL_ID
 */
export function readQueryRequest(
  request: XmlElement,
  transaction: StoredQueryRow['transaction'] = 'ITI-18',
): StoredQuery {
  const query = onlyOf(request, NS.rim, 'AdhocQuery')
  const option = onlyOf(request, NS.query, 'ResponseOption')
  if (query === undefined)
    throw iheError('BODY_INVALID', { at: 'AdhocQueryRequest/AdhocQuery', rule: 'required by the schema' })
  const id = attributeOf(query, 'id') ?? ''
  const row = storedQueries.find((candidate) => candidate.id === id && candidate.transaction === transaction)
  if (row === undefined) throw iheError('UNKNOWN_QUERY', { at: 'AdhocQuery/@id', value: id })
  const returnType = readReturnType(option)
  return toStoredQuery(row.name, readArguments(row, query), returnType)
}

function readReturnType(option: XmlElement | undefined): ReturnType {
  const value = option === undefined ? undefined : attributeOf(option, 'returnType')
  if (value === 'LeafClass' || value === 'ObjectRef') return value
  throw iheError('QUERY_RETURN_TYPE', { at: 'ResponseOption/@returnType', value: value ?? '' })
}

/** A request of any stored query, its slots in wire syntax (client side). */
export function writeStoredQuery(query: {
  readonly id: string
  readonly returnType: ReturnType
  readonly slots: readonly Slot[]
  /** homeCommunityId of whom it is for, at a gateway. */
  readonly home?: string
}): Markup {
  return el(
    'query:AdhocQueryRequest',
    { 'xmlns:query': NS.query, 'xmlns:rim': NS.rim },
    el('query:ResponseOption', { returnComposedObjects: 'true', returnType: query.returnType }),
    el('rim:AdhocQuery', { id: query.id, home: query.home }, ...query.slots.map(writeSlot)),
  )
}

/** A FindDocuments request with patient and status, plus any further slots in wire syntax (client side). */
export function writeFindDocuments(query: {
  readonly patientId: Parameters<typeof formatCx>[0]
  readonly returnType: ReturnType
  readonly status?: readonly string[]
  readonly slots?: readonly Slot[]
}): Markup {
  return writeStoredQuery({
    id: findDocuments.id,
    returnType: query.returnType,
    slots: [
      { name: '$XDSDocumentEntryPatientId', values: [stringValue(formatCx(query.patientId))] },
      { name: '$XDSDocumentEntryStatus', values: [listValue(query.status ?? [STATUS_APPROVED])] },
      ...(query.slots ?? []),
    ],
  })
}

/** A GetDocuments request by entryUUID or uniqueId (client side). */
export function writeGetDocuments(query: {
  readonly by: 'entryUUID' | 'uniqueId'
  readonly values: readonly string[]
  readonly returnType: ReturnType
  readonly home?: string
}): Markup {
  const name = query.by === 'entryUUID' ? '$XDSDocumentEntryEntryUUID' : '$XDSDocumentEntryUniqueId'
  return writeStoredQuery({
    id: getDocuments.id,
    returnType: query.returnType,
    slots: [{ name, values: [listValue(query.values)] }],
    ...(query.home === undefined ? {} : { home: query.home }),
  })
}
