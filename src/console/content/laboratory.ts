// Laboratory orders and results, physiology results and vital signs: a table for each specimen, abnormal values marked by letter and colour.

import type { Laboratory, Measurements, Observation, ObservationGroup } from '../../model/clinical.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { type Block, type Cell, facts, isBlank, label, section, type TableColumn, table } from '../blocks.ts'
import { CANCELLED, codedCell, flagCell, isGoneResult, orderFacts, resultStatus, textOf, time } from '../words.ts'

/** @param former the same order in the version before: its values stand beside the new ones. */
export function laboratory(content: Laboratory, former?: Laboratory): readonly Block[] {
  return [orderFacts(content.order), ...groups(content.groups, former?.groups ?? [])]
}

export function measurements(content: Measurements, former?: Measurements): readonly Block[] {
  return [orderFacts(content.order), ...groups(content.groups, former?.groups ?? [])]
}

type Former = (group: ObservationGroup, one: Observation) => Observation | undefined

function groups(given: readonly ObservationGroup[], former: readonly ObservationGroup[]): readonly Block[] {
  const before = formerOf(given, former)
  const subIds = new Set(given.flatMap(({ observations }) => observations.map(({ subId }) => subId)))
  subIds.delete('')
  return given.flatMap((group) => groupBlocks(group, before, subIds.size > 1))
}

/** What each result said before; where one item stands several times (vital signs of a day), what was measured at its time. */
function formerOf(given: readonly ObservationGroup[], former: readonly ObservationGroup[]): Former | undefined {
  if (former.every(({ observations }) => observations.length === 0)) return undefined
  const [now, before] = [byKey(given), byKey(former)]
  return (group, one) => {
    const key = keyOf(group, one)
    const known = before.get(key) ?? []
    if (known.length < 2 && (now.get(key)?.length ?? 0) < 2) return known[0]
    const ofTime = known.filter(({ at }) => at?.startMs === one.at?.startMs)
    return ofTime.length === 1 ? ofTime[0] : undefined
  }
}

function byKey(groups: readonly ObservationGroup[]): ReadonlyMap<string, readonly Observation[]> {
  const found = new Map<string, Observation[]>()
  for (const group of groups)
    for (const one of group.observations) {
      const key = keyOf(group, one)
      const same = found.get(key)
      if (same === undefined) found.set(key, [one])
      else same.push(one)
    }
  return found
}

/**
 * A result is the same one when item, sub-id, specimen and the result it goes on from (the germ of a susceptibility test) are: what
 * the order of rows says changes from version to version.
 */
function keyOf({ specimenId, parentResult }: ObservationGroup, { item, subId }: Observation): string {
  return JSON.stringify([item.code || textOf(item), item.system, subId, specimenId, parentResult])
}

/** @param hasSubIds OBX-4 tells rows apart: which of two germs an amount or a drug is of. */
function groupBlocks(group: ObservationGroup, before: Former | undefined, hasSubIds: boolean): readonly Block[] {
  const { request, specimen, site, specimenId, collected, reported, status, parentResult, comments, cancelled } = group
  const heading = textOf(request) || textOf(specimen)
  const blocks: readonly Block[] = [
    facts(
      ['依頼', 'Request', cancelled === true ? CANCELLED : ''],
      ['材料', 'Specimen', textOf(specimen)],
      ['採取部位', 'Site', site === undefined ? '' : textOf(site)],
      ['検体番号', 'Specimen number', specimenId],
      ['採取日時', 'Collected', time(collected)],
      ['報告日時', 'Reported', time(reported)],
      ['親の結果', 'Parent result', parentResult],
      ['状態', 'Status', status === 'F' ? '最終 final (F)' : resultStatus(status)],
    ),
    observationTable(group.observations, {
      caption: heading === '' ? '結果' : heading,
      isCaptionUnseen: true,
      ...(hasSubIds ? { hasSubIds } : {}),
      ...(cancelled === undefined ? {} : { isGone: true }),
      ...(before === undefined ? {} : { former: (one) => before(group, one) }),
      ...(collected === undefined ? {} : { collected }),
    }),
    { kind: 'prose', paragraphs: comments },
  ]
  // A request of which nothing else is known is what was asked for all the same.
  const only = facts(['依頼', 'Request', heading])
  return section(heading === '' ? label('結果', 'Results') : heading, blocks.every(isBlank) ? [only] : blocks)
}

/** What an order says of the patient besides: body weight, values for the pharmacist. */
export function accompanying(observations: readonly Observation[] = []): readonly Block[] {
  const heading = label('付帯情報', 'Observations')
  return section(heading, [observationTable(observations, { caption: heading.ja, isCaptionUnseen: true })])
}

interface ObservationTable {
  readonly caption: string
  readonly isCaptionUnseen?: true
  /** OBX-4 stands beside each item. */
  readonly hasSubIds?: true
  /** All of it, with its request. */
  readonly isGone?: true
  readonly former?: (one: Observation) => Observation | undefined
  /** Said above the table already. */
  readonly collected?: Hl7Time
}

/** Values with unit, reference range and flag; also those of images and persons. */
export function observationTable(observations: readonly Observation[], given: ObservationTable): Block {
  const former: readonly TableColumn<Observation>[] =
    given.former !== undefined
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
      { label: label('組', 'Sub-ID'), cell: ({ subId }) => (given.hasSubIds === true ? subId : '') },
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
    isGone: ({ status }) => given.isGone === true || isGoneResult(status),
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
