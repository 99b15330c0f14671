// OMP-01 処方指示, OMP-02 注射指示: what is to be taken or given (HL7 v2.5 4.13.5 RDE^O11; JAHIS; SS-MIX2).

import type { Coded, MedicationLine, MedicationOrder, Quantity } from '../../model/clinical.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { type Er7Message, repetitions, type Segment } from '../../model/hl7v2.ts'
import {
  coded,
  groupsFrom,
  isOrderCancelled,
  NO_CODE,
  quantity,
  quantityWithUnit,
  readCoded,
  text,
  texts,
  time,
} from './fields.ts'
import { commentsOf, observationsOf } from './observations.ts'
import { type Group, type Order, type OrderFamily, orderHead, orderReader } from './order-reader.ts'
import { durationOf, endsOf, explicitTimes, latest, repeatPattern } from './timing.ts'

const FAMILY: Omit<OrderFamily, 'content'> = {
  groups: (message) => groupsFrom(message.segments, ['ORC']),
  numberIn: ['ORC-2'],
  service: { starts: ['TQ1-7', 'ORC-9'], stops: ['TQ1-8'] },
  codes: ['RXE-2', 'RXC-2'],
}

export const prescription = orderReader({
  ...FAMILY,
  further: lastDays,
  content: (message, order) => medication(message, order, 'prescription'),
})

export const injectionOrder = orderReader({
  ...FAMILY,
  content: (message, order) => medication(message, order, 'injection-order'),
})

/** The last day of each prescribed group, counted from its own start. */
function lastDays(message: Er7Message, { groups }: Order): readonly Hl7Time[] {
  return groups.flatMap((group) => {
    const ordered = time(message, first(group, 'ORC'), 9)
    return endsOf(message, all(group, 'TQ1'), ordered)
  })
}

function all(group: Group, name: string): readonly Segment[] {
  return group.filter((segment) => segment.name === name)
}

function first(group: Group, name: string): Segment | undefined {
  return group.find((segment) => segment.name === name)
}

function medication(message: Er7Message, order: Order, type: MedicationOrder['type']): MedicationOrder {
  const observations = observationsOf(message, order.segments)
  return {
    type,
    order: orderHead(message, order),
    lines: order.groups.flatMap((group) => drugsOf(group).map((drug) => lineOf(message, group, drug))),
    ...(observations.length === 0 ? {} : { observations }),
  }
}

/** One drug (RXE) with what is said of it. */
interface Drug {
  readonly rxe: Segment
  readonly timing: Group
  /** TQ1 of the request: the start of an RXE that names none. */
  readonly requested: Group
  readonly routes: Group
  readonly components: Group
  readonly comments: Group
}

/**
 * The drugs of one ORC. What follows an RXE is said of it. A drug of which nothing of a kind is said is taken like the next one of its
 * group that says it, else as it was asked for: TQ1, RXR and RXC before the first RXE are those of the request (RXO), of which
 * the pharmacy's own words (RXE) are the later ones and no second dose (HL7 v2.5 4.13.5).
 */
function drugsOf(group: Group): readonly Drug[] {
  const begin = group.findIndex(({ name }) => name === 'RXE')
  const asked = begin === -1 ? group : group.slice(0, begin)
  const given = groupsFrom(group, ['RXE'])
  return given.flatMap((own, index) => {
    const rxe = own[0]
    const later = given.slice(index)
    const said = (name: string): Group =>
      later.map((one) => all(one, name)).find((found) => found.length > 0) ?? all(asked, name)
    const mixed = all(own, 'RXC')
    const components = mixed.length > 0 || given.length > 1 ? mixed : all(asked, 'RXC')
    return rxe === undefined
      ? []
      : [
          {
            rxe,
            timing: said('TQ1'),
            requested: all(asked, 'TQ1'),
            routes: said('RXR'),
            components,
            comments: [...asked, ...own],
          },
        ]
  })
}

function lineOf(message: Er7Message, group: Group, { rxe, timing, routes, ...drug }: Drug): MedicationLine {
  const from =
    time(message, timing[0], 7) ?? time(message, drug.requested[0], 7) ?? time(message, first(group, 'ORC'), 9)
  const until = latest(endsOf(message, timing, from))
  const prescriptionNumber = text(message, rxe, 15)
  return {
    group: groupNumber(message, group),
    drug: coded(message, rxe, 2),
    ...strengthOf(message, rxe, [25, 26]),
    ...amountsOf(message, rxe),
    form: coded(message, rxe, 6),
    ...present('category', coded(message, rxe, 27)),
    ...routeOf(message, routes),
    usage: usageOf(message, timing),
    instructions: [...instructionsOf(message, rxe), ...timing.flatMap((tq1) => conditionsOf(message, tq1))],
    days: durations(message, timing),
    ...occasionsOf(message, timing),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    components: drug.components.map((rxc) => ({
      kind: text(message, rxc, 1) === 'B' ? 'base' : 'additive',
      drug: coded(message, rxc, 2),
      ...strengthOf(message, rxc, [5, 6]),
      amount: quantityWithUnit(message, rxc, [3, 4]),
    })),
    comments: commentsOf(message, drug.comments),
    ...(prescriptionNumber === '' ? {} : { prescriptionNumber }),
    ...(isOrderCancelled(message, group) ? { cancelled: true } : {}),
  }
}

