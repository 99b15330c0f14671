// Sequence numbers of systems with whom they were agreed: which MSH-13 comes next (HL7 v2.5 2.10.1).

import type pg from 'pg'
import { execute, queryOne, sql } from '../sql.ts'

export interface SequenceState {
  /** MSH-13 of the next message. */
  readonly expected: number
  /** MSH-10 of the message before it, which may come again when its answer was lost. */
  readonly lastControlId: string
}

export interface SequenceStore {
  /** Undefined: nothing was heard yet, or the sender began anew; any number is the first one. */
  readonly read: (systemId: string, application: string) => Promise<SequenceState | undefined>
  readonly write: (systemId: string, application: string, state: SequenceState) => Promise<void>
  readonly forget: (systemId: string, application: string) => Promise<void>
}

export function createSequenceStore(pool: pg.Pool): SequenceStore {
  return {
    read: async (systemId, application) => {
      const row = await queryOne<{ expected: string; last_control_id: string }>(
        pool,
        sql`/* sequence number of a system */ select expected, last_control_id from journal.sequence
            where system_id = ${systemId} and application = ${application}`,
      )
      return row === undefined ? undefined : { expected: Number(row.expected), lastControlId: row.last_control_id }
    },
    write: async (systemId, application, { expected, lastControlId }) => {
      await execute(
        pool,
        sql`/* sequence number of a system */
          insert into journal.sequence (system_id, application, expected, last_control_id)
          values (${systemId}, ${application}, ${expected}, ${lastControlId})
          on conflict (system_id, application) do update
          set expected = excluded.expected, last_control_id = excluded.last_control_id, updated_at = now()`,
      )
    },
    forget: async (systemId, application) => {
      await execute(
        pool,
        sql`/* sequence number of a system */ delete from journal.sequence
            where system_id = ${systemId} and application = ${application}`,
      )
    },
  }
}
