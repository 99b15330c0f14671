// Fields that SS-MIX2 requires of orders and results, by data kind: without some nothing would be left to show, without the others the
// message is taken and its sender told (HL7 v2.5 chapters 4 and 7; SS-MIX2).

import type { KindName } from './schema.ts'

export interface RequiredFields {
  /** Refused when empty or null in any segment of the name. */
  readonly indispensable: readonly string[]
  /** Warned about when empty; null is a statement. */
  readonly expected: readonly string[]
  /** Segments whose absence is warned about, in every order of the message. */
  readonly segments: readonly string[]
}

const PRESCRIBED = 'ORC-4 RXE-3 RXE-5'
const GIVEN = 'ORC-4 RXA-1 RXA-2 RXA-4 RXA-6 RXR-1'
const IMAGING_ORDER = 'ORC-9 ORC-12 TQ1-9 OBX-2 OBX-5'
const IMAGING_DONE = `${IMAGING_ORDER} IPC-1 IPC-3 IPC-5 ZE1-2 ZE1-3`

const VISIT = 'PV1-2'
const rows: readonly (readonly [KindName, indispensable: string, expected: string, segments?: string])[] = [
  ['ADT-01', '', VISIT],
  ['ADT-12', '', VISIT],
  ['ADT-21', '', VISIT],
  ['ADT-22', '', VISIT],
  ['ADT-31', '', VISIT],
  ['ADT-32', '', VISIT],
  ['ADT-41', '', VISIT],
  ['ADT-42', '', VISIT],
  ['ADT-51', '', VISIT],
  ['ADT-52', '', VISIT],
  ['ADT-61', '', 'IAM-6'],
  ['PPR-01', '', 'PRB-1 PRB-2 PRB-4'],
  ['OMD', 'ODS-3', ''],
  ['OMP-01', 'RXE-2', `${PRESCRIBED} RXE-10 RXE-11 RXR-1`, 'TQ1 RXR'],
  ['OMP-02', 'RXE-2 RXC-2', `${PRESCRIBED} RXR-1 RXC-3 RXC-4 ORC-17`, 'TQ1 RXR'],
  ['OMP-11', 'RXA-5', GIVEN, 'RXR'],
  ['OMP-12', 'RXA-5', `${GIVEN} ORC-17`, 'RXR'],
  ['OML-01', 'OBX-3', 'SPM-4 OBR-4'],
  ['OML-11', 'OBX-3', 'SPM-4 OBR-4'],
  ['OMG-01', 'OBR-4', IMAGING_ORDER, 'TQ1'],
  ['OMG-11', 'OBR-4', IMAGING_DONE, 'TQ1'],
  ['OMG-02', 'OBR-4', IMAGING_ORDER, 'TQ1'],
  ['OMG-12', 'OBR-4', IMAGING_DONE, 'TQ1'],
  ['OMG-03', 'OBR-4', `${IMAGING_ORDER} ORC-17`, 'TQ1'],
  ['OMG-13', 'OBX-3', 'OBR-4 OBX-2'],
  ['VITAL', 'OBX-3', ''],
  ['REPORT', '', 'OBR-4 OBX-3'],
]

/** By kind; kinds without an entry check their own fields. */
export const requiredFields: ReadonlyMap<KindName, RequiredFields> = new Map(
  rows.map(([kind, indispensable, expected, segments = '']) => [
    kind,
    { indispensable: words(indispensable), expected: words(expected), segments: words(segments) },
  ]),
)

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '')
}
