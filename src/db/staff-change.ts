// Audit events of changes that staff make (DICOM PS3.15 A.5.3.11 Security Alert: 110129 Security Configuration, 110137 for persons).

import { randomUUID } from 'node:crypto'
import { execute, type Queryable, sql } from './sql.ts'

export interface AuditedChange {
  readonly by: string
  readonly peer: string
  /** What was done, in words without personal data. */
  readonly operation: string
  /** Patient ids concerned, in CX form. */
  readonly patients: readonly string[]
}

/** Written with the connection of the transaction that makes the change. */
export async function recordChange(client: Queryable, change: AuditedChange): Promise<void> {
  await execute(
    client,
    sql`/* audit of an administrative change */
      insert into audit.event (exchange_id, event_code, action, type_code, outcome, peer, endpoint, patients, objects, reason)
      values (${randomUUID()}, '110113', 'E', '110129', 0, ${change.peer}, '/admin/v1', ${change.patients},
              ${JSON.stringify({ by: change.by })}, ${change.operation})`,
  )
}
