// Signature wrapping and other ways to make a verifier and a reader look at different things (ITI TF-2 3.40; XML Signature; OASIS SAML Core 5.4).

import t from 'tap'
import { readSecurity } from '../../../src/codec/saml/header.ts'
import { type VerifiedAssertion, verifyAssertion } from '../../../src/codec/saml/verify.ts'
import { readXml } from '../../../src/codec/xml/read.ts'
import { IheError } from '../../../src/model/error.ts'
import { growthOf, LINEAR_AT_MOST } from '../../processor-time.ts'
import {
  assertion,
  attribute,
  DS,
  envelope,
  makeKey,
  NAMES,
  RSA_PSS,
  RSA_SHA1,
  SAML2,
  SHA1,
  security,
  sign,
  statement,
  WSSE,
  WSU,
} from './assertions.ts'

const issuer = await makeKey('issuer')
const stranger = await makeKey('stranger')

const trusted = { fingerprint: issuer.certificate.fingerprint256, pem: issuer.pem }

/** What the door does between the bytes and the decision. */
function accept(message: string, { allowsSha1 = false } = {}): VerifiedAssertion | undefined {
  const bytes = Buffer.from(message)
  const presented = readSecurity({
    root: readXml(bytes),
    text: () => message,
    now: new Date(),
    skewMs: 60_000,
  })
  return presented === undefined
    ? undefined
    : verifyAssertion(presented, () => ({ certificates: [trusted], allowsSha1 }))
}

function refusal(message: string, options = {}): string {
  try {
    accept(message, options)
    return 'accepted'
  } catch (error) {
    if (error instanceof IheError) return error.row.code
    throw error
  }
}

const ID = '_victim'
const good = sign(assertion({ id: ID, subject: 'victim' }), issuer)
const evil = assertion({ id: '_evil', subject: 'attacker' })
const signature = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(good)?.[0] ?? ''
const unsigned = good.replace(signature, '')
const inside = (outer: string, content: string): string => outer.replace('</saml2:Issuer>', `</saml2:Issuer>${content}`)
const edited = (from: string | RegExp, to: string): string => {
  const changed = good.replace(from, to)
  if (changed === good) throw new Error(`the assertion has no ${from}`)
  return changed
}
const doubled = good.replace(/<ds:SignedInfo>[\s\S]*<\/ds:SignedInfo>/, (info) => info + info)

