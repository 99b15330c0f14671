// Assertions over the real doors: ITI-18, 41, 43 for a user, faults by name, replay in two processes, the user in the audit (ITI TF-2 3.40).

import { randomUUID, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createAuthority, issueClientCertificate } from '../../src/certificates/authority.ts'
import { main } from '../../src/cli/main.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { faultsOf, renderedEvents } from '../audit/rendered.ts'
import {
  assertion,
  attribute,
  BEARER,
  coded,
  confirmed,
  envelope,
  held,
  ISSUER,
  makeKey,
  makeRenewed,
  NAMES,
  type SigningKey,
  security,
  sign,
  statement,
  type Told,
} from '../codec/saml/assertions.ts'
import { eventually, temporaryDirectory } from '../faults/support.ts'
import { fill, readCase, requestOf, valuesOf } from './cases.ts'
import { listOf } from './doors/lists.ts'
import { type HttpAnswer, startScenario } from './harness.ts'
import { networkValues } from './network.ts'

t.setTimeout(170_000)

const SOAP = 'application/soap+xml; charset=UTF-8'
const idp = await makeKey('issuer')
const stranger = await makeKey('stranger')
const scenario = await startScenario(t)
const { pool, admin, server } = scenario
const values = await networkValues(scenario)
const peer = new X509Certificate(await readFile(join(server.config.dataDir, 'pki', 'clients', 'clinic-b.crt')))
const audience = server.config.https.publicUrl

const { rows: facilities } = await pool.query<{ facility_id: string; oid: string }>(
  'select facility_id, oid from access.facility',
)
const oidOf = (facilityId: string): string =>
  `urn:oid:${facilities.find((facility) => facility.facility_id === facilityId)?.oid}`

const put = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<HttpAnswer> =>
  admin({ method, path, ...(body === undefined ? {} : { body }) })

await put('POST', '/issuers', {
  issuerId: 'idp',
  entityId: ISSUER,
  scope: 'facilities',
  facilities: [{ facilityId: 'clinic-b' }],
})
await put('POST', '/issuers/idp/certificates', { pem: idp.pem })

const told = (given: Told = {}): string => sign(assertion({ audiences: [[audience]], ...given }), idp)

const patient = `${values.XAD}^^^&amp;${values.AFFINITY}&amp;ISO`

function findDocuments(id = patient): string {
  const slot = (name: string, value: string): string =>
    `<rim:Slot name="${name}"><rim:ValueList><rim:Value>${value}</rim:Value></rim:ValueList></rim:Slot>`
  return (
    '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">' +
    '<query:ResponseOption returnComposedObjects="true" returnType="LeafClass"/><rim:AdhocQuery id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d">' +
    slot('$XDSDocumentEntryPatientId', `'${id}'`) +
    slot('$XDSDocumentEntryStatus', "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')") +
    '</rim:AdhocQuery></query:AdhocQueryRequest>'
  )
}

interface Asking {
  readonly body?: string
  readonly system?: string
  readonly post?: typeof scenario.httpsPost
}

async function ask(
  header: string,
  { body = findDocuments(), system = 'clinic-b', post }: Asking = {},
): Promise<string> {
  const message = envelope(header, body)
  const answer = await (post ?? scenario.httpsPost)(system, '/xds/registry', { type: SOAP, body: Buffer.from(message) })
  return answer.body.toString('utf8')
}

/** `Success`, or our code with the subcode of the fault. */
function said(answer: string): string {
  if (answer.includes('ResponseStatusType:Success')) return 'Success'
  const subcode = /Subcode><soap12:Value[^>]*>([^<]+)</.exec(answer)?.[1]
  return `${/ code="([A-Z_]+)"/.exec(answer)?.[1]} ${subcode}`
}

