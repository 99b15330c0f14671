// The effective configuration: defaults, then tsunagi.yaml, then environment, then flags; the later one wins (design §5).

import { resolve } from 'node:path'
import { checkValues, type Found, unknownKeys, unknownVariables } from './check.ts'
import { ConfigError } from './error.ts'
import { type ConfigFile, readConfigFile } from './file.ts'
import { readSecretFile, refuseOpenFile } from './secret-file.ts'
import type { Plain } from './setting.ts'
import { type Config, environmentName, fileVariable, type SettingKey, settingKeys, settings } from './settings.ts'

export { ConfigError } from './error.ts'
export type { Config } from './settings.ts'

export interface ConfigInput {
  /** Flat record of keys (`https.port`) to values, as the command line gave them; `config` is the path of the file. */
  readonly flags?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

export interface ExplainedSetting {
  readonly key: string
  /** The effective value; a secret shows only what is harmless. */
  readonly value: string
  /** `default`, the path of the file, the name of the variable, or the flag. */
  readonly source: string
  readonly description: string
  readonly environment: string
}

/**
 * Reads the configuration.
 * @throws {ConfigError} naming every value that will not do, where it came from and what would do.
 */
export function loadConfig(input: ConfigInput = {}): Config {
  return nest(effective(input))
}

/**
 * One row a setting, for `tsunagi config explain`.
 * @throws {ConfigError} as loadConfig.
 */
export function explainConfig(input: ConfigInput = {}): readonly ExplainedSetting[] {
  const found = effective(input)
  return settingKeys.map((key) => {
    const { value, source } = found.get(key) ?? { value: undefined, source: 'default' }
    return {
      key,
      value: shown(key, value),
      source,
      description: settings[key].description,
      environment: environmentName(key),
    }
  })
}

function effective({
  flags = {},
  env = process.env,
  cwd = process.cwd(),
}: ConfigInput): ReadonlyMap<SettingKey, Found> {
  const file = readConfigFile({ named: textOf(flags.config) ?? env.TSUNAGI_CONFIG, cwd })
  const found = new Map<SettingKey, Found>()
  for (const key of settingKeys) found.set(key, fromLayers(key, { file, env, flags, cwd }))
  const problems = [...unknownKeys(file, flags), ...unknownVariables(env), ...checkValues(found)]
  if (problems.length > 0) throw new ConfigError(problems)
  return resolvePaths(found, cwd)
}

interface Layers {
  readonly file: ConfigFile
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: Readonly<Record<string, string | number | boolean | undefined>>
  readonly cwd: string
}

function fromLayers(key: SettingKey, { file, env, flags, cwd }: Layers): Found {
  const setting = settings[key]
  const read = (value: unknown): unknown => (typeof value === 'string' ? setting.fromText(value) : value)
  const given = flags[key]
  if (given !== undefined) return { value: read(given), given, source: `--set ${key}`, base: cwd }
  for (const name of [environmentName(key), ...setting.aliases]) {
    const text = env[name]
    if (text !== undefined && text !== '') return { value: read(text), given: text, source: name, base: cwd }
  }
  const secret = setting.isSecret ? env[fileVariable(key)] : undefined
  if (secret !== undefined && secret !== '') {
    const given = readSecretFile(resolve(cwd, secret), fileVariable(key))
    return { value: read(given), given, source: fileVariable(key), base: cwd }
  }
  const written = file.values.get(key)
  if (written !== undefined) {
    // An address without a password is no secret.
    if (setting.isSecret && holdsSecret(written)) refuseOpenFile(file.path, key)
    return { value: read(written), given: written, source: file.path, base: file.directory }
  }
  return { value: setting.default, given: setting.default, source: 'default', base: cwd }
}

/** A relative path counts from the file it stands in; from a variable or flag, from the working directory. */
function resolvePaths(found: ReadonlyMap<SettingKey, Found>, cwd: string): ReadonlyMap<SettingKey, Found> {
  const own = found.get('dataDir')
  const dataDir = resolve(own?.base ?? cwd, String(own?.value))
  const resolved = new Map<SettingKey, Found>()
  for (const [key, entry] of found) {
    const path = settings[key].isPath
      ? resolve(
          entry.base,
          String(entry.value).replace('{dataDir}', () => dataDir),
        )
      : entry.value
    resolved.set(key, { ...entry, value: path })
  }
  return resolved
}

function nest(found: ReadonlyMap<SettingKey, Found>): Config {
  const root: Record<string, unknown> = {}
  for (const [key, { value }] of found) {
    const parts = key.split('.')
    const last = parts.pop() ?? key
    let place = root
    for (const part of parts) {
      const next = (place[part] ?? {}) as Record<string, unknown>
      place[part] = next
      place = next
    }
    place[last] = value
  }
  return root as Config
}

function shown(key: SettingKey, value: unknown): string {
  const plain = value as Plain
  if (plain === undefined) return ''
  if (!settings[key].isSecret) return Array.isArray(plain) ? plain.join(',') : String(plain)
  return maskedUrl(String(plain))
}

function holdsSecret(value: unknown): boolean {
  const text = String(value)
  return maskedUrl(text) !== (URL.canParse(text) ? new URL(text).href : text)
}

function maskedUrl(text: string): string {
  if (!URL.canParse(text)) return '(set)'
  const url = new URL(text)
  if (url.password !== '') url.password = '***'
  for (const name of [...url.searchParams.keys()]) {
    if (name.toLowerCase().includes('password')) url.searchParams.set(name, '***')
  }
  return url.href
}

function textOf(value: string | number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}
