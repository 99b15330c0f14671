// ITI-9 PIX Query: QBP^Q23 read, RSP^K23 written and read back (ITI TF-2 3.9.4.1.2, 3.9.4.2.2; HL7 v2.5 5.5).

import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { iti9 } from '../../../profiles/transactions/iti-9.ts'
import { readAck } from '../../../src/codec/hl7v2/ack.ts'
import { readHeader } from '../../../src/codec/hl7v2/header.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { readPixQuery } from '../../../src/codec/hl7v2/read-pix-query.ts'
import { readPixResponse } from '../../../src/codec/hl7v2/read-pix-response.ts'
import { writePixQuery } from '../../../src/codec/hl7v2/write-pix-query.ts'
import {
  NOTHING_FOUND,
  pixContent,
  type QueryResponse,
  writeResponse,
} from '../../../src/codec/hl7v2/write-response.ts'
import { IheError } from '../../../src/model/error.ts'
import { value } from '../../../src/model/hl7v2.ts'
import { idIn, oid } from '../../identity/in-memory.ts'
import { disagreements } from '../../scenarios/second-opinion.ts'

const QPD = 'QPD|IHE PIX Query|QT-1|0042^^^HOSA&2.25.100.1&ISO^PI|^^^HOSB~^^^&2.25.100.3&ISO'

function qbp(segments: readonly string[] = [QPD, 'RCP|I'], label = '', event = 'QBP^Q23^QBP_Q21'): Buffer {
  const head = `MSH|^~\\&|HIS|HOSPA|MPI|NET|20270401090000||${event}|M1|P|2.5||||||${label}`
  return Buffer.from(`${[head, ...segments].join('\r')}\r`)
}

