// Clinical content as blocks: one renderer for each kind of content.

import type { Clinical } from '../../model/clinical.ts'
import type { ClinicalView } from '../../model/clinical-view.ts'
import type { Block } from '../blocks.ts'
import { encounter, personRecord } from './encounter.ts'
import { imaging } from './imaging.ts'
import { laboratory, measurements } from './laboratory.ts'
import { allergyList, diagnosisList, dietOrder } from './lists.ts'
import { medicationGiven, medicationOrder } from './medication.ts'
import { report, writtenDocument } from './written.ts'

export type ContentView = Pick<ClinicalView, 'former'> & {
  readonly document: Pick<ClinicalView['document'], 'files' | 'facility'>
}

export function contentBlocks(content: Clinical, view: ContentView): readonly Block[] {
  const { document, former } = view
  switch (content.type) {
    case 'demographics':
      return personRecord(content)
    case 'encounter':
      return encounter(content)
    case 'allergies':
      return allergyList(content)
    case 'diagnoses':
      return diagnosisList(content)
    case 'diet':
      return dietOrder(content)
    case 'prescription':
    case 'injection-order':
      return medicationOrder(content)
    case 'dispensing':
    case 'injection-given':
      return medicationGiven(content)
    case 'laboratory-order':
    case 'laboratory-result':
      return laboratory(content, former?.type === content.type ? former : undefined)
    case 'imaging-order':
    case 'imaging-performed':
      return imaging(content)
    case 'physiology-result':
    case 'vitals':
      return measurements(content, former?.type === content.type ? former : undefined)
    case 'report':
      return report(content, document.files)
    case 'document':
    case 'file':
    case 'note':
      return writtenDocument(content, { files: document.files, facility: document.facility.name })
  }
  return content satisfies never
}
