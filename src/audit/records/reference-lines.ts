// The lines of the content-reference records (コンテンツ参照記録): columns and their order are fixed (idlink L-2; security d.10).

import { ACCESS_TYPES, lookOf } from '../../../profiles/audit/looks.ts'
import { jstIso } from '../../model/jst.ts'
import type { ContentReference, RecordPorts } from './ports.ts'

const REFERENCE_COLUMNS = [
  'ContentID',
  'AccessFacilityName',
  'AccessPersonName',
  'AccessTime',
  'AccessType',
  'AccessDetail',
] as const

/** After the others, for those who want to reckon with them. */
const EXTENDED_COLUMNS = [
  'PatientID',
  'OwnerFacilityName',
  'DocumentUniqueId',
  'RepositoryUniqueId',
  'Purpose',
  'Emergency',
  'Outcome',
] as const

export type ReferenceForm = 'usual' | 'extended'

export function referenceColumns(form: ReferenceForm): readonly string[] {
  return form === 'usual' ? REFERENCE_COLUMNS : [...REFERENCE_COLUMNS, ...EXTENDED_COLUMNS]
}

export function referenceLine(
  reference: ContentReference,
  form: ReferenceForm,
  kindName: RecordPorts['kindName'],
): readonly string[] {
  const { document, facilityName, personName, at, isEmergency, patientNumber } = reference
  const look = lookOf(reference)
  const usual = [
    document.documentUniqueId,
    facilityName,
    personName,
    writtenTime(at),
    isEmergency ? 'EMS' : (look?.accessType ?? ''),
    detailOf(reference, kindName),
  ]
  if (form === 'usual') return usual
  return [
    ...usual,
    patientNumber,
    reference.ownerName,
    document.documentUniqueId,
    document.repositoryUniqueId,
    reference.purpose,
    isEmergency ? '1' : '0',
    String(reference.outcome),
  ]
}

/** YYYY/MM/DD hh:mm:ss in Japan, as the other files of the network have it. */
export function writtenTime(at: Date): string {
  return jstIso(at.getTime()).slice(0, 19).replace('T', ' ').replaceAll('-', '/')
}

const GONE = '（削除済みの文書）'

/** Kind, title, own patient number; under emergency access also how it was looked at, which the type no longer says. */
function detailOf(reference: ContentReference, kindName: RecordPorts['kindName']): string {
  const { isEmergency, kind, title, patientNumber } = reference
  const accessType = lookOf(reference)?.accessType
  return [
    isEmergency && accessType !== undefined ? ACCESS_TYPES[accessType].ja : '',
    kind === '' ? '' : kindName(kind).ja,
    title ?? GONE,
    patientNumber === '' ? '' : `患者ID ${patientNumber}`,
  ]
    .filter((part) => part !== '')
    .join(' / ')
}
