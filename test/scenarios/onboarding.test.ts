// A vendor's first hour over real TLS and PostgreSQL: invitation, redeeming, guessing, checklist (security a.5, a.6, e.34-36; idlink A-4, S-7).

import { X509Certificate } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { localAddresses } from '../../src/cli/running-server.ts'
import { DOMAINS } from '../faults/support.ts'
import { enterPerson } from '../http/persons.ts'
import { clinicians } from './clinicians.ts'
import { startScenario } from './harness.ts'
import { type Invited, invite, json, newRequest, type RawAnswer, vendorOf } from './vendor.ts'

t.setTimeout(170_000)

const scenario = await startScenario(t, {
  settings: { 'onboarding.failuresPerAddress': '10000', 'onboarding.failures': '10000' },
})
const { server, pool, admin } = scenario
const pki = join(server.config.dataDir, 'pki')
const ca = await readFile(join(pki, 'ca.crt'), 'utf8')
const vendor = vendorOf(t, server, ca)

const system = (systemId: string, roles: readonly string[] = ['store-client', 'document-consumer']) => ({
  systemId,
  facilityId: 'hospital-a',
  roles,
})

/** Status, headers and bytes, without what every answer has its own of. */
function bytesOf({ status, headers, body }: RawAnswer): string {
  const { date: _, ...rest } = headers
  return JSON.stringify([status, rest, body.toString('latin1')])
}

async function events(since: Date): Promise<readonly { reason: string; type_code: string; peer: string }[]> {
  const { rows } = await pool.query(
    'select reason, type_code, peer, endpoint from audit.event where at >= $1 order by event_id',
    [since],
  )
  return rows
}

const stateOf = async ({ invitationId }: Invited) =>
  json(await admin({ method: 'GET', path: `/invitations/${invitationId}` })).state

t.test('an invitation registers its system, and its code is shown once (security a.5)', async (t) => {
  const since = new Date()
  const made = await invite(admin, { ...system('ehr-first'), note: '想像ベンダ 担当者' })
  t.match(made.secret, /^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/, '140 bits that can be typed')
  t.ok(Date.parse(made.expiresAt) - Date.now() > 13.9 * 86_400_000, 'two weeks, when nothing is said')
  t.match(made.letter, `INVITATION=${made.secret}\n`)
  t.match(made.letter, `CA_SHA256=${new X509Certificate(ca).fingerprint256}\n`)
  t.match(made.letter, `TSUNAGI=https://localhost:${server.httpsPort}\n`)
  t.match(json(await admin({ method: 'GET', path: '/systems/ehr-first' })), { facilityId: 'hospital-a' })
  const seen = await Promise.all([
    admin({ method: 'GET', path: '/invitations' }),
    admin({ method: 'GET', path: `/invitations/${made.invitationId}` }),
  ])
  for (const { body } of seen) {
    t.match(body.toString(), made.invitationId)
    t.notMatch(body.toString(), made.secret)
    t.notMatch(body.toString(), /digest/)
  }
  const { rows } = await pool.query('select i::text as kept from access.invitation i')
  t.notMatch(JSON.stringify(rows), made.secret, 'kept as a hash only')
  const reasons = (await events(since)).map(({ reason }) => reason)
  t.match(reasons, [
    'system ehr-first registered',
    `invitation ${made.invitationId} for system ehr-first created, valid for 14 days`,
  ])
})

t.test('creating refuses in words: half a system, unknown facility, other content, unknown system', async (t) => {
  const cases = [
    [{ systemId: 'x', roles: ['store-client'] }, 400],
    [{ systemId: 'x', ceiling: 'N' }, 400],
    [{ systemId: 'x' }, 404],
    [{ ...system('x'), facilityId: 'nobody' }, 404],
    [{ ...system('ehr-first'), roles: ['pix-consumer'] }, 409],
    [{ ...system('x'), days: 0 }, 400],
    [{ ...system('x'), days: 91 }, 400],
    [{ ...system('x'), days: 1.5 }, 400],
    [{ ...system('x'), note: '' }, 400],
    [{ ...system('../../x') }, 400],
  ] as const
  for (const [body, status] of cases) {
    const answer = await admin({ method: 'POST', path: '/invitations', body })
    t.equal(answer.status, status, JSON.stringify(body))
    t.match(json(answer), { code: /\w/, hint: /\w/, ja: /[ぁ-ん]/ })
  }
  t.equal((await admin({ method: 'GET', path: '/systems/x' })).status, 404, 'what is refused registers nothing')
  await invite(admin, { systemId: 'ehr-first' })
  for (const path of ['/invitations/0', '/invitations/99999999'])
    t.equal((await admin({ method: 'GET', path })).status, 404)
  t.equal((await admin({ method: 'GET', path: '/invitations/1%20or%201=1' })).status, 400)
})

