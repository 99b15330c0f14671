// What the terms of a neighbouring community may not say, whoever sends them (docs/federation.md).

import type { PartnerFault, PartnerTerms } from './partner-ports.ts'

const ADDRESSES = ['queryUrl', 'retrieveUrl', 'discoveryUrl', 'pixUrl'] as const

/** Of the whole of the terms, as they would stand. */
export function partnerFault(terms: PartnerTerms): PartnerFault | undefined {
  for (const member of ADDRESSES) {
    const value = terms[member]
    if (value !== undefined && !isAddress(value)) return { fault: 'no address', member, value }
  }
  if ((terms.queryUrl === undefined) !== (terms.retrieveUrl === undefined))
    return { fault: 'query and retrieve together' }
  const { identity, discoveryUrl, pixUrl } = terms
  if (identity === 'xcpd' && discoveryUrl === undefined) return { fault: 'no address for identity', identity }
  if (identity === 'pix' && pixUrl === undefined) return { fault: 'no address for identity', identity }
  return undefined
}

/** A name and password in it would stand in logs; nothing of a fragment is ever sent. */
export function isAddress(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, hash } = new URL(value)
  return protocol === 'https:' && username === '' && password === '' && hash === ''
}
