// ITI-42 as its Document Repository: simple SOAP over mutual TLS, within a bounded time (ITI TF-2 3.42.4.1, Appendix V).

import { Agent, type Dispatcher, request } from 'undici'
import { iti42 } from '../../profiles/transactions/index.ts'
import { readRegistryResponse } from '../codec/ebxml/registry-response.ts'
import { writeSubmitObjects } from '../codec/ebxml/submit.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { readAnswer, SoapFaultError } from '../codec/soap/answer.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import { readXml } from '../codec/xml/read.ts'
import { RESPONSE_FAILURE, RESPONSE_SUCCESS } from '../model/xds.ts'
import type { RegistryReply, SendToRegistry } from '../repository/ports.ts'
import { readWhole } from './soap-message.ts'

export interface RegistryClientOptions {
  readonly url: string
  /** Certificate, key, authorities, versions and suites; the registry is always verified. */
  readonly tls: import('node:tls').SecureContextOptions & { readonly ecdhCurve?: string }
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
}

const CONNECT_MS = 3000

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
      try {
        const response = await request(url, {
          method: 'POST',
          dispatcher: agent,
          headers: { 'content-type': `application/soap+xml; charset=UTF-8; action="${action}"` },
          body: writeEnvelope({ action, messageId, to: url, replyTo: ANONYMOUS, body }),
          signal: AbortSignal.timeout(timeoutMs),
        })
        return await readReply(response, { messageId, maxAnswerBytes: options.maxAnswerBytes })
      } catch (error) {
        return failed(error)
      }
    },
    close: () => agent.destroy(),
  }
}

async function readReply(
  response: Dispatcher.ResponseData,
  sent: { readonly messageId: string; readonly maxAnswerBytes: number },
): Promise<RegistryReply> {
  const contentType = String(response.headers['content-type'] ?? '')
  const bytes = await readWhole(response.body, sent.maxAnswerBytes)
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
