// Certificates over real doors: a vendor's own request, PKCS#12, renewal and revocation, with openssl s_client as the vendor (ITI TF-2 3.19).

import { access, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { tendOnce } from '../../src/app/certificate-upkeep.ts'
import { startServer } from '../../src/app.ts'
import { createAdminClient, isObject, textOf } from '../../src/cli/admin-client.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { openSsl } from '../certificates/openssl.ts'
import { run } from '../cli/fake-door.ts'
import { configFor, eventually, SILENT, temporaryDirectory } from '../faults/support.ts'

t.setTimeout(170_000)

const ssl = await openSsl(t)
const dataDir = await temporaryDirectory(t)
const sealed = { 'certificates.issuingPassphrase': 'four words of mine' }
const flags = [
  '--data-dir',
  dataDir,
  '--set',
  `certificates.issuingPassphrase=${sealed['certificates.issuingPassphrase']}`,
]
const made = await run(['cert', 'authority', 'create', '--root', 'medium', '--unencrypted', ...flags], ssl.path('.'))
if (made.code !== 0) throw new Error(made.err)
// From here on the root is in the safe.
await rm(ssl.path('medium/root.key'))

const server = await startServer(configFor(dataDir, sealed), { log: SILENT })
t.teardown(server.stop)
await loadDemo(server, () => {})
const { managementUrl } = localAddresses(server)
const admin = createAdminClient({ baseUrl: managementUrl, token: server.adminToken })

/** HTTP status of a WSDL of ours for who shows these files; '' when nothing came back. */
async function statusFor(name: string, port = server.httpsPort): Promise<string> {
  const heard = await ssl.converse(
    [
      ...['s_client', '-connect', `localhost:${port}`, '-quiet', '-verify_quiet', '-verify_return_error'],
      ...['-CAfile', 'medium/root.crt', '-verify_hostname', 'localhost', '-cert', `${name}.crt`, '-key', `${name}.key`],
    ],
    'GET /xds/registry?wsdl HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  )
  return /^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? ''
}

async function sign(name: string, path = '/systems/hospital-a/certificates/requests'): Promise<string> {
  const { body } = await admin.post(path, { csr: await ssl.request(name) })
  if (!isObject(body)) throw new Error('no certificate')
  await ssl.write(`${name}.crt`, textOf(body.pem))
  return textOf(body.fingerprint)
}

/** A change is heard by every door of every process within seconds. */
const becomes = (name: string, status: string) => eventually(async () => (await statusFor(name)) === status, 5000)

t.test(
  'a server below an offline root shows its chain, and takes a certificate of which it is sent the leaf only',
  async (t) => {
    await sign('vendor')
    t.equal(await statusFor('vendor'), '200')
    const shown = await ssl.call(
      ...['s_client', '-connect', `localhost:${server.httpsPort}`, '-CAfile', 'medium/root.crt', '-showcerts'],
      ...['-cert', 'vendor.crt', '-key', 'vendor.key'],
    )
    t.match(shown.text, /Verify return code: 0 \(ok\)/)
    t.equal(shown.text.match(/BEGIN CERTIFICATE/g)?.length, 2, 'its own and the issuing authority, not the root')
    for (const port of [server.mllpPort, server.pixPort])
      t.match(
        (await ssl.call('s_client', '-connect', `localhost:${port}`, '-CAfile', 'medium/root.crt', '-brief')).text,
        /Verification: OK/,
      )
  },
)

t.test('what is not registered opens nothing, though our authority signed it', async (t) => {
  const fingerprint = await sign('unregistered')
  await server.pool.query('delete from access.client_certificate where fingerprint = $1', [fingerprint])
  t.equal(await statusFor('unregistered'), '403')
})

t.test('a PKCS#12 opens the door with the key that only its file holds', async (t) => {
  const { body } = await admin.post('/systems/hospital-a/pkcs12', {})
  if (!isObject(body)) throw new Error('no order')
  const { statusCode, body: file } = await request(`${managementUrl}/pki/pkcs12`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: body.code, password: body.password }),
  })
  t.equal(statusCode, 200)
  await ssl.write('terminal.p12', Buffer.from(await file.arrayBuffer()))
  const opened = await ssl.call('pkcs12', '-in', 'terminal.p12', '-passin', `pass:${textOf(body.password)}`, '-nodes')
  await ssl.write('terminal.crt', opened.text)
  await ssl.write('terminal.key', opened.text)
  t.equal(await statusFor('terminal'), '200')
})

t.test(
  'renewal: old and new open the door during the overlap; confirmed, the old one is refused at once',
  async (t) => {
    const old = await sign('before')
    await server.pool.query(
      `update access.client_certificate set not_after = now() + interval '20 days' where fingerprint = $1`,
      [old],
    )
    const renewed = await sign('after', `/certificates/${encodeURIComponent(old)}/renewal`)
    t.same([await statusFor('before'), await statusFor('after')], ['200', '200'])
    await admin.post(`/certificates/${encodeURIComponent(renewed)}/confirmation`, {})
    t.ok(await becomes('before', '403'))
    t.equal(await statusFor('after'), '200')
  },
)

