// Messages in a block: what goes in comes out, cut where it is too long (docs/adr/0035).

import { createHash } from 'node:crypto'
import t from 'tap'
import { pack, unpack } from '../../src/journal/block.ts'
import type { KeptMessage } from '../../src/journal/kept-message.ts'
import { newJournalId } from '../../src/model/journal-id.ts'

const LIMITS = { messageBytes: 1000, partBytes: 100 }

function message(exchangeId: string, given: Partial<KeptMessage> = {}): KeptMessage {
  const bytes = given.bytes ?? Buffer.from('MSH|^~\\&|日本語\r')
  return { exchangeId, direction: 'request', sizeBytes: bytes.length, isWhole: true, parts: [], ...given, bytes }
}

function part(contentId: string, bytes: Buffer) {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { contentId, contentType: 'application/pdf', sizeBytes: bytes.length, sha256, bytes }
}

function blockOf(messages: readonly KeptMessage[]): Buffer {
  const packed = messages.map((one) => pack(one, LIMITS))
  const block = Buffer.alloc(packed.reduce((sum, one) => sum + one.sizeBytes, 0))
  const end = packed.reduce((at, one) => one.writeTo(block, at), 0)
  t.equal(end, block.length)
  return block
}

t.test('messages of an exchange come out as they were, those of others stay in', async (t) => {
  const [id, other] = [newJournalId(), newJournalId()]
  const request = message(id, {
    contentType: 'multipart/related; boundary="b"',
    headers: { 'x-storeclient-kind': 'OML-01' },
    parts: [part('a@x', Buffer.from([0, 1, 2])), part('empty@x', Buffer.alloc(0))],
  })
  const answer = message(id, { direction: 'answer', bytes: Buffer.alloc(0) })
  // A message that quotes the id of another exchange is not one of it.
  const quoting = message(other, { contentType: `text/plain; journal=${id}` })
  const block = blockOf([message(other), request, quoting, answer])
  t.same(unpack(block, id), [request, answer])
  t.same(unpack(block, other), [message(other), quoting])
  t.same(unpack(block, newJournalId()), [])
})

t.test('what is too long is cut and says so; a part that is too large leaves its name', async (t) => {
  const id = newJournalId()
  const [small, large] = [part('s', Buffer.alloc(100, 1)), part('l', Buffer.alloc(101, 2))]
  const [found] = unpack(blockOf([message(id, { bytes: Buffer.alloc(1001, 'x'), parts: [small, large] })]), id)
  const { bytes: _, ...named } = large
  t.equal(found?.bytes.length, 1000)
  t.equal(found?.isWhole, false)
  t.equal(found?.sizeBytes, 1001)
  t.same(found?.parts, [small, named])
})
