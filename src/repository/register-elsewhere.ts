// ITI-42 to a Document Registry elsewhere: documents durable first, then the registry, then the answer (ITI TF-2 3.41.4.1.3, 3.42).

import { randomUUID } from 'node:crypto'
import { iheError, relayed } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { derivedUuid } from '../model/derived-uuid.ts'
import type { IheError, RelayedError } from '../model/error.ts'
import type { Evidence, Outcome, OutgoingCall } from '../model/evidence.ts'
import { parseCx } from '../model/identifiers.ts'
import { SEVERITY_WARNING } from '../model/xds.ts'
import type {
  Claim,
  KeptSubmission,
  RegistrationRequest,
  RegistryReply,
  RepositoryPorts,
  SendToRegistry,
  SubmissionStore,
  SubmittedDocument,
} from './ports.ts'
import { confidentialityOf, evidenceOf, kindOf, patientIdOf, uniqueIdOf } from './submitted.ts'

export interface ElsewherePorts extends Pick<RepositoryPorts, 'repositoryUniqueId' | 'named'> {
  readonly send: SendToRegistry
  readonly registryUrl: string
  readonly store: SubmissionStore
  readonly discardFile: (key: string) => Promise<void>
  /** The registry did not answer as one should: tell the operator. */
  readonly warn: (reason: string) => void
}

const RULE = 'ITI TF-2 3.41.4.1.3'

/**
 * Registers a submission with a registry elsewhere. Its documents are durable before the registry hears of them and retrievable
 * only once it has taken them. What it answers is passed on as it came. When it cannot be reached nothing is kept; when it may
 * have taken the submission, that is kept until `settle` has found out. The same message again is sent on under the same
 * wsa:MessageID, so that it takes effect once.
 */
export async function registerElsewhere(
  request: RegistrationRequest,
  caller: Caller,
  ports: ElsewherePorts,
): Promise<Outcome<void>> {
  const evidence = evidenceOf(request.submission, ports.repositoryUniqueId)
  const nameless = namelessFindings(request)
  if (nameless.length > 0) return failure(nameless, evidence)
  const objections = await request.objections()
  if (objections.length > 0) return failure(objections, evidence)
  const claim = claimOf(request, caller)
  if (claim !== undefined && (await ports.store.isRegistered(claim))) return success([], evidence)
  const kept: KeptSubmission = {
    submissionId: randomUUID(),
    messageId: messageIdOf(claim, ports),
    submission: request.submission,
  }
  const documents = submittedDocuments(request, caller)
  const taken = success([], calling(evidence, { kind: 'taken', errors: [] }, ports))
  const attempt = await ports.store.keep({ ...kept, claim, documents, caller, success: taken })
  const verdict = verdictOf(await ports.send(kept), attempt)
  return end(kept.submissionId, { verdict, evidence }, { caller, ports })
}

/**
 * Finds out about submissions whose outcome is not known, after a time-out or a crash: the same ITI-42 is sent again.
 * @returns how many are no longer in doubt.
 */
export async function settle(ports: ElsewherePorts): Promise<number> {
  for (let settled = 0; ; settled += 1) {
    const kept = await ports.store.due()
    if (kept === undefined) return settled
    const verdict = verdictOf(await ports.send(kept), 'again')
    switch (verdict.kind) {
      case 'taken':
        await ports.store.complete(kept.submissionId, 'as kept')
        break
      case 'refused':
        await ports.store.refuse(kept.submissionId)
        break
      // That one attempt did not reach the registry says nothing of the earlier one.
      case 'not taken':
      case 'in doubt':
        ports.warn(verdict.reason)
        return settled
    }
    await discardUnnamed(kept.fileKeys, ports)
  }
}

async function discardUnnamed(keys: readonly string[], ports: ElsewherePorts): Promise<void> {
  if (keys.length === 0) return
  const named = await ports.named(keys)
  for (const key of keys) if (!named.has(key)) await ports.discardFile(key)
}

type Verdict =
  | { readonly kind: 'taken'; readonly errors: readonly RelayedError[] }
  | { readonly kind: 'refused'; readonly errors: readonly RelayedError[] }
  | { readonly kind: 'not taken'; readonly reason: string }
  | { readonly kind: 'in doubt'; readonly reason: string; readonly errors: readonly RelayedError[] }

/**
 * A registry that does not know wsa:MessageIDs answers a repeated submission with XDSDuplicateUniqueIdInRegistry: then the earlier
 * attempt was taken. One that is busy may say so after it has begun.
 */
