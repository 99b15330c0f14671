// Lines of a change file for the simulator: which members each kind of change has (docs/access-rights.md).

import type { PolicyChange } from '../../access/simulation/change.ts'
import { CONFIDENTIALITY_ORDER, type Level } from '../../model/confidentiality.ts'
import { JOBS, type Job } from '../../model/user.ts'
import type { AdminError } from './answers.ts'
import { type Holders, holderOf } from './rights.ts'
import { exactly, slug } from './schemas.ts'

/** Members that a change must have, and those that it may have. */
const MEMBERS = {
  'end-membership': { must: ['unionId', 'facilityId'], may: [] },
  'add-membership': { must: ['unionId', 'facilityId'], may: [] },
  'withdraw-consents': { must: [], may: ['facilityId', 'consentKind'] },
  'exclude-facility': { must: ['facilityId'], may: [] },
  'exclude-kind': { must: ['kind'], may: [] },
  'set-right': { must: ['ceiling'], may: ['unionId', 'facilityId', 'staffId', 'job', 'kind'] },
  'set-audience': { must: ['facilityId', 'jobs'], may: ['kind'] },
  'set-ceiling': { must: ['systemId', 'ceiling'], may: [] },
  'suspend-facility': { must: ['facilityId'], may: [] },
} as const satisfies Readonly<Record<string, { readonly must: readonly Member[]; readonly may: readonly Member[] }>>

const members = {
  unionId: slug,
  facilityId: slug,
  systemId: slug,
  staffId: { type: 'string', minLength: 1, maxLength: 64 },
  consentKind: { enum: ['comprehensive', 'individual'] },
  job: { enum: JOBS },
  kind: { type: 'string', minLength: 1, maxLength: 64, description: 'classCode' },
  ceiling: { enum: ['none', ...CONFIDENTIALITY_ORDER] },
  jobs: { anyOf: [{ const: 'all' }, { type: 'array', items: { enum: JOBS }, uniqueItems: true }] },
} as const
type Member = keyof typeof members

export const policyChange = exactly({ change: { enum: Object.keys(MEMBERS) }, ...members }, Object.keys(members))

export interface GivenChange extends Holders {
  readonly change: keyof typeof MEMBERS
  readonly systemId?: string
  readonly consentKind?: 'comprehensive' | 'individual'
  readonly job?: Job
  readonly kind?: string
  readonly ceiling?: Level
  readonly jobs?: 'all' | readonly Job[]
}

type Refused = Omit<AdminError, 'code'>

/** A change as it is tried, or what is wrong with its line, counted from 1. */
export function readChange(given: GivenChange, line: number): PolicyChange | Refused {
  const { change } = given
  const { must, may } = MEMBERS[change]
  const named = Object.keys(given).filter((name) => name !== 'change')
  const allowed: readonly string[] = [...must, ...may]
  const missing = must.filter((name) => given[name] === undefined)
  const foreign = named.filter((name) => !allowed.includes(name))
  if (missing.length > 0 || foreign.length > 0) return wrongMembers({ line, change, missing, foreign, allowed })
  return toChange(given) ?? severalOrTooStrict(line)
}

/** Undefined for a right of several holders, for V of nobody in particular, and for a system without any ceiling. */
function toChange(given: GivenChange): PolicyChange | undefined {
  const { change, unionId = '', facilityId = '', systemId = '', kind = '', ceiling = 'none', jobs = [] } = given
  const ofKind = given.kind === undefined ? {} : { kind }
  switch (change) {
    case 'end-membership':
    case 'add-membership':
      return { change, unionId, facilityId }
    case 'withdraw-consents':
      return {
        change,
        ...(given.facilityId === undefined ? {} : { facilityId }),
        ...(given.consentKind === undefined ? {} : { kind: given.consentKind }),
      }
    case 'exclude-kind':
      return { change, kind }
    case 'exclude-facility':
    case 'suspend-facility':
      return { change, facilityId }
    case 'set-audience':
      return { change, facilityId, jobs, ...ofKind }
    case 'set-ceiling':
      return ceiling === 'none' ? undefined : { change, systemId, ceiling }
    case 'set-right': {
      const holder = holderOf(given)
      if (holder === 'several' || (ceiling === 'V' && holder.of !== 'person')) return undefined
      return { change, holder, ceiling, ...(given.job === undefined ? {} : { job: given.job }), ...ofKind }
    }
  }
  return change satisfies never
}

function wrongMembers(found: {
  readonly line: number
  readonly change: string
  readonly missing: readonly string[]
  readonly foreign: readonly string[]
  readonly allowed: readonly string[]
}): Refused {
  const { line, change, missing, foreign, allowed } = found
  const faults = [...missing.map((name) => `${name} is required`), ...foreign.map((name) => `${name} has no meaning`)]
  return {
    message: `changes, number ${line}: ${change}: ${faults.join(', ')}`,
    hint: `The members of ${change} are ${allowed.join(', ') || 'none'}`,
    ja: `変更${line}件目（${change}）の項目に誤りがあります。指定できる項目: ${allowed.join(', ') || 'なし'}`,
  }
}

function severalOrTooStrict(line: number): Refused {
  return {
    message: `changes, number ${line}: no such change can be made`,
    hint: 'A right is of one union, facility or person, or of none for the network; V is for persons; a system has a ceiling from U to V',
    ja: `変更${line}件目は実際には設定できません。権利の対象は1つだけ、V は職員個人のみ、システムの上限は U〜V です。`,
  }
}
