// ITI-38 Cross Gateway Query, Responding Gateway: the own registry answers, under the access rule of the partner (ITI TF-2 3.38).

import type { Caller } from '../model/caller.ts'
import { located } from '../model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import type { ReturnType, StoredObject, StoredQuery } from '../model/stored-query.ts'
import { homeFault } from './home.ts'

export interface CrossGatewayQuery {
  /** AdhocQuery/@home. */
  readonly home: string | undefined
  readonly query: StoredQuery
  /** Query id and request text for the audit event (ATNA ParticipantObjectQuery). */
  readonly audit: { readonly id: string; readonly text: string }
}

export interface CrossGatewayAnswer {
  readonly returnType: ReturnType
  readonly objects: readonly StoredObject[]
}

export interface RespondingQueryPorts {
  /** Our homeCommunityId. */
  readonly home: string
  /** The Document Registry's ITI-18. */
  readonly query: (request: Omit<CrossGatewayQuery, 'home'>, caller: Caller) => Promise<Outcome<CrossGatewayAnswer>>
}

/** A patient whom this community does not know, or does not show, is an empty success (ITI TF-2 3.38.4.1.3). */
export async function crossGatewayQuery(
  { home, query, audit }: CrossGatewayQuery,
  caller: Caller,
  ports: RespondingQueryPorts,
): Promise<Outcome<CrossGatewayAnswer>> {
  const isRequired = !('patientId' in query)
  const fault = homeFault(home, { ours: ports.home, at: 'AdhocQuery/@home', isRequired })
  if (fault === undefined) {
    const outcome = await ports.query({ query, audit }, caller)
    return { ...outcome, errors: outcome.errors.map((error) => located(error, ports.home)) }
  }
  const patients = 'patientId' in query ? [formatCx(query.patientId)] : []
  return {
    answer: { returnType: query.returnType, objects: [] },
    result: 'failure',
    errors: [fault],
    evidence: { ...NO_EVIDENCE, patients, query: audit },
    recorded: false,
  }
}
