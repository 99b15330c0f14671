// Certificates that a reverse proxy forwards: believed from the pinned proxy alone, and judged by us as if they had been shown here (RFC 9440).

import t, { type Test } from 'tap'
import { createAuthority } from '../../../src/certificates/authority.ts'
import { readCertificate } from '../../../src/certificates/certificate.ts'
import type { ForwardingHeader } from '../../../src/http/forwarded/headers.ts'
import { eventually, startNetwork } from '../../faults/support.ts'
import { createTestPki } from '../../mllp/pki.ts'
import {
  type Certified,
  converse,
  FELT_WITHIN_MS,
  issuing,
  line,
  query,
  type Shown,
  startBeside,
  withoutDate,
} from './support.ts'

t.setTimeout(170_000)

/** Nobody's authority signed it: what proves the proxy is its pinned key. */
const proxy = (await createTestPki()).stranger
const PINNED = {
  'proxy.trusted': 'true',
  'proxy.addresses': '127.0.0.1,::1',
  'proxy.fingerprints': readCertificate(proxy.cert).fingerprint256,
}

const network = await startNetwork(t)
const { server, pool, admin } = network
const { ca, issued, registered } = await issuing(network)
const behind: Record<ForwardingHeader, number> = {
  'client-cert': 0,
  'x-ssl-client-escaped-cert': 0,
  'x-forwarded-client-cert': 0,
}
for (const header of Object.keys(behind) as ForwardingHeader[]) {
  const child = await startBeside(network, { ...PINNED, 'proxy.header': header })
  t.teardown(child.server.stop)
  behind[header] = child.server.httpsPort
}

function derOf(cert: string): string {
  return cert.replace(/-----[A-Z ]+-----|\s/g, '')
}

const forms: Record<ForwardingHeader, (cert: string) => string> = {
  'client-cert': (cert) => `Client-Cert: :${derOf(cert)}:`,
  'x-ssl-client-escaped-cert': (cert) => `X-SSL-Client-Escaped-Cert: ${encodeURIComponent(cert)}`,
  'x-forwarded-client-cert': (cert) => {
    const hash = readCertificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()
    return `X-Forwarded-Client-Cert: By=spiffe://hub/door;Hash=${hash};Cert="${encodeURIComponent(cert)}";Subject="/C=JP/CN=a, b";URI=`
  },
}

/** What is answered to a query with these headers, on a connection of its own. */
function asked(t: Test, port: number, given: { readonly as: Shown; readonly headers: readonly string[] }) {
  const sent = query(server.config, [...given.headers, 'Connection: close'])
  return converse(t, port, { ca, ...given.as, sent })
}

const ACCEPTED = /^HTTP\/1\.1 200 /
const REFUSED = /^HTTP\/1\.1 403 /
const FORGED = /^HTTP\/1\.1 400 /

const good = await registered()
const clinic = await registered({ systemId: 'clinic-b' })

const refused: Readonly<Record<string, Certified>> = {
  revoked: await registered(),
  suspended: await registered(),
  expired: await issued({ days: 1, now: new Date(Date.now() - 172_800_000) }),
  'not yet valid': await issued({ now: new Date(Date.now() + 86_400_000) }),
  'of another authority': await registered({ authority: await createAuthority({ name: 'Other CA' }) }),
  'not registered': await issued(),
}
await admin.patch(`/certificates/${refused.revoked?.fingerprint}`, { status: 'revoked' })
await admin.patch(`/certificates/${refused.suspended?.fingerprint}`, { status: 'suspended' })
for (const one of [refused.expired, refused['not yet valid']])
  await admin.post('/systems/hospital-a/certificates', { pem: one?.cert })

for (const [header, write] of Object.entries(forms)) {
  const port = behind[header as ForwardingHeader]
  t.test(`${header}: the system behind the forwarded certificate is answered`, async (t) => {
    t.match(await asked(t, port, { as: proxy, headers: [write(good.cert)] }), ACCEPTED)
    t.match(await asked(t, port, { as: good, headers: [] }), ACCEPTED, 'and whoever comes without the proxy')
  })

  t.test(
    `${header}: we judge what is forwarded, whatever the proxy made of it (security of the doors: 403)`,
    async (t) => {
      const answers = new Map<string, string>()
      for (const [name, { cert }] of Object.entries(refused))
        answers.set(name, withoutDate(await asked(t, port, { as: proxy, headers: [write(cert)] })))
      answers.set('nothing forwarded', withoutDate(await asked(t, port, { as: proxy, headers: [] })))
      const [first = ''] = answers.values()
      t.match(first, REFUSED)
      for (const [name, answer] of answers) t.equal(answer, first, name)
    },
  )

  t.test(`${header}: from anybody else, twice, in another header or broken: 400, and the alert says why`, async (t) => {
    const since = new Date()
    const [other] = Object.entries(forms).filter(([name]) => name !== header)
    const wrong: Readonly<Record<string, { readonly as: Shown; readonly headers: readonly string[] }>> = {
      'a system that forges': { as: good, headers: [write(clinic.cert)] },
      'a stranger that forges': { as: {}, headers: [write(good.cert)] },
      'the same twice': { as: proxy, headers: [write(good.cert), write(good.cert)] },
      'another behind the first': { as: proxy, headers: [write(good.cert), write(clinic.cert)] },
      'in a header that was not agreed': { as: proxy, headers: [other?.[1](good.cert) ?? ''] },
      'beside the header that was agreed': { as: proxy, headers: [write(good.cert), other?.[1](good.cert) ?? ''] },
      'no certificate': { as: proxy, headers: [`${header}: verify=SUCCESS; CN=hospital-a`] },
      'cut in the middle': { as: proxy, headers: [write(good.cert).slice(0, 400)] },
      empty: { as: proxy, headers: [`${header}:`] },
    }
    const answers = new Map<string, string>()
    for (const [name, given] of Object.entries(wrong)) answers.set(name, withoutDate(await asked(t, port, given)))
    const [first = ''] = answers.values()
    t.match(first, FORGED)
    t.match(first, /connection: close\r\n/i)
    t.match(first, /\r\n\r\n$/, 'nothing in it')
    for (const [name, answer] of answers) t.equal(answer, first, name)
    const { rows } = await pool.query(
      `select reason from audit.event where event_code = '110113' and type_code = '110126' and at >= $1`,
      [since],
    )
    t.ok(rows.some(({ reason }) => /no trusted proxy/.test(reason)))
  })
}

