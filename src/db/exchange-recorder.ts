// Audit events and journal rows: written in the business transaction, or for reads in batches that share one commit (design §2).

import type pg from 'pg'
import type { AuditEvent } from '../audit/event.ts'
import type { JournalEntry } from '../journal/entry.ts'
import { IheError } from '../model/error.ts'
import { executeTogether, type Queryable, type Statement, sql } from './sql.ts'

export interface ExchangeRows {
  readonly events: readonly AuditEvent[]
  readonly entries: readonly JournalEntry[]
}

const MAX_BATCH = 256
const MAX_FLUSHES = 2

/** Audit and journal as parts of a statement: committed with whatever else it writes. */
export function exchangeParts(rows: ExchangeRows): readonly Statement[] {
  return [
    sql`audit_event as (
        insert into audit.event (exchange_id, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects, reason)
        select e."exchangeId", e."eventCode", e.action, e."typeCode", e.outcome, e."systemId", e."facilityId", e.peer, e.endpoint, e.patients, e.objects, e.reason
        from jsonb_to_recordset(${cleanJson(rows.events)}::jsonb)
          as e("exchangeId" uuid, "eventCode" text, action text, "typeCode" text, outcome smallint, "systemId" text, "facilityId" text,
               peer text, endpoint text, patients text[], objects jsonb, reason text))`,
    sql`journal_exchange as (
        insert into journal.exchange (exchange_id, at, door, endpoint, transaction, message_id, system_id, facility_id, peer, patients, result,
                                      error_codes, errors, waived, duration_ms, request_bytes, response_bytes)
        select j.id, j.at, j.door, j.endpoint, j.transaction, j."messageId", j."systemId", j."facilityId", j.peer, j.patients, j.result,
               j."errorCodes", j.errors, j.waived, j."durationMs", j."requestBytes", j."responseBytes"
        from jsonb_to_recordset(${cleanJson(rows.entries.map(journalRow))}::jsonb)
          as j(id uuid, at timestamptz, door text, endpoint text, transaction text, "messageId" text, "systemId" text, "facilityId" text, peer text,
               patients text[], result text, "errorCodes" text[], errors jsonb, waived text[], "durationMs" real, "requestBytes" bigint, "responseBytes" bigint))`,
  ]
}

/** Writes the rows with the connection given: inside a transaction they are part of its commit. */
export async function writeExchangeRows(client: Queryable, rows: ExchangeRows): Promise<void> {
  await executeTogether(client, exchangeParts(rows))
}

function journalRow(entry: JournalEntry): Readonly<Record<string, unknown>> {
  const { exchange } = entry
  return {
    id: exchange.id,
    at: exchange.receivedAt.toISOString(),
    door: exchange.door,
    endpoint: exchange.endpoint,
    transaction: exchange.transaction,
    messageId: exchange.messageId,
    systemId: entry.systemId,
    facilityId: entry.facilityId,
    peer: exchange.peer,
    patients: entry.patients,
    result: entry.result,
    errorCodes: entry.errors.map((error) => error.code),
    errors: entry.errors,
    waived: entry.waived,
    durationMs: entry.durationMs,
    requestBytes: exchange.requestBytes,
    responseBytes: entry.responseBytes,
  }
}

/** How JSON writes U+0000 and a lone surrogate; a backslash before them may make it text that only looks so, which does no harm. */
const UNCLEAN = /\\u(0000|d[89a-f])/

function cleanJson(rows: readonly unknown[]): string {
  const json = JSON.stringify(rows)
  return UNCLEAN.test(json) ? JSON.stringify(rows.map(cleanStrings)) : json
}

/** PostgreSQL text carries no U+0000 and JSON no lone surrogate; what a stranger sent must not make the journal fail. */
function cleanStrings<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll('\0', '�').toWellFormed() as T
  if (Array.isArray(value)) return value.map(cleanStrings) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cleanStrings(inner)])) as T
}

export interface ExchangeRecorder {
  /** Resolves when the rows are durable. @throws {IheError} BUSY when the database cannot take them. */
  readonly record: (rows: ExchangeRows) => Promise<void>
  /** Waits for what is still being written. */
  readonly drain: () => Promise<void>
}

interface Waiting {
  readonly rows: ExchangeRows
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: while batches are being flushed the next one gathers, so concurrent reads share a flush; two in flight keep
 * the disk busy while the other one is prepared.
 */
export function createExchangeRecorder(pool: pg.Pool): ExchangeRecorder {
  let waiting: Waiting[] = []
  const flushing = new Set<Promise<void>>()

  async function flushAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH)
      waiting = waiting.slice(MAX_BATCH)
      await flush(pool, batch)
    }
  }

  function start(): void {
    if (flushing.size >= MAX_FLUSHES) return
    const run: Promise<void> = new Promise<void>((next) => setImmediate(next))
      .then(flushAll)
      .finally(() => flushing.delete(run))
    flushing.add(run)
  }

  return {
    record: (rows) =>
      new Promise((resolve, reject) => {
        waiting.push({ rows, resolve, reject })
        start()
      }),
    drain: async () => {
      await Promise.all(flushing)
    },
  }
}

async function flush(pool: pg.Pool, batch: readonly Waiting[]): Promise<void> {
  try {
    await writeBatch(pool, batch)
    for (const entry of batch) entry.resolve()
  } catch (error) {
    // One row that the database refuses must not take the others' answers with it.
    if (batch.length === 1 || error instanceof IheError) for (const entry of batch) entry.reject(error)
    else for (const entry of batch) await flush(pool, [entry])
  }
}

function writeBatch(pool: pg.Pool, batch: readonly Waiting[]): Promise<void> {
  return writeExchangeRows(pool, {
    events: batch.flatMap((entry) => entry.rows.events),
    entries: batch.flatMap((entry) => entry.rows.entries),
  })
}
