// Whose message is next: a bounded number in work, for each system and over all, and systems that wait served by turns (fairness of the doors).

import { iheError } from '../../profiles/errors/index.ts'

export interface TurnLimits {
  /** Messages in work over all systems. */
  readonly overall: number
  /** Messages in work of one system, whatever its connections. */
  readonly perSystem: number
  /** Longest wait for a turn. */
  readonly waitMs: number
  /** Bytes of messages that wait; whoever comes beyond is sent away at once. */
  readonly waitingBytes: number
}

export interface Turns {
  /**
   * Waits for a turn; the caller's connection is not read meanwhile. Returns what ends the turn.
   * @throws {IheError} BUSY when it does not come in time, or too much is waiting already.
   */
  readonly take: (systemId: string, bytes: number) => Promise<() => void>
  readonly state: () => TurnsState
}

export interface TurnsState {
  readonly inWork: number
  readonly waiting: number
  readonly waitingBytes: number
}

interface Waiting {
  readonly bytes: number
  readonly admit: () => void
}

/** Turns of one process. */
export function createTurns(limits: TurnLimits): Turns {
  const inWork = new Map<string, number>()
  /** In the order in which systems are asked next. */
  const queues = new Map<string, Waiting[]>()
  let busy = 0
  let waitingBytes = 0

  const hasRoom = (systemId: string): boolean => busy < limits.overall && (inWork.get(systemId) ?? 0) < limits.perSystem

  function begin(systemId: string): () => void {
    busy += 1
    inWork.set(systemId, (inWork.get(systemId) ?? 0) + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      busy -= 1
      const left = (inWork.get(systemId) ?? 1) - 1
      if (left === 0) inWork.delete(systemId)
      else inWork.set(systemId, left)
      admitNext()
    }
  }

  function admitNext(): void {
    for (const [systemId, queue] of queues) {
      if (!hasRoom(systemId)) continue
      const [next] = queue
      // Its further messages stand behind those of all others.
      if (next === undefined) continue
      remove(systemId, next)
      const rest = queues.get(systemId)
      if (rest !== undefined) {
        queues.delete(systemId)
        queues.set(systemId, rest)
      }
      next.admit()
      return
    }
  }

  function remove(systemId: string, one: Waiting): void {
    const queue = queues.get(systemId) ?? []
    const index = queue.indexOf(one)
    if (index < 0) return
    queue.splice(index, 1)
    waitingBytes -= one.bytes
    if (queue.length === 0) queues.delete(systemId)
  }

  function wait(systemId: string, bytes: number): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const one: Waiting = {
        bytes,
        admit: () => {
          clearTimeout(late)
          resolve(begin(systemId))
        },
      }
      const late = setTimeout(() => {
        remove(systemId, one)
        reject(busyError(`no turn within ${limits.waitMs} ms`))
      }, limits.waitMs)
      waitingBytes += bytes
      queues.set(systemId, [...(queues.get(systemId) ?? []), one])
    })
  }

  return {
    take: async (systemId, bytes) => {
      // Nobody overtakes a message of the same system that waits already.
      if (hasRoom(systemId) && !queues.has(systemId)) return begin(systemId)
      if (waitingBytes + bytes > limits.waitingBytes) throw busyError('too many bytes wait for their turn')
      return wait(systemId, bytes)
    },
    state: () => ({
      inWork: busy,
      waiting: [...queues.values()].reduce((sum, queue) => sum + queue.length, 0),
      waitingBytes,
    }),
  }
}

function busyError(rule: string): Error {
  return iheError('BUSY', { rule })
}
