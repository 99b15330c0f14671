// Revocation lists read without trusting them: large ones in no time, none that was changed on the way (RFC 5280 5.1, 5.2, 5.3).

import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import t from 'tap'
import { createAuthority } from '../../src/certificates/authority.ts'
import { signRevocationList } from '../../src/certificates/crl.ts'
import { readCrl } from '../../src/certificates/read-crl.ts'
import { FOURFOLD, growthOf, LINEAR_AT_MOST } from '../processor-time.ts'

const DAY_MS = 86_400_000
/** Four times as many are ten thousand. */
const FEW = 2500
const now = new Date()
const dates = { thisUpdate: new Date(now.getTime() - 1000), nextUpdate: new Date(now.getTime() + DAY_MS) }
const authority = await createAuthority()
const certificate = new X509Certificate(authority.certificatePem)
const serialOf = (index: number): string => `4F${index.toString(16).toUpperCase().padStart(30, '0')}`

function listOf(count: number): Promise<Buffer> {
  const entries = Array.from({ length: count }, (_, index) => ({
    serial: serialOf(index),
    since: now,
    reason: index % 2 === 0 ? 'superseded' : 'unspecified',
  }))
  return signRevocationList(authority, { number: 7n, ...dates, entries })
}

t.test('ten thousand entries hold nobody up: the work grows with their number', async (t) => {
  const many = await listOf(FEW * FOURFOLD)
  const lists = new Map([[FEW, await listOf(FEW)]])
  const growth = await growthOf(
    (count) => lists.get(count) ?? many,
    (list) => readCrl(list, certificate, now),
    FEW,
  )
  t.ok(growth < LINEAR_AT_MOST, `${growth}`)
  const { serials } = await readCrl(many, certificate, now)
  t.same([serials.length, serials[0], serials[9999]], [10_000, serialOf(0), serialOf(9999)])
})

t.test('a list with a byte changed, taken away or added is refused, wherever that is', async (t) => {
  const list = await listOf(3)
  t.equal((await readCrl(list, certificate, now)).serials.length, 3)
  t.same((await readCrl(await listOf(0), certificate, now)).serials, [], 'and one without entries is read')
  for (let at = 0; at < list.length; at += 1) {
    const changed = Buffer.from(list)
    changed.writeUInt8(list.readUInt8(at) ^ 0x41, at)
    await t.rejects(readCrl(changed, certificate, now), `changed at ${at}`)
    await t.rejects(readCrl(list.subarray(0, at), certificate, now), `cut at ${at}`)
  }
  await t.rejects(readCrl(Buffer.concat([list, Buffer.from([0])]), certificate, now), /no revocation list/)
})

const RSA = { hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 }

for (const name of ['RSASSA-PKCS1-v1_5', 'RSA-PSS'])
  t.test(`${name}; an entry whose critical extension nobody reads is refused`, async (t) => {
    const signingAlgorithm = { name, saltLength: 32, ...RSA }
    const keys = await webcrypto.subtle.generateKey({ name, ...RSA }, true, ['sign', 'verify'])
    const made = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=RSA CA',
      notBefore: dates.thisUpdate,
      notAfter: dates.nextUpdate,
      keys,
      signingAlgorithm,
    })
    const list = async (extensions: readonly x509.Extension[]): Promise<Buffer> => {
      const entries = [{ serialNumber: '0A', revocationDate: now, extensions: [...extensions] }]
      const issuer = made.subjectName
      const signed = await x509.X509CrlGenerator.create({
        ...{ issuer, ...dates, entries, extensions: [] },
        ...{ signingAlgorithm, signingKey: keys.privateKey },
      })
      return Buffer.from(signed.rawData)
    }
    const own = new X509Certificate(Buffer.from(made.rawData))
    t.same((await readCrl(await list([]), own, now)).serials, ['A'])
    await t.rejects(readCrl(await list([]), certificate, now), /another issuer/)
    const indirect = new x509.Extension('2.5.29.29', true, new Uint8Array([0x30, 0x00]))
    await t.rejects(readCrl(await list([indirect]), own, now), /critical extension/)
  })
