// Where the answer to a message goes: back on its connection, nowhere, or to an address the operator allowed (ITI TF-2 Appendix V.3.3; WS-Addressing Core, 3.4).

import { iheError } from '../../profiles/errors/index.ts'
import { ANONYMOUS, NONE } from '../codec/soap/constants.ts'
import type { SoapMessage } from '../codec/soap/read.ts'

export type ReplyRoute =
  | { readonly kind: 'connection' }
  | { readonly kind: 'nowhere' }
  | {
      readonly kind: 'address'
      readonly replyTo: URL
      /** Undefined: the sender wants to hear of no fault. */
      readonly faultTo: URL | undefined
    }

/** One entry of `soap.asyncReplyTo`. */
export interface AllowedAddress {
  /** Undefined: any system that may call the transaction. */
  readonly systemId: string | undefined
  /** Lower case; `.example.jp` stands for every name below it. */
  readonly host: string
  readonly port: string
}

const HTTPS_PORT = '443'
const ANY_PORT = '*'
/** A longer address is no address of an interface engine, and would be written to the journal of every answer. */
const MAX_ADDRESS_LENGTH = 1024

/** `[system@]host[:port]`: without port 443, with `*` any; `*.example.jp` is every host below. The settings table checked the form. */
export function parseAllowedAddress(text: string): AllowedAddress {
  const at = text.indexOf('@')
  const place = text.slice(at + 1).toLowerCase()
  const colon = place.endsWith(']') ? -1 : place.lastIndexOf(':')
  return {
    systemId: at === -1 ? undefined : text.slice(0, at),
    host: (colon === -1 ? place : place.slice(0, colon)).replace(/^\*/, ''),
    port: colon === -1 ? HTTPS_PORT : place.slice(colon + 1),
  }
}

/**
 * Judges ReplyTo and FaultTo. An address for faults only would leave the sender two places to listen at, so FaultTo names one
 * only beside a ReplyTo that does; anonymous there means the connection, which is gone by then, so ReplyTo hears of the fault.
 * @throws {IheError} WSA_REPLY_TO, WSA_INVALID_HEADER, WSA_MESSAGE_ID_MISSING
 */
export function routeOf(
  message: Pick<SoapMessage, 'replyTo' | 'faultTo' | 'messageId'>,
  caller: { readonly systemId: string; readonly allowed: readonly AllowedAddress[] },
): ReplyRoute {
  const { replyTo = ANONYMOUS, faultTo = replyTo, messageId } = message
  if (replyTo === ANONYMOUS || replyTo === NONE) {
    if (faultTo !== ANONYMOUS && faultTo !== NONE)
      throw refused('FaultTo', faultTo, 'FaultTo names an address only beside a ReplyTo that does')
    return { kind: replyTo === NONE ? 'nowhere' : 'connection' }
  }
  const answers = allowedUrl('ReplyTo', replyTo, caller)
  const faults = faultTo === NONE ? undefined : faultTo === ANONYMOUS ? answers : allowedUrl('FaultTo', faultTo, caller)
  if (messageId === undefined) throw iheError('WSA_MESSAGE_ID_MISSING', { at: 'Envelope/Header/MessageID' })
  return { kind: 'address', replyTo: answers, faultTo: faults }
}

function allowedUrl(
  header: 'ReplyTo' | 'FaultTo',
  address: string,
  caller: { readonly systemId: string; readonly allowed: readonly AllowedAddress[] },
): URL {
  if (address.length > MAX_ADDRESS_LENGTH || !URL.canParse(address))
    throw iheError('WSA_INVALID_HEADER', {
      at: `Envelope/Header/${header}/Address`,
      value: address,
      rule: `a URL of at most ${MAX_ADDRESS_LENGTH} characters`,
    })
  const url = new URL(address)
  if (url.protocol !== 'https:') throw refused(header, address, 'answers leave by https only')
  if (url.username !== '' || url.password !== '') throw refused(header, address, 'no user name in the address')
  url.hash = ''
  if (!caller.allowed.some((entry) => admits(entry, caller.systemId, url)))
    throw refused(header, address, 'not among the addresses that soap.asyncReplyTo allows this system')
  return url
}

function admits({ systemId, host, port }: AllowedAddress, caller: string, url: URL): boolean {
  if (systemId !== undefined && systemId !== caller) return false
  if (port !== ANY_PORT && port !== (url.port === '' ? HTTPS_PORT : url.port)) return false
  return host.startsWith('.') ? url.hostname.endsWith(host) && url.hostname !== host : url.hostname === host
}

function refused(header: string, address: string, rule: string) {
  return iheError('WSA_REPLY_TO', { at: `Envelope/Header/${header}/Address`, value: address, rule })
}
