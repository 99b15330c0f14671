// Refused certificates in journal and audit: the first at once, those that follow within a minute together (ITI TF-2 3.20; DICOM PS3.15 A.5.3.11).

import { iheError } from '../../profiles/errors/index.ts'
import { nodeAuthenticationFailure } from '../audit/event.ts'
import { journalEntry } from '../journal/entry.ts'
import type { Exchange } from '../model/caller.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import type { DoorPorts } from './door.ts'
import { nameOf } from './failure.ts'

export interface Refusal {
  readonly reason: string
  /** Of the certificate that was shown; absent: none was. */
  readonly fingerprint?: string
}

export interface RefusalRecorder {
  /** Resolves when it is durable, or counted. */
  readonly refused: (exchange: Exchange, refusal: Refusal) => Promise<void>
  /** Writes what is counted. */
  readonly close: () => Promise<void>
}

const TOGETHER_MS = 60_000
/** Strangers who come from more addresses are counted as one. */
const MAX_PEERS = 10_000
const EVERYBODY_ELSE = 'from further addresses'

interface Counted {
  count: number
  last: Exchange
  readonly refusal: Refusal
  readonly timer: NodeJS.Timeout
}

/** One record a minute for the same certificate (or reason, where there is none) and address, with a count: nobody fills the disk by knocking. */
export function createRefusalRecorder(ports: DoorPorts, togetherMs = TOGETHER_MS): RefusalRecorder {
  const counting = new Map<string, Counted>()

  async function write(exchange: Exchange, reason: string): Promise<void> {
    ports.log.warn({ journal: exchange.id, peer: exchange.peer, reason }, 'client certificate refused')
    await ports.recorder.record({
      events: [nodeAuthenticationFailure(exchange, reason)],
      entries: [
        journalEntry(exchange, undefined, {
          result: 'failure',
          errors: [iheError('CERTIFICATE_REFUSED', { rule: reason })],
          evidence: NO_EVIDENCE,
          now: performance.now(),
        }),
      ],
    })
  }

  async function end(key: string): Promise<void> {
    const counted = counting.get(key)
    counting.delete(key)
    if (counted === undefined) return
    clearTimeout(counted.timer)
    if (counted.count === 0) return
    const { last, count, refusal } = counted
    await write(last, `${refusal.reason}; ${count} more within ${togetherMs / 1000} s`).catch((error: unknown) =>
      ports.log.error({ cause: nameOf(error), count }, 'refused certificates could not be recorded'),
    )
  }

  return {
    refused: async (exchange, refusal) => {
      const own = `${exchange.peer.replace(/:\d+$/, '')} ${refusal.fingerprint ?? refusal.reason}`
      const isRoom = counting.has(own) || counting.size < MAX_PEERS
      const key = isRoom ? own : EVERYBODY_ELSE
      const known = counting.get(key)
      if (known !== undefined) {
        known.count += 1
        known.last = exchange
        return
      }
      const timer = setTimeout(() => void end(key), togetherMs).unref()
      const what = isRoom ? refusal : { reason: `strangers ${EVERYBODY_ELSE}` }
      counting.set(key, { count: 0, last: exchange, refusal: what, timer })
      await write(exchange, refusal.reason)
    },
    close: async () => void (await Promise.all([...counting.keys()].map(end))),
  }
}
