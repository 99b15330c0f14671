// MLLP over mutual TLS: listener, client certificate identity, limits and graceful close (MLLP Release 1; ITI TF-2 3.19).

import type { AddressInfo } from 'node:net'
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import {
  type ConnectionLimits,
  type MllpAdmission,
  type MllpConnection,
  type MllpEvent,
  type MllpHandler,
  type Serving,
  serveConnection,
} from './connection.ts'
import { createConnectionShares } from './connection-share.ts'
import { MAX_FRAME_BYTES } from './frame.ts'
import type { Turns } from './turns.ts'

export interface MllpLimits extends ConnectionLimits {
  readonly maxConnections: number
  /** Of one client certificate. */
  readonly maxConnectionsPerCertificate: number
  /** Of one address, with certificates that are not believed, or without. */
  readonly maxConnectionsPerStranger: number
  /** After this time `close` cuts connections that are still at work. */
  readonly closeTimeoutMs: number
}

const DEFAULT_MLLP_LIMITS: MllpLimits = {
  maxFrameBytes: MAX_FRAME_BYTES,
  frameTimeoutMs: 60_000,
  idleTimeoutMs: 15 * 60_000,
  maxConnections: 2_000,
  maxConnectionsPerCertificate: 64,
  maxConnectionsPerStranger: 16,
  closeTimeoutMs: 30_000,
}

const HANDSHAKE_TIMEOUT_MS = 10_000

export interface MllpServerOptions {
  /** Key, certificate, CA, versions and ciphers; a client certificate is always asked for, and judged by `admit`. */
  readonly tls: SecureContextOptions
  readonly handler: MllpHandler
  /** False closes without an acknowledgement; asked when a connection opens and before each message. */
  readonly admit: MllpAdmission
  /** Whether its certificate is one that we believe, as far as can be told at once; absent: what TLS says. */
  readonly isBelieved?: (socket: TLSSocket) => boolean
  readonly limits?: Partial<MllpLimits>
  /** Who may read a large frame now; absent: everybody. */
  readonly largeFrames?: Turns
  readonly onEvent?: (event: MllpEvent) => void
  /** Told of each connection that is served. */
  readonly onOpen?: (socket: TLSSocket) => void
}

export interface MllpServer {
  /** Starts to listen; the port that was given, or that the system chose for 0. */
  readonly listen: (port: number, host?: string) => Promise<number>
  /** Takes no more connections, lets messages in work be answered, then closes. */
  readonly close: () => Promise<void>
  /** Renewed certificate or CA for new connections. */
  readonly renew: (tls: SecureContextOptions) => void
  readonly port: () => number | undefined
  readonly connections: () => number
}

/** A listener for one kind of message; the handler's promise settles before the next message of its connection is read. */
export function createMllpServer(options: MllpServerOptions): MllpServer {
  const limits: MllpLimits = { ...DEFAULT_MLLP_LIMITS, ...options.limits }
  const onEvent = options.onEvent ?? (() => undefined)
  const open = new Map<TLSSocket, Serving>()
  const { maxConnectionsPerCertificate: perCertificate, maxConnectionsPerStranger: perStranger } = limits
  const shares = createConnectionShares({ perCertificate, perStranger })
  const isBelieved = options.isBelieved ?? ((socket) => socket.authorized)
  let isClosing = false
  const hasRoom = (socket: TLSSocket): boolean =>
    open.size < limits.maxConnections && shares.opened(socket, isBelieved(socket) ? 'believed' : 'stranger')
  // Certificates are not rejected by TLS itself, because then nothing could be journalled about the refusal.
  const server = createServer({
    ...options.tls,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  })
  server.on('connection', shares.knocked)
  server.on('secureConnection', (socket) => {
    socket.on('error', (cause: Error) => onEvent({ kind: 'connection-failed', peer: peerOf(socket), cause }))
    // What was in the handshake when the close began would be served for as long as its sender likes.
    if (isClosing) return void socket.destroy()
    if (!hasRoom(socket)) {
      onEvent({ kind: 'too-many-connections', peer: peerOf(socket) })
      socket.destroy()
      return
    }
    // A sender that has closed its side still gets the answers it waits for. Not an option of the server: there it would
    // keep sockets whose handshake failed.
    socket.allowHalfOpen = true
    const { handler, admit, largeFrames } = options
    const large = largeFrames === undefined ? {} : { largeFrames }
    const serving = serveConnection(connectionOf(socket), { handler, admit, limits, onEvent, ...large })
    open.set(socket, serving)
    options.onOpen?.(socket)
    serving.done.finally(() => open.delete(socket))
  })
  server.on('tlsClientError', (cause, socket) => {
    onEvent({ kind: 'handshake-failed', peer: peerOf(socket), cause })
    socket.destroy()
  })
  return {
    listen: (port, host) => listen(server, port, host),
    close: () => {
      isClosing = true
      return close(server, open, limits.closeTimeoutMs)
    },
    renew: (tls) => server.setSecureContext(tls),
    port: () => portOf(server),
    connections: () => open.size,
  }
}

function connectionOf(socket: TLSSocket): MllpConnection {
  const { authorizationError } = socket
  // Without a certificate Node returns an empty object, whatever its type says.
  const certificate: { readonly fingerprint256?: string } = socket.getPeerCertificate()
  return {
    socket,
    peer: peerOf(socket),
    fingerprint256: certificate.fingerprint256,
    authorized: socket.authorized,
    ...(authorizationError ? { authorizationError: String(authorizationError) } : {}),
  }
}

function peerOf(socket: TLSSocket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
}

function listen(server: Server, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject)
      resolve(portOf(server) ?? port)
    })
  })
}

function portOf(server: Server): number | undefined {
  const address: AddressInfo | string | null = server.address()
  return address === null || typeof address === 'string' ? undefined : address.port
}

async function close(server: Server, open: ReadonlyMap<TLSSocket, Serving>, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const serving of open.values()) serving.stop()
  const cut = setTimeout(() => {
    for (const socket of open.keys()) socket.destroy()
  }, timeoutMs)
  await Promise.all([...open.values()].map((serving) => serving.done))
  clearTimeout(cut)
  await closed
}
