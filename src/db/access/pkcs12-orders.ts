// Orders of PKCS#12 on PostgreSQL: a code is used once, and the certificate registered, in one transaction (security: issuing).

import type pg from 'pg'
import type { OpenOrder, Pkcs12Order, Pkcs12Store } from '../../access/certificates/pkcs12.ts'
import type { RenewalFault } from '../../access/certificates/ports.ts'
import { renewalFault } from '../../access/certificates/renewal.ts'
import type { Change } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, queryOne, sql } from '../sql.ts'
import { recordCredentialChange } from '../staff-change.ts'
import { withoutNulls } from './changing.ts'
import { createIssuingStore, findReplaceable, registerIssued } from './issuing.ts'

const MAX_FAILURES = 5

export function createPkcs12Store(pool: pg.Pool): Pkcs12Store {
  return {
    facilityOf: createIssuingStore(pool).facilityOf,
    add: (order, change) => transaction(pool, (client) => add(client, order, change)),
    open: (given) => transaction(pool, (client) => open(client, given)),
    complete: (orderId, certificate, change) =>
      transaction(pool, async (client) => {
        const { fingerprint } = certificate.certificate
        // The order is locked until the certificate is registered: of two who fetch at once, one gets it.
        const taken = await execute(
          client,
          sql`update access.pkcs12_order set fetched_at = now() where order_id = ${orderId} and fetched_at is null and failures < ${MAX_FAILURES}`,
        )
        if (taken === 0) return 'gone'
        const registered = await registerIssued(client, certificate, change)
        if (registered === 'registered')
          await execute(
            client,
            sql`update access.pkcs12_order set fingerprint = ${fingerprint} where order_id = ${orderId}`,
          )
        else await execute(client, sql`update access.pkcs12_order set fetched_at = null where order_id = ${orderId}`)
        return registered
      }),
  }
}

/** What may not be replaced is told now, not when the file is fetched. */
async function add(client: Queryable, order: Pkcs12Order, change: Change): Promise<'added' | RenewalFault> {
  const { replaces, systemId, earlyBecause } = order
  const early = earlyBecause === undefined ? {} : { earlyBecause }
  const fault =
    replaces === undefined
      ? undefined
      : renewalFault(await findReplaceable(client, replaces), {
          fingerprint: replaces,
          systemId,
          now: new Date(),
          ...early,
        })
  if (fault !== undefined) return fault
  await execute(
    client,
    sql`insert into access.pkcs12_order (system_id, code_hash, password_hash, days, terminal, replaces, early_because, form, ordered_by, expires_at)
        values (${order.systemId}, ${order.codeHash}, ${order.passwordHash}, ${order.days}, ${order.terminal ?? null}, ${order.replaces ?? null},
                ${order.earlyBecause ?? null}, ${order.form}, ${change.by}, ${order.expiresAt})`,
  )
  await recordCredentialChange(client, { ...change, patients: [] })
  return 'added'
}

/** The hashes are of secrets that nobody can guess, so that comparing them by index tells nothing about them. */
async function open(
  client: Queryable,
  { codeHash, passwordHash, now }: { readonly codeHash: string; readonly passwordHash: string; readonly now: Date },
): Promise<OpenOrder | undefined> {
  const found = await queryOne<OpenOrder & { readonly passwordHash: string }>(
    client,
    sql`/* order of a PKCS#12 */
      select order_id as "orderId", system_id as "systemId", days, terminal, replaces, early_because as "earlyBecause", form,
             password_hash as "passwordHash"
      from access.pkcs12_order
      where code_hash = ${codeHash} and fetched_at is null and expires_at > ${now} and failures < ${MAX_FAILURES}
      for update`,
  )
  if (found === undefined) return undefined
  const { passwordHash: expected, ...order } = found
  if (expected === passwordHash) return withoutNulls(order)
  await execute(client, sql`update access.pkcs12_order set failures = failures + 1 where order_id = ${order.orderId}`)
  return undefined
}
