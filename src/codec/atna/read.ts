// Reads the audit message of another system, strictly in the order of the schema (DICOM PS3.15 A.5.1; ITI TF-2 3.20.4.1).

import { iheError } from '../../../profiles/errors/index.ts'
import type { AuditCode, AuditDetail, AuditMessage, AuditObject, AuditParticipant } from '../../model/audit-message.ts'
import type { XmlElement } from '../xml/element.ts'
import { attributeOf, elementsOf, textOf } from '../xml/navigate.ts'
import { readXml } from '../xml/read.ts'

/** Nobody but the sender knows a UUID of a message that has no correlation object. */
export type ReceivedAuditMessage = Omit<AuditMessage, 'uuid'> & { readonly uuid?: string }

/** A query, and an identifier list, may be long. */
const LIMITS = { maxBytes: 1024 * 1024, maxDepth: 8 }

/**
 * The message of a record; values that are in base64 there are plain here, unless they are no base64: then they are as they came.
 * @throws {IheError} BODY_INVALID (naming element or attribute, value and rule), and those of `readXml`.
 */
export function readAuditMessage(xml: Buffer | string): ReceivedAuditMessage {
  const root = readXml(typeof xml === 'string' ? Buffer.from(xml, 'utf8') : xml, { limits: LIMITS })
  if (root.name !== 'AuditMessage' || root.ns !== '')
    throw invalid('/', { value: root.ns === '' ? root.name : `{${root.ns}}${root.name}`, rule: 'AuditMessage' })
  const [event, participants, sources, objects] = sections(root)
  const read = {
    ...eventOf(event),
    participants: participants.map(participantOf),
    source: sourceOf(sources),
    objects: objects.map(objectOf),
  }
  const uuid = uuidOf(read.objects)
  return uuid === undefined ? read : { ...read, uuid }
}

type Sections = readonly [XmlElement, readonly XmlElement[], XmlElement, readonly XmlElement[]]

/** Top elements in their order: one event, participants, one source, objects. */
function sections(root: XmlElement): Sections {
  const at = 'AuditMessage'
  const [events, participants, sources, objects] = inOrder(root, {
    at,
    names: ['EventIdentification', 'ActiveParticipant', 'AuditSourceIdentification', 'ParticipantObjectIdentification'],
  })
  const event = only(events, `${at}/EventIdentification`)
  if (participants.length === 0) throw invalid(`${at}/ActiveParticipant`, { rule: 'at least one' })
  return [event, participants, only(sources, `${at}/AuditSourceIdentification`), objects]
}

const ACTIONS: readonly string[] = ['C', 'R', 'U', 'D', 'E'] satisfies readonly AuditMessage['action'][]
const OUTCOMES: readonly string[] = ['0', '4', '8', '12']

function eventOf(
  event: XmlElement,
): Pick<AuditMessage, 'action' | 'at' | 'outcome' | 'eventId' | 'eventTypes' | 'outcomeDescription' | 'purposesOfUse'> {
  const at = 'EventIdentification'
  const [ids, types, descriptions, purposes] = inOrder(event, {
    at,
    names: ['EventID', 'EventTypeCode', 'EventOutcomeDescription', 'PurposeOfUse'],
  })
  const description = atMostOne(descriptions, `${at}/EventOutcomeDescription`)
  return {
    action: oneOf(event, `${at}/@EventActionCode`, ACTIONS) as AuditMessage['action'],
    at: timeOf(event, `${at}/@EventDateTime`),
    outcome: Number(oneOf(event, `${at}/@EventOutcomeIndicator`, OUTCOMES)) as AuditMessage['outcome'],
    eventId: codeOf(only(ids, `${at}/EventID`), `${at}/EventID`),
    eventTypes: types.map((type) => codeOf(type, `${at}/EventTypeCode`)),
    ...(description === undefined ? {} : { outcomeDescription: textOf(description) }),
    purposesOfUse: purposes.map((purpose) => codeOf(purpose, `${at}/PurposeOfUse`)),
  }
}

/** A phone number is neither; it is the rarest, and what it says is in the record itself. */
const ACCESS_POINT_TYPES: ReadonlyMap<string, 'name' | 'address'> = new Map([
  ['1', 'name'],
  ['2', 'address'],
])

