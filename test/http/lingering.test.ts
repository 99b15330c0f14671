// An answer that comes before the whole request was read is heard, also by a sender that goes on sending (RFC 9112, 9.6).

import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { lingerOn } from '../../src/http/lingering.ts'

const MIB = 2 ** 20
const authority = await createAuthority()
const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })

/** A server that refuses every request without reading its body. */
async function refusing(t: Test) {
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (_request, response) => {
    response.writeHead(413, { connection: 'close', 'content-length': '7' }).end('too big')
  })
  const gone = new Promise<void>((resolve) => {
    server.once('secureConnection', (socket: TLSSocket) => socket.once('close', () => resolve()))
  })
  lingerOn(server)
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { port: (server.address() as AddressInfo).port, gone }
}

async function open(port: number, options: ConnectionOptions & { readonly allowHalfOpen?: boolean } = {}) {
  const socket = connect({ ...options, host: 'localhost', port, ca: authority.certificatePem })
  const seen = { text: '', error: undefined as Error | undefined }
  socket.on('data', (chunk: Buffer) => {
    seen.text += chunk.toString('utf8')
  })
  socket.on('error', (error) => {
    seen.error = error
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await once(socket, 'secureConnect')
  return { socket, seen, closed }
}

t.test('who sends on hears the answer and no reset', async (t) => {
  const { port, gone } = await refusing(t)
  const { socket, seen, closed } = await open(port)
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${64 * MIB}\r\n\r\n`)
  const piece = Buffer.alloc(MIB)
  // What the sender has handed over before it looks at what came back.
  for (let sent = 0; sent < 16; sent++) socket.write(piece)
  await closed
  t.match(seen.text, /^HTTP\/1\.1 413 [\s\S]*too big$/)
  t.equal(seen.error, undefined)
  await gone
})

t.test('who never stops is cut', async (t) => {
  const { port, gone } = await refusing(t)
  const { socket, closed } = await open(port, { allowHalfOpen: true })
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`)
  const drip = setInterval(() => socket.writable && socket.write('1\r\na\r\n'), 20)
  t.teardown(() => clearInterval(drip))
  const startedMs = performance.now()
  await Promise.all([closed, gone])
  t.ok(performance.now() - startedMs < 10_000)
})

t.test('a request that was read whole ends its connection at once, as ever', async (t) => {
  const { port } = await refusing(t)
  const { socket, seen, closed } = await open(port)
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')
  await closed
  t.match(seen.text, /^HTTP\/1\.1 413 /)
  t.equal(seen.error, undefined)
})
