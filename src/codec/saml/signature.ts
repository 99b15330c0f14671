// The shape of an assertion's signature: one reference to the assertion itself, and only algorithms of the list (XML Signature; SAML Core 5).

import { iheError } from '../../../profiles/errors/index.ts'
import { childrenOf, elementsOf, hasElementContent, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { DIGEST_ALGORITHMS, DS, ENVELOPED, EXC_C14N, SHA1_ALGORITHMS, SIGNATURE_ALGORITHMS } from './constants.ts'
import type { PresentedAssertion } from './header.ts'

export interface SignatureShape {
  /** Among the child elements of the assertion. */
  readonly place: number
  readonly usesSha1: boolean
  /** X509Certificate of KeyInfo, without white space: it may pick among the certificates that we trust, and is not trusted itself. */
  readonly certificates: readonly string[]
}

/** Assertions are small; verifying costs time that grows with them, and with attributes more than with anything else. */
const MAX_ELEMENTS = 2000
const MAX_ATTRIBUTES = 4000

/** @throws {IheError} XUA_SECURITY, XUA_ALGORITHM */
export function readSignature({ element, id }: PresentedAssertion): SignatureShape {
  assertSmall(element)
  const children = elementsOf(element)
  const signature = one(
    children.filter(({ ns, name }) => ns === DS && name === 'Signature'),
    'Assertion/Signature',
  )
  if (countOf(element, 'Signature') !== 1) throw invalid('Assertion', 'one Signature, a child of the assertion')
  assertParts(signature, ['SignedInfo', 'SignatureValue', 'KeyInfo'])
  const info = one(childrenOf(signature, DS, 'SignedInfo'), 'Signature/SignedInfo')
  assertText(one(childrenOf(signature, DS, 'SignatureValue'), 'Signature/SignatureValue'))
  assertParts(info, ['CanonicalizationMethod', 'SignatureMethod', 'Reference'])
  const reference = one(childrenOf(info, DS, 'Reference'), 'SignedInfo/Reference')
  if (reference.attributes.get('URI') !== `#${id}`) throw invalid('Reference/@URI', '# and the ID of the assertion')
  return {
    place: children.indexOf(signature),
    usesSha1: usesSha1(info, reference),
    certificates: certificatesIn(signature),
  }
}

/** @throws {IheError} XUA_ALGORITHM */
function usesSha1(info: XmlElement, reference: XmlElement): boolean {
  assertParts(reference, ['Transforms', 'DigestMethod', 'DigestValue'])
  assertText(one(childrenOf(reference, DS, 'DigestValue'), 'Reference/DigestValue'))
  const canonicalization = one(childrenOf(info, DS, 'CanonicalizationMethod'), 'SignedInfo/CanonicalizationMethod')
  const transforms = elementsOf(one(childrenOf(reference, DS, 'Transforms'), 'Reference/Transforms'))
  if (transforms.some(({ ns, name }) => ns !== DS || name !== 'Transform'))
    throw invalid('Transforms', 'nothing but Transform')
  assertListed('CanonicalizationMethod', [algorithmOf(canonicalization)], [EXC_C14N])
  assertListed('Transforms', transforms.map(algorithmOf), [ENVELOPED, EXC_C14N])
  for (const method of [canonicalization, ...transforms]) assertPlainMethod(method)
  const signature = algorithmOf(one(childrenOf(info, DS, 'SignatureMethod'), 'SignedInfo/SignatureMethod'))
  const digest = algorithmOf(one(childrenOf(reference, DS, 'DigestMethod'), 'Reference/DigestMethod'))
  const legacy = [signature, digest].filter((algorithm) => SHA1_ALGORITHMS.has(algorithm))
  const isKnown = (algorithm: string, list: ReadonlySet<string>) => list.has(algorithm) || legacy.includes(algorithm)
  if (!isKnown(signature, SIGNATURE_ALGORITHMS)) throw unsupported('SignatureMethod')
  if (!isKnown(digest, DIGEST_ALGORITHMS)) throw unsupported('DigestMethod')
  return legacy.length > 0
}

function assertListed(at: string, found: readonly string[], wanted: readonly string[]): void {
  if (found.length !== wanted.length || wanted.some((algorithm, index) => found[index] !== algorithm))
    throw unsupported(at)
}

/** A canonicalisation may name prefixes (xml-crypto says them at every transform, in its namespace); nothing else has parameters here. */
function assertPlainMethod(method: XmlElement): void {
  const namespaces = [EXC_C14N, algorithmOf(method)]
  const isPlain = elementsOf(method).every(({ ns, name }) => name === 'InclusiveNamespaces' && namespaces.includes(ns))
  if (!isPlain || elementsOf(method).length > 1) throw unsupported(method.name)
}

function algorithmOf(method: XmlElement): string {
  return method.attributes.get('Algorithm') ?? ''
}

function certificatesIn(signature: XmlElement): readonly string[] {
  return childrenOf(signature, DS, 'KeyInfo')
    .flatMap((info) => childrenOf(info, DS, 'X509Data'))
    .flatMap((held) => childrenOf(held, DS, 'X509Certificate'))
    .map((certificate) => textOf(certificate).replace(/\s+/g, ''))
}

function assertSmall(assertion: XmlElement): void {
  if (countOf(assertion) > MAX_ELEMENTS) throw invalid('Assertion', `at most ${MAX_ELEMENTS} elements`)
  if (attributesBelow(assertion) > MAX_ATTRIBUTES) throw invalid('Assertion', `at most ${MAX_ATTRIBUTES} attributes`)
}

/** Elements below, or those of XML Signature with this name. */
function countOf(element: XmlElement, name?: string): number {
  let count = 0
  const waiting = [element]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const child of elementsOf(next)) {
      if (name === undefined || (child.ns === DS && child.name === name)) count += 1
      waiting.push(child)
    }
  return count
}

/** Declarations of namespaces too. */
function attributesBelow(element: XmlElement): number {
  return elementsOf(element).reduce(
    (sum, child) => sum + child.attributes.size + child.prefixes.size + attributesBelow(child),
    0,
  )
}

/** Only these elements of XML Signature, and no text beside them; `Object` could hold another assertion. */
function assertParts(element: XmlElement, names: readonly string[]): void {
  const isKnown = elementsOf(element).every(({ ns, name }) => ns === DS && names.includes(name))
  if (!isKnown || !hasElementContent(element)) throw invalid(element.name, `only ${names.join(', ')}`)
}

function assertText(element: XmlElement): void {
  if (elementsOf(element).length > 0) throw invalid(element.name, 'base64 text in place')
}

function one(found: readonly XmlElement[], at: string): XmlElement {
  const [first, ...more] = found
  if (first === undefined || more.length > 0) throw invalid(at, 'exactly one')
  return first
}

function invalid(at: string, rule: string): Error {
  return iheError('XUA_SECURITY', { at, rule })
}

function unsupported(at: string): Error {
  return iheError('XUA_ALGORITHM', { at, rule: 'an algorithm of the list (docs/xua.md)' })
}
