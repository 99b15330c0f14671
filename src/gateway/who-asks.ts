// Who asks, as a neighbouring community is told (XUA; ITI TF-2 3.40.4.1.2): the person whose assertion came with the request, or the system.

import { SYSTEM_ROLE } from '../../profiles/access/index.ts'
import type { Caller } from '../model/caller.ts'
import type { User } from '../model/user.ts'
import type { UserStatement } from '../model/user-statement.ts'

export interface Asserting {
  /** Content of saml2:Issuer: us. */
  readonly issuer: string
  /** Our homeCommunityId, with urn:oid:. */
  readonly home: string
  /** What the community wants to be called. */
  readonly audience: string
  readonly now: Date
}

/** Long enough for clocks that differ a little and an answer that takes its time, short for whoever finds it. */
export const LIFETIME_SECONDS = 300

const AUTHN = 'urn:oasis:names:tc:SAML:2.0:ac:classes'

/**
 * Of a person no more than their own assertion said; where it names no organisation, the facility whose certificate it came with. It is
 * not limited to one patient (resource-id): ids of the patient are others there, and what is asked was held to the patient here.
 */
export function whoAsks(caller: Caller, { issuer, home, audience, now }: Asserting): UserStatement {
  const said = { issuer, audience, homeCommunityId: home, issuedAt: now, lifetimeSeconds: LIFETIME_SECONDS }
  const { user, facilityName, facilityOid } = caller
  const ofFacility = { organization: facilityName, organizationId: `urn:oid:${facilityOid}` }
  if (user === undefined)
    return {
      ...said,
      ...ofFacility,
      subject: caller.systemId,
      authnContext: `${AUTHN}:TLSClient`,
      roles: [SYSTEM_ROLE],
    }
  const { displayName, organization, organizationId, authentication, roles, purposeOfUse } = user
  const isOrganizationSaid = organization !== undefined || organizationId !== undefined
  return {
    ...said,
    ...(isOrganizationSaid ? {} : ofFacility),
    ...(organization === undefined ? {} : { organization }),
    ...(organizationId === undefined ? {} : { organizationId }),
    subject: subjectOf(user),
    authnContext: authentication?.context ?? `${AUTHN}:unspecified`,
    ...(authentication === undefined ? {} : { authenticatedAt: authentication.at }),
    ...(displayName === undefined ? {} : { displayName }),
    roles,
    ...(purposeOfUse === undefined ? {} : { purpose: purposeOfUse }),
  }
}

/** `user@issuer` of `alias<user@issuer>`: two issuers of ours may call two persons the same. */
function subjectOf({ name }: User): string {
  return /<(.+)>$/s.exec(name)?.[1] ?? name
}
