// The kinds of settings: how a value is checked, read from text (environment, flags) and described to the person who set it.

import { AFFIRMATIVE, NEGATIVE, parseBytes } from './text.ts'

/** Where a value can come from, strongest last. */
const LAYERS = ['default', 'file', 'environment', 'flag'] as const
export type Layer = (typeof LAYERS)[number]

export type Plain = string | number | boolean | readonly string[] | undefined

/** One row of the settings table. `T` is the type of the effective value. */
export interface Setting<T extends Plain = Plain> {
  /** JSON Schema of the value, checked by ajv. */
  readonly schema: Readonly<Record<string, unknown>>
  /** A text default of a path may name another setting in braces: `{dataDir}/pki/ca.crt`. */
  readonly default: T
  readonly description: string
  readonly example: string
  /** What would do, as the end of a sentence: "needs …". */
  readonly expects: string
  /** Turns text of the environment or a flag into the value; text it cannot read is returned as it is and refused by the schema. */
  readonly fromText: (text: string) => unknown
  readonly isPath: boolean
  readonly isSecret: boolean
  /** Names of environment variables besides the derived one. */
  readonly aliases: readonly string[]
}

type Given<T extends Plain> = { readonly default: T } & Pick<Setting, 'description'> &
  Partial<Omit<Setting<T>, 'default'>>

function setting<T extends Plain>(base: Pick<Setting, 'schema' | 'expects' | 'fromText'>, given: Given<T>): Setting<T> {
  return {
    ...base,
    example: Array.isArray(given.default) ? given.default.join(',') : String(given.default ?? ''),
    isPath: false,
    isSecret: false,
    aliases: [],
    ...given,
  }
}

const asIs = (text: string): unknown => text
const toInteger = (text: string): unknown => (/^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text)

export function text<T extends string | undefined = string>(given: Given<T>): Setting<T> {
  return setting({ schema: { type: 'string', minLength: 1 }, expects: 'a text', fromText: asIs }, given)
}

export function path(given: Given<string>): Setting<string> {
  return { ...text(given), expects: 'a path', isPath: true }
}

export function integer(given: Given<number>, minimum: number, maximum: number): Setting<number> {
  const expects = `a whole number from ${minimum} to ${maximum}`
  return setting({ schema: { type: 'integer', minimum, maximum }, expects, fromText: toInteger }, given)
}

/** A TCP port; 0 lets the system choose a free one. */
export function port(given: Given<number>): Setting<number> {
  return integer(given, 0, 65535)
}

/** A port of something that does not listen unless it is set. */
export function optionalPort(given: Given<number | undefined>): Setting<number | undefined> {
  const schema = { type: 'integer', minimum: 0, maximum: 65535 }
  return setting<number | undefined>({ schema, expects: 'a whole number from 0 to 65535', fromText: toInteger }, given)
}

/** A number of bytes; text and file may say `64 MiB`. */
export function bytes(given: Given<number>, minimum: number): Setting<number> {
  const expects = `a number of bytes of at least ${minimum}, such as 1048576 or "1 MiB"`
  const fromText = (value: string): unknown => parseBytes(value) ?? value
  return setting({ schema: { type: 'integer', minimum }, expects, fromText }, given)
}

/** A number of bytes that is found otherwise unless it is set. */
export function optionalBytes(given: Given<number | undefined>, minimum: number): Setting<number | undefined> {
  const { schema, expects, fromText } = bytes({ ...given, default: minimum }, minimum)
  return setting<number | undefined>({ schema, expects, fromText }, given)
}

export function flag(given: Given<boolean>): Setting<boolean> {
  const fromText = (value: string): unknown => {
    const word = value.trim().toLowerCase()
    if (AFFIRMATIVE.has(word)) return true
    return NEGATIVE.has(word) ? false : value
  }
  return setting({ schema: { type: 'boolean' }, expects: 'true or false', fromText }, given)
}

export function choice<const V extends string>(values: readonly V[], given: Given<V>): Setting<V> {
  const expects = `one of ${values.join(', ')}`
  return setting<V>({ schema: { enum: values }, expects, fromText: asIs }, given)
}

export function list(given: Given<readonly string[]>): Setting<readonly string[]> {
  const fromText = (value: string): unknown =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  const schema = { type: 'array', items: { type: 'string', minLength: 1 } }
  return setting({ schema, expects: 'a list of texts (in a variable or flag: separated by commas)', fromText }, given)
}

/** Texts of a fixed form. `expects` says the form in words. */
export function formedList(
  pattern: string,
  given: Given<readonly string[]> & { readonly expects: string },
): Setting<readonly string[]> {
  const base = list(given)
  return { ...base, schema: { type: 'array', items: { type: 'string', pattern } }, expects: given.expects }
}

/** Text of a fixed form. `expects` says the form in words. */
export function formed<T extends string | undefined = string>(
  pattern: string,
  given: Given<T> & { readonly expects: string },
): Setting<T> {
  return setting<T>({ schema: { type: 'string', pattern }, expects: given.expects, fromText: asIs }, given)
}
