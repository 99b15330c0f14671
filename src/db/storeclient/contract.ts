// StoreClient contracts of facilities on PostgreSQL: every change a row, the newest in force (port of src/storeclient/contract.ts).

import type pg from 'pg'
import { DEFAULT_CONTRACT } from '../../model/caller.ts'
import {
  type ContractRecord,
  type ContractStore,
  changedContract,
  sameContract,
} from '../../storeclient/contract/contract.ts'
import { contractColumn } from '../access-store.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'

export function createContractStore(pool: pg.Pool): ContractStore {
  return {
    history: async (facilityId) => {
      const there = await queryOne(pool, sql`select from access.facility where facility_id = ${facilityId}`)
      return there === undefined ? undefined : history(pool, facilityId)
    },
    set: (facilityId, change, { by, peer, reason }) =>
      transaction(pool, async (client) => {
        const there = await queryOne(
          client,
          sql`select from access.facility where facility_id = ${facilityId} for no key update`,
        )
        if (there === undefined) return 'missing'
        const former = (await history(client, facilityId))[0] ?? DEFAULT_CONTRACT
        const contract = changedContract(termsOf(former), change)
        if (sameContract(contract, former)) return 'unchanged'
        await execute(
          client,
          sql`/* StoreClient contract */
            insert into access.storeclient_contract (facility_id, kinds, unlinked, shrink_guard, quota_bytes, set_by, reason)
            values (${facilityId}, ${contract.kinds === 'all' ? null : contract.kinds}, ${contract.unlinked}, ${contract.shrinkGuard},
                    ${contract.quotaBytes ?? null}, ${by}, ${reason ?? null})`,
        )
        const terms = JSON.stringify(contract)
        const alert = `StoreClient contract of ${facilityId}: ${terms}`
        const operation = `${alert}${reason === undefined ? '' : ` (${reason})`}`
        await recordChange(client, { by, peer, operation, alert, patients: [] })
        return 'changed'
      }),
  }
}

function termsOf({ kinds, unlinked, shrinkGuard, quotaBytes }: ContractRecord) {
  return { kinds, unlinked, shrinkGuard, ...(quotaBytes === undefined ? {} : { quotaBytes }) }
}

async function history(client: Queryable, facilityId: string): Promise<readonly ContractRecord[]> {
  const rows = await query<{ readonly contract: ContractRecord }>(
    client,
    sql`/* StoreClient contracts of a facility, the newest first */
      select jsonb_strip_nulls(${contractColumn()} || jsonb_build_object('setAt', k.set_at, 'setBy', k.set_by, 'reason', k.reason)) as contract
      from access.storeclient_contract k where k.facility_id = ${facilityId} order by k.contract_id desc`,
  )
  return rows.map(({ contract }) => contract)
}
