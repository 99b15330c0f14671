// Writing MTOM packages and reading them back (ITI TF-2 Appendix V).

import { once as eventOnce } from 'node:events'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { parseRelated } from '../../../src/codec/mtom/content-type.ts'
import { readRelated } from '../../../src/codec/mtom/split.ts'
import { writeRelated } from '../../../src/codec/mtom/write.ts'

async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* once(...chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

function readBack({ contentType, body }: ReturnType<typeof writeRelated>) {
  return readRelated(Buffer.isBuffer(body) ? once(body) : body, { contentType, sink: (_, part) => collect(part) })
}

t.test('ITI TF-2 Appendix V: Content-Type of package and root part', async (t) => {
  const { contentType, body } = writeRelated('<e/>', [])
  const { boundary, start } = parseRelated(contentType)
  t.match(
    contentType,
    /^multipart\/related; boundary="[^"]+"; type="application\/xop\+xml"; start="<[^>"]+>"; start-info="application\/soap\+xml"$/,
  )
  t.equal(
    String(body),
    `--${boundary}\r\nContent-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n` +
      `Content-Transfer-Encoding: binary\r\nContent-ID: <${start}>\r\n\r\n<e/>\r\n--${boundary}--\r\n`,
  )
})

t.test('attachments come back byte for byte', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
      async (root, bodies) => {
        const attachments = bodies.map((body, index) => ({
          contentId: `doc${index}@tsunagi`,
          contentType: 'application/pdf',
          body: Buffer.from(body),
        }))
        const read = await readBack(writeRelated(root, attachments))
        t.equal(read.root.toString(), root)
        for (const { contentId, body } of attachments) t.same(read.parts.get(contentId), body)
      },
    ),
    { numRuns: 50 },
  )
})

t.test('small packages of buffers are one buffer, others a stream', async (t) => {
  const small = { contentId: 'a@tsunagi', contentType: 'text/plain', body: Buffer.from('A') }
  const large = { contentId: 'b@tsunagi', contentType: 'text/plain', body: Buffer.alloc(1024 * 1024) }
  const streamed = {
    contentId: 'c@tsunagi',
    contentType: 'text/plain',
    body: once(Buffer.from('C1'), Buffer.from('C2')),
  }
  t.ok(Buffer.isBuffer(writeRelated('<e/>', [small]).body))
  t.notOk(Buffer.isBuffer(writeRelated('<e/>', [large]).body))
  const read = await readBack(writeRelated('<e/>', [small, large, streamed]))
  t.equal(String(read.parts.get('c@tsunagi')), 'C1C2')
  t.equal(read.parts.get('b@tsunagi')?.length, 1024 * 1024)
})

t.test('a document type from metadata cannot write headers of its own', async (t) => {
  const body = Buffer.from('A')
  const written = writeRelated('<e/>', [{ contentId: 'a@tsunagi', contentType: 'text/plain\r\nX-Evil: 1', body }])
  t.notMatch(String(written.body), 'X-Evil')
  t.match(String(written.body), 'Content-Type: application/octet-stream')
  t.throws(() => writeRelated('<e/>', [{ contentId: 'a>\r\nX: 1', contentType: 'text/plain', body }]), /Content-ID/)
})

t.test('a package that nobody reads to its end ends each of its streams, those that were not begun too', async (t) => {
  const ended: string[] = []
  const kept = (name: string): AsyncIterable<Buffer> => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: Buffer.from(name) }),
      return: async () => {
        ended.push(name)
        return { done: true, value: undefined }
      },
    }),
  })
  for (const chunks of [0, 3]) {
    const attachments = ['a', 'b'].map((name) => ({ contentId: name, contentType: 'text/plain', body: kept(name) }))
    const { body } = writeRelated('<e/>', attachments)
    const stream = Readable.from(body, { objectMode: false })
    const iterator = stream.iterator({ destroyOnReturn: true })
    for (let read = 0; read < chunks; read += 1) await iterator.next()
    const closed = eventOnce(stream, 'close')
    stream.destroy()
    await closed
    t.same([...new Set(ended)].sort(), ['a', 'b'], `after ${chunks} chunks`)
    ended.length = 0
  }
})
