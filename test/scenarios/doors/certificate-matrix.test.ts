// Every kind of certificate at every door, shown by the OpenSSL command line and by Node over real TLS
// (ITI TF-2 3.19 Authenticate Node; BCP 195: RFC 8996 and RFC 9325; RFC 5280; RFC 8446; RFC 9440).

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createAuthority } from '../../../src/certificates/authority.ts'
import { readCertificate } from '../../../src/certificates/certificate.ts'
import { rowsOf } from '../../../src/cli/admin-client.ts'
import { openSsl } from '../../certificates/openssl.ts'
import { laboratory } from '../../faults/messages.ts'
import { eventually, startNetwork } from '../../faults/support.ts'
import { listOf } from './lists.ts'
import { byNode, byOpenSsl, type Heard, type Offer } from './openssl-client.ts'
import { framed, issuing, query, startBeside, withoutDate } from './support.ts'

t.setTimeout(280_000)

const network = await startNetwork(t)
const { server, pool, admin } = network
const { ca, issued, register } = await issuing(network)
const openssl = await openSsl(t)
const pki = join(server.config.dataDir, 'pki')
const caFile = join(pki, 'ca.crt')

interface Pair {
  readonly cert: string
  readonly key: string
}

async function tool(...argv: readonly string[]): Promise<void> {
  const { code, text } = await openssl.call(...argv)
  if (code !== 0) throw new Error(`openssl ${argv[0]}: ${text}`)
}

/** A certificate as vendors and authorities make them with the command line; of the network's authority unless another is named. */
async function made(
  name: string,
  given: { readonly extensions: readonly string[]; readonly by?: string; readonly rsaBits?: number },
): Promise<Pair> {
  const { extensions, by, rsaBits } = given
  await openssl.request(name, rsaBits === undefined ? undefined : ['-newkey', `rsa:${rsaBits}`])
  await openssl.write(`${name}.ext`, extensions.join('\n'))
  const issuer = by === undefined ? [caFile, join(pki, 'ca.key')] : [`${by}.crt`, `${by}.key`]
  const [authority = '', key = ''] = issuer
  const sign = ['-req', '-in', `${name}.csr`, '-CA', authority, '-CAkey', key, '-CAcreateserial', '-days', '30']
  await tool('x509', ...sign, '-sha256', '-extfile', `${name}.ext`, '-out', `${name}.crt`)
  return { cert: await openssl.read(`${name}.crt`), key: await openssl.read(`${name}.key`) }
}

const CLIENT = 'extendedKeyUsage=clientAuth'
const AUTHORITY = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']

async function registeredPair(pair: Pair): Promise<Pair> {
  await register(pair.cert)
  return pair
}

const DAY_MS = 86_400_000
const valid = await registeredPair(await issued())
const revoked = await registeredPair(await issued())
const suspended = await registeredPair(await issued())
await admin.patch(`/certificates/${readCertificate(revoked.cert).fingerprint256}`, { status: 'revoked' })
await admin.patch(`/certificates/${readCertificate(suspended.cert).fingerprint256}`, { status: 'suspended' })

const partner = await createAuthority({ name: 'Partner CA' })
const ofPartner = await registeredPair(await issued({ authority: partner }))
const revokedByPartner = await registeredPair(await issued({ authority: partner }))
const list = await listOf(partner, { revoked: [readCertificate(revokedByPartner.cert).serial] })
const listFile = await openssl.write('partner.crl', list)
await admin.post('/trust-anchors', { label: 'partner', pem: partner.certificatePem, crl: listFile })

// A hierarchy of a vendor: a root that is not trusted, and its issuing authority, which is.
await tool(
  ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '30'],
  ...['-subj', '/CN=Vendor root', '-keyout', 'root.key', '-out', 'root.crt'],
)
await made('between', { by: 'root', extensions: AUTHORITY })
await made('below', { by: 'between', extensions: AUTHORITY })
await made('leaf', { extensions: [CLIENT] })
await admin.post('/trust-anchors', { label: 'vendor', pem: await openssl.read('between.crt') })
const listed = async () => {
  const anchors = rowsOf((await admin.get('/trust-anchors')).body)
  return anchors.some(({ label, crl }) => label === 'partner' && (crl as { revoked?: number }).revoked === 1)
}
if (!(await eventually(listed, 20_000))) throw new Error('the list of the partner was not read')

