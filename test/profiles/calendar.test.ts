// Rows of the calendar as data: every data kind has its row, other documents the row of their codes, a site its own.

import t from 'tap'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { calendarOf, readCalendarTable } from '../../profiles/storeclient/calendar.ts'
import { dataKinds, withSiteKinds } from '../../profiles/storeclient/index.ts'

const table = calendarOf()
const LOINC = { 健診: '53576-5', '処方 実施': '60593-1', 病名: '11450-4' }

t.test('every data kind stands in its row; demographics and diet in none', async (t) => {
  const rows = dataKinds.map(({ kind, classCode, typeCode }) => [
    kind,
    table.rowOf({ kind, classCode: classCode.code, typeCode: typeCode.code })?.name.ja ?? null,
  ])
  t.match(Object.fromEntries(rows), {
    'ADT-00': null,
    'ADT-22': '入退院',
    'ADT-61': 'アレルギー',
    'PPR-01': '病名',
    OMD: null,
    'OMP-01': '処方 指示',
    'OMP-11': '処方 実施',
    'OMP-02': '注射 指示',
    'OMP-12': '注射 実施',
    'OML-01': '検査',
    'OML-11': '検査',
    'OMG-11': '画像',
    'OMG-12': '画像',
    'OMG-13': '検査',
    VITAL: '検査',
    REPORT: 'レポート',
    DOC: '文書',
    FILE: 'ファイル',
    NOTE: 'ノート 記録',
  })
  for (const { kind, formatCode } of dataKinds) t.equal(table.kindOfFormat(formatCode.code)?.kind, kind)
})

t.test('documents of other systems stand where their codes say, in the end among the documents', async (t) => {
  for (const [row, typeCode] of Object.entries(LOINC))
    t.equal(table.rowOf({ classCode: 'DOCUMENT', typeCode })?.name.ja, row)
  t.equal(table.rowOf({ kind: 'DOC', classCode: 'DOCUMENT', typeCode: '53576-5' })?.name.ja, '健診')
  t.equal(table.rowOf({ kind: 'NOTE', classCode: 'NOTE', typeCode: 'NOTE-COM' })?.name.ja, 'ノート 連絡')
  const spoken = { kind: 'NOTE', classCode: 'NOTE', typeCode: '34746-8' } as const
  t.equal(table.rowOf({ ...spoken, eventCodes: ['NOTE-COM'] })?.name.ja, 'ノート 連絡', 'typed by LOINC')
  t.equal(table.rowOf(spoken)?.name.ja, 'ノート 記録')
  t.equal(table.rowOf({ classCode: 'REPORT', typeCode: '18748-4' })?.name.ja, 'レポート')
  t.equal(table.rowOf({ classCode: 'DEMOGRAPHICS', typeCode: 'any' }), undefined)
  t.equal(table.rowOf({ classCode: 'never', typeCode: 'seen' })?.name.ja, '文書')
})

t.test('a site’s row of a kind is one of the calendar, and its codes are known with ours', async (t) => {
  const checked = withSiteKinds({ kinds: [{ kind: 'OMD', calendarRow: '食事' }] }, affinityDomain)
  if (!('kinds' in checked)) throw new Error(checked.problems.join())
  const own = calendarOf(checked.kinds)
  t.match(own.rows.at(-1), { key: '食事', name: { ja: '食事' } })
  t.equal(own.rowOf({ kind: 'OMD', classCode: 'DIET', typeCode: 'OMD' })?.key, '食事')
  t.equal(table.rows.length + 1, own.rows.length)
})

t.test('a table that names a row it does not have is refused', async (t) => {
  const rows = [{ key: 'a', name: { ja: '甲', en: 'A' }, standing: false }]
  t.throws(() => readCalendarTable({ rows, assignments: { before: [], after: [{ row: '乙' }] } }, []), /乙/)
  t.throws(() => readCalendarTable({ rows: [], assignments: {} }, []), /calendar: /)
})
