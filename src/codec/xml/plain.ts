// Reads the XML that nearly every message is: elements, attributes, text, predefined entities. Anything else is left to the full parser.

import type { XmlElement, XmlLimits } from './element.ts'

const NOTHING: ReadonlyMap<string, string> = new Map()
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'
const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/'

/** Only the name of the encoding may be written in either case (XML 1.0, 2.8 and 4.3.3). */
const DECLARATION =
  /^<\?xml[ \t\n]+version=(?:"1\.0"|'1\.0')(?:[ \t\n]+encoding=(?:"[Uu][Tt][Ff]-8"|'[Uu][Tt][Ff]-8'))?[ \t\n]*\?>/
/** Characters that XML 1.0 does not have (2.2), and the end of a CDATA section, which may not stand in text. */
const UNREADABLE = /[^\t\n -\ufffd]|\]\]>/
const NAME = /(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)/y
/** A value without what XML would normalise or resolve, apart from predefined entities. */
const ATTRIBUTE =
  /[ \t\n]+(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)[ \t\n]*=[ \t\n]*(?:"([^"<\t\n]*)"|'([^'<\t\n]*)')/y
const END_OF_TAG = /[ \t\n]*(\/?)>/y
const NOT_SPACE = /[^ \t\n]/
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

const SLASH = 0x2f

interface Attribute {
  readonly prefix: string | undefined
  readonly local: string
  readonly value: string
}

interface Given {
  readonly attributes: readonly Attribute[]
  /** Declarations of namespaces. */
  readonly prefixes: ReadonlyMap<string, string>
}

/** An element whose end tag is awaited. */
interface Open {
  readonly element: XmlElement
  readonly children: (XmlElement | string)[]
  /** The name as written, for the end tag. */
  readonly written: string
  readonly scope: ReadonlyMap<string, string>
}

/**
 * The tree of a document that is well-formed beyond doubt, the very one that the full parser builds; undefined for one with anything
 * unusual, wrong or beyond the limits: whether and why it is refused is said there (XML 1.0; Namespaces in XML 1.0).
 */
export function readPlainXml(document: string, limits: XmlLimits): XmlElement | undefined {
  const text = document.includes('\r') ? document.replaceAll(/\r\n?/g, '\n') : document
  if (UNREADABLE.test(text) || !text.isWellFormed()) return undefined
  return new PlainReader(text, limits).read()
}

class PlainReader {
  readonly #text: string
  readonly #limits: XmlLimits
  readonly #stack: Open[] = []
  #root: XmlElement | undefined
  #position: number
  #nodes = 0

  constructor(text: string, limits: XmlLimits) {
    this.#text = text
    this.#limits = limits
    this.#position = DECLARATION.exec(text)?.[0].length ?? 0
  }

