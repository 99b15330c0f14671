// Sealed messages: AES-256-GCM under a named key, bound to their row (NIST SP 800-38D).

import t from 'tap'
import { newKeyLine, parseKeyRing, seal, unseal } from '../../src/model/seal.ts'

const [old, recent] = [newKeyLine(), newKeyLine()]
const bytes = Buffer.from('MSH|^~\\&|EHR')

t.test('what was sealed opens under the key it names, also when another one seals now', async (t) => {
  const before = parseKeyRing(old)
  const sealed = seal(bytes, before.current, 'row 1')
  t.notOk(sealed.includes('MSH'))
  t.not(sealed.toString('hex'), seal(bytes, before.current, 'row 1').toString('hex'), 'never twice the same')
  const ring = parseKeyRing(`${recent}\n${old}\n`)
  t.not(ring.current.keyId, before.current.keyId)
  t.same(unseal(sealed, ring, { keyId: before.current.keyId, boundTo: 'row 1' }), bytes)
})

t.test('a changed byte, another row, another key: it does not open', async (t) => {
  const ring = parseKeyRing(old)
  const { keyId } = ring.current
  const sealed = seal(bytes, ring.current, 'row 1')
  for (const at of [0, 13, sealed.length - 1]) {
    const broken = Buffer.from(sealed)
    broken.writeUInt8(broken.readUInt8(at) ^ 1, at)
    t.throws(() => unseal(broken, ring, { keyId, boundTo: 'row 1' }))
  }
  t.throws(() => unseal(sealed, ring, { keyId, boundTo: 'row 2' }))
  t.throws(() => unseal(sealed, parseKeyRing(recent), { keyId, boundTo: 'row 1' }), /no key/)
})

t.test('a key ring that will not do is refused without naming a key', async (t) => {
  t.throws(() => parseKeyRing(''), /no key/)
  t.throws(() => parseKeyRing(`${old},${old}`), /same id/)
  t.throws(() => parseKeyRing('a:secret'), { message: 'key 1 is not written as id:base64 with 32 bytes' })
})
