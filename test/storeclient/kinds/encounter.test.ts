// Visits, admissions and moves: care date, key and content of each kind and of its cancel (HL7 v2.5 3.3; SS-MIX2 ADT-01 to ADT-52).

import t from 'tap'
import { documentText } from '../../../src/console/plain.ts'
import type { Encounter } from '../../../src/model/clinical.ts'
import { viewOf } from '../../console/values.ts'
import { contentOf, line, readingOf, warned, written } from './reading.ts'

const evn = (occurred = '', planned = '') => line('EVN', { 2: '20260501085900', 3: planned, 6: occurred })
const pv1 = (fields: Readonly<Record<number, string>> = {}) => line('PV1', { 2: 'I', 3: '32^302^1^^^N', ...fields })
const pv2 = (fields: Readonly<Record<number, string>>) => line('PV2', fields)

interface Row {
  readonly event: string
  readonly segments: readonly string[]
  readonly careDate?: string
  readonly extra?: string
  readonly service: readonly string[]
  readonly deletes?: 'whole'
}

const ROWS: readonly Row[] = [
  { event: 'ADT^A54', segments: [evn('20260401'), pv1()], service: ['20260401'] },
  { event: 'ADT^A54', segments: [evn(), pv1()], service: ['20260501090000'] },
  { event: 'ADT^A55', segments: [evn(), pv1()], service: ['20260501090000'], deletes: 'whole' },
  {
    event: 'ADT^A04',
    segments: [evn(), pv1({ 2: 'O', 3: '01^^^^^C', 10: '08', 44: '202604010915' })],
    careDate: '20260401',
    extra: '08',
    service: ['202604010915'],
  },
  {
    event: 'ADT^A11',
    segments: [evn(), pv1({ 2: 'O', 3: '01^^^^^C', 44: '20260401' })],
    careDate: '20260401',
    extra: '01',
    service: ['20260401'],
    deletes: 'whole',
  },
  {
    event: 'ADT^A14',
    segments: [evn('', '20260409'), pv1(), pv2({ 8: '202604101000', 9: '20260420' })],
    careDate: '20260410',
    service: ['202604101000', '20260420'],
  },
  { event: 'ADT^A14', segments: [evn('', '20260409'), pv1()], careDate: '20260409', service: ['20260409'] },
  {
    event: 'ADT^A27',
    segments: [evn(), pv1(), pv2({ 8: '20260410' })],
    careDate: '20260410',
    service: ['20260410'],
    deletes: 'whole',
  },
  {
    event: 'ADT^A01',
    segments: [evn(), pv1({ 44: '20260410100000', 45: '20260420' })],
    careDate: '20260410',
    service: ['20260410100000', '20260420'],
  },
  {
    event: 'ADT^A11',
    segments: [evn(), pv1({ 44: '20260410100000' })],
    careDate: '20260410',
    service: ['20260410100000'],
    deletes: 'whole',
  },
  {
    event: 'ADT^A21',
    segments: [evn('202604121430'), pv1(), pv2({ 47: '202604141700' })],
    careDate: '20260412',
    extra: '143000',
    service: ['202604121430', '202604141700'],
  },
  {
    event: 'ADT^A52',
    segments: [evn('20260412143000'), pv1()],
    careDate: '20260412',
    extra: '143000',
    service: ['20260412143000'],
    deletes: 'whole',
  },
  {
    event: 'ADT^A22',
    segments: [evn('20260414170500'), pv1()],
    careDate: '20260414',
    extra: '170500',
    service: ['20260414170500'],
  },
  {
    event: 'ADT^A53',
    segments: [evn('20260415'), pv1(), pv2({ 47: '202604141705' })],
    careDate: '20260414',
    extra: '170500',
    service: ['202604141705'],
    deletes: 'whole',
  },
  {
    event: 'ADT^A15',
    segments: [evn(), pv1(), pv2({ 1: '41^401^2', 8: '20260416' })],
    careDate: '20260416',
    service: ['20260416'],
  },
  {
    event: 'ADT^A26',
    segments: [evn(), pv1(), pv2({ 8: '20260416' })],
    careDate: '20260416',
    service: ['20260416'],
    deletes: 'whole',
  },
  {
    event: 'ADT^A02',
    segments: [evn('20260416003000+0000'), pv1({ 6: '32^302^1' })],
    careDate: '20260416',
    extra: '093000',
    service: ['20260416003000+0000'],
  },
  {
    event: 'ADT^A12',
    segments: [evn('20260416093000'), pv1()],
    careDate: '20260416',
    extra: '093000',
    service: ['20260416093000'],
    deletes: 'whole',
  },
  { event: 'ADT^A16', segments: [evn(), pv1(), pv2({ 9: '20260420' })], careDate: '20260420', service: ['20260420'] },
  {
    event: 'ADT^A25',
    segments: [evn(), pv1(), pv2({ 9: '20260420' })],
    careDate: '20260420',
    service: ['20260420'],
    deletes: 'whole',
  },
  {
    event: 'ADT^A03',
    segments: [evn(), pv1({ 44: '20260410', 45: '20260420' })],
    careDate: '20260420',
    service: ['20260420', '20260410'],
  },
  { event: 'ADT^A03', segments: [evn('202604201200'), pv1()], careDate: '20260420', service: ['202604201200'] },
  {
    event: 'ADT^A13',
    segments: [evn(), pv1({ 45: '20260420' })],
    careDate: '20260420',
    service: ['20260420'],
    deletes: 'whole',
  },
]

