// Pages of audit events, the newest first: gone back through in windows, so that no statement looks through a year (docs/access-log.md).

import type pg from 'pg'
import { LOOKS, REFERENCE_TYPES } from '../../../profiles/audit/looks.ts'
import type { EventQuery, LoggedEvent, LogPage, LogPlace, LookQuery } from '../../audit/records/ports.ts'
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

const EVER: Window = { from: new Date(0), before: { at: '9999-12-31T00:00:00Z', eventId: FIRST_ID }, limit: 1 }

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

export function findEvents(pool: pg.Pool, asked: EventQuery): Promise<LogPage<LoggedEvent>> {
  return loggedBack(pool, asked, conditionsOf(asked))
}

/** One event, by its number. */
export async function findEvent(
  pool: pg.Pool,
  asked: { readonly eventId: string; readonly askedFor?: string },
): Promise<LoggedEvent | undefined> {
  const paths = ofFacility([{ where: sql`e.event_id = ${asked.eventId}`, by: 'value' }], asked.askedFor)
  const [row] = await query<LoggedRow>(pool, logged(EVER, paths))
  return row === undefined ? undefined : toLoggedEvent(row)
}

/** Looks that showed something: what was refused or hidden was not seen. */
export function findLooks(pool: pg.Pool, asked: LookQuery): Promise<LogPage<LoggedEvent>> {
  const where = sql`e.type_code = any(${LOOK_TYPES}) and e.outcome in (0, 4) and e.received is null
        and coalesce(e.reason, '') not like 'deny%' and ${IS_NO_CALL}`
  return loggedBack(pool, asked, { where, by: 'value' })
}

async function loggedBack(pool: pg.Pool, asked: EventQuery | LookQuery, path: Path): Promise<LogPage<LoggedEvent>> {
  const isBySystem = 'systemId' in asked && asked.systemId !== undefined
  const paths = ofFacility(ofPatients([path], asked.patients), asked.askedFor, isBySystem ? 'own' : 'all')
  const found = await pageBack(asked, (window) => query<LoggedRow>(pool, logged(window, paths)))
  return { ...found, rows: found.rows.map(toLoggedEvent) }
}

/**
 * One way to events. `by`: in the order of time by the index of all events or of references, or by an index of a value (patient,
 * person, facility), whose time stands at UTC, so that the two are never confounded.
 */
interface Path {
  readonly where: Statement
  readonly by: 'time' | 'value'
}

const LOOK_TYPES = [...new Set(LOOKS.map(({ typeCode }) => typeCode))]

/** Word for word the condition of the index event_reference. */
export const IS_REFERENCE = named(`e.type_code in (${REFERENCE_TYPES.map((type) => `'${type}'`).join(', ')})`)

/** Not a retrieval of our own for somebody (Import): whoever asked for it has an event of its own, which is the look. */
export const IS_NO_CALL = named("e.event_code <> '110107'")

/** Word for word the expression of the index event_person. */
const PERSON = named(
  "coalesce('staff:' || (e.objects #>> '{user,staffId}'), e.objects #>> '{user,name}', e.objects ->> 'by')",
)

/** Most events name one patient; those of several are found by each of them. */
function ofPatients(paths: readonly Path[], patients: readonly string[] | undefined): readonly Path[] {
  if (patients === undefined) return paths
  return paths.flatMap(({ where }) => [
    {
      where: sql`hashtextextended(e.patients[1], 0) = any(array(select hashtextextended(p, 0) from unnest(${patients}::text[]) p))
        and e.patients[1] = any(${patients}) and ${where}`,
      by: 'value',
    },
    {
      where: sql`cardinality(e.patients) > 1 and e.patients && ${patients}::text[] and not e.patients[1] = any(${patients}) and ${where}`,
      by: 'value',
    },
  ])
}

