// Certificates at the doors: who is not known gets nothing, and all refusals look alike (ITI TF-2 3.19; DICOM PS3.15 A.5 Security Alert).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { iti18 } from '../../profiles/transactions/index.ts'
import { createAuthority, issueClientCertificate } from '../../src/certificates/authority.ts'
import { readCertificate } from '../../src/certificates/certificate.ts'
import { readAuthority } from '../../src/certificates/pki-directory.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { connectMllp } from '../../src/mllp/client.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { laboratory } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { createTestPki } from '../mllp/pki.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, pool, admin } = network
const pki = join(server.config.dataDir, 'pki')
const ca = await readFile(join(pki, 'ca.crt'), 'utf8')
const authority = await readAuthority(pki)

interface Shown {
  readonly key?: string
  readonly cert?: string
}

const HOUR_MS = 3_600_000
/** An identity is remembered on a connection for at most 5 s; the rest is for a busy machine. */
const FELT_WITHIN_MS = 20_000

async function issued(systemId: string, given: { readonly days?: number; readonly now?: Date } = {}): Promise<Shown> {
  const { certificatePem, privateKeyPem } = await issueClientCertificate(authority, {
    systemId,
    facilityOid: newOid(),
    ...given,
  })
  return { cert: certificatePem, key: privateKeyPem }
}

async function registered(shown: Shown): Promise<string> {
  await admin.post('/systems/hospital-a/certificates', { pem: shown.cert ?? '' })
  return readCertificate(shown.cert ?? '').fingerprint256
}

async function ofOtherCa(): Promise<Shown> {
  const { certificatePem, privateKeyPem } = await issueClientCertificate(await createAuthority({ name: 'Other CA' }), {
    systemId: 'hospital-a',
    facilityOid: newOid(),
  })
  return { cert: certificatePem, key: privateKeyPem }
}

const expired = await issued('hospital-a', { days: 1, now: new Date(Date.now() - 48 * HOUR_MS) })
await registered(expired)
const revoked = await issued('hospital-a')
await admin.patch(`/certificates/${await registered(revoked)}`, { status: 'revoked' })
const suspended = await issued('hospital-a')
await admin.patch(`/certificates/${await registered(suspended)}`, { status: 'suspended' })

const refused: Readonly<Record<string, { readonly shown: Shown; readonly reason: RegExp }>> = {
  none: { shown: {}, reason: /no client certificate/ },
  'of another CA': { shown: await ofOtherCa(), reason: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT/ },
  'self-signed': { shown: (await createTestPki()).stranger, reason: /SELF_SIGNED|UNABLE_TO/ },
  expired: { shown: expired, reason: /CERT_HAS_EXPIRED/ },
  'not registered': { shown: await issued('hospital-a'), reason: /not registered/ },
  revoked: { shown: revoked, reason: /revoked/ },
  suspended: { shown: suspended, reason: /suspended/ },
}

function secure(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port, ca, ...options })
    socket.once('error', reject)
    socket.once('secureConnect', () => resolve(socket))
  })
}

/** Everything that comes back until the other side closes. */
async function converse(port: number, shown: Shown, sent: string | Buffer): Promise<string> {
  const socket = await secure(port, shown)
  const chunks: Buffer[] = []
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  // A reset after the refusal is the same as a close: nothing more is said.
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(sent)
  await closed
  return Buffer.concat(chunks).toString('latin1')
}

function query(): string {
  const patientId = { value: 'X-1', authority: server.config.identity.affinityDomainAuthority }
  return writeEnvelope({
    action: iti18.action,
    messageId: 'urn:uuid:5b3f0a3e-2f60-4b1c-9a53-6f3d0f5d8d11',
    body: writeFindDocuments({ patientId, returnType: 'LeafClass' }),
  })
}

