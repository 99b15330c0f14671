// ITI-39 Cross Gateway Retrieve, Responding Gateway: the repositories of this community answer for what is asked of it (ITI TF-2 3.39).

import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { located } from '../model/error.ts'
import type { DocumentReference, Outcome, Result } from '../model/evidence.ts'
import { documentLocation, homeFault } from './home.ts'

export interface CrossGatewayRetrieve extends DocumentReference {
  readonly homeCommunityId?: string
}

export interface RespondingRetrievePorts<Document> {
  /** Our homeCommunityId. */
  readonly home: string
  /** ITI-43 of every repository of this community; an error about a document has its uniqueId as location. */
  readonly retrieve: (
    requests: readonly CrossGatewayRetrieve[],
    caller: Caller,
  ) => Promise<Outcome<readonly Document[]>>
}

/** Each document by itself: what is asked of another community or of none is refused, the rest is delivered. */
export async function crossGatewayRetrieve<Document>(
  requests: readonly CrossGatewayRetrieve[],
  caller: Caller,
  ports: RespondingRetrievePorts<Document>,
): Promise<Outcome<readonly Document[]>> {
  const judged = requests.map((request, index) => ({ request, fault: faultOf(request, index, ports.home) }))
  const refused = judged.flatMap(({ fault }) => fault ?? [])
  const asked = judged.filter(({ fault }) => fault === undefined).map(({ request }) => request)
  const notOurs = judged.filter(({ fault }) => fault !== undefined).map(({ request }) => request)
  if (asked.length === 0)
    return {
      answer: [],
      result: 'failure',
      errors: refused,
      evidence: { patients: [], documents: [], undelivered: notOurs },
      recorded: false,
    }
  const outcome = await ports.retrieve(asked, caller)
  const { evidence } = outcome
  return {
    ...outcome,
    result: resultOf(outcome.result, refused),
    errors: [...refused, ...outcome.errors.map((error) => atHome(error, ports.home))],
    evidence: { ...evidence, undelivered: [...notOurs, ...(evidence.undelivered ?? [])] },
  }
}

function faultOf(request: CrossGatewayRetrieve, index: number, ours: string): IheError | undefined {
  const { homeCommunityId, documentUniqueId } = request
  const at = `DocumentRequest[${index + 1}]/HomeCommunityId`
  const fault = homeFault(homeCommunityId, { ours, at, isRequired: true })
  return fault === undefined ? undefined : located(fault, documentLocation(ours, documentUniqueId))
}

function atHome(error: IheError, home: string): IheError {
  return located(error, error.location === undefined ? home : documentLocation(home, error.location))
}

function resultOf(result: Result, refused: readonly IheError[]): Result {
  return result === 'success' && refused.length > 0 ? 'partial' : result
}
