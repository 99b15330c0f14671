// Persons of the demo network, entered and logged on as anybody would be: the host enters the administrator of a facility, who enters the others.
// Their passwords are made here, at the first start, and written where only the server's own user reads them.

import { randomBytes } from 'node:crypto'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import type { Config } from '../../config/config.ts'
import { type AdminClient, createAdminClient, isObject, rowsOf, textOf } from '../admin-client.ts'
import { given, segment } from '../admin-command.ts'
import { RefusedError } from '../failure.ts'
import { localAddresses } from '../running-server.ts'
import type { DemoPerson } from './network.ts'
import type { DemoRun } from './run.ts'

/** File with the password of a person; the secret of the authenticator stands beside it, as `.totp`. */
export function loginFile(config: Config, staffId: string): string {
  return join(config.dataDir, 'config', 'demo-logins', staffId)
}

/** Whoever is there with a file, or was there before this start, is left as the operator wants it. */
export async function loadPeople(run: DemoRun, time: 'first' | 'again'): Promise<void> {
  const known = new Set(rowsOf((await run.admin.get('/staff')).body).map(({ staffId }) => textOf(staffId)))
  for (const person of run.network.people) {
    const isKnown = known.has(person.staffId)
    if (isKnown && (time === 'again' || (await isThere(loginFile(run.server.config, person.staffId))))) continue
    const by = await administratorOf(run, person)
    if (!isKnown) await by.post('/staff', given({ ...person }))
    const session = await bringInOrder(run, person, by)
    // Whoever logs on next shall not be told of somebody else.
    await Promise.all([by === run.admin ? undefined : by.post('/logout', {}), session.post('/logout', {})])
    run.say(`${person.staffId} ${person.name}`)
  }
}

/** An account with an own password, and with an authenticator for an administrator. The file with the password is written last. */
async function bringInOrder(run: DemoRun, { staffId, roles }: DemoPerson, by: AdminClient): Promise<AdminClient> {
  const reason = 'デモ用'
  const issued = await by.post(`/staff/${segment(staffId)}/access-code`, { reason, secondFactor: 'reset' })
  const accessCode = member(issued.body, 'accessCode')
  const file = loginFile(run.server.config, staffId)
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 })
  const first = member(
    (await clientOf(run, '').post('/login', { user: staffId, password: accessCode })).body,
    'session',
  )
  // A letter and a digit are always in it.
  const password = `k7-${randomBytes(12).toString('hex')}`
  const changed = await clientOf(run, first).post('/me/password', { current: accessCode, next: password })
  let client = clientOf(run, member(changed.body, 'session'))
  if (roles.includes('facility-administrator')) {
    const secret = member((await client.post('/me/second-factor', {})).body, 'secret')
    // The code before this one, so that the present one is left for a log-on.
    const confirmed = await client.post('/me/second-factor/confirm', { oneTimeCode: codeOf(secret, -1) })
    client = clientOf(run, member(confirmed.body, 'session'))
    await writeFile(`${file}.totp`, `${secret}\n`, { mode: 0o600 })
  }
  await writeFile(file, `${password}\n`, { mode: 0o600 })
  return client
}

async function administratorOf(run: DemoRun, { facilityId, roles }: DemoPerson): Promise<AdminClient> {
  if (roles.includes('facility-administrator')) return run.admin
  const administrator = run.network.people.find(
    (person) => person.facilityId === facilityId && person.roles.includes('facility-administrator'),
  )
  if (administrator === undefined) throw new Error(`nobody of the demo network enters the staff of ${facilityId}`)
  const file = loginFile(run.server.config, administrator.staffId)
  const [password, secret] = await Promise.all(
    [file, `${file}.totp`].map(async (path) => (await readFile(path, 'utf8')).trim()),
  )
  const code = codeOf(secret ?? '', 0)
  const body = { user: administrator.staffId, password, oneTimeCode: code }
  return clientOf(run, member((await clientOf(run, '').post('/login', body)).body, 'session'))
}

function clientOf({ server }: DemoRun, token: string): AdminClient {
  return createAdminClient({ baseUrl: localAddresses(server).managementUrl, token })
}

/** @param step from now, of 30 seconds. */
function codeOf(secret: string, step: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + step * 30_000 })
}

function member(body: unknown, name: string): string {
  const text = textOf(isObject(body) ? body[name] : undefined)
  if (text === '') throw new RefusedError(`the answer of the server has no ${name}`)
  return text
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