/** B's private number with A's public point in it: what OpenSSL takes for a pair, and is none. */
async function swapped(): Promise<Pair> {
  const one = await registeredPair(await made('swap-a', { extensions: [CLIENT] }))
  const other = await made('swap-b', { extensions: [CLIENT] })
  const der = createPrivateKey(other.key).export({ format: 'der', type: 'pkcs8' })
  const pointOf = ({ cert }: Pair) =>
    new X509Certificate(cert).publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)
  const at = der.indexOf(pointOf(other))
  if (at < 0) throw new Error('the key does not carry its point')
  pointOf(one).copy(der, at)
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' })
  return { cert: one.cert, key: key.toString() }
}

type Outcome = 'accepted' | 'refused' | 'alert'

interface Row {
  readonly shown?: Pair
  /** Sent with it, PEM. */
  readonly chain?: string
  readonly outcome: Outcome
  /** Of a refusal: what journal and audit keep, and nobody outside hears. */
  readonly reason?: RegExp
  readonly flags?: readonly string[]
  readonly node?: Offer['node']
  readonly at?: typeof server
}

const selfSigned = async (): Promise<Pair> => {
  await tool(
    ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '30'],
    ...['-subj', '/CN=hospital-a', '-keyout', 'self.key', '-out', 'self.crt'],
  )
  return { cert: await openssl.read('self.crt'), key: await openssl.read('self.key') }
}

const high = await startBeside(network, { 'tls.preset': 'high' })
t.teardown(high.server.stop)
const rsaPair = await made('rsa-server', {
  extensions: ['subjectAltName=DNS:localhost', 'extendedKeyUsage=serverAuth'],
  rsaBits: 2048,
})
const rsa = await startBeside(network, {
  'tls.certificate': await openssl.write('rsa-server.crt', rsaPair.cert),
  'tls.key': await openssl.write('rsa-server.key', rsaPair.key),
})
t.teardown(rsa.server.stop)

const TLS_1_2 = ['-tls1_2']
const asNode = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3', ciphers?: string): NonNullable<Row['node']> => ({
  minVersion: version,
  maxVersion: version,
  ...(ciphers === undefined ? {} : { ciphers }),
})
const suite = (name: string, outcome: Outcome, at: Row['at']): Row => ({
  shown: valid,
  outcome,
  flags: [...TLS_1_2, '-cipher', `${name}:@SECLEVEL=0`],
  node: asNode('TLSv1.2', `${name}:@SECLEVEL=0`),
  ...(at === undefined ? {} : { at }),
})

