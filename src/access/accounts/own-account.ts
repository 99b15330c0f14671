// What persons do with their own account: an own password, a second factor; each gives a new session (security e.36: fixation).

import type { Change } from '../ports.ts'
import type { Hasher, PasswordHash } from './hasher.ts'
import { isSame } from './hasher.ts'
import { judged } from './login.ts'
import {
  enrolment,
  newAccessCode,
  newRecoveryCodes,
  newSecret,
  newSession,
  recoveryDigest,
  sessionDigest,
  stepOf,
} from './one-time.ts'
import { HISTORY, likeFormer, type PasswordFault, passwordFault } from './password-rules.ts'
import type { AccountPorts, OpenedSession, OwnAccount } from './ports.ts'

export interface OwnSession {
  readonly staffId: string
  readonly secondFactor: boolean
  readonly address: string
  readonly peer: string
}

export type PasswordChanged =
  | { readonly kind: 'changed'; readonly session: string }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'wrong password' }
  | { readonly kind: 'fault'; readonly fault: PasswordFault }

/** @throws {IheError} BUSY when too many derivations wait. */
export async function changePassword(
  asked: { readonly current: string; readonly next: string; readonly own: OwnSession; readonly change: Change },
  ports: AccountPorts,
): Promise<PasswordChanged> {
  const { accounts, hasher } = ports
  const { current, next, own, change } = asked
  const account = await accounts.own(own.staffId)
  if (account === undefined) return { kind: 'wrong password' }
  // A stolen session must not be where passwords are guessed.
  const guarded = { user: own.staffId, address: own.address }
  const waitMs = await accounts.claimAttempt(guarded)
  if (waitMs > 0) return { kind: 'wait', seconds: Math.ceil(waitMs / 1000) }
  if (!(await judged(guarded, accounts, () => hasher.verify(current, account.password)))) {
    const whose = account.facilityId === undefined ? {} : { facilityId: account.facilityId }
    const reason = 'wrong password at its change'
    await accounts.recordFailure({ staffId: own.staffId, ...whose, peer: own.peer, reason })
    return { kind: 'wrong password' }
  }
  await accounts.settleAttempt(guarded, 'succeeded')
  const secondFactor = account.secondFactor === undefined ? 'none' : 'in use'
  const fault = passwordFault(next, { words: namesOf(account, ports), secondFactor })
  if (fault !== undefined) return { kind: 'fault', fault }
  if (likeFormer(next, current)) return { kind: 'fault', fault: { fault: 'like the former' } }
  const hash = await hasher.hash(next, account.password.salt)
  if (await wasUsed(next, hash, { account, hasher })) return { kind: 'fault', fault: { fault: 'used before' } }
  const { session, opened } = renewed(own)
  const isSet = await accounts.setPassword(opened, { made: hash, replaces: account.password }, change)
  return isSet ? { kind: 'changed', session } : { kind: 'wrong password' }
}

/** What names the person, also as it would be typed in Latin letters. */
function namesOf({ words }: OwnAccount, { reading }: AccountPorts): readonly string[] {
  const parts = words.flatMap((word) => [word, ...word.split(/\s+/u)])
  return [...parts, ...parts.map(reading)]
}

/** Former digests have the account's salt: one derivation answers for all that were made at the same cost. */
async function wasUsed(
  next: string,
  made: PasswordHash,
  { account, hasher }: { readonly account: OwnAccount; readonly hasher: Hasher },
): Promise<boolean> {
  for (const former of account.former.slice(0, HISTORY)) {
    const isAlike = former.n === made.n && former.r === made.r && former.p === made.p && isSame(former.salt, made.salt)
    if (isAlike ? isSame(former.hash, made.hash) : await hasher.verify(next, former)) return true
  }
  return false
}

function renewed({ staffId, peer, secondFactor }: OwnSession): {
  readonly session: string
  readonly opened: OpenedSession
} {
  const session = newSession()
  return { session, opened: { staffId, peer, secondFactor, digest: sessionDigest(session) } }
}

/** A new secret, shown once; it counts when a code of it was shown. Undefined where one is in use: that is the administrator's to take back. */
export async function beginSecondFactor(
  staffId: string,
  { accounts }: AccountPorts,
): Promise<{ readonly secret: string; readonly uri: string } | undefined> {
  const secret = newSecret()
  const begun = await accounts.beginSecondFactor(staffId, secret)
  return begun === 'confirmed' ? undefined : enrolment(secret, staffId)
}

export async function confirmSecondFactor(
  asked: { readonly code: string; readonly own: OwnSession; readonly change: Change },
  ports: AccountPorts,
): Promise<{ readonly session: string; readonly recoveryCodes: readonly string[] } | 'not begun' | 'wrong code'> {
  const { accounts, now } = ports
  const { code, own, change } = asked
  const secret = await accounts.unconfirmedSecret(own.staffId)
  if (secret === undefined) return 'not begun'
  const step = stepOf(code, secret, now())
  if (step === undefined) return 'wrong code'
  const recoveryCodes = newRecoveryCodes()
  const digests = recoveryCodes.map((one) => recoveryDigest(own.staffId, one))
  const { session, opened } = renewed({ ...own, secondFactor: true })
  const isConfirmed = await accounts.confirmSecondFactor(opened, { step, recoveryCodes: digests }, change)
  return isConfirmed ? { session, recoveryCodes } : 'not begun'
}

/** For the first log-on, and after a password was lost: the former one opens nothing any more. */
export async function giveAccessCode(
  asked: { readonly staffId: string; readonly secondFactor: 'keep' | 'reset'; readonly change: Change },
  { accounts, hasher }: AccountPorts,
): Promise<string | 'missing' | 'conflict'> {
  const code = newAccessCode()
  const { staffId, secondFactor, change } = asked
  const salt = (await accounts.own(staffId))?.password.salt
  const given = await accounts.giveAccessCode(staffId, await hasher.hash(code, salt), { ...change, secondFactor })
  return given === 'given' ? code : given
}
