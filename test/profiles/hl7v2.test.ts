// Message structures and segment dictionary (HL7 v2.5 chapters 3 and 7), and the rows of the error table for HL7 v2 (table 0357).

import t from 'tap'
import { hl7v2Errors } from '../../profiles/errors/hl7v2.ts'
import { describeField, describeSegment, segmentDictionary } from '../../profiles/hl7v2/dictionary.ts'
import { checkStructure, structureOf } from '../../profiles/hl7v2/structures.ts'
import type { Er7Message } from '../../src/model/hl7v2.ts'

const DELIMITERS = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' }

/** Findings on a message of these segments: `ok`, or code and place of the refusal, then the warnings. */
function check(event: readonly [string, string], names: string): readonly string[] {
  const structure = structureOf(...event)
  if (structure === undefined) return ['no structure']
  const segments = names.split(' ').map((name) => ({ name, fields: [] }))
  const message: Er7Message = { delimiters: DELIMITERS, segments, charset: 'ASCII', tolerances: [] }
  const { missing, tolerances } = checkStructure(message, structure)
  const verdict = missing === undefined ? 'ok' : `${missing.row.code} ${missing.at}`
  return [verdict, ...tolerances.map((one) => `${one.code.replace('HL7_', '')} ${one.at}`)]
}

const A08 = ['ADT', 'A08'] as const
const A23 = ['ADT', 'A23'] as const
const R22 = ['OUL', 'R22'] as const

t.test('3.3.8 ADT_A01: required segments in their order, groups, repeats', async (t) => {
  t.same(check(A08, 'MSH EVN PID PV1'), ['ok'])
  t.same(check(A08, 'MSH SFT EVN PID PD1 NK1 NK1 PV1 PV2 DB1 OBX OBX AL1 DG1 PR1 ROL PR1 GT1 IN1 IN2 IN3 IN1 ACC'), [
    'ok',
  ])
  t.same(check(A08, 'MSH EVN PV1'), ['HL7_STRUCTURE PID'])
  t.same(check(A08, 'MSH PID PV1'), ['HL7_STRUCTURE EVN'])
  t.same(check(A08, 'MSH EVN PID'), ['HL7_STRUCTURE PV1'])
  t.same(check(A08, 'MSH EVN PV1 PID'), ['HL7_STRUCTURE PID'])
})

t.test('3.3.21 ADT_A21 ends after OBX', async (t) => {
  t.same(check(A23, 'MSH EVN PID PV1 PV2 DB1 OBX'), ['ok'])
  t.same(check(A23, 'MSH EVN PID PV1 AL1'), ['ok', 'UNKNOWN_SEGMENT AL1'])
  t.same(check(A23, 'MSH EVN PID'), ['HL7_STRUCTURE PV1'])
})

t.test('7.3.7 OUL_R22: specimens, containers, orders with results; the patient is required here', async (t) => {
  t.same(check(R22, 'MSH PID SPM OBR ORC OBX NTE OBX OBR ORC OBX SPM SAC INV OBR OBX'), ['ok'])
  t.same(check(R22, 'MSH NTE PID NTE PV1 SPM OBX OBR NTE TQ1 OBX TCD SID NTE CTI DSC'), ['ok'])
  t.same(check(R22, 'MSH SPM OBR OBX'), ['HL7_STRUCTURE PID'])
  t.same(check(R22, 'MSH PID OBR OBX'), ['HL7_STRUCTURE SPM'])
  t.same(check(R22, 'MSH PID SPM'), ['HL7_STRUCTURE OBR'])
  t.same(check(R22, 'MSH PID SPM OBX ORC'), ['HL7_STRUCTURE OBR', 'SEGMENT_ORDER ORC'])
})

t.test(
  'ORC before OBR in OUL_R22, as the older laboratory interface had it, is understood and warned about once',
  async (t) => {
    t.same(check(R22, 'MSH PID SPM ORC OBR OBX ORC OBR OBX OBX'), ['ok', 'SEGMENT_ORDER ORC'])
  },
)

t.test('Z and unknown segments may stand anywhere and are named once', async (t) => {
  t.same(check(R22, 'MSH ZPI PID ZPI SPM ZX1 OBR ZX1 OBX BLG'), [
    'ok',
    'UNKNOWN_SEGMENT ZPI',
    'UNKNOWN_SEGMENT ZX1',
    'UNKNOWN_SEGMENT BLG',
  ])
})