async function lastEvents(
  typeCode: string,
): Promise<readonly { outcome: number; objects: Record<string, unknown>; reason: string | null }[]> {
  const { rows } = await pool.query(
    'select outcome, objects, reason from audit.event where type_code = $1 order by event_id desc limit 5',
    [typeCode],
  )
  return rows
}

t.test('ITI-18 for a user: the answer is that of the system, and the audit names the person', async (t) => {
  const attributes = statement(
    attribute(NAMES.subjectId, '山田 花子'),
    attribute(NAMES.organizationId, oidOf('clinic-b')),
    attribute(NAMES.role, coded('Role', '2221', '2.16.840.1.113883.2.9.6.2.7')),
    attribute(NAMES.purpose, coded('PurposeOfUse', 'TREAT', '2.16.840.1.113883.1.11.20448')),
    attribute(NAMES.resourceId, patient),
  )
  const plain = await ask('')
  const asserted = await ask(security(told({ attributes })))
  t.equal(said(plain), 'Success')
  t.equal(said(asserted), 'Success')
  const entries = (answer: string): number => answer.split('<rim:ExtrinsicObject').length - 1
  t.ok(entries(plain) > 0)
  t.equal(entries(asserted), entries(plain))
  t.match(await lastEvents('ITI-18'), [
    {
      outcome: 0,
      objects: {
        user: {
          name: `<yamada@${ISSUER}>`,
          origin: 'assertion',
          job: 'nurse',
          roles: [{ code: '2221' }],
          purpose: 'treatment',
          purposeOfUse: { code: 'TREAT' },
          organizationId: oidOf('clinic-b'),
        },
      },
    },
  ])
})

const comment = told().replace('yamada', 'yam<!-- -->ada')
const key = (certificate: X509Certificate): string =>
  held(`<ds:X509Data><ds:X509Certificate>${certificate.raw.toString('base64')}</ds:X509Certificate></ds:X509Data>`)
const about = (id: string): string => statement(attribute(NAMES.resourceId, id))
const good = told()
const evil = assertion({ id: '_evil', subject: 'attacker' })

const cases: readonly (readonly [name: string, header: string, expected: string, asking?: Asking])[] = [
  ['bearer', security(told()), 'Success'],
  ['holder-of-key with the TLS certificate', security(told({ confirmation: key(peer) })), 'Success'],
  ['about the patient of the message', security(told({ attributes: about(patient) })), 'Success'],
  [
    'about the patient, by the number of the facility',
    security(told({ attributes: about(`0000012345^^^&amp;${values.DOMAIN_A}&amp;ISO`) })),
    'Success',
  ],
  [
    'holder-of-key with another certificate',
    security(told({ confirmation: key(stranger.certificate) })),
    'XUA_NOT_HERE wsse:FailedAuthentication',
  ],
  [
    'about another patient',
    security(told({ attributes: about(`${values.XAD_2}^^^&amp;${values.AFFINITY}&amp;ISO`) })),
    'XUA_NOT_HERE wsse:FailedAuthentication',
  ],
  [
    'about a patient nobody knows',
    security(told({ attributes: about(`nobody^^^&amp;${values.AFFINITY}&amp;ISO`) })),
    'XUA_NOT_HERE wsse:FailedAuthentication',
  ],
  [
    'of another facility',
    security(told({ attributes: statement(attribute(NAMES.organizationId, oidOf('hospital-a'))) })),
    'XUA_NOT_HERE wsse:FailedAuthentication',
  ],
  [
    'for another address',
    security(
      told({
        confirmation: confirmed(BEARER, `<saml2:SubjectConfirmationData Recipient="${audience}/xds/repository"/>`),
      }),
    ),
    'XUA_NOT_HERE wsse:FailedAuthentication',
  ],
  ['expired', security(told({ issued: -900, from: -900, to: -120 })), 'XUA_TOKEN wsse:InvalidSecurityToken'],
  ['another audience', security(told({ audiences: [['urn:x']] })), 'XUA_TOKEN wsse:InvalidSecurityToken'],
  ['an unknown issuer', security(told({ issuer: 'urn:stranger' })), 'XUA_TOKEN wsse:InvalidSecurityToken'],
  [
    'a stranger’s key',
    security(sign(assertion({ audiences: [[audience]] }), stranger)),
    'XUA_SIGNATURE wsse:FailedCheck',
  ],
  ['tampered', security(told().replace('>yamada<', '>suzuki<')), 'XUA_SIGNATURE wsse:FailedCheck'],
  ['evil before good', security(evil, good), 'XUA_SECURITY wsse:InvalidSecurity'],
  [
    'good in the body',
    security(evil),
    'XUA_SECURITY wsse:InvalidSecurity',
    { body: findDocuments().replace('</query:AdhocQueryRequest>', `${good}$&`) },
  ],
  ['a comment inside', security(comment), 'XUA_SECURITY wsse:InvalidSecurity'],
  [
    'a processing instruction inside',
    security(told().replace('yamada', 'yamada<?p -user?>')),
    'XML_FORBIDDEN undefined',
  ],
  ['two Security headers', security(good) + security(good), 'XUA_SECURITY wsse:InvalidSecurity'],
  [
    '300 KiB',
    security(told({ attributes: statement(attribute(NAMES.organization, 'x'.repeat(300 * 1024))) })),
    'XML_LIMIT undefined',
  ],
  [
    '10,000 attributes',
    security(
      good.replace(
        '</saml2:Assertion>',
        `<saml2:AttributeStatement>${'<saml2:Attribute Name="x"/>'.repeat(10_000)}</saml2:AttributeStatement></saml2:Assertion>`,
      ),
    ),
    'XUA_SECURITY wsse:InvalidSecurity',
  ],
]

