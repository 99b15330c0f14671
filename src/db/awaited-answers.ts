// Answers of communities that come on a connection of their own, on PostgreSQL: every process knows who waits (port of src/gateway/awaiting.ts).

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { AwaitedStore, Claim, Heard, HeardAnswer } from '../gateway/awaiting.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { keepListening } from './listening.ts'
import type { DatabaseConnection } from './pool.ts'
import { execute, query, queryOne, type Statement, sql } from './sql.ts'

const CHANNEL = 'tsunagi_answers'
/** So long one that comes too late is known as such. */
const REMEMBERED = '1 day'

export interface AwaitedAnswers extends AwaitedStore {
  /** Calls `look` whenever another process has laid something down, and when it may have while nobody listened. */
  readonly listen: (look: () => void) => void
  /** What nobody took and what nobody needs to know any more. */
  readonly forget: () => Promise<void>
  readonly close: () => Promise<void>
}

export function createAwaitedAnswers(given: {
  readonly pool: pg.Pool
  readonly connection: DatabaseConnection
  readonly log: { readonly warn: (fields: object, message: string) => void }
}): AwaitedAnswers {
  const { pool } = given
  const process = randomUUID()
  const stopping = new AbortController()
  let listening: Promise<void> | undefined
  return {
    register: async ({ messageId, facilityId, transaction, withinMs }) => {
      await execute(
        pool,
        sql`/* an answer is awaited */
          insert into journal.awaited_answer (message_id, facility_id, transaction, process_id, expires_at)
          values (${messageId}, ${facilityId}, ${transaction}, ${process}, now() + ${withinMs} * interval '1 millisecond')`,
      )
    },
    owed: async (facilityId) => {
      const rows = await query<{ readonly transaction: string }>(
        pool,
        sql`/* answers that a community owes */
          select distinct transaction from journal.awaited_answer
          where facility_id = ${facilityId} and ended is null and expires_at > now()`,
      )
      return new Set(rows.map(({ transaction }) => transaction))
    },
    claim: (claim) => answered(pool, claim, sql`ended = 'answered'`),
    pass: (claim, { contentType, packed }) =>
      answered(
        pool,
        claim,
        sql`ended = 'answered', content_type = ${contentType}, root = ${packed.root}, charset = ${packed.charset ?? null},
          size_bytes = ${packed.bytes}, parts = ${JSON.stringify(partsOf(packed))}`,
      ),
    collect: async () => {
      const rows = await query<PassedRow>(
        pool,
        sql`/* answers that other processes laid down */
          with passed as (select * from journal.awaited_answer where process_id = ${process} and root is not null for update skip locked)
          update journal.awaited_answer a set content_type = null, root = null, charset = null, size_bytes = null, parts = null
          from passed p where a.message_id = p.message_id
          returning p.message_id as "messageId", p.content_type as "contentType", p.root, p.charset, p.size_bytes as "sizeBytes", p.parts`,
      )
      return rows.map((row) => ({ messageId: row.messageId, ...toAnswer(row) }))
    },
    giveUp: async (messageId) => {
      const row = await queryOne<PassedRow | { readonly root: null }>(
        pool,
        sql`/* an answer is awaited no more */
          with before as (select * from journal.awaited_answer where message_id = ${messageId} for update)
          update journal.awaited_answer a
          set ended = coalesce(a.ended, 'given up'), content_type = null, root = null, charset = null, size_bytes = null, parts = null
          from before p where a.message_id = p.message_id
          returning p.message_id as "messageId", p.content_type as "contentType", p.root, p.charset, p.size_bytes as "sizeBytes", p.parts`,
      )
      return row === undefined || row.root === null ? undefined : toAnswer(row)
    },
    listen: (look) => {
      const { connection, log } = given
      listening ??= keepListening({
        connection,
        name: 'tsunagi answers of communities',
        channel: CHANNEL,
        heard: (payload) => (payload === undefined || payload === process) && look(),
        failed: (cause) => log.warn({ cause }, 'answers that other processes hear are not told; trying again'),
        signal: stopping.signal,
      })
    },
    forget: async () => {
      await execute(
        pool,
        sql`/* answers that nobody took */
          update journal.awaited_answer set content_type = null, root = null, charset = null, size_bytes = null, parts = null
          where root is not null and expires_at < now()`,
      )
      await execute(pool, sql`delete from journal.awaited_answer where expires_at < now() - ${REMEMBERED}::interval`)
    },
    close: async () => {
      stopping.abort()
      await listening
    },
  }
}

interface OwedRow {
  readonly transaction: string
  readonly kind: Heard['kind']
}

/** The first claim gets the row. Whoever waits for what was laid down is told when that is committed. */
async function answered(pool: pg.Pool, { messageId, facilityId }: Claim, set: Statement): Promise<Heard> {
  const row = await queryOne<OwedRow>(
    pool,
    sql`/* an awaited answer has come */
      with claimed as (
        update journal.awaited_answer set ${set}
        where message_id = ${messageId} and facility_id = ${facilityId} and ended is null and expires_at > now()
        returning process_id, transaction, root
      ), told as (select pg_notify(${CHANNEL}, process_id::text) from claimed where root is not null)
      select transaction, 'taken' as kind, (select count(*) from told) from claimed
      union all
      select transaction, 
        case when ended = 'given up' or (ended is null and expires_at <= now()) then 'late' else 'answered' end, 0 from journal.awaited_answer
      where message_id = ${messageId} and facility_id = ${facilityId} and not exists (select from claimed)`,
  )
  return row === undefined ? { kind: 'unknown' } : { kind: row.kind, transaction: row.transaction }
}

interface PassedRow {
  readonly messageId: string
  readonly contentType: string
  readonly root: Buffer
  readonly charset: string | null
  readonly sizeBytes: string
  readonly parts: { readonly packaging: 'simple' | 'mtom'; readonly staged: readonly PassedPart[] }
}

type PassedPart = Omit<StagedContent, 'content'> & {
  readonly id: string
  /** Base64 of what is small enough to travel in its row. */
  readonly bytes?: string
  readonly key?: string
}

function partsOf({ packaging, parts }: HeardAnswer['packed']): PassedRow['parts'] {
  const staged = [...parts].map(([id, { content, ...facts }]) =>
    content.kind === 'row'
      ? { id, ...facts, bytes: content.bytes.toString('base64') }
      : { id, ...facts, key: content.key },
  )
  return { packaging, staged }
}

function toAnswer({ contentType, root, charset, sizeBytes, parts }: PassedRow): HeardAnswer {
  const staged = parts.staged.map(({ id, bytes = '', key, ...facts }): readonly [string, StagedContent] => [
    id,
    {
      ...facts,
      content: key === undefined ? { kind: 'row', bytes: Buffer.from(bytes, 'base64') } : { kind: 'file', key },
    },
  ])
  return {
    contentType,
    packed: {
      packaging: parts.packaging,
      root,
      charset: charset ?? undefined,
      parts: new Map(staged),
      bytes: Number(sizeBytes),
    },
  }
}
