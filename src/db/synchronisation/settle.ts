// How an attempt to tell or ask a community ended, with audit and journal in the same commit (docs/adr/0043).

import type pg from 'pg'
import type { Settlement } from '../../identity/notify.ts'
import type { PersonKey } from '../../identity/ports.ts'
import type { AnswerTransaction, Attempt, Followed, Heard, Message, Pair } from '../../identity/synchronise-ports.ts'
import { digestOf } from '../../identity/synchronise-step.ts'
import type { Exchange } from '../../model/caller.ts'
import type { IheError } from '../../model/error.ts'
import type { Evidence, Result } from '../../model/evidence.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { type ExchangeRows, writeExchangeRows } from '../exchange-recorder.ts'
import { type ExchangeWriter, identityTransaction } from '../identity-store.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { hastenJobs } from '../waiting-jobs.ts'
import { addSynchroniseJobs } from './job.ts'

export interface SettleOptions {
  readonly pool: pg.Pool
  readonly writer: ExchangeWriter
  /** Audit and journal of an attempt, made by the composition root. */
  readonly rowsOf: (
    of: { readonly exchange: Exchange; readonly facilityId: string },
    outcome: {
      readonly result: Result
      readonly errors: readonly IheError[]
      readonly evidence: Evidence
      readonly responseBytes?: number
    },
    reason: string,
  ) => ExchangeRows
  /** The error that stands in the journal for an attempt that did not succeed. */
  readonly errorOf: (attempt: Attempt, settlement: Settlement) => IheError
}

interface Ended {
  readonly attempt: Attempt
  readonly settlement: Settlement
  readonly heard: Heard
  readonly options: SettleOptions
}

/** The first attempt is recorded and the one that ends it; those between would say the same every ten minutes for days. */
export function settle(
  options: SettleOptions,
  [attempt, settlement, heard]: readonly [Attempt, Settlement, Heard],
): Promise<void> {
  return transaction(options.pool, async (client) => {
    if (settlement.state !== 'waiting' || attempt.attempts === 1)
      await record(client, { attempt, settlement, heard, options })
    switch (settlement.state) {
      case 'sent':
        return accepted(client, attempt, heard)
      case 'parked':
        return refused(client, attempt, settlement.reason)
      case 'waiting':
        return again(client, attempt, settlement)
    }
    settlement satisfies never
  })
}

async function record(client: pg.ClientBase, { attempt, settlement, heard, options }: Ended): Promise<void> {
  const { facilityId } = attempt
  const { exchange, reason, responseBytes } = heard
  const isDone = settlement.state === 'sent'
  const outcome = {
    result: isDone ? 'success' : 'failure',
    errors: isDone ? [] : [options.errorOf(attempt, settlement)],
    evidence: evidenceOf(attempt.message, heard),
    ...(responseBytes === undefined ? {} : { responseBytes }),
  } as const
  await writeExchangeRows(client, options.rowsOf({ exchange, facilityId }, outcome, reason))
}

function evidenceOf({ content }: Message, { ids = [], query: asked }: Heard): Evidence {
  const patients = [content.id, ...ids].map(formatCx)
  if (content.kind === 'merge') {
    const subsumed = formatCx(content.subsumed)
    return { patients: [...patients, subsumed], subsumed, documents: [] }
  }
  return { patients, documents: [], ...(asked === undefined ? {} : { query: asked }) }
}

async function accepted(client: Queryable, attempt: Attempt, heard: Heard): Promise<void> {
  const { facilityId, message } = attempt
  const { content } = message
  if (content.kind === 'merge') await note(client, { facilityId, id: content.subsumed, state: 'merged' })
  else if (content.kind !== 'ask') await fed(client, attempt, heard)
  if (content.kind === 'merge') await want(client, facilityId, content.id)
  await answered(client, attempt)
}

/** Told anew after a while in which nothing might leave: what the community says of it is known, or it will tell. */
async function fed(client: Queryable, { facilityId, message }: Attempt, { exchange }: Heard): Promise<void> {
  const { content } = message
  if (content.kind === 'ask' || content.kind === 'merge') return
  await execute(
    client,
    sql`/* a community knows the id, and what was said of it */
      update identity.synchronised
      set state = 'fed', digest = ${digestOf(content.demographics)}, exchange_id = ${exchange.id}, told_at = clock_timestamp(),
          ask_since = case when lapsed then ask_since else clock_timestamp() end, lapsed = false
      where facility_id = ${facilityId} and domain = ${content.id.authority} and value = ${content.id.value}`,
  )
}

async function note(
  client: Queryable,
  { facilityId, id, state }: { readonly facilityId: string; readonly id: PatientId; readonly state: 'merged' | 'gone' },
): Promise<void> {
  await execute(
    client,
    sql`/* an id that stands for nobody there any more */
      update identity.synchronised set state = ${state}, ask_since = null, told_at = clock_timestamp()
      where facility_id = ${facilityId} and domain = ${id.authority} and value = ${id.value}`,
  )
}

async function want(client: Queryable, facilityId: string, id: PatientId): Promise<void> {
  await execute(
    client,
    sql`/* its answer is wanted */
      update identity.synchronised set ask_since = clock_timestamp()
      where facility_id = ${facilityId} and domain = ${id.authority} and value = ${id.value}`,
  )
}

