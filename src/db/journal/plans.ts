// How a page of the journal is found: which index leads, and what the others check (docs/adr/0039; indexes in 0038_journal_search.sql).

import type { JournalCriteria } from '../../journal/search.ts'
import { named, type Statement, sql } from '../sql.ts'
import type { Window } from './months.ts'

/** What leads, and everything that is asked, to be checked on what it leads to. */
export interface Driver {
  readonly by: 'patient' | 'document' | 'message' | 'code' | 'systems' | 'refused' | 'time'
  /** `at once`: what leads is rare, or all that is asked. Else much of what it leads to may be something else, and months are looked at one by one. */
  readonly months: 'at once' | 'one by one'
  readonly criteria: JournalCriteria
  readonly patients: readonly string[]
}

export function driverOf(criteria: JournalCriteria, patients: readonly string[]): Driver {
  const by = leadOf(criteria)
  const { systemId, facilityId, transaction, result } = criteria
  const isAlone = [systemId, facilityId, transaction, result].every((other) => other === undefined)
  return { by, months: by === 'code' && !isAlone ? 'one by one' : 'at once', criteria, patients }
}

/** From what names one message to what names many. */
function leadOf(criteria: JournalCriteria): Driver['by'] {
  if (criteria.messageId !== undefined) return 'message'
  if (criteria.documentUniqueId !== undefined) return 'document'
  if (criteria.patient !== undefined) return 'patient'
  if (criteria.code !== undefined) return 'code'
  if (criteria.systemId !== undefined || criteria.facilityId !== undefined || criteria.transaction !== undefined)
    return 'systems'
  return criteria.result === undefined || criteria.result === 'success' ? 'time' : 'refused'
}

interface Page {
  readonly window: Window
  readonly limit: number
}

/** Entries of the window that meet all criteria, the newest first. */
export function pageOf(driver: Driver, page: Page): Statement {
  const { limit } = page
  return sql`/* journal search */ select e.*, (extract(epoch from e.at) * 1000000)::bigint::text as micros from (${foundBy(driver, page)}) e
    order by e.at desc, e.exchange_id desc limit ${limit}`
}

/** The newest entries of all, among which a common transaction has a page. */
const GLANCE = 5000

/** A page of a transaction without looking at every system; fewer entries than asked for say that it is not as common as that. */
export function glanceOf(driver: Driver, { window, limit }: Page): Statement {
  return sql`/* journal glance */ select e.*, (extract(epoch from e.at) * 1000000)::bigint::text as micros
    from (${byTime({ ...driver, criteria: {} }, { window, limit: GLANCE })}) e
    where true${checks(driver)} order by e.at desc, e.exchange_id desc limit ${limit}`
}

/** Is it about all systems? */
export function isOfAllSystems({ by, criteria }: Driver): boolean {
  return by === 'systems' && criteria.systemId === undefined && criteria.facilityId === undefined
}

