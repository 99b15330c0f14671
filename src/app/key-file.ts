// Composition root: rings of keys that seal what is kept, configured or made at the first start.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config/config.ts'
import { type KeyRing, newKeyLine, parseKeyRing } from '../model/seal.ts'

export interface KeyPlace {
  readonly dataDir: string
  /** Below {dataDir}/config, for when none are configured. */
  readonly fileName: string
  readonly setting: string
  readonly configured: string | undefined
}

/**
 * The configured keys, or those of a file that is made at the first start, readable by the server's own user only.
 * @throws {ConfigError} that names the place and never a key.
 */
export async function openKeyRing({ dataDir, fileName, setting, configured }: KeyPlace): Promise<KeyRing> {
  if (configured !== undefined) return readKeys(configured, setting)
  const directory = join(dataDir, 'config')
  const path = join(directory, fileName)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  try {
    await writeFile(path, `${newKeyLine()}\n`, { flag: 'wx', mode: 0o600, flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readKeys(await readFile(path, 'utf8'), path)
}

function readKeys(text: string, place: string): KeyRing {
  try {
    return parseKeyRing(text)
  } catch (error) {
    throw new ConfigError([`${place}: ${error instanceof Error ? error.message : 'cannot be read'}`])
  }
}
