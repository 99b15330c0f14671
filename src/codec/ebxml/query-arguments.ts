// Slots of an AdhocQuery read by the row of the query: which may come, how often, and what their values are (ITI TF-2 3.18.4.1.2.3.5).

import { iheError } from '../../../profiles/errors/index.ts'
import type { QueryParameter, StoredQueryRow } from '../../../profiles/queries/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import { attributeOf, childrenOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { membersOf, onlyOf, onlyText } from './complete.ts'
import {
  MAX_PARAMETER_VALUES,
  parseCode,
  parseList,
  parseNumber,
  parsePattern,
  parseString,
  parseTime,
  tooManyValues,
} from './query-value.ts'

/** Values of the parameters given, by name. */
export interface Arguments {
  /** Of a parameter with one value. */
  readonly one: (name: string) => string | undefined
  /** Of a list: its values, undefined when it is not given. */
  readonly list: (name: string) => readonly string[] | undefined
  /** Outer AND (repeated slot), inner OR (values); empty when it is not given. */
  readonly filter: (name: string) => readonly (readonly string[])[]
}

/** @throws {IheError} QUERY_PARAMETER_MISSING, QUERY_PARAMETER_NUMBER, QUERY_PARAMETER_VALUE, QUERY_VALUES_LIMIT */
export function readArguments(row: StoredQueryRow, query: XmlElement): Arguments {
  const slots = slotsByName(query)
  const given = new Map<string, readonly (readonly string[])[]>()
  for (const parameter of row.parameters) {
    refuseSchemeSlot(parameter, slots)
    const own = slots.get(parameter.name) ?? []
    if (own.length > 1 && parameter.repeat === 'no')
      throw iheError('QUERY_PARAMETER_NUMBER', { at: parameter.name, rule: row.section })
    if (own.length > 0) given.set(parameter.name, readSlots(parameter, own))
    else if (parameter.required === 'yes')
      throw iheError('QUERY_PARAMETER_MISSING', { at: parameter.name, rule: row.section })
  }
  checkCombination(row, given)
  return {
    one: (name) => given.get(name)?.[0]?.[0],
    list: (name) => given.get(name)?.flat(),
    filter: (name) => given.get(name) ?? [],
  }
}

function slotsByName(query: XmlElement): ReadonlyMap<string, readonly XmlElement[]> {
  const slots = new Map<string, XmlElement[]>()
  for (const slot of childrenOf(query, NS.rim, 'Slot')) {
    const name = attributeOf(slot, 'name') ?? ''
    const known = slots.get(name)
    if (known === undefined) slots.set(name, [slot])
    else known.push(slot)
  }
  return slots
}

/** The scheme once stood in a parameter of its own; ignoring it would make another query of it. */
function refuseSchemeSlot({ name, value }: QueryParameter, slots: ReadonlyMap<string, unknown>): void {
  if (value === 'code' && slots.has(`${name}Scheme`))
    throw iheError('QUERY_PARAMETER_VALUE', { at: `${name}Scheme`, rule: 'ITI TF-2 3.18.4.1.2.3.5 code^^scheme' })
}

function checkCombination(row: StoredQueryRow, given: ReadonlyMap<string, unknown>): void {
  const { exactlyOneOf = [], atLeastOneOf = [], section } = row
  const present = exactlyOneOf.filter((name) => given.has(name))
  if (present.length > 1) throw iheError('QUERY_PARAMETER_NUMBER', { at: present.join(' and '), rule: section })
  for (const names of [exactlyOneOf, atLeastOneOf])
    if (names.length > 0 && !names.some((name) => given.has(name)))
      throw iheError('QUERY_PARAMETER_MISSING', { at: names.join(' or '), rule: section })
}

/** One list a slot; the limit holds for all of them together. */
function readSlots(parameter: QueryParameter, slots: readonly XmlElement[]): readonly (readonly string[])[] {
  let room = MAX_PARAMETER_VALUES
  return slots.map((slot) => {
    const values = readValues(parameter, { slot, room })
    room -= values.length
    return values
  })
}

function readValues(
  parameter: QueryParameter,
  { slot, room }: { readonly slot: XmlElement; readonly room: number },
): readonly string[] {
  const { name } = parameter
  const list = onlyOf(slot, NS.rim, 'ValueList')
  const raw = list === undefined ? [] : membersOf(list, [[NS.rim, 'Value']]).map(onlyText)
  const [first] = raw
  if (first === undefined) throw iheError('QUERY_PARAMETER_MISSING', { at: name, rule: 'a slot without value' })
  if (parameter.list === 'no') {
    if (raw.length > 1 || isListOfSeveral(name, first))
      throw iheError('QUERY_PARAMETER_NUMBER', { at: name, rule: 'single value' })
    return [readOne(parameter, first)]
  }
  const members: string[] = []
  for (const value of raw) {
    members.push(...parseList(name, value))
    if (members.length > room) throw tooManyValues(name)
  }
  return parameter.value === 'string' ? members : members.map((member) => readMember(parameter, member))
}

function isListOfSeveral(name: string, raw: string): boolean {
  return /^\s*\(/.test(raw) && parseList(name, raw).length > 1
}

function readOne({ name, value }: QueryParameter, raw: string): string {
  switch (value) {
    case 'time':
      return parseTime(name, raw)
    case 'number':
      return parseNumber(name, raw)
    case 'like':
      return parsePattern(name, parseString(name, raw))
    case 'code':
      return parseCode(name, parseString(name, raw))
    case 'string':
      return parseString(name, raw)
  }
  return value satisfies never
}

function readMember({ name, value }: QueryParameter, member: string): string {
  switch (value) {
    case 'code':
      return parseCode(name, member)
    case 'like':
      return parsePattern(name, member)
    case 'time':
    case 'number':
    case 'string':
      return member
  }
  return value satisfies never
}
