// Sends asynchronous answers to the address of ReplyTo, bounded in number, time and tries, and journals how each ended (ITI TF-2 Appendix V.3.3).

import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { iheError } from '../../profiles/errors/index.ts'
import { isCertificateFault, nodeAuthenticationFailure } from '../audit/event.ts'
import { journalEntry } from '../journal/entry.ts'
import type { Caller } from '../model/caller.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { newJournalId } from '../model/journal-id.ts'
import type { DoorPorts } from './door.ts'
import { nameOf } from './failure.ts'
import { keepExchange } from './keeping.ts'
import { connectorOf, type OutgoingTls } from './outgoing-tls.ts'
import { closeUnsent, type Rendered } from './soap-answer.ts'

export interface Outgoing {
  readonly url: URL
  readonly message: Rendered
  readonly caller: Caller
}

export interface ReplyDelivery {
  /**
   * Takes over work whose answer will be delivered, and starts it.
   * @throws {IheError} BUSY when as many answers as may are under way, in all or for this system.
   */
  readonly accept: (systemId: string, work: () => Promise<void>) => void
  /** Resolves when the answer is delivered or given up, and that is journalled; never rejects. */
  readonly deliver: (outgoing: Outgoing) => Promise<void>
  /** Finishes what is at work, tries nothing again. */
  readonly close: () => Promise<void>
}

export interface ReplyDeliveryOptions {
  /** Our certificate, and the authorities that a facility's receiver must come from. */
  readonly tlsTo: (facilityId: string) => OutgoingTls
  readonly ports: DoorPorts
  readonly patience?: Patience
}

export interface Patience {
  /** Pauses before the second and every further try. */
  readonly backoffMs: readonly number[]
  /** From the last byte sent to the receiver's status. */
  readonly responseMs: number
}

/** Answers under way: each may hold an ObjectRef answer of some MiB in memory while its receiver is away. */
const MAX_UNDER_WAY = 32
/** One system whose receiver is dead must leave room for the others. */
const MAX_UNDER_WAY_PER_SYSTEM = 8
const MAX_CONNECTIONS = 8
const CONNECT_MS = 5000
/** One try, from the connection to the receiver's status; a stream of documents may take longer. */
const TRY_MS = 30_000
const STREAM_TRY_MS = 600_000
const PATIENCE: Patience = { backoffMs: [1000, 5000, 20_000], responseMs: 15_000 }
/** Tries at work when the server stops get this long. */
const CLOSE_MS = 10_000
/** A receiver answers 202 with an empty body; more than this is not read. */
const MAX_RESPONSE_BYTES = 64 * 1024

export function createReplyDelivery(options: ReplyDeliveryOptions): ReplyDelivery {
  const { ports, patience = PATIENCE } = options
  const agents = new Map<string, Agent>()
  function agentTo(facilityId: string): Agent {
    const known = agents.get(facilityId)
    if (known !== undefined) return known
    const agent = new Agent({
      connect: connectorOf(options.tlsTo(facilityId), CONNECT_MS),
      headersTimeout: patience.responseMs,
      bodyTimeout: patience.responseMs,
    })
    agents.set(facilityId, agent)
    return agent
  }
  const underWay = new Map<Promise<void>, string>()
  const gate = createGate(MAX_CONNECTIONS)
  const stopping = new AbortController()
  const cut = new AbortController()
  return {
    accept: (systemId, work) => {
      const own = [...underWay.values()].filter((other) => other === systemId).length
      if (underWay.size >= MAX_UNDER_WAY || own >= MAX_UNDER_WAY_PER_SYSTEM || stopping.signal.aborted)
        throw iheError('BUSY', { at: 'Envelope/Header/ReplyTo', rule: 'too many asynchronous answers are under way' })
      const done: Promise<void> = work()
        .catch((cause: unknown) => ports.log.error({ cause: nameOf(cause) }, 'an asynchronous answer failed'))
        .finally(() => underWay.delete(done))
      underWay.set(done, systemId)
    },
    deliver: async (outgoing) => {
      const startedMs = performance.now()
      const ended = await tries(outgoing, {
        agent: agentTo(outgoing.caller.facilityId),
        gate,
        backoffMs: patience.backoffMs,
        stopping: stopping.signal,
        cut: cut.signal,
      })
      await closeUnsent(outgoing.message.body)
      await report(outgoing, { ports, startedMs, ended })
    },
    close: async () => {
      stopping.abort()
      const late = setTimeout(() => cut.abort(), CLOSE_MS)
      await Promise.all(underWay.keys())
      clearTimeout(late)
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    },
  }
}

interface Ended {
  readonly delivered: 'yes' | 'no'
  readonly tries: number
  /** Status or name of an error; nothing that came from the other side's body. */
  readonly last: string
}