t.test(
  'without a certificate only the CA and the redeeming answer; the rest stays closed (security a.6)',
  async (t) => {
    const fetched = await vendor.call({ method: 'GET', path: '/onboarding/ca.pem' })
    t.equal(fetched.status, 200)
    t.equal(fetched.headers.connection, 'close')
    t.equal(new X509Certificate(fetched.body).fingerprint256, new X509Certificate(ca).fingerprint256)
    t.equal(fetched.body.toString().match(/BEGIN/g)?.length, 1, 'one certificate, whose fingerprint is the letter’s')
    const smuggled = await vendor.call({
      method: 'GET',
      path: '/onboarding/ca.pem',
      headers: { 'x-ssl-client-escaped-cert': 'x' },
    })
    t.equal(smuggled.status, 400, 'a forwarded certificate from nowhere is refused here too')
    const closed = [
      ['GET', '/onboarding/redeem'],
      ['PUT', '/onboarding/redeem'],
      ['HEAD', '/onboarding/ca.pem'],
      ['POST', '/onboarding/ca.pem'],
      ['GET', '/onboarding/checklist'],
      ['GET', '/onboarding'],
      ['GET', '/onboarding/'],
      ['POST', '/onboarding/redeem/'],
      ['POST', '/onboarding/redeem/x'],
      ['POST', '/Onboarding/Redeem'],
      ['GET', '/onboarding/%2e%2e/xds/registry?wsdl'],
      ['GET', '/onboarding/ca.pem/../../xds/registry?wsdl'],
      ['POST', '//onboarding/redeem'],
      ['OPTIONS', '/onboarding/redeem'],
      ['GET', '/xds/registry?wsdl'],
      ['POST', '/storeclient'],
    ] as const
    for (const [method, path] of closed) {
      const answer = await vendor.call({ method, path })
      t.equal(answer.status, 403, `${method} ${path}`)
      t.equal(answer.body.length, 0)
    }
  },
)

t.test('redeemed once: certificate, chain, addresses, identifiers, TLS; audited (security a.5)', async (t) => {
  const since = new Date()
  const made = await invite(admin, system('ehr-once'))
  const { csr, key } = await newRequest()
  const answer = await vendor.redeem(made.secret, csr)
  t.equal(answer.status, 200, answer.body.toString())
  t.equal(answer.headers['cache-control'], 'no-store')
  const base = `https://localhost:${server.httpsPort}`
  t.match(json(answer), {
    systemId: 'ehr-once',
    facilityId: 'hospital-a',
    roles: ['store-client', 'document-consumer'],
    identifiers: {
      homeCommunityId: server.config.community.homeCommunityId,
      repositoryUniqueId: server.config.repository.uniqueId,
      affinityDomainAuthority: server.config.identity.affinityDomainAuthority,
      facilityOid: '2.25.303964453638672263633745786660769792926',
      facilityCode: '1399100015',
      patientDomain: DOMAINS['hospital-a'],
    },
    endpoints: {
      DocumentRegistry: `${base}/xds/registry`,
      StoreClient: `${base}/storeclient`,
      StoreClientMllp: `mllps://localhost:${server.mllpPort}`,
      IdentityMllp: `mllps://localhost:${server.pixPort}`,
    },
    tls: { preset: 'high+1.2', minVersion: 'TLSv1.2', clientCertificate: 'required' },
    checklist: `${base}/onboarding/checklist`,
  })
  const cert = String(json(answer).certificate)
  const certificate = new X509Certificate(cert)
  t.match(certificate.subject, /CN=ehr-once$/, 'the subject is the registered system’s, not the request’s')
  t.notMatch(certificate.subject, /administrator/)
  t.ok(certificate.verify(new X509Certificate(String(json(answer).chain)).publicKey))
  const list = await vendor.call({ method: 'GET', path: '/onboarding/checklist', credentials: { cert, key } })
  t.equal(list.status, 200, 'the door knows it at once')
  t.match(json(await admin({ method: 'GET', path: `/invitations/${made.invitationId}` })), {
    state: 'redeemed',
    fingerprint: certificate.fingerprint256,
    redeemedFrom: /^127\.0\.0\.1:|^::1:|^::ffff:127/,
  })
  t.match(
    (await events(since)).filter(({ reason }) => / redeemed: /.test(reason)),
    [{ type_code: '110137', endpoint: '/onboarding/redeem', reason: certificate.fingerprint256 }],
  )
  t.match(
    (await scenario.journalSince(since)).find(({ transaction }) => transaction === 'Onboarding redeem'),
    { system_id: 'ehr-once', result: 'success' },
  )
})

