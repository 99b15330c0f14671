// ITI-62 Remove Metadata: the whole list is removed or nothing (IHE ITI supplement RMD, 3.62.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { type Evidence, NO_EVIDENCE, type ObjectReference, type Outcome } from '../model/evidence.ts'
import { parseEntryUuid } from '../model/identifiers.ts'
import type { Claim } from './ports.ts'
import type { RemovableObject, RemovalFacts, RemovalPorts, RemovalTransaction } from './remove-ports.ts'

export interface RemoveRequest {
  /** Ids of the ObjectRefs as sent. */
  readonly ids: readonly string[]
  readonly digest: string
}

const RULE = 'ITI RMD 3.62.4.1.3'

/** A list may break a rule tens of thousands of times; answer and journal keep what a person can read. */
const MAX_FINDINGS = 100

/**
 * Removes the metadata objects listed, in one transaction with its audit and journal rows, or nothing at all. The bytes of a
 * document stay in the repository. In consent mode an administrator removes objects that its own facility published; those of
 * others look as if they were not there, and so does whatever is about a patient whose support was stopped.
 */
export async function removeMetadata(
  request: RemoveRequest,
  caller: Caller,
  ports: RemovalPorts,
): Promise<Outcome<void>> {
  const ids = [...new Set(request.ids)]
  if (ids.length === 0)
    return refused([iheError('REMOVE_UNRESOLVED', { at: 'ObjectRefList', rule: RULE })], NO_EVIDENCE)
  const claim = claimOf(request, caller)
  return ports.inTransaction((tx) => attempt({ ids, claim, tx }, caller))
}

interface Attempt {
  readonly ids: readonly string[]
  readonly claim: Claim | undefined
  readonly tx: RemovalTransaction
}

async function attempt({ ids, claim, tx }: Attempt, caller: Caller): Promise<Outcome<void>> {
  const known = ids.filter((id) => parseEntryUuid(id) !== undefined)
  const { replayed } = await tx.open({ ids: known, claim })
  if (replayed) return { answer: undefined, result: 'success', errors: [], evidence: NO_EVIDENCE, recorded: false }
  const facts = await tx.facts(known)
  const problems = findings(ids, facts, caller)
  const evidence = evidenceOf(facts.objects, caller)
  if (problems.length > 0) return refused(problems, evidence)
  const outcome: Outcome<void> = { answer: undefined, result: 'success', errors: [], evidence, recorded: true }
  await tx.write({ ids, claim, caller, outcome })
  return outcome
}

function refused(errors: readonly IheError[], evidence: Evidence): Outcome<void> {
  return { answer: undefined, result: 'failure', errors: errors.slice(0, MAX_FINDINGS), evidence, recorded: false }
}

function claimOf(request: RemoveRequest, caller: Caller): Claim | undefined {
  const { transaction, messageId } = caller.exchange
  return messageId === undefined
    ? undefined
    : { scope: `${transaction} ${caller.systemId}`, key: messageId, digest: request.digest }
}

/** What hangs on objects that the caller may not know is said only when every id is one it may remove. */
function findings(ids: readonly string[], facts: RemovalFacts, caller: Caller): readonly IheError[] {
  const own = new Map(facts.objects.filter((object) => mayRemove(object, caller)).map((object) => [object.id, object]))
  const unknown = ids.filter((id) => !own.has(id))
  if (unknown.length > 0)
    return unknown.map((id) => iheError('REMOVE_UNRESOLVED', { at: 'ObjectRef/@id', value: id, rule: RULE }))
  return [
    ...facts.referenced.map(({ id, by }) =>
      iheError('REMOVE_REFERENCED', {
        at: `${own.get(id)?.kind ?? 'ObjectRef'}(${id})`,
        value: id,
        rule: `${RULE}; referred to by Association ${by}`,
      }),
    ),
    ...facts.unreferenced.map((id) => iheError('REMOVE_UNREFERENCED', { at: 'ObjectRefList', value: id, rule: RULE })),
  ]
}

function mayRemove(object: RemovableObject, caller: Caller): boolean {
  return !object.stopped && (caller.accessMode === 'affinity-domain' || object.publisher === caller.facilityId)
}

/** Where several patients are concerned, each object says of whom it is. */
function referenceTo({ id, patient }: RemovableObject, patients: readonly string[]): ObjectReference {
  return patients.length < 2 || patient === undefined ? { id } : { id, patient }
}

function evidenceOf(objects: readonly RemovableObject[], caller: Caller): Evidence {
  const set = objects.find(({ kind }) => kind === 'SubmissionSet')?.uniqueId
  const hidden = objects.find((object) => !mayRemove(object, caller))
  const reason = caller.accessMode === 'affinity-domain' ? 'affinity-domain mode' : 'own document'
  const refusal = hidden?.stopped === true ? 'support was stopped' : 'published by another facility'
  const patients = [...new Set(objects.flatMap(({ patient }) => patient ?? []))]
  return {
    patients,
    documents: objects.flatMap(({ document }) => document ?? []),
    ...(objects.length === 0 ? {} : { objectRefs: objects.map((object) => referenceTo(object, patients)) }),
    ...(set === undefined ? {} : { submissionSetUniqueId: set }),
    ...(objects.length === 0
      ? {}
      : { decision: { allowed: hidden === undefined, reason: hidden === undefined ? reason : refusal } }),
  }
}
