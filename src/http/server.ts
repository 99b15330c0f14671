// The HTTPS door: mutual TLS that asks for the certificate and decides per request, every route closed by default (ITI TF-2 3.19).

import type { X509Certificate } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { storeClientPush } from '../../profiles/transactions/index.ts'
import { createConnectionShares } from '../mllp/connection-share.ts'
import type { CallingSystem } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { type DoorPorts, newExchange, observe, recordRefusal } from './door.ts'
import { createPresenter, type Presented, type ProxyTrust, proxyCheck } from './forwarded/proxy.ts'
import type { Hl7v2Door } from './hl7v2-door.ts'
import { createCertificateIdentifier, type Identity, type IdentityOptions, NOBODY } from './identity.ts'
import { lingerOn } from './lingering.ts'
import type { LiveSockets } from './live-sockets.ts'
import { paced, STEADY_BYTES_PER_SECOND } from './pace.ts'
import { createRefusalRecorder, type RefusalRecorder } from './refusal-recorder.ts'
import type { RequestRate } from './request-rate.ts'
import { isBelieved } from './shown-certificate.ts'
import { sufferOwnWork } from './silence.ts'
import { connectionChannel, renderFault } from './soap-answer.ts'
import { registerSoapEndpoint } from './soap-door.ts'
import type { SoapDoorOptions, SoapEndpoint } from './soap-receive.ts'
import { registerStoreClientRoute, STORE_CLIENT_PATH, type StoreClientDoor } from './storeclient-door.ts'

export interface HttpsDoorOptions extends Omit<IdentityOptions, 'door'> {
  /** Key, certificate, CA, versions and ciphers. */
  readonly tls: import('node:tls').SecureContextOptions & {
    readonly honorCipherOrder?: boolean
    readonly ecdhCurve?: string
  }
  readonly ports: DoorPorts
  readonly sockets: LiveSockets
  readonly rate: RequestRate
  readonly turns: SoapDoorOptions['turns']
  /** Absent: no forwarded certificate is believed. */
  readonly proxy?: ProxyTrust
  readonly endpoints: readonly SoapEndpoint[]
  readonly storeClient: StoreClientDoor & Pick<Hl7v2Door, 'ports'>
  readonly replies: SoapDoorOptions['replies']
  readonly xua: SoapDoorOptions['xua']
  /** Adds what a stranger may call: routes with `config: { isPublic: true }`. */
  readonly publicRoutes?: (app: FastifyInstance) => void
  /** Adds routes for known systems besides endpoints and pushes. */
  readonly ownRoutes?: (app: FastifyInstance, systemOf: (request: FastifyRequest) => Known) => void
  readonly limits: SoapDoorOptions['limits'] & {
    readonly headersTimeoutMs: number
    readonly requestTimeoutMs: number
    readonly idleTimeoutMs: number
    readonly bodyBytesPerSecond: number
    readonly bodyGraceMs: number
    readonly connections: number
    readonly connectionsPerCertificate: number
    readonly connectionsPerStranger: number
    readonly mllpFrameBytes: number
  }
}

export interface HttpsDoor {
  /** Starts to listen; the port that was given, or that the system chose for 0. */
  readonly listen: (port: number, host: string) => Promise<number>
  /** Renewed certificate, key or authorities, for new connections. */
  readonly renew: (tls: HttpsDoorOptions['tls']) => void
  /** Takes no more connections, finishes requests at work, then closes. */
  readonly close: () => Promise<void>
}

interface Known {
  readonly system: CallingSystem
  readonly active: 'yes' | 'no'
  /** Of the certificate that is shown. */
  readonly fingerprint: string
  /** Of the system, whether it came by the handshake or was forwarded. */
  readonly certificate: X509Certificate
}

const KEEP_ALIVE_MS = 65_000
const UNSUPPORTED_MEDIA_TYPE = 415
/** Node looks for late headers and requests only this often; its own 30 s would let them be four times as late. */
const LATENESS_CHECK_MS = 2000
/** How long `close` waits for requests at work before it cuts them; they get no answer and may be sent again. */
const DRAIN_MS = 30_000