interface Means {
  readonly agent: Agent
  readonly gate: <T>(work: () => Promise<T>) => Promise<T>
  readonly backoffMs: readonly number[]
  readonly stopping: AbortSignal
  readonly cut: AbortSignal
}

async function tries(outgoing: Outgoing, means: Means): Promise<Ended> {
  const content = repeatable(outgoing.message.body)
  for (let tries = 1; ; tries += 1) {
    const { verdict, last } = await means.gate(() => tryOnce(outgoing, content, means))
    if (verdict === 'delivered') return { delivered: 'yes', tries, last }
    const waitMs = means.backoffMs[tries - 1]
    if (verdict === 'refused' || content.isSpent() || waitMs === undefined) return { delivered: 'no', tries, last }
    const isStopped = await pause(waitMs, false, { signal: means.stopping }).catch(() => true)
    if (isStopped) return { delivered: 'no', tries, last: `${last}, then the server stopped` }
  }
}

interface Content {
  readonly next: () => Buffer | Readable
  /** True once bytes of a stream have left: it cannot be sent a second time. */
  readonly isSpent: () => boolean
}

/** A stream of documents is opened only when the connection stands, so that a dead receiver does not use it up. */
function repeatable(body: Rendered['body']): Content {
  if (Buffer.isBuffer(body)) return { next: () => body, isSpent: () => false }
  let isSpent = false
  const opened = async function* () {
    isSpent = true
    yield* body
  }
  return { next: () => Readable.from(opened(), { objectMode: false }), isSpent: () => isSpent }
}

type Verdict = 'delivered' | 'refused' | 'again'

async function tryOnce(
  { url, message }: Outgoing,
  content: Content,
  { agent, cut }: Means,
): Promise<{ readonly verdict: Verdict; readonly last: string }> {
  const limit = AbortSignal.timeout(Buffer.isBuffer(message.body) ? TRY_MS : STREAM_TRY_MS)
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': message.contentType },
      body: content.next(),
      signal: AbortSignal.any([cut, limit]),
    })
    await body.dump({ limit: MAX_RESPONSE_BYTES }).catch(() => {})
    return { verdict: verdictOf(statusCode), last: `HTTP ${statusCode}` }
  } catch (error) {
    return { verdict: 'again', last: nameOf(error) }
  }
}

/** A redirection is a refusal: the operator allowed this address and no other. */
function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'delivered'
  return status >= 500 || status === 408 || status === 429 ? 'again' : 'refused'
}

async function report(
  { url, message, caller }: Outgoing,
  given: { readonly ports: DoorPorts; readonly startedMs: number; readonly ended: Ended },
): Promise<void> {
  const { ports, startedMs, ended } = given
  const error =
    ended.delivered === 'yes'
      ? undefined
      : iheError('REPLY_UNDELIVERED', {
          at: 'Envelope/Header/ReplyTo',
          value: url.origin,
          rule: `${ended.tries} tries, the last: ${ended.last}`,
        })
  const result = error === undefined ? 'success' : 'failure'
  const exchange = {
    id: newJournalId(),
    door: 'https',
    endpoint: url.origin,
    peer: url.host,
    receivedAt: new Date(),
    requestBytes: 0,
    startedMs,
    transaction: `${caller.exchange.transaction} answer`,
    ...(caller.exchange.messageId === undefined ? {} : { messageId: caller.exchange.messageId }),
  } as const
  const fields = { journal: caller.exchange.id, delivery: exchange.id, host: url.host, tries: ended.tries }
  if (error === undefined) ports.log.info(fields, 'asynchronous answer delivered')
  else ports.log.warn({ ...fields, last: ended.last }, 'asynchronous answer not delivered')
  const now = performance.now()
  ports.meter.exchange(
    { transaction: exchange.transaction, result, code: error?.row.code ?? '' },
    (now - startedMs) / 1000,
  )
  const reported = { result, errors: error === undefined ? [] : [error], evidence: NO_EVIDENCE } as const
  keepExchange(ports, { exchange, ended: reported, request: message.kept, answer: undefined })
  const entry = journalEntry(exchange, caller, {
    ...reported,
    now,
    ...(message.bytes === undefined ? {} : { responseBytes: message.bytes }),
  })
  const events =
    ended.delivered === 'no' && isCertificateFault(ended.last)
      ? [nodeAuthenticationFailure({ ...exchange, endpoint: url.href }, ended.last)]
      : []
  await ports.recorder
    .record({ events, entries: [entry] })
    .catch((cause: unknown) => ports.log.error({ ...fields, cause: nameOf(cause) }, 'delivery could not be journalled'))
}

/** Lets so many through at a time; the others wait in line. */
function createGate(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = places
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
