// What a community is told or asked next of a person: chosen from what stands at that moment, and counted before it leaves (docs/adr/0043).

import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import type { NumberView } from '../../identity/administration-ports.ts'
import type { Attempt, IndexElsewhere, Message, Pair } from '../../identity/synchronise-ports.ts'
import { type Content, nextStep, type Step, type ToldId } from '../../identity/synchronise-step.ts'
import type { AccessFacts } from '../../model/access.ts'
import { formatCx, type Oid } from '../../model/identifiers.ts'
import { isStopped, standingConsents } from '../access/facts.ts'
import { personViews } from '../identity/person-views.ts'
import { partnerFacilities } from '../partner-directory.ts'
import { transaction } from '../pool.ts'
import { execute, named, type Queryable, query, queryOne, sql } from '../sql.ts'
import { addSynchroniseJobs } from './job.ts'

/** May the community be told of a person? Handed in by the composition root. */
export type MayTell = (
  facts: Pick<AccessFacts, 'consents' | 'stopped'>,
  community: { readonly facilityId: string; readonly agreed: boolean },
) => boolean

export interface TakeOptions {
  readonly pool: pg.Pool
  readonly affinityDomain: Oid
  readonly mayTell: MayTell
}

interface OpenRow {
  /** Those of before had no numbers. */
  readonly message:
    | (Omit<Message, 'composedAt' | 'numbers'> & { readonly composedAt: string; readonly numbers?: readonly string[] })
    | null
  readonly attempts: number
  readonly due_ms: number
  readonly url: string
  readonly community: Oid
  readonly domains: readonly Oid[]
  readonly failures: number
  readonly rest_ms: number
  readonly turn: 'parked' | 'stopped' | 'resting' | 'ready'
}

export function take(options: TakeOptions, pair: Pair): Promise<Attempt | undefined> {
  return transaction(options.pool, async (client) => {
    const row = await lockOpen(client, pair)
    if (row === undefined || row.turn === 'parked') return undefined
    if (row.turn === 'stopped') {
      await execute(
        client,
        sql`/* a pause is no time in which the community did not answer */
          update jobs.synchronisation set due_since = null
          where facility_id = ${pair.facilityId} and person_key = ${pair.person} and due_since is not null`,
      )
      return undefined
    }
    if (row.turn === 'resting') {
      await execute(
        client,
        sql`/* would have been tried */
          update jobs.synchronisation set due_since = coalesce(due_since, now())
          where facility_id = ${pair.facilityId} and person_key = ${pair.person}`,
      )
      await addSynchroniseJobs(client, [pair], row.rest_ms)
      return undefined
    }
    if (!(await isTold(client, { pair, options }))) {
      await lapse(client, pair)
      return undefined
    }
    return attempt(client, { pair, row, options })
  })
}

/** The mark of the pair, locked: whoever changes something about the person meanwhile waits, and marks again. */
function lockOpen(client: Queryable, { facilityId, person }: Pair): Promise<OpenRow | undefined> {
  return queryOne<OpenRow>(
    client,
    sql`/* who has to be looked at for a community */
      select j.message, j.attempts, (extract(epoch from now() - coalesce(j.due_since, now())) * 1000)::float8 as due_ms,
             p.pix_url as url, p.community, y.failures, (extract(epoch from coalesce(y.retry_at, now()) - now()) * 1000)::float8 as rest_ms,
             array(select d.oid from identity.domain d where d.facility_id = p.facility_id and d.kind = 'facility' order by d.oid) as domains,
             case when j.state = 'parked' then 'parked'
                  when p.identity <> 'pix' or p.status <> 'active' or f.status <> 'active' then 'stopped'
                  when y.retry_at > now() then 'resting'
                  else 'ready' end as turn
      from jobs.synchronisation j
      join access.partner p using (facility_id)
      join access.facility f using (facility_id)
      join identity.synchronising y using (facility_id)
      where j.facility_id = ${facilityId} and j.person_key = ${person} for update of j`,
  )
}

interface Asked {
  readonly pair: Pair
  readonly options: TakeOptions
}

/** Asked at every attempt: what nobody may know any more stays here, whatever was composed before. */
async function isTold(client: Queryable, { pair, options }: Asked): Promise<boolean> {
  const { facilityId, person } = pair
  const facts = await queryOne<Pick<AccessFacts, 'consents' | 'stopped'> & { readonly agreed: boolean }>(
    client,
    sql`/* may a community be told of a person? */
      select ${standingConsents(named('q.person_key'), named('true'))} as consents, ${isStopped(named('q.person_key'))} as stopped,
             exists (select from access.agreement a join access.partner p on p.community = a.partner_community
                     where p.facility_id = ${facilityId} and a.direction <> 'incoming' and a.ended_at is null
                       and a.valid_from <= now() and a.valid_to > now()
                       and (a.union_id is null or exists (
                         select from identity.identifier i
                         join identity.domain d on d.oid = i.domain
                         join access.union_member m on m.facility_id = d.facility_id and m.union_id = a.union_id
                         where i.person_key = q.person_key and i.status = 'active'
                           and m.valid_from <= now() and (m.valid_to is null or m.valid_to > now())))) as agreed
      from (select ${person}::bigint as person_key) q`,
  )
  return facts !== undefined && options.mayTell(facts, { facilityId, agreed: facts.agreed })
}