function participantOf(element: XmlElement, index: number): AuditParticipant {
  const at = `ActiveParticipant[${index + 1}]`
  const [roles] = inOrder(element, { at, names: ['RoleIDCode', 'MediaIdentifier'] })
  const alternativeUserId = attributeOf(element, 'AlternativeUserID')
  const userName = attributeOf(element, 'UserName')
  const accessPoint = attributeOf(element, 'NetworkAccessPointID')
  const type = ACCESS_POINT_TYPES.get(attributeOf(element, 'NetworkAccessPointTypeCode') ?? '')
  return {
    userId: required(element, `${at}/@UserID`),
    ...(alternativeUserId === undefined ? {} : { alternativeUserId }),
    ...(userName === undefined ? {} : { userName }),
    isRequestor: ['true', '1'].includes(oneOf(element, `${at}/@UserIsRequestor`, ['true', 'false', '1', '0'])),
    ...(accessPoint === undefined || type === undefined ? {} : { networkAccessPoint: { id: accessPoint, type } }),
    roles: (roles ?? []).map((role) => codeOf(role, `${at}/RoleIDCode`)),
  }
}

function sourceOf(element: XmlElement): AuditMessage['source'] {
  const at = 'AuditSourceIdentification'
  const [types] = inOrder(element, { at, names: ['AuditSourceTypeCode'] })
  const enterpriseSiteId = attributeOf(element, 'AuditEnterpriseSiteID')
  return {
    ...(enterpriseSiteId === undefined ? {} : { enterpriseSiteId }),
    sourceId: required(element, `${at}/@AuditSourceID`),
    types: (types ?? []).map(sourceTypeOf),
  }
}

/** Former schemas have `code` instead of csd-code, or the code as text, and nothing beside it. */
function sourceTypeOf(element: XmlElement): AuditCode {
  const code = attributeOf(element, 'csd-code') ?? attributeOf(element, 'code') ?? textOf(element).trim()
  if (code === '') throw invalid('AuditSourceTypeCode/@csd-code', { rule: 'required' })
  return {
    code,
    system: attributeOf(element, 'codeSystemName') ?? '',
    text: attributeOf(element, 'originalText') ?? '',
  }
}

const TYPE_CODES: readonly string[] = ['1', '2', '3', '4']

function objectOf(element: XmlElement, index: number): AuditObject {
  const at = `ParticipantObjectIdentification[${index + 1}]`
  const [idTypes, names, queries, details] = inOrder(element, {
    at,
    names: [
      'ParticipantObjectIDTypeCode',
      'ParticipantObjectName',
      'ParticipantObjectQuery',
      'ParticipantObjectDetail',
      // What former schemas describe besides; it stays in the record.
      'ParticipantObjectDescription',
    ],
  })
  const name = atMostOne(names, `${at}/ParticipantObjectName`)
  const query = atMostOne(queries, `${at}/ParticipantObjectQuery`)
  if (name !== undefined && query !== undefined) throw invalid(at, { rule: 'ParticipantObjectName or Query, not both' })
  const role = numberOf(element, `${at}/@ParticipantObjectTypeCodeRole`)
  const lifeCycle = numberOf(element, `${at}/@ParticipantObjectDataLifeCycle`)
  const sensitivity = attributeOf(element, 'ParticipantObjectSensitivity')
  return {
    id: required(element, `${at}/@ParticipantObjectID`),
    typeCode: typeCodeOf(element, at),
    ...(role === undefined ? {} : { typeCodeRole: role }),
    ...(lifeCycle === undefined ? {} : { lifeCycle }),
    ...(sensitivity === undefined ? {} : { sensitivity }),
    idType: codeOf(only(idTypes, `${at}/ParticipantObjectIDTypeCode`), `${at}/ParticipantObjectIDTypeCode`),
    ...(name === undefined ? {} : { name: textOf(name) }),
    ...(query === undefined ? {} : { query: plain(textOf(query)) }),
    details: details.map((detail) => detailOf(detail, `${at}/ParticipantObjectDetail`)),
  }
}