t.test(
  'ITI TF-2 3.40; WSS 1.1, 12: who may not be the user of a message is told by a fault, and audited',
  async (t) => {
    for (const [name, header, expected, asking] of cases) {
      const answer = await ask(header, asking)
      t.equal(said(answer), expected, name)
      if (!expected.startsWith('XUA_')) continue
      t.notMatch(answer, /yamada|suzuki|attacker|urn:stranger/, `${name}: nothing is echoed`)
      const code = expected.split(' ')[0]
      const serious = code === 'XUA_SIGNATURE' || code === 'XUA_NOT_HERE'
      t.match(await lastEvents('110122'), [{ outcome: serious ? 8 : 4, reason: new RegExp(`^deny: ${code}`) }], name)
    }
    t.equal(
      said(await ask(security(told({ issuer: 'urn:stranger', subject: 'suzuki' })))),
      'XUA_TOKEN wsse:InvalidSecurityToken',
    )
    t.match(await lastEvents('110122'), [
      { objects: { claimed: { issuer: 'urn:stranger', subject: 'suzuki', verified: false } } },
    ])
  },
)

t.test('every fault of the same kind reads the same; what it was stands in the journal', async (t) => {
  const one = await ask(security(told({ audiences: [['urn:x']] })))
  const other = await ask(security(told({ issued: -900, from: -900, to: -120 })))
  const reason = (answer: string): string | undefined => /Reason>[\s\S]*<\/soap12:Reason>/.exec(answer)?.[0]
  t.equal(reason(one), reason(other))
  const journalId = /JournalId>([^<]+)</.exec(one)?.[1]
  const { rows } = await pool.query('select errors from journal.exchange where exchange_id = $1', [journalId])
  t.match(rows, [{ errors: [{ code: 'XUA_TOKEN', at: 'Conditions/AudienceRestriction' }] }])
})

