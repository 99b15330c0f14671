// Reads an XML document into a namespace-resolved tree, strictly and within limits (XML 1.0; SOAP 1.2 Part 1, 5: no DTD, no PI).

import { SaxesParser, type SaxesTagNS } from 'saxes'
import { iheError } from '../../../profiles/errors/index.ts'
import { assertEncoding, type DecodedXml, decodeXml } from './decode.ts'
import { XML_LIMITS, type XmlElement, type XmlLimits } from './element.ts'
import { type Guard, guard, limitError } from './guard.ts'
import { readPlainXml } from './plain.ts'

export { XML_LIMITS, type XmlElement, type XmlLimits } from './element.ts'

const XMLNS = 'http://www.w3.org/2000/xmlns/'
const NOTHING: ReadonlyMap<string, string> = new Map()

interface Growing extends XmlElement {
  readonly children: (XmlElement | string)[]
}

/**
 * Parses one document. Synchronous: limits keep it short.
 * @param options.charset charset parameter of the HTTP Content-Type.
 * @throws {IheError} XML_NOT_WELL_FORMED, XML_LIMIT, XML_FORBIDDEN (DOCTYPE, processing instruction), XML_ENCODING,
 * CONTENT_TYPE (charset never accepted), each with `line L, column C` where there is one.
 */
export function readXml(
  bytes: Uint8Array,
  options: { readonly limits?: Partial<XmlLimits>; readonly charset?: string } = {},
): XmlElement {
  const limits = options.limits === undefined ? XML_LIMITS : { ...XML_LIMITS, ...options.limits }
  if (bytes.byteLength > limits.maxBytes) throw limitError('bytes', limits.maxBytes)
  const { text, encoding } = decodeXml(bytes, options.charset)
  refuseDoctype(text)
  const plain = encoding === 'utf-8' ? readPlainXml(text, limits) : undefined
  return plain ?? parse(text, { limits, encoding })
}

/** Every document, with the reason and the place where it is refused. */
function parse(
  text: string,
  { limits, encoding }: { readonly limits: XmlLimits; readonly encoding: DecodedXml['encoding'] },
): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false, defaultXMLVersion: '1.0', forceXMLVersion: true })
  const place = (): string => `line ${parser.line}, column ${parser.column + 1}`
  const guarded = guard(limits, place)
  const builder = treeBuilder(guarded, place)
  parser.on('error', (error) => {
    throw iheError('XML_NOT_WELL_FORMED', { at: place(), rule: error.message.replace(/\.$/, '') })
  })
  parser.on('xmldecl', (declaration) => {
    if (declaration.encoding !== undefined) assertEncoding(declaration.encoding, encoding, 'XML declaration')
  })
  parser.on('doctype', () => forbid(place()))
  parser.on('processinginstruction', () => forbid(place()))
  parser.on('opentagstart', ({ name }) => guarded.start(name, builder.depth() + 1))
  parser.on('attribute', guarded.attribute)
  parser.on('opentag', builder.open)
  parser.on('closetag', builder.close)
  parser.on('text', builder.text)
  parser.on('cdata', builder.text)
  parser.write(text).close()
  return builder.root()
}

function treeBuilder(guarded: Guard, place: () => string) {
  const stack: Growing[] = []
  let current: Growing | undefined
  let root: XmlElement | undefined
  return {
    depth: (): number => stack.length,
    open(tag: SaxesTagNS): void {
      const element = growing(tag, guarded.counted(), place)
      if (current === undefined) root = element
      else current.children.push(element)
      stack.push(element)
      current = element
    },
    close(): void {
      stack.pop()
      current = stack.at(-1)
    },
    text(value: string): void {
      if (current === undefined || value === '') return
      const last = current.children.length - 1
      const before = current.children[last]
      if (typeof before === 'string') current.children[last] = before + value
      else {
        guarded.text()
        current.children.push(value)
      }
    },
    root(): XmlElement {
      if (root === undefined) throw iheError('XML_NOT_WELL_FORMED', { rule: 'the document has no element' })
      return root
    },
  }
}

function growing(
  tag: SaxesTagNS,
  counted: { readonly attributes: number; readonly namespaces: number },
  place: () => string,
): Growing {
  assertLocalName(tag.prefix, tag.local, place)
  return {
    ns: tag.uri,
    name: tag.local,
    attributes: counted.attributes === 0 ? NOTHING : attributesOf(tag, place),
    children: [],
    prefixes: counted.namespaces === 0 ? NOTHING : new Map(Object.entries(tag.ns)),
  }
}

function attributesOf(tag: SaxesTagNS, place: () => string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const key in tag.attributes) {
    const attribute = tag.attributes[key]
    if (attribute === undefined || attribute.uri === XMLNS) continue
    assertLocalName(attribute.prefix, attribute.local, place)
    found.set(attribute.uri === '' ? attribute.local : `{${attribute.uri}}${attribute.local}`, attribute.value)
  }
  return found
}

function assertLocalName(prefix: string, local: string, place: () => string): void {
  if (prefix === '' || startsName(local.charCodeAt(0))) return
  throw iheError('XML_NOT_WELL_FORMED', { at: place(), rule: `malformed name: ${prefix}:${local}` })
}

/** Saxes checks the first character of a whole name only; after a prefix these may not begin a local name (XML 1.0, 2.3). */
function startsName(code: number): boolean {
  if (code < 0x41 || code === 0xb7) return false
  return !((code >= 0x300 && code <= 0x36f) || code === 0x203f || code === 0x2040)
}

/** Looks at the prolog only, so that a DOCTYPE is refused by name before anything inside it is read. */
function refuseDoctype(text: string): void {
  let position = text.startsWith('<?xml') ? text.indexOf('?>') + 2 : 0
  if (position === 1) return
  for (;;) {
    while (isSpace(text.charCodeAt(position))) position += 1
    if (text.startsWith('<!DOCTYPE', position)) forbid(lineAndColumn(text, position))
    if (!text.startsWith('<!--', position)) return
    const end = text.indexOf('-->', position + 4)
    if (end === -1) return
    position = end + 3
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function lineAndColumn(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}

function forbid(at: string): never {
  throw iheError('XML_FORBIDDEN', { at })
}
