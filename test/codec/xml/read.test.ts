// The XML reader against malformed, hostile and tricky documents (XML 1.0, Namespaces in XML 1.0, SOAP 1.2 Part 1 section 5).

import t from 'tap'
import { readXml, type XmlLimits } from '../../../src/codec/xml/read.ts'
import { IheError } from '../../../src/model/error.ts'
import { leastCpuMs } from '../../processor-time.ts'

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')
const utf16le = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le')
const utf16be = (text: string): Buffer => utf16le(text).swap16()

interface Refusal {
  readonly name: string
  readonly bytes: Buffer
  readonly code: string
  readonly charset?: string
  readonly limits?: Partial<XmlLimits>
}

function refusal(
  bytes: Buffer,
  options: { readonly charset?: string; readonly limits?: Partial<XmlLimits> },
): IheError {
  try {
    readXml(bytes, options)
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
  throw new Error('accepted')
}

const malformed: Readonly<Record<string, string>> = {
  'nothing at all': '',
  'white space only': ' \n',
  'a tag that never ends': '<a',
  'an element that never ends': '<a><b></b>',
  'a wrong end tag': '<a></b>',
  'crossed end tags': '<a><b></a></b>',
  'a second root': '<a/><b/>',
  'text before the root': 'x<a/>',
  'text after the root': '<a/>x',
  'an attribute twice': '<a b="1" b="2"/>',
  'an attribute twice by expanded name': '<a xmlns:x="u" xmlns:y="u" x:b="1" y:b="2"/>',
  'an attribute without value': '<a b/>',
  'an attribute without quotes': '<a b=c/>',
  'a less-than sign in an attribute': '<a b="<"/>',
  'attributes without a space between': '<a b="1"c="2"/>',
  'a prefix that is not declared': '<p:a/>',
  'an attribute prefix that is not declared': '<a p:b="1"/>',
  'a prefix declared as nothing': '<a xmlns:p=""/>',
  'the xml prefix bound elsewhere': '<a xmlns:xml="urn:other"/>',
  'an element in the xmlns prefix': '<xmlns:a/>',
  'two colons in a name': '<a:b:c xmlns:a="u"/>',
  'no prefix before the colon': '<:a/>',
  'a local name that starts with a digit': '<p:1 xmlns:p="u"/>',
  'an attribute local name that starts with a dash': '<a xmlns:p="u" p:-b="1"/>',
  'an entity nobody declared': '<a>&nbsp;</a>',
  'an ampersand that starts nothing': '<a>&amp</a>',
  'the NUL character': '<a>\u0000</a>',
  'a reference to NUL': '<a>&#0;</a>',
  'a reference to a surrogate': '<a>&#xD800;</a>',
  'a control character': '<a>\u0001</a>',
  'a noncharacter': '<a>\ufffe</a>',
  'the CDATA end in text': '<a>]]></a>',
  'CDATA that never ends': '<a><![CDATA[x</a>',
  'two dashes in a comment': '<a><!-- -- --></a>',
  'an XML declaration not at the start': ' <?xml version="1.0"?><a/>',
  'an XML declaration that never ends': '<?xml version="1.0"',
  'a DOCTYPE in lower case': '<!doctype a><a/>',
  'a DOCTYPE inside the root': '<a><!DOCTYPE b></a>',
}

const forbidden: Readonly<Record<string, string>> = {
  'an external entity': '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
  'a billion laughs': '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;&y;</a>',
  'a DOCTYPE after declaration, comment and space': '<?xml version="1.0"?>\n<!-- c --> <!DOCTYPE a><a/>',
  'a DOCTYPE that never ends': '<!DOCTYPE a [',
  'a stylesheet before the root': '<?xml-stylesheet href="x"?><a/>',
  'a processing instruction inside': '<a><?x y?></a>',
  'a processing instruction after': '<a/><?x y?>',
}

const over: readonly Refusal[] = [
  { name: 'bytes', bytes: utf8('<a>12345678</a>'), code: 'XML_LIMIT', limits: { maxBytes: 10 } },
  { name: 'depth', bytes: utf8(`${'<a>'.repeat(129)}${'</a>'.repeat(129)}`), code: 'XML_LIMIT' },
  { name: 'nodes', bytes: utf8(`<a>${'<b/>t'.repeat(6)}</a>`), code: 'XML_LIMIT', limits: { maxNodes: 12 } },
  { name: 'attributes', bytes: utf8(`<a ${names(257, 'a')}/>`), code: 'XML_LIMIT' },
  { name: 'attribute value', bytes: utf8(`<a b="${'x'.repeat(65_537)}"/>`), code: 'XML_LIMIT' },
  { name: 'namespaces', bytes: utf8(`<a ${names(65, 'xmlns:n')}/>`), code: 'XML_LIMIT' },
  { name: 'element name', bytes: utf8(`<${'a'.repeat(513)}/>`), code: 'XML_LIMIT' },
  { name: 'attribute name', bytes: utf8(`<a ${'b'.repeat(513)}=""/>`), code: 'XML_LIMIT' },
]

const misencoded: readonly Refusal[] = [
  {
    name: 'a broken UTF-8 sequence',
    bytes: Buffer.from([0x3c, 0x61, 0x3e, 0xc3, 0x28, 0x3c, 0x2f, 0x61, 0x3e]),
    code: 'XML_ENCODING',
  },
  {
    name: 'overlong UTF-8',
    bytes: Buffer.concat([utf8('<a>'), Buffer.from([0xc0, 0xbc]), utf8('</a>')]),
    code: 'XML_ENCODING',
  },
  {
    name: 'a surrogate in UTF-8',
    bytes: Buffer.concat([utf8('<a>'), Buffer.from([0xed, 0xa0, 0x80]), utf8('</a>')]),
    code: 'XML_ENCODING',
  },
  { name: 'a lone surrogate in UTF-16', bytes: utf16le('<a>\ud800</a>'), code: 'XML_ENCODING' },
  { name: 'half a UTF-16 unit', bytes: Buffer.concat([utf16le('<a/>'), Buffer.from([0x20])]), code: 'XML_ENCODING' },
  { name: 'UTF-16 without mark', bytes: Buffer.from('<a/>', 'utf16le'), code: 'XML_NOT_WELL_FORMED' },
  {
    name: 'UTF-16 without mark but announced',
    bytes: Buffer.from('<a/>', 'utf16le'),
    charset: 'utf-16',
    code: 'XML_ENCODING',
  },
  {
    name: 'declaration UTF-16 on UTF-8',
    bytes: utf8('<?xml version="1.0" encoding="UTF-16"?><a/>'),
    code: 'XML_ENCODING',
  },
  {
    name: 'declaration UTF-8 on UTF-16',
    bytes: utf16le('<?xml version="1.0" encoding="UTF-8"?><a/>'),
    code: 'XML_ENCODING',
  },
  {
    name: 'declaration Shift_JIS',
    bytes: utf8('<?xml version="1.0" encoding="Shift_JIS"?><a/>'),
    code: 'XML_ENCODING',
  },
  { name: 'Content-Type UTF-16 on UTF-8', bytes: utf8('<a/>'), charset: 'UTF-16', code: 'XML_ENCODING' },
  { name: 'Content-Type UTF-8 on UTF-16', bytes: utf16be('<a/>'), charset: 'utf-8', code: 'XML_ENCODING' },
  { name: 'Content-Type UTF-16LE on big endian', bytes: utf16be('<a/>'), charset: 'utf-16le', code: 'XML_ENCODING' },
  { name: 'Content-Type Shift_JIS', bytes: utf8('<a/>'), charset: 'Shift_JIS', code: 'CONTENT_TYPE' },
]

function names(count: number, stem: string): string {
  return Array.from({ length: count }, (_, index) => `${stem}${index}="u"`).join(' ')
}

t.test('XML 1.0: malformed documents are refused with their place', async (t) => {
  for (const [name, text] of Object.entries(malformed)) {
    const error = refusal(utf8(text), {})
    t.equal(error.row.code, 'XML_NOT_WELL_FORMED', name)
    t.match(error.at, /^line \d+, column \d+$/, name)
  }
})

t.test('SOAP 1.2 Part 1, 5: DOCTYPE and processing instructions are refused by name', async (t) => {
  for (const [name, text] of Object.entries(forbidden)) t.equal(refusal(utf8(text), {}).row.code, 'XML_FORBIDDEN', name)
  t.equal(refusal(utf16le(forbidden['a billion laughs'] ?? ''), {}).row.code, 'XML_FORBIDDEN', 'in UTF-16')
})

t.test('limits and encodings are refused by name', async (t) => {
  for (const { name, bytes, code, ...options } of [...over, ...misencoded]) {
    t.equal(refusal(bytes, options).row.code, code, name)
  }
  t.match(refusal(utf8(`${'<a>'.repeat(129)}`), {}).rule, /depth/, 'the limit reached is named')
})

t.test('200 000 nested elements cost next to nothing', async (t) => {
  const element = '<a xmlns:p="u">'
  const nested = utf8(element.repeat(200_000))
  const side = utf8(`<a>${`${element}</a>`.repeat(20_000)}</a>`)
  t.equal(refusal(nested, {}).row.code, 'XML_LIMIT')
  const read = await leastCpuMs(() => readXml(side, {}))
  const refused = await leastCpuMs(() => refusal(nested, {}))
  t.ok(refused < read, `${refused} ms, less than to read a tenth as many side by side, which takes ${read} ms`)
})

t.test('the place of an error is the line and column where it shows', async (t) => {
  const error = refusal(utf8('<a>\n  <b>\r\n漢字</c></a>'), {})
  t.equal(error.at, 'line 3, column 7')
})

t.test('names are resolved and values decoded once', async (t) => {
  const root = readXml(
    utf8(
      '\ufeff<?xml version="1.0" encoding="utf-8"?><!-- c --><p:a xmlns:p="urn:p" xmlns="urn:d" p:x="1" y="a&#x9;b\nc" xml:lang="ja">' +
        '&amp;lt; &#x6f22;<!-- gone -->\u{20bb7}<![CDATA[<&amp;>]]>\r\n<b/><c xmlns=""><d/></c></p:a> ',
    ),
  )
  t.equal(root.ns, 'urn:p')
  t.equal(root.name, 'a')
  t.same(
    [...root.attributes],
    [
      ['{urn:p}x', '1'],
      ['y', 'a\tb c'],
      ['{http://www.w3.org/XML/1998/namespace}lang', 'ja'],
    ],
  )
  t.same(
    [...root.prefixes],
    [
      ['p', 'urn:p'],
      ['', 'urn:d'],
    ],
  )
  const [text, b, c, ...rest] = root.children
  t.equal(text, '&lt; 漢\u{20bb7}<&amp;>\n', 'adjacent text and CDATA are one node')
  t.match(b, { ns: 'urn:d', name: 'b' })
  t.match(c, { ns: '', name: 'c', children: [{ ns: '', name: 'd' }] })
  t.equal(rest.length, 0)
})

t.test('tricky but valid documents are read', async (t) => {
  t.equal(readXml(utf16le('<?xml version="1.0" encoding="UTF-16"?><a>漢</a>'), { charset: 'utf-16' }).children[0], '漢')
  t.equal(readXml(utf16be('<a>漢</a>'), { charset: 'UTF-16BE' }).children[0], '漢')
  t.equal(readXml(utf8('<a>漢</a>'), { charset: ' UTF-8 ' }).children[0], '漢')
  t.equal(readXml(utf8("<a b='\"'>></a>")).attributes.get('b'), '"')
  t.equal(readXml(utf8('<a><![CDATA[<!DOCTYPE x>]]></a>')).children[0], '<!DOCTYPE x>')
  t.equal(readXml(utf8('<!-- <!DOCTYPE x> --><a/>')).name, 'a')
  t.equal(readXml(utf8('<a>00120</a>')).children[0], '00120', 'digits stay text')
  t.equal(readXml(utf8('<__proto__ constructor="x"/>')).attributes.get('constructor'), 'x')
  t.equal(readXml(utf8('<患者 名="山田"/>')).attributes.get('名'), '山田')
  t.equal(readXml(utf8('<a xmlns="u"><p:b xmlns:p="v" xmlns="w"><c/></p:b></a>')).children.length, 1)
  t.equal(readXml(utf8(`${'<a>'.repeat(128)}${'</a>'.repeat(128)}`)).name, 'a', 'depth 128 is allowed')
})