t.test('SAML Core 2.5.1.5: an assertion for one use is used once, by whichever process', async (t) => {
  const { httpsPost } = await scenario.beside({ 'xua.skewSeconds': '30' })
  const once = security(told({ conditions: '<saml2:OneTimeUse/>' }))
  t.equal(said(await ask(once)), 'Success')
  t.equal(said(await ask(once)), 'XUA_NOT_HERE wsse:FailedAuthentication')
  t.equal(said(await ask(once, { post: httpsPost })), 'XUA_NOT_HERE wsse:FailedAuthentication')
  const both = security(told({ conditions: '<saml2:OneTimeUse/>' }))
  const answers = await Promise.all([
    ask(both),
    ask(both, { post: httpsPost }),
    ask(both),
    ask(both, { post: httpsPost }),
  ])
  t.equal(answers.map(said).filter((one) => one === 'Success').length, 1, 'of four at once one')
  const often = security(told())
  for (const post of [scenario.httpsPost, httpsPost, scenario.httpsPost])
    t.equal(said(await ask(often, { post })), 'Success')
})

t.test('the same assertion with another certificate of the facility is counted and alerted', async (t) => {
  await put('POST', '/systems', { systemId: 'clinic-b-2', facilityId: 'clinic-b', roles: ['document-consumer'] })
  const moved = await readFile(join(server.config.dataDir, 'pki', 'clients', 'tester.crt'), 'utf8')
  const { fingerprint256 } = new X509Certificate(moved)
  const of = (systemId: string) =>
    pool.query('update access.client_certificate set system_id = $2 where fingerprint = $1', [fingerprint256, systemId])
  await of('clinic-b-2')
  await scenario.reconnect('tester')
  const passed = security(told())
  t.equal(said(await ask(passed)), 'Success')
  t.equal(said(await ask(passed, { system: 'tester' })), 'Success')
  t.match(await lastEvents('110143'), [
    { outcome: 4, reason: 'an assertion of issuer idp was used with 2 client certificates' },
  ])
  await of('tester')
  await scenario.reconnect('tester')
})

t.test(
  'a suspended issuer, a withdrawn certificate and staff who left are felt by assertions that were verified before',
  async (t) => {
    const known = security(told())
    t.equal(said(await ask(known)), 'Success')
    await put('PATCH', '/issuers/idp', { status: 'suspended' })
    t.equal(said(await ask(known)), 'XUA_TOKEN wsse:InvalidSecurityToken')
    await put('PATCH', '/issuers/idp', { status: 'active' })
    t.equal(said(await ask(known)), 'Success')
    await pool.query(
      `insert into access.staff (staff_id, facility_id, name, job, registered_by) values ('xua-staff', 'clinic-b', '山田 花子', 'doctor', 'test')`,
    )
    await put('POST', '/issuers/idp/staff', { subject: 'yamada', staffId: 'xua-staff' })
    t.equal(said(await ask(known)), 'Success')
    t.match(await lastEvents('ITI-18'), [{ objects: { user: { staffId: 'xua-staff', job: 'doctor' } } }])
    await pool.query(`update access.staff set status = 'suspended' where staff_id = 'xua-staff'`)
    await put('DELETE', '/issuers/idp/staff', { subject: 'nobody' })
    await put('PUT', '/settings/xua-test', { value: 'so that what is remembered is asked again' })
    t.equal(said(await ask(known)), 'XUA_NOT_HERE wsse:FailedAuthentication')
    await put('DELETE', '/issuers/idp/staff', { subject: 'yamada' })
    t.equal(said(await ask(known)), 'Success')
    const next = await makeKey('next')
    await put('POST', '/issuers/idp/certificates', { pem: next.pem })
    t.equal(said(await ask(security(sign(assertion({ audiences: [[audience]] }), next)))), 'Success', 'overlap')
    t.equal(said(await ask(known)), 'Success')
    await put('DELETE', `/issuers/idp/certificates/${next.certificate.fingerprint256}`)
    t.equal(
      said(await ask(security(sign(assertion({ audiences: [[audience]] }), next)))),
      'XUA_SIGNATURE wsse:FailedCheck',
    )
  },
)

