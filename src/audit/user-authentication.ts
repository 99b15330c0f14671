// User Authentication events: an assertion that was refused, and one that came with another certificate than before (DICOM PS3.15 A.5.3.6, A.5.3.11).

import { XUA_CODES } from '../../profiles/errors/xua.ts'
import type { ClaimedUser } from '../model/assertion.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { type AuditEvent, type OutcomeIndicator, placeOf } from './event.ts'
import { auditedClaim } from './user.ts'

/** DCM: User Authentication, Login; Security Alert, Authentication Decision. */
const USER_AUTHENTICATION = { eventCode: '110114', typeCode: '110122' } as const
const AUTHENTICATION_DECISION = { eventCode: '110113', typeCode: '110143' } as const

/** Where somebody may have tried what is not theirs; the others are mistakes of senders. */
const SERIOUS: ReadonlySet<string> = new Set(['XUA_SIGNATURE', 'XUA_NOT_HERE'])

/** The event of a refused assertion; none for any other refusal. */
export function assertionFailures(
  exchange: Exchange,
  system: CallingSystem,
  given: { readonly error: IheError; readonly claimed: ClaimedUser | undefined },
): readonly AuditEvent[] {
  const { error, claimed } = given
  const { code } = error.row
  if (!XUA_CODES.has(code)) return []
  const outcome: OutcomeIndicator = SERIOUS.has(code) ? 8 : 4
  return [
    {
      ...placeOf(exchange),
      ...USER_AUTHENTICATION,
      action: 'E',
      outcome,
      systemId: system.systemId,
      facilityId: system.facilityId,
      patients: [],
      objects: { error: code, ...(claimed === undefined ? {} : { claimed: auditedClaim(claimed) }) },
      reason: [`deny: ${code}`, error.at, error.rule].filter((part) => part !== undefined).join('; '),
    },
  ]
}

/** The same assertion came with another client certificate of the facility: it may have been passed on. */
export function assertionShared(
  exchange: Pick<Exchange, 'id' | 'peer' | 'endpoint'>,
  use: { readonly issuerId: string; readonly certificates: number },
): AuditEvent {
  const alert = `an assertion of issuer ${use.issuerId} was used with ${use.certificates} client certificates`
  return {
    ...placeOf(exchange),
    ...AUTHENTICATION_DECISION,
    action: 'E',
    outcome: 4,
    patients: [],
    objects: { alert },
    reason: alert,
  }
}
