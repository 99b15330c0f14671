// Writes and signs assertions about our own users, for requests to others (ITI TF-2 3.40.4.1.2; SAML Core 2, 5.4).

import { randomUUID } from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import type { Code } from '../../model/code.ts'
import type { UserStatement } from '../../model/user-statement.ts'
import { SOAP12, WSSE } from '../soap/constants.ts'
import { concat, el, type Markup, text, trusted } from '../xml/write.ts'
import { BEARER } from './confirmation.ts'
import { ATTRIBUTES, ENVELOPED, EXC_C14N, HL7_V3, RSA_SHA256, SAML2, SHA256 } from './constants.ts'

export interface SigningKey {
  /** PEM; RSA. */
  readonly key: string
  /** PEM, shown in KeyInfo so that the receiver knows which of several it is. */
  readonly certificate: string
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/** A bearer assertion, signed with RSA-SHA256 over its exclusive canonical form. */
export function writeAssertion(statement: UserStatement, { key, certificate }: SigningKey): Markup {
  const signer = new SignedXml({
    privateKey: key,
    publicCert: certificate,
    signatureAlgorithm: RSA_SHA256,
    canonicalizationAlgorithm: EXC_C14N,
    idAttribute: 'ID',
  })
  signer.addReference({
    xpath: "/*[local-name(.)='Assertion']",
    transforms: [ENVELOPED, EXC_C14N],
    digestAlgorithm: SHA256,
  })
  // The schema of SAML wants the signature right behind the Issuer.
  signer.computeSignature(unsigned(statement), {
    prefix: 'ds',
    location: { reference: "/*[local-name(.)='Assertion']/*[local-name(.)='Issuer']", action: 'after' },
  })
  return trusted(signer.getSignedXml())
}

/** The header block that carries an assertion, which the receiver has to understand. */
export function writeSecurity(assertion: Markup): Markup {
  return el('wsse:Security', { 'xmlns:wsse': WSSE, 'xmlns:soap12': SOAP12, 'soap12:mustUnderstand': 1 }, assertion)
}

function unsigned(statement: UserStatement): Markup {
  const { issuedAt, lifetimeSeconds, authenticatedAt = issuedAt, recipient } = statement
  const issued = instant(issuedAt)
  const ends = instant(new Date(issuedAt.getTime() + lifetimeSeconds * 1000))
  const data =
    recipient === undefined ? [] : [saml('SubjectConfirmationData', { Recipient: recipient, NotOnOrAfter: ends })]
  return saml(
    'Assertion',
    { 'xmlns:saml2': SAML2, ID: `_${randomUUID()}`, IssueInstant: issued, Version: '2.0' },
    saml('Issuer', {}, text(statement.issuer)),
    saml(
      'Subject',
      {},
      saml('NameID', {}, text(statement.subject)),
      saml('SubjectConfirmation', { Method: BEARER }, ...data),
    ),
    saml(
      'Conditions',
      { NotBefore: issued, NotOnOrAfter: ends },
      saml('AudienceRestriction', {}, saml('Audience', {}, text(statement.audience))),
    ),
    saml(
      'AuthnStatement',
      { AuthnInstant: instant(authenticatedAt) },
      saml('AuthnContext', {}, saml('AuthnContextClassRef', {}, text(statement.authnContext))),
    ),
    ...attributeStatement(statement),
  )
}

function attributeStatement(statement: UserStatement): readonly Markup[] {
  const { roles, purpose } = statement
  const attributes = [
    ...textAttribute(ATTRIBUTES.subjectId, statement.displayName),
    ...textAttribute(ATTRIBUTES.organization, statement.organization),
    ...textAttribute(ATTRIBUTES.organizationId, statement.organizationId),
    ...textAttribute(ATTRIBUTES.homeCommunityId, statement.homeCommunityId),
    ...textAttribute(ATTRIBUTES.resourceId, statement.patientId),
    ...(roles.length === 0
      ? []
      : [
          attribute(
            ATTRIBUTES.role,
            roles.map((role) => coded('Role', role)),
          ),
        ]),
    ...(purpose === undefined ? [] : [attribute(ATTRIBUTES.purposeOfUse, [coded('PurposeOfUse', purpose)])]),
  ]
  return attributes.length === 0 ? [] : [saml('AttributeStatement', {}, ...attributes)]
}

function textAttribute(name: string, value: string | undefined): readonly Markup[] {
  return value === undefined ? [] : [attribute(name, [text(value)])]
}

function attribute(name: string, values: readonly Markup[]): Markup {
  return saml('Attribute', { Name: name }, concat(values.map((value) => saml('AttributeValue', {}, value))))
}

function coded(name: string, { code, scheme, display }: Code): Markup {
  return el(`hl7:${name}`, {
    'xmlns:hl7': HL7_V3,
    'xmlns:xsi': XSI,
    'xsi:type': 'hl7:CE',
    code,
    codeSystem: scheme,
    displayName: display,
  })
}

function saml(name: string, attributes: Readonly<Record<string, string>> = {}, ...children: readonly Markup[]): Markup {
  return el(`saml2:${name}`, attributes, ...children)
}

function instant(at: Date): string {
  return at.toISOString()
}