t.test('as PEM for openssl and curl; the request also as Base64 of its DER; the code as it is typed', async (t) => {
  const made = await invite(admin, { systemId: 'ehr-once' })
  const { csr } = await newRequest()
  const base64 = csr.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  const typed = `  ${made.secret.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`
  const wide = typed.replaceAll(/[a-z2-9]/g, (c) => String.fromCodePoint((c.codePointAt(0) ?? 0) + 0xfee0))
  for (const invitation of [typed, wide, made.secret.replaceAll('-', '–')]) {
    const answer = await vendor.call({
      path: '/onboarding/redeem',
      headers: { 'content-type': 'application/json; charset=utf-8', accept: 'application/pem-certificate-chain' },
      body: JSON.stringify({ invitation, csr: base64 }),
    })
    t.equal(answer.status, 200, invitation)
    t.equal(answer.contentType, 'application/pem-certificate-chain')
    t.match(answer.body.toString(), /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n-----BEGIN CERT/)
  }
})

t.test('unknown, used, expired, withdrawn and of a suspended system: the same bytes (security e.36)', async (t) => {
  const [used, expired, withdrawn, suspended] = await Promise.all([
    invite(admin, system('ehr-used')),
    invite(admin, system('ehr-expired')),
    invite(admin, system('ehr-withdrawn')),
    invite(admin, system('ehr-suspended')),
  ])
  t.equal((await vendor.redeem(used.secret, (await newRequest()).csr)).status, 200)
  await pool.query(
    `update access.invitation set created_at = now() - interval '15 days', expires_at = now() - interval '1 second' where invitation_id = $1`,
    [expired.invitationId],
  )
  const withdraw = () => admin({ method: 'POST', path: `/invitations/${withdrawn.invitationId}/withdraw`, body: {} })
  t.equal((await withdraw()).status, 200)
  t.equal((await withdraw()).status, 200, 'twice is once')
  await admin({ method: 'PATCH', path: '/systems/ehr-suspended', body: { status: 'suspended' } })
  t.same(await Promise.all([used, expired, withdrawn, suspended].map(stateOf)), [
    'redeemed',
    'expired',
    'withdrawn',
    'open',
  ])
  const since = new Date()
  const { csr } = await newRequest()
  const first = await vendor.redeem('AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA', csr)
  t.equal(first.status, 403)
  t.match(json(first), { code: 'INVITATION_REFUSED', hint: /new invitation/, ja: /再発行/ })
  for (const invitation of ['x', used.secret, expired.secret, withdrawn.secret, suspended.secret, '\u0000', '🙂'])
    t.equal(bytesOf(await vendor.redeem(invitation, csr)), bytesOf(first), JSON.stringify(invitation))
  const told = (await events(since)).map(({ reason }) => reason)
  for (const reason of [
    'INVITATION_REFUSED, unknown',
    `INVITATION_REFUSED, invitation ${used.invitationId}: redeemed`,
    `INVITATION_REFUSED, invitation ${expired.invitationId}: expired`,
    `INVITATION_REFUSED, invitation ${withdrawn.invitationId}: withdrawn`,
    `INVITATION_REFUSED, invitation ${suspended.invitationId}: its system or facility is not active`,
  ])
    t.ok(told.includes(reason), reason)
  t.notMatch(JSON.stringify(told), used.secret)
  const conflict = await admin({ method: 'POST', path: `/invitations/${used.invitationId}/withdraw`, body: {} })
  t.match([conflict.status, json(conflict)], [409, { hint: /certificate/, ja: /失効/ }])
  t.equal((await admin({ method: 'POST', path: '/invitations', body: { systemId: 'ehr-suspended' } })).status, 409)
  t.equal((await admin({ method: 'POST', path: '/invitations/99999999/withdraw', body: {} })).status, 404)
})

