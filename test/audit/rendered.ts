// What a server kept of its exchanges, as the messages of ITI-20, judged by the tables of the standard (ITI TF-2 3.20.4.1).

import type pg from 'pg'
import { type AuditSource, auditMessages } from '../../src/audit/message.ts'
import { writeAuditMessage } from '../../src/codec/atna/write.ts'
import type { XmlElement } from '../../src/codec/xml/element.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { EVENT_COLUMNS, type EventRow, toStoredEvent } from '../../src/db/audit/stored-events.ts'
import { query, sql } from '../../src/db/sql.ts'
import type { AuditMessage } from '../../src/model/audit-message.ts'
import { deviations } from './atna-table.ts'

export const SOURCE: AuditSource = {
  publicUrl: 'https://hub.example.jp',
  managementUrl: 'http://127.0.0.1:8080',
  hostName: 'hub.example.jp',
  product: 'Tsunagi hub.example.jp',
  pid: 4711,
  enterpriseSiteId: '2.25.77',
  sourceId: 'hub.example.jp',
}

export interface Rendered {
  readonly message: AuditMessage
  readonly xml: XmlElement
}

/** Of every event of this server, in order; records of other systems are passed on as they came. */
export async function renderedEvents(pool: pg.Pool): Promise<readonly Rendered[]> {
  const rows = await query<EventRow>(
    pool,
    sql`/* every event, as a message */ select ${EVENT_COLUMNS} from audit.event e where e.received is null order by e.event_id`,
  )
  return rows
    .flatMap((row) => auditMessages(toStoredEvent(row), SOURCE))
    .map((message) => ({ message, xml: readXml(Buffer.from(writeAuditMessage(message))) }))
}

/** What is not as the tables have it, each with its event type. */
export function faultsOf(rendered: readonly Rendered[]): readonly string[] {
  return [
    ...new Set(
      rendered.flatMap(({ message, xml }) =>
        deviations(xml).map((words) => `${message.eventTypes[0]?.code ?? message.eventId.code}: ${words}`),
      ),
    ),
  ]
}
