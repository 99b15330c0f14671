// The messages of ITI-38 and ITI-39 as the Initiating Gateway sends and reads them; what comes is a stranger's (ITI TF-2 3.38.4, 3.39.4).

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Agent, request } from 'undici'
import { iheError } from '../../profiles/errors/index.ts'
import { iti39, type Transaction } from '../../profiles/transactions/index.ts'
import { readCrossQueryResponse } from '../codec/ebxml/cross-query.ts'
import { type RetrievedDocument, readRetrieveResponse } from '../codec/ebxml/retrieve.ts'
import { writeRelated } from '../codec/mtom/write.ts'
import { readAnswer } from '../codec/soap/answer.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { ForeignDocument } from '../gateway/ports.ts'
import type { Exchange } from '../model/caller.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { enter } from '../model/stations.ts'
import { RESPONSE_FAILURE, RESPONSE_PARTIAL, RESPONSE_SUCCESS } from '../model/xds.ts'
import { newExchange } from './door.ts'
import { type Crossing, tapped, wholeMessage } from './keeping.ts'
import { parse, unpack } from './soap-message.ts'

/** How much of an answer is taken, and where its documents go. */
export interface Taking {
  readonly maxAnswerBytes: number
  readonly maxDocumentBytes: number
  readonly maxRequestBytes: number
  readonly staging: {
    readonly stage: (body: AsyncIterable<Buffer>) => Promise<StagedContent>
    readonly discard: (staged: StagedContent) => Promise<void>
  }
}

const RESULTS = { [RESPONSE_SUCCESS]: 'success', [RESPONSE_PARTIAL]: 'partial', [RESPONSE_FAILURE]: 'failure' } as const

export interface Call {
  readonly transaction: Transaction
  readonly url: string
  readonly withinMs: number
  readonly body: Markup
}

/** What crossed the wire so far. */
export interface Crossings {
  exchange: Exchange
  request: Crossing | undefined
  answer: Crossing | undefined
}

export interface Answered {
  readonly body: XmlElement
  readonly parts: ReadonlyMap<string, StagedContent>
}

/** @throws {Error} for everything that is no answer to this message, within its time. */
export async function post(
  agent: Agent,
  { transaction, url, withinMs, body }: Call,
  crossing: Crossings,
  options: Taking,
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

export function readQuery(body: XmlElement) {
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
export async function readDocuments({ body, parts }: Answered, { stage, discard }: Taking['staging']) {
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
  stage: Taking['staging']['stage'],
): Promise<StagedContent> {
  if (content.kind === 'inline') return stage(Readable.from([content.bytes]))
  const staged = parts.get(content.contentId)
  if (staged === undefined)
    throw iheError('COMMUNITY_ANSWER_INVALID', { rule: 'a part for each document that includes one' })
  return staged
}

export function exchangeTo({ transaction, url }: Call): Exchange {
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
