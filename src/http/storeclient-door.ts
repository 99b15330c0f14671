// StoreClient, both doors: HL7 v2.5 over MLLP with TLS, and over HTTPS POST /storeclient (ACK rules of HL7 v2.5 chapter 2.9).

import { createHash, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { storeClientDemographics, storeClientPush } from '../../profiles/transactions/index.ts'
import { dueAcks, writeAck } from '../codec/hl7v2/ack.ts'
import { type MessageHeader, readHeader, unframe } from '../codec/hl7v2/header.ts'
import { readEr7 } from '../codec/hl7v2/read.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import type { Caller, CallingSystem, Exchange, Role } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import type { StoreClientAnswer, StoreClientRequest } from '../storeclient/accept.ts'
import { type DoorPorts, newExchange, observe, recordExchange } from './door.ts'
import { framesOf, nameOf } from './failure.ts'
import { readWhole } from './soap-message.ts'

export interface StoreClientDoor {
  readonly ports: DoorPorts
  readonly accept: (request: StoreClientRequest, caller: Caller) => Promise<Outcome<StoreClientAnswer>>
}

export interface Sender {
  readonly system: CallingSystem
  readonly active: 'yes' | 'no'
  readonly door: Exchange['door']
  readonly endpoint: string
  readonly peer: string
}

/** Acknowledgements in the order they are sent; none where MSH-15 and MSH-16 ask for none. */
export interface Received {
  readonly acks: readonly Buffer[]
  readonly refusal: IheError | undefined
}

/** One message, from bytes to acknowledgements: the same for both doors. Never throws for what a sender can get wrong. */
export async function receiveMessage(bytes: Buffer, sender: Sender, door: StoreClientDoor): Promise<Received> {
  const header = readHeader(bytes)
  const row = header.messageCode === 'ADT' ? storeClientDemographics : storeClientPush
  const exchange: Exchange = {
    ...newExchange({ door: sender.door, endpoint: sender.endpoint, peer: sender.peer, transaction: row.id }),
    requestBytes: bytes.length,
    ...(header.controlId === '' ? {} : { messageId: header.controlId }),
  }
  const caller: Caller = { ...sender.system, exchange }
  const outcome = await process({ bytes, sender, door, caller, roles: row.roles })
  const { answer } = outcome
  const refusal = answer.kind === 'refused' ? answer.error : undefined
  if (!outcome.recorded) await recordExchange(door.ports, caller, outcome)
  observe(door.ports, exchange, { result: outcome.result, code: refusal?.row.code ?? '', systemId: caller.systemId })
  return { acks: acknowledgements(header, { answer, exchange }), refusal }
}

interface Processing {
  readonly bytes: Buffer
  readonly sender: Sender
  readonly door: StoreClientDoor
  readonly caller: Caller
  readonly roles: readonly Role[]
}

async function process(given: Processing): Promise<Outcome<StoreClientAnswer>> {
  const { bytes, sender, door, caller } = given
  try {
    if (sender.active === 'no' || !given.roles.some((role) => sender.system.roles.has(role)))
      throw iheError('ROLE_MISSING', { rule: `roles ${given.roles.join(', ')}` })
    const raw = unframe(bytes)
    const message = readEr7(raw)
    const sha256 = createHash('sha256').update(raw).digest('hex')
    return await door.accept({ message, bytes: raw, sha256 }, caller)
  } catch (error) {
    return refused(asRow(error, given))
  }
}

function asRow(error: unknown, given: Processing): IheError {
  if (error instanceof IheError) return error
  given.door.ports.log.error(
    { journal: given.caller.exchange.id, cause: nameOf(error), stack: framesOf(error) },
    'unexpected failure',
  )
  return iheError('INTERNAL', { cause: error })
}

function refused(error: IheError): Outcome<StoreClientAnswer> {
  return {
    answer: { kind: 'refused', error, warnings: [] },
    result: 'failure',
    errors: [error],
    evidence: NO_EVIDENCE,
    recorded: false,
  }
}

function acknowledgements(
  header: MessageHeader,
  given: { answer: StoreClientAnswer; exchange: Exchange },
): readonly Buffer[] {
  const { answer, exchange } = given
  const result = answer.kind === 'accepted' ? 'accepted' : answer.error
  return dueAcks(header, answer.kind).flatMap(
    (mode) =>
      writeAck({
        request: header,
        result,
        warnings: answer.warnings,
        journalId: exchange.id,
        now: new Date(),
        controlId: randomUUID().replaceAll('-', '').slice(0, 20),
        mode,
      }) ?? [],
  )
}

const ER7_TYPE = 'x-application/hl7-v2+er7'
const ACCEPTED_TYPES: ReadonlySet<string> = new Set([
  ER7_TYPE,
  'application/hl7-v2',
  'application/hl7-v2+er7',
  'text/plain',
  'application/octet-stream',
])
const RETRY_AFTER_SECONDS = 5

export const STORE_CLIENT_PATH = '/storeclient'

export interface StoreClientRouteOptions extends StoreClientDoor {
  readonly systemOf: (request: FastifyRequest) => Pick<Sender, 'system' | 'active'>
  readonly maxBytes: number
}

/** POST /storeclient: one message; 200 with any ACK, 202 when none is due, 400 without MSH, 413, 415, 503. */
export function registerStoreClientRoute(app: FastifyInstance, options: StoreClientRouteOptions): void {
  app.post(STORE_CLIENT_PATH, async (request, reply) => {
    const known = options.systemOf(request)
    const sender: Sender = {
      ...known,
      door: 'https',
      endpoint: STORE_CLIENT_PATH,
      peer: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
    }
    try {
      const { type } = parseContentType(request.headers['content-type'] ?? '')
      if (!ACCEPTED_TYPES.has(type)) throw iheError('CONTENT_TYPE', { at: 'Content-Type', value: type })
      const bytes = await readWhole(request.body as AsyncIterable<Buffer>, options.maxBytes)
      return answer(reply, await receiveMessage(bytes, sender, options))
    } catch (error) {
      return refuseBeforeReading(reply, { error, sender, options })
    }
  })
}

function answer(reply: FastifyReply, received: Received): FastifyReply {
  const [ack] = received.acks
  const code = received.refusal?.row.code
  if (code === 'BUSY') reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  const status = code === 'HL7_NO_MSH' ? 400 : code === 'BUSY' ? 503 : ack === undefined ? 202 : 200
  return reply
    .code(status)
    .header('content-type', ER7_TYPE)
    .send(ack ?? Buffer.alloc(0))
}

/** The body was not read, so there is no MSH to answer; the status says what is wrong and the text what to do. */
async function refuseBeforeReading(
  reply: FastifyReply,
  given: { readonly error: unknown; readonly sender: Sender; readonly options: StoreClientRouteOptions },
): Promise<FastifyReply> {
  const { error, sender, options } = given
  if (!(error instanceof IheError)) throw error
  const exchange = newExchange({
    door: 'https',
    endpoint: sender.endpoint,
    peer: sender.peer,
    transaction: storeClientPush.id,
  })
  const caller: Caller = { ...sender.system, exchange }
  await recordExchange(options.ports, caller, { result: 'failure', errors: [error], evidence: NO_EVIDENCE })
  observe(options.ports, exchange, { result: 'failure', code: error.row.code, systemId: caller.systemId })
  return reply
    .code(error.row.http)
    .header('connection', 'close')
    .type('text/plain; charset=UTF-8')
    .send(`${error.row.message}. ${error.row.hint}\n${error.row.ja}\njournal ${exchange.id}\n`)
}
