// Messages in the character set of SS-MIX2: ASCII and JIS X 0208 levels 1 and 2, with the usual replacements (HL7 v2.5 table 0211, ISO IR87).

import t from 'tap'
import { encode } from '../../../src/codec/hl7v2/charset.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { toSsMixCharset } from '../../../src/codec/hl7v2/ss-mix-text.ts'
import { value } from '../../../src/model/hl7v2.ts'

const message = (text: string, charset = 'UNICODE UTF-8') =>
  Buffer.from(
    `MSH|^~\\&|EHR|1|GW|T|20260410||ADT^A08|1|P|2.5||||||${charset}\rPID|1||1||${text}\rNTE|1||日本 入院 薬剤 画像\r`,
  )

function converted(text: string): { readonly text: string; readonly replaced: readonly string[] } {
  const result = toSsMixCharset(message(text))
  if (result === undefined) throw new Error('not converted')
  const read = readEr7(result.bytes)
  t.equal(value(read, 'NTE', 3), '日本 入院 薬剤 画像', 'bytes of delimiters inside kanji stay')
  t.same([value(read, 'MSH', 18), read.segments[0]?.fields[19]], ['', 'ISO 2022-1994'])
  return {
    text: value(read, 'PID', 5),
    replaced: result.replacements.map(({ character, by, count }) => `${character}${by}${count}`),
  }
}

t.test('SS-MIX2: what is in the set stays, each replacement is told with how often', async (t) => {
  t.same(converted('架空　太郎'), { text: '架空　太郎', replaced: [] })
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    ｶﾞｷﾞ: ['ガギ', 'ｶﾞｷﾞガギ1'],
    '①': ['(1)', '①(1)1'],
    '⑳': ['(20)', '⑳(20)1'],
    Ⅲ: ['III', 'ⅢIII1'],
    '㈱': ['(株)', '㈱(株)1'],
    '㎎': ['mg', '㎎mg1'],
    '℡': ['Tel', '℡Tel1'],
    𠮷: ['〓', '𠮷〓1'],
    髙: ['〓', '髙〓1'],
    '😀': ['〓', '😀〓1'],
    '¥': ['￥', '¥￥1'],
    é: ['〓', 'é〓1'],
  }
  for (const [text, [by, told]] of Object.entries(cases)) t.same(converted(text), { text: by, replaced: [told] }, text)
  t.same(converted('①と①').replaced, ['①(1)2'])
})

t.test('SS-MIX2: no replacement makes a delimiter of HL7', async (t) => {
  // SMALL AMPERSAND and its kin become ASCII by compatibility normalisation.
  t.same(converted('a﹠b').text, 'a〓b')
  t.same(converted('〜－∥').text, '～－∥')
})

t.test('SS-MIX2: a message in ISO-2022-JP with vendor characters is written without them', async (t) => {
  const bytes = Buffer.concat([
    Buffer.from('MSH|^~\\&|EHR|1|GW|T|20260410||ADT^A08|1|P|2.5||||||~ISO IR87\rPID|1||1||'),
    Buffer.from([0x1b, 0x24, 0x42, 0x2d, 0x21, 0x1b, 0x28, 0x49, 0x36, 0x5e, 0x1b, 0x28, 0x42]),
    Buffer.from('\r'),
  ])
  const result = toSsMixCharset(bytes)
  t.equal(value(readEr7(result?.bytes ?? Buffer.alloc(0)), 'PID', 5), '(1)ガ')
})

t.test('SS-MIX2: hexadecimal bytes of another set become its characters (HL7 v2.5 2.7.1)', async (t) => {
  t.same(converted('\\XE69EB6E7A9BA\\\\T\\\\X7C\\\\X\\'), { text: '架空&|\\X\\', replaced: [] })
  const bytes = Buffer.from('MSH|^~\\&|EHR|1||||||1|P|2.5\rNTE|1||\\X8ABF8E9A\\')
  const shiftJis = Buffer.concat([bytes, encode('日本', 'Shift_JIS') ?? bytes, Buffer.from('\r')])
  const result = toSsMixCharset(shiftJis)
  t.equal(value(readEr7(result?.bytes ?? bytes), 'NTE', 3), '漢字日本')
})

t.test(
  'SS-MIX2: bytes that are valid in two sets are converted from that of their sender (doors.md, eightBit)',
  async (t) => {
    const bytes = encode('MSH|^~\\&|EHR|1||||||1|P|2.5\rPID|1||1||検査\r', 'EUC-JP') ?? Buffer.alloc(0)
    const nameOf = (charset?: string) => {
      const result = toSsMixCharset(bytes, charset === undefined ? {} : { charset })
      return value(readEr7(result?.bytes ?? Buffer.alloc(0)), 'PID', 5)
    }
    t.equal(nameOf('EUC-JP'), '検査')
    t.equal(nameOf(), 'ク。ココ', 'nothing is known of it: as B.5 has it')
  },
)

t.test('SS-MIX2: what cannot be read is not converted', async (t) => {
  t.equal(toSsMixCharset(Buffer.from([0x4d, 0x53, 0x48, 0xff, 0xff])), undefined)
  t.equal(toSsMixCharset(Buffer.from('PID|1')), undefined)
})
