// The judge of client certificates on constructed hierarchies: what handshakes alone do not show (RFC 5280 4.2.1, 6.1, 6.3).

import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import t from 'tap'
import { createJudge } from '../../src/certificates/judge.ts'
import type { DoorName, TrustAnchor } from '../../src/model/trust.ts'
import { leastCpuMs } from '../processor-time.ts'

x509.cryptoProvider.set(webcrypto)

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

interface Made {
  readonly certificate: X509Certificate
  readonly subject: string
  readonly keys: webcrypto.CryptoKeyPair
}

interface Wanted {
  readonly name: string
  readonly by?: Made
  readonly keys?: webcrypto.CryptoKeyPair
  readonly isAuthority?: boolean
  readonly pathLength?: number
  readonly fromDays?: number
  readonly toDays?: number
  readonly extensions?: readonly x509.Extension[]
  readonly serial?: string
}

let serials = 100

async function make(wanted: Wanted): Promise<Made> {
  const { name, by, isAuthority = false, pathLength, fromDays = -1, toDays = 30, extensions = [] } = wanted
  const keys =
    wanted.keys ??
    ((await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair)
  const subject = `CN=${name}`
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: wanted.serial ?? String(++serials),
    subject,
    issuer: by?.subject ?? subject,
    notBefore: new Date(Date.now() + fromDays * DAY_MS),
    notAfter: new Date(Date.now() + toDays * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority, pathLength, true),
      ...(isAuthority
        ? [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)]
        : []),
      ...(isAuthority ? [] : [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
      ...extensions,
    ],
  })
  return { certificate: new X509Certificate(Buffer.from(certificate.rawData)), subject, keys }
}

const root = await make({ name: 'Root', isAuthority: true })

interface Judged {
  readonly anchors: readonly TrustAnchor[]
  readonly shown: Made
  readonly between?: readonly Made[]
  readonly door?: DoorName
  readonly crlGraceMs?: number
}

function judged({ anchors, shown, between = [], door = 'https', crlGraceMs = 0 }: Judged) {
  const judge = createJudge(anchors, { rule: 'chain+registered', crlGraceMs })
  return judge({ certificate: shown.certificate, issuers: between.map(({ certificate }) => certificate) }, door)
}

t.test('an authority renewed with its key: what it issued before stays good', async (t) => {
  const former = await make({ name: 'Renewed', isAuthority: true, fromDays: -60, toDays: -1 })
  const renewed = await make({ name: 'Renewed', isAuthority: true, keys: former.keys })
  const shown = await make({ name: 'system', by: former })
  for (const anchors of [
    [former, renewed],
    [renewed, former],
  ])
    t.match(judged({ anchors: anchors.map(({ certificate }) => ({ certificate })), shown }), { kind: 'trusted' })
  t.match(judged({ anchors: [{ certificate: former.certificate }], shown }), { kind: 'refused', reason: /EXPIRED/ })
})

t.test(
  'an authority renewed before its time: until the new certificate begins, the former leads (RFC 5280 6.1.3)',
  async (t) => {
    const former = await make({ name: 'Overlapping', isAuthority: true, toDays: 20 })
    const coming = await make({ name: 'Overlapping', isAuthority: true, keys: former.keys, fromDays: 5, toDays: 90 })
    const shown = await make({ name: 'system', by: former })
    for (const anchors of [
      [former, coming],
      [coming, former],
    ])
      t.match(judged({ anchors: anchors.map(({ certificate }) => ({ certificate })), shown }), { kind: 'trusted' })
    t.match(judged({ anchors: [{ certificate: coming.certificate }], shown }), { kind: 'refused', reason: /NOT_YET/ })
  },
)

t.test('an authority between that is shown with its ended certificate too leads by the one that is good', async (t) => {
  const anchors = [{ certificate: root.certificate }]
  const ended = await make({ name: 'Between', by: root, isAuthority: true, fromDays: -60, toDays: -1 })
  const good = await make({ name: 'Between', by: root, isAuthority: true, keys: ended.keys })
  const shown = await make({ name: 'system', by: good })
  for (const between of [
    [ended, good],
    [good, ended],
  ])
    t.match(judged({ anchors, shown, between }), { kind: 'trusted' })
})

t.test('and the list of its key counts for both of its certificates', async (t) => {
  const former = await make({ name: 'Listed', isAuthority: true })
  const renewed = await make({ name: 'Listed', isAuthority: true, keys: former.keys, toDays: 60 })
  const shown = await make({ name: 'system', by: former, serial: '0a0b' })
  const now = Date.now()
  const list = { serials: new Set(['A0B']), thisUpdate: new Date(now - HOUR_MS), nextUpdate: new Date(now + HOUR_MS) }
  const revocation = { since: new Date(now), list }
  const anchors = [{ certificate: former.certificate, revocation }, { certificate: renewed.certificate }]
  t.match(judged({ anchors, shown }), { kind: 'refused', reason: /CERT_REVOKED/ })
})

