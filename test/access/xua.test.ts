// Assertions that verify and still may not be used, and those that may (ITI TF-2 3.40.4.1.3; names of the cases as IHE's test tools have them).

import { createHash } from 'node:crypto'
import t from 'tap'
import { roleTable } from '../../profiles/access/index.ts'
import { type Admissible, type Arrival, admit, issuerOf, standingCertificates } from '../../src/access/xua/admit.ts'
import type { Issuer, KnownSubject, Trust, Use } from '../../src/access/xua/ports.ts'
import { readSecurity } from '../../src/codec/saml/header.ts'
import { verifyAssertion } from '../../src/codec/saml/verify.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { IheError } from '../../src/model/error.ts'
import { newOid } from '../../src/model/identifiers.ts'
import type { User } from '../../src/model/user.ts'
import {
  AUDIENCE,
  assertion,
  at,
  attribute,
  authnStatement,
  BEARER,
  coded,
  confirmed,
  envelope,
  HOLDER_OF_KEY,
  held,
  ISSUER,
  makeKey,
  NAMES,
  security,
  sign,
  statement,
  type Told,
} from '../codec/saml/assertions.ts'

const idp = await makeKey('issuer')
const client = await makeKey('client')
const another = await makeKey('another client')
const facilityOid = newOid()
const otherOid = newOid()
const community = 'urn:oid:2.25.4711'

const issuer: Issuer = {
  issuerId: 'idp',
  entityId: ISSUER,
  status: 'active',
  scope: 'facilities',
  facilities: [{ facilityId: 'clinic', organizationIds: ['https://clinic.example.jp', 'urn:oid:2.25.77'] }],
  certificates: [
    {
      fingerprint: idp.certificate.fingerprint256,
      pem: idp.pem,
      notBefore: new Date(Date.now() - 1000),
      notAfter: new Date(Date.now() + 86_400_000),
    },
  ],
  allowsSha1: false,
  needsFormats: false,
  maxLifetimeSeconds: 8 * 3600,
  audiences: [],
}

interface Circumstances {
  readonly issuer?: Partial<Issuer>
  readonly arrival?: Partial<Arrival>
  readonly known?: KnownSubject
  /** Counts of all processes, by issuer and ID. */
  readonly uses?: Map<string, { uses: number; digest: string; fingerprints: string[] }>
  readonly alerts?: unknown[]
}

function trustOf(changed: Partial<Issuer> = {}): Trust {
  const one = { ...issuer, ...changed }
  return { issuers: new Map([[one.entityId, one]]), strict: new Set(), delegations: new Map() }
}

function arrivalAs(changed: Partial<Arrival> = {}): Arrival {
  return {
    now: new Date(),
    skewMs: 60_000,
    endpoint: `${AUDIENCE}/xds/registry`,
    audiences: [AUDIENCE, community],
    communities: [community],
    isGateway: false,
    facilities: [{ facilityId: 'clinic', facilityOid }],
    peer: { raw: client.certificate.raw, publicKey: client.certificate.publicKey },
    peerFingerprint: client.certificate.fingerprint256,
    ...changed,
  }
}

function verify(xml: string, trust: Trust): Admissible {
  const message = envelope(security(xml))
  const presented = readSecurity({
    root: readXml(Buffer.from(message)),
    text: () => message,
    now: new Date(),
    skewMs: 60_000,
  })
  if (presented === undefined) throw new Error('the message has no assertion')
  const verified = verifyAssertion(presented, () => {
    const found = issuerOf(trust, presented.issuer)
    return { certificates: standingCertificates(found, new Date()), allowsSha1: found.allowsSha1 }
  })
  return { ...verified, counted: new Set() }
}

