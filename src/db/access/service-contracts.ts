// Contracts of use (利用契約) on PostgreSQL, with the facilities under them (idlink ).

import type pg from 'pg'
import type {
  ContractEnd,
  ServiceContract,
  ServiceContractRecord,
  ServiceContractStore,
} from '../../access/administration/contract-ports.ts'
import type { Change, Changed, Stored } from '../../access/ports.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { changing, outcomeOf, withoutNulls } from './changing.ts'

export function serviceContracts(pool: pg.Pool): ServiceContractStore {
  return {
    serviceContracts: async () =>
      (
        await query<ServiceContractRecord>(
          pool,
          sql`/* contracts of use with their facilities */
            select c.contract_id as "contractId", c.party, c.party_kind as "partyKind", c.applied_on as "appliedOn", c.starts_on as "startsOn",
                   c.ends_on as "endsOn", c.notice_on as "noticeOn", c.end_reason as "endReason", c.recorded_at as "recordedAt",
                   c.recorded_by as "recordedBy",
                   coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('facilityId', f.facility_id, 'validFrom', f.valid_from, 'validTo', f.valid_to))
                                              order by f.valid_from, f.facility_id)
                             from access.service_contract_facility f where f.contract_id = c.contract_id), '[]'::jsonb) as facilities
            from access.service_contract c order by c.contract_id`,
        )
      ).map(withoutNulls),
    addServiceContract: (contract, change) => changing(pool, change, (client) => addContract(client, contract, change)),
    putUnderContract: (placing, change) => changing(pool, change, (client) => place(client, placing)),
    endServiceContract: (contractId, end, change) =>
      changing(pool, change, (client) => endContract(client, { contractId, end }, change)),
  }
}

function addContract(client: Queryable, c: ServiceContract, change: Change): Promise<Stored> {
  return outcomeOf(
    client,
    sql`insert into access.service_contract (contract_id, party, party_kind, applied_on, starts_on, recorded_by)
        values (${c.contractId}, ${c.party}, ${c.partyKind}, ${c.appliedOn}, ${c.startsOn}, ${change.by}) on conflict do nothing`,
    sql`select true as same from access.service_contract
        where contract_id = ${c.contractId} and party = ${c.party} and party_kind = ${c.partyKind} and applied_on = ${c.appliedOn}::date
          and starts_on = ${c.startsOn}::date`,
  )
}

/** The contract is locked: one that was ended takes no facility any more. */
async function place(
  client: Queryable,
  { contractId, facilityId, validFrom }: Parameters<ServiceContractStore['putUnderContract']>[0],
): Promise<Stored | 'missing'> {
  const contract = await queryOne<{ readonly isOpen: boolean }>(
    client,
    sql`/* contract and facility */
      select c.ends_on is null and c.starts_on <= ${validFrom}::date as "isOpen" from access.service_contract c, access.facility f
      where c.contract_id = ${contractId} and f.facility_id = ${facilityId} for no key update of c`,
  )
  if (contract === undefined) return 'missing'
  if (!contract.isOpen) return 'conflict'
  return outcomeOf(
    client,
    sql`insert into access.service_contract_facility (contract_id, facility_id, valid_from) values (${contractId}, ${facilityId}, ${validFrom})
        on conflict do nothing`,
    sql`select true as same from access.service_contract_facility
        where contract_id = ${contractId} and facility_id = ${facilityId} and valid_from = ${validFrom}::date and valid_to is null`,
  )
}

async function endContract(
  client: Queryable,
  { contractId, end }: { readonly contractId: string; readonly end: ContractEnd },
  change: Change,
): Promise<Changed> {
  const found = await queryOne<{ readonly endsOn: string | null; readonly noticeOn: string | null }>(
    client,
    sql`select ends_on as "endsOn", notice_on as "noticeOn" from access.service_contract where contract_id = ${contractId} for update`,
  )
  if (found === undefined) return 'missing'
  if (found.endsOn !== null)
    return found.endsOn === end.endsOn && found.noticeOn === end.noticeOn ? 'unchanged' : 'conflict'
  await execute(
    client,
    sql`/* a contract ends */
      update access.service_contract set ends_on = ${end.endsOn}, notice_on = ${end.noticeOn}, end_reason = ${change.reason ?? null},
        ended_at = now(), ended_by = ${change.by} where contract_id = ${contractId}`,
  )
  await execute(
    client,
    sql`update access.service_contract_facility set valid_to = greatest(valid_from, ${end.endsOn}::date) where contract_id = ${contractId} and valid_to is null`,
  )
  return 'changed'
}
