// Accounts of staff on PostgreSQL: passwords, second factors, access codes (port of src/access/accounts/ports.ts).

import type { PasswordHash } from '../../access/accounts/hasher.ts'
import { HISTORY } from '../../access/accounts/password-rules.ts'
import type { AccountStore, LoginAccount, OwnAccount } from '../../access/accounts/ports.ts'
import type { StaffRole } from '../../model/user.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordChange, recordLogin } from '../staff-change.ts'
import { loginGuard, nameSubject } from './login-guard.ts'
import { type AccountOptions, forgetSecondFactor, secondFactors } from './second-factors.ts'
import { accountIsOpen, endSessions, insertSession, personIsOpen, sessionStore } from './sessions.ts'
import { keep } from './staff.ts'

/** Days for which an access code can be used. */
const ACCESS_CODE_DAYS = 7

export function createAccountStore(options: AccountOptions): AccountStore {
  const { pool, idleMinutes } = options
  return {
    ...loginGuard(pool),
    ...sessionStore(pool, idleMinutes),
    ...passwords(options),
    ...secondFactors(options),
    // One statement whoever tried: nothing shall take longer for a name that somebody has.
    recordFailure: ({ staffId, facilityId, peer, reason }) =>
      recordLogin(pool, {
        by: staffId === undefined ? 'unknown user' : `staff:${staffId}`,
        peer,
        act: 'login',
        reason,
        outcome: 4,
        ...(facilityId === undefined ? {} : { facilityId }),
      }),
    unlock: (staffId, change) =>
      transaction(pool, async (client) => {
        if ((await execute(client, sql`select from access.staff where staff_id = ${staffId} for no key update`)) === 0)
          return 'missing'
        const lifted = await execute(
          client,
          sql`/* unlock a name */ delete from access.login_guard where subject = ${nameSubject(staffId)}`,
        )
        if (lifted === 0) return 'unchanged'
        await keep(client, staffId, change)
        return 'changed'
      }),
    setIdleMinutes: (facilityId, minutes, change) =>
      transaction(pool, async (client) => {
        if (
          (await execute(
            client,
            sql`select from access.facility where facility_id = ${facilityId} for no key update`,
          )) === 0
        )
          return 'missing'
        const set = await execute(
          client,
          sql`/* idle minutes of a facility */ update access.facility set idle_minutes = ${minutes}::smallint
            where facility_id = ${facilityId} and idle_minutes is distinct from ${minutes}::smallint`,
        )
        if (set === 0) return 'unchanged'
        const { by, peer, operation } = change
        await recordChange(client, { by, peer, operation, patients: [] })
        return 'changed'
      }),
    idleMinutes: async (facilityId) => {
      const row = await queryOne<{ readonly idle_minutes: number | null }>(
        pool,
        sql`/* idle minutes of a facility */ select idle_minutes from access.facility where facility_id = ${facilityId}`,
      )
      if (row === undefined) return undefined
      return row.idle_minutes === null
        ? { minutes: idleMinutes, origin: 'network' }
        : { minutes: row.idle_minutes, origin: 'facility' }
    },
  }
}

interface HashRow {
  readonly hash: Buffer
  readonly cost_n: number
  readonly block_r: number
  readonly parallel_p: number
}

interface AccountRow extends HashRow {
  readonly staff_id: string
  readonly facility_id: string | null
  readonly is_open: boolean
  readonly kind: LoginAccount['kind']
  readonly salt: Buffer
  readonly secret: Buffer | null
  readonly key_id: string | null
  readonly roles: readonly StaffRole[]
  readonly words: readonly (string | null)[]
}

function hashOf({ hash, cost_n: n, block_r: r, parallel_p: p }: HashRow, salt: Buffer): PasswordHash {
  return { salt, hash, n, r, p }
}

async function findAccount(
  { pool, box }: AccountOptions,
  staffId: string,
): Promise<Omit<OwnAccount, 'former'> | undefined> {
  const row = await queryOne<AccountRow>(
    pool,
    sql`/* account of a log-on */
      select a.staff_id, s.facility_id, ${personIsOpen()} and ${accountIsOpen()} as is_open, a.kind, a.salt, a.hash, a.cost_n, a.block_r, a.parallel_p,
             f2.secret, f2.key_id, s.roles,
             array[s.staff_id, s.name, s.name_kana, f.facility_id, f.name, f.name_kana, f.code] as words
      from access.account a
      join access.staff s using (staff_id)
      left join access.facility f on f.facility_id = s.facility_id
      left join access.second_factor f2 on f2.staff_id = a.staff_id and f2.confirmed_at is not null
      where a.staff_id = ${staffId}`,
  )
  if (row === undefined) return undefined
  const { facility_id: facilityId, secret, key_id: keyId } = row
  return {
    staffId: row.staff_id,
    ...(facilityId === null ? {} : { facilityId }),
    isOpen: row.is_open,
    password: hashOf(row, row.salt),
    kind: row.kind,
    ...(secret === null || keyId === null ? {} : { secondFactor: { secret: box.open(secret, keyId, staffId) } }),
    roles: row.roles,
    words: row.words.filter((word) => word !== null),
  }
}

