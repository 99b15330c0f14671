// Sequence numbers of systems with whom they were agreed: which MSH-13 comes next (HL7 v2.5 2.10.1).

import type pg from 'pg'
import type { Sequences } from '../../model/sequence-number.ts'
import { execute, queryOne, sql } from '../sql.ts'

export function createSequenceStore(pool: pg.Pool): Sequences {
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
