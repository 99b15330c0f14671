// The SOAP pipeline, written once: packaging → envelope → transaction → role → actor → audit → answer (design §2).

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { soapErrors } from '../../profiles/errors/soap.ts'
import type { SoapMessage } from '../codec/soap/read.ts'
import type { Caller, CallingSystem, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { Binding, Encoded, Incoming, Performed } from './binding.ts'
import { type DoorPorts, newExchange, observe, recordExchange, recordRefusal } from './door.ts'
import { framesOf, nameOf } from './failure.ts'
import type { ReplyDelivery } from './reply-delivery.ts'
import { type AllowedAddress, routeOf } from './reply-route.ts'
import {
  addressedTo,
  type Channel,
  connectionChannel,
  type Rendered,
  renderAnswer,
  renderFault,
} from './soap-answer.ts'
import { open, type Packaging, packagingOf, parse, unpack } from './soap-message.ts'

export interface SoapEndpoint {
  readonly path: string
  readonly bindings: readonly Binding[]
  readonly wsdl: string
  /** Where document parts go while they arrive, for endpoints that take documents. */
  readonly staging?: {
    readonly stage: (body: AsyncIterable<Buffer>) => Promise<StagedContent>
    readonly discard: (staged: StagedContent) => Promise<void>
  }
}

export interface SoapDoorOptions {
  readonly ports: DoorPorts
  /** The system behind the request; the door's certificate check has already let it in. */
  readonly systemOf: (request: FastifyRequest) => { readonly system: CallingSystem; readonly active: 'yes' | 'no' }
  readonly limits: { readonly soapBytes: number; readonly documentBytes: number; readonly requestBytes: number }
  /** Asynchronous answers: to which addresses, and who takes them there. */
  readonly replies: { readonly allowed: readonly AllowedAddress[]; readonly delivery: ReplyDelivery }
}

export function registerSoapEndpoint(app: FastifyInstance, endpoint: SoapEndpoint, options: SoapDoorOptions): void {
  app.get(endpoint.path, async (request, reply) => {
    if (!Object.hasOwn(request.query as object, 'wsdl')) return reply.code(405).header('allow', 'POST').send()
    return reply.type('text/xml; charset=UTF-8').send(endpoint.wsdl)
  })
  app.post(endpoint.path, (request, reply) =>
    serve({ endpoint, options, request, reply, ...options.systemOf(request) }),
  )
}

interface Served {
  readonly endpoint: SoapEndpoint
  readonly options: SoapDoorOptions
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly system: CallingSystem
  readonly active: 'yes' | 'no'
}

/** What is known of the message so far; a refusal is answered with as much of it as there is. */
interface Progress {
  packaging: Packaging
  exchange: Exchange
  staged: readonly StagedContent[]
}

/** Rows answered as a SOAP fault wherever in the message they were found; the others in the transaction's own way. */
const FAULTS: ReadonlySet<string> = new Set([
  ...soapErrors.map((row) => row.code),
  'CONTENT_TYPE',
  'TOO_LARGE',
  'TOO_SLOW',
  'ROLE_MISSING',
])

async function serve(served: Served): Promise<FastifyReply> {
  const { endpoint, request } = served
  const peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`
  const progress: Progress = {
    packaging: 'simple',
    exchange: newExchange({ door: 'https', endpoint: endpoint.path, peer, transaction: 'unknown' }),
    staged: [],
  }
  try {
    const { message, incoming } = await receive(served, progress)
    const binding = bindingOf(endpoint, message)
    progress.exchange = { ...progress.exchange, transaction: binding.transaction.id }
    const caller: Caller = { ...served.system, exchange: progress.exchange }
    if (!mayCall(served, binding))
      throw iheError('ROLE_MISSING', { rule: `roles ${binding.transaction.roles.join(', ')}` })
    return await answerWhereAsked({ served, progress, binding, incoming, caller, message })
  } catch (error) {
    await fault(served, progress, { error, channel: connectionChannel(served.reply, 'connection') })
    return served.reply
  }
}

/** On the connection; or the message is accepted with 202, now that it has been read and understood, and answered later. */
async function answerWhereAsked(given: Understood): Promise<FastifyReply> {
  const { served, progress, caller, message } = given
  const { allowed, delivery } = served.options.replies
  const route = routeOf(message, { systemId: caller.systemId, allowed })
  if (route.kind !== 'address') {
    await answer(given, connectionChannel(served.reply, route.kind))
    return served.reply
  }
  const channel = addressChannel(given, route)
  delivery.accept(caller.systemId, () =>
    answer(given, channel).catch((error: unknown) => fault(served, progress, { error, channel })),
  )
  return served.reply.code(202).send()
}

function addressChannel(
  { served, caller }: Understood,
  route: { readonly replyTo: URL; readonly faultTo: URL | undefined },
): Channel {
  const { delivery } = served.options.replies
  let isUsed = false
  const deliver = async (url: URL, message: Rendered): Promise<void> => {
    isUsed = true
    await delivery.deliver({ url, message, caller })
  }
  return {
    kind: 'address',
    answerTo: addressedTo(route.replyTo),
    faultTo: route.faultTo === undefined ? undefined : addressedTo(route.faultTo),
    answer: (rendered) => deliver(route.replyTo, rendered),
    fault: async (rendered) => (route.faultTo === undefined ? undefined : deliver(route.faultTo, rendered)),
    isUsed: () => isUsed,
  }
}

/** @throws {IheError} everything that is answered as a fault. */
async function receive(served: Served, progress: Progress): Promise<{ message: SoapMessage; incoming: Incoming }> {
  const { request, endpoint, options } = served
  const contentType = request.headers['content-type'] ?? ''
  progress.packaging = packagingOf(contentType) ?? 'simple'
  assertPlain(request.headers['content-encoding'])
  const { staging } = endpoint
  const staged: StagedContent[] = []
  progress.staged = staged
  const packed = await unpack(bodyOf(request), {
    contentType,
    maxSoapBytes: options.limits.soapBytes,
    maxRequestBytes: options.limits.requestBytes,
    maxDocumentBytes: options.limits.documentBytes,
    ...(staging === undefined || served.active === 'no' || !served.system.roles.has('document-source')
      ? {}
      : {
          stage: async (body: AsyncIterable<Buffer>) => {
            const content = await staging.stage(body)
            staged.push(content)
            return content
          },
        }),
  })
  progress.exchange = { ...progress.exchange, requestBytes: packed.bytes }
  const parsed = parse(packed)
  if (parsed.messageId !== undefined) progress.exchange = { ...progress.exchange, messageId: parsed.messageId }
  const message = open(parsed)
  return { message, incoming: { body: message.body, packaging: packed.packaging, parts: packed.parts } }
}

/** Compression is not offered: what a few bytes unfold to would have to be bounded too. @throws {IheError} CONTENT_TYPE */
function assertPlain(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity') return
  throw iheError('CONTENT_TYPE', { at: 'Content-Encoding', value: contentEncoding, rule: 'send without compression' })
}

/** A request without Content-Type and length has no body at all. */
function bodyOf(request: FastifyRequest): AsyncIterable<Buffer> {
  return (request.body as AsyncIterable<Buffer> | undefined) ?? Readable.from([])
}

/** @throws {IheError} WSA_ACTION_UNKNOWN, WSA_BODY_MISMATCH */
function bindingOf(endpoint: SoapEndpoint, message: SoapMessage): Binding {
  const named = endpoint.bindings.find((candidate) => candidate.transaction.action === message.action)
  if (named === undefined) throw iheError('WSA_ACTION_UNKNOWN', { at: 'Header/Action', value: message.action })
  const binding = named.transaction.chosenBy === 'root' ? (byRoot(endpoint, message) ?? named) : named
  if (!isRootOf(binding, message)) {
    const { ns, name } = binding.transaction.request
    throw iheError('WSA_BODY_MISMATCH', {
      at: 'Envelope/Body',
      value: `{${message.body.ns}}${message.body.name}`,
      rule: `${binding.transaction.action} takes {${ns}}${name}`,
    })
  }
  return binding
}

function byRoot(endpoint: SoapEndpoint, message: SoapMessage): Binding | undefined {
  return endpoint.bindings.find(
    (candidate) => candidate.transaction.chosenBy === 'root' && isRootOf(candidate, message),
  )
}

function isRootOf({ transaction: { request } }: Binding, { body }: SoapMessage): boolean {
  return body.ns === request.ns && body.name === request.name
}

function mayCall(served: Served, binding: Binding): boolean {
  return served.active === 'yes' && binding.transaction.roles.some((role) => served.system.roles.has(role))
}

interface Understood {
  readonly served: Served
  readonly progress: Progress
  readonly binding: Binding
  readonly incoming: Incoming
  readonly caller: Caller
  readonly message: SoapMessage
}

/** @throws what is answered as a fault. */
async function answer(given: Understood, channel: Channel): Promise<void> {
  const { served, progress, binding, incoming, caller } = given
  const { ports } = served.options
  try {
    const perform = await binding.prepare(incoming)
    // From here on the actor owns what was staged: whether a commit happened is not ours to guess. Parts that are none of the
    // transaction's are ignored (RFC 2387), and do not stay.
    if (binding.parts === 'own') progress.staged = []
    else await discard(served, progress)
    const performed = await perform(caller)
    await complete(given, { performed, channel })
  } catch (error) {
    const refusal = known(served, progress, error)
    if (FAULTS.has(refusal.row.code) || channel.isUsed()) throw refusal
    await discard(served, progress)
    await recordExchange(ports, caller, { result: 'failure', errors: [refusal], evidence: NO_EVIDENCE })
    observe(ports, caller.exchange, { result: 'failure', code: refusal.row.code, systemId: caller.systemId })
    const body = binding.refuse([refusal], { incoming, journalId: caller.exchange.id })
    await channel.answer(rendered(given, { channel, encoded: { body, attachments: [] } }))
  }
}

function rendered(given: Understood, { channel, encoded }: { channel: Channel; encoded: Encoded }): Rendered {
  const { message } = given
  const { packaging } = given.incoming
  return renderAnswer({ transaction: given.binding.transaction, message, packaging, encoded }, channel.answerTo)
}

async function complete(
  given: Understood,
  { performed, channel }: { readonly performed: Performed; readonly channel: Channel },
): Promise<void> {
  const { served, caller } = given
  const { ports } = served.options
  const { outcome } = performed
  const prepared = rendered(given, { channel, encoded: await performed.encode() })
  const bytes = channel.kind === 'nowhere' ? 0 : prepared.bytes
  // Nothing leaves unaudited: the rows are durable before the first byte of the answer.
  if (!outcome.recorded)
    await recordExchange(ports, caller, {
      ...outcome,
      ...(bytes === undefined ? {} : { responseBytes: bytes }),
    })
  observe(ports, caller.exchange, {
    result: outcome.result,
    code: outcome.errors[0]?.row.code ?? '',
    systemId: caller.systemId,
  })
  await channel.answer(prepared)
}

async function fault(
  served: Served,
  progress: Progress,
  given: { readonly error: unknown; readonly channel: Channel },
): Promise<void> {
  await discard(served, progress)
  const error = known(served, progress, given.error)
  const { exchange } = progress
  const { ports } = served.options
  // The journal failing too must not keep the sender from hearing that it failed.
  await recordRefusal(ports, exchange, { system: served.system, error }).catch((cause: unknown) =>
    ports.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'refusal could not be journalled'),
  )
  observe(ports, exchange, { result: 'failure', code: error.row.code, systemId: served.system.systemId })
  const { channel } = given
  if (channel.isUsed()) return
  await channel.fault(renderFault({ error, exchange, packaging: progress.packaging }, channel.faultTo))
}

/** An error of the table as it is; anything else becomes one opaque row and a log line without the message's content. */
function known(served: Served, progress: Progress, error: unknown): IheError {
  if (error instanceof IheError) {
    if (error.row.blame === 'us' && error.cause !== undefined)
      served.options.ports.log.error(
        { journal: progress.exchange.id, code: error.row.code, cause: nameOf(error.cause) },
        'refused for a fault of ours',
      )
    return error
  }
  served.options.ports.log.error(
    { journal: progress.exchange.id, cause: nameOf(error), stack: framesOf(error) },
    'unexpected failure',
  )
  return iheError('INTERNAL', { cause: error })
}

async function discard(served: Served, progress: Progress): Promise<void> {
  for (const staged of progress.staged) await served.endpoint.staging?.discard(staged)
  progress.staged = []
}
