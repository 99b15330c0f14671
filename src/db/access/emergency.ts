// Opening by emergency access in SQL: who may, whose number it is, and the grant with its notices and its alert in one transaction.

import type pg from 'pg'
import type { Disaster } from '../../access/emergency/form.ts'
import type {
  Act,
  AskedDocuments,
  AskedNumber,
  AskedPatientId,
  EmergencyTransaction,
  EmsStaff,
  EmsUser,
  FormerGrant,
  NewGrant,
  NumberHolder,
  Refused,
  StandingGrant,
} from '../../access/emergency/ports.ts'
import type { AccessMode } from '../../model/caller.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { canonicalNumber, type LocalIdForm } from '../../model/patient-number.ts'
import { type FactsOfPerson, findViewer, toFacts, writtenAs } from '../access-store.ts'
import { transaction } from '../pool.ts'
import { execute, named, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordEmergency } from '../staff-change.ts'
import { endExpired, ofUser } from './emergency-ending.ts'
import { communityIdOf, factColumns } from './facts.ts'

/** Days within which the user tells the other facility. */
const CONTACT_DAYS = 7

/** Runs `work` with what it may ask and write, and commits it as one. */
export function emergencyTransaction<T>(
  pool: pg.Pool,
  networkMode: AccessMode,
  work: (tx: EmergencyTransaction) => Promise<T>,
): Promise<T> {
  return transaction(pool, (client) =>
    work({
      lockStaff: (staffId) => lockStaff(client, staffId),
      misses: (staffId) => countMisses(client, staffId),
      viewer: (facilityId) => findViewer(client, { facilityId, networkMode }),
      holderOfNumber: (asked) => holderOfNumber(client, asked),
      holderOfPatientId: (asked) => holderOfPatientId(client, asked),
      holderOfDocuments: (asked) => holderOfDocuments(client, asked),
      disaster: (facilityId, others) => findDisaster(client, facilityId, others),
      mayAssert: (user) => mayAssert(client, user),
      grantsOf: (user) => countGrants(client, user),
      former: (user, personKey) => findFormer(client, user, personKey),
      publishersOf: (personKey, among) => publishersOf(client, personKey, [...among]),
      open: (grant, act) => open(client, grant, act),
      refuse: (refused, act) => refuse(client, refused, act),
    }),
  )
}

/** Staff `s` may work now. */
const ACTIVE_STAFF = sql`s.status = 'active' and s.valid_from <= now() and (s.valid_to is null or s.valid_to > now()) and s.may_use_ems`

function lockStaff(client: Queryable, staffId: string): Promise<EmsStaff | undefined> {
  return queryOne<EmsStaff>(
    client,
    sql`/* who uses emergency access */
      select s.staff_id as "staffId", s.facility_id as "facilityId", s.name, s.job from access.staff s
      join access.facility f on f.facility_id = s.facility_id and f.status = 'active'
      where s.staff_id = ${staffId} and ${ACTIVE_STAFF} for update of s`,
  )
}

async function mayAssert(client: Queryable, user: EmsUser): Promise<boolean> {
  const { facilityId, staffId } = user
  const row = await queryOne<{ readonly may: boolean }>(
    client,
    sql`/* may assertions open patients in emergencies? */
      select f.status = 'active' and f.emergency_by_assertion
             and (${staffId === undefined}
                  or exists (select from access.staff s where s.staff_id = ${staffId ?? ''} and s.facility_id = f.facility_id and ${ACTIVE_STAFF})) as may
      from access.facility f where f.facility_id = ${facilityId}`,
  )
  return row?.may === true
}

function countMisses(client: Queryable, staffId: string): Promise<number> {
  return countOf(
    client,
    sql`/* entries of the last hour that opened nothing */
      select count(*)::int as count from access.emergency_miss where staff_id = ${staffId} and at > now() - interval '1 hour'`,
  )
}

function countGrants(client: Queryable, user: EmsUser): Promise<number> {
  return countOf(
    client,
    sql`/* patients opened in the last hour */
      select count(*)::int as count from access.emergency_grant g where ${ofUser(user)} and g.started_at > now() - interval '1 hour'`,
  )
}

