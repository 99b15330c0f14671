// Audit records of other systems on PostgreSQL: kept once by the UUID that they bear, with the journal of their exchanges (docs/adr/0037).

import type pg from 'pg'
import { isSameRecord, type ReceivedEvent } from '../../audit/received.ts'
import type { JournalEntry } from '../../journal/entry.ts'
import { cleanJson, exchangeParts } from '../exchange-recorder.ts'
import { transaction } from '../pool.ts'
import { execute, executeTogether, type Queryable, query, sql } from '../sql.ts'

/** Of the records of a system one batch is kept at a time: two that bring the same one must not both find that it is not there. */
const LOCK_SPACE = 20

/** Resolves when it is durable. @throws {IheError} BUSY when the database cannot take it. */
export async function keepReceived(
  pool: pg.Pool,
  { events, entries }: { readonly events: readonly ReceivedEvent[]; readonly entries: readonly JournalEntry[] },
): Promise<void> {
  await transaction(pool, async (client) => {
    const journal = exchangeParts({ events: [], entries })
    const fresh = await newOnes(client, events)
    if (fresh.length === 0) return executeTogether(client, journal)
    await executeTogether(client, [
      ...journal,
      sql`received as (
        insert into audit.event (event_uuid, exchange_id, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients,
                                 objects, received)
        select coalesce(e."eventUuid", gen_random_uuid()), e."exchangeId", e."eventCode", e.action, e."typeCode", e.outcome, e."systemId",
               e."facilityId", e.peer, e.endpoint, e.patients, e.objects, e.received
        from jsonb_to_recordset(${cleanJson(fresh)}::jsonb)
          as e("eventUuid" uuid, "exchangeId" uuid, "eventCode" text, action text, "typeCode" text, outcome smallint, "systemId" text,
               "facilityId" text, peer text, endpoint text, patients text[], objects jsonb, received text))`,
    ])
  })
}

/** Without those that the same system has brought before, and each once. */
async function newOnes(client: Queryable, events: readonly ReceivedEvent[]): Promise<readonly ReceivedEvent[]> {
  const named = events.flatMap(({ systemId, eventUuid }) => (eventUuid === undefined ? [] : [{ systemId, eventUuid }]))
  const systems = [...new Set(named.map(({ systemId }) => systemId))].sort()
  if (systems.length === 0) return events
  for (const system of systems)
    await execute(client, sql`select pg_advisory_xact_lock(${LOCK_SPACE}, hashtext(${system}))`)
  const known = await query<Known>(
    client,
    sql`/* audit records that came before */
      select e.system_id as "systemId", e.event_uuid as "eventUuid", e.received
      from unnest(${named.map(({ systemId }) => systemId)}::text[], ${named.map(({ eventUuid }) => eventUuid)}::uuid[]) as n (system_id, event_uuid)
      join audit.event e on e.system_id = n.system_id and e.event_uuid = n.event_uuid and e.received is not null`,
  )
  const seen = new Map<string, string>(known.map((one) => [keyOf(one), one.received]))
  return events.flatMap((event) => {
    if (event.eventUuid === undefined) return [event]
    const before = seen.get(keyOf(event))
    if (before === undefined) {
      seen.set(keyOf(event), event.received)
      return [event]
    }
    if (isSameRecord(before, event.received)) return []
    const { eventUuid, ...another } = event
    return [another]
  })
}

type Known = { readonly systemId: string; readonly eventUuid: string; readonly received: string }

function keyOf({ systemId, eventUuid }: Pick<ReceivedEvent, 'systemId' | 'eventUuid'>): string {
  return `${systemId} ${eventUuid}`
}
