// Laboratory orders and results, physiology results and vital signs: a table for each specimen, abnormal values marked by letter and colour.

import type { Laboratory, Measurements, Observation, ObservationGroup } from '../../model/clinical.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { type Block, type Cell, facts, label, section, type TableColumn, table } from '../blocks.ts'
import { codedCell, flagCell, isGoneResult, orderFacts, resultStatus, textOf, time } from '../words.ts'

/** @param former the same order in the version before: its values stand beside the new ones. */
export function laboratory(content: Laboratory, former?: Laboratory): readonly Block[] {
  return [orderFacts(content.order), ...groups(content.groups, former?.groups ?? [])]
}

export function measurements(content: Measurements, former?: Measurements): readonly Block[] {
  return [orderFacts(content.order), ...groups(content.groups, former?.groups ?? [])]
}

function groups(given: readonly ObservationGroup[], former: readonly ObservationGroup[]): readonly Block[] {
  const before = new Map(
    former.flatMap(({ specimenId, observations }) => observations.map((one) => [keyOf(specimenId, one), one])),
  )
  return given.flatMap((group) => groupBlocks(group, before))
}

/** A result is the same one when item, sub-id and specimen are: what the order of rows says changes from version to version. */
function keyOf(specimenId: string, { item, subId }: Observation): string {
  return JSON.stringify([item.code || textOf(item), item.system, subId, specimenId])
}

function groupBlocks(group: ObservationGroup, before: ReadonlyMap<string, Observation>): readonly Block[] {
  const { request, specimen, specimenId, collected, reported, status, parentResult, comments } = group
  const heading = textOf(request) || textOf(specimen)
  return section(heading === '' ? label('結果', 'Results') : heading, [
    facts(
      ['材料', 'Specimen', textOf(specimen)],
      ['検体番号', 'Specimen number', specimenId],
      ['採取日時', 'Collected', time(collected)],
      ['報告日時', 'Reported', time(reported)],
      ['親の結果', 'Parent result', parentResult],
      ['状態', 'Status', status === 'F' ? '最終 final (F)' : resultStatus(status)],
    ),
    observationTable(group.observations, {
      caption: heading === '' ? '結果' : heading,
      isCaptionUnseen: true,
      former: (one) => before.get(keyOf(specimenId, one)),
      hasFormer: before.size > 0,
      ...(collected === undefined ? {} : { collected }),
    }),
    { kind: 'prose', paragraphs: comments },
  ])
}

/** What an order says of the patient besides: body weight, values for the pharmacist. */
export function accompanying(observations: readonly Observation[] = []): readonly Block[] {
  const heading = label('付帯情報', 'Observations')
  return section(heading, [observationTable(observations, { caption: heading.ja, isCaptionUnseen: true })])
}

interface ObservationTable {
  readonly caption: string
  readonly isCaptionUnseen?: true
  readonly former?: (one: Observation) => Observation | undefined
  readonly hasFormer?: boolean
  /** Said above the table already. */
  readonly collected?: Hl7Time
}

/** Values with unit, reference range and flag; also those of images and persons. */
export function observationTable(observations: readonly Observation[], given: ObservationTable): Block {
  const former: readonly TableColumn<Observation>[] =
    given.hasFormer === true
      ? [
          {
            label: label('前の版', 'Former version'),
            cell: (one) => formerCell(one, given.former?.(one)),
            isNumber: true,
          },
        ]
      : []
  return table({
    caption: given.caption,
    ...(given.isCaptionUnseen === undefined ? {} : { isCaptionUnseen: true }),
    columns: [
      { label: label('検査項目', 'Item'), cell: ({ item }) => codedCell(item) },
      { label: label('結果', 'Result'), cell: valueCell, isNumber: true },
      { label: label('判定', 'Flag'), cell: ({ flag }) => flagCell(flag) },
      { label: label('単位', 'Unit'), cell: ({ unit }) => unit },
      { label: label('基準値', 'Reference'), cell: ({ range }) => range },
      ...former,
      {
        label: label('測定日時', 'Measured'),
        cell: ({ at }) => (at?.startMs === given.collected?.startMs ? '' : time(at)),
      },
      { label: label('備考', 'Remarks'), cell: remarks },
    ],
    items: observations,
    isGone: ({ status }) => isGoneResult(status),
  })
}

function valueCell({ value, flag }: Observation): Cell {
  const { alarm } = flagCell(flag)
  return { text: value, ...(alarm === undefined ? {} : { alarm }) }
}

/** What was corrected is what is looked for. */
function formerCell(one: Observation, former: Observation | undefined): Cell {
  if (former === undefined) return { text: '—' }
  const text = [former.value, former.flag === 'N' ? '' : former.flag].filter((part) => part !== '').join(' ')
  return former.value === one.value && former.unit === one.unit ? { text } : { text, detail: '変更 changed' }
}

function remarks({ status, notes }: Observation): string {
  return [resultStatus(status), ...notes].filter((part) => part !== '').join(' / ')
}