/** The schema lets it be absent: then it is of no kind that has a code. */
function typeCodeOf(element: XmlElement, at: string): AuditObject['typeCode'] {
  if (attributeOf(element, 'ParticipantObjectTypeCode') === undefined) return 4
  return Number(oneOf(element, `${at}/@ParticipantObjectTypeCode`, TYPE_CODES)) as AuditObject['typeCode']
}

function detailOf(element: XmlElement, at: string): AuditDetail {
  return { type: required(element, `${at}/@type`), value: plain(attributeOf(element, 'value') ?? '') }
}

/** Some senders leave a detail as it is. */
function plain(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64.replaceAll(/[ \t\r\n]/g, '')) return base64
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return base64
  }
}

/** `code` is how former schemas name csd-code; the system and the text that they leave out are empty here. */
function codeOf(element: XmlElement, at: string): AuditCode {
  const current = attributeOf(element, 'csd-code')
  if (current === undefined) {
    const code = attributeOf(element, 'code')
    if (code === undefined) throw invalid(`${at}/@csd-code`, { rule: 'required' })
    return {
      code,
      system: attributeOf(element, 'codeSystemName') ?? '',
      text: attributeOf(element, 'displayName') ?? '',
    }
  }
  return {
    code: current,
    system: required(element, `${at}/@codeSystemName`),
    text: required(element, `${at}/@originalText`),
  }
}

const UUID = /^(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
const CORRELATIONS: ReadonlySet<string> = new Set(['XrequestId', 'traceparent'])

/** Of the correlation object, lower case. */
function uuidOf(objects: readonly AuditObject[]): string | undefined {
  for (const { typeCode, typeCodeRole, idType, id } of objects) {
    const uuid = UUID.exec(id)?.[1]
    if (typeCode === 4 && typeCodeRole === 26 && CORRELATIONS.has(idType.code) && uuid !== undefined)
      return uuid.toLowerCase()
  }
  return undefined
}

/** Children by name; each name stands behind the one before it. @throws {IheError} for another order, another element. */
function inOrder<const N extends readonly string[]>(
  element: XmlElement,
  { at, names }: { readonly at: string; readonly names: N },
): { readonly [K in keyof N]: readonly XmlElement[] } {
  const found = names.map((): XmlElement[] => [])
  let place = 0
  for (const child of elementsOf(element)) {
    const position = child.ns === '' ? names.indexOf(child.name) : -1
    if (position < place) throw invalid(`${at}/${child.name}`, { rule: `children in the order ${names.join(', ')}` })
    place = position
    found[position]?.push(child)
  }
  return found as unknown as { readonly [K in keyof N]: readonly XmlElement[] }
}

function only(elements: readonly XmlElement[], at: string): XmlElement {
  const [one, ...more] = elements
  if (one === undefined || more.length > 0) throw invalid(at, { rule: 'exactly one' })
  return one
}

function atMostOne(elements: readonly XmlElement[], at: string): XmlElement | undefined {
  if (elements.length > 1) throw invalid(at, { rule: 'at most one' })
  return elements[0]
}

/** @param at ends in `@name`. */
function required(element: XmlElement, at: string): string {
  const value = attributeOf(element, at.slice(at.lastIndexOf('@') + 1))
  if (value === undefined) throw invalid(at, { rule: 'required' })
  return value
}

function oneOf(element: XmlElement, at: string, allowed: readonly string[]): string {
  const value = required(element, at)
  if (!allowed.includes(value)) throw invalid(at, { value, rule: `one of ${allowed.join(', ')}` })
  return value
}

function numberOf(element: XmlElement, at: string): number | undefined {
  const value = attributeOf(element, at.slice(at.lastIndexOf('@') + 1))
  if (value === undefined) return undefined
  if (!/^\d{1,3}$/.test(value)) throw invalid(at, { value, rule: 'a number' })
  return Number(value)
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/

/** Without offset it is of the place of the sender, which is not known: read as UTC. */
function timeOf(element: XmlElement, at: string): Date {
  const value = required(element, at)
  const time = new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z`)
  if (!DATE_TIME.test(value) || Number.isNaN(time.getTime())) throw invalid(at, { value, rule: 'xs:dateTime' })
  return time
}

function invalid(at: string, details: { readonly value?: string; readonly rule: string }) {
  return iheError('BODY_INVALID', { at, ...details })
}