function refusalOf(bytes: Buffer): IheError {
  try {
    readPixQuery(bytes)
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

function answered(more: Partial<QueryResponse> = {}): Buffer {
  const bytes = more.bytes ?? qbp()
  return writeResponse({
    request: readHeader(bytes),
    query: iti9,
    bytes,
    result: NOTHING_FOUND,
    warnings: [],
    journalId: 'j-1',
    now: new Date('2030-04-01T01:30:47Z'),
    controlId: 'R1',
    ...more,
  })
}

t.test('3.9.4.1.2: the patient, the domains and where each of them stands', async (t) => {
  t.strictSame(readPixQuery(qbp()), {
    patient: { value: '0042', namespace: 'HOSA', universalId: '2.25.100.1', at: 'QPD-3.1', domainAt: 'QPD-3.4' },
    domains: [
      { namespace: 'HOSB', universalId: '', at: 'QPD-4[1]' },
      { namespace: '', universalId: '2.25.100.3', at: 'QPD-4[2]' },
    ],
    warnings: [],
    asked: { id: 'M1', text: qbp().toString('utf8').trimEnd() },
  })
  const all = readPixQuery(qbp(['QPD|any name|QT-1|0042^^^HOSA|~""', 'RCP']))
  t.strictSame(all.domains, [], 'repetitions that say nothing ask for nothing')
})

t.test('3.9.4.1.2: what is wrong is pointed at', async (t) => {
  const cases = [
    [[QPD], 'HL7_STRUCTURE', 'RCP'],
    [['RCP|I', QPD], 'HL7_STRUCTURE', 'QPD'],
    [['QPD||QT-1|0042^^^HOSA', 'RCP|I'], 'HL7_FIELD_MISSING', 'QPD-1'],
    [['QPD|n|""|0042^^^HOSA', 'RCP|I'], 'HL7_FIELD_MISSING', 'QPD-2'],
    [['QPD|n|QT-1|^^^HOSA', 'RCP|I'], 'HL7_FIELD_MISSING', 'QPD-3.1'],
    [['QPD|n|QT-1|""', 'RCP|I'], 'HL7_FIELD_MISSING', 'QPD-3.1'],
    [['QPD|n|QT-1|1^^^HOSA~2^^^HOSA', 'RCP|I'], 'V3_TOO_MANY', 'QPD-3[2]'],
    [[QPD, 'RCP|D'], 'V3_VALUE', 'RCP-1'],
  ] as const
  for (const [segments, code, at] of cases) t.match(refusalOf(qbp(segments)), { row: { code }, at }, segments.join())
  t.match(refusalOf(qbp(undefined, '', 'QBP^Q22')), { row: { code: 'HL7_TRIGGER' }, at: 'MSH-9.2' })
})

const ids = [
  { id: idIn(oid('2.25.100.2'), 'B|7'), authorityName: 'クリニックB' },
  { id: idIn(oid('2.25.100.2'), 'B-8'), authorityName: 'クリニックB' },
  { id: idIn(oid('2.25.100.3'), '77'), authorityName: 'C & D' },
]

t.test('3.9.4.2.2 cases 1 and 6: one PID, an id a repetition with its whole authority, no name', async (t) => {
  const bytes = answered({ result: pixContent({ kind: 'found', ids }) })
  t.equal(
    bytes.toString('utf8'),
    [
      'MSH|^~\\&|MPI|NET|HIS|HOSPA|20300401103047+0900||RSP^K23^RSP_K23|R1|P|2.5||||||UNICODE UTF-8',
      'MSA|AA|M1',
      'QAK|QT-1|OK',
      QPD,
      'PID|||B\\F\\7^^^クリニックB&2.25.100.2&ISO^PI~B-8^^^クリニックB&2.25.100.2&ISO^PI~77^^^C \\T\\ D&2.25.100.3&ISO^PI||~^^^^^^S',
      '',
    ].join('\r'),
  )
  t.strictSame(readPixResponse(bytes), { kind: 'found', ids })
  t.strictSame(disagreements(bytes), [])
})

t.test('3.9.4.2.2 case 2: nothing found is no error', async (t) => {
  const bytes = answered()
  t.match(bytes.toString('utf8'), `\rMSA|AA|M1\rQAK|QT-1|NF\r${QPD}\r`)
  t.strictSame(readPixResponse(bytes), { kind: 'nothing' })
})

t.test('3.9.4.2.2 cases 3 to 5: errors with their places, status as MSA-1, warnings after them', async (t) => {
  const result = iheError('V3_UNKNOWN_KEY', { at: 'QPD-4[2]' })
  const warnings = [iheError('V3_UNKNOWN_KEY', { at: 'QPD-3.1' }), iheError('HL7_CHARSET_LABEL', { at: 'MSH-18' })]
  const bytes = answered({ result, warnings })
  const answer = readPixResponse(bytes)
  t.match(answer, {
    kind: 'refused',
    ack: { code: 'AE', controlId: 'M1', errors: [{ location: 'QPD^1^4^2', code: '204', severity: 'E' }] },
  })
  t.match(readAck(bytes).errors, [{}, { location: 'QPD^1^3^1^1' }, { severity: 'W' }])
  t.match(bytes.toString('latin1'), /\rQAK\|QT-1\|AE\rQPD\|/)
  t.match(answered({ result: iheError('HL7_VERSION') }).toString('latin1'), /\rMSA\|AR\|M1\rERR.*\rQAK\|QT-1\|AR\r/s)
})

t.test(
  '2.15.9.18: the answer is in the character set of the query, and in UTF-8 where that set lacks a character',
  async (t) => {
    const found = (name: string, label: string, bytes = qbp(undefined, label)) =>
      answered({
        bytes,
        result: pixContent({ kind: 'found', ids: [{ id: idIn(oid('2.25.1'), '1'), authorityName: name }] }),
      })
    const label = (bytes: Buffer) => [
      value(readEr7(bytes), 'MSH', 18),
      readHeader(bytes).charsetLabel,
      readHeader(bytes).charset,
    ]
    const jis = found('病院', '~ISO IR87')
    t.match(label(jis), ['', '~ISO IR87', 'ISO-2022-JP'])
    t.match(readPixResponse(jis), { ids: [{ authorityName: '病院' }] })
    t.equal(value(readEr7(jis), 'MSH', 20), 'ISO 2022-1994')
    const utf8 = found('髙病院', '~ISO IR87')
    t.match(label(utf8), ['UNICODE UTF-8', 'UNICODE UTF-8', 'UTF-8'])
    t.equal(value(readEr7(utf8), 'MSH', 20), '')
    t.match(readPixResponse(utf8), { ids: [{ authorityName: '髙病院' }] })
    t.match(label(found('病院', '')), ['UNICODE UTF-8', 'UNICODE UTF-8', 'UTF-8'])
    const unlabelled = qbp(['QPD|照会|QT-1|0042^^^HOSA', 'RCP|I'])
    t.match(label(found('H', '', unlabelled)), ['UNICODE UTF-8', 'UNICODE UTF-8', 'UTF-8'])
    t.match(label(found('H', '')), ['', '', 'ASCII'])
    for (const bytes of [jis, utf8]) t.strictSame(disagreements(bytes), [])
  },
)

t.test('5.5.4: a query that cannot be read is answered with what can', async (t) => {
  const bytes = Buffer.concat([qbp(['QPD|']), Buffer.from([0xff, 0xfe]), Buffer.from('|QT-1\r')])
  const text = answered({ bytes, result: iheError('HL7_CHARSET', { at: 'QPD-1' }) }).toString('latin1')
  t.match(text, /^MSH[^\r]*RSP\^K23\^RSP_K23[^\r]*\rMSA\|AE\|M1\rERR[^\r]*\rQAK\|\|AE\r$/)
})

t.test('a query that we write is read as it was meant', async (t) => {
  const bytes = writePixQuery({
    sender: ['EHR', 'HOSP'],
    receiver: ['TSUNAGI', ''],
    controlId: 'C1',
    tag: 'T1',
    now: new Date('2030-04-01T01:30:47Z'),
    patientId: idIn(oid('2.25.100.1'), '0|42'),
    domains: [oid('2.25.100.2'), oid('2.25.100.3')],
  })
  t.match(readPixQuery(bytes), {
    patient: { value: '0|42', namespace: '', universalId: '2.25.100.1' },
    domains: [{ universalId: '2.25.100.2' }, { universalId: '2.25.100.3' }],
    warnings: { length: 0 },
    asked: { id: 'C1' },
  })
  t.strictSame(disagreements(bytes), [])
})

const samples = new URL('../../../../shared/samples/pix/', import.meta.url)
if (existsSync(samples)) {
  t.test('3.9: published samples of queries and answers are read, errors that came as ACK too', async (t) => {
    const sample = (name: string) => readFileSync(new URL(name, samples))
    t.match(readPixQuery(sample('iti9-query-valid.hl7')), {
      patient: { namespace: 'HOSA' },
      domains: [{ namespace: 'HOSB' }],
    })
    t.match(readPixResponse(sample('iti9-response-found-valid.hl7')), {
      kind: 'found',
      ids: [{ id: { value: 'B-77' }, authorityName: 'HOSB' }],
    })
    const refused = (name: string) => readPixResponse(sample(name))
    t.match(refused('iti9-response-unknown-id-valid.hl7'), { ack: { errors: [{ location: 'QPD^1^3^1^1' }] } })
    t.match(refused('iti9-response-unknown-domain-valid.hl7'), { ack: { errors: [{ location: 'QPD^1^4^2' }] } })
    t.match(refused('peer-iti9-response-ack.hl7'), { kind: 'refused', ack: { code: 'AR', errors: [{ code: '204' }] } })
  })
}
