// What issuing and ending client certificates needs: an authority that signs, and the register of certificates (security: issuing).

import type { FacilityStatus } from '../../model/caller.ts'
import type { Certificate, Change } from '../ports.ts'

/** What is kept of a certificate that our authority signed. */
export interface SignedCertificate extends Certificate {
  readonly san: readonly string[]
  readonly pem: string
  /** SHA-256 of its SubjectPublicKeyInfo, hex. */
  readonly keyHash: string
}

export interface SubjectOfCertificate {
  readonly systemId: string
  readonly facilityOid: string
  readonly days: number
}

/** Nothing could be signed: what the vendor has to change in the request, or the operator here. */
export type SigningFault =
  | { readonly fault: 'request refused'; readonly because: string; readonly message: string }
  | { readonly fault: 'no issuing authority'; readonly message: string }

export interface Signed {
  readonly certificate: SignedCertificate
  /** Certificates above it, PEM, from the issuing authority to the root. */
  readonly chainPem: string
}

/** Our issuing authority; its key is read for every signature, so that it can be replaced while the server runs. */
export interface IssuingAuthority {
  readonly sign: (csrPem: string, subject: SubjectOfCertificate) => Promise<Signed | SigningFault>
}

/** A registered certificate as the rules of renewal see it. */
export interface Replaceable {
  readonly fingerprint: string
  readonly systemId: string
  readonly status: 'active' | 'suspended' | 'revoked'
  readonly notAfter: Date
  /** The certificate that replaces it and is not revoked itself. */
  readonly replacedBy?: string
}

/** Why a certificate is not replaced. */
export type RenewalFault =
  | { readonly fault: 'unknown certificate'; readonly fingerprint: string }
  | { readonly fault: 'revoked or suspended'; readonly fingerprint: string }
  | { readonly fault: 'replaced already'; readonly fingerprint: string }
  | { readonly fault: 'too early'; readonly from: Date; readonly notAfter: Date }

/** Why a certificate that was signed is not registered; it then opens no door. */
export type RegisterFault = RenewalFault | { readonly fault: 'key in use' }

export interface NewCertificate {
  readonly certificate: SignedCertificate
  readonly systemId: string
  /** Where it is installed, as the facility calls the terminal. */
  readonly terminal?: string
  readonly origin: 'request' | 'pkcs12'
  readonly replaces?: {
    readonly fingerprint: string
    /** Why it is replaced before the time; absent: the time has to have come. */
    readonly earlyBecause?: string
    /** Both are good for so long; then the old one is revoked as superseded. */
    readonly overlapDays: number
  }
}

export interface IssuingStore {
  readonly facilityOf: (
    systemId: string,
  ) => Promise<{ readonly oid: string; readonly status: FacilityStatus } | undefined>
  /** A registered certificate that is good now. */
  readonly issued: (
    fingerprint: string,
  ) => Promise<Pick<SignedCertificate, 'keyHash' | 'issuer' | 'pem' | 'notAfter'> | undefined>
  /** Certificate, what it replaces and the audit event, in one transaction. */
  readonly register: (certificate: NewCertificate, change: Change) => Promise<'registered' | RegisterFault>
}

export interface IssuingPorts {
  readonly authority: IssuingAuthority
  readonly store: IssuingStore
  readonly overlapDays: number
}