/** Nothing leaves; when something may again, the community is told anew what it was told before. */
async function lapse(client: Queryable, pair: Pair): Promise<void> {
  await execute(
    client,
    sql`/* a community may not be told of a person any more */
      update identity.synchronised s set lapsed = true, ask_since = null
      from identity.identifier i
      where i.person_key = ${pair.person} and s.facility_id = ${pair.facilityId} and s.domain = i.domain and s.value = i.value and s.state = 'fed'`,
  )
  await done(client, pair)
}

async function done(client: Queryable, { facilityId, person }: Pair): Promise<void> {
  await execute(
    client,
    sql`/* nothing is left to be said */ delete from jobs.synchronisation where facility_id = ${facilityId} and person_key = ${person}`,
  )
}

interface Taking extends Asked {
  readonly row: OpenRow
}

async function attempt(client: Queryable, { pair, row, options }: Taking): Promise<Attempt | undefined> {
  const numbers = await personViews(client, options.affinityDomain).numbersOf(pair.person)
  const step = await stepFor(client, { pair, options, numbers })
  if (step === undefined) {
    await done(client, pair)
    return undefined
  }
  if (step.kind === 'stuck') {
    await execute(
      client,
      sql`/* no message does it */
        update jobs.synchronisation set state = 'parked', parked_at = now(), last_error = ${step.reason}, message = null
        where facility_id = ${pair.facilityId} and person_key = ${pair.person}`,
    )
    return undefined
  }
  const active = numbers.flatMap(({ id, status }) => (status === 'active' ? formatCx(id) : []))
  const message = underWay(row, step, active) ?? {
    messageId: randomUUID(),
    composedAt: new Date(),
    content: step,
    numbers: active,
  }
  await count(client, pair, message)
  const { facilityId } = pair
  const to: IndexElsewhere = { facilityId, url: row.url, device: row.community, domains: row.domains }
  const { attempts, failures, due_ms } = row
  return { ...pair, to, message, attempts: attempts + 1, failures, dueForMs: due_ms }
}

/**
 * What may have arrived is sent again as it was until it is answered: something newer follows it. Another person's id, or another kind of
 * message, is another message; so is one after a number left the person, because what was said of it may be said of nobody now.
 */
function underWay({ message }: OpenRow, step: Content, active: readonly string[]): Message | undefined {
  if (message === null) return undefined
  const { content, numbers = [] } = message
  const isSame =
    numbers.every((number) => active.includes(number)) &&
    content.kind === step.kind &&
    content.id.value === step.id.value &&
    (content.kind !== 'merge' || step.kind !== 'merge' || content.subsumed.value === step.subsumed.value)
  if (!isSame) return undefined
  // PostgreSQL keeps members in an order of its own, in which the same words would have another digest, and be told once more.
  const said = isDeepStrictEqual(content, step) ? step : content
  return { ...message, content: said, numbers, composedAt: new Date(message.composedAt) }
}

interface ToldRow {
  readonly value: string
  readonly state: ToldId['state']
  readonly digest: string | null
  readonly lapsed: boolean
  readonly ask_since: string | null
}

async function stepFor(
  client: Queryable,
  { pair, options, numbers }: Asked & { readonly numbers: readonly NumberView[] },
): Promise<Step | undefined> {
  const { affinityDomain } = options
  const told = await query<ToldRow>(
    client,
    sql`/* what a community was told of a person */
      select s.value, s.state, s.digest, s.lapsed, s.ask_since::text
      from identity.identifier i
      join identity.synchronised s on s.domain = i.domain and s.value = i.value and s.facility_id = ${pair.facilityId}
      where i.person_key = ${pair.person}`,
  )
  return nextStep({
    affinityDomain,
    numbers,
    told: told.map(toTold),
    partners: await partnerFacilities(client),
  })
}

function toTold({ value, state, digest, lapsed, ask_since }: ToldRow): ToldId {
  return {
    value,
    state,
    lapsed,
    ...(digest === null ? {} : { digest }),
    ...(ask_since === null ? {} : { askSince: ask_since }),
  }
}

async function count(client: Queryable, { facilityId, person }: Pair, message: Message): Promise<void> {
  const { content } = message
  await execute(
    client,
    sql`/* an attempt begins */
      update jobs.synchronisation set message = ${JSON.stringify(message)}, attempts = attempts + 1, due_since = coalesce(due_since, now())
      where facility_id = ${facilityId} and person_key = ${person}`,
  )
  if (content.kind !== 'add') return
  await execute(
    client,
    sql`/* an id that a community may know from now on */
      insert into identity.synchronised (facility_id, domain, value, state) values (${facilityId}, ${content.id.authority}, ${content.id.value}, 'sending')
      on conflict (facility_id, domain, value) do update set state = 'sending'`,
  )
}
