// The XML writer: escaping, forbidden characters and namespace-correct re-serialisation (XML 1.0, 2.2 and 2.4).

import fc from 'fast-check'
import t from 'tap'
import { readXml, type XmlElement } from '../../../src/codec/xml/read.ts'
import { concat, el, serialize, text, trusted } from '../../../src/codec/xml/write.ts'

const read = (xml: string): XmlElement => readXml(Buffer.from(xml))

const carried = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((value) => value.replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?'))

t.test('el, text, concat and trusted put well-formed XML together', async (t) => {
  t.equal(el('a'), '<a/>')
  t.equal(el('a', { b: 1, c: undefined, d: 'x' }, el('b'), text('t')), '<a b="1" d="x"><b/>t</a>')
  t.equal(concat([el('a'), trusted('<b/>')]), '<a/><b/>')
})

t.test('XML 1.0, 2.4: markup characters and line ends are escaped where a reader would change them', async (t) => {
  t.equal(text('a&b<c>"d"\t\n\r'), 'a&amp;b&lt;c&gt;&quot;d&quot;\t\n&#13;')
  t.equal(el('a', { b: '&<>"\t\n\r' }), '<a b="&amp;&lt;&gt;&quot;&#9;&#10;&#13;"/>')
})

t.test('XML 1.0, 2.2: characters that XML cannot carry become U+FFFD', async (t) => {
  t.equal(text('a\u0000\u0001\u001f\ufffe\uffffb\ud800c\udc00'), 'a\ufffd\ufffd\ufffd\ufffd\ufffdb\ufffdc\ufffd')
  t.equal(text('\u{20bb7}\u{1f600}'), '\u{20bb7}\u{1f600}', 'supplementary characters stay')
})

t.test('every value survives writing and reading, in text and attribute', async (t) => {
  fc.assert(
    fc.property(carried, carried, (value, other) => {
      const root = read(el('a', { v: value }, text(other)))
      t.equal(root.attributes.get('v'), value)
      t.equal(root.children[0] ?? '', other)
    }),
  )
})

t.test('whatever the value, what is written can be read', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => read(el('a', { v: value }, text(value))).name === 'a'),
  )
  t.pass('no value breaks the document')
})

interface Plain {
  readonly ns: string
  readonly name: string
  readonly attributes: readonly (readonly [string, string])[]
  readonly children: readonly (Plain | string)[]
}

function plain(element: XmlElement): Plain {
  return {
    ns: element.ns,
    name: element.name,
    attributes: [...element.attributes],
    children: element.children.map((child) => (typeof child === 'string' ? child : plain(child))),
  }
}

const name = fc.constantFrom('a', 'b', 'query', 'ID')
const ns = fc.constantFrom('', 'urn:one', 'urn:two', 'urn:three')
const parts = fc.tuple(name, ns, ns, carried)

function build([tag, ns, attributeNs, value]: readonly [string, string, string, string], children: readonly string[]) {
  const prefixed = ns === '' ? tag : `p:${tag}`
  const declarations = { xmlns: '', 'xmlns:p': ns === '' ? 'urn:unused' : ns }
  const attributes = attributeNs === '' ? { k: value } : { 'xmlns:q': attributeNs, 'q:k': value, k: value }
  return el(prefixed, { ...declarations, ...attributes }, text(value), ...children.map(trusted))
}

const tree = fc.letrec<{ element: string }>((tie) => ({
  element: fc.oneof(
    { maxDepth: 4 },
    parts.map((given) => build(given, [])),
    fc.tuple(parts, fc.array(tie('element'), { maxLength: 3 })).map(([given, children]) => build(given, children)),
  ),
}))

t.test('Namespaces in XML: serialize keeps names, attributes and content, anywhere it is put', async (t) => {
  fc.assert(
    fc.property(tree.element, (xml) => {
      const before = plain(read(xml))
      const again = serialize(read(xml))
      t.same(plain(read(again)), before)
      const inside = read(el('host', { xmlns: 'urn:host', 'xmlns:p': 'urn:other' }, again)).children[0]
      t.same(inside === undefined || typeof inside === 'string' ? inside : plain(inside), before)
    }),
    { numRuns: 200 },
  )
})

t.test('serialize keeps prefixes that QNames in values need, and xml:lang', async (t) => {
  const xml = '<a xmlns="urn:v3" xmlns:x="urn:xsi" xmlns:h="urn:v3"><v x:type="h:II" xml:lang="ja"/></a>'
  const again = serialize(read(xml))
  t.match(again, /xmlns:h="urn:v3"/)
  t.match(again, /x:type="h:II"/)
  t.match(again, /xml:lang="ja"/)
  t.same(plain(read(again)), plain(read(xml)))
})
