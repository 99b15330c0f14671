// One MLLP connection: frames in, one message in work, answers in order (MLLP Release 1; limits of the StoreClient door).

import type { TLSSocket } from 'node:tls'
import { createFrameDecoder, encodeFrame, type FrameDecoder, type FrameEvent } from './frame.ts'
import type { Turns } from './turns.ts'

export interface MllpConnection {
  readonly socket: TLSSocket
  /** `address:port` of the sender. */
  readonly peer: string
  /** SHA-256 fingerprint of the client certificate; undefined when there is none. */
  readonly fingerprint256: string | undefined
  /** Whether the certificate chain was verified; false is still connected, so that the reason can be journalled. */
  readonly authorized: boolean
  readonly authorizationError?: string
}

/** Frames to send back in order, nothing, or `close`: say nothing and hang up (an acknowledgement was sent to us: loop protection). */
export type MllpReply = Buffer | readonly Buffer[] | undefined | 'close'
export type MllpHandler = (message: Buffer, connection: MllpConnection) => Promise<MllpReply>
export type MllpAdmission = (connection: MllpConnection) => Promise<boolean>

/** What is worth a journal line or an audit event; none of these was answered. */
export interface MllpEvent {
  readonly kind:
    | 'refused'
    | 'too-many-connections'
    | 'handshake-failed'
    | 'frame-dropped'
    | 'frame-incomplete'
    | 'frame-too-large'
    | 'overloaded'
    | 'garbage'
    | 'handler-failed'
    | 'connection-failed'
  readonly peer: string
  readonly fingerprint256?: string
  readonly bytes?: number
  /** Beginning of what came. */
  readonly head?: Buffer
  readonly cause?: unknown
}

export interface ConnectionLimits {
  readonly maxFrameBytes: number
  /** Longest pause between two reads inside a frame. */
  readonly frameTimeoutMs: number
  /** Longest pause between frames, and longest time for one whole frame. */
  readonly idleTimeoutMs: number
}

export interface ConnectionOptions {
  readonly handler: MllpHandler
  readonly admit: MllpAdmission
  readonly limits: ConnectionLimits
  /** Who may read a large frame now; absent: everybody. */
  readonly largeFrames?: Turns
  readonly onEvent: (event: MllpEvent) => void
}

/** How long a lone 1C waits for 0D or 0B before it ends its frame. */
const LONE_END_BLOCK_MS = 1_000
/** How long a peer may keep its side open after we have closed ours. */
const LINGER_MS = 5_000
/** How long a peer may leave an answer unread. */
const WRITE_STALL_MS = 60_000

/** A frame of this size is large: its connection is read on when it has a turn. */
export const LARGE_BYTES = 256 * 1024

type Read = Buffer | 'end' | 'timeout' | 'stopped'

export interface Serving {
  /** Settles when the connection is closed; never rejects. */
  readonly done: Promise<void>
  /** Lets the message in work be answered, then closes. */
  readonly stop: () => void
}

interface Session {
  readonly connection: MllpConnection
  readonly options: ConnectionOptions
  readonly decoder: FrameDecoder
  stopped: boolean
  frameStartedMs: number
  wake: (() => void) | undefined
  /** Held while a large frame is read. */
  endLargeTurn: (() => void) | undefined
}

/** Serves a connection until either side ends it. `admit` is asked at once and again before each message: connections live for hours. */
export function serveConnection(connection: MllpConnection, options: ConnectionOptions): Serving {
  const session: Session = {
    connection,
    options,
    decoder: createFrameDecoder({ maxFrameBytes: options.limits.maxFrameBytes }),
    stopped: false,
    frameStartedMs: 0,
    wake: undefined,
    endLargeTurn: undefined,
  }
  const closed = new Promise<void>((resolve) => connection.socket.once('close', () => resolve()))
  const done = converse(session)
    .catch((cause: unknown) => report(session, 'connection-failed', { cause }))
    .finally(() => session.endLargeTurn?.())
    .then(() => hangUp(connection.socket))
    .then(() => closed)
  return {
    done,
    stop: () => {
      session.stopped = true
      session.wake?.()
    },
  }
}

function report(
  session: Session,
  kind: MllpEvent['kind'],
  more: Pick<MllpEvent, 'bytes' | 'head' | 'cause'> = {},
): void {
  const { peer, fingerprint256 } = session.connection
  session.options.onEvent({ kind, peer, ...(fingerprint256 === undefined ? {} : { fingerprint256 }), ...more })
}

function underWay({ decoder }: Session): Pick<MllpEvent, 'bytes' | 'head'> {
  return { bytes: decoder.size(), head: decoder.head() }
}

