// homeCommunityId as it should stand in the answer of a community that writes it otherwise, where that is agreed (ITI TF-2 3.38.4.1.3, 3.39.4.1.3).

import { NS } from '../../../profiles/transactions/define.ts'
import type { XmlElement } from '../xml/element.ts'
import { textOf } from '../xml/navigate.ts'

/** Those that can be retrieved, or asked for by id. */
const WITH_HOME: ReadonlySet<string> = new Set(['ExtrinsicObject', 'RegistryPackage', 'ObjectRef'])
const URN = 'urn:oid:'

export interface Mended {
  readonly body: XmlElement
  /** What was otherwise. */
  readonly bare: boolean
  readonly absent: boolean
}

/** @param home of the community, urn:oid: and all; the home of another one stays as it came. */
export function mendHomes(
  body: XmlElement,
  home: string,
  allowed: { readonly bare: boolean; readonly absent: boolean },
): Mended {
  let bare = false
  let absent = false
  const oid = home.slice(URN.length)

  function object(element: XmlElement): XmlElement {
    const now = element.attributes.get('home') ?? ''
    const isBare = allowed.bare && now === oid
    const isAbsent = allowed.absent && now === '' && WITH_HOME.has(element.name)
    if (!isBare && !isAbsent) return element
    bare ||= isBare
    absent ||= isAbsent
    return { ...element, attributes: new Map([...element.attributes, ['home', home]]) }
  }

  function named(element: XmlElement): XmlElement {
    if (!allowed.bare || textOf(element).trim() !== oid) return element
    bare = true
    return { ...element, children: [home] }
  }

  function mend(element: XmlElement): XmlElement {
    if (isIn(element, NS.rim, 'RegistryObjectList')) return { ...element, children: each(element, object) }
    if (isIn(element, NS.xds, 'DocumentResponse'))
      return {
        ...element,
        children: each(element, (child) => (isIn(child, NS.xds, 'HomeCommunityId') ? named(child) : child)),
      }
    return element
  }

  const mended = { ...body, children: each(body, mend) }
  return { body: mended, bare, absent }
}

function each(element: XmlElement, change: (child: XmlElement) => XmlElement): XmlElement['children'] {
  return element.children.map((child) => (typeof child === 'string' ? child : change(child)))
}

function isIn(element: XmlElement, ns: string, name: string): boolean {
  return element.ns === ns && element.name === name
}
