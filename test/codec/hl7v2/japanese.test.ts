// Japanese text in HL7 v2.5 messages: the same values in every encoding, delimiter bytes within kanji in every type of field, every set
// of delimiters, escape sequences in the set of the message (HL7 v2.5 2.5, 2.7, 2.15.9.18).

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { decode, encode } from '../../../src/codec/hl7v2/charset.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import {
  type ComponentValue,
  components,
  type RepetitionValue,
  type SegmentValue,
  writeEr7,
} from '../../../src/codec/hl7v2/write.ts'
import {
  component,
  type Delimiters,
  type Er7Message,
  repetitions,
  segmentsOf,
  value,
} from '../../../src/model/hl7v2.ts'

const FIXTURES = new URL('../../../fixtures/', import.meta.url)
const ENCODINGS = [
  ['ISO-2022-JP', '~ISO IR87'],
  ['UTF-8', 'UNICODE UTF-8'],
  ['Shift_JIS', 'Shift_JIS'],
] as const

/** Messages of the project that can be read and hold Japanese. */
function messages(): readonly { readonly name: string; readonly text: string }[] {
  const folders = ['storeclient', 'transport', 'iti-8'].filter((folder) => existsSync(new URL(folder, FIXTURES)))
  const files = folders.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, FIXTURES)).map((name) => `${folder}/${name}/request.hl7`),
  )
  return files.flatMap((name) => {
    const path = new URL(name, FIXTURES)
    if (!existsSync(path)) return []
    try {
      const { text, tolerances } = decode(readFileSync(path), '')
      readEr7(readFileSync(path))
      const isWhole = tolerances.every(({ code }) => code === 'HL7_CHARSET_LABEL')
      return isWhole && /[^\x20-\x7e\r\n]/.test(text) ? [{ name, text }] : []
    } catch {
      // A fixture of what cannot be read.
      return []
    }
  })
}

/** Every leaf of a message but MSH-18, which names the set. */
function leaves({ segments, delimiters }: Er7Message): readonly string[] {
  return segments.flatMap(({ name, fields }) =>
    fields
      .filter((_, index) => !(name === 'MSH' && (index === 17 || index === 19)))
      .flatMap((field) => field.split(delimiters.repetition))
      .flatMap((repetition) => repetition.split(delimiters.component)),
  )
}

t.test('a message has the same values in ISO-2022-JP, UTF-8 and Shift_JIS, and none is warned about', async (t) => {
  const all = messages()
  t.ok(all.length > 20, `${all.length} messages`)
  for (const { name, text } of all) {
    const read = ENCODINGS.map(([charset, label]) => {
      const labelled = text.replace(/~ISO IR87|UNICODE UTF-8/, label)
      const bytes = encode(labelled, charset)
      if (bytes === undefined) return undefined
      const message = readEr7(bytes, { charset })
      t.equal(message.charset, charset, `${name} ${charset}`)
      return message
    }).filter((message) => message !== undefined)
    const [first, ...others] = read
    if (first === undefined) continue
    for (const other of others) t.same(leaves(other), leaves(first), name)
  }
})

/** Their second byte in ISO-2022-JP is | \ ~ ^ and |. */
const TRAPS = '日本入剤像'

const FIELD_TYPES: readonly (readonly [string, ComponentValue | RepetitionValue])[] = [
  ['ST', TRAPS],
  ['TX', `${TRAPS}。${TRAPS}`],
  ['FT', `${TRAPS}\n${TRAPS}`],
  ['XPN', components(TRAPS, TRAPS, '', '', '', '', 'L', 'I')],
  ['XAD', components('', '', '', '', '1000001', 'JPN', 'H', TRAPS)],
  ['XTN', components('', 'PRN', 'PH', '', '', '', '', '', '', '', '', TRAPS)],
  ['XCN', components('D1', TRAPS, TRAPS, '', '', '', '', '', ['HOSP', '2.25.1', 'ISO'], 'L')],
  ['XON', components(TRAPS, 'D', '1', '', '', TRAPS)],
  ['CX', components('001', '', '', [TRAPS, '2.25.1', 'ISO'], 'PI')],
  ['CWE', components('A', TRAPS, '99X', 'B', TRAPS, '99Y', '', '', TRAPS)],
  ['PL', components('W1', '101', '2', [TRAPS], '', 'N', '', '', TRAPS)],
  ['HD', components(TRAPS, '2.25.1', 'ISO')],
  ['EI', components('1', TRAPS, '2.25.1', 'ISO')],
  ['ED', components(TRAPS, 'AP', 'PDF', 'Base64', 'QUJD')],
  ['CQ', components('1', ['mg', TRAPS, 'ISO+'])],
  ['TS', components('20260401', TRAPS)],
]

