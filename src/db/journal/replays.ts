// Replays on PostgreSQL: the exchange as the journal has it, confirmations of dry runs, and what a message does to named things (ports of
// src/journal).

import type { JournalError } from '../../journal/entry.ts'
import type { AttemptTransaction, Confirmation, Exchanged, NamedChange } from '../../journal/replay-ports.ts'
import type { Result } from '../../model/evidence.ts'
import { parseCx } from '../../model/identifiers.ts'
import { journalIdTime } from '../../model/journal-id.ts'
import { STATUS_APPROVED, STATUS_DEPRECATED } from '../../model/xds.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordReplay } from '../staff-change.ts'

interface ExchangeRow {
  readonly exchange_id: string
  readonly at: Date
  readonly door: string
  readonly endpoint: string
  readonly transaction: string
  readonly system_id: string | null
  readonly facility_id: string | null
  readonly result: Result
  readonly errors: readonly JournalError[]
  readonly patients: readonly string[]
  readonly documents: readonly string[]
}

const HOUR_MS = 60 * 60 * 1000

/** The id begins with the time of the exchange, by which its month is found; an older one is looked for in all. */
export async function findExchanged(client: Queryable, exchangeId: string): Promise<Exchanged | undefined> {
  const at = journalIdTime(exchangeId)?.getTime()
  const from = at === undefined ? '-infinity' : new Date(at - HOUR_MS)
  const to = at === undefined ? 'infinity' : new Date(at + HOUR_MS)
  const row = await queryOne<ExchangeRow>(
    client,
    sql`/* the exchange of a replay */
      select exchange_id, at, door, endpoint, transaction, system_id, facility_id, result, errors, patients, documents
      from journal.exchange where exchange_id = ${exchangeId} and at between ${from}::timestamptz and ${to}::timestamptz`,
  )
  if (row === undefined) return undefined
  const { exchange_id, system_id, facility_id, ...same } = row
  return {
    exchangeId: exchange_id,
    ...same,
    ...(system_id === null ? {} : { systemId: system_id }),
    ...(facility_id === null ? {} : { facilityId: facility_id }),
  }
}

/** Those that nobody used go when they have long been over; the others say which exchange replayed which. */
export async function keepConfirmation(client: Queryable, confirmation: Confirmation): Promise<void> {
  const { tokenDigest, exchangeId, by, outcome, expiresAt } = confirmation
  await execute(
    client,
    sql`/* a dry run may be confirmed */
      with gone as (delete from journal.replay where replayed_as is null and expires_at < now() - interval '1 day')
      insert into journal.replay (token_digest, exchange_id, by, outcome, expires_at)
      values (${tokenDigest}, ${exchangeId}, ${by}, ${outcome}, ${expiresAt})`,
  )
}

interface ConfirmationRow {
  readonly exchange_id: string
  readonly by: string
  readonly outcome: Buffer
  readonly expires_at: Date
  readonly replayed_as: string | null
}

export async function findConfirmation(client: Queryable, tokenDigest: Buffer): Promise<Confirmation | undefined> {
  const row = await queryOne<ConfirmationRow>(
    client,
    sql`/* confirmation of a replay */
      select exchange_id, by, outcome, expires_at, replayed_as from journal.replay where token_digest = ${tokenDigest}`,
  )
  if (row === undefined) return undefined
  const { exchange_id: exchangeId, by, outcome, expires_at: expiresAt, replayed_as: replayedAs } = row
  return { tokenDigest, exchangeId, by, outcome, expiresAt, ...(replayedAs === null ? {} : { replayedAs }) }
}

/** With the connection of the attempt, so that it is kept or undone with it. */
export function attemptTransaction(client: Queryable): AttemptTransaction {
  return {
    confirm: async ({ tokenDigest, asking, former, now }) => {
      const confirmed = await execute(
        client,
        sql`/* a replay is confirmed */
          update journal.replay set replayed_as = ${now.exchangeId}, replayed_at = now()
          where token_digest = ${tokenDigest} and replayed_as is null`,
      )
      if (confirmed === 0) return 'used'
      const { by, peer, reason } = asking
      await recordReplay(client, 'done', {
        by,
        peer,
        operation: `replays exchange ${former.exchangeId}: ${reason}`,
        // What staff write stays in the house.
        alert: `replays exchange ${former.exchangeId}`,
        patients: now.patients,
        exchangeId: now.exchangeId,
        ...(now.facilityId === undefined ? {} : { facilityId: now.facilityId }),
      })
      return 'confirmed'
    },
  }
}

const REPLAYING = 7_120_038

/** One replay at a time in the network, until the end of the transaction: what one shows is what the next one finds. */
export async function holdReplaying(client: Queryable): Promise<boolean> {
  const row = await queryOne<{ readonly held: boolean }>(
    client,
    sql`/* one replay at a time */ select pg_try_advisory_xact_lock(${REPLAYING}) as held`,
  )
  return row?.held === true
}

/** What a message may have named: patients in CX form, documents. */
export interface Named {
  readonly patients: readonly string[]
  readonly documents: readonly string[]
}

