// Withheld StoreClient messages on PostgreSQL: sealed, bounded in time and bytes, erased when they end (ports of src/storeclient/hold).

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Caller } from '../../model/caller.ts'
import { type KeyRing, seal, unseal } from '../../model/seal.ts'
import type { RecordedOutcome } from '../../registry/ports.ts'
import type { BlobStore } from '../../repository/ports.ts'
import {
  type Decision,
  type DueNumber,
  type Kept,
  type NewWithheld,
  type OpenedMessage,
  type Settlement,
  type WithheldContext,
  WithheldEnded,
  type WithheldFilter,
  type WithheldMessage,
  type WithheldStore,
  type Withhold,
} from '../../storeclient/hold/hold-ports.ts'
import { transaction } from '../pool.ts'
import { execute, executeTogether, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'

export interface WithheldOptions {
  readonly pool: pg.Pool
  readonly keys: KeyRing
  /** A store of their own: what lies there is sealed. */
  readonly blobs: BlobStore
  readonly keptDays: number
  /** For all open messages of a facility together. */
  readonly keptBytes: number
  readonly exchangeParts: (caller: Caller, outcome: RecordedOutcome) => readonly Statement[]
}

/** What a message refused for a reason outside it waits until it is tried again, twice as long each time, up to five hours. */
const LATER_S = 300
const MAX_DOUBLINGS = 6

export function createWithhold(options: WithheldOptions): Withhold {
  return async (message, recorded) => {
    const sealId = randomUUID()
    const staged = await options.blobs.stage(once(seal(message.bytes, options.keys.current, sealId)))
    const kept = await transaction(options.pool, (client) =>
      keep(client, { message, options, row: { sealId, staged }, recorded }),
    )
    if (kept === 'full' || !kept.isNew) await options.blobs.discard(staged)
    return kept
  }
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes
}

interface Keeping {
  readonly message: NewWithheld
  readonly options: WithheldOptions
  readonly row: { readonly sealId: string; readonly staged: Awaited<ReturnType<BlobStore['stage']>> }
  readonly recorded: Parameters<Withhold>[1]
}

/** The facility is locked, so that messages at once do not take more room together than there is. */
async function keep(
  client: Queryable,
  { message, options, row, recorded }: Keeping,
): Promise<(Kept & { readonly isNew: boolean }) | 'full'> {
  const { facilityId } = message.caller
  const facility = await queryOne(
    client,
    sql`select from access.facility where facility_id = ${facilityId} and status = 'active' for no key update`,
  )
  if (facility === undefined) return 'full'
  const former = await again(client, message)
  if (former === undefined && (await isFull(client, { facilityId, row, options }))) return 'full'
  const kept = former ?? (await insert(client, { message, options, row, recorded }))
  await executeTogether(client, options.exchangeParts(message.caller, recorded(kept)))
  return { ...kept, isNew: former === undefined }
}

interface KeptRow {
  readonly withheld_id: string
  readonly expires_at: Date
}

function toKept({ withheld_id, expires_at }: KeptRow): Kept {
  return { withheldId: withheld_id, until: expires_at }
}

/** A message that was kept before waits on; what it waits for may have changed. */
async function again(client: Queryable, { caller, claim, sha256, reason }: NewWithheld): Promise<Kept | undefined> {
  const row = await queryOne<KeptRow>(
    client,
    sql`/* withheld before */
      update journal.withheld set reason = ${reason}, state = 'waiting'
      where facility_id = ${caller.facilityId} and claim_key = ${claim.key} and sha256 = ${sha256} and ended_at is null
      returning withheld_id, expires_at`,
  )
  return row === undefined ? undefined : toKept(row)
}

async function isFull(
  client: Queryable,
  { facilityId, row, options }: Pick<Keeping, 'row' | 'options'> & { readonly facilityId: string },
): Promise<boolean> {
  const used = await queryOne<{ readonly bytes: string }>(
    client,
    sql`/* room for withheld messages */
      select coalesce(sum(sealed_bytes), 0) as bytes from journal.withheld where facility_id = ${facilityId} and ended_at is null`,
  )
  return Number(used?.bytes ?? 0) + row.staged.sizeBytes > options.keptBytes
}

async function insert(client: Queryable, { message, options, row }: Keeping): Promise<Kept> {
  const { caller, claim } = message
  const { staged, sealId } = row
  const inserted = await queryOne<KeptRow>(
    client,
    sql`/* withhold a message */
      insert into journal.withheld (seal_id, reason, facility_id, system_id, number, kind, control_id, sent_at, claim_scope, claim_key, sha256,
                                    size_bytes, context, key_id, content, file_key, sealed_bytes, sealed_sha256, exchange_id, received_at,
                                    expires_at)
      values (${sealId}, ${message.reason}, ${caller.facilityId}, ${caller.systemId}, ${message.number}, ${message.kind}, ${message.controlId},
              ${message.sentAt}, ${claim.scope}, ${claim.key}, ${message.sha256}, ${message.bytes.length},
              ${JSON.stringify(message.context)}::jsonb, ${options.keys.current.keyId},
              ${staged.content.kind === 'row' ? staged.content.bytes : null}, ${staged.content.kind === 'file' ? staged.content.key : null},
              ${staged.sizeBytes}, ${staged.sha256}, ${caller.exchange.id}, ${caller.exchange.receivedAt},
              ${caller.exchange.receivedAt}::timestamptz + make_interval(days => ${options.keptDays}))
      returning withheld_id, expires_at`,
  )
  if (inserted === undefined) throw new Error('insert returned no row')
  return toKept(inserted)
}

/** @throws {WithheldEnded} when the message has ended meanwhile. */
export async function endFiled(client: Queryable, withheldId: string): Promise<void> {
  const ended = await execute(
    client,
    sql`/* a withheld message is filed */
      update journal.withheld set state = 'released', attempts = attempts + 1, ${erased('tsunagi', 'filed')}
      where withheld_id = ${withheldId} and ended_at is null`,
  )
  if (ended === 0) throw new WithheldEnded()
}

/** Nothing of the message stays; its file is removed after the commit. */
export function erased(by: string, reason: string): Statement {
  return sql`key_id = null, content = null, file_key = null, ended_at = now(), ended_by = ${by}, ended_reason = ${reason}`
}

interface Row {
  readonly withheld_id: string
  readonly seal_id: string
  readonly context: WithheldContext
  readonly key_id: string | null
  readonly content: Buffer | null
  readonly file_key: string | null
  readonly sealed_bytes: string
  readonly sealed_sha256: string
  readonly message: WithheldMessage
}

const MESSAGE = sql`jsonb_strip_nulls(jsonb_build_object(
  'withheldId', w.withheld_id::text, 'reason', w.reason, 'state', w.state, 'facilityId', w.facility_id, 'systemId', w.system_id,
  'number', w.number, 'kind', w.kind, 'controlId', w.control_id, 'sentAt', w.sent_at, 'sizeBytes', w.size_bytes, 'sha256', w.sha256,
  'exchangeId', w.exchange_id, 'receivedAt', w.received_at, 'expiresAt', w.expires_at, 'attempts', w.attempts, 'lastCode', w.last_code,
  'endedAt', w.ended_at, 'endedBy', w.ended_by, 'endedReason', w.ended_reason)) as message`

export function createWithheldStore(options: WithheldOptions): WithheldStore {
  const { pool, blobs } = options
  return {
    list: (filter) => list(pool, filter),
    find: async (withheldId) =>
      (
        await queryOne<Pick<Row, 'message'>>(
          pool,
          sql`select ${MESSAGE} from journal.withheld w where w.withheld_id = ${withheldId}`,
        )
      )?.message,
    next: (due) => next(pool, due),
    open: (withheldId) => open(withheldId, options),
    drop: async (withheldId, decision) => {
      const files = await transaction(pool, (client) => drop(client, withheldId, decision))
      if (files === undefined) return 'missing'
      for (const key of files) await blobs.discardFile(key)
      return 'changed'
    },
    decide: (withheldId, decision) => transaction(pool, (client) => decide(client, withheldId, decision)),
    settle: async (withheldId, settlement, attempt) => {
      const files = await transaction(pool, async (client) => {
        if (attempt !== undefined && !attempt.outcome.recorded)
          await executeTogether(client, options.exchangeParts(attempt.caller, attempt.outcome))
        return settle(client, withheldId, settlement)
      })
      for (const key of files) await blobs.discardFile(key)
    },
    discardFile: blobs.discardFile,
  }
}

async function list(pool: pg.Pool, filter: WithheldFilter): Promise<readonly WithheldMessage[]> {
  const { state = 'open' } = filter
  const states = state === 'open' ? ['waiting', 'stuck'] : [state]
  const rows = await query<Pick<Row, 'message'>>(
    pool,
    sql`/* withheld messages, the oldest first */
      select ${MESSAGE} from journal.withheld w
      where w.reason = ${filter.reason} and w.state = any(${states}) and (${filter.facilityId ?? null}::text is null or w.facility_id = ${filter.facilityId ?? null})
        and w.withheld_id > ${filter.after ?? '0'}::bigint
      order by w.withheld_id limit ${filter.limit}`,
  )
  return rows.map(({ message }) => message)
}

async function next(pool: pg.Pool, { facilityId, number }: DueNumber): Promise<WithheldMessage | undefined> {
  const row = await queryOne<Pick<Row, 'message'>>(
    pool,
    sql`/* the next held message of a number */
      select ${MESSAGE} from journal.withheld w
      join access.system s on s.system_id = w.system_id and s.status = 'active'
      where w.facility_id = ${facilityId} and w.number = ${number} and w.state = 'waiting' and w.reason = 'unlinked'
        and w.due_at <= now() and w.expires_at > now()
      order by w.sent_at, w.withheld_id limit 1`,
  )
  return row?.message
}

async function open(withheldId: string, { pool, keys, blobs }: WithheldOptions): Promise<OpenedMessage | undefined> {
  const row = await queryOne<Row>(
    pool,
    sql`/* open a withheld message */
      select w.withheld_id, w.seal_id, w.context, w.key_id, w.content, w.file_key, w.sealed_bytes, w.sealed_sha256, ${MESSAGE}
      from journal.withheld w where w.withheld_id = ${withheldId} and w.ended_at is null`,
  )
  if (row === undefined || row.key_id === null) return undefined
  const chunks: Buffer[] = row.content === null ? [] : [row.content]
  if (row.file_key !== null)
    for await (const chunk of blobs.read(row.file_key, {
      sizeBytes: Number(row.sealed_bytes),
      sha256: row.sealed_sha256,
    }))
      chunks.push(chunk)
  const bytes = unseal(Buffer.concat(chunks), keys, { keyId: row.key_id, boundTo: row.seal_id })
  return { ...row.message, bytes, context: row.context, fileKey: row.file_key ?? undefined }
}

export interface Erased {
  readonly file_key: string | null
}

export function filesOf(rows: readonly Erased[]): readonly string[] {
  return rows.flatMap(({ file_key }) => file_key ?? [])
}

/** Ends open rows; their files are to be removed after the commit. */
export async function end(
  client: Queryable,
  given: { readonly ids: Statement; readonly set: Statement },
): Promise<readonly Erased[]> {
  return query<Erased>(
    client,
    sql`/* withheld messages end */
      with ending as (select withheld_id, file_key from journal.withheld where ended_at is null and ${given.ids} for update)
      update journal.withheld w set ${given.set} from ending where w.withheld_id = ending.withheld_id returning ending.file_key`,
  )
}

async function drop(
  client: Queryable,
  withheldId: string,
  { by, peer, reason }: Decision,
): Promise<readonly string[] | undefined> {
  const ended = await end(client, {
    ids: sql`withheld_id = ${withheldId}`,
    set: sql`state = 'dropped', ${erased(by, reason)}`,
  })
  if (ended.length === 0) return undefined
  const alert = `withheld message ${withheldId} dropped`
  await recordChange(client, { by, peer, patients: [], operation: `${alert}: ${reason}`, alert })
  return filesOf(ended)
}

async function decide(client: Queryable, withheldId: string, { by, peer, reason }: Decision) {
  const found = await execute(
    client,
    sql`/* a withheld message shall be filed */
      update journal.withheld set due_at = now() where withheld_id = ${withheldId} and ended_at is null`,
  )
  if (found === 0) return 'missing'
  const alert = `withheld message ${withheldId} released`
  await recordChange(client, { by, peer, patients: [], operation: `${alert}: ${reason}`, alert })
  return 'changed'
}

async function settle(client: Queryable, withheldId: string, settlement: Settlement): Promise<readonly string[]> {
  const ids = sql`withheld_id = ${withheldId}`
  switch (settlement.state) {
    case 'released':
    case 'dropped':
      return filesOf(
        await end(client, {
          ids,
          set: sql`state = ${settlement.state}, attempts = attempts + 1, ${erased(settlement.by, settlement.reason)}`,
        }),
      )
    case 'stuck':
      return tried(client, ids, sql`state = 'stuck', last_code = ${settlement.code}`)
    case 'quarantine':
      return tried(client, ids, sql`reason = 'identity', last_code = ${settlement.code}`)
    case 'later':
      return tried(
        client,
        ids,
        sql`last_code = ${settlement.code}, due_at = now() + make_interval(secs => ${LATER_S} * 2 ^ least(attempts, ${MAX_DOUBLINGS}))`,
      )
  }
  return settlement satisfies never
}

async function tried(client: Queryable, ids: Statement, set: Statement): Promise<readonly string[]> {
  await execute(
    client,
    sql`/* a withheld message could not be filed */
      update journal.withheld set attempts = attempts + 1, ${set} where ${ids} and ended_at is null`,
  )
  return []
}
