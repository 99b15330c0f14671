// Finding one's way in a parsed tree by expanded names, never by prefix (Namespaces in XML 1.0, 2.1).

import type { XmlElement } from './element.ts'

/** XML white space is these four; an ideographic space is text. */
const NOT_SPACE = /[^ \t\r\n]/

export function elementsOf(element: XmlElement): readonly XmlElement[] {
  return element.children.filter((child): child is XmlElement => typeof child !== 'string')
}

export function childrenOf(element: XmlElement, ns: string, name: string): readonly XmlElement[] {
  return element.children.filter(
    (child): child is XmlElement => typeof child !== 'string' && child.name === name && child.ns === ns,
  )
}

/** The first child of that name. */
export function childOf(element: XmlElement, ns: string, name: string): XmlElement | undefined {
  for (const child of element.children) {
    if (typeof child !== 'string' && child.name === name && child.ns === ns) return child
  }
  return undefined
}

/** The element's own text nodes joined, not trimmed; `''` when there is no element. Text of descendants is not included. */
export function textOf(element: XmlElement | undefined): string {
  if (element === undefined) return ''
  let text = ''
  for (const child of element.children) if (typeof child === 'string') text += child
  return text
}

/** @param name local name, or `{namespace}local` for an attribute in a namespace. */
export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attributes.get(name)
}

/** True when there is nothing but white space beside the child elements. */
export function hasElementContent(element: XmlElement): boolean {
  return element.children.every((child) => typeof child !== 'string' || !NOT_SPACE.test(child))
}