const rows: Readonly<Record<string, Row>> = {
  'valid (ITI TF-2 3.19)': { shown: valid, outcome: 'accepted' },
  'valid, TLS 1.3 (RFC 8446)': { shown: valid, outcome: 'accepted', flags: ['-tls1_3'], node: asNode('TLSv1.3') },
  'valid, TLS 1.2 under high+1.2 (RFC 9325 3.1.1)': {
    shown: valid,
    outcome: 'accepted',
    flags: TLS_1_2,
    node: asNode('TLSv1.2'),
  },
  'none (ITI TF-2 3.19: both nodes are authenticated)': { outcome: 'refused', reason: /no client certificate/ },
  'of another authority (RFC 5280 6.1)': {
    shown: await registeredPair(await issued({ authority: await createAuthority({ name: 'Other CA' }) })),
    outcome: 'refused',
    reason: /UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/,
  },
  'self-signed (RFC 5280 6.1)': {
    shown: await registeredPair(await selfSigned()),
    outcome: 'refused',
    reason: /DEPTH_ZERO_SELF_SIGNED_CERT/,
  },
  'expired (RFC 5280 4.1.2.5)': {
    shown: await registeredPair(await issued({ days: 1, now: new Date(Date.now() - 2 * DAY_MS) })),
    outcome: 'refused',
    reason: /CERT_HAS_EXPIRED/,
  },
  'not yet valid (RFC 5280 4.1.2.5)': {
    shown: await registeredPair(await issued({ now: new Date(Date.now() + DAY_MS) })),
    outcome: 'refused',
    reason: /CERT_NOT_YET_VALID/,
  },
  'for servers only (RFC 5280 4.2.1.12)': {
    shown: await registeredPair(await made('server-only', { extensions: ['extendedKeyUsage=serverAuth'] })),
    outcome: 'refused',
    reason: /INVALID_PURPOSE/,
  },
  'with a key that may not sign (RFC 5280 4.2.1.3)': {
    shown: await registeredPair(await made('no-signing', { extensions: [CLIENT, 'keyUsage=critical,keyAgreement'] })),
    outcome: 'refused',
    reason: /INVALID_PURPOSE/,
  },
  'with an RSA key of 1024 bits (RFC 9325 4.5)': {
    shown: await registeredPair(await made('weak', { extensions: [CLIENT], rsaBits: 1024 })),
    outcome: 'refused',
    reason: /KEY_TOO_SMALL/,
    flags: ['-cipher', 'DEFAULT:@SECLEVEL=0'],
    node: { ciphers: 'DEFAULT:@SECLEVEL=0' },
  },
  'revoked in the registration (ITI TF-2 3.19)': { shown: revoked, outcome: 'refused', reason: /^revoked;/ },
  'suspended in the registration (ITI TF-2 3.19)': { shown: suspended, outcome: 'refused', reason: /^suspended;/ },
  'not registered (ITI TF-2 3.19: no authorisation by an external authority)': {
    shown: await issued(),
    outcome: 'refused',
    reason: /^not registered;/,
  },
  'of a partner’s authority (RFC 5280 6.1.1)': { shown: ofPartner, outcome: 'accepted' },
  'revoked by a partner’s list (RFC 5280 6.3)': { shown: revokedByPartner, outcome: 'refused', reason: /CERT_REVOKED/ },
  'of an issuing authority that is trusted without its root': {
    shown: await registeredPair(await made('of-between', { by: 'between', extensions: [CLIENT] })),
    outcome: 'accepted',
  },
  'of an authority below it, sent along (RFC 8446 4.4.2)': {
    shown: await registeredPair(await made('of-below', { by: 'below', extensions: [CLIENT] })),
    chain: await openssl.read('below.crt'),
    outcome: 'accepted',
  },
  'of an authority below it, not sent along': {
    shown: await registeredPair(await made('of-below-alone', { by: 'below', extensions: [CLIENT] })),
    outcome: 'refused',
    reason: /UNABLE_TO/,
  },
  'of its root, which is not trusted': {
    shown: await registeredPair(await made('of-root', { by: 'root', extensions: [CLIENT] })),
    outcome: 'refused',
    reason: /UNABLE_TO/,
  },
  'of a system that issues certificates (RFC 5280 4.2.1.9)': {
    shown: await registeredPair(await made('of-leaf', { by: 'leaf', extensions: [CLIENT] })),
    chain: await openssl.read('leaf.crt'),
    outcome: 'refused',
    reason: /INVALID_CA|UNABLE_TO/,
  },
  'swapped: certificate of one, key of another (RFC 8446 4.4.3)': { shown: await swapped(), outcome: 'alert' },
  'TLS 1.1 (RFC 8996)': {
    shown: valid,
    outcome: 'alert',
    flags: ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
    node: asNode('TLSv1.1', 'ALL:@SECLEVEL=0'),
  },
  'TLS 1.2 under high (CRYPTREC high security)': {
    shown: valid,
    outcome: 'alert',
    flags: TLS_1_2,
    node: asNode('TLSv1.2'),
    at: high.server as typeof server,
  },
  'TLS 1.3 under high': { shown: valid, outcome: 'accepted', at: high.server as typeof server },
  'ECDHE and GCM (ATNA STX)': suite('ECDHE-RSA-AES128-GCM-SHA256', 'accepted', rsa.server as typeof server),
  'static RSA (RFC 9325 4.1)': suite('AES256-GCM-SHA384', 'alert', rsa.server as typeof server),
  'CBC (RFC 9325 4.2)': suite('ECDHE-RSA-AES256-SHA384', 'alert', rsa.server as typeof server),
  'finite-field DHE without tls.atnaDhe (RFC 9325 4.1)': suite(
    'DHE-RSA-AES256-GCM-SHA384',
    'alert',
    rsa.server as typeof server,
  ),
  'NULL (RFC 9325 4.1)': suite('ECDHE-RSA-NULL-SHA', 'alert', rsa.server as typeof server),
}

let order = 0

/** The door hangs up. */
const NEVER = (): boolean => false

/** What each door is sent, and what an acceptance is. */
const doors = {
  HTTPS: {
    portOf: (at: typeof server) => at.httpsPort,
    sent: () => query(server.config, ['Connection: close']),
    until: NEVER,
    accepted: /^HTTP\/1\.1 200 /,
  },
  'MLLP StoreClient': {
    portOf: (at: typeof server) => at.mllpPort,
    sent: () => framed(laboratory({ order: String(907000 + ++order).padStart(15, '0') })),
    until: (heard: string) => heard.includes('\u001c\r'),
    accepted: /MSA\|AA/,
  },
  'MLLP patient identity': {
    portOf: (at: typeof server) => at.pixPort,
    sent: () =>
      framed(
        Buffer.from(
          'MSH|^~\\&|A|B|C|D|20261101120000||QBP^Q23^QBP_Q21|Q1|P|2.5\rQPD|IHE PIX Query|T1|X-1^^^&2.25.1&ISO\rRCP|I\r',
        ),
      ),
    until: (heard: string) => heard.includes('\u001c\r'),
    accepted: /MSA\|A/,
  },
} as const