t.test(
  'a certificate of the issuer was renewed with its key: who was verified by the former goes on by the new one',
  async (t) => {
    const [former, renewed] = await makeRenewed('renewed')
    await put('POST', '/issuers/idp/certificates', { pem: former.pem })
    const known = security(sign(assertion({ audiences: [[audience]] }), former))
    t.equal(said(await ask(known)), 'Success')
    await put('POST', '/issuers/idp/certificates', { pem: renewed.pem })
    await put('DELETE', `/issuers/idp/certificates/${former.certificate.fingerprint256}`)
    t.equal(said(await ask(known)), 'Success')
    await put('DELETE', `/issuers/idp/certificates/${renewed.certificate.fingerprint256}`)
    t.equal(said(await ask(known)), 'XUA_SIGNATURE wsse:FailedCheck')
  },
)

t.test('c.3 step 5: a certificate of an issuer that its authority revoked verifies nothing any more', async (t) => {
  const authority = await createAuthority({ name: 'Authority of issuers' })
  const issued = async (): Promise<SigningKey> => {
    const { certificatePem, privateKeyPem } = await issueClientCertificate(authority, {
      systemId: 'clinic-b',
      facilityOid: newOid(),
    })
    return { key: privateKeyPem, pem: certificatePem, certificate: new X509Certificate(certificatePem) }
  }
  const lost = await issued()
  const good = await issued()
  for (const { pem } of [lost, good]) await put('POST', '/issuers/idp/certificates', { pem })
  const by = (key: SigningKey): string => security(sign(assertion({ audiences: [[audience]] }), key))
  const known = by(lost)
  t.equal(said(await ask(known)), 'Success')
  const list = join(await temporaryDirectory(t), 'issuers.crl')
  await writeFile(list, await listOf(authority, { revoked: [lost.certificate.serialNumber] }))
  await put('POST', '/trust-anchors', { label: 'of-issuers', pem: authority.certificatePem, crl: list })
  const isRefused = async (): Promise<boolean> => said(await ask(known)) === 'XUA_SIGNATURE wsse:FailedCheck'
  t.ok(await eventually(isRefused, 30_000), 'what was accepted before too')
  t.equal(said(await ask(by(lost))), 'XUA_SIGNATURE wsse:FailedCheck')
  t.equal(said(await ask(by(good))), 'Success')
  t.equal(said(await ask(security(told()))), 'Success', 'one of no authority stands for itself')
  await put('DELETE', '/trust-anchors/of-issuers')
})

t.test('policies: required of an endpoint and of a system; ignored; unknown issuers passed over', async (t) => {
  await put('PUT', '/systems/clinic-b/assertions', { policy: 'required' })
  t.equal(said(await ask('')), 'XUA_MISSING wsse:FailedAuthentication')
  t.equal(said(await ask(security(told()))), 'Success')
  t.equal(said(await ask('', { system: 'hospital-a' })), 'Success', 'another system is not held to it')
  await put('PUT', '/systems/clinic-b/assertions', { policy: 'as-endpoint' })
  t.equal(said(await ask('')), 'Success')
  const strict = await scenario.beside({ 'xua.registry': 'required' })
  t.equal(said(await ask('', { post: strict.httpsPost })), 'XUA_MISSING wsse:FailedAuthentication')
  t.equal(said(await ask(security(), { post: strict.httpsPost })), 'XUA_MISSING wsse:FailedAuthentication')
  t.equal(said(await ask(security(told()), { post: strict.httpsPost })), 'Success')
  const off = await scenario.beside({ 'xua.registry': 'ignored' })
  const optional = (header: string): string => header.replace(' s:mustUnderstand="1"', '')
  t.equal(said(await ask(optional(security(evil)), { post: off.httpsPost })), 'Success')
  t.equal(said(await ask(security(told()), { post: off.httpsPost })), 'SOAP_MUST_UNDERSTAND undefined')
  const lax = await scenario.beside({ 'xua.unknownIssuer': 'ignore' })
  const unknown = security(told({ issuer: 'urn:stranger' }))
  t.equal(said(await ask(optional(unknown), { post: lax.httpsPost })), 'Success')
  t.equal(said(await ask(unknown, { post: lax.httpsPost })), 'XUA_TOKEN wsse:InvalidSecurityToken', 'mandatory')
  t.equal(
    said(await ask(optional(security(told({ audiences: [['urn:x']] }))), { post: lax.httpsPost })),
    'XUA_TOKEN wsse:InvalidSecurityToken',
  )
})