t.test('an authority allows so many below it as it says (pathLenConstraint)', async (t) => {
  const narrow = await make({ name: 'Narrow', isAuthority: true, pathLength: 0 })
  const below = await make({ name: 'Below', by: narrow, isAuthority: true })
  const anchors = [{ certificate: narrow.certificate }]
  t.match(judged({ anchors, shown: await make({ name: 'direct', by: narrow }) }), { kind: 'trusted' })
  const further = await make({ name: 'further', by: below })
  t.match(judged({ anchors, shown: further, between: [below] }), { kind: 'refused', reason: /PATH_LENGTH/ })
})

t.test('an authority between that has expired, may not issue, or is none leads nowhere', async (t) => {
  const anchors = [{ certificate: root.certificate }]
  const old = await make({ name: 'Old', by: root, isAuthority: true, fromDays: -9, toDays: -1 })
  t.match(judged({ anchors, shown: await make({ name: 'a', by: old }), between: [old] }), {
    kind: 'refused',
    reason: /EXPIRED/,
  })
  const system = await make({ name: 'System', by: root })
  t.match(judged({ anchors, shown: await make({ name: 'b', by: system }), between: [system] }), { kind: 'refused' })
})

t.test('a critical extension that is not read refuses, on the way too (RFC 5280 4.2)', async (t) => {
  const anchors = [{ certificate: root.certificate }]
  // nameConstraints, permitted subtree of DNS names: read by nobody here, so nobody may pass.
  const constraints = new x509.Extension('2.5.29.30', true, Buffer.from('3010a00e300c820a6578616d706c652e6a70', 'hex'))
  const strange = await make({ name: 'strange', by: root, extensions: [constraints] })
  t.match(judged({ anchors, shown: strange }), { kind: 'refused', reason: /UNHANDLED_CRITICAL_EXTENSION 2\.5\.29\.30/ })
  const between = await make({ name: 'Constrained', by: root, isAuthority: true, extensions: [constraints] })
  const below = await make({ name: 'below', by: between })
  t.match(judged({ anchors, shown: below, between: [between] }), { kind: 'refused', reason: /UNHANDLED_CRITICAL/ })
})

t.test('authorities that certify one another end, and lead nowhere', async (t) => {
  const one = await make({ name: 'One', isAuthority: true })
  const other = await make({ name: 'Other', isAuthority: true })
  const crossed = [
    await make({ name: 'One', keys: one.keys, by: other, isAuthority: true }),
    await make({ name: 'Other', keys: other.keys, by: one, isAuthority: true }),
  ]
  const shown = await make({ name: 'system', by: one })
  const anchors = [{ certificate: root.certificate }]
  t.match(judged({ anchors, shown, between: [...crossed, one, other] }), { kind: 'refused' })
})

t.test('certificates that all name one another keep nobody busy', async (t) => {
  const first = await make({ name: 'Same', isAuthority: true })
  const same = await Promise.all(
    Array.from({ length: 8 }, () => make({ name: 'Same', keys: first.keys, isAuthority: true })),
  )
  const shown = await make({ name: 'system', by: first })
  const judge = (count: number) =>
    judged({ anchors: [{ certificate: root.certificate }], shown, between: same.slice(0, count) })
  t.match(judge(8), { kind: 'refused' })
  const growth = (await leastCpuMs(() => judge(8))) / (await leastCpuMs(() => judge(4)))
  t.ok(growth < 10, `twice as many: ${growth}, where to try every order would be some two thousand`)
})

t.test('a system that comes again by a new connection is judged without being read again', async (t) => {
  const shown = await make({ name: 'system', by: root })
  const anchors = [{ certificate: root.certificate }]
  const again = () => ({ ...shown, certificate: new X509Certificate(shown.certificate.raw) })
  t.match(judged({ anchors, shown: again() }), { kind: 'trusted' })
  const times = (work: () => unknown) => leastCpuMs(() => Array.from({ length: 50 }, work))
  const judging = await times(() => judged({ anchors, shown: again() }))
  const reading = await times(() => new x509.X509Certificate(shown.certificate.raw).extensions)
  t.ok(judging < reading, `${judging} ms, to read it ${reading} ms`)
})

t.test('a name alone makes no authority: the signature counts (RFC 5280 6.1.3)', async (t) => {
  const impostor = await make({ name: 'Root', isAuthority: true })
  const shown = await make({ name: 'system', by: impostor })
  t.match(judged({ anchors: [{ certificate: root.certificate }], shown, between: [impostor] }), { kind: 'refused' })
})

