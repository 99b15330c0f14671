// Audit events and journal rows: written in the business transaction, or for reads in batches that share one commit (design §2).

import type pg from 'pg'
import type { AuditEvent } from '../audit/event.ts'
import type { JournalEntry } from '../journal/entry.ts'
import { IheError } from '../model/error.ts'
import { createGathering } from './gathering.ts'
import { executeTogether, type Queryable, type Statement, sql } from './sql.ts'

export interface ExchangeRows {
  readonly events: readonly AuditEvent[]
  readonly entries: readonly JournalEntry[]
}

const MAX_BATCH = 256
/** A second one in flight makes both smaller, and a row costs the database more in a smaller batch. */
const MAX_FLUSHES = 1

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
        insert into journal.exchange (exchange_id, at, door, endpoint, transaction, message_id, system_id, facility_id, peer, patients, documents, result,
                                      error_codes, errors, waived, duration_ms, timings, request_bytes, response_bytes)
        select j.id, j.at, j.door, j.endpoint, j.transaction, j."messageId", j."systemId", j."facilityId", j.peer, j.patients, j.documents, j.result,
               j."errorCodes", j.errors, j.waived, j."durationMs", j.timings, j."requestBytes", j."responseBytes"
        from jsonb_to_recordset(${cleanJson(rows.entries.map(journalRow))}::jsonb)
          as j(id uuid, at timestamptz, door text, endpoint text, transaction text, "messageId" text, "systemId" text, "facilityId" text, peer text,
               patients text[], documents text[], result text, "errorCodes" text[], errors jsonb, waived text[], "durationMs" real, timings jsonb, "requestBytes" bigint, "responseBytes" bigint))`,
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
    documents: entry.documents,
    result: entry.result,
    errorCodes: entry.errors.map((error) => error.code),
    errors: entry.errors,
    waived: entry.waived,
    durationMs: entry.durationMs,
    timings: entry.timings,
    requestBytes: exchange.requestBytes,
    responseBytes: entry.responseBytes,
  }
}

/** How JSON writes U+0000 and a lone surrogate; a backslash before them may make it text that only looks so, which does no harm. */
const UNCLEAN = /\\u(0000|d[89a-f])/

export function cleanJson(rows: readonly unknown[]): string {
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

/** Group commit: concurrent reads share a flush; one row that the database refuses does not take the others' answers with it. */
export function createExchangeRecorder(pool: pg.Pool): ExchangeRecorder {
  const gathered = createGathering<ExchangeRows, 'durable'>({
    maxRunning: MAX_FLUSHES,
    batchOf: (waiting) => Math.min(waiting.length, MAX_BATCH),
    run: async (batch) => {
      await writeBatch(pool, batch)
      return batch.map(() => 'durable')
    },
    divides: (error) => !(error instanceof IheError),
  })
  const underWay = new Set<Promise<void>>()
  return {
    record: (rows) => {
      const done: Promise<void> = gathered(rows).then(
        () => void underWay.delete(done),
        (error: unknown) => {
          underWay.delete(done)
          throw error
        },
      )
      underWay.add(done)
      return done
    },
    drain: async () => {
      await Promise.allSettled(underWay)
    },
  }
}

/** The recorder, with nothing recorded while `recording` answers false: for the bench, which has it beside the same server without. */
export function recordingWhile(recording: () => boolean, recorder: ExchangeRecorder): ExchangeRecorder {
  return { ...recorder, record: async (rows) => (recording() ? recorder.record(rows) : undefined) }
}

function writeBatch(pool: pg.Pool, batch: readonly ExchangeRows[]): Promise<void> {
  return writeExchangeRows(pool, {
    events: batch.flatMap(({ events }) => events),
    entries: batch.flatMap(({ entries }) => entries),
  })
}
