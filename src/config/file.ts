// Reads tsunagi.yaml into dotted keys (design §5).

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { ConfigError } from './error.ts'
import { settings } from './settings.ts'

export interface ConfigFile {
  readonly path: string
  readonly directory: string
  /** Values by dotted key; keys that are no setting are kept, so that they can be named. */
  readonly values: ReadonlyMap<string, unknown>
}

const DEFAULT_FILE = 'tsunagi.yaml'

/**
 * Reads the file `named`, or tsunagi.yaml of the working directory when there is one.
 * @throws {ConfigError} when a named file is missing, or a file is not a YAML mapping or says a key twice.
 */
export function readConfigFile({
  named,
  cwd,
}: {
  readonly named: string | undefined
  readonly cwd: string
}): ConfigFile {
  const path = resolve(cwd, named ?? DEFAULT_FILE)
  if (named === undefined && !existsSync(path)) return { path, directory: cwd, values: new Map() }
  const document = parseDocument(readText(path), { prettyErrors: true })
  const first = document.errors[0]
  if (first !== undefined) throw new ConfigError([`${path} is not YAML: ${first.message}`])
  const root: unknown = document.toJS({ maxAliasCount: 10 })
  if (root !== null && !isMapping(root)) {
    throw new ConfigError([`${path} must hold keys and values, such as "https:" with "port: 8443" below it`])
  }
  const found = root === null ? [] : flatten(root, '')
  const values = new Map(found)
  if (values.size < found.length)
    throw new ConfigError(twice(found).map((key) => `${path} says ${key} twice: keep one of them`))
  return { path, directory: dirname(path), values }
}

/** Keys that stand below a heading and with dots: YAML refuses those only that are written alike. */
function twice(found: readonly (readonly [string, unknown])[]): readonly string[] {
  const keys = found.map(([key]) => key)
  return [...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))]
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError([`the configuration file ${path} cannot be read: ${(error as Error).message}`])
  }
}

function flatten(mapping: Readonly<Record<string, unknown>>, prefix: string): readonly [string, unknown][] {
  return Object.entries(mapping).flatMap(([name, value]): readonly [string, unknown][] => {
    const key = `${prefix}${name}`
    if (value === null) return []
    return isMapping(value) && !Object.hasOwn(settings, key) ? flatten(value, `${key}.`) : [[key, value]]
  })
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
