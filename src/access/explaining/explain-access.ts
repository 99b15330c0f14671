// Why documents of a patient are seen by somebody or not: the factors of the decision with what stands behind each (security b.2-b.5).

import type { Decision, DocumentTraits, Factor, Reason, Scope } from '../../model/access.ts'
import { formatCx } from '../../model/identifiers.ts'
import { scopeOf } from '../decide.ts'
import { explain, verdictOf } from '../explain.ts'
import type { Viewer } from '../viewer.ts'
import { jobOf } from '../viewer.ts'
import { behindOf } from './behind.ts'
import { type DoorFactor, doorFactors } from './door.ts'
import type { AskedAccess, Behind, DoorState, ExplainingPorts, FoundPerson } from './ports.ts'
import { type DoorReason, FACTOR_WORDS, type FactorName, HELD_WORDS, REASON_WORDS, type Words } from './words.ts'

export interface ExplainedFactor extends Words {
  readonly factor: FactorName
  readonly factorJa: string
  readonly outcome: Factor['outcome']
  readonly reason: Reason | DoorReason
  /** What the outcome follows from: states, rows, dates. */
  readonly behind: readonly object[]
}

export interface Explanation {
  /** In the network. */
  readonly patient: string
  readonly viewer: {
    readonly facilityId: string
    readonly systemId?: string
    readonly staffId?: string
    readonly job: string
  }
  readonly document?: { readonly uniqueId: string; readonly publisher: string } & Partial<
    Pick<DocumentTraits, 'kind' | 'confidentiality'>
  >
  readonly verdict: Words & { readonly allowed: boolean; readonly reason: Reason | DoorReason }
  readonly factors: readonly ExplainedFactor[]
  /** What would have to change, all of it; none where it is seen. */
  readonly toBeSeen: readonly (Words & { readonly factor: FactorName })[]
  /** Without a document: what may be seen of the other facilities at best. */
  readonly publishers?: readonly Opened[]
}

interface Opened {
  readonly facilityId: string
  readonly upTo: string
  readonly kinds: Readonly<Record<string, string>>
  readonly reason: Reason
}

export type Unexplained = 'unknown viewer' | 'unknown patient' | 'unknown document'

/**
 * The verdict is that of the functions that the doors ask, on facts that are read as the doors read them. Staff of a facility (`askedFor`)
 * hear of patients of their own, and of documents that the facility published; all else is as if it were not there.
 */
export async function explainAccess(asked: AskedAccess, ports: ExplainingPorts): Promise<Explanation | Unexplained> {
  const doors = isForAsker(asked) ? await ports.doors(asked) : undefined
  if (doors === undefined) return 'unknown viewer'
  const person = await ports.person(asked)
  if (person === undefined || isAnothersNumber(person, asked)) return 'unknown patient'
  const documents = asked.document === undefined ? [] : await ports.documents(person.personKey, asked.document)
  if (!(await mayAsk(asked, { person, documents }, ports))) return 'unknown patient'
  if (asked.document !== undefined && documents.length === 0) return 'unknown document'
  const named = { ...asked, ...systemOf(doors), ...jobIn(doors, asked) }
  const viewer = await ports.viewer(named)
  const judged = viewer === undefined ? undefined : judge({ viewer, person, documents })
  const behind = await ports.behind({
    personKey: person.personKey,
    facilityId: asked.facilityId,
    ...(judged?.document === undefined ? {} : { publisher: judged.document.publisher }),
  })
  return put({ asked: named, doors, person, behind, viewer, judged })
}

/** Staff of a facility ask how their own facility sees, or how others see a document of theirs. */
function isForAsker({ askedFor, facilityId, document, staffId }: AskedAccess): boolean {
  if (askedFor === undefined || askedFor === facilityId) return true
  return document !== undefined && staffId === undefined
}

function isAnothersNumber({ numberOf }: FoundPerson, { askedFor }: AskedAccess): boolean {
  return askedFor !== undefined && numberOf !== undefined && numberOf !== askedFor
}

async function mayAsk(
  { askedFor, facilityId }: AskedAccess,
  found: { readonly person: FoundPerson; readonly documents: readonly DocumentTraits[] },
  ports: ExplainingPorts,
): Promise<boolean> {
  if (askedFor === undefined || found.documents.some(({ publisher }) => publisher === askedFor)) return true
  return askedFor === facilityId && (await ports.isPatientOf(found.person.personKey, askedFor))
}

function systemOf({ system }: DoorState): { readonly systemId?: string } {
  return system === undefined ? {} : { systemId: system.systemId }
}

function jobIn({ staff }: DoorState, { job }: AskedAccess): Pick<AskedAccess, 'job'> {
  if (staff !== undefined) return { job: staff.job }
  return job === undefined ? {} : { job }
}

interface Judged {
  readonly document?: DocumentTraits
  readonly factors: readonly Factor[]
  readonly decision: Decision
  readonly scope: Scope
}

/** Factors that are about the patient, whatever the document. */
const OF_PATIENT: readonly Factor['name'][] = [
  'support',
  'access mode',
  'purpose of use',
  'consent',
  'viewing facility',
  'link',
]
const NO_DOCUMENT: DocumentTraits = { publisher: '', kind: '', confidentiality: [] }