/** A reset can overtake the alert. */
const ALERT = /alert|ECONNRESET|EPIPE|errno=(104|32)/i
let refusedBytes: string | undefined

function check(
  t: Test,
  name: string,
  given: { readonly row: Row; readonly heard: Heard; readonly door: keyof typeof doors },
) {
  const { row, heard, door } = given
  switch (row.outcome) {
    case 'accepted':
      t.match(heard.answer, doors[door].accepted, name)
      return
    case 'alert':
      t.equal(heard.answer, '', name)
      t.match(heard.told, ALERT, `${name}: TLS says so`)
      return
    case 'refused': {
      if (door !== 'HTTPS') return void t.equal(heard.answer, '', `${name}: no acknowledgement`)
      const answer = withoutDate(heard.answer)
      refusedBytes ??= answer
      t.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/, name)
      t.equal(answer, refusedBytes, `${name}: the same bytes as every other refusal`)
    }
  }
}

for (const [name, row] of Object.entries(rows))
  t.test(name, async (t) => {
    const { shown, chain, flags, node } = row
    const files =
      shown === undefined
        ? undefined
        : {
            cert: await openssl.write('shown.crt', shown.cert),
            key: await openssl.write('shown.key', shown.key),
            ...(chain === undefined ? {} : { chain: await openssl.write('shown-chain.crt', chain) }),
          }
    for (const [door, { portOf, sent, until }] of Object.entries(doors)) {
      const offer: Offer = {
        port: portOf(row.at ?? server),
        ca,
        sent: sent(),
        until,
        ...(files === undefined ? {} : { files }),
        ...(shown === undefined ? {} : { pem: { key: shown.key, cert: `${shown.cert}${chain ?? ''}` } }),
        ...(flags === undefined ? {} : { flags }),
        ...(node === undefined ? {} : { node }),
      }
      const given = { row, door: door as keyof typeof doors }
      check(t, `${door}, OpenSSL`, { ...given, heard: await byOpenSsl(caFile, offer) })
      check(t, `${door}, Node`, { ...given, heard: await byNode({ ...offer, sent: sent() }) })
    }
  })

t.test('each refusal is audited at each door with its reason (ITI TF-2 3.20: 110113, 110126)', async (t) => {
  const { rows: events } = await pool.query(
    `select endpoint, reason from audit.event where event_code = '110113' and type_code = '110126' and outcome = 8`,
  )
  for (const [name, { outcome, reason }] of Object.entries(rows)) {
    if (outcome !== 'refused') continue
    for (const endpoint of ['/xds/registry', 'mllp/storeclient', 'mllp/pix'])
      t.ok(
        events.some((event) => event.endpoint === endpoint && reason?.test(event.reason)),
        `${endpoint}: ${name}`,
      )
  }
})

t.test('renegotiation is refused (RFC 9325 3.5)', async (t) => {
  const files = { cert: await openssl.write('shown.crt', valid.cert), key: await openssl.write('shown.key', valid.key) }
  const heard = await byOpenSsl(caFile, {
    port: server.httpsPort,
    ca,
    files,
    flags: ['-tls1_2', '-no_ign_eof'],
    sent: 'R\n',
    until: NEVER,
  })
  t.equal(heard.answer, '')
  t.match(heard.told, /no renegotiation/i)
})

t.test(
  'forged forwarded certificates: 400 and nothing in it, with a good certificate, another and none (RFC 9440)',
  async (t) => {
    const other = await registeredPair(await issued({ systemId: 'clinic-b' }))
    const der = other.cert.replace(/-----[A-Z ]+-----|\s/g, '')
    const sent = query(server.config, [`Client-Cert: :${der}:`, 'Connection: close'])
    const answers = [valid, revoked, undefined].map((shown) =>
      byNode({ port: server.httpsPort, ca, sent, until: NEVER, ...(shown === undefined ? {} : { pem: shown }) }),
    )
    const [first = '', ...more] = (await Promise.all(answers)).map(({ answer }) => withoutDate(answer))
    t.match(first, /^HTTP\/1\.1 400 /)
    for (const answer of more) t.equal(answer, first)
  },
)
