// Composition root: the messages that the journal keeps, their keys and how long they stay (docs/adr/0035).

import { createKeeper, type OwnedKeeper } from '../db/journal/keeper.ts'
import { findKept } from '../db/journal/messages.ts'
import { tendJournal } from '../db/journal/retention.ts'
import { nameOf } from '../http/failure.ts'
import type { KeptMessage } from '../journal/kept-message.ts'
import type { Given } from './actor-ports.ts'
import { openKeyRing } from './key-file.ts'

const HOUR_MS = 60 * 60 * 1000

export interface Journal {
  readonly keeper: OwnedKeeper
  /** What is kept of an exchange, also what this process has not written yet. @throws {Error} when a key is unknown. */
  readonly kept: (exchangeId: string) => Promise<readonly KeptMessage[]>
  /** Ends the upkeep; the keeper is stopped when the doors are closed. */
  readonly stopUpkeep: () => Promise<void>
}

export async function openJournal(given: Given): Promise<Journal> {
  const { config, log, pool } = given
  const { dataDir, journal } = config
  const keys = await openKeyRing({
    dataDir,
    fileName: 'journal-keys',
    setting: 'journal.keys',
    configured: journal.keys,
  })
  const keeper = createKeeper({
    pool,
    keys,
    keeping: journal.keep,
    limits: { messageBytes: journal.messageBytes, partBytes: journal.partBytes },
    lost: (messages, error) => log.error({ messages, cause: nameOf(error) }, 'messages could not be kept'),
  })
  const kept = async (exchangeId: string): Promise<readonly KeptMessage[]> => {
    await keeper.flush()
    return findKept(pool, keys, exchangeId)
  }
  return { keeper, kept, stopUpkeep: tendHourly(given) }
}

/** At the start and every hour: days ahead are made, what is older than may be kept is dropped. */
function tendHourly({ config: { journal }, log, pool }: Given): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  const tend = async (): Promise<void> => {
    try {
      const dropped = await tendJournal(pool, journal, new Date())
      if (dropped.length > 0) log.info({ dropped }, 'what the journal need not keep any more is gone')
    } catch (error) {
      log.warn({ cause: nameOf(error) }, 'the journal could not be put in order yet')
    }
  }
  const next = (): void => {
    running = running.then(tend)
  }
  next()
  const timer = setInterval(next, HOUR_MS).unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
