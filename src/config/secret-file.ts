// Secrets in files: nobody but the server's own user may read them (security: secrets).

import { readFileSync, statSync } from 'node:fs'
import { ConfigError } from './error.ts'

const OTHERS = 0o077

/**
 * The secret in a file that a variable such as TSUNAGI_…_FILE names, without the end of its line.
 * @throws {ConfigError} when it cannot be read, is empty, or others may read it too.
 */
export function readSecretFile(path: string, named: string): string {
  refuseOpenFile(path, named)
  const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  if (secret === '') throw new ConfigError([`${named}: the file ${path} is empty`])
  return secret
}

/** @throws {ConfigError} when there is no such file, or group or others may read it. */
export function refuseOpenFile(path: string, named: string): void {
  let mode: number
  try {
    mode = statSync(path).mode
  } catch (error) {
    throw new ConfigError([`${named}: the file ${path} cannot be read: ${(error as Error).message}`])
  }
  // Windows keeps no such mode; its access lists are the operator's.
  if (process.platform === 'win32' || (mode & OTHERS) === 0) return
  throw new ConfigError([
    `${named}: the file ${path} can be read by other users of this machine; run: chmod 600 ${path}`,
  ])
}
