// PIX Manager: PIXV3 Query (ITI-45).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { type CorrespondingId, formatIdentifier, type PixAnswer, type PixQuery } from '../model/hl7v3.ts'
import { formatCx } from '../model/identifiers.ts'
import { detailsOf } from './feed.ts'
import { mayAskAbout, speaksFor } from './ownership.ts'
import type { Correspondence, IdentityPorts, KnownIdentifier } from './ports.ts'

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