export async function createHttpsDoor(options: HttpsDoorOptions): Promise<HttpsDoor> {
  const { limits } = options
  const app = fastify({
    https: {
      ...options.tls,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: LATENESS_CHECK_MS,
    },
    logger: false,
    bodyLimit: limits.requestBytes,
    connectionTimeout: limits.idleTimeoutMs,
    requestTimeout: longestRequestMs(limits),
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    exposeHeadRoutes: false,
    // A path that cannot be decoded would be answered before the certificate is looked at.
    rewriteUrl: ({ url = '/' }) => (isReadable(url) ? url : '/'),
  })
  // Node would answer this one itself; what is expected of us is for the routes to say (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.server.headersTimeout = limits.headersTimeoutMs
  app.server.maxConnections = limits.connections
  holdConnections(app, options)
  lingerOn(app.server)
  sufferOwnWork(app.server)
  const certificates = createRefusalRecorder(options.ports)
  const known = guard(app, options, certificates)
  // Bodies stay streams: every endpoint reads its own, with its own limits.
  app.removeAllContentTypeParsers()
  const pace = {
    bytesPerSecond: limits.bodyBytesPerSecond,
    graceMs: limits.bodyGraceMs,
    steady: { afterMs: limits.requestTimeoutMs, bytesPerSecond: STEADY_BYTES_PER_SECOND },
  }
  app.addContentTypeParser('*', (_request, payload, done) => done(null, paced(payload, pace)))
  const systemOf = (request: FastifyRequest): Known => {
    const found = known.get(request)
    if (found === undefined) throw new Error('a route ran without the certificate check')
    return found
  }
  for (const endpoint of options.endpoints)
    registerSoapEndpoint(app, endpoint, {
      ports: options.ports,
      systemOf,
      limits,
      rate: options.rate,
      turns: options.turns,
      replies: options.replies,
      xua: options.xua,
    })
  registerStoreClientRoute(app, {
    ...options.storeClient,
    rate: options.rate,
    systemOf,
    maxBytes: limits.mllpFrameBytes,
  })
  options.publicRoutes?.(app)
  options.ownRoutes?.(app, systemOf)
  // A kept-alive connection whose last request was at work when the close began would hold it up until it is idle for long.
  let isDraining = false
  app.addHook('onSend', async (_request, reply) => {
    if (isDraining) reply.header('connection', 'close')
  })
  await app.ready()
  return {
    listen: async (port, host) => {
      await app.listen({ port, host })
      return (app.server.address() as AddressInfo).port
    },
    renew: (tls) => app.server.setSecureContext(tls),
    close: async () => {
      isDraining = true
      const cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
      await app.close()
      clearTimeout(cut)
      await certificates.close()
    },
  }
}

/** The largest at the rate that is asked of what takes long; by what is slower it is cut before (hardening: a large upload on a slow line). */
function longestRequestMs({ requestTimeoutMs, requestBytes }: HttpsDoorOptions['limits']): number {
  return requestTimeoutMs + Math.ceil((requestBytes / STEADY_BYTES_PER_SECOND) * 1000)
}

