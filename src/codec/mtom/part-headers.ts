// The header lines of one MIME part (RFC 2045; XOP 1.0, 4.1).

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'

export interface PartHeaders {
  /** Without `<>`; `''` when the part has none. */
  readonly contentId: string
  readonly contentType: string
  readonly transferEncoding: string
}

/** `name: value`, the name a token; every continuation line begins with white space. */
const FIELD = /^([\w!#$%&'*+.^`|~-]+)[ \t]*:[ \t]*(.*)$/
const ENCODINGS: ReadonlySet<string> = new Set(['binary', '8bit', '7bit', 'base64', 'quoted-printable'])

/**
 * @param block the lines before the blank one.
 * @throws {IheError} MTOM_PACKAGE for a line that is no header, too many of them, one given twice, an unknown
 * Content-Transfer-Encoding, or a multipart inside the package.
 */
export function parsePartHeaders(
  block: string,
  place: { readonly at: string; readonly maxHeaders: number },
): PartHeaders {
  const lines = block === '' ? [] : block.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
  const fail = (rule: string, value?: string): IheError =>
    iheError('MTOM_PACKAGE', { at: place.at, rule, ...(value === undefined ? {} : { value }) })
  if (lines.length > place.maxHeaders) throw fail(`at most ${place.maxHeaders} headers a part`)
  const fields = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined) throw fail('header line without name and colon', line)
    const key = name.toLowerCase()
    if (key.startsWith('content-') && fields.has(key)) throw fail(`${name} given twice`)
    fields.set(key, value.trim())
  }
  const transferEncoding = (fields.get('content-transfer-encoding') ?? 'binary').toLowerCase()
  if (!ENCODINGS.has(transferEncoding)) throw fail('Content-Transfer-Encoding', transferEncoding)
  const contentType = fields.get('content-type') ?? 'application/octet-stream'
  if (/^multipart\//i.test(contentType)) throw fail('a multipart inside the package', contentType)
  return { contentId: (fields.get('content-id') ?? '').replace(/^<(.*)>$/, '$1'), contentType, transferEncoding }
}
