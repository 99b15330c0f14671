// What subscribers must hear of a change, written in the transaction that makes it (ITI TF-2 3.46.4.1.1, 3.10.4.1.1; reliability: outbox).

import type pg from 'pg'
import type { AnnouncedAs, DomainKind, KnownIdentifier, PersonKey } from '../identity/ports.ts'
import { idsOfInterest, idsToTell, isSameSet, type Subscriber } from '../identity/subscription.ts'
import type { AccessMode, CallingSystem } from '../model/caller.ts'
import { formatCx, type Oid } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { findSystemsById } from './access-store.ts'
import { addNotifyJobs } from './notification-job.ts'
import { execute, type Queryable, query, sql } from './sql.ts'

/** What a system may be told of persons: handed in by the composition root. */
export interface AnnouncerRules {
  readonly networkMode: AccessMode
  readonly visibleDomains: (
    client: Queryable,
    system: CallingSystem,
    persons: readonly PersonKey[],
  ) => Promise<ReadonlyMap<PersonKey, ReadonlySet<string>>>
}

interface SubscriptionRow {
  readonly subscription_id: string
  readonly system_id: string
  readonly domains: readonly string[] | null
}

interface Subscription extends Subscriber {
  readonly subscriptionId: string
}

interface PersonState {
  readonly person: PersonKey
  readonly identifiers: readonly KnownIdentifier[]
  /** What each subscription was told last, as CX. */
  readonly told: ReadonlyMap<string, readonly string[]>
  /** Domains in which this transaction changed something about the person. */
  readonly touched: ReadonlySet<string>
}

/** The persons whose sets of ids one change has split, joined or altered. */
type Change = readonly PersonState[]

interface Announcement {
  readonly subscriptionId: string
  readonly person: PersonKey
  /** All of the change. */
  readonly persons: readonly PersonKey[]
  readonly ids: readonly CorrespondingId[]
}

/** Announces within the transaction of `client`, when all else that it changes is written. */
export function createAnnouncer(
  rules: AnnouncerRules,
): (client: pg.ClientBase, persons: readonly PersonKey[], as: AnnouncedAs) => Promise<void> {
  return async (client, given, as) => {
    const subscriptions = await subscriptionsOf(client, rules.networkMode)
    if (subscriptions.length === 0) return
    const persons = [...new Set(given)]
    await lock(client, persons)
    const states = await statesOf(client, persons)
    const changes: readonly Change[] = as === 'one change' ? [states] : states.map((state) => [state])
    const news: Announcement[] = []
    for (const subscription of subscriptions) {
      const visible = await rules.visibleDomains(client, subscription.system, persons)
      for (const change of changes) news.push(...newsFor(subscription, change, visible))
    }
    if (news.length > 0) await write(client, news)
  }
}

async function subscriptionsOf(client: Queryable, networkMode: AccessMode): Promise<readonly Subscription[]> {
  const rows = await query<SubscriptionRow>(
    client,
    sql`/* subscriptions of notifications */ select subscription_id, system_id, domains from identity.subscription order by subscription_id`,
  )
  if (rows.length === 0) return []
  const systems = await findSystemsById(client, { systemIds: rows.map((row) => row.system_id), networkMode })
  return rows.flatMap(({ subscription_id, system_id, domains }) => {
    const system = systems.get(system_id)
    return system === undefined
      ? []
      : [{ subscriptionId: subscription_id, system, ...(domains === null ? {} : { domains }) }]
  })
}

/** Changes of one person are announced one after another, so that a later set never comes before an earlier one. */
async function lock(client: Queryable, persons: readonly PersonKey[]): Promise<void> {
  await execute(
    client,
    sql`/* announcement: lock persons in one order */
      select from identity.person where person_key = any(${persons}::bigint[]) order by person_key for update`,
  )
}

interface IdentifierRow {
  readonly person_key: PersonKey
  readonly value: string
  readonly oid: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facility_id: string | null
}

interface ToldRow {
  readonly person_key: PersonKey
  readonly subscription_id: string
  readonly ids: readonly string[]
}

interface TouchedRow {
  readonly person_key: PersonKey
  readonly domain: string
}

async function statesOf(client: Queryable, persons: readonly PersonKey[]): Promise<readonly PersonState[]> {
  const identifiers = byPerson(
    await query<IdentifierRow>(
      client,
      sql`/* announcement: the ids that stand now */
        select i.person_key, i.value, d.oid, d.name, d.kind, d.facility_id
        from identity.identifier i join identity.domain d on d.oid = i.domain
        where i.person_key = any(${persons}::bigint[]) and i.status = 'active'`,
    ),
  )
  const told = byPerson(
    await query<ToldRow>(
      client,
      sql`/* announcement: the ids told last */
        select person_key, subscription_id, ids from identity.announced where person_key = any(${persons}::bigint[])`,
    ),
  )
  // Every change writes history, and what this transaction wrote is not older than its begin.
  const touched = byPerson(
    await query<TouchedRow>(
      client,
      sql`/* announcement: what this transaction changed */
        select distinct person_key, domain from identity.identifier_history
        where person_key = any(${persons}::bigint[]) and at >= now() and event <> 'revise'`,
    ),
  )
  return persons.map((person) => ({
    person,
    identifiers: (identifiers.get(person) ?? []).map(toIdentifier),
    told: new Map((told.get(person) ?? []).map((row) => [row.subscription_id, row.ids])),
    touched: new Set((touched.get(person) ?? []).map(({ domain }) => domain)),
  }))
}

