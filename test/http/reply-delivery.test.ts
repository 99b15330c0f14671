// Asynchronous answers on their way: our certificate, no redirection, a few tries, bounds, and a journal row in the end (ITI TF-2 Appendix V.3.3).

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { passedOn } from '../../src/gateway/passed-on.ts'
import { wholeMessage } from '../../src/http/keeping.ts'
import { createReplyDelivery, type Outgoing } from '../../src/http/reply-delivery.ts'
import type { JournalEntry } from '../../src/journal/entry.ts'
import { IheError } from '../../src/model/error.ts'
import { createTestPki, type Identity } from '../mllp/pki.ts'
import { caller as somebody } from '../storeclient/memory.ts'
import { quietPorts } from './door-ports.ts'

const caller = { ...somebody, exchange: { ...somebody.exchange, messageId: 'urn:uuid:request' } }
const pki = await createTestPki()

interface Heard {
  readonly method: string
  readonly path: string
  readonly contentType: string
  readonly certificate: string
  readonly body: string
}

type Respond = (response: ServerResponse, number: number) => void

async function receiver(t: Test, respond: Respond, identity: Identity = pki.server) {
  const heard: Heard[] = []
  const server = createServer(
    { ...identity, ca: pki.ca, requestCert: true, rejectUnauthorized: true },
    async (request: IncomingMessage, response) => {
      let body = ''
      try {
        for await (const chunk of request.setEncoding('utf8')) body += chunk
      } catch {
        // The sender cut the connection.
        return
      }
      heard.push({
        method: request.method ?? '',
        path: request.url ?? '',
        contentType: request.headers['content-type'] ?? '',
        certificate: (request.socket as TLSSocket).getPeerX509Certificate()?.subject ?? '',
        body,
      })
      respond(response, heard.length)
    },
  )
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { heard, url: new URL(`https://localhost:${(server.address() as AddressInfo).port}/answers`) }
}

const status =
  (...codes: readonly number[]): Respond =>
  (response, number) => {
    response.writeHead(codes[number - 1] ?? codes.at(-1) ?? 202).end()
  }

function sender(t: Test, backoffMs: readonly number[] = [1, 1]) {
  const entries: JournalEntry[] = []
  const logged: object[] = []
  const log = { info: push, warn: push, error: push }
  function push(fields: object) {
    logged.push(fields)
  }
  const delivery = createReplyDelivery({
    tlsTo: () => () => ({ ...pki.client, ca: pki.ca }),
    ports: { ...quietPorts, recorder: { record: async (rows) => void entries.push(...rows.entries) }, log },
    patience: { backoffMs, responseMs: 300 },
  })
  t.teardown(() => delivery.close())
  return { delivery, entries, logged }
}

const TYPE = 'application/soap+xml; charset=UTF-8'

function outgoing(url: URL, body: Buffer | AsyncIterable<Buffer> = Buffer.from('<架空/>')): Outgoing {
  return {
    url,
    caller,
    message: {
      status: 200,
      contentType: TYPE,
      body,
      bytes: Buffer.isBuffer(body) ? body.length : undefined,
      kept: wholeMessage(Buffer.from('<架空/>'), { contentType: TYPE }),
    },
  }
}

t.test('one POST under our certificate, journalled beside the message it answers', async (t) => {
  const { url, heard } = await receiver(t, status(202))
  const { delivery, entries, logged } = sender(t)
  await delivery.deliver(outgoing(url))
  t.strictSame(heard, [
    { method: 'POST', path: '/answers', contentType: TYPE, certificate: 'CN=sender', body: '<架空/>' },
  ])
  t.match(entries, [{ result: 'success', patients: [], errors: [], exchange: { endpoint: url.origin } }])
  t.equal(entries[0]?.exchange.transaction, `${caller.exchange.transaction} answer`)
  t.equal(entries[0]?.exchange.messageId, 'urn:uuid:request')
  t.notMatch(JSON.stringify(logged), /架空|answers/, 'the log holds host and counts only')
})

t.test('a receiver that is busy or away is tried again, a few times', async (t) => {
  const { url, heard } = await receiver(t, status(503, 429, 200))
  const { delivery, entries } = sender(t)
  await delivery.deliver(outgoing(url))
  t.equal(heard.length, 3)
  t.match(entries, [{ result: 'success' }])
})

t.test('after the last try the answer is given up, and the journal says why', async (t) => {
  const { url } = await receiver(t, status(202))
  url.port = '1'
  const { delivery, entries, logged } = sender(t)
  await delivery.deliver(outgoing(url))
  t.match(entries, [
    {
      result: 'failure',
      errors: [{ code: 'REPLY_UNDELIVERED', value: url.origin, rule: /^3 tries, the last: .*ECONNREFUSED/ }],
    },
  ])
  t.match(logged, [{ tries: 3, host: 'localhost:1' }])
})

