// Refuses what a reader would pass over in silence: content beside that of the schema would be answered for and not be kept
// (ITI TF-2 3.42.4.1.3; OASIS ebRIM 3.0).

import { iheError } from '../../../profiles/errors/index.ts'
import { childrenOf, elementsOf, hasElementContent, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'

type Name = readonly [ns: string, name: string]

/** The one child of that name, undefined when there is none. @throws {IheError} BODY_INVALID when there are more. */
export function onlyOf(element: XmlElement, ns: string, name: string): XmlElement | undefined {
  const [found, ...more] = childrenOf(element, ns, name)
  if (more.length > 0)
    throw iheError('BODY_INVALID', {
      at: `${element.name}/${name}`,
      value: String(more.length + 1),
      rule: `${name} once, by the schema`,
    })
  return found
}

/** The child elements, each of them of the schema. @throws {IheError} BODY_INVALID for another one, and for text beside them. */
export function membersOf(element: XmlElement, names: readonly Name[]): readonly XmlElement[] {
  const members = elementsOf(element)
  const stranger = members.find((child) => !names.some(([ns, name]) => child.ns === ns && child.name === name))
  if (stranger === undefined && hasElementContent(element)) return members
  throw iheError('BODY_INVALID', {
    at: stranger === undefined ? element.name : `${element.name}/${stranger.name}`,
    rule: `nothing but ${names.map(([, name]) => name).join(', ')}, by the schema`,
  })
}

/** Text of an element that has no other content. @throws {IheError} BODY_INVALID when there are elements in it. */
export function onlyText(element: XmlElement): string {
  const [inner] = elementsOf(element)
  if (inner === undefined) return textOf(element)
  throw iheError('BODY_INVALID', { at: `${element.name}/${inner.name}`, rule: 'text only, by the schema' })
}
