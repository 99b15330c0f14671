// Content-Type headers: any of them, and the multipart/related one of an MTOM package (RFC 2045, 5.1; RFC 2387; ITI TF-2 Appendix V).

import { iheError } from '../../../profiles/errors/index.ts'

export interface ContentType {
  /** `type/subtype` in lower case. */
  readonly type: string
  /** Names in lower case, values unquoted, as sent. */
  readonly parameters: ReadonlyMap<string, string>
}

export interface RelatedContentType {
  readonly boundary: string
  /** Content-ID of the root part without `<>`. */
  readonly start?: string
  readonly startInfo?: string
  readonly type: string
}

const FOLD = /\r?\n[ \t]/g
const MEDIA_TYPE = /[ \t]*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)[ \t]*/y
const PARAMETER = /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))[ \t]*)?/y

/** RFC 2046, 5.1.1: 1 to 70 of these, and no space at the end. */
const BOUNDARY = /^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/

/**
 * Parses a Content-Type header; folded lines and empty parameters are tolerated.
 * @throws {IheError} CONTENT_TYPE when it is not one, or a parameter is given twice.
 */
export function parseContentType(header: string): ContentType {
  const line = header.replace(FOLD, ' ').trimEnd()
  MEDIA_TYPE.lastIndex = 0
  const type = MEDIA_TYPE.exec(line)?.[1]
  if (type === undefined) throw iheError('CONTENT_TYPE', { at: 'Content-Type', value: header })
  const parameters = new Map<string, string>()
  let position = MEDIA_TYPE.lastIndex
  while (position < line.length) {
    PARAMETER.lastIndex = position
    const found = PARAMETER.exec(line)
    const name = found?.[1]?.toLowerCase()
    if (found === null || (name !== undefined && parameters.has(name))) {
      throw iheError('CONTENT_TYPE', { at: 'Content-Type', value: line.slice(position), rule: 'RFC 2045, 5.1' })
    }
    position = PARAMETER.lastIndex
    if (name !== undefined) parameters.set(name, found[2]?.replace(/\\(.)/g, '$1') ?? found[3] ?? '')
  }
  return { type: type.toLowerCase(), parameters }
}

/**
 * The Content-Type of an MTOM package.
 * @throws {IheError} MTOM_PACKAGE naming the parameter that is missing or wrong; CONTENT_TYPE when it cannot be parsed.
 */
export function parseRelated(header: string): RelatedContentType {
  const { type, parameters } = parseContentType(header)
  if (type !== 'multipart/related') throw broken('multipart/related', type)
  const boundary = parameters.get('boundary')
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    throw broken('boundary of 1 to 70 characters of RFC 2046', boundary)
  }
  const rootType = parameters.get('type')?.toLowerCase()
  if (rootType !== 'application/xop+xml') throw broken('type="application/xop+xml"', rootType)
  const start = parameters.get('start')
  if (start !== undefined && !/^<[^<>\s]+>$/.test(start))
    throw broken('start="<Content-ID>" with angle brackets', start)
  const startInfo = parameters.get('start-info')
  return {
    boundary,
    type: rootType,
    ...(start === undefined ? {} : { start: start.slice(1, -1) }),
    ...(startInfo === undefined ? {} : { startInfo }),
  }
}

function broken(rule: string, value: string | undefined) {
  return iheError('MTOM_PACKAGE', { at: 'Content-Type', rule, ...(value === undefined ? {} : { value }) })
}
