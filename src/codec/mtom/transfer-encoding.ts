// Undoes a Content-Transfer-Encoding while the part streams (RFC 2045, 6.7 and 6.8).

import { iheError } from '../../../profiles/errors/index.ts'

/** Longest quoted-printable line taken; the RFC allows 76 characters. */
const MAX_LINE = 64 * 1024

/**
 * The decoded bytes of a part; binary, 8bit and 7bit pass untouched.
 * @throws {IheError} MTOM_PACKAGE, from the iteration, when the content is not in the encoding.
 */
export function decodeTransfer(body: AsyncIterable<Buffer>, transferEncoding: string): AsyncIterable<Buffer> {
  if (transferEncoding === 'base64') return decodeBase64(body)
  if (transferEncoding === 'quoted-printable') return decodeQuotedPrintable(body)
  return body
}

async function* decodeBase64(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let carried = ''
  let padded = false
  for await (const chunk of body) {
    const characters = carried + chunk.toString('latin1').replace(/[\r\n\t ]+/g, '')
    const whole = characters.length - (characters.length % 4)
    const groups = characters.slice(0, whole)
    carried = characters.slice(whole)
    if (groups === '') continue
    if (padded || !/^[A-Za-z0-9+/]*={0,2}$/.test(groups)) throw broken('base64')
    padded = groups.endsWith('=')
    yield Buffer.from(groups, 'base64')
  }
  if (carried !== '') throw broken('base64')
}

async function* decodeQuotedPrintable(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let carried = ''
  for await (const chunk of body) {
    const lines = (carried + chunk.toString('latin1')).split('\n')
    carried = lines.pop() ?? ''
    if (carried.length > MAX_LINE) throw broken('quoted-printable')
    if (lines.length > 0) yield Buffer.from(lines.map((line) => quotedLine(line, '\n')).join(''), 'latin1')
  }
  if (carried !== '') yield Buffer.from(quotedLine(carried, ''), 'latin1')
}

/** One line without its LF; white space at its end was added by a gateway, `=` there joins it to the next. */
function quotedLine(line: string, lineFeed: string): string {
  const carriageReturn = line.endsWith('\r') ? '\r' : ''
  let end = line.length - carriageReturn.length
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end -= 1
  const soft = line[end - 1] === '='
  const content = line.slice(0, soft ? end - 1 : end)
  const decoded = content.replace(/=(..?|$)/gs, (sequence, hex: string) => {
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) throw broken('quoted-printable', sequence)
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  return soft ? decoded : decoded + carriageReturn + lineFeed
}

function broken(encoding: string, value?: string) {
  return iheError('MTOM_PACKAGE', { rule: `content is not ${encoding}`, ...(value === undefined ? {} : { value }) })
}