function byPerson<Row extends { readonly person_key: PersonKey }>(
  rows: readonly Row[],
): ReadonlyMap<PersonKey, readonly Row[]> {
  const found = new Map<PersonKey, Row[]>()
  for (const row of rows) {
    const known = found.get(row.person_key)
    if (known === undefined) found.set(row.person_key, [row])
    else known.push(row)
  }
  return found
}

function toIdentifier({ value, oid, name, kind, facility_id }: IdentifierRow): KnownIdentifier {
  return {
    id: { value, authority: oid },
    domain: { oid, name, kind, ...(facility_id === null ? {} : { facilityId: facility_id }) },
  }
}

/**
 * The sets to tell, empty where a person has no id left to tell of. That cannot be told; it is learned by absence, so the other
 * persons of the change are told again even if nothing was added to them (a merge of two numbers into one).
 */
function newsFor(
  subscription: Subscription,
  change: Change,
  visible: ReadonlyMap<PersonKey, ReadonlySet<string>>,
): readonly Announcement[] {
  const { subscriptionId, domains } = subscription
  // Of a person who was there before the subscription nothing has been told: then the change itself says whether it concerns it.
  const concerns = change.some(({ touched }) =>
    [...touched].some((domain) => domains === undefined || domains.includes(domain)),
  )
  const persons = change.map(({ person }) => person)
  const sets = change.flatMap(({ person, identifiers, told }) => {
    const known = told.get(subscriptionId)
    if (known === undefined && !concerns) return []
    const ids = idsToTell(subscription, idsOfInterest(subscription, identifiers), visible.get(person) ?? new Set())
    const isKnown = known !== undefined && isSameSet(known, ids)
    const news = isKnown ? 'known' : ids.length === 0 ? 'gone' : 'new'
    return [{ subscriptionId, person, persons, ids, news }]
  })
  const isGone = sets.some(({ news }) => news === 'gone')
  return sets.filter(({ news, ids }) => news !== 'known' || (isGone && ids.length > 0))
}

async function write(client: Queryable, news: readonly Announcement[]): Promise<void> {
  const rows = news.map(({ ids, ...one }) => ({ ...one, ids, cx: ids.map(({ id }) => formatCx(id)) }))
  await execute(
    client,
    sql`/* what subscribers were told last */
      insert into identity.announced (subscription_id, person_key, ids)
      select n."subscriptionId", n.person, n.cx
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n("subscriptionId" text, person bigint, cx text[])
      on conflict (person_key, subscription_id) do update set ids = excluded.ids, told_at = clock_timestamp()`,
  )
  await coalesce(client, news)
  const told = news.filter(({ ids }) => ids.length > 0)
  await execute(
    client,
    sql`/* notifications to send */
      insert into jobs.outbox (subscription_id, person_key, persons, message_id, ids)
      select n."subscriptionId", n.person, n.persons, gen_random_uuid(), n.ids
      from jsonb_to_recordset(${JSON.stringify(told)}::jsonb) as n("subscriptionId" text, person bigint, persons bigint[], ids jsonb)`,
  )
  await addNotifyJobs(client, told)
}

/**
 * Older sets that never left are not worth sending, back to the last one that came of a split or a join: that is told as it happened.
 * Of a person without ids none is: what became of them stands in the set of someone else.
 */
async function coalesce(client: Queryable, news: readonly Announcement[]): Promise<void> {
  const newer = news.filter(({ persons, ids }) => persons.length === 1 || ids.length === 0)
  if (newer.length === 0) return
  await execute(
    client,
    sql`/* newer sets instead of older ones that never left */
      delete from jobs.outbox o
      using unnest(${newer.map((one) => one.subscriptionId)}::text[], ${newer.map(({ person }) => person)}::bigint[],
                   ${newer.map(({ ids }) => ids.length === 0)}::boolean[]) as n (subscription_id, person_key, gone)
      where o.subscription_id = n.subscription_id and o.person_key = n.person_key and o.state = 'waiting' and o.attempts = 0
        and (n.gone or o.outbox_id > coalesce(
              (select max(k.outbox_id) from jobs.outbox k
               where k.subscription_id = o.subscription_id and k.person_key = o.person_key and k.state in ('waiting', 'parked')
                 and cardinality(k.persons) > 1), 0))`,
  )
}
