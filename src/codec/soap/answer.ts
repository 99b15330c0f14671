// Reads the SOAP answer to a request of ours: a message, or a fault as an error (SOAP 1.2 Part 1, 5.4).

import type { XmlElement } from '../xml/element.ts'
import { childOf, elementsOf, textOf } from '../xml/navigate.ts'
import { SOAP12 } from './constants.ts'
import { addressedToUs, message, onlyChild, openEnvelope, readAction, type SoapMessage } from './read.ts'

/** A fault that the other side answered. Codes are local names of the QNames sent; empty where that is none. */
export class SoapFaultError extends Error {
  readonly code: string
  readonly subcode: string | undefined
  readonly reason: string
  /** All text inside Detail, white space collapsed; empty without Detail. */
  readonly detail: string

  constructor(fault: {
    readonly code: string
    readonly subcode?: string
    readonly reason: string
    readonly detail: string
  }) {
    super(`SOAP fault ${fault.subcode ?? fault.code}: ${fault.reason}`)
    this.name = 'SoapFaultError'
    this.code = fault.code
    this.subcode = fault.subcode
    this.reason = fault.reason
    this.detail = fault.detail
  }
}

/**
 * The answer message. A fault is recognised before addressing is judged, because faults of a foreign door may carry none.
 * @param also further header blocks that the caller honours, as `{namespace}local`.
 * @throws {SoapFaultError} when the body is a Fault.
 * @throws {IheError} SOAP_VERSION, SOAP_STRUCTURE, SOAP_MUST_UNDERSTAND, WSA_ACTION_MISSING, WSA_INVALID_HEADER.
 */
export function readAnswer(root: XmlElement, also?: ReadonlySet<string>): SoapMessage {
  const { header, body } = openEnvelope(root)
  const content = onlyChild(body)
  if (content.ns === SOAP12 && content.name === 'Fault') throw readFault(content)
  const addressed = addressedToUs(header, also)
  return message({ action: readAction(addressed), addressed, header, body: content })
}

function readFault(fault: XmlElement): SoapFaultError {
  const code = childOf(fault, SOAP12, 'Code')
  const reason = childOf(fault, SOAP12, 'Reason')
  const detail = childOf(fault, SOAP12, 'Detail')
  const subcode = localName(code === undefined ? undefined : childOf(code, SOAP12, 'Subcode'))
  return new SoapFaultError({
    code: localName(code),
    ...(subcode === '' ? {} : { subcode }),
    reason: (reason === undefined ? '' : textOf(childOf(reason, SOAP12, 'Text'))).trim(),
    detail: detail === undefined ? '' : allText(detail).replace(/\s+/g, ' ').trim(),
  })
}

/** What is longer, or no name, is a text: it may be about anybody, and codes are shown, logged and journalled. */
const CODE = /^[A-Za-z_][\w.-]{0,63}$/

function localName(holder: XmlElement | undefined): string {
  if (holder === undefined) return ''
  const qname = textOf(childOf(holder, SOAP12, 'Value')).trim()
  const name = qname.slice(qname.indexOf(':') + 1)
  return CODE.test(name) ? name : ''
}

function allText(element: XmlElement): string {
  return [textOf(element), ...elementsOf(element).map(allText)].join(' ')
}
