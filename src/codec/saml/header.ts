// Finds the one assertion of a message's wsse:Security header before anything of it is believed (ITI TF-2 3.40.4.1; WSS SAML Token Profile 1.1).

import { iheError } from '../../../profiles/errors/index.ts'
import { OUR_ROLES, SOAP12, WSSE, WSU } from '../soap/constants.ts'
import { childOf, elementsOf, hasElementContent, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { DS, SAML1, SAML2 } from './constants.ts'
import { readInstant } from './instant.ts'
import { cut, raw } from './slice.ts'

/** An assertion as it came, checked for where it stands and that it is the only one; its signature is still to be checked. */
export interface PresentedAssertion {
  readonly element: XmlElement
  readonly id: string
  /** The assertion as sent, with the namespaces in scope declared on it: what is verified, and nothing around it. */
  readonly xml: string
  /** One of its child elements, by place, cut out the same way. */
  readonly part: (place: number) => string
  /** As claimed. */
  readonly issuer: string
  readonly subject: string
}

export interface SecurityContext {
  /** The whole envelope. */
  readonly root: XmlElement
  /** Its text as it was read; only asked for when there is an assertion. */
  readonly text: () => string
  readonly now: Date
  readonly skewMs: number
}

const ID = /^[A-Za-z_][\w.-]{0,127}$/
/** Markup that is neither element nor text: a reader and a canonicaliser may disagree about it (xml-crypto renders PI data as text). */
const MARKUP = /<[!?]/
/** Canonicalising costs more than reading: an element with many attributes costs their square, and nothing is verified before. */
const MAX_LENGTH = 256 * 1024
const ID_ATTRIBUTES = ['ID', 'Id', 'id', `{${WSU}}Id`, '{http://www.w3.org/XML/1998/namespace}id']

/**
 * @returns undefined when the message names no user.
 * @throws {IheError} XUA_SECURITY, XUA_TOKEN_TYPE, XUA_REFERENCE, XUA_EXPIRED, XUA_TOKEN (no issuer)
 */
export function readSecurity(context: SecurityContext): PresentedAssertion | undefined {
  const headerAt = elementsOf(context.root).findIndex(({ ns, name }) => ns === SOAP12 && name === 'Header')
  const header = elementsOf(context.root)[headerAt]
  const blocks = header === undefined ? [] : elementsOf(header)
  const [security, ...more] = blocks.filter(isSecurityForUs)
  if (security === undefined) return undefined
  if (more.length > 0) throw invalid('Security', 'one Security header')
  if (!hasElementContent(security)) throw invalid('Security', 'no text beside tokens')
  const text = context.text()
  const place = [headerAt, blocks.indexOf(security)]
  const sent = raw(text, place)
  if (sent.length > MAX_LENGTH) throw invalid('Security', `at most ${MAX_LENGTH} characters`)
  if (MARKUP.test(sent)) throw invalid('Security', 'no comment, CDATA or processing instruction')
  const assertion = soleAssertion(security)
  assertTimestamp(security, context)
  assertReferences(security, assertion)
  if (assertion === undefined) return undefined
  const id = assertion.attributes.get('ID') ?? ''
  if (!ID.test(id)) throw invalid('Assertion/@ID', 'an XML name of at most 128 letters, digits, dots and hyphens')
  assertAlone(context.root, id)
  const path = [...place, elementsOf(security).indexOf(assertion)]
  return {
    element: assertion,
    id,
    xml: cut(text, context.root, path),
    part: (child) => cut(text, context.root, [...path, child]),
    ...claimed(assertion),
  }
}

function isSecurityForUs(block: XmlElement): boolean {
  return (
    block.ns === WSSE &&
    block.name === 'Security' &&
    OUR_ROLES.has((block.attributes.get(`{${SOAP12}}role`) ?? '').trim())
  )
}

/** @throws {IheError} XUA_SECURITY, XUA_TOKEN_TYPE */
function soleAssertion(security: XmlElement): XmlElement | undefined {
  const found: XmlElement[] = []
  for (const child of elementsOf(security)) {
    if (child.ns === SAML2 && child.name === 'Assertion') found.push(child)
    // The message is held to its sender by TLS; a signature that nobody checks must not look as if it counted.
    else if (child.ns === DS && child.name === 'Signature')
      throw invalid('Security/Signature', 'no signature beside the assertion')
    else if (!isKnown(child)) throw iheError('XUA_TOKEN_TYPE', { at: 'Security', rule: 'a SAML 2.0 assertion' })
  }
  if (found.length > 1) throw invalid('Security', 'one assertion')
  return found[0]
}

function isKnown({ ns, name }: XmlElement): boolean {
  return (ns === WSU && name === 'Timestamp') || (ns === WSSE && name === 'SecurityTokenReference')
}

/**
 * No other assertion anywhere in the message, and no other element of its ID: what is verified is then what is read (signature wrapping).
 * @throws {IheError} XUA_SECURITY
 */
function assertAlone(root: XmlElement, id: string): void {
  let assertions = 0
  let ids = 0
  const waiting: XmlElement[] = [root]
  for (let element = waiting.pop(); element !== undefined; element = waiting.pop()) {
    if (element.name === 'Assertion' && (element.ns === SAML2 || element.ns === SAML1)) assertions += 1
    if (element.attributes.size > 0) for (const name of ID_ATTRIBUTES) if (element.attributes.get(name) === id) ids += 1
    for (const child of element.children) if (typeof child !== 'string') waiting.push(child)
  }
  if (assertions > 1) throw invalid('Envelope', 'one assertion in the whole message')
  if (ids > 1) throw invalid('Assertion/@ID', 'no other element of this ID in the message')
}

/** WSS SOAP Message Security 1.1, 10. @throws {IheError} XUA_SECURITY, XUA_EXPIRED */
function assertTimestamp(security: XmlElement, { now, skewMs }: SecurityContext): void {
  const stamps = elementsOf(security).filter(({ ns, name }) => ns === WSU && name === 'Timestamp')
  if (stamps.length > 1) throw invalid('Security/Timestamp', 'at most one')
  const [stamp] = stamps
  if (stamp === undefined) return
  const created = timeIn(stamp, 'Created')
  const expires = timeIn(stamp, 'Expires')
  if (created !== undefined && created.getTime() > now.getTime() + skewMs)
    throw invalid('Security/Timestamp/Created', 'not in the future')
  if (expires !== undefined && expires.getTime() + skewMs <= now.getTime())
    throw iheError('XUA_EXPIRED', { at: 'Security/Timestamp/Expires', rule: 'later than now' })
}

function timeIn(stamp: XmlElement, name: string): Date | undefined {
  const element = childOf(stamp, WSU, name)
  if (element === undefined) return undefined
  const read = readInstant(textOf(element).trim())
  if (read === undefined) throw invalid(`Security/Timestamp/${name}`, 'xs:dateTime with a time zone')
  return read
}

/** A reference may name the assertion of this header, nothing else. @throws {IheError} XUA_REFERENCE */
function assertReferences(security: XmlElement, assertion: XmlElement | undefined): void {
  const id = assertion?.attributes.get('ID')
  for (const reference of elementsOf(security)) {
    if (reference.ns !== WSSE || reference.name !== 'SecurityTokenReference') continue
    const [token, ...more] = elementsOf(reference)
    const named = token?.name === 'Reference' ? token.attributes.get('URI')?.replace(/^#/, '') : textOf(token).trim()
    if (id === undefined || named !== id || more.length > 0)
      throw iheError('XUA_REFERENCE', { at: 'Security/SecurityTokenReference', rule: 'the ID of the assertion' })
  }
}

/** @throws {IheError} XUA_TOKEN */
function claimed(assertion: XmlElement): Pick<PresentedAssertion, 'issuer' | 'subject'> {
  const issuer = textOf(childOf(assertion, SAML2, 'Issuer')).trim()
  if (issuer === '') throw iheError('XUA_TOKEN', { at: 'Assertion/Issuer', rule: 'required' })
  const subject = childOf(assertion, SAML2, 'Subject')
  const nameId = subject === undefined ? undefined : childOf(subject, SAML2, 'NameID')
  return { issuer, subject: textOf(nameId).trim() }
}

function invalid(at: string, rule: string): Error {
  return iheError('XUA_SECURITY', { at, rule })
}
