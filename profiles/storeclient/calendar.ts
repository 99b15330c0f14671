// Rows of the calendar and which document goes into which, as data: of a data kind by its `calendarRow`, of other documents by their codes.

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { OWN_SCHEMAS } from '../own-schemas.ts'
import { type DataKind, dataKinds } from './index.ts'
import { KIND_NAMES, type KindName } from './schema.ts'

export interface CalendarRow {
  readonly key: string
  readonly name: { readonly ja: string; readonly en: string }
  /** A list that counts until the next one comes: shown in every period, whatever its time. */
  readonly standing: boolean
}

/** The members that are given must all fit. */
interface Assignment {
  readonly kind?: KindName
  readonly classCode?: string
  readonly typeCode?: string
  readonly eventCode?: string
  /** Japanese name of the row; null keeps the document out of the calendar. */
  readonly row: string | null
}

interface CalendarTable {
  readonly rows: readonly CalendarRow[]
  readonly assignments: {
    /** Asked before the row of the data kind. */
    readonly before: readonly Assignment[]
    /** Asked for documents that are of no data kind; the last one fits all. */
    readonly after: readonly Assignment[]
  }
}

export interface Assigned {
  readonly kind?: KindName | undefined
  /** Codes without scheme. */
  readonly classCode: string
  readonly typeCode: string
  readonly eventCodes?: readonly string[]
}

const text = { type: 'string', minLength: 1 } as const
const name = {
  type: 'object',
  properties: { ja: text, en: text },
  required: ['ja', 'en'],
  additionalProperties: false,
} as const
const row = {
  type: 'object',
  properties: { key: { type: 'string', pattern: '^[a-z]+(-[a-z]+)*$' }, name, standing: { type: 'boolean' } },
  required: ['key', 'name', 'standing'],
  additionalProperties: false,
} as const
const assignments = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      kind: { enum: KIND_NAMES },
      classCode: text,
      typeCode: text,
      eventCode: text,
      row: { anyOf: [text, { type: 'null' }] },
    },
    required: ['row'],
    additionalProperties: false,
  },
} as const
const schema = {
  type: 'object',
  properties: {
    rows: { type: 'array', minItems: 1, items: row },
    assignments: {
      type: 'object',
      properties: { before: assignments, after: assignments },
      required: ['before', 'after'],
      additionalProperties: false,
    },
  },
  required: ['rows', 'assignments'],
  additionalProperties: false,
} as const

const validate = new Ajv({ ...OWN_SCHEMAS, allErrors: true }).compile<CalendarTable>(schema)

/** @throws {Error} naming what does not fit the schema, and rows that are assigned and do not exist. */
export function readCalendarTable(json: unknown, kinds: readonly DataKind[]): CalendarTable {
  if (!validate(json)) {
    const places = (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`)
    throw new Error(`calendar: ${places.join('; ')}`)
  }
  const known = new Set(json.rows.map((row) => row.name.ja))
  const { before, after } = json.assignments
  const used = [...[...before, ...after].map((one) => one.row), ...kindRows(kinds, before)]
  const unknown = used.filter((one) => one !== null && !known.has(one))
  if (unknown.length > 0) throw new Error(`calendar: no such row: ${[...new Set(unknown)].join(', ')}`)
  return json
}

/** Rows of the kinds that no assignment takes out of their own hands. */
function kindRows(kinds: readonly DataKind[], before: readonly Assignment[]): readonly (string | null)[] {
  const assigned = new Set(
    before.filter(({ typeCode, eventCode }) => (typeCode ?? eventCode) === undefined).map(({ kind }) => kind),
  )
  return kinds.filter(({ kind }) => !assigned.has(kind)).map(({ calendarRow }) => calendarRow)
}

const own = JSON.parse(readFileSync(new URL('./calendar.json', import.meta.url), 'utf8')) as unknown
const table = readCalendarTable(own, dataKinds)

/** The calendar of one site. */
export interface CalendarRows {
  /** In the order in which they are shown. */
  readonly rows: readonly CalendarRow[]
  /** The row of a document; undefined when it has no place in the calendar. */
  readonly rowOf: (assigned: Assigned) => CalendarRow | undefined
  /** The data kind whose message the document is; undefined for everything else, also for the files of a message. */
  readonly kindOfFormat: (formatCode: string) => DataKind | undefined
}

/** @param kinds with the site's names, codes and rows: a row that we do not have comes after ours, its name is its key. */
export function calendarOf(kinds: readonly DataKind[] = dataKinds): CalendarRows {
  const known = new Set(table.rows.map(({ name }) => name.ja))
  const names = kindRows(kinds, table.assignments.before).flatMap((name) => name ?? [])
  const further = [...new Set(names)].filter((name) => !known.has(name))
  const rows = [...table.rows, ...further.map((name) => ({ key: name, name: { ja: name, en: name }, standing: false }))]
  const byName = new Map(rows.map((row) => [row.name.ja, row]))
  // What was registered before the site had a code of its own still has ours.
  const byFormat = new Map(
    [dataKinds, kinds].flatMap((list) =>
      list.map(({ kind, formatCode }) => [formatCode.code, kinds.find((one) => one.kind === kind)] as const),
    ),
  )
  return {
    rows,
    rowOf: (assigned) => {
      const name = rowName(assigned, kinds)
      return name === null ? undefined : byName.get(name)
    },
    kindOfFormat: (formatCode) => byFormat.get(formatCode),
  }
}

function rowName(assigned: Assigned, kinds: readonly DataKind[]): string | null {
  const fits = ({ eventCode, ...one }: Assignment): boolean =>
    (['kind', 'classCode', 'typeCode'] as const).every(
      (member) => one[member] === undefined || one[member] === assigned[member],
    ) &&
    (eventCode === undefined || (assigned.eventCodes ?? []).includes(eventCode))
  const { before, after } = table.assignments
  const first = before.find(fits)
  if (first !== undefined) return first.row
  const kind = kinds.find((one) => one.kind === assigned.kind)
  return kind === undefined ? (after.find(fits)?.row ?? null) : kind.calendarRow
}
