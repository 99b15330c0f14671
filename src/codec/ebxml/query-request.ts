// query:AdhocQueryRequest ↔ stored query (ITI TF-2 3.18.4.1.2).

import { iheError } from '../../../profiles/errors/index.ts'
import {
  findDocuments,
  getDocuments,
  type QueryParameter,
  type StoredQueryRow,
  storedQueries,
} from '../../../profiles/queries/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type { Slot } from '../../model/ebrim.ts'
import { formatCx, parseCx } from '../../model/identifiers.ts'
import type {
  CodeFilter,
  FindDocuments,
  GetDocuments,
  ReturnType,
  StoredQuery,
  TimeRange,
} from '../../model/stored-query.ts'
import { OBJECT_ON_DEMAND, OBJECT_STABLE, STATUS_APPROVED, STATUS_DEPRECATED } from '../../model/xds.ts'
import { attributeOf, childOf, childrenOf, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup } from '../xml/write.ts'
import { MAX_PARAMETER_VALUES, parseCode, parseList, parsePattern, parseString, parseTime } from './query-value.ts'
import { writeSlot } from './registry-object.ts'

/** Values of one parameter: outer AND (repeated slot), inner OR (values). */
type Arguments = ReadonlyMap<string, readonly (readonly string[])[]>

/**
 * @throws {IheError} BODY_INVALID, UNKNOWN_QUERY, QUERY_RETURN_TYPE, QUERY_PARAMETER_MISSING, QUERY_PARAMETER_NUMBER,
 * QUERY_PARAMETER_VALUE
 */
export function readQueryRequest(request: XmlElement): StoredQuery {
  const query = childOf(request, NS.rim, 'AdhocQuery')
  const option = childOf(request, NS.query, 'ResponseOption')
  if (query === undefined)
    throw iheError('BODY_INVALID', { at: 'AdhocQueryRequest/AdhocQuery', rule: 'required by the schema' })
  const id = attributeOf(query, 'id') ?? ''
  const row = storedQueries.find((candidate) => candidate.id === id)
  if (row === undefined) throw iheError('UNKNOWN_QUERY', { at: 'AdhocQuery/@id', value: id })
  const returnType = readReturnType(option)
  const given = readArguments(row, query)
  switch (row) {
    case findDocuments:
      return toFindDocuments(given, returnType)
    default:
      return toGetDocuments(given, returnType)
  }
}

function readReturnType(option: XmlElement | undefined): ReturnType {
  const value = option === undefined ? undefined : attributeOf(option, 'returnType')
  if (value === 'LeafClass' || value === 'ObjectRef') return value
  throw iheError('QUERY_RETURN_TYPE', { at: 'ResponseOption/@returnType', value: value ?? '' })
}

function readArguments(row: StoredQueryRow, query: XmlElement): Arguments {
  const slots = childrenOf(query, NS.rim, 'Slot')
  const given = new Map<string, readonly (readonly string[])[]>()
  for (const parameter of row.parameters) {
    const own = slots.filter((slot) => attributeOf(slot, 'name') === parameter.name)
    if (own.length > 1 && parameter.repeat === 'no')
      throw iheError('QUERY_PARAMETER_NUMBER', { at: parameter.name, rule: row.section })
    const values = own.map((slot) => readValues(parameter, slot))
    if (values.length > 0) given.set(parameter.name, values)
    else if (parameter.required === 'yes')
      throw iheError('QUERY_PARAMETER_MISSING', { at: parameter.name, rule: row.section })
  }
  const alternatives = row.exactlyOneOf ?? []
  const present = alternatives.filter((name) => given.has(name))
  if (alternatives.length > 0 && present.length === 0)
    throw iheError('QUERY_PARAMETER_MISSING', { at: alternatives.join(' or '), rule: row.section })
  if (present.length > 1) throw iheError('QUERY_PARAMETER_NUMBER', { at: present.join(' and '), rule: row.section })
  return given
}

function readValues(parameter: QueryParameter, slot: XmlElement): readonly string[] {
  const list = childOf(slot, NS.rim, 'ValueList')
  const raw = list === undefined ? [] : childrenOf(list, NS.rim, 'Value').map(textOf)
  const { name } = parameter
  if (raw.length === 0) throw iheError('QUERY_PARAMETER_MISSING', { at: name, rule: 'a slot without value' })
  if (parameter.list === 'no') {
    if (raw.length > 1) throw iheError('QUERY_PARAMETER_NUMBER', { at: name, rule: 'single value' })
    return raw.map((value) => (parameter.value === 'time' ? parseTime(name, value) : parseString(name, value)))
  }
  const members = raw.flatMap((value) => parseList(name, value))
  if (members.length > MAX_PARAMETER_VALUES)
    throw iheError('QUERY_PARAMETER_VALUE', { at: name, rule: `at most ${MAX_PARAMETER_VALUES} values` })
  switch (parameter.value) {
    case 'code':
      return members.map((value) => parseCode(name, value))
    case 'like':
      return members.map((value) => parsePattern(name, value))
    case 'string':
    case 'time':
      return members
  }
}

