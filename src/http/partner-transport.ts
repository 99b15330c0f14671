// How a message of ours reaches a community and its answer comes back; what comes is a stranger's (ITI TF-2 Appendix V.3).

import { Readable } from 'node:stream'
import { type Agent, request } from 'undici'
import { iti39, type Transaction } from '../../profiles/transactions/index.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { tapped } from './keeping.ts'
import type { Taking, Transport } from './partner-message.ts'
import { type Packed, unpack } from './soap-message.ts'

/** The answer comes back on the connection of the request. */
export function overConnection(agent: Agent, taking: Taking): Transport {
  return async (message, { transaction, url, withinMs }, crossing) => {
    const response = await request(url, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': message.contentType },
      body: Buffer.isBuffer(message.body) ? message.body : Readable.from(message.body, { objectMode: false }),
      headersTimeout: withinMs,
      bodyTimeout: withinMs,
      signal: AbortSignal.timeout(withinMs),
    })
    // Whoever reads it hears of its end by reading; what is not read, as a page of a proxy, may break as it likes.
    response.body.on('error', () => {})
    const contentType = String(response.headers['content-type'] ?? `none, HTTP ${response.statusCode}`)
    const { body, seen } = tapped(response.body)
    try {
      return { contentType, packed: await take({ contentType, body, transaction }, taking) }
    } catch (error) {
      const head = seen()
      crossing.answer = head === undefined ? undefined : { ...head, contentType, parts: [] }
      response.body.destroy()
      throw error
    }
  }
}

/** Bytes of an answer → message with its parts staged; none of them stays when it cannot be read. */
export async function take(
  arriving: { readonly contentType: string; readonly body: AsyncIterable<Buffer>; readonly transaction: Transaction },
  taking: Taking,
): Promise<Packed> {
  const staged: StagedContent[] = []
  try {
    return await unpack(arriving.body, {
      contentType: arriving.contentType,
      maxSoapBytes: taking.maxAnswerBytes,
      maxRequestBytes: taking.maxRequestBytes,
      maxDocumentBytes: taking.maxDocumentBytes,
      ...(arriving.transaction.id === iti39.id
        ? {
            stage: async (part: AsyncIterable<Buffer>) => {
              const content = await taking.staging.stage(part)
              staged.push(content)
              return content
            },
          }
        : {}),
    })
  } catch (error) {
    for (const content of staged) await taking.staging.discard(content)
    throw error
  }
}
