// Answers that one process awaits, in memory.

import { type AwaitedStore, type Awaiting, createAwaiting } from '../../src/gateway/awaiting.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'

/** @param ended how each call ended, by MessageID. */
export function awaitingInMemory(
  discard: (content: StagedContent) => Promise<void>,
  ended: Map<string, 'waiting' | 'answered' | 'given up'> = new Map(),
): Awaiting {
  const claim: AwaitedStore['claim'] = async ({ messageId }) => {
    if (ended.get(messageId) !== 'waiting') return { kind: 'unknown' }
    ended.set(messageId, 'answered')
    return { kind: 'taken', transaction: 'ITI-39' }
  }
  const store: AwaitedStore = {
    register: async ({ messageId }) => void ended.set(messageId, 'waiting'),
    owed: async () => new Set(),
    claim,
    pass: async () => ({ kind: 'unknown' }),
    collect: async () => [],
    giveUp: async (messageId) => {
      if (ended.get(messageId) === 'waiting') ended.set(messageId, 'given up')
      return undefined
    },
  }
  return createAwaiting(store, discard)
}
