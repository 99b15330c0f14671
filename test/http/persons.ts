// Persons of an admin API under test: entered by whoever may, logged on with password and authenticator, as people do it.

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Secret, TOTP } from 'otpauth'
import type { StaffRole } from '../../src/model/user.ts'

export interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Calls the admin API; without `session` as the host. */
export type Call = (
  method: string,
  path: string,
  given?: { readonly body?: unknown; readonly session?: string },
) => Promise<Answered>

export interface NewPerson {
  readonly staffId: string
  readonly facilityId?: string
  readonly roles: readonly StaffRole[]
  readonly job?: string
  readonly name?: string
  readonly mayUseEms?: boolean
}

export interface Person {
  readonly staffId: string
  readonly password: string
  readonly session: string
  /** Absent without a second factor. */
  readonly secret?: string
  readonly recoveryCodes: readonly string[]
}

export function newPassword(): string {
  return `x7-${randomBytes(12).toString('hex')}`
}

/** @param step counted from now: a code is taken once, so the next log-on within half a minute shows the next one. */
export function codeOf(secret: string, step = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + step * STEP_MS })
}

const STEP_MS = 30_000
const NEAR_END_MS = 4000

/** The code before the present one is taken for as long as the present one lasts: near its end, the next one is waited for. */
export async function amidStep(): Promise<void> {
  const leftMs = STEP_MS - (Date.now() % STEP_MS)
  if (leftMs < NEAR_END_MS) await delay(leftMs)
}

function expectStatus(answer: Answered, status: number, what: string): Answered {
  if (answer.status !== status) throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer
}

/** Enters a person and brings the account in order: own password, and an authenticator where `secondFactor` says so. */
export async function enterPerson(
  call: Call,
  person: NewPerson,
  options: { readonly by?: string; readonly secondFactor?: boolean } = {},
): Promise<Person> {
  const by = options.by === undefined ? {} : { session: options.by }
  const { staffId } = person
  const body = { job: 'clerk', name: `試験 ${staffId}`, ...person }
  expectStatus(await call('POST', '/staff', { body, ...by }), 201, 'enter')
  const reason = 'test'
  const given = await call('POST', `/staff/${staffId}/access-code`, { body: { reason }, ...by })
  const accessCode = String(expectStatus(given, 201, 'access code').body.accessCode)
  return firstLogin(call, { staffId, accessCode, secondFactor: options.secondFactor ?? needsOne(person.roles) })
}

function needsOne(roles: readonly StaffRole[]): boolean {
  return roles.includes('network-operator') || roles.includes('facility-administrator')
}

export async function firstLogin(
  call: Call,
  given: { readonly staffId: string; readonly accessCode: string; readonly secondFactor: boolean },
): Promise<Person> {
  const { staffId, accessCode } = given
  const entered = await call('POST', '/login', { body: { user: staffId, password: accessCode } })
  const first = String(expectStatus(entered, 200, 'first log-on').body.session)
  const password = newPassword()
  const changed = await call('POST', '/me/password', { body: { current: accessCode, next: password }, session: first })
  const session = String(expectStatus(changed, 200, 'own password').body.session)
  if (!given.secondFactor) return { staffId, password, session, recoveryCodes: [] }
  const begun = expectStatus(await call('POST', '/me/second-factor', { session }), 200, 'second factor')
  const secret = String(begun.body.secret)
  await amidStep()
  const confirmed = await call('POST', '/me/second-factor/confirm', {
    body: { oneTimeCode: codeOf(secret, -1) },
    session,
  })
  const { session: next, recoveryCodes } = expectStatus(confirmed, 200, 'confirm').body
  return { staffId, password, session: String(next), secret, recoveryCodes: recoveryCodes as readonly string[] }
}