/** The next message has its turn; a message that was replaced meanwhile is not. */
async function answered(client: Queryable, { facilityId, person, message, failures }: Attempt): Promise<void> {
  await execute(
    client,
    sql`/* answered */
      update jobs.synchronisation set message = null, attempts = 0, due_since = null, last_error = null
      where facility_id = ${facilityId} and person_key = ${person} and message->>'messageId' = ${message.messageId}`,
  )
  if (failures > 0) await reachedAgain(client, facilityId)
}

/** A merge of an id that perhaps never arrived is refused by a community that never had it: then there is nothing to merge. */
async function refused(client: Queryable, attempt: Attempt, reason: string): Promise<void> {
  const { facilityId, person, message } = attempt
  const { content } = message
  if (content.kind === 'merge' && (await wasSending(client, facilityId, content.subsumed))) {
    await note(client, { facilityId, id: content.subsumed, state: 'gone' })
    await answered(client, attempt)
    await addSynchroniseJobs(client, [attempt])
    return
  }
  await execute(
    client,
    sql`/* parked */
      update jobs.synchronisation
      set state = 'parked', parked_at = now(), last_error = ${reason}, message = null, attempts = 0, due_since = null
      where facility_id = ${facilityId} and person_key = ${person} and message->>'messageId' = ${message.messageId}`,
  )
}

async function wasSending(client: Queryable, facilityId: string, id: PatientId): Promise<boolean> {
  const row = await queryOne<{ readonly state: string }>(
    client,
    sql`/* did the id ever arrive? */
      select state from identity.synchronised where facility_id = ${facilityId} and domain = ${id.authority} and value = ${id.value}`,
  )
  return row?.state === 'sending'
}

async function again(
  client: Queryable,
  attempt: Attempt,
  settlement: Extract<Settlement, { readonly state: 'waiting' }>,
): Promise<void> {
  const { facilityId, person } = attempt
  await execute(
    client,
    sql`/* to be sent again */
      update jobs.synchronisation set last_error = ${settlement.reason} where facility_id = ${facilityId} and person_key = ${person}`,
  )
  if (settlement.rests)
    await execute(
      client,
      sql`/* a community that cannot be reached */
        update identity.synchronising
        set failures = failures + 1, retry_at = now() + make_interval(secs => ${settlement.delayMs / 1000}::float8)
        where facility_id = ${facilityId}`,
    )
  await addSynchroniseJobs(client, [attempt], settlement.delayMs)
}

/** What waits for the community leaves at once. */
export async function reachedAgain(client: Queryable, facilityId: string): Promise<void> {
  await execute(
    client,
    sql`/* a community that was reached again */
      update identity.synchronising set failures = 0, retry_at = null where facility_id = ${facilityId}`,
  )
  await hastenJobs(client, `synchronise ${facilityId}`)
}

/** What the answer changes here, that it came, and what it said, in one commit. */
export function settleAnswer(
  options: SettleOptions,
  [attempt, heard]: readonly [Attempt, Heard],
  follow: (tx: AnswerTransaction) => Promise<Followed>,
): Promise<void> {
  const { facilityId, message } = attempt
  const { id } = message.content
  return transaction(options.pool, async (client) => {
    // The marks of what is changed now must not have it asked again (migration 0047).
    await execute(client, sql`select set_config('tsunagi.synchronised', ${facilityId}, true)`)
    const { conflict = null } = await follow({
      ...identityTransaction(client, options.writer),
      ...answerReads(client),
    })
    const ids = (heard.ids ?? []).map(formatCx)
    await execute(
      client,
      sql`/* what a community says of a person */
        update identity.synchronised
        set answer = ${ids}::text[], named = case when ${ids.length > 0} then ${ids}::text[] else named end, answered_at = now(),
            exchange_id = ${heard.exchange.id}, conflict = ${conflict},
            ask_since = case when ask_since::text is distinct from ${wantedSince(message)} then ask_since end
        where facility_id = ${facilityId} and domain = ${id.authority} and value = ${id.value}`,
    )
    await record(client, { attempt, settlement: { state: 'sent' }, heard, options })
    await answered(client, attempt)
  })
}

/** What was wanted later than this query is wanted still. */
function wantedSince({ content }: Message): string | null {
  return content.kind === 'ask' ? content.since : null
}

function answerReads(client: Queryable): Pick<AnswerTransaction, 'formerAnswer' | 'isBare' | 'linkedBy'> {
  return {
    async formerAnswer({ facilityId, person }: Pair) {
      const rows = await query<{ readonly cx: string }>(
        client,
        sql`/* whom a community named when it last named anybody */
          select unnest(s.named) as cx from identity.identifier i
          join identity.synchronised s on s.domain = i.domain and s.value = i.value and s.facility_id = ${facilityId}
          where i.person_key = ${person}`,
      )
      return new Set(rows.map(({ cx }) => cx))
    },
    async isBare(person: PersonKey) {
      const row = await queryOne<{ readonly bare: boolean }>(
        client,
        sql`/* is anything known of a person that somebody would miss? */
          select not exists (select from access.consent c where c.person_key = q.person_key)
             and not exists (select from registry.document_entry e where e.person_key = q.person_key)
             and not exists (select from identity.identifier i join identity.synchronised s on s.domain = i.domain and s.value = i.value
                             where i.person_key = q.person_key) as bare
          from (select ${person}::bigint as person_key) q`,
      )
      return row?.bare === true
    },
    async linkedBy(id: PatientId) {
      const row = await queryOne<{ readonly by: string }>(
        client,
        sql`/* who linked a number last */
          select by from identity.identifier_history
          where domain = ${id.authority} and value = ${id.value} and event in ('link', 'split') order by history_id desc limit 1`,
      )
      return row?.by
    },
  }
}
