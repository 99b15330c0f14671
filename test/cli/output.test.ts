// Tables, times and file names as people see them.

import t from 'tap'
import { shell } from '../../src/cli/demo/banner.ts'
import { nameOf } from '../../src/cli/demographics-options.ts'
import { formatTable, printable, widthOf } from '../../src/cli/output.ts'
import { describeAck } from '../../src/cli/push.ts'
import { parameterSlots, statusesOf } from '../../src/cli/query.ts'
import { readableTime } from '../../src/cli/query-answer.ts'
import { fileName } from '../../src/cli/retrieve.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'

t.test('a table is aligned by the columns a terminal gives kanji and kana', async (t) => {
  const columns = [
    { title: 'NAME', value: (row: readonly [string, string]) => row[0] },
    { title: 'ID', value: (row: readonly [string, string]) => row[1] },
  ]
  const rows = [['架空中央病院', 'a'] as const, ['ABC', 'b'] as const]
  t.equal(formatTable(rows, columns), 'NAME          ID\n架空中央病院  a\nABC           b\n')
  t.equal(formatTable([], columns), '')
  t.equal(widthOf('ｶﾅ'), 2)
})

t.test('foreign text cannot act on the terminal', async (t) => {
  t.equal(printable('a\u001b[2Jb\rc\u202ed'), 'a·[2Jb·c·d')
})

t.test('neither the parts of an acknowledgement nor the name of a file can act on the terminal', async (t) => {
  const clears = '\u001b[2J'
  const ack = {
    code: `AE${clears}`,
    controlId: `1${clears}`,
    text: clears,
    errors: [
      { severity: 'E', code: clears, application: clears, location: clears, userText: clears, diagnostic: clears },
    ],
  }
  t.notMatch(describeAck(ack, `a${clears}.hl7`), '\u001b')
})

t.test('DTM is shown in the precision it has (ITI TF-3 4.2.3.1.7)', async (t) => {
  t.equal(readableTime('20260120053000'), '2026-01-20 05:30:00Z')
  t.equal(readableTime('2026012005'), '2026-01-20 05:00Z')
  t.equal(readableTime('202601'), '2026-01')
  t.equal(readableTime('yesterday'), 'yesterday')
})

t.test('query parameters: the wire syntax, with double quotes for single ones (ITI TF-2 3.18.4.1.2.3.5)', async (t) => {
  t.same(parameterSlots(['$XDSDocumentEntryClassCode=("LAB^^2.25.1")']), [
    { name: '$XDSDocumentEntryClassCode', values: ["('LAB^^2.25.1')"] },
  ])
  t.same(parameterSlots(["XDSDocumentEntryAuthorPerson=('%O\"Brien%')"]), [
    { name: '$XDSDocumentEntryAuthorPerson', values: ["('%O\"Brien%')"] },
  ])
  t.throws(() => parameterSlots(['nothing']), /name=value/)
  t.equal(statusesOf('approved,Deprecated').length, 2)
  t.throws(() => statusesOf('gone'), /approved and deprecated/)
})

t.test('a name is divided at the first blank, half or full width', async (t) => {
  t.same(nameOf('IDE', '架空　太郎'), [{ representation: 'IDE', family: '架空', given: '太郎' }])
  t.same(nameOf('ABC', 'KAKUU'), [{ representation: 'ABC', family: 'KAKUU', given: '' }])
  t.same(nameOf('SYL', '  '), [])
})

t.test('an acknowledgement shows severity, code, place and both languages (HL7 v2.5 2.15.5)', async (t) => {
  const ack = readAck(
    Buffer.from(
      'MSH|^~\\&|GW|TSUNAGI|EHR|1|20260101||ACK^A08^ACK|1|P|2.5||||||UNICODE UTF-8\rMSA|AE|M-1\r' +
        'ERR||PID^1^3|204^Unknown key identifier^HL70357|E|SC-PATIENT^Not linked^99STC||PID-3 not linked [journal 7]|名寄せがありません / Not linked\r',
    ),
  )
  const text = describeAck(ack, 'one.hl7')
  t.match(text, /^AE {2}M-1 {2}one\.hl7\n {3}error 204 SC-PATIENT PID\^1\^3\n/)
  t.match(text, '名寄せがありません / Not linked')
  t.match(text, 'journal 7')
})

t.test('a document id cannot leave the directory it is saved in', async (t) => {
  const mimeType = 'x-application/hl7-v2+er7'
  t.equal(fileName({ documentUniqueId: '2.25.17', mimeType }), '2.25.17.hl7')
  t.equal(fileName({ documentUniqueId: '../../etc/passwd', mimeType: 'x/y' }), '__.._etc_passwd.bin')
})

t.test('words of pasted commands are quoted when they need it', async (t) => {
  t.equal(shell('var/pki/ca.crt'), 'var/pki/ca.crt')
  t.equal(shell("it's here"), "'it'\\''s here'")
})
