// A connection to an audit repository: syslog over mutual TLS (RFC 5425; ITI TF-2 3.20.4.1.2, TLS Syslog).

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { RecordLine } from '../audit/send.ts'
import { encodeSyslogFrame } from '../codec/syslog/frame.ts'

export interface LineOptions {
  readonly host: string
  readonly port: number
  /** Name that the certificate has to bear; absent: the host. */
  readonly serverName?: string
  /** Authorities, own certificate and key, versions and ciphers. */
  readonly tls: ConnectionOptions
  readonly times?: Partial<LineTimes>
}

interface LineTimes {
  readonly connectMs: number
  /** How long a peer may leave what we write unread. */
  readonly stallMs: number
  /** How long it may take until it has read all, at the end. */
  readonly finishMs: number
}

const TIMES: LineTimes = { connectMs: 10_000, stallMs: 30_000, finishMs: 10_000 }
/** A peer that is gone without a word is noticed by TCP. */
const KEEP_ALIVE_MS = 30_000

/** @throws {Error} of socket or TLS: nothing is ever written to a peer whose certificate is not believed. */
export async function openAuditLine(options: LineOptions, signal: AbortSignal): Promise<RecordLine> {
  const times = { ...TIMES, ...options.times }
  const { socket, tcp } = await connected(options, { signal, connectMs: times.connectMs })
  let isFinishing = false
  const broken = brokenBy(socket, () => isFinishing)
  return {
    broken,
    destroy: () => socket.destroy(),
    write: async (records) => {
      const bytes = Buffer.concat(records.map(encodeSyslogFrame))
      await within(times.stallMs, 'the other side does not read', {
        socket,
        broken,
        work: () => written(socket, bytes),
      })
    },
    finish: async () => {
      if (isFinishing) return
      isFinishing = true
      await within(times.finishMs, 'the other side did not say that it has read all', {
        socket,
        broken,
        work: () => ended(socket, tcp),
      })
      socket.destroy()
    },
  }
}

interface Connected {
  readonly socket: TLSSocket
  /** Below it: knows what came that is not for us to read. */
  readonly tcp: Socket
}

function connected(
  { host, port, serverName, tls }: LineOptions,
  { signal, connectMs }: { readonly signal: AbortSignal; readonly connectMs: number },
): Promise<Connected> {
  const name = serverName ?? host
  return new Promise((resolve, reject) => {
    const tcp = connectTcp({ host, port })
    let over: TLSSocket | undefined
    const fail = (code: string, message: string): void => void (over ?? tcp).destroy(lineFailure(code, message))
    const timer = setTimeout(() => fail('ETIMEDOUT', 'no connection in time'), connectMs)
    const cut = (): void => fail('ABORTED', 'the sender stops')
    signal.addEventListener('abort', cut, { once: true })
    const settled = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', cut)
      over?.off('error', reject)
    }
    tcp.on('error', reject)
    tcp.once('close', () => {
      settled()
      reject(lineFailure('ECONNRESET', 'the connection was closed'))
    })
    tcp.once('connect', () => {
      const socket = connect({
        ...tls,
        host,
        socket: tcp,
        // A name is asked for by name; of an address TLS knows no such question (RFC 6066, 3).
        ...(isIP(name) === 0 ? { servername: name } : {}),
        rejectUnauthorized: true,
      })
      over = socket
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        settled()
        socket.setKeepAlive(true, KEEP_ALIVE_MS)
        socket.setNoDelay(true)
        // A receiver has nothing to say; its end is heard only by who reads.
        socket.resume()
        resolve({ socket, tcp })
      })
    })
    if (signal.aborted) cut()
  })
}

/** Also when the other side has ended its half before we did: it takes nothing more. */
function brokenBy(socket: TLSSocket, isFinishing: () => boolean): Promise<Error> {
  return new Promise((resolve) => {
    socket.on('error', resolve)
    socket.once('end', () => {
      if (!isFinishing()) resolve(lineFailure('ECONNRESET', 'the other side ended the connection'))
    })
    socket.once('close', () => resolve(lineFailure('ECONNRESET', 'the connection was closed')))
  })
}

function written(socket: TLSSocket, bytes: Buffer): Promise<undefined> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve(undefined)))
  })
}

/**
 * close_notify goes out after all that was written; the answer to it comes after all that was read (RFC 5425, 4.4; RFC 8446, 6.1). Where
 * nothing came but the end of TCP, it is the kernel's, for a process that died with what it had read.
 */
function ended(socket: TLSSocket, tcp: Socket): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const before = tcp.bytesRead
    socket.once('end', () =>
      resolve(tcp.bytesRead > before ? undefined : lineFailure('ECONNRESET', 'the other side ended without a word')),
    )
    socket.end()
  })
}

async function within(
  ms: number,
  reason: string,
  {
    socket,
    broken,
    work,
  }: { readonly socket: TLSSocket; readonly broken: Promise<Error>; readonly work: () => Promise<Error | undefined> },
): Promise<void> {
  const timer = setTimeout(() => socket.destroy(lineFailure('ETIMEDOUT', reason)), ms)
  try {
    const failure = await Promise.race([work(), broken])
    if (failure !== undefined) throw failure
  } finally {
    clearTimeout(timer)
  }
}

function lineFailure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
