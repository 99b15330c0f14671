// tsunagi cert as an operator uses it, over the admin API of a real database, its files judged by OpenSSL (security: issuing).

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { certificatesIn } from '../../src/certificates/certificate.ts'
import { openSsl } from '../certificates/openssl.ts'
import { openAdministration, TOKEN } from '../http/administration.ts'
import { run } from './fake-door.ts'

t.setTimeout(150_000)

const api = await openAdministration(t)
const { dataDir } = api.config
const ssl = await openSsl(t)
await mkdir(join(dataDir, 'config'), { recursive: true })
await writeFile(join(dataDir, 'config', 'admin-token'), `${TOKEN}\n`)
const here = ['--data-dir', dataDir, '--set', `management.port=${new URL(api.url).port}`, '--staff', 'operator.1']
const call = (...argv: readonly string[]) => run([...argv, ...here], ssl.path('.'))
const cert = (...argv: readonly string[]) => call('cert', ...argv)

await cert('authority', 'create', '--root', 'medium', '--unencrypted')
await api.call('POST', '/facilities', {
  facilityId: 'clinic',
  oid: '2.25.601',
  name: '架空医院',
  kind: 'viewing',
  patientIdForm: 'exact',
  patientDomain: { oid: '2.25.602', name: 'CLINIC' },
})
await api.call('POST', '/systems', { systemId: 'clinic-ehr', facilityId: 'clinic', roles: ['document-consumer'] })

/** Fingerprint of a file of ours, as OpenSSL prints it. */
const fingerprintOf = async (name: string): Promise<string> =>
  (await ssl.call('x509', '-in', name, '-noout', '-fingerprint', '-sha256')).text.replace(/^.*=/, '').trim()

async function sign(name: string, ...more: readonly string[]): Promise<string> {
  await ssl.request(name)
  const said = await cert('sign', '--system', 'clinic-ehr', '--csr', `${name}.csr`, '--out', `${name}.pem`, ...more)
  if (said.code !== 0) throw new Error(said.err)
  return fingerprintOf(`${name}.pem`)
}

t.test('sign writes certificate and chain, as a TLS peer that knows the root needs them', async (t) => {
  const fingerprint = await sign('first', '--terminal', '受付1', '--days', '90')
  const verified = await ssl.call(
    ...['verify', '-purpose', 'sslclient', '-CAfile', 'medium/root.crt', '-untrusted', 'first.pem', 'first.pem'],
  )
  t.equal(verified.code, 0, verified.text)
  t.equal(certificatesIn(await ssl.read('first.pem')).length, 2, 'the root is not sent')
  await ssl.request('second')
  const shown = await cert('sign', '--system', 'clinic-ehr', '--csr', 'second.csr')
  t.match(shown.text, /^-----BEGIN CERTIFICATE-----/)
  t.match(shown.err, /SHA-256 .*, until 20/)
  const list = await cert('list', '--system', 'clinic-ehr')
  t.match(list.text, new RegExp(`clinic-ehr +clinic +受付1 +active .*${fingerprint}`))
  const short = fingerprint.replaceAll(':', '').slice(0, 10).toLowerCase()
  t.match(JSON.parse((await cert('show', short)).text), { fingerprint, terminal: '受付1', pem: /BEGIN/ })
})

t.test('what cannot be signed is refused in words, and what cannot be meant before anything is sent', async (t) => {
  await ssl.request('weak', ['-newkey', 'rsa:1024'])
  const weak = await cert('sign', '--system', 'clinic-ehr', '--csr', 'weak.csr')
  t.equal(weak.code, 1)
  t.match(weak.err, /REQUEST_REFUSED: csr: .*at least 2048 bits[\s\S]*openssl req[\s\S]*2048ビット/)
  for (const wrong of [
    ['sign', '--system', 'clinic-ehr', '--csr', 'none.csr'],
    ['sign', '--system', 'clinic-ehr', '--csr', 'weak.csr', '--days', 'many'],
    ['show', 'xyz'],
    ['show', 'AB'],
    ['revoke', '00112233445566', '--reason', 'superseded'],
    ['revoke', await fingerprintOf('first.pem'), '--reason', 'bored'],
    ['renew', await fingerprintOf('first.pem'), '--csr', 'weak.csr', '--force'],
  ])
    t.equal((await cert(...wrong)).code, 2, wrong.join(' '))
})