  read(): XmlElement | undefined {
    const text = this.#text
    for (;;) {
      const tag = text.indexOf('<', this.#position)
      const end = tag < 0 ? text.length : tag
      if (end > this.#position && !this.#characters(text.slice(this.#position, end))) return undefined
      if (tag < 0) return this.#stack.length === 0 ? this.#root : undefined
      this.#position = tag + 1
      const isRead = text.charCodeAt(tag + 1) === SLASH ? this.#endTag() : this.#startTag()
      if (!isRead) return undefined
    }
  }

  #characters(raw: string): boolean {
    const current = this.#stack.at(-1)
    if (current === undefined) return !NOT_SPACE.test(raw)
    const value = raw.includes('&') ? unescaped(raw) : raw
    this.#nodes += 1
    if (value === undefined || this.#nodes > this.#limits.maxNodes) return false
    current.children.push(value)
    return true
  }

  #endTag(): boolean {
    const current = this.#stack.pop()
    if (current === undefined || !this.#text.startsWith(current.written, this.#position + 1)) return false
    const end = matchAt(END_OF_TAG, this.#text, this.#position + 1 + current.written.length)
    if (end === null || end[1] !== '') return false
    this.#position = END_OF_TAG.lastIndex
    return true
  }

  #startTag(): boolean {
    const text = this.#text
    const name = matchAt(NAME, text, this.#position)
    if (name === null || (this.#root !== undefined && this.#stack.length === 0)) return false
    this.#position = NAME.lastIndex
    const given = this.#attributes()
    const end = matchAt(END_OF_TAG, text, this.#position)
    if (given === undefined || end === null) return false
    this.#position = END_OF_TAG.lastIndex
    const opened = this.#open(name, given)
    if (opened === undefined) return false
    const parent = this.#stack.at(-1)
    if (parent === undefined) this.#root = opened.element
    else parent.children.push(opened.element)
    if (end[1] === '') this.#stack.push(opened)
    return true
  }

  /** Undefined for a value that is not plain. */
  #attributes(): Given | undefined {
    const attributes: Attribute[] = []
    const prefixes = new Map<string, string>()
    for (;;) {
      const found = matchAt(ATTRIBUTE, this.#text, this.#position)
      if (found === null) return { attributes, prefixes }
      this.#position = ATTRIBUTE.lastIndex
      const [whole, prefix, local = '', quoted, apostrophed = ''] = found
      const raw = quoted ?? apostrophed
      const value = raw.includes('&') ? unescaped(raw) : raw
      const { maxAttributeBytes, maxNameLength } = this.#limits
      if (value === undefined || value.length > maxAttributeBytes || whole.length - raw.length > maxNameLength)
        return undefined
      const declared = prefix === 'xmlns' ? local : prefix === undefined && local === 'xmlns' ? '' : undefined
      if (declared === undefined) attributes.push({ prefix, local, value })
      else if (mayDeclare(declared, value) && !prefixes.has(declared)) prefixes.set(declared, value)
      else return undefined
    }
  }

  #open(name: RegExpExecArray, { attributes, prefixes }: Given): Open | undefined {
    const { maxDepth, maxNodes, maxAttributes, maxNamespaces, maxNameLength } = this.#limits
    this.#nodes += 1
    const written = name[0]
    const isTooMuch =
      this.#stack.length + 1 > maxDepth ||
      this.#nodes > maxNodes ||
      attributes.length > maxAttributes ||
      prefixes.size > maxNamespaces ||
      written.length > maxNameLength
    if (isTooMuch) return undefined
    const outer = this.#stack.at(-1)?.scope ?? NOTHING
    const scope = prefixes.size === 0 ? outer : new Map([...outer, ...prefixes])
    const [, prefix, local = ''] = name
    const ns = prefix === undefined ? (scope.get('') ?? '') : namespaceOf(prefix, scope)
    const resolved = resolvedAttributes(attributes, scope)
    if (ns === undefined || resolved === undefined) return undefined
    const children: (XmlElement | string)[] = []
    const element = {
      ns,
      name: local,
      attributes: resolved,
      children,
      prefixes: prefixes.size === 0 ? NOTHING : prefixes,
    }
    return { element, children, written, scope }
  }
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position
  return pattern.exec(text)
}

/** Names of XML itself are not declared anew, and a prefix is not taken back (Namespaces in XML 1.0, 3 and 5). */
function mayDeclare(prefix: string, uri: string): boolean {
  if (prefix === 'xml' || prefix === 'xmlns' || uri === XML_NAMESPACE || uri === XMLNS_NAMESPACE) return false
  // White space around a namespace name is the full parser's to judge.
  return uri === uri.trim() && (prefix === '' || uri !== '')
}

function namespaceOf(prefix: string, scope: ReadonlyMap<string, string>): string | undefined {
  return prefix === 'xml' ? XML_NAMESPACE : scope.get(prefix)
}

/** By local name, or `{namespace}local`; undefined for a prefix nobody declared or a name that comes twice. */
function resolvedAttributes(
  attributes: readonly Attribute[],
  scope: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> | undefined {
  if (attributes.length === 0) return NOTHING
  const resolved = new Map<string, string>()
  for (const { prefix, local, value } of attributes) {
    const ns = prefix === undefined ? '' : namespaceOf(prefix, scope)
    if (ns === undefined) return undefined
    resolved.set(ns === '' ? local : `{${ns}}${local}`, value)
  }
  return resolved.size === attributes.length ? resolved : undefined
}

/** Predefined entities resolved; undefined where an ampersand begins anything else. */
function unescaped(raw: string): string | undefined {
  let isPlain = true
  const value = raw.replaceAll(/&(?:([a-z]+);)?/g, (_, name: string | undefined) => {
    const character = ENTITIES.get(name ?? '')
    if (character === undefined) isPlain = false
    return character ?? ''
  })
  return isPlain ? value : undefined
}
