// The session of whoever logged on in this shell: a file that nobody else may read.

import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isObject, textOf } from './admin-client.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

export interface SavedSession {
  /** Of the server that gave it; it is shown to no other. */
  readonly baseUrl: string
  readonly staffId: string
  readonly session: string
}

const OTHERS = 0o077
const LOG_IN = 'log on first: tsunagi login / 先にログインしてください'

export function sessionPath({ env, cwd }: Terminal): string {
  const { TSUNAGI_SESSION_FILE: named, HOME: home } = env
  if (named !== undefined && named !== '') return resolve(cwd, named)
  if (home === undefined || home === '')
    throw new UsageError('there is no home directory for the session: set TSUNAGI_SESSION_FILE')
  return join(home, '.local', 'state', 'tsunagi', 'session.json')
}

/** @throws {UsageError} when nobody is logged on there, or others may read the file. */
export async function readSession(terminal: Terminal, baseUrl: string): Promise<SavedSession> {
  const path = sessionPath(terminal)
  const saved = await savedIn(path)
  if (saved === undefined) throw new UsageError(LOG_IN)
  if (saved.baseUrl !== baseUrl)
    throw new UsageError(`${path} is a session of ${saved.baseUrl}, not of ${baseUrl}; ${LOG_IN}`)
  return saved
}

async function savedIn(path: string): Promise<SavedSession | undefined> {
  try {
    const { mode } = await stat(path)
    if ((mode & OTHERS) !== 0) throw new UsageError(`${path} can be read by others: remove it, and log on again`)
    const saved: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!isObject(saved)) return undefined
    const { baseUrl, staffId, session } = saved
    return { baseUrl: textOf(baseUrl), staffId: textOf(staffId), session: textOf(session) }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Never there with anybody else's rights, not even while it is written. */
export async function writeSession(terminal: Terminal, saved: SavedSession): Promise<void> {
  const path = sessionPath(terminal)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(saved)}\n`)
  } finally {
    await file.close()
  }
  await rename(draft, path)
}

export async function removeSession(terminal: Terminal): Promise<void> {
  await rm(sessionPath(terminal), { force: true })
}