function foundBy(driver: Driver, page: Page): Statement {
  const { criteria, patients } = driver
  const end = endOf(driver, page)
  switch (driver.by) {
    case 'message':
      return sql`select e.* from journal.exchange e where hashtextextended(e.message_id, 0) = hashtextextended(${criteria.messageId}, 0)
        and e.message_id = ${criteria.messageId} ${end}`
    case 'document':
      return byFirst(DOCUMENT, { values: [criteria.documentUniqueId ?? ''], end })
    case 'patient':
      return byFirst(PATIENT, { values: patients, end })
    case 'code':
      return byFirst(CODE, { values: [criteria.code ?? ''], end })
    case 'systems':
      return bySystems(driver, end)
    case 'refused':
      return sql`select e.* from journal.exchange e where e.result <> 'success' and e.result = ${criteria.result} ${end}`
    case 'time':
      return byTime(driver, page)
  }
  return driver.by satisfies never
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** The end of every search of one key: bounds, what is checked, and the order of all indexes but exchange_at. */
function endOf(driver: Driver, { window: { from, before }, limit }: Page): Statement {
  const { at, id } = before ?? { at: 'infinity', id: LAST_ID }
  return sql`and e.at at time zone 'UTC' >= ${from?.toISOString() ?? '-infinity'}::timestamptz at time zone 'UTC'
          and (e.at at time zone 'UTC', e.exchange_id) < (${at}::timestamptz at time zone 'UTC', ${id}::uuid)${checks(driver)}
          order by e.at at time zone 'UTC' desc, e.exchange_id desc limit ${limit}`
}

/** By exchange_at, in the months that the bounds leave. */
function byTime(driver: Driver, { window: { from, before }, limit }: Page): Statement {
  const { at, id } = before ?? { at: 'infinity', id: LAST_ID }
  return sql`select e.* from journal.exchange e
      where e.at >= ${from?.toISOString() ?? '-infinity'}::timestamptz and e.at <= ${at}::timestamptz
        and (e.at, e.exchange_id) < (${at}::timestamptz, ${id}::uuid)${checks(driver)}
      order by e.at desc, e.exchange_id desc limit ${limit}`
}

/** Every criterion, whichever leads. */
function checks({ criteria, patients }: Pick<Driver, 'criteria' | 'patients'>): Statement {
  const { systemId, facilityId, transaction, result, documentUniqueId, code, messageId } = criteria
  const parts = [
    systemId === undefined ? undefined : sql` and e.system_id = ${systemId}`,
    facilityId === undefined ? undefined : sql` and e.facility_id = ${facilityId}`,
    transaction === undefined ? undefined : sql` and e.transaction = ${transaction}`,
    result === undefined ? undefined : sql` and e.result = ${result}`,
    criteria.patient === undefined ? undefined : sql` and e.patients && ${patients}::text[]`,
    documentUniqueId === undefined ? undefined : sql` and e.documents && ${[documentUniqueId]}::text[]`,
    code === undefined ? undefined : sql` and e.error_codes && ${[code]}::text[]`,
    messageId === undefined ? undefined : sql` and e.message_id = ${messageId}`,
  ]
  return parts.reduce<Statement>((before, part) => (part === undefined ? before : sql`${before}${part}`), named(''))
}

/** A column of several values: the expression of its index, and the first value. */
interface FirstOf {
  readonly column: Statement
  readonly hash: (value: Statement) => Statement
}

const hashed = (value: Statement): Statement => sql`hashtextextended(${value}, 0)`
const PATIENT: FirstOf = { column: named('e.patients'), hash: hashed }
const DOCUMENT: FirstOf = { column: named('e.documents'), hash: hashed }
const CODE: FirstOf = { column: named('e.error_codes'), hash: (value) => value }

/** By the first value, or by one of the others of the few entries that have more. */
function byFirst(
  { column, hash }: FirstOf,
  { values, end }: { readonly values: readonly string[]; readonly end: Statement },
): Statement {
  const first = sql`${column}[1]`
  return sql`select f.* from unnest(${values}::text[]) as v (value) cross join lateral (
        select e.* from journal.exchange e where ${hash(first)} = ${hash(named('v.value'))} and ${first} = v.value ${end}) f
      union all
      (select e.* from journal.exchange e where cardinality(${column}) > 1 and ${column} && ${values}::text[]
        and ${first} <> all (${values}::text[]) ${end})`
}

const RESULTS = ['success', 'partial', 'failure']

/** exchange_system leads for each system, transaction and result; what has no system is of the facility, or a stranger's. */
function bySystems({ criteria }: Driver, end: Statement): Statement {
  const { systemId, facilityId, transaction, result } = criteria
  const results = result === undefined ? RESULTS : [result]
  const kinds =
    transaction === undefined
      ? KINDS
      : sql`(select ${transaction}::text as transaction, r.result from unnest(${RESULTS}::text[]) as r (result))`
  const ofSystems = sql`select f.* from access.system s cross join lateral ${kinds} k cross join lateral (
        select e.* from journal.exchange e where e.system_id = s.system_id and e.transaction = k.transaction and e.result = k.result ${end}) f
      where k.result = any (${results}::text[])${systemId === undefined ? named('') : sql` and s.system_id = ${systemId}`}${
        facilityId === undefined ? named('') : sql` and s.facility_id = ${facilityId}`
      }`
  if (systemId !== undefined) return ofSystems
  const others =
    facilityId === undefined
      ? sql`select f.* from unnest(${results}::text[]) as r (result) cross join lateral (
        select e.* from journal.exchange e where e.system_id is null and e.transaction = ${transaction} and e.result = r.result ${end}) f`
      : sql`select e.* from journal.exchange e where e.system_id is null and e.facility_id = ${facilityId} ${end}`
  return sql`${ofSystems} union all (${others})`
}

/** Transactions and results of a system, one probe each: the next one after the one before. */
const KINDS = named(`(
        with recursive kind as (
          (select e.transaction, e.result from journal.exchange e where e.system_id = s.system_id order by e.transaction, e.result limit 1)
          union all
          select n.transaction, n.result from kind p cross join lateral (
            select e.transaction, e.result from journal.exchange e where e.system_id = s.system_id and (e.transaction, e.result) > (p.transaction, p.result)
            order by e.transaction, e.result limit 1) n)
        select transaction, result from kind)`)