function use(admissible: Admissible, given: Circumstances): Promise<User> {
  const uses = given.uses ?? new Map()
  return admit(
    { admissible, trust: trustOf(given.issuer), arrival: arrivalAs(given.arrival) },
    {
      store: {
        subject: async () => given.known,
        use: async ({ issuerId, assertionId, digest, fingerprint }: Use) => {
          const key = `${issuerId} ${assertionId}`
          const row = uses.get(key) ?? { uses: 0, digest, fingerprints: [] }
          uses.set(key, row)
          row.uses += 1
          if (!row.fingerprints.includes(fingerprint)) row.fingerprints.push(fingerprint)
          return { uses: row.uses, fingerprints: row.fingerprints, isSame: row.digest === digest }
        },
      },
      roles: roleTable,
      revision: () => 0,
      alert: async (alert) => void given.alerts?.push(alert),
    },
  )
}

async function outcome(xml: string, given: Circumstances = {}): Promise<string> {
  try {
    await use(verify(xml, trustOf(given.issuer)), given)
    return 'accepted'
  } catch (error) {
    if (error instanceof IheError) return `${error.row.code} ${error.at}`
    throw error
  }
}

const told = (given: Told = {}): string => sign(assertion(given), idp)
/** Changed before it is signed. */
const bent = (from: string | RegExp, to: string, given: Told = {}): string => {
  const xml = assertion(given)
  const changed = xml.replace(from, to)
  if (changed === xml) throw new Error(`the assertion has no ${from}`)
  return sign(changed, idp)
}

const der = client.certificate.raw.toString('base64')
const jwk = (key: typeof client) => key.certificate.publicKey.export({ format: 'jwk' })
const b64 = (text = ''): string => Buffer.from(text, 'base64url').toString('base64')
const rsa = (modulus: string | undefined, exponent: string | undefined): string => {
  const part = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `<ds:${name}>${value}</ds:${name}>`
  return `<ds:KeyValue><ds:RSAKeyValue>${part('Modulus', modulus)}${part('Exponent', exponent)}</ds:RSAKeyValue></ds:KeyValue>`
}
const certified = (base64: string): string =>
  `<ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data>`
const { n, e } = jwk(client)
const organization = (...ids: readonly string[]): string => statement(attribute(NAMES.organizationId, ...ids))
const data = (attributes: string): string => `<saml2:SubjectConfirmationData ${attributes}/>`
const role = (code: string, system: string): string => coded('Role', code, system)
const purpose = (code: string): string => coded('PurposeOfUse', code, '2.16.840.1.113883.1.11.20448')
const network: Partial<Issuer> = { scope: 'network', facilities: [] }

const delegated: Partial<Arrival> = {
  facilities: [
    { facilityId: 'hospital', facilityOid: newOid() },
    { facilityId: 'clinic', facilityOid },
  ],
}

