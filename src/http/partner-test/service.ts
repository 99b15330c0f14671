// What a neighbouring community says of an address: whether it lets us in, and whether our message is one that it takes (GET <address>?wsdl).

import { Agent, request } from 'undici'
import type { Transaction } from '../../../profiles/transactions/index.ts'
import type { Finding, TestStep } from '../../access/administration/partner-test.ts'
import { connectorOf, type OutgoingTls } from '../outgoing-tls.ts'
import { codeOf } from './line.ts'
import { failed, oursRefused, passed, refusesOurs } from './line-words.ts'

const WITHIN_MS = 10_000
const MAX_BYTES = 1024 * 1024

/** An address and what is sent there. */
export interface Address {
  readonly url: string
  readonly transactions: readonly Transaction[]
}

/** `own certificate`, and the description when that is good. */
export async function testService({ url, transactions }: Address, tls: OutgoingTls): Promise<readonly TestStep[]> {
  const agent = new Agent({ connect: connectorOf(tls, WITHIN_MS) })
  try {
    const described = await descriptionAt(url, agent)
    const isRefused = described.status === 401 || described.status === 403
    if (isRefused) return [{ step: 'own certificate', at: url, ...oursRefused(`HTTP ${described.status}`) }]
    return [
      {
        step: 'own certificate',
        at: url,
        ...passed('our certificate is taken', 'このサーバの証明書は受け付けられました'),
      },
      { step: 'service description', at: url, ...judged(described, transactions) },
    ]
  } catch (error) {
    const code = codeOf(error)
    // With TLS 1.3 a server says what it has against our certificate after the handshake (RFC 8446, 4.4.2.4).
    if (refusesOurs(code) || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET')
      return [{ step: 'own certificate', at: url, ...oursRefused(code) }]
    return [{ step: 'service description', at: url, ...noAnswer(code) }]
  } finally {
    await agent.destroy()
  }
}

interface Described {
  readonly status: number
  readonly text: string
}

async function descriptionAt(url: string, dispatcher: Agent): Promise<Described> {
  const asked = new URL(url)
  asked.search = '?wsdl'
  const { statusCode: status, body } = await request(asked, { dispatcher, signal: AbortSignal.timeout(WITHIN_MS) })
  let text = ''
  for await (const chunk of body) {
    text += String(chunk)
    if (text.length > MAX_BYTES) break
  }
  return { status, text }
}

function judged({ status, text }: Described, transactions: readonly Transaction[]): Finding {
  if (status !== 200 || !text.includes('definitions'))
    return {
      result: 'warning',
      message: `there is no WSDL at ?wsdl (HTTP ${status})`,
      hint: 'It need not publish one; whether it takes our messages the next steps tell',
      ja: `?wsdl にWSDLがありません（HTTP ${status}）。公開は必須ではありません。次の手順で確認します。`,
    }
  const missing = transactions.filter(({ action }) => !text.includes(action))
  if (missing.length === 0) {
    const names = transactions.map(({ id }) => id).join(', ')
    return passed(`its WSDL has the actions of ${names}`, `WSDLに ${names} のActionがあります`)
  }
  const names = missing.map(({ id, action }) => `${id} (${action})`).join(', ')
  return failed(
    `its WSDL has no ${names}`,
    'The address is that of another service: ask the operator of the community for the one of this transaction',
    `WSDLに ${names} がありません。このトランザクションのアドレスを相手側に確認してください。`,
  )
}

function noAnswer(code: string): Finding {
  return failed(
    `no answer to GET ?wsdl (${code})`,
    'See the log of the community at this time',
    `GET ?wsdl に応答がありません（${code}）。相手側のログを確認してください。`,
  )
}
