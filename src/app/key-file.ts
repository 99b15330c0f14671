// Composition root: rings of keys that seal what is kept, configured or made at the first start.

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAtomically, readPublic } from '../certificates/files.ts'
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
  if ((await readPublic(path)) === undefined) await createAtomically(path, `${newKeyLine()}\n`)
  return readKeys(await readFile(path, 'utf8'), path)
}

function readKeys(text: string, place: string): KeyRing {
  try {
    return parseKeyRing(text)
  } catch (error) {
    throw new ConfigError([`${place}: ${error instanceof Error ? error.message : 'cannot be read'}`])
  }
}
