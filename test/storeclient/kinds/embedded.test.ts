// Files inside messages: ED of OBX-5 (HL7 v2.5 2.A.24, tables 0191, 0291, 0299), typed by their bytes above their declaration.

import t from 'tap'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { legibleFiles, pointerWarnings, readFiles } from '../../../src/storeclient/kinds/embedded.ts'

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
const PDF = Buffer.from('%PDF-1.4\n%%EOF\n')

function messageOf(...obx: readonly string[]) {
  const head = 'MSH|^~\\&|EHR|1399100015|GW|T|20260401090000||MDM^T02^MDM_T02|M1|P|2.5||||||UNICODE UTF-8'
  return readEr7(Buffer.from(`${[head, 'TXA|1|DOC|AP', ...obx].join('\r')}\r`))
}

function ed(value: string, status = 'F'): string {
  return `OBX|1|ED|11506-3^経過記録^LN|1|${value}||||||${status}`
}

function read(...obx: readonly string[]) {
  const message = messageOf(...obx)
  return readFiles(message, message.segments)
}

function one(value: string) {
  const [file] = read(ed(value))
  if (file === undefined) throw new Error('no file')
  return file
}

t.test('ED.2 and ED.3 name the type in any case and in the words of tables 0191 and 0291', async (t) => {
  const types = [
    ['application^pdf', PDF, 'application/pdf'],
    ['AP^PDF', PDF, 'application/pdf'],
    ['^PDF', PDF, 'application/pdf'],
    ['IM^JPEG', Buffer.from('ffd8ffe0', 'hex'), 'image/jpeg'],
    ['text^xml', Buffer.from('<?xml version="1.0"?><a/>'), 'text/xml'],
    ['application^xml', Buffer.from('<?xml version="1.0"?><a/>'), 'text/xml'],
    ['TEXT^', Buffer.from('本文'), 'text/plain'],
    [
      'application^vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      Buffer.from('PK\u0005\u0006'),
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    ],
    ['application^x-vendor', Buffer.from([1, 2, 3]), 'application/x-vendor'],
  ] as const
  for (const [declared, bytes, type] of types) {
    const file = one(`^${declared}^Base64^${bytes.toString('base64')}`)
    t.same([file.mimeType, file.declaredType], [type, undefined], declared)
    t.same(file.bytes, bytes)
  }
})

t.test('magic bytes stand above the declaration', async (t) => {
  const cases = [
    ['application^pdf', PNG, 'image/png', 'application/pdf'],
    ['application^pdf', Buffer.from('ただの文'), 'text/plain', 'application/pdf'],
    ['image^png', Buffer.from([0, 1, 2, 3]), 'application/octet-stream', 'image/png'],
    ['text^plain', PDF, 'application/pdf', 'text/plain'],
    ['application^octet-stream', PDF, 'application/pdf', undefined],
    ['^', PNG, 'image/png', undefined],
  ] as const
  for (const [declared, bytes, type, contradicts] of cases) {
    const file = one(`^${declared}^Base64^${bytes.toString('base64')}`)
    t.same([file.mimeType, file.declaredType], [type, contradicts], declared)
  }
})

t.test('Base64 with line breaks and spaces, hexadecimal and plain text are decoded (table 0299)', async (t) => {
  const base64 = PDF.toString('base64')
  t.same(one(`^AP^PDF^BASE64^${base64.slice(0, 8)}\\.br\\${base64.slice(8, 12)} ${base64.slice(12)}`).bytes, PDF)
  t.same(one(`^AP^PDF^^${base64}`).bytes, PDF, 'an empty ED.4 means Base64')
  t.same(one(`^AP^PDF^Hex^${PDF.toString('hex')}`).bytes, PDF)
  t.same(one('^TEXT^plain^A^a \\T\\ b\\.br\\本').bytes, Buffer.from('a & b\n本'))
  t.same(one('^TEXT^plain^Base64^YWI').bytes, Buffer.from('ab'), 'padding may be left out')
})

t.test('what is not encoded as ED.4 says is refused at its OBX', async (t) => {
  const refused = (value: string) => () => read('OBX|1|ST|X||a||||||F', ed(value))
  for (const value of [
    '^AP^PDF^Base64^JVBE###',
    '^AP^PDF^Base64^JVBER',
    '^AP^PDF^Base64^JVB=RA==',
    '^AP^PDF^Hex^0g',
    '^AP^PDF^Hex^012',
    '^AP^PDF^uuencode^x',
  ])
    t.throws(refused(value), { name: 'IheError', at: 'OBX[2]-5' }, value)
  const message = messageOf(ed('^AP^PDF^Base64^###'), ed(`^AP^PDF^Base64^${PDF.toString('base64')}`))
  t.equal(legibleFiles(message, message.segments).length, 1, 'the others can still be shown')
})

t.test('text, pointers, empty and cancelled parts are no files; every repetition is one', async (t) => {
  const data = `^AP^PDF^Base64^${PDF.toString('base64')}`
  t.same(
    read(
      'OBX|1|FT|X||text||||||F',
      'OBX|2|RP|X||\\\\server\\a.pdf^AP^PDF||||||F',
      ed('^AP^PDF^Base64^'),
      ed('""'),
      ed(data, 'D'),
    ),
    [],
  )
  const files = read('OBX|1|FT|X||text||||||F', `${ed(`${data}~${data}`)}`)
  t.same(
    files.map(({ occurrence, repetition }) => [occurrence, repetition]),
    [
      [2, undefined],
      [2, 2],
    ],
  )
})

t.test('a file is named by ED.1, by TXA-16 when it is the only one, and titled by OBX-3', async (t) => {
  const data = `AP^PDF^Base64^${PDF.toString('base64')}`
  const names = (message: ReturnType<typeof messageOf>, fileName?: string) =>
    readFiles(message, message.segments, fileName === undefined ? {} : { fileName }).map((file) => [
      file.fileName,
      file.title,
    ])
  t.same(names(messageOf(ed(`^${data}`)), '紹介状.pdf'), [['紹介状.pdf', '経過記録']])
  t.same(names(messageOf(ed(`C:\\E\\x\\E\\a.pdf^${data}`)), 'b.pdf'), [['a.pdf', '経過記録']])
  t.same(names(messageOf(ed(`^${data}`), ed(`^${data}`)), 'b.pdf'), [
    [undefined, '経過記録'],
    [undefined, '経過記録'],
  ])
  t.same(names(messageOf(`OBX|1|ED|||^${data}||||||F`), 'a/../b.pdf'), [['b.pdf', 'b.pdf']])
})

t.test('a pointer to a file is told, for its content is not here (2.A.65 RP)', async (t) => {
  const message = messageOf('OBX|1|FT|X||text||||||F', 'OBX|2|RP|X||a.pdf^AP^PDF||||||F')
  t.match(pointerWarnings(message, message.segments), [{ at: 'OBX[2]-5', row: { code: 'HL7_FILE_POINTER' } }])
  t.same(pointerWarnings(message, message.segments.slice(0, -1)), [])
})

t.test('30 MB are decoded in time that grows with their length', async (t) => {
  const bytes = Buffer.alloc(30 * 2 ** 20, '%PDF-1.4 ')
  const started = process.cpuUsage()
  const file = one(`^AP^PDF^Base64^${bytes.toString('base64').replaceAll(/(.{76})/g, '$1\\.br\\')}`)
  t.equal(file.bytes.compare(bytes), 0)
  t.ok(process.cpuUsage(started).user < 20_000_000, 'seconds, not minutes')
})
