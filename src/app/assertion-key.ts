// Composition root: the key of our assertions as it is now; one that is replaced is used within seconds (docs/xua.md).

import { type AssertionKey, ensureAssertionKey } from '../certificates/assertion-key.ts'
import type { Config } from '../config/config.ts'
import { type Assert, createAssert } from '../http/asserting.ts'

const READ_AGAIN_MS = 5000

/** Signs who asks for neighbouring communities. */
export function assertions({ xua, community }: Pick<Config, 'xua' | 'community'>): Assert {
  const home = community.homeCommunityId
  return createAssert({ issuer: assertionIssuer({ xua, community }), home, key: keptFresh(xua.signingKey, home) })
}

/** What stands in saml2:Issuer of our assertions. */
export function assertionIssuer({ xua, community }: Pick<Config, 'xua' | 'community'>): string {
  return xua.issuer ?? community.homeCommunityId
}

function keptFresh(path: string, home: string): () => Promise<AssertionKey> {
  let known: { readonly key: Promise<AssertionKey>; readonly untilMs: number } | undefined
  return () => {
    if (known !== undefined && known.untilMs > performance.now()) return known.key
    const mine = { key: ensureAssertionKey(path, { name: home }), untilMs: performance.now() + READ_AGAIN_MS }
    known = mine
    // What could not be read must not be remembered as an answer.
    mine.key.catch(() => {
      if (known === mine) known = undefined
    })
    return mine.key
  }
}
