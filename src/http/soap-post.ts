// Posts one HL7 v3 message and reads what its answer says of it, for jobs that try again until it is taken (ITI TF-2 3.44, 3.45, 3.46; Appendix V.3).

import { type Agent, request } from 'undici'
import { readAcknowledgement } from '../codec/hl7v3/read-acknowledgement.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { readAnswer, SoapFaultError } from '../codec/soap/answer.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import { readXml } from '../codec/xml/read.ts'
import type { Sent } from '../identity/notify.ts'
import { IheError } from '../model/error.ts'
import { type Crossing, wholeMessage } from './keeping.ts'
import { readWhole } from './soap-message.ts'

export interface Posting {
  readonly url: string
  readonly contentType: string
  readonly bytes: Buffer
  readonly agent: Agent
  readonly signal: AbortSignal
}

/** What came of it: its message, and to which one of ours it says to belong. */
export interface Answered {
  readonly body: XmlElement
  readonly relatesTo: string | undefined
}

/** What became of a message. */
export type Verdict = Pick<Sent, 'answer' | 'reason'>

/** An answer has a page of text at most, and a few ids. */
const MAX_ANSWER_BYTES = 1024 * 1024

export function soapContentType(action: string): string {
  return `application/soap+xml; charset=UTF-8; action="${action}"`
}

/**
 * A fault of the sender is refused for good; what cannot be read may be another thing the next time.
 * @param understand what the answer says; its IheErrors mean that it is no answer.
 * @returns with the answer as it came, when one did.
 * @throws {Error} when there is no connection, or no whole answer in time.
 */
export async function postForAnswer<T extends Verdict>(
  { url, contentType, bytes, agent, signal }: Posting,
  understand: (answered: Answered) => T,
): Promise<(T | Verdict) & { readonly heard?: Crossing }> {
  const response = await request(url, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': contentType },
    body: bytes,
    signal,
  })
  const answerType = String(response.headers['content-type'] ?? '')
  const status = `HTTP ${response.statusCode}`
  if (!/^application\/soap\+xml\b/i.test(answerType)) {
    // Whatever answers there, it is not who was meant: a wrong path, a proxy, a redirection.
    await response.body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => {})
    return { answer: 'unreachable', reason: status }
  }
  const answer = await readWhole(response.body, MAX_ANSWER_BYTES)
  const charset = parseContentType(answerType).parameters.get('charset')
  const read = (): T => {
    const { body, relatesTo } = readAnswer(readXml(answer, charset === undefined ? {} : { charset }))
    return understand({ body, relatesTo })
  }
  return { ...verdictOf(read, status), heard: wholeMessage(answer, { contentType: answerType }) }
}

function verdictOf<T extends Verdict>(read: () => T, status: string): T | Verdict {
  try {
    return read()
  } catch (error) {
    if (error instanceof SoapFaultError)
      return {
        answer: error.code === 'Receiver' ? 'busy' : 'refused',
        reason: `SOAP fault ${error.subcode ?? error.code}`,
      }
    if (error instanceof IheError) return { answer: 'busy', reason: `${status}, ${error.row.code}` }
    throw error
  }
}

/** What MCCI_IN000002UV01 says of the message with this id. @throws {IheError} for what is none. */
export function acknowledgementOf(body: XmlElement, messageId: string): Verdict {
  const { code, details, target } = readAcknowledgement(body)
  if (target !== undefined && target.root.toLowerCase() !== messageId)
    return { answer: 'busy', reason: 'the acknowledgement is about another message' }
  return acknowledged(
    code,
    details.map((detail) => detail.code).find((detail) => detail !== ''),
  )
}

/** CA, CE and CR as the readers make them of either family; others speak for none and are asked again. */
export function acknowledged(code: string, detail: string | undefined): Verdict {
  const reason = detail === undefined ? code : `${code} ${detail}`
  switch (code.replace(/^A/, 'C')) {
    case 'CA':
      return { answer: 'accepted', reason }
    case 'CE':
      return { answer: 'refused', reason }
    default:
      return { answer: 'busy', reason }
  }
}
