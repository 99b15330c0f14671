// StoreClient: what its HL7 v2.5 messages are, and its door over HTTPS, POST /storeclient.

import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import type { Reading } from '../../profiles/partners/index.ts'
import { storeClientDemographics, storeClientPush } from '../../profiles/transactions/index.ts'
import { readEr7 } from '../codec/hl7v2/read.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { LARGE_BYTES } from '../mllp/connection.ts'
import type { Caller, CallingSystem } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import type { Sequences } from '../model/sequence-number.ts'
import type { StoreClientAnswer, StoreClientRequest } from '../storeclient/accept.ts'
import { newExchange, observe, recordExchange } from './door.ts'
import { receive } from './hl7v2-batch.ts'
import type { Carriage, Hl7v2Door, Hl7v2Service, Performed, Received, Sender } from './hl7v2-door.ts'
import { type Crossing, keepExchange, type Tapped, tapped, wholeMessage } from './keeping.ts'
import { readWhole } from './soap-message.ts'
import { originOf } from './storeclient-origin.ts'
import { createSequencer } from './storeclient-sequence.ts'
import { holdTo } from './storeclient-strict.ts'

export interface StoreClientServiceOptions {
  readonly accept: (request: StoreClientRequest, caller: Caller) => Promise<Outcome<StoreClientAnswer>>
  /** What was agreed with a sender. */
  readonly readingOf: (system: CallingSystem) => Reading
  readonly onTolerated?: Hl7v2Service['onTolerated']
  readonly sequences: Sequences
}

