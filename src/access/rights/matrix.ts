// The rights of one viewer towards one publishing facility: matrix of the network or union, person, viewer's facility, audience (security b.2, b.3; idlink R-2).

import type { Reason, Right } from '../../model/access.ts'
import type { Level } from '../../model/confidentiality.ts'
import { rankOf } from '../../model/confidentiality.ts'
import { type AccessRight, type AccessRules, type Audience, NO_RULES, type SharingUnion } from '../../model/rights.ts'
import type { Job } from '../../model/user.ts'
import { jobOf, type Viewer } from '../viewer.ts'

/** What a network sets to begin with. Very restricted documents (V) are for persons who are named. Of `system` the system's own ceiling holds. */
export const DEFAULT_CEILINGS: Readonly<Record<Exclude<Job, 'system'>, Level>> = {
  doctor: 'R',
  dentist: 'R',
  pharmacist: 'R',
  nurse: 'N',
  'public-health-nurse': 'N',
  midwife: 'N',
  'radiological-technologist': 'N',
  'medical-technologist': 'N',
  therapist: 'N',
  dietitian: 'N',
  'dental-hygienist': 'N',
  'clinical-engineer': 'N',
  'emergency-technician': 'N',
  'social-worker': 'M',
  'care-manager': 'M',
  'care-worker': 'M',
  clerk: 'U',
}

/** What may be seen of a facility's documents, apart from consent: a right for each kind that has one of its own, and one for the others. */
export interface Rights {
  readonly right: Right
  readonly kinds: Readonly<Record<string, Right>>
}

/** The rights towards each publisher; what does not differ between publishers is one and the same value. */
export function rightsOf(viewer: Viewer): (publisher: string) => Rights {
  const rules = viewer.rules ?? NO_RULES
  const isNarrowed = rules.unions.some(({ kinds }) => kinds !== undefined)
  if (rules.rights.length === 0 && rules.audiences.length === 0 && !isNarrowed) {
    const usual = { right: startOf(viewer), kinds: {} }
    return () => usual
  }
  return remembered(rules, viewer)
}

/** Rules live as long as the identity they were read with, and so does what follows from them. */
const memory = new WeakMap<AccessRules, Map<string, (publisher: string) => Rights>>()

function remembered(rules: AccessRules, viewer: Viewer): (publisher: string) => Rights {
  const known = memory.get(rules) ?? new Map<string, (publisher: string) => Rights>()
  memory.set(rules, known)
  const key = JSON.stringify([viewer.facilityId, viewer.confidentialityCeiling, jobOf(viewer), viewer.user?.staffId])
  const found = known.get(key) ?? towardsEach(viewer, rules)
  known.set(key, found)
  return found
}

function towardsEach(viewer: Viewer, rules: AccessRules): (publisher: string) => Rights {
  const byPublisher = new Map<string, Rights>()
  const shared = new Map<string, Rights>()
  return (publisher) => {
    const known = byPublisher.get(publisher)
    if (known !== undefined) return known
    const made = allKinds({ viewer, rules, publisher })
    const text = JSON.stringify(made)
    const rights = shared.get(text) ?? made
    shared.set(text, rights)
    byPublisher.set(publisher, rights)
    return rights
  }
}

interface Question {
  readonly viewer: Viewer
  readonly rules: AccessRules
  readonly publisher: string
}

function allKinds(question: Question): Rights {
  const { rules, publisher } = question
  const named = [
    ...rules.rights.map(({ kind }) => kind),
    ...rules.unions.flatMap(({ kinds }) => kinds ?? []),
    ...rules.audiences.filter(({ facilityId }) => facilityId === publisher).map(({ kind }) => kind),
  ].filter((kind) => kind !== undefined)
  const right = rightTo(question, undefined)
  const kinds = [...new Set(named)].sort().map((kind) => [kind, rightTo(question, kind)] as const)
  const apart = kinds.filter(([, given]) => given.level !== right.level || given.reason !== right.reason)
  return { right, kinds: Object.fromEntries(apart) }
}

/**
 * The right to one kind, or to those without a right of their own: the widest that a shared union gives, else the network's; that of a
 * person who is named instead of it; no more than the viewer's own facility lets its staff; and nothing that is not published to the job.
 */
function rightTo({ viewer, rules, publisher }: Question, kind: string | undefined): Right {
  if (!isPublished(rules.audiences, { publisher, kind, job: jobOf(viewer) })) return NOT_PUBLISHED
  const narrowed = ceilingOf(rules.rights, { viewer, kind, of: 'facility' })
  return narrower(personsOwn(viewer, rules, kind) ?? jobsOwn({ viewer, rules, publisher }, kind), narrowed, NARROWED)
}

const NOT_PUBLISHED: Right = { level: 'none', reason: 'the facility does not publish the kind to the job' }
const NARROWED: Reason = 'the viewing facility narrowed the right'

function personsOwn(viewer: Viewer, rules: AccessRules, kind: string | undefined): Right | undefined {
  const level = ceilingOf(rules.rights, { viewer, kind, of: 'person' })
  return level === undefined ? undefined : { level, reason: 'confidentiality above the right of the person' }
}

