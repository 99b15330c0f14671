// PIX Manager: PIX Query (ITI-9) and PIXV3 Query (ITI-45), one answer for both.

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import { type CorrespondingId, formatAuthority, type PixAnswer, type PixQuery } from '../model/pix.ts'
import { authoritiesOf, otherName } from './authority.ts'
import { mayAskAbout, speaksFor } from './ownership.ts'
import type { Correspondence, KnownIdentifier, PixQueryPorts } from './ports.ts'

/**
 * ITI-9 PIX Query (3.9.4.1.3), ITI-45 PIXV3 Query (3.45.4.1.3): the other ids of the person that the caller may see. An id that is
 * not known and one that the caller may not ask about are answered alike.
 */
export async function pixQuery(request: PixQuery, caller: Caller, ports: PixQueryPorts): Promise<Outcome<PixAnswer>> {
  const asked = await resolved(request, caller, ports)
  const person = askablePerson(asked, caller)
  const unknown = unknownKeys(request, asked)
  const errors = person === undefined ? [...unknown, unknownPatient(request, asked)] : unknown
  const warnings = [...request.warnings, ...namespaceWarnings(request, asked)]
  if (person === undefined || errors.length > 0) {
    const answer: PixAnswer = { kind: 'unknown', errors }
    const evidence = evidenceOf(request, asked, [])
    return { answer, result: 'failure', errors: [...errors, ...warnings], evidence, recorded: false }
  }
  const ids = person.identifiers
    .filter(
      (known) => isWanted(known, asked) && (person.shown.has(known.domain.oid) || speaksFor(caller, known.domain)),
    )
    .map(({ id, domain }) => ({ id, authorityName: domain.name }))
  const answer: PixAnswer = ids.length === 0 ? { kind: 'nothing' } : { kind: 'found', ids }
  return { answer, result: 'success', errors: warnings, evidence: evidenceOf(request, asked, ids), recorded: false }
}

/** A query whose authorities were looked up. */
interface Asked {
  /** Absent when its authority names no domain. */
  readonly patient: PatientId | undefined
  /** In the order of the query; absent where an authority names no domain. */
  readonly domains: readonly (Oid | undefined)[]
  readonly found: Correspondence
}

async function resolved(request: PixQuery, caller: Caller, ports: PixQueryPorts): Promise<Asked> {
  const [authority, ...domains] = await authoritiesOf([request.patient, ...request.domains], caller, ports)
  const known = domains.filter((oid) => oid !== undefined)
  if (authority === undefined) {
    return { patient: undefined, domains, found: { domains: await ports.store.domains(known) } }
  }
  const patient = { value: request.patient.value, authority }
  return {
    patient,
    domains,
    found: await ports.correspondence({ caller, id: patient, domains: [...known, authority] }),
  }
}

function unknownKeys(request: PixQuery, { domains, found }: Asked): readonly IheError[] {
  return request.domains.flatMap((domain, index) =>
    found.domains.has(domains[index] ?? '')
      ? []
      : iheError('V3_UNKNOWN_KEY', { at: domain.at, value: formatAuthority(domain) }),
  )
}

function unknownPatient({ patient }: PixQuery, { patient: id, found }: Asked): IheError {
  const at = id !== undefined && found.domains.has(id.authority) ? patient.at : patient.domainAt
  const value = id === undefined ? `${patient.value}^^^${formatAuthority(patient)}` : formatCx(id)
  return iheError('V3_UNKNOWN_KEY', { at, value })
}

function namespaceWarnings({ patient, domains }: PixQuery, { patient: id, domains: oids, found }: Asked) {
  return [
    ...otherName(patient, found.domains.get(id?.authority ?? ''), patient.domainAt),
    ...domains.flatMap((domain, index) => otherName(domain, found.domains.get(oids[index] ?? ''), `${domain.at}.4`)),
  ]
}

function askablePerson(asked: Asked, caller: Caller): Correspondence['person'] {
  const { person } = asked.found
  const queried = person?.identifiers.find((known) => isQueried(known, asked))
  if (person === undefined || queried === undefined) return undefined
  return mayAskAbout(caller, queried.domain, person.identifiers) ? person : undefined
}

function isQueried(known: KnownIdentifier, { patient }: Asked): boolean {
  return known.id.value === patient?.value && known.id.authority === patient.authority
}

function isWanted(known: KnownIdentifier, asked: Asked): boolean {
  if (isQueried(known, asked)) return false
  return asked.domains.length === 0 || asked.domains.includes(known.domain.oid)
}

function evidenceOf(request: PixQuery, { patient }: Asked, returned: readonly CorrespondingId[]): Evidence {
  const ids = returned.map(({ id }) => formatCx(id))
  return { patients: patient === undefined ? ids : [formatCx(patient), ...ids], documents: [], query: request.asked }
}