export type PersonKeys = readonly string[]

/** Persons with one of these numbers. */
export async function personsNamed(client: Queryable, { patients }: Named): Promise<PersonKeys> {
  const ids = patients.flatMap((patient) => parseCx(patient) ?? [])
  const rows = await query<{ readonly person_key: string }>(
    client,
    sql`/* persons of a replay */
      select distinct i.person_key from unnest(${ids.map(({ authority }) => authority)}::text[], ${ids.map(({ value }) => value)}::text[])
        as g (domain, value)
      join identity.identifier i on i.domain = g.domain and i.value = g.value`,
  )
  return rows.map(({ person_key }) => person_key)
}

interface DocumentRow {
  readonly entry_uuid: string
  readonly unique_id: string
  readonly status: string
  readonly content: string
  readonly is_stored: boolean
}

interface NumberRow {
  readonly domain: string
  readonly value: string
  readonly status: string
  readonly person_key: string
  readonly described: string | null
}

/** Entries and numbers of some persons. */
export interface PersonsState {
  readonly documents: readonly DocumentRow[]
  readonly numbers: readonly NumberRow[]
}

/** Of more entries than that only the rows are counted. */
const MAX_ENTRIES = 5000

/** Undefined when there are too many to compare. */
export async function stateOfPersons(
  client: Queryable,
  persons: PersonKeys,
  { documents: uniqueIds }: Named,
): Promise<PersonsState | undefined> {
  const documents = await query<DocumentRow>(
    client,
    sql`/* entries around a replay */
      select e.entry_uuid, e.unique_id, e.status, md5(e.ebrim || e.latest::text || e.person_key::text) as content,
             exists (select from repository.document d where d.unique_id = e.unique_id) as is_stored
      from (select entry_uuid from registry.document_entry where person_key = any(${persons}::bigint[])
            union select entry_uuid from registry.document_entry where unique_id = any(${uniqueIds}::text[])
            limit ${MAX_ENTRIES + 1}) around
      join registry.document_entry e using (entry_uuid)`,
  )
  if (documents.length > MAX_ENTRIES) return undefined
  const numbers = await query<NumberRow>(
    client,
    sql`/* numbers around a replay */
      select domain, value, status, person_key, md5(demographics::text) as described
      from identity.identifier where person_key = any(${persons}::bigint[])`,
  )
  return { documents, numbers }
}

/** What became of entries and numbers, in a fixed order. */
export function changesBetween(before: PersonsState, after: PersonsState): readonly NamedChange[] {
  const changes = [
    ...compared(before.documents, after.documents, {
      keyOf: ({ entry_uuid }) => entry_uuid,
      changeOf: documentChange,
    }),
    ...compared(before.numbers, after.numbers, {
      keyOf: ({ domain, value }) => `${domain} ${value}`,
      changeOf: numberChange,
    }),
  ]
  const words = changes.map((change) => ({ change, word: JSON.stringify(change) }))
  return words.sort((one, other) => (one.word < other.word ? -1 : 1)).map(({ change }) => change)
}

interface Comparison<Row> {
  readonly keyOf: (row: Row) => string
  readonly changeOf: (before: Row | undefined, after: Row | undefined) => NamedChange | undefined
}

function compared<Row>(
  before: readonly Row[],
  after: readonly Row[],
  { keyOf, changeOf }: Comparison<Row>,
): readonly NamedChange[] {
  const [former, now] = [before, after].map((rows) => new Map(rows.map((row) => [keyOf(row), row])))
  const keys = new Set([...before, ...after].map(keyOf))
  return [...keys].flatMap((key) => changeOf(former?.get(key), now?.get(key)) ?? [])
}

function documentChange(before: DocumentRow | undefined, after: DocumentRow | undefined): NamedChange | undefined {
  const uniqueId = (after ?? before)?.unique_id ?? ''
  const became = (change: Extract<NamedChange, { about: 'document' }>['change']): NamedChange => ({
    about: 'document',
    change,
    uniqueId,
  })
  if (before === undefined) return became('registered')
  if (after === undefined) return became('removed')
  if (before.is_stored && !after.is_stored) return became('content removed')
  if (before.status !== after.status && after.status === STATUS_DEPRECATED) return became('deprecated')
  if (before.status !== after.status && after.status === STATUS_APPROVED) return became('approved')
  return before.content === after.content ? undefined : became('updated')
}

function numberChange(before: NumberRow | undefined, after: NumberRow | undefined): NamedChange | undefined {
  const row = after ?? before
  if (row === undefined) return undefined
  const became = (change: Extract<NamedChange, { about: 'number' }>['change']): NamedChange => ({
    about: 'number',
    change,
    domain: row.domain,
    value: row.value,
  })
  if (before === undefined) return became('registered')
  // Numbers are not deleted: one that is not seen any more went to a person whom nobody named.
  if (after === undefined || before.person_key !== after.person_key) return became('moved')
  if (before.status !== after.status) return became(after.status === 'obsolete' ? 'ended' : 'in use again')
  return before.described === after.described ? undefined : became('described anew')
}
