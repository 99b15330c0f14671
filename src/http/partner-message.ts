// The messages of ITI-38 and ITI-39 as the Initiating Gateway sends and reads them; what comes is a stranger's (ITI TF-2 3.38.4, 3.39.4).

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { iheError } from '../../profiles/errors/index.ts'
import type { Transaction } from '../../profiles/transactions/index.ts'
import { readCrossQueryResponse } from '../codec/ebxml/cross-query.ts'
import { type RetrievedDocument, readRetrieveResponse } from '../codec/ebxml/retrieve.ts'
import { writeRelated } from '../codec/mtom/write.ts'
import { readAnswer } from '../codec/soap/answer.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { ForeignDocument } from '../gateway/ports.ts'
import type { Exchange } from '../model/caller.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { enter } from '../model/stations.ts'
import { RESPONSE_FAILURE, RESPONSE_PARTIAL, RESPONSE_SUCCESS } from '../model/xds.ts'
import { newExchange } from './door.ts'
import { type Crossing, wholeMessage } from './keeping.ts'
import { ours } from './own-fault.ts'
import { type Expected, takeAnswer } from './partner-tolerance.ts'
import { type Packed, parse } from './soap-message.ts'

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
  /** Header blocks beside those of WS-Addressing, rendered. */
  readonly blocks?: readonly Markup[]
  /** Header blocks of the answer that are honoured, as `{namespace}local`. */
  readonly understood?: ReadonlySet<string>
}

/** What crossed the wire so far. */
export interface Crossings {
  exchange: Exchange
  request: Crossing | undefined
  answer: Crossing | undefined
  /** Tolerances without which the answer would have been refused. */
  waived?: readonly string[]
  /** Kinds of documents that no agreement covers, one for each that was left out. */
  leftOut?: readonly string[]
}

export interface Answered {
  readonly body: XmlElement
  /** Every header block, in order. */
  readonly headers: readonly XmlElement[]
  readonly parts: ReadonlyMap<string, StagedContent>
}

/** A message of ours, ready to leave. */
export interface Sent {
  readonly contentType: string
  readonly body: Buffer | AsyncIterable<Buffer>
}

/** An answer as it came, its parts staged; whose it is, is still to be seen. */
export interface Arrived {
  readonly contentType: string
  readonly packed: Packed
}

/** Takes a message of ours to the community and waits for what it answers. @throws {Error} when that does not come whole and in time */
export type Transport = (message: Sent, given: Call, crossing: Crossings) => Promise<Arrived>

/**
 * @param replyTo where the answer is to go: back on the connection, or to an address of ours.
 * @throws {Error} for everything that is no answer to this message, within its time.
 */
export async function converse(
  given: Call,
  crossing: Crossings,
  by: {
    readonly replyTo: string
    readonly transport: Transport
    readonly discard: Taking['staging']['discard']
    readonly community: Expected['community']
  },
): Promise<Answered> {
  const { messageId = '' } = crossing.exchange
  const { transaction, url, body, blocks = [] } = given
  const { action } = transaction
  const envelope = writeEnvelope({ action, messageId, to: url, replyTo: by.replyTo, blocks, body })
  const sent =
    transaction.mtom === 'required'
      ? writeRelated(envelope, [])
      : { contentType: `application/soap+xml; charset=UTF-8; action="${action}"`, body: Buffer.from(envelope) }
  crossing.request = wholeMessage(Buffer.from(envelope), { contentType: sent.contentType })
  crossing.exchange = { ...crossing.exchange, requestBytes: crossing.request.sizeBytes }
  const { contentType, packed } = await by.transport(sent, given, crossing)
  try {
    crossing.answer = { ...wholeMessage(packed.root, { contentType }), sizeBytes: packed.bytes }
    const message = readAnswer(parse(packed).document, given.understood)
    const coming = { ...message, packaging: packed.packaging }
    const taken = takeAnswer(coming, { transaction, messageId, community: by.community })
    crossing.waived = taken.waived
    crossing.leftOut = taken.leftOut
    return { body: taken.body, headers: message.headers, parts: packed.parts }
  } catch (error) {
    for (const content of packed.parts.values()) await by.discard(content)
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
  return { ...request, mimeType, ...(snapshot === undefined ? {} : { snapshot }) }
}

async function contentOf(
  { content }: RetrievedDocument,
  parts: ReadonlyMap<string, StagedContent>,
  stage: Taking['staging']['stage'],
): Promise<StagedContent> {
  if (content.kind === 'inline') return ours(stage(Readable.from([content.bytes])))
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
