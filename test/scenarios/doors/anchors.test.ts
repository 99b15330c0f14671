// Authorities of partners in the database: believed, narrowed and dropped while the doors are open, in every process (ITI TF-2 3.19; RFC 5280 6.1).

import { copyFile, writeFile } from 'node:fs/promises'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { createAuthority, issueServerCertificate } from '../../../src/certificates/authority.ts'
import { readCertificate } from '../../../src/certificates/certificate.ts'
import { createRoot, requestIssuing, signIssuing } from '../../../src/certificates/hierarchy.ts'
import { laboratory } from '../../faults/messages.ts'
import { eventually, startNetwork } from '../../faults/support.ts'
import { type Certified, FELT_WITHIN_MS, framed, issuing, line, query, secure, startBeside } from './support.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, admin } = network
const { ca, own, issued, register, registered } = await issuing(network)
const further = await startBeside(network)
t.teardown(further.server.stop)

const partner = await createAuthority({ name: 'Partner CA' })
const processes = { one: server, other: further.server }

let order = 0

async function acceptedOverHttps(t: Test, shown: Certified, port: number): Promise<boolean> {
  const https = await line(t, port, { ca, key: shown.key, cert: shown.cert })
  https.write(query(server.config))
  await eventually(async () => https.heard() !== '' || https.isClosed(), FELT_WITHIN_MS)
  const answer = https.heard()
  https.socket.destroy()
  return answer.startsWith('HTTP/1.1 200 ')
}

async function acceptedOverMllp(t: Test, shown: Certified, port: number): Promise<boolean> {
  const mllp = await line(t, port, { ca, key: shown.key, cert: shown.cert })
  mllp.write(framed(laboratory({ order: String(905000 + ++order).padStart(15, '0') })))
  await eventually(async () => mllp.heard() !== '' || mllp.isClosed(), FELT_WITHIN_MS)
  const answer = mllp.heard()
  mllp.socket.destroy()
  return answer.includes('MSA|A')
}

/** Everywhere at last: over HTTPS and MLLP of both processes. */
async function soon(t: Test, shown: Certified, expected: { readonly https: boolean; readonly mllp: boolean }) {
  for (const [name, { httpsPort, mllpPort }] of Object.entries(processes)) {
    const https = eventually(
      async () => (await acceptedOverHttps(t, shown, httpsPort)) === expected.https,
      FELT_WITHIN_MS,
    )
    t.ok(await https, `${name}: HTTPS ${expected.https ? 'accepted' : 'refused'}`)
    const mllp = eventually(async () => (await acceptedOverMllp(t, shown, mllpPort)) === expected.mllp, FELT_WITHIN_MS)
    t.ok(await mllp, `${name}: MLLP ${expected.mllp ? 'accepted' : 'refused'}`)
  }
}

const add = (label: string, more: Readonly<Record<string, string>> = {}) =>
  admin.post('/trust-anchors', { label, pem: partner.certificatePem, ...more })
const remove = (label: string) => admin.delete(`/trust-anchors/${label}`)

t.test('a certificate of a partner’s authority counts when that is an anchor, and when it is registered', async (t) => {
  const shown = await registered({ authority: partner })
  const unregistered = await issued({ authority: partner })
  await soon(t, shown, { https: false, mllp: false })
  await add('partner')
  await soon(t, shown, { https: true, mllp: true })
  await soon(t, unregistered, { https: false, mllp: false })
  const listed = (await admin.get('/trust-anchors')).body
  t.match(listed, [{ origin: 'tls.ca' }, { label: 'partner', status: 'active', origin: 'administration' }])
  const open = await Promise.all(
    Object.values(processes).flatMap(({ httpsPort, mllpPort }) =>
      [httpsPort, mllpPort].map(async (port) => {
        const one = await line(t, port, { ca, key: shown.key, cert: shown.cert })
        one.write(port === httpsPort ? query(server.config) : framed(laboratory({ order: '000000000905900' })))
        t.ok(await eventually(async () => one.heard() !== '', FELT_WITHIN_MS))
        return one
      }),
    ),
  )
  const bystander = await line(t, further.server.httpsPort, { ca, ...(await registered()) })
  await remove('partner')
  for (const one of open) t.ok(await eventually(async () => one.isClosed(), FELT_WITHIN_MS), 'open connections are cut')
  t.notOk(bystander.isClosed(), 'those of other authorities are not')
  await soon(t, shown, { https: false, mllp: false })
})

