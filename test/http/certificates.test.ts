// Certificates by the admin API: issue, renew, suspend, revoke, PKCS#12, list, judged by OpenSSL (RFC 5280; security: issuing, a.4).

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { tendOnce } from '../../src/app/certificate-upkeep.ts'
import { certificatesIn } from '../../src/certificates/certificate.ts'
import { ensureDevelopmentPki } from '../../src/certificates/pki-directory.ts'
import { openSsl } from '../certificates/openssl.ts'
import { openAdministration, TOKEN } from './administration.ts'
import { type Call, enterPerson } from './persons.ts'

t.setTimeout(150_000)

const api = await openAdministration(t)
const { call, pool, config } = api
const pki = join(config.dataDir, 'pki')
await ensureDevelopmentPki(pki)
const ssl = await openSsl(t)
const DAY_MS = 86_400_000
const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const house = { config, pool, log: quiet }
const later = (days: number): Date => new Date(Date.now() + days * DAY_MS)

await call('POST', '/facilities', {
  facilityId: 'clinic',
  oid: '2.25.501',
  name: '架空医院',
  kind: 'viewing',
  patientIdForm: 'exact',
  patientDomain: { oid: '2.25.502', name: 'CLINIC' },
})
for (const systemId of ['clinic-ehr', 'clinic-lab'])
  await call('POST', '/systems', { systemId, facilityId: 'clinic', roles: ['document-consumer'] })

interface Issued {
  readonly fingerprint: string
  readonly pem: string
  readonly chain: string
}

