// Renders a refusal as a SOAP 1.2 fault (SOAP 1.2 Part 1, 5.4; WS-Addressing SOAP Binding, 6).

import { explain, type IheError, type SoapFaultCode } from '../../model/error.ts'
import { concat, el, type Markup, text } from '../xml/write.ts'
import { FAULT_ACTION, SOAP_FAULT_ACTION, TSUNAGI_ERROR, UNSPECIFIED_MESSAGE, WSSE, WSU } from './constants.ts'
import { envelope } from './write.ts'

const EMPTY = concat([])

/**
 * The fault message and the HTTP status it travels with. The Detail names our code, the hint and the journal id.
 * @param context.relatesTo MessageID of the request, when it could be read.
 * @param context.addressed headers of a fault that is a message of its own, sent to an address (WS-Addressing Core, 3.4).
 */
export function writeFault(
  error: IheError,
  context: {
    readonly relatesTo?: string
    readonly journalId: string
    readonly addressed?: { readonly messageId: string; readonly to: string }
  },
): { readonly status: number; readonly xml: string } {
  const { code, subcode, vocabulary } = error.row.soap
  // What WS-Security refuses is told in the same words always; what it was stands in the journal.
  const isConstant = vocabulary !== undefined
  const isAddressing = subcode !== undefined && !isConstant
  const { addressed } = context
  const header = concat([
    el('wsa:Action', { 'soap12:mustUnderstand': 1 }, text(isAddressing ? FAULT_ACTION : SOAP_FAULT_ACTION)),
    addressed === undefined ? EMPTY : el('wsa:MessageID', {}, text(addressed.messageId)),
    el('wsa:RelatesTo', {}, text(context.relatesTo ?? UNSPECIFIED_MESSAGE)),
    addressed === undefined ? EMPTY : el('wsa:To', {}, text(addressed.to)),
    code === 'VersionMismatch' ? upgrade() : EMPTY,
    code === 'MustUnderstand' ? notUnderstood(error.value ?? '') : EMPTY,
  ])
  const fault = el(
    'soap12:Fault',
    {},
    el('soap12:Code', {}, value(`soap12:${code}`), subcodeOf(error.row.soap)),
    el(
      'soap12:Reason',
      {},
      el(
        'soap12:Text',
        { 'xml:lang': 'en' },
        text(isConstant ? `${error.row.message}. ${error.row.hint}` : explain(error)),
      ),
    ),
    el('soap12:Detail', {}, addressingDetail(error), ownDetail(error, context.journalId)),
  )
  return { status: error.row.http, xml: envelope(header, fault) }
}

function value(qname: string, namespaces: Readonly<Record<string, string>> = {}): Markup {
  return el('soap12:Value', namespaces, text(qname))
}

function subcodeOf({ subcode, vocabulary }: SoapFaultCode): Markup {
  if (subcode === undefined) return EMPTY
  if (vocabulary === undefined) return el('soap12:Subcode', {}, value(`wsa:${subcode}`))
  const ns = vocabulary === 'wsse' ? WSSE : WSU
  return el('soap12:Subcode', {}, value(`${vocabulary}:${subcode}`, { [`xmlns:${vocabulary}`]: ns }))
}

/** SOAP 1.2 Part 1, 5.4.7: the versions a sender may use instead. */
function upgrade(): Markup {
  return el('soap12:Upgrade', {}, el('soap12:SupportedEnvelope', { qname: 'soap12:Envelope' }))
}

/** SOAP 1.2 Part 1, 5.4.8. `name` is `{namespace}local`. */
function notUnderstood(name: string): Markup {
  const end = name.lastIndexOf('}')
  const ns = name.slice(1, Math.max(end, 1))
  const local = name.slice(end + 1)
  if (ns === '') return el('soap12:NotUnderstood', { qname: local })
  return el('soap12:NotUnderstood', { qname: `unknown:${local}`, 'xmlns:unknown': ns })
}

/** WS-Addressing SOAP Binding, 6.3: what the addressing fault is about. */
function addressingDetail(error: IheError): Markup {
  switch (error.row.soap.subcode) {
    case 'ActionNotSupported':
      return el('wsa:ProblemAction', {}, el('wsa:Action', {}, text(error.value ?? '')))
    case 'MessageAddressingHeaderRequired':
    case 'InvalidAddressingHeader':
    case 'OnlyAnonymousAddressSupported':
      return el('wsa:ProblemHeaderQName', {}, text(`wsa:${problemHeader(error.at)}`))
  }
  return EMPTY
}

/** The header block in a path such as `Envelope/Header/ReplyTo/Address`; Action when the path names none. */
function problemHeader(at: string | undefined): string {
  return /^Envelope\/Header\/([A-Za-z]+)/.exec(at ?? '')?.[1] ?? 'Action'
}

function ownDetail(error: IheError, journalId: string): Markup {
  return el(
    'error:Error',
    { 'xmlns:error': TSUNAGI_ERROR, code: error.row.code, blame: error.row.blame, retry: error.row.retry },
    error.at === undefined || error.row.soap.vocabulary !== undefined ? EMPTY : el('error:At', {}, text(error.at)),
    el('error:Hint', { 'xml:lang': 'en' }, text(error.row.hint)),
    el('error:Hint', { 'xml:lang': 'ja' }, text(error.row.ja)),
    el('error:JournalId', {}, text(journalId)),
  )
}
