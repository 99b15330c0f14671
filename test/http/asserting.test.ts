// Assertions about who asks: signed once for a while, for one audience, and anew when the key is another (ITI TF-2 3.40.4.1).

import t from 'tap'
import { readSecurity } from '../../src/codec/saml/header.ts'
import { verifyAssertion } from '../../src/codec/saml/verify.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import type { Markup } from '../../src/codec/xml/write.ts'
import { createAssert } from '../../src/http/asserting.ts'
import type { Caller } from '../../src/model/caller.ts'
import { envelope, makeKey } from '../codec/saml/assertions.ts'

const [first, second] = await Promise.all([makeKey('first'), makeKey('second')])
let current = first
const assert = createAssert({
  issuer: 'urn:oid:2.25.9101',
  home: 'urn:oid:2.25.9101',
  key: async () => ({ key: current.key, certificate: current.pem }),
})
const caller = (systemId: string) =>
  ({ systemId, facilityName: '架空診療所', facilityOid: '2.25.3' }) as unknown as Caller

/** As the neighbour reads it that registered these keys. */
function read(block: Markup, keys: readonly (typeof first)[]) {
  const text = envelope(block)
  const presented = readSecurity({ root: readXml(Buffer.from(text)), text: () => text, now: new Date(), skewMs: 0 })
  if (presented === undefined) throw new Error('there is no assertion')
  const certificates = keys.map(({ pem, certificate }) => ({
    pem,
    fingerprint: certificate.fingerprint256,
    notBefore: new Date(0),
    notAfter: new Date(4e12),
  }))
  return verifyAssertion(presented, () => ({ certificates, allowsSha1: false })).assertion
}

t.test('one assertion serves a caller and an audience; each further one has its own', async (t) => {
  const block = await assert(caller('clinic-b'), 'urn:oid:2.25.1')
  t.equal(await assert(caller('clinic-b'), 'urn:oid:2.25.1'), block)
  const said = read(block, [first])
  t.match(said, { issuer: 'urn:oid:2.25.9101', nameId: 'clinic-b', audiences: [['urn:oid:2.25.1']] })
  t.match(said.attributes, { homeCommunityIds: ['urn:oid:2.25.9101'], organizations: ['架空診療所'] })
  t.same(said.notOnOrAfter.getTime() - said.notBefore.getTime(), 300_000)
  t.match(read(await assert(caller('clinic-b'), 'urn:oid:2.25.2'), [first]), { audiences: [['urn:oid:2.25.2']] })
  t.match(read(await assert(caller('pharmacy-c'), 'urn:oid:2.25.1'), [first]), { nameId: 'pharmacy-c' })
})

t.test('what the former key signed is not sent any more once there is another', async (t) => {
  const before = await assert(caller('clinic-b'), 'urn:oid:2.25.1')
  current = second
  const after = await assert(caller('clinic-b'), 'urn:oid:2.25.1')
  t.not(after, before)
  t.match(read(after, [second]), { nameId: 'clinic-b' })
  t.throws(() => read(before, [second]))
})
