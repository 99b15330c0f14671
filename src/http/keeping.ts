// Hands messages to the journal when their exchange has ended: what was asked, as it came, and what was answered (docs/adr/0035).

import { areStored, type Ended, kept } from '../journal/keeping.ts'
import type { KeptMessage, KeptPart } from '../journal/kept-message.ts'
import type { Exchange } from '../model/caller.ts'
import type { DoorPorts } from './door.ts'

/** A message without the exchange it belongs to. */
export type Crossing = Omit<KeptMessage, 'exchangeId' | 'direction'>

export interface Crossed {
  readonly exchange: Exchange
  readonly ended: Omit<Ended, 'transaction'>
  /** Absent: nothing of it came. */
  readonly request: Crossing | undefined
  /** Absent: none was sent. */
  readonly answer: Crossing | undefined
}

export function keepExchange({ keeper }: Pick<DoorPorts, 'keeper'>, crossed: Crossed): void {
  const { exchange, request, answer } = crossed
  const ended = { ...crossed.ended, transaction: exchange.transaction }
  const what = kept(keeper.keeping, ended)
  if (what === 'nothing') return
  if (what === 'both' && request !== undefined) {
    const parts = areStored(ended) ? request.parts.map(nameOf) : request.parts
    keeper.keep({ ...request, parts, exchangeId: exchange.id, direction: 'request' })
  }
  if (answer !== undefined) keeper.keep({ ...answer, exchangeId: exchange.id, direction: 'answer' })
}

function nameOf({ bytes: _, ...known }: KeptPart): KeptPart {
  return known
}

/** A whole message that stands alone. */
export function wholeMessage(bytes: Buffer, more: Pick<Crossing, 'contentType' | 'headers'> = {}): Crossing {
  return { ...more, bytes, sizeBytes: bytes.length, isWhole: true, parts: [] }
}

/** So much of a message that could not be read to its end is kept: uploads at work hold no more of it. */
const HEAD_BYTES = 64 * 1024

export interface Tapped {
  readonly body: AsyncIterable<Buffer>
  /** What came so far; undefined while nothing did. */
  readonly seen: () => Pick<Crossing, 'bytes' | 'sizeBytes' | 'isWhole'> | undefined
}

/** Remembers the beginning of a body that passes by. The source is never closed from here, like that of a paced body. */
export function tapped(source: AsyncIterable<Buffer>): Tapped {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let hasEnded = false
  async function* pass(): AsyncGenerator<Buffer> {
    const iterator = source[Symbol.asyncIterator]()
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (sizeBytes < HEAD_BYTES) chunks.push(next.value)
      sizeBytes += next.value.length
      yield next.value
    }
    hasEnded = true
  }
  return {
    body: pass(),
    seen: () =>
      sizeBytes === 0
        ? undefined
        : {
            bytes: Buffer.concat(chunks).subarray(0, HEAD_BYTES),
            sizeBytes,
            isWhole: hasEnded && sizeBytes <= HEAD_BYTES,
          },
  }
}
