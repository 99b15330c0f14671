// Discovery of patients at neighbouring communities on PostgreSQL: whom to ask about, and what was learned (port of src/gateway; ITI TF-2 3.55).

import type pg from 'pg'
import type { DiscoveryStore, Finding, Question, Subject } from '../gateway/discovery-ports.ts'
import type { Oid } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import { transaction } from './pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from './sql.ts'

export interface DiscoverySettings {
  /** Of the network's own patient ids. */
  readonly affinityDomain: Oid
  /** What the index says of a person whose numbers these sources describe; undefined: nothing that may be told to others. */
  readonly describe: (client: Queryable, personKey: string) => Promise<Demographics | undefined>
}

export function createDiscoveryStore(pool: pg.Pool, settings: DiscoverySettings): DiscoveryStore {
  return {
    subjectOf: (personKey) => subjectOf(pool, personKey, settings),
    keep: (finding) => transaction(pool, (client) => keep(client, finding)),
  }
}

/** The state is read first: what changes while the rest is read makes it another one. */
async function subjectOf(
  pool: pg.Pool,
  personKey: string,
  { affinityDomain, describe }: DiscoverySettings,
): Promise<Subject | undefined> {
  const row = await queryOne<{ readonly value: string; readonly state: string }>(
    pool,
    sql`/* whom a community is asked about */
      select i.value, ${stateOf(personKey)} as state from identity.identifier i
      where i.person_key = ${personKey} and i.domain = ${affinityDomain} and i.status = 'active' order by i.second, i.value limit 1`,
  )
  const demographics = row === undefined ? undefined : await describe(pool, personKey)
  if (row === undefined || demographics === undefined) return undefined
  return { personKey, patientId: { value: row.value, authority: affinityDomain }, demographics, state: row.state }
}

/** Numbers of the person, what a person is found by, and what lets it be described to others: consents that stand, and support that was stopped. */
function stateOf(personKey: string): Statement {
  return sql`(select md5(string_agg(concat_ws(' ', n.domain, n.value, n.demographics -> 'names', n.demographics -> 'birthTime', n.demographics -> 'sex'),
                                    E'\\n' order by n.domain, n.value))
                     || (select concat(' ', string_agg(c.consent_id::text, ' ' order by c.consent_id)) from access.consent c
                         where c.person_key = ${personKey} and c.withdrawn_at is null)
                     || (select concat(' ', string_agg(s.stop_id::text, ' ' order by s.stop_id)) from access.support_stop s
                         where s.person_key = ${personKey} and s.lifted_at is null)
              from identity.identifier n where n.person_key = ${personKey} and n.status = 'active')`
}

/**
 * Terms, numbers and person are locked in the order in which every change locks them: a merge, a revision or a withdrawal that is under
 * way is waited for, one that comes later ends what is kept here.
 */
async function keep(client: pg.ClientBase, finding: Finding): Promise<'kept' | 'stale' | 'taken'> {
  const { facilityId, subject, found } = finding
  const { personKey } = subject
  const terms = await queryOne<{ readonly community: string }>(
    client,
    sql`select community from access.partner where facility_id = ${facilityId} and status in ('active', 'test') for share`,
  )
  await execute(
    client,
    sql`/* numbers of a person stay as they are */ select from identity.identifier where person_key = ${personKey} and status = 'active'
        order by domain, value for share`,
  )
  // Two servers that asked at the same time come one after the other.
  await execute(client, sql`select from identity.person where person_key = ${personKey} for no key update`)
  await execute(
    client,
    sql`/* consents of a person stay as they are */ select from access.consent where person_key = ${personKey} and withdrawn_at is null
        order by consent_id for share`,
  )
  const now = await queryOne<{ readonly state: string | null }>(client, sql`select ${stateOf(personKey)} as state`)
  if (terms === undefined || now?.state !== subject.state) return 'stale'
  if (finding.secondHand === true && (await isAnswered(client, finding))) return 'kept'
  if (found.kind === 'known' && (await isTaken(client, finding))) return 'taken'
  await endFormer(client, finding)
  if (found.kind === 'open') await addQuestion(client, finding, found)
  else await addTheirs(client, finding, terms.community)
  if (found.kind === 'known' && found.told !== undefined) await addOurs(client, finding, found.told)
  return 'kept'
}

/** The community itself was asked, and what it said holds still. */
async function isAnswered(client: Queryable, { facilityId, subject }: Finding): Promise<boolean> {
  const [answered] = await query(
    client,
    sql`/* what is known of a community holds still */
      select from identity.correlation
      where person_key = ${subject.personKey} and facility_id = ${facilityId} and side = 'theirs' and ended_at is null and expires_at > now()
      union all
      select from identity.discovery_question
      where person_key = ${subject.personKey} and facility_id = ${facilityId} and ended_at is null and expires_at > now()`,
  )
  return answered !== undefined
}

