// Queries with bytes changed, lost and doubled: refused or read, and always answered by a message that can be read (HL7 v2.5 2.5, 5.3).

import fc from 'fast-check'
import t from 'tap'
import { iti9 } from '../../../profiles/transactions/iti-9.ts'
import { iti21 } from '../../../profiles/transactions/iti-21.ts'
import { readHeader } from '../../../src/codec/hl7v2/header.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { readPdqCancellation, readPdqQuery } from '../../../src/codec/hl7v2/read-pdq-query.ts'
import { readPixQuery } from '../../../src/codec/hl7v2/read-pix-query.ts'
import { NOTHING_FOUND, writeResponse } from '../../../src/codec/hl7v2/write-response.ts'
import { IheError } from '../../../src/model/error.ts'
import { value } from '../../../src/model/hl7v2.ts'

const RUNS = 1500
const head = (event: string, label: string) =>
  `MSH|^~\\&|HIS|HOSPA|MPI|NET|20270401090000||${event}|M1|P|2.5||||||${label}`
const message = (...segments: readonly string[]) => Buffer.from(`${segments.join('\r')}\r`)

const queries = [
  {
    query: iti9,
    bytes: message(
      head('QBP^Q23^QBP_Q21', ''),
      'QPD|IHE PIX Query|QT-1|0042^^^HOSA&2.25.100.1&ISO^PI|^^^HOSB~^^^&2.25.100.3&ISO',
      'RCP|I',
    ),
    read: readPixQuery,
  },
  {
    query: iti21,
    bytes: message(
      head('QBP^Q22^QBP_Q21', 'UNICODE UTF-8'),
      'QPD|IHE PDQ Query|QT-2|@PID.5.1.1^髙橋*~@PID.3.1^42~@PID.3.4^A\\T\\2.25.1\\T\\ISO~@PID.7^1985~@PID.8^F|||||^^^HOSB',
      'RCP|I|5^RD',
      'DSC|2|I',
    ),
    read: readPdqQuery,
  },
  { query: iti21, bytes: message(head('QCN^J01', ''), 'QID|QT-2|IHE PDQ Query'), read: readPdqCancellation },
] as const

const edits = fc.array(
  fc.record({
    kind: fc.constantFrom('lost', 'doubled', 'cut', 'changed'),
    at: fc.nat(400),
    length: fc.integer({ min: 1, max: 8 }),
    byte: fc.constantFrom(...Buffer.from('|^~\\&\r\n@.*"\x1b\x00\xff', 'latin1')),
  }),
  { minLength: 1, maxLength: 3 },
)
type Edit = (typeof edits extends fc.Arbitrary<infer T> ? T : never)[number]

function spoiled(bytes: Buffer, { kind, at, length, byte }: Edit): Buffer {
  const start = bytes.length === 0 ? 0 : at % bytes.length
  switch (kind) {
    case 'lost':
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)])
    case 'doubled':
      return Buffer.concat([bytes.subarray(0, start + length), bytes.subarray(start)])
    case 'cut':
      return bytes.subarray(0, start)
    case 'changed':
      return Buffer.concat([bytes.subarray(0, start), Buffer.of(byte), bytes.subarray(start + 1)])
  }
}

for (const { query, bytes, read } of queries) {
  t.test(`${query.id}: ${value(readEr7(bytes), 'MSH', 9, 2)} spoiled in many ways`, async (t) => {
    let refused = 0
    const property = fc.property(edits, (all) => {
      const spoilt = all.reduce(spoiled, bytes)
      const error = refusalOf(() => read(spoilt))
      if (error !== undefined) refused += 1
      const answer = readEr7(
        writeResponse({
          request: readHeader(spoilt),
          query,
          bytes: spoilt,
          result: error ?? NOTHING_FOUND,
          warnings: [],
          journalId: 'j-1',
          now: new Date(0),
          controlId: 'R1',
        }),
      )
      return value(answer, 'MSH', 9) === 'RSP' && value(answer, 'QAK', 2) !== ''
    })
    fc.assert(property, { numRuns: RUNS, seed: 20_261_121 })
    t.ok(refused > 0 && refused < RUNS, `${refused} refused`)
  })
}

/** What was refused; everything else that is thrown is a fault of ours. */
function refusalOf(read: () => unknown): IheError | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
}