t.test('an anchor of one door counts at no other', async (t) => {
  const shown = await registered({ authority: partner })
  await add('partner-https', { door: 'https' })
  await soon(t, shown, { https: true, mllp: false })
  await remove('partner-https')
})

t.test('an anchor of one partner admits systems of that partner only', async (t) => {
  const own = await registered({ authority: partner, systemId: 'clinic-b' })
  const others = await registered({ authority: partner })
  await add('partner-clinic', { facilityId: 'clinic-b' })
  const accepted = () => acceptedOverHttps(t, own, further.server.httpsPort)
  t.ok(await eventually(accepted, FELT_WITHIN_MS), 'its own')
  await soon(t, others, { https: false, mllp: false })
  await remove('partner-clinic')
})

t.test('an anchor counts in its time only', async (t) => {
  const shown = await registered({ authority: partner })
  const begin = Date.now() + 3000
  await add('partner-later', {
    validFrom: new Date(begin).toISOString(),
    validTo: new Date(begin + 6000).toISOString(),
  })
  t.notOk(await acceptedOverHttps(t, shown, server.httpsPort), 'not yet')
  const accepted = () => acceptedOverHttps(t, shown, server.httpsPort)
  t.ok(await eventually(accepted, 3000 + FELT_WITHIN_MS + 1000), 'then')
  t.ok(await eventually(async () => !(await accepted()), 6000 + FELT_WITHIN_MS + 1000), 'no more')
  await remove('partner-later')
})

t.test('an authority that follows another at one moment is believed from then on, the former one not', async (t) => {
  const next = await createAuthority({ name: 'Partner CA 2' })
  const former = await registered({ authority: partner })
  const shown = await registered({ authority: next })
  const later = new Date(Date.now() + 3_600_000).toISOString()
  await add('handing-over', { validTo: later })
  await add('taking-over', { pem: next.certificatePem, validFrom: later })
  await soon(t, former, { https: true, mllp: true })
  await soon(t, shown, { https: false, mllp: false })
  // As if the moment had come: nobody changes anything then (docs/adr/0026).
  await network.pool.query(
    `update access.trust_anchor set valid_from = least(valid_from, now() - interval '1 second'),
            valid_to = case when valid_to > now() then now() end
     where label in ('handing-over', 'taking-over')`,
  )
  await soon(t, shown, { https: true, mllp: true })
  await soon(t, former, { https: false, mllp: false })
  await remove('handing-over')
  await remove('taking-over')
})

t.test('what is no authority is no anchor', async (t) => {
  const shown = await issued()
  const refused = async (body: Readonly<Record<string, string>>, message: RegExp) =>
    t.rejects(admin.post('/trust-anchors', body), { message })
  await refused({ label: 'leaf', pem: shown.cert }, /INVALID_CA/)
  await refused({ label: 'text', pem: 'no certificate' }, /no certificate can be read/)
  await refused({ label: 'facility', pem: partner.certificatePem, facilityId: 'nowhere' }, /nothing of this name/i)
  await refused({ label: 'ftp', pem: partner.certificatePem, crl: 'ftp://x' }, /revocation list/)
  await add('twice')
  await t.rejects(admin.post('/trust-anchors', { label: 'twice', pem: own.certificatePem }), {
    message: /already used with other content/,
  })
  await remove('twice')
})

t.test('direct comparison: each registered certificate counts by itself (ITI TF-2 3.19.6.1)', async (t) => {
  const direct = await startBeside(network, { 'tls.trust': 'registered' })
  t.teardown(direct.server.stop)
  const { httpsPort, mllpPort } = direct.server
  const shown = await registered({ authority: partner })
  t.ok(await acceptedOverHttps(t, shown, httpsPort))
  t.ok(await acceptedOverMllp(t, shown, mllpPort))
  t.notOk(await acceptedOverHttps(t, await issued({ authority: partner }), httpsPort), 'not registered')
  const old = await issued({ days: 1, now: new Date(Date.now() - 172_800_000) })
  await register(old.cert)
  t.notOk(await acceptedOverHttps(t, old, httpsPort), 'expired')
  const open = await line(t, mllpPort, { ca, key: shown.key, cert: shown.cert })
  await admin.patch(`/certificates/${shown.fingerprint}`, { status: 'revoked' })
  t.ok(await eventually(async () => open.isClosed(), FELT_WITHIN_MS), 'and a revocation cuts as ever')
})

