// References from the envelope to the parts of its package (XOP 1.0, 2.1; RFC 2392).

import { randomUUID } from 'node:crypto'
import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/index.ts'
import type { XmlElement } from '../xml/element.ts'
import { elementsOf } from '../xml/navigate.ts'
import { el, type Markup } from '../xml/write.ts'

/** A new Content-ID, without `<>`, of characters that need no escape. */
export function newContentId(): string {
  return `${randomUUID()}@tsunagi`
}

/** The xop:Include that stands for the part `contentId` (without `<>`). */
export function xopInclude(contentId: string): Markup {
  const href = `cid:${encodeURIComponent(contentId).replace(/%40/g, '@')}`
  return el('xop:Include', { 'xmlns:xop': NS.xop, href })
}

/**
 * Bytes stand for a part in an xds:Document only: an Include in place of an identifier or a value would be read as empty text.
 * @throws {IheError} MTOM_INCLUDE
 */
export function assertIncludesInDocuments(element: XmlElement): void {
  for (const child of elementsOf(element)) {
    const isDocument = element.ns === NS.xds && element.name === 'Document'
    if (child.ns === NS.xop && child.name === 'Include' && !isDocument)
      throw iheError('MTOM_INCLUDE', { at: `${element.name}/Include`, rule: 'xop:Include in xds:Document only' })
    assertIncludesInDocuments(child)
  }
}

/**
 * Content-ID, without `<>`, that an Include's href means: percent-decoded once, compared exactly afterwards.
 * @throws {IheError} MTOM_INCLUDE when the href is not a cid: URL or its escapes are broken.
 */
export function contentIdOf(href: string): string {
  const escaped = /^cid:(.+)$/is.exec(href)?.[1]
  if (escaped === undefined) throw iheError('MTOM_INCLUDE', { at: 'Include/@href', value: href, rule: 'cid: only' })
  try {
    return decodeURIComponent(escaped)
  } catch (cause) {
    throw iheError('MTOM_INCLUDE', { at: 'Include/@href', value: href, rule: 'RFC 2392 escapes', cause })
  }
}
