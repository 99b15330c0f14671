// Virus scan over clamd's INSTREAM (clamd(8)): the bytes arrive in chunks, and only a plain OK is clean.

import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { virusScan } from '../../../src/app/virus-scan.ts'

const COMMAND = 'zINSTREAM\0'

/** A scanner that says `answer` when it has read everything, and the digest of what it read. */
async function scanner(t: Test, answer: string, path?: string) {
  const seen: string[] = []
  const server: Server = createServer((socket) => {
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const content = contentOf(received)
      if (content === undefined) return
      seen.push(digest(content))
      socket.end(answer)
    })
  })
  await new Promise<void>((resolve) =>
    path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve),
  )
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return { seen, address: path ?? `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Undefined until the chunk of length zero is there. */
function contentOf(received: Buffer): Buffer | undefined {
  if (received.toString('latin1', 0, COMMAND.length) !== COMMAND) return undefined
  const chunks: Buffer[] = []
  for (let at = COMMAND.length; at + 4 <= received.length; ) {
    const length = received.readUInt32BE(at)
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(received.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return undefined
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

t.test('the scanner reads all bytes, and its word is the verdict', async (t) => {
  const bytes = Buffer.alloc(3 * 2 ** 20 + 7, 'abc')
  const cases = [
    ['stream: OK\0', 'clean'],
    ['stream: Eicar-Signature FOUND\0', 'infected'],
    ['INSTREAM size limit exceeded. ERROR\0', 'unavailable'],
    ['', 'unavailable'],
  ] as const
  for (const [answer, verdict] of cases) {
    const { seen, address } = await scanner(t, answer)
    t.equal(await virusScan(address)(bytes), verdict, answer)
    t.same(seen, [digest(bytes)])
  }
})

t.test('over a socket of this machine too; an empty file is scanned like others', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-clamd-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const { seen, address } = await scanner(t, 'stream: OK\0', join(directory, 'clamd.ctl'))
  t.equal(await virusScan(address)(Buffer.alloc(0)), 'clean')
  t.equal(seen.length, 1)
})

t.test('a scanner that is not there has seen nothing; without one nothing is asked', async (t) => {
  t.equal(await virusScan('127.0.0.1:1')(Buffer.from('a')), 'unavailable')
  t.equal(await virusScan('/nowhere/clamd.ctl')(Buffer.from('a')), 'unavailable')
  t.equal(await virusScan(undefined)(Buffer.from('a')), 'clean')
})
