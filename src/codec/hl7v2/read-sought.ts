// Reads what QPD-3 of a Patient Demographics Query asks for: @PID.field.component.subcomponent^value (ITI TF-2 3.21.4.1.2.2.2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import { parseHl7Time } from '../../model/hl7-time.ts'
import { type Er7Message, isNull, repetitions, resolveEscapes, segmentsOf } from '../../model/hl7v2.ts'
import { SEX_OF_PID } from '../../model/hl7v2-pid.ts'
import type { SoughtBirth, SoughtName } from '../../model/pdq.ts'
import type { PdqV2Query } from '../../model/pdq-v2.ts'
import type { NamedAuthority } from '../../model/pix.ts'
import { withoutEnd } from '../../model/text-end.ts'

export type Sought = Pick<PdqV2Query, 'names' | 'sex' | 'birth' | 'address' | 'ids' | 'mother' | 'telecom'>

/** One value that is asked for: `5.1.1`, what it must be, and where it was said. */
interface Leaf {
  readonly path: string
  readonly value: string
  readonly at: string
}

/** Slots by path: what a value means to the query. Sub-components of a street or a family name that are not named are not compared. */
const CX = { '1': 'value', '4': 'authority', '4.1': 'namespace', '4.2': 'universalId', '4.3': 'type' }
const XPN = { '1': 'family', '1.1': 'family', '2': 'given' }
const SLOTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '3': CX,
  '5': XPN,
  '6': XPN,
  '7': { '1': 'date' },
  '8': { '1': 'code' },
  '11': { '1': 'street', '1.1': 'street', '2': 'other', '3': 'city', '4': 'state', '5': 'postalCode', '8': 'district' },
  '13': { '1': 'text', '4': 'mail', '6': 'area', '7': 'local', '12': 'unformatted' },
  '18': CX,
}
const PARAMETER = /^@PID\.([1-9]\d?)(?:\.([1-9]\d?)(?:\.([1-9]\d?))?)?$/
const COMPARED = Object.keys(SLOTS)
  .map((field) => `PID.${field}`)
  .join(', ')

/** Values that belong together: each slot at most once. */
interface Group {
  readonly at: string
  readonly slots: ReadonlyMap<string, string>
}

/**
 * The parameters, and a warning for each that is not compared. Repeated names are alternatives, repeated ids must all be the person's.
 * @throws {IheError} V3_VALUE, V3_TOO_MANY, HL7_TIME, HL7_FIELD_MISSING.
 */
export function readSought(message: Er7Message): { readonly sought: Sought; readonly warnings: readonly IheError[] } {
  const leaves = repetitions(message, segmentsOf(message, 'QPD')[0], 3).flatMap((raw, index) =>
    leavesOf(message, raw, `QPD-3[${index + 1}]`),
  )
  const groups = (field: string) => groupsOf(leaves, field)
  const only = (field: string) => onlyGroup(groups(field))
  const [sex, birth, address] = [readSex(only('8')), readBirth(only('7')), readAddress(only('11'))]
  const [mother, telecom] = [nameOf(only('6')), readTelecom(only('13'))]
  return {
    sought: {
      names: groups('5').flatMap((group) => nameOf(group) ?? []),
      ids: [...groups('3'), ...groups('18')].map(readId),
      ...(sex === undefined ? {} : { sex }),
      ...(birth === undefined ? {} : { birth }),
      ...(address === undefined ? {} : { address }),
      ...(mother === undefined ? {} : { mother }),
      ...(telecom === undefined ? {} : { telecom }),
    },
    warnings: leaves
      .filter(({ path }) => slotOf(path) === undefined)
      .map(({ path, at }) => iheError('V3_TOLERATED', { at, value: `@PID.${path}`, rule: `compared: ${COMPARED}` })),
  }
}

/** A parameter as values of single components; a value that is empty or null asks for nothing. */
function leavesOf(message: Er7Message, raw: string, at: string): readonly Leaf[] {
  const { delimiters } = message
  const [name = '', ...rest] = raw.split(delimiters.component)
  const [whole, field, part, subpart] = PARAMETER.exec(resolveEscapes(delimiters, name).trim()) ?? []
  if (whole === undefined || field === undefined) {
    throw iheError('V3_VALUE', { at, value: name, rule: '@PID.field[.component[.subcomponent]]^value' })
  }
  if (subpart !== undefined)
    return leaf({ path: `${field}.${part}.${subpart}`, value: rest.join(delimiters.component), at }, message)
  const parts = part === undefined ? componentsOf(message, rest) : { [part]: rest[0] ?? '' }
  return Object.entries(parts).flatMap(([position, text]) => {
    const subs = text.split(delimiters.subcomponent)
    if (subs.length === 1) return leaf({ path: `${field}.${position}`, value: text, at }, message)
    return subs.flatMap((value, index) => leaf({ path: `${field}.${position}.${index + 1}`, value, at }, message))
  })
}

