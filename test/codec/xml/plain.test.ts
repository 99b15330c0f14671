// The short way through plain documents against the full parser: the same tree, or the same refusal (XML 1.0; Namespaces in XML 1.0).

import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { XML_LIMITS } from '../../../src/codec/xml/element.ts'
import { readPlainXml } from '../../../src/codec/xml/plain.ts'
import { readXml, type XmlElement } from '../../../src/codec/xml/read.ts'
import { IheError } from '../../../src/model/error.ts'

const RUNS = 3000

function outcome(read: () => XmlElement): unknown {
  try {
    return comparable(read())
  } catch (error) {
    if (error instanceof IheError) return error.row.code
    throw error
  }
}

/** Maps as lists, so that the order of attributes counts too. */
function comparable({ ns, name, attributes, prefixes, children }: XmlElement): unknown {
  return {
    ns,
    name,
    attributes: [...attributes],
    prefixes: [...prefixes],
    children: children.map((child) => (typeof child === 'string' ? child : comparable(child))),
  }
}

/** A comment behind the root is read by the full parser alone, and changes nothing. */
const byFullParser = (text: string): unknown => outcome(() => readXml(Buffer.from(`${text}<!---->`)))
const asItComes = (text: string): unknown => outcome(() => readXml(Buffer.from(text)))

const prefix = fc.constantFrom('', '', 'p:', 'q:', 'xml:', 'xmlns:')
const local = fc.constantFrom('a', 'b', 'Slot', '_x', 'n-1.2', '1', '-x', 'あ', 'xmlns')
const space = fc.constantFrom('', ' ', '\n', '\r\n', ' \t', '　')
const text = fc.constantFrom(
  '',
  'x',
  ' \n',
  '検査',
  '𠮷',
  '&amp;',
  '&lt;b&gt;',
  '&apos;',
  '&#13;',
  '&x;',
  '&',
  ']]>',
  '>',
  '"',
  '\u0000',
  '\ufffe',
  '\r',
  '\u0085',
  '<![CDATA[x]]>',
  '<!-- c -->',
  '<?pi?>',
)
const value = fc.constantFrom(
  '',
  '1',
  'urn:x',
  'urn:y',
  ' urn:x',
  'a b',
  'a\tb',
  'a\nb',
  '&quot;',
  '&unknown;',
  '<',
  "'",
  'http://www.w3.org/2000/xmlns/',
  'http://www.w3.org/XML/1998/namespace',
)
const attribute = fc
  .tuple(
    space,
    fc.constantFrom('p', 'q', 'xmlns', 'xmlns:p', 'xmlns:q', 'xml:lang', 'p:r', 'q:r', 'r', 's', 'xmlns:xml', 'p:q:r'),
    space,
    value,
    fc.constantFrom('"', '"', "'"),
  )
  .map(
    ([before, name, around, content, quote]) =>
      `${before === '' ? ' ' : before}${name}${around}=${around}${quote}${content}${quote}`,
  )

const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc
      .tuple(prefix, local, fc.array(attribute, { maxLength: 3 }), space)
      .map(([p, n, a, s]) => `<${p}${n}${a.join('')}${s}/>`),
    fc
      .tuple(
        prefix,
        local,
        fc.array(attribute, { maxLength: 4 }),
        fc.array(fc.oneof(text, tie('element')), { maxLength: 4 }),
        space,
      )
      .map(([p, n, a, c, s]) => `<${p}${n}${a.join('')}${s}>${c.join('')}</${p}${n}${s}>`),
  ),
}))
const declaration = fc.constantFrom(
  '',
  '<?xml version="1.0"?>',
  '<?xml version="1.0" encoding="UTF-8"?>\r\n',
  "<?xml version='1.0' encoding='utf-8' ?>",
  '<?xml version="1.1"?>',
  '<?xml version="1.0" encoding="UTF-16"?>',
  '<?xml version="1.0" standalone="yes"?>',
  ' <?xml version="1.0"?>',
  '<!DOCTYPE a>',
)
const documents = fc.tuple(declaration, element, space).map(([head, root, tail]) => head + root + tail)

t.test('random documents, most of them a little wrong', async (t) => {
  fc.assert(
    fc.property(documents, (document) => {
      t.strictSame(asItComes(document), byFullParser(document), JSON.stringify(document))
      return t.passing()
    }),
    { numRuns: RUNS, seed: 20260401 },
  )
})

const fixtures = readdirSync(new URL('../../../fixtures/', import.meta.url), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.xml'))
const read = (name: string): string => readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url), 'utf8')

t.test('XML 1.0, 2.8: the words of the declaration are in small letters, the encoding is as it likes', async (t) => {
  for (const [from, to] of [
    ['xml', 'XML'],
    ['xml', 'Xml'],
    ['version', 'Version'],
    ['encoding', 'ENCODING'],
  ] as const) {
    const document = '<?xml version="1.0" encoding="UTF-8"?><a/>'.replace(from, to)
    t.equal(readPlainXml(document, XML_LIMITS), undefined, document)
    t.same(asItComes(document), byFullParser(document), document)
  }
  t.ok(readPlainXml('<?xml version="1.0" encoding="Utf-8"?><a/>', XML_LIMITS))
})

t.test('messages as vendors send them go the short way, and to the same tree', async (t) => {
  let plain = 0
  for (const name of fixtures) {
    const document = read(name)
    if (readPlainXml(document, XML_LIMITS) !== undefined) plain += 1
    t.strictSame(asItComes(document), byFullParser(document), name)
  }
  t.ok(plain > fixtures.length * 0.8, `${plain} of ${fixtures.length}`)
})

t.test('messages with one character changed, taken out or put in', async (t) => {
  const documents = fixtures.map(read).filter((document) => document.length < 20_000)
  const damage = fc.tuple(
    fc.nat(documents.length - 1),
    fc.nat(20_000),
    fc.constantFrom('', '<', '>', '&', '"', "'", '/', ':', '=', ' ', '\u0001', ']]>', 'x', '\u00a0'),
    fc.nat(2),
  )
  fc.assert(
    fc.property(damage, ([index, at, inserted, removed]) => {
      const document = documents[index] ?? ''
      const position = at % document.length
      const damaged = document.slice(0, position) + inserted + document.slice(position + removed)
      t.strictSame(asItComes(damaged), byFullParser(damaged), `${position} ${inserted} ${removed}`)
      return t.passing()
    }),
    { numRuns: 500, seed: 20260402 },
  )
})

t.test('limits are those of the full parser', async (t) => {
  const limited = (document: string, limits: Partial<typeof XML_LIMITS>) =>
    readPlainXml(document, { ...XML_LIMITS, ...limits })
  t.equal(limited('<a><b><c/></b></a>', { maxDepth: 2 }), undefined)
  t.ok(limited('<a><b><c/></b></a>', { maxDepth: 3 }))
  t.equal(limited('<a>x<b/></a>', { maxNodes: 2 }), undefined)
  t.ok(limited('<a>x<b/></a>', { maxNodes: 3 }))
  t.equal(limited('<a b="1" c="2"/>', { maxAttributes: 1 }), undefined)
  t.equal(limited('<a b="123"/>', { maxAttributeBytes: 2 }), undefined)
  t.equal(limited('<a xmlns="x" xmlns:p="y"/>', { maxNamespaces: 1 }), undefined)
  t.equal(limited('<abc/>', { maxNameLength: 2 }), undefined)
})
