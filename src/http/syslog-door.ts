// Audit Record Repository: audit records of other systems by syslog over mutual TLS (ITI TF-2 3.20, TLS Syslog; RFC 5425).

import type { AddressInfo } from 'node:net'
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import { iheError } from '../../profiles/errors/index.ts'
import type { ReceivedEvent } from '../audit/received.ts'
import { createSyslogFrameDecoder, type SyslogFrameDecoder, type SyslogFrameEvent } from '../codec/syslog/frame.ts'
import type { JournalEntry } from '../journal/entry.ts'
import { journalEntry } from '../journal/entry.ts'
import { createConnectionShares } from '../mllp/connection-share.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { type DoorPorts, newExchange, observe } from './door.ts'
import { nameOf } from './failure.ts'
import { createIdentifier, type IdentityOptions } from './identity.ts'
import { keepExchange, wholeMessage } from './keeping.ts'
import type { LiveSockets } from './live-sockets.ts'
import { createRefusalRecorder } from './refusal-recorder.ts'
import { isBelieved } from './shown-certificate.ts'

const SYSLOG_DOOR = 'syslog'
const TRANSACTION = 'ITI-20'
const ROLE = 'audit-source'

/** What is kept of records that came together: all of it or nothing. */
export interface ReceivedRecords {
  readonly events: readonly ReceivedEvent[]
  readonly entries: readonly JournalEntry[]
}

export interface SyslogDoorOptions extends Omit<IdentityOptions, 'door'> {
  readonly ports: DoorPorts
  readonly tls: SecureContextOptions
  readonly sockets: LiveSockets
  /** The event of one syslog message. @throws {IheError} SYSLOG_MESSAGE, or what is wrong with the record in it. */
  readonly read: (message: Buffer, exchange: Exchange, system: CallingSystem) => ReceivedEvent
  /** Resolves when they are durable. @throws {IheError} BUSY when the database cannot take them. */
  readonly keep: (records: ReceivedRecords) => Promise<void>
  readonly limits: {
    readonly idleTimeoutMs: number
    readonly connections: number
    readonly connectionsPerCertificate: number
    readonly connectionsPerStranger: number
  }
}

export interface SyslogDoor {
  readonly listen: (port: number, host: string) => Promise<number>
  /** Renewed certificate, key or authorities, for new connections. */
  readonly renew: (tls: SecureContextOptions) => void
  /** Takes no more connections; what was read is kept first. */
  readonly close: () => Promise<void>
}

const HANDSHAKE_MS = 10_000
/** Longest pause between records. */
const PAUSE_MS = 15 * 60_000
const CLOSE_MS = 10_000

/** Whoever sends audit records waits for no answer: what a connection brought is kept before more of it is read. */
export function createSyslogDoor(options: SyslogDoorOptions): SyslogDoor {
  const { ports, limits, sockets, judge } = options
  const certificates = createRefusalRecorder(ports)
  const shares = createConnectionShares({
    perCertificate: limits.connectionsPerCertificate,
    perStranger: limits.connectionsPerStranger,
  })
  const open = new Map<TLSSocket, Open>()
  let isClosing = false
  const identify = createIdentifier({ ...options, door: SYSLOG_DOOR })
  // As at the other doors a certificate is not rejected by TLS, because then nothing could be journalled about it.
  const server = createServer({
    ...options.tls,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_MS,
  })
  server.on('connection', shares.knocked)
  server.on('tlsClientError', (_, socket) => {
    ports.meter.turnedAway(SYSLOG_DOOR, 'handshake')
    socket.destroy()
  })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {})
    // What was in the handshake when the close began would be served for as long as its sender likes.
    if (isClosing) return void socket.destroy()
    const is = isBelieved(socket, SYSLOG_DOOR, judge) ? 'believed' : 'stranger'
    if (open.size >= limits.connections || !shares.opened(socket, is)) {
      ports.meter.turnedAway(SYSLOG_DOOR, open.size >= limits.connections ? 'limit' : 'share')
      return void socket.destroy()
    }
    socket.once('close', ports.meter.opened(SYSLOG_DOOR))
    // Our close_notify says that all was kept: it is sent when that is so, not when theirs has come (RFC 5425, 4.4).
    socket.allowHalfOpen = true
    sockets.hold(socket, SYSLOG_DOOR)
    const ending = createEnding(socket)
    const done = serve({ ...options, identify, refused: certificates.refused }, socket, ending)
      .catch((error: unknown) => {
        ports.log.warn({ peer: peerOf(socket), cause: nameOf(error) }, 'a connection that brings audit records was cut')
        socket.destroy()
      })
      .finally(() => open.delete(socket))
    open.set(socket, { done, end: ending.begin })
  })
  return {
    listen: (port, host) => listen(server, port, host),
    renew: (tls) => server.setSecureContext(tls),
    close: async () => {
      isClosing = true
      await close(server, open)
      await certificates.close()
    },
  }
}

