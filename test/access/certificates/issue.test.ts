// Issuing on a request of OpenSSL's making: what is certified, what is refused, what stays of it (RFC 2986; security: issuing).

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import t from 'tap'
import { type IssuedForRequest, type IssueFault, issueForRequest } from '../../../src/access/certificates/issue.ts'
import { issuingPorts } from '../../../src/app/certificates.ts'
import { ensureDevelopmentPki } from '../../../src/certificates/pki-directory.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { createCertificateRegister } from '../../../src/db/access/certificates.ts'
import { registerIssued } from '../../../src/db/access/issuing.ts'
import { openSsl } from '../../certificates/openssl.ts'
import { openDatabase } from '../../db/database.ts'

t.setTimeout(120_000)

const directory = await mkdtemp(join(tmpdir(), 'tsunagi-issue-'))
t.teardown(() => rm(directory, { recursive: true, force: true }))
const pool = await openDatabase(t, 6)
const config = loadConfig({ env: { TSUNAGI_DATA_DIR: directory }, cwd: directory })
const pki = join(directory, 'pki')
await ensureDevelopmentPki(pki)
const ssl = await openSsl(t)
const ports = issuingPorts({ config, pool })
const change = { by: 'admin-token:tester', peer: '127.0.0.1:1', operation: 'request of the test' }

for (const [facility, oid, status] of [
  ['hospital', '2.25.101', 'active'],
  ['closed', '2.25.102', 'ended'],
]) {
  await pool.query(
    `insert into access.facility (facility_id, oid, name, kind, status) values ($1, $2, $1, 'viewing', $3)`,
    [facility, oid, status],
  )
  await pool.query(`insert into access.system (system_id, facility_id, roles) values ($1, $2, '{document-consumer}')`, [
    `${facility}-ehr`,
    facility,
  ])
}
await pool.query(
  `insert into access.system (system_id, facility_id, roles) values ('hospital-lab', 'hospital', '{store-client}')`,
)

function issued(answer: IssuedForRequest | IssueFault): IssuedForRequest {
  if ('fault' in answer) throw new Error(JSON.stringify(answer))
  return answer
}

const issue = async (name: string, more: Readonly<Record<string, unknown>> = {}) =>
  issueForRequest({ systemId: 'hospital-ehr', csrPem: await ssl.request(name), ...more }, change, ports)

t.test('a request is certified for the registered system, not for what it asks (security: issuing)', async (t) => {
  const answer = issued(await issue('good', { terminal: '外来3番', days: 90 }))
  await ssl.write('good.crt', answer.certificatePem)
  await ssl.write('chain.crt', answer.chainPem)
  t.equal((await ssl.call('verify', '-purpose', 'sslclient', '-CAfile', 'chain.crt', 'good.crt')).code, 0)
  const { text } = await ssl.call('x509', '-in', 'good.crt', '-noout', '-text')
  t.match(text, /Subject: C = JP, O = 2\.25\.\d+, OU = 2\.25\.101, CN = hospital-ehr/)
  t.notMatch(text, /evil|CA:TRUE/)
  t.match(text, /URI:urn:oid:2\.25\.101/)
  t.match(text, /CA:FALSE/)
  t.match(text, /Signature Algorithm: ecdsa-with-SHA256/)
  const { rows } = await pool.query(
    `select system_id, status, san, origin, terminal, pem, serial, length(key_hash) as hash from access.client_certificate where fingerprint = $1`,
    [answer.fingerprint],
  )
  t.match(rows, [{ system_id: 'hospital-ehr', status: 'active', origin: 'request', terminal: '外来3番', hash: 64 }])
  t.strictSame(rows[0].san, ['URI:urn:oid:2.25.101'])
  t.equal(rows[0].pem, answer.certificatePem)
  const days = (answer.notAfter.getTime() - Date.now()) / 86_400_000
  t.ok(days > 89.9 && days < 90.1)
})

t.test(
  'its audit event is in the same commit: Security Alert 110113, 110137, with who did it (DICOM PS3.15 A.5.3.11)',
  async (t) => {
    const { fingerprint } = issued(await issue('audited'))
    const { rows } = await pool.query(
      `select event_code, type_code, objects, reason from audit.event where reason like '%' || $1 || '%'`,
      [fingerprint],
    )
    t.match(rows, [{ event_code: '110113', type_code: '110137', objects: { by: 'admin-token:tester' } }])
    t.match(rows[0].reason, /^request of the test: certificate .* of system hospital-ehr issued$/)
  },
)

t.test(
  'a renewal of which the answer was lost is answered again: the same key, the same certificate (docs/certificates.md, 3)',
  async (t) => {
    const old = issued(await issue('lost-old', { days: 30 }))
    const csrPem = await ssl.request('lost-new')
    const renew = (csr: string) =>
      issueForRequest({ systemId: 'hospital-ehr', csrPem: csr, replaces: old.fingerprint }, change, ports)
    const first = issued(await renew(csrPem))
    t.same(await renew(csrPem), first)
    t.match(await renew(await ssl.request('lost-other')), { fault: 'replaced already', fingerprint: first.fingerprint })
    const { rows } = await pool.query('select 1 from access.client_certificate where pem = $1', [first.certificatePem])
    t.equal(rows.length, 1)
    await pool.query(`update access.client_certificate set status = 'suspended' where fingerprint = $1`, [
      first.fingerprint,
    ])
    t.match(await renew(csrPem), { fault: 'replaced already' }, 'what is suspended is not handed out')
  },
)