t.test(
  'behind a trusted proxy the key of an assertion is that of the forwarded certificate, not the proxy’s',
  async (t) => {
    const { httpsPost } = await scenario.beside({ 'proxy.trusted': 'true', 'proxy.addresses': '127.0.0.1,::1' })
    const proxied: typeof scenario.httpsPost = (system, path, content) =>
      httpsPost(system, path, { ...content, headers: { 'client-cert': `:${peer.raw.toString('base64')}:` } })
    const through = (confirmation: string): Promise<string> =>
      ask(security(told({ confirmation })), { system: 'hospital-a', post: proxied })
    t.equal(said(await through(key(peer))), 'Success')
    const proxy = new X509Certificate(await readFile(join(server.config.dataDir, 'pki', 'clients', 'hospital-a.crt')))
    t.equal(said(await through(key(proxy))), 'XUA_NOT_HERE wsse:FailedAuthentication')
  },
)

/** A request of the fixtures with a header more. */
function withHeader(name: string, header: string, oid: string): { readonly type: string; readonly body: Buffer } {
  const one = readCase(name)
  const { bytes } = requestOf(one)
  const own = valuesOf({ ...values, OID_1: oid }).forFile()
  const filled = fill(bytes, own).toString('latin1')
  const prefix = /<(\w+):Header>/.exec(filled)?.[1] ?? ''
  const bound = header.replace('<wsse:Security', `<wsse:Security xmlns:s="http://www.w3.org/2003/05/soap-envelope"`)
  const placed = filled.replace(`<${prefix}:Header>`, `<${prefix}:Header>${bound}`)
  return { type: one.expected.contentType ?? SOAP, body: Buffer.from(placed, 'latin1') }
}

t.test('ITI-41 and ITI-43 in MTOM for a user; an assertion about another patient stores nothing', async (t) => {
  const oid = `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`
  const sent = async (name: string, header: string): Promise<string> => {
    const { expected } = readCase(name)
    const message = withHeader(name, header, oid)
    return (await scenario.httpsPost(expected.system, expected.endpoint ?? '', message)).body.toString('utf8')
  }
  const facilityOf = async (name: string): Promise<string> => {
    const { system } = readCase(name).expected
    const { rows } = await pool.query('select facility_id from access.system where system_id = $1', [system])
    return rows[0].facility_id
  }
  const source = await facilityOf('iti-41/mtom')
  const consumer = await facilityOf('iti-43/retrieved')
  await put('PATCH', '/issuers/idp', {
    facilities: [...new Set(['clinic-b', source, consumer])].map((facilityId) => ({ facilityId })),
  })
  const at = (facilityId: string): string => statement(attribute(NAMES.organizationId, oidOf(facilityId)))
  const before = await scenario.counts()
  const wrong = await sent(
    'iti-41/mtom',
    security(told({ attributes: at(source) + about('other^^^&amp;2.25.1&amp;ISO') })),
  )
  t.equal(said(wrong), 'XUA_NOT_HERE wsse:FailedAuthentication')
  t.same(await scenario.counts(), before)
  const stored = await sent('iti-41/mtom', security(told({ subject: 'suzuki', attributes: at(source) })))
  t.equal(said(stored), 'Success')
  t.match(await lastEvents('ITI-41'), [{ objects: { user: { name: `<suzuki@${ISSUER}>` } } }])
  const doctor = statement(
    attribute(NAMES.role, coded('Role', '2211', '2.16.840.1.113883.2.9.6.2.7')),
    attribute(NAMES.resourceId, patient),
  )
  const fetched = await sent('iti-43/retrieved', security(told({ subject: 'sato', attributes: at(consumer) + doctor })))
  t.equal(said(fetched), 'Success')
  t.match(await lastEvents('ITI-43'), [{ outcome: 0, objects: { user: { name: `<sato@${ISSUER}>` } } }])
  const another = about(`${values.XAD_2}^^^&amp;${values.AFFINITY}&amp;ISO`)
  const refused = await sent('iti-43/retrieved', security(told({ attributes: at(consumer) + another })))
  t.equal(said(refused), 'XUA_NOT_HERE wsse:FailedAuthentication', 'whom a document is about is seen before it leaves')
})

