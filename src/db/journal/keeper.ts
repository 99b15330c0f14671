// Keeps messages off the path of their answers: copied into blocks in bounded memory, written by one writer (docs/adr/0035).

import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { type Packed, pack } from '../../journal/block.ts'
import type { Keeper, Keeping, KeptLimits } from '../../journal/ports.ts'
import { IheError } from '../../model/error.ts'
import { journalIdTime } from '../../model/journal-id.ts'
import type { KeyRing } from '../../model/seal.ts'
import { type Block, writeBlock } from './messages.ts'

export interface KeeperOptions {
  readonly pool: pg.Pool
  readonly keys: KeyRing
  readonly keeping: Keeping
  readonly limits: KeptLimits
  /** Told once for every block that the database did not take, with the name of the reason. */
  readonly lost: (messages: number, error: unknown) => void
  /** Other than usual only in tests. */
  readonly memoryBytes?: number
}

export interface OwnedKeeper extends Keeper {
  /** Writes what waits, within a bounded time. */
  readonly stop: () => Promise<void>
}

const BLOCK_BYTES = 1024 * 1024
/** Of messages that wait to be written. A message takes at most half of what is free: the fuller it is, the smaller what is still kept. */
const MEMORY_BYTES = 32 * 1024 * 1024
/** A block that does not get full is written after this time. */
const OPEN_MS = 1000
/** Messages of exchanges that took longer lie in blocks of their own, so that the span of the others stays short. */
const LATE_MS = 5000
const PAUSE_MS = 1000
/** Memory of written blocks that is used again: new memory costs more than what is copied into it. */
const SPARE_BLOCKS = 2
const STOP_MS = 5000

interface OpenBlock {
  readonly bytes: Buffer
  used: number
  messages: number
  first: string
  last: string
}

export function createKeeper(options: KeeperOptions): OwnedKeeper {
  const { memoryBytes = MEMORY_BYTES } = options
  // Longer ones would find room only while hardly any other waits.
  const limits = { ...options.limits, messageBytes: Math.min(options.limits.messageBytes, memoryBytes / 4) }
  const open = new Map<'prompt' | 'late', OpenBlock>()
  const closed: Block[] = []
  const spare: Buffer[] = []
  const stopping = new AbortController()
  let waitingBytes = 0
  let kept = 0
  let notKept = 0
  let writing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function close(pace: 'prompt' | 'late'): void {
    const block = open.get(pace)
    if (block === undefined) return
    open.delete(pace)
    closed.push({
      bytes: block.bytes.subarray(0, block.used),
      at: new Date(),
      firstExchange: block.first,
      lastExchange: block.last,
      messages: block.messages,
    })
    writing ??= writeAll()
  }

  function closeAll(): void {
    clearTimeout(timer)
    timer = undefined
    close('prompt')
    close('late')
  }

  async function writeAll(): Promise<void> {
    for (let block = closed[0]; block !== undefined; block = closed[0]) {
      await write(block)
      closed.shift()
      giveBack(block)
    }
    writing = undefined
  }

  function giveBack({ bytes: { buffer } }: Block): void {
    waitingBytes -= buffer.byteLength
    if (buffer.byteLength === BLOCK_BYTES && spare.length < SPARE_BLOCKS) spare.push(Buffer.from(buffer))
  }

  /** Not from the pool of small buffers: its size is what is counted. */
  function memoryOf(sizeBytes: number): Buffer {
    return (sizeBytes === BLOCK_BYTES ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(sizeBytes)
  }

  /** A database that is away for a while is waited for; what it refuses for good is lost. */
  async function write(block: Block): Promise<void> {
    for (;;) {
      try {
        await writeBlock(options.pool, options.keys.current, block)
        kept += block.messages
        return
      } catch (error) {
        const mayPass = error instanceof IheError && error.row.code === 'BUSY'
        if (!mayPass || stopping.signal.aborted) {
          notKept += block.messages
          options.lost(block.messages, error)
          return
        }
        await delay(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  function room(packed: Packed, pace: 'prompt' | 'late'): OpenBlock | undefined {
    const current = open.get(pace)
    if (current !== undefined && current.used + packed.sizeBytes <= current.bytes.length) return current
    const sizeBytes = Math.max(BLOCK_BYTES, packed.sizeBytes)
    if (sizeBytes > (memoryBytes - waitingBytes) / 2) return undefined
    close(pace)
    const { exchangeId } = packed
    const block = {
      bytes: memoryOf(sizeBytes),
      used: 0,
      messages: 0,
      first: exchangeId,
      last: exchangeId,
    }
    open.set(pace, block)
    waitingBytes += sizeBytes
    return block
  }

  return {
    keeping: options.keeping,
    keep: (message) => {
      const packed = pack(message, limits)
      const pace = paceOf(packed.exchangeId)
      const block = room(packed, pace)
      if (block === undefined) {
        notKept += 1
        return
      }
      block.used = packed.writeTo(block.bytes, block.used)
      block.messages += 1
      if (packed.exchangeId < block.first) block.first = packed.exchangeId
      if (packed.exchangeId > block.last) block.last = packed.exchangeId
      timer ??= setTimeout(closeAll, OPEN_MS).unref()
    },
    flush: async () => {
      closeAll()
      await writing
    },
    state: () => ({ waitingBytes, kept, notKept }),
    stop: async () => {
      closeAll()
      const late = setTimeout(() => stopping.abort(), STOP_MS)
      await writing
      clearTimeout(late)
    },
  }
}

/** The keeper, with nothing kept while `recording` answers false: for the bench, like recordingWhile. */
export function keepingWhile(recording: () => boolean, keeper: Keeper): Pick<Keeper, 'keeping' | 'keep'> {
  return {
    get keeping() {
      return recording() ? keeper.keeping : 'none'
    },
    keep: keeper.keep,
  }
}

function paceOf(exchangeId: string): 'prompt' | 'late' {
  const beganAt = journalIdTime(exchangeId)
  return beganAt !== undefined && Date.now() - beganAt.getTime() > LATE_MS ? 'late' : 'prompt'
}
