// Sealed events in the order of their seals, over all months (docs/adr/0034).

import type { SealedEvent } from '../../audit/send.ts'
import { type Queryable, query, sql } from '../sql.ts'
import { EVENT_COLUMNS, type EventRow, toStoredEvent } from './stored-events.ts'

/** What is read at once: an event may carry a whole query, and rendering them holds the messages up. */
const MAX_EVENTS = 50
const MAX_BYTES = 4 * 1024 * 1024

/** The next ones after a position; the first one however large it is. */
export async function readSealed(client: Queryable, after: number): Promise<readonly SealedEvent[]> {
  const rows = await query<EventRow & { readonly position: string }>(
    client,
    sql`/* events that go to an audit repository */
      select e.position, ${EVENT_COLUMNS}
      from (select s.*,
                   sum(octet_length(s.objects::text) + coalesce(octet_length(s.received), 0)) over (order by s.position) as bytes,
                   row_number() over (order by s.position) as number
            from (select s.position, e.* from audit.seal s join audit.event e on e.event_id = s.event_id and e.at = s.event_at
                  where s.position > ${after} order by s.position limit ${MAX_EVENTS}) s) e
      where e.number = 1 or e.bytes <= ${MAX_BYTES}
      order by e.position`,
  )
  return rows.map((row) => ({ position: Number(row.position), event: toStoredEvent(row) }))
}
