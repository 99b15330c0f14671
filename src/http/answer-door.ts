// Where neighbouring communities deliver what they answer on a connection of their own (ITI TF-2 Appendix V.3.3; WS-Addressing Core, 3.4).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { ENDPOINTS, iti39 } from '../../profiles/transactions/index.ts'
import { faultEvents } from '../audit/event.ts'
import { peekRelatesTo } from '../codec/soap/read.ts'
import type { Awaiting, Heard } from '../gateway/awaiting.ts'
import { journalEntry } from '../journal/entry.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { type DoorPorts, newExchange, observe, recordRefusal } from './door.ts'
import { nameOf } from './failure.ts'
import { type Crossing, keepExchange, tapped, wholeMessage } from './keeping.ts'
import type { Taking } from './partner-message.ts'
import { take } from './partner-transport.ts'
import type { RequestRate } from './request-rate.ts'
import { connectionChannel, renderFault } from './soap-answer.ts'
import { type Packaging, type Packed, packagingOf, parse } from './soap-message.ts'

export interface AnswerDoor extends Taking {
  readonly ports: DoorPorts
  readonly rate: RequestRate
  readonly awaiting: Awaiting
}

interface Known {
  readonly system: CallingSystem
  readonly active: 'yes' | 'no'
}

type SystemOf = (request: FastifyRequest) => Known

/** The address of ReplyTo, below the public one. */
export const ANSWERS_PATH = `${ENDPOINTS.InitiatingGateway}/async`

const WHY_NOT: Readonly<Record<Exclude<Heard['kind'], 'taken'>, string>> = {
  unknown: 'the MessageID of a call to this community',
  late: 'within the time of the call, which was given up',
  answered: 'one answer to a call, which has one',
}

export function registerAnswerDoor(app: FastifyInstance, door: AnswerDoor, systemOf: SystemOf): void {
  app.post(ANSWERS_PATH, (request, reply) => hear({ request, reply, door, ...systemOf(request) }))
}

interface Hearing extends Known {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly door: AnswerDoor
}

/** What is known so far. */
interface Progress {
  exchange: Exchange
  crossing: Crossing | undefined
  /** How a fault is answered. */
  packaging: Packaging
}

/** An answer that nobody waits for is accepted like every other: whoever sends it need not know, and must not send it again. */
async function hear(hearing: Hearing): Promise<FastifyReply> {
  const { request, reply, door, system } = hearing
  const peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`
  const exchange = newExchange({ door: 'https', endpoint: ANSWERS_PATH, peer, transaction: 'unknown answer' })
  const progress: Progress = { exchange, crossing: undefined, packaging: 'simple' }
  try {
    const { relatesTo, heard } = await listenTo(hearing, progress)
    if (heard.transaction !== undefined)
      progress.exchange = { ...progress.exchange, transaction: `${heard.transaction} answer` }
    if (heard.kind === 'taken') await recordTaken(door.ports, system, progress.exchange)
    else
      await refuse(hearing, progress, {
        error: iheError('ANSWER_UNAWAITED', {
          at: 'Envelope/Header/RelatesTo',
          ...(relatesTo === undefined ? {} : { value: relatesTo }),
          rule: WHY_NOT[heard.kind],
        }),
      })
    return reply.code(202).send()
  } catch (cause) {
    const error = cause instanceof IheError ? cause : iheError('INTERNAL', { cause })
    if (error.row.code === 'INTERNAL')
      door.ports.log.error(
        { journal: exchange.id, cause: nameOf(cause) },
        'an answer of a community could not be taken',
      )
    await refuse(hearing, progress, { error, events: faultEvents({ ...system, exchange: progress.exchange }, error) })
    const { packaging } = progress
    await connectionChannel(reply, 'connection').fault(
      renderFault({ error, exchange: progress.exchange, packaging }, undefined),
    )
    return reply
  }
}

/** @throws {IheError} ROLE_MISSING, TOO_MANY_REQUESTS, and all that a message cannot be read for */
async function listenTo(
  { request, door, system, active }: Hearing,
  progress: Progress,
): Promise<{ readonly relatesTo: string | undefined; readonly heard: Heard }> {
  const { facilityId } = system
  if (active !== 'yes' || !system.roles.has('xca-partner'))
    throw iheError('ROLE_MISSING', { rule: 'roles xca-partner' })
  door.rate.take(system.systemId)
  // Whoever owes no documents fills no disk.
  const owed = await door.awaiting.owed(facilityId)
  const contentType = request.headers['content-type'] ?? ''
  progress.packaging = packagingOf(contentType) ?? 'simple'
  const { body, seen } = tapped(request.body as AsyncIterable<Buffer>)
  const documents = owed.has(iti39.id) ? 'staged' : 'unread'
  const packed = await take({ contentType, body, documents }, door).catch((error: unknown) => {
    const head = seen()
    progress.crossing = head === undefined ? undefined : { ...head, contentType, parts: [] }
    throw error
  })
  progress.crossing = { ...wholeMessage(packed.root, { contentType }), sizeBytes: packed.bytes }
  progress.exchange = { ...progress.exchange, requestBytes: packed.bytes }
  let heard: Heard = { kind: 'unknown' }
  try {
    const relatesTo = peekRelatesTo(parse(packed).document)
    if (relatesTo === undefined) return { relatesTo, heard }
    progress.exchange = { ...progress.exchange, messageId: relatesTo }
    heard = await door.awaiting.heard({ messageId: relatesTo, facilityId }, { contentType, packed })
    return { relatesTo, heard }
  } finally {
    if (heard.kind !== 'taken') await discard(door, packed)
  }
}

async function discard({ staging }: AnswerDoor, { parts }: Packed): Promise<void> {
  for (const content of parts.values()) await staging.discard(content)
}

/** The message itself is kept with the call that it answers. */
async function recordTaken(ports: DoorPorts, system: CallingSystem, exchange: Exchange): Promise<void> {
  const ended = { result: 'success', errors: [], evidence: NO_EVIDENCE, now: performance.now() } as const
  await ports.recorder.record({ events: [], entries: [journalEntry(exchange, system, ended)] })
  observe(ports, exchange, { result: 'success', code: '', systemId: system.systemId })
}

async function refuse(
  { door: { ports }, system }: Hearing,
  { exchange, crossing }: Progress,
  refused: Pick<Parameters<typeof recordRefusal>[2], 'error' | 'events'>,
): Promise<void> {
  await recordRefusal(ports, exchange, { system, ...refused }).catch((cause: unknown) =>
    ports.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'refusal could not be journalled'),
  )
  const { error } = refused
  observe(ports, exchange, { result: 'failure', code: error.row.code, systemId: system.systemId })
  const ended = { result: 'failure', errors: [error], evidence: NO_EVIDENCE } as const
  keepExchange(ports, { exchange, ended, request: crossing, answer: undefined })
}
