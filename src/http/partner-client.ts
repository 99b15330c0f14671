// ITI-38 and ITI-39 towards neighbouring communities: within a time, a few at once, and not at all while one is failing (ITI TF-2 3.38, 3.39).

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { Agent, request } from 'undici'
import { iheError } from '../../profiles/errors/index.ts'
import { iti38, iti39, type Transaction } from '../../profiles/transactions/index.ts'
import { readCrossQueryResponse } from '../codec/ebxml/cross-query.ts'
import { type RetrievedDocument, readRetrieveResponse, writeRetrieveRequest } from '../codec/ebxml/retrieve.ts'
import { writeRelated } from '../codec/mtom/write.ts'
import { readAnswer, SoapFaultError } from '../codec/soap/answer.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import { type Markup, trusted } from '../codec/xml/write.ts'
import { type Breaker, createBreaker } from '../gateway/breaker.ts'
import type { AskCommunity, FetchFromCommunity, ForeignDocument, Reach } from '../gateway/ports.ts'
import { journalEntry } from '../journal/entry.ts'
import type { Caller, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { enter } from '../model/stations.ts'
import { RESPONSE_FAILURE, RESPONSE_PARTIAL, RESPONSE_SUCCESS } from '../model/xds.ts'
import { type DoorPorts, newExchange, observe } from './door.ts'
import { nameOf } from './failure.ts'
import { type Crossing, keepExchange, tapped, wholeMessage } from './keeping.ts'
import { connectorOf, type OutgoingTls } from './outgoing-tls.ts'
import { parse, unpack } from './soap-message.ts'

export interface PartnerClientOptions {
  /** Our certificate, and the authorities that the community's must come from. */
  readonly tlsTo: (facilityId: string) => OutgoingTls
  readonly ports: DoorPorts
  /** How a community is reached now. */
  readonly reachOf: (facilityId: string) => Promise<Reach | undefined>
  /** For all communities of one query together, milliseconds. */
  readonly queryBudgetMs: number
  readonly maxAnswerBytes: number
  readonly maxDocumentBytes: number
  readonly maxRequestBytes: number
  readonly staging: {
    readonly stage: (body: AsyncIterable<Buffer>) => Promise<StagedContent>
    readonly discard: (staged: StagedContent) => Promise<void>
  }
}

export interface PartnerClient {
  readonly ask: AskCommunity
  readonly fetch: FetchFromCommunity
  readonly close: () => Promise<void>
}

const CONNECT_MS = 3000
/** Calls to one community at a time: one that is slow must not take everything that this process has. */
const MAX_AT_ONCE = 10
const RESULTS = { [RESPONSE_SUCCESS]: 'success', [RESPONSE_PARTIAL]: 'partial', [RESPONSE_FAILURE]: 'failure' } as const

interface Line {
  readonly agent: Agent
  readonly breaker: Breaker
  atWork: number
}

interface Call {
  readonly transaction: Transaction
  readonly url: string
  readonly withinMs: number
  readonly body: Markup
}

export function createPartnerClient(options: PartnerClientOptions): PartnerClient {
  const { ports, staging } = options
  const lines = new Map<string, Line>()

  function lineTo(facilityId: string): Line {
    const known = lines.get(facilityId)
    if (known !== undefined) return known
    const agent = new Agent({ connect: connectorOf(options.tlsTo(facilityId), CONNECT_MS) })
    const line = { agent, breaker: createBreaker(), atWork: 0 }
    lines.set(facilityId, line)
    return line
  }

  /** Its body and what was staged; how it ended is counted, journalled and told to the breaker. */
  async function call<T>(
    reach: Reach,
    given: Call,
    work: (answer: Answered) => Promise<T>,
    caller: Caller,
  ): Promise<{ readonly value: T } | { readonly kind: 'unavailable'; readonly reason: string }> {
    const line = lineTo(reach.facilityId)
    if (line.atWork >= MAX_AT_ONCE) return { kind: 'unavailable', reason: `${MAX_AT_ONCE} calls to it are under way` }
    const admitted = line.breaker.admits()
    if (admitted === undefined)
      return {
        kind: 'unavailable',
        reason: `it failed repeatedly, next try in ${line.breaker.opensInSeconds() ?? 0} s`,
      }
    line.atWork += 1
    const crossing: Crossings = { exchange: exchangeTo(given), request: undefined, answer: undefined }
    try {
      const value = await work(await post(line.agent, given, crossing, options))
      line.breaker.succeeded(admitted)
      record({ crossing, reach, caller, ports, reason: undefined })
      return { value }
    } catch (error) {
      const reason = reasonOf(error)
      // A community that says what is wrong with our message is there.
      if (error instanceof SoapFaultError && error.code !== 'Receiver') line.breaker.succeeded(admitted)
      else line.breaker.failed(admitted)
      record({ crossing, reach, caller, ports, reason })
      return { kind: 'unavailable', reason }
    } finally {
      line.atWork -= 1
    }
  }

  return {
    ask: async (community, body, caller) => {
      const reach = await options.reachOf(community.facilityId)
      if (reach === undefined) return { kind: 'unavailable', reason: 'it is no longer asked' }
      const withinMs = Math.min(reach.queryMs, options.queryBudgetMs)
      const given = { transaction: iti38, url: reach.queryUrl, withinMs, body: trusted(body) }
      const ended = await call(reach, given, async ({ body }) => readQuery(body), caller)
      return 'value' in ended ? { kind: 'answered', ...ended.value } : ended
    },
    fetch: async (community, requests, caller) => {
      const reach = await options.reachOf(community.facilityId)
      if (reach === undefined) return { kind: 'unavailable', reason: 'it is no longer asked' }
      const body = writeRetrieveRequest(requests)
      const given = { transaction: iti39, url: reach.retrieveUrl, withinMs: reach.retrieveMs, body }
      const ended = await call(reach, given, (answer) => readDocuments(answer, staging), caller)
      return 'value' in ended ? { kind: 'answered', ...ended.value } : ended
    },
    close: async () => {
      await Promise.all([...lines.values()].map(({ agent }) => agent.destroy()))
    },
  }
}

/** What crossed the wire so far. */
interface Crossings {
  exchange: Exchange
  request: Crossing | undefined
  answer: Crossing | undefined
}

interface Answered {
  readonly body: XmlElement
  readonly parts: ReadonlyMap<string, StagedContent>
}

/** @throws {Error} for everything that is no answer to this message, within its time. */
async function post(
  agent: Agent,
  { transaction, url, withinMs, body }: Call,
  crossing: Crossings,
  options: PartnerClientOptions,
): Promise<Answered> {
  const { action, responseAction, mtom } = transaction
  const { messageId = '' } = crossing.exchange
  const envelope = writeEnvelope({ action, messageId, to: url, replyTo: ANONYMOUS, body })
  const packed =
    mtom === 'required'
      ? writeRelated(envelope, [])
      : { contentType: `application/soap+xml; charset=UTF-8; action="${action}"`, body: Buffer.from(envelope) }
  crossing.request = wholeMessage(Buffer.from(envelope), { contentType: packed.contentType })
  crossing.exchange = { ...crossing.exchange, requestBytes: crossing.request.sizeBytes }
  const response = await request(url, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': packed.contentType },
    body: Buffer.isBuffer(packed.body) ? packed.body : Readable.from(packed.body, { objectMode: false }),
    headersTimeout: withinMs,
    bodyTimeout: withinMs,
    signal: AbortSignal.timeout(withinMs),
  })
  const contentType = String(response.headers['content-type'] ?? `none, HTTP ${response.statusCode}`)
  const { body: arriving, seen } = tapped(response.body)
  const staged: StagedContent[] = []
  try {
    const unpacked = await unpack(arriving, {
      contentType,
      maxSoapBytes: options.maxAnswerBytes,
      maxRequestBytes: options.maxRequestBytes,
      maxDocumentBytes: options.maxDocumentBytes,
      ...(transaction.id === iti39.id
        ? {
            stage: async (part: AsyncIterable<Buffer>) => {
              const content = await options.staging.stage(part)
              staged.push(content)
              return content
            },
          }
        : {}),
    })
    crossing.answer = { ...wholeMessage(unpacked.root, { contentType }), sizeBytes: unpacked.bytes }
    const message = readAnswer(parse(unpacked).document)
    if (message.action !== responseAction || message.relatesTo !== messageId)
      throw iheError('COMMUNITY_ANSWER_INVALID', { rule: 'the answer is not one to this message' })
    return { body: message.body, parts: unpacked.parts }
  } catch (error) {
    const head = seen()
    crossing.answer ??= head === undefined ? undefined : { ...head, contentType, parts: [] }
    response.body.destroy()
    for (const content of staged) await options.staging.discard(content)
    throw error
  }
}

