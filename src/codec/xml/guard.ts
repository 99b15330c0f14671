// Counts what a document holds while it is read and stops it at the limits (hardening against XML bombs).

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import type { XmlLimits } from './element.ts'

export interface Guard {
  /** At `<name`, before the parser resolves prefixes, whose cost grows with the depth. @throws {IheError} XML_LIMIT. */
  start(name: string, depth: number): void
  /** At each attribute, declarations included. @throws {IheError} XML_LIMIT. */
  attribute(attribute: { readonly name: string; readonly prefix: string; readonly value: string }): void
  /** At each text node. @throws {IheError} XML_LIMIT. */
  text(): void
  /** Attributes and namespace declarations of the element last started. */
  counted(): { readonly attributes: number; readonly namespaces: number }
}

/** @param place where the parser is, for messages. */
export function guard(limits: XmlLimits, place: () => string): Guard {
  let nodes = 0
  let attributes = 0
  let namespaces = 0
  const assert = (what: string, count: number, most: number): void => {
    if (count > most) throw limitError(what, most, place())
  }
  return {
    start(name, depth) {
      nodes += 1
      attributes = 0
      namespaces = 0
      assert('depth', depth, limits.maxDepth)
      assert('elements and text nodes', nodes, limits.maxNodes)
      assert('length of a name', name.length, limits.maxNameLength)
    },
    attribute({ name, prefix, value }) {
      if (prefix === 'xmlns' || name === 'xmlns') namespaces += 1
      else attributes += 1
      assert('namespace declarations', namespaces, limits.maxNamespaces)
      assert('attributes', attributes, limits.maxAttributes)
      assert('length of a name', name.length, limits.maxNameLength)
      assert('length of an attribute', value.length, limits.maxAttributeBytes)
    },
    text() {
      nodes += 1
      assert('elements and text nodes', nodes, limits.maxNodes)
    },
    counted: () => ({ attributes, namespaces }),
  }
}

/** The refusal naming the limit. */
export function limitError(what: string, most: number, at?: string): IheError {
  return iheError('XML_LIMIT', { rule: `${what} at most ${most}`, ...(at === undefined ? {} : { at }) })
}
