// ITI-21 Patient Demographics Query: QBP^Q22 and QCN^J01 read, RSP^K22 written (ITI TF-2 3.21.4.1; HL7 v2.5 5.5).

import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { iti21 } from '../../../profiles/transactions/iti-21.ts'
import { readHeader } from '../../../src/codec/hl7v2/header.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { readPdqCancellation, readPdqQuery } from '../../../src/codec/hl7v2/read-pdq-query.ts'
import { readPdqResponse } from '../../../src/codec/hl7v2/read-pdq-response.ts'
import { pdqContent } from '../../../src/codec/hl7v2/write-patients.ts'
import { writePdqCancellation, writePdqQuery } from '../../../src/codec/hl7v2/write-pdq-query.ts'
import { writeResponse } from '../../../src/codec/hl7v2/write-response.ts'
import { IheError } from '../../../src/model/error.ts'
import { segmentsOf } from '../../../src/model/hl7v2.ts'
import { addressesOfPid, circumstancesOfPid, namesOfPid, telecomsOfPid } from '../../../src/model/hl7v2-pid.ts'
import type { PdqAnswer, PdqPatient } from '../../../src/model/pdq.ts'
import { HANA, idIn, oid } from '../../identity/in-memory.ts'
import { disagreements } from '../../scenarios/second-opinion.ts'

function message(event: string, segments: readonly string[], label = 'UNICODE UTF-8'): Buffer {
  const head = `MSH|^~\\&|HIS|HOSPA|MPI|NET|20270401090000||${event}|M1|P|2.5||||||${label}`
  return Buffer.from(`${[head, ...segments].join('\r')}\r`)
}

function qbp(parameters: string, rest: readonly string[] = ['RCP|I'], domains = ''): Buffer {
  return message('QBP^Q22^QBP_Q21', [
    `QPD|IHE PDQ Query|QT-1|${parameters}|||||${domains}`.replace(/\|+$/, ''),
    ...rest,
  ])
}

function sought(parameters: string) {
  const request = readPdqQuery(qbp(parameters))
  if (request.kind !== 'query') throw new Error('not a query')
  const { names, sex, birth, address, ids, mother, telecom } = request.query
  return { names, sex, birth, address, ids, mother, telecom, warnings: request.warnings }
}

