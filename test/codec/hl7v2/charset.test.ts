// Character sets of HL7 v2.5 messages (HL7 v2.5 2.15.9.18, table 0211): every escape variant, detection, refusals, encoding.

import { isAscii, isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { decode, detectCharset, encode, labelledCharset } from '../../../src/codec/hl7v2/charset.ts'
import type { IheError } from '../../../src/model/error.ts'

const JIS_LABEL = '~ISO IR87'

function bytes(...parts: readonly (string | readonly number[])[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  )
}

function refusal(message: Buffer, label = ''): IheError | undefined {
  try {
    decode(message, label)
    return undefined
  } catch (error) {
    return error as IheError
  }
}

function codesOf(message: Buffer, label = JIS_LABEL): readonly string[] {
  return decode(message, label).tolerances.map((tolerance) => tolerance.code)
}

t.test(
  'HL7 table 0211 ISO IR87: kanji whose second byte is a delimiter are decoded before anything is split',
  async (t) => {
    for (const [character, trail] of [
      ['日', '|'],
      ['像', '|'],
      ['剤', '^'],
      ['本', '\\'],
      ['入', '~'],
    ] as const) {
      const encoded = encode(character, 'ISO-2022-JP') ?? Buffer.alloc(0)
      t.ok(encoded.includes(trail), `${character} holds ${trail}`)
      t.equal(decode(encoded, JIS_LABEL).text, character)
    }
  },
)

t.test('ISO 2022 escape sequences: each set is read, what SS-MIX2 does not allow is warned about', async (t) => {
  const cases = [
    ['ESC $ B', bytes('\x1b$B', [0x46, 0x7c], '\x1b(B'), '日', []],
    ['ESC $ @', bytes('\x1b$@', [0x46, 0x7c], '\x1b(B'), '日', []],
    ['ESC & @ ESC $ B', bytes('\x1b&@\x1b$B', [0x46, 0x7c], '\x1b(B'), '日', []],
    ['ESC ( J yen and overline', bytes('\x1b(J\\~A\x1b(B\\'), '¥‾A\\', []],
    ['ESC ( I', bytes('\x1b(I12\x1b(B'), 'ｱｲ', ['HL7_CHARSET_SEQUENCE']],
    ['SO and SI', bytes('\x1b(B', [0x0e], '12', [0x0f], '12'), 'ｱｲ12', ['HL7_CHARSET_SEQUENCE']],
    ['8-bit katakana', bytes('\x1b(B', [0xb1, 0xb2]), 'ｱｲ', ['HL7_CHARSET_SEQUENCE']],
    ['ESC $ ( D, JIS X 0212', bytes('\x1b$(D', [0x30, 0x21], '\x1b(B'), '丂', ['HL7_CHARSET_SEQUENCE']],
    [
      'adjacent escapes',
      bytes('\x1b$B', [0x46, 0x7c], '\x1b(B\x1b$B', [0x4b, 0x5c], '\x1b(B'),
      '日本',
      ['HL7_CHARSET_SEQUENCE'],
    ],
    ['NEC row 13', bytes('\x1b$B', [0x2d, 0x21], '\x1b(B'), '①', ['HL7_CHARSET_SEQUENCE']],
    ['NEC-selected IBM', bytes('\x1b$B', [0x7c, 0x62], '\x1b(B'), '髙', ['HL7_CHARSET_SEQUENCE']],
    ['ESC $ ( Q, JIS X 0213', bytes('\x1b$(Q', [0x2e, 0x21], '\x1b(B'), '〓', ['HL7_CHARACTER_LOST']],
    ['undefined code', bytes('\x1b$B', [0x2e, 0x21], '\x1b(B'), '〓', ['HL7_CHARACTER_LOST']],
    ['half a pair before CR', bytes('\x1b$B', [0x46], '\rA'), '〓\rA', ['HL7_CHARACTER_LOST', 'HL7_CHARSET_SEQUENCE']],
    ['no return before CR', bytes('\x1b$B', [0x46, 0x7c], '\rA'), '日\rA', ['HL7_CHARSET_SEQUENCE']],
    ['no return before LF', bytes('\x1b$B', [0x46, 0x7c], '\nA'), '日\nA', ['HL7_CHARSET_SEQUENCE']],
    ['space inside a run', bytes('\x1b$B', [0x46, 0x7c], ' ', [0x4b, 0x5c], '\x1b(B'), '日 本', []],
  ] as const
  for (const [name, message, text, codes] of cases) {
    const read = decode(message, JIS_LABEL)
    t.equal(read.charset, 'ISO-2022-JP', name)
    t.equal(read.text, text, name)
    t.same(codesOf(message), codes, name)
  }
})

t.test(
  'ESC ( J as the way back from kanji: what stands beside delimiters is delimiters (table 0211 ISO IR14)',
  async (t) => {
    const kanji = (...pairs: readonly number[]) => bytes('\x1b$B', pairs, '\x1b(J')
    const start = bytes('MSH|^~\\&|EHR||||||||||||||||ISO IR14~ISO IR87\rPID|||1||')
    const name = Buffer.concat([
      kanji(0x46, 0x7c),
      bytes('^^^^^^L^I~'),
      kanji(0x25, 0x2b),
      bytes('^^^^^^L^P|A\\T\\B\r'),
    ])
    const read = decode(Buffer.concat([start, name]), 'ISO IR14~ISO IR87')
    t.equal(read.text.split('\r')[1], 'PID|||1||日^^^^^^L^I~カ^^^^^^L^P|A\\T\\B')
    t.match(read.tolerances, [{ code: 'HL7_CHARSET_SEQUENCE', value: /Roman/ }])
    // Delimiters in ASCII: the others are a yen sign and an overline.
    const text = bytes('\x1b(J\\100~\x1b(B|\x1b$B', [0x46, 0x7c], '\x1b(B\r')
    t.equal(decode(Buffer.concat([start, text]), JIS_LABEL).text.split('\r')[1], 'PID|||1||¥100‾|日')
  },
)

t.test('a message cut inside a two-byte run or an escape sequence is HL7_TRUNCATED', async (t) => {
  const start = 'MSH|^~\\&|A\rPID|||'
  for (const tail of ['\x1b$BF|', '\x1b$BF', '\x1b$BF|\x1b', '\x1b$BF|\x1b(', 'X\x1b$(', '\x1b$(D0!']) {
    t.equal(refusal(bytes('\x1b(B', start, tail), JIS_LABEL)?.row.code, 'HL7_TRUNCATED', JSON.stringify(tail))
  }
})

t.test('detection: bytes decide, MSH-18 that says otherwise is a warning', async (t) => {
  const text = 'MSH|表能予十ソ申貼構'
  const sjis = encode(text, 'Shift_JIS') ?? Buffer.alloc(0)
  const euc = encode(text, 'EUC-JP') ?? Buffer.alloc(0)
  t.match(decode(sjis, JIS_LABEL), {
    text,
    charset: 'Shift_JIS',
    tolerances: [{ code: 'HL7_CHARSET_LABEL', at: 'MSH-18' }],
  })
  t.match(decode(Buffer.from(text), JIS_LABEL), { text, charset: 'UTF-8', tolerances: [{ code: 'HL7_CHARSET_LABEL' }] })
  t.match(decode(encode(text, 'ISO-2022-JP') ?? sjis, 'UNICODE UTF-8'), {
    text,
    tolerances: [{ code: 'HL7_CHARSET_LABEL' }],
  })
  t.equal(decode(euc, '', { charset: 'euc-jp' }).text, text, 'the transport decides between Shift_JIS and EUC-JP')
  t.same(decode(sjis, JIS_LABEL, { charset: 'Shift_JIS' }).tolerances, [], 'a transport label excuses MSH-18')
  t.same(decode(Buffer.from('MSH|A'), JIS_LABEL).tolerances, [], 'ASCII is right under every label')
  t.equal(detectCharset(Buffer.from([0x41, 0xff, 0x80])), undefined)
})

t.test(
  'table 0211 spellings: proper ones pass silently, misspelled ones are understood and warned about',
  async (t) => {
    const message = encode('日本', 'ISO-2022-JP') ?? Buffer.alloc(0)
    for (const label of ['~ISO IR87', 'ASCII~ISO IR87', '~ISO IR87~ISO IR159', 'ISO IR14~ISO IR87'])
      t.same(codesOf(message, label), [])
    for (const label of ['~ISOIR87', 'ISO IR 87', '', 'UTF-8']) t.same(codesOf(message, label), ['HL7_CHARSET_LABEL'])
    for (const label of ['UNICODE', 'UTF-8', 'UTF8', 'ISO IR192', ''])
      t.same(codesOf(Buffer.from('日'), label), ['HL7_CHARSET_LABEL'])
    t.same(codesOf(Buffer.from('日'), 'UNICODE UTF-8'), [])
    t.equal(labelledCharset('ISO IR 87'), 'ISO-2022-JP')
    t.equal(labelledCharset('utf8'), 'UTF-8')
    t.equal(labelledCharset('ISO IR100'), 'ASCII')
  },
)

t.test('a byte order mark is dropped with a warning; UTF-16 and UTF-32 are refused; NUL is damage', async (t) => {
  const marked = decode(Buffer.from('\ufeffMSH|日'), 'UNICODE UTF-8')
  t.equal(marked.text, 'MSH|日')
  t.same(marked.tolerances, [{ code: 'HL7_BYTE_ORDER_MARK', at: 'MSH' }])
  for (const wide of [
    Buffer.from('\ufeffMSH|', 'utf16le'),
    Buffer.from('MSH|', 'utf16le'),
    Buffer.from([0, 0, 0, 0x4d]),
  ]) {
    t.equal(refusal(wide)?.row.code, 'HL7_CHARSET_UNSUPPORTED')
  }
  t.equal(refusal(Buffer.from('MSH|\0'))?.row.code, 'HL7_CHARSET')
  t.equal(decode(Buffer.from('MSH|\ufffd'), 'UNICODE UTF-8').text, 'MSH|〓', 'U+FFFD never gets into the database')
})

t.test('bytes valid in nothing are HL7_CHARSET at the place they stand', async (t) => {
  t.match(refusal(bytes('MSH|^~\\&|A\rPID|||1||', [0xff, 0x80, 0xfd])), { at: 'PID-5', row: { code: 'HL7_CHARSET' } })
  t.match(refusal(bytes('MSH|^~\\&|A\rNTE|1\rNTE|1||\x1b$BF|\x1b(B', [0xff])), { at: 'NTE[2]-3', value: '0xFF' })
})

t.test('encoding writes the code other tables give, and refuses what a set lacks', async (t) => {
  for (const [written, read] of [
    ['〜', '～'],
    ['−', '－'],
    ['‖', '∥'],
    ['¢£¬', '￠￡￢'],
  ] as const) {
    t.equal(decode(encode(written, 'ISO-2022-JP') ?? Buffer.alloc(0), JIS_LABEL).text, read)
  }
  for (const lacking of ['😀', '𠮷', 'ｱ', '¥', '丂']) t.equal(encode(lacking, 'ISO-2022-JP'), undefined, lacking)
  t.equal(encode('é', 'ASCII'), undefined)
  t.equal(encode('ｱ', 'Shift_JIS')?.toString('hex'), 'b1')
  t.equal(encode('ｱ', 'EUC-JP')?.toString('hex'), '8eb1')
  t.equal(encode('A日|', 'ISO-2022-JP')?.toString('latin1'), 'A\x1b$BF|\x1b(B|', 'ASCII before each delimiter')
})

t.test(
  'all characters of JIS X 0208 and the vendor rows come back from ISO-2022-JP, Shift_JIS and EUC-JP',
  async (t) => {
    const rows: string[] = []
    for (let lead = 0xa1; lead <= 0xfc; lead++) {
      const row = Buffer.from(Array.from({ length: 94 }, (_, cell) => [lead, cell + 0xa1]).flat())
      const text = new TextDecoder('euc-jp').decode(row).replaceAll('\ufffd', '')
      if (text !== '') rows.push(text)
    }
    const all = `MSH|${rows.join('\r')}`
    t.ok(all.length > 7_000)
    for (const charset of ['ISO-2022-JP', 'Shift_JIS', 'EUC-JP'] as const) {
      const encoded = encode(all, charset) ?? Buffer.alloc(0)
      t.equal(decode(encoded, '', { charset }).text, all, charset)
      if (charset === 'Shift_JIS')
        t.equal(new TextDecoder('shift_jis').decode(encoded), all, 'the platform reads the same')
    }
  },
)

t.test('round trip of arbitrary Japanese text in each set', async () => {
  const character = fc.constantFrom(
    ...'日本入剤像表能予試験花子カナ｜＾～￥＼①髙﨑'.replaceAll(/[｜＼]/g, ''),
    'A',
    '|',
    '^',
    '~',
    '\\',
    '&',
    '\r',
    ' ',
  )
  const text = fc.array(character, { maxLength: 60 }).map((all) => all.join(''))
  for (const charset of ['ISO-2022-JP', 'UTF-8', 'Shift_JIS'] as const) {
    fc.assert(
      fc.property(text, (given) => {
        const bytes = encode(given, charset) ?? Buffer.alloc(1)
        // A few Shift_JIS strings (﨑本) are valid UTF-8 as well, and then UTF-8 is what they are taken for, whatever the label.
        fc.pre(charset !== 'Shift_JIS' || !isUtf8(bytes) || isAscii(bytes))
        return decode(bytes, '', { charset }).text === given
      }),
    )
  }
})

t.test('arbitrary bytes are decoded or refused with a row of the error table, never anything else', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (noise, escaped) => {
      try {
        return !decode(Buffer.concat([Buffer.from(escaped ? '\x1b$B' : ''), noise]), '').text.includes('\ufffd')
      } catch (error) {
        return (error as IheError).row.code.startsWith('HL7_')
      }
    }),
    { numRuns: 2_000 },
  )
})
