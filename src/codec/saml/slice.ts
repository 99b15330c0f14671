// Cuts an element out of a document as its sender wrote it, for a signature to be checked over a few kilobytes and nothing else.

import { elementsOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { attributeText } from '../xml/write.ts'

interface Span {
  readonly start: number
  /** Behind the name in the start tag. */
  readonly nameEnd: number
  /** Behind the end tag. */
  readonly end: number
}

interface Tag {
  readonly kind: 'open' | 'close' | 'empty' | 'other'
  readonly nameEnd: number
  readonly end: number
}

/**
 * The element that is reached from the root by these places among the child elements, with the namespaces that are in scope there
 * declared on it again.
 * @param text a document that the strict reader has read as `root`: here it is only found, not judged.
 */
export function cut(text: string, root: XmlElement, places: readonly number[]): string {
  const { start, nameEnd, end } = spanOf(text, places)
  return text.slice(start, nameEnd) + declarations(root, places) + text.slice(nameEnd, end)
}

/** As it stands in the document. */
export function raw(text: string, places: readonly number[]): string {
  const { start, end } = spanOf(text, places)
  return text.slice(start, end)
}

function declarations(root: XmlElement, places: readonly number[]): string {
  const scope = new Map<string, string>()
  let element = root
  for (const place of places) {
    for (const [prefix, ns] of element.prefixes) scope.set(prefix, ns)
    const child = elementsOf(element)[place]
    if (child === undefined) throw new Error('no element stands at this place')
    element = child
  }
  return [...scope]
    .filter(([prefix]) => prefix !== 'xml' && !element.prefixes.has(prefix))
    .map(([prefix, ns]) => ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${attributeText(ns)}"`)
    .join('')
}

function spanOf(text: string, places: readonly number[]): Span {
  let at = contentOf(text, 0)
  let span: Span | undefined
  for (const place of places) {
    span = childAt(text, at, place)
    at = tagAt(text, span.start).end
  }
  if (span === undefined) throw new Error('a document is not a part of itself')
  return span
}

/** Behind the start tag of the root. */
function contentOf(text: string, from: number): number {
  let at = text.indexOf('<', from)
  let tag = tagAt(text, at)
  while (tag.kind === 'other') {
    at = text.indexOf('<', tag.end)
    tag = tagAt(text, at)
  }
  return tag.end
}

/** The n-th child element of the element whose content begins at `from`. */
function childAt(text: string, from: number, place: number): Span {
  let seen = -1
  let depth = 0
  let start = 0
  let nameEnd = 0
  for (let at = text.indexOf('<', from); at >= 0; ) {
    const tag = tagAt(text, at)
    if (depth === 0 && (tag.kind === 'open' || tag.kind === 'empty')) {
      seen += 1
      start = at
      nameEnd = tag.nameEnd
    }
    if (tag.kind === 'open') depth += 1
    if (tag.kind === 'close') depth -= 1
    if (depth < 0) break
    if (depth === 0 && tag.kind !== 'other' && seen === place) return { start, nameEnd, end: tag.end }
    at = text.indexOf('<', tag.end)
  }
  throw new Error('no element stands at this place')
}

const QUOTE = 0x22
const APOSTROPHE = 0x27
const SLASH = 0x2f
const GREATER = 0x3e
const BANG = 0x21
const QUESTION = 0x3f
const SPACE = 0x20

function tagAt(text: string, at: number): Tag {
  const mark = text.charCodeAt(at + 1)
  if (mark === BANG || mark === QUESTION) return other(text, at)
  let nameEnd = at + 2
  while (nameEnd < text.length && !endsName(text.charCodeAt(nameEnd))) nameEnd += 1
  let end = nameEnd
  for (let code = text.charCodeAt(end); code !== GREATER; code = text.charCodeAt(end)) {
    if (end >= text.length) throw new Error('the document ends too early')
    // A `>` may stand in an attribute value.
    if (code === QUOTE) end = text.indexOf('"', end + 1)
    else if (code === APOSTROPHE) end = text.indexOf("'", end + 1)
    if (end < 0) throw new Error('the document ends too early')
    end += 1
  }
  const kind = mark === SLASH ? 'close' : text.charCodeAt(end - 1) === SLASH ? 'empty' : 'open'
  return { kind, nameEnd, end: end + 1 }
}

function endsName(code: number): boolean {
  return code === GREATER || code === SLASH || code <= SPACE
}

/** Comment, CDATA, XML declaration. */
function other(text: string, at: number): Tag {
  const [begin, terminator] = text.startsWith('<!--', at)
    ? [4, '-->']
    : text.startsWith('<![CDATA[', at)
      ? [9, ']]>']
      : [2, '?>']
  const end = text.indexOf(terminator, at + begin)
  if (end < 0) throw new Error('the document ends too early')
  return { kind: 'other', nameEnd: at + begin, end: end + terminator.length }
}