function judge(given: {
  readonly viewer: Viewer
  readonly person: FoundPerson
  readonly documents: readonly DocumentTraits[]
}): Judged {
  const { viewer, person, documents } = given
  const scope = scopeOf(viewer, person.facts)
  const judged = documents.map((document) => {
    const factors = explain(viewer, person.facts, document)
    return { document, factors, decision: verdictOf(factors), scope }
  })
  // A uniqueId of several entries is seen by the one that lets it be seen, as in ITI-43.
  const decisive = judged.find(({ decision }) => decision.allowed) ?? judged[0]
  if (decisive !== undefined) return decisive
  const factors = explain(viewer, person.facts, NO_DOCUMENT).filter(({ name }) => OF_PATIENT.includes(name))
  return { factors: [...factors, inUnion(scope)], decision: scope.decision, scope }
}

function inUnion({ decision }: Scope): Factor {
  const isClosed = decision.reason === 'facility is in no union'
  return isClosed
    ? { name: 'union', outcome: 'closes', reason: decision.reason }
    : { name: 'union', outcome: 'holds', reason: 'union, consent and link stand' }
}

interface Putting {
  readonly asked: AskedAccess
  readonly doors: DoorState
  readonly person: FoundPerson
  readonly behind: Behind
  readonly viewer: Viewer | undefined
  readonly judged: Judged | undefined
}

function put(given: Putting): Explanation {
  const { asked, doors, person, judged } = given
  const before = doorFactors(doors, asked)
  const verdict = verdictAfter(before, judged)
  const isTold = verdict.allowed || asked.askedFor === undefined || asked.askedFor === judged?.document?.publisher
  const factors = [...before, ...(judged?.factors ?? [])].map((factor) => worded(factor, { ...given, isTold }))
  const { facilityId, systemId, staffId } = asked
  const job = given.viewer === undefined ? (asked.job ?? 'system') : jobOf(given.viewer)
  return {
    patient: formatCx(person.patientId),
    viewer: {
      facilityId,
      job,
      ...(systemId === undefined ? {} : { systemId }),
      ...(staffId === undefined ? {} : { staffId }),
    },
    ...documentOf(given, isTold),
    verdict: { ...verdict, ...wordsOf(verdict.reason) },
    factors,
    toBeSeen: changesOf(factors, { before, judged }),
    ...(judged === undefined || asked.document !== undefined ? {} : { publishers: openedIn(judged.scope) }),
  }
}

function verdictAfter(
  before: readonly DoorFactor[],
  judged: Judged | undefined,
): Omit<Explanation['verdict'], 'en' | 'ja'> {
  const closed = before.find(({ outcome }) => outcome === 'closes')
  if (closed !== undefined) return { allowed: false, reason: closed.reason }
  return judged?.decision ?? { allowed: false, reason: 'the facility is not active' }
}

/** Kind and confidentiality of what the asking facility may neither see nor published stay untold. */
function documentOf({ asked, judged }: Putting, isTold: boolean): Pick<Explanation, 'document'> {
  if (asked.document === undefined || judged?.document === undefined) return {}
  const { publisher, kind, confidentiality } = judged.document
  return { document: { uniqueId: asked.document, publisher, ...(isTold ? { kind, confidentiality } : {}) } }
}

const BY_RULE: Reason = 'union, consent and link stand'

function worded(factor: DoorFactor | Factor, given: Putting & { readonly isTold: boolean }): ExplainedFactor {
  const { name, outcome, reason } = factor
  return {
    factor: name,
    factorJa: FACTOR_WORDS[name].ja,
    outcome,
    reason,
    ...((reason === BY_RULE ? HELD_WORDS[name] : undefined) ?? wordsOf(reason)),
    behind: 'behind' in factor ? factor.behind : behindOf(factor.name, given),
  }
}

function wordsOf(reason: Reason | DoorReason): Words {
  const { en, ja } = REASON_WORDS[reason]
  return { en, ja }
}

const OF_CONSENT: readonly FactorName[] = ['viewing facility', 'publishing facility']

function changesOf(
  factors: readonly ExplainedFactor[],
  { before, judged }: { readonly before: readonly DoorFactor[]; readonly judged: Judged | undefined },
): Explanation['toBeSeen'] {
  const relevant = judged?.decision.allowed === true ? factors.slice(0, before.length) : factors
  const closed = relevant.filter(({ outcome }) => outcome === 'closes')
  // Whom a consent has to name is asked of a consent that is there.
  const idle: readonly FactorName[] = closed.some(({ factor }) => factor === 'consent') ? OF_CONSENT : []
  return closed.flatMap(({ factor, reason }) => {
    const { change } = REASON_WORDS[reason]
    return change === undefined || idle.includes(factor) ? [] : [{ factor, ...change }]
  })
}

function openedIn({ openings, closed }: Scope): readonly Opened[] {
  const opened = openings.flatMap(({ publishers, reason, right, kinds }) =>
    publishers.map((facilityId) => ({
      facilityId,
      upTo: right.level,
      kinds: Object.fromEntries(Object.entries(kinds).map(([kind, { level }]) => [kind, level])),
      reason,
    })),
  )
  const shut = Object.entries(closed).map(([facilityId, reason]) => ({ facilityId, upTo: 'none', kinds: {}, reason }))
  return [...opened, ...shut].sort((one, other) => (one.facilityId < other.facilityId ? -1 : 1))
}