t.test('keys of every kind that the rule allows are certified', async (t) => {
  const kinds: Readonly<Record<string, readonly string[]>> = {
    'RSA 2048': ['-newkey', 'rsa:2048'],
    'RSA 3072': ['-newkey', 'rsa:3072', '-sha512'],
    'P-384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1', '-sha384'],
    'an old header': ['-newkey', 'rsa:2048', '-newhdr'],
    'with text before it': ['-newkey', 'rsa:2048', '-text'],
  }
  for (const [kind, key] of Object.entries(kinds)) {
    const csrPem = await ssl.request('strong', key)
    const answer = issued(await issueForRequest({ systemId: 'hospital-ehr', csrPem }, change, ports))
    await ssl.write('strong.crt', answer.certificatePem)
    const modulus = async (name: string) => (await ssl.call('pkey', '-pubout', '-in', name)).text
    const certified = await ssl.call('x509', '-in', 'strong.crt', '-noout', '-pubkey')
    t.equal(certified.text, await modulus('strong.key'), kind)
  }
})

t.test('a weak, foreign, damaged or unsigned request gives nothing and leaves nothing', async (t) => {
  const good = await ssl.request('spoilt')
  const der = Buffer.from(good.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const wrap = (bytes: Buffer) =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  const spoilt = Buffer.from(der)
  // The last byte belongs to the signature.
  spoilt.writeUInt8(spoilt.readUInt8(spoilt.length - 1) ^ 1, spoilt.length - 1)
  const swapped = Buffer.from(der)
  // A letter of the subject: what was signed is no longer what stands there.
  swapped.write('f', swapped.indexOf('evil') + 1, 'latin1')
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'RSA 1024': [await ssl.request('weak', ['-newkey', 'rsa:1024']), 'weak key'],
    'RSA 2048 with exponent 3': [
      await ssl.request('weak', ['-newkey', 'rsa:2048', '-pkeyopt', 'rsa_keygen_pubexp:3']),
      'weak key',
    ],
    'P-521': [await ssl.request('weak', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp521r1']), 'weak key'],
    Ed25519: [await ssl.request('weak', ['-newkey', 'ed25519']), 'weak key'],
    'RSA-PSS': [await ssl.request('weak', ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048']), 'weak key'],
    'a signature that was changed': [wrap(spoilt), 'not signed by its key'],
    'a subject that was changed': [wrap(swapped), 'not signed by its key'],
    'half a request': [wrap(der.subarray(0, 80)), 'not readable'],
    'a private key beside it': [`${good}${await ssl.read('spoilt.key')}`, 'holds a private key'],
    'a certificate': [(await ssl.call('x509', '-in', join(pki, 'ca.crt'))).text, 'no request'],
    nothing: ['', 'no request'],
  }
  const before = (await pool.query('select count(*)::int as n from access.client_certificate')).rows[0].n
  for (const [name, [csrPem, because]] of Object.entries(cases)) {
    const answer = await issueForRequest({ systemId: 'hospital-ehr', csrPem }, change, ports)
    t.match(answer, { fault: 'request refused', because }, name)
    t.notMatch(JSON.stringify(answer), /MII|PRIVATE KEY-/, 'nothing of it is repeated')
  }
  t.equal((await pool.query('select count(*)::int as n from access.client_certificate')).rows[0].n, before)
})

t.test(
  'nobody gets one for a system that is not registered, a facility that has ended, or for more than 397 days',
  async (t) => {
    t.match(await issue('none', { systemId: 'nobody' }), { fault: 'unknown system' })
    t.match(await issue('none', { systemId: 'closed-ehr' }), { fault: 'facility ended' })
    for (const days of [0, 398, 1.5, Number.NaN]) t.match(await issue('none', { days }), { fault: 'days', most: 397 })
  },
)

t.test('a key is certified for one system only, and never again when its certificate was revoked', async (t) => {
  const csrPem = await ssl.request('shared')
  const ask = (systemId: string) => issueForRequest({ systemId, csrPem }, change, ports)
  const { fingerprint } = issued(await ask('hospital-ehr'))
  t.match(await ask('hospital-lab'), { fault: 'key in use' })
  issued(await ask('hospital-ehr'))
  await pool.query(
    `update access.client_certificate set status = 'revoked', revoked_at = now(), revoke_reason = 'keyCompromise' where fingerprint = $1`,
    [fingerprint],
  )
  t.match(await ask('hospital-ehr'), { fault: 'key in use' })
})

/** The work of two requests at once, of which the first one has not committed when the second one asks. */
async function atOnce<T>(first: (client: pg.PoolClient) => Promise<unknown>, second: () => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await first(client)
    const waiting = async (): Promise<void> => {
      while ((await pool.query('select from pg_locks where not granted')).rowCount === 0) await delay(20)
    }
    const answer = second()
    await Promise.race([answer, waiting()])
    await client.query('commit')
    return await answer
  } finally {
    client.release()
  }
}

t.test('a key is certified for one system only, also when two ask with it at once', async (t) => {
  const csrPem = await ssl.request('both')
  const signed = await ports.authority.sign(csrPem, { systemId: 'hospital-ehr', facilityOid: '2.25.101', days: 90 })
  if ('fault' in signed) throw new Error(signed.fault)
  const given = { certificate: signed.certificate, systemId: 'hospital-ehr', origin: 'request' } as const
  const second = await atOnce(
    async (client) => t.equal(await registerIssued(client, given, change), 'registered'),
    () => issueForRequest({ systemId: 'hospital-lab', csrPem }, change, ports),
  )
  t.match(second, { fault: 'key in use' })
})

t.test(
  'a key that is told of as stolen while it is certified anew takes that certificate along (RFC 5280 5.3.1)',
  async (t) => {
    const csrPem = await ssl.request('stolen')
    const { fingerprint } = issued(await issueForRequest({ systemId: 'hospital-ehr', csrPem }, change, ports))
    const signed = await ports.authority.sign(csrPem, { systemId: 'hospital-ehr', facilityOid: '2.25.101', days: 90 })
    if ('fault' in signed) throw new Error(signed.fault)
    const given = { certificate: signed.certificate, systemId: 'hospital-ehr', origin: 'request' } as const
    const revoked = await atOnce(
      async (client) => t.equal(await registerIssued(client, given, change), 'registered'),
      () =>
        createCertificateRegister(pool).setState(fingerprint, { status: 'revoked', reason: 'keyCompromise' }, change),
    )
    t.equal(revoked, 'changed')
    const { rows } = await pool.query('select status from access.client_certificate where key_hash = $1', [
      signed.certificate.keyHash,
    ])
    t.same(rows, [{ status: 'revoked' }, { status: 'revoked' }])
  },
)

t.test('renewal from 60 days before the end, earlier with a reason; both are good during the overlap', async (t) => {
  const { fingerprint } = issued(await issue('old', { days: 100 }))
  t.match(await issue('new', { replaces: fingerprint }), { fault: 'too early' })
  t.match(await issue('new', { replaces: 'AA:BB' }), { fault: 'unknown certificate' })
  t.match(await issue('new', { systemId: 'hospital-lab', replaces: fingerprint }), { fault: 'unknown certificate' })
  const early = issued(await issue('new', { replaces: fingerprint, earlyBecause: 'terminal replaced' }))
  const row = async () =>
    (
      await pool.query(
        `select status, replaced_by, extract(epoch from overlap_ends_at - now()) / 86400 as days from access.client_certificate where fingerprint = $1`,
        [fingerprint],
      )
    ).rows[0]
  t.match(await row(), { status: 'active', replaced_by: early.fingerprint })
  t.ok(Math.abs(Number((await row()).days) - 30) < 0.1)
  t.match(await issue('newer', { replaces: fingerprint, earlyBecause: 'again' }), {
    fault: 'replaced already',
    fingerprint: early.fingerprint,
  })
  const { rows } = await pool.query(
    `select e.reason, c.replaced_because from audit.event e, access.client_certificate c
     where c.fingerprint = $1 and e.reason like '%replacing ' || $1 || '%'`,
    [fingerprint],
  )
  t.match(rows, [{ reason: /replacing [0-9A-F:]+ before the time$/, replaced_because: 'terminal replaced' }])
  const ending = issued(await issue('ending', { days: 20 }))
  issued(await issue('next', { replaces: ending.fingerprint }))
  const { rows: ends } = await pool.query(
    'select overlap_ends_at = not_after as same from access.client_certificate where fingerprint = $1',
    [ending.fingerprint],
  )
  t.match(ends, [{ same: true }], 'not longer than its own end')
})

t.test('two renewals of one certificate at once: one of them is made', async (t) => {
  const { fingerprint } = issued(await issue('raced', { days: 30 }))
  const requests = [await ssl.request('one'), await ssl.request('two')]
  const answers = await Promise.all(
    requests.map((csrPem) =>
      issueForRequest({ systemId: 'hospital-ehr', csrPem, replaces: fingerprint }, change, ports),
    ),
  )
  t.equal(answers.filter((answer) => 'fault' in answer).length, 1)
})

t.test(
  'without the key of the authority nothing is issued, and the operator reads which file is missing',
  async (t) => {
    const keyless = loadConfig({ env: { TSUNAGI_DATA_DIR: join(directory, 'nowhere') }, cwd: directory })
    const csrPem = await ssl.request('late')
    const answer = await issueForRequest(
      { systemId: 'hospital-ehr', csrPem },
      change,
      issuingPorts({ config: keyless, pool }),
    )
    t.match(answer, { fault: 'no issuing authority', message: /ca\.key are needed/ })
  },
)
