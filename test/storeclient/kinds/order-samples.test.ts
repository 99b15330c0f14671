// Orders and results of other stacks, when they lie beside this project: the key, the times and the warnings of each (SS-MIX2; JAHIS).

import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { essence, read, tells } from './orders.ts'

const folder = new URL('../../../../shared/samples/storeclient/', import.meta.url)

type Row = readonly [
  file: string,
  kind: string,
  number: string,
  careDate: string,
  start: string,
  stop: string,
  further?: { readonly typeCode?: string; readonly deletes?: string; readonly warnings?: readonly string[] },
]

const LABORATORY_DAY = ['000000000500001', '20240401', '20240401013000', '20240401013059'] as const
const PRESCRIPTION = ['000000000100001', '20240401', '20240331150000', '20240407145959'] as const

const rows: readonly Row[] = [
  ['good/021_OMD_O03_jis', 'OMD', '000000000200001', '20240410', '20240410030000', '20240410035959'],
  ['good/022_OMP-01_O11_jis', 'OMP-01', ...PRESCRIPTION],
  ['good/023_OMP-01_O11_update_jis', 'OMP-01', ...PRESCRIPTION],
  ['good/024_OMP-01_O11_cancel_jis', 'OMP-01', ...PRESCRIPTION, { deletes: 'whole' }],
  ['good/025_OMP-01_O11_uneven_utf8', 'OMP-01', 'A-5521', '20240403', '20240402150000', '20240409145959'],
  ['good/026_OMP-11_O17_dispense_utf8', 'OMP-11', '000000000300007', '20240401', '20240331150000', '20240407145959'],
  [
    'good/027_OMP-11_O17_jis',
    'OMP-11',
    '000000000100002',
    '20240411',
    '20240410233000',
    '20240410233059',
    { typeCode: 'OMP-11' },
  ],
  ['good/028_OMP-02_O11_jis', 'OMP-02', '000000000400001', '20240410', '20240409230000', '20240410040059'],
  ['good/029_OMP-12_O17_jis', 'OMP-12', '000000000400001', '20240410', '20240409230521', '20240410040543'],
  ['good/030_OML-01_O33_jis', 'OML-01', ...LABORATORY_DAY],
  ['good/031_OML-11_R22_jis', 'OML-11', ...LABORATORY_DAY],
  ['good/032_OML-11_R22_final_jis', 'OML-11', ...LABORATORY_DAY],
  ['good/033_OML-11_R22_corrected_jis', 'OML-11', ...LABORATORY_DAY],
  ['good/034_OML-11_R22_micro_jis', 'OML-11', '000000000500002', '20240402', '20240402040000', '20240402040059'],
  [
    'good/035_OML-11_R22_utf8_sn',
    'OML-11',
    'L-88',
    '20240404',
    '20240404003000',
    '20240404003059',
    { warnings: ['HL7_CODE OBX[2]-11'] },
  ],
  ['good/036_OMG-01_O19_jis', 'OMG-01', '000201101200100', '20240401', '20240401003000', '20240401003000'],
  ['good/037_OMG-11_Z23_jis', 'OMG-11', '000201101200100', '20240401', '20240331150000', '20240401145959'],
  ['good/038_OMG-02_O19_jis', 'OMG-02', '000000000700001', '20240402', '20240402035210', '20240402035210'],
  ['good/039_OMG-12_Z23_jis', 'OMG-12', '000000000700001', '20240402', '20240401150000', '20240402145959'],
  [
    'good/040_OMG-03_O19_jis',
    'OMG-03',
    '000000000800001',
    '20240402',
    '20240402011500',
    '20240402011559',
    { typeCode: '11524-6' },
  ],
  [
    'good/041_OMG-13_R01_jis',
    'OMG-13',
    '000000000800001',
    '20240402',
    '20240401150000',
    '20240402145959',
    { typeCode: '11524-6' },
  ],
  [
    'good/042_REPORT_R01_radiology_ft_pdf_jis',
    'REPORT',
    'RAD-9001',
    '20240401',
    '20240401020000',
    '20240401020000',
    { typeCode: '18748-4' },
  ],
  ['good/043_VITAL_R30_jis', 'VITAL', '000002024041108', '20240411', '20240410230000', '20240410230059'],
  [
    'good/058_VENDOR_Z_segments_jis',
    'OMP-01',
    '000000000100010',
    '20240406',
    '20240406012500',
    '20240406012500',
    { warnings: ['HL7_TIMING_MISSING TQ1', 'HL7_CODE RXE-2'] },
  ],
  [
    'good/059_HOT7_no_MSH21_A-style_jis',
    'OMP-01',
    '000000000000077',
    '20240406',
    '20240405150000',
    '20240419145959',
    { warnings: ['HL7_SEGMENT_EXPECTED RXR'] },
  ],
  [
    'bad/125_delete_unknown_order',
    'OMP-01',
    '000000000199999',
    '20240401',
    '20240331150000',
    '20240407145959',
    { deletes: 'whole' },
  ],
  [
    'bad/129_nm_not_numeric',
    'OML-11',
    '000000000500129',
    '20240501',
    '20240501013000',
    '20240501013059',
    { warnings: ['HL7_VALUE_TYPE OBX[1]-5'] },
  ],
  ['bad/137_incremental_result_part1', 'OML-11', '000000000500140', '20240502', '20240502000000', '20240502000059'],
  ['bad/138_incremental_result_part2', 'OML-11', '000000000500140', '20240502', '20240502000000', '20240502000059'],
  [
    'bad/139_administration_next_day_same_order',
    'OMP-11',
    '000000000100002',
    '20240412',
    '20240411233000',
    '20240411233059',
    { typeCode: 'OMP-11' },
  ],
]

for (const [file, kind, number, careDate, start, stop, further] of rows) {
  t.test(file, async (t) => {
    const path = new URL(`${file}.hl7`, folder)
    if (!existsSync(path)) return void t.pass('is not there')
    const found = read(readEr7(readFileSync(path)))
    t.equal(found.kind, kind)
    tells(t, found.documents.map(essence), [
      { number, careDate, service: [start, stop], deletes: 'no', warnings: [], typeCode: undefined, ...further },
    ])
    t.equal(found.documents.length, 1)
    t.doesNotThrow(() => found.content(number))
  })
}
