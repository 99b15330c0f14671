// Prescriptions and injections, ordered and given: drugs by RP, each group with its usage, days and period.

import type { MedicationGiven, MedicationLine, MedicationOrder } from '../../model/clinical.ts'
import { type Block, type Cell, type Fact, known, label, table } from '../blocks.ts'
import { amount, amounts, CANCELLED, codedCell, meant, orderFacts, period, staffName, textOf, time } from '../words.ts'
import { accompanying } from './laboratory.ts'

export function medicationOrder(content: MedicationOrder): readonly Block[] {
  return [
    orderFacts(content.order),
    ...byGroup(content.lines).flatMap((group) => orderedGroup(content, group)),
    ...accompanying(content.observations),
  ]
}

interface Group<Line> {
  readonly name: string
  readonly lines: readonly Line[]
}

/** Lines of one RP number, in the order of the message; a line without a number stands alone. */
function byGroup<Line extends { readonly group: string }>(lines: readonly Line[]): readonly Group<Line>[] {
  const groups = new Map<string, Line[]>()
  for (const [index, line] of lines.entries()) {
    const key = line.group === '' ? `line ${index}` : line.group
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [line])
    else known.push(line)
  }
  return [...groups.values()].map((members, index) => ({
    name: groupName(members[0]?.group ?? '', index),
    lines: members,
  }))
}

function groupName(group: string, index: number): string {
  return `Rp ${group === '' ? index + 1 : group.replace(/^0+(?=\d)/, '')}`
}

function orderedGroup({ type }: MedicationOrder, { name, lines }: Group<MedicationLine>): readonly Block[] {
  const mixtures = lines.filter(({ components }) => components.length > 0)
  const single = lines.filter(({ components }) => components.length === 0)
  const drugs = table({
    caption: name,
    columns: [
      {
        label: label('薬剤', 'Drug'),
        cell: ({ drug, strength, form }) => codedCell(drug, [amount(strength), textOf(form)]),
      },
      { label: label('1回量', 'Dose'), cell: (line) => amounts(line.dose, line.maximumDose), isNumber: true },
      { label: label('1日量', 'Daily dose'), cell: ({ dailyDose }) => amount(dailyDose), isNumber: true },
      { label: label('総量', 'Total'), cell: ({ total }) => amount(total), isNumber: true },
      { label: label('速度', 'Rate'), cell: ({ rate }) => amount(rate), isNumber: true },
      { label: label('備考', 'Remarks'), cell: orderedRemarks },
    ],
    items: single,
    isGone: ({ cancelled }) => cancelled === true,
    facts: usage(type, single),
  })
  return [drugs, ...mixtures.map((line) => mixture(type, name, line))]
}

function orderedRemarks({ cancelled, comments }: MedicationLine): string {
  return [cancelled === true ? CANCELLED : '', ...comments].filter((part) => part !== '').join(' / ')
}

/** How the group is taken; where its lines differ, each says so once. What is cancelled says nothing of what is taken. */
function usage(type: MedicationOrder['type'], lines: readonly MedicationLine[]): readonly Fact[] {
  const standing = lines.filter(({ cancelled }) => cancelled !== true)
  const each = (read: (line: MedicationLine) => string): string =>
    [...new Set((standing.length === 0 ? lines : standing).map(read).filter((text) => text !== ''))].join(' / ')
  return known([
    ['区分', 'Category', each(({ category }) => (category === undefined ? '' : textOf(category)))],
    ['用法', 'Usage', each((line) => line.usage)],
    ['指示', 'Instructions', each((line) => line.instructions.join('、'))],
    ['日数', 'Days', each(({ days }) => daysText(type, days))],
    ['回数', 'Doses', each(({ occasions = '' }) => (/^\d+$/.test(occasions) ? `${occasions}回分` : occasions))],
    ['投与経路', 'Route', each(({ route }) => textOf(route))],
    ['部位', 'Site', each(({ site }) => (site === undefined ? '' : textOf(site)))],
    ['器具', 'Device', each(({ device }) => (device === undefined ? '' : textOf(device)))],
    ['期間', 'Period', each(({ from, until }) => period(from, until))],
    ['処方箋番号', 'Prescription number', each(({ prescriptionNumber = '' }) => prescriptionNumber)],
  ])
}

