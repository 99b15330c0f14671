// Reads a certificate request (PKCS#10, RFC 2986) and refuses what no certificate may be made of (security: issuing).

import 'reflect-metadata'
import { createHash, createPublicKey, type KeyObject, type webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** Why a request is refused: what the vendor has to change. */
export type RequestFault = 'no request' | 'holds a private key' | 'not readable' | 'weak key' | 'not signed by its key'

const WORDS: Readonly<Record<RequestFault, string>> = {
  'no request': 'the text holds no certificate request (-----BEGIN CERTIFICATE REQUEST-----)',
  'holds a private key': 'the text holds a private key, which nobody but its owner may ever have: make a new key',
  'not readable': 'the request cannot be read as PKCS#10',
  'weak key':
    'the request needs an RSA key of at least 2048 bits (at most 8192, exponent from 65537) or an EC key on P-256 or P-384',
  'not signed by its key': 'the request is not signed by the key it carries',
}

export class RequestRefused extends Error {
  readonly because: RequestFault
  /** What was found instead, such as `RSA 1024`. */
  readonly found: string

  constructor(because: RequestFault, found = '') {
    super(found === '' ? WORDS[because] : `${WORDS[because]}; it has ${found}`)
    this.name = 'RequestRefused'
    this.because = because
    this.found = found
  }
}

export interface CertificateRequest {
  readonly publicKey: webcrypto.CryptoKey
  /** SHA-256 of the SubjectPublicKeyInfo, hex: the same key is known again in whatever certificate. */
  readonly keyHash: string
  /** As asked for. No certificate of a system has it; an authority of ours does, when its operator signs it. */
  readonly subject: string
}

const MIN_RSA_BITS = 2048
/** Beyond this each handshake of the system would cost the doors too much. */
const MAX_RSA_BITS = 8192
const MIN_EXPONENT = 65_537n
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1'])
/** Old tools write NEW in front. */
const REQUEST = /-----BEGIN (NEW )?CERTIFICATE REQUEST-----([\sA-Za-z0-9+/=]+)-----END \1?CERTIFICATE REQUEST-----/
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/

/**
 * The key of a request, for which its owner has shown that they hold it. Extensions of the request are not read.
 * @throws {RequestRefused} when it is damaged, weak, or not signed by its own key.
 */
export async function readCertificateRequest(text: string): Promise<CertificateRequest> {
  if (PRIVATE_KEY.test(text)) throw new RequestRefused('holds a private key')
  const encoded = REQUEST.exec(text)?.[2]
  if (encoded === undefined) throw new RequestRefused('no request')
  const request = parse(Buffer.from(encoded, 'base64'))
  const spki = Buffer.from(request.publicKey.rawData)
  refuseWeak(spki)
  if (!(await isSignedByItsKey(request))) throw new RequestRefused('not signed by its key')
  return {
    publicKey: await request.publicKey.export(),
    keyHash: createHash('sha256').update(spki).digest('hex'),
    subject: request.subject,
  }
}

function parse(der: Buffer): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(new Uint8Array(der))
  } catch {
    throw new RequestRefused('not readable')
  }
}

function refuseWeak(spki: Buffer): void {
  let key: KeyObject
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch {
    throw new RequestRefused('not readable')
  }
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const type = key.asymmetricKeyType ?? ''
  const isStrongRsa =
    type === 'rsa' && modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS && publicExponent >= MIN_EXPONENT
  if (isStrongRsa || CURVES.has(namedCurve)) return
  const size = modulusLength === 0 ? namedCurve : `${modulusLength}, exponent ${publicExponent}`
  throw new RequestRefused('weak key', `${type.toUpperCase()} ${size}`.trim())
}

/** An algorithm that the library does not know verifies nothing. */
async function isSignedByItsKey(request: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify()
  } catch {
    return false
  }
}
