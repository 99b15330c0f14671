// Second factors of staff on PostgreSQL: sealed secrets, codes that are taken once, recovery codes (port of src/access/accounts/ports.ts).

import type pg from 'pg'
import type { AccountStore } from '../../access/accounts/ports.ts'
import type { Change } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, queryOne, sql } from '../sql.ts'
import { endSessions, insertSession } from './sessions.ts'
import { keep } from './staff.ts'

/** Seals the secret of a second factor; `boundTo` is the person. */
export interface SecretBox {
  readonly seal: (secret: Buffer, boundTo: string) => { readonly keyId: string; readonly sealed: Buffer }
  /** @throws {Error} when the key is gone or the bytes are not what was sealed. */
  readonly open: (sealed: Buffer, keyId: string, boundTo: string) => Buffer
}

export interface AccountOptions {
  readonly pool: pg.Pool
  readonly box: SecretBox
  /** Of the network. */
  readonly idleMinutes: number
}

export function secondFactors({
  pool,
  box,
}: AccountOptions): Pick<
  AccountStore,
  'takeStep' | 'takeRecoveryCode' | 'beginSecondFactor' | 'unconfirmedSecret' | 'confirmSecondFactor'
> {
  return {
    takeStep: async (staffId, step) =>
      (await execute(
        pool,
        sql`/* a code is taken once */ update access.second_factor set last_step = ${step} where staff_id = ${staffId} and last_step < ${step}`,
      )) === 1,
    takeRecoveryCode: async (staffId, digest) =>
      (await execute(
        pool,
        sql`/* a recovery code is taken once */ update access.recovery_code set used_at = now()
          where staff_id = ${staffId} and hash = ${digest} and used_at is null`,
      )) === 1,
    beginSecondFactor: async (staffId, secret) => {
      const { keyId, sealed } = box.seal(secret, staffId)
      const begun = await execute(
        pool,
        sql`/* a second factor is begun */
          insert into access.second_factor (staff_id, key_id, secret) values (${staffId}, ${keyId}, ${sealed})
          on conflict (staff_id) do update set key_id = excluded.key_id, secret = excluded.secret, begun_at = now(), last_step = 0
            where access.second_factor.confirmed_at is null`,
      )
      return begun === 1 ? 'begun' : 'confirmed'
    },
    unconfirmedSecret: async (staffId) => {
      const row = await queryOne<{ readonly secret: Buffer; readonly key_id: string }>(
        pool,
        sql`/* a second factor that was begun */ select secret, key_id from access.second_factor
          where staff_id = ${staffId} and confirmed_at is null`,
      )
      return row === undefined ? undefined : box.open(row.secret, row.key_id, staffId)
    },
    confirmSecondFactor: (session, { step, recoveryCodes }, change: Change) =>
      transaction(pool, async (client) => {
        const { staffId } = session
        const confirmed = await execute(
          client,
          sql`/* a second factor is in use */ update access.second_factor set confirmed_at = now(), last_step = ${step}
            where staff_id = ${staffId} and confirmed_at is null`,
        )
        if (confirmed === 0) return false
        await execute(
          client,
          sql`/* recovery codes */ insert into access.recovery_code (staff_id, hash)
            select ${staffId}, hash from unnest(${recoveryCodes}::bytea[]) as c (hash)`,
        )
        await endSessions(client, staffId, 'second factor set up')
        await insertSession(client, session)
        await keep(client, staffId, change)
        return true
      }),
  }
}

export async function forgetSecondFactor(client: Queryable, staffId: string): Promise<void> {
  await execute(client, sql`/* recovery codes go */ delete from access.recovery_code where staff_id = ${staffId}`)
  await execute(client, sql`/* the second factor goes */ delete from access.second_factor where staff_id = ${staffId}`)
}
