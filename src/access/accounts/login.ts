// Logging on: one derivation whatever the name, counted before it is judged, and the same answer for every reason (security e.36, f).

import { newSession, recoveryDigest, sessionDigest, stepOf } from './one-time.ts'
import type { AccountPorts, LoginAccount, Pending, SessionView } from './ports.ts'

export interface LoginRequest {
  readonly user: string
  readonly password: string
  /** Of the authenticator, or a recovery code. */
  readonly code?: string
  readonly address: string
  readonly peer: string
}

export type Login =
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'refused' }
  /** The password was right; the second factor is still to be shown. */
  | { readonly kind: 'code needed' }
  | { readonly kind: 'in'; readonly session: string; readonly view: SessionView }

/** @throws {IheError} BUSY when too many log on at a time. */
export async function login(request: LoginRequest, ports: AccountPorts): Promise<Login> {
  const { accounts, hasher } = ports
  const { user, address, peer, code } = request
  const waitMs = await accounts.claimAttempt({ user, address })
  if (waitMs > 0) return { kind: 'wait', seconds: Math.ceil(waitMs / 1000) }
  const account = await accounts.find(user)
  const isRight = await judged({ user, address }, accounts, () => hasher.verify(request.password, account?.password))
  const known = account === undefined ? {} : whose(account)
  const refused = async (reason: string): Promise<Login> => {
    await accounts.recordFailure({ ...known, peer, reason })
    return { kind: 'refused' }
  }
  if (account === undefined) return refused('unknown user')
  if (!isRight) return refused('wrong password')
  if (!account.isOpen) return refused('the account is closed')
  if (account.secondFactor !== undefined) {
    if (code === undefined || code === '') {
      await accounts.settleAttempt({ user, address }, 'uncounted')
      return { kind: 'code needed' }
    }
    if (!(await takesCode(account, code, ports))) return refused('wrong second factor')
  }
  const session = newSession()
  const digest = sessionDigest(session)
  const { staffId, password, secondFactor } = account
  const isOpened = await accounts.openSession(
    { staffId, digest, peer, secondFactor: secondFactor !== undefined },
    password,
  )
  if (!isOpened) return refused('the password was replaced meanwhile')
  await accounts.settleAttempt({ user, address }, 'succeeded')
  const view = await accounts.session(digest)
  // Suspended in between.
  return view === undefined ? { kind: 'refused' } : { kind: 'in', session, view }
}

/**
 * Who was not judged did not fail: else a flood of attempts would lock those out who come in between.
 * @throws {IheError} BUSY when too many derivations wait.
 */
export async function judged<T>(
  guarded: Pick<LoginRequest, 'user' | 'address'>,
  accounts: Pick<AccountPorts['accounts'], 'settleAttempt'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await accounts.settleAttempt(guarded, 'uncounted')
    throw error
  }
}

function whose({ staffId, facilityId }: LoginAccount) {
  return { staffId, ...(facilityId === undefined ? {} : { facilityId }) }
}

async function takesCode(
  { staffId, secondFactor }: LoginAccount,
  code: string,
  { accounts, now }: AccountPorts,
): Promise<boolean> {
  if (secondFactor === undefined) return false
  const step = stepOf(code, secondFactor.secret, now())
  if (step !== undefined) return accounts.takeStep(staffId, step)
  return accounts.takeRecoveryCode(staffId, recoveryDigest(staffId, code))
}

/** Roles count for nothing until the account is in order. */
export function isReady(pending: readonly Pending[]): boolean {
  return pending.length === 0
}
