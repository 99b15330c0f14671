// ITI-86 Remove Documents: each document by itself, its metadata stays (IHE ITI supplement RMD, 3.86.4.1.3).

import { createHash } from 'node:crypto'
import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { ErrorDetails, IheError } from '../model/error.ts'
import type { DocumentReference, Evidence, Outcome } from '../model/evidence.ts'
import type { Claim, DocumentRemoval, HeldDocument, RefusedRemoval, RemovalTransaction } from './ports.ts'
import type { DocumentRequest } from './retrieve.ts'

export interface DocumentRemovalPorts {
  readonly repositoryUniqueId: string
  readonly removal: DocumentRemoval
  /** Deletes the file of a document whose row is gone. */
  readonly discardFile: (key: string) => Promise<void>
}

const RULE = 'ITI RMD 3.86.4.1.3'

/**
 * Removes the documents that may be removed; the others are named. Rows go in one commit with audit and journal, files after it: a
 * crash in between leaves files that no row names, for the sweep. In consent mode an administrator removes documents that its own
 * facility published, others look as if they were not there; one that another facility published too stays.
 */
export async function removeDocuments(
  requests: readonly DocumentRequest[],
  caller: Caller,
  ports: DocumentRemovalPorts,
): Promise<Outcome<void>> {
  const claim = claimOf(requests, caller)
  const { outcome, files } = await ports.removal(async (tx) => attempt({ requests, claim, tx }, caller, ports))
  // What cannot be deleted now is named by no row, so the sweep will.
  for (const key of files) await ports.discardFile(key).catch(() => undefined)
  return outcome
}

interface Attempt {
  readonly requests: readonly DocumentRequest[]
  readonly claim: Claim | undefined
  readonly tx: RemovalTransaction
}

interface Attempted {
  readonly outcome: Outcome<void>
  readonly files: readonly string[]
}

async function attempt(given: Attempt, caller: Caller, ports: DocumentRemovalPorts): Promise<Attempted> {
  const { requests, claim, tx } = given
  const ours = requests.filter((request) => request.repositoryUniqueId === ports.repositoryUniqueId)
  const { replayed, documents } = await tx.open({ claim, uniqueIds: idsOf(ours) })
  if (replayed !== undefined) return { outcome: repeated(requests, replayed), files: [] }
  const held = new Map(documents.map((document) => [document.uniqueId, document]))
  const judged = requests.map((request) => ({ request, refusal: refusalOf(request, { held, caller, ports }) }))
  const outcome = outcomeOf({ judged, documents }, caller)
  if (outcome.result === 'failure') return { outcome, files: [] }
  const recorded = { ...outcome, recorded: true }
  const uniqueIds = idsOf(judged.flatMap(({ request, refusal }) => (refusal === undefined ? [request] : [])))
  const refusals = judged.flatMap(({ refusal }) => refusal ?? [])
  return { outcome: recorded, files: await tx.write({ uniqueIds, claim, caller, outcome: recorded, refusals }) }
}

function idsOf(requests: readonly DocumentRequest[]): readonly string[] {
  return [...new Set(requests.map((request) => request.documentUniqueId))]
}

function claimOf(requests: readonly DocumentRequest[], caller: Caller): Claim | undefined {
  const { transaction, messageId } = caller.exchange
  if (messageId === undefined) return undefined
  const digest = createHash('sha256').update(JSON.stringify(requests)).digest('hex')
  return { scope: `${transaction} ${caller.systemId}`, key: messageId, digest }
}

interface Judging {
  readonly held: ReadonlyMap<string, HeldDocument>
  readonly caller: Caller
  readonly ports: DocumentRemovalPorts
}

/** The location of an error is the DocumentUniqueId. */
function refusalOf(request: DocumentRequest, { held, caller, ports }: Judging): RefusedRemoval | undefined {
  const { repositoryUniqueId, documentUniqueId: location } = request
  if (repositoryUniqueId !== ports.repositoryUniqueId)
    return { code: 'UNKNOWN_REPOSITORY', at: 'RepositoryUniqueId', value: repositoryUniqueId, location }
  const document = held.get(location)
  const about = { at: 'DocumentUniqueId', value: location, location }
  const trusted = caller.accessMode === 'affinity-domain'
  if (document === undefined || isStopped(document)) return { code: 'DOCUMENT_UNAVAILABLE', ...about }
  if (!(trusted || document.holders.some((holder) => holder.publisher === caller.facilityId)))
    return { code: 'DOCUMENT_UNAVAILABLE', ...about }
  if (document.beingRegistered)
    return { code: 'REMOVE_DOCUMENT', ...about, rule: `${RULE}; a submission with it is being registered` }
  if (!trusted && document.holders.some((holder) => holder.publisher !== caller.facilityId))
    return { code: 'REMOVE_DOCUMENT', ...about, rule: `${RULE}; another facility published it too` }
  return undefined
}

/** To nobody it is there, the publisher neither (idlink C-7). */
function isStopped({ holders }: HeldDocument): boolean {
  return holders.some(({ stopped }) => stopped)
}

interface Judged {
  readonly judged: readonly { readonly request: DocumentRequest; readonly refusal: RefusedRemoval | undefined }[]
  readonly documents: readonly HeldDocument[]
}

function outcomeOf({ judged, documents }: Judged, caller: Caller): Outcome<void> {
  const patients = [...new Set(documents.flatMap(({ holders }) => holders.map(({ patient }) => patient)))]
  const references = referencesOf(documents, patients)
  const removed = judged.filter(({ refusal }) => refusal === undefined).flatMap(({ request }) => references(request))
  const refused = judged.filter(({ refusal }) => refusal !== undefined).flatMap(({ request }) => references(request))
  const refusal = documents.some(isStopped) ? 'support was stopped' : 'published by another facility'
  const trusted = caller.accessMode === 'affinity-domain' && !documents.some(isStopped)
  return {
    ...ended(
      judged.flatMap(({ refusal }) => refusal ?? []),
      judged.filter(({ refusal }) => refusal === undefined).length,
    ),
    evidence: {
      patients,
      documents: removed,
      undelivered: refused,
      decision: {
        allowed: removed.length > 0,
        reason: trusted ? 'affinity-domain mode' : removed.length > 0 ? 'own document' : refusal,
      },
    },
  }
}

/** Where several patients are concerned, each document says of whom it is, once for each of them. */
function referencesOf(documents: readonly HeldDocument[], patients: readonly string[]) {
  const held = new Map(documents.map((document) => [document.uniqueId, document]))
  return (request: DocumentRequest): readonly DocumentReference[] => {
    const holders = patients.length < 2 ? [] : (held.get(request.documentUniqueId)?.holders ?? [])
    const owners = new Set(holders.map(({ patient }) => patient))
    return owners.size === 0 ? [request] : [...owners].map((patient) => ({ ...request, patient }))
  }
}

function ended(refusals: readonly RefusedRemoval[], removed: number): Omit<Outcome<void>, 'evidence'> {
  const result = refusals.length === 0 ? 'success' : removed > 0 ? 'partial' : 'failure'
  return { answer: undefined, result, errors: refusals.map(errorOf), recorded: false }
}

function errorOf({ code, ...details }: RefusedRemoval): IheError {
  return iheError(code, details satisfies ErrorDetails)
}

/** The answer given before: the documents are gone already. */
function repeated(requests: readonly DocumentRequest[], refusals: readonly RefusedRemoval[]): Outcome<void> {
  const evidence: Evidence = { patients: [], documents: requests }
  return { ...ended(refusals, requests.length - refusals.length), evidence }
}