/** The id stands for another person here: by a number that is linked, or by what the community told before. */
async function isTaken(client: Queryable, { facilityId, subject, found }: Finding): Promise<boolean> {
  if (found.kind !== 'known') return false
  const { value, authority } = found.id
  const [taken] = await query(
    client,
    sql`/* does an id stand for another person? */
      select from identity.identifier
      where domain = ${authority} and value = ${value} and status = 'active' and person_key <> ${subject.personKey}
      union all
      select from identity.correlation
      where facility_id = ${facilityId} and domain = ${authority} and value = ${value} and side = 'theirs' and ended_at is null
        and expires_at > now() and person_key <> ${subject.personKey}`,
  )
  return taken !== undefined
}

async function endFormer(client: Queryable, { facilityId, subject }: Finding): Promise<void> {
  const asked = 'it was asked again'
  await execute(
    client,
    sql`/* what a community told before */
      update identity.correlation set ended_at = clock_timestamp(), ended_reason = ${asked}
      where person_key = ${subject.personKey} and facility_id = ${facilityId} and side = 'theirs' and ended_at is null`,
  )
  await execute(
    client,
    sql`/* what a community left open before */
      update identity.discovery_question set ended_at = clock_timestamp(), ended_reason = ${asked}
      where person_key = ${subject.personKey} and facility_id = ${facilityId} and ended_at is null`,
  )
}

async function addTheirs(client: Queryable, finding: Finding, community: string): Promise<void> {
  const { facilityId, subject, exchangeId, forMs, found } = finding
  const id = found.kind === 'known' ? found.id : undefined
  await execute(
    client,
    sql`/* who a person is in a community */
      insert into identity.correlation (facility_id, person_key, side, home, domain, value, exchange_id, expires_at)
      values (${facilityId}, ${subject.personKey}, 'theirs', ${community}, ${id?.authority ?? null}, ${id?.value ?? null}, ${exchangeId},
              clock_timestamp() + make_interval(secs => ${forMs / 1000}))`,
  )
}

/** The same id told again is told for longer. */
async function addOurs(
  client: Queryable,
  { facilityId, subject, exchangeId }: Finding,
  { id, forSeconds, home }: NonNullable<Question['told']>,
): Promise<void> {
  await execute(
    client,
    sql`/* our id that a community was told before */
      update identity.correlation set ended_at = clock_timestamp(), ended_reason = 'it was told again'
      where person_key = ${subject.personKey} and facility_id = ${facilityId} and side = 'ours' and domain = ${id.authority}
        and value = ${id.value} and ended_at is null`,
  )
  await execute(
    client,
    sql`/* our id, as a community was told it */
      insert into identity.correlation (facility_id, person_key, side, home, domain, value, exchange_id, expires_at)
      values (${facilityId}, ${subject.personKey}, 'ours', ${home}, ${id.authority}, ${id.value}, ${exchangeId},
              clock_timestamp() + make_interval(secs => ${forSeconds}))`,
  )
}

async function addQuestion(
  client: Queryable,
  { facilityId, subject, exchangeId, forMs }: Finding,
  { reason, told }: Extract<Finding['found'], { readonly kind: 'open' }>,
): Promise<void> {
  await execute(
    client,
    sql`/* what a community left open */
      insert into identity.discovery_question (facility_id, person_key, reason, told, exchange_id, expires_at)
      values (${facilityId}, ${subject.personKey}, ${reason}, ${told}, ${exchangeId}, clock_timestamp() + make_interval(secs => ${forMs / 1000}))
      on conflict (person_key, facility_id) where ended_at is null do nothing`,
  )
}

/** A question stays for staff when the community may be asked again, but not for ever. */
const UNSETTLED_DAYS = 90

/** Ended by one statement: after a long stop all that was learned and told has run out at once, which is more than one may take. */
const ENDED_AT_ONCE = 2000

/** What ran out is ended, so that what is open stays little; nobody used it any more since then. @returns how many. */
export async function endExpired(pool: Queryable): Promise<number> {
  const ids = await inParts(
    pool,
    sql`/* ids of discovery that ran out */
      update identity.correlation set ended_at = clock_timestamp(), ended_reason = 'expired'
      where correlation_id in (select correlation_id from identity.correlation where ended_at is null and expires_at <= now()
                               limit ${ENDED_AT_ONCE} for update skip locked)`,
  )
  return (
    ids +
    (await inParts(
      pool,
      sql`/* questions of discovery that nobody settled */
        update identity.discovery_question set ended_at = clock_timestamp(), ended_reason = 'nobody settled it'
        where question_id in (select question_id from identity.discovery_question
                              where ended_at is null and expires_at <= now() - make_interval(days => ${UNSETTLED_DAYS})
                              limit ${ENDED_AT_ONCE} for update skip locked)`,
    ))
  )
}

async function inParts(pool: Queryable, part: Statement): Promise<number> {
  for (let total = 0; ; ) {
    const ended = await execute(pool, part)
    total += ended
    if (ended < ENDED_AT_ONCE) return total
  }
}
