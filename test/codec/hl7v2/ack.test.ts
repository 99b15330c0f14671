// HL7 v2.5 acknowledgements (HL7 v2.5 2.9.2, 2.15.5, 2.15.8; tables 0008, 0155, 0357): when, which code, ERR, character set.

import { createRequire } from 'node:module'
import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import {
  type Acknowledgement,
  dueAcks,
  errorLocation,
  hl7Time,
  readAck,
  writeAck,
} from '../../../src/codec/hl7v2/ack.ts'
import { readHeader } from '../../../src/codec/hl7v2/header.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { er7Text } from '../../../src/codec/hl7v2/write.ts'
import { segmentsOf, value } from '../../../src/model/hl7v2.ts'

function request(
  options: {
    readonly label?: string
    readonly accept?: string
    readonly application?: string
    readonly bytes?: Buffer
  } = {},
) {
  const { label = '~ISO IR87', accept = '', application = '', bytes = Buffer.alloc(0) } = options
  const head = `MSH|^~\\&|EHR|0119999999|GW|NET|20300401090001||OUL^R22^OUL_R22|M77|P|2.5|||${accept}|${application}||${label}\r`
  return readHeader(Buffer.concat([Buffer.from(head), bytes]))
}

function ack(more: Partial<Acknowledgement> = {}): Acknowledgement {
  return {
    request: request(),
    result: 'accepted',
    warnings: [],
    journalId: 'j-1',
    now: new Date('2030-04-01T01:30:47Z'),
    controlId: 'T1',
    ...more,
  }
}

function written(more: Partial<Acknowledgement> = {}): Buffer {
  return writeAck(ack(more)) ?? (t.fail('no acknowledgement') as never)
}

const NOT_LINKED = iheError('HL7_PATIENT_NOT_LINKED', { at: 'PID-3[2].1', value: '0000000077' })

t.test('2.9.2 original mode: sender and receiver swapped, trigger and control id given back', async (t) => {
  const bytes = written()
  t.equal(
    bytes.toString('latin1'),
    'MSH|^~\\&|GW|NET|EHR|0119999999|20300401103047+0900||ACK^R22^ACK|T1|P|2.5||||||~ISO IR87||ISO 2022-1994\rMSA|AA|M77\r',
  )
  t.same(readAck(bytes), { code: 'AA', controlId: 'M77', errors: [], text: '' })
  t.same(readEr7(bytes).tolerances, [])
  t.equal(hl7Time(new Date('2030-12-31T15:00:00Z')), '20310101000000+0900')
})

t.test('2.15.5 an ERR names place, condition, application code, reason and user text in both languages', async (t) => {
  const bytes = written({ result: NOT_LINKED })
  const answer = readAck(bytes)
  t.equal(answer.code, 'AE')
  t.match(answer.errors[0], { location: 'PID^1^3^2^1', code: '204', severity: 'E', application: 'SC-PATIENT' })
  t.match(answer.errors[0]?.diagnostic, /PID-3\[2\]\.1.*0000000077.*\[journal j-1\]/)
  t.ok(answer.errors[0]?.userText.startsWith(`${NOT_LINKED.row.ja} / `))
  t.equal(value(readEr7(bytes), 'ERR', 3, 2), 'Unknown key identifier')
  t.equal(value(readEr7(bytes), 'ERR', 3, 3), 'HL70357')
  t.equal(value(readEr7(bytes), 'ERR', 5, 3), '99STC')
})

t.test('warnings ride on AA with severity W, and behind the error of a refusal', async (t) => {
  const warnings = [iheError('HL7_UNKNOWN_SEGMENT', { at: 'ZPI' }), iheError('HL7_TERMINATOR', { at: 'MSH' })]
  const accepted = readAck(written({ warnings }))
  t.equal(accepted.code, 'AA')
  t.same(
    accepted.errors.map((error) => [error.location, error.severity]),
    [
      ['ZPI', 'W'],
      ['MSH', 'W'],
    ],
  )
  t.same(
    readAck(written({ result: NOT_LINKED, warnings })).errors.map((error) => error.severity),
    ['E', 'W', 'W'],
  )
})

t.test('table 0155: which acknowledgement is due', async (t) => {
  const cases = [
    ['', '', ['original'], ['original']],
    ['AL', 'NE', ['commit'], ['commit']],
    ['AL', '', ['commit'], ['commit']],
    ['AL', 'AL', ['commit', 'application'], ['commit']],
    ['NE', 'AL', ['application'], ['application']],
    ['', 'AL', ['application'], ['application']],
    ['ER', 'ER', [], ['commit']],
    ['SU', 'SU', ['commit', 'application'], []],
    ['NE', 'NE', [], []],
  ] as const
  for (const [acceptAck, applicationAck, accepted, refused] of cases) {
    t.same(dueAcks({ acceptAck, applicationAck }, 'accepted'), accepted, `${acceptAck}/${applicationAck} accepted`)
    t.same(dueAcks({ acceptAck, applicationAck }, 'refused'), refused, `${acceptAck}/${applicationAck} refused`)
  }
})

t.test('enhanced mode answers CA, CE and CR, and nothing where nothing is asked', async (t) => {
  const version = iheError('HL7_VERSION', { at: 'MSH-12' })
  const always = request({ accept: 'AL', application: 'AL' })
  t.equal(readAck(written({ request: always })).code, 'CA')
  t.equal(readAck(written({ request: always, mode: 'application' })).code, 'AA')
  t.equal(readAck(written({ request: always, result: NOT_LINKED })).code, 'CE')
  t.equal(readAck(written({ request: always, result: version })).code, 'CR')
  t.equal(writeAck(ack({ request: request({ accept: 'ER', application: 'ER' }) })), undefined)
  t.equal(writeAck(ack({ request: request({ accept: 'NE', application: 'NE' }), result: NOT_LINKED })), undefined)
})

