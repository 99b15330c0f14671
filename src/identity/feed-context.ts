// What every step of a feed works with.

import type { Caller } from '../model/caller.ts'
import type { RecordFeed } from '../model/identity-feed.ts'
import type { IdentityPorts, IdentityTransaction } from './ports.ts'

/** Another transaction committed one of the ids meanwhile: the whole work is done again on what is there now. */
export const RACED = new Error('an identifier was added by a concurrent message')

export interface FeedContext<Request = RecordFeed> {
  readonly tx: IdentityTransaction
  readonly caller: Caller
  readonly request: Request
  readonly ports: Pick<IdentityPorts, 'affinityDomain' | 'takes' | 'matching'>
}