/** Pushes of facilities: what the actor makes of a message that could be read. */
export function storeClientService(options: StoreClientServiceOptions): Hl7v2Service {
  const { accept, readingOf, onTolerated } = options
  const sequenced = createSequencer(options.sequences)
  const perform = async (bytes: Buffer, caller: Caller, carriage: Carriage): Promise<Performed> => {
    const { charset } = carriage
    const reading = readingOf(caller)
    const message = readEr7(bytes, { eightBit: reading.eightBit, ...(charset === undefined ? {} : { charset }) })
    holdTo(reading, message)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const origin = originOf({ message, caller, carriage, reading, sha256 })
    const take = () => accept({ message, bytes, sha256, ...(origin === undefined ? {} : { origin }) }, caller)
    return reading.sequenceNumbers === 'on' ? sequenced({ systemId: caller.systemId, message, perform: take }) : take()
  }
  return {
    transactionOf: ({ messageCode }) => (messageCode === 'ADT' ? storeClientDemographics : storeClientPush),
    perform,
    ...(onTolerated === undefined ? {} : { onTolerated }),
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
const TEXT_TYPE = 'text/plain; charset=UTF-8'
const RETRY_AFTER_SECONDS = 5

/** X-StoreClient-Kind: the data kind, where MSH-9 leaves it open. */
const KIND_HEADER = 'x-storeclient-kind'
/** X-StoreClient-Storage and X-StoreClient-Path: where a file lies. Names are more than ASCII, so that they come percent-encoded. */
const STORAGE_HEADER = 'x-storeclient-storage'
const PATH_HEADER = 'x-storeclient-path'

export const STORE_CLIENT_PATH = '/storeclient'

export interface StoreClientDoor extends Omit<Hl7v2Door, 'ports' | 'rate'> {
  /** What was agreed with a sender. */
  readonly readingOf: (system: CallingSystem) => Reading
}

export interface StoreClientRouteOptions extends StoreClientDoor, Pick<Hl7v2Door, 'ports' | 'rate'> {
  readonly systemOf: (request: FastifyRequest) => Pick<Sender, 'system' | 'active'>
  readonly maxBytes: number
}

/** POST /storeclient: one message or batch; 200 with any ACK, 202 when none is due, 400 without MSH, 413, 415, 503. */
export function registerStoreClientRoute(app: FastifyInstance, options: StoreClientRouteOptions): void {
  app.post(STORE_CLIENT_PATH, async (request, reply) => {
    const { headers } = request
    const known = options.systemOf(request)
    const sender: Sender = {
      ...known,
      door: 'https',
      endpoint: STORE_CLIENT_PATH,
      peer: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
    }
    const tap = tapped(request.body as AsyncIterable<Buffer>)
    try {
      const { type, parameters } = parseContentType(headers['content-type'] ?? '')
      if (!ACCEPTED_TYPES.has(type)) throw iheError('CONTENT_TYPE', { at: 'Content-Type', value: type })
      const bytes = await readBody({ headers, body: tap.body }, known.system, options)
      const carriage = carriageOf(request, parameters.get('charset'))
      const received = await receive(bytes, { ...sender, carriage, came: cameBy(headers) }, options)
      return answer(reply, received, options.readingOf(known.system))
    } catch (error) {
      const seen = tap.seen()
      const request = seen === undefined ? undefined : { ...cameBy(headers), ...seen, parts: [] }
      return refuseBeforeReading(reply, { error, sender, options, request })
    }
  })
}

/** What a message needs beside its bytes to be understood again. */
function cameBy(headers: FastifyRequest['headers']): NonNullable<Sender['came']> {
  const named = [KIND_HEADER, STORAGE_HEADER, PATH_HEADER].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  const contentType = headers['content-type']
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(named.length === 0 ? {} : { headers: Object.fromEntries(named) }),
  }
}

/** What the headers of a message say beside its bytes. */
export function carriageOf({ headers }: Pick<FastifyRequest, 'headers'>, charset: string | undefined): Carriage {
  const kind = headers[KIND_HEADER]
  const [label, path] = [headers[STORAGE_HEADER], headers[PATH_HEADER]].map(decoded)
  return {
    ...(charset === undefined ? {} : { charset }),
    ...(typeof kind === 'string' && kind !== '' ? { kind } : {}),
    ...(label === undefined && path === undefined ? {} : { storage: { label: label ?? '', path: path ?? '' } }),
  }
}

/** What cannot be decoded is no path either, and is refused as that. */
function decoded(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined
  try {
    return decodeURIComponent(header)
  } catch {
    return ''
  }
}

/** A large body is read when it is its turn, so that bodies under way cannot fill the memory. @throws {IheError} BUSY, TOO_LARGE. */
async function readBody(
  { headers, body }: Pick<FastifyRequest, 'headers'> & Pick<Tapped, 'body'>,
  { systemId }: CallingSystem,
  { maxBytes, largeMessages }: StoreClientRouteOptions,
): Promise<Buffer> {
  const { 'content-length': length } = headers
  // A body that does not tell its length may grow to any.
  const isLarge = length === undefined || Number(length) >= LARGE_BYTES
  const endTurn = isLarge ? await largeMessages?.take(systemId, 0) : undefined
  try {
    return await readWhole(body, maxBytes)
  } finally {
    endTurn?.()
  }
}

/** There is no second answer over HTTP: where a commit and an application acknowledgement are due, they follow one another. */
function answer(reply: FastifyReply, received: Received, reading: Reading): FastifyReply {
  const { answers, refusal } = received
  const status = statusOf(refusal, reading)
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  return reply
    .code(answers.length === 0 && status === 200 ? 202 : status)
    .header('content-type', ER7_TYPE)
    .send(Buffer.concat(answers))
}

function statusOf(refusal: IheError | undefined, { httpStatusOfRefusals }: Reading): number {
  if (refusal === undefined) return 200
  const { code, retry } = refusal.row
  if (code === 'HL7_NO_MSH') return 400
  if (code === 'BUSY' || code === 'TOO_MANY_REQUESTS') return 503
  if (httpStatusOfRefusals === '200') return 200
  return retry === 'never' ? 400 : 503
}

/** The body was not read, so there is no MSH to answer; the status says what is wrong and the text what to do. */
async function refuseBeforeReading(
  reply: FastifyReply,
  given: {
    readonly error: unknown
    readonly sender: Sender
    readonly options: StoreClientRouteOptions
    readonly request: Crossing | undefined
  },
): Promise<FastifyReply> {
  const { error, sender, options, request } = given
  if (!(error instanceof IheError)) throw error
  const exchange = newExchange({
    door: 'https',
    endpoint: sender.endpoint,
    peer: sender.peer,
    transaction: storeClientPush.id,
  })
  const caller: Caller = { ...sender.system, exchange }
  const ended = { result: 'failure', errors: [error], evidence: NO_EVIDENCE } as const
  await recordExchange(options.ports, caller, ended)
  observe(options.ports, exchange, { result: 'failure', code: error.row.code, systemId: caller.systemId })
  const text = Buffer.from(`${error.row.message}. ${error.row.hint}\n${error.row.ja}\njournal ${exchange.id}\n`)
  keepExchange(options.ports, { exchange, ended, request, answer: wholeMessage(text, { contentType: TEXT_TYPE }) })
  if (error.row.http === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  return reply.code(error.row.http).header('connection', 'close').type(TEXT_TYPE).send(text)
}