/** A bare number of days is read aloud as 日分; a text is left as it is. */
function daysText(type: MedicationOrder['type'], days: string): string {
  if (!/^\d+( \/ \d+)*$/.test(days)) return days
  return days.replaceAll(/\d+/g, (number) => (type === 'prescription' ? `${number}日分` : `${number}日`))
}

/** What is mixed together is the table; the mixture itself is named above it. */
function mixture(type: MedicationOrder['type'], name: string, line: MedicationLine): Block {
  const { drug, strength, dose, maximumDose, dailyDose, total, rate, form, cancelled } = line
  return table({
    caption: [cancelled === true ? `【${CANCELLED}】` : '', name, textOf(drug), amounts(dose, maximumDose)]
      .filter((part) => part !== '')
      .join(' '),
    columns: [
      { label: label('薬剤', 'Drug'), cell: (part) => codedCell(part.drug, [amount(part.strength)]) },
      { label: label('区分', 'Part'), cell: ({ kind }) => (kind === 'base' ? '基剤 base' : '添加 additive') },
      { label: label('量', 'Amount'), cell: (part) => amount(part.amount), isNumber: true },
    ],
    items: line.components,
    isGone: () => cancelled === true,
    facts: [
      ...usage(type, [line]),
      ...known([
        ['力価', 'Strength', amount(strength)],
        ['剤形', 'Form', textOf(form)],
        ['1日量', 'Daily dose', amount(dailyDose)],
        ['総量', 'Total', amount(total)],
        ['速度', 'Rate', amount(rate)],
        ['備考', 'Remarks', orderedRemarks(line)],
      ]),
    ],
  })
}

type Given = MedicationGiven['lines'][number]

export function medicationGiven(content: MedicationGiven): readonly Block[] {
  const caption = content.type === 'dispensing' ? '調剤' : '実施'
  return [
    orderFacts(content.order),
    ...byGroup(content.lines).map(({ name, lines }) => givenTable(`${name} ${caption}`, lines)),
    ...accompanying(content.observations),
  ]
}

function givenTable(caption: string, lines: readonly Given[]): Block {
  return table({
    caption,
    columns: [
      { label: label('薬剤', 'Drug'), cell: ({ drug, strength }) => codedCell(drug, [amount(strength)]) },
      { label: label('量', 'Amount'), cell: (line) => amount(line.amount), isNumber: true },
      { label: label('速度', 'Rate'), cell: ({ rate }) => rate ?? '' },
      { label: label('投与経路', 'Route'), cell: ({ route }) => textOf(route) },
      { label: label('部位', 'Site'), cell: ({ site }) => (site === undefined ? '' : textOf(site)) },
      { label: label('器具', 'Device'), cell: ({ device }) => (device === undefined ? '' : textOf(device)) },
      { label: label('開始', 'Start'), cell: ({ from }) => time(from) },
      { label: label('終了', 'End'), cell: ({ from, until }) => (time(until) === time(from) ? '' : time(until)) },
      { label: label('実施者', 'By'), cell: ({ by }) => staffName(by) },
      { label: label('ロット', 'Lot'), cell: ({ lot }) => lot ?? '' },
      { label: label('備考', 'Remarks'), cell: remarks },
    ],
    items: lines,
    isGone: ({ action, cancelled }) => action === 'D' || cancelled === true,
  })
}

/** HL7 table 0322. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  NA: '未実施 not administered',
  PA: '一部実施 partially administered',
  RE: '拒否 refused',
}

function remarks({ completion, action, cancelled, comments }: Given): Cell {
  const withdrawn = action === 'D' ? '取消 deleted' : cancelled === true ? CANCELLED : undefined
  const status = withdrawn ?? meant(COMPLETIONS, completion) ?? ''
  const text = [status, ...comments].filter((part) => part !== '').join(' / ')
  return { text, ...(meant(COMPLETIONS, completion) === undefined ? {} : { alarm: 'abnormal' }) }
}