const accepted: readonly (readonly [name: string, xml: string, given?: Circumstances])[] = [
  ['minimal bearer', told()],
  ['its organisation named', told({ attributes: organization(`urn:oid:${facilityOid}`) })],
  [
    'its organisation named as agreed',
    told({ attributes: organization('https://clinic.example.jp', 'urn:oid:2.25.77') }),
  ],
  [
    'of an issuer of the whole network',
    told({ attributes: organization(`urn:oid:${facilityOid}`) }),
    { issuer: network },
  ],
  ['our community named', told({ attributes: statement(attribute(NAMES.homeCommunityId, community)) })],
  ['audiences, one of which is ours', told({ audiences: [['urn:x', AUDIENCE]] })],
  ['the endpoint as audience', told({ audiences: [[`${AUDIENCE}/xds/registry`]] })],
  ['two restrictions, ours in both', told({ audiences: [[AUDIENCE], ['urn:x', community]] })],
  ['an audience of its own', told({ audiences: [['urn:legacy']] }), { issuer: { audiences: ['urn:legacy'] } }],
  ['clock 50 s ahead', told({ issued: 50, from: 50 })],
  ['clock 50 s behind', told({ issued: -400, from: -400, to: -50 })],
  [
    'the right recipient',
    told({ confirmation: confirmed(BEARER, data(`Recipient="${AUDIENCE}/xds/registry" NotOnOrAfter="${at(60)}"`)) }),
  ],
  ['holder-of-key with the TLS certificate', told({ confirmation: held(certified(der)) })],
  ['holder-of-key with the key of the TLS certificate', told({ confirmation: held(rsa(b64(n), b64(e))) })],
  [
    'a leading zero in the modulus',
    told({
      confirmation: held(
        rsa(`${Buffer.concat([Buffer.alloc(1), Buffer.from(b64(n), 'base64')]).toString('base64')}`, b64(e)),
      ),
    }),
  ],
  [
    'holder-of-key of an issuer of the whole network',
    told({ confirmation: held(certified(der)) }),
    { issuer: network },
  ],
  [
    'sender-vouches beside bearer',
    told({ confirmation: confirmed('urn:oasis:names:tc:SAML:2.0:cm:sender-vouches') + confirmed(BEARER) }),
  ],
  ['secondauthncontext', told({ authn: authnStatement('urn:x') + authnStatement() })],
  [
    'a declared authentication that was agreed',
    told({ authn: authnStatement('urn:hospital:card') }),
    { issuer: { authnContexts: ['urn:hospital:card'] } },
  ],
  [
    'secondrole',
    told({ attributes: statement(attribute(NAMES.role, role('221', '2.16.840.1.113883.2.9.6.2.7'), role('x', 'y'))) }),
  ],
  [
    'secondpurposeofuse',
    told({ attributes: statement(attribute(NAMES.purpose, purpose('TREAT'), purpose('PUBHLTH'))) }),
  ],
  [
    'two statements with repeated attributes',
    told({
      attributes:
        statement(
          attribute(NAMES.role, role('221', '2.16.840.1.113883.2.9.6.2.7')),
          attribute(NAMES.organization, 'A'),
        ) + statement(attribute(NAMES.organization, 'A'), attribute(NAMES.role, role('x', 'y'))),
    }),
  ],
  [
    'withauthzconsent',
    told({
      attributes: `${statement(attribute('urn:ihe:iti:bppc:2007:docid', 'urn:oid:2.25.1'), attribute('urn:ihe:iti:xua:2012:acp', 'urn:oid:2.25.2'))}<saml2:AuthzDecisionStatement Resource="x" Decision="Permit"><saml2:Action>Execute</saml2:Action></saml2:AuthzDecisionStatement>`,
    }),
  ],
  ['proxies restricted', told({ conditions: '<saml2:ProxyRestriction/>' })],
  ['formats said', bent('<saml2:Issuer>', '<saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">')],
  [
    'a facility for which the system is delegated',
    told({ attributes: organization(`urn:oid:${facilityOid}`) }),
    { arrival: delegated },
  ],
  [
    'staff of a facility for which the system is delegated',
    told(),
    { arrival: delegated, known: { staffId: 's1', isActive: true, job: 'nurse', facilityId: 'clinic' } },
  ],
  ['staff who are active', told(), { known: { staffId: 's1', isActive: true, job: 'nurse', facilityId: 'clinic' } }],
]

