// Composition root: answers of neighbouring communities that come on a connection of their own, in whichever process they are heard (docs/federation.md).

import { createAwaitedAnswers } from '../db/awaited-answers.ts'
import type { DatabaseConnection } from '../db/pool.ts'
import { type Awaiting, createAwaiting } from '../gateway/awaiting.ts'
import { type AnswerDoor, registerAnswerDoor } from '../http/answer-door.ts'
import type { HttpsDoorOptions } from '../http/server.ts'
import type { BlobStore } from '../repository/ports.ts'
import type { Given } from './actor-ports.ts'

const HOUR_MS = 60 * 60 * 1000

export interface Answers {
  readonly awaiting: Awaiting
  readonly stop: () => Promise<void>
}

export function openAnswers(
  { log, pool }: Given,
  { connection, blobs }: { readonly connection: DatabaseConnection; readonly blobs: BlobStore },
): Answers {
  const store = createAwaitedAnswers({ pool, connection, log })
  const awaiting = createAwaiting(store, (content) => blobs.discard(content))
  const look = (): void => {
    awaiting
      .look()
      .catch((error: Error) => log.warn({ cause: error.name }, 'answers that were laid down could not be taken'))
  }
  const timer = setInterval(() => {
    store.forget().catch((error: Error) => log.warn({ cause: error.name }, 'old answers could not be removed yet'))
  }, HOUR_MS).unref()
  return {
    awaiting: {
      ...awaiting,
      // Who asks no community of this kind keeps no connection open for it.
      expect: (call) => {
        store.listen(look)
        return awaiting.expect(call)
      },
    },
    stop: async () => {
      clearInterval(timer)
      await store.close()
    },
  }
}

/** The route where they come, besides the others for known systems. */
export function withAnswers(
  door: AnswerDoor,
  others: HttpsDoorOptions['ownRoutes'],
): NonNullable<HttpsDoorOptions['ownRoutes']> {
  return (app, systemOf) => {
    others?.(app, systemOf)
    registerAnswerDoor(app, door, systemOf)
  }
}