t.test('two at once: with two keys one wins, with one key both have the same certificate', async (t) => {
  const certificatesOf = async (systemId: string) =>
    (await pool.query('select 1 from access.client_certificate where system_id = $1', [systemId])).rowCount
  const made = await invite(admin, system('ehr-race'))
  const requests = await Promise.all(Array.from({ length: 6 }, () => newRequest()))
  const answers = await Promise.all(requests.map(({ csr }) => vendor.redeem(made.secret, csr)))
  t.same(answers.map(({ status }) => status).sort(), [200, 403, 403, 403, 403, 403])
  t.equal(await certificatesOf('ehr-race'), 1)
  const again = await invite(admin, system('ehr-twice'))
  const { csr } = await newRequest()
  const same = await Promise.all(Array.from({ length: 6 }, () => vendor.redeem(again.secret, csr)))
  t.same([...new Set(same.map(({ status }) => status))], [200])
  t.equal(new Set(same.map((answer) => json(answer).certificate)).size, 1)
  t.equal(await certificatesOf('ehr-twice'), 1)
})

t.test('a lost answer is given again to the same key, for an hour, while the certificate is good', async (t) => {
  const made = await invite(admin, system('ehr-lost'))
  const { csr } = await newRequest()
  const first = await vendor.redeem(made.secret, csr)
  t.equal((await vendor.redeem(made.secret, csr)).body.toString(), first.body.toString())
  t.equal((await vendor.redeem(made.secret, (await newRequest()).csr)).status, 403, 'another key')
  const redeemed = (ago: string) =>
    pool.query(`update access.invitation set redeemed_at = now() - $2::interval where invitation_id = $1`, [
      made.invitationId,
      ago,
    ])
  await redeemed('59 minutes')
  t.equal((await vendor.redeem(made.secret, csr)).status, 200)
  await redeemed('61 minutes')
  t.equal((await vendor.redeem(made.secret, csr)).status, 403)
  await redeemed('1 minute')
  const { fingerprint256 } = new X509Certificate(String(json(first).certificate))
  await admin({ method: 'PATCH', path: `/certificates/${fingerprint256}`, body: { status: 'revoked' } })
  t.equal((await vendor.redeem(made.secret, csr)).status, 403, 'a revoked certificate is not handed out')
})

t.test('what fails between leaves the invitation open: no key of the authority, a key that is known', async (t) => {
  const made = await invite(admin, system('ehr-between'))
  const { csr } = await newRequest()
  await rename(join(pki, 'ca.key'), join(pki, 'away.key'))
  const busy = await vendor.redeem(made.secret, csr)
  await rename(join(pki, 'away.key'), join(pki, 'ca.key'))
  t.match([busy.status, json(busy)], [503, { code: 'BUSY' }])
  t.ok(Number(busy.headers['retry-after']) > 0)
  t.equal(await stateOf(made), 'open')
  const other = await invite(admin, system('ehr-between-2'))
  t.equal((await vendor.redeem(other.secret, csr)).status, 200)
  const known = await vendor.redeem(made.secret, csr)
  t.match([known.status, json(known)], [400, { code: 'CSR_KEY', message: /known already/ }])
  t.equal(await stateOf(made), 'open')
  t.equal((await vendor.redeem(made.secret, (await newRequest()).csr)).status, 200)
})