const shownBy = (socket: TLSSocket) => socket.getPeerX509Certificate()?.fingerprint256

t.test('a renewed server certificate is served without restart: on a changed file, and on SIGHUP', async (t) => {
  const shown = await registered()
  const { certificate, key } = server.config.tls
  const before = await line(t, server.httpsPort, { ca, ...shown })
  const keep = async (suffix: string) => {
    await copyFile(certificate, `${certificate}.${suffix}`)
    await copyFile(key, `${key}.${suffix}`)
  }
  await keep('former')
  const renewed = await issueServerCertificate(own, { names: ['localhost'] })
  await writeFile(certificate, renewed.certificatePem)
  await server.reload()
  const half = await secure(server.httpsPort, { ca, ...shown })
  t.equal(shownBy(half), shownBy(before.socket), 'a certificate without its key yet: the former pair stays')
  half.destroy()
  await writeFile(key, renewed.privateKeyPem)
  further.process.kill('SIGHUP')
  const { fingerprint256 } = readCertificate(renewed.certificatePem)
  for (const { httpsPort, mllpPort, pixPort } of Object.values(processes))
    for (const port of [httpsPort, mllpPort, pixPort]) {
      const served = async () => {
        const socket = await secure(port, { ca, ...shown })
        const seen = shownBy(socket)
        socket.destroy()
        return seen === fingerprint256
      }
      t.ok(await eventually(served, FELT_WITHIN_MS + 1000), `new on port ${port}`)
    }
  t.notOk(before.isClosed(), 'open connections go on')
})

t.test('who was a stranger when the connection began and was let in later is cut like everybody', async (t) => {
  const shown = await registered({ authority: partner })
  const early = await line(t, server.httpsPort, { ca, key: shown.key, cert: shown.cert })
  await add('partner-late')
  t.ok(await eventually(() => acceptedOverHttps(t, shown, server.httpsPort), FELT_WITHIN_MS))
  early.write(query(server.config))
  t.ok(await eventually(async () => early.heard().startsWith('HTTP/1.1 200 '), FELT_WITHIN_MS))
  await remove('partner-late')
  t.ok(await eventually(async () => early.isClosed(), FELT_WITHIN_MS))
})

t.test('a session from before is not resumed past what changed (RFC 8446 2.2)', async (t) => {
  const shown = await registered({ authority: partner })
  await add('partner-session')
  t.ok(await eventually(() => acceptedOverHttps(t, shown, server.httpsPort), FELT_WITHIN_MS))
  const first = await line(t, server.httpsPort, { ca, key: shown.key, cert: shown.cert })
  const session = await new Promise<Buffer>((resolve) => {
    first.socket.once('session', resolve)
    first.write(query(server.config))
  })
  await remove('partner-session')
  await first.closed
  const again = await line(t, server.httpsPort, { ca, key: shown.key, cert: shown.cert, session })
  again.write(query(server.config))
  await again.closed
  t.match(again.heard(), /^HTTP\/1\.1 403 /)
})

t.test('RFC 8446 2.2: who shows an issuing authority shows it on each connection, and is known on each', async (t) => {
  const root = await createRoot({ name: 'Root of a partner' })
  const { requestPem, privateKeyPem } = await requestIssuing({ name: 'Issuing authority of a partner' })
  const issuingPem = await signIssuing(root, requestPem)
  const shown = await issued({ authority: { certificatePem: issuingPem, privateKeyPem } })
  await register(shown.cert)
  await admin.post('/trust-anchors', { label: 'root', pem: root.certificatePem })
  const cert = shown.cert + issuingPem
  await soon(t, { ...shown, cert }, { https: true, mllp: true })
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    let session: Buffer | undefined
    const asked = () =>
      new Promise<string>((resolve) => {
        const versions = { minVersion: version, maxVersion: version }
        const socket = connect({
          host: 'localhost',
          port: server.httpsPort,
          ca,
          key: shown.key,
          cert,
          ...versions,
          session,
        })
        let heard = ''
        socket.on('session', (given) => {
          session = given
        })
        socket.on('data', (chunk) => {
          heard += chunk
        })
        socket.on('error', (error) => resolve(error.message))
        socket.on('close', () => resolve(heard))
        socket.write(query(server.config, ['Connection: close']))
      })
    t.match(await asked(), /^HTTP\/1\.1 200 /, `${version}, first`)
    t.match(await asked(), /^HTTP\/1\.1 200 /, `${version}, with what is left of the first`)
  }
})
