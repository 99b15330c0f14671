// Radiology, endoscopy and physiology: what was asked, what was done, where the images are.

import type { Imaging } from '../../model/clinical.ts'
import { type Block, label, section, table } from '../blocks.ts'
import { codedCell, controlText, isCancellingControl, orderFacts, staffName, textOf, time } from '../words.ts'
import { observationTable } from './laboratory.ts'

type Procedure = Imaging['procedures'][number]

const DISCIPLINES = {
  radiology: label('放射線検査', 'Radiology'),
  endoscopy: label('内視鏡検査', 'Endoscopy'),
  physiology: label('生理検査', 'Physiology'),
} as const

export function imaging(content: Imaging): readonly Block[] {
  const { order, procedures, performed, studies } = content
  return [
    orderFacts(order),
    ...section(DISCIPLINES[content.discipline], [
      procedureTable(DISCIPLINES[content.discipline].ja, procedures),
      ...procedures.map(({ procedure, observations }) =>
        observationTable(observations, { caption: textOf(procedure) }),
      ),
    ]),
    ...section(label('実施内容', 'Performed'), [
      table({
        caption: '実施内容',
        isCaptionUnseen: true,
        columns: [
          { label: label('手技', 'Act'), cell: ({ act }) => codedCell(act) },
          { label: label('実施者', 'By'), cell: ({ by }) => staffName(by) },
          { label: label('薬剤・材料', 'Supplies'), cell: ({ supplies }) => supplies.join('、') },
          { label: label('撮影条件', 'Exposures'), cell: ({ exposures }) => exposures.join('、') },
        ],
        items: performed,
      }),
    ]),
    ...section(label('画像', 'Images'), [
      table({
        caption: '画像',
        isCaptionUnseen: true,
        columns: [
          { label: label('受付番号', 'Accession number'), cell: ({ accession }) => accession },
          { label: label('モダリティ', 'Modality'), cell: ({ modality }) => modality },
          { label: label('検査インスタンスUID', 'Study Instance UID'), cell: ({ studyUid }) => studyUid },
        ],
        items: studies,
      }),
    ]),
  ]
}

function procedureTable(caption: string, procedures: readonly Procedure[]): Block {
  return table({
    caption,
    isCaptionUnseen: true,
    columns: [
      { label: label('検査', 'Procedure'), cell: ({ procedure }) => codedCell(procedure) },
      { label: label('区分', 'Control'), cell: ({ control }) => controlText(control) },
      { label: label('日時', 'Time'), cell: ({ at }) => time(at) },
      { label: label('コメント', 'Comments'), cell: ({ comments }) => comments.join(' / ') },
    ],
    items: procedures,
    isGone: ({ control }) => isCancellingControl(control),
  })
}
