// Judges configured values: ajv finds what will not do, our words say which key, which value, from where, and what would do.

import { Ajv } from 'ajv'
import { OWN_SCHEMAS } from '../../profiles/own-schemas.ts'
import type { ConfigFile } from './file.ts'
import {
  environmentName,
  fileVariable,
  furtherChecks,
  type SettingKey,
  settingKeys,
  settings,
  upperBounds,
} from './settings.ts'
import { nearest } from './text.ts'

/** One value on its way to become effective: as read, as it was written, and where. */
export interface Found {
  readonly value: unknown
  readonly given: unknown
  readonly source: string
  /** Directory that a relative path counts from. */
  readonly base: string
}

const validate = new Ajv({ ...OWN_SCHEMAS, allErrors: true, strict: true }).compile({
  type: 'object',
  properties: Object.fromEntries(settingKeys.map((key) => [key, settings[key].schema])),
  additionalProperties: false,
})

const SHOWN_LENGTH = 80
const KEY_EDITS = 5
/** Other programs may own variables that begin alike (Kubernetes makes TSUNAGI_SERVICE_HOST), so only near misses are refused. */
const VARIABLE_EDITS = 2
const OTHER_FLAGS: ReadonlySet<string> = new Set(['config'])
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['TSUNAGI_CONFIG', 'TSUNAGI_FAILPOINT'])

export function checkValues(found: ReadonlyMap<SettingKey, Found>): readonly string[] {
  const flat = Object.fromEntries(
    [...found].map(([key, { value }]) => [key, value]).filter(([, value]) => value !== undefined),
  )
  const refused = new Set<SettingKey>()
  if (!validate(flat)) {
    for (const error of validate.errors ?? []) refused.add(keyOf(error.instancePath))
  }
  for (const key of settingKeys) {
    const check = furtherChecks[key]
    const value = flat[key]
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (check !== undefined && texts.some((text) => typeof text === 'string' && !check(text))) refused.add(key)
  }
  return [...[...refused].map((key) => refusal(key, found.get(key))), ...aboveBounds(found)]
}

/** Each of two numbers will do, but not the two together. */
function aboveBounds(found: ReadonlyMap<SettingKey, Found>): readonly string[] {
  return settingKeys.flatMap((key) => {
    const bound = upperBounds[key]
    if (bound === undefined) return []
    const [value, most] = [found.get(key), found.get(bound)]
    if (typeof value?.value !== 'number' || typeof most?.value !== 'number' || value.value <= most.value) return []
    return [
      `${key}: ${value.value} (from ${value.source}) will not do; it must not be above ${bound}, which is ${most.value} (from ${most.source})`,
    ]
  })
}

export function unknownKeys(file: ConfigFile, flags: Readonly<Record<string, unknown>>): readonly string[] {
  const written = [...file.values.keys()].map((key) => ({ key, source: file.path }))
  const given = Object.keys(flags).filter((key) => flags[key] !== undefined && !OTHER_FLAGS.has(key))
  return [...written, ...given.map((key) => ({ key, source: `--set ${key}` }))]
    .filter(({ key }) => !Object.hasOwn(settings, key))
    .map(({ key, source }) => {
      const meant = nearest(key, settingKeys, KEY_EDITS) ?? settingKeys.find((known) => known.endsWith(`.${key}`))
      const hint = meant === undefined ? '"tsunagi config explain" lists the settings' : `did you mean ${meant}?`
      return `${key} (${source}) is not a setting; ${hint}`
    })
}

export function unknownVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const secrets = settingKeys.filter((key) => settings[key].isSecret)
  const known = new Set([...settingKeys.map(environmentName), ...secrets.map(fileVariable)])
  return Object.keys(env)
    .filter((name) => name.startsWith('TSUNAGI_') && !known.has(name) && !OTHER_VARIABLES.has(name))
    .flatMap((name) => {
      const meant = nearest(name, known, VARIABLE_EDITS)
      return meant === undefined ? [] : [`the variable ${name} is not a setting; did you mean ${meant}?`]
    })
}

function keyOf(instancePath: string): SettingKey {
  return (instancePath.split('/')[1] ?? '') as SettingKey
}

function refusal(key: SettingKey, found: Found | undefined): string {
  const { expects, example, isSecret } = settings[key]
  const value = isSecret ? 'the value' : shorten(found?.given)
  const suggestion = example === '' ? '' : `, for example ${example}`
  return `${key}: ${value} (from ${found?.source ?? 'default'}) will not do; it needs ${expects}${suggestion}`
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