t.test(
  'grace of a list that is out of date ends when it ends; a list that never came is waited for as long',
  async (t) => {
    const shown = await make({ name: 'system', by: root })
    const now = Date.now()
    const old = {
      serials: new Set<string>(),
      thisUpdate: new Date(now - 4 * HOUR_MS),
      nextUpdate: new Date(now - 2 * HOUR_MS),
    }
    const withList = (revocation: NonNullable<TrustAnchor['revocation']>) => [
      { certificate: root.certificate, revocation },
    ]
    const since = new Date(now - 2 * HOUR_MS)
    for (const [anchors, reason] of [
      [withList({ since, list: old }), /CRL_HAS_EXPIRED/],
      [withList({ since }), /UNABLE_TO_GET_CRL/],
    ] as const) {
      t.match(judged({ anchors, shown, crlGraceMs: 3 * HOUR_MS }), { kind: 'trusted' })
      t.match(judged({ anchors, shown, crlGraceMs: HOUR_MS }), { kind: 'refused', reason })
      t.match(judged({ anchors, shown }), { kind: 'refused', reason })
    }
  },
)

t.test(
  'an authority that stands there twice needs one list of its key that is in force (RFC 5280 6.3.3)',
  async (t) => {
    const shown = await make({ name: 'system', by: root, serial: '0a0b' })
    const now = Date.now()
    const listUntil = (hours: number, ...serials: readonly string[]) => ({
      serials: new Set(serials),
      thisUpdate: new Date(now - 9 * HOUR_MS),
      nextUpdate: new Date(now + hours * HOUR_MS),
    })
    const since = new Date(now - 9 * HOUR_MS)
    const withLists = (...lists: readonly (ReturnType<typeof listUntil> | undefined)[]): readonly TrustAnchor[] =>
      lists.map((list, index) => ({
        certificate: root.certificate,
        facilityId: `clinic-${index}`,
        revocation: { since, ...(list === undefined ? {} : { list }) },
      }))
    t.match(judged({ anchors: withLists(listUntil(-2), listUntil(1)), shown }), { kind: 'trusted' })
    t.match(judged({ anchors: withLists(listUntil(1), undefined), shown }), { kind: 'trusted' })
    const waiting: TrustAnchor = { certificate: root.certificate, revocation: { since: new Date(now + HOUR_MS) } }
    const outOfDate = [...withLists(listUntil(-2)), waiting]
    t.match(judged({ anchors: outOfDate, shown }), { kind: 'refused', reason: /CRL_HAS_EXPIRED/ }, 'one that may come')
    t.match(judged({ anchors: withLists(listUntil(1), listUntil(-2, 'A0B')), shown }), {
      kind: 'refused',
      reason: /CERT_REVOKED/,
    })
  },
)

t.test(
  'where each registered certificate stands for itself, the end of its authority is not its own (ATNA: direct comparison)',
  async (t) => {
    const ended = await make({ name: 'Ended', isAuthority: true, fromDays: -60, toDays: -1 })
    const shown = await make({ name: 'system', by: ended, serial: '0a0b' })
    const { certificate } = shown
    const direct = (...anchors: readonly TrustAnchor[]) =>
      createJudge(anchors, { rule: 'registered', crlGraceMs: 0 })({ certificate, issuers: [] }, 'https')
    t.strictSame(direct(), { kind: 'trusted' })
    t.strictSame(direct({ certificate: ended.certificate }), { kind: 'trusted' })
    const now = Date.now()
    const list = { serials: new Set(['A0B']), thisUpdate: new Date(now - HOUR_MS), nextUpdate: new Date(now + HOUR_MS) }
    const listed = { certificate: ended.certificate, revocation: { since: new Date(now), list } }
    t.match(direct(listed), { kind: 'refused', reason: /CERT_REVOKED/ }, 'whom it revoked is revoked')
  },
)

t.test('anchors of partners: whose systems, and at which door', async (t) => {
  const { certificate } = root
  const shown = await make({ name: 'system', by: root })
  const ofOne: TrustAnchor = { certificate, facilityId: 'clinic-b' }
  t.match(judged({ anchors: [ofOne], shown }), { kind: 'trusted', facilities: new Set(['clinic-b']) })
  t.strictSame(judged({ anchors: [ofOne, { certificate }], shown }), { kind: 'trusted' }, 'for all, besides')
  const ofDoor: TrustAnchor = { certificate, door: 'mllp/pix' }
  t.match(judged({ anchors: [ofDoor], shown }), { kind: 'refused' })
  t.match(judged({ anchors: [ofDoor], shown, door: 'mllp/pix' }), { kind: 'trusted' })
})

t.test(
  'an authority that one facility brought, and another brought renewed, vouches for the systems of both',
  async (t) => {
    const former = await make({ name: 'Vendor', isAuthority: true, toDays: 20 })
    const renewed = await make({ name: 'Vendor', isAuthority: true, keys: former.keys, toDays: 90 })
    const ended = await make({ name: 'Vendor', isAuthority: true, keys: former.keys, fromDays: -60, toDays: -1 })
    const anchors: readonly TrustAnchor[] = [
      { certificate: former.certificate, facilityId: 'clinic-a' },
      { certificate: renewed.certificate, facilityId: 'clinic-b' },
      { certificate: ended.certificate, facilityId: 'clinic-c' },
    ]
    const shown = await make({ name: 'system', by: former })
    t.strictSame(judged({ anchors, shown }), { kind: 'trusted', facilities: new Set(['clinic-a', 'clinic-b']) })
  },
)
