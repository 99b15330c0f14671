// Certificates that only an attacker makes: whatever a stranger shows is refused, and costs nobody else anything
// (ITI TF-2 3.19 Authenticate Node; RFC 5280 4.2 and 6; RFC 8446 4.4.2).

import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import * as x509 from '@peculiar/x509'
import t from 'tap'
import { startNetwork } from '../../faults/support.ts'
import { byNode } from './openssl-client.ts'
import { converse, issuing, query, withoutDate } from './support.ts'

t.setTimeout(120_000)

const network = await startNetwork(t)
const { server } = network
const { ca, registered } = await issuing(network)
const hospital = await registered()

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const key = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])
const edwards = (await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
const DAY_MS = 86_400_000

const pemOf = (bytes: ArrayBuffer, label: string): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${label}-----\n`
const keyPem = pemOf(await webcrypto.subtle.exportKey('pkcs8', key.privateKey), 'PRIVATE KEY')

interface Strange {
  readonly serial?: string
  readonly subject?: string
  readonly issuer?: string
  readonly by?: 'Ed25519'
  readonly keys?: webcrypto.CryptoKeyPair
  readonly extensions?: readonly x509.Extension[]
}

async function strange({ serial = '01', keys = key, ...given }: Strange): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: given.subject ?? 'CN=hospital-a',
    issuer: given.issuer ?? 'CN=Nobody',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    publicKey: keys.publicKey,
    signingKey: given.by === undefined ? keys.privateKey : edwards.privateKey,
    signingAlgorithm: given.by === undefined ? EC : { name: 'Ed25519' },
    extensions: [...(given.extensions ?? [])],
  })
  return pemOf(certificate.rawData, 'CERTIFICATE')
}

/** DER that is not what the extension has to hold. */
const broken = (type: string): Strange => ({
  extensions: [new x509.Extension(type, false, new Uint8Array([0x04, 0x01, 0x00]))],
})

const asked = (pem: { readonly cert: string; readonly key: string }, port = server.httpsPort) =>
  byNode({ port, ca, pem, sent: query(server.config, ['Connection: close']), until: () => false })

const cases: readonly (readonly [string, Strange])[] = [
  ['signed by Ed25519, whose algorithm names no hash', { by: 'Ed25519' }],
  ['a key usage that is none', broken('2.5.29.15')],
  ['an extended key usage that is none', broken('2.5.29.37')],
  ['basic constraints that are none', broken('2.5.29.19')],
  ['alternative names that are none', broken('2.5.29.17')],
  ['policies that are none', broken('2.5.29.32')],
  ['an authority key identifier that is none', broken('2.5.29.35')],
]

t.test('a certificate that nobody can read is refused like any other stranger’s, at each door', async (t) => {
  for (const [name, given] of cases) {
    const pem = { cert: await strange(given), key: keyPem }
    // OpenSSL refuses some of them itself, in the handshake.
    t.match((await asked(pem)).answer, /^(HTTP\/1\.1 403 Forbidden\r\n|$)/, name)
    for (const port of [server.mllpPort, server.pixPort]) t.equal((await asked(pem, port)).answer, '', `${name}, MLLP`)
  }
  t.match((await asked(hospital)).answer, /^HTTP\/1\.1 200 /, 'and the doors are open as before')
})

t.test('authorities that issued one another are gone through once, not in every order', async (t) => {
  const P521 = { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(P521, true, ['sign', 'verify'])
  const circle = { subject: 'CN=Circle', issuer: 'CN=Circle', keys }
  const serials = ['11', '12', '13', '14', '15', '16', '17']
  const [cert = '', ...chain] = await Promise.all(serials.map((serial) => strange({ ...circle, serial })))
  const circleKey = pemOf(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  const tookMs: number[] = []
  // The quickest of three: the other two may have waited for what else the machine does.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const beganMs = performance.now()
    const { answer } = await asked({ cert: cert + chain.join(''), key: circleKey })
    tookMs.push(performance.now() - beganMs)
    t.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/)
  }
  t.ok(Math.min(...tookMs) < 700, `nobody else waits for it: ${tookMs.map(Math.round).join(', ')} ms`)
})

t.test(
  'what routes and library would answer before any route is refused like the rest: 403, empty, closed',
  async (t) => {
    const requests = {
      'a path that cannot be decoded': 'GET /%ff HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'an expectation of its own':
        'POST /xds/registry HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\nContent-Length: 0\r\n\r\n',
    }
    const plain = await converse(t, server.httpsPort, { ca, sent: 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' })
    t.match(plain, /^HTTP\/1\.1 403 /)
    for (const [name, sent] of Object.entries(requests)) {
      const heard = await converse(t, server.httpsPort, { ca, sent })
      t.equal(withoutDate(heard), withoutDate(plain), name)
      const known = await converse(t, server.httpsPort, { ca, key: hospital.key, cert: hospital.cert, sent })
      t.match(known, /^HTTP\/1\.1 4(04|15) /, `${name}, from a system`)
      t.notMatch(known, /%ff|FST_/, 'what was sent is not repeated')
    }
  },
)
