// The identity store on PostgreSQL: persons, identifiers and their history in one transaction with audit and journal (design §2, §3).

import type pg from 'pg'
import type {
  AnnouncedAs,
  ClaimResult,
  ExchangeRecord,
  HistoryEntry,
  IdentityStore,
  IdentityTransaction,
  KeptAnswer,
  MessageClaim,
  NewDemographics,
  NewIdentifier,
  PersonKey,
  RecordKey,
} from '../identity/ports.ts'
import { searchEntry } from '../identity/search-keys.ts'
import type { Caller } from '../model/caller.ts'
import { formatCx } from '../model/identifiers.ts'
import { addFeatures, keepFeatures, matchingWork } from './identity/matching.ts'
import { type IdentifierRow, identifierColumns, identityReads, toIdentifier } from './identity/reads.ts'
import { closeQuestion, reviewWork } from './identity/reviews.ts'
import { addSearchKeys, replaceSearchKeys } from './identity/search.ts'
import type { FragmentForm } from './merged-objects.ts'
import { mergePatients, moveNumbers } from './patient-merge.ts'
import { undoMerge } from './patient-unmerge.ts'
import { transaction } from './pool.ts'
import { execute, joined, named, query, queryOne, type Statement, sql } from './sql.ts'
import { recordChange } from './staff-change.ts'

/** Journal and audit writing within the transaction, and the form of stored fragments: handed in by the composition root. */
export interface ExchangeWriter extends FragmentForm {
  readonly claim: (client: pg.ClientBase, claim: MessageClaim) => Promise<ClaimResult>
  readonly record: (client: pg.ClientBase, exchange: RecordedExchange) => Promise<void>
  /** Writes what subscribers must hear of these persons. */
  readonly announce: (client: pg.ClientBase, persons: readonly PersonKey[], as: AnnouncedAs) => Promise<void>
}

