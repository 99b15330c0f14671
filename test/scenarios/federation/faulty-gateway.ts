// What stands between a gateway and its neighbour in these tests: it has the neighbour's own key, passes everything on, and answers wrongly when told.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Agent, request } from 'undici'

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

export interface Passing {
  /** True for ITI-39. */
  readonly isRetrieve: boolean
  /** wsa:MessageID of the request. */
  readonly messageId: string
  /** Asks the neighbour. */
  readonly forward: () => Promise<Answer>
  readonly response: ServerResponse
}

/** How one request is answered; without one it is passed on as it is. */
export type Fault = (passing: Passing) => Promise<void>

export interface ServerKey {
  readonly key: string
  readonly cert: string
}

export interface FaultyGateway {
  readonly port: number
  /** Requests that reached it since it started. */
  readonly heard: () => number
  /** From now on; connections that stand are ended, so that the next call meets it. */
  readonly answerBy: (fault: Fault | undefined) => void
  readonly show: (certificate: ServerKey | undefined) => void
  readonly goDown: () => Promise<void>
  readonly comeUp: () => Promise<void>
  readonly close: () => Promise<void>
}

interface Between {
  /** PKI directory of the neighbour, whose door this looks like. */
  readonly there: string
  /** PKI directory of the one who asks. */
  readonly here: string
  readonly port: number
}

export async function openFaultyGateway({ there, here, port }: Between): Promise<FaultyGateway> {
  const pem = (directory: string, name: string) => readFile(join(directory, name), 'utf8')
  const own = { key: await pem(there, 'server.key'), cert: await pem(there, 'server.crt') }
  const agent = new Agent({
    connect: {
      key: await pem(here, 'server.key'),
      cert: await pem(here, 'server.crt'),
      ca: await pem(there, 'ca.crt'),
    },
  })
  let fault: Fault | undefined
  let heard = 0
  const server = createServer(own, (incoming, response) => {
    heard += 1
    answer({ incoming, response, fault, target: `https://localhost:${port}${incoming.url ?? ''}`, agent }).catch(() =>
      response.destroy(),
    )
  })
  server.on('tlsClientError', () => {})
  await listen(server, 0)
  const listening = (server.address() as AddressInfo).port
  return {
    port: listening,
    heard: () => heard,
    answerBy: (next) => {
      fault = next
      server.closeAllConnections()
    },
    show: (certificate) => {
      server.setSecureContext(certificate ?? own)
      server.closeAllConnections()
    },
    goDown: () => shut(server),
    comeUp: () => listen(server, listening),
    close: async () => {
      await shut(server)
      await agent.destroy()
    },
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

async function shut(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

interface Asked {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly fault: Fault | undefined
  readonly target: string
  readonly agent: Agent
}

async function answer({ incoming, response, fault, target, agent }: Asked): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const contentType = String(incoming.headers['content-type'])
  const forward = async (): Promise<Answer> => {
    const answered = await request(target, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': contentType },
      body,
    })
    return {
      status: answered.statusCode,
      contentType: String(answered.headers['content-type']),
      body: Buffer.from(await answered.body.arrayBuffer()),
    }
  }
  const text = body.toString('latin1')
  const [, messageId = ''] = /MessageID[^>]*>([^<]+)</.exec(text) ?? []
  const isRetrieve = text.includes('CrossGatewayRetrieve')
  if (fault === undefined) respond(response, await forward())
  else await fault({ isRetrieve, messageId, forward, response })
}

export function respond(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': body.length }).end(body)
}
