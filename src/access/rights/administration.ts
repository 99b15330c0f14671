// What a right or an audience may say before it is kept (security b.2, b.3; idlink R-2, U-7).

import type { Change, Stored } from '../ports.ts'
import type { NewAudience, NewRight, RightsStore } from './ports.ts'

export type RightFault =
  | { readonly fault: 'period ends before it begins'; readonly validTo: string }
  | { readonly fault: 'unknown kind'; readonly kind: string; readonly known: readonly string[] }
  /** V is for persons who are named. */
  | { readonly fault: 'very restricted for a whole job' }
  /** A person has one job: the right is of the person whatever it is. */
  | { readonly fault: 'a person with a job' }

export interface RightsPorts {
  readonly store: RightsStore
  /** classCodes of the network. */
  readonly documentKinds: readonly string[]
}

export async function setRight(
  right: NewRight,
  change: Change,
  ports: RightsPorts,
): Promise<Stored | 'missing' | RightFault> {
  if (right.holder.of === 'person' && right.job !== undefined) return { fault: 'a person with a job' }
  if (right.holder.of !== 'person' && right.ceiling === 'V') return { fault: 'very restricted for a whole job' }
  return faultOf(right, ports) ?? ports.store.setRight(right, change)
}

export async function setAudience(
  audience: NewAudience,
  change: Change,
  ports: RightsPorts,
): Promise<Stored | 'missing' | RightFault> {
  return faultOf(audience, ports) ?? ports.store.setAudience(audience, change)
}

function faultOf(
  { kind, validFrom, validTo }: Pick<NewRight, 'kind' | 'validFrom' | 'validTo'>,
  { documentKinds }: RightsPorts,
): RightFault | undefined {
  if (kind !== undefined && !documentKinds.includes(kind)) return { fault: 'unknown kind', kind, known: documentKinds }
  if (validTo === undefined) return undefined
  const from = validFrom === undefined ? Date.now() : Date.parse(validFrom)
  return Date.parse(validTo) > from ? undefined : { fault: 'period ends before it begins', validTo }
}
