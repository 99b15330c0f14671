// Documents of a neighbour lie here only until they are passed on, whatever becomes of the one who asked (docs/adr/0040).

import t from 'tap'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { passedOn } from '../../src/gateway/passed-on.ts'

async function* bytes(name: string): AsyncGenerator<Buffer> {
  yield Buffer.from(`${name} 1`)
  yield Buffer.from(`${name} 2`)
}

function answered() {
  const gone: string[] = []
  const part = (name: string) => ({
    contentId: name,
    contentType: 'text/plain',
    body: passedOn(bytes(name), async () => void gone.push(name)),
  })
  const { body } = writeRelated('<envelope/>', ['one', 'two', 'three'].map(part))
  if (Buffer.isBuffer(body)) throw new Error('streams are not gathered')
  return { gone, body: body[Symbol.asyncIterator]() }
}

t.test('what was read to its end is gone, once', async (t) => {
  const { gone, body } = answered()
  for (let next = await body.next(); next.done !== true; next = await body.next()) t.ok(next.value.length > 0)
  t.same(gone, ['one', 'two', 'three'])
})

t.test('a reader that goes away during the first document leaves none of the others behind', async (t) => {
  const { gone, body } = answered()
  for (let text = ''; !text.includes('one 1'); ) text += String((await body.next()).value)
  await body.return?.()
  t.same(gone, ['one', 'two', 'three'])
})

t.test('a document that cannot be read on is gone too', async (t) => {
  const gone: string[] = []
  async function* damaged(): AsyncGenerator<Buffer> {
    yield Buffer.from('beginning')
    throw new Error('damaged')
  }
  const body = passedOn(damaged(), async () => void gone.push('damaged'))
  await t.rejects(async () => {
    for await (const chunk of body) t.ok(chunk.length > 0)
  }, /damaged/)
  t.same(gone, ['damaged'])
})
