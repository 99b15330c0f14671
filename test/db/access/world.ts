// What a small network has said and done, in plain sets, and who may see what in it: the oracle of the property test, which knows
// nothing of src/access. It asks by the letter of the rule (design §4): union ∧ consent ∧ link (or running EMS) ∧ right.

export type Job = 'doctor' | 'nurse' | 'clerk' | 'system'

export interface SaidConsent {
  readonly person: string
  readonly all: boolean
  readonly named: readonly string[]
  readonly withoutFacilities: readonly string[]
  readonly withoutKinds: readonly string[]
}

export interface WorldDocument {
  readonly uuid: string
  readonly uniqueId: string
  readonly person: string
  readonly publisher: string
  readonly kind: string
  /** Letters U to V, or anything else. */
  readonly codes: readonly string[]
}

export interface World {
  readonly suspended: Set<string>
  /** `union facility`. */
  readonly members: Set<string>
  readonly consents: Map<string, SaidConsent>
  /** `facility person`. */
  readonly links: Set<string>
  readonly stopped: Set<string>
  /** Running grants by their id. */
  readonly grants: Map<
    string,
    { readonly facility: string; readonly person: string; readonly kinds: readonly string[] | null }
  >
  /** Unions where emergency access opens V. */
  readonly opensV: Set<string>
  /** `holder job kind` to letters or none; holder `network`, a union, `at facility`, `of staff`; `*` is every. */
  readonly rights: Map<string, string>
  /** `facility kind` to jobs; `*` is every kind. */
  readonly audiences: Map<string, 'all' | readonly string[]>
  readonly documents: WorldDocument[]
}

export const UNIONS = ['east', 'west'] as const
const LETTERS = ['none', 'U', 'L', 'M', 'N', 'R', 'V']
const GIVEN: Readonly<Record<Job, string>> = { doctor: 'R', nurse: 'N', clerk: 'U', system: 'N' }

export function emptyWorld(): World {
  return {
    suspended: new Set(),
    members: new Set(),
    consents: new Map(),
    links: new Set(),
    stopped: new Set(),
    grants: new Map(),
    opensV: new Set(),
    rights: new Map(),
    audiences: new Map(),
    documents: [],
  }
}

export interface Looking {
  readonly facility: string
  readonly job: Job
  /** Absent for a system. */
  readonly staff?: string
}

function strictestOf(codes: readonly string[]): number {
  let strictest = LETTERS.indexOf('U')
  for (const code of codes) {
    const place = LETTERS.indexOf(code)
    strictest = Math.max(strictest, place > 0 ? place : LETTERS.indexOf('V'))
  }
  return strictest
}

function standing(world: World, person: string): readonly SaidConsent[] {
  return [...world.consents.values()].filter((consent) => consent.person === person)
}

function agrees(consent: SaidConsent, facility: string): boolean {
  return consent.all || consent.named.includes(facility)
}

/** May the facility publish documents of the person? */
export function mayPublish(world: World, facility: string, person: string): boolean {
  if (world.stopped.has(person) || world.suspended.has(facility)) return false
  const said = standing(world, person)
  if (said.some(({ withoutFacilities }) => withoutFacilities.includes(facility))) return false
  return said.some((consent) => agrees(consent, facility))
}

/** What was set for job and kind, the more special first. */
function set(world: World, holder: string, { job, kind }: { readonly job: string; readonly kind: string }) {
  for (const key of [`${job} ${kind}`, `* ${kind}`, `${job} *`, '* *']) {
    const found = world.rights.get(`${holder} ${key}`)
    if (found !== undefined) return LETTERS.indexOf(found)
  }
  return undefined
}

function reach(world: World, who: Looking, document: WorldDocument): number {
  const { facility, job, staff } = who
  const { kind, publisher } = document
  const asked = { job, kind }
  const shared = UNIONS.filter(
    (union) => world.members.has(`${union} ${facility}`) && world.members.has(`${union} ${publisher}`),
  )
  const usual = set(world, 'network', asked) ?? LETTERS.indexOf(GIVEN[job])
  const byUnion = Math.max(...shared.map((union) => set(world, union, asked) ?? usual))
  const own = staff === undefined ? undefined : set(world, `of ${staff}`, { job: '*', kind })
  const byJob = job === 'system' ? Math.min(byUnion, LETTERS.indexOf(GIVEN.system)) : byUnion
  const narrowed = Math.min(own ?? byJob, set(world, `at ${facility}`, asked) ?? LETTERS.length)
  const audience = world.audiences.get(`${publisher} ${kind}`) ?? world.audiences.get(`${publisher} *`) ?? 'all'
  const published = audience === 'all' || audience.includes(job) ? narrowed : 0
  const opensV = shared.some((union) => world.opensV.has(union)) && grantsOf(world, who, document).length > 0
  return opensV && published > 0 ? LETTERS.indexOf('V') : published
}

function grantsOf(world: World, who: Looking, { person, kind }: WorldDocument) {
  return [...world.grants.values()].filter(
    (grant) =>
      grant.facility === who.facility &&
      grant.person === person &&
      (grant.kinds === null || grant.kinds.includes(kind)),
  )
}

export function maySee(world: World, who: Looking, document: WorldDocument): boolean {
  const { person, publisher, kind } = document
  if (world.suspended.has(who.facility) || world.stopped.has(person)) return false
  if (publisher === who.facility) return true
  if (world.suspended.has(publisher)) return false
  if (
    !UNIONS.some((union) => world.members.has(`${union} ${who.facility}`) && world.members.has(`${union} ${publisher}`))
  )
    return false
  const said = standing(world, person)
  for (const { withoutFacilities, withoutKinds } of said)
    if (
      withoutFacilities.includes(who.facility) ||
      withoutFacilities.includes(publisher) ||
      withoutKinds.includes(kind)
    )
      return false
  const linked = world.links.has(`${who.facility} ${person}`)
  const byConsent = linked && said.some((consent) => agrees(consent, who.facility) && agrees(consent, publisher))
  const byGrant = grantsOf(world, who, document).length > 0 && said.some((consent) => agrees(consent, publisher))
  if (!byConsent && !byGrant) return false
  return strictestOf(document.codes) <= reach(world, who, document)
}
