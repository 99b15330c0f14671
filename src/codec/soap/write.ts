// Writes a SOAP 1.2 envelope with WS-Addressing 1.0 headers (ITI TF-2 Appendix V).

import { concat, el, type Markup, text } from '../xml/write.ts'
import { SOAP12, WSA } from './constants.ts'

/**
 * The whole message, without XML declaration. mustUnderstand on Action is the SOAP attribute (WSA101); replies give `relatesTo`.
 */
export function writeEnvelope(message: {
  readonly action: string
  readonly messageId?: string
  readonly relatesTo?: string
  readonly to?: string
  readonly replyTo?: string
  readonly faultTo?: string
  /** Further header blocks, rendered: wsse:Security, CorrelationTimeToLive. */
  readonly blocks?: readonly Markup[]
  readonly body: Markup
}): string {
  const header = [el('wsa:Action', { 'soap12:mustUnderstand': 1 }, text(message.action))]
  if (message.messageId !== undefined) header.push(el('wsa:MessageID', {}, text(message.messageId)))
  if (message.relatesTo !== undefined) header.push(el('wsa:RelatesTo', {}, text(message.relatesTo)))
  if (message.replyTo !== undefined) {
    header.push(el('wsa:ReplyTo', {}, el('wsa:Address', {}, text(message.replyTo))))
  }
  if (message.faultTo !== undefined) {
    header.push(el('wsa:FaultTo', {}, el('wsa:Address', {}, text(message.faultTo))))
  }
  if (message.to !== undefined) header.push(el('wsa:To', {}, text(message.to)))
  header.push(...(message.blocks ?? []))
  return envelope(concat(header), message.body)
}

/** An envelope of rendered header blocks and a rendered body child, under the prefixes soap12 and wsa. */
export function envelope(header: Markup, body: Markup): Markup {
  return el(
    'soap12:Envelope',
    { 'xmlns:soap12': SOAP12, 'xmlns:wsa': WSA },
    el('soap12:Header', {}, header),
    el('soap12:Body', {}, body),
  )
}
