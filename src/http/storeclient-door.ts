// StoreClient: what its HL7 v2.5 messages are, and its door over HTTPS, POST /storeclient.

import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { storeClientDemographics, storeClientPush } from '../../profiles/transactions/index.ts'
import { readEr7 } from '../codec/hl7v2/read.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import type { Caller } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import type { StoreClientAnswer, StoreClientRequest } from '../storeclient/accept.ts'
import { newExchange, observe, recordExchange } from './door.ts'
import { type Hl7v2Door, type Hl7v2Service, type Received, receiveMessage, type Sender } from './hl7v2-door.ts'
import { readWhole } from './soap-message.ts'

/** Pushes of facilities: what the actor makes of a message that could be read. */
export function storeClientService(
  accept: (request: StoreClientRequest, caller: Caller) => Promise<Outcome<StoreClientAnswer>>,
): Hl7v2Service {
  return {
    transactionOf: ({ messageCode }) => (messageCode === 'ADT' ? storeClientDemographics : storeClientPush),
    perform: (bytes, caller) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      return accept({ message: readEr7(bytes), bytes, sha256 }, caller)
    },
    versions: new Set(['2.5']),
  }
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

export interface StoreClientRouteOptions extends Hl7v2Door {
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
  const [ack] = received.answers
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
