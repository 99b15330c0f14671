// Patient Identity Feed: ITI-44 add, revise and merge, and ITI-8, at the PIX Manager and at the Document Registry (ITI TF-2 3.8, 3.44).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { citing, IheError, type Note, noteOf } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { type AcknowledgementDetail, acknowledgementDetail, type FeedAcknowledgement } from '../model/hl7v3.ts'
import { formatCx } from '../model/identifiers.ts'
import type { AdtFeed, MergeFeed, RecordFeed } from '../model/identity-feed.ts'
import { resolveAdt } from './authority.ts'
import { RACED } from './feed-context.ts'
import { CandidatesChanged } from './match.ts'
import type { IdentityPorts, IdentityTransaction } from './ports.ts'
import { recordFeed } from './record-feed.ts'
import { recordMerge } from './record-merge.ts'

const MAX_ATTEMPTS = 5

/**
 * ITI-44 add (PRPA_IN201301UV02): CA once committed, CE for what the rules of 3.44.4.1.3 refuse. A refusal is an answer,
 * not an exception, and changes nothing; only faults of the server are thrown.
 */
export function feedAdd(
  request: RecordFeed,
  caller: Caller,
  ports: IdentityPorts,
): Promise<Outcome<FeedAcknowledgement>> {
  return feed({ ...request, kind: 'add' }, caller, ports)
}

/** ITI-44 revise (PRPA_IN201302UV02): as {@link feedAdd}; an id that is not known is refused (3.44.4.2.3). */
export function feedRevise(
  request: RecordFeed,
  caller: Caller,
  ports: IdentityPorts,
): Promise<Outcome<FeedAcknowledgement>> {
  return feed({ ...request, kind: 'revise' }, caller, ports)
}

/** ITI-44 merge (PRPA_IN201304UV02): as {@link feedAdd}; the same pair again changes nothing (3.44.4.3.3). */
export function feedMerge(
  request: MergeFeed,
  caller: Caller,
  ports: IdentityPorts,
): Promise<Outcome<FeedAcknowledgement>> {
  return feed(request, caller, ports)
}

/** ITI-8: A01, A04 and A05 register or describe anew, A08 revises, A40 merges (3.8.4.1, 3.8.4.2); the same effect as ITI-44. */
export async function feedAdt(
  request: AdtFeed,
  caller: Caller,
  ports: IdentityPorts,
): Promise<Outcome<FeedAcknowledgement>> {
  return feed(await resolveAdt(request, caller, ports), caller, ports)
}

type Feed = RecordFeed | MergeFeed

async function feed(request: Feed, caller: Caller, ports: IdentityPorts): Promise<Outcome<FeedAcknowledgement>> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    try {
      return await ports.store.inTransaction((tx) => accept(tx, { request, caller, ports }))
    } catch (error) {
      if (error === RACED || error instanceof CandidatesChanged) continue
      if (error instanceof IheError) return refused(request, error, caller)
      throw error
    }
  }
  return refused(request, iheError('BUSY'), caller)
}

interface Call {
  readonly request: Feed
  readonly caller: Caller
  readonly ports: IdentityPorts
}

/** A positive answer as it is kept for a repetition. */
interface StoredAnswer extends FeedAcknowledgement {
  readonly warnings: readonly Note[]
}

async function accept(tx: IdentityTransaction, call: Call): Promise<Outcome<FeedAcknowledgement>> {
  const { request, caller, ports } = call
  const { key, at } = request.message
  const claim = { scope: `${request.transaction} ${caller.systemId}`, key, digest: request.digest }
  const evidence = feedEvidence(request)
  const claimed = await tx.claim(claim)
  if (claimed.kind === 'replay') {
    const { warnings, ...answer } = claimed.response as StoredAnswer
    const errors = warnings.map(({ code, ...details }) => iheError(code, details))
    return { answer, result: 'success', errors, evidence, recorded: false }
  }
  const reused = claimed.kind === 'other-content' ? [iheError('V3_MESSAGE_ID_REUSED', { at, value: key })] : []
  const recorded =
    request.kind === 'merge'
      ? await recordMerge({ tx, caller, request, ports })
      : await recordFeed({ tx, caller, request, ports })
  const warnings = [...reused, ...recorded]
  const answer: FeedAcknowledgement = { code: 'CA', details: detailsOf(warnings, caller) }
  const record = { result: 'success', errors: warnings, evidence } as const
  const response = { ...answer, warnings: warnings.map(noteOf) } satisfies StoredAnswer
  await tx.recordExchange(caller, record, { claim, response })
  return { answer, ...record, recorded: true }
}

/** An acknowledgement has one text field only, so the journal id stands in it. */
export function detailsOf(errors: readonly IheError[], caller: Caller): readonly AcknowledgementDetail[] {
  return errors.map((error) => acknowledgementDetail(citing(error, caller.exchange.id)))
}

function refused(request: Feed, error: IheError, caller: Caller): Outcome<FeedAcknowledgement> {
  return {
    answer: { code: error.row.v3.ack, details: detailsOf([error], caller) },
    result: 'failure',
    errors: [error],
    evidence: feedEvidence(request),
    recorded: false,
  }
}

function feedEvidence(request: Feed): Evidence {
  if (request.kind !== 'merge') {
    const ids = [...request.patientIds, ...request.otherIds].map((entry) => formatCx(entry.id))
    return { patients: [...new Set(ids)], documents: [] }
  }
  const subsumed = formatCx(request.subsumed.id)
  const survivors = request.survivors.map((entry) => formatCx(entry.id))
  return { patients: [...new Set([...survivors, subsumed])], documents: [], subsumed }
}
