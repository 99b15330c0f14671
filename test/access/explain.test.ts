// Random situations: the explanation and the short form of the decision never disagree, in answer or reason (design §4).

import t from 'tap'
import { admits, scopeOf } from '../../src/access/decide.ts'
import { explain, verdictOf } from '../../src/access/explain.ts'
import type { Viewer } from '../../src/access/viewer.ts'
import type { AccessFacts, Consent, DocumentTraits } from '../../src/model/access.ts'
import type { Level } from '../../src/model/confidentiality.ts'
import { CONFIDENTIALITY_ORDER, CONFIDENTIALITY_SCHEME } from '../../src/model/confidentiality.ts'
import type { AccessRight, Audience, RightHolder } from '../../src/model/rights.ts'
import type { Job } from '../../src/model/user.ts'

let state = 20261121
function next(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const one = <T>(values: readonly [T, ...T[]]): T => values[next(values.length)] ?? values[0]
const some = <T>(values: readonly T[]): readonly T[] => values.filter(() => next(3) === 0)
const many = <T>(most: number, make: () => T): readonly T[] => Array.from({ length: next(most + 1) }, make)

const FACILITIES = ['clinic-b', 'hospital-a', 'pharmacy-c', 'stranger'] as const
const KINDS = ['LAB', 'REPORT', '__proto__'] as const
const JOBS: readonly [Job, ...Job[]] = ['doctor', 'nurse', 'clerk', 'system']
const LEVELS: readonly [Level, ...Level[]] = ['none', ...CONFIDENTIALITY_ORDER]

const consent = (): Consent => ({
  kind: one(['comprehensive', 'individual']),
  facilities: FACILITIES.filter(() => next(3) > 0),
  excludedFacilities: next(4) === 0 ? some(FACILITIES) : [],
  excludedKinds: next(4) === 0 ? some(KINDS) : [],
})

function right(): AccessRight {
  const holder = one<RightHolder>([
    { of: 'network' },
    { of: 'union', unionId: one(['east', 'west']) },
    { of: 'facility', facilityId: 'clinic-b' },
    { of: 'person', staffId: one(['me', 'other']) },
  ])
  return {
    holder,
    ceiling: one(LEVELS),
    ...(holder.of === 'person' || next(2) === 0 ? {} : { job: one(JOBS) }),
    ...(next(2) === 0 ? {} : { kind: one(KINDS) }),
  }
}

const audience = (): Audience => ({
  facilityId: one(FACILITIES),
  jobs: next(2) === 0 ? 'all' : some(JOBS),
  ...(next(2) === 0 ? {} : { kind: one(KINDS) }),
})

function viewer(): Viewer {
  const unions = ['east', 'west'].map((unionId) => ({
    unionId,
    facilities: [...(next(4) === 0 ? [] : ['clinic-b']), ...FACILITIES.slice(1).filter(() => next(3) > 0)],
    emergencyOpensV: next(2) === 0,
  }))
  const user = { name: 'me', origin: 'session', staffId: 'me', roles: [] } as const
  return {
    facilityId: 'clinic-b',
    accessMode: next(10) === 0 ? 'affinity-domain' : 'consent',
    confidentialityCeiling: one(CONFIDENTIALITY_ORDER),
    unionFacilities: [...new Set(unions.flatMap(({ facilities }) => (facilities[0] === 'clinic-b' ? facilities : [])))],
    rules: { unions, rights: many(4, right), audiences: many(3, audience) },
    ...(next(3) === 0
      ? {}
      : { user: { ...user, job: one(JOBS), purpose: one(['treatment', 'treatment', 'emergency', 'other']) } }),
  }
}

const facts = (): AccessFacts => ({
  linked: next(4) > 0,
  consents: many(3, consent),
  emergency: many(2, () => ({ kinds: next(2) === 0 ? null : some(KINDS) })),
  stopped: next(20) === 0,
})

const document = (): DocumentTraits => ({
  publisher: one(FACILITIES),
  kind: one(KINDS),
  confidentiality: many(2, () => `${one([...CONFIDENTIALITY_ORDER, 'X'])}^^${CONFIDENTIALITY_SCHEME}`),
})

t.test('short form and explanation agree on 20 000 random situations', async (t) => {
  const reasons = new Map<string, number>()
  for (let round = 0; round < 4000; round += 1) {
    const asked = { viewer: viewer(), facts: facts() }
    const scope = scopeOf(asked.viewer, asked.facts)
    for (let shown = 0; shown < 5; shown += 1) {
      const traits = document()
      const short = admits(scope, traits)
      const long = verdictOf(explain(asked.viewer, asked.facts, traits))
      reasons.set(short.reason, (reasons.get(short.reason) ?? 0) + 1)
      if (short.allowed !== long.allowed || short.reason !== long.reason)
        t.fail(JSON.stringify({ round, short, long, ...asked, traits }))
    }
  }
  t.equal(reasons.size, 19, [...reasons].map(([reason, count]) => `${count} ${reason}`).join('; '))
})
