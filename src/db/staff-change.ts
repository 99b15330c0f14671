// Audit events of what staff do: changes, searches (DICOM PS3.15 A.5.3.11 Security Alert: 110129 Security Configuration, 110137 for persons).

import { randomUUID } from 'node:crypto'
import { notifyAccessChanged } from './access/change-feed.ts'
import { execute, type Queryable, sql } from './sql.ts'

export interface AuditedChange {
  readonly by: string
  readonly peer: string
  /** What was done, in words without personal data. */
  readonly operation: string
  /** Patient ids concerned, in CX form. */
  readonly patients: readonly string[]
}

/** Written with the connection of the transaction that makes the change; the doors of every process hear of it. */
export async function recordChange(client: Queryable, change: AuditedChange): Promise<void> {
  await record(client, change, { eventCode: '110113', typeCode: '110129' })
  await notifyAccessChanged(client)
}

/**
 * What proves who a system is was issued, renewed, suspended, revoked or fetched (110137 User Security Attributes Changed). Written with the
 * connection of the transaction that does it; the doors of every process hear of it.
 */
export async function recordCredentialChange(client: Queryable, change: AuditedChange): Promise<void> {
  await record(client, change, { eventCode: '110113', typeCode: '110137' })
  await notifyAccessChanged(client)
}

/** Staff looked for patients: nothing was changed (DICOM PS3.15 A.5.3.10 Query). */
export function recordLook(client: Queryable, look: AuditedChange): Promise<void> {
  return record(client, look, { eventCode: '110112', typeCode: 'patient-search' })
}

/** Documents left the network in a file (DICOM PS3.15 A.5.3.5 Export). */
export function recordExport(client: Queryable, exported: AuditedChange): Promise<void> {
  return record(client, exported, { eventCode: '110106', typeCode: 'ssmix-export' })
}

async function record(
  client: Queryable,
  { by, peer, operation, patients }: AuditedChange,
  { eventCode, typeCode }: { readonly eventCode: string; readonly typeCode: string },
): Promise<void> {
  await execute(
    client,
    sql`/* audit of what staff do */
      insert into audit.event (exchange_id, event_code, action, type_code, outcome, peer, endpoint, patients, objects, reason)
      values (${randomUUID()}, ${eventCode}, 'E', ${typeCode}, 0, ${peer}, '/admin/v1', ${patients},
              ${JSON.stringify({ by })}, ${operation})`,
  )
}