t.test('Envoy: a hash that is not the certificate’s, two hops, no certificate (x-forwarded-client-cert)', async (t) => {
  const port = behind['x-forwarded-client-cert']
  const cert = encodeURIComponent(good.cert)
  for (const value of [
    `Hash=${'0'.repeat(64)};Cert="${cert}"`,
    `Cert="${cert}",Cert="${cert}"`,
    `Cert="${cert}";Cert="${encodeURIComponent(clinic.cert)}"`,
    `Cert="${cert}${cert}"`,
    `Hash=${good.fingerprint.replaceAll(':', '').toLowerCase()};Subject="CN=hospital-a"`,
    `Cert="${cert}" trailing`,
  ])
    t.match(
      await asked(t, port, { as: proxy, headers: [`X-Forwarded-Client-Cert: ${value}`] }),
      FORGED,
      value.slice(0, 40),
    )
})

t.test('RFC 9440: an authority between comes in Client-Cert-Chain; rubbish in it is refused', async (t) => {
  const port = behind['client-cert']
  const own = forms['client-cert'](good.cert)
  const between = `Client-Cert-Chain: :${derOf(ca)}:`
  t.match(await asked(t, port, { as: proxy, headers: [own, between] }), ACCEPTED)
  t.match(await asked(t, port, { as: proxy, headers: [own, 'Client-Cert-Chain: x'] }), FORGED)
  t.match(await asked(t, port, { as: proxy, headers: [own, between, between] }), FORGED, 'twice')
  t.match(await asked(t, port, { as: proxy, headers: [between] }), FORGED, 'a chain of nothing')
})

t.test('without a proxy to trust nobody forwards, not even from this machine', async (t) => {
  for (const write of Object.values(forms)) {
    t.match(await asked(t, server.httpsPort, { as: good, headers: [write(good.cert)] }), FORGED)
    t.match(await asked(t, server.httpsPort, { as: proxy, headers: [write(good.cert)] }), FORGED)
  }
})

t.test('a proxy of another address is none', async (t) => {
  const far = await startBeside(network, { ...PINNED, 'proxy.addresses': '192.0.2.0/24' })
  t.teardown(far.server.stop)
  const headers = [forms['client-cert'](good.cert)]
  t.match(await asked(t, far.server.httpsPort, { as: proxy, headers }), FORGED)
})

t.test('a proxy whose certificate is also registered speaks for nobody by itself', async (t) => {
  const both = await registered()
  const further = await startBeside(network, { ...PINNED, 'proxy.fingerprints': both.fingerprint })
  t.teardown(further.server.stop)
  t.match(await asked(t, further.server.httpsPort, { as: both, headers: [] }), REFUSED)
})

t.test('a revocation is felt on the connection of the proxy: that certificate no more, others go on', async (t) => {
  const port = behind['client-cert']
  const lost = await registered()
  const https = await line(t, port, { ca, ...proxy })
  const ask = async (cert: string) => {
    https.forget()
    https.write(query(server.config, [forms['client-cert'](cert)]))
    await eventually(async () => /\r\n\r\n/.test(https.heard()), FELT_WITHIN_MS)
    return https.heard()
  }
  t.match(await ask(lost.cert), ACCEPTED)
  t.match(await ask(good.cert), ACCEPTED)
  await admin.patch(`/certificates/${lost.fingerprint}`, { status: 'revoked' })
  const isRefused = async () => {
    const other = await asked(t, port, { as: proxy, headers: [forms['client-cert'](lost.cert)] })
    return REFUSED.test(other)
  }
  t.ok(await eventually(isRefused, FELT_WITHIN_MS))
  t.match(await ask(good.cert), ACCEPTED, 'on the same connection as before')
})

t.test('an answer at work is cut when the forwarded certificate is revoked', async (t) => {
  const lost = await registered()
  const blocker = await pool.connect()
  await blocker.query('begin')
  await blocker.query('lock table journal.exchange in access exclusive mode')
  const https = await line(t, behind['client-cert'], { ca, ...proxy })
  https.write(query(server.config, [forms['client-cert'](lost.cert)]))
  const waits = async () => {
    const { rows } = await pool.query(`select from pg_stat_activity where wait_event_type = 'Lock'`)
    return rows.length > 0
  }
  t.ok(await eventually(waits, FELT_WITHIN_MS))
  await pool.query(`update access.client_certificate set status = 'revoked' where fingerprint = $1`, [lost.fingerprint])
  t.ok(await eventually(async () => https.isClosed(), FELT_WITHIN_MS))
  t.equal(https.heard(), '')
  await blocker.query('rollback')
  blocker.release()
})
