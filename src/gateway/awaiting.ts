// Calls whose answers come on a connection of their own: who waits, and whose an answer is that comes (WS-Addressing Core, 3.4; ITI TF-2 Appendix V.3.3).

import type { StagedContent } from '../model/staged-document.ts'

export interface AwaitedCall {
  /** wsa:MessageID of the request. */
  readonly messageId: string
  /** The community that was asked. */
  readonly facilityId: string
  readonly transaction: string
  readonly withinMs: number
}

/** An answer as it came, its parts staged. */
export interface HeardAnswer {
  readonly contentType: string
  readonly packed: {
    readonly packaging: 'simple' | 'mtom'
    readonly root: Buffer
    readonly charset: string | undefined
    readonly parts: ReadonlyMap<string, StagedContent>
    readonly bytes: number
  }
}

/** What became of an answer. `late`: the call was given up. `answered`: it had its answer. `unknown`: this community owes no such answer. */
export interface Heard {
  readonly kind: 'taken' | 'late' | 'answered' | 'unknown'
  /** Of the call that it answers; absent when that is unknown. */
  readonly transaction?: string
}

/** Which answer an exchange claims to be. */
export interface Claim {
  /** wsa:RelatesTo. */
  readonly messageId: string
  /** Whose client certificate it came with. */
  readonly facilityId: string
}

/** What all processes of the network know; each waits under an id of its own. */
export interface AwaitedStore {
  readonly register: (call: AwaitedCall) => Promise<void>
  /** Transactions whose answers a community owes. */
  readonly owed: (facilityId: string) => Promise<ReadonlySet<string>>
  /** The first claim ends the waiting; every further one hears why not. */
  readonly claim: (claim: Claim) => Promise<Heard>
  /** … and lays the answer down for the process that waits. */
  readonly pass: (claim: Claim, answer: HeardAnswer) => Promise<Heard>
  /** Answers that other processes laid down for this one, each once. */
  readonly collect: () => Promise<readonly (HeardAnswer & { readonly messageId: string })[]>
  /** Nobody waits any more; an answer that was laid down meanwhile. */
  readonly giveUp: (messageId: string) => Promise<HeardAnswer | undefined>
}

export interface Expected {
  /** @throws {Error} the reason of the signal */
  readonly answer: (signal: AbortSignal) => Promise<HeardAnswer>
  /** However the call ended: what comes from now on is late. */
  readonly end: () => Promise<void>
}

export interface Awaiting {
  /** Before the request leaves: its answer may be faster than its acceptance. */
  readonly expect: (call: AwaitedCall) => Promise<Expected>
  readonly owed: AwaitedStore['owed']
  /** Whoever is told that it was not taken disposes of it. */
  readonly heard: (claim: Claim, answer: HeardAnswer) => Promise<Heard>
  /** Other processes may have laid answers down. */
  readonly look: () => Promise<void>
}

interface Waiter {
  readonly facilityId: string
  readonly deliver: (answer: HeardAnswer) => void
}

export function createAwaiting(store: AwaitedStore, discard: (content: StagedContent) => Promise<void>): Awaiting {
  const waiters = new Map<string, Waiter>()

  async function dispose(answer: HeardAnswer | undefined): Promise<void> {
    for (const content of answer?.packed.parts.values() ?? []) await discard(content)
  }

  return {
    owed: store.owed,
    expect: async (call) => {
      const { messageId, facilityId } = call
      let deliver: (answer: HeardAnswer) => void = () => {}
      let untaken: HeardAnswer | undefined
      let isTaken = false
      const delivered = new Promise<HeardAnswer>((resolve) => {
        deliver = (answer) => {
          untaken = answer
          resolve(answer)
        }
      })
      waiters.set(messageId, { facilityId, deliver })
      await store.register(call).catch((error: unknown) => {
        waiters.delete(messageId)
        throw error
      })
      return {
        answer: async (signal) => {
          const answer = await Promise.race([delivered, aborted(signal)])
          untaken = undefined
          isTaken = true
          return answer
        },
        end: async () => {
          waiters.delete(messageId)
          if (isTaken) return
          await dispose(untaken)
          await dispose(await store.giveUp(messageId))
        },
      }
    },
    heard: async (claim, answer) => {
      const isMine = waiters.get(claim.messageId)?.facilityId === claim.facilityId
      if (!isMine) return store.pass(claim, answer)
      const heard = await store.claim(claim)
      if (heard.kind !== 'taken') return heard
      const waiter = waiters.get(claim.messageId)
      if (waiter === undefined) return { ...heard, kind: 'late' }
      waiter.deliver(answer)
      return heard
    },
    look: async () => {
      if (waiters.size === 0) return
      for (const { messageId, ...answer } of await store.collect()) {
        const waiter = waiters.get(messageId)
        if (waiter === undefined) await dispose(answer)
        else waiter.deliver(answer)
      }
    },
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