const refused: readonly (readonly [name: string, code: string, xml: string, given?: Circumstances])[] = [
  ['notyetvalid', 'XUA_TOKEN Conditions/@NotBefore', told({ from: 70 })],
  ['expired', 'XUA_TOKEN Conditions/@NotOnOrAfter', told({ issued: -400, from: -400, to: -70 })],
  ['unknownaudience', 'XUA_TOKEN Conditions/AudienceRestriction', told({ audiences: [['urn:x']] })],
  ['no audience', 'XUA_TOKEN Conditions/AudienceRestriction', told({ audiences: [] })],
  [
    'two restrictions, one foreign',
    'XUA_TOKEN Conditions/AudienceRestriction',
    told({ audiences: [[AUDIENCE], ['urn:x']] }),
  ],
  ['invalidversion', 'XUA_TOKEN Assertion/@Version', bent('Version="2.0"', 'Version="1.1"')],
  ['missingversion', 'XUA_TOKEN Assertion/@Version', bent(' Version="2.0"', '')],
  ['unknown issuer', 'XUA_TOKEN Assertion/Issuer', told({ issuer: 'https://other.example.jp' })],
  ['suspended issuer', 'XUA_TOKEN Assertion/Issuer', told(), { issuer: { status: 'suspended' } }],
  ['an issuer in other letters', 'XUA_TOKEN Assertion/Issuer', told({ issuer: ISSUER.toUpperCase() })],
  ['invalid issuer format', 'XUA_TOKEN Issuer/@Format', bent('<saml2:Issuer>', '<saml2:Issuer Format="x">')],
  ['missingissuerformat', 'XUA_TOKEN Issuer/@Format', told(), { issuer: { needsFormats: true } }],
  ['missingissueinstant', 'XUA_TOKEN Assertion/@IssueInstant', bent(/ IssueInstant="[^"]*"/, '')],
  [
    'invalidissueinstant',
    'XUA_TOKEN Assertion/@IssueInstant',
    bent(/IssueInstant="[^"]*"/, 'IssueInstant="yesterday"'),
  ],
  [
    'an instant without zone',
    'XUA_TOKEN Assertion/@IssueInstant',
    bent(/IssueInstant="[^"]*"/, 'IssueInstant="2026-11-21T09:00:00"'),
  ],
  ['lateissueinstant', 'XUA_TOKEN Assertion/@IssueInstant', told({ issued: 70 })],
  ['lifetime 25 h', 'XUA_TOKEN Conditions/@NotOnOrAfter', told({ to: 25 * 3600 })],
  ['no Conditions', 'XUA_TOKEN Assertion/Conditions', bent(/<saml2:Conditions[\s\S]*<\/saml2:Conditions>/, '')],
  ['a condition nobody knows', 'XUA_TOKEN Conditions', told({ conditions: '<saml2:Condition/>' })],
  ['missingsubject', 'XUA_TOKEN Assertion/Subject', bent(/<saml2:Subject>[\s\S]*<\/saml2:Subject>/, '')],
  ['missingsubjectnameid', 'XUA_TOKEN Subject/NameID', bent(/<saml2:NameID>[\s\S]*<\/saml2:NameID>/, '')],
  [
    'two NameID',
    'XUA_TOKEN Subject/NameID',
    bent('</saml2:NameID>', '</saml2:NameID><saml2:NameID>attacker</saml2:NameID>'),
  ],
  ['an element in NameID', 'XUA_TOKEN NameID', bent('yamada', 'yam<x xmlns="">a</x>da')],
  ['a name that cannot be seen', 'XUA_TOKEN NameID', told({ subject: 'yama\u200bda' })],
  ['invalidsubjectnameidformat', 'XUA_TOKEN NameID/@Format', bent('<saml2:NameID>', '<saml2:NameID Format="urn:x">')],
  ['missingsubjectconfirmation', 'XUA_TOKEN Subject/SubjectConfirmation', told({ confirmation: '' })],
  ['missingsubjectconfirmationmethod', 'XUA_TOKEN SubjectConfirmation/@Method', bent(/ Method="[^"]*"/, '')],
  [
    'sender-vouches',
    'XUA_NOT_HERE SubjectConfirmation/@Method',
    told({ confirmation: confirmed('urn:oasis:names:tc:SAML:2.0:cm:sender-vouches') }),
  ],
  [
    'missingsubjectconfdata',
    'XUA_TOKEN SubjectConfirmationData/KeyInfo',
    told({ confirmation: confirmed(HOLDER_OF_KEY) }),
  ],
  [
    'missingsubjectconfirmationkeyinfo',
    'XUA_TOKEN SubjectConfirmationData/KeyInfo',
    told({ confirmation: confirmed(HOLDER_OF_KEY, '<saml2:SubjectConfirmationData/>') }),
  ],
  ['missingkeyinfo', 'XUA_TOKEN SubjectConfirmationData/KeyInfo', told({ confirmation: held('') })],
  ['missingkeyvalue', 'XUA_TOKEN SubjectConfirmationData/KeyInfo', told({ confirmation: held('<ds:KeyValue/>') })],
  ['missing RSA modulus', 'XUA_TOKEN RSAKeyValue/Modulus', told({ confirmation: held(rsa(undefined, b64(e))) })],
  ['missing RSA exponent', 'XUA_TOKEN RSAKeyValue/Exponent', told({ confirmation: held(rsa(b64(n), undefined)) })],
  ['invalid RSA modulus', 'XUA_TOKEN RSAKeyValue/Modulus', told({ confirmation: held(rsa('###', b64(e))) })],
  [
    'invalid RSA exponent',
    'XUA_NOT_HERE SubjectConfirmationData/KeyInfo',
    told({ confirmation: held(rsa(b64(n), 'AAAD')) }),
  ],
  ['invalidx509certificate', 'XUA_TOKEN X509Certificate', told({ confirmation: held(certified('AAAA')) })],
  [
    'holder-of-key with another TLS certificate',
    'XUA_NOT_HERE SubjectConfirmationData/KeyInfo',
    told({ confirmation: held(certified(another.certificate.raw.toString('base64'))) }),
  ],
  [
    'holder-of-key with another key',
    'XUA_NOT_HERE SubjectConfirmationData/KeyInfo',
    told({ confirmation: held(rsa(b64(jwk(another).n), b64(e))) }),
  ],
  [
    'the certificate of the issuer as key',
    'XUA_NOT_HERE SubjectConfirmationData/KeyInfo',
    told({ confirmation: held(certified(idp.certificate.raw.toString('base64'))) }),
  ],
  [
    'invalidauthncontext',
    'XUA_TOKEN AuthnStatement/AuthnContext',
    told({ authn: authnStatement('urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified') }),
  ],
  ['no AuthnStatement', 'XUA_TOKEN Assertion/AuthnStatement', told({ authn: '' })],
  [
    'an AuthnStatement without context',
    'XUA_TOKEN AuthnStatement/AuthnContext',
    told({ authn: `<saml2:AuthnStatement AuthnInstant="${at(0)}"/>` }),
  ],
  [
    'a session that has ended',
    'XUA_TOKEN AuthnStatement/@SessionNotOnOrAfter',
    told({
      authn: authnStatement().replace(
        '<saml2:AuthnStatement',
        `<saml2:AuthnStatement SessionNotOnOrAfter="${at(-70)}"`,
      ),
    }),
  ],
  [
    'authenticated in the future',
    'XUA_TOKEN AuthnStatement/@AuthnInstant',
    told({ authn: authnStatement().replace(/AuthnInstant="[^"]*"/, `AuthnInstant="${at(70)}"`) }),
  ],
  [
    'wrong recipient',
    'XUA_NOT_HERE SubjectConfirmationData/@Recipient',
    told({ confirmation: confirmed(BEARER, data('Recipient="https://other.example.jp/xds/registry"')) }),
  ],
  [
    'a confirmation that has expired',
    'XUA_TOKEN SubjectConfirmationData/@NotOnOrAfter',
    told({ confirmation: confirmed(BEARER, data(`NotOnOrAfter="${at(-70)}"`)) }),
  ],
  [
    'a bearer with NotBefore',
    'XUA_TOKEN SubjectConfirmationData/@NotBefore',
    told({ confirmation: confirmed(BEARER, data(`NotBefore="${at(-70)}"`)) }),
  ],
  [
    'organization-id of another facility',
    'XUA_NOT_HERE organization-id',
    told({ attributes: organization(`urn:oid:${otherOid}`) }),
  ],
  [
    'organization-ids, one of another facility',
    'XUA_NOT_HERE organization-id',
    told({ attributes: organization(`urn:oid:${facilityOid}`, `urn:oid:${otherOid}`) }),
  ],
  ['a bearer of the whole network without organisation', 'XUA_NOT_HERE organization-id', told(), { issuer: network }],
  [
    'a bearer of an issuer of two facilities without organisation, which the other could bear too',
    'XUA_NOT_HERE organization-id',
    told(),
    { issuer: { facilities: [...issuer.facilities, { facilityId: 'hospital', organizationIds: [] }] } },
  ],
  [
    'an issuer of other facilities',
    'XUA_NOT_HERE Issuer',
    told(),
    { issuer: { facilities: [{ facilityId: 'hospital', organizationIds: [] }] } },
  ],
  [
    'another community',
    'XUA_NOT_HERE homeCommunityId',
    told({ attributes: statement(attribute('urn:nhin:names:saml:homeCommunityId', 'urn:oid:2.25.1')) }),
  ],
  ['no patient id', 'XUA_TOKEN resource-id', told({ attributes: statement(attribute(NAMES.resourceId, 'x')) })],
  ['revoked issuer certificate', 'XUA_SIGNATURE Signature', told(), { issuer: { certificates: [] } }],
  [
    'expired issuer certificate',
    'XUA_SIGNATURE Signature',
    told(),
    { issuer: { certificates: issuer.certificates.map((one) => ({ ...one, notAfter: new Date(0) })) } },
  ],
  ['staff who have left', 'XUA_NOT_HERE NameID', told(), { known: { staffId: 's1', isActive: false, job: 'nurse' } }],
  [
    'the own organisation of a delegated system, of which the issuer may not speak',
    'XUA_NOT_HERE organization-id',
    told({ attributes: organization(`urn:oid:${delegated.facilities?.[0].facilityOid}`) }),
    { arrival: delegated },
  ],
  [
    'staff of another facility',
    'XUA_NOT_HERE NameID',
    told(),
    { known: { staffId: 's1', isActive: true, job: 'nurse', facilityId: 'hospital' } },
  ],
]

t.test('ITI TF-2 3.40: what IHE’s tools send as valid is taken', async (t) => {
  for (const [name, xml, given] of accepted) t.equal(await outcome(xml, given), 'accepted', name)
})

t.test('ITI TF-2 3.40: what IHE’s tools send as invalid is refused, and for its fault', async (t) => {
  for (const [name, code, xml, given] of refused) t.equal(await outcome(xml, given), code, name)
})

t.test('ITI TF-2 3.40.4.1.2: subject, role, organisation and purpose become the user of the call', async (t) => {
  const userOf = (attributes: string, known?: KnownSubject, xml = told({ attributes })): Promise<User> =>
    use(verify(xml, trustOf()), known === undefined ? {} : { known })
  const full = statement(
    attribute(NAMES.subjectId, '山田 花子'),
    attribute(NAMES.organization, '架空診療所'),
    attribute(NAMES.organizationId, `urn:oid:${facilityOid}`),
    attribute(NAMES.homeCommunityId, community),
    attribute(
      NAMES.role,
      `<Garbage xmlns="urn:g"/>${coded('PurposeOfUse', 'BTG', 'x')}${role('2221', 'urn:oid:2.16.840.1.113883.2.9.6.2.7')}`,
    ),
    attribute(NAMES.purpose, purpose('TREAT')),
    attribute(NAMES.resourceId, '1001^^^&amp;2.25.5&amp;ISO'),
  )
  const xml = bent('<saml2:NameID>', '<saml2:NameID SPProvidedID="JD">', { attributes: full })
  const { authentication, ...user } = await userOf('', { staffId: 'nurse-1', isActive: true, job: 'doctor' }, xml)
  t.match(authentication, { context: /:PasswordProtectedTransport$/, at: Date })
  t.same(user, {
    name: `JD<yamada@${ISSUER}>`,
    origin: 'assertion',
    job: 'nurse',
    roles: [{ code: '2221', scheme: 'urn:oid:2.16.840.1.113883.2.9.6.2.7', display: '2221' }],
    purpose: 'treatment',
    purposeOfUse: { code: 'TREAT', scheme: '2.16.840.1.113883.1.11.20448', display: 'TREAT' },
    staffId: 'nurse-1',
    displayName: '山田 花子',
    organization: '架空診療所',
    organizationId: `urn:oid:${facilityOid}`,
    homeCommunityId: '2.25.4711',
    patientId: { value: '1001', authority: '2.25.5' },
  })
  t.match(await userOf(''), { name: `<yamada@${ISSUER}>`, job: 'clerk', purpose: 'treatment', roles: [] })
  t.match(await userOf(statement(attribute(NAMES.role, role('king', 'x')))), { job: 'clerk' }, 'unknown: the least')
  t.match(await userOf('', { staffId: 'd', isActive: true, job: 'dentist' }), { job: 'dentist', staffId: 'd' })
  const roles = attribute(NAMES.role, role('king', 'x'), role('Pharmacist', '1.2.392.100495.1.6.1.1'))
  t.match(await userOf(statement(roles)), { job: 'pharmacist' }, 'HPKI, beside an unknown one')
  const asked = (...codes: readonly string[]): string => statement(attribute(NAMES.purpose, ...codes.map(purpose)))
  t.match(await userOf(asked('PUBHLTH')), { purpose: 'other', purposeOfUse: { code: 'PUBHLTH' } })
  for (const code of ['EMERGENCY', 'EMRGNCY', 'ETREAT', 'BTG'])
    t.match(await userOf(asked('TREAT', code)), { purpose: 'emergency', purposeOfUse: { code } }, code)
  t.match(await userOf(asked('PUBHLTH', 'TREATMENT')), { purpose: 'treatment' })
})

t.test(
  '3.40.4.1.2: role and purpose as text, as XSPA 1.0 has them, are said and no less than coded ones',
  async (t) => {
    const userOf = (attributes: string, known?: KnownSubject): Promise<User> =>
      use(verify(told({ attributes: statement(attributes) }), trustOf()), known === undefined ? {} : { known })
    t.match(await userOf(attribute(NAMES.purpose, 'MARKETING')), {
      purpose: 'other',
      purposeOfUse: { code: 'MARKETING' },
    })
    t.match(await userOf(attribute(NAMES.purpose, ' EMERGENCY ')), { purpose: 'emergency' })
    t.match(await userOf(attribute(NAMES.purpose, 'TREATMENT')), { purpose: 'treatment' })
    t.match(await userOf(attribute(NAMES.purpose, '')), { purpose: 'treatment' }, 'nothing is said')
    const doctor: KnownSubject = { staffId: 'd', isActive: true, job: 'doctor' }
    t.match(await userOf(attribute(NAMES.role, 'billing'), doctor), { job: 'clerk', roles: [{ code: 'billing' }] })
    const beside = attribute(NAMES.purpose, `said: ${purpose('TREAT')}`)
    t.same((await userOf(beside)).purposeOfUse?.code, 'TREAT', 'an element says it, whatever stands beside it')
  },
)

t.test('SAML Core 2.7.3.2: an encrypted attribute is refused in words, for it may bound the use', async (t) => {
  const attributes = statement(
    attribute(NAMES.organizationId, `urn:oid:${facilityOid}`),
    '<saml2:EncryptedAttribute><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"/></saml2:EncryptedAttribute>',
  )
  t.equal(await outcome(told({ attributes })), 'XUA_TOKEN AttributeStatement/EncryptedAttribute')
})

t.test(
  '3.40.4.1.2: users of a neighbouring community are of its organisations, and are bound to it by its home',
  async (t) => {
    const neighbour = 'urn:oid:2.25.4712'
    const arrival = { communities: [neighbour], isGateway: true }
    const said = (...attributes: readonly string[]): string => told({ attributes: statement(...attributes) })
    const theirs = attribute(NAMES.organizationId, 'urn:oid:2.25.4713')
    const home = attribute(NAMES.homeCommunityId, neighbour)
    t.equal(await outcome(said(home, theirs), { arrival }), 'accepted')
    t.equal(await outcome(said(home, theirs)), 'XUA_NOT_HERE organization-id', 'not with a certificate of our own')
    t.equal(await outcome(said(theirs), { arrival }), 'XUA_NOT_HERE organization-id', 'no home, no community')
    const elsewhere = attribute(NAMES.homeCommunityId, 'urn:oid:2.25.4714')
    t.equal(await outcome(said(elsewhere, theirs), { arrival }), 'XUA_NOT_HERE homeCommunityId')
    const ofNetwork = { arrival, issuer: { scope: 'network', facilities: [] } } as const
    t.equal(
      await outcome(said(home, theirs), ofNetwork),
      'XUA_NOT_HERE organization-id',
      'an issuer of our own network does not speak for the users of another',
    )
    const [clinic] = issuer.facilities
    const several = {
      issuer: { facilities: [...(clinic === undefined ? [] : [clinic]), { facilityId: 'x', organizationIds: [] }] },
    }
    t.equal(await outcome(said(home), { arrival, ...several }), 'accepted', 'its home binds a bearer')
    t.equal(await outcome(said(), { arrival, ...several }), 'XUA_NOT_HERE organization-id')
  },
)

t.test('a neighbouring community’s system speaks for itself; no issuer of persons can make one a system', async (t) => {
  const neighbour = 'urn:oid:2.25.4712'
  const ours = attribute(NAMES.role, role('system', roleTable.ownSystem))
  const xml = told({ attributes: statement(attribute(NAMES.homeCommunityId, neighbour), ours) })
  const arrival = { communities: [neighbour], isGateway: true }
  t.match(await use(verify(xml, trustOf()), { arrival }), { job: 'system' })
  t.match(await use(verify(told({ attributes: statement(ours) }), trustOf()), {}), { job: 'clerk' })
})

t.test('SAML Core 2.5.1.5: replay, over all processes', async (t) => {
  const uses: NonNullable<Circumstances['uses']> = new Map()
  const alerts: unknown[] = []
  const given: Circumstances = { uses, alerts }
  const fails = async (admissible: Admissible, circumstances: Circumstances): Promise<string> =>
    use(admissible, circumstances).then(
      () => 'accepted',
      (error: IheError) => `${error.row.code} ${error.at}`,
    )
  const once = told({ conditions: '<saml2:OneTimeUse/>' })
  const here = verify(once, trustOf())
  t.equal(await fails(here, given), 'accepted')
  t.equal(await fails(here, given), 'XUA_NOT_HERE Conditions/OneTimeUse', 'the same process')
  t.equal(await fails(verify(once, trustOf()), given), 'XUA_NOT_HERE Conditions/OneTimeUse', 'another one')
  const often = told({ id: '_often' })
  const remembered = verify(often, trustOf())
  for (let count = 0; count < 3; count++) t.equal(await fails(remembered, given), 'accepted')
  t.match(uses.get('idp _often'), { uses: 1 }, 'repeats of a process are counted once')
  t.same(alerts, [])
  const peer = { arrival: { peerFingerprint: another.certificate.fingerprint256 } }
  t.equal(await fails(verify(often, trustOf()), { ...given, ...peer }), 'accepted')
  t.same(alerts, [{ issuerId: 'idp', certificates: 2 }], 'with another certificate: alerted')
  const second = verify(told({ id: '_often', subject: 'suzuki' }), trustOf())
  t.equal(await fails(second, given), 'XUA_NOT_HERE Assertion/@ID', 'another assertion of the same ID')
})

t.test(
  'what was verified before counts no longer when the issuer, its certificate or the person is withdrawn',
  async (t) => {
    const admissible = verify(told(), trustOf())
    const fails = (given: Circumstances): Promise<string> =>
      use({ ...admissible, counted: new Set() }, given).then(
        () => 'accepted',
        (error: IheError) => error.row.code,
      )
    t.equal(await fails({}), 'accepted')
    t.equal(await fails({ issuer: { status: 'suspended' } }), 'XUA_TOKEN')
    t.equal(await fails({ issuer: { certificates: [] } }), 'XUA_SIGNATURE')
    t.equal(await fails({ issuer: { maxLifetimeSeconds: 10 } }), 'XUA_TOKEN')
    t.equal(await fails({ arrival: { now: new Date(Date.now() + 400_000) } }), 'XUA_TOKEN')
    t.equal(await fails({ known: { staffId: 's', isActive: false, job: 'nurse' } }), 'XUA_NOT_HERE')
    t.equal(createHash('sha256').update('').digest('hex').length, admissible.digest.length)
  },
)
