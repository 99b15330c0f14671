// HL7 v2 over MLLP with TLS: certificate identity per message, answers in order (MLLP Release 1; ITI TF-2 3.19).

import type { SecureContextOptions } from 'node:tls'
import { iheError } from '../../profiles/errors/index.ts'
import { readHeader } from '../codec/hl7v2/header.ts'
import type { MllpConnection, MllpEvent } from '../mllp/connection.ts'
import { createMllpServer } from '../mllp/server.ts'
import type { Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import type { DoorName } from '../model/trust.ts'
import { newExchange, observe, recordRefusal, type TurnedAway } from './door.ts'
import { receive } from './hl7v2-batch.ts'
import { type Hl7v2Door, turnAway } from './hl7v2-door.ts'
import { createIdentifier, type Identity, type IdentityOptions } from './identity.ts'
import { keepExchange } from './keeping.ts'
import type { LiveSockets } from './live-sockets.ts'
import { createRefusalRecorder } from './refusal-recorder.ts'
import { isBelieved } from './shown-certificate.ts'

export interface MllpListenerOptions extends Hl7v2Door, Omit<IdentityOptions, 'door'> {
  /** As journal and audit name it. */
  readonly endpoint: DoorName
  readonly tls: SecureContextOptions
  readonly sockets: LiveSockets
  readonly limits: {
    readonly mllpFrameBytes: number
    readonly idleTimeoutMs: number
    readonly connections: number
    readonly connectionsPerCertificate: number
    readonly connectionsPerStranger: number
  }
}

export interface MllpListener {
  readonly listen: (port: number, host: string) => Promise<number>
  /** Renewed certificate, key or authorities, for new connections. */
  readonly renew: (tls: SecureContextOptions) => void
  readonly close: () => Promise<void>
}

export function createMllpListener(options: MllpListenerOptions): MllpListener {
  const { ports, limits, endpoint } = options
  const identify = createIdentifier({ ...options, door: endpoint })
  const certificates = createRefusalRecorder(ports)
  const exchangeOf = (peer: string) => newExchange({ door: 'mllp', endpoint, peer, transaction: 'unknown' })

  /** A database that cannot tell now whose good certificate it is makes nobody a stranger: his messages are turned away, AR. */
  async function identityOf(connection: MllpConnection): Promise<Identity | IheError> {
    try {
      return await identify(connection.socket)
    } catch (error) {
      if (error instanceof IheError) return error
      throw error
    }
  }

  async function admit(connection: MllpConnection): Promise<boolean> {
    const identity = await identityOf(connection)
    if (identity instanceof IheError || identity.kind === 'system') return true
    await certificates.refused(exchangeOf(connection.peer), identity)
    return false
  }

  async function handle(message: Buffer, connection: MllpConnection): Promise<readonly Buffer[] | 'close'> {
    // An acknowledgement sent to us would be answered by an acknowledgement, for ever.
    if (readHeader(message).messageCode === 'ACK') return 'close'
    const identity = await identityOf(connection)
    if (identity instanceof IheError) return turnAway(message, identity).answers
    if (identity.kind === 'refused') return 'close'
    const sender = { ...identity, door: 'mllp', endpoint, peer: connection.peer } as const
    return (await receive(message, sender, options)).answers
  }

  /** Broken frames are never answered, but they are journalled: the vendor will ask why nothing came back. */
  function note(event: MllpEvent): void {
    const turnedAway = TURNED_AWAY[event.kind]
    if (turnedAway !== undefined) ports.meter.turnedAway(endpoint, turnedAway)
    const code = FRAME_FAULTS[event.kind]
    if (code === undefined) {
      if (event.kind === 'handler-failed') ports.log.error({ peer: event.peer }, 'message handler failed')
      return
    }
    const exchange = { ...exchangeOf(event.peer), requestBytes: event.bytes ?? 0 }
    const error = iheError(code, { at: 'MLLP frame', rule: event.kind })
    const { head = Buffer.alloc(0) } = event
    keepExchange(ports, {
      exchange,
      ended: { result: 'failure', errors: [error], evidence: NO_EVIDENCE },
      request: { bytes: head, sizeBytes: exchange.requestBytes, isWhole: false, parts: [] },
      answer: undefined,
    })
    recordFault(exchange, { error, fingerprint: event.fingerprint256 }).catch(() =>
      ports.log.error({ journal: exchange.id }, 'refusal could not be journalled'),
    )
  }

  /** Of the system that was admitted, so that its vendor finds it. */
  async function recordFault(
    exchange: Exchange,
    { error, fingerprint }: { readonly error: IheError; readonly fingerprint: string | undefined },
  ): Promise<void> {
    const found = fingerprint === undefined ? undefined : await options.findSystem(fingerprint)
    observe(ports, exchange, { result: 'failure', code: error.row.code, systemId: found?.system.systemId ?? '' })
    await recordRefusal(ports, exchange, { system: found?.system, error })
  }

  const server = createMllpServer({
    tls: options.tls,
    admit,
    isBelieved: (socket) => isBelieved(socket, endpoint, options.judge),
    handler: handle,
    limits: {
      maxFrameBytes: limits.mllpFrameBytes,
      frameTimeoutMs: limits.idleTimeoutMs,
      maxConnections: limits.connections,
      maxConnectionsPerCertificate: limits.connectionsPerCertificate,
      maxConnectionsPerStranger: limits.connectionsPerStranger,
    },
    onEvent: note,
    onOpen: (socket) => {
      socket.once('close', ports.meter.opened(endpoint))
      options.sockets.hold(socket, endpoint)
    },
    ...(options.largeMessages === undefined ? {} : { largeFrames: options.largeMessages }),
  })
  return {
    listen: (port, host) => server.listen(port, host),
    renew: server.renew,
    close: () => server.close().then(certificates.close),
  }
}

const TURNED_AWAY: Partial<Record<MllpEvent['kind'], TurnedAway>> = {
  'handshake-failed': 'handshake',
  'too-many-connections': 'share',
}

const FRAME_FAULTS: Partial<Record<MllpEvent['kind'], string>> = {
  'frame-dropped': 'HL7_TRUNCATED',
  'frame-incomplete': 'HL7_TRUNCATED',
  'frame-too-large': 'TOO_LARGE',
  overloaded: 'BUSY',
  garbage: 'HL7_NO_MSH',
}
