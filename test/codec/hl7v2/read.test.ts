// Reading HL7 v2.5 ER7 messages (HL7 v2.5 2.5, 2.6, 2.10): framing, delimiters, terminators, limits, headers; round trip with the writer.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { readHeader } from '../../../src/codec/hl7v2/header.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { components, er7Text, type SegmentValue, writeEr7 } from '../../../src/codec/hl7v2/write.ts'
import type { IheError } from '../../../src/model/error.ts'
import { component, repetitions, segmentsOf, value } from '../../../src/model/hl7v2.ts'

const HEAD = 'MSH|^~\\&|EHR|0119999999|GW|NET|20300401090001||ADT^A08^ADT_A01|M1|P|2.5|||AL|NE||~ISO IR87'

function refusal(text: string | Buffer): Pick<IheError, 'at' | 'value' | 'row'> | undefined {
  try {
    readEr7(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
    return undefined
  } catch (error) {
    return error as IheError
  }
}

function terminators(text: string): readonly (string | undefined)[] {
  return readEr7(Buffer.from(text))
    .tolerances.filter(({ code }) => code === 'HL7_TERMINATOR')
    .map((one) => one.value)
}

t.test('HL7 2.15.9: MSH counts its separator as field 1', async (t) => {
  const message = readEr7(Buffer.from(`${HEAD}\rEVN||20300401\r`))
  t.equal(value(message, 'MSH', 1), '|')
  t.equal(repetitions(message, message.segments[0], 18).length, 2)
  t.equal(value(message, 'MSH', 10), 'M1')
  t.equal(value(message, 'EVN', 2), '20300401')
  t.same(message.tolerances, [])
})

t.test('MLLP bytes and the trailing 1C of file exports are taken off', async (t) => {
  for (const framed of [`\x0b${HEAD}\r\x1c\r`, `\x0b${HEAD}\r\x1c`, `${HEAD}\r\x1c`, `${HEAD}\r`]) {
    t.equal(value(readEr7(Buffer.from(framed)), 'MSH', 10), 'M1')
  }
})

t.test('HL7 2.5.1: delimiters are read from MSH-1 and MSH-2, never assumed', async (t) => {
  const message = readEr7(Buffer.from('MSH#*~\\@#APP*1.2*ISO#F\rPID###1*~2*@X@Y\r'))
  t.equal(value(message, 'MSH', 3, 2), '1.2')
  const pid = segmentsOf(message, 'PID')[0]
  t.equal(component(message, repetitions(message, pid, 3)[1], 2, 2), 'X')
})

t.test('delimiters that are not five distinct punctuation marks are HL7_DELIMITERS', async (t) => {
  for (const head of [
    'MSH|^~|A',
    'MSH|^~\\&#|A',
    'MSH|^^\\&|A',
    'MSH|^~\\||A',
    'MSHA^~\\&A',
    'MSH|^~\\1|A',
    'MSH',
    'MSH|^~\\\rPID|',
  ]) {
    t.equal(refusal(head)?.row.code, 'HL7_DELIMITERS', head)
  }
})

t.test('no MSH, a batch, or nothing at all', async (t) => {
  t.equal(refusal('')?.row.code, 'HL7_NO_MSH')
  t.equal(refusal('PID|||1\r')?.row.code, 'HL7_NO_MSH')
  t.equal(refusal(Buffer.from([0xff, 0xd8, 0xff]))?.row.code, 'HL7_NO_MSH', 'binary that is no message')
  t.equal(refusal(`FHS|^~\\&\r${HEAD}\r`)?.row.code, 'HL7_BATCH')
  t.match(refusal(`${HEAD}\r${HEAD}\r`), { at: 'MSH[2]', row: { code: 'HL7_BATCH' } })
  t.equal(refusal(Buffer.from(HEAD, 'utf16le'))?.row.code, 'HL7_CHARSET_UNSUPPORTED')
})

t.test('segment terminators: CR; LF, CRLF and a missing last one are warned about', async (t) => {
  t.same(terminators(`${HEAD}\rEVN|A\r`), [])
  t.same(terminators(`${HEAD}\nEVN|A\n`), ['LF'])
  t.same(terminators(`${HEAD}\r\nEVN|A\r\n`), ['CRLF'])
  t.same(terminators(`${HEAD}\r\nEVN|A`), ['CRLF, none after the last segment'])
  t.equal(readEr7(Buffer.from(`\r\n${HEAD}\r\r\rEVN|A\r`)).segments.length, 2, 'empty lines are dropped')
})

t.test('a line that is no segment is a structure error, at the unterminated end a truncation', async (t) => {
  t.equal(refusal(`${HEAD}\rpid|1\r`)?.row.code, 'HL7_STRUCTURE')
  t.equal(refusal(`${HEAD}\r2ID|1\rPID|1\r`)?.row.code, 'HL7_STRUCTURE')
  t.equal(refusal(`${HEAD}\rPI`)?.row.code, 'HL7_TRUNCATED')
})

t.test('limits on segments, fields, repetitions and field length; OBX-5 carries documents', async (t) => {
  t.match(refusal(`${HEAD}\r${'NTE|1\r'.repeat(10_000)}`), { row: { code: 'HL7_LIMIT' } })
  t.match(refusal(`${HEAD}\rZZ1${'|'.repeat(1_001)}\r`), { at: 'ZZ1', row: { code: 'HL7_LIMIT' } })
  t.match(refusal(`${HEAD}\rPID|||1${'~1'.repeat(1_000)}\r`), { at: 'PID-3', row: { code: 'HL7_LIMIT' } })
  t.match(refusal(`${HEAD}\rNTE|||${'x'.repeat(65_537)}\r`), { at: 'NTE-3', row: { code: 'HL7_LIMIT' } })
  t.equal(refusal(`${HEAD}\rOBX|1|ED|||${'x'.repeat(200_000)}\r`), undefined)
  t.equal(refusal(`${HEAD}\rPID|||1${'~1'.repeat(999)}\r`), undefined)
})

t.test('the header is read even where the message is broken', async (t) => {
  const broken = Buffer.concat([Buffer.from(`\x0b${HEAD}\rPID|||`), Buffer.from([0xff, 0xfe, 0x80])])
  t.match(readHeader(broken), {
    sendingApplication: 'EHR',
    sendingFacility: '0119999999',
    receivingApplication: 'GW',
    receivingFacility: 'NET',
    messageCode: 'ADT',
    trigger: 'A08',
    controlId: 'M1',
    processingId: 'P',
    version: '2.5',
    acceptAck: 'AL',
    applicationAck: 'NE',
    charsetLabel: '~ISO IR87',
    charset: undefined,
  })
  t.match(readHeader(Buffer.from('PID|1')), { controlId: '', messageCode: '' })
  t.match(readHeader(Buffer.alloc(0)), { controlId: '' })
  t.match(readHeader(Buffer.from('MSH|^~|A|B|C|D|1||ADT^A04|ID7')), { controlId: 'ID7', trigger: 'A04' })
})

t.test('a kanji with a delimiter byte in MSH-3 does not shift the fields behind it', async (t) => {
  const bytes = writeEr7(
    [
      [
        'MSH',
        '日本入剤像',
        '0119999999',
        '',
        '',
        '',
        '',
        components('ADT', 'A08'),
        'M2',
        'P',
        '2.5',
        '',
        '',
        '',
        '',
        '',
        { raw: '~ISO IR87' },
      ],
    ],
    { charset: 'ISO-2022-JP' },
  )
  t.match(readHeader(bytes), { sendingApplication: '日本入剤像', controlId: 'M2', charsetLabel: '~ISO IR87' })
  t.same(readEr7(bytes).tolerances, [])
})

t.test('what is written is read again: any text, any field, every set and unusual delimiters', async () => {
  const leaf = fc
    .array(fc.constantFrom(...'日本入剤像表能|^~\\&#*@Aa1 "'), { maxLength: 12 })
    .map((all) => all.join(''))
  const delimiters = fc.constantFrom(undefined, {
    field: '#',
    component: '*',
    repetition: '~',
    escape: '\\',
    subcomponent: '@',
  })
  const charset = fc.constantFrom('ISO-2022-JP', 'UTF-8', 'Shift_JIS')
  fc.assert(
    fc.property(fc.array(leaf, { minLength: 1, maxLength: 4 }), delimiters, charset, (texts, given, set) => {
      const rows: readonly SegmentValue[] = [
        ['MSH', 'A'],
        ['NTE', '1', [components(...texts, 'end')], components(texts, 'end')],
      ]
      const bytes = writeEr7(rows, { charset: set as 'UTF-8', ...(given === undefined ? {} : { delimiters: given }) })
      const message = readEr7(bytes, { charset: set })
      const nte = segmentsOf(message, 'NTE')[0]
      const second = repetitions(message, nte, 2)[0]
      const third = repetitions(message, nte, 3)[0]
      return texts.every(
        (text, at) => component(message, second, at + 1) === text && component(message, third, 1, at + 1) === text,
      )
    }),
  )
})

t.test('writing keeps control bytes out of the stream and leaves empty ends out', async (t) => {
  t.equal(er7Text([['NTE', '1', 'a\rb\nc\x0b\x1c', '', components('', '')]]), 'NTE|1|a\\X0D\\b\\.br\\c\\X0B\\\\X1C\\\r')
  t.throws(() => writeEr7([['NTE', '😀']], { charset: 'ISO-2022-JP' }), RangeError)
})

t.test('a message cut at any byte is read or refused by a row of the table, never a crash', async (t) => {
  const whole = writeEr7(
    [
      [
        'MSH',
        'EHR',
        '',
        '',
        '',
        '',
        '',
        components('ADT', 'A08'),
        'M',
        'P',
        '2.5',
        '',
        '',
        '',
        '',
        '',
        { raw: '~ISO IR87' },
      ],
      ['PID', '', '', '1', '', components('試験', '花子')],
    ],
    { charset: 'ISO-2022-JP' },
  )
  for (let end = 0; end < whole.length; end++) {
    const refused = refusal(whole.subarray(0, end))
    if (refused !== undefined) t.match(refused.row.code, /^HL7_/)
    readHeader(whole.subarray(0, end))
  }
})

const samples = new URL('../../../../shared/samples/storeclient/', import.meta.url)
if (existsSync(samples)) {
  const REFUSED: Readonly<Record<string, string>> = {
    '101': 'HL7_TRUNCATED',
    '103': 'HL7_DELIMITERS',
    '105': 'HL7_NO_MSH',
    '120': 'HL7_CHARSET',
    '135': 'HL7_NO_MSH',
    '136': 'HL7_BATCH',
  }
  const WARNED: Readonly<Record<string, readonly string[]>> = {
    '055': ['HL7_CHARSET_SEQUENCE'],
    '056': ['HL7_TERMINATOR'],
    '057': ['HL7_TERMINATOR'],
    '117': ['HL7_CHARSET_LABEL'],
    '118': ['HL7_BYTE_ORDER_MARK', 'HL7_CHARSET_LABEL'],
    '119': ['HL7_CHARSET_LABEL'],
    '121': ['HL7_CHARACTER_LOST', 'HL7_CHARSET_SEQUENCE'],
  }
  t.test('sample messages: the good are read, the bad are refused or warned about as their README says', async (t) => {
    for (const folder of ['good/', 'bad/', 'ack/']) {
      for (const name of readdirSync(new URL(folder, samples))) {
        const bytes = readFileSync(new URL(folder + name, samples))
        const refused = refusal(bytes)
        t.equal(refused?.row.code, REFUSED[name.slice(0, 3)], name)
        if (refused !== undefined) continue
        const message = readEr7(bytes)
        t.same(
          message.tolerances.map((one) => one.code),
          WARNED[name.slice(0, 3)] ?? [],
          name,
        )
        t.notMatch(message.segments.flatMap((segment) => segment.fields).join('|'), /\ufffd/, name)
      }
    }
  })
}
