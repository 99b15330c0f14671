// Writes XML as text: every value is escaped exactly once, and what XML 1.0 cannot carry never leaves (XML 1.0, 2.2 and 2.4).

import type { XmlElement } from './element.ts'

declare const markup: unique symbol
/** Well-formed XML text made by this writer, as opposed to a value that still needs escaping. */
export type Markup = string & { readonly [markup]: true }

type AttributeValue = string | number | undefined

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'

/** Everything but the characters that may stand as they are; a lone surrogate is outside every range under the u flag. */
const UNSAFE_TEXT = /[^\t\n !#-%'-;=?-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu
const UNSAFE_ATTRIBUTE = /[^ !#-%'-;=?-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** CR as a reference in text too: a reader turns a bare one into LF. */
const REFERENCES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ['\t', '&#9;'],
  ['\n', '&#10;'],
  ['\r', '&#13;'],
])
const REPLACEMENT = '\ufffd'

const reference = (character: string): string => REFERENCES.get(character) ?? REPLACEMENT

/** Character data; characters that XML 1.0 cannot carry become U+FFFD. */
export function text(value: string): Markup {
  return trusted(value.replace(UNSAFE_TEXT, reference))
}

/**
 * An element. Names are written as given: they come from our own tables, never from a message.
 * @param attributes in the order given; `undefined` leaves one out.
 */
export function el(
  name: string,
  attributes?: Readonly<Record<string, AttributeValue>>,
  ...children: readonly Markup[]
): Markup {
  let open = `<${name}`
  if (attributes !== undefined) {
    for (const key in attributes) open += attribute(key, attributes[key])
  }
  return trusted(children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`)
}

/** An attribute value as it stands between its quotes. */
export function attributeText(value: string): Markup {
  return trusted(value.replace(UNSAFE_ATTRIBUTE, reference))
}

function attribute(name: string, value: AttributeValue): string {
  return value === undefined ? '' : ` ${name}="${attributeText(String(value))}"`
}

export function concat(parts: readonly Markup[]): Markup {
  return trusted(parts.join(''))
}

/** Takes a fragment that this writer rendered earlier (the ebRIM column of the registry). Never for text of a message. */
export function trusted(xml: string): Markup {
  return xml as Markup
}

/**
 * Renders a parsed subtree again with the same expanded names, attributes and content, so that it can stand in any place of
 * another document. Element namespaces become default namespaces; prefixes declared inside the subtree are declared again
 * for QNames in values (xsi:type), those declared outside it are not known here.
 */
export function serialize(element: XmlElement): Markup {
  return trusted(render(element, { defaultNs: undefined, prefixes: new Map([['xml', XML_NAMESPACE]]) }))
}

interface Scope {
  readonly defaultNs: string | undefined
  readonly prefixes: ReadonlyMap<string, string>
}

function render(element: XmlElement, outer: Scope): string {
  let open = `<${element.name}`
  if (element.ns !== outer.defaultNs) open += attribute('xmlns', element.ns)
  const prefixes = new Map(outer.prefixes)
  for (const [prefix, ns] of element.prefixes) {
    if (prefix === '' || prefix === 'xml' || outer.prefixes.get(prefix) === ns) continue
    prefixes.set(prefix, ns)
    open += attribute(`xmlns:${prefix}`, ns)
  }
  for (const [key, value] of element.attributes) {
    const name = attributeName(key, prefixes)
    if (name.declares !== undefined) open += attribute(`xmlns:${name.prefix}`, name.declares)
    open += attribute(name.written, value)
  }
  if (element.children.length === 0) return `${open}/>`
  const scope = { defaultNs: element.ns, prefixes }
  const content = element.children.map((child) => (typeof child === 'string' ? text(child) : render(child, scope)))
  return `${open}>${content.join('')}</${element.name}>`
}

interface WrittenName {
  readonly written: string
  readonly prefix?: string
  readonly declares?: string
}

/** Uses a prefix in scope for the namespace, or makes one up and adds it to the scope. */
function attributeName(key: string, prefixes: Map<string, string>): WrittenName {
  if (!key.startsWith('{')) return { written: key }
  const end = key.lastIndexOf('}')
  const ns = key.slice(1, end)
  const local = key.slice(end + 1)
  for (const [prefix, bound] of prefixes) if (bound === ns) return { written: `${prefix}:${local}` }
  let number = prefixes.size
  while (prefixes.has(`n${number}`)) number += 1
  const prefix = `n${number}`
  prefixes.set(prefix, ns)
  return { written: `${prefix}:${local}`, prefix, declares: ns }
}