type Serving = SyslogDoorOptions & {
  readonly identify: ReturnType<typeof createIdentifier>
  readonly refused: ReturnType<typeof createRefusalRecorder>['refused']
}

interface Open {
  readonly done: Promise<void>
  readonly end: () => void
}

/** Our half ends when the door closes; whoever has ended theirs takes it for the word that all was kept. */
interface Ending {
  readonly begin: () => void
  /** All that was read is kept. */
  readonly rested: () => void
  /** More was read. */
  readonly atWork: () => void
}

function createEnding(socket: TLSSocket): Ending {
  let isAtWork = true
  let isBegun = false
  const endWhenKept = (): void => {
    if (isBegun && !isAtWork && socket.readableLength === 0) socket.end()
  }
  return {
    begin: () => {
      isBegun = true
      endWhenKept()
    },
    rested: () => {
      isAtWork = false
      endWhenKept()
    },
    atWork: () => {
      isAtWork = true
    },
  }
}

/** Until either side ends it. @throws {IheError} when what came cannot be kept: its sender sends it again. */
async function serve(serving: Serving, socket: TLSSocket, ending: Ending): Promise<void> {
  const decoder = createSyslogFrameDecoder()
  patience(serving, { socket, decoder })
  socket.on('timeout', () => socket.destroy())
  if ((await admitted(serving, socket)) === undefined) return void socket.destroy()
  ending.rested()
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    ending.atWork()
    const system = await admitted(serving, socket)
    if (system === undefined) return void socket.destroy()
    const isWhole = await take(serving, { socket, system, frames: decoder.push(chunk as Buffer) })
    if (!isWhole) return void socket.destroy()
    patience(serving, { socket, decoder })
    ending.rested()
  }
  if (decoder.isInside()) await takeTruncated(serving, socket)
  socket.end()
}

/** A frame comes without long pauses; between frames there may be some. */
function patience(
  { limits }: Serving,
  { socket, decoder }: { readonly socket: TLSSocket; readonly decoder: SyslogFrameDecoder },
): void {
  socket.setTimeout(decoder.isInside() ? limits.idleTimeoutMs : PAUSE_MS)
}

/** Asked when a connection opens and before what it brings is taken: connections live for hours. */
async function admitted({ identify, refused, ports }: Serving, socket: TLSSocket): Promise<CallingSystem | undefined> {
  const identity = await identify(socket)
  if (identity.kind === 'refused') {
    await refused(exchangeOf(socket), identity)
    return undefined
  }
  const { system, active } = identity
  if (active === 'yes' && system.roles.has(ROLE)) return system
  const exchange = exchangeOf(socket)
  const error = iheError('ROLE_MISSING', { rule: `role ${ROLE}` })
  await ports.recorder.record({ events: [], entries: [refusedEntry(exchange, system, error)] })
  seen(ports, exchange, { system, error })
  return undefined
}

interface Taken {
  readonly socket: TLSSocket
  readonly system: CallingSystem
  readonly frames: readonly SyslogFrameEvent[]
}

/** Keeps what came; false when where the next record begins is not known. */
async function take(serving: Serving, { socket, system, frames }: Taken): Promise<boolean> {
  if (frames.length === 0) return true
  const { ports } = serving
  const read = frames.map((frame) => readFrame(serving, { frame, system, socket }))
  await serving.keep({
    events: read.flatMap(({ event }) => event ?? []),
    entries: read.map(({ entry }) => entry),
  })
  for (const [index, { exchange, error }] of read.entries()) {
    seen(ports, exchange, { system, ...(error === undefined ? {} : { error }) })
    if (error !== undefined) keepRefused(ports, exchange, { error, frame: frames[index] })
  }
  return frames.every(({ kind }) => kind !== 'broken')
}