function toFindDocuments(given: Arguments, returnType: ReturnType): FindDocuments {
  const prefix = '$XDSDocumentEntry'
  const single = (name: string): string | undefined => given.get(prefix + name)?.[0]?.[0]
  const filter = (name: string): CodeFilter => given.get(prefix + name) ?? []
  const patientId = parseCx(single('PatientId') ?? '')
  if (patientId === undefined)
    throw iheError('QUERY_PARAMETER_VALUE', {
      at: `${prefix}PatientId`,
      value: single('PatientId') ?? '',
      rule: 'CX: id^^^&OID&ISO',
    })
  const status = (given.get(`${prefix}Status`)?.[0] ?? []).filter(
    (value) => value === STATUS_APPROVED || value === STATUS_DEPRECATED,
  )
  if (status.length === 0)
    throw iheError('QUERY_PARAMETER_MISSING', { at: `${prefix}Status`, rule: 'no known status among the values' })
  const types = given.get(`${prefix}Type`)?.[0] ?? [OBJECT_STABLE]
  return {
    kind: 'FindDocuments',
    returnType,
    patientId,
    status,
    objectTypes: types.filter((value) => value === OBJECT_STABLE || value === OBJECT_ON_DEMAND),
    codes: {
      classCode: filter('ClassCode'),
      typeCode: filter('TypeCode'),
      practiceSettingCode: filter('PracticeSettingCode'),
      healthcareFacilityTypeCode: filter('HealthcareFacilityTypeCode'),
      formatCode: filter('FormatCode'),
      eventCodeList: filter('EventCodeList'),
      confidentialityCode: filter('ConfidentialityCode'),
    },
    creationTime: range(single('CreationTimeFrom'), single('CreationTimeTo')),
    serviceStartTime: range(single('ServiceStartTimeFrom'), single('ServiceStartTimeTo')),
    serviceStopTime: range(single('ServiceStopTimeFrom'), single('ServiceStopTimeTo')),
    authorPerson: given.get(`${prefix}AuthorPerson`)?.flat() ?? [],
  }
}

function range(from: string | undefined, to: string | undefined): TimeRange {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

function toGetDocuments(given: Arguments, returnType: ReturnType): GetDocuments {
  const uuids = given.get('$XDSDocumentEntryEntryUUID')
  const values = (uuids ?? given.get('$XDSDocumentEntryUniqueId') ?? []).flat()
  return { kind: 'GetDocuments', returnType, by: uuids === undefined ? 'uniqueId' : 'entryUUID', values }
}

/** A FindDocuments request with patient and status, plus any further slots in wire syntax (client side). */
export function writeFindDocuments(query: {
  readonly patientId: Parameters<typeof formatCx>[0]
  readonly returnType: ReturnType
  readonly status?: readonly string[]
  readonly slots?: readonly Slot[]
}): Markup {
  const status = (query.status ?? [STATUS_APPROVED]).map((value) => `'${value}'`).join(',')
  return writeQuery({
    id: findDocuments.id,
    returnType: query.returnType,
    slots: [
      { name: '$XDSDocumentEntryPatientId', values: [`'${formatCx(query.patientId).replaceAll("'", "''")}'`] },
      { name: '$XDSDocumentEntryStatus', values: [`(${status})`] },
      ...(query.slots ?? []),
    ],
  })
}

/** A GetDocuments request by entryUUID or uniqueId (client side). */
export function writeGetDocuments(query: Omit<GetDocuments, 'kind'>): Markup {
  const name = query.by === 'entryUUID' ? '$XDSDocumentEntryEntryUUID' : '$XDSDocumentEntryUniqueId'
  const list = query.values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',')
  return writeQuery({ id: getDocuments.id, returnType: query.returnType, slots: [{ name, values: [`(${list})`] }] })
}

function writeQuery(query: {
  readonly id: string
  readonly returnType: ReturnType
  readonly slots: readonly Slot[]
}): Markup {
  return el(
    'query:AdhocQueryRequest',
    { 'xmlns:query': NS.query, 'xmlns:rim': NS.rim },
    el('query:ResponseOption', { returnComposedObjects: 'true', returnType: query.returnType }),
    el('rim:AdhocQuery', { id: query.id }, ...query.slots.map(writeSlot)),
  )
}
