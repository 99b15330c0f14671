// What a system hears of one document, as a reader hears it: found by ITI-18, fetched by ITI-43, or neither.

import type { PatientId } from '../../src/model/identifiers.ts'
import type { TestNetwork } from '../faults/support.ts'

export const SEEN = 'found fetched'
export const UNSEEN = 'hidden XDSDocumentUniqueIdError'

/** SEEN, UNSEEN, or what contradicts itself. */
export function seesIn(network: Pick<TestNetwork, 'find' | 'fetch'>) {
  return async (systemId: string, patientId: PatientId, uniqueId: string): Promise<string> => {
    const found = (await network.find(systemId, patientId)).some((entry) => entry.uniqueId === uniqueId)
    const { documents, response } = await network.fetch(systemId, [uniqueId])
    const fetched = documents.length === 1 ? 'fetched' : response.errors.map(({ errorCode }) => errorCode).join()
    return `${found ? 'found' : 'hidden'} ${fetched}`
  }
}