t.test('a bad request is refused in words, and the invitation stays (security a.5; RFC 2986)', async (t) => {
  const made = await invite(admin, system('ehr-csr'))
  const good = await newRequest()
  const base64 = good.csr.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  const der = Buffer.from(base64, 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  const cases: readonly (readonly [string, string])[] = [
    [good.key, 'CSR_PRIVATE_KEY'],
    [`${good.csr}${good.key}`, 'CSR_PRIVATE_KEY'],
    [ca, 'CSR_UNREADABLE'],
    ['hello', 'CSR_UNREADABLE'],
    ['-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----', 'CSR_UNREADABLE'],
    [good.csr.slice(0, -60), 'CSR_UNREADABLE'],
    ['A'.repeat(30_000), 'CSR_UNREADABLE'],
    [`-----BEGIN CERTIFICATE REQUEST-----${'\n'.repeat(15_000)}`, 'CSR_UNREADABLE'],
    [(await newRequest('RSA 1024')).csr, 'CSR_KEY'],
    [(await newRequest('EC P-521')).csr, 'CSR_KEY'],
    [(await newRequest('Ed25519')).csr, 'CSR_KEY'],
    [der.toString('base64'), 'CSR_SIGNATURE'],
  ]
  for (const [csr, code] of cases) {
    const begun = performance.now()
    const answer = await vendor.redeem(made.secret, csr)
    t.match([answer.status, json(answer)], [400, { code, hint: /journal [0-9a-f-]{36}/, ja: /[ぁ-ん]/ }], code)
    t.ok(performance.now() - begun < 2000)
    t.notMatch(answer.body.toString(), 'PRIVATE KEY-----')
  }
  t.equal((await vendor.redeem(made.secret, good.csr)).status, 200)
})

t.test(
  'JSON that is no redeeming is refused without a word of it, in answer, journal and audit (security e.34, e.35)',
  async (t) => {
    const since = new Date()
    const planted = 'PLANTED-7777'
    const both = `"invitation":"${planted}","csr":"x"`
    const bodies: readonly (readonly [string | Buffer, string])[] = [
      [`{${both},"systemId":"hospital-a"}`, 'application/json'],
      [`{${both},"__proto__":{"isAdmin":true}}`, 'application/json'],
      [`{${both},"constructor":{"prototype":{}}}`, 'application/json'],
      [`{"invitation":{"__proto__":{}},"csr":"x"}`, 'application/json'],
      [`{"invitation":["${planted}"],"csr":"x"}`, 'application/json'],
      [`{"invitation":7,"csr":"x"}`, 'application/json'],
      [`{"invitation":"","csr":"x"}`, 'application/json'],
      [`{"invitation":"${planted}"}`, 'application/json'],
      [`{"invitation":"${planted.repeat(30)}","csr":"x"}`, 'application/json'],
      [`[{${both}}]`, 'application/json'],
      ['null', 'application/json'],
      [`{${both}`, 'application/json'],
      ['['.repeat(30_000), 'application/json'],
      ['', 'application/json'],
      [Buffer.from(`{"invitation":"\xff","csr":"x"}`, 'latin1'), 'application/json'],
      [`{${both}}`, 'text/plain'],
      [`{${both}}`, 'application/x-www-form-urlencoded'],
      [`{${both}}`, ''],
    ]
    for (const [body, type] of bodies) {
      const answer = await vendor.call({ path: '/onboarding/redeem', headers: { 'content-type': type }, body })
      t.match(
        [answer.status, json(answer)],
        [400, { code: 'REDEEM_UNREADABLE', hint: /invitation/, ja: /引換/ }],
        String(body).slice(0, 60),
      )
      t.notMatch(answer.body.toString(), planted)
    }
    const large = await vendor.redeem('x', 'A'.repeat(33 * 1024))
    t.match([large.status, json(large).code], [413, 'TOO_LARGE'])
    const { rows } = await pool.query(
      'select errors::text as kept from journal.exchange where at >= $1 union all select reason from audit.event where at >= $1',
      [since],
    )
    t.notMatch(JSON.stringify(rows), planted)
  },
)

t.test('who fails often has to wait, whatever is sent then, and raises an alert (security e.36)', async (t) => {
  const made = await invite(admin, system('ehr-flood'))
  const { csr } = await newRequest()
  const since = new Date()
  const { httpsPost } = await scenario.beside({ 'onboarding.failuresPerAddress': '7', 'onboarding.failures': '100' })
  const redeem = (invitation: string) =>
    httpsPost('nobody', '/onboarding/redeem', {
      type: 'application/json',
      body: Buffer.from(JSON.stringify({ invitation, csr })),
    })
  for (let attempt = 0; attempt < 7; attempt += 1) t.equal((await redeem(`guess-${attempt}`)).status, 403)
  const floods = await Promise.all([redeem('one-more'), redeem(made.secret), redeem(made.secret)])
  for (const flood of floods) t.match([flood.status, json(flood).code], [429, 'REDEEM_TOO_OFTEN'])
  t.equal(await stateOf(made), 'open', 'the right code is not looked at')
  const alerts = (await events(since)).filter(({ reason }) => /may be guessed/.test(reason))
  t.match(alerts, [{ type_code: '110126', reason: /5 refused attempts from 127\.0\.0\.1|5 refused attempts from 0:0/ }])
  const journalled = (await scenario.journalSince(since)).filter(({ error_codes: codes }) =>
    codes.includes('REDEEM_TOO_OFTEN'),
  )
  t.equal(journalled.length, 1, 'a flood fills no journal')
  for (const flood of floods) t.match(flood.body.toString(), journalled[0]?.exchange_id)
  t.equal((await vendor.redeem(made.secret, csr)).status, 200, 'at another process, in its own time')
})

t.test('the checklist fills itself: only the steps of the roles, the last refusal in words (idlink A-4)', async (t) => {
  const made = await invite(admin, system('ehr-list', ['store-client']))
  const before = json(await admin({ method: 'GET', path: '/systems/ehr-list/checklist' }))
  t.match(before, { isComplete: false, next: { step: 'certificate-issued', ja: /引き換え/ } })
  t.same(
    (before.steps as readonly { step: string; at?: string }[]).map(({ step, at }) => [step, at]),
    [
      ['certificate-issued', undefined],
      ['first-connection', undefined],
      ['first-message', undefined],
      ['first-accepted', undefined],
    ],
  )
  const { csr, key } = await newRequest()
  const redeemed = json(await vendor.redeem(made.secret, csr))
  const credentials = { cert: String(redeemed.certificate), key }
  const list = async () => json(await vendor.call({ method: 'GET', path: '/onboarding/checklist', credentials }))
  t.match(await list(), { next: { step: 'first-message' }, certificateValidTo: /^20/ })
  const push = (facility: string) =>
    vendor.call({
      path: '/storeclient',
      headers: { 'content-type': 'x-application/hl7-v2+er7' },
      body: [
        `MSH|^~\\&|EHR|${facility}|GW|TSUNAGI|20260401090000||ADT^A08^ADT_A01|LIST-${facility}|P|2.5||||||UNICODE UTF-8`,
        'EVN||20260401090000',
        'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I~カクウ^タロウ^^^^^L^P||19580412|M',
        'PV1|0001|O|01^^^^^C',
        '',
      ].join('\r'),
      credentials,
    })
  t.match((await push('1399100023')).body.toString(), /MSA\|AE/)
  const refused = await list()
  t.match(refused, {
    next: { step: 'first-accepted' },
    lastRefusal: { code: /\w/, place: 'MSH-4', message: /\w/, hint: /\w/, ja: /[ぁ-ん]/, journal: /^[0-9a-f-]{36}$/ },
  })
  t.notMatch(JSON.stringify(refused), '1399100023', 'no value of a message: it may name a patient')
  t.match((await push('1399100015')).body.toString(), /MSA\|AA/)
  const done = await list()
  t.match(done, { isComplete: true, lastRefusal: { place: 'MSH-4' } })
  t.notOk('next' in done)
  const text = await vendor.call({
    method: 'GET',
    path: '/onboarding/checklist',
    headers: { accept: 'text/plain' },
    credentials,
  })
  t.match(text.body.toString(), /\[x\] First message accepted \/ 最初の電文の受理 {2}20\S+Z {2}journal [0-9a-f-]{36}/)
  t.match(text.body.toString(), /Complete \/ 完了/)
  t.match(json(await admin({ method: 'GET', path: '/systems/ehr-list/checklist' })), { isComplete: true })
  t.equal((await admin({ method: 'GET', path: '/systems/nobody/checklist' })).status, 404)
  await admin({ method: 'PATCH', path: '/systems/ehr-list', body: { status: 'suspended' } })
  const suspended = await vendor.call({ method: 'GET', path: '/onboarding/checklist', credentials })
  t.match(json(suspended), { code: 'ROLE_MISSING' })
})

t.test(
  'a facility’s administrator sees the checklist of its systems only, and invites nobody (idlink A-7)',
  async (t) => {
    const { call } = clinicians({ managementUrl: localAddresses(server).managementUrl, adminToken: server.adminToken })
    const person = { staffId: 'pharmacy-admin', facilityId: 'pharmacy-c', roles: ['facility-administrator'] as const }
    const { session } = await enterPerson(call, person)
    t.equal((await call('GET', '/systems/pharmacy-c/checklist', { session })).status, 200)
    const [foreign, unknown] = await Promise.all([
      call('GET', '/systems/hospital-a/checklist', { session }),
      call('GET', '/systems/nobody/checklist', { session }),
    ])
    t.match(foreign, { status: 404 })
    t.strictSame(foreign, unknown, 'as if it were not there')
    for (const [method, path] of [
      ['GET', '/invitations'],
      ['POST', '/invitations'],
      ['POST', '/invitations/1/withdraw'],
    ] as const)
      t.match(await call(method, path, { body: method === 'GET' ? undefined : { systemId: 'pharmacy-c' }, session }), {
        status: 403,
        body: { code: 'ROLE_REQUIRED' },
      })
  },
)
