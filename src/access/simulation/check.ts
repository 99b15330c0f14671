// Does a change of policy speak of things that are there? Told before a day is read for nothing.

import type { PolicyChange } from './change.ts'
import type { NetworkPolicy, SimulationPorts } from './ports.ts'

/** Which line, counted from 1, names what is not there. */
export interface UnknownName {
  readonly line: number
  readonly what: 'facility' | 'union' | 'system' | 'person' | 'kind'
  readonly name: string
}

export async function unknownNames(
  changes: readonly PolicyChange[],
  known: { readonly ports: Pick<SimulationPorts, 'network' | 'isStaff'>; readonly documentKinds: readonly string[] },
): Promise<readonly UnknownName[]> {
  const policy = await known.ports.network()
  const found: UnknownName[] = []
  for (const [index, change] of changes.entries())
    for (const [what, name] of Object.entries(namesOf(change))) {
      const named = { what: what as UnknownName['what'], name }
      if (!(await isThere(named, { ...known, policy }))) found.push({ line: index + 1, ...named })
    }
  return found
}

type Names = Partial<Record<UnknownName['what'], string>>

function namesOf(change: PolicyChange): Names {
  switch (change.change) {
    case 'end-membership':
    case 'add-membership':
      return { union: change.unionId, facility: change.facilityId }
    case 'withdraw-consents':
      return change.facilityId === undefined ? {} : { facility: change.facilityId }
    case 'exclude-facility':
    case 'suspend-facility':
      return { facility: change.facilityId }
    case 'exclude-kind':
      return { kind: change.kind }
    case 'set-right':
      return { ...holderOf(change), ...(change.kind === undefined ? {} : { kind: change.kind }) }
    case 'set-audience':
      return { facility: change.facilityId, ...(change.kind === undefined ? {} : { kind: change.kind }) }
    case 'set-ceiling':
      return { system: change.systemId }
  }
  return change satisfies never
}

function holderOf({ holder }: Extract<PolicyChange, { change: 'set-right' }>): Names {
  switch (holder.of) {
    case 'network':
      return {}
    case 'union':
      return { union: holder.unionId }
    case 'facility':
      return { facility: holder.facilityId }
    case 'person':
      return { person: holder.staffId }
  }
  return holder satisfies never
}

async function isThere(
  { what, name }: Omit<UnknownName, 'line'>,
  known: {
    readonly policy: NetworkPolicy
    readonly ports: Pick<SimulationPorts, 'isStaff'>
    readonly documentKinds: readonly string[]
  },
): Promise<boolean> {
  const { policy } = known
  switch (what) {
    case 'facility':
      return policy.facilities.has(name)
    case 'union':
      return policy.rules.unions.some(({ unionId }) => unionId === name)
    case 'system':
      return policy.ceilings.has(name)
    case 'person':
      return known.ports.isStaff(name)
    case 'kind':
      return known.documentKinds.includes(name)
  }
  return what satisfies never
}
