// Refused certificates in journal and audit: the first at once, those that follow within a minute together (ITI TF-2 3.20; DICOM PS3.15 A.5.3.11).

import { iheError } from '../../profiles/errors/index.ts'
import { nodeAuthenticationFailure } from '../audit/event.ts'
import { journalEntry } from '../journal/entry.ts'
import type { Exchange } from '../model/caller.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { DOORS, type DoorName } from '../model/trust.ts'
import type { DoorPorts } from './door.ts'
import { nameOf } from './failure.ts'

export interface Refusal {
  readonly reason: string
  /** Of the certificate that was shown; absent: none was. */
  readonly fingerprint?: string
  /** Name of whoever issued it. */
  readonly issuer?: string
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
/** One address that shows ever new certificates: the further ones are counted as one. */
const MAX_OF_ADDRESS = 100
const FURTHER = 'with further certificates'

/** As anchors, metrics and certificates name it. */
function doorOf({ endpoint }: Exchange): DoorName {
  return DOORS.find((name) => name === endpoint) ?? 'https'
}

interface Counted {
  readonly address: string
  count: number
  last: Exchange
  readonly reason: string
  readonly timer: NodeJS.Timeout
}

/** One record a minute for the same certificate (or reason, where there is none) and address, with a count: nobody fills the disk by knocking. */
export function createRefusalRecorder(ports: DoorPorts, togetherMs = TOGETHER_MS): RefusalRecorder {
  const counting = new Map<string, Counted>()
  const ofAddress = new Map<string, number>()

  /** With whom a refusal is counted, and what the count is told as. */
  function placeOf(
    address: string,
    { fingerprint, reason }: Refusal,
  ): { readonly key: string; readonly reason: string } {
    const own = `${address} ${fingerprint ?? reason}`
    if (counting.has(own)) return { key: own, reason }
    if ((ofAddress.get(address) ?? 0) >= MAX_OF_ADDRESS)
      return { key: `${address} ${FURTHER}`, reason: `strangers ${FURTHER}` }
    return counting.size < MAX_PEERS
      ? { key: own, reason }
      : { key: EVERYBODY_ELSE, reason: `strangers ${EVERYBODY_ELSE}` }
  }

  async function write(exchange: Exchange, { reason, issuer }: Refusal): Promise<void> {
    ports.log.warn({ journal: exchange.id, peer: exchange.peer, reason }, 'client certificate refused')
    await ports.recorder.record({
      events: [nodeAuthenticationFailure(exchange, reason, issuer)],
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
    const left = (ofAddress.get(counted.address) ?? 1) - 1
    if (left === 0) ofAddress.delete(counted.address)
    else ofAddress.set(counted.address, left)
    if (counted.count === 0) return
    const { last, count, reason } = counted
    await write(last, { reason: `${reason}; ${count} more within ${togetherMs / 1000} s` }).catch((error: unknown) =>
      ports.log.error({ cause: nameOf(error), count }, 'refused certificates could not be recorded'),
    )
  }

  return {
    refused: async (exchange, refusal) => {
      ports.meter.turnedAway(doorOf(exchange), 'certificate')
      const address = exchange.peer.replace(/:\d+$/, '')
      const { key, reason } = placeOf(address, refusal)
      const known = counting.get(key)
      if (known !== undefined) {
        known.count += 1
        known.last = exchange
        return
      }
      const timer = setTimeout(() => void end(key), togetherMs).unref()
      counting.set(key, { address, count: 0, last: exchange, reason, timer })
      ofAddress.set(address, (ofAddress.get(address) ?? 0) + 1)
      await write(exchange, refusal)
    },
    close: async () => void (await Promise.all([...counting.keys()].map(end))),
  }
}
