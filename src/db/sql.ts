// SQL as named constants: a tagged template becomes a prepared statement whose name is a hash of its text (2-3 times faster than unnamed).

import { createHash } from 'node:crypto'
import type pg from 'pg'
import { refusalOf } from './failure.ts'

/** Text, values and the name under which a connection keeps the plan. */
export interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

/** A pool, or one connection of it within a transaction. */
export type Queryable = pg.Pool | pg.ClientBase

const NAME_LENGTH = 20
/** Bound of the names kept; texts come from call sites, so a server has some hundred. */
const MAX_NAMES = 5000

const sites = new WeakMap<TemplateStringsArray, { readonly name: string; readonly text: string }>()
const names = new Map<string, string>()

/**
 * A statement with its values as parameters: sql`select … where id = ${id}`.
 * A value that is itself a statement is set in as text, its parameters renumbered; use that for few variants, not for lists.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Statement {
  if (values.some(isStatement)) return compose(strings, values)
  let site = sites.get(strings)
  if (site === undefined) {
    const text = strings.reduce((joined, part, index) => `${joined}$${index}${part}`)
    site = { text, name: nameOf(text) }
    sites.set(strings, site)
  }
  return { ...site, values }
}

/** The name of a part, to stand in a statement as it is; never made of what a message holds. */
export function named(text: string): Statement {
  return { name: text, text, values: [] }
}

/** Parts of a clause one after the other, with commas between them. */
export function joined(parts: readonly Statement[]): Statement {
  const [first, ...more] = parts
  if (first === undefined) throw new Error('there is nothing to join')
  return more.reduce((before, part) => sql`${before}, ${part}`, first)
}

/**
 * The rows of a statement.
 * @throws {IheError} BUSY when the database cannot be reached or has no room; other database errors as they are, with their SQLSTATE.
 */
export async function query<T>(client: Queryable, statement: Statement): Promise<readonly T[]> {
  return (await run(client, statement)).rows as T[]
}

/**
 * The only row of a statement, undefined when there is none.
 * @throws as query.
 */
export async function queryOne<T>(client: Queryable, statement: Statement): Promise<T | undefined> {
  return (await query<T>(client, statement))[0]
}

/**
 * Runs a statement for its effect; the number of rows it touched.
 * @throws as query.
 */
export async function execute(client: Queryable, statement: Statement): Promise<number> {
  return (await run(client, statement)).rowCount ?? 0
}

async function run(client: Queryable, { name, text, values }: Statement): Promise<pg.QueryResult> {
  try {
    return await client.query({ name, text, values: values as unknown[] })
  } catch (error) {
    throw refusalOf(error)
  }
}

/**
 * Runs the parts of a WITH clause as one statement, one round trip: each part is `name as (insert … )`, and all of them see the
 * state before it.
 */
export async function executeTogether(client: Queryable, parts: readonly Statement[]): Promise<void> {
  if (parts.length === 0) return
  const key = parts.map(({ name, values }) => `${name} ${values.length}`).join()
  const { name, text } = remembered(TOGETHER, key, () => {
    let offset = 0
    const clauses = parts.map((part) => {
      const clause = renumbered(part.text, offset)
      offset += part.values.length
      return clause
    })
    return `with ${clauses.join(', ')} select 1`
  })
  await execute(client, { name, text, values: parts.flatMap(({ values }) => values) })
}

/** The text of a composed statement is made once: it follows from its site and from the names of the statements in it. */
function compose(strings: TemplateStringsArray, given: readonly unknown[]): Statement {
  const values: unknown[] = []
  let key = ''
  for (const value of given) {
    if (isStatement(value)) {
      key += `${value.name} ${value.values.length},`
      for (const inner of value.values) values.push(inner)
    } else {
      key += ','
      values.push(value)
    }
  }
  return { ...remembered(strings, key, () => composedText(strings, given)), values }
}

function composedText(strings: TemplateStringsArray, given: readonly unknown[]): string {
  let count = 0
  let text = strings[0] ?? ''
  for (const [index, value] of given.entries()) {
    if (isStatement(value)) {
      text += renumbered(value.text, count)
      count += value.values.length
    } else {
      count += 1
      text += `$${count}`
    }
    text += strings[index + 1] ?? ''
  }
  return text
}

function renumbered(text: string, offset: number): string {
  return offset === 0 ? text : text.replace(/\$(\d+)/g, (_, number: string) => `$${Number(number) + offset}`)
}

interface Text {
  readonly name: string
  readonly text: string
}

/** Statements that executeTogether joins, as if they were written at one place. */
const TOGETHER: object = {}
const composed = new WeakMap<object, Map<string, Text>>()

function remembered(site: object, key: string, make: () => string): Text {
  const known = composed.get(site) ?? new Map<string, Text>()
  composed.set(site, known)
  const found = known.get(key)
  if (found !== undefined) return found
  const text = make()
  const entry = { name: nameOf(text), text }
  if (known.size < MAX_NAMES) known.set(key, entry)
  return entry
}

function isStatement(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && 'text' in value && 'values' in value && 'name' in value
}

function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = createHash('sha256').update(text).digest('base64url').slice(0, NAME_LENGTH)
  if (names.size < MAX_NAMES) names.set(text, name)
  return name
}