t.test('suspend, resume and revoke by the beginning of the fingerprint; the list of revocations follows', async (t) => {
  const fingerprint = await sign('ended')
  t.match((await cert('suspend', fingerprint)).text, `certificate ${fingerprint} suspended`)
  t.match((await cert('list', '--status', 'suspended')).text, fingerprint)
  t.equal((await cert('resume', fingerprint)).code, 0)
  t.equal((await cert('revoke', fingerprint.slice(0, 20), '--reason', 'keyCompromise')).code, 0)
  t.match((await cert('resume', fingerprint)).err, /CONFLICT/)
  await cert('crl', '--out', 'crl.pem')
  const between = certificatesIn(await ssl.read('ended.pem'))[1] ?? ''
  await ssl.write('issuing.pem', between)
  t.match((await ssl.call('crl', '-in', 'crl.pem', '-noout', '-verify', '-CAfile', 'issuing.pem')).text, /verify OK/)
  const checked = await ssl.call(
    ...['verify', '-crl_check', '-CAfile', 'medium/root.crt', '-untrusted', 'issuing.pem', '-CRLfile', 'crl.pem'],
    'ended.pem',
  )
  t.match(checked.text, /certificate revoked/)
  const der = await cert('crl', '--der')
  await ssl.write('crl.der', der.out)
  t.match((await ssl.call('crl', '-inform', 'DER', '-in', 'crl.der', '-noout', '-text')).text, /Key Compromise/)
})

t.test('renew with --force and --reason, then confirm', async (t) => {
  const old = await sign('old')
  await ssl.request('new')
  const renew = (...more: readonly string[]) => cert('renew', old, '--csr', 'new.csr', '--out', 'new.pem', ...more)
  t.match((await renew()).err, /TOO_EARLY[\s\S]*--force with --reason[\s\S]*60日前/)
  t.equal((await renew('--force', '--reason', 'terminal replaced')).code, 0)
  const renewed = await fingerprintOf('new.pem')
  t.match((await cert('list', '--system', 'clinic-ehr')).text, new RegExp(`active .*${renewed} +${old}`))
  t.match((await cert('confirm', renewed)).text, /what it replaces is revoked/)
  t.match(JSON.parse((await cert('show', old)).text), { status: 'revoked', revokeReason: 'superseded' })
})

t.test('what ends soon is listed with kind, facility and terminal', async (t) => {
  await sign('soon', '--days', '9', '--terminal', '検査室')
  t.match((await cert('expiring', '--days', '10')).text, /8 +client +clinic-ehr +clinic +検査室/)
})

t.test(
  'pkcs12 order tells code and password once; fetch takes the password from a file and writes mode 0600',
  async (t) => {
    const ordered = await cert('pkcs12', 'order', 'clinic-ehr', '--terminal', '外来')
    t.match(ordered.text, /code +\S+\npassword +\S+\nuntil +20[\s\S]*別々の方法/)
    const [, code = '', password = ''] = /code +(\S+)\npassword +(\S+)/.exec(ordered.text) ?? []
    await ssl.write('password', `${password}\n`)
    const fetchTo = (out: string) =>
      cert('pkcs12', 'fetch', '--code', code, '--password-file', 'password', '--out', out)
    await ssl.write('taken.p12', '')
    t.equal((await fetchTo('taken.p12')).code, 2, 'what cannot be written is not fetched')
    t.equal((await fetchTo('ehr.p12')).code, 0)
    t.equal((await stat(ssl.path('ehr.p12'))).mode & 0o777, 0o600)
    const opened = await ssl.call('pkcs12', '-in', 'ehr.p12', '-passin', `pass:${password}`, '-nokeys')
    t.equal(certificatesIn(opened.text).length, 3)
    const again = await fetchTo('again.p12')
    t.match(again.err, /NO_SUCH_ORDER[\s\S]*24時間/)
    await t.rejects(readFile(ssl.path('again.p12')), { code: 'ENOENT' })
  },
)

t.test('cert issue works as before, and its certificate chains to the root too', async (t) => {
  const issued = await cert('issue', 'clinic-ehr', '--days', '30')
  t.equal(issued.code, 0, issued.err)
  const file = join(dataDir, 'pki', 'clients', 'clinic-ehr.crt')
  const verified = await ssl.call('verify', '-CAfile', 'medium/root.crt', '-untrusted', file, file)
  t.equal(verified.code, 0, verified.text)
  t.match(JSON.parse((await cert('show', await fingerprintOf(file))).text), { status: 'active', origin: 'registered' })
})
