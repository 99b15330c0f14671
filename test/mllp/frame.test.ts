// MLLP framing (MLLP Release 1): start and end blocks, line noise, restarts, limits, and every way a stream can be cut into chunks.

import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  createFrameDecoder,
  encodeFrame,
  type FrameEvent,
  MAX_GARBAGE_BYTES,
  MAX_RESTARTS,
} from '../../src/mllp/frame.ts'

/** Events of a stream that ends after these chunks, as short texts. */
function read(chunks: readonly (string | Buffer)[], maxFrameBytes?: number): readonly string[] {
  const decoder = createFrameDecoder(maxFrameBytes === undefined ? {} : { maxFrameBytes })
  const events: FrameEvent[] = []
  for (const chunk of chunks) events.push(...decoder.push(Buffer.from(chunk)))
  events.push(...decoder.idle())
  return events.map((event) => {
    if (event.kind === 'frame') return event.message.toString('latin1')
    return event.kind === 'dropped' ? `dropped ${event.bytes}` : `fault ${event.fault}`
  })
}

const STREAMS = [
  ['two frames back to back', '\x0bA\x1c\r\x0bB\x1c\r', ['A', 'B']],
  ['an empty frame', '\x0b\x1c\r', ['']],
  ['noise between frames', '\r\n\x0bA\x1c\r\r\nnoise\x0bB\x1c\r', ['A', 'B']],
  ['1C without 0D before the next frame', '\x0bA\x1c\x0bB\x1c\r', ['A', 'B']],
  ['1C without 0D at the end', '\x0bA\x1c', ['A']],
  ['1C inside a message', '\x0bA\x1cB\x1c\r', ['A\x1cB']],
  ['two 1C', '\x0bA\x1c\x1c\r', ['A\x1c']],
  ['a restart inside a frame', '\x0bABC\x0bD\x1c\r', ['dropped 3', 'D']],
  ['a frame that never ends', '\x0bABC', []],
  ['message ending with CR', '\x0bA\r\x1c\r', ['A\r']],
] as const

t.test('a stream gives the same frames wherever it is cut', async (t) => {
  for (const [name, stream, expected] of STREAMS) {
    t.same(read([stream]), expected, name)
    t.same(read(stream.split('')), expected, `${name}, byte by byte`)
    for (let cut = 1; cut < stream.length; cut++)
      t.same(read([stream.slice(0, cut), stream.slice(cut)]), expected, `${name}, cut at ${cut}`)
  }
})

t.test('any messages come out as they went in', async () => {
  const message = fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x0b || byte === 0x1c ? 0x41 : byte))))
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (messages, size) => {
      const stream = Buffer.concat(messages.map(encodeFrame))
      const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, at) =>
        stream.subarray(at * size, at * size + size),
      )
      return JSON.stringify(read(chunks)) === JSON.stringify(messages.map((one) => one.toString('latin1')))
    }),
  )
})

t.test('more noise than a sender makes, or a frame over the limit, is a fault and the end', async (t) => {
  const noise = 'x'.repeat(MAX_GARBAGE_BYTES)
  t.same(read([`${noise}\x0bA\x1c\r`]), ['A'])
  t.same(read([noise, 'x', '\x0bA\x1c\r']), ['fault garbage'])
  t.same(read(['GET / HTTP/1.1\r\n', `\x0bA\x1c\r${noise}x`]), ['A', 'fault garbage'])
  t.same(read(['\x0b12345\x1c\r'], 5), ['12345'])
  t.same(read(['\x0b123', '456\x1c\r\x0bA\x1c\r'], 5), ['fault too-large'])
})

