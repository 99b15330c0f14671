// xop:Include references (XOP 1.0, 2.1; RFC 2392).

import fc from 'fast-check'
import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { contentIdOf, newContentId, xopInclude } from '../../../src/codec/mtom/include.ts'
import { readXml } from '../../../src/codec/xml/read.ts'

t.test('RFC 2392: a reference leads back to its Content-ID', async (t) => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (id) => {
      const include = readXml(Buffer.from(xopInclude(id)))
      t.equal(include.ns, 'http://www.w3.org/2004/08/xop/include')
      t.equal(contentIdOf(include.attributes.get('href') ?? ''), id)
    }),
  )
  t.match(xopInclude('doc1@example.org'), 'href="cid:doc1@example.org"', 'nothing is escaped without need')
  t.match(newContentId(), /^[0-9a-f-]{36}@tsunagi$/)
})

t.test('RFC 2392: escapes are undone once', async (t) => {
  t.equal(contentIdOf('cid:a%40b'), 'a@b')
  t.equal(contentIdOf('cid:a%2Bb+c%3A'), 'a+b+c:')
  t.equal(contentIdOf('cid:a%2540b'), 'a%40b')
  t.equal(contentIdOf('CID:A@b'), 'A@b', 'the scheme has no case, the id has')
})

t.test('only cid: references are followed', async (t) => {
  for (const href of [
    '',
    'cid:',
    'http://example.org/a',
    'file:///etc/hostname',
    'a@b',
    '#a',
    ' cid:a',
    'cid:a%4',
    'cid:%ff',
  ]) {
    t.throws(() => contentIdOf(href), { message: iheError('MTOM_INCLUDE').message }, href)
  }
})
