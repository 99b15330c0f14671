// The parsed XML tree and the limits it is read under (XML 1.0, Namespaces in XML 1.0).

/** An element with its name resolved. Prefixes never matter to a reader; `prefixes` serves QNames inside values only. */
export interface XmlElement {
  readonly ns: string
  readonly name: string
  /** Key: local name, or `{namespace}local` for an attribute in a namespace. Namespace declarations are not in here. */
  readonly attributes: ReadonlyMap<string, string>
  /** Elements and text in document order; adjacent text and CDATA are one string, comments are gone. */
  readonly children: readonly (XmlElement | string)[]
  /** Prefix to namespace, as declared on this very element (`''` is the default namespace). */
  readonly prefixes: ReadonlyMap<string, string>
  /** Those declared around it, where it was taken out of a document. */
  readonly outer?: ReadonlyMap<string, string>
}

export interface XmlLimits {
  readonly maxBytes: number
  readonly maxDepth: number
  /** Elements and text nodes together. */
  readonly maxNodes: number
  readonly maxAttributes: number
  /** UTF-16 code units of one attribute value: never more than its bytes. */
  readonly maxAttributeBytes: number
  readonly maxNamespaces: number
  readonly maxNameLength: number
}

export const XML_LIMITS: XmlLimits = {
  maxBytes: 8 * 1024 * 1024,
  maxDepth: 128,
  maxNodes: 500_000,
  maxAttributes: 256,
  maxAttributeBytes: 64 * 1024,
  maxNamespaces: 64,
  maxNameLength: 512,
}
