// PIX Consumer: takes PIXV3 Update Notifications of a neighbouring community (ITI TF-2 3.46.4.2; docs/adr/0043).

import type { Caller } from '../model/caller.ts'
import type { Outcome } from '../model/evidence.ts'
import type { FeedAcknowledgement, UpdateNotification } from '../model/hl7v3.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'

/** Has the community asked about whoever of us has one of the ids, or had one by its word; ids that nobody has are nobody's. */
export type HearOfUpdate = (heard: { readonly facilityId: string; readonly ids: readonly PatientId[] }) => Promise<void>

/**
 * A set is told once more, late, or after a newer one: so it is not followed, but the reason to ask what stands now (ITI-45). What is
 * unknown here is acknowledged like the rest.
 */
export async function updateNotified(
  { ids }: UpdateNotification,
  { facilityId }: Caller,
  hear: HearOfUpdate,
): Promise<Outcome<FeedAcknowledgement>> {
  await hear({ facilityId, ids })
  return {
    answer: { code: 'CA', details: [] },
    result: 'success',
    errors: [],
    evidence: { patients: ids.map(formatCx), documents: [] },
    recorded: false,
  }
}