async function converse(session: Session): Promise<void> {
  if (!(await admitted(session))) return
  for (;;) {
    const read = await nextRead(session)
    const wasEnded = session.decoder.state() === 'ended'
    const events = typeof read === 'string' ? session.decoder.idle() : session.decoder.push(read)
    settleLargeTurn(session, events)
    for (const event of events) if (session.stopped || !(await consume(session, event))) return
    if (!(await takesLargeTurn(session))) return
    const goOn = typeof read !== 'string' || (read === 'timeout' && wasEnded)
    if (goOn && !session.stopped) continue
    if (session.decoder.state() === 'inside') report(session, 'frame-incomplete', underWay(session))
    return
  }
}

/** A frame that has come, or was dropped, is no more on its way in. */
function settleLargeTurn(session: Session, events: readonly FrameEvent[]): void {
  if (events.length === 0) return
  session.endLargeTurn?.()
  session.endLargeTurn = undefined
}

/** Waits, without reading, until a large frame may grow further; false when that takes too long. */
async function takesLargeTurn(session: Session): Promise<boolean> {
  const { connection, decoder, options } = session
  if (session.endLargeTurn !== undefined || decoder.state() !== 'inside' || decoder.size() < LARGE_BYTES) return true
  try {
    session.endLargeTurn = await options.largeFrames?.take(connection.fingerprint256 ?? '', 0)
    return true
  } catch (cause) {
    report(session, 'overloaded', { ...underWay(session), cause })
    return false
  }
}

async function admitted(session: Session): Promise<boolean> {
  const yes = await session.options.admit(session.connection)
  if (!yes) report(session, 'refused')
  return yes
}

/** Handles one event of the framing; false when the connection must end. A broken frame is never answered. */
async function consume(session: Session, event: FrameEvent): Promise<boolean> {
  switch (event.kind) {
    case 'frame':
      return event.message.length === 0 || answer(session, event.message)
    case 'dropped':
      report(session, 'frame-dropped', { bytes: event.bytes, head: event.head })
      return true
    case 'fault':
      report(session, event.fault === 'garbage' ? 'garbage' : 'frame-too-large', {
        bytes: event.bytes,
        head: event.head,
      })
      return false
  }
}

async function answer(session: Session, message: Buffer): Promise<boolean> {
  if (!(await admitted(session))) return false
  let reply: MllpReply
  try {
    reply = await session.options.handler(message, session.connection)
  } catch (cause) {
    report(session, 'handler-failed', { bytes: message.length, cause })
    return false
  }
  if (reply === 'close') return false
  const frames: readonly Buffer[] = reply === undefined ? [] : Buffer.isBuffer(reply) ? [reply] : reply
  for (const frame of frames) await write(session.connection.socket, encodeFrame(frame))
  return true
}

function write(socket: TLSSocket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stalled = setTimeout(() => socket.destroy(new Error('the answer was not read')), WRITE_STALL_MS)
    socket.write(bytes, (failure) => {
      clearTimeout(stalled)
      if (failure) reject(failure)
      else resolve()
    })
  })
}

/** Next bytes, pulled, not pushed: while a message is in work nothing is read and the sender feels it. */
async function nextRead(session: Session): Promise<Read> {
  const { socket } = session.connection
  if (session.decoder.state() !== 'inside') session.frameStartedMs = performance.now()
  const chunk: unknown = socket.read()
  if (Buffer.isBuffer(chunk)) return chunk
  if (session.stopped) return 'stopped'
  if (socket.readableEnded || socket.destroyed) return 'end'
  const outcome = await waitForBytes(session, patienceMs(session))
  return outcome === 'readable' ? nextRead(session) : outcome
}

function patienceMs({ decoder, options, frameStartedMs }: Session): number {
  const { frameTimeoutMs, idleTimeoutMs } = options.limits
  switch (decoder.state()) {
    case 'inside':
      return Math.min(frameTimeoutMs, Math.max(0, frameStartedMs + idleTimeoutMs - performance.now()))
    case 'ended':
      return LONE_END_BLOCK_MS
    case 'between':
    case 'failed':
      return idleTimeoutMs
  }
}

function waitForBytes(session: Session, patience: number): Promise<'readable' | Exclude<Read, Buffer>> {
  const { socket } = session.connection
  return new Promise((resolve) => {
    const settle = (outcome: 'readable' | Exclude<Read, Buffer>) => () => {
      clearTimeout(timer)
      session.wake = undefined
      for (const [event, listener] of listeners) socket.off(event, listener)
      resolve(outcome)
    }
    const listeners = [
      ['readable', settle('readable')],
      ['end', settle('end')],
      ['close', settle('end')],
    ] as const
    const timer = setTimeout(settle('timeout'), patience)
    session.wake = settle('stopped')
    for (const [event, listener] of listeners) socket.once(event, listener)
  })
}

function hangUp(socket: TLSSocket): void {
  if (socket.destroyed) return
  socket.end()
  // Unread bytes must be drained, or the close turns into a reset that can overtake our last answer.
  socket.resume()
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}