/** How each step is taken, at which hours, and where the steps differ how much of it (TQ1-2). */
function usageOf(message: Er7Message, timing: readonly Segment[]): string {
  const amounts = timing.map((tq1) => quantity(message, tq1, 2)).map(({ value, unit }) => `${value}${unit}`)
  const isUneven = new Set(amounts).size > 1
  return timing
    .map((tq1, index) => [
      repeatPattern(message, tq1),
      explicitTimes(message, tq1),
      isUneven ? (amounts[index] ?? '') : '',
    ])
    .map((parts) => parts.filter((part) => part !== '').join(' '))
    .filter((usage) => usage !== '')
    .join(isUneven ? '、' : ' ')
}

/** TQ1-6 of each TQ1: doses that taper have one for each of their steps; those of one day's mornings and evenings say it once. */
function durations(message: Er7Message, timing: readonly Segment[]): string {
  const said = timing.map((tq1) => durationOf(message, tq1)).filter((days) => days !== '')
  return [...new Set(said)].length === 1 ? (said[0] ?? '') : said.join(' / ')
}

/** How much of the substance one unit holds: a dose of a drug that is named without it says nothing. */
export function strengthOf(
  message: Er7Message,
  segment: Segment,
  fields: readonly [number, number],
): { readonly strength?: Quantity } {
  const strength = quantityWithUnit(message, segment, fields)
  return strength.value === '' ? {} : { strength }
}

/** ORC-4: `order_RP_seq` gives the RP number, anything else stands for itself. */
export function groupNumber(message: Er7Message, group: Group): string {
  const orc = first(group, 'ORC')
  const written = text(message, orc, 4)
  const order = text(message, orc, 2)
  if (order === '' || !written.startsWith(`${order}_`)) return written
  return written.slice(order.length + 1).split('_')[0] ?? ''
}

type Amounts = Pick<MedicationLine, 'dose' | 'maximumDose' | 'dailyDose' | 'total' | 'rate'>

function amountsOf(message: Er7Message, rxe: Segment): Amounts {
  const daily = quantity(message, rxe, 19)
  const largest = quantityWithUnit(message, rxe, [4, 5])
  const total = quantityWithUnit(message, rxe, [10, 11])
  const dose = quantityWithUnit(message, rxe, [3, 5])
  const rate = rateOf(message, rxe, dose)
  return {
    dose,
    ...(largest.value === '' ? {} : { maximumDose: largest }),
    ...(daily.value === '' ? {} : { dailyDose: daily }),
    ...(total.value === '' ? {} : { total }),
    ...(rate.value === '' ? {} : { rate }),
  }
}

const TIME_UNITS: Readonly<Record<string, string>> = { S: '秒', M: '分', H: '時間', D: '日', W: '週', L: 'か月' }

/** RXE-23 and RXE-24 in the time of RXE-22 (H8: eight hours), unless their unit says its own; without them it is the dose that takes this time. */
function rateOf(message: Er7Message, rxe: Segment, dose: Quantity): Quantity {
  const given = quantityWithUnit(message, rxe, [23, 24])
  const written = text(message, rxe, 22)
  if (written === '' || /[/／]/.test(given.unit)) return given
  const [, letter = '', count = ''] = /^([SMHDWL])(\d*)$/.exec(written) ?? []
  const unit = TIME_UNITS[letter]
  const time = unit === undefined ? written : `${/^0*1?$/.test(count) ? '' : count}${unit}`
  const { value, unit: amount } = given.value === '' ? dose : given
  return { value, unit: `${amount}／${time}` }
}

/** RXR of a group: route, site and device. */
export function routeOf(
  message: Er7Message,
  group: Group,
): { readonly route: Coded; readonly site?: Coded; readonly device?: Coded } {
  const rxr = first(group, 'RXR')
  if (rxr === undefined) return { route: NO_CODE }
  return {
    route: coded(message, rxr, 1),
    ...present('site', coded(message, rxr, 2)),
    ...present('device', coded(message, rxr, 3)),
  }
}

function present<Name extends string>(name: Name, code: Coded): { readonly [key in Name]?: Coded } {
  return code.code + code.text === '' ? {} : ({ [name]: code } as { readonly [key in Name]?: Coded })
}

/** RXE-7 and RXE-21; uneven doses say which of the day they are (JAMI supplement V…). */
function instructionsOf(message: Er7Message, rxe: Segment): readonly string[] {
  const uneven = /^V(\d)[\d.N]+$/
  return [7, 21]
    .flatMap((field) => repetitions(message, rxe, field).map((raw) => readCoded(message, raw)))
    .map(({ code, text: words }) => {
      const dose = uneven.exec(code)?.[1]
      return dose === undefined ? words : `${dose}回目 ${words}`
    })
    .filter((words) => words !== '')
}

/** TQ1-10 when to take it, TQ1-11 how. */
function conditionsOf(message: Er7Message, tq1: Segment): readonly string[] {
  return [10, 11].flatMap((field) => texts(message, tq1, field))
}

function occasionsOf(message: Er7Message, timing: readonly Segment[]): Pick<MedicationLine, 'occasions'> {
  const found = timing.map((tq1) => text(message, tq1, 14)).find((number) => number !== '')
  return found === undefined ? {} : { occasions: found }
}
