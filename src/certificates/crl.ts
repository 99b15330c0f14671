// Certificate revocation lists of our authority (RFC 5280, 5).

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import type { Authority } from './authority.ts'
import { signerOf } from './signer.ts'

/** Reason codes of RFC 5280, 5.3.1; absent in the list for `unspecified`, as it asks. */
export const REASONS: Readonly<Record<string, x509.X509CrlReason>> = {
  keyCompromise: x509.X509CrlReason.keyCompromise,
  affiliationChanged: x509.X509CrlReason.affiliationChanged,
  superseded: x509.X509CrlReason.superseded,
  cessationOfOperation: x509.X509CrlReason.cessationOfOperation,
  certificateHold: x509.X509CrlReason.certificateHold,
  privilegeWithdrawn: x509.X509CrlReason.privilegeWithdrawn,
}

export const CRL_NUMBER = '2.5.29.20'
const INTEGER_TAG = 0x02

export interface RevocationList {
  /** Rises by one with every list of the authority (5.2.3). */
  readonly number: bigint
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly entries: readonly { readonly serial: string; readonly since: Date; readonly reason: string }[]
}

/** The list, signed by the authority, DER. */
export async function signRevocationList(authority: Authority, list: RevocationList): Promise<Buffer> {
  const issuer = new x509.X509Certificate(authority.certificatePem)
  const { key, algorithm } = await signerOf(authority.privateKeyPem)
  const signed = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: list.thisUpdate,
    nextUpdate: list.nextUpdate,
    signingKey: key,
    signingAlgorithm: algorithm,
    entries: list.entries.map(({ serial, since, reason }) => {
      const code = REASONS[reason]
      return { serialNumber: serial, revocationDate: since, ...(code === undefined ? {} : { reason: code }) }
    }),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      new x509.Extension(CRL_NUMBER, false, new Uint8Array(integer(list.number))),
    ],
  })
  return Buffer.from(signed.rawData)
}

/** DER of a positive INTEGER: a leading zero keeps the first bit from being a sign. */
function integer(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const content = bytes.readUInt8(0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes
  return Buffer.concat([Buffer.from([INTEGER_TAG, content.length]), content])
}
