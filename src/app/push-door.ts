// What the StoreClient doors share: how each sender is read, whose turn it is, and what was tolerated of whom.

import { readingsOf } from '../../profiles/partners/index.ts'
import { loadPartners } from '../config/site-data.ts'
import { createSequenceStore } from '../db/storeclient/sequences.ts'
import { createToleranceStore, type ToleranceStore } from '../db/storeclient/tolerances.ts'
import { type StoreClientDoor, type StoreClientServiceOptions, storeClientService } from '../http/storeclient-door.ts'
import { createTurns, type Turns } from '../mllp/turns.ts'
import type { Given } from './actor-ports.ts'

/** Messages that wait for their turn are held in memory up to here, all together. */
const WAITING_BYTES = 256 * 2 ** 20

/** Large messages that are on their way in at a time: each may grow to the size of a frame, and slow lines take their time. */
const LARGE_MESSAGES = { overall: 8, perSystem: 4, waitMs: 60_000 }

export interface PushDoor {
  readonly door: StoreClientDoor
  readonly tolerances: ToleranceStore
  /** By what they are of. */
  readonly turns: Readonly<Record<'storeclient' | 'storeclient-large', Turns>>
}

export function openPushDoor(given: Given, accept: StoreClientServiceOptions['accept']): PushDoor {
  const { config, pool, log } = given
  const partners = readingsOf(loadPartners(config.dataDir))
  const readingOf: StoreClientDoor['readingOf'] = (system) => partners(system, new Date())
  const tolerances = createToleranceStore(pool, log)
  const service = storeClientService({
    accept,
    readingOf,
    sequences: createSequenceStore(pool),
    onTolerated: ({ systemId, exchange }, warnings) =>
      tolerances.note({
        systemId,
        exchangeId: exchange.id,
        at: exchange.receivedAt,
        codes: warnings.map(({ row }) => row.code),
      }),
  })
  const { messagesInWork, messagesInWorkPerSystem, turnWaitMs } = config.storeclient
  const turns = createTurns({
    overall: messagesInWork,
    perSystem: messagesInWorkPerSystem,
    waitMs: turnWaitMs,
    waitingBytes: WAITING_BYTES,
  })
  const largeMessages = createTurns({ ...LARGE_MESSAGES, waitingBytes: WAITING_BYTES })
  return {
    turns: { storeclient: turns, 'storeclient-large': largeMessages },
    door: {
      serviceOf: () => service,
      readingOf,
      takesBatches: (system) => readingOf(system).batch === 'accepted',
      turns,
      largeMessages,
    },
    tolerances,
  }
}
