// ITI-44 and ITI-45 towards the PIX Manager of a neighbouring community: one message and its answer, within a bounded time (ITI TF-2 3.44, 3.45).

import { iti44Add, iti44Merge, iti44Revise, iti45, NS, type Transaction } from '../../profiles/transactions/index.ts'
import { readAcknowledgement } from '../codec/hl7v3/read-acknowledgement.ts'
import { descend, hasUnreadIds, readQueryResponse } from '../codec/hl7v3/read-query-response.ts'
import { type OutgoingFeed, type OutgoingMerge, writeFeed } from '../codec/hl7v3/write-feed.ts'
import { writeQuery, writeQueryParameters } from '../codec/hl7v3/write-query.ts'
import type { MessageStamp } from '../codec/hl7v3/write-transmission.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { Attempt, Heard } from '../identity/synchronise-ports.ts'
import type { Exchange } from '../model/caller.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { createAgents } from './agents.ts'
import { type DoorPorts, newExchange } from './door.ts'
import { nameOf } from './failure.ts'
import { type Crossing, keepExchange, wholeMessage } from './keeping.ts'
import type { OutgoingTls } from './outgoing-tls.ts'
import { type Answered, acknowledgementOf, postForAnswer, soapContentType, type Verdict } from './soap-post.ts'

export interface PixClientOptions {
  /** Our certificate, and the authorities that the community's must come from. */
  readonly tlsTo: (facilityId: string) => OutgoingTls
  /** From the connection to the answer. */
  readonly timeoutMs: number
  /** This network as a device (ITI TF-2 Appendix O). */
  readonly device: Oid
  /** Name of the authority of our patient ids. */
  readonly authorityName: string
  readonly ports: Pick<DoorPorts, 'keeper'>
}

export interface PixClient {
  readonly send: (attempt: Attempt, signal: AbortSignal) => Promise<Heard>
  readonly close: () => Promise<void>
}

interface Outgoing {
  readonly transaction: Transaction
  readonly bytes: Buffer
  readonly asked?: Heard['query']
}

type Answer = Verdict & Pick<Heard, 'ids'>

/** Never rejects: what goes wrong on the way is an answer too. */
export function createPixClient(options: PixClientOptions): PixClient {
  const agents = createAgents(options)
  return {
    send: async (attempt, signal) => {
      const outgoing = messageOf(attempt, options)
      const exchange = exchangeOf(attempt, outgoing)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])
      const agent = agents.to(attempt.facilityId)
      const contentType = soapContentType(outgoing.transaction.action)
      const posting = { url: attempt.to.url, contentType, bytes: outgoing.bytes, agent, signal: limit }
      const { heard, ...answer } = await postForAnswer(posting, (answered) => understand(answered, attempt)).catch(
        (error: unknown): Answer & { readonly heard?: Crossing } => ({ answer: 'unreachable', reason: nameOf(error) }),
      )
      keepExchange(options.ports, {
        exchange,
        ended: { result: answer.answer === 'accepted' ? 'success' : 'failure', errors: [], evidence: NO_EVIDENCE },
        request: wholeMessage(outgoing.bytes, { contentType }),
        answer: heard,
      })
      const responseBytes = heard === undefined ? {} : { responseBytes: heard.sizeBytes }
      return {
        ...answer,
        ...responseBytes,
        exchange,
        ...(outgoing.asked === undefined ? {} : { query: outgoing.asked }),
      }
    },
    close: agents.close,
  }
}

const FEEDS = { add: iti44Add, revise: iti44Revise, merge: iti44Merge } as const