t.test(
  'optional segments elsewhere than HL7 has them are warned about; results outside their order are refused',
  async (t) => {
    t.same(check(A08, 'MSH EVN PID PV1 AL1 OBX'), ['ok', 'SEGMENT_ORDER OBX'])
    t.same(check(A08, 'MSH EVN NK1 PID PV1'), ['ok', 'SEGMENT_ORDER NK1'])
    t.same(check(R22, 'MSH PID OBX SPM OBR'), ['HL7_STRUCTURE SPM'])
    t.same(check(A08, `MSH EVN PID PV1 ${'AL1 OBX '.repeat(200).trim()}`), ['HL7_STRUCTURE OBX', 'SEGMENT_ORDER OBX'])
  },
)

t.test('5.3, ITI TF-2 3.9, 3.21: queries have parameters and response control, PDQ its continuation', async (t) => {
  t.same(check(['QBP', 'Q23'], 'MSH QPD RCP'), ['ok'])
  t.same(check(['QBP', 'Q23'], 'MSH QPD RCP DSC'), ['ok', 'UNKNOWN_SEGMENT DSC'])
  t.same(check(['QBP', 'Q22'], 'MSH SFT QPD RCP DSC'), ['ok'])
  t.same(check(['QBP', 'Q22'], 'MSH QPD DSC RCP'), ['HL7_STRUCTURE RCP'])
  t.same(check(['QBP', 'Q22'], 'MSH RCP'), ['HL7_STRUCTURE QPD'])
  t.same(check(['QCN', 'J01'], 'MSH QID'), ['ok'])
  t.same(check(['QCN', 'J01'], 'MSH'), ['HL7_STRUCTURE QID'])
})

t.test('two patients in one message are refused', async (t) => {
  t.same(check(R22, 'MSH PID SPM OBR OBX PID SPM OBR OBX'), ['HL7_MULTIPLE_PATIENTS PID[2]'])
})

t.test('the structure follows from the event; others have none', async (t) => {
  t.equal(structureOf('ADT', 'A08')?.id, 'ADT_A01')
  t.equal(structureOf('ADT', 'A40')?.id, 'ADT_A39')
  t.equal(structureOf('ADT', 'A24'), undefined)
  t.equal(structureOf('QBP', 'Q24'), undefined)
})

t.test('the dictionary has each segment and field once, in both languages, in order', async (t) => {
  t.same(
    segmentDictionary.map((entry) => entry.name),
    'MSH EVN PID PV1 SPM OBR ORC OBX NTE MSA ERR QPD RCP QAK QRI DSC QID'.split(' '),
  )
  for (const { name, fields } of segmentDictionary) {
    const positions = fields.map((field) => field.position)
    t.same(
      positions,
      [...new Set(positions)].sort((a, b) => a - b),
      name,
    )
    for (const field of fields)
      t.ok(field.english && field.japanese && /^(\*|[A-Z]{2,3})$/.test(field.type), `${name}-${field.position}`)
  }
  t.match(describeField('PID', 3), { type: 'CX', use: 'R' })
  t.equal(describeField('PID', 2), undefined)
  t.equal(describeSegment('SPM')?.japanese, '検体')
  t.equal(describeSegment('ZPI'), undefined)
})

t.test('table 0357: errors refuse, warnings ride on AA; texts for the sender are ASCII and Japanese', async (t) => {
  t.equal(new Set(hl7v2Errors.map((row) => row.code)).size, hl7v2Errors.length)
  for (const row of hl7v2Errors) {
    t.match(row.code, /^HL7_[A-Z0-9_]+$/)
    t.equal(row.v2.ack === 'AA', row.severity === 'Warning', row.code)
    t.match(row.ja, /[\u3040-\u30ff\u4e00-\u9fff]/, row.code)
    t.notMatch(row.message, /[^\x20-\x7e]/, row.code)
    t.ok(row.hint.length > 0, row.code)
    t.match(row.v2.application ?? 'SC-NONE', /^SC-[A-Z0-9]+$/, row.code)
  }
})
