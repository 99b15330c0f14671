// Reads a verified assertion: required parts, their forms, and the attributes that decide something (SAML Core 2; ITI TF-2 3.40.4.1.2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { Assertion, AuthnStatement } from '../../model/assertion.ts'
import { childOf, childrenOf, elementsOf, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { readAttributes } from './attributes.ts'
import { readConfirmation } from './confirmation.ts'
import { SAML2 } from './constants.ts'
import { readInstant } from './instant.ts'

/** SAML Core 8.3: formats of names. */
const FORMAT = /^urn:oasis:names:tc:SAML:(1\.1|2\.0):nameid-format:[A-Za-z0-9]{1,40}$/
const MAX_NAME_LENGTH = 1024
/** Control characters and such as cannot be seen: two names that look alike would be two persons. */
const UNSEEN = /[\p{Cc}\p{Cf}]/u
const CONDITIONS = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']

/**
 * @param root the assertion as it was signed.
 * @throws {IheError} XUA_TOKEN naming the part
 */
export function readAssertion(root: XmlElement): Assertion {
  if (root.attributes.get('Version') !== '2.0') throw wrong('Assertion/@Version', '2.0')
  const issuer = one(root, 'Issuer')
  const subject = one(root, 'Subject')
  const nameId = one(subject, 'NameID')
  const spProvidedId = nameId.attributes.get('SPProvidedID')
  return {
    id: root.attributes.get('ID') ?? '',
    issuer: nameIn(issuer, 'Issuer'),
    ...formatOf(issuer, 'issuerFormat'),
    issueInstant: instant(root, 'IssueInstant'),
    nameId: nameIn(nameId, 'NameID'),
    ...formatOf(nameId, 'nameIdFormat'),
    ...(spProvidedId === undefined ? {} : { spProvidedId: cleanName(spProvidedId, 'NameID/@SPProvidedID') }),
    confirmations: some(subject, 'SubjectConfirmation').map(readConfirmation),
    ...readConditions(one(root, 'Conditions')),
    authentications: some(root, 'AuthnStatement').map(readAuthentication),
    attributes: readAttributes(root),
  }
}

/** A condition that is not known may not be passed over (SAML Core 2.5.1.1). */
function readConditions(
  conditions: XmlElement,
): Pick<Assertion, 'notBefore' | 'notOnOrAfter' | 'audiences' | 'oneTimeUse'> {
  const unknown = elementsOf(conditions).some(({ ns, name }) => ns !== SAML2 || !CONDITIONS.includes(name))
  if (unknown) throw wrong('Conditions', `only ${CONDITIONS.join(', ')}`)
  return {
    notBefore: instant(conditions, 'NotBefore'),
    notOnOrAfter: instant(conditions, 'NotOnOrAfter'),
    audiences: childrenOf(conditions, SAML2, 'AudienceRestriction').map((restriction) =>
      childrenOf(restriction, SAML2, 'Audience').map((audience) => textOf(audience).trim()),
    ),
    oneTimeUse: childOf(conditions, SAML2, 'OneTimeUse') !== undefined,
  }
}

function readAuthentication(statement: XmlElement): AuthnStatement {
  const contexts = childrenOf(statement, SAML2, 'AuthnContext').flatMap(elementsOf)
  const named = contexts
    .filter(({ ns, name }) => ns === SAML2 && (name === 'AuthnContextClassRef' || name === 'AuthnContextDeclRef'))
    .map((context) => textOf(context).trim())
  if (named.length === 0) throw wrong('AuthnStatement/AuthnContext', 'AuthnContextClassRef or AuthnContextDeclRef')
  const ends = statement.attributes.has('SessionNotOnOrAfter')
  return {
    instant: instant(statement, 'AuthnInstant'),
    contexts: named,
    ...(ends ? { sessionEnds: instant(statement, 'SessionNotOnOrAfter') } : {}),
  }
}

function formatOf<K extends 'issuerFormat' | 'nameIdFormat'>(element: XmlElement, key: K): Partial<Record<K, string>> {
  const format = element.attributes.get('Format')
  if (format === undefined) return {}
  if (!FORMAT.test(format)) throw wrong(`${element.name}/@Format`, 'a name identifier format of SAML')
  return { [key]: format } as Partial<Record<K, string>>
}

function nameIn(element: XmlElement, at: string): string {
  if (elementsOf(element).length > 0) throw wrong(at, 'text only')
  return cleanName(textOf(element).trim(), at)
}

function cleanName(name: string, at: string): string {
  if (name === '' || name.length > MAX_NAME_LENGTH || UNSEEN.test(name))
    throw wrong(at, `1 to ${MAX_NAME_LENGTH} characters, none of them a control character`)
  return name
}

function instant(element: XmlElement, name: string): Date {
  const read = readInstant(element.attributes.get(name) ?? '')
  if (read === undefined) throw wrong(`${element.name}/@${name}`, 'xs:dateTime with a time zone')
  return read
}

function one(parent: XmlElement, name: string): XmlElement {
  const [first, ...more] = childrenOf(parent, SAML2, name)
  if (first === undefined || more.length > 0) throw wrong(`${parent.name}/${name}`, 'exactly one')
  return first
}

function some(parent: XmlElement, name: string): readonly XmlElement[] {
  const found = childrenOf(parent, SAML2, name)
  if (found.length === 0) throw wrong(`${parent.name}/${name}`, 'at least one')
  return found
}

function wrong(at: string, rule: string): Error {
  return iheError('XUA_TOKEN', { at, rule })
}
