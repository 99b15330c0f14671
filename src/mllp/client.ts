// MLLP over mutual TLS, sending side: one message at a time on one connection (MLLP Release 1), for notifications, the command line and tests.

import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { createFrameDecoder, encodeFrame } from './frame.ts'

export interface MllpTarget {
  readonly host: string
  readonly port: number
  /** Own key and certificate, and the CA of the server. */
  readonly tls: Pick<ConnectionOptions, 'key' | 'cert' | 'ca' | 'servername' | 'minVersion' | 'maxVersion' | 'ciphers'>
  /** Longest wait for the connection and for each answer. */
  readonly timeoutMs?: number
  /** Cuts the connection. */
  readonly signal?: AbortSignal
}

export interface MllpClient {
  /**
   * Sends a message and waits for its answer; calls made meanwhile wait for their turn, so each gets its own answer.
   * Rejects when the connection ends or the time is over; the message may have been processed then.
   * @param isOwn whether a frame is the answer to this message; others are passed over. Absent: the next one is.
   */
  readonly send: (message: Uint8Array, isOwn?: (answer: Buffer) => boolean) => Promise<Buffer>
  readonly close: () => Promise<void>
}

const DEFAULT_TIMEOUT_MS = 60_000
const CLOSE_MS = 1000

interface Waiting {
  readonly resolve: (answer: Buffer) => void
  readonly reject: (cause: Error) => void
}

/** Connects; rejects when the server's certificate is not trusted or the connection is refused. */
export async function connectMllp(target: MllpTarget): Promise<MllpClient> {
  const timeoutMs = target.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const socket = await opened(target, timeoutMs)
  const answers = answersOf(socket)
  let last: Promise<unknown> = Promise.resolve()
  return {
    send: (message, isOwn = () => true) => {
      const answer = last.then(() => exchange(socket, answers, { message, timeoutMs, isOwn }))
      last = answer.catch(() => undefined)
      return answer
    },
    close: async () => {
      await last
      await closed(socket)
    },
  }
}

function opened(target: MllpTarget, timeoutMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target.tls, host: target.host, port: target.port })
    target.signal?.addEventListener('abort', () => socket.destroy(mllpFailure('MLLP_CUT', 'the connection was cut')), {
      once: true,
    })
    const timer = setTimeout(
      () => socket.destroy(mllpFailure('MLLP_NO_CONNECTION', 'no connection in time')),
      timeoutMs,
    )
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(timer))
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

interface Answers {
  /** The next answer that arrives. */
  readonly next: () => Promise<Buffer>
}

function answersOf(socket: TLSSocket): Answers {
  const decoder = createFrameDecoder()
  const arrived: Buffer[] = []
  let waiting: Waiting | undefined
  let failure: Error | undefined
  const settle = () => {
    if (waiting === undefined) return
    const { resolve, reject } = waiting
    const answer = arrived.shift()
    if (answer === undefined && failure === undefined) return
    waiting = undefined
    if (answer !== undefined) resolve(answer)
    else reject(failure ?? mllpFailure('MLLP_CLOSED', 'the connection ended'))
  }
  socket.on('data', (chunk: Buffer) => {
    for (const event of decoder.push(chunk)) if (event.kind === 'frame') arrived.push(event.message)
    settle()
  })
  socket.on('error', (cause: Error) => {
    failure = cause
  })
  socket.on('close', () => {
    failure ??= mllpFailure('MLLP_CLOSED', 'the server closed the connection without an answer')
    settle()
  })
  const next = () =>
    new Promise<Buffer>((resolve, reject) => {
      waiting = { resolve, reject }
      settle()
    })
  return { next }
}

async function exchange(
  socket: TLSSocket,
  answers: Answers,
  request: {
    readonly message: Uint8Array
    readonly timeoutMs: number
    readonly isOwn: (answer: Buffer) => boolean
  },
): Promise<Buffer> {
  const timer = setTimeout(() => socket.destroy(mllpFailure('MLLP_NO_ANSWER', 'no answer in time')), request.timeoutMs)
  try {
    if (!socket.destroyed) socket.write(encodeFrame(request.message))
    let answer = await answers.next()
    while (!request.isOwn(answer)) answer = await answers.next()
    return answer
  } finally {
    clearTimeout(timer)
  }
}

function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve()
    // A peer that does not close its side must not keep ours.
    const timer = setTimeout(() => socket.destroy(), CLOSE_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.end()
  })
}

/** The code says to programs what the message says to people. */
function mllpFailure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
