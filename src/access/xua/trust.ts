// What is trusted of assertions, remembered for seconds at most: a change by administration counts at once (design §4).

import type { Trust } from './ports.ts'

/** The longest that another process takes to hear of a change. */
const TTL_MS = 5000

export function createTrust(read: () => Promise<Trust>, revision: () => number): () => Promise<Trust> {
  let known: { readonly trust: Promise<Trust>; readonly untilMs: number; readonly revision: number } | undefined
  return () => {
    const current = revision()
    if (known !== undefined && known.untilMs > performance.now() && known.revision === current) return known.trust
    const trust = read()
    const mine = { trust, untilMs: performance.now() + TTL_MS, revision: current }
    known = mine
    // A database that cannot be read must not be remembered as an answer.
    trust.catch(() => {
      if (known === mine) known = undefined
    })
    return trust
  }
}
