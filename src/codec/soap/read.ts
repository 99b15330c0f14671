// Reads a SOAP 1.2 envelope with WS-Addressing 1.0 headers and checks both (SOAP 1.2 Part 1, 5; ITI TF-2 Appendix V).

import { iheError } from '../../../profiles/errors/index.ts'
import type { XmlElement } from '../xml/element.ts'
import { childOf, childrenOf, elementsOf, hasElementContent, textOf } from '../xml/navigate.ts'
import { MAX_HEADER_CHARACTERS, OUR_ROLES, SOAP12, UNDERSTOOD, WSA } from './constants.ts'

/** A longer MessageID is not echoed into the fault of a message that is not trusted yet. */
const MAX_PEEKED_CHARACTERS = 1024

const NOTHING_MORE: ReadonlySet<string> = new Set()

export interface SoapMessage {
  readonly action: string
  readonly messageId?: string
  readonly to?: string
  /** Addresses of ReplyTo and FaultTo, as sent; whether they will do is for the door to decide. */
  readonly replyTo?: string
  readonly faultTo?: string
  readonly relatesTo?: string
  /** The one child of Body. */
  readonly body: XmlElement
  /** Every header block, in order. */
  readonly headers: readonly XmlElement[]
}

/**
 * Checks a request envelope.
 * @param also further header blocks that the caller honours, as `{namespace}local`.
 * @throws {IheError} SOAP_VERSION, SOAP_STRUCTURE, SOAP_MUST_UNDERSTAND (value: `{namespace}local` of the block),
 * WSA_ACTION_MISSING, WSA_INVALID_HEADER, XML_LIMIT (header too large).
 */
export function readEnvelope(root: XmlElement, also: ReadonlySet<string> = NOTHING_MORE): SoapMessage {
  const { header, body } = openEnvelope(root)
  const addressed = addressedToUs(header, also)
  const action = readAction(addressed)
  const replyTo = readAddress(addressed, 'ReplyTo')
  const faultTo = readAddress(addressed, 'FaultTo')
  return message({ action, replyTo, faultTo, addressed, header, body: withScope(onlyChild(body), [root, body]) })
}

/** Many stacks declare on the envelope what a value of the body means (xsi:type). */
function withScope(body: XmlElement, around: readonly (XmlElement | undefined)[]): XmlElement {
  const outer = new Map(around.flatMap((element) => [...(element?.prefixes ?? [])]))
  return outer.size === 0 ? body : { ...body, outer }
}

/** MessageID of a message that is about to be refused, if one can be made out: RelatesTo of the fault. */
export function peekMessageId(root: XmlElement): string | undefined {
  const header = elementsOf(root).find((child) => child.name === 'Header')
  if (header === undefined) return undefined
  const value = textOf(childOf(header, WSA, 'MessageID')).trim()
  return value === '' || value.length > MAX_PEEKED_CHARACTERS ? undefined : value
}

/** RelatesTo of an answer or a fault, before either is judged. */
export function peekRelatesTo(root: XmlElement): string | undefined {
  const header = elementsOf(root).find((child) => child.name === 'Header')
  const value = header === undefined ? '' : textOf(relatesToReply(elementsOf(header))).trim()
  return value === '' || value.length > MAX_PEEKED_CHARACTERS ? undefined : value
}

/**
 * Envelope, Header and Body in their order, before anything inside them is judged.
 * @throws {IheError} SOAP_VERSION, SOAP_STRUCTURE, XML_LIMIT.
 */
export function openEnvelope(root: XmlElement): {
  readonly header: readonly XmlElement[]
  readonly body: XmlElement | undefined
} {
  if (root.name !== 'Envelope') throw iheError('SOAP_STRUCTURE', { at: '/', value: root.name, rule: 'no Envelope' })
  if (root.ns !== SOAP12) throw iheError('SOAP_VERSION', { at: 'Envelope', value: root.ns })
  if (!hasElementContent(root))
    throw iheError('SOAP_STRUCTURE', { at: 'Envelope', rule: 'no text beside Header and Body' })
  const parts = elementsOf(root)
  const order = parts.map((part) => (part.ns === SOAP12 ? part.name : `{${part.ns}}${part.name}`)).join(' ')
  if (!['', 'Body', 'Header', 'Header Body'].includes(order)) {
    throw iheError('SOAP_STRUCTURE', { at: 'Envelope', value: order, rule: 'an optional Header, then one Body' })
  }
  const header = childOf(root, SOAP12, 'Header')
  if (header !== undefined) assertHeader(header)
  return { header: header === undefined ? [] : elementsOf(header), body: childOf(root, SOAP12, 'Body') }
}

/** The one child of Body. @throws {IheError} SOAP_STRUCTURE. */
export function onlyChild(body: XmlElement | undefined): XmlElement {
  if (body === undefined) throw iheError('SOAP_STRUCTURE', { at: 'Envelope', rule: 'no Body' })
  const [first, ...more] = elementsOf(body)
  if (first === undefined) throw iheError('SOAP_STRUCTURE', { at: 'Envelope/Body', rule: 'the Body is empty' })
  if (more.length > 0) throw iheError('SOAP_STRUCTURE', { at: 'Envelope/Body', rule: 'the Body has one child' })
  if (!hasElementContent(body))
    throw iheError('SOAP_STRUCTURE', { at: 'Envelope/Body', rule: 'no text beside the child' })
  return first
}

