// Paths of SS-MIX2 storages both ways (SS-MIX2 標準化ストレージ／拡張ストレージ: folders and file names).

import fc from 'fast-check'
import t from 'tap'
import { messageOf } from '../../../src/storeclient/ssmix/content.ts'
import {
  formatPath,
  NO_ORDER,
  parsePath,
  type StoragePath,
  storedOrderNumber,
  writtenAtOf,
} from '../../../src/storeclient/ssmix/path.ts'

const LABORATORY = '990/000/9900001/20240401/OML-11/9900001_20240401_OML-11_000000000500001_20240402083000000_01_1'
const VITAL_FOLDER = 'L-OBSERVATIONS^OBSERVATIONS^99ZL01'
const VITAL = `990/000/9900001/20240401/${VITAL_FOLDER}/9900001_20240401_${VITAL_FOLDER}_000000020240401_202404011500321_1/main_document.hl7`

t.test('SS-MIX2 標準化ストレージ: a path says patient, day, kind, order, time, department, flag', async (t) => {
  t.same(parsePath(LABORATORY), {
    patientId: '9900001',
    careDate: '20240401',
    folder: 'OML-11',
    orderNumber: '000000000500001',
    writtenAt: '20240402083000000',
    department: '01',
    flag: '1',
  })
  t.match(parsePath('990/000/9900001/-/ADT-00/9900001_-_ADT-00_999999999999999_20240401090001000_-_2'), {
    careDate: '-',
    orderNumber: NO_ORDER,
    department: '-',
    flag: '2',
  })
})

t.test(
  'SS-MIX2 拡張ストレージ: the content folder may leave out the department, and times may have 15 digits',
  async (t) => {
    const said = parsePath(VITAL) as StoragePath
    t.match(said, { folder: VITAL_FOLDER, orderNumber: '000000020240401', file: 'main_document.hl7', flag: '1' })
    t.equal(said.department, undefined)
    t.equal(writtenAtOf(said), '20240401150032100')
    t.same(formatPath(said), { path: VITAL })
  },
)

t.test('SS-MIX2: odd order numbers stay as they are, short ones are written with 15 characters', async (t) => {
  const odd = LABORATORY.replaceAll('000000000500001', 'AB_2024.11-7')
  t.match(parsePath(odd), { orderNumber: 'AB_2024.11-7' })
  t.equal(storedOrderNumber('A-7'), '000000000000A-7')
  t.equal(storedOrderNumber('1234567890123456789'), '1234567890123456789')
  t.equal(storedOrderNumber(undefined), NO_ORDER)
})

const faulty: Readonly<Record<string, string>> = {
  [LABORATORY.slice(4)]: 'depth',
  [`a/${VITAL}`]: 'depth',
  [LABORATORY.replace('990/000/', '990/../')]: 'characters',
  [LABORATORY.replace('990/000/', '990/001/')]: 'patient',
  [LABORATORY.replaceAll('9900001', '9900001\u0000')]: 'characters',
  [LABORATORY.replaceAll('9900001', '9900\\01')]: 'characters',
  [LABORATORY.replaceAll('9900001', '9900001234567890')]: 'patient',
  [LABORATORY.replaceAll('9900001', '9900山1')]: 'patient',
  [LABORATORY.replaceAll('20240401', '20240431')]: 'care-date',
  [LABORATORY.replaceAll('OML-11', 'oml-11')]: 'kind',
  [LABORATORY.replace('/9900001_', '/9900002_')]: 'name',
  [LABORATORY.replace('_20240402083000000_', '_20240402253000000_')]: 'time',
  [LABORATORY.replace('_20240402083000000_', '_2024040208_')]: 'time',
  [LABORATORY.replace(/1$/, '3')]: 'flag',
  [LABORATORY.replace(/_1$/, '.tmp')]: 'flag',
}

t.test('SS-MIX2: what is no path of a storage is told why', async (t) => {
  for (const [path, fault] of Object.entries(faulty)) t.equal(parsePath(path), fault, path)
})

const characters = (alphabet: string, min: number, max: number) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: min, maxLength: max }).map((all) => all.join(''))
const LETTERS = 'abcxyzABCXYZ0123456789._-'
const day = fc
  .date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2039-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().replaceAll(/\D/g, ''))
const said = fc.record(
  {
    patientId: characters(LETTERS, 7, 15),
    careDate: fc.oneof(
      fc.constant('-'),
      day.map((text) => text.slice(0, 8)),
    ),
    folder: fc.constantFrom('ADT-00', 'OMP-01', 'OMD', VITAL_FOLDER, '^経過記録^^11506-3^経過記録^LN'),
    orderNumber: characters(LETTERS, 1, 22),
    writtenAt: fc.tuple(day, fc.integer({ min: 14, max: 17 })).map(([text, digits]) => text.slice(0, digits)),
    department: fc.constantFrom('-', '01', '09A'),
    flag: fc.constantFrom('0' as const, '1' as const, '2' as const),
  },
  { requiredKeys: ['patientId', 'careDate', 'folder', 'orderNumber', 'writtenAt', 'department', 'flag'] },
)

t.test('SS-MIX2: what is written reads as it was said, and what reads is written as it was', async (t) => {
  fc.assert(
    fc.property(said, (one) => {
      const value: StoragePath = one.folder.includes('^') ? { ...one, file: 'main_document.hl7' } : one
      const written = formatPath(value)
      if (typeof written === 'string') return false
      const read = parsePath(written.path)
      t.same(read, value)
      t.same(formatPath(read as StoragePath), written)
      return true
    }),
    { numRuns: 1000 },
  )
})

t.test('SS-MIX2: no text whatever leads out of the root', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ maxLength: 20 }),
      (patientId, orderNumber) => {
        const written = formatPath({
          patientId,
          careDate: '-',
          folder: 'ADT-00',
          orderNumber,
          writtenAt: '20240401090001000',
          department: '-',
          flag: '1',
        })
        return typeof written === 'string' || /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){5}$/.test(written.path)
      },
    ),
    { numRuns: 5000 },
  )
})

t.test('SS-MIX2: 0x1C, NUL and blanks behind the message are none of it, its own terminator is', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    'MSH|\r\x1c': 'MSH|\r',
    'MSH|\r\x1c\r': 'MSH|\r',
    'MSH|\r\n\x00\x00': 'MSH|\r\n',
    'MSH|\r  ': 'MSH|\r',
    'MSH|': 'MSH|',
    'MSH|\r': 'MSH|\r',
    'MSH|a ': 'MSH|a ',
    '\x1c': '',
    '': '',
  }
  for (const [file, message] of Object.entries(cases)) t.equal(messageOf(Buffer.from(file)).toString(), message)
})