/** What is written of an exchange when its data are. */
export interface RecordedExchange {
  readonly caller: Caller
  readonly record: ExchangeRecord
  readonly answered: KeptAnswer
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

export function identityTransaction(client: pg.ClientBase, exchange: ExchangeWriter): IdentityTransaction {
  return {
    ...identityReads(client),
    ...identifierWrites(client),
    ...matchingWork(client),
    ...reviewWork(client),
    claim: (claim) => exchange.claim(client, claim),
    recordExchange: (caller, record, answered) => exchange.record(client, { caller, record, answered }),
    addHistory: (entries) => addHistory(client, entries),
    announce: (persons, as = 'one change') => exchange.announce(client, persons, as),
    recordStaffChange: ({ patients, ...change }) =>
      recordChange(client, { ...change, patients: patients.map(formatCx) }),
    merge: (change) => mergePatients(client, change, exchange),
    moveNumbers: (change) => moveNumbers(client, change, exchange),
    undoMerge: (undo) => undoMerge(client, undo, exchange),
    async lockPersons(persons) {
      await execute(
        client,
        sql`/* lock persons in one order */ select from identity.person where person_key = any(${persons}::bigint[])
            order by person_key for update`,
      )
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
  'lockNumbersOf' | 'lockIdentifiers' | 'addPersonWith' | 'addIdentifier' | 'replaceDemographics' | 'makeObsolete'
>

function identifierWrites(client: pg.ClientBase): IdentifierWrites {
  return {
    async lockNumbersOf(ids) {
      await execute(
        client,
        sql`/* lock the numbers of persons */
          select from identity.identifier i
          where i.person_key in (
            select own.person_key from unnest(${ids.map((id) => id.authority)}::text[], ${ids.map((id) => id.value)}::text[])
              as named (domain, value)
            join identity.identifier own on own.domain = named.domain and own.value = named.value)
          order by i.domain, i.value for update of i`,
      )
    },
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
    addPersonWith: (first) => addPersonWith(client, first),
    addIdentifier: (identifier) => addIdentifier(client, identifier),
    replaceDemographics: (change) => replaceDemographics(client, change),
    async makeObsolete(id) {
      await execute(
        client,
        sql`update identity.identifier set status = 'obsolete', updated_at = now()
          where domain = ${id.authority} and value = ${id.value}`,
      )
    },
  }
}

const PERSON = sql`person as (insert into identity.person default values returning person_key)`

async function addPersonWith(
  client: pg.ClientBase,
  first: Omit<NewIdentifier, 'person'>,
): Promise<{ readonly person: PersonKey; readonly record: RecordKey } | undefined> {
  return queryOne(
    client,
    sql`/* new person */ with ${PERSON}, ${addedParts(first, sql`(select person_key from person)`)}
        select record_id as record, person_key as person from added`,
  )
}

/** A conflict with either unique index is the caller's to solve; waits for a concurrent transaction that holds the key. */
async function addIdentifier(client: pg.ClientBase, identifier: NewIdentifier): Promise<RecordKey | undefined> {
  const row = await queryOne<{ readonly record_id: RecordKey }>(
    client,
    sql`/* new identifier */ with ${addedParts(identifier, sql`${identifier.person}::bigint`)} select record_id from added`,
  )
  return row?.record_id
}

/** Parts of a WITH clause: `added` is the identifier, when nobody has it; its history and features come with it. */
function addedParts(given: Omit<NewIdentifier, 'person'>, person: Statement): Statement {
  const { id, link, demographics, received, features, history } = given
  const added = sql`added as (
      insert into identity.identifier (domain, value, person_key, link, demographics, received)
      select ${id.authority}, ${id.value}, ${person}, ${link ?? 'sole'}, ${json(demographics)}::jsonb, ${received ?? null}
      on conflict do nothing
      returning record_id, domain, value, person_key, link, demographics, received)`
  // An affinity domain id of ours carries a copy of what a source said: the source's own record is the one to be found.
  const isOriginal = received !== undefined || features !== undefined
  return joined([
    added,
    ...(history === undefined ? [] : [historyPart(history)]),
    ...(features === undefined ? [] : [addFeatures(named('added'), features)]),
    ...(demographics !== undefined && isOriginal ? [addSearchKeys(named('added'), searchEntry(demographics))] : []),
  ])
}

function historyPart({ by, reason, evidence }: NonNullable<NewIdentifier['history']>): Statement {
  return sql`noted as (
      insert into identity.identifier_history (domain, value, event, by, reason, person_key, demographics, received, link, model, score, evidence)
      select domain, value, 'add', ${by}, ${reason}, person_key, demographics, received, link,
             ${evidence?.model ?? null}::bigint, ${evidence?.score ?? null}::real, ${json(evidence?.comparison)}::jsonb
      from added)`
}

async function replaceDemographics(client: pg.ClientBase, change: NewDemographics): Promise<void> {
  const { id, demographics, received, features, settles } = change
  const revised = sql`revised as (
      update identity.identifier
      set demographics = ${JSON.stringify(demographics)}, received = coalesce(${received ?? null}, received), updated_at = now()
      where domain = ${id.authority} and value = ${id.value}
      returning record_id)`
  const parts = [
    revised,
    ...(features === undefined ? [] : [keepFeatures(named('revised'), features)]),
    ...(settles === true ? [closeQuestion(named('revised'))] : []),
    replaceSearchKeys(named('revised'), searchEntry(demographics)),
  ]
  await execute(
    client,
    sql`/* revised record */ with ${parts.reduce((all, part) => sql`${all}, ${part}`)} select from revised`,
  )
}

async function addHistory(client: pg.ClientBase, entries: readonly HistoryEntry[]): Promise<void> {
  for (const entry of entries) {
    await execute(
      client,
      sql`insert into identity.identifier_history
          (domain, value, event, by, reason, person_key, former_person_key, demographics, received, link, model, score, evidence)
        values (${entry.id.authority}, ${entry.id.value}, ${entry.event}, ${entry.by}, ${entry.reason}, ${entry.person},
          ${entry.formerPerson ?? null}, ${json(entry.demographics)}, ${entry.received ?? null}, ${entry.link ?? null},
          ${entry.evidence?.model ?? null}, ${entry.evidence?.score ?? null}, ${json(entry.evidence?.comparison)})`,
    )
  }
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
