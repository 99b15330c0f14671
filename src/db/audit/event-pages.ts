// Pages of audit events, the newest first: gone back through in windows, so that no statement looks through a year (docs/access-log.md).

import type pg from 'pg'
import { LOOKS, REFERENCE_TYPES } from '../../../profiles/audit/looks.ts'
import type { EventQuery, LogPage, LogPlace, LookQuery } from '../../audit/records/ports.ts'
import { named, query, type Statement, sql } from '../sql.ts'
import { type LoggedRow, placeOf, toLoggedEvent } from './logged-events.ts'
import { EVENT_COLUMNS } from './stored-events.ts'

const DAY_MS = 86_400_000
/** The first window; each further one is twice as long. */
const FIRST_DAYS = 1
const LONGEST_DAYS = 16
/** After this the page is answered as far as it has come. */
const BUDGET_MS = 5000

interface Window {
  readonly from: Date
  readonly before: LogPlace
  readonly limit: number
}

/** Before every event of that moment. */
const FIRST_ID = '0'

/** Rows of the period, window by window, until the page is full, the period over or the time used. */
async function pageBack(
  asked: Pick<EventQuery, 'from' | 'to' | 'before' | 'limit'>,
  read: (window: Window) => Promise<readonly LoggedRow[]>,
): Promise<LogPage<LoggedRow>> {
  const deadline = performance.now() + BUDGET_MS
  const rows: LoggedRow[] = []
  let before = asked.before ?? { at: asked.to.toISOString(), eventId: FIRST_ID }
  for (let days = FIRST_DAYS; ; days = Math.min(days * 2, LONGEST_DAYS)) {
    const from = new Date(Math.max(asked.from.getTime(), Date.parse(before.at) - days * DAY_MS))
    const limit = asked.limit - rows.length
    const found = await read({ from, before, limit })
    rows.push(...found)
    const last = found.at(-1)
    if (last !== undefined && found.length >= limit) return { rows, next: placeOf(last) }
    if (from <= asked.from) return { rows }
    before = { at: from.toISOString(), eventId: FIRST_ID }
    if (performance.now() > deadline) return { rows, next: before }
  }
}

export async function findEvents(pool: pg.Pool, asked: EventQuery) {
  const chosen = conditionsOf(asked)
  const found = await pageBack(asked, (window) => query<LoggedRow>(pool, eventsIn(window, { ...asked, chosen })))
  return { ...found, rows: found.rows.map(toLoggedEvent) }
}

/** Looks that showed something: what was refused or hidden was not seen. */
export async function findLooks(pool: pg.Pool, asked: LookQuery) {
  const chosen = sql`${patientIs(asked.patients)} and e.type_code = any(${LOOK_TYPES}) and e.outcome in (0, 4)
      and e.received is null and coalesce(e.reason, '') not like 'deny%'`
  const found = await pageBack(asked, (window) => query<LoggedRow>(pool, eventsIn(window, { ...asked, chosen })))
  return { ...found, rows: found.rows.map(toLoggedEvent) }
}

const LOOK_TYPES = [...new Set(LOOKS.map(({ typeCode }) => typeCode))]

/** Word for word the condition of the index event_reference. */
export const IS_REFERENCE = named(`e.type_code in (${REFERENCE_TYPES.map((type) => `'${type}'`).join(', ')})`)

/** Word for word the expression of the index event_person. */
export const PERSON = named(
  "coalesce('staff:' || (e.objects #>> '{user,staffId}'), e.objects #>> '{user,name}', e.objects ->> 'by')",
)

/** Every event of a patient; of those of several the second index knows. */
function patientIs(patients: readonly string[]): Statement {
  return sql`(e.patients[1] = any(${patients}) or (cardinality(e.patients) > 1 and e.patients && ${patients}::text[]))`
}

function conditionsOf(asked: EventQuery): Statement {
  const { person, patients, facilityId, systemId, eventCode, outcomes } = asked
  const all = [
    ...(person === undefined ? [] : [sql`${PERSON} = any(${person})`]),
    ...(patients === undefined ? [] : [patientIs(patients)]),
    ...(facilityId === undefined ? [] : [sql`e.facility_id = ${facilityId}`]),
    ...(systemId === undefined ? [] : [sql`e.system_id = ${systemId}`]),
    ...(eventCode === undefined ? [] : [sql`e.event_code = ${eventCode}`]),
    ...(outcomes === undefined ? [] : [sql`e.outcome = any(${outcomes}::int[])`]),
  ]
  return all.reduce((before, one) => sql`${before} and ${one}`, sql`true`)
}

/** Of a document `d` of event `e`: as the event tells; of events before it did, what is known of the document now. */
export const PUBLISHER = sql`coalesce(d.document ->> 'publisher',
        (select x.publisher from registry.document_entry x where x.unique_id = d.document ->> 'documentUniqueId' and x.latest limit 1),
        (select x.publisher from repository.traits x where x.unique_id = d.document ->> 'documentUniqueId' limit 1))`

function publishedBy(facilityId: string): Statement {
  return sql`${IS_REFERENCE} and e.facility_id is distinct from ${facilityId} and e.outcome in (0, 4) and exists (
        select from jsonb_array_elements(e.objects -> 'documents') d (document) where ${PUBLISHER} = ${facilityId})`
}

interface Chosen {
  readonly chosen: Statement
  readonly askedFor?: string
}

function eventsIn(window: Window, { chosen, askedFor }: Chosen): Statement {
  if (askedFor === undefined) return logged(window, part(window, chosen))
  const own = part(window, sql`e.facility_id = ${askedFor} and ${chosen}`)
  const others = part(window, sql`${publishedBy(askedFor)} and ${chosen}`)
  return logged(window, sql`(${own}) union all (${others})`)
}

function part({ from, before, limit }: Window, where: Statement): Statement {
  return sql`select e.* from audit.event e
      where e.at >= ${from.toISOString()}::timestamptz and e.at <= ${before.at}::timestamptz
        and (e.at, e.event_id) < (${before.at}::timestamptz, ${before.eventId}::bigint) and ${where}
      order by e.at desc, e.event_id desc limit ${limit}`
}

function logged({ limit }: Window, events: Statement): Statement {
  return sql`/* access log, the newest first */
      select ${EVENT_COLUMNS}, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place_at,
             p.name as person_name, p.job, f.name as facility_name, g.reason_code, g.consent_kind,
             (select jsonb_object_agg(o.facility_id, o.name) from access.facility o
              where o.facility_id in (select d ->> 'publisher' from jsonb_array_elements(e.objects -> 'documents') d)) as publishers
      from (${events}) e
      left join access.staff p on p.staff_id = coalesce(e.objects #>> '{user,staffId}', substring(e.objects ->> 'by' from '^staff:(.*)$'))
      left join access.facility f on f.facility_id = e.facility_id
      left join access.emergency_grant g on g.grant_id = (e.objects #>> '{emergency,0}')::bigint and e.type_code = any(${LOOK_TYPES})
      order by e.at desc, e.event_id desc limit ${limit}`
}
