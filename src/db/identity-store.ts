// The identity store on PostgreSQL: persons, identifiers and their history in one transaction with audit and journal (design §2, §3).

import type pg from 'pg'
import type {
  ClaimResult,
  ExchangeRecord,
  HistoryEntry,
  IdentityStore,
  IdentityTransaction,
  MessageClaim,
  NewIdentifier,
} from '../identity/ports.ts'
import type { Caller } from '../model/caller.ts'
import { formatCx } from '../model/identifiers.ts'
import { type IdentifierRow, identifierColumns, identityReads, toIdentifier } from './identity/reads.ts'
import { mergePatients, type SwapPatientId } from './patient-merge.ts'
import { transaction } from './pool.ts'
import { execute, query, queryOne, sql } from './sql.ts'
import { recordChange } from './staff-change.ts'

/** Journal and audit writing within the transaction, and the form of stored fragments: handed in by the composition root. */
export interface ExchangeWriter {
  readonly claim: (client: pg.ClientBase, claim: MessageClaim) => Promise<ClaimResult>
  readonly complete: (client: pg.ClientBase, claim: MessageClaim, response: unknown) => Promise<void>
  readonly record: (client: pg.ClientBase, caller: Caller, record: ExchangeRecord) => Promise<void>
  readonly swapPatientId: SwapPatientId
}

/**
 * The store on `pool`. Transactions are READ COMMITTED: rows are locked in the order of domain and value, and the primary key
 * of identity.identifier decides between concurrent adds.
 */
export function createIdentityStore(pool: pg.Pool, exchange: ExchangeWriter): IdentityStore {
  return {
    ...identityReads(pool),
    inTransaction: (work) => transaction(pool, (client) => work(identityTransaction(client, exchange))),
  }
}

function identityTransaction(client: pg.ClientBase, exchange: ExchangeWriter): IdentityTransaction {
  return {
    ...identityReads(client),
    ...identifierWrites(client),
    claim: (claim) => exchange.claim(client, claim),
    complete: (claim, response) => exchange.complete(client, claim, response),
    recordExchange: (caller, record) => exchange.record(client, caller, record),
    addHistory: (entries) => addHistory(client, entries),
    // Nobody can subscribe yet: there is nothing to write.
    announce: async () => {},
    recordStaffChange: ({ patients, ...change }) =>
      recordChange(client, { ...change, patients: patients.map(formatCx) }),
    merge: (change) => mergePatients(client, change, exchange.swapPatientId),
    async lockPersons(persons) {
      await execute(
        client,
        sql`/* lock persons in one order */ select from identity.person where person_key = any(${persons}::bigint[])
            order by person_key for update`,
      )
    },
    async hasDocuments(person, facilityId) {
      await execute(
        client,
        sql`/* lock a person */ select from identity.person where person_key = ${person} for update`,
      )
      const found = await queryOne<{ readonly there: boolean }>(
        client,
        sql`/* are documents registered for a person? */
          select exists (select from registry.document_entry where person_key = ${person} and publisher = ${facilityId}) as there`,
      )
      return found?.there === true
    },
    async addDomain({ oid, name, kind, facilityId }) {
      await execute(
        client,
        sql`insert into identity.domain (oid, name, kind, facility_id)
          values (${oid}, ${name}, ${kind}, ${facilityId ?? null}) on conflict (oid) do nothing`,
      )
    },
    async addPerson() {
      const row = await queryOne<{ readonly person_key: string }>(
        client,
        sql`insert into identity.person default values returning person_key`,
      )
      if (row === undefined) throw new Error('insert returned no row')
      return row.person_key
    },
  }
}

type IdentifierWrites = Pick<
  IdentityTransaction,
  'lockIdentifiers' | 'addIdentifier' | 'replaceDemographics' | 'moveIdentifier' | 'makeObsolete'
>

function identifierWrites(client: pg.ClientBase): IdentifierWrites {
  return {
    async lockIdentifiers(ids) {
      const rows = await query<IdentifierRow>(
        client,
        sql`select ${identifierColumns()} from identity.identifier i
          join unnest(${ids.map((id) => id.authority)}::text[], ${ids.map((id) => id.value)}::text[]) as wanted (domain, value)
            on i.domain = wanted.domain and i.value = wanted.value
          order by i.domain, i.value for update of i`,
      )
      return rows.map(toIdentifier)
    },
    addIdentifier: (identifier) => addIdentifier(client, identifier),
    async replaceDemographics(id, demographics, received) {
      await execute(
        client,
        sql`update identity.identifier
          set demographics = ${JSON.stringify(demographics)}, received = ${received ?? null}, updated_at = now()
          where domain = ${id.authority} and value = ${id.value}`,
      )
    },
    async moveIdentifier(id, to) {
      await execute(
        client,
        sql`update identity.identifier set person_key = ${to}, second = false, updated_at = now()
          where domain = ${id.authority} and value = ${id.value}`,
      )
    },
    async makeObsolete(id) {
      await execute(
        client,
        sql`update identity.identifier set status = 'obsolete', updated_at = now()
          where domain = ${id.authority} and value = ${id.value}`,
      )
    },
  }
}

/** A conflict with either unique index is the caller's to solve; waits for a concurrent transaction that holds the key. */
async function addIdentifier(client: pg.ClientBase, identifier: NewIdentifier): Promise<boolean> {
  const { id, person, demographics, received } = identifier
  const added = await execute(
    client,
    sql`insert into identity.identifier (domain, value, person_key, demographics, received)
      values (${id.authority}, ${id.value}, ${person}, ${json(demographics)}, ${received ?? null})
      on conflict do nothing`,
  )
  return added === 1
}

async function addHistory(client: pg.ClientBase, entries: readonly HistoryEntry[]): Promise<void> {
  for (const entry of entries) {
    await execute(
      client,
      sql`insert into identity.identifier_history
          (domain, value, event, by, reason, person_key, former_person_key, demographics, received)
        values (${entry.id.authority}, ${entry.id.value}, ${entry.event}, ${entry.by}, ${entry.reason}, ${entry.person},
          ${entry.formerPerson ?? null}, ${json(entry.demographics)}, ${entry.received ?? null})`,
    )
  }
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