async function issue(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<Issued> {
  const { status, body } = await call('POST', '/systems/clinic-ehr/certificates/requests', {
    csr: await ssl.request(name),
    ...more,
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  await ssl.write(`${name}.crt`, String(body.pem))
  return body as unknown as Issued
}

/** The list as it is served, given to OpenSSL. */
async function fetchList(): Promise<{ readonly text: string; readonly number: number }> {
  const der = Buffer.from(await (await fetch(`${api.url}/pki/crl`)).arrayBuffer())
  await ssl.write('crl.der', der)
  const { text } = await ssl.call('crl', '-inform', 'DER', '-in', 'crl.der', '-noout', '-text')
  await ssl.call('crl', '-inform', 'DER', '-in', 'crl.der', '-out', 'crl.pem')
  const number = await ssl.call('crl', '-in', 'crl.pem', '-noout', '-crlnumber')
  return { text, number: Number.parseInt(number.text.replace(/^crlNumber=(0x)?/, ''), 16) }
}

const check = (name: string) =>
  ssl.call('verify', '-crl_check', '-CAfile', join(pki, 'ca.crt'), '-CRLfile', 'crl.pem', `${name}.crt`)

const serialOf = async (name: string): Promise<string> =>
  (await ssl.call('x509', '-in', `${name}.crt`, '-noout', '-serial')).text.replace('serial=', '').trim()

const one = async (fingerprint: string) => (await call('GET', `/certificates/${fingerprint}`)).body

t.test('a request is signed by POST, and the certificate can be looked at by system, facility and state', async (t) => {
  const { fingerprint, chain } = await issue('first', { terminal: '受付1' })
  t.equal(certificatesIn(chain).length, 1)
  t.match(await one(fingerprint), {
    systemId: 'clinic-ehr',
    facilityId: 'clinic',
    status: 'active',
    terminal: '受付1',
    origin: 'request',
    san: ['URI:urn:oid:2.25.501'],
    pem: /BEGIN CERTIFICATE/,
  })
  for (const query of ['', '?system=clinic-ehr', '?facility=clinic', '?status=active'])
    t.ok(
      (await call('GET', `/certificates${query}`)).list.some((row) => row.fingerprint === fingerprint),
      query,
    )
  t.same((await call('GET', '/certificates?system=clinic-lab')).list, [])
  t.same((await call('GET', '/certificates?status=revoked')).list, [])
})

t.test('a refused request says what is wrong, in English and Japanese, and what would do', async (t) => {
  const ask = (csr: string) => call('POST', '/systems/clinic-ehr/certificates/requests', { csr })
  const weak = await ask(await ssl.request('weak', ['-newkey', 'rsa:1024']))
  t.match(weak, { status: 400, body: { code: 'REQUEST_REFUSED', message: /RSA key of at least 2048.*RSA 1024/ } })
  t.match(weak.body, { hint: /openssl req/, ja: /2048ビット以上/ })
  t.match(await ask('hello'), { status: 400, body: { message: /no certificate request/ } })
  const csr = await ssl.request('nobody')
  t.match(await call('POST', '/systems/nobody/certificates/requests', { csr }), { status: 404 })
  t.match(await call('POST', '/systems/clinic-ehr/certificates/requests', { csr, days: 398 }), { status: 400 })
  t.match(await call('POST', '/systems/clinic-ehr/certificates/requests', { csr, subject: 'CN=x' }), { status: 400 })
})

t.test(
  'the revocation list is one that OpenSSL takes: signed, numbered, with reasons, also in PEM and as a file (RFC 5280, 5)',
  async (t) => {
    const revoked = await issue('revoked')
    const suspended = await issue('suspended')
    await issue('kept')
    const before = await fetchList()
    t.equal(
      (await ssl.call('crl', '-in', 'crl.pem', '-noout', '-verify', '-CAfile', join(pki, 'ca.crt'))).text.trim(),
      'verify OK',
    )
    t.match(before.text, /No Revoked Certificates/)
    for (const name of ['revoked', 'suspended', 'kept']) t.equal((await check(name)).code, 0, name)

    t.match(
      await call('PATCH', `/certificates/${revoked.fingerprint}`, { status: 'revoked', reason: 'keyCompromise' }),
      { status: 200 },
    )
    t.match(await call('PATCH', `/certificates/${suspended.fingerprint}`, { status: 'suspended' }), { status: 200 })
    const list = await fetchList()
    t.equal(list.number, before.number + 2, 'a new list with each change, numbered one after the other')
    t.match(list.text, new RegExp(`${await serialOf('revoked')}[\\s\\S]*?Key Compromise`))
    t.match(list.text, new RegExp(`${await serialOf('suspended')}[\\s\\S]*?Certificate Hold`))
    t.match(list.text, /X509v3 Authority Key Identifier/)
    t.match((await check('revoked')).text, /certificate revoked/)
    t.match((await check('suspended')).text, /certificate revoked/)
    t.equal((await check('kept')).code, 0)
    t.match(await one(revoked.fingerprint), { status: 'revoked', revokeReason: 'keyCompromise', revokedAt: /^20/ })

    t.match(await call('PATCH', `/certificates/${suspended.fingerprint}`, { status: 'active' }), { status: 200 })
    await fetchList()
    t.equal((await check('suspended')).code, 0, 'resumed')
    t.match(await call('PATCH', `/certificates/${revoked.fingerprint}`, { status: 'active' }), { status: 409 })
    t.match(
      await call('PATCH', `/certificates/${suspended.fingerprint}`, { status: 'suspended', reason: 'superseded' }),
      { status: 400 },
    )

    const pem = await (await fetch(`${api.url}/pki/crl?format=pem`)).text()
    t.match(pem, /^-----BEGIN X509 CRL-----\n/)
    t.equal(pem, await readFile(join(pki, 'crl.pem'), 'utf8'))
    t.equal((await stat(join(pki, 'crl.pem'))).mode & 0o777, 0o644)
    const accepted = await fetch(`${api.url}/pki/crl`, { headers: { accept: 'application/x-pem-file' } })
    t.equal(await accepted.text(), pem)
  },
)

t.test('a list is signed again when it is a day old, long before nextUpdate, and not before', async (t) => {
  const { number } = await fetchList()
  await call('PATCH', `/certificates/${(await issue('again')).fingerprint}`, { status: 'active' })
  t.equal((await fetchList()).number, number, 'nothing changed, nothing is signed')
  const shift = (hours: number) =>
    pool.query(`update access.revocation_list set this_update = this_update - make_interval(hours => $1)`, [hours])
  await shift(23)
  await tendOnce(house, () => {}, new Date())
  t.equal((await fetchList()).number, number)
  await shift(2)
  await tendOnce(house, () => {}, new Date())
  t.equal((await fetchList()).number, number + 1)
  const { text } = await ssl.call('crl', '-in', 'crl.pem', '-noout', '-nextupdate')
  t.ok(Date.parse(text.replace('nextUpdate=', '')) > later(6.9).getTime())
})

t.test('several processes that sign at once number their lists one after the other', async (t) => {
  const made = await Promise.all(['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map((name) => issue(name)))
  const { number } = await fetchList()
  await Promise.all(
    made.map(({ fingerprint }) =>
      call('PATCH', `/certificates/${fingerprint}`, { status: 'revoked', reason: 'cessationOfOperation' }),
    ),
  )
  const list = await fetchList()
  t.ok(list.number > number && list.number <= number + made.length)
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5', 'p6']) t.match((await check(name)).text, /revoked/, name)
})

t.test(
  'renewal: both are good during the overlap; then the old one is revoked as superseded by the upkeep',
  async (t) => {
    const old = await issue('old', { days: 50, terminal: '外来' })
    const csr = await ssl.request('new')
    const renewed = await call('POST', `/certificates/${old.fingerprint}/renewal`, { csr })
    t.equal(renewed.status, 201)
    const fingerprint = String(renewed.body.fingerprint)
    t.match(await one(old.fingerprint), { status: 'active', replacedBy: fingerprint })
    t.match(await one(fingerprint), { status: 'active', terminal: '外来' }, 'the terminal is the same')
    const again = await call('POST', `/certificates/${old.fingerprint}/renewal`, { csr: await ssl.request('third') })
    t.match(again, { status: 409, body: { message: new RegExp(fingerprint), ja: /更新済み/ } })
    await tendOnce(house, () => {}, later(29))
    t.match(await one(old.fingerprint), { status: 'active' })
    const audited = await api.audited(() => tendOnce(house, () => {}, later(30.1)))
    t.match(audited, [/^certificate .* of system clinic-ehr revoked \(superseded\): its overlap is over$/])
    t.match(await one(old.fingerprint), { status: 'revoked', revokeReason: 'superseded' })
    t.same(await api.audited(() => tendOnce(house, () => {}, later(31))), [], 'once')
    const list = await fetchList()
    t.match(list.text, new RegExp(`${await serialOf('old')}[\\s\\S]*?Superseded`))
  },
)

t.test(
  'earlier than 60 days before the end it needs a reason; confirmed, the old one is revoked at once',
  async (t) => {
    const old = await issue('long')
    const csr = await ssl.request('early')
    const early = await call('POST', `/certificates/${old.fingerprint}/renewal`, { csr })
    t.match(early, { status: 409, body: { code: 'TOO_EARLY', hint: /earlyBecause/, ja: /60日前/ } })
    const renewed = await call('POST', `/certificates/${old.fingerprint}/renewal`, {
      csr,
      earlyBecause: 'new terminal',
    })
    t.equal(renewed.status, 201)
    t.match(
      await call('POST', `/certificates/${old.fingerprint}/confirmation`),
      { status: 409 },
      'the old one replaces nothing',
    )
    const confirm = () => call('POST', `/certificates/${String(renewed.body.fingerprint)}/confirmation`)
    t.match(await confirm(), { status: 200 })
    t.match(await one(old.fingerprint), { status: 'revoked', revokeReason: 'superseded' })
    t.match(await confirm(), { status: 200 }, 'again is no harm')
  },
)

t.test(
  'a replacement that was replaced itself, and confirmed, does not keep what it replaced: its overlap ends too (security a.5)',
  async (t) => {
    const first = await issue('first')
    const renew = async (fingerprint: string, name: string): Promise<string> => {
      const csr = await ssl.request(name)
      const { body } = await call('POST', `/certificates/${fingerprint}/renewal`, { csr, earlyBecause: 'new terminal' })
      return String(body.fingerprint)
    }
    const second = await renew(first.fingerprint, 'second')
    const next = await renew(second, 'next')
    t.match(await call('POST', `/certificates/${next}/confirmation`), { status: 200 })
    t.match(await one(second), { status: 'revoked', revokeReason: 'superseded' })
    t.match(await one(first.fingerprint), { status: 'active' })
    await tendOnce(house, () => {}, later(30.1))
    t.match(await one(first.fingerprint), { status: 'revoked', revokeReason: 'superseded' })
    t.match(await one(next), { status: 'active' })
  },
)

t.test('a replacement that was revoked cuts nobody off: the old one goes on and can be renewed again', async (t) => {
  const old = await issue('lasting', { days: 55 })
  const renew = async (name: string) =>
    call('POST', `/certificates/${old.fingerprint}/renewal`, { csr: await ssl.request(name) })
  const lost = await renew('lost')
  await call('PATCH', `/certificates/${String(lost.body.fingerprint)}`, { status: 'revoked', reason: 'keyCompromise' })
  await tendOnce(house, () => {}, later(31))
  t.match(await one(old.fingerprint), { status: 'active' })
  t.equal((await renew('found')).status, 201)
})

t.test(
  'a key that was stolen takes with it what was renewed with it, confirmed or not (RFC 5280, 5.3.1)',
  async (t) => {
    const stolen = await issue('stolen', { days: 50 })
    const renewed = await call('POST', `/certificates/${stolen.fingerprint}/renewal`, {
      csr: await ssl.request('thief'),
    })
    const fingerprint = String(renewed.body.fingerprint)
    t.match(await call('POST', `/certificates/${fingerprint}/confirmation`), { status: 200 })
    const other = await issue('another')
    const revoke = () =>
      call('PATCH', `/certificates/${stolen.fingerprint}`, { status: 'revoked', reason: 'keyCompromise' })
    t.match(await revoke(), { status: 200 })
    t.match(await one(fingerprint), { status: 'revoked', revokeReason: 'keyCompromise' })
    t.match(await one(other.fingerprint), { status: 'active' }, 'what was issued apart from it stays')
    t.match(await revoke(), { status: 200 }, 'again is no harm')
  },
)

t.test(
  'a key that was stolen takes with it every certificate of that key, also the one that was renewed',
  async (t) => {
    const csr = await ssl.request('same-key')
    const { body: former } = await call('POST', '/systems/clinic-ehr/certificates/requests', { csr, days: 50 })
    const renewed = await call('POST', `/certificates/${String(former.fingerprint)}/renewal`, { csr })
    t.equal(renewed.status, 201)
    t.match(
      await call('PATCH', `/certificates/${String(renewed.body.fingerprint)}`, {
        status: 'revoked',
        reason: 'keyCompromise',
      }),
      { status: 200 },
    )
    t.match(await one(String(former.fingerprint)), { status: 'revoked', revokeReason: 'keyCompromise' })
  },
)

t.test(
  'a key that was stolen is certified no more, though its certificate was superseded before that was known',
  async (t) => {
    const csr = await ssl.request('superseded-key')
    const { body: former } = await call('POST', '/systems/clinic-ehr/certificates/requests', { csr, days: 50 })
    const renewed = await call('POST', `/certificates/${String(former.fingerprint)}/renewal`, {
      csr: await ssl.request('its-successor'),
    })
    t.match(await call('POST', `/certificates/${String(renewed.body.fingerprint)}/confirmation`), { status: 200 })
    const before = await one(String(former.fingerprint))
    t.match(before, { status: 'revoked', revokeReason: 'superseded' })
    await call('PATCH', `/certificates/${String(former.fingerprint)}`, { status: 'revoked', reason: 'keyCompromise' })
    t.match(await one(String(former.fingerprint)), {
      status: 'revoked',
      revokeReason: 'keyCompromise',
      revokedAt: String(before.revokedAt),
    })
    t.match(await call('POST', '/systems/clinic-ehr/certificates/requests', { csr, days: 50 }), { status: 409 })
  },
)

t.test('every act is in the audit with who did it: 110113 with 110137 (DICOM PS3.15 A.5.3.11)', async (t) => {
  const since = (await pool.query('select coalesce(max(event_id), 0) as id from audit.event')).rows[0].id
  const { fingerprint } = await issue('audited', { days: 30 })
  const staff = { 'x-staff': 'operator.1' }
  await call('PATCH', `/certificates/${fingerprint}`, { status: 'suspended' }, staff)
  await call('PATCH', `/certificates/${fingerprint}`, { status: 'active' }, staff)
  await call('POST', `/certificates/${fingerprint}/renewal`, { csr: await ssl.request('next') }, staff)
  await call('PATCH', `/certificates/${fingerprint}`, { status: 'revoked', reason: 'superseded' }, staff)
  const { rows } = await pool.query(
    'select event_code, type_code, objects, reason from audit.event where event_id > $1 order by event_id',
    [since],
  )
  t.match(rows, [
    { event_code: '110113', type_code: '110137', reason: /request signed: certificate .* issued/ },
    { type_code: '110137', reason: /suspended/, objects: { by: 'admin-token:operator.1' } },
    { type_code: '110137', reason: /active/ },
    { type_code: '110137', reason: /certificate renewed: .* replacing/ },
    { type_code: '110137', reason: /revoked \(superseded\)/ },
  ])
  t.equal(rows.length, 5)
})

const fetchFile = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${api.url}/pki/pkcs12`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

t.test(
  'PKCS#12: ordered by staff, fetched once by code and password; the key is kept nowhere (RFC 7292)',
  async (t) => {
    const { status, body } = await call('POST', '/systems/clinic-lab/pkcs12', { terminal: '検査室' })
    t.equal(status, 201)
    const { code, password } = body as { readonly code: string; readonly password: string }
    t.match(code, /^([2-9A-Z]{5}-){4}[2-9A-Z]{5}$/)
    t.match(password, /^([2-9A-Z]{5}-){3}[2-9A-Z]{5}$/)
    const kept = JSON.stringify((await pool.query('select * from access.pkcs12_order')).rows)
    t.notMatch(kept, new RegExp(`${code}|${password}`), 'only their hashes are kept')
    t.equal((await fetchFile({ code, password: 'WRONG' })).status, 404)
    const files = await Promise.all([fetchFile({ code, password }), fetchFile({ code, password })])
    const [got, refused] = files.sort((a, b) => a.status - b.status)
    t.match([got?.status, refused?.status], [200, 404], 'of two who fetch at once, one gets it')
    t.match(got?.headers.get('content-type'), 'application/x-pkcs12')
    t.equal(got?.headers.get('cache-control'), 'no-store')
    await ssl.write('lab.p12', Buffer.from((await got?.arrayBuffer()) ?? []))
    const opened = await ssl.call('pkcs12', '-in', 'lab.p12', '-passin', `pass:${password}`, '-nodes', '-info')
    t.equal(opened.code, 0, opened.text)
    t.match(opened.text, /MAC: sha256[\s\S]*PBES2, PBKDF2, AES-256-CBC, .*hmacWithSHA256/)
    const [leaf = '', ca = ''] = certificatesIn(opened.text)
    await ssl.write('lab.crt', leaf)
    await ssl.write('lab.key', opened.text)
    t.equal((await ssl.call('verify', '-purpose', 'sslclient', '-CAfile', join(pki, 'ca.crt'), 'lab.crt')).code, 0)
    t.equal(ca.trim(), (await readFile(join(pki, 'ca.crt'), 'utf8')).trim())
    const publicKey = async (...argv: readonly string[]) => (await ssl.call(...argv)).text
    t.equal(
      await publicKey('pkey', '-in', 'lab.key', '-pubout'),
      await publicKey('x509', '-in', 'lab.crt', '-noout', '-pubkey'),
    )
    t.match((await ssl.call('x509', '-in', 'lab.crt', '-noout', '-text')).text, /Public-Key: \(3072 bit\)/)
    t.equal((await ssl.call('pkcs12', '-in', 'lab.p12', '-passin', 'pass:wrong', '-nodes')).code, 1)
    t.match((await call('GET', '/certificates?system=clinic-lab')).list, [{ origin: 'pkcs12', terminal: '検査室' }])
    const dump = JSON.stringify((await pool.query('select * from access.client_certificate')).rows)
    t.notMatch(dump, /PRIVATE/)
    t.match(
      (await api.auditRows()).filter(({ reason }) => /PKCS#12/.test(reason)).map(({ reason }) => reason),
      [/^PKCS#12 ordered for system clinic-lab$/, /^PKCS#12 fetched: certificate .* of system clinic-lab issued$/],
    )
  },
)

t.test('PKCS#12 for old Windows: 3DES and SHA-1, only when it is asked for', async (t) => {
  const { body } = await call('POST', '/systems/clinic-lab/pkcs12', { form: 'legacy' })
  const { code, password } = body as { readonly code: string; readonly password: string }
  const typed = { code: code.toLowerCase().replaceAll('-', ' '), password: password.replaceAll('-', '') }
  const got = await fetchFile(typed)
  t.equal(got.status, 200, 'however it was typed')
  await ssl.write('old.p12', Buffer.from(await got.arrayBuffer()))
  const opened = await ssl.call('pkcs12', '-in', 'old.p12', '-passin', `pass:${password}`, '-nodes', '-info')
  t.match(opened.text, /MAC: sha1[\s\S]*pbeWithSHA1And3-KeyTripleDES-CBC/)
  t.equal(certificatesIn(opened.text).length, 2)
})

t.test(
  'a code that is wrong, used, older than 24 hours or tried five times gives nothing, and all look alike',
  async (t) => {
    const order = async () => {
      const { code, password } = (await call('POST', '/systems/clinic-lab/pkcs12', {})).body
      return { code, password }
    }
    const answers: string[] = []
    const refused = async (body: unknown) => {
      const answer = await fetchFile(body)
      t.equal(answer.status, 404)
      answers.push(await answer.text())
    }
    const guessed = await order()
    await refused({ code: 'ABCDE-ABCDE-ABCDE-ABCDE-ABCDE', password: guessed.password })
    for (let attempt = 0; attempt < 5; attempt += 1) await refused({ code: guessed.code, password: `WRONG${attempt}` })
    await refused(guessed)
    const old = await order()
    await pool.query(`update access.pkcs12_order set expires_at = now() where fetched_at is null`)
    await refused(old)
    t.equal(new Set(answers).size, 1)
    for (const body of [{}, { code: 'x' }, { code: 1, password: 'y' }, { code: 'x', password: 'y', more: 1 }, 'text']) {
      const answer = await fetchFile(body)
      t.equal(answer.status, 400)
      t.notMatch(await answer.text(), /"x"|"y"/)
    }
    t.match(await call('POST', '/systems/nobody/pkcs12', {}), { status: 404 })
    const unknown = Array.from({ length: 32 }, () => 'AB').join(':')
    t.match(await call('POST', '/systems/clinic-lab/pkcs12', { replaces: unknown }), { status: 404 })
  },
)

t.test('what ends soon: list, metric, one line a threshold, whichever process sees it (a.4; idlink S-7)', async (t) => {
  const { fingerprint } = await issue('ending', { days: 20 })
  const soon = (await call('GET', '/certificates/expiring?days=25')).list
  t.match(
    soon.find((row) => row.fingerprint === fingerprint),
    { kind: 'client', name: 'clinic-ehr', facilityId: 'clinic', daysLeft: 19, warning: 30 },
  )
  await pool.query(
    `insert into access.trust_anchor (label, fingerprint, pem, subject, not_before, not_after, added_by)
       values ('east', 'AA', '', 'CN=East', now(), now() + interval '9 days 1 hour', 'test')`,
  )
  t.match(
    (await call('GET', '/certificates/expiring?days=10')).list.find(({ kind }) => kind === 'partner'),
    { name: 'east', daysLeft: 9, warning: 14 },
  )
  const all = (await call('GET', '/certificates/expiring?days=5000')).list.map(({ kind }) => kind)
  for (const kind of ['client', 'server', 'authority']) t.ok(all.includes(kind), kind)
  const lines: { readonly certificate?: string; readonly daysLeft?: number }[] = []
  const log = { ...quiet, warn: (fields: object) => lines.push(fields) }
  const round = (now: Date) => tendOnce({ config, pool, log }, () => {}, now)
  const mine = () => lines.filter(({ certificate }) => certificate === fingerprint).map(({ daysLeft }) => daysLeft)
  await Promise.all([round(new Date()), round(new Date())])
  t.same(mine(), [19])
  for (const days of [1, 5, 6, 8, 12.9, 13, 13.5, 18.9, 19, 19.5, 21]) await round(later(days))
  t.same(mine(), [19, 13, 6, 0], '30, 14, 7 and 1 days before, once each')
  t.match(lines[0], { kind: /client|server|authority/, name: /./ })
})

t.test('a certificate that is replaced is not warned of', async (t) => {
  const { fingerprint } = await issue('replaced', { days: 10 })
  await call('POST', `/certificates/${fingerprint}/renewal`, { csr: await ssl.request('replacing') })
  const soon = (await call('GET', '/certificates/expiring?days=60')).list
  t.notOk(soon.some((row) => row.fingerprint === fingerprint))
})

t.test(
  'an administrator of a facility sees and closes its certificates, and no others (idlink S-7, A-7)',
  async (t) => {
    await call('POST', '/facilities', {
      facilityId: 'other',
      oid: '2.25.503',
      name: '見本医院',
      kind: 'viewing',
      patientDomain: { oid: '2.25.504', name: 'OTHER' },
    })
    const asPerson: Call = (method, path, { body, session } = {}) =>
      call(method, path, body, session === undefined ? {} : { authorization: `Bearer ${session}` })
    const administrator = (staffId: string, facilityId: string) =>
      enterPerson(asPerson, { staffId, facilityId, roles: ['facility-administrator'] })
    const own = await administrator('admin-clinic', 'clinic')
    const other = await administrator('admin-other', 'other')
    const { fingerprint } = await issue('lost', { days: 20 })
    const as = (session: string) => ({ authorization: `Bearer ${session}` })
    const ask = (method: string, path: string, session: string, body?: unknown) => call(method, path, body, as(session))
    for (const path of ['/certificates', '/certificates?facility=clinic', '/certificates/expiring?days=60']) {
      t.ok(
        (await ask('GET', path, own.session)).list.some((row) => row.fingerprint === fingerprint),
        path,
      )
      t.same((await ask('GET', path, other.session)).list, [], path)
    }
    t.notOk(
      (await ask('GET', '/certificates/expiring?days=9999', own.session)).list.some(({ kind }) => kind !== 'client'),
      'the server and authorities are the business of the network',
    )
    const path = `/certificates/${fingerprint}`
    t.equal((await ask('GET', path, other.session)).status, 404)
    t.equal((await ask('PATCH', path, other.session, { status: 'revoked' })).status, 404)
    t.match((await one(fingerprint)).status, 'active')
    t.equal((await ask('PATCH', path, own.session, { status: 'suspended' })).status, 200)
    t.match((await one(fingerprint)).status, 'suspended')
    t.match(
      await ask('PATCH', path, own.session, { status: 'active' }),
      { status: 403, body: { code: 'NOT_YOURS', hint: /\w/, ja: /\S/ } },
      'the network may have suspended it: R-7',
    )
    t.match((await one(fingerprint)).status, 'suspended')
    const csr = await ssl.request('self')
    t.equal((await ask('POST', '/systems/clinic-ehr/certificates/requests', own.session, { csr })).status, 403)
    t.equal((await ask('POST', '/systems/clinic-ehr/pkcs12', own.session, {})).status, 403)
  },
)

t.test('without the token nothing but the list and the PKCS#12 is there', async (t) => {
  for (const path of ['/pki', '/pki/', '/pki/crl/x', '/pki/ca.key', '/pki/../admin/v1/certificates'])
    t.not((await fetch(`${api.url}${path}`)).status, 200, path)
  t.equal((await fetch(`${api.url}/admin/v1/certificates`)).status, 401)
  t.equal((await fetch(`${api.url}/pki/pkcs12`, { headers: { authorization: `Bearer ${TOKEN}` } })).status, 404)
})
