// What of an exchange is kept, now that it is known how it ended (storeclient F.4; docs/adr/0035).

import { auditRows } from '../../profiles/transactions/index.ts'
import type { AccessMode } from '../model/caller.ts'
import type { Outcome } from '../model/evidence.ts'
import type { Keeping } from './ports.ts'

export interface Ended extends Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'> {
  readonly transaction: string
  /** Absent: nobody was known yet. */
  readonly accessMode?: AccessMode
}

/** The number is linked to nobody, there is no consent, or the message is about another person. */
const WITHOUT_RIGHT: ReadonlySet<string> = new Set(['HL7_PATIENT_NOT_LINKED', 'HL7_CONSENT', 'HL7_IDENTITY'])
/** Event of a message that brings clinical content (DICOM PS3.16 CID 400). */
const IMPORT = '110107'

/**
 * `answer`: whoever sent the message had no right to hand it over, so that nothing of what it says may stay, here neither; the entry and
 * the refusal tell that it came.
 */
export function kept(keeping: Keeping, ended: Ended): 'both' | 'answer' | 'nothing' {
  if (keeping === 'none' || (keeping === 'refused' && ended.result === 'success')) return 'nothing'
  return isWithoutRight(ended) ? 'answer' : 'both'
}

/** What an accepted message brings lies in the repository: the journal is no second copy of it. */
export function areStored({ transaction, result }: Pick<Ended, 'transaction' | 'result'>): boolean {
  return result === 'success' && auditRows.get(transaction)?.eventId === IMPORT
}

function isWithoutRight({ transaction, accessMode, result, errors, evidence }: Ended): boolean {
  if (result !== 'failure') return false
  if (errors.some(({ row }) => WITHOUT_RIGHT.has(row.code))) return true
  const isImport = auditRows.get(transaction)?.eventId === IMPORT
  return isImport && accessMode === 'consent' && evidence.decision?.allowed === false
}
