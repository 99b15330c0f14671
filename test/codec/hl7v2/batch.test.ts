// Batches taken apart and answered (HL7 v2.5 2.10.3): bytes untouched, trailers counted, what is incomplete refused.

import t from 'tap'
import { isBatch, readBatch, readBatchHeader, writeAnswerBatch } from '../../../src/codec/hl7v2/batch.ts'
import { encode } from '../../../src/codec/hl7v2/charset.ts'
import type { IheError } from '../../../src/model/error.ts'

const header = (name: string, id = 'B1', separator = '|') =>
  [name, '^~\\&', 'EHR', '1399100015', 'GW', 'NET', '20260401090000', '', '', '', id].join(separator)
const MSH = 'MSH|^~\\&|EHR|1399100015|GW|NET|20260401090000||ADT^A08|M1|P|2.5'
const batch = (...lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\r`).join(''), 'latin1')

function refusal(bytes: Buffer): Pick<IheError, 'at' | 'row'> | undefined {
  try {
    readBatch(bytes)
    return undefined
  } catch (error) {
    return error as IheError
  }
}

t.test('messages come out as they went in, whatever their character set and line ends', async (t) => {
  const japanese = encode(`${MSH}\rPID|||1||日本入剤像\r`, 'ISO-2022-JP') ?? Buffer.alloc(0)
  const feeds = Buffer.from(`${MSH}\nPID|||2||日本\n`)
  const read = readBatch(
    Buffer.concat([batch(header('FHS'), header('BHS', 'B7')), japanese, feeds, batch('BTS|2', 'FTS|1')]),
  )
  t.equal(read.groups.length, 1)
  t.same(read.groups[0]?.messages, [japanese, feeds])
  t.match(read.groups[0]?.header, { controlId: 'B7', sendingApplication: 'EHR', messageCode: '', version: '' })
})

t.test('batches without FHS, several in a file, and a file without BHS', async (t) => {
  const sizes = (bytes: Buffer) => readBatch(bytes).groups.map(({ messages }) => messages.length)
  t.same(sizes(batch(header('BHS'), MSH, 'PID|1', MSH, 'BTS|2')), [2])
  t.same(sizes(batch(header('FHS'), header('BHS'), MSH, 'BTS|1', header('BHS'), 'BTS|0', 'FTS|2')), [1, 0])
  t.same(sizes(batch(header('FHS'), MSH, MSH, 'FTS')), [2])
  t.same(sizes(batch(header('BHS'), MSH, 'BTS')), [1], 'BTS-1 is optional')
  t.same(sizes(batch(header('BHS', 'B', '#'), MSH, 'BTS#1')), [1], 'the header names its own separator')
})

t.test('what is incomplete or out of place is refused as a whole', async (t) => {
  for (const [bytes, code, at] of [
    [batch(header('BHS'), MSH), 'HL7_BATCH_INCOMPLETE', 'BTS'],
    [batch(header('BHS'), MSH, 'BTS|2'), 'HL7_BATCH_INCOMPLETE', 'BTS-1'],
    [batch(header('BHS'), MSH, 'BTS|x'), 'HL7_BATCH_INCOMPLETE', 'BTS-1'],
    [batch(header('FHS'), header('BHS'), MSH, 'BTS|1'), 'HL7_BATCH_INCOMPLETE', 'FTS'],
    [batch(header('FHS'), header('BHS'), MSH, 'BTS|1', 'FTS|2'), 'HL7_BATCH_INCOMPLETE', 'FTS-1'],
    [batch(header('FHS'), header('BHS'), MSH, 'FTS|1'), 'HL7_BATCH_INCOMPLETE', 'BTS'],
    [batch(header('BHS'), MSH, header('BHS'), MSH, 'BTS|1'), 'HL7_BATCH_INCOMPLETE', 'BTS'],
    [batch(header('BHS'), 'PID|1', MSH, 'BTS|1'), 'HL7_STRUCTURE', 'PID'],
    [batch(header('FHS'), 'BTS|0', 'FTS|0'), 'HL7_STRUCTURE', 'BTS'],
    [batch(header('FHS'), 'FTS|0', MSH), 'HL7_STRUCTURE', 'MSH'],
    [batch(header('BHS'), header('FHS'), MSH), 'HL7_STRUCTURE', 'FHS'],
    [batch(header('BHS'), ...Array<string>(1001).fill(MSH), 'BTS'), 'HL7_LIMIT', 'BHS'],
    [batch(...Array.from({ length: 1001 }, () => [header('BHS'), 'BTS']).flat()), 'HL7_LIMIT', 'BHS'],
  ] as const) {
    t.match(refusal(bytes), { at, row: { code } }, bytes.toString('latin1', 0, 20))
  }
})

t.test('what begins with FHS or BHS is a batch, framed and behind a byte order mark too', async (t) => {
  for (const before of ['', '\x0b', '\r\n', '\xef\xbb\xbf'])
    t.ok(isBatch(Buffer.from(`${before}${header('BHS')}\r`, 'latin1')), JSON.stringify(before))
  for (const text of ['', 'MSH|', 'PID|BHS', 'BH']) t.notOk(isBatch(Buffer.from(text)), text)
  t.match(readBatchHeader(Buffer.from(`${header('BHS', 'B9')}\r`)), { controlId: 'B9', sendingFacility: '1399100015' })
})

t.test('answers stand in a batch addressed to the sender, counted, with the id of what they answer', async (t) => {
  const request = readBatch(batch(header('FHS', 'F1'), header('BHS', 'B1'), MSH, MSH, 'BTS|2', 'FTS|1'))
  const ack = Buffer.from('MSH|ACK\rMSA|AA\r')
  const text = writeAnswerBatch({
    request,
    answers: [[ack, ack, ack]],
    now: new Date('2026-04-01T00:00:00Z'),
    controlId: () => 'OWN',
  }).toString()
  t.equal(
    text,
    [
      'FHS|^~\\&|GW|NET|EHR|1399100015|20260401090000+0900||||OWN|F1\r',
      'BHS|^~\\&|GW|NET|EHR|1399100015|20260401090000+0900||||OWN|B1\r',
      ...Array<string>(3).fill('MSH|ACK\rMSA|AA\r'),
      'BTS|3\rFTS|1\r',
    ].join(''),
  )
})