t.test('a redirection is not followed, a refusal not repeated', async (t) => {
  const elsewhere = await receiver(t, status(202))
  const redirecting = await receiver(t, (response) => {
    response.writeHead(307, { location: elsewhere.url.href }).end()
  })
  const refusing = await receiver(t, status(403))
  const { delivery, entries } = sender(t)
  await delivery.deliver(outgoing(redirecting.url))
  await delivery.deliver(outgoing(refusing.url))
  t.equal(elsewhere.heard.length, 0)
  t.equal(redirecting.heard.length, 1)
  t.equal(refusing.heard.length, 1)
  t.match(entries, [
    { errors: [{ rule: '1 tries, the last: HTTP 307' }] },
    { errors: [{ rule: '1 tries, the last: HTTP 403' }] },
  ])
})

t.test('a receiver that is not of our authority, or says nothing, gets no answer accepted', async (t) => {
  const stranger = await receiver(t, status(202), pki.stranger)
  const silent = await receiver(t, () => {})
  const { delivery, entries } = sender(t, [])
  await delivery.deliver(outgoing(stranger.url))
  await delivery.deliver(outgoing(silent.url))
  t.equal(stranger.heard.length, 0, 'not a byte of the answer left')
  t.match(entries, [{ result: 'failure' }, { errors: [{ rule: /UND_ERR_HEADERS_TIMEOUT/ }] }])
})

t.test('an endless response is not read to its end', async (t) => {
  const { url } = await receiver(t, (response) => {
    response.writeHead(200)
    const more = setInterval(() => response.write(Buffer.alloc(65_536)), 1)
    response.on('close', () => clearInterval(more))
  })
  const { delivery, entries } = sender(t, [])
  await delivery.deliver(outgoing(url))
  t.match(entries, [{ result: 'success' }])
})

t.test('a stream of documents waits for a connection, and is not sent twice', async (t) => {
  const { url, heard } = await receiver(t, status(202, 503))
  const { delivery, entries } = sender(t)
  let opened = 0
  const stream = async function* () {
    opened += 1
    yield Buffer.from('part 1, ')
    yield Buffer.from('part 2')
  }
  const dead = new URL(url)
  dead.port = '1'
  await delivery.deliver(outgoing(dead, stream()))
  t.equal(opened, 0, 'a dead receiver does not open it')
  await delivery.deliver(outgoing(url, stream()))
  t.equal(heard[0]?.body, 'part 1, part 2')
  await delivery.deliver(outgoing(url, stream()))
  t.equal(heard.length, 2)
  t.match(entries, [
    { result: 'failure' },
    { result: 'success' },
    { errors: [{ rule: '1 tries, the last: HTTP 503' }] },
  ])
})

t.test('documents whose receiver stays away are closed unread: a copy may lie here for them alone', async (t) => {
  const { url } = await receiver(t, status(202))
  const { delivery } = sender(t)
  url.port = '1'
  const closed: string[] = []
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from('part')
  }
  const body = passedOn(bytes(), async () => void closed.push('part'))
  await delivery.deliver(outgoing(url, body))
  t.same(closed, ['part'])
})

t.test('a stream that breaks is cut, and the receiver never sees its end', async (t) => {
  const { url, heard } = await receiver(t, status(202))
  const { delivery, entries } = sender(t)
  const broken = async function* () {
    yield Buffer.from('half')
    throw new IheError({ code: 'DOCUMENT_DAMAGED' } as IheError['row'])
  }
  await delivery.deliver(outgoing(url, broken()))
  t.equal(heard.length, 0)
  t.match(entries, [{ result: 'failure' }])
})

t.test('only so many answers are under way, of one system and of all', async (t) => {
  const { delivery } = sender(t)
  const ends: (() => void)[] = []
  const held = () => new Promise<void>((resolve) => ends.push(resolve))
  const taken = (systemId: string): string => {
    try {
      delivery.accept(systemId, held)
      return 'accepted'
    } catch (error) {
      return error instanceof IheError ? error.row.code : String(error)
    }
  }
  const many = (systemId: string) => Array.from({ length: 9 }, () => taken(systemId))
  t.strictSame(many('a'), [...Array<string>(8).fill('accepted'), 'BUSY'], 'one system')
  for (const systemId of ['b', 'c', 'd']) many(systemId)
  t.equal(taken('e'), 'BUSY', 'all together')
  for (const end of ends.splice(0)) end()
  await new Promise(setImmediate)
  t.equal(taken('e'), 'accepted')
  for (const end of ends) end()
})

t.test('a server that stops does not wait for the next try, and takes no more', async (t) => {
  const { url, heard } = await receiver(t, status(503))
  const { delivery, entries } = sender(t, [60_000])
  delivery.accept('a', () => delivery.deliver(outgoing(url)))
  while (heard.length === 0) await new Promise(setImmediate)
  await delivery.close()
  t.match(entries, [{ errors: [{ rule: /^1 tries, the last: HTTP 503, then the server stopped$/ }] }])
  t.throws(() => delivery.accept('a', async () => {}), IheError)
})