const vectors: readonly (readonly [name: string, code: string, message: string])[] = [
  ['1 evil before the good one', 'XUA_SECURITY', envelope(security(evil, good))],
  ['2 evil behind the good one', 'XUA_SECURITY', envelope(security(good, evil))],
  [
    '3 evil with the copied signature, the original unsigned beside it',
    'XUA_SECURITY',
    envelope(security(inside(evil, signature), unsigned)),
  ],
  [
    '4 evil around the original, the signature in evil',
    'XUA_SECURITY',
    envelope(security(inside(evil, signature + unsigned))),
  ],
  [
    '5 the original in an Object of the signature',
    'XUA_SECURITY',
    envelope(
      security(inside(evil, signature.replace('</ds:Signature>', `<ds:Object>${unsigned}</ds:Object></ds:Signature>`))),
    ),
  ],
  ['6 both of the same ID', 'XUA_SECURITY', envelope(security(good, evil.replace('_evil', ID)))],
  ['6 another element of the same ID', 'XUA_SECURITY', envelope(security(good), `<x xmlns="urn:x" ID="${ID}"/>`)],
  [
    '7 the original in another header block, evil in Security',
    'XUA_SECURITY',
    envelope(`<h xmlns="urn:h">${good}</h>${security(inside(evil, signature))}`),
  ],
  ['8 the original in the body, evil in Security', 'XUA_SECURITY', envelope(security(inside(evil, signature)), good)],
  ['8 the copied signature alone', 'XUA_SECURITY', envelope(security(inside(evil, signature)))],
  [
    '9 evil uses id, the original ID, of the same value',
    'XUA_SECURITY',
    envelope(security(good), `<x xmlns="urn:x" id="${ID}"/>`),
  ],
  [
    '9 wsu:Id of the same value',
    'XUA_SECURITY',
    envelope(security(good), `<x xmlns="urn:x" xmlns:u="${WSU}" u:Id="${ID}"/>`),
  ],
  ['9 xml:id of the same value', 'XUA_SECURITY', envelope(security(good), `<x xmlns="urn:x" xml:id="${ID}"/>`)],
  ['10 a comment inside NameID', 'XUA_SECURITY', envelope(security(edited('>victim<', '>vic<!-- -->tim<')))],
  ['10 CDATA inside NameID', 'XUA_SECURITY', envelope(security(edited('>victim<', '><![CDATA[victim]]><')))],
  ['10 a comment beside the assertion', 'XUA_SECURITY', envelope(security('<!-- x -->', good))],
  [
    '10 a processing instruction inside NameID',
    'XML_FORBIDDEN',
    envelope(security(edited('>victim<', '>victim<?p -user?><'))),
  ],
  ['11 another subject', 'XUA_SIGNATURE', envelope(security(edited('>victim<', '>attacker<')))],
  [
    '11 another value of the signature',
    'XUA_SIGNATURE',
    envelope(security(edited(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA'))),
  ],
  ['11 another digest', 'XUA_SIGNATURE', envelope(security(edited(/<ds:DigestValue>..../, '<ds:DigestValue>AAAA')))],
  ['12 no signature', 'XUA_SECURITY', envelope(security(assertion()))],
  ['12 the signature taken out', 'XUA_SECURITY', envelope(security(unsigned))],
  [
    '13 a stranger’s key with its certificate in KeyInfo',
    'XUA_SIGNATURE',
    envelope(security(sign(assertion(), stranger))),
  ],
  [
    '13 a stranger’s key with the certificate of the issuer in KeyInfo',
    'XUA_SIGNATURE',
    envelope(security(sign(assertion(), stranger, { shown: issuer.pem }))),
  ],
  [
    '14 rsa-sha1 over sha1',
    'XUA_ALGORITHM',
    envelope(security(sign(assertion(), issuer, { signatureAlgorithm: RSA_SHA1, digestAlgorithm: SHA1 }))),
  ],
  [
    '14 sha1 under rsa-sha256',
    'XUA_ALGORITHM',
    envelope(security(sign(assertion(), issuer, { digestAlgorithm: SHA1 }))),
  ],
  [
    '14 HMAC',
    'XUA_ALGORITHM',
    envelope(security(edited('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', `${DS}hmac-sha1`))),
  ],
  [
    '14 canonicalisation with comments',
    'XUA_ALGORITHM',
    envelope(
      security(
        sign(assertion(), issuer, { canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#WithComments' }),
      ),
    ),
  ],
  [
    '14 inclusive canonicalisation',
    'XUA_ALGORITHM',
    envelope(
      security(
        sign(assertion(), issuer, {
          transforms: [`${DS}enveloped-signature`, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'],
        }),
      ),
    ),
  ],
  [
    '14 no enveloped-signature transform',
    'XUA_ALGORITHM',
    envelope(security(edited(/<ds:Transform [^>]*enveloped-signature"\/>/, ''))),
  ],
  [
    '14 an XPath transform',
    'XUA_ALGORITHM',
    envelope(
      security(
        edited(
          /enveloped-signature"\/>/,
          'enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath></ds:Transform>',
        ),
      ),
    ),
  ],
  ['15 two SignedInfo', 'XUA_SECURITY', envelope(security(doubled))],
  ['15 two References', 'XUA_SECURITY', envelope(security(edited(/<ds:Reference[\s\S]*<\/ds:Reference>/, '$&$&')))],
  ['15 two Signatures', 'XUA_SECURITY', envelope(security(inside(good, signature)))],
  ['15 a Reference to the whole document', 'XUA_SECURITY', envelope(security(edited(`URI="#${ID}"`, 'URI=""')))],
  ['15 a Reference without #', 'XUA_SECURITY', envelope(security(edited(`URI="#${ID}"`, `URI="${ID}"`)))],
  ['15 a Reference to another element', 'XUA_SECURITY', envelope(security(edited(`URI="#${ID}"`, 'URI="#_evil"')))],
  [
    '16 a comment in DigestValue',
    'XUA_SECURITY',
    envelope(security(edited(/<ds:DigestValue>/, '<ds:DigestValue><!-- x -->'))),
  ],
  [
    '16 an element in DigestValue',
    'XUA_SECURITY',
    envelope(security(edited(/<ds:DigestValue>/, '<ds:DigestValue><x xmlns=""/>'))),
  ],
  ['17 a DOCTYPE', 'XML_FORBIDDEN', `<!DOCTYPE s:Envelope [<!ENTITY x "y">]>${envelope(security(good))}`],
  ['a second Security header', 'XUA_SECURITY', envelope(security(good) + security())],
  ['a signature beside the assertion', 'XUA_SECURITY', envelope(security(good, signature))],
  ['text beside the assertion', 'XUA_SECURITY', envelope(security(good, 'x'))],
  ['no ID', 'XUA_SECURITY', envelope(security(edited(` ID="${ID}"`, '')))],
  ['an ID that is no name', 'XUA_SECURITY', envelope(security(edited(` ID="${ID}"`, ` ID="1' or '1"`)))],
  ['no Issuer', 'XUA_TOKEN', envelope(security(edited(/<saml2:Issuer>[^<]*<\/saml2:Issuer>/, '')))],
  ['SAML 1.1', 'XUA_TOKEN_TYPE', envelope(security('<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:1.0:assertion"/>'))],
  ['an encrypted assertion', 'XUA_TOKEN_TYPE', envelope(security(`<a:EncryptedAssertion xmlns:a="${SAML2}"/>`))],
  [
    'a user name',
    'XUA_TOKEN_TYPE',
    envelope(security('<wsse:UsernameToken><wsse:Username>x</wsse:Username></wsse:UsernameToken>')),
  ],
  ['a binary token', 'XUA_TOKEN_TYPE', envelope(security('<wsse:BinarySecurityToken>AA==</wsse:BinarySecurityToken>'))],
  [
    'a reference to nothing',
    'XUA_REFERENCE',
    envelope(security('<wsse:SecurityTokenReference><wsse:Reference URI="#x"/></wsse:SecurityTokenReference>')),
  ],
  [
    'a reference to another token',
    'XUA_REFERENCE',
    envelope(
      security(
        good,
        '<wsse:SecurityTokenReference><wsse:KeyIdentifier>_other</wsse:KeyIdentifier></wsse:SecurityTokenReference>',
      ),
    ),
  ],
  [
    'a time stamp that has expired',
    'XUA_EXPIRED',
    envelope(security(`<u:Timestamp xmlns:u="${WSU}"><u:Expires>2020-01-01T00:00:00Z</u:Expires></u:Timestamp>`, good)),
  ],
  [
    'a time stamp of the future',
    'XUA_SECURITY',
    envelope(security(`<u:Timestamp xmlns:u="${WSU}"><u:Created>2099-01-01T00:00:00Z</u:Created></u:Timestamp>`, good)),
  ],
  [
    'a time stamp that is none',
    'XUA_SECURITY',
    envelope(security(`<u:Timestamp xmlns:u="${WSU}"><u:Expires>soon</u:Expires></u:Timestamp>`, good)),
  ],
]

t.test('XML Signature, wrapping: every vector is refused, and named as what it is', async (t) => {
  for (const [name, code, message] of vectors) t.equal(refusal(message), code, name)
})

t.test('ITI TF-2 3.40: what is signed by the issuer is read, wherever namespaces were declared', async (t) => {
  const about = (message: string): unknown => accept(message)?.assertion.nameId
  t.equal(about(envelope(security(good))), 'victim')
  t.equal(
    about(envelope(security(sign(assertion({ subject: '山田 & 子'.replace('&', '&amp;') }), issuer)))),
    '山田 & 子',
  )
  t.equal(about(envelope(security(sign(assertion(), issuer, { signatureAlgorithm: RSA_PSS })))), 'yamada', 'RSA-PSS')
  const sha512 = {
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512',
  }
  t.equal(about(envelope(security(sign(assertion(), issuer, sha512)))), 'yamada', 'SHA-512')
  const moved = good.replace(` xmlns:saml2="${SAML2}"`, '')
  t.equal(
    about(envelope(security(moved)).replace('<s:Envelope', `<s:Envelope xmlns:saml2="${SAML2}"`)),
    'victim',
    'declared on the Envelope',
  )
  const prefixed = sign(
    assertion({ attributes: statement(attribute(NAMES.subjectId, 'x')) }).replace(
      '<saml2:Assertion',
      '<saml2:Assertion xmlns:xs="urn:xs"',
    ),
    issuer,
    { prefixes: ['xs', 'saml2'] },
  )
  t.equal(about(envelope(security(prefixed))), 'yamada', 'InclusiveNamespaces')
  t.equal(
    about(
      envelope(security(prefixed.replace(' xmlns:xs="urn:xs"', ''))).replace(
        '<s:Header',
        '<s:Header xmlns:xs="urn:xs"',
      ),
    ),
    'yamada',
    'a prefix that the Header declares',
  )
  t.equal(
    about(
      `<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- a > b -->\r\n${envelope(`<!-- <x> --><h xmlns="urn:h" a="a>b" b='"'/>${security('\n  ', good, '\n')}`)}`,
    ),
    'victim',
    'comments and quotes before it',
  )
  const referred = security(
    good,
    `<wsse:SecurityTokenReference><wsse:Reference URI="#${ID}"/></wsse:SecurityTokenReference>`,
  )
  t.equal(about(envelope(referred)), 'victim', 'a reference to it')
  t.equal(about(envelope(security(good).replace('<wsse:Security', '<wsse:Security s:role=""'))), 'victim')
})

t.test('WSS: what is for others, or names no user, is no assertion', async (t) => {
  t.equal(accept(envelope('')), undefined)
  t.equal(accept(envelope(security())), undefined)
  t.equal(
    accept(
      envelope(security(`<u:Timestamp xmlns:u="${WSU}"><u:Expires>2099-01-01T00:00:00Z</u:Expires></u:Timestamp>`)),
    ),
    undefined,
  )
  t.equal(accept(envelope(`<w:Security xmlns:w="${WSSE}" s:role="urn:other">${good}</w:Security>`)), undefined)
})

t.test('SHA-1 only where that was agreed with the issuer', async (t) => {
  const message = envelope(security(sign(assertion(), issuer, { signatureAlgorithm: RSA_SHA1, digestAlgorithm: SHA1 })))
  t.equal(accept(message, { allowsSha1: true })?.usesSha1, true)
  t.equal(refusal(message), 'XUA_ALGORITHM')
})

t.test('size: an assertion that is too large is refused before it is verified', async (t) => {
  const withAttributes = (length: number) => {
    const many = Array.from({ length }, () => '<saml2:Attribute Name="x"/>').join('')
    const statement = `<saml2:AttributeStatement>${many}</saml2:AttributeStatement>`
    return envelope(security(good.replace('</saml2:Assertion>', `${statement}</saml2:Assertion>`)))
  }
  t.equal(refusal(withAttributes(10_000)), 'XUA_SECURITY')
  const growth = await growthOf(withAttributes, refusal, 2500)
  t.ok(growth < LINEAR_AT_MOST, `${growth}`)
  const attributes = Array.from({ length: 250 }, (_, index) => `a${index}=""`).join(' ')
  const wide = edited('</saml2:Assertion>', `${`<b ${attributes}/>`.repeat(100)}</saml2:Assertion>`)
  t.equal(refusal(envelope(security(wide))), 'XUA_SECURITY', 'many attributes')
  const long = edited('</saml2:Assertion>', `${'x'.repeat(256 * 1024)}</saml2:Assertion>`)
  t.equal(refusal(envelope(security(long))), 'XUA_SECURITY', 'much text')
})

t.test('the digest is that of what was signed: the same in whatever message it stands', async (t) => {
  const one = accept(envelope(security(good)))
  const other = accept(envelope(security(good)).replace('<s:Header', '<s:Header xmlns:other="urn:other"'))
  t.equal(one?.digest, other?.digest)
  t.equal(one?.fingerprint, issuer.certificate.fingerprint256)
})
