// Changes of policy that can be tried, applied to values: nothing is written anywhere (docs/adr/0033).

import type { AccessFacts } from '../../model/access.ts'
import type { Confidentiality } from '../../model/confidentiality.ts'
import type { AccessRight, AccessRules, Audience } from '../../model/rights.ts'
import type { NetworkPolicy, SimulatedViewer } from './ports.ts'

/** One line of a change file. */
export type PolicyChange =
  | { readonly change: 'end-membership' | 'add-membership'; readonly unionId: string; readonly facilityId: string }
  /** Of all patients: those of the kind, or individual ones that name the facility. */
  | {
      readonly change: 'withdraw-consents'
      readonly facilityId?: string
      readonly kind?: 'comprehensive' | 'individual'
    }
  /** In the consents of all patients. */
  | { readonly change: 'exclude-facility'; readonly facilityId: string }
  | { readonly change: 'exclude-kind'; readonly kind: string }
  | ({ readonly change: 'set-right' } & AccessRight)
  | ({ readonly change: 'set-audience' } & Audience)
  | { readonly change: 'set-ceiling'; readonly systemId: string; readonly ceiling: Confidentiality }
  | { readonly change: 'suspend-facility'; readonly facilityId: string }

export function changedPolicy(policy: NetworkPolicy, changes: readonly PolicyChange[]): NetworkPolicy {
  return changes.reduce(withChange, policy)
}

function withChange(policy: NetworkPolicy, change: PolicyChange): NetworkPolicy {
  const { rules } = policy
  switch (change.change) {
    case 'end-membership':
      return { ...policy, rules: withMembers(rules, change.unionId, (members) => without(members, change.facilityId)) }
    case 'add-membership': {
      if (policy.facilities.get(change.facilityId) !== 'active') return policy
      const added = (members: readonly string[]) => [...new Set([...members, change.facilityId])]
      return { ...policy, rules: withMembers(rules, change.unionId, added) }
    }
    case 'set-right': {
      const { change: _, ...right } = change
      const others = rules.rights.filter((one) => keyOf(one) !== keyOf(right))
      return { ...policy, rules: { ...rules, rights: [right, ...others] } }
    }
    case 'set-audience': {
      const { change: _, ...audience } = change
      const isSame = (one: Audience) => one.facilityId === audience.facilityId && one.kind === audience.kind
      const others = rules.audiences.filter((one) => !isSame(one))
      return { ...policy, rules: { ...rules, audiences: [audience, ...others] } }
    }
    case 'set-ceiling':
      return { ...policy, ceilings: new Map([...policy.ceilings, [change.systemId, change.ceiling]]) }
    case 'suspend-facility':
      return {
        ...policy,
        facilities: new Map([...policy.facilities, [change.facilityId, 'not active']]),
        rules: withMembers(rules, undefined, (members) => without(members, change.facilityId)),
      }
    case 'withdraw-consents':
    case 'exclude-facility':
    case 'exclude-kind':
      return policy
  }
  return change satisfies never
}

/** Of one union, or of all. */
function withMembers(
  rules: AccessRules,
  unionId: string | undefined,
  change: (members: readonly string[]) => readonly string[],
): AccessRules {
  const unions = rules.unions.map((union) =>
    unionId === undefined || union.unionId === unionId ? { ...union, facilities: change(union.facilities) } : union,
  )
  return { ...rules, unions }
}

function without(members: readonly string[], facilityId: string): readonly string[] {
  return members.filter((member) => member !== facilityId)
}

/** What is set last for the same holder, job and kind takes the place of what was set before. */
function keyOf({ holder, job, kind }: AccessRight): string {
  const held = holder.of === 'network' ? '' : Object.values(holder).join()
  return JSON.stringify([holder.of, held, job, kind])
}

export function changedFacts(facts: AccessFacts, changes: readonly PolicyChange[]): AccessFacts {
  return changes.reduce(withConsentChange, facts)
}

function withConsentChange(facts: AccessFacts, change: PolicyChange): AccessFacts {
  switch (change.change) {
    case 'withdraw-consents': {
      const { facilityId, kind } = change
      const isWithdrawn = (consent: AccessFacts['consents'][number]) =>
        (kind === undefined || consent.kind === kind) &&
        (facilityId === undefined || (consent.kind === 'individual' && consent.facilities.includes(facilityId)))
      return { ...facts, consents: facts.consents.filter((consent) => !isWithdrawn(consent)) }
    }
    case 'exclude-facility':
      return {
        ...facts,
        consents: facts.consents.map((consent) => ({
          ...consent,
          excludedFacilities: [...consent.excludedFacilities, change.facilityId],
        })),
      }
    case 'exclude-kind':
      return {
        ...facts,
        consents: facts.consents.map((consent) => ({
          ...consent,
          excludedKinds: [...consent.excludedKinds, change.kind],
        })),
      }
    case 'end-membership':
    case 'add-membership':
    case 'set-right':
    case 'set-audience':
    case 'set-ceiling':
    case 'suspend-facility':
      return facts
  }
  return change satisfies never
}

/** A viewer under a policy; undefined where the doors would let nobody of the facility in. */
export function viewerUnder(policy: NetworkPolicy, viewer: SimulatedViewer): SimulatedViewer | undefined {
  const { facilityId, systemId } = viewer
  if (policy.facilities.get(facilityId) !== 'active') return undefined
  const own = policy.rules.unions.filter(({ facilities }) => facilities.includes(facilityId))
  return {
    ...viewer,
    confidentialityCeiling: policy.ceilings.get(systemId) ?? viewer.confidentialityCeiling,
    unionFacilities: [...new Set(own.flatMap(({ facilities }) => facilities))],
    rules: policy.rules,
  }
}
