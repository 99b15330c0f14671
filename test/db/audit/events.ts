// Invented audit events in a real database, for the tests of the chain.

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Queryable } from '../../../src/db/sql.ts'

export interface Invented {
  readonly at?: string
  readonly patient?: string
  readonly reason?: string
}

/** The number of the event. */
export async function addEvent(client: Queryable, { at, patient, reason }: Invented = {}): Promise<string> {
  const { rows } = await client.query<{ event_id: string }>(
    `insert into audit.event (exchange_id, at, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects, reason)
     values ($1, coalesce($2, now()), '110112', 'E', 'ITI-18', 0, 'clinic-b', 'clinic-b', '192.0.2.7', '/xds/registry', $3, $4, $5)
     returning event_id`,
    [
      randomUUID(),
      at ?? null,
      [patient ?? 'X1^^^&2.25.1&ISO'],
      JSON.stringify({ messageId: 'urn:uuid:1', query: { z: '山', a: [1, 2] } }),
      reason ?? null,
    ],
  )
  return rows[0]?.event_id ?? ''
}

/** So many at a time, a second apart. */
export async function addEvents(client: Queryable, from: string, count: number): Promise<void> {
  await client.query(
    `insert into audit.event (exchange_id, at, event_code, action, type_code, outcome, peer, endpoint, patients, objects)
     select gen_random_uuid(), $1::timestamptz + n * interval '1 second', '110106', 'R', 'ITI-43', 0, '192.0.2.7', '/xds/repository', '{}', '{}'
     from generate_series(1, $2::int) n`,
    [from, count],
  )
}

export interface SealedRow {
  readonly position: string
  readonly chain: string
  readonly seq: string
  readonly event_id: string
}

export async function seals(pool: pg.Pool): Promise<readonly SealedRow[]> {
  const { rows } = await pool.query<SealedRow>(
    'select position, chain, seq, event_id from audit.seal order by position',
  )
  return rows
}
