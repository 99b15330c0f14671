// The SOAP pipeline, written once: packaging → envelope → transaction → role → actor → audit → answer (design §2).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { soapErrors } from '../../profiles/errors/soap.ts'
import type { SoapMessage } from '../codec/soap/read.ts'
import type { Caller, CallingSystem, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { Binding, Incoming, Performed } from './binding.ts'
import { type DoorPorts, newExchange, observe, recordExchange, recordRefusal } from './door.ts'
import { type Answer, prepareAnswer, sendFault } from './soap-answer.ts'
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
    return await answer({ served, progress, binding, incoming, caller, message })
  } catch (error) {
    await discard(served, progress)
    return fault(served, progress, known(served, progress, error))
  }
}

/** @throws {IheError} everything that is answered as a fault. */
async function receive(served: Served, progress: Progress): Promise<{ message: SoapMessage; incoming: Incoming }> {
  const { request, endpoint, options } = served
  const contentType = request.headers['content-type'] ?? ''
  progress.packaging = packagingOf(contentType) ?? 'simple'
  const { staging } = endpoint
  const staged: StagedContent[] = []
  progress.staged = staged
  const packed = await unpack(request.body as AsyncIterable<Buffer>, {
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

/** @throws {IheError} WSA_ACTION_UNKNOWN, WSA_BODY_MISMATCH */
function bindingOf(endpoint: SoapEndpoint, message: SoapMessage): Binding {
  const binding = endpoint.bindings.find((candidate) => candidate.transaction.action === message.action)
  if (binding === undefined) throw iheError('WSA_ACTION_UNKNOWN', { at: 'Header/Action', value: message.action })
  const { ns, name } = binding.transaction.request
  if (message.body.ns !== ns || message.body.name !== name)
    throw iheError('WSA_BODY_MISMATCH', {
      at: 'Envelope/Body',
      value: `{${message.body.ns}}${message.body.name}`,
      rule: `${binding.transaction.action} takes {${ns}}${name}`,
    })
  return binding
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

async function answer(given: Understood): Promise<FastifyReply> {
  const { served, progress, binding, incoming, caller } = given
  const { ports } = served.options
  try {
    const perform = await binding.prepare(incoming)
    // From here on the actor owns what was staged: whether a commit happened is not ours to guess.
    progress.staged = []
    const performed = await perform(caller)
    return await complete(given, performed)
  } catch (error) {
    const refusal = known(served, progress, error)
    if (FAULTS.has(refusal.row.code) || served.reply.sent) throw refusal
    await discard(served, progress)
    await recordExchange(ports, caller, { result: 'failure', errors: [refusal], evidence: NO_EVIDENCE })
    observe(ports, caller.exchange, { result: 'failure', code: refusal.row.code, systemId: caller.systemId })
    const body = binding.refuse([refusal], { incoming, journalId: caller.exchange.id })
    return prepareAnswer(served.reply, { ...answerTo(given), encoded: { body, attachments: [] } }).release()
  }
}

function answerTo(given: Understood): Pick<Answer, 'transaction' | 'message' | 'packaging'> {
  return { transaction: given.binding.transaction, message: given.message, packaging: given.incoming.packaging }
}

async function complete(given: Understood, performed: Performed): Promise<FastifyReply> {
  const { served, caller } = given
  const { ports } = served.options
  const { outcome } = performed
  const encoded = await performed.encode()
  const prepared = prepareAnswer(served.reply, { ...answerTo(given), encoded })
  // Nothing leaves unaudited: the rows are durable before the first byte of the answer.
  if (!outcome.recorded)
    await recordExchange(ports, caller, {
      ...outcome,
      ...(prepared.bytes === undefined ? {} : { responseBytes: prepared.bytes }),
    })
  observe(ports, caller.exchange, {
    result: outcome.result,
    code: outcome.errors[0]?.row.code ?? '',
    systemId: caller.systemId,
  })
  return prepared.release()
}

async function fault(served: Served, progress: Progress, error: IheError): Promise<FastifyReply> {
  const { exchange } = progress
  const { ports } = served.options
  // The journal failing too must not keep the sender from hearing that it failed.
  await recordRefusal(ports, exchange, { system: served.system, error }).catch((cause: unknown) =>
    ports.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'refusal could not be journalled'),
  )
  observe(ports, exchange, { result: 'failure', code: error.row.code, systemId: served.system.systemId })
  return sendFault(served.reply, { error, exchange, packaging: progress.packaging })
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

/** Class and code of an error: its message may quote what a patient's record holds, so it stays out of the log. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? error.name : `${error.name} ${code}`
}

export function framesOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : []
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim())
}

async function discard(served: Served, progress: Progress): Promise<void> {
  for (const staged of progress.staged) await served.endpoint.staging?.discard(staged)
  progress.staged = []
}
