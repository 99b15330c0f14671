// Answers of the admin API that are read line by line, however the network cuts them (docs/patient-import.md: reasons in Japanese).

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t from 'tap'
import { sendStream } from '../../src/cli/admin-stream.ts'

t.test('a character that comes in two chunks is one character', async (t) => {
  const told = { code: 'not-json', ja: '行がJSONオブジェクトではありません。' }
  const bytes = Buffer.from(`${JSON.stringify(told)}\n`)
  const server = createServer(async (_, response) => {
    response.flushHeaders()
    for (const byte of bytes) {
      response.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    response.end()
  }).listen(0, '127.0.0.1')
  t.teardown(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target = { baseUrl: `http://127.0.0.1:${port}`, token: 'x' }
  const lines: unknown[] = []
  for await (const line of sendStream(target, '/patients/import', Readable.from([Buffer.from('{}')]))) lines.push(line)
  t.same(lines, [told])
})
