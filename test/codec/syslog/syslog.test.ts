// Audit records as syslog messages and in their frames (RFC 5424, 6; RFC 5425, 4.3; ITI TF-2 3.20.4.1.1).

import t from 'tap'
import { createSyslogFrameDecoder, encodeSyslogFrame } from '../../../src/codec/syslog/frame.ts'
import { NOTICE, readSyslog, WARNING, writeAuditRecord } from '../../../src/codec/syslog/message.ts'
import type { IheError } from '../../../src/model/error.ts'

const AT = new Date('2026-11-21T00:15:02.123Z')
const ORIGIN = { hostName: 'gw1.example.jp', appName: 'tsunagi', processId: '4711' }
const XML = '<?xml version="1.0" encoding="UTF-8"?><AuditMessage>架空</AuditMessage>'

function refusal(work: () => unknown): { readonly code?: string; readonly at?: string | undefined } {
  try {
    work()
    return {}
  } catch (error) {
    const { row, at } = error as IheError
    return { code: row.code, at }
  }
}

t.test('3.20.4.1.1: an audit record is one line of facility 10, severity 5 or 4, MSGID IHE+RFC-3881', async (t) => {
  const written = writeAuditRecord(ORIGIN, { at: AT, severity: NOTICE, xml: XML })
  t.equal(written.toString(), `<85>1 2026-11-21T00:15:02.123Z gw1.example.jp tsunagi 4711 IHE+RFC-3881 - ${XML}`)
  t.match(writeAuditRecord(ORIGIN, { at: AT, severity: WARNING, xml: XML }).toString(), /^<84>1 /)
})

t.test('RFC 5424, 6.2: names are printable ASCII of their length; what is not in it is replaced', async (t) => {
  const written = writeAuditRecord(
    { hostName: 'ホスト a', appName: 'x'.repeat(60), processId: '' },
    { at: AT, severity: NOTICE, xml: XML },
  )
  const { hostName, appName, processId } = readSyslog(written)
  t.same([hostName, appName?.length, processId], ['----a', 48, undefined])
})

t.test(
  'RFC 5424: what is written is read, with a byte order mark, with structured data, with unknown values',
  async (t) => {
    const read = readSyslog(writeAuditRecord(ORIGIN, { at: AT, severity: NOTICE, xml: XML }))
    t.same(read, { facility: 10, severity: 5, at: AT, ...ORIGIN, messageId: 'IHE+RFC-3881', content: Buffer.from(XML) })
    const marked = readSyslog(Buffer.from(`<85>1 - - - - - [a@1 b="\\]\\"c"][d@1] \ufeff${XML}`))
    t.same(marked, { facility: 10, severity: 5, content: Buffer.from(XML) })
    t.equal(readSyslog(Buffer.from('<0>1 - - - - - -')).content.length, 0)
    t.same(readSyslog(Buffer.from('<85>1 2026-11-21T09:15:02.123456+09:00 - - - - - x')).at, AT)
  },
)

t.test('RFC 5424, 6: what is wrong is named', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    '<85>Nov 21 09:15:02 host app: x': 'header',
    '<192>1 - - - - - - x': 'PRI',
    '<085>1 - - - - - - x': 'header',
    '<85>2 - - - - - - x': 'VERSION',
    '<85>1 2026-11-21t09:15:02z - - - - - x': 'TIMESTAMP',
    '<85>1 2026-02-29T09:15:02Z - - - - - x': 'TIMESTAMP',
    '<85>1 2026-11-21T09:15:02.1234567Z - - - - - x': 'TIMESTAMP',
    '<85>1 2026-11-21T09:15:60Z - - - - - x': 'TIMESTAMP',
    [`<85>1 - ${'h'.repeat(256)} - - - - x`]: 'HOSTNAME',
    [`<85>1 - - ${'a'.repeat(49)} - - - x`]: 'APP-NAME',
    [`<85>1 - - - - ${'m'.repeat(33)} - x`]: 'MSGID',
    '<85>1 - - - - - x': 'STRUCTURED-DATA',
    '<85>1 - - - - - [a b="]': 'STRUCTURED-DATA',
    '<85>1 - - - - - -x': 'MSG',
  }
  for (const [text, at] of Object.entries(cases))
    t.same(
      refusal(() => readSyslog(Buffer.from(text))),
      { code: 'SYSLOG_MESSAGE', at },
      text.slice(0, 60),
    )
})

t.test('RFC 5425, 4.3.1: frames however the stream is cut', async (t) => {
  const messages = ['a', XML, 'x'.repeat(70_000)].map((text) => Buffer.from(text))
  const stream = Buffer.concat(messages.map(encodeSyslogFrame))
  t.equal(stream.subarray(0, 3).toString(), '1 a')
  for (const size of [1, 2, 7, 4096, stream.length]) {
    const decoder = createSyslogFrameDecoder()
    const events = []
    for (let at = 0; at < stream.length; at += size) {
      events.push(...decoder.push(stream.subarray(at, at + size)))
      if (at + size < stream.length && size === 4096) t.equal(decoder.isInside(), true)
    }
    t.same(
      events,
      messages.map((bytes) => ({ kind: 'message', bytes })),
      `${size} bytes at once`,
    )
    t.equal(decoder.isInside(), false)
  }
})

t.test('RFC 5425, 4.3.1: a length that is none breaks the stream', async (t) => {
  for (const text of ['01 a', '0 ', '<85>1 - -', ' 1 a', '1\na', '1 a\n1 b', '123456789 a', '99999999 a', '-1 a'])
    t.match(createSyslogFrameDecoder().push(Buffer.from(text)).at(-1), { kind: 'broken', rule: /MSG-LEN/ }, text)
  const decoder = createSyslogFrameDecoder()
  decoder.push(Buffer.from('x'))
  t.same(decoder.push(Buffer.from('1 a')), [], 'nothing comes of it any more')
})

t.test('a record that is too large is passed over, and the next one is read', async (t) => {
  const decoder = createSyslogFrameDecoder(1000)
  const stream = Buffer.concat([Buffer.alloc(5000, 'x'), Buffer.from('ok')].map(encodeSyslogFrame))
  const events = [decoder.push(stream.subarray(0, 3000)), decoder.push(stream.subarray(3000))].flat()
  t.match(events, [
    { kind: 'too-large', size: 5000 },
    { kind: 'message', bytes: Buffer.from('ok') },
  ])
  t.equal(decoder.push(encodeSyslogFrame(Buffer.alloc(1000)))[0]?.kind, 'message', 'the limit itself is taken')
})

t.test('RFC 5424: whatever stands in a message, it is read or refused in words', async (t) => {
  const seed = writeAuditRecord(ORIGIN, { at: AT, severity: NOTICE, xml: XML })
  let random = 1
  const next = (below: number): number => {
    random = (random * 48271) % 2147483647
    return random % below
  }
  let refused = 0
  for (let n = 0; n < 5000; n += 1) {
    const spoiled = Buffer.from(seed.subarray(0, next(20) === 0 ? next(seed.length) : seed.length))
    for (let changes = 0; changes <= next(3); changes += 1) spoiled[next(110)] = next(256)
    const { code } = refusal(() => readSyslog(spoiled))
    if (code !== undefined && code !== 'SYSLOG_MESSAGE') t.fail(`${code}: ${spoiled.toString('latin1')}`)
    if (code !== undefined) refused += 1
  }
  t.ok(refused > 500 && refused < 4500, `${refused} were refused`)
})
