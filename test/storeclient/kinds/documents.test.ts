// Documents, files and notes by MDM: number, parent, type, title, confidentiality, text (HL7 v2.5 9.6 TXA, tables 0271 to 0273).

import t from 'tap'
import type { WrittenDocument } from '../../../src/model/clinical.ts'
import { contentOf, line, readingOf, warned, written } from './reading.ts'

const PDF = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64')
const TEXT = 'OBX|1|FT|11506-3^経過記録^LN|1|一行目\\.br\\二行目\\.sp\\三 \\T\\ 四||||||F'
const FILE = `OBX|1|ED|11506-3^経過記録^LN|1|^AP^PDF^Base64^${PDF}||||||F`

function txa(fields: Readonly<Record<number, string>> = {}): string {
  return line('TXA', {
    1: '1',
    2: '18842-5^退院時サマリー^LN',
    3: 'AP',
    4: '20260420120000',
    12: 'DOC1^F',
    17: 'AU',
    ...fields,
  })
}

function read(trigger: string, fields: Readonly<Record<number, string>> = {}, ...obx: readonly string[]) {
  return readingOf(`MDM^${trigger}`, [
    'EVN|',
    'PV1|1|O',
    txa(fields),
    ...(trigger === 'T11' ? [] : obx.length > 0 ? obx : [TEXT]),
  ])
}

t.test('TXA-12 is the number; TXA-13 counts for addendum and replacement only', async (t) => {
  const related = (trigger: string, fields: Readonly<Record<number, string>>) => {
    const { number, parent } = read(trigger, fields)
    return [number?.normalised, parent?.relation, parent?.number.normalised]
  }
  t.same(related('T02', { 12: 'doc-1', 13: 'doc-0' }), ['DOC-1', undefined, undefined])
  t.same(related('T06', { 12: '7', 13: '6' }), ['000000000000007', 'appends', '000000000000006'])
  t.same(related('T10', { 12: 'b', 13: 'a^F' }), ['B', 'replaces', 'A'])
  t.same(related('T10', { 12: 'b', 13: 'b' }), ['B', undefined, undefined], 'a new version of itself')
  t.same(related('T02', { 12: '^F^2.25.9^ISO' }), ['2.25.9', undefined, undefined], 'an OID is a number too')
  t.same(warned(read('T06', { 13: '' })), ['HL7_PARENT_UNKNOWN TXA-13'])
  t.throws(() => read('T02', { 12: '' }), { name: 'IheError', at: 'TXA-12' })
})

t.test('T11 deletes, and so does an edit that calls the document withdrawn (table 0273)', async (t) => {
  t.same([read('T02').deletes, read('T08').deletes], ['no', 'no'])
  t.same([read('T11', { 19: 'CA' }).deletes, read('T08', { 19: 'CA' }).deletes], ['whole', 'whole'])
  t.equal(read('T02', { 19: 'CA' }).deletes, 'no')
  t.same(warned(read('T11', { 2: '', 4: '不明' })), [], 'a cancel need say no more than the number')
})

t.test('the time is that of the activity, else of origination; one that cannot be read is refused', async (t) => {
  t.same(written(read('T02')), ['20260420120000'])
  t.same(written(read('T02', { 4: '', 6: '20260419' })), ['20260419'])
  t.same(written(read('T02', { 4: '' })), ['20260501090000'])
  t.same(warned(read('T02', { 4: '2026/04/20' })), ['HL7_DATE TXA-4'])
  t.throws(() => read('T02', { 4: '20260431' }), { name: 'IheError', at: 'TXA-4' })
})

