// The user as an active participant of an audit event (ITI TF-2 3.40.4.2; DICOM PS3.15 A.5).

import type { ClaimedUser } from '../model/assertion.ts'
import type { AuditCode } from '../model/audit-message.ts'
import type { Code } from '../model/code.ts'
import type { User } from '../model/user.ts'

/** UserName and RoleIDCode of the ATNA participant, PurposeOfUse of the event. */
export interface AuditedUser {
  /** `alias<user@issuer>`, or the id of a member of staff. */
  readonly name: string
  readonly origin: User['origin']
  readonly staffId?: string
  /** Name for people, as asserted or as the person was entered. */
  readonly displayName?: string
  readonly job: string
  readonly roles: readonly Code[]
  readonly purpose: string
  readonly purposeOfUse?: Code
  readonly organizationId?: string
}

export function auditedUser(user: User): AuditedUser {
  const { name, origin, staffId, displayName, job, roles, purpose, purposeOfUse, organizationId } = user
  return {
    name,
    origin,
    job,
    roles,
    purpose,
    ...(staffId === undefined ? {} : { staffId }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(purposeOfUse === undefined ? {} : { purposeOfUse }),
    ...(organizationId === undefined ? {} : { organizationId }),
  }
}

/** A code of an assertion in an audit message; what has no name is called by its code. */
export function auditedCode({ code, scheme, display }: Code): AuditCode {
  return { code, system: scheme, text: display === '' ? code : display }
}

const MAX_CLAIM_LENGTH = 256

/** Who a refused assertion said it was: anybody can have written that, so it is marked, and cut. */
export function auditedClaim({ issuer, subject, verified }: ClaimedUser): ClaimedUser {
  return { issuer: issuer.slice(0, MAX_CLAIM_LENGTH), subject: subject.slice(0, MAX_CLAIM_LENGTH), verified }
}