for (const { event, segments, careDate, extra, service, deletes } of ROWS) {
  t.test(`${event}: ${careDate ?? 'no care date'} ${extra ?? ''} ${service.join(' ')}`, async (t) => {
    const reading = readingOf(event, segments)
    t.same([reading.careDate, reading.extra, reading.deletes], [careDate, extra, deletes ?? 'no'])
    t.same(written(reading), service)
    t.same(warned(reading), [])
  })
}

t.test('an event without its day, or with one that cannot be read, is refused at its field', async (t) => {
  const refused = (event: string, segments: readonly string[]) => () => readingOf(event, segments)
  t.throws(refused('ADT^A04', [evn(), pv1({ 2: 'O' })]), { name: 'IheError', at: 'PV1-44' })
  t.throws(refused('ADT^A21', [evn(), pv1()]), { name: 'IheError', at: 'EVN-6' })
  t.throws(refused('ADT^A16', [evn(), pv1(), pv2({ 9: '20260431' })]), { name: 'IheError', at: 'PV2-9' })
})

t.test('what is unusual or cannot be read beside the key is told', async (t) => {
  const segments = [evn(), pv1({ 2: 'X', 44: '2026/04/10', 45: '99999999' })]
  t.same(warned(readingOf('ADT^A01', segments)), ['HL7_DATE PV1-44', 'HL7_DATE PV1-45', 'HL7_CODE PV1-2'])
  t.same(warned(readingOf('ADT^A16', [evn(), pv1({ 2: '' }), pv2({ 9: '20260420' })])), ['HL7_FIELD_EXPECTED PV1[1]-2'])
})

t.test('the content of a visit: places, doctor, department, both ends', async (t) => {
  const admission = contentOf('ADT^A01', [
    evn(),
    pv1({ 7: 'D1^医師^一郎', 10: '01^内科^HL70069', 36: '01', 44: '20260410100000', 45: '20260420' }),
  ]) as Encounter
  t.match(admission, {
    type: 'encounter',
    event: 'admission',
    patientClass: 'I',
    at: { text: '20260410100000' },
    until: { text: '20260420' },
    department: { code: '01', text: '内科' },
    place: { ward: '32', room: '302', bed: '1' },
    doctor: { id: 'D1', name: '医師 一郎' },
    disposition: '01',
  })
  const reception = contentOf('ADT^A04', [evn(), pv1({ 2: 'O', 3: '08^^^^^C', 44: '20260401' })]) as Encounter
  t.same([reception.event, reception.department.code, reception.place], ['reception', '08', undefined])
  const transfer = contentOf('ADT^A02', [evn('20260416'), pv1({ 6: '41^401^2' })]) as Encounter
  t.same([transfer.event, transfer.previousPlace?.ward, transfer.at?.text], ['transfer', '41', '20260416'])
  const planned = contentOf('ADT^A15', [evn(), pv1(), pv2({ 1: '41^401^2' })]) as Encounter
  t.same([planned.event, planned.plannedPlace?.room, planned.at], ['planned-transfer', '401', undefined])
})

t.test(
  'where a patient went is told in words, a number of the site stands for itself (PV1-36, HL7 table 0112)',
  async (t) => {
    const page = (code: string) =>
      documentText(viewOf(contentOf('ADT^A03', [evn(), pv1({ 36: code, 44: '20260401', 45: '20260420' })])))
    t.match(page('20'), '退院区分: 死亡 died (20)')
    t.match(page('35'), '退院区分: 35\n')
  },
)

t.test('a component of a name that is null is none (HL7 v2.5 2.5.3)', async (t) => {
  const content = contentOf('ADT^A01', ['EVN|', line('PV1', { 2: 'I', 7: 'D1^""^一郎', 44: '20260420' })])
  t.match(content, { doctor: { id: 'D1', name: '一郎' } })
})