t.test('a start block after the other is no message lost; a stream of nothing else is no MLLP', async (t) => {
  t.same(read(['\x0b\x0bA\x1c\r']), ['A'], 'an empty frame begun again')
  const begun = '\x0bA'.repeat(MAX_RESTARTS)
  const dropped = Array.from({ length: MAX_RESTARTS }, () => 'dropped 1')
  t.same(read([`${begun}\x0bB\x1c\r`]), [...dropped, 'B'])
  t.same(read([`${begun}\x0bB\x1c\r${begun}\x0bB\x1c\r`]), [...dropped, 'B', ...dropped, 'B'], 'counted anew')
  t.same(read([`${begun}\x0bB\x0bC\x1c\r`]), [...dropped, 'fault garbage'])
  t.same(read([Buffer.alloc(1024 * 1024, 0x0b)]), ['fault garbage'])
})

t.test('a frame of end blocks, or of single bytes, takes as much memory as it has bytes', async (t) => {
  const bytes = 1024 * 1024
  const most = 32 * 1024 * 1024
  const grown = (chunks: Iterable<Buffer>): number => {
    const before = process.memoryUsage().heapUsed
    const decoder = createFrameDecoder()
    decoder.push(Buffer.from('\x0b'))
    for (const chunk of chunks) decoder.push(chunk)
    const growth = process.memoryUsage().heapUsed - before
    t.equal(decoder.size(), bytes)
    const [frame] = decoder.push(Buffer.from('A\x1c\r'))
    t.equal(frame?.kind === 'frame' ? frame.message.length : 0, bytes + 1)
    return growth
  }
  t.ok(grown([Buffer.alloc(bytes - 1, 0x1c), Buffer.from('A')]) < most, '1C')
  t.ok(grown([Buffer.from('A\x1c'.repeat(bytes / 2 - 1)), Buffer.from('AA')]) < most, '1C and others by turns')
  const single = function* () {
    for (let count = 0; count < bytes; count++) yield Buffer.from('A')
  }
  t.ok(grown(single()) < most, 'byte by byte')
})

t.test('the decoder says where the stream stands', async (t) => {
  const decoder = createFrameDecoder()
  const states = ['', '\x0bA', '\x1c', '\r'].map((chunk) => {
    decoder.push(Buffer.from(chunk))
    return decoder.state()
  })
  t.same(states, ['between', 'inside', 'ended', 'between'])
})

const samples = new URL('../../../shared/samples/storeclient/mllp/', import.meta.url)
if (existsSync(samples)) {
  t.test('sample streams hold as many whole messages as their README says', async (t) => {
    const expected = [
      ['201_two_messages_one_stream.mllp', 2],
      ['202_garbage_between_frames.mllp', 2],
      ['203_missing_end_block.mllp', 0],
      ['204_fs_without_cr.mllp', 1],
      ['205_restart_inside_frame.mllp', 1],
    ] as const
    for (const [name, count] of expected) {
      const events = read([readFileSync(new URL(name, samples))])
      const frames = events.filter((event) => event.startsWith('MSH'))
      t.equal(frames.length, count, name)
      t.equal(
        events.some((event) => event.startsWith('dropped')),
        name.startsWith('205'),
        name,
      )
    }
  })
}

t.test('what makes no message leaves its beginning, for the journal', async (t) => {
  const heads = (chunks: readonly string[], maxFrameBytes = 1_000_000): readonly (readonly [string, number])[] => {
    const decoder = createFrameDecoder({ maxFrameBytes })
    const events = chunks.flatMap((chunk) => decoder.push(Buffer.from(chunk)))
    return events.flatMap((event) =>
      event.kind === 'frame' ? [] : [[event.head.toString('latin1'), event.bytes] as const],
    )
  }
  t.same(heads(['\x0bA', 'BC\x0bD\x1c\r']), [['ABC', 3]])
  t.same(heads(['\x0b123', '456\x1c\r'], 5), [['123', 6]])
  t.same(heads(['GET / HTTP/1.1\r\n'.repeat(300)]), [['GET / HTTP/1.1\r\n'.repeat(300), 4800]])
  const long = 'x'.repeat(100_000)
  t.same(heads([`\x0b${long}`, `${long}\x0b`]), [[long.slice(0, 65_536), 200_000]])
  const decoder = createFrameDecoder()
  decoder.push(Buffer.from('\x0bMSH|'))
  t.equal(decoder.head().toString(), 'MSH|')
})
