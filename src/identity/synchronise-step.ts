// PIX Source and Consumer towards a neighbouring community: what it must be told or asked next of a person (ITI TF-2 3.44.4, 3.45.4.1).

import { createHash } from 'node:crypto'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { NumberView } from './administration-ports.ts'
import { toldOf } from './told-of-person.ts'

/** An id of the network that the community was told. */
export interface ToldId {
  readonly value: string
  readonly state: 'sending' | 'fed' | 'merged' | 'gone'
  readonly digest?: string
  /** Nothing might leave about the person for a while. */
  readonly lapsed: boolean
  /** Since when its answer is wanted, as the store writes the moment; absent: what it said is known. */
  readonly askSince?: string
}

/** What is known of a person about whom the community may be told. */
export interface ToTell {
  readonly affinityDomain: Oid
  readonly numbers: readonly NumberView[]
  readonly told: readonly ToldId[]
  /** Facilities that stand for neighbouring communities: what one of them said is not passed on as ours. */
  readonly partners: ReadonlySet<string>
}

/** What is said in a message. */
export type Content =
  | { readonly kind: 'add' | 'revise'; readonly id: PatientId; readonly demographics: Demographics }
  | {
      readonly kind: 'merge'
      readonly id: PatientId
      readonly subsumed: PatientId
      readonly demographics: Demographics
    }
  | { readonly kind: 'ask'; readonly id: PatientId; readonly since: string }

export type Step =
  | Content
  /** No message does it: somebody has to look. */
  | { readonly kind: 'stuck'; readonly reason: string }

const MERGED_THERE = 'the community was told that another id stands for this one, which no message takes back'

/** Undefined when the community knows all. Feeds first, in the order in which a receiver can follow them; then its answer. */
export function nextStep({ affinityDomain, numbers, told, partners }: ToTell): Step | undefined {
  const own = numbers.filter(({ id }) => id.authority === affinityDomain)
  const current = own.find(({ status }) => status === 'active')
  if (current === undefined) return undefined
  const { id } = current
  const demographics = toldOf(numbers, partners)
  if (demographics === undefined || demographics.names.length === 0) return undefined
  const known = told.find(({ value }) => value === id.value)
  if (known?.state === 'merged') return { kind: 'stuck', reason: MERGED_THERE }
  if (known?.state !== 'fed') return { kind: 'add', id, demographics }
  if (known.lapsed || known.digest !== digestOf(demographics)) return { kind: 'revise', id, demographics }
  const former = own.find(
    ({ status, id: { value } }) =>
      status === 'obsolete' && told.some((one) => one.value === value && ['sending', 'fed'].includes(one.state)),
  )
  if (former !== undefined) return { kind: 'merge', id, subsumed: former.id, demographics }
  return known.askSince === undefined ? undefined : { kind: 'ask', id, since: known.askSince }
}

/** Tells whether something else is to be said than last time. */
export function digestOf(demographics: Demographics): string {
  return createHash('sha256').update(JSON.stringify(demographics)).digest('hex')
}
