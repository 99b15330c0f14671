// Receptions, admissions, moves and discharges; and the person as a facility describes them.

import type { Encounter, EncounterEvent, PersonRecord } from '../../model/clinical.ts'
import type { Bilingual } from '../../model/clinical-view.ts'
import { type Block, facts, label, section, table } from '../blocks.ts'
import {
  codedCell,
  dateOf,
  dispositionText,
  ENCOUNTER_CLASSES,
  meant,
  period,
  placeName,
  SEXES,
  staffName,
  textOf,
  time,
} from '../words.ts'
import { observationTable } from './laboratory.ts'

const EVENTS: Readonly<Record<EncounterEvent, Bilingual>> = {
  'attending-doctor': label('担当医', 'Attending doctor'),
  reception: label('外来受付', 'Outpatient reception'),
  'planned-admission': label('入院予定', 'Planned admission'),
  admission: label('入院', 'Admission'),
  leave: label('外出・外泊', 'Leave of absence'),
  return: label('帰院', 'Return from leave'),
  'planned-transfer': label('転科・転棟予定', 'Planned transfer'),
  transfer: label('転科・転棟', 'Transfer'),
  'planned-discharge': label('退院予定', 'Planned discharge'),
  discharge: label('退院', 'Discharge'),
}

export function encounter(content: Encounter): readonly Block[] {
  const event = EVENTS[content.event]
  return section(event, [
    facts(
      ['日時', 'Time', content.until === undefined ? time(content.at) : period(content.at, content.until)],
      ['患者区分', 'Class', meant(ENCOUNTER_CLASSES, content.patientClass) ?? content.patientClass],
      ['診療科', 'Department', textOf(content.department)],
      ['病棟・病室', 'Place', placeName(content.place)],
      ['移動前', 'Former place', placeName(content.previousPlace)],
      ['移動予定', 'Planned place', placeName(content.plannedPlace)],
      ['担当医', 'Doctor', staffName(content.doctor)],
      ['退院区分', 'Disposition', dispositionText(content.disposition)],
    ),
  ])
}

export function personRecord({ person, observations, allergies, insurances }: PersonRecord): readonly Block[] {
  const names = new Map(
    person.names.map(({ representation, family, given }) => [representation, `${family} ${given}`.trim()]),
  )
  return [
    facts(
      ['氏名', 'Name', names.get('IDE')],
      ['カナ', 'Kana', names.get('SYL')],
      ['ローマ字', 'Romaji', names.get('ABC')],
      ['生年月日', 'Birth date', dateOf(person.birthTime ?? '')],
      ['性別', 'Sex', meant(SEXES, person.sex ?? '') ?? ''],
      [
        '住所',
        'Address',
        person.addresses.map(({ postalCode, text }) => `${postalCode ?? ''} ${text}`.trim()).join(' / '),
      ],
      ['電話', 'Telephone', person.telecoms.map((telecom) => telecom.replace(/^tel:/, '')).join(' / ')],
      ['アレルギー', 'Allergies', allergies.map(textOf).join('、')],
    ),
    ...section(label('身体所見', 'Observations'), [
      observationTable(observations, { caption: '身体所見', isCaptionUnseen: true }),
    ]),
    ...section(label('保険', 'Insurance'), [
      table({
        caption: '保険',
        isCaptionUnseen: true,
        columns: [
          { label: label('種別', 'Plan'), cell: ({ plan }) => codedCell(plan) },
          { label: label('保険者', 'Insurer'), cell: ({ insurer }) => insurer },
          { label: label('番号', 'Number'), cell: ({ number }) => number },
        ],
        items: insurances,
      }),
    ]),
  ]
}