function readQuery(body: XmlElement) {
  const { status, errors, objects } = readCrossQueryResponse(body)
  return { result: resultOf(status), errors, objects }
}

/** @throws {IheError} COMMUNITY_ANSWER_INVALID */
function resultOf(status: string): 'success' | 'partial' | 'failure' {
  const result = (RESULTS as Readonly<Record<string, 'success' | 'partial' | 'failure'>>)[status]
  if (result === undefined) throw iheError('COMMUNITY_ANSWER_INVALID', { rule: 'a status of ITI TF-3 4.2.4.2' })
  return result
}

/** Documents with their bytes staged; parts that belong to none are removed, and all of them when the answer is none. */
async function readDocuments({ body, parts }: Answered, { stage, discard }: PartnerClientOptions['staging']) {
  const staged = new Set(parts.values())
  const taken = new Set<StagedContent>()
  try {
    const { errors, documents } = readRetrieveResponse(body)
    const received: ForeignDocument[] = []
    for (const document of documents) {
      const content = await contentOf(document, parts, stage)
      staged.add(content)
      // What two documents share would be removed when the first of them was passed on.
      if (taken.has(content)) throw iheError('COMMUNITY_ANSWER_INVALID', { rule: 'a part for each document' })
      taken.add(content)
      received.push({ ...described(document), staged: content })
    }
    for (const content of staged) if (!taken.has(content)) await discard(content)
    return { documents: received, errors }
  } catch (error) {
    for (const content of staged) await discard(content)
    throw error
  }
}

