// A connection to an audit repository that goes wrong: who does not read, who goes half, who shows another certificate (RFC 5425, 4.2, 4.4).

import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { openAuditLine } from '../../src/http/audit-line.ts'
import { createTestPki } from '../mllp/pki.ts'

const pki = await createTestPki()
const TIMES = { connectMs: 2000, stallMs: 150, finishMs: 150 }
const RECORD = Buffer.from('<85>1 - - - - - - record')
const tls = { ca: pki.ca, ...pki.client }

async function receiver(t: Test, serve: (socket: TLSSocket) => void, own = pki.server): Promise<number> {
  const open = new Set<TLSSocket>()
  const server = createServer({ ...own, ca: pki.ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const opened = (port: number, more: object = {}) =>
  openAuditLine({ host: 'localhost', port, tls, times: TIMES, ...more }, new AbortController().signal)

t.test('4.4: the end is good when the other side has read all and ended too', async (t) => {
  let heard = ''
  const port = await receiver(t, (socket) => socket.on('data', (chunk: Buffer) => (heard += chunk)))
  const line = await opened(port)
  await line.write([RECORD, RECORD])
  await line.finish()
  t.equal(heard, `${RECORD.length} ${RECORD}${RECORD.length} ${RECORD}`)
})

t.test('who takes a record into the buffers and reads nothing does not confirm the end', async (t) => {
  const port = await receiver(t, (socket) => socket.pause())
  const line = await opened(port)
  await line.write([RECORD])
  await t.rejects(line.finish(), { code: 'ETIMEDOUT', message: /read all/ })
})

t.test('who reads nothing while much is written is noticed', async (t) => {
  const port = await receiver(t, (socket) => socket.pause())
  const line = await opened(port)
  const much = Array.from({ length: 32 }, () => Buffer.alloc(1024 * 1024, 'x'))
  await t.rejects(line.write(much), { code: 'ETIMEDOUT', message: /does not read/ })
  t.match(await line.broken, { code: 'ETIMEDOUT' })
})

t.test('who ends its half is gone: nothing more is written to it', async (t) => {
  const port = await receiver(t, (socket) => socket.end())
  const line = await opened(port)
  t.match(await line.broken, { code: 'ECONNRESET' })
  await t.rejects(line.write([RECORD]))
  await t.rejects(line.finish())
})

t.test(
  'a receiver that is killed after it has read and before it has kept does not confirm the end: TCP ends, TLS does not',
  async (t) => {
    let relayed: Socket | undefined
    // The kernel ends the connection of a process that is gone; nobody is there to send close_notify.
    const dies = (socket: TLSSocket): void => {
      socket.allowHalfOpen = true
      socket.resume().once('end', () => relayed?.end())
    }
    const behind = await receiver(t, dies)
    const relay = createTcpServer({ allowHalfOpen: true }, (socket) => {
      relayed = socket
      const onward = connectTcp({ host: 'localhost', port: behind, allowHalfOpen: true })
      for (const one of [socket, onward]) one.on('error', () => {})
      socket.pipe(onward)
      onward.on('data', (chunk) => socket.write(chunk))
      t.teardown(() => [socket, onward].map((one) => one.destroy()))
    })
    relay.listen(0, 'localhost')
    await once(relay, 'listening')
    t.teardown(() => relay.close())
    const line = await opened((relay.address() as AddressInfo).port, { times: { ...TIMES, finishMs: 5000 } })
    await line.write([RECORD])
    await t.rejects(line.finish(), { code: 'ECONNRESET' })
  },
)

t.test('4.2: a certificate that is not believed, or bears another name, gets nothing', async (t) => {
  let heard = 0
  const count = (socket: TLSSocket): void => void socket.on('data', () => (heard += 1))
  await t.rejects(opened(await receiver(t, count, pki.stranger)), { code: /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/ })
  const port = await receiver(t, count)
  await t.rejects(opened(port, { serverName: 'other.example.org' }), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  t.equal(heard, 0)
})

t.test('a sender that stops does not wait for a connection', async (t) => {
  const stopping = new AbortController()
  const port = await receiver(t, () => {})
  const opening = openAuditLine({ host: 'localhost', port, tls }, stopping.signal)
  stopping.abort()
  await t.rejects(opening, { code: 'ABORTED' })
})
