// Our revocation lists on PostgreSQL: what has to be listed, and what was signed (RFC 5280, 5).

import type pg from 'pg'
import type { RevocationListStore, RevokedEntry, SignedList } from '../../access/certificates/revocation-list.ts'
import { transaction } from '../pool.ts'
import { execute, query, queryOne, sql } from '../sql.ts'
import { takeUpRevocations } from './certificates.ts'

export function createRevocationListStore(pool: pg.Pool): RevocationListStore {
  return {
    entries: (issuer, endedSince) =>
      query<RevokedEntry>(
        pool,
        sql`/* revoked and suspended certificates of an issuer */
          select serial, status_since as since,
                 case when status = 'suspended' then 'certificateHold' else coalesce(revoke_reason, 'unspecified') end as reason
          from access.client_certificate
          where issuer = ${issuer} and status <> 'active' and not_after > ${endedSince}
          order by serial`,
      ),
    newest: async (authority) => {
      const row = await queryOne<Omit<SignedList, 'number'> & { readonly number: string }>(
        pool,
        sql`/* newest revocation list */
          select number, entries_hash as "entriesHash", entries, this_update as "thisUpdate", next_update as "nextUpdate", der
          from access.revocation_list where authority = ${authority} order by number desc limit 1`,
      )
      return row === undefined ? undefined : { ...row, number: BigInt(row.number) }
    },
    add: async (authority, list) => {
      const added = await execute(
        pool,
        sql`insert into access.revocation_list (authority, number, entries_hash, entries, this_update, next_update, der)
            values (${authority}, ${String(list.number)}, ${list.entriesHash}, ${list.entries}, ${list.thisUpdate}, ${list.nextUpdate}, ${list.der})
            on conflict do nothing`,
      )
      return added === 1 ? 'added' : 'taken'
    },
    takeUp: (issuer, list) => transaction(pool, (client) => takeUpRevocations(client, issuer, list)),
  }
}
