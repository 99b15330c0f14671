// The canonical text and the hash of audit events (security d.9: tamper-evident local audit).

import { createHash } from 'node:crypto'
import t from 'tap'
import { canonicalJson, genesisOf, sealHash } from '../../src/audit/seal.ts'

t.test('one text for one value: members sorted, absent ones left out, text as RFC 8785 writes it (d.9)', async (t) => {
  t.equal(
    canonicalJson({ b: [1, { z: null, a: '山\n"' }], a: undefined, A: true, c: 1.5e21 }),
    '{"A":true,"b":[1,{"a":"山\\n\\"","z":null}],"c":1.5e+21}',
  )
  t.equal(canonicalJson({ x: 1, y: 2 }), canonicalJson({ y: 2, x: 1 }))
  t.equal(canonicalJson([undefined]), '[null]', 'as JSON has it')
})

t.test('a seal is SHA-256 of the hash before and the text (d.9)', async (t) => {
  const previous = Buffer.alloc(32, 7)
  const expected = createHash('sha256')
    .update(Buffer.concat([previous, Buffer.from('{"a":"山"}')]))
    .digest('hex')
  t.equal(sealHash(previous, '{"a":"山"}').toString('hex'), expected)
})

t.test('a chain begins with what the chain before had come to (d.9)', async (t) => {
  const nonce = Buffer.alloc(32, 1)
  const previous = { chain: '2026-10', seq: 3, hash: Buffer.alloc(32, 2) }
  const genesis = genesisOf(nonce, { chain: '2026-11', previous })
  const text = `{"chain":"2026-11","previous":{"chain":"2026-10","hash":"${'02'.repeat(32)}","seq":3}}`
  t.same(genesis, sealHash(nonce, text))
  t.notSame(genesis, genesisOf(nonce, { chain: '2026-11', previous: undefined }))
  t.notSame(genesis, genesisOf(nonce, { chain: '2026-11', previous: { ...previous, seq: 2 } }))
})
