// Sending of many messages over several connections: a patient's in their order, at a rate, again when the server asks for patience.

import { setTimeout as sleep } from 'node:timers/promises'
import { type ReadAck, readAck } from '../../codec/hl7v2/ack.ts'
import type { Outgoing } from './messages.ts'

export interface PushConnection {
  /** The acknowledgement; empty when the message asks for none. */
  readonly send: (message: Buffer) => Promise<Buffer>
  readonly close: () => Promise<void>
}

/** The door is there but takes nothing now (HTTP 503). */
export class BusyError extends Error {
  constructor() {
    super('the server is busy (HTTP 503) / サーバが混雑しています。')
    this.name = 'BusyError'
  }
}

export interface Delivered {
  readonly message: Outgoing
  readonly answer: Buffer
  /** None when the message asks for none. */
  readonly ack: ReadAck | undefined
  /** Of the last attempt. */
  readonly ms: number
  readonly attempts: number
}

export interface DeliveryOptions {
  readonly connections: number
  /** Messages a second over all connections; as many as are answered when left out. */
  readonly rate?: number
  readonly open: () => Promise<PushConnection>
  /** Ends the sending: what is on its way is still answered, nothing more is sent. */
  readonly signal: AbortSignal
  readonly delivered: (delivered: Delivered) => void
}

const MAX_ATTEMPTS = 6
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 8_000
/** Messages that wait for one connection; the reader waits with them. */
const MAX_WAITING = 64

export function isAccepted(ack: ReadAck): boolean {
  return ack.code === 'AA' || ack.code === 'CA'
}

/** Sends all of them. @throws what a connection failed with after the last attempt; nothing more is sent then. */
export async function deliver(messages: AsyncIterable<Outgoing>, options: DeliveryOptions): Promise<void> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const server = { hasAnswered: false }
  const lanes = Array.from({ length: options.connections }, () => openLane({ ...options, signal, server }, stop))
  const pace = pacer(options.rate, signal)
  try {
    for await (const message of messages) {
      await pace()
      if (signal.aborted) break
      await lanes[placeOf(message.lane, lanes.length)]?.take(message)
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()))
  }
  if (stop.signal.aborted) throw stop.signal.reason
}

/** The same lane, the same connection (FNV-1a). */
function placeOf(lane: string, connections: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < lane.length; index++) hash = Math.imul(hash ^ lane.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % connections
}

/** Waits until the next message is due; a sender that was held up does not hurry afterwards. */
function pacer(rate: number | undefined, signal: AbortSignal): () => Promise<void> {
  if (rate === undefined) return async () => {}
  let due = performance.now()
  return async () => {
    const now = performance.now()
    if (due > now) await pause(due - now, signal)
    due = Math.max(due, now) + 1000 / rate
  }
}

/** Ends early, without a word, when the sending is to stop. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

interface LaneOptions extends DeliveryOptions {
  /** A server that never answered is more likely not there than away for a moment. */
  readonly server: { hasAnswered: boolean }
}

interface Lane {
  /** Resolves when there is room for another one. */
  readonly take: (message: Outgoing) => Promise<void>
  /** After what has been taken. */
  readonly close: () => Promise<void>
}

function openLane(options: LaneOptions, stop: AbortController): Lane {
  const sender = createSender(options)
  const waiting: Promise<void>[] = []
  let last: Promise<void> = Promise.resolve()
  const run = async (message: Outgoing): Promise<void> => {
    if (options.signal.aborted) return
    const delivered = await sender.send(message)
    if (delivered !== undefined) options.delivered(delivered)
  }
  return {
    take: async (message) => {
      last = last.then(() => run(message)).catch((error: unknown) => stop.abort(error))
      waiting.push(last)
      if (waiting.length >= MAX_WAITING) await waiting.shift()
    },
    close: async () => {
      await last
      await sender.close()
    },
  }
}

interface Sender {
  /** Undefined when the sending was stopped between two attempts. */
  readonly send: (message: Outgoing) => Promise<Delivered | undefined>
  readonly close: () => Promise<void>
}

/** One connection, opened when it is needed and again when it was lost: a resend under the same MSH-10 changes nothing. */
function createSender({ open, signal, server }: LaneOptions): Sender {
  let connection: PushConnection | undefined
  const drop = async (): Promise<void> => {
    const lost = connection
    connection = undefined
    await lost?.close().catch(() => undefined)
  }
  const attempt = async (message: Outgoing, attempts: number): Promise<Delivered> => {
    connection ??= await open()
    const startedMs = performance.now()
    const answer = await connection.send(message.bytes)
    const ms = performance.now() - startedMs
    server.hasAnswered = true
    return { message, answer, ack: answer.length === 0 ? undefined : readAck(answer), ms, attempts }
  }
  return {
    send: async (message) => {
      for (let attempts = 1; ; attempts++) {
        const isLast = attempts === MAX_ATTEMPTS
        const result = await attempt(message, attempts).catch(async (error: unknown): Promise<undefined> => {
          await drop()
          if (isLast || !isPassing(error, server.hasAnswered)) throw error
        })
        if (result !== undefined && (isLast || !asksForPatience(result.ack))) return result
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS), signal)
        if (signal.aborted) return result
      }
    },
    close: drop,
  }
}

/** AR with 206 or 207: nothing is wrong with the message, the sender keeps it and tries again (HL7 v2.5 table 0357). */
function asksForPatience(ack: ReadAck | undefined): boolean {
  return ack?.code === 'AR' && ack.errors.some(({ code }) => code === '206' || code === '207')
}

const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'MLLP_CLOSED',
  'MLLP_NO_ANSWER',
  'MLLP_NO_CONNECTION',
])

function isPassing(error: unknown, hasAnswered: boolean): boolean {
  if (error instanceof BusyError) return true
  if (!hasAnswered) return false
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (PASSING.has((cause as NodeJS.ErrnoException).code ?? '')) return true
  return false
}