/** Whether the router can decode the path (RFC 3986, 2.1). */
function isReadable(url: string): boolean {
  const [path = ''] = url.split(/[?;#]/)
  try {
    decodeURI(path)
    return true
  } catch {
    return false
  }
}

/** Takes connections into account, within their shares; those of a proxy are of many. */
function holdConnections({ server }: FastifyInstance, options: HttpsDoorOptions): void {
  const { connectionsPerCertificate: perCertificate, connectionsPerStranger: perStranger } = options.limits
  const { meter } = options.ports
  const shares = createConnectionShares({ perCertificate, perStranger })
  const isProxy = options.proxy === undefined ? () => false : proxyCheck(options.proxy)
  server.on('connection', shares.knocked)
  server.on('secureConnection', (socket: TLSSocket) => {
    const is = isBelieved(socket, 'https', options.judge) ? 'believed' : 'stranger'
    if (shares.opened(socket, is) || isProxy(socket)) {
      socket.once('close', meter.opened('https'))
      // Who is believed by no anchor is refused at the first request, and is to hear that.
      if (is === 'believed') options.sockets.hold(socket, 'https')
    } else {
      meter.turnedAway('https', 'share')
      socket.destroy()
    }
  })
  server.on('tlsClientError', () => meter.turnedAway('https', 'handshake'))
  server.on('drop', () => meter.turnedAway('https', 'limit'))
}

/**
 * The certificate check, before anything of the body is read and for every route, also those that do not exist, but for those that
 * are public by their configuration. All refusals look alike outside: 403, empty, connection closed.
 */
function guard(
  app: FastifyInstance,
  options: HttpsDoorOptions,
  certificates: RefusalRecorder,
): WeakMap<FastifyRequest, Known> {
  const known = new WeakMap<FastifyRequest, Known>()
  const present = createPresenter(options.proxy)
  const identifyCertificate = createCertificateIdentifier({ ...options, door: 'https' })
  const identify = (presented: Presented): Promise<Identity> =>
    presented.kind === 'handshake' || presented.kind === 'forwarded' ? identifyCertificate(presented.shown) : NOBODY
  app.addHook('onRequest', async (request, reply) => {
    const exchange = newExchange({
      door: 'https',
      endpoint: request.routeOptions.url ?? 'unknown',
      peer: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
      transaction: 'unknown',
    })
    try {
      const presented = present(request.raw)
      if (presented.kind === 'forged') {
        await certificates.refused(exchange, presented)
        return shut(reply, FORGED)
      }
      if (request.routeOptions.config.isPublic === true) return
      const identity = await identify(presented)
      if (identity.kind === 'system' && 'shown' in presented) {
        // A connection of its own may have been a stranger's when it began; a proxy's is held while it works for this certificate.
        if (presented.kind === 'forwarded')
          reply.raw.once('close', options.sockets.holdWhile({ door: 'https', shown: presented.shown }, request.socket))
        else options.sockets.hold(request.raw.socket as TLSSocket, 'https')
        known.set(request, { ...identity, certificate: presented.shown.certificate })
        return
      }
      if (identity.kind === 'refused') await certificates.refused(exchange, identity)
    } catch (cause) {
      // A certificate that cannot be looked up is refused: without the database nobody is known.
      options.ports.log.error(
        { journal: exchange.id, cause: String((cause as Error).name) },
        'certificate could not be checked',
      )
    }
    return shut(reply, REFUSED)
  })
  app.setNotFoundHandler(async (request, reply) => {
    const { system } = known.get(request) ?? {}
    const exchange = newExchange({
      door: 'https',
      endpoint: 'unknown',
      peer: String(request.socket.remoteAddress),
      transaction: 'unknown',
    })
    // The path asked for is not kept: what is no address of ours may hold anything.
    const error = iheError('NO_ENDPOINT', { at: 'URL' })
    await recordRefusal(options.ports, exchange, { system, error })
    observe(options.ports, exchange, { result: 'failure', code: error.row.code, systemId: system?.systemId ?? '' })
    return reply
      .code(error.row.http)
      .header('connection', 'close')
      .type('text/plain; charset=UTF-8')
      .send(directory(error, { endpoints: options.endpoints, journalId: exchange.id }))
  })
  app.setErrorHandler(async (error, request, reply) => {
    const { statusCode } = error as { statusCode?: number }
    if (statusCode === UNSUPPORTED_MEDIA_TYPE) return refuseContentType(request, reply)
    options.ports.log.error({ cause: (error as Error).name, status: statusCode }, 'request failed')
    return reply
      .code(statusCode ?? 500)
      .header('connection', 'close')
      .send()
  })
  /** A Content-Type that fastify cannot read does not reach the endpoint; it hears the same as from there. */
  const refuseContentType = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const exchange = newExchange({
      door: 'https',
      endpoint: request.routeOptions.url ?? 'unknown',
      peer: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
      transaction: 'unknown',
    })
    const error = iheError('CONTENT_TYPE', { at: 'Content-Type', value: request.headers['content-type'] ?? '' })
    const system = known.get(request)?.system
    await recordRefusal(options.ports, exchange, { system, error })
    observe(options.ports, exchange, { result: 'failure', code: error.row.code, systemId: system?.systemId ?? '' })
    await connectionChannel(reply, 'connection').fault(renderFault({ error, exchange, packaging: 'simple' }, undefined))
    return reply
  }
  return known
}

/** What a known system reads that asked for a path we do not have: the paths we have. */
function directory(
  { row }: IheError,
  { endpoints, journalId }: { readonly endpoints: readonly SoapEndpoint[]; readonly journalId: string },
): string {
  const soap = endpoints.map(({ path, bindings }) => {
    const offered = bindings.map(({ transaction }) => transaction.id).join(', ')
    return `  POST ${path}  ${offered}; WSDL: GET ${path}?wsdl`
  })
  const paths = [...soap, `  POST ${STORE_CLIENT_PATH}  ${storeClientPush.name}`]
  return [`${row.message}. ${row.hint}`, row.ja, ...paths, `journal ${journalId}`, ''].join('\n')
}

const REFUSED = 403
/** Certificate headers of whoever is no proxy of ours. */
const FORGED = 400

function shut(reply: FastifyReply, status: number): FastifyReply {
  return reply.code(status).header('connection', 'close').send()
}
