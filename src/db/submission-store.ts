// Submissions on their way to a registry elsewhere, on PostgreSQL (port SubmissionStore of src/repository).

import type pg from 'pg'
import type { AuditEvent } from '../audit/event.ts'
import type { Caller } from '../model/caller.ts'
import type { SubmitObjects } from '../model/ebrim.ts'
import type { Outcome } from '../model/evidence.ts'
import type { Claim, SubmissionStore, SubmittedDocument } from '../repository/ports.ts'
import { type ExchangeRows, writeExchangeRows } from './exchange-recorder.ts'
import { claimColumn, claimResult, completeClaim, type StoredClaim, takeClaim } from './idempotency.ts'
import { transaction } from './pool.ts'
import { KEEP_STORED } from './registry-write.ts'
import { execute, type Queryable, query, queryOne, sql } from './sql.ts'

export interface SubmissionStoreOptions {
  readonly pool: pg.Pool
  /** After this an attempt is certainly over. */
  readonly attemptMs: number
  readonly rowsOf: (caller: Caller, outcome: Pick<Outcome<void>, 'result' | 'errors' | 'evidence'>) => ExchangeRows
}

export function createSubmissionStore(options: SubmissionStoreOptions): SubmissionStore {
  const { pool } = options
  return {
    isRegistered: (claim) => isRegistered(pool, claim),
    keep: (kept) => transaction(pool, (client) => keep(client, kept, options)),
    complete: (submissionId, recorded) =>
      transaction(pool, async (client) => {
        const found = await publish(client, submissionId)
        if (recorded !== 'as kept') await writeExchangeRows(client, options.rowsOf(recorded.caller, recorded.outcome))
        else if (found !== undefined) await writeExchangeRows(client, { events: found.events, entries: [] })
      }),
    drop: (submissionId) => drop(pool, submissionId),
    refuse: (submissionId) =>
      transaction(pool, async (client) => {
        const events = await keptEvents(client, submissionId)
        await drop(client, submissionId)
        await writeExchangeRows(client, { events: events.filter(isCall).map(refused), entries: [] })
      }),
    doubt: async (submissionId) => {
      await execute(
        pool,
        sql`/* submission in doubt */ update repository.submission set in_doubt = true where submission_id = ${submissionId}`,
      )
    },
    due: () => due(pool, options.attemptMs),
  }
}

async function isRegistered(client: Queryable, claim: Claim): Promise<boolean> {
  const row = await queryOne<{ readonly claim: StoredClaim | null }>(
    client,
    sql`/* ITI-41: claim */ select ${claimColumn(claim)} as claim`,
  )
  return claimResult(row?.claim, claim).kind === 'replay'
}

async function keep(
  client: Queryable,
  kept: Parameters<SubmissionStore['keep']>[0],
  { rowsOf }: SubmissionStoreOptions,
): Promise<'first' | 'again'> {
  const { events } = rowsOf(kept.caller, kept.success)
  const row = await queryOne<{ readonly earlier: boolean }>(
    client,
    sql`/* ITI-41: keep a submission for a registry elsewhere */
      insert into repository.submission (submission_id, message_id, submission, system_id, claim, events)
      values (${kept.submissionId}, ${kept.messageId}, ${JSON.stringify(kept.submission)}::jsonb, ${kept.caller.systemId},
              ${JSON.stringify(kept.claim ?? null)}::jsonb, ${JSON.stringify(events)}::jsonb)
      returning exists (select from repository.submission e where e.message_id = ${kept.messageId}) as earlier`,
  )
  for (const document of kept.documents) await keepDocument(client, kept.submissionId, document)
  return row?.earlier === true ? 'again' : 'first'
}

async function keepDocument(client: Queryable, submissionId: string, document: SubmittedDocument): Promise<void> {
  const { content, sizeBytes, sha1, sha256 } = document.staged
  await execute(
    client,
    sql`/* ITI-41: keep a document that is not registered yet */
      insert into repository.submitted_document (submission_id, unique_id, size_bytes, sha1, sha256, content, file_key, domain, value,
                                                 publisher, mime_type, kind, confidentiality)
      values (${submissionId}, ${document.uniqueId}, ${sizeBytes}, ${sha1}, ${sha256},
              ${content.kind === 'row' ? content.bytes : null}::bytea, ${content.kind === 'file' ? content.key : null}::text,
              ${document.patientId?.authority ?? ''}, ${document.patientId?.value ?? ''}, ${document.publisher}, ${document.mimeType},
              ${document.kind}, ${document.confidentiality})`,
  )
}