async function countOf(client: Queryable, statement: Statement): Promise<number> {
  return (await queryOne<{ readonly count: number }>(client, statement))?.count ?? 0
}

interface HolderRow extends FactsOfPerson {
  readonly given_domain: PatientId['authority']
  readonly given_value: string
}

/** `i` is the network's own id of the person who has the number `given`. */
const NETWORK_ID = sql`cross join lateral ${communityIdOf(named('given.person_key'))} i`

/** One that was replaced leads to whoever has its place. */
const STANDS = sql`(given.status = 'active' or given.survivor is not null)`

async function holderOfNumber(client: Queryable, asked: AskedNumber): Promise<NumberHolder | undefined> {
  const { publisherId, viewerId, domain = null, number } = asked
  const facility = await queryOne<{ readonly patient_id_form: LocalIdForm }>(
    client,
    sql`/* how a facility writes its numbers */
      select patient_id_form from access.facility where facility_id = ${publisherId} and status = 'active'`,
  )
  // Asked as well where there is no such facility: the answer takes as long.
  const canonical = canonicalNumber(number, facility?.patient_id_form ?? 'exact')
  return onlyHolder(
    await query<HolderRow>(
      client,
      sql`/* emergency access: who has a number of a facility */
        select i.person_key, i.domain, i.value, given.domain as given_domain, given.value as given_value, ${factColumns(viewerId)}
        from access.facility f
        join identity.domain d on d.facility_id = f.facility_id and d.kind = 'facility' and (${domain}::text is null or d.oid = ${domain})
        join identity.identifier given on given.domain = d.oid and given.value = any(${writtenAs(sql`${canonical}::text`)}) and ${STANDS}
        ${NETWORK_ID}
        where f.facility_id = ${publisherId} and f.status = 'active' limit 2`,
    ),
  )
}

/** The person has the id that the assertion is about, or it names none. */
function isAbout(about: PatientId | undefined): Statement {
  return sql`(${about === undefined} or exists (
      select from identity.identifier meant
      where meant.person_key = i.person_key and meant.domain = ${about?.authority ?? ''} and meant.value = ${about?.value ?? ''} and meant.status = 'active'))`
}

async function holderOfPatientId(client: Queryable, asked: AskedPatientId): Promise<NumberHolder | undefined> {
  const { patientId, viewerId, about } = asked
  return onlyHolder(
    await query<HolderRow>(
      client,
      sql`/* emergency access: who has an id of the affinity domain */
        select i.person_key, i.domain, i.value, given.domain as given_domain, given.value as given_value, ${factColumns(viewerId)}
        from identity.identifier given
        join identity.domain d on d.oid = given.domain and d.kind in ('affinity', 'community')
        ${NETWORK_ID}
        where given.domain = ${patientId.authority} and given.value = ${patientId.value} and given.status = 'active' and ${isAbout(about)} limit 2`,
    ),
  )
}

async function holderOfDocuments(client: Queryable, asked: AskedDocuments): Promise<NumberHolder | undefined> {
  const { repositoryUniqueId, uniqueIds, viewerId, about } = asked
  return onlyHolder(
    await query<HolderRow>(
      client,
      sql`/* emergency access: whom documents are about */
        select distinct i.person_key, i.domain, i.value, i.domain as given_domain, i.value as given_value, ${factColumns(viewerId)}
        from registry.document_entry given
        ${NETWORK_ID}
        where given.unique_id = any(${uniqueIds}) and given.repository_unique_id = ${repositoryUniqueId} and given.latest and ${isAbout(about)} limit 2`,
    ),
  )
}

function onlyHolder(rows: readonly HolderRow[]): NumberHolder | undefined {
  const [row, another] = rows
  if (row === undefined || another !== undefined) return undefined
  return { ...toFacts(row), number: { value: row.given_value, authority: row.given_domain } }
}