const DELIMITERS: readonly Delimiters[] = ['|^~\\&', '#*~\\@', '!$%?+', ';:=-,', '/*<>"'].map(
  ([field = '', part = '', repetition = '', mark = '', subpart = '']) => ({
    field,
    component: part,
    repetition,
    escape: mark,
    subcomponent: subpart,
  }),
)

t.test(
  'kanji with delimiter bytes in every type of field, in every encoding, under every set of delimiters',
  async (t) => {
    const rows: readonly SegmentValue[] = [
      ['MSH', TRAPS, '0119999999', TRAPS],
      ...FIELD_TYPES.map(([type, written]): SegmentValue => {
        const repetition = typeof written === 'object' && 'components' in written ? written : components(written)
        return ['ZZ1', type, [repetition, repetition], TRAPS]
      }),
    ]
    for (const delimiters of DELIMITERS)
      for (const [charset] of ENCODINGS) {
        const message = readEr7(writeEr7(rows, { charset, delimiters }), { charset })
        const name = `${delimiters.field} ${charset}`
        t.same(message.tolerances, [], name)
        t.equal(value(message, 'MSH', 3), TRAPS, name)
        t.equal(value(message, 'MSH', 5), TRAPS, name)
        for (const [index, [type, written]] of FIELD_TYPES.entries()) {
          const segment = segmentsOf(message, 'ZZ1')[index]
          const [first, second] = repetitions(message, segment, 2)
          const parts = typeof written === 'object' && 'components' in written ? written.components : [written]
          for (const raw of [first, second])
            for (const [at, part] of parts.entries()) {
              const texts = Array.isArray(part) ? part : [part]
              for (const [below, text] of texts.entries())
                t.equal(
                  component(message, raw, at + 1, Array.isArray(part) ? below + 1 : undefined),
                  text,
                  `${name} ${type}.${at + 1}`,
                )
            }
          t.equal(component(message, repetitions(message, segment, 3)[0]), TRAPS, `${name} behind ${type}`)
        }
      }
  },
)

const HEAD = 'MSH|^~\\&|A|B|C|D|20260401||ADT^A08|M|P|2.5||||||'
const read = (text: string, charset: (typeof ENCODINGS)[number][0], label: string) =>
  readEr7(encode(`${HEAD}${label}\r${text}\r`, charset) ?? Buffer.alloc(0), { charset })

t.test('hexadecimal sequences are read in the set of the message (HL7 v2.5 2.7.5)', async (t) => {
  const hex = (text: string, charset: (typeof ENCODINGS)[number][0]) =>
    (encode(text, charset) ?? Buffer.alloc(0)).toString('hex').toUpperCase()
  for (const [charset, label] of ENCODINGS) {
    const message = read(`NTE|1||日\\X${hex('本|^入', charset)}\\剤\\X0D0A\\A\\X41\\\\X09\\`, charset, label)
    t.equal(value(message, 'NTE', 3), '日本|^入剤\nAA\t', charset)
    t.same(message.tolerances, [])
  }
  const broken = read('NTE|1||\\XFF\\\\XFFFE\\日', 'UTF-8', 'UNICODE UTF-8')
  t.equal(value(broken, 'NTE', 3), '\\XFF\\\\XFFFE\\日', 'what the set lacks stays as it is')
  t.match(broken.tolerances, [{ code: 'HL7_ESCAPE', at: 'NTE-3' }])
})

t.test('a lone yen sign stays, and is warned about once with its first place', async (t) => {
  const message = read(
    'NTE|1||\\1,000\rNTE|2||C:\\temp\\日本\\\rNTE|3||\\E\\ \\Z1\\ \\C2842\\',
    'ISO-2022-JP',
    '~ISO IR87',
  )
  const texts = segmentsOf(message, 'NTE').map((segment) => component(message, repetitions(message, segment, 3)[0]))
  t.same(texts, ['\\1,000', 'C:\\temp\\日本\\', '\\ \\Z1\\ \\C2842\\'])
  t.same(message.tolerances, [{ code: 'HL7_ESCAPE', at: 'NTE-3', value: '4 in the message' }])
})

