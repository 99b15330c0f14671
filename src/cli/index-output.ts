// How the master patient index is shown to people: what a source says of a person, and why two records were taken for one.

import { isObject, type Json, textOf } from './admin-client.ts'
import { type Column, formatTable } from './output.ts'

/** Columns of JSON members; a title that is given as `member=TITLE` differs from the member. */
export function membersOf(...members: readonly string[]): readonly Column<Json>[] {
  return members.map((given) => {
    const [member = '', title = member.toUpperCase()] = given.split('=')
    return { title, value: (row) => cellOf(member, row[member]) }
  })
}

function cellOf(member: string, value: unknown): string {
  if (member === 'score' || member === 'bits') return bitsOf(value)
  return typeof value === 'string' && TIME.test(value) ? timeOf(value) : described(value)
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/

/** A time without its fractions. */
function timeOf(text: string): string {
  return `${text.slice(0, 19)}Z`
}

function bitsOf(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(1) : ''
}

/** A value of demographics as one line: a name, addresses, telephone numbers. */
export function described(value: unknown): string {
  if (Array.isArray(value)) return value.map(described).join('; ')
  if (!isObject(value)) return typeof value === 'boolean' ? String(value) : textOf(value)
  if ('family' in value) return `${textOf(value.family)} ${textOf(value.given)}`.trim()
  if ('text' in value) return `${textOf(value.postalCode)} ${textOf(value.text)}`.trim()
  return JSON.stringify(value)
}

const SCRIPTS = [
  ['IDE', 'kanji'],
  ['SYL', 'kana'],
  ['ABC', 'romaji'],
] as const

/** What a source says, attribute by attribute. */
export function attributesOf(demographics: unknown): ReadonlyMap<string, string> {
  if (!isObject(demographics)) return new Map()
  const { names, ...rest } = demographics
  const all = Array.isArray(names) ? names.filter(isObject) : []
  const written = SCRIPTS.flatMap(([code, script]) => {
    const found = all.filter(({ representation }) => representation === code)
    return found.length === 0 ? [] : [[`name, ${script}`, described(found)] as const]
  })
  const others = Object.keys(rest)
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .flatMap((attribute) => {
      const text = described(rest[attribute])
      return text === '' ? [] : [[attribute, text] as const]
    })
  return new Map([...written, ...others])
}

/** In the order in which people compare; what is not named comes last. */
const ORDER = ['sex', 'birthTime', 'addresses', 'telecoms', 'mother']

function placeOf(attribute: string): number {
  const at = ORDER.indexOf(attribute)
  return at < 0 ? ORDER.length : at
}

/** `name IDE` as people call it. */
export function attributeLabel(attribute: string): string {
  const [, script] = SCRIPTS.find(([code]) => attribute === `name ${code}`) ?? []
  return script === undefined ? attribute : `name, ${script}`
}

/** Comparison by field: level and bits, their sum, and the rules that stood above it. */
export function explained(comparison: unknown): string {
  if (!isObject(comparison)) return ''
  const fields = listOf(comparison.fields)
  const sum = { field: 'sum', level: '', bits: comparison.score }
  const table = formatTable([...fields, sum], membersOf('field', 'level', 'bits'))
  const rules = listOf(comparison.rules).map(ruleText)
  const certain = textOf(comparison.deterministic)
  return `${table}${rules.join('')}${certain === '' ? '' : `links without a score: ${certain}\n`}`
}

function ruleText({ rule, effect, says }: Json): string {
  const words = textOf(says)
  return `rule ${textOf(rule)}: ${textOf(effect)}${words === '' ? '' : `. ${words}`}\n`
}

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
