// Which data kind a message is where MSH-9 alone does not tell (JAHIS; SS-MIX2: data kinds and their messages).

import t from 'tap'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { decideKind } from '../../src/storeclient/kind.ts'
import { msh } from './memory.ts'

type Row = readonly [why: string, event: string, segments: readonly string[], kind: string, doubtAt?: string]

const ROWS: readonly Row[] = [
  ['a reception', 'ADT^A04', ['PV1|1|O'], 'ADT-12'],
  ['an outpatient “admission” is a reception', 'ADT^A01', ['PV1|1|O'], 'ADT-12'],
  ['an admission', 'ADT^A01', ['PV1|1|I'], 'ADT-22'],
  ['the cancel of a reception', 'ADT^A11', ['PV1|1|O'], 'ADT-12'],
  ['the cancel of an admission', 'ADT^A11', ['PV1|1|I'], 'ADT-22'],
  ['a prescription', 'RDE^O11', ['ORC|NW|1', 'RXE||103835401^薬^HOT9|1||TAB'], 'OMP-01'],
  ['components make an injection', 'RDE^O11', ['ORC|NW|1', 'RXE||x|1||AMP', 'RXC|B|1^液^HOT9|1|ML'], 'OMP-02'],
  ['the national injection kinds', 'RDE^O11', ['ORC|NW|1', 'RXE||00^一般^JHSI0002|1||ML'], 'OMP-02'],
  ['and their local copy', 'RDE^O11', ['ORC|NW|1', 'RXE||00^一般^99I02|1||ML'], 'OMP-02'],
  [
    'an injection by form and route',
    'RDE^O11',
    ['ORC|NW|1', 'RXE||x|1||AMP|INJ^注射^MR9P', 'RXR|IV^静注^HL70162'],
    'OMP-02',
  ],
  [
    'self injection is prescribed',
    'RDE^O11',
    ['ORC|NW|1', `RXE||x|1||AMP|INJ${'|'.repeat(21)}24^自己注射^JHSP0003`, 'RXR|SC'],
    'OMP-01',
  ],
  ['a form without a route is no injection', 'RDE^O11', ['ORC|NW|1', 'RXE||x|1||AMP|INJ'], 'OMP-01'],
  ['dispensing', 'RAS^O17', ['ORC|RE|1', 'RXA|0|1|20260401|20260401|x|1', 'RXR|PO'], 'OMP-11'],
  ['an injection given', 'RAS^O17', ['ORC|RE|1', 'RXA|0|1|20260401|20260401|x|1', 'RXR|IV'], 'OMP-12'],
  ['an injection given, by form', 'RAS^O17', ['ORC|RE|1', 'RXA|0|1|20260401|20260401|x|1|ML|INJ'], 'OMP-12'],
  ['an inhaler dispensed', 'RAS^O17', ['ORC|RE|1', 'RXA|0|1|20260401|20260401|x|1', 'RXR|IH'], 'OMP-11'],
  [
    'insulin dispensed beside tablets (A.1: OMP-12 is what was injected)',
    'RAS^O17',
    ['ORC|RE|1', 'RXA|0|1|20260401|20260401|x|1', 'RXR|PO', 'ORC|RE|1', 'RXA|0|1|20260401|20260401|y|1', 'RXR|SC'],
    'OMP-11',
    'RXR-1',
  ],
  ['radiology', 'OMG^O19', ['OBR||1||1000^単純撮影^JJ1017'], 'OMG-01'],
  ['endoscopy', 'OMG^O19', ['OBR||1||1100^上部^LENDO'], 'OMG-02'],
  ['physiology', 'OMG^O19', ['OBR||1||9A110^心電図^JC10'], 'OMG-03'],
  ['an unknown code is radiology, doubtfully', 'OMG^O19', ['OBR||1||X^何か^99ZZ1'], 'OMG-01', 'OBR-4.3'],
  ['radiology done', 'OMI^Z23', ['OBR||1||1000^単純撮影^JJ1017', 'IPC|A|P|1.2||CR^^DCM'], 'OMG-11'],
  ['the plain spelling of its event', 'OMI^O23', ['OBR||1||1000^単純撮影^JJ1017', 'IPC|A|P|1.2||CR^^DCM'], 'OMG-11'],
  ['endoscopy done, by modality', 'OMI^Z23', ['OBR||1||X^何か^99ZZ1', 'IPC|A|P|1.2||ES^^DCM'], 'OMG-12'],
  ['a physiology result', 'ORU^R01', ['OBR|1|1||9A110^心電図^JC10', 'OBX|1|TX|9A100&IMP^所見^JC10||正常'], 'OMG-13'],
  ['a radiology report', 'ORU^R01', [`OBR|1|1||X^読影^99ZZ1${'|'.repeat(20)}RAD`, 'OBX|1|TX|F^所見||なし'], 'REPORT'],
  ['a report by its LOINC code', 'ORU^R01', ['OBR|1|1||18748-4^画像診断^LN', 'OBX|1|FT|F^所見||なし'], 'REPORT'],
  [
    'laboratory results in the older message',
    'ORU^R01',
    ['OBR|1|1||X^検査^99ZZ1', 'OBX|1|NM|3B035000002327201^AST^JC10||24'],
    'OML-11',
    'MSH-9',
  ],
  ['any other observation', 'ORU^R01', ['OBR|1|1||X^検査^99ZZ1', 'OBX|1|NM|67^心拍^99ZZ1||67'], 'OMG-13'],
  ['vital signs', 'ORU^R30', ['OBR|1|1'], 'VITAL'],
  ['a document by its LOINC code', 'MDM^T02', ['TXA|1|18842-5^退院時サマリー^LN'], 'DOC'],
  ['a file by name', 'MDM^T02', [`TXA|1|X^その他^99ZZ1${'|'.repeat(14)}計画.xlsx`], 'FILE'],
  ['a file by type', 'MDM^T02', ['TXA|1|FILE^ファイル^99STC'], 'FILE'],
  [
    'a document whose file is a sheet stays a document',
    'MDM^T02',
    [`TXA|1|18842-5^要約^LN${'|'.repeat(14)}要約.docx`],
    'DOC',
  ],
  ['a note by type', 'MDM^T02', ['TXA|1|NOTE-COM^連絡^99STC'], 'NOTE'],
  ['a note by its body', 'MDM^T02', ['TXA|1|34746-8^訪問看護記録^LN', 'OBX|1|FT|NOTE-REC^記録^99STC||訪問'], 'NOTE'],
  ['a nurse’s text', 'MDM^T02', ['TXA|1|34746-8^看護記録^LN', 'OBX|1|FT|X||訪問'], 'NOTE'],
  ['an unknown type is a document, doubtfully', 'MDM^T02', ['TXA|1|X^何か^99ZZ1'], 'DOC', 'TXA-2'],
]

const decoded = (event: string, segments: readonly string[]) =>
  readEr7(Buffer.from([msh(event, {}), ...segments, ''].join('\r')))

t.test('a kind is decided by what the message is about', async (t) => {
  for (const [why, event, segments, kind, doubtAt] of ROWS) {
    const { kind: found, warnings } = decideKind(decoded(event, segments))
    t.same([found.kind, warnings.map(({ at }) => at)], [kind, doubtAt === undefined ? [] : [doubtAt]], why)
  }
})

t.test('a kind that the transport names wins where its messages have the event', async (t) => {
  const message = decoded('RDE^O11', ['ORC|NW|1', 'RXE||x|1||AMP', 'RXC|B|1^液^HOT9|1|ML'])
  t.equal(decideKind(message, 'OMP-01').kind.kind, 'OMP-01')
  t.equal(decideKind(message, 'ADT-22').kind.kind, 'OMP-02', 'a prescription is never an admission')
  const unknown = decideKind(message, '../etc')
  t.equal(unknown.kind.kind, 'OMP-02')
  t.match(unknown.warnings, [{ at: 'X-StoreClient-Kind', value: '../etc', rule: /OMP-01, OMP-02/ }])
  t.same(decideKind(message, 'OMP-02').warnings, [])
})