/**
 * The header blocks for our role, after the mandatory ones among them proved known (SOAP 1.2 Part 1, 2.6).
 * A `wsa:mustUnderstand` (several published samples have it) says nothing: only the SOAP attribute counts.
 */
export function addressedToUs(
  header: readonly XmlElement[],
  also: ReadonlySet<string> = NOTHING_MORE,
): readonly XmlElement[] {
  const ours = header.filter((block) => OUR_ROLES.has((block.attributes.get(`{${SOAP12}}role`) ?? '').trim()))
  for (const block of ours) {
    const name = `{${block.ns}}${block.name}`
    if (isMandatory(block) && !UNDERSTOOD.has(name) && !also.has(name)) {
      throw iheError('SOAP_MUST_UNDERSTAND', { at: `Envelope/Header/${block.name}`, value: name })
    }
  }
  return ours
}

/** Builds the message from checked parts; single headers are read here. @throws {IheError} WSA_INVALID_HEADER. */
export function message(parts: {
  readonly action: string
  readonly replyTo?: string | undefined
  readonly faultTo?: string | undefined
  readonly addressed: readonly XmlElement[]
  readonly header: readonly XmlElement[]
  readonly body: XmlElement
}): SoapMessage {
  const messageId = readUri(single(parts.addressed, 'MessageID'))
  const to = readUri(single(parts.addressed, 'To'))
  const relatesTo = readUri(relatesToReply(parts.addressed))
  return {
    action: parts.action,
    ...(messageId === undefined ? {} : { messageId }),
    ...(to === undefined ? {} : { to }),
    ...(parts.replyTo === undefined ? {} : { replyTo: parts.replyTo }),
    ...(parts.faultTo === undefined ? {} : { faultTo: parts.faultTo }),
    ...(relatesTo === undefined ? {} : { relatesTo }),
    body: parts.body,
    headers: parts.header,
  }
}

/** wsa:Action, exactly one and exactly as sent. @throws {IheError} WSA_ACTION_MISSING, WSA_INVALID_HEADER. */
export function readAction(addressed: readonly XmlElement[]): string {
  const element = single(addressed, 'Action')
  if (element === undefined) throw iheError('WSA_ACTION_MISSING', { at: 'Envelope/Header' })
  const action = textOf(element)
  if (action === '' || action.trim() !== action || elementsOf(element).length > 0) {
    throw iheError('WSA_INVALID_HEADER', { at: 'Envelope/Header/Action', value: action })
  }
  return action
}

function assertHeader(header: XmlElement): void {
  if (!hasElementContent(header)) {
    throw iheError('SOAP_STRUCTURE', { at: 'Envelope/Header', rule: 'no text beside header blocks' })
  }
  if (weigh(header, MAX_HEADER_CHARACTERS) < 0) {
    throw iheError('XML_LIMIT', { at: 'Envelope/Header', rule: `header at most ${MAX_HEADER_CHARACTERS} characters` })
  }
}

/** What is left of `budget` after the element; negative as soon as it is spent. */
function weigh(element: XmlElement, budget: number): number {
  let left = budget - element.name.length
  for (const [name, value] of element.attributes) left -= name.length + value.length
  for (const child of element.children) {
    if (left < 0) return left
    left = typeof child === 'string' ? left - child.length : weigh(child, left)
  }
  return left
}

function isMandatory(block: XmlElement): boolean {
  const value = (block.attributes.get(`{${SOAP12}}mustUnderstand`) ?? '0').trim()
  if (value === '1' || value === 'true') return true
  if (value === '0' || value === 'false') return false
  throw iheError('SOAP_STRUCTURE', { at: `Envelope/Header/${block.name}/@mustUnderstand`, value, rule: 'xs:boolean' })
}

function single(addressed: readonly XmlElement[], name: string): XmlElement | undefined {
  const found = addressed.filter((block) => block.name === name && block.ns === WSA)
  if (found.length <= 1) return found[0]
  throw iheError('WSA_INVALID_HEADER', { at: `Envelope/Header/${name}`, rule: `${name} at most once` })
}

/** Of several RelatesTo the reply relationship, which is the default (WS-Addressing Core, 3.1). */
function relatesToReply(addressed: readonly XmlElement[]): XmlElement | undefined {
  return addressed.find(
    (block) =>
      block.name === 'RelatesTo' &&
      block.ns === WSA &&
      (block.attributes.get('RelationshipType') ?? `${WSA}/reply`) === `${WSA}/reply`,
  )
}

function readUri(element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined
  const value = textOf(element).trim()
  if (value !== '' && elementsOf(element).length === 0) return value
  throw iheError('WSA_INVALID_HEADER', { at: `Envelope/Header/${element.name}`, value })
}

function readAddress(addressed: readonly XmlElement[], name: string): string | undefined {
  const reference = single(addressed, name)
  if (reference === undefined) return undefined
  const [address, ...more] = childrenOf(reference, WSA, 'Address')
  if (address === undefined || more.length > 0) {
    throw iheError('WSA_INVALID_HEADER', { at: `Envelope/Header/${name}`, rule: 'one Address' })
  }
  const value = textOf(address).trim()
  if (value === '') throw iheError('WSA_INVALID_HEADER', { at: `Envelope/Header/${name}/Address`, value })
  return value
}
