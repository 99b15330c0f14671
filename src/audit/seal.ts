// The hash chain over audit events: the canonical text of an event, and the hash that binds it to all before it (security: tamper-evident local audit).

import { createHash } from 'node:crypto'
import type { StoredEvent } from './stored-event.ts'

/** An event as it is hashed: its time has all six digits of the second, `2026-11-21T00:15:02.123456Z`. */
export type SealedEvent = Omit<StoredEvent, 'at'> & { readonly at: string }

/** Where the chain of a month began: bound to the chain before it, so that none can be cut at the seam. */
export interface Opening {
  readonly chain: string
  readonly previous: ChainHead | undefined
}

export interface ChainHead {
  readonly chain: string
  readonly seq: number
  readonly hash: Buffer
}

/** JSON in one form only (as RFC 8785): members sorted, no spaces, those that are absent left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((one) => canonicalJson(one ?? null)).join(',')}]`
  const members = value as Readonly<Record<string, unknown>>
  let text = '{'
  for (const name of Object.keys(members).sort()) {
    const member = members[name]
    if (member === undefined) continue
    if (text.length > 1) text += ','
    text += quoted(name)
    text += canonicalJson(member)
  }
  return `${text}}`
}

/** Names of members are few and come again with every event. */
const MAX_NAMES = 1000
const names = new Map<string, string>()

function quoted(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known
  const made = `${JSON.stringify(name)}:`
  if (names.size < MAX_NAMES) names.set(name, made)
  return made
}

/** SHA-256 of the hash before and the canonical text of the event. */
export function sealHash(previous: Buffer, canonical: string): Buffer {
  return createHash('sha256').update(previous).update(canonical, 'utf8').digest()
}

/** What stands before the first event of a chain. */
export function genesisOf(nonce: Buffer, { chain, previous }: Opening): Buffer {
  const before =
    previous === undefined ? null : { chain: previous.chain, seq: previous.seq, hash: previous.hash.toString('hex') }
  return sealHash(nonce, canonicalJson({ chain, previous: before }))
}