function passwords(options: AccountOptions): Pick<AccountStore, 'find' | 'own' | 'setPassword' | 'giveAccessCode'> {
  const { pool } = options
  return {
    find: (user) => findAccount(options, user),
    own: async (staffId) => {
      const account = await findAccount(options, staffId)
      if (account === undefined) return undefined
      const former = await query<HashRow>(
        pool,
        sql`/* former passwords */ select hash, cost_n, block_r, parallel_p from access.former_password
          where staff_id = ${staffId} order by former_id desc limit ${HISTORY}`,
      )
      const { salt } = account.password
      const current = account.kind === 'own' ? [account.password] : []
      return { ...account, former: [...current, ...former.map((row) => hashOf(row, salt))] }
    },
    setPassword: (session, { made, replaces }, change) =>
      transaction(pool, async (client) => {
        const { staffId } = session
        const there = await queryOne(
          client,
          sql`/* is it still the password that is replaced? */
            select from access.account where staff_id = ${staffId} and hash = ${replaces.hash} for no key update`,
        )
        if (there === undefined) return false
        await keepFormer(client, staffId)
        const { hash, n, r, p } = made
        await execute(
          client,
          sql`/* an own password */ update access.account
            set kind = 'own', hash = ${hash}, cost_n = ${n}, block_r = ${r}, parallel_p = ${p}, set_at = now(), ends_at = null
            where staff_id = ${staffId}`,
        )
        await endSessions(client, staffId, 'password changed')
        await insertSession(client, session)
        await keep(client, staffId, change)
        return true
      }),
    giveAccessCode: (staffId, password, { secondFactor, ...change }) =>
      transaction(pool, async (client) => {
        const person = await queryOne<{ readonly status: string }>(
          client,
          sql`/* whose access code? */ select status from access.staff where staff_id = ${staffId} for no key update`,
        )
        if (person === undefined) return 'missing'
        if (person.status === 'ended') return 'conflict'
        if (!(await putAccessCode(client, staffId, password))) return 'conflict'
        if (secondFactor === 'reset') await forgetSecondFactor(client, staffId)
        await execute(
          client,
          sql`/* unlock a name */ delete from access.login_guard where subject = ${nameSubject(staffId)}`,
        )
        await endSessions(client, staffId, 'access code given')
        await keep(client, staffId, change)
        return 'given'
      }),
  }
}

/** The own password that is replaced is compared with the next ones; of all former ones, only so many. */
async function keepFormer(client: Queryable, staffId: string): Promise<void> {
  await execute(
    client,
    sql`/* the password that is replaced */
      insert into access.former_password (staff_id, hash, cost_n, block_r, parallel_p)
      select staff_id, hash, cost_n, block_r, parallel_p from access.account where staff_id = ${staffId} and kind = 'own'`,
  )
  await execute(
    client,
    sql`/* only so many former ones are compared */
      delete from access.former_password where former_id in (
        select former_id from access.former_password where staff_id = ${staffId} order by former_id desc offset ${HISTORY})`,
  )
}

/** False when it was made under another salt: the account's stays, since the former passwords are compared under it. */
async function putAccessCode(client: Queryable, staffId: string, given: PasswordHash): Promise<boolean> {
  const { salt, hash, n, r, p } = given
  await keepFormer(client, staffId)
  const put = await execute(
    client,
    sql`/* an access code */
      insert into access.account (staff_id, kind, salt, hash, cost_n, block_r, parallel_p, ends_at)
      values (${staffId}, 'access-code', ${salt}, ${hash}, ${n}, ${r}, ${p}, now() + make_interval(days => ${ACCESS_CODE_DAYS}))
      on conflict (staff_id) do update set kind = excluded.kind, hash = excluded.hash, cost_n = excluded.cost_n, block_r = excluded.block_r,
        parallel_p = excluded.parallel_p, set_at = now(), ends_at = excluded.ends_at, used_at = now()
        where access.account.salt = excluded.salt`,
  )
  return put === 1
}