async function findDisaster(
  client: Queryable,
  facilityId: string,
  others: readonly string[],
): Promise<Disaster | undefined> {
  return queryOne<Disaster>(
    client,
    sql`/* disaster mode of a union that facilities share */
      select x.disaster_id as "disasterId", x.relaxed, x.grant_days as "grantDays"
      from access.union_member mine
      join access.disaster_mode x on x.union_id = mine.union_id and x.ended_at is null and x.valid_from <= now() and x.valid_to > now()
      where mine.facility_id = ${facilityId} and mine.valid_from <= now() and (mine.valid_to is null or mine.valid_to > now())
        and exists (select from access.union_member other
                    where other.union_id = mine.union_id and other.facility_id = any(${others})
                      and other.valid_from <= now() and (other.valid_to is null or other.valid_to > now()))
      order by x.disaster_id desc limit 1`,
  )
}

async function findFormer(client: Queryable, user: EmsUser, personKey: string): Promise<FormerGrant | undefined> {
  await endExpired(client, user, personKey)
  return queryOne<FormerGrant>(
    client,
    sql`/* newest emergency access of a user to a person */
      select g.grant_id as "grantId", g.started_at as "startedAt", g.ends_at as "endsAt",
             case when g.ended_at is null then 'running' when g.reviewed_at is null then 'unreviewed' else 'reviewed' end as state
      from access.emergency_grant g where ${ofUser(user)} and g.person_key = ${personKey} order by g.grant_id desc limit 1`,
  )
}

async function publishersOf(
  client: Queryable,
  personKey: string,
  among: readonly string[],
): Promise<readonly string[]> {
  const rows = await query<{ readonly publisher: string }>(
    client,
    sql`/* which facilities published about a person */
      select publisher from unnest(${among}::text[]) as f (publisher)
      where exists (select from registry.document_entry e where e.person_key = ${personKey} and e.publisher = f.publisher) order by publisher`,
  )
  return rows.map(({ publisher }) => publisher)
}

async function open(client: Queryable, grant: NewGrant, act: Act): Promise<StandingGrant | undefined> {
  const { user, number, notices } = grant
  const opened = await queryOne<StandingGrant>(
    client,
    sql`/* emergency access begins */
      insert into access.emergency_grant (facility_id, staff_id, user_name, job, person_key, publisher_id, number, number_authority, origin,
                                          reason_code, reason, consent_kind, consent_by, chart_noted, in_disaster, disaster_id, ends_at, exchange_id)
      values (${user.facilityId}, ${user.staffId ?? null}, ${user.name}, ${user.job}, ${grant.personKey}, ${grant.publisherId ?? null}, ${number.value},
              ${number.authority}, ${grant.origin}, ${grant.reasonCode}, ${grant.reason}, ${grant.consentKind}, ${grant.consentBy ?? null},
              ${grant.chartNoted}, ${grant.disasterId !== undefined}, ${grant.disasterId ?? null}, now() + make_interval(hours => ${grant.hours}),
              ${act.exchangeId ?? null})
      on conflict do nothing
      returning grant_id as "grantId", started_at as "startedAt", ends_at as "endsAt"`,
  )
  if (opened === undefined) return undefined
  await execute(
    client,
    sql`/* facilities that are told of it */
      insert into access.emergency_notice (grant_id, facility_id, contact, due_at)
      select ${opened.grantId}, facility, contact, now() + make_interval(days => ${CONTACT_DAYS})
      from unnest(${notices.map(({ facilityId }) => facilityId)}::text[], ${notices.map(({ contact }) => contact)}::text[]) as n (facility, contact)`,
  )
  await recordEmergency(client, 'started', {
    ...act,
    operation: `emergency access ${opened.grantId} opened for ${grant.reasonCode}`,
    patients: [formatCx(grant.patientId)],
    facilityId: user.facilityId,
    grantId: opened.grantId,
  })
  return opened
}

async function refuse(client: Queryable, refused: Refused, act: Act): Promise<void> {
  const { why, facilityId, publisherId, staffId, patient } = refused
  if (staffId !== undefined)
    await execute(
      client,
      sql`/* an entry that opened nothing */ insert into access.emergency_miss (staff_id) values (${staffId})`,
    )
  const towards = publisherId === undefined ? '' : ` with a number of ${publisherId}`
  await recordEmergency(client, 'refused', {
    ...act,
    operation: `emergency access refused${towards}: ${why}`,
    patients: patient === undefined ? [] : [formatCx(patient)],
    facilityId,
  })
}