/** What the HTTPS door answers to who shows these files. */
async function ask(name: string, line: string, body = ''): Promise<{ readonly status: string; readonly text: string }> {
  const heard = await ssl.converse(
    [
      ...['s_client', '-connect', `localhost:${server.httpsPort}`, '-quiet', '-verify_quiet', '-verify_return_error'],
      ...['-CAfile', 'medium/root.crt', '-verify_hostname', 'localhost', '-cert', `${name}.crt`, '-key', `${name}.key`],
    ],
    `${line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/pkcs10\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  return { status: /^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? '', text: heard.split('\r\n\r\n').slice(1).join('') }
}

t.test('a vendor renews over the door with the certificate that ends, and confirms with the new one', async (t) => {
  const old = await sign('self')
  t.match(await ask('self', 'GET /certificate'), { status: '200', text: new RegExp(`${old}.*renewableFrom`) })
  const csr = await ssl.request('self-new')
  const early = await ask('self', 'POST /certificate/renewal', csr)
  t.match(early, { status: '409', text: /TOO_EARLY.*60日前/ })
  await server.pool.query(
    `update access.client_certificate set not_after = now() + interval '20 days' where fingerprint = $1`,
    [old],
  )
  t.match(await ask('self', 'POST /certificate/renewal', 'no request'), { status: '400', text: /REQUEST_REFUSED/ })
  t.match(await ask('self', 'POST /certificate/confirmation'), { status: '409' }, 'the old one replaces nothing')
  const renewed = await ask('self', 'POST /certificate/renewal', csr)
  t.equal(renewed.status, '201')
  await ssl.write('self-new.crt', renewed.text.replace(/^[0-9a-f]+\r\n|\r\n0$/g, ''))
  const verified = await ssl.call(
    ...['verify', '-CAfile', 'medium/root.crt', '-untrusted', 'self-new.crt', 'self-new.crt'],
  )
  t.equal(verified.code, 0, verified.text)
  t.same([await statusFor('self'), await statusFor('self-new')], ['200', '200'])
  t.match(await ask('self-new', 'POST /certificate/confirmation'), { status: '200' })
  t.ok(await becomes('self', '403'))
  const { rows } = await server.pool.query(
    `select objects, reason from audit.event where type_code = '110137' and objects->>'by' = 'system:hospital-a' order by event_id`,
  )
  t.match(rows, [
    { reason: new RegExp(`renewed by the system itself: certificate .* replacing ${old}`) },
    { reason: /confirmed by its system/ },
  ])
  const journal = await server.pool.query(
    `select result, system_id from journal.exchange where transaction = 'Own certificate' order by at`,
  )
  t.equal(journal.rows.length, 6)
  t.ok(journal.rows.every(({ system_id }) => system_id === 'hospital-a'))
})

t.test('revoked and suspended are refused and in the list beside the certificates; resumed goes on', async (t) => {
  const one = await sign('one')
  const path = `/certificates/${encodeURIComponent(one)}`
  await admin.patch(path, { status: 'suspended' })
  t.ok(await becomes('one', '403'))
  await admin.patch(path, { status: 'active' })
  t.ok(await becomes('one', '200'))
  await admin.patch(path, { status: 'revoked', reason: 'privilegeWithdrawn' })
  t.ok(await becomes('one', '403'))
  const pki = join(dataDir, 'pki')
  const list = await ssl.call('crl', '-in', join(pki, 'crl.pem'), '-noout', '-text')
  t.match(list.text, /Privilege Withdrawn/)
  t.match(
    (await ssl.call('crl', '-in', join(pki, 'crl.pem'), '-noout', '-verify', '-CAfile', join(pki, 'issuing.crt'))).text,
    /verify OK/,
  )
})

t.test(
  'a database that is older than the published list: what was revoked is not good again (RFC 5280, 5.2.3, 5.3.1)',
  async (t) => {
    const { pool, config } = server
    const path = join(dataDir, 'pki', 'crl.pem')
    const numberOf = async (): Promise<bigint> => {
      const { text } = await ssl.call('crl', '-in', path, '-noout', '-crlnumber')
      return BigInt(/0x[0-9A-F]+/i.exec(text)?.[0] ?? '')
    }
    const lost = await sign('lost')
    const paused = await sign('paused')
    const after = await sign('after-backup')
    await sign('good')
    await pool.query('create table kept as table access.client_certificate')
    const backup = await numberOf()
    await admin.patch(`/certificates/${encodeURIComponent(lost)}`, { status: 'revoked', reason: 'keyCompromise' })
    await admin.patch(`/certificates/${encodeURIComponent(paused)}`, { status: 'suspended' })
    await admin.patch(`/certificates/${encodeURIComponent(after)}`, { status: 'revoked' })
    t.ok(await becomes('lost', '403'))
    const before = await numberOf()
    const { serial } = (
      await pool.query('select serial from access.client_certificate where fingerprint = $1', [after])
    ).rows[0]
    // The backup is put back, in one commit; one of them was issued after it.
    await pool.query(`
      delete from access.revocation_list where number > ${backup};
      update access.client_certificate c
      set status = k.status, status_since = k.status_since, revoked_at = k.revoked_at, revoke_reason = k.revoke_reason
      from kept k where k.fingerprint = c.fingerprint;
      drop table kept;
      delete from access.client_certificate where fingerprint = '${after}'`)
    const said: unknown[] = []
    const log = { ...SILENT, error: (fields: unknown) => said.push(fields) } as unknown as typeof SILENT
    await tendOnce({ config, pool, log }, () => {}, new Date())
    t.match(said, [{ list: String(before), revokedAgain: [lost, paused].sort(), notRegistered: [serial] }])
    t.ok(await becomes('lost', '403'))
    t.ok(await becomes('paused', '403'))
    t.ok(await becomes('good', '200'))
    const { rows } = await pool.query(
      'select status, revoke_reason from access.client_certificate where fingerprint = any($1) order by status',
      [[lost, paused]],
    )
    t.match(rows, [{ status: 'revoked', revoke_reason: 'keyCompromise' }, { status: 'suspended' }])
    t.ok((await numberOf()) > before, 'numbers rise over a restore too')
    const events = await pool.query(`select 1 from audit.event where type_code = '110137' and reason like '%again (%'`)
    t.equal(events.rows.length, 2, 'staff are told, in the audit')
    await tendOnce({ config, pool, log }, () => {}, new Date())
    t.equal(said.length, 1, 'once')
  },
)

t.test('metrics say how long the certificates of systems, server and authorities are good (a.4)', async (t) => {
  const text = await (await request(`${managementUrl}/metrics`)).body.text()
  t.match(text, /^client_certificate_expiry_days\{system="clinic-b"\} 39\d$/m)
  t.match(text, /^certificate_expiry_days\{kind="server",name="[^"]*CN=localhost"\} 39\d$/m)
  t.match(text, /^certificate_expiry_days\{kind="authority",name="[^"]*CN=Tsunagi root CA"\} 7\d{3}$/m)
  t.match(text, /^certificate_expiry_days\{kind="authority",name="[^"]*CN=Tsunagi issuing CA"\} 18\d\d$/m)
})

t.test('the key of the root was never here', async (t) => {
  const key = await readFile(join(dataDir, 'pki', 'issuing.key'), 'utf8')
  t.match(key, /BEGIN ENCRYPTED PRIVATE KEY/)
  for (const name of ['root.key', 'ca.key', 'issuing-next.key'])
    await t.rejects(access(join(dataDir, 'pki', name)), { code: 'ENOENT' })
})

t.test('a restart goes on: nothing is made anew, lists go on counting', async (t) => {
  const before = await readFile(join(dataDir, 'pki', 'server.crt'), 'utf8')
  const beside = await startServer(configFor(dataDir, { ...sealed, 'database.url': databaseUrl() }), { log: SILENT })
  t.teardown(beside.stop)
  t.equal(await statusFor('after', beside.httpsPort), '200')
  t.equal(await statusFor('before', beside.httpsPort), '403')
  t.equal(await readFile(join(dataDir, 'pki', 'server.crt'), 'utf8'), before)
})

t.test('the certificate of the server is renewed while it runs, and shown without a restart', async (t) => {
  const before = await readFile(join(dataDir, 'pki', 'server.crt'), 'utf8')
  const given = { config: server.config, pool: server.pool, log: SILENT }
  await tendOnce(given, () => {}, new Date())
  t.equal(await readFile(join(dataDir, 'pki', 'server.crt'), 'utf8'), before, 'not before it is due')
  await tendOnce(given, () => {}, new Date(Date.now() + 370 * 86_400_000))
  const renewed = await readFile(join(dataDir, 'pki', 'server.crt'), 'utf8')
  t.not(renewed, before)
  const serial = await ssl.call('x509', '-in', join(dataDir, 'pki', 'server.crt'), '-noout', '-serial')
  await server.reload()
  await ssl.write('shown.crt', (await shownBy()).text)
  t.equal((await ssl.call('x509', '-in', 'shown.crt', '-noout', '-serial')).text, serial.text)
})

const shownBy = () =>
  ssl.call('s_client', '-connect', `localhost:${server.httpsPort}`, '-cert', 'after.crt', '-key', 'after.key')

function databaseUrl(): string {
  const { user, password, database, host = '', port } = server.pool.options
  return `postgresql://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
}