/** Of a record that was taken, the audit has the bytes. */
function keepRefused(
  ports: DoorPorts,
  exchange: Exchange,
  { error, frame }: { readonly error: IheError; readonly frame: SyslogFrameEvent | undefined },
): void {
  if (frame === undefined) return
  const bytes = frame.kind === 'message' ? frame.bytes : frame.beginning
  const request =
    frame.kind === 'message' ? wholeMessage(bytes) : { bytes, sizeBytes: sizeOf(frame), isWhole: false, parts: [] }
  const ended = { result: 'failure', errors: [error], evidence: NO_EVIDENCE } as const
  keepExchange(ports, { exchange, ended, request: bytes.length === 0 ? undefined : request, answer: undefined })
}

interface ReadFrame {
  readonly exchange: Exchange
  readonly entry: JournalEntry
  readonly event?: ReceivedEvent
  readonly error?: IheError
}

function readFrame(
  { read }: Serving,
  {
    frame,
    system,
    socket,
  }: { readonly frame: SyslogFrameEvent; readonly system: CallingSystem; readonly socket: TLSSocket },
): ReadFrame {
  const exchange = { ...exchangeOf(socket), requestBytes: sizeOf(frame) }
  try {
    if (frame.kind !== 'message') throw faultOf(frame)
    const event = read(frame.bytes, exchange, system)
    const evidence = { ...NO_EVIDENCE, patients: event.patients, documents: event.objects.documents ?? [] }
    const done = { result: 'success', errors: [], evidence, now: performance.now() } as const
    return { exchange, event, entry: journalEntry(exchange, system, done) }
  } catch (cause) {
    const error = cause instanceof IheError ? cause : iheError('INTERNAL', { cause })
    return { exchange, error, entry: refusedEntry(exchange, system, error) }
  }
}

function sizeOf(frame: SyslogFrameEvent): number {
  switch (frame.kind) {
    case 'message':
      return frame.bytes.length
    case 'too-large':
      return frame.size
    case 'broken':
      return frame.beginning.length
  }
  return frame satisfies never
}

function faultOf(frame: Exclude<SyslogFrameEvent, { kind: 'message' }>): IheError {
  switch (frame.kind) {
    case 'too-large':
      return iheError('TOO_LARGE', { at: 'SYSLOG-MSG', value: `${frame.size} bytes`, rule: '1 MiB a record' })
    case 'broken':
      return iheError('SYSLOG_FRAME', {
        at: 'SYSLOG-FRAME',
        value: frame.beginning.toString('latin1', 0, 20),
        rule: frame.rule,
      })
  }
  return frame satisfies never
}

async function takeTruncated(serving: Serving, socket: TLSSocket): Promise<void> {
  const system = await admitted(serving, socket)
  if (system === undefined) return
  const beginning = Buffer.alloc(0)
  const rule = 'the connection ended within a record'
  await take(serving, { socket, system, frames: [{ kind: 'broken', rule, beginning }] })
}

function refusedEntry(exchange: Exchange, system: CallingSystem, error: IheError): JournalEntry {
  const now = performance.now()
  return journalEntry(exchange, system, { result: 'failure', errors: [error], evidence: NO_EVIDENCE, now })
}

function seen(
  ports: DoorPorts,
  exchange: Exchange,
  { system, error }: { readonly system: CallingSystem; readonly error?: IheError },
): void {
  const result = error === undefined ? 'success' : 'failure'
  observe(ports, exchange, { result, code: error?.row.code ?? '', systemId: system.systemId })
}

function exchangeOf(socket: TLSSocket): Exchange {
  return newExchange({ door: 'syslog', endpoint: SYSLOG_DOOR, peer: peerOf(socket), transaction: TRANSACTION })
}

function peerOf({ remoteAddress, remotePort }: TLSSocket): string {
  return `${remoteAddress ?? 'unknown'}:${remotePort ?? 0}`
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Ends our half when what was read is kept: a sender that hears it sends what it had not brought elsewhere, or later. */
async function close(server: Server, open: ReadonlyMap<TLSSocket, Open>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const cut = setTimeout(() => {
    for (const socket of open.keys()) socket.destroy()
  }, CLOSE_MS)
  for (const { end } of open.values()) end()
  await Promise.all([...open.values()].map(({ done }) => done))
  clearTimeout(cut)
  await closed
}