async function keptEvents(client: Queryable, submissionId: string): Promise<readonly AuditEvent[]> {
  const row = await queryOne<{ readonly events: readonly AuditEvent[] }>(
    client,
    sql`/* what was to be audited of a submission */
      select events from repository.submission where submission_id = ${submissionId} for update`,
  )
  return row?.events ?? []
}

/** The ITI-42 among them; how the ITI-41 ended was audited when it was answered. */
function isCall({ endpoint }: AuditEvent): boolean {
  return endpoint.includes('://')
}

function refused(event: AuditEvent): AuditEvent {
  return { ...event, outcome: 8 }
}

interface Published {
  readonly claim: Claim | null
  readonly events: readonly AuditEvent[]
}

/** The documents become retrievable, the submission goes; undefined when that was done before. */
async function publish(client: Queryable, submissionId: string): Promise<Published | undefined> {
  const found = await queryOne<Published>(
    client,
    sql`/* registered elsewhere: lock */
      select claim, events from repository.submission where submission_id = ${submissionId} for update`,
  )
  if (found === undefined) return undefined
  const claim = found.claim === null ? 'new' : (await takeClaim(client, found.claim)).kind
  if (found.claim !== null && claim === 'new') await completeClaim(client, found.claim, { status: 'Success' })
  await execute(
    client,
    sql`/* registered elsewhere: its documents are retrievable */
      with documents as (
        insert into repository.document (unique_id, size_bytes, sha1, sha256, content, file_key, facility_id)
        select unique_id, size_bytes, sha1, sha256, content, file_key, publisher from repository.submitted_document
        where submission_id = ${submissionId} order by unique_id
        ${KEEP_STORED})
      insert into repository.traits (unique_id, domain, value, publisher, mime_type, kind, confidentiality)
      select s.unique_id, s.domain, s.value, s.publisher, s.mime_type, s.kind, s.confidentiality
      from repository.submitted_document s
      where s.submission_id = ${submissionId}
        and not exists (select from repository.traits t where t.unique_id = s.unique_id and t.domain = s.domain and t.value = s.value
                        and t.publisher = s.publisher and t.mime_type = s.mime_type and t.kind = s.kind and t.confidentiality = s.confidentiality)`,
  )
  await execute(
    client,
    sql`/* registered elsewhere: no longer on its way */ delete from repository.submission where submission_id = ${submissionId}`,
  )
  // A resend of the same message was registered, and audited, meanwhile.
  return claim === 'replay' ? { ...found, events: [] } : found
}

async function drop(client: Queryable, submissionId: string): Promise<readonly string[]> {
  const rows = await query<{ readonly file_key: string }>(
    client,
    sql`/* not registered: nothing is kept */
      with gone as (delete from repository.submission where submission_id = ${submissionId})
      select file_key from repository.submitted_document where submission_id = ${submissionId} and file_key is not null`,
  )
  return rows.map((row) => row.file_key)
}

/** Whoever takes one over has it for the time of an attempt: processes do not send the same one at once. */
async function due(pool: pg.Pool, attemptMs: number): ReturnType<SubmissionStore['due']> {
  const row = await queryOne<{
    readonly submission_id: string
    readonly message_id: string
    readonly submission: SubmitObjects
    readonly file_keys: readonly string[]
  }>(
    pool,
    sql`/* a submission whose outcome is not known */
      update repository.submission set attempted_at = now(), in_doubt = true
      where submission_id = (select submission_id from repository.submission
                             where attempted_at < now() - make_interval(secs => ${attemptMs}::double precision / 1000)
                             order by attempted_at limit 1 for update skip locked)
      returning submission_id, message_id, submission,
        array(select file_key from repository.submitted_document d
              where d.submission_id = repository.submission.submission_id and file_key is not null) as file_keys`,
  )
  return row === undefined
    ? undefined
    : {
        submissionId: row.submission_id,
        messageId: row.message_id,
        submission: row.submission,
        fileKeys: row.file_keys,
      }
}

/** Is a document of these, with whose registration somebody is busy at this moment, about to become retrievable? */
export async function isBeingRegistered(pool: pg.Pool, uniqueIds: readonly string[]): Promise<boolean> {
  const row = await queryOne<{ readonly busy: boolean }>(
    pool,
    sql`/* ITI-43: documents at whose registration somebody is */
      select exists (select from repository.submitted_document d join repository.submission s using (submission_id)
                     where d.unique_id = any(${uniqueIds}) and not s.in_doubt) as busy`,
  )
  return row?.busy === true
}