function refusalOf(read: () => unknown): IheError {
  try {
    read()
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

t.test(
  '3.21.4.1.2.2: names by family and given, a repetition being another name, an asterisk its beginning',
  async (t) => {
    t.match(sought('@PID.5.1.1^タカハシ~@PID.5.2^ハナコ').names, [
      { family: 'タカハシ', given: 'ハナコ', matching: 'exact', at: 'QPD-3[1]' },
    ])
    t.match(sought('@PID.5.1^髙橋*~@PID.5.1^タカハシ').names, [
      { family: '髙橋', matching: 'inexact', at: 'QPD-3[1]' },
      { family: 'タカハシ', matching: 'exact', at: 'QPD-3[2]' },
    ])
    const whole = { family: 'A&B', given: 'C' }
    t.match(sought('@PID.5^A\\T\\B\\S\\C').names, [{ given: 'C' }], 'a whole field with its delimiters escaped')
    t.match(sought('@PID.5.1.1^A\\T\\B~@PID.5.2^C').names, [whole])
    t.match(sought('@PID.6.1.1^例示~@PID.6.2^雪').mother, { family: '例示', given: '雪' })
  },
)

t.test('3.21.4.1.2.2: birth, sex, address and telephone', async (t) => {
  t.match(sought('@PID.7^19850307').birth, { kind: 'date', date: '19850307', at: 'QPD-3[1]' })
  t.match(sought('@PID.7.1^1985').birth, { date: '1985' })
  t.match(sought('@PID.7^198503+0900').birth, { date: '198503' })
  t.match(sought('@PID.7^1985/03/07').birth, { date: '19850307' })
  t.match(sought('@PID.7^198503071230+0900').birth, { date: '19850307' })
  t.equal(sought('@PID.8^F').sex, 'F')
  t.equal(sought('@PID.8.1^O').sex, 'UN')
  t.equal(sought('@PID.8^U').sex, undefined, 'unknown asks for nothing')
  t.match(sought('@PID.11.3^見本市~@PID.11.4^架空県~@PID.11.5^999-0001').address, {
    postalCode: '999-0001',
    parts: ['架空県', '見本市'],
    at: 'QPD-3[1]',
  })
  t.match(sought('@PID.11.1.1^1-2-3').address, { parts: ['1-2-3'] })
  t.match(sought('@PID.13.1^099-000-0001').telecom, { value: '099-000-0001' })
  t.match(sought('@PID.13.6^099~@PID.13.7^0000001').telecom, { value: '099-0000001' })
  t.match(sought('@PID.13.12^0990000001').telecom, { value: '0990000001' })
})

t.test(
  '3.21.4.1.2.2: ids with namespace, OID or both, and account numbers; several must all be the person’s',
  async (t) => {
    const cases = [
      ['@PID.3.1^42~@PID.3.4.1^HOSA', { value: '42', namespace: 'HOSA', universalId: '' }],
      ['@PID.3.1^42~@PID.3.4.2^2.25.1~@PID.3.4.3^ISO', { value: '42', namespace: '', universalId: '2.25.1' }],
      ['@PID.3.1^42~@PID.3.4^HOSA&2.25.1&ISO', { value: '42', namespace: 'HOSA', universalId: '2.25.1' }],
      ['@PID.3.1^42~@PID.3.4^HOSA\\T\\2.25.1\\T\\ISO', { value: '42', namespace: 'HOSA', universalId: '2.25.1' }],
      ['@PID.3^42^^^HOSA&2.25.1&ISO', { value: '42', namespace: 'HOSA', universalId: '2.25.1' }],
      ['@PID.3^42\\S\\\\S\\\\S\\HOSA\\T\\2.25.1\\T\\ISO', { value: '42', namespace: 'HOSA', universalId: '2.25.1' }],
      ['@PID.18.1^A7~@PID.18.4.1^HOSA', { value: 'A7', namespace: 'HOSA', universalId: '' }],
      ['@PID.3.4.1^HOSA', { namespace: 'HOSA', universalId: '' }],
    ] as const
    for (const [parameters, id] of cases) t.same(sought(parameters).ids, [{ ...id, at: 'QPD-3[1]' }], parameters)
    const two = sought('@PID.3.1^1~@PID.3.4.1^A~@PID.3.1^2~@PID.3.4.1^B').ids
    t.match(two, [
      { value: '1', namespace: 'A' },
      { value: '2', namespace: 'B', at: 'QPD-3[3]' },
    ])
  },
)

t.test('3.21.4.1.2.2: what cannot be compared is warned about, what says nothing asks for nothing', async (t) => {
  const { names, warnings } = sought('@PID.5.1.1^A~@PID.5.8^P~@PID.12^X~@PID.8^~@PID.7^""')
  t.equal(names.length, 1)
  t.match(warnings, [
    { row: { code: 'V3_TOLERATED' }, at: 'QPD-3[2]', value: '@PID.5.8' },
    { row: { code: 'V3_TOLERATED' }, at: 'QPD-3[3]', value: '@PID.12.1' },
  ])
  t.equal(warnings.length, 2)
})

t.test('3.21.4.1.2: faults and where they are', async (t) => {
  const cases = [
    ['@PID.3.1^42', 'HL7_FIELD_MISSING', 'QPD-3[1]'],
    ['@PID.5.1^A~@PID.18.1^42', 'HL7_FIELD_MISSING', 'QPD-3[2]'],
    ['@PID.7^19850231', 'HL7_TIME', 'QPD-3[1]'],
    ['@PID.7^1985~@PID.7^1986', 'V3_TOO_MANY', 'QPD-3[2]'],
    ['@PID.8^X', 'V3_VALUE', 'QPD-3[1]'],
    ['@PID.5.1^A~PID.8^F', 'V3_VALUE', 'QPD-3[2]'],
    ['@NK1.2^A', 'V3_VALUE', 'QPD-3[1]'],
    ['@PID.0^A', 'V3_VALUE', 'QPD-3[1]'],
  ] as const
  for (const [parameters, code, at] of cases)
    t.match(
      refusalOf(() => readPdqQuery(qbp(parameters))),
      { row: { code }, at },
      parameters,
    )
  const limits = [
    ['RCP|I|0^RD', 'V3_VALUE', 'RCP-2.1'],
    ['RCP|I|all', 'V3_VALUE', 'RCP-2.1'],
    ['RCP|I|5^PG', 'V3_VALUE', 'RCP-2.2'],
    ['RCP|D', 'V3_VALUE', 'RCP-1'],
  ] as const
  for (const [rcp, code, at] of limits)
    t.match(
      refusalOf(() => readPdqQuery(qbp('@PID.8^F', [rcp]))),
      { row: { code }, at },
      rcp,
    )
  const pointer = refusalOf(() => readPdqQuery(qbp('@PID.8^F', ['RCP|I', 'DSC|page two|I'])))
  t.match(pointer, { row: { code: 'PDQ_UNKNOWN_QUERY' }, at: 'DSC-1' })
})

t.test('3.21.4.1.2: the query with its limits and domains, its continuation, its cancellation', async (t) => {
  const bytes = qbp('@PID.8^F', ['RCP|I|50^RD'], '^^^HOSB~^^^&2.25.3&ISO')
  t.match(readPdqQuery(bytes), {
    kind: 'query',
    query: {
      key: 'ITI-21 QT-1',
      keyAt: 'QPD-3',
      message: 'M1',
      text: bytes.toString('utf8').trimEnd(),
      initialQuantity: 50,
      withoutWantedIds: 'left out',
      domains: [
        { namespace: 'HOSB', universalId: '', at: 'QPD-8[1]' },
        { namespace: '', universalId: '2.25.3', at: 'QPD-8[2]' },
      ],
    },
    warnings: { length: 0 },
  })
  for (const rcp of ['RCP|I|050^RD', 'RCP|I|+50^RD'])
    t.match(readPdqQuery(qbp('@PID.8^F', [rcp])), { query: { initialQuantity: 50 } }, 'HL7 v2.5 2.A.47')
  t.notOk('initialQuantity' in (readPdqQuery(qbp('@PID.8^F')) as { readonly query: object }).query)
  t.match(readPdqQuery(qbp('@PID.8^F', ['RCP|I|10^RD', 'DSC|51|I'])), {
    kind: 'continuation',
    continuation: { key: 'ITI-21 QT-1', keyAt: 'DSC-1', start: 51, quantity: 10, message: 'M1' },
  })
  t.equal(readPdqQuery(qbp('@PID.8^F', ['RCP|I', 'DSC||I'])).kind, 'query', 'no pointer, no continuation')
  t.match(readPdqCancellation(message('QCN^J01^QCN_J01', ['QID|QT-1|IHE PDQ Query'])), {
    cancellation: { key: 'ITI-21 QT-1', keyAt: 'QID-1', message: 'M1' },
  })
  const untagged = refusalOf(() => readPdqCancellation(message('QCN^J01', ['QID||IHE PDQ Query'])))
  t.match(untagged, { row: { code: 'HL7_FIELD_MISSING' }, at: 'QID-1' })
  t.match(
    refusalOf(() => readPdqCancellation(message('QCN^J01', []))),
    { row: { code: 'HL7_STRUCTURE' }, at: 'QID' },
  )
})

const patient: PdqPatient = {
  ids: [
    { id: idIn(oid('2.25.1'), '0042'), authorityName: 'HOSA' },
    { id: idIn(oid('2.25.2'), 'B-7'), authorityName: 'HOSB' },
  ],
  primary: [],
  missing: [],
  demographics: {
    ...HANA,
    multipleBirth: true,
    birthOrder: 2,
    deceased: false,
    mother: [{ representation: 'SYL', family: 'レイジ', given: 'ユキ' }],
    telecoms: ['tel:+81-99-000-0001', 'fax:0990000002', 'mailto:h@example.invalid', '099-000-0003'],
  },
  score: 87,
}

function answered(answer: PdqAnswer, bytes = qbp('@PID.8^F', ['RCP|I|1^RD'])): Buffer {
  return writeResponse({
    request: readHeader(bytes),
    query: iti21,
    bytes,
    result: pdqContent(answer),
    warnings: [],
    journalId: 'j-1',
    now: new Date('2030-04-01T01:30:47Z'),
    controlId: 'R1',
  })
}

const page = { kind: 'page', patients: [patient], total: 2, remaining: 1, next: 2, query: '' } as const

t.test('3.21.4.1.3: a page of patients, how many there are, and the pointer to the next', async (t) => {
  const bytes = answered(page)
  const lines = bytes.toString('utf8').split('\r')
  t.equal(lines[0], 'MSH|^~\\&|MPI|NET|HIS|HOSPA|20300401103047+0900||RSP^K22^RSP_K21|R1|P|2.5||||||UNICODE UTF-8')
  t.same(lines.slice(1, 4), ['MSA|AA|M1', 'QAK|QT-1|OK||2|1|1', 'QPD|IHE PDQ Query|QT-1|@PID.8^F'])
  const telecoms = '+81-99-000-0001^PRN^PH~0990000002^PRN^FX~^NET^Internet^h@example.invalid~099-000-0003^PRN^PH'
  t.equal(
    lines[4],
    [
      ...['PID', '1', '', '0042^^^HOSA&2.25.1&ISO^PI~B-7^^^HOSB&2.25.2&ISO^PI', ''],
      ...['水沢^葉名^^^^^L^I~ミズサワ^ハナ^^^^^L^P', 'レイジ^ユキ^^^^^M^P', '19620417', 'F', '', ''],
      ...['架空県見本市1-2-3^^^^999-0001^JPN^H', '', telecoms, ...Array(10).fill(''), 'Y', '2', '', '', '', '', 'N'],
    ].join('|'),
  )
  t.same(lines.slice(5), ['QRI|87', 'DSC|2|I', ''])
  t.strictSame(disagreements(bytes), [])
})

t.test('3.21.4.1.3: what is written of a patient is read back the same', async (t) => {
  const read = readEr7(answered(page))
  t.same(namesOfPid(read), HANA.names)
  t.same(addressesOfPid(read), HANA.addresses)
  t.same(telecomsOfPid(read), ['+81-99-000-0001', '0990000002', 'h@example.invalid', '099-000-0003'])
  t.match(circumstancesOfPid(read), { multipleBirth: true, birthOrder: 2, deceased: false, mother: { length: 1 } })
})

t.test('3.21.4.1.3: a page is read as patients with ids and score, how many are left, and the pointer', async (t) => {
  const other = { ...patient, ids: [], score: 50 }
  const demographics = { ...patient.demographics, telecoms: ['+81-99-000-0001', '0990000002'] }
  t.strictSame(
    readPdqResponse(
      answered({
        ...page,
        patients: [
          { ...patient, demographics },
          { ...other, demographics: HANA },
        ],
      }),
    ),
    {
      kind: 'page',
      patients: [
        { ids: patient.ids, demographics, score: 87 },
        { ids: [], demographics: { ...HANA, telecoms: ['+81-99-000-0001'] }, score: 50 },
      ],
      total: 2,
      remaining: 1,
      pointer: '2',
    },
  )
  const bare = message('RSP^K22', ['MSA|AA|M1', 'QAK|QT-1|OK', 'QPD|n|QT-1|@PID.8^F', 'PID|||7^^^A&2.25.1&ISO||X^Y'])
  t.match(readPdqResponse(bare), { patients: [{ score: 100 }], total: 1, remaining: 0 })
  t.notOk('pointer' in readPdqResponse(bare))
  const refused = message('ACK^Q22', ['MSA|AE|M1', 'ERR||QPD^1^8^1|204^Unknown key identifier^HL70357|E'])
  t.match(readPdqResponse(refused), { kind: 'refused', ack: { errors: [{ location: 'QPD^1^8^1' }] } })
})

t.test('a query that we write is read as it was meant', async (t) => {
  const envelope = {
    sender: ['EHR', 'HOSP'],
    receiver: ['TSUNAGI', ''],
    controlId: 'C1',
    tag: 'T1',
    now: new Date('2030-04-01T01:30:47Z'),
  } as const
  const fields = {
    names: [{ family: 'タカ&ハシ', given: 'ハナ', matching: 'inexact' }],
    sex: 'UN',
    birthDate: '198503',
    postalCode: '999-0001',
    address: '見本市',
    telecom: '099-000-0001',
    mother: { family: 'レイジ', matching: 'exact' },
    ids: [idIn(oid('2.25.1'), '0|42'), idIn(oid('2.25.2'), 'B')],
    domains: [oid('2.25.3')],
    pageSize: 20,
  } as const
  const bytes = writePdqQuery(envelope, fields)
  t.match(readPdqQuery(bytes), {
    kind: 'query',
    query: {
      key: 'ITI-21 T1',
      message: 'C1',
      names: [{ family: 'タカ&ハシ', given: 'ハナ', matching: 'inexact' }],
      sex: 'UN',
      birth: { kind: 'date', date: '198503' },
      address: { postalCode: '999-0001', parts: ['見本市'] },
      telecom: { value: '099-000-0001' },
      mother: { family: 'レイジ', matching: 'exact' },
      ids: [
        { value: '0|42', universalId: '2.25.1' },
        { value: 'B', universalId: '2.25.2' },
      ],
      domains: [{ universalId: '2.25.3' }],
      initialQuantity: 20,
    },
    warnings: { length: 0 },
  })
  t.strictSame(disagreements(bytes), [])
  t.match(readPdqQuery(writePdqQuery(envelope, fields, '21')), { kind: 'continuation', continuation: { start: 21 } })
  t.match(readPdqCancellation(writePdqCancellation(envelope)), { cancellation: { key: 'ITI-21 T1' } })
})

t.test('3.21.4.1.3: the last page has no DSC; nothing is NF with no hits', async (t) => {
  const last = readEr7(answered({ kind: 'page', patients: [patient], total: 2, remaining: 0, query: '' }))
  t.same(segmentsOf(last, 'DSC'), [])
  const none = answered({ kind: 'page', patients: [], total: 0, remaining: 0, query: '' }).toString('utf8')
  t.match(none, '\rMSA|AA|M1\rQAK|QT-1|NF||0|0|0\rQPD|IHE PDQ Query|QT-1|@PID.8^F\r')
  const nameless = { ...patient, demographics: { names: [], addresses: [], telecoms: [], sex: 'UN' } } as const
  t.match(answered({ ...page, patients: [nameless] }).toString('utf8'), /\rPID\|1\|\|[^|]*\|\|~\^{6}S\|\|\|O\rQRI/)
})

t.test('2.15.9.18: a name that ISO-2022-JP lacks comes in UTF-8', async (t) => {
  const bytes = message('QBP^Q22', ['QPD|n|QT-1|@PID.8^F', 'RCP|I'], '~ISO IR87')
  const named = (family: string) => {
    const names = [{ representation: 'IDE', family, given: '花子' }] as const
    return answered({ ...page, patients: [{ ...patient, demographics: { ...HANA, names } }] }, bytes)
  }
  for (const [family, charset] of [
    ['高橋', 'ISO-2022-JP'],
    ['髙橋', 'UTF-8'],
  ] as const) {
    const answer = named(family)
    t.equal(readHeader(answer).charset, charset)
    t.match(namesOfPid(readEr7(answer)), [{ family }])
    t.strictSame(disagreements(answer), [])
  }
})

const samples = new URL('../../../../shared/samples/pix/', import.meta.url)
if (existsSync(samples)) {
  t.test('3.21: published samples are read', async (t) => {
    const sample = (name: string) => readFileSync(new URL(name, samples))
    t.match(readPdqQuery(sample('iti21-query-valid.hl7')), {
      kind: 'query',
      query: {
        names: [{ family: 'タカハシ' }],
        birth: { date: '19850307' },
        initialQuantity: 1,
        domains: [{ namespace: 'HOSB', at: 'QPD-8[1]' }],
      },
    })
    const foreign = refusalOf(() => readPdqQuery(sample('iti21-continuation-valid.hl7')))
    t.match(foreign, { row: { code: 'PDQ_UNKNOWN_QUERY' }, value: 'CP-0020-2' }, 'a pointer that we did not give')
  })
}
