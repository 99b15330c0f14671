// Export of the master patient index: every active number with what its source says and whose it is, in the order in which they came.

import type { Oid } from '../../model/identifiers.ts'
import type { PersonRecord } from '../../model/person-record.ts'
import type { TransferPorts } from './ports.ts'

export interface ExportRequest {
  /** Absent: every domain that an import takes. */
  readonly domain?: Oid
  readonly by: string
  readonly peer: string
}

const BEFORE_ALL = '0'

/** Recorded before the first record leaves; pages are read one by one, so a change meanwhile may be in it or not. */
export async function* exportPatients(
  { domain, by, peer }: ExportRequest,
  { store, affinityDomain }: TransferPorts,
): AsyncGenerator<readonly PersonRecord[]> {
  const operation = domain === undefined ? 'patient export' : `patient export of domain ${domain}`
  await store.inTransaction((tx) => tx.recordStaffChange({ by, peer, operation, patients: [] }))
  let after = BEFORE_ALL
  for (;;) {
    const page = await store.page({ after, affinityDomain, ...(domain === undefined ? {} : { domain }) })
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = last.record
  }
}
