// Messages cut at every byte and spoiled in many ways through the codec: read or refused by a row of the table, never a crash, and what is
// read has lost nothing (HL7 v2.5 2.5, 2.15.9.18).

import t from 'tap'
import { readAck, writeAck } from '../../../src/codec/hl7v2/ack.ts'
import { isBatch, readBatch, readBatchHeader } from '../../../src/codec/hl7v2/batch.ts'
import { readHeader } from '../../../src/codec/hl7v2/header.ts'
import { textOf } from '../../../src/codec/hl7v2/message.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { createFrameDecoder, encodeFrame } from '../../../src/mllp/frame.ts'
import { IheError } from '../../../src/model/error.ts'
import type { Er7Message } from '../../../src/model/hl7v2.ts'
import { FUZZ_MESSAGES, mutant, seeds } from '../../storeclient/mutations.ts'

t.setTimeout(0)

const SLOW_MS = 2_000

/** The message, or its refusal; everything else that is thrown is a fault of ours. */
function read(bytes: Buffer): Er7Message | IheError {
  try {
    return readEr7(bytes)
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
}

/** Whether an acknowledgement of the message can be written and read. */
function isAnswered(bytes: Buffer, result: Er7Message | IheError): boolean {
  const request = isBatch(bytes) ? readBatchHeader(bytes) : readHeader(bytes)
  const isRefused = result instanceof IheError
  const ack = writeAck({
    request,
    result: isRefused ? result : 'accepted',
    warnings: [],
    journalId: 'j',
    now: new Date(0),
    controlId: 'A',
    mode: 'original',
  })
  const { code } = readAck(ack ?? Buffer.alloc(0))
  return isRefused ? code === 'AE' || code === 'AR' : code === 'AA'
}

const all = seeds()

t.test('each message cut at every byte: no crash, and no success that says more or less than was sent', async (t) => {
  t.ok(all.length > 30, `${all.length} messages`)
  let accepted = 0
  for (const { name, bytes } of all) {
    if (bytes.length > 20_000) continue
    const whole = read(bytes)
    const text = whole instanceof IheError ? undefined : textOf(whole)
    const wrong: string[] = []
    for (let end = 0; end < bytes.length; end++) {
      const cut = read(bytes.subarray(0, end))
      readHeader(bytes.subarray(0, end))
      if (cut instanceof IheError) {
        if (!cut.row.code.startsWith('HL7_')) wrong.push(`${end} ${cut.row.code}`)
        continue
      }
      accepted += 1
      const isWhole = bytes[end - 1] === 0x0d || bytes[end - 1] === 0x0a
      const isTold = cut.tolerances.some(({ code }) => code === 'HL7_TERMINATOR')
      if (!isWhole && !isTold) wrong.push(`${end} nothing said`)
      // A cut that leaves half an escape sequence or no ESC at all changes what the rest is taken for.
      const isSame = text !== undefined && whole instanceof IheError === false && cut.charset === whole.charset
      if (isSame && !/\\/.test(text.slice(4)) && !text.startsWith(textOf(cut))) wrong.push(`${end} other text`)
    }
    t.same(wrong, [], name)
  }
  t.ok(accepted > 1000, `${accepted} cuts read`)
})

t.test('a frame cut at every byte is no frame before its end block', async (t) => {
  const [seed] = all
  const frame = encodeFrame(seed?.bytes ?? Buffer.alloc(0))
  for (let end = 0; end < frame.length - 1; end++) {
    const decoder = createFrameDecoder()
    const events = [...decoder.push(frame.subarray(0, end)), ...decoder.idle()]
    t.same(events, [], String(end))
  }
})

t.test(`${FUZZ_MESSAGES} spoiled messages: read or refused by a row of the table, and answered`, async (t) => {
  let refused = 0
  let slowest = 0
  const wrong: string[] = []
  for (let number = 0; number < FUZZ_MESSAGES; number++) {
    const bytes = mutant(all, number)
    const before = process.cpuUsage()
    const result = read(bytes)
    if (isBatch(bytes)) {
      try {
        readBatch(bytes)
      } catch (error) {
        if (!(error instanceof IheError)) wrong.push(`${number} ${String(error)}`)
      }
    }
    if (!isAnswered(bytes, result)) wrong.push(`${number} not answered`)
    const { user, system } = process.cpuUsage(before)
    slowest = Math.max(slowest, (user + system) / 1000)
    if (result instanceof IheError) refused += 1
    else if (textOf(result).includes('\ufffd')) wrong.push(`${number} lost`)
  }
  t.same(wrong, [])
  t.ok(slowest < SLOW_MS, `the slowest took ${Math.round(slowest)} ms`)
  t.ok(refused > FUZZ_MESSAGES / 100 && refused < FUZZ_MESSAGES, `${refused} refused`)
})
