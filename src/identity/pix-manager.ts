// PIX Manager: Patient Identity Feed HL7 V3 (ITI-44 add and revise) and PIXV3 Query (ITI-45).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { citing, IheError } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import {
  type AcknowledgementDetail,
  acknowledgementDetail,
  type CorrespondingId,
  type FeedAcknowledgement,
  formatIdentifier,
  type PatientFeed,
  type PixAnswer,
  type PixQuery,
} from '../model/hl7v3.ts'
import { formatCx } from '../model/identifiers.ts'
import { mayAskAbout, speaksFor } from './ownership.ts'
import type { Correspondence, IdentityPorts, IdentityTransaction, KnownIdentifier } from './ports.ts'
import { RACED, recordFeed } from './record-feed.ts'

const MAX_ATTEMPTS = 5

/**
 * ITI-44 add (PRPA_IN201301UV02): CA once committed, CE for what the rules of 3.44.4.1.3 refuse. A refusal is an answer,
 * not an exception, and changes nothing; only faults of the server are thrown.
 */
export function feedAdd(
  request: PatientFeed,
  caller: Caller,
  ports: IdentityPorts,
): Promise<Outcome<FeedAcknowledgement>> {
  return feed({ ...request, kind: 'add' }, caller, ports)
}

/** ITI-44 revise (PRPA_IN201302UV02): as {@link feedAdd}; an id that is not known is refused (3.44.4.2.3). */
export function feedRevise(
  request: PatientFeed,
  caller: Caller,
  ports: IdentityPorts,
): Promise<Outcome<FeedAcknowledgement>> {
  return feed({ ...request, kind: 'revise' }, caller, ports)
}

async function feed(request: PatientFeed, caller: Caller, ports: IdentityPorts): Promise<Outcome<FeedAcknowledgement>> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    try {
      return await ports.store.inTransaction((tx) => accept(tx, { request, caller, ports }))
    } catch (error) {
      if (error === RACED) continue
      if (error instanceof IheError) return refused(request, error, caller)
      throw error
    }
  }
  return refused(request, iheError('BUSY'), caller)
}

interface Call {
  readonly request: PatientFeed
  readonly caller: Caller
  readonly ports: IdentityPorts
}

async function accept(tx: IdentityTransaction, call: Call): Promise<Outcome<FeedAcknowledgement>> {
  const { request, caller, ports } = call
  const key = formatIdentifier(request.transmission.id)
  const claim = { scope: `ITI-44 ${caller.systemId}`, key, digest: request.digest }
  const evidence = feedEvidence(request)
  const claimed = await tx.claim(claim)
  if (claimed.kind === 'replay') {
    return { answer: claimed.response as FeedAcknowledgement, result: 'success', errors: [], evidence, recorded: false }
  }
  const reused =
    claimed.kind === 'other-content'
      ? [iheError('V3_MESSAGE_ID_REUSED', { at: `/${request.transmission.interaction}/id`, value: key })]
      : []
  const recorded = await recordFeed({ tx, caller, request, affinityDomain: ports.affinityDomain })
  const warnings = [...reused, ...recorded]
  const answer: FeedAcknowledgement = { code: 'CA', details: detailsOf(warnings, caller) }
  await tx.complete(claim, answer)
  const record = { result: 'success', errors: warnings, evidence } as const
  await tx.recordExchange(caller, record)
  return { answer, ...record, recorded: true }
}

/** An acknowledgement has one text field only, so the journal id stands in it. */
function detailsOf(errors: readonly IheError[], caller: Caller): readonly AcknowledgementDetail[] {
  return errors.map((error) => acknowledgementDetail(citing(error, caller.exchange.id)))
}

function refused(request: PatientFeed, error: IheError, caller: Caller): Outcome<FeedAcknowledgement> {
  return {
    answer: { code: error.row.v3.ack, details: detailsOf([error], caller) },
    result: 'failure',
    errors: [error],
    evidence: feedEvidence(request),
    recorded: false,
  }
}

function feedEvidence(request: PatientFeed): Evidence {
  const ids = [...request.patientIds, ...request.otherIds].map((entry) => formatCx(entry.id))
  return { patients: [...new Set(ids)], documents: [] }
}

/**
 * ITI-45 PIXV3 Query (3.45.4.1.3): the other ids of the person that the caller may see. An id that is not known and one that
 * the caller may not ask about are answered alike.
 */
export async function pixQuery(request: PixQuery, caller: Caller, ports: IdentityPorts): Promise<Outcome<PixAnswer>> {
  const wanted = request.dataSources.map((source) => source.domain)
  const found = await ports.store.correspondence(request.patient.id, wanted)
  const person = askablePerson(request, caller, found)
  const errors = [
    ...request.dataSources
      .filter((source) => !found.domains.has(source.domain))
      .map((source) => iheError('V3_UNKNOWN_KEY', { at: source.at, value: source.domain })),
    ...(person === undefined
      ? [iheError('V3_UNKNOWN_KEY', { at: request.patient.at, value: formatCx(request.patient.id) })]
      : []),
  ]
  if (person === undefined || errors.length > 0) {
    const answer: PixAnswer = { kind: 'unknown', details: detailsOf(errors, caller) }
    return { answer, result: 'failure', errors, evidence: queryEvidence(request, []), recorded: false }
  }
  const visible = await ports.visibleDomains(caller, person.key)
  const ids = person.identifiers
    .filter((known) => isWanted(known, request) && (visible.has(known.domain.oid) || speaksFor(caller, known.domain)))
    .map(({ id, domain }) => ({ id, authorityName: domain.name }))
  const answer: PixAnswer = ids.length === 0 ? { kind: 'nothing' } : { kind: 'found', ids }
  return { answer, result: 'success', errors: [], evidence: queryEvidence(request, ids), recorded: false }
}

function askablePerson(request: PixQuery, caller: Caller, found: Correspondence): Correspondence['person'] {
  const asked = found.person?.identifiers.find((known) => isQueried(known, request))
  if (found.person === undefined || asked === undefined) return undefined
  return mayAskAbout(caller, asked.domain, found.person.identifiers) ? found.person : undefined
}

function isQueried(known: KnownIdentifier, request: PixQuery): boolean {
  return known.id.value === request.patient.id.value && known.id.authority === request.patient.id.authority
}

function isWanted(known: KnownIdentifier, request: PixQuery): boolean {
  if (isQueried(known, request)) return false
  return request.dataSources.length === 0 || request.dataSources.some((source) => source.domain === known.domain.oid)
}

function queryEvidence(request: PixQuery, returned: readonly CorrespondingId[]): Evidence {
  return {
    patients: [formatCx(request.patient.id), ...returned.map((entry) => formatCx(entry.id))],
    documents: [],
    query: { id: formatIdentifier(request.transmission.id), text: request.queryByParameter },
  }
}
