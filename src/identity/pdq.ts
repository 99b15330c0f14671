// Patient Demographics Supplier: query, continuation and cancellation, for HL7 v3 and v2 alike (ITI TF-2 3.21, 3.47).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { formatCx, type Oid } from '../model/identifiers.ts'
import type {
  PdqAnswer,
  PdqCancelAnswer,
  PdqCancellation,
  PdqContinuation,
  PdqPatient,
  PdqQuery,
} from '../model/pdq.ts'
import { speaksFor } from './ownership.ts'
import { scoreOf } from './pdq-match.ts'
import { planOf, tooWide } from './pdq-plan.ts'
import type { PdqPorts, RankedPerson } from './pdq-ports.ts'
import { toPatient, type VisiblePerson, visiblePersons } from './pdq-view.ts'

/** Most persons that an answer may be about; who asks for more has not asked for a patient. */
export const MAX_FOUND = 500
/** Names that are alternatives, ids that all hold, domains wanted. */
const MOST_REPEATED = 50

interface Call {
  readonly caller: Caller
  readonly ports: PdqPorts
}

/** A person who agrees with the query, with how well. */
interface Found {
  readonly visible: VisiblePerson
  readonly score: number
}

/**
 * ITI-47 and ITI-21 (3.47.4.1.3): persons of whom one record that the caller may see agrees with everything asked, best first.
 * Whom the caller may not see is neither shown nor counted.
 */
export async function pdqQuery(request: PdqQuery, caller: Caller, ports: PdqPorts): Promise<Outcome<PdqAnswer>> {
  const call = { caller, ports }
  const excess = excessOf(request)
  if (excess !== undefined) return refused(request, [excess])
  const unknown = await unknownDomains(request, ports)
  if (unknown.length > 0) return refused(request, unknown)
  const plan = planOf(request, { limit: MAX_FOUND + 1, ...(await reachOf(call)) })
  if (plan.kind === 'refused') return refused(request, [plan.error])
  const persons = await ports.reads.search(plan.search)
  if (persons.length > MAX_FOUND) return refused(request, [tooWide(request, MAX_FOUND)])
  const ranked = ranking(await agreeing(request, persons, call), request, call)
  return firstPage(request, ranked, call)
}

/** A parameter that is repeated more often than anybody's question needs. */
function excessOf({ names, ids, domains }: PdqQuery): IheError | undefined {
  const excess = names[MOST_REPEATED] ?? ids[MOST_REPEATED] ?? domains[MOST_REPEATED]
  return excess === undefined
    ? undefined
    : iheError('V3_TOO_MANY', { at: excess.at, rule: `at most ${MOST_REPEATED} of a parameter` })
}

async function unknownDomains({ domains }: PdqQuery, { reads }: PdqPorts): Promise<readonly IheError[]> {
  if (domains.length === 0) return []
  const known = await reads.domains(domains.map(({ domain }) => domain))
  return domains
    .filter(({ domain }) => !known.has(domain))
    .map(({ domain, at }) => iheError('V3_UNKNOWN_KEY', { at, value: domain }))
}

/** By the access rule a facility sees only persons whom it knows itself, so nobody else need be looked at. */
async function reachOf({ caller, ports }: Call): Promise<{ readonly knownTo?: readonly Oid[] }> {
  if (caller.accessMode === 'affinity-domain') return {}
  const [facility, network] = await Promise.all([
    ports.reads.facilityDomains(caller.facilityId),
    ports.reads.domains([ports.affinityDomain]),
  ])
  const domains = [...facility, ...network.values()]
  return { knownTo: domains.filter((domain) => speaksFor(caller, domain)).map(({ oid }) => oid) }
}

async function agreeing(
  request: PdqQuery,
  persons: readonly string[],
  { caller, ports }: Call,
): Promise<readonly Found[]> {
  const isById = request.ids.some(({ value }) => value !== undefined)
  const visible = await visiblePersons(persons, { caller, ports, found: isById ? 'by id' : 'by search' })
  return visible.flatMap((one) => {
    if (!request.ids.every((asked) => one.records.some(({ id }) => isId(id, asked)))) return []
    const score = bestScore(request, one)
    return score === undefined || score < (request.minimumScore ?? 0) ? [] : { visible: one, score }
  })
}

function isId(id: { readonly value: string; readonly authority: Oid }, asked: PdqQuery['ids'][number]): boolean {
  return id.authority === asked.authority && (asked.value === undefined || id.value === asked.value)
}

/** One record must agree with all of it: a name of one source and a birth date of another describe nobody. */
function bestScore(request: PdqQuery, { described }: VisiblePerson): number | undefined {
  const { names, sex, birth, address, mother, telecom } = request
  const isAsked = names.length > 0 || [sex, birth, address, mother, telecom].some((one) => one !== undefined)
  if (!isAsked) return 100
  const scores = described.flatMap((demographics) => scoreOf(request, demographics) ?? [])
  return scores.length === 0 ? undefined : Math.max(...scores)
}

