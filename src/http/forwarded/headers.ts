// Client certificates as reverse proxies forward them: RFC 9440, nginx and Envoy each in its own header.

import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ShownCertificate } from '../../model/trust.ts'
import { certificatesOf } from '../shown-certificate.ts'

/** `client-cert`: RFC 9440; the second: nginx, $ssl_client_escaped_cert; the third: Envoy. */
export const FORWARDING_HEADERS = ['client-cert', 'x-ssl-client-escaped-cert', 'x-forwarded-client-cert'] as const
export type ForwardingHeader = (typeof FORWARDING_HEADERS)[number]

const CHAIN_HEADER = 'client-cert-chain'
const ALL = [...FORWARDING_HEADERS, CHAIN_HEADER]
/** An end certificate and the authorities above it; nobody has more. */
const MAX_CERTIFICATES = 8

/** What a header held cannot be read; says why, without quoting it. */
export class ForwardedError extends Error {}

/** Whether a request has any header that a proxy forwards certificates with, in whatever form. */
export function isForwarding({ headers }: IncomingMessage): boolean {
  return ALL.some((name) => headers[name] !== undefined)
}

/**
 * The certificate that the proxy forwards, undefined when its client had none.
 * @throws {ForwardedError} when there is more than one occurrence, another form than agreed, or nothing that can be read.
 */
export function readForwarded(request: IncomingMessage, header: ForwardingHeader): ShownCertificate | undefined {
  const chain = header === 'client-cert' ? single(request, CHAIN_HEADER) : undefined
  const value = single(request, header)
  const expected = header === 'client-cert' ? [header, CHAIN_HEADER] : [header]
  if (ALL.some((name) => request.headers[name] !== undefined && !expected.includes(name)))
    throw new ForwardedError('a certificate is forwarded in a header that was not agreed')
  if (value === undefined) {
    if (chain !== undefined) throw new ForwardedError(`${CHAIN_HEADER} without Client-Cert`)
    return undefined
  }
  try {
    return shown(value, { header, chain })
  } catch (cause) {
    throw cause instanceof ForwardedError ? cause : new ForwardedError(`${header} holds no certificate`, { cause })
  }
}

/** Node joins what came twice; a certificate that came twice is two answers to one question. */
function single({ headers, rawHeaders }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  if (value === undefined) return undefined
  const occurrences = rawHeaders.filter((one, index) => index % 2 === 0 && one.toLowerCase() === name).length
  if (occurrences !== 1 || typeof value !== 'string') throw new ForwardedError(`${name} came ${occurrences} times`)
  return value
}

function shown(
  value: string,
  { header, chain }: { readonly header: ForwardingHeader; readonly chain: string | undefined },
): ShownCertificate {
  switch (header) {
    case 'client-cert':
      return { certificate: ofByteSequence(value), issuers: ofList(chain).map(ofByteSequence) }
    case 'x-ssl-client-escaped-cert': {
      const [certificate, ...more] = ofPem(value)
      if (certificate === undefined || more.length > 0)
        throw new ForwardedError(`${header} needs exactly one certificate`)
      return { certificate, issuers: [] }
    }
    case 'x-forwarded-client-cert':
      return ofEnvoy(value)
  }
}

const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/

/** RFC 9440, 2.1; RFC 8941, 3.3.5: the DER between colons, in base64. */
function ofByteSequence(item: string): X509Certificate {
  const [, base64] = BYTE_SEQUENCE.exec(item.trim()) ?? []
  if (base64 === undefined) throw new ForwardedError('client-cert is no byte sequence (RFC 9440, 2.1)')
  const der = Buffer.from(base64, 'base64')
  const certificate = new X509Certificate(der)
  if (!certificate.raw.equals(der)) throw new ForwardedError('client-cert holds more than one certificate in DER')
  return certificate
}

function ofList(list: string | undefined): readonly string[] {
  const items = list === undefined ? [] : list.split(',')
  if (items.length > MAX_CERTIFICATES) throw new ForwardedError('client-cert-chain is too long')
  return items
}

function ofPem(escaped: string): readonly X509Certificate[] {
  const certificates = certificatesOf(decodeURIComponent(escaped))
  if (certificates.length > MAX_CERTIFICATES) throw new ForwardedError('too many certificates are forwarded')
  return certificates
}

/** `Hash=…;Cert="…";Chain="…"`: one element, of the one hop before us. */
function ofEnvoy(value: string): ShownCertificate {
  const pairs = pairsOf(value)
  const [certificate, ...more] = ofPem(pairs.get('cert') ?? '')
  if (certificate === undefined || more.length > 0)
    throw new ForwardedError('x-forwarded-client-cert needs Cert with exactly one certificate')
  const hash = pairs.get('hash')?.toLowerCase()
  if (hash !== undefined && hash !== certificate.fingerprint256.replaceAll(':', '').toLowerCase())
    throw new ForwardedError('x-forwarded-client-cert: Hash is not that of Cert')
  const issuers = ofPem(pairs.get('chain') ?? '').filter((one) => one.fingerprint256 !== certificate.fingerprint256)
  return { certificate, issuers }
}

/** A key, `=`, and a value that is quoted when it holds `,`, `;` or `=`. */
const PAIR = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=]*))(;|$)/y

function pairsOf(element: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>()
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < element.length) {
    const [, key = '', quoted, plain = ''] = PAIR.exec(element) ?? []
    if (key === '') throw new ForwardedError('x-forwarded-client-cert is not one element of key=value pairs')
    const name = key.toLowerCase()
    // A certificate has several names (URI, DNS), but one certificate.
    if (pairs.has(name) && ['cert', 'chain', 'hash'].includes(name))
      throw new ForwardedError(`x-forwarded-client-cert has ${key} twice`)
    pairs.set(name, quoted?.replace(/\\(.)/g, '$1') ?? plain)
  }
  return pairs
}