t.test('type and title: LOINC of TXA-2, the kind of note, the name of a file', async (t) => {
  const said = (fields: Readonly<Record<number, string>>, ...obx: readonly string[]) => {
    const { typeCode, title, eventCodes } = read('T02', fields, ...obx)
    return [typeCode?.code, title, eventCodes.map(({ code }) => code)]
  }
  t.same(said({}), ['18842-5', '退院時サマリー 2026-04-20', []])
  t.same(said({ 2: '53576-5' }), ['53576-5', '健診結果 2026-04-20', []])
  t.same(said({ 2: '^退院サマリー^LN' }), [undefined, '退院サマリー 2026-04-20', []])
  t.same(said({ 2: '12345-6' }), ['12345-6', '12345-6 2026-04-20', []])
  t.same(said({ 2: 'CN^外来カルテ' }), [undefined, '外来カルテ 2026-04-20', []])
  t.same(said({ 2: 'FILE^^99STC', 16: '計画.xlsx' }, FILE), [undefined, '計画.xlsx', []])
  t.same(said({ 2: 'FILE^^99STC' }, FILE), [undefined, 'ファイル 2026-04-20', []])
  t.same(said({ 2: 'NOTE-COM^^99STC' }), ['NOTE-COM', 'ノート（連絡） 2026-04-20', ['NOTE-COM']])
  const note = TEXT.replace('11506-3^経過記録^LN', 'NOTE-REC^^99STC')
  t.same(said({ 2: '34746-8^訪問看護記録^LN' }, note), ['34746-8', '訪問看護記録 2026-04-20', ['NOTE-REC']])
})

t.test('confidentiality, signature and order (TXA-18, TXA-17, TXA-14)', async (t) => {
  const confidentiality = (code: string) => read('T02', { 18: code }).confidentiality
  t.same(['', 'U', 'R', 'V', 'X', 'valueOf'].map(confidentiality), [['N'], ['N'], ['R'], ['V'], ['R'], ['R']])
  t.same(warned(read('T02', { 18: 'X' })), ['HL7_CODE TXA-18'])
  t.same([read('T02').signed, read('T02', { 17: 'LA' }).signed], [undefined, true])
  t.same([read('T02').orderNumber, read('T02', { 14: '500001^EHR' }).orderNumber], [undefined, '500001'])
})

t.test('the only file is titled like its document, several by their OBX', async (t) => {
  const titles = (...obx: readonly string[]) =>
    (read('T02', { 16: 's.pdf' }, ...obx).files ?? []).map(({ title, fileName }) => [title, fileName])
  t.same(titles(TEXT, FILE), [['退院時サマリー 2026-04-20', 's.pdf']])
  t.same(titles(FILE, FILE), [
    ['経過記録', undefined],
    ['経過記録', undefined],
  ])
  t.equal(read('T11').files, undefined)
})

t.test('the content: text with its line breaks, comments, pointers by name, files', async (t) => {
  const content = contentOf('MDM^T06', [
    'EVN|',
    'PV1|1|O',
    txa({ 9: 'D1^医師^一郎', 13: 'DOC0' }),
    TEXT,
    'NTE|1||要確認',
    'OBX|2|RP|X||a.pdf^AP^PDF||||||F',
    FILE,
    'OBX|4|ED|X||^AP^PDF^Base64^###||||||F',
    'OBX|5|TX|X||取り違えて記載した段落||||||W',
  ]) as WrittenDocument
  t.match(content, {
    type: 'document',
    number: 'DOC1',
    parentNumber: 'DOC0',
    documentType: { code: '18842-5' },
    title: '退院時サマリー 2026-04-20',
    at: { text: '20260420120000' },
    author: { id: 'D1', name: '医師 一郎' },
    completion: 'AU',
  })
  t.same(content.text, ['一行目\n二行目\n三 & 四', '要確認', 'a.pdf'])
  t.same(
    content.files.map(({ mimeType, occurrence }) => [mimeType, occurrence]),
    [['application/pdf', 3]],
  )
  t.equal((contentOf('MDM^T02', ['EVN|', 'PV1|1|O', txa({ 2: 'NOTE-COM' }), TEXT]) as WrittenDocument).type, 'note')
})

t.test('what was measured says what of and in which unit (HL7 v2.5 7.4.2.5, 7.4.2.6)', async (t) => {
  const content = contentOf('MDM^T02', [
    'EVN|',
    'PV1|1|O',
    txa(),
    'OBX|1|NM|W^体重^99X||52.5|kg^kg^ISO+||L|||F',
    'OBX|2|SN|C^ＣＲＰ^99X||<^0.1|mg/dL|||||F',
    TEXT,
  ])
  t.match(content, { text: ['体重 52.5 kg L', 'ＣＲＰ <0.1 mg/dL', '一行目\n二行目\n三 & 四'] })
})
