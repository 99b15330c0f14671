// Assertions made by hand for tests: text put together here and signed with throw-away keys, so that none of our writers is asked (ITI TF-2 3.40).

import 'reflect-metadata'
import {
  createHash,
  createPrivateKey,
  createSign,
  type KeyObject,
  randomUUID,
  webcrypto,
  X509Certificate,
} from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import { SignedXml } from 'xml-crypto'

export const SAML2 = 'urn:oasis:names:tc:SAML:2.0:assertion'
export const DS = 'http://www.w3.org/2000/09/xmldsig#'
export const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
export const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope'
const WSA = 'http://www.w3.org/2005/08/addressing'
const EXC = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
export const RSA_SHA1 = `${DS}rsa-sha1`
export const SHA1 = `${DS}sha1`
export const RSA_PSS = 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1'
export const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
export const HOLDER_OF_KEY = 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key'
const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'

export interface SigningKey {
  /** PEM. */
  readonly key: string
  readonly pem: string
  readonly certificate: X509Certificate
}

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
}

export async function makeKey(name: string): Promise<SigningKey> {
  return certified(name, await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']))
}

/** Two certificates of one key, as of an issuer whose certificate was renewed. */
export async function makeRenewed(name: string): Promise<readonly [former: SigningKey, renewed: SigningKey]> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  return [await certified(name, keys), await certified(name, keys)]
}

async function certified(name: string, keys: webcrypto.CryptoKeyPair): Promise<SigningKey> {
  const made = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: ALGORITHM,
    keys,
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key: KeyObject = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const certificate = new X509Certificate(Buffer.from(made.rawData))
  return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), pem: certificate.toString(), certificate }
}

/** Times of an assertion are told in seconds from now. */
export interface Told {
  readonly id?: string
  readonly issuer?: string
  readonly subject?: string
  readonly issued?: number
  readonly from?: number
  readonly to?: number
  readonly audiences?: readonly (readonly string[])[]
  readonly confirmation?: string
  readonly authn?: string
  readonly attributes?: string
  readonly conditions?: string
}

export const ISSUER = 'https://idp.example.jp'
export const AUDIENCE = 'https://localhost:8443'

export function at(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString()
}

export function attribute(name: string, ...values: readonly string[]): string {
  return `<saml2:Attribute Name="${name}">${values.map((value) => `<saml2:AttributeValue>${value}</saml2:AttributeValue>`).join('')}</saml2:Attribute>`
}

export function coded(element: string, code: string, system: string): string {
  return `<${element} xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CE" code="${code}" codeSystem="${system}" displayName="${code}"/>`
}

export const NAMES = {
  subjectId: 'urn:oasis:names:tc:xspa:1.0:subject:subject-id',
  organization: 'urn:oasis:names:tc:xspa:1.0:subject:organization',
  organizationId: 'urn:oasis:names:tc:xspa:1.0:subject:organization-id',
  homeCommunityId: 'urn:ihe:iti:xca:2010:homeCommunityId',
  role: 'urn:oasis:names:tc:xacml:2.0:subject:role',
  purpose: 'urn:oasis:names:tc:xspa:1.0:subject:purposeofuse',
  resourceId: 'urn:oasis:names:tc:xacml:2.0:resource:resource-id',
} as const

export function statement(...attributes: readonly string[]): string {
  return `<saml2:AttributeStatement>${attributes.join('')}</saml2:AttributeStatement>`
}

export function authnStatement(context: string = PASSWORD): string {
  return `<saml2:AuthnStatement AuthnInstant="${at(-10)}"><saml2:AuthnContext><saml2:AuthnContextClassRef>${context}</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>`
}

export function confirmed(method: string, data = ''): string {
  return `<saml2:SubjectConfirmation Method="${method}">${data}</saml2:SubjectConfirmation>`
}

