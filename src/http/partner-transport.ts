// How a message of ours reaches a community and its answer comes back; what comes is a stranger's (ITI TF-2 Appendix V.3).

import { Readable } from 'node:stream'
import { type Agent, type Dispatcher, request } from 'undici'
import type { Awaiting } from '../gateway/awaiting.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { tapped } from './keeping.ts'
import { ours } from './own-fault.ts'
import type { Arrived, Call, Crossings, Sent, Taking, Transport } from './partner-message.ts'
import { type Packed, unpack } from './soap-message.ts'

/** The answer comes back on the connection of the request. */
export function overConnection(agent: Agent, taking: Taking): Transport {
  return async (message, given, crossing) => {
    const response = await send(agent, message, { ...given, signal: AbortSignal.timeout(given.withinMs) })
    return arrivedOn(response, { given, crossing, taking })
  }
}

/**
 * The community accepts the message, and answers at our address later. What it says at once instead is a fault, or an answer all the same
 * (ITI TF-2 Appendix V.3.3).
 */
export function atOurAddress(
  agent: Agent,
  given: { readonly awaiting: Awaiting; readonly facilityId: string } & Taking,
): Transport {
  const { awaiting, facilityId, ...taking } = given
  return async (message, call, crossing) => {
    const { messageId = '' } = crossing.exchange
    const { withinMs, transaction } = call
    const signal = AbortSignal.timeout(withinMs)
    const expected = await ours(awaiting.expect({ messageId, facilityId, transaction: transaction.id, withinMs }))
    try {
      const response = await send(agent, message, { ...call, signal })
      if (!isAcceptance(response)) return await arrivedOn(response, { given: call, crossing, taking })
      await response.body.dump({ limit: MAX_ACCEPTANCE_BYTES })
      return await expected.answer(signal)
    } finally {
      await ours(expected.end())
    }
  }
}

const ACCEPTED = 202
/** An acceptance is empty; more than this is not read. */
const MAX_ACCEPTANCE_BYTES = 64 * 1024

/** Some stacks accept with 200 and no content. */
function isAcceptance({ statusCode, headers }: Dispatcher.ResponseData): boolean {
  if (statusCode === ACCEPTED) return true
  return statusCode >= 200 && statusCode < 300 && headers['content-type'] === undefined
}

async function send(
  agent: Agent,
  { contentType, body }: Sent,
  { url, withinMs, signal }: Pick<Call, 'url' | 'withinMs'> & { readonly signal: AbortSignal },
): Promise<Dispatcher.ResponseData> {
  const response = await request(url, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': contentType },
    body: Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false }),
    headersTimeout: withinMs,
    bodyTimeout: withinMs,
    signal,
  })
  // Whoever reads it hears of its end by reading; what is not read, as a page of a proxy, may break as it likes.
  response.body.on('error', () => {})
  return response
}

async function arrivedOn(
  response: Dispatcher.ResponseData,
  { given, crossing, taking }: { readonly given: Call; readonly crossing: Crossings; readonly taking: Taking },
): Promise<Arrived> {
  const contentType = String(response.headers['content-type'] ?? `none, HTTP ${response.statusCode}`)
  const { body, seen } = tapped(response.body)
  const documents = given.transaction.mtom === 'required' ? 'staged' : 'unread'
  try {
    return { contentType, packed: await take({ contentType, body, documents }, taking) }
  } catch (error) {
    const head = seen()
    crossing.answer = head === undefined ? undefined : { ...head, contentType, parts: [] }
    response.body.destroy()
    throw error
  }
}

export interface Arriving {
  readonly contentType: string
  readonly body: AsyncIterable<Buffer>
  /** Whether there may be documents in it; their parts are passed over otherwise. */
  readonly documents: 'staged' | 'unread'
}

/** Bytes of an answer → message with its parts staged; none of them stays when it cannot be read. */
export async function take({ contentType, body, documents }: Arriving, taking: Taking): Promise<Packed> {
  const staged: StagedContent[] = []
  const stage = async (part: AsyncIterable<Buffer>): Promise<StagedContent> => {
    let isCut = false
    const content = await ours(taking.staging.stage(seenToEnd(part, () => (isCut = true))), () => !isCut)
    staged.push(content)
    return content
  }
  try {
    return await unpack(body, {
      contentType,
      maxSoapBytes: taking.maxAnswerBytes,
      maxRequestBytes: taking.maxRequestBytes,
      maxDocumentBytes: taking.maxDocumentBytes,
      ...(documents === 'staged' ? { stage } : {}),
    })
  } catch (error) {
    for (const content of staged) await taking.staging.discard(content)
    throw error
  }
}

/** Whoever reads a part cannot tell a connection that broke from a disk that is full. */
async function* seenToEnd(part: AsyncIterable<Buffer>, cut: () => void): AsyncIterable<Buffer> {
  try {
    yield* part
  } catch (error) {
    cut()
    throw error
  }
}