/** The same bytes at every attempt, so that a receiver knows a repetition. */
function messageOf({ to, message }: Attempt, options: PixClientOptions): Outgoing {
  const { messageId, composedAt, content } = message
  const stamp: MessageStamp = { id: { root: messageId }, at: composedAt }
  const parties = { sender: { id: options.device }, receiver: { id: to.device } }
  if (content.kind === 'ask') {
    const query = { ...parties, queryId: { root: messageId }, patientId: content.id, dataSources: to.domains }
    const body = writeQuery(query, stamp)
    const asked = { id: messageId, text: writeQueryParameters(query, NS.hl7) }
    return { ...enveloped(iti45, body, { to: to.url, messageId }), asked }
  }
  const { id, demographics } = content
  const described = { ...parties, patientIds: [id], otherIds: [], demographics, providerName: options.authorityName }
  const feed: OutgoingFeed | OutgoingMerge =
    content.kind === 'merge'
      ? { ...described, kind: content.kind, subsumed: content.subsumed }
      : { ...described, kind: content.kind }
  return enveloped(FEEDS[content.kind], writeFeed(feed, stamp), { to: to.url, messageId })
}

function enveloped(
  transaction: Transaction,
  body: Markup,
  { to, messageId }: { readonly to: string; readonly messageId: string },
): Outgoing {
  const { action } = transaction
  const envelope = { action, messageId: `urn:uuid:${messageId}`, to, replyTo: ANONYMOUS, body }
  return { transaction, bytes: Buffer.from(writeEnvelope(envelope)) }
}

function exchangeOf({ to, message }: Attempt, { transaction, bytes }: Outgoing): Exchange {
  const { origin, host, pathname } = new URL(to.url)
  const exchange = newExchange({
    door: 'https',
    endpoint: `${origin}${pathname}`,
    peer: host,
    transaction: transaction.id,
  })
  return { ...exchange, messageId: message.messageId, requestBytes: bytes.length }
}

function understand({ body, relatesTo }: Answered, { message, to }: Attempt): Answer {
  const { messageId, content } = message
  if (content.kind !== 'ask') return acknowledgementOf(body, messageId)
  return isAnswerTo({ body, relatesTo }, messageId) ? idsIn(body, to.domains) : OF_ANOTHER_QUERY
}

const OF_ANOTHER_QUERY: Answer = { answer: 'busy', reason: 'the answer is about another query' }

/** Where it says to which query it belongs, it is ours: ids of an answer that went astray would be those of another patient. */
function isAnswerTo({ relatesTo, body }: Answered, messageId: string): boolean {
  const { target } = readAcknowledgement(body)
  const said = [relatesTo?.replace(/^urn:uuid:/i, ''), target?.root, queryIdOf(body)?.attributes.get('root')]
  return said.every((one) => one === undefined || one.toLowerCase() === messageId)
}

function queryIdOf(body: XmlElement): XmlElement | undefined {
  return descend([body], ['controlActProcess', 'queryAck', 'queryId'])[0]
}

/** An id may stand in patient/id and among the others. */
function distinct(named: readonly CorrespondingId[]): readonly PatientId[] {
  return [...new Map(named.map(({ id }) => [formatCx(id), id])).values()]
}

/** HL7 table 0357: unknown key identifier. */
const UNKNOWN_KEY = '204'

/** 3.45.4.2.3: found (1, 2, 6) or nothing (3); an id that it acknowledged and does not know (4), or domains that are not its own (5). */
function idsIn(body: XmlElement, domains: readonly Oid[]): Answer {
  const answer = readQueryResponse(body)
  const ids = answer.kind === 'found' ? distinct(answer.ids) : []
  // Numbers that it names no more leave: which those are has to be read.
  if (answer.kind !== 'unknown' && !ids.some(({ authority }) => domains.includes(authority)) && hasUnreadIds(body))
    return { answer: 'busy', reason: 'an id of the answer cannot be read' }
  switch (answer.kind) {
    case 'found':
      return { answer: 'accepted', reason: 'AA', ids }
    case 'nothing':
      return { answer: 'accepted', reason: 'AA NF', ids: [] }
    case 'unknown': {
      const [detail] = answer.details
      const isUnknown = answer.details.some(({ code }) => code === UNKNOWN_KEY)
      return { answer: isUnknown ? 'refused' : 'busy', reason: detail === undefined ? 'AE' : `AE ${detail.code}` }
    }
  }
  return answer satisfies never
}