/** The matrix. Where two unions are shared the wider right counts, for either would do alone. */
function jobsOwn({ viewer, rules, publisher }: Question, kind: string | undefined): Right {
  const start = startOf(viewer)
  const network = ceilingOf(rules.rights, { viewer, kind, of: 'network' })
  const shared = unionsOf(viewer, rules, publisher)
  const forKind = shared.filter(({ kinds }) => kinds === undefined || (kind !== undefined && kinds.includes(kind)))
  if (shared.length > 0 && forKind.length === 0) return NOT_AGREED
  const ofUnions = forKind.map(
    ({ unionId }) => ceilingOf(rules.rights, { viewer, kind, of: 'union', unionId }) ?? network ?? start.level,
  )
  const levels = ofUnions.length === 0 ? [network ?? start.level] : ofUnions
  const widest = levels.reduce((one, other) => (rankOf(other) > rankOf(one) ? other : one))
  // What a system may see is set with the system: the matrix can only narrow it.
  if (jobOf(viewer) === 'system') return narrower(start, widest, ABOVE_JOB)
  return { level: widest, reason: ABOVE_JOB }
}

const NOT_AGREED: Right = { level: 'none', reason: 'the agreement with the community is for other kinds of document' }
const ABOVE_JOB: Reason = 'confidentiality above the right of the job'

function startOf(viewer: Viewer): Right {
  const job = jobOf(viewer)
  return job === 'system'
    ? { level: viewer.confidentialityCeiling, reason: 'confidentiality above the system’s ceiling' }
    : { level: DEFAULT_CEILINGS[job], reason: ABOVE_JOB }
}

function narrower(right: Right, level: Level | undefined, reason: Reason): Right {
  return level === undefined || rankOf(level) >= rankOf(right.level) ? right : { level, reason }
}

/** Unions that viewer and publisher share. */
export function unionsOf(viewer: Viewer, rules: AccessRules, publisher: string): readonly SharingUnion[] {
  return rules.unions.filter(
    ({ facilities }) => facilities.includes(viewer.facilityId) && facilities.includes(publisher),
  )
}

interface Wanted {
  readonly viewer: Viewer
  readonly kind: string | undefined
  readonly of: AccessRight['holder']['of']
  readonly unionId?: string
}

/** The ceiling of one holder: one for job and kind goes before one for the kind, that before one for the job, that before one for all. */
function ceilingOf(rights: readonly AccessRight[], wanted: Wanted): Level | undefined {
  return closest(rights, wanted)?.ceiling
}

function closest(rights: readonly AccessRight[], wanted: Wanted): AccessRight | undefined {
  const job = jobOf(wanted.viewer)
  const fitting = rights.filter(
    (right) =>
      isHeldBy(right, wanted) &&
      (right.kind === undefined || right.kind === wanted.kind) &&
      (right.job === undefined || right.job === job),
  )
  const closeness = ({ kind, job: named }: AccessRight) => (kind === undefined ? 0 : 2) + (named === undefined ? 0 : 1)
  return fitting.sort((one, other) => closeness(other) - closeness(one))[0]
}

function isHeldBy({ holder }: AccessRight, { of, viewer, unionId }: Wanted): boolean {
  switch (holder.of) {
    case 'network':
      return of === 'network'
    case 'union':
      return of === 'union' && holder.unionId === unionId
    case 'facility':
      return of === 'facility' && holder.facilityId === viewer.facilityId
    case 'person':
      return of === 'person' && holder.staffId === viewer.user?.staffId
  }
  return holder satisfies never
}

function isPublished(
  audiences: readonly Audience[],
  asked: { readonly publisher: string; readonly kind: string | undefined; readonly job: Job },
): boolean {
  const jobs = audienceOf(audiences, asked)?.jobs ?? 'all'
  return jobs === 'all' || jobs.includes(asked.job)
}

function audienceOf(
  audiences: readonly Audience[],
  asked: { readonly publisher: string; readonly kind: string | undefined },
): Audience | undefined {
  const ofPublisher = audiences.filter(({ facilityId }) => facilityId === asked.publisher)
  const own = asked.kind === undefined ? undefined : ofPublisher.find(({ kind }) => kind === asked.kind)
  return own ?? ofPublisher.find(({ kind }) => kind === undefined)
}

/** What is set about one case, by whom; what is absent was not set. */
export interface AppliedRules {
  /** Where nothing is set. */
  readonly usual: Level
  readonly audience?: Audience
  /** In the order in which they are asked: person, shared unions, network; then the viewing facility, which narrows. */
  readonly rights: readonly AccessRight[]
}

/** The rules that rightsOf finds for one publisher and kind, for whoever asks which they were. */
export function appliedRules(viewer: Viewer, publisher: string, kind: string): AppliedRules {
  const rules = viewer.rules ?? NO_RULES
  const audience = audienceOf(rules.audiences, { publisher, kind })
  const unions = unionsOf(viewer, rules, publisher).map(
    ({ unionId }) => ({ viewer, kind, of: 'union', unionId }) as const,
  )
  const asked: readonly Wanted[] = [
    { viewer, kind, of: 'person' },
    ...unions,
    { viewer, kind, of: 'network' },
    { viewer, kind, of: 'facility' },
  ]
  return {
    usual: startOf(viewer).level,
    ...(audience === undefined ? {} : { audience }),
    rights: asked.flatMap((wanted) => closest(rules.rights, wanted) ?? []),
  }
}

/** The right to a kind. */
export function rightIn({ right, kinds }: Rights, kind: string | undefined): Right {
  return kind !== undefined && Object.hasOwn(kinds, kind) ? (kinds[kind] ?? right) : right
}