export function held(keyInfo: string): string {
  return confirmed(
    HOLDER_OF_KEY,
    `<saml2:SubjectConfirmationData xmlns:ds="${DS}"><ds:KeyInfo>${keyInfo}</ds:KeyInfo></saml2:SubjectConfirmationData>`,
  )
}

/** An assertion without signature. */
export function assertion(told: Told = {}): string {
  const { id = `_${randomUUID()}`, issuer = ISSUER, subject = 'yamada', issued = -5, from = -5, to = 300 } = told
  const { audiences = [[AUDIENCE]], confirmation = confirmed(BEARER), authn = authnStatement(), attributes = '' } = told
  const restrictions = audiences
    .map(
      (all) =>
        `<saml2:AudienceRestriction>${all.map((one) => `<saml2:Audience>${one}</saml2:Audience>`).join('')}</saml2:AudienceRestriction>`,
    )
    .join('')
  return (
    `<saml2:Assertion xmlns:saml2="${SAML2}" ID="${id}" IssueInstant="${at(issued)}" Version="2.0"><saml2:Issuer>${issuer}</saml2:Issuer>` +
    `<saml2:Subject><saml2:NameID>${subject}</saml2:NameID>${confirmation}</saml2:Subject>` +
    `<saml2:Conditions NotBefore="${at(from)}" NotOnOrAfter="${at(to)}">${restrictions}${told.conditions ?? ''}</saml2:Conditions>` +
    `${authn}${attributes}</saml2:Assertion>`
  )
}

export interface Signing {
  readonly signatureAlgorithm?: string
  readonly digestAlgorithm?: string
  readonly canonicalizationAlgorithm?: string
  readonly transforms?: readonly string[]
  readonly prefixes?: readonly string[]
  /** Certificate to show in KeyInfo. */
  readonly shown?: string
}

/** Signed as a provider would: enveloped, behind the Issuer. */
export function sign(xml: string, { key, pem }: SigningKey, signing: Signing = {}): string {
  const signer = new SignedXml({
    privateKey: key,
    publicCert: signing.shown ?? pem,
    signatureAlgorithm: signing.signatureAlgorithm ?? RSA_SHA256,
    canonicalizationAlgorithm: signing.canonicalizationAlgorithm ?? EXC,
    idAttribute: 'ID',
  })
  signer.addReference({
    xpath: "/*[local-name(.)='Assertion']",
    transforms: [...(signing.transforms ?? [`${DS}enveloped-signature`, EXC])],
    digestAlgorithm: signing.digestAlgorithm ?? SHA256,
    ...(signing.prefixes === undefined ? {} : { inclusiveNamespacesPrefixList: [...signing.prefixes] }),
  })
  signer.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: "/*[local-name(.)='Assertion']/*[local-name(.)='Issuer']", action: 'after' },
  })
  return signer.getSignedXml()
}

/** A signature over SignedInfo as it is given, for what no library would sign. */
export function signInfo(signedInfo: string, { key }: SigningKey): string {
  const value = createSign('RSA-SHA256').update(signedInfo).sign(key, 'base64')
  return `<ds:Signature xmlns:ds="${DS}">${signedInfo.replace(` xmlns:ds="${DS}"`, '')}<ds:SignatureValue>${value}</ds:SignatureValue></ds:Signature>`
}

export function digestOf(canonical: string): string {
  return createHash('sha256').update(canonical).digest('base64')
}

export function security(...tokens: readonly string[]): string {
  return `<wsse:Security xmlns:wsse="${WSSE}" s:mustUnderstand="1">${tokens.join('')}</wsse:Security>`
}

export function envelope(
  header: string,
  body = '<x xmlns="urn:x"/>',
  action = 'urn:ihe:iti:2007:RegistryStoredQuery',
): string {
  return (
    `<s:Envelope xmlns:s="${SOAP12}" xmlns:wsa="${WSA}"><s:Header><wsa:Action s:mustUnderstand="1">${action}</wsa:Action>` +
    `<wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
  )
}