t.test('tsunagi issuer and --assert: from an issuer to an answer for a person', async (t) => {
  const folder = server.config.dataDir
  await writeFile(join(folder, 'idp.key'), stranger.key)
  await writeFile(join(folder, 'idp.crt'), stranger.pem)
  await writeFile(
    join(folder, 'me.json'),
    JSON.stringify({
      issuer: 'urn:clinic:idp',
      key: 'idp.key',
      certificate: 'idp.crt',
      subject: 'sato',
      role: 'pharmacist',
      purpose: 'TREAT',
      name: '佐藤',
      organizationId: oidOf('clinic-b'),
      patient: `${values.XAD}^^^&${values.AFFINITY}&ISO`,
    }),
  )
  const run = async (...words: readonly string[]): Promise<string> => {
    let out = ''
    const common = ['--data-dir', folder, '--set', `management.port=${server.managementPort}`]
    const code = await main([...common, ...words], {
      out: (data) => {
        out += data.toString()
      },
      err: (text) => {
        out += text
      },
      env: {},
      cwd: folder,
    })
    return `${code} ${out}`
  }
  t.match(
    await run('issuer', 'add', 'clinic', '--entity', 'urn:clinic:idp', '--facility', 'clinic-b', '--lifetime', '10'),
    /^0 issuer clinic is trusted/,
  )
  t.match(await run('issuer', 'certificate', 'clinic', 'idp.crt'), /^0 /)
  t.match(await run('issuer', 'list'), /urn:clinic:idp/)
  t.match(await run('issuer', 'show', 'clinic'), /"maxLifetimeSeconds": 600/)
  const url = `https://localhost:${server.httpsPort}`
  const query = ['query', '--as', 'clinic-b', '--url', url, '--patient', values.XAD ?? '', '--assert', 'me.json']
  t.match(await run(...query), /^0 /)
  t.match(await lastEvents('ITI-18'), [
    { objects: { user: { name: '<sato@urn:clinic:idp>', job: 'pharmacist', purpose: 'treatment' } } },
  ])
  t.match(await run('issuer', 'suspend', 'clinic'), /^0 /)
  t.match(await run(...query), /^1 [\s\S]*InvalidSecurityToken/)
  t.match(await run('issuer', 'remove', 'clinic'), /^0 /)
  t.match(await run('issuer', 'staff', 'list', 'clinic'), /^0 /)
  await eventually(async () => (await pool.query('select from access.assertion_use')).rowCount !== 0, 1000)
})

t.test('every audit event of this is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
  const rendered = await renderedEvents(pool)
  t.same(faultsOf(rendered), [])
  const person = rendered.find(({ message }) => message.purposesOfUse[0]?.code === 'TREAT')?.message
  t.match(person?.participants, [{ isRequestor: false }, { isRequestor: true, userName: /^.*<.+@.+>$/ }, {}])
  t.ok(rendered.some(({ message }) => /^unverified:</.test(message.participants[1]?.userName ?? '')))
})
