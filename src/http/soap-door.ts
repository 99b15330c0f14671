// The SOAP pipeline, written once: packaging → envelope → transaction → role → actor → audit → answer (design §2).

import type { FastifyInstance, FastifyReply } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { soapErrors } from '../../profiles/errors/soap.ts'
import { XUA_CODES } from '../../profiles/errors/xua.ts'
import { faultEvents } from '../audit/event.ts'
import { assertionFailures } from '../audit/user-authentication.ts'
import type { SoapMessage } from '../codec/soap/read.ts'
import type { Ended } from '../journal/keeping.ts'
import type { Caller } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { enter } from '../model/stations.ts'
import type { User } from '../model/user.ts'
import type { Binding, Encoded, Incoming, Performed } from './binding.ts'
import { newExchange, observe, recordExchange, recordRefusal } from './door.ts'
import { framesOf, nameOf } from './failure.ts'
import { type Crossing, keepExchange } from './keeping.ts'
import { routeOf } from './reply-route.ts'
import {
  addressedTo,
  type Channel,
  closeUnsent,
  connectionChannel,
  type Rendered,
  renderAnswer,
  renderFault,
} from './soap-answer.ts'
import { bindingOf } from './soap-dispatch.ts'
import { type Progress, receive, type Served, type SoapDoorOptions, type SoapEndpoint } from './soap-receive.ts'
import type { XuaGate } from './xua.ts'

export function registerSoapEndpoint(app: FastifyInstance, endpoint: SoapEndpoint, options: SoapDoorOptions): void {
  app.get(endpoint.path, async (request, reply) => {
    if (!Object.hasOwn(request.query as object, 'wsdl')) return reply.code(405).header('allow', 'POST').send()
    return reply.type('text/xml; charset=UTF-8').send(endpoint.wsdl)
  })
  app.post(endpoint.path, (request, reply) =>
    serve({ endpoint, options, request, reply, ...options.systemOf(request) }),
  )
}

/** Rows answered as a SOAP fault wherever in the message they were found; the others in the transaction's own way. */
const FAULTS: ReadonlySet<string> = new Set([
  ...soapErrors.map((row) => row.code),
  ...XUA_CODES,
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
    const policy = await served.options.xua.policyOf(endpoint.path, served.system.systemId)
    const { message, incoming, received } = await receive({ served, progress, policy })
    const binding = bindingOf(endpoint, message)
    progress.exchange = { ...progress.exchange, transaction: binding.transaction.id }
    if (!mayCall(served, binding))
      throw iheError('ROLE_MISSING', { rule: `roles ${binding.transaction.roles.join(', ')}` })
    const user = await served.options.xua.userOf(received, policy, (claimed) => {
      progress.claimed = claimed
    })
    const caller: Caller = { ...served.system, exchange: progress.exchange, ...(user === undefined ? {} : { user }) }
    return await answerWhereAsked({ served, progress, binding, incoming, caller, message })
  } catch (error) {
    await fault(served, progress, { error, channel: connectionChannel(served.reply, 'connection') })
    return served.reply
  }
}

/** On the connection; or the message is accepted with 202, now that it has been read and understood, and answered later. */
async function answerWhereAsked(given: Arrived): Promise<FastifyReply> {
  const { served, progress, caller, message } = given
  const { allowed, delivery } = served.options.replies
  const route = routeOf(message, { systemId: caller.systemId, allowed })
  if (route.kind !== 'address') {
    await answer(given, connectionChannel(served.reply, route.kind))
    return served.reply
  }
  const exchange = { ...caller.exchange, replyTo: route.replyTo.href }
  progress.exchange = exchange
  const addressed = { ...given, caller: { ...caller, exchange } }
  const channel = addressChannel(addressed, route)
  delivery.accept(caller.systemId, () =>
    answer(addressed, channel).catch((error: unknown) => fault(served, progress, { error, channel })),
  )
  return served.reply.code(202).send()
}

