// Who may be silent on a connection for how long (ITI TF-2 3.39: a neighbour's documents take their time; hardening of slow senders and readers).

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { createLiveSockets } from '../../src/http/live-sockets.ts'
import { createHttpsDoor, type HttpsDoorOptions } from '../../src/http/server.ts'
import { quietPorts } from './door-ports.ts'

const MIB = 2 ** 20
/** Silence that is suffered of a sender. */
const IDLE_MS = 300
const authority = await createAuthority()
const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })

/** A door with routes for anybody; what is asked of a system is never asked here. */
async function door(
  t: Test,
  publicRoutes: NonNullable<HttpsDoorOptions['publicRoutes']>,
  limits: Partial<HttpsDoorOptions['limits']> = {},
): Promise<number> {
  const unasked = {} as Pick<HttpsDoorOptions, 'storeClient' | 'rate' | 'turns' | 'replies' | 'xua'>
  const opened = await createHttpsDoor({
    ...unasked,
    tls: { cert: certificatePem, key: privateKeyPem },
    ports: quietPorts,
    sockets: createLiveSockets(),
    endpoints: [],
    findSystem: async () => undefined,
    revision: () => 0,
    judge: () => ({ kind: 'refused', reason: 'nobody' }),
    publicRoutes,
    limits: {
      soapBytes: MIB,
      documentBytes: MIB,
      requestBytes: MIB,
      mllpFrameBytes: MIB,
      headersTimeoutMs: 10_000,
      requestTimeoutMs: 60_000,
      idleTimeoutMs: IDLE_MS,
      bodyBytesPerSecond: 0,
      bodyGraceMs: 1000,
      connections: 10,
      connectionsPerCertificate: 10,
      connectionsPerStranger: 10,
      ...limits,
    },
  })
  t.teardown(opened.close)
  return opened.listen(0, 'localhost')
}

interface Line {
  readonly socket: TLSSocket
  readonly heard: () => string
  readonly closed: Promise<void>
}

async function line(t: Test, port: number): Promise<Line> {
  const socket = connect({ host: 'localhost', port, ca: authority.certificatePem })
  t.teardown(() => socket.destroy())
  let heard = ''
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
  })
  // A reset is the same as a close: nothing more is said.
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await once(socket, 'secureConnect')
  return { socket, heard: () => heard, closed }
}

const GET = (path: string, ...headers: readonly string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`

t.test('an answer that takes us longer than a sender may be silent is given all the same', async (t) => {
  const port = await door(t, (app) =>
    app.get('/long', { config: { isPublic: true } }, async () => {
      await delay(5 * IDLE_MS)
      return 'done'
    }),
  )
  const one = await line(t, port)
  one.socket.write(GET('/long', 'Connection: close'))
  await one.closed
  t.match(one.heard(), /^HTTP\/1\.1 200 [\s\S]*done$/)
})

t.test('a large body that waits for its turn to be read is read when it comes', async (t) => {
  const port = await door(t, (app) =>
    app.post('/late', { config: { isPublic: true } }, async (request) => {
      await delay(5 * IDLE_MS)
      let size = 0
      for await (const chunk of request.body as AsyncIterable<Buffer>) size += chunk.length
      return `of ${size} bytes`
    }),
  )
  const one = await line(t, port)
  one.socket.write(
    `POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ${MIB}\r\n\r\n`,
  )
  one.socket.write(Buffer.alloc(MIB))
  await one.closed
  t.match(one.heard(), `of ${MIB} bytes`)
})

t.test('a request that stops, and an answer that is not read, end the connection', async (t) => {
  const port = await door(t, (app) => {
    app.post('/taken', { config: { isPublic: true } }, async (request) => {
      for await (const _ of request.body as AsyncIterable<Buffer>);
      return 'taken'
    })
    app.get('/much', { config: { isPublic: true } }, async () => Buffer.alloc(64 * MIB))
  })
  const stopped = await line(t, port)
  const head = 'POST /taken HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n'
  stopped.socket.write(`${head}half`)
  await stopped.closed
  t.notMatch(stopped.heard(), /taken/)
  const unread = await line(t, port)
  unread.socket.pause()
  unread.socket.write(GET('/much'))
  await delay(5 * IDLE_MS)
  unread.socket.resume()
  await unread.closed
  t.ok(unread.heard().length < 64 * MIB, 'it was given up before it was read')
})

t.test(
  'a large request on a slow line is taken, however long it is on its way (limits.requestTimeoutMs)',
  async (t) => {
    const port = await door(
      t,
      (app) =>
        app.post('/size', { config: { isPublic: true } }, async (request) => {
          let size = 0
          for await (const chunk of request.body as AsyncIterable<Buffer>) size += chunk.length
          return `of ${size} bytes`
        }),
      { headersTimeoutMs: 2000, requestTimeoutMs: 2000, requestBytes: 64 * MIB, bodyGraceMs: 3000 },
    )
    const one = await line(t, port)
    const pieces = 60
    one.socket.write(
      `POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ${pieces * MIB}\r\n\r\n`,
    )
    for (let sent = 0; sent < pieces && !one.socket.destroyed; sent++) {
      one.socket.write(Buffer.alloc(MIB))
      await delay(100)
    }
    await one.closed
    t.match(one.heard(), `of ${pieces * MIB} bytes`)
  },
)
