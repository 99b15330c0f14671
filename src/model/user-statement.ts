// What an assertion of ours says about a user (ITI TF-2 3.40.4.1.2; SAML Core 2).

import type { Code } from './code.ts'

/** What we say of a user; what is undefined is not said. */
export interface UserStatement {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly issuedAt: Date
  readonly lifetimeSeconds: number
  /** AuthnContextClassRef: how the user logged on. */
  readonly authnContext: string
  /** When the user logged on; absent: now. */
  readonly authenticatedAt?: Date
  /** Address of the endpoint, when the assertion is for one message. */
  readonly recipient?: string
  readonly displayName?: string
  readonly organization?: string
  /** URI. */
  readonly organizationId?: string
  /** `urn:oid:…` */
  readonly homeCommunityId?: string
  readonly roles: readonly Code[]
  readonly purpose?: Code
  /** CX. */
  readonly patientId?: string
}
