// What a SAML 2.0 assertion says, read from signed bytes only (ITI TF-2 3.40; SAML Core 2).

import type { Code } from './code.ts'

/** A public key that confirms the subject: a certificate, or the numbers of an RSA key (XML Signature, 4.5). */
export type ConfirmedKey =
  | { readonly kind: 'certificate'; readonly der: Buffer }
  | { readonly kind: 'rsa'; readonly modulus: Buffer; readonly exponent: Buffer }

/** SAML Core 2.4.1.1: under which circumstances the bearer of the assertion is its subject. */
export interface SubjectConfirmation {
  readonly method: string
  readonly recipient?: string
  readonly notBefore?: Date
  readonly notOnOrAfter?: Date
  readonly keys: readonly ConfirmedKey[]
}

export interface AuthnStatement {
  readonly instant: Date
  readonly sessionEnds?: Date
  /** AuthnContextClassRef and AuthnContextDeclRef. */
  readonly contexts: readonly string[]
}

/** Attributes that decide something, every value of each however often it was repeated (ITI TF-2 3.40.4.1.2). */
export interface AssertedAttributes {
  readonly displayNames: readonly string[]
  readonly organizations: readonly string[]
  readonly organizationIds: readonly string[]
  readonly homeCommunityIds: readonly string[]
  readonly roles: readonly Code[]
  readonly purposes: readonly Code[]
  /** CX. */
  readonly patientIds: readonly string[]
}

export interface Assertion {
  readonly id: string
  readonly issuer: string
  readonly issuerFormat?: string
  readonly issueInstant: Date
  readonly nameId: string
  readonly nameIdFormat?: string
  readonly spProvidedId?: string
  readonly confirmations: readonly SubjectConfirmation[]
  readonly notBefore: Date
  readonly notOnOrAfter: Date
  /** One of each inner list is needed (SAML Core 2.5.1.4, erratum E46). */
  readonly audiences: readonly (readonly string[])[]
  readonly oneTimeUse: boolean
  readonly authentications: readonly AuthnStatement[]
  readonly attributes: AssertedAttributes
}

/** Who an assertion says it is from and about, as it stands in a message; believed only where `verified`. */
export interface ClaimedUser {
  readonly issuer: string
  readonly subject: string
  readonly verified: boolean
}
