// The lines of the record that proves fees for sharing results electronically (検査・画像情報提供加算, 電子的診療情報評価料; idlink L-6).

import type { ClaimRow, RecordPorts } from './ports.ts'
import { writtenTime } from './reference-lines.ts'

export const CLAIM_COLUMNS = [
  'Date',
  'PatientID',
  'Record',
  'Fee',
  'OtherFacilityName',
  'Documents',
  'Kinds',
  'FirstTime',
  'LastTime',
  'Persons',
] as const

/** Which fee the line is evidence for; whether it may be claimed follows from the visit, which we do not know. */
const FEES = { viewed: '電子的診療情報評価料', sent: '検査・画像情報提供加算' } as const satisfies Readonly<
  Record<ClaimRow['kind'], string>
>

export function claimLine(day: string, row: ClaimRow, kindName: RecordPorts['kindName']): readonly string[] {
  return [
    day.replaceAll('-', '/'),
    row.patientNumber,
    row.kind,
    FEES[row.kind],
    row.otherFacility,
    String(row.documents),
    row.kinds.map((kind) => kindName(kind).ja).join('、'),
    writtenTime(row.first),
    writtenTime(row.last),
    row.persons.join('、'),
  ]
}
