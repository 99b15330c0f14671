// ITI-42 as its Document Repository: simple SOAP over mutual TLS, within a bounded time, journalled as an exchange (ITI TF-2 3.42.4.1, Appendix V).

import { Agent, type Dispatcher, request } from 'undici'
import { iheError, relayed } from '../../profiles/errors/index.ts'
import { iti42 } from '../../profiles/transactions/index.ts'
import { readRegistryResponse } from '../codec/ebxml/registry-response.ts'
import { writeSubmitObjects } from '../codec/ebxml/submit.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { readAnswer, SoapFaultError } from '../codec/soap/answer.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import { readXml } from '../codec/xml/read.ts'
import { journalEntry } from '../journal/entry.ts'
import type { Exchange } from '../model/caller.ts'
import type { SubmitObjects } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { enter } from '../model/stations.ts'
import { RESPONSE_FAILURE, RESPONSE_SUCCESS } from '../model/xds.ts'
import type { RegistryReply, SendToRegistry } from '../repository/ports.ts'
import { evidenceOf } from '../repository/submitted.ts'
import { type DoorPorts, newExchange } from './door.ts'
import { nameOf } from './failure.ts'
import { type Crossing, keepExchange, wholeMessage } from './keeping.ts'
import { readWhole } from './soap-message.ts'

export interface RegistryClientOptions {
  readonly url: string
  /** Certificate, key, authorities, versions and suites; the registry is always verified. */
  readonly tls: import('node:tls').SecureContextOptions & { readonly ecdhCurve?: string }
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  readonly ports: Pick<DoorPorts, 'recorder' | 'keeper' | 'log'>
}

const CONNECT_MS = 3000
const CONTENT_TYPE = `application/soap+xml; charset=UTF-8; action="${iti42.action}"`

/** Errors that come before a request leaves. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** A client of one registry; it keeps connections until it is closed. */
export function createRegistryClient(options: RegistryClientOptions): {
  readonly send: SendToRegistry
  readonly close: () => Promise<void>
} {
  const { url, timeoutMs } = options
  const agent = new Agent({ connect: { ...options.tls, timeout: Math.min(CONNECT_MS, timeoutMs) } })
  return {
    send: async ({ submission, messageId }) => {
      const { action } = iti42
      const body = writeSubmitObjects(submission)
      const bytes = Buffer.from(writeEnvelope({ action, messageId, to: url, replyTo: ANONYMOUS, body }))
      const call: Call = { exchange: exchangeOf(url, { messageId, bytes }), submission, heard: undefined }
      const reply = await request(url, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': CONTENT_TYPE },
        body: bytes,
        signal: AbortSignal.timeout(timeoutMs),
      })
        .then((response) => readReply(response, call, { messageId, maxAnswerBytes: options.maxAnswerBytes }))
        .catch(failed)
      await report(call, { bytes, reply, ports: options.ports })
      return reply
    },
    close: () => agent.destroy(),
  }
}

interface Call {
  readonly exchange: Exchange
  readonly submission: SubmitObjects
  /** The answer as it came. */
  heard: Crossing | undefined
}

function exchangeOf(url: string, sent: { readonly messageId: string; readonly bytes: Buffer }): Exchange {
  const { origin, host, pathname } = new URL(url)
  const exchange = newExchange({
    door: 'https',
    endpoint: `${origin}${pathname}`,
    peer: host,
    transaction: iti42.id,
  })
  enter(exchange.stations, 'call')
  return { ...exchange, messageId: sent.messageId, requestBytes: sent.bytes.length }
}

/** What became of the submission stands whether the journal can say so or not. */
async function report(
  { exchange, submission, heard }: Call,
  given: { readonly bytes: Buffer; readonly reply: RegistryReply; readonly ports: RegistryClientOptions['ports'] },
): Promise<void> {
  const { bytes, reply, ports } = given
  const isTaken = reply.kind === 'answered' && reply.result === 'success'
  const ended = {
    result: isTaken ? 'success' : 'failure',
    errors: errorsOf(reply),
    evidence: evidenceOf(submission, ''),
  } as const
  const responseBytes = heard === undefined ? {} : { responseBytes: heard.sizeBytes }
  const entry = journalEntry(exchange, undefined, { ...ended, ...responseBytes, now: performance.now() })
  keepExchange(ports, {
    exchange,
    ended,
    request: wholeMessage(bytes, { contentType: CONTENT_TYPE }),
    answer: heard,
  })
  await ports.recorder
    .record({ events: [], entries: [entry] })
    .catch((cause: unknown) =>
      ports.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'an ITI-42 could not be journalled'),
    )
}

function errorsOf(reply: RegistryReply): readonly IheError[] {
  if (reply.kind === 'answered') return reply.errors.map(relayed)
  return [iheError('REGISTRY_UNAVAILABLE', { at: 'Document Registry', rule: reply.reason })]
}

async function readReply(
  response: Dispatcher.ResponseData,
  call: Call,
  sent: { readonly messageId: string; readonly maxAnswerBytes: number },
): Promise<RegistryReply> {
  const contentType = String(response.headers['content-type'] ?? '')
  const bytes = await readWhole(response.body, sent.maxAnswerBytes)
  call.heard = wholeMessage(bytes, { contentType })
  if (!/^application\/soap\+xml\b/i.test(contentType)) {
    const reason = `HTTP ${response.statusCode}`
    const isRefusal = response.statusCode >= 400 && response.statusCode < 500
    return { kind: isRefusal ? 'not taken' : 'in doubt', reason }
  }
  const charset = parseContentType(contentType).parameters.get('charset')
  const message = readAnswer(readXml(bytes, charset === undefined ? {} : { charset }))
  if (message.action !== iti42.responseAction || message.relatesTo !== sent.messageId)
    return { kind: 'in doubt', reason: 'the answer is not one to this message' }
  const { status, errors } = readRegistryResponse(message.body)
  if (status === RESPONSE_SUCCESS) return { kind: 'answered', result: 'success', errors }
  if (status === RESPONSE_FAILURE && errors.length > 0) return { kind: 'answered', result: 'failure', errors }
  return { kind: 'in doubt', reason: 'neither Success nor Failure with an error' }
}

/** A Sender fault says that the message was not acted upon; of the rest that cannot be told. */
function failed(error: unknown): RegistryReply {
  if (error instanceof SoapFaultError) {
    const reason = `SOAP fault ${error.subcode ?? error.code}`
    return { kind: error.code === 'Receiver' ? 'in doubt' : 'not taken', reason }
  }
  const { code = '', name } = error as NodeJS.ErrnoException
  if (NOT_CONNECTED.has(code)) return { kind: 'not taken', reason: code }
  return { kind: 'in doubt', reason: code === '' ? name : `${name} ${code}` }
}
