// Revocation lists as authorities make them, good and bad (RFC 5280 5).

import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { Authority } from '../../../src/certificates/authority.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000

export interface ListOptions {
  /** Serial numbers. */
  readonly revoked?: readonly string[]
  /** thisUpdate and nextUpdate, milliseconds from now. */
  readonly from?: number
  readonly next?: number
  /** Another authority, whose name and key it has. */
  readonly by?: Authority
  /** Another authority, whose key it is signed with. */
  readonly keyOf?: Authority
  /** OID of a critical extension. */
  readonly critical?: string
}

export async function listOf(authority: Authority, options: ListOptions): Promise<Buffer> {
  const { revoked = [], from = 0, next = DAY_MS, by = authority, keyOf = by, critical } = options
  const key = createPrivateKey(keyOf.privateKeyPem).export({ format: 'der', type: 'pkcs8' })
  const now = Date.now()
  const list = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(by.certificatePem).subjectName,
    thisUpdate: new Date(now + from),
    nextUpdate: new Date(now + next),
    entries: revoked.map((serialNumber) => ({ serialNumber, revocationDate: new Date(now) })),
    extensions: critical === undefined ? [] : [new x509.Extension(critical, true, Buffer.from('020101', 'hex'))],
    signingAlgorithm: ALGORITHM,
    signingKey: await webcrypto.subtle.importKey('pkcs8', key, ALGORITHM, false, ['sign']),
  })
  return Buffer.from(list.rawData)
}