function described({ request, mimeType, snapshot }: RetrievedDocument): Omit<ForeignDocument, 'staged'> {
  const { repositoryUniqueId, documentUniqueId } = request
  return { repositoryUniqueId, documentUniqueId, mimeType, ...(snapshot === undefined ? {} : { snapshot }) }
}

async function contentOf(
  { content }: RetrievedDocument,
  parts: ReadonlyMap<string, StagedContent>,
  stage: PartnerClientOptions['staging']['stage'],
): Promise<StagedContent> {
  if (content.kind === 'inline') return stage(Readable.from([content.bytes]))
  const staged = parts.get(content.contentId)
  if (staged === undefined)
    throw iheError('COMMUNITY_ANSWER_INVALID', { rule: 'a part for each document that includes one' })
  return staged
}

function exchangeTo({ transaction, url }: Call): Exchange {
  const { origin, host, pathname } = new URL(url)
  const exchange = newExchange({
    door: 'https',
    endpoint: `${origin}${pathname}`,
    peer: host,
    transaction: transaction.id,
  })
  enter(exchange.stations, 'call')
  return { ...exchange, messageId: `urn:uuid:${randomUUID()}` }
}

/** For operators and the answer's codeContext: names and codes, nothing that quotes the other side. */
function reasonOf(error: unknown): string {
  if (error instanceof SoapFaultError) return `SOAP fault ${error.subcode ?? error.code}`
  if (error instanceof IheError) return [error.row.code, error.rule].filter((part) => part !== undefined).join(': ')
  const { code = '', name } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return 'no whole answer in time'
  return typeof code === 'string' && code !== '' ? code : nameOf(error)
}

/**
 * An entry of the community, not of the system for which it was asked: that one may see less of the answer than came, and whose an entry
 * is sees it whole (docs/adr/0039).
 */
function record(given: {
  readonly crossing: Crossings
  readonly reach: Reach
  readonly caller: Caller
  readonly ports: DoorPorts
  readonly reason: string | undefined
}): void {
  const { reach, caller, ports, reason } = given
  const { exchange, request: asked, answer } = given.crossing
  const error =
    reason === undefined ? undefined : iheError('COMMUNITY_UNAVAILABLE', { at: exchange.endpoint, rule: reason })
  const result = error === undefined ? 'success' : 'failure'
  observe(ports, exchange, { result, code: error?.row.code ?? '', systemId: caller.systemId })
  const ended = { result, errors: error === undefined ? [] : [error], evidence: NO_EVIDENCE } as const
  const entry = journalEntry(
    exchange,
    { facilityId: reach.facilityId },
    {
      ...ended,
      now: performance.now(),
      ...(answer === undefined ? {} : { responseBytes: answer.sizeBytes }),
    },
  )
  keepExchange(ports, { exchange, ended, request: asked, answer })
  ports.recorder
    .record({ events: [], entries: [entry] })
    .catch((cause: unknown) =>
      ports.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'a call to a community could not be journalled'),
    )
}
