// Issues a certificate for a system on its request (PKCS#10): the key never leaves the vendor (security: issuing).

import { MAX_CERTIFICATE_DAYS } from '../../model/certificate-life.ts'
import type { Change } from '../ports.ts'
import type { IssuingPorts, RegisterFault, Signed, SigningFault } from './ports.ts'

export interface IssueRequest {
  readonly systemId: string
  readonly csrPem: string
  /** Validity, 1 to 397. */
  readonly days?: number
  /** Where it is installed, as the facility calls the terminal. */
  readonly terminal?: string
  /** Fingerprint of the certificate of the same system that it replaces; both are good during the overlap. */
  readonly replaces?: string
  /** Why the old one is replaced earlier than 60 days before its end. */
  readonly earlyBecause?: string
}

export interface IssuedForRequest {
  readonly certificatePem: string
  /** Certificates above it, PEM, from the issuing authority to the root. */
  readonly chainPem: string
  readonly fingerprint: string
  readonly notAfter: Date
}

/** Nothing was issued; every kind says what would have to be different. */
export type IssueFault =
  | { readonly fault: 'unknown system'; readonly systemId: string }
  | { readonly fault: 'facility ended'; readonly systemId: string }
  | { readonly fault: 'days'; readonly days: number; readonly most: number }
  | SigningFault
  | RegisterFault

/**
 * Signs the request and registers the certificate for the system, with its audit event (Security Alert, 110137). Subject and extensions
 * come from the registered system, never from the request.
 */
export async function issueForRequest(
  request: IssueRequest,
  change: Change,
  ports: IssuingPorts,
): Promise<IssuedForRequest | IssueFault> {
  const { systemId, days = MAX_CERTIFICATE_DAYS, replaces, terminal, earlyBecause } = request
  if (!Number.isInteger(days) || days < 1 || days > MAX_CERTIFICATE_DAYS)
    return { fault: 'days', days, most: MAX_CERTIFICATE_DAYS }
  const facility = await ports.store.facilityOf(systemId)
  if (facility === undefined) return { fault: 'unknown system', systemId }
  if (facility.status === 'ended') return { fault: 'facility ended', systemId }
  const signed = await ports.authority.sign(request.csrPem, { systemId, facilityOid: facility.oid, days })
  if ('fault' in signed) return signed
  const { certificate, chainPem } = signed
  const registered = await ports.store.register(
    {
      certificate,
      systemId,
      origin: 'request',
      ...(terminal === undefined ? {} : { terminal }),
      ...(replaces === undefined
        ? {}
        : {
            replaces: {
              fingerprint: replaces,
              overlapDays: ports.overlapDays,
              ...(earlyBecause === undefined ? {} : { earlyBecause }),
            },
          }),
    },
    {
      ...change,
      operation: `${change.operation}: certificate ${certificate.fingerprint} of system ${systemId} issued`,
    },
  )
  if (registered !== 'registered') return (await issuedBefore(registered, signed, ports)) ?? registered
  return {
    certificatePem: certificate.pem,
    chainPem,
    fingerprint: certificate.fingerprint,
    notAfter: certificate.notAfter,
  }
}

/**
 * The answer of a renewal may have been lost: the same key gets the same certificate, for without it the system would stand there with the
 * old one when the overlap ends.
 */
async function issuedBefore(
  fault: RegisterFault,
  { certificate, chainPem }: Signed,
  { store }: IssuingPorts,
): Promise<IssuedForRequest | undefined> {
  if (fault.fault !== 'replaced already') return undefined
  const { fingerprint } = fault
  const before = await store.issued(fingerprint)
  // Of another authority the chain would be another one.
  if (before?.keyHash !== certificate.keyHash || before.issuer !== certificate.issuer) return undefined
  return { certificatePem: before.pem, chainPem, fingerprint, notAfter: before.notAfter }
}
