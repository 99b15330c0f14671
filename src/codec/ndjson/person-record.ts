// Lines of an import or export of the master patient index: one JSON object a line, {domain, value, person, demographics}.

import { Ajv } from 'ajv'
import { OWN_SCHEMAS } from '../../../profiles/own-schemas.ts'
import { formatCx, type Oid, type PatientId, parseCx, parseOid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { PersonRecord, RecordFault } from '../../model/person-record.ts'

/** Control characters and halves of characters are no text to PostgreSQL, nor to whoever asks for it. */
const CLEAN = '^[^\\u0000-\\u001f\\ud800-\\udfff]*$'
const text = { type: 'string', minLength: 1, maxLength: 200, pattern: CLEAN }
const name = {
  type: 'object',
  properties: { representation: { enum: ['IDE', 'SYL', 'ABC'] }, family: text, given: { ...text, minLength: 0 } },
  required: ['representation', 'family', 'given'],
  additionalProperties: false,
}
const names = { type: 'array', maxItems: 10, items: name }
const address = {
  type: 'object',
  properties: { postalCode: text, text },
  required: ['text'],
  additionalProperties: false,
}

/** Schema of one line; OIDs and dates are judged by their own rules. */
const PERSON_RECORD_SCHEMA = {
  type: 'object',
  properties: {
    domain: { type: 'string' },
    value: { ...text, pattern: '^[^\\^\\u0000-\\u001f\\ud800-\\udfff]*$' },
    person: text,
    demographics: {
      type: 'object',
      properties: {
        names: { ...names, minItems: 1 },
        sex: { enum: ['M', 'F', 'UN'] },
        birthTime: { type: 'string' },
        addresses: { type: 'array', maxItems: 10, items: address },
        telecoms: { type: 'array', maxItems: 10, items: text },
        multipleBirth: { type: 'boolean' },
        birthOrder: { type: 'integer', minimum: 1, maximum: 20 },
        deceased: { type: 'boolean' },
        restricted: { type: 'boolean' },
        mother: names,
      },
      required: ['names'],
      additionalProperties: false,
    },
  },
  required: ['value'],
  additionalProperties: false,
} as const

interface Line {
  readonly domain?: string
  readonly value: string
  readonly person?: string
  readonly demographics?: Partial<Demographics> & Pick<Demographics, 'names'>
}

const validate = new Ajv({ ...OWN_SCHEMAS, strict: true, strictTypes: false }).compile<Line>(PERSON_RECORD_SCHEMA)

export interface RecordContext {
  /** Domain of lines that name none, and then of all. */
  readonly domain?: Oid
  readonly affinityDomain: Oid
}

export type ReadRecord = { readonly record: PersonRecord } | { readonly fault: RecordFault; readonly at?: string }

/** Reads one line; what is wrong is named without its value. */
export function readPersonRecord(line: string, context: RecordContext): ReadRecord {
  let given: unknown
  try {
    given = JSON.parse(line)
  } catch {
    return { fault: 'not-json' }
  }
  if (!validate(given)) return wrongMember()
  const id = idOf(given, context)
  if ('fault' in id) return id
  const person = personOf(given, context)
  if ('fault' in person) return person
  if (!isDate(given.demographics?.birthTime)) return { fault: 'bad-date', at: 'demographics.birthTime' }
  return { record: { id, ...person, ...demographicsOf(given) } }
}

function wrongMember(): ReadRecord {
  const [error] = validate.errors ?? []
  const { missingProperty = '', additionalProperty = '' } = error?.params ?? {}
  const path = [...(error?.instancePath ?? '').slice(1).split('/'), `${missingProperty}${additionalProperty}`]
  return {
    fault: 'wrong-member',
    at: path
      .filter((part) => part !== '')
      .join('.')
      .slice(0, 200),
  }
}

function idOf({ domain, value }: Line, context: RecordContext): PatientId | Extract<ReadRecord, { fault: unknown }> {
  if (domain === undefined)
    return context.domain === undefined ? { fault: 'no-domain', at: 'domain' } : { value, authority: context.domain }
  if (context.domain !== undefined && domain !== context.domain) return { fault: 'other-domain', at: 'domain' }
  const authority = parseOid(domain)
  return authority === undefined ? { fault: 'unknown-domain', at: 'domain' } : { value, authority }
}

/** Persons are named by ids of this network's own affinity domain; those of another network mean nothing here. */
function personOf(
  { person }: Line,
  { affinityDomain }: RecordContext,
): Pick<PersonRecord, 'person'> | { fault: 'foreign-person'; at: string } {
  if (person === undefined) return {}
  const id = parseCx(person)
  return id?.authority === affinityDomain ? { person: id.value } : { fault: 'foreign-person', at: 'person' }
}

function demographicsOf({ demographics }: Line): Pick<PersonRecord, 'demographics'> {
  return demographics === undefined ? {} : { demographics: { addresses: [], telecoms: [], ...demographics } }
}

const DATE = /^(\d{4})(?:(\d{2})(?:(\d{2})\d{0,6})?)?$/
const FIRST_YEAR = 1850

/** YYYY[MM[DD[hhmmss]]] of a day that was, in the calendar and not after tomorrow. */
function isDate(given: string | undefined): boolean {
  if (given === undefined) return true
  const [, year, month = '01', day = '01'] = DATE.exec(given) ?? []
  if (year === undefined || Number(year) < FIRST_YEAR) return false
  const iso = `${year}-${month}-${day}`
  const date = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso) && date.getTime() <= tomorrow()
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Somewhere it is tomorrow already. */
function tomorrow(): number {
  return Date.now() + DAY_MS
}

/** One line, as {@link readPersonRecord} reads it. */
export function writePersonRecord({ id, person, demographics }: PersonRecord, affinityDomain: Oid): string {
  const line = {
    domain: id.authority,
    value: id.value,
    ...(person === undefined ? {} : { person: formatCx({ value: person, authority: affinityDomain }) }),
    ...(demographics === undefined ? {} : { demographics }),
  }
  return `${JSON.stringify(line)}\n`
}
