// Of the answer of another community what is of the kinds that are agreed with it (idlink U-9; ITI TF-3 4.2.3.2.3 classCode).

import { NS } from '../../../profiles/transactions/define.ts'
import type { XmlElement } from '../xml/element.ts'
import { attributeOf, childrenOf } from '../xml/navigate.ts'

/** ITI TF-3 Table 4.2.5.1-1: classification of a DocumentEntry by its class. */
const CLASS_CODE = 'urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a'

export interface AgreedAnswer {
  readonly body: XmlElement
  /** Kinds of what was left out, one for each document; empty where a document names none. */
  readonly leftOut: readonly string[]
}

/** Documents of other kinds, and associations of them, are left out; folders and submission sets have no kind. */
export function ofAgreedKinds(body: XmlElement, kinds: readonly string[]): AgreedAnswer {
  const leftOut: string[] = []
  const ids = new Set<string>()

  function isAgreed(object: XmlElement | string): boolean {
    if (typeof object === 'string' || object.ns !== NS.rim || object.name !== 'ExtrinsicObject') return true
    const kind = kindOf(object)
    if (kinds.includes(kind)) return true
    leftOut.push(kind)
    ids.add(attributeOf(object, 'id') ?? '')
    return false
  }

  function hasEnds(object: XmlElement | string): boolean {
    if (typeof object === 'string' || object.name !== 'Association') return true
    return !['sourceObject', 'targetObject'].some((end) => ids.has(attributeOf(object, end) ?? ''))
  }

  const children = body.children.map((list) =>
    typeof list !== 'string' && list.ns === NS.rim && list.name === 'RegistryObjectList'
      ? { ...list, children: list.children.filter(isAgreed).filter(hasEnds) }
      : list,
  )
  return { body: { ...body, children }, leftOut }
}

function kindOf(object: XmlElement): string {
  const classified = childrenOf(object, NS.rim, 'Classification').find(
    (one) => attributeOf(one, 'classificationScheme') === CLASS_CODE,
  )
  return (classified === undefined ? undefined : attributeOf(classified, 'nodeRepresentation')) ?? ''
}