t.test('what stands between two sequences that are kept is text, not a sequence (HL7 v2.5 2.7.1)', async (t) => {
  const read = (field: string) => {
    const bytes = Buffer.from(`MSH|^~\\&|A|B|||20260101||ORU^R01|1|P|2.5\rNTE|1||${field}\r`)
    return value(readEr7(bytes), 'NTE', 3)
  }
  for (const field of ['\\Z1\\S\\Z2\\', '\\C2842\\N\\C2843\\', '\\h\\F\\n\\', '\\X01\\R\\X02\\', '\\.BR\\R\\.BR\\I'])
    t.equal(read(field), field)
  t.equal(read('\\Z1\\\\S\\\\Z2\\'), '\\Z1\\^\\Z2\\')
})

t.test('formatted text: breaks, blank lines and skips are text, indents are not (HL7 v2.5 2.7.6)', async (t) => {
  const text =
    'a\\.br\\b\\.sp 2\\c\\.sp+1\\d\\.in+4\\e\\.ti-2\\f\\.fi\\g\\.nf\\h\\.ce\\i\\.sk 3\\j\\H\\k\\N\\l\\.sp 99999\\m'
  const message = read(`NTE|1||${text}`, 'UTF-8', 'UNICODE UTF-8')
  t.equal(value(message, 'NTE', 3), `a\nb\n\nc\ndefgh\ni   jkl${'\n'.repeat(50)}m`)
  t.same(message.tolerances, [])
})

t.test(
  'katakana by SO and SI need no escape sequence; line ends behind the trailing 1C of a file are dropped',
  async (t) => {
    const bytes = Buffer.concat([
      Buffer.from(`${HEAD}ISO IR13\rNTE|1||`),
      Buffer.from([0x0e]),
      Buffer.from('12'),
      Buffer.from([0x0f]),
    ])
    for (const end of ['\r', '\r\x1c', '\r\x1c\r', '\r\x1c\r\n', '\r\x1c\n']) {
      const message = readEr7(Buffer.concat([bytes, Buffer.from(end)]))
      t.equal(message.charset, 'ISO-2022-JP')
      t.equal(value(message, 'NTE', 3), 'ｱｲ')
      t.same(
        message.tolerances.map(({ code }) => code),
        ['HL7_CHARSET_SEQUENCE'],
        JSON.stringify(end),
      )
    }
  },
)

t.test(
  'what a sender is known for decides between Shift_JIS and EUC-JP, unless MSH-18 or the transport does',
  async (t) => {
    const bytes = encode('MSH|^~\\&|ﾐﾎﾝ', 'EUC-JP') ?? Buffer.alloc(0)
    t.equal(decode(bytes, '').charset, 'Shift_JIS')
    t.equal(decode(bytes, '', { eightBit: 'EUC-JP' }).text, 'MSH|^~\\&|ﾐﾎﾝ')
    t.equal(decode(bytes, 'SJIS', { eightBit: 'EUC-JP' }).charset, 'Shift_JIS')
    t.equal(decode(bytes, '', { eightBit: 'EUC-JP', charset: 'Shift_JIS' }).charset, 'Shift_JIS')
    t.equal(decode(bytes, '~ISO IR87', { eightBit: 'EUC-JP' }).charset, 'EUC-JP', 'a label that cannot be')
  },
)

t.test(
  'characters that a hospital drew for itself are shown as 〓 with a warning; vendor characters are read',
  async (t) => {
    const bytes = Buffer.concat([
      Buffer.from('MSH|^~\\&|'),
      Buffer.from([0xf0, 0x40, 0xfb, 0xfc, 0x87, 0x40, 0xfa, 0x58]),
    ])
    const read = decode(bytes, 'Shift_JIS')
    t.equal(read.text, 'MSH|^~\\&|〓髙①㈱')
    t.same(read.tolerances, [{ code: 'HL7_CHARACTER_LOST', at: 'MSH-18', value: '1' }])
  },
)
