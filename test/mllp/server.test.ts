// The MLLP door on real TLS (MLLP Release 1; ITI TF-2 3.19): order, back-pressure, refusals without answer, time limits, graceful close.

import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { connectMllp } from '../../src/mllp/client.ts'
import { LARGE_BYTES, type MllpEvent, type MllpReply } from '../../src/mllp/connection.ts'
import { createFrameDecoder, encodeFrame } from '../../src/mllp/frame.ts'
import { createMllpServer, type MllpServer, type MllpServerOptions } from '../../src/mllp/server.ts'
import { createTurns } from '../../src/mllp/turns.ts'
import { createTestPki, type Identity } from './pki.ts'

const HOST = '127.0.0.1'
const pki = await createTestPki()

interface Door {
  readonly server: MllpServer
  readonly port: number
  readonly events: MllpEvent[]
}

const echo = async (message: Buffer): Promise<MllpReply> => Buffer.from(`ack ${message.toString()}`)

async function open(t: Test, options: Partial<MllpServerOptions> = {}): Promise<Door> {
  const events: MllpEvent[] = []
  const server = createMllpServer({
    tls: { ...pki.server, ca: pki.ca },
    handler: echo,
    admit: async (connection) => connection.authorized,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const port = await server.listen(0, HOST)
  t.teardown(() => server.close())
  return { server, port, events }
}

function client(door: Door, identity: Identity = pki.client) {
  return connectMllp({ host: HOST, port: door.port, tls: { ...identity, ca: pki.ca }, timeoutMs: 5_000 })
}

async function rawSocket(door: Door, identity: Partial<Identity> = pki.client): Promise<TLSSocket> {
  const socket = connect({ host: HOST, port: door.port, ca: pki.ca, ...identity })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** All answers until the server closes. */
async function answersOf(socket: TLSSocket): Promise<readonly string[]> {
  const decoder = createFrameDecoder()
  const answers: string[] = []
  socket.on('data', (chunk: Buffer) => {
    for (const event of decoder.push(chunk)) if (event.kind === 'frame') answers.push(event.message.toString())
  })
  if (!socket.closed) await once(socket, 'close')
  return answers
}

t.test('messages sent at once are answered one by one, in order, never two in work', async (t) => {
  let working = 0
  const door = await open(t, {
    handler: async (message) => {
      t.equal(++working, 1)
      await delay(message.toString() === '0' ? 30 : 1)
      working--
      return echo(message)
    },
  })
  const sender = await client(door)
  const answers = await Promise.all(['0', '1', '2', '3'].map((text) => sender.send(Buffer.from(text))))
  t.same(answers.map(String), ['ack 0', 'ack 1', 'ack 2', 'ack 3'])
  await sender.close()
})

t.test('frames pipelined in one write by a sender that then closes its side are all answered', async (t) => {
  const door = await open(t)
  const socket = await rawSocket(door)
  socket.end(Buffer.concat([encodeFrame(Buffer.from('a')), encodeFrame(Buffer.alloc(0)), Buffer.from('\r\n\x0bb\x1c')]))
  t.same(await answersOf(socket), ['ack a', 'ack b'], 'the empty frame is ignored, the lone 1C ends the last')
})

t.test('a lone 1C ends its frame when the sender pauses', async (t) => {
  const door = await open(t)
  const socket = await rawSocket(door)
  const answers = answersOf(socket)
  socket.write('\x0bpause\x1c')
  await once(socket, 'data')
  socket.end()
  t.same(await answers, ['ack pause'])
})

t.test('the handler knows the certificate; a stranger or nobody is cut off without an answer', async (t) => {
  const seen: string[] = []
  const door = await open(t, {
    handler: async (message, connection) => {
      seen.push(connection.fingerprint256 ?? '')
      return echo(message)
    },
  })
  const sender = await client(door)
  await sender.send(Buffer.from('x'))
  await sender.close()
  t.match(seen[0], /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  for (const identity of [pki.stranger, {}]) {
    const socket = await rawSocket(door, identity)
    socket.write(encodeFrame(Buffer.from('x')))
    t.same(await answersOf(socket), [])
  }
  t.same(
    door.events.map((event) => event.kind),
    ['refused', 'refused'],
  )
  t.ok(door.events[0]?.fingerprint256, 'the refused certificate can be journalled')
  t.equal(seen.length, 1)
})

t.test('a certificate that is revoked while its connection is open gets no further answer', async (t) => {
  let revoked = false
  const door = await open(t, { admit: async () => !revoked })
  const sender = await client(door)
  t.equal(String(await sender.send(Buffer.from('1'))), 'ack 1')
  revoked = true
  await t.rejects(sender.send(Buffer.from('2')))
  await t.rejects(sender.send(Buffer.from('3')), 'and the connection stays closed')
})

t.test('broken frames are never answered: restart, too large, noise, cut off, too slow', async (t) => {
  const limits = { maxFrameBytes: 100, frameTimeoutMs: 80 }
  const cases = [
    ['\x0bhalf\x0bwhole\x1c\r', ['ack whole'], ['frame-dropped']],
    [`\x0b${'x'.repeat(101)}\x1c\r\x0bnext\x1c\r`, [], ['frame-too-large']],
    ['x'.repeat(5_000), [], ['garbage']],
    ['\x0bcut off', [], ['frame-incomplete']],
  ] as const
  for (const [stream, answers, kinds] of cases) {
    const door = await open(t, { limits })
    const socket = await rawSocket(door)
    socket.end(stream)
    t.same(await answersOf(socket), answers)
    t.same(
      door.events.map((event) => event.kind),
      kinds,
    )
  }
  const door = await open(t, { limits })
  const socket = await rawSocket(door)
  socket.write('\x0bnever finished')
  t.same(await answersOf(socket), [])
  t.same(
    door.events.map((event) => event.kind),
    ['frame-incomplete'],
  )
})

t.test('an idle connection is closed after its time', async (t) => {
  const door = await open(t, { limits: { idleTimeoutMs: 50 } })
  t.same(await answersOf(await rawSocket(door)), [])
  t.same(door.events, [])
})

t.test('the handler may answer nothing, twice, or hang up; when it fails there is no answer at all', async (t) => {
  const door = await open(t, {
    handler: async (message) => {
      switch (message.toString()) {
        case 'none':
          return undefined
        case 'two':
          return [Buffer.from('commit'), Buffer.from('application')]
        case 'fail':
          throw new Error('database down')
      }
      return 'close'
    },
  })
  const exchange = async (text: string) => {
    const socket = await rawSocket(door)
    socket.write(
      Buffer.concat([
        encodeFrame(Buffer.from('none')),
        encodeFrame(Buffer.from('two')),
        encodeFrame(Buffer.from(text)),
      ]),
    )
    return answersOf(socket)
  }
  t.same(await exchange('loop'), ['commit', 'application'])
  t.same(door.events, [])
  t.same(await exchange('fail'), ['commit', 'application'])
  t.match(door.events, [{ kind: 'handler-failed', bytes: 4 }])
})

t.test('connections over the limit are closed', async (t) => {
  const door = await open(t, { limits: { maxConnections: 1 } })
  const first = await client(door)
  await first.send(Buffer.from('1'))
  t.same(await answersOf(await rawSocket(door)), [])
  t.same(
    door.events.map((event) => event.kind),
    ['too-many-connections'],
  )
  await first.close()
})

t.test('one certificate holds its share of the connections, others still find room', async (t) => {
  const door = await open(t, { limits: { maxConnectionsPerCertificate: 2 }, admit: async () => true })
  const own = [await client(door), await client(door)] as const
  await Promise.all(own.map((one) => one.send(Buffer.from('1'))))
  t.same(await answersOf(await rawSocket(door)), [], 'a third is closed')
  const other = await client(door, pki.stranger)
  t.equal((await other.send(Buffer.from('2'))).toString(), 'ack 2')
  await own[0].close()
  const again = await client(door)
  t.equal((await again.send(Buffer.from('3'))).toString(), 'ack 3', 'a closed one makes room')
  t.same(
    door.events.map((event) => event.kind),
    ['too-many-connections'],
  )
  await Promise.all([own[1], other, again].map((one) => one.close()))
})

t.test('close answers the message in work, drops what waits, ends idle connections and refuses new ones', async (t) => {
  let started = () => undefined as undefined
  const inWork = new Promise<void>((resolve) => {
    started = () => resolve() as undefined
  })
  const door = await open(t, {
    handler: async (message) => {
      started()
      await delay(50)
      return echo(message)
    },
  })
  const idle = answersOf(await rawSocket(door))
  const socket = await rawSocket(door)
  socket.write(Buffer.concat([encodeFrame(Buffer.from('work')), encodeFrame(Buffer.from('wait'))]))
  const answers = answersOf(socket)
  await inWork
  await door.server.close()
  t.same(await answers, ['ack work'])
  t.same(await idle, [])
  t.equal(door.server.connections(), 0)
  await t.rejects(client(door))
})

t.test('a sender whose handshake ends while the door closes does not hold it open (reliability: drain)', async (t) => {
  const door = await open(t)
  const tcp = connectTcp({ host: HOST, port: door.port }).on('error', () => undefined)
  await once(tcp, 'connect')
  // Connections are taken in order: when the second one is served, the first one is taken.
  await (await client(door)).close()
  const closed = door.server.close()
  const late = connect({ socket: tcp, ca: pki.ca, ...pki.client }).on('error', () => undefined)
  t.teardown(() => late.destroy())
  late.write(encodeFrame(Buffer.from('late')))
  t.same(await answersOf(late), [], 'nothing more is taken')
  await closed
})

t.test('a message in work beyond the close time is cut', async (t) => {
  let release = () => undefined as undefined
  const door = await open(t, {
    limits: { closeTimeoutMs: 50 },
    handler: () =>
      new Promise((resolve) => {
        release = () => resolve(undefined) as undefined
      }),
  })
  const socket = await rawSocket(door)
  socket.write(encodeFrame(Buffer.from('stuck')))
  await delay(50)
  const closing = door.server.close()
  t.same(await answersOf(socket), [])
  release()
  await closing
})

t.test('the client refuses a server it does not trust and an answer that does not come', async (t) => {
  const door = await open(t, { handler: async () => undefined })
  await t.rejects(connectMllp({ host: HOST, port: door.port, tls: { ...pki.client, ca: pki.stranger.cert } }))
  const impatient = await connectMllp({
    host: HOST,
    port: door.port,
    tls: { ...pki.client, ca: pki.ca },
    timeoutMs: 50,
  })
  await t.rejects(impatient.send(Buffer.from('x')), { message: 'no answer in time' })
  await impatient.close()
  t.match(door.events, [{ kind: 'handshake-failed' }])
})

t.test('a renewed certificate serves new connections; a port in use is told', async (t) => {
  const door = await open(t)
  const renewed = await createTestPki()
  door.server.renew({ ...renewed.server, ca: pki.ca })
  await t.rejects(client(door))
  const sender = await connectMllp({ host: HOST, port: door.port, tls: { ...pki.client, ca: renewed.ca } })
  t.equal(String(await sender.send(Buffer.from('x'))), 'ack x')
  await sender.close()
  const second = createMllpServer({ tls: { ...pki.server, ca: pki.ca }, handler: echo, admit: async () => true })
  await t.rejects(second.listen(door.port, HOST), { code: 'EADDRINUSE' })
})

t.test('large frames are read in turns; small ones pass them by', async (t) => {
  const turns = createTurns({ overall: 1, perSystem: 1, waitMs: 5_000, waitingBytes: 0 })
  const door = await open(t, { largeFrames: turns })
  const large = Buffer.alloc(2 * LARGE_BYTES, 'x')
  const half = await rawSocket(door)
  half.write(Buffer.concat([Buffer.from([0x0b]), large]))
  // The turn is taken once it is known: another one would have to wait for it.
  const isTaken = async () => {
    const probe = turns.take('probe', 0)
    const end = await Promise.race([probe, delay(20).then(() => undefined)])
    void probe.then((endProbe) => endProbe())
    return end === undefined
  }
  while (!(await isTaken())) await delay(5)
  const [second, small] = [await client(door), await client(door)]
  let answered = false
  const waiting = second.send(large).then(() => {
    answered = true
  })
  t.equal((await small.send(Buffer.from('small'))).toString(), 'ack small')
  t.equal(answered, false, 'the second large one waits')
  half.end(Buffer.from([0x1c, 0x0d]))
  await waiting
  t.ok(answered)
  await Promise.all([second.close(), small.close()])
})

t.test('a large frame whose turn does not come is cut, and told of', async (t) => {
  const turns = createTurns({ overall: 1, perSystem: 1, waitMs: 20, waitingBytes: 0 })
  const end = await turns.take('other', 0)
  const door = await open(t, { largeFrames: turns })
  const socket = await rawSocket(door)
  const answers = answersOf(socket)
  socket.write(Buffer.concat([Buffer.from([0x0b]), Buffer.alloc(LARGE_BYTES, 'x')]))
  t.same(await answers, [])
  t.match(door.events, [{ kind: 'overloaded' }])
  end()
})