function verdictOf(reply: RegistryReply, attempt: 'first' | 'again'): Verdict {
  if (reply.kind === 'not taken') return reply
  if (reply.kind === 'in doubt') return { ...reply, errors: [] }
  const { errors } = reply
  if (reply.result === 'success') return { kind: 'taken', errors }
  const codes = errors.filter(({ severity }) => severity !== SEVERITY_WARNING).map(({ errorCode }) => errorCode)
  if (attempt === 'again' && codes.length > 0 && codes.every((code) => code === 'XDSDuplicateUniqueIdInRegistry'))
    return { kind: 'taken', errors: [] }
  if (codes.includes('XDSRegistryBusy')) return { kind: 'in doubt', reason: 'XDSRegistryBusy', errors }
  return { kind: 'refused', errors }
}

async function end(
  submissionId: string,
  given: { readonly verdict: Verdict; readonly evidence: Evidence },
  { caller, ports }: { readonly caller: Caller; readonly ports: ElsewherePorts },
): Promise<Outcome<void>> {
  const { verdict } = given
  const evidence = calling(given.evidence, verdict, ports)
  switch (verdict.kind) {
    case 'taken': {
      const outcome = { ...success(verdict.errors.map(relayed), evidence), recorded: true }
      await ports.store.complete(submissionId, { caller, outcome })
      return outcome
    }
    case 'refused':
      await ports.store.drop(submissionId)
      return failure(verdict.errors.map(relayed), evidence)
    case 'not taken':
      ports.warn(verdict.reason)
      await ports.store.drop(submissionId)
      return failure([unavailable(verdict.reason)], evidence)
    case 'in doubt':
      ports.warn(verdict.reason)
      await ports.store.doubt(submissionId)
      return failure(
        verdict.errors.length > 0
          ? verdict.errors.map(relayed)
          : [unavailable(`${verdict.reason}; it may have taken it`)],
        evidence,
      )
  }
  return verdict satisfies never
}

/** The registry was asked, and this came of it: audited as ITI-42 beside the ITI-41 (ITI TF-2 3.42.5). */
function calling(evidence: Evidence, verdict: Verdict, { registryUrl }: ElsewherePorts): Evidence {
  const call = { transaction: 'ITI-42', endpoint: registryUrl }
  return { ...evidence, calls: [{ ...call, ...endOf(verdict) }] }
}

function endOf(verdict: Verdict): Pick<OutgoingCall, 'result' | 'reason'> {
  switch (verdict.kind) {
    case 'taken':
      return { result: 'success' }
    case 'refused': {
      const reason = verdict.errors[0]?.errorCode
      return { result: 'failure', ...(reason === undefined ? {} : { reason }) }
    }
    case 'not taken':
    case 'in doubt':
      return { result: 'failure', reason: verdict.reason }
  }
  return verdict satisfies never
}

function unavailable(reason: string): IheError {
  return iheError('REGISTRY_UNAVAILABLE', { at: 'Document Registry', rule: `${RULE}; ${reason}` })
}

function success(errors: readonly IheError[], evidence: Evidence): Outcome<void> {
  return { answer: undefined, result: 'success', errors, evidence, recorded: false }
}

function failure(errors: readonly IheError[], evidence: Evidence): Outcome<void> {
  return { answer: undefined, result: 'failure', errors, evidence, recorded: false }
}

function claimOf(request: RegistrationRequest, caller: Caller): Claim | undefined {
  const { transaction, messageId } = caller.exchange
  return messageId === undefined
    ? undefined
    : { scope: `${transaction} ${caller.systemId}`, key: messageId, digest: request.digest }
}

/** Made of the incoming message, so that its resend is the same message to the registry, whatever was kept of the first one. */
function messageIdOf(claim: Claim | undefined, ports: ElsewherePorts): string {
  if (claim === undefined) return `urn:uuid:${randomUUID()}`
  return `urn:uuid:${derivedUuid(ports.repositoryUniqueId, claim.scope, claim.key, claim.digest)}`
}

/** Documents are kept under their uniqueId. */
function namelessFindings({ submission, documents }: RegistrationRequest): IheError[] {
  const provided = new Set(documents.map(({ entryId }) => entryId))
  return submission.objects
    .filter((object) => provided.has(object.id) && uniqueIdOf(object) === undefined)
    .map((object) =>
      iheError('REPOSITORY_METADATA', {
        at: `ExtrinsicObject(${object.id})`,
        rule: 'ITI TF-3 4.2.3.2.26 uniqueId is required',
      }),
    )
}

function submittedDocuments(request: RegistrationRequest, caller: Caller): readonly SubmittedDocument[] {
  const staged = new Map(request.documents.map((document) => [document.entryId, document.staged]))
  return request.submission.objects.flatMap((object) => {
    const [uniqueId, content] = [uniqueIdOf(object), staged.get(object.id)]
    if (uniqueId === undefined || content === undefined) return []
    return {
      uniqueId,
      staged: content,
      patientId: parseCx(patientIdOf(object) ?? ''),
      publisher: caller.facilityId,
      mimeType: object.mimeType ?? '',
      kind: kindOf(object),
      confidentiality: confidentialityOf(object),
    }
  })
}
