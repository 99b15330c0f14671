// The wsse:Security header of calls to communities that want to know who asks: signed by us, once for a while (ITI TF-2 3.40.4.1).

import { type SigningKey, writeAssertion, writeSecurity } from '../codec/saml/write.ts'
import type { Markup } from '../codec/xml/write.ts'
import { LIFETIME_SECONDS, whoAsks } from '../gateway/who-asks.ts'
import type { Caller } from '../model/caller.ts'

/** The header block for this caller and audience. */
export type Assert = (caller: Caller, audience: string) => Promise<Markup>

export interface AssertOptions {
  /** Content of saml2:Issuer. */
  readonly issuer: string
  /** Our homeCommunityId, with urn:oid:. */
  readonly home: string
  /** The key of the moment; changes when it is replaced. */
  readonly key: () => Promise<SigningKey>
}

/** An assertion serves for its first half: signing takes milliseconds in which nothing else is done, there and here. */
const SERVES_MS = (LIFETIME_SECONDS * 1000) / 2
const MAX_REMEMBERED = 1000

export function createAssert({ issuer, home, key }: AssertOptions): Assert {
  const served = new Map<string, { readonly block: Markup; readonly untilMs: number }>()
  return async (caller, audience) => {
    const signing = await key()
    const statement = whoAsks(caller, { issuer, home, audience, now: new Date() })
    const { issuedAt: _, ...said } = statement
    const same = JSON.stringify([signing.certificate, said])
    const known = served.get(same)
    if (known !== undefined && known.untilMs > performance.now()) return known.block
    const block = writeSecurity(writeAssertion(statement, signing))
    served.delete(same)
    const [oldest] = served.keys()
    if (served.size >= MAX_REMEMBERED && oldest !== undefined) served.delete(oldest)
    served.set(same, { block, untilMs: performance.now() + SERVES_MS })
    return block
  }
}
