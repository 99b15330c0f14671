// Errors of ebXML registry answers as a person reads them (ITI TF-3 4.2.4).

import type { ReceivedResponse } from '../codec/ebxml/registry-response.ts'
import { RESPONSE_SUCCESS, SEVERITY_ERROR } from '../model/xds.ts'
import { RefusedError, wordsOf } from './failure.ts'
import { printable } from './output.ts'
import type { Terminal } from './terminal.ts'

/** One finding a paragraph; the code of our own table, where the server is one of ours, brings the Japanese text. */
function describeRegistryErrors(response: ReceivedResponse): string {
  return response.errors
    .map(({ errorCode, codeContext, severity, location }) => {
      const label = severity === SEVERITY_ERROR ? 'error' : 'warning'
      const ja = wordsOf(/^([A-Z0-9_]+):/.exec(codeContext)?.[1] ?? '')?.ja
      const at = location === undefined || location === '' ? '' : ` (${location})`
      return [printable(`${label} ${errorCode}${at}: ${codeContext}`), ja ?? '']
        .filter((line) => line !== '')
        .join('\n')
    })
    .join('\n')
}

/** Warnings go to the terminal. @throws {RefusedError} when anything but Success was answered. */
export function requireSuccess(terminal: Terminal, response: ReceivedResponse): void {
  const text = describeRegistryErrors(response)
  if (response.status === RESPONSE_SUCCESS) {
    if (text !== '') terminal.err(`${text}\n`)
    return
  }
  const status = response.status.slice(response.status.lastIndexOf(':') + 1)
  throw new RefusedError(
    text === '' ? `the server answered ${status === '' ? 'no status' : status}` : `${status}\n${text}`,
  )
}