t.test('the answer speaks the set of the request; where label and bytes disagree it is plain ASCII', async (t) => {
  const result = iheError('HL7_CHARSET', { at: 'PID-5', value: '試験…' })
  const japanese = (label: string, bytes = Buffer.alloc(0)) =>
    readAck(written({ request: request({ label, bytes }), result })).errors[0]?.userText ?? ''
  t.match(japanese('~ISO IR87'), result.row.ja)
  t.match(japanese('UNICODE UTF-8', Buffer.from('NTE|||日本\r')), result.row.ja)
  t.match(japanese('~ISO IR87', Buffer.from([0xff, 0x80])), result.row.ja, 'undecodable: the label is all we have')
  t.equal(japanese(''), result.row.message)
  t.equal(japanese('~ISO IR87', Buffer.from('NTE|||日本\r')), result.row.message)
  const plain = written({ request: request({ label: '' }), result }).toString('latin1')
  t.notMatch(plain, /[^\r\x20-\x7e]/, 'ASCII throughout')
  t.match(plain, '<U+8A66><U+9A13>...')
})

t.test('ERR-2 places', async (t) => {
  const text = (at: string | undefined) => er7Text([['ERR', '', errorLocation(at)]]).trimEnd()
  t.equal(text('PID-3.4'), 'ERR||PID^1^3^1^4')
  t.equal(text('PID-3[2].4.1'), 'ERR||PID^1^3^2^4^1')
  t.equal(text('PID-3'), 'ERR||PID^1^3')
  t.equal(text('OBX[3]-5'), 'ERR||OBX^3^5')
  t.equal(text('MSH'), 'ERR||MSH')
  t.equal(text('OBX[2]'), 'ERR||OBX^2')
  t.equal(text('/Envelope/Body'), 'ERR')
  t.equal(text(undefined), 'ERR')
})

t.test(
  'a request with other delimiters is answered in the usual ones, one without MSH with an empty MSA-2',
  async (t) => {
    const odd = readHeader(Buffer.from('MSH#*~\\@#EHR*1.2.3*ISO#F|G#GW#NET#2030##ADT*A08#M^8#P#2.5\r'))
    const message = readEr7(written({ request: odd }))
    t.equal(value(message, 'MSH', 5, 2), '1.2.3')
    t.equal(value(message, 'MSH', 6), 'F|G')
    t.equal(value(message, 'MSA', 2), 'M^8')
    const nothing = readEr7(
      written({ request: readHeader(Buffer.from('hello')), result: iheError('HL7_NO_MSH', { at: 'MSH' }) }),
    )
    t.equal(value(nothing, 'MSA', 1), 'AR')
    t.equal(value(nothing, 'MSA', 2), '')
    t.equal(value(nothing, 'MSH', 3), 'TSUNAGI')
  },
)

t.test('a value from the sender cannot add a segment or a field to the answer', async (t) => {
  const result = iheError('HL7_TIME', { at: 'PID-7', value: '1|2\rMSA|AA|X\x0b\x1c' })
  const message = readEr7(written({ result }))
  t.equal(segmentsOf(message, 'MSA').length, 1)
  t.equal(message.segments.length, 3)
})

t.test('an independent HL7 reader agrees with what we write', async (t) => {
  type Reader = new (
    text: string,
  ) => {
    transform(): void
    get(field: string): unknown
    getSegments(name: string): readonly { get(field: string): unknown }[]
  }
  const HL7 = createRequire(import.meta.url)('hl7-standard') as Reader
  const text = written({
    request: request({ label: 'UNICODE UTF-8' }),
    result: NOT_LINKED,
    warnings: [iheError('HL7_TERMINATOR', { at: 'MSH' })],
  })
  const reader = new HL7(text.toString('utf8'))
  reader.transform()
  t.equal(reader.get('MSA.1'), 'AE')
  t.equal(reader.get('MSA.2'), 'M77')
  t.equal(reader.get('ERR.3.1'), '204')
  t.equal(reader.get('ERR.5.1'), 'SC-PATIENT')
  t.equal(reader.getSegments('ERR').length, 2)
})

t.test('HL7 v2.3.1 2.24.5: before 2.5 an ERR holds place and code only, and the text stands in MSA-3', async (t) => {
  const warning = iheError('V3_MESSAGE_ID_REUSED', { at: 'MSH-10' })
  const text = written({ version: '2.3.1', result: NOT_LINKED, warnings: [warning] }).toString('latin1')
  t.match(text, /\|ACK\^R22\|T1\|P\|2\.3\.1\|/)
  t.match(text, /\rMSA\|AE\|M77\|[^|\r]*PID-3\[2\]\.1[^|\r]*\[journal j-1\]\rERR\|PID\^1\^3\^204~MSH\^1\^10\^205\r$/)
  t.match(written({ version: '2.4' }).toString('latin1'), /\|2\.4\|.*\rMSA\|AA\|M77\r$/)
  t.match(
    written({ version: '2.5.1', result: NOT_LINKED }).toString('latin1'),
    /ACK\^R22\^ACK.*\|2\.5\.1\|.*\rERR\|\|PID/s,
  )
})