function addressChannel(
  { served, caller }: Arrived,
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

export function mayCall(served: Pick<Served, 'active' | 'system'>, binding: Binding): boolean {
  return served.active === 'yes' && binding.transaction.roles.some((role) => served.system.roles.has(role))
}

/** What is needed of a request once it has been read. */
type Serving = Pick<Served, 'active' | 'system'> & {
  readonly endpoint: Pick<SoapEndpoint, 'staging'>
  readonly options: Pick<SoapDoorOptions, 'ports' | 'rate'> & {
    readonly turns: Pick<SoapDoorOptions['turns'], 'take'>
    readonly xua: Pick<XuaGate, 'assertPatients'>
  }
}

interface Understood {
  readonly served: Serving
  readonly progress: Progress
  readonly binding: Binding
  readonly incoming: Incoming
  readonly caller: Caller
  readonly message: SoapMessage
}

/** … and that somebody waits for an answer to. */
interface Arrived extends Understood {
  readonly served: Served
}

/** @throws what is answered as a fault. */
export async function answer(given: Understood, channel: Channel): Promise<void> {
  const { served, progress, binding, incoming, caller } = given
  const { ports } = served.options
  try {
    served.options.rate.take(caller.systemId)
    if (caller.user !== undefined) await assertNamed(given, caller.user)
    const performed = await performInTurn(given)
    try {
      const { evidence, recorded } = performed.outcome
      if (caller.user !== undefined && !recorded)
        await served.options.xua.assertPatients(caller.user, evidence.patients)
      await complete(given, { performed, channel })
    } catch (error) {
      if (!channel.isUsed()) await putAway(performed)
      throw error
    }
  } catch (error) {
    const refusal = known(served, progress, error)
    if (FAULTS.has(refusal.row.code) || channel.isUsed()) throw refusal
    await discard(served, progress)
    const ended = { result: 'failure', errors: [refusal], evidence: NO_EVIDENCE } as const
    await recordExchange(ports, caller, ended)
    observe(ports, caller.exchange, { result: 'failure', code: refusal.row.code, systemId: caller.systemId })
    const body = binding.refuse([refusal], { incoming, journalId: caller.exchange.id })
    const prepared = rendered(given, { channel, encoded: { body, attachments: [] } })
    keep(given, { ended, prepared, channel })
    // A busy server says so in the terms of the transaction; a system that sends too much is told by HTTP too.
    const { code, http: status } = refusal.row
    await channel.answer(code === 'TOO_MANY_REQUESTS' ? { ...prepared, status } : prepared)
  }
}

/** Only the actor's work is done in turn: a slow sender or reader keeps nobody else of its system waiting. @throws {IheError} BUSY */
async function performInTurn({ served, progress, binding, incoming, caller }: Understood): Promise<Performed> {
  const { stations } = caller.exchange
  enter(stations, 'wait')
  const endTurn = await served.options.turns.take(caller.systemId, 0)
  try {
    enter(stations, 'decode')
    const perform = await binding.prepare(incoming)
    // From here on the actor owns what was staged: whether a commit happened is not ours to guess. Parts that are none of the
    // transaction's are ignored (RFC 2387), and do not stay.
    if (binding.parts === 'own') progress.staged = []
    else await discard(served, progress)
    enter(stations, 'act')
    return await perform(caller)
  } finally {
    endTurn()
  }
}

/** An assertion about one patient: the message is about that one, or its answer will tell. @throws {IheError} XUA_NOT_HERE */
async function assertNamed({ served, binding, incoming }: Understood, user: User): Promise<void> {
  if (user.patientId === undefined) return
  const patients = binding.about.patients(incoming)
  if (patients.length === 0 && binding.about.unnamed === 'refuse')
    throw iheError('XUA_NOT_HERE', { at: 'resource-id', rule: 'a message that names its patient' })
  await served.options.xua.assertPatients(user, patients)
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
  enter(caller.exchange.stations, 'encode')
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
  keep(given, { ended: outcome, prepared, channel })
  await channel.answer(prepared)
}

/** Documents of an answer that is refused after all. */
async function putAway(performed: Performed): Promise<void> {
  const { attachments } = await performed.encode()
  for (const { body } of attachments) await closeUnsent(body)
}

function keep(
  { served, progress, caller }: Understood,
  sent: { readonly ended: Omit<Ended, 'transaction'>; readonly prepared: Rendered; readonly channel: Channel },
): void {
  keepExchange(served.options.ports, {
    exchange: caller.exchange,
    ended: { ...sent.ended, accessMode: caller.accessMode },
    request: crossingOf(progress),
    answer: sent.channel.kind === 'nowhere' ? undefined : sent.prepared.kept,
  })
}

/** Once: what fails on its way out was kept before. */
function crossingOf(progress: Progress): Crossing | undefined {
  const { crossing } = progress
  progress.crossing = undefined
  return crossing?.()
}

export async function fault(
  served: Serving,
  progress: Progress,
  given: { readonly error: unknown; readonly channel: Channel },
): Promise<void> {
  await discard(served, progress)
  const error = known(served, progress, given.error)
  const { exchange } = progress
  const { ports } = served.options
  // The journal failing too must not keep the sender from hearing that it failed.
  const events = [
    ...faultEvents({ ...served.system, exchange }, error),
    ...assertionFailures(exchange, served.system, { error, claimed: progress.claimed }),
  ]
  await recordRefusal(ports, exchange, { system: served.system, error, events }).catch((cause: unknown) =>
    ports.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'refusal could not be journalled'),
  )
  observe(ports, exchange, { result: 'failure', code: error.row.code, systemId: served.system.systemId })
  const { channel } = given
  const prepared = renderFault({ error, exchange, packaging: progress.packaging }, channel.faultTo)
  keepExchange(ports, {
    exchange,
    ended: { result: 'failure', errors: [error], evidence: NO_EVIDENCE },
    request: crossingOf(progress),
    answer: channel.isUsed() ? undefined : prepared.kept,
  })
  if (!channel.isUsed()) await channel.fault(prepared)
}

/** An error of the table as it is; anything else becomes one opaque row and a log line without the message's content. */
function known(served: Serving, progress: Progress, error: unknown): IheError {
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

async function discard(served: Serving, progress: Progress): Promise<void> {
  for (const staged of progress.staged) await served.endpoint.staging?.discard(staged)
  progress.staged = []
}