function post(path: string): string {
  const body = query()
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/soap+xml; charset=UTF-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

const withoutDate = (text: string): string => text.replace(/^date: .*\r\n/im, '')

t.test(
  'every refused certificate gets the same bytes over HTTPS: 403, nothing in it, closed (ITI TF-2 3.19)',
  async (t) => {
    const answers = new Map<string, string>()
    for (const [name, { shown }] of Object.entries(refused))
      answers.set(name, withoutDate(await converse(server.httpsPort, shown, post('/xds/registry'))))
    const [first = ''] = answers.values()
    t.match(first, /^HTTP\/1\.1 403 Forbidden\r\n/)
    t.match(first, /connection: close\r\n/i)
    t.match(first, /\r\n\r\n$/, 'the body is empty')
    for (const [name, answer] of answers) t.equal(answer, first, name)
  },
)

t.test('over MLLP they are hung up on without an acknowledgement (MLLP Release 1)', async (t) => {
  const frame = Buffer.concat([
    Buffer.from([0x0b]),
    laboratory({ order: '000000000903001' }),
    Buffer.from([0x1c, 0x0d]),
  ])
  for (const [name, { shown }] of Object.entries(refused))
    t.equal(await converse(server.mllpPort, shown, frame), '', name)
})

t.test(
  'each is journalled and audited as Node Authentication with its reason (ITI TF-2 3.20: 110113, 110126)',
  async (t) => {
    const { rows } = await pool.query(
      `select j.door, j.result, j.error_codes, e.event_code, e.type_code, e.outcome, e.reason, e.patients
     from audit.event e join journal.exchange j using (exchange_id) where e.event_code = '110113'`,
    )
    for (const door of ['https', 'mllp'])
      for (const [name, { reason }] of Object.entries(refused)) {
        const row = rows.find((candidate) => candidate.door === door && reason.test(candidate.reason))
        t.match(
          row,
          { result: 'failure', error_codes: ['CERTIFICATE_REFUSED'], type_code: '110126', outcome: 8 },
          `${door}: ${name}`,
        )
      }
  },
)

t.test('no route is open to a stranger: not an unknown one, not a WSDL, no method (security: answers)', async (t) => {
  const requests = [
    '/xds/registry',
    '/xds/registry?wsdl',
    '/xds/repository?wsdl',
    '/pix/manager?wsdl',
    '/storeclient',
    '/',
    '/nowhere',
    '/admin/v1/systems',
    '/metrics',
    '/%2e%2e/etc',
    '*',
  ].flatMap((path) => ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE'].map((method) => `${method} ${path}`))
  for (const line of requests) {
    const answer = await converse(
      server.httpsPort,
      {},
      `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    )
    t.match(answer, /^HTTP\/1\.1 403 /, line)
    t.notMatch(answer, /definitions|wsdl|tsunagi/i, line)
  }
})

t.test('a TLS version below 1.2 is refused in the handshake (ITI TF-2 3.19.6; RFC 9325)', async (t) => {
  for (const port of [server.httpsPort, server.mllpPort])
    await t.rejects(secure(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }), {
      code: /^ERR_SSL_(TLSV1_ALERT_PROTOCOL_VERSION|NO_PROTOCOLS_AVAILABLE)$/,
    })
})

t.test(
  'a revocation is felt on connections that are open, within seconds (security: live revocation)',
  { timeout: 90_000 },
  async (t) => {
    const shown = await issued('hospital-a')
    const fingerprint = await registered(shown)
    const socket = await secure(server.httpsPort, shown)
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.write(post('/xds/registry'))
    t.ok(await eventually(async () => /^HTTP\/1\.1 200 /.test(heard), FELT_WITHIN_MS))
    const mllp = await connectMllp({ host: 'localhost', port: server.mllpPort, tls: { ...shown, ca } })
    t.equal(readAck(await mllp.send(laboratory({ order: '000000000903002' }))).code, 'AA')
    await admin.patch(`/certificates/${fingerprint}`, { status: 'revoked' })
    const shut = await eventually(async () => socket.destroyed || / 403 /.test(heard), FELT_WITHIN_MS)
    t.ok(shut, 'HTTPS keep-alive')
    const hungUp = await eventually(
      async () =>
        mllp.send(laboratory({ order: '000000000903003' })).then(
          () => false,
          () => true,
        ),
      FELT_WITHIN_MS,
    )
    t.ok(hungUp, 'MLLP')
    await mllp.close()
    const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
    t.ok(await network.find('hospital-a', hanako), 'other certificates of the system still work')
  },
)