interface Ranked {
  readonly found: readonly Found[]
  readonly wanted: { readonly domains: readonly Oid[]; readonly affinityDomain: Oid }
}

/** Best first; of equals the one that has been known longest, so that the order is the same whenever the query is asked. */
function ranking(found: readonly Found[], request: PdqQuery, { ports }: Call): Ranked {
  const wanted = { domains: request.domains.map(({ domain }) => domain), affinityDomain: ports.affinityDomain }
  const kept =
    request.withoutWantedIds === 'kept'
      ? found
      : found.filter(({ visible, score }) => toPatient(visible, score, wanted).ids.length > 0)
  const ordered = [...kept].sort(
    (a, b) => b.score - a.score || Number(BigInt(a.visible.person) - BigInt(b.visible.person)),
  )
  return { found: ordered, wanted }
}

/** The first results; the others are kept until they are asked for. */
async function firstPage(request: PdqQuery, { found, wanted }: Ranked, call: Call): Promise<Outcome<PdqAnswer>> {
  const total = found.length
  const pageSize = request.initialQuantity ?? total
  const shown = found.slice(0, pageSize)
  const { key, text } = request
  if (shown.length < total) {
    const persons = found.map(({ visible, score }): RankedPerson => ({ person: visible.person, score }))
    const systemId = call.caller.systemId
    const { ports } = call
    const next = shown.length + 1
    await ports.results.open(
      { systemId, key, persons, next, pageSize, query: text, domains: wanted.domains },
      ports.now(),
    )
  }
  const patients = shown.map(({ visible, score }) => toPatient(visible, score, wanted))
  return answered(request, { patients, query: text, total, start: 1, length: shown.length })
}

/**
 * The page that follows, or one from a result on (3.47.4.3). The order is that of the first answer; what is shown of a person is what
 * the caller may see now.
 */
export async function pdqContinue(
  request: PdqContinuation,
  caller: Caller,
  ports: PdqPorts,
): Promise<Outcome<PdqAnswer>> {
  const { key, start, quantity, again } = request
  const asked = {
    systemId: caller.systemId,
    key,
    ...(start === undefined ? {} : { start }),
    ...(quantity === undefined ? {} : { quantity }),
  }
  const page = await ports.results.page(asked, ports.now())
  // The former query is gone: its next page would show the patients of another one.
  const isAnother = again !== undefined && page?.query.split('\r').includes(again) === false
  if (page === undefined || isAnother) return refused(request, [unknownQuery(request)])
  const wanted = { domains: page.domains, affinityDomain: ports.affinityDomain }
  const scores = new Map(page.persons.map(({ person, score }) => [person, score]))
  const visible = await visiblePersons([...scores.keys()], { caller, ports, found: 'by search' })
  const patients = visible
    .map((one) => toPatient(one, scores.get(one.person) ?? 0, wanted))
    .filter(({ ids }) => request.withoutWantedIds === 'kept' || ids.length > 0)
  return answered(request, {
    patients,
    query: page.query,
    total: page.total,
    start: page.start,
    length: page.persons.length,
  })
}

/** No more pages are wanted (3.47.4.4). */
export async function pdqCancel(
  request: PdqCancellation,
  caller: Caller,
  ports: PdqPorts,
): Promise<Outcome<PdqCancelAnswer>> {
  const isClosed = await ports.results.close(caller.systemId, request.key, ports.now())
  if (!isClosed) return refused(request, [unknownQuery(request)])
  return {
    answer: { kind: 'cancelled' },
    result: 'success',
    errors: [],
    evidence: evidenceOf(request, []),
    recorded: false,
  }
}

type Message = Pick<PdqQuery, 'message' | 'text' | 'key' | 'keyAt'>

function unknownQuery({ key, keyAt }: Message): IheError {
  return iheError('PDQ_UNKNOWN_QUERY', { at: keyAt, value: key.slice(key.indexOf(' ') + 1) })
}

interface Page {
  readonly patients: readonly PdqPatient[]
  readonly query: string
  readonly total: number
  readonly start: number
  /** Results that the page stands for; a person whom the caller may no longer see is among them and not in the answer. */
  readonly length: number
}

function answered(request: Message, { patients, query, total, start, length }: Page): Outcome<PdqAnswer> {
  const remaining = Math.max(0, total - (start - 1) - length)
  const answer: PdqAnswer = {
    kind: 'page',
    patients,
    total,
    remaining,
    ...(remaining === 0 ? {} : { next: start + length }),
    query,
  }
  return { answer, result: 'success', errors: [], evidence: evidenceOf(request, patients), recorded: false }
}

export function refused(request: Message, errors: readonly IheError[]): Outcome<{ readonly kind: 'refused' }> {
  return { answer: { kind: 'refused' }, result: 'failure', errors, evidence: evidenceOf(request, []), recorded: false }
}

function evidenceOf(request: Message, patients: readonly PdqPatient[]): Evidence {
  return {
    patients: patients.flatMap(({ primary }) => primary.map(({ id }) => formatCx(id))),
    documents: [],
    query: { id: request.message, text: request.text },
  }
}