/** What the facility did, and what others did with its content: but not by systems, of which it does not hear. */
function ofFacility(paths: readonly Path[], askedFor: string | undefined, of: 'own' | 'all' = 'all'): readonly Path[] {
  if (askedFor === undefined) return paths
  return paths.flatMap(({ where, by }): readonly Path[] => {
    const own: Path = { where: sql`e.facility_id = ${askedFor} and ${where}`, by: 'value' }
    return of === 'own' ? [own] : [own, { where: sql`${publishedBy(askedFor)} and ${where}`, by }]
  })
}

function conditionsOf(asked: EventQuery): Path {
  const { person, facilityId, systemId, eventCode, outcomes } = asked
  const all = [
    ...(person === undefined ? [] : [sql`${PERSON} = any(${person})`]),
    ...(facilityId === undefined ? [] : [sql`e.facility_id = ${facilityId}`]),
    ...(systemId === undefined ? [] : [sql`e.system_id = ${systemId}`]),
    ...(eventCode === undefined ? [] : [sql`e.event_code = ${eventCode}`]),
    ...(outcomes === undefined ? [] : [sql`e.outcome = any(${outcomes}::int[])`]),
  ]
  const where = all.reduce((before, one) => sql`${before} and ${one}`, sql`true`)
  return { where, by: (person ?? facilityId) === undefined ? 'time' : 'value' }
}

/** Of a document `d` of event `e`: as the event tells; of events before it did, what is known of the document now. */
export const PUBLISHER = sql`coalesce(d.document ->> 'publisher',
        (select x.publisher from registry.document_entry x where x.unique_id = d.document ->> 'documentUniqueId' and x.latest limit 1),
        (select x.publisher from repository.traits x where x.unique_id = d.document ->> 'documentUniqueId' limit 1))`

function publishedBy(facilityId: string): Statement {
  return sql`${IS_REFERENCE} and e.facility_id is distinct from ${facilityId} and e.outcome in (0, 4) and exists (
        select from jsonb_array_elements(e.objects -> 'documents') d (document) where ${PUBLISHER} = ${facilityId})`
}

function part({ from, before, limit }: Window, { where, by }: Path): Statement {
  const begin = sql`${from.toISOString()}::timestamptz`
  const end = sql`${before.at}::timestamptz`
  const within = sql`e.at >= ${begin} and e.at <= ${end} and (e.at, e.event_id) < (${end}, ${before.eventId}::bigint)`
  return by === 'time'
    ? sql`(select e.* from audit.event e where ${within} and ${where} order by e.at desc, e.event_id desc limit ${limit})`
    : sql`(select e.* from audit.event e
         where ${within} and e.at at time zone 'UTC' >= ${begin} at time zone 'UTC' and e.at at time zone 'UTC' <= ${end} at time zone 'UTC'
           and ${where}
         order by e.at at time zone 'UTC' desc, e.event_id desc limit ${limit})`
}

function logged(window: Window, paths: readonly Path[]): Statement {
  const events = paths.map((path) => part(window, path)).reduce((before, one) => sql`${before} union all ${one}`)
  return sql`/* access log, the newest first */
      select ${EVENT_COLUMNS}, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place_at,
             p.name as person_name, p.job, f.name as facility_name, g.reason_code, g.consent_kind,
             (select jsonb_object_agg(o.facility_id, o.name) from access.facility o
              where o.facility_id in (select d ->> 'publisher' from jsonb_array_elements(e.objects -> 'documents') d)) as publishers
      from (${events}) e
      left join access.staff p on p.staff_id = coalesce(e.objects #>> '{user,staffId}', substring(e.objects ->> 'by' from '^staff:(.*)$'))
      left join access.facility f on f.facility_id = e.facility_id
      left join access.emergency_grant g on g.grant_id = (e.objects #>> '{emergency,0}')::bigint and e.type_code = any(${LOOK_TYPES})
      order by e.at desc, e.event_id desc limit ${window.limit}`
}