/** A whole field as value, its delimiters as they are or escaped, by component. */
function componentsOf({ delimiters }: Er7Message, rest: readonly string[]): Readonly<Record<string, string>> {
  const [only = ''] = rest
  const parts = rest.length === 1 ? resolveEscapes(delimiters, only).split(delimiters.component) : rest
  return Object.fromEntries(parts.map((text, index) => [String(index + 1), text]))
}

function leaf({ path, value, at }: Leaf, { delimiters }: Er7Message): readonly Leaf[] {
  const text = resolveEscapes(delimiters, value).trim()
  return text === '' || isNull(text) ? [] : [{ path, value: text, at }]
}

function slotOf(path: string): string | undefined {
  const [field = '', ...rest] = path.split('.')
  return SLOTS[field]?.[rest.join('.')]
}

/** The values of a field; one whose slot is taken begins the next group. */
function groupsOf(leaves: readonly Leaf[], field: string): readonly Group[] {
  const groups: { at: string; slots: Map<string, string> }[] = []
  for (const { path, value, at } of leaves) {
    const slot = path.startsWith(`${field}.`) ? slotOf(path) : undefined
    if (slot === undefined) continue
    const last = groups.at(-1)
    if (last === undefined || last.slots.has(slot)) groups.push({ at, slots: new Map([[slot, value]]) })
    else last.slots.set(slot, value)
  }
  return groups
}

function onlyGroup([only, second]: readonly Group[]): Group | undefined {
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: second.at, rule: 'one value of this field' })
  return only
}

/** An asterisk at the end of a part asks for more than equal names. */
function nameOf(group: Group | undefined): SoughtName | undefined {
  if (group === undefined) return undefined
  const said = [group.slots.get('family') ?? '', group.slots.get('given') ?? '']
  const [family = '', given = ''] = said.map((part) => withoutEnd(part, /[*＊]/).trim())
  if (family + given === '') return undefined
  return {
    ...(family === '' ? {} : { family }),
    ...(given === '' ? {} : { given }),
    matching: said.some((part) => /[*＊]$/.test(part)) ? 'inexact' : 'exact',
    at: group.at,
  }
}

const UNKNOWN_SEX = 'U'

function readSex(group: Group | undefined): Sought['sex'] {
  const code = group?.slots.get('code')
  if (group === undefined || code === undefined || code === UNKNOWN_SEX) return undefined
  const sex = SEX_OF_PID.get(code)
  if (sex === undefined) throw iheError('V3_VALUE', { at: group.at, value: code, rule: 'HL7 table 0001' })
  return sex
}

/** Year, month and day, as far as they are said; no time, no zone. */
const BIRTH_DATE = /^\d{4,8}/

function readBirth(group: Group | undefined): SoughtBirth | undefined {
  const text = group?.slots.get('date')
  if (group === undefined || text === undefined) return undefined
  if (parseHl7Time(text) === undefined) throw iheError('HL7_TIME', { at: group.at, value: text, rule: 'HL7 v2.5 DTM' })
  const [date = ''] = BIRTH_DATE.exec(text.replaceAll(/^(\d{4})[/-](\d{2})[/-]/g, '$1$2')) ?? []
  return { kind: 'date', date, at: group.at }
}

const ADDRESS_PARTS = ['state', 'city', 'street', 'other', 'district']

function readAddress(group: Group | undefined): Sought['address'] {
  if (group === undefined) return undefined
  const postalCode = group.slots.get('postalCode')
  const parts = ADDRESS_PARTS.flatMap((slot) => group.slots.get(slot) ?? [])
  return { ...(postalCode === undefined ? {} : { postalCode }), parts, at: group.at }
}

function readTelecom(group: Group | undefined): Sought['telecom'] {
  if (group === undefined) return undefined
  const number = ['area', 'local'].flatMap((slot) => group.slots.get(slot) ?? []).join('-')
  const value = ['unformatted', 'text', 'mail'].map((slot) => group.slots.get(slot)).find((text) => text !== undefined)
  return { value: value ?? number, at: group.at }
}

/** @throws {IheError} HL7_FIELD_MISSING for a number without authority. */
function readId({ at, slots }: Group): PdqV2Query['ids'][number] {
  const value = slots.get('value')
  const authority = authorityOf(slots)
  if (authority.namespace + authority.universalId === '') {
    throw iheError('HL7_FIELD_MISSING', { at, rule: '@PID.3.1 needs @PID.3.4, and @PID.18.1 @PID.18.4' })
  }
  return { ...authority, ...(value === undefined ? {} : { value }), at }
}

/** @PID.3.4.1 and @PID.3.4.2, or both in @PID.3.4 with the delimiter escaped. */
function authorityOf(slots: ReadonlyMap<string, string>): NamedAuthority {
  const [namespace = '', universalId = ''] = (slots.get('authority') ?? '').split('&')
  return { namespace: slots.get('namespace') ?? namespace, universalId: slots.get('universalId') ?? universalId }
}
