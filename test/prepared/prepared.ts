// What some hundred tests would otherwise make alike, each for itself, is made once and copied: a database with our schema, and the data
// directory of a stopped server with the demo network in it. A copy starts as a server does after a stop.

import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { constants, lstatSync } from 'node:fs'
import {
  chmod,
  cp,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isReachable } from '../../src/db/embedded/places.ts'
import { isAlive, startMark } from '../../src/db/embedded/process.ts'

/** `database`: for startEmbeddedPostgres, migrated. `network`: for a server, with the demo network loaded. */
export type PreparedKind = 'database' | 'network'

const run = promisify(execFile)

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
const MAKER = fileURLToPath(new URL('make.ts', import.meta.url))
/** All that decides what a prepared directory holds. */
const SOURCES = [
  'src',
  'profiles',
  'wsdl',
  'fixtures/demo',
  'test/prepared',
  'test/access/passwords.ts',
  'package-lock.json',
]

/** Nothing that goes by dates is older in a test than what it would have made itself, but for this much. */
const AGE_MS = 60 * 60 * 1000
/** A copy takes seconds on the busiest machine. */
const UNUSED_MS = 10 * 60 * 1000
const POLL_MS = 50
/** Longer than any making takes; after that a test makes its own. */
const PATIENCE_MS = 200_000
/** Followed by the id of the process that makes. */
const WORKSHOP = 'tsunagi-preparing-'
/** As whom PostgreSQL runs for root. */
const NOBODY = { uid: 65534, gid: 65534 }

const user = process.getuid?.()

/** An empty database of our schema for a server that is still to make its certificates and everything else. */
export async function fillDatabase(dataDir: string): Promise<void> {
  // Where PostgreSQL runs as another user it walks through, as it could through a directory it was made in.
  await chmod(dataDir, 0o711)
  const directory = join(dataDir, 'postgres')
  await mkdir(directory)
  await fillPrepared('database', directory)
}

/** Fills a directory that is there and empty. */
export async function fillPrepared(kind: PreparedKind, directory: string): Promise<void> {
  const prepared = (await canBeCopied()) ? await findOrMake(kind) : undefined
  if (prepared === undefined) await make(kind, directory)
  else await copy(prepared, directory)
}

/** Root's database may have to live outside of the data directory, where a copy of the directory would share it. */
async function canBeCopied(): Promise<boolean> {
  return user !== 0 || isReachable(await realpath(tmpdir()), NOBODY)
}

/** With the owners of the files, which are not all ours when root runs this; `cp` shares blocks where the file system can. */
async function copy(from: string, to: string): Promise<void> {
  if (process.platform === 'win32') await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE })
  else await run('cp', ['-Rp', `${from}/.`, to])
}

async function make(kind: PreparedKind, directory: string): Promise<void> {
  await run(process.execPath, ['--import=tsx', MAKER, kind, directory], { cwd: PROJECT, timeout: PATIENCE_MS })
}

/** The prepared directory; undefined when another process has been making it for so long that something must be wrong with it. */
async function findOrMake(kind: PreparedKind): Promise<string | undefined> {
  const shelf = await openShelf()
  const hour = Math.floor(Date.now() / AGE_MS)
  const prepared = join(shelf, `${hour}-${kind}-${await fingerprint()}`)
  const end = Date.now() + PATIENCE_MS
  while (Date.now() < end) {
    if (await isTaken(prepared)) return prepared
    const release = await acquire(`${prepared}.lock`)
    if (release === undefined) {
      await delay(POLL_MS)
      continue
    }
    try {
      // Who had the lock before may have finished it.
      if (!(await exists(prepared))) await makeOnShelf(kind, prepared)
      await clear(shelf)
    } finally {
      await release()
    }
  }
  return undefined
}

/** False: there is none. Marked as used, it is not cleared away while it is copied. */
async function isTaken(prepared: string): Promise<boolean> {
  const now = new Date()
  return utimes(prepared, now, now).then(
    () => true,
    () => false,
  )
}

/** Nobody else can look into it or lay anything on it. */
async function openShelf(): Promise<string> {
  const shelf = join(tmpdir(), `tsunagi-prepared-${user ?? 'user'}`)
  await mkdir(shelf, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(shelf)
  const isOurs = user === undefined || (found.uid === user && (found.mode & 0o077) === 0)
  if (!found.isDirectory() || !isOurs)
    throw new Error(`${shelf} is open to others or theirs; remove it and start again`)
  return shelf
}

/** Made elsewhere, where PostgreSQL can walk when it runs as another user, and moved as a whole: what is on the shelf is complete. */
async function makeOnShelf(kind: PreparedKind, prepared: string): Promise<void> {
  const workshop = await mkdtemp(join(tmpdir(), `${WORKSHOP}${process.pid}-`))
  try {
    const made = join(workshop, kind)
    await mkdir(made, { mode: 0o700 })
    await make(kind, made)
    await rename(made, prepared).catch(async (error) => {
      if (!(await exists(prepared))) throw error
    })
  } finally {
    await rm(workshop, { recursive: true, force: true, maxRetries: 3 })
  }
}

/**
 * A lock that is held while its file names a living process.
 * @returns what releases it; undefined while another process has it.
 */
async function acquire(path: string): Promise<(() => Promise<void>) | undefined> {
  const own = `${path}.${randomUUID()}`
  await writeFile(own, `${process.pid} ${startMark(process.pid) ?? ''}`)
  try {
    // With its content at once: nobody ever reads a lock without a name in it.
    await link(own, path)
    return () => rm(path, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await removeStale(path)
    return undefined
  } finally {
    await rm(own, { force: true })
  }
}

/** Two that remove one lock at the same time may both make the directory; then one of them finds the other's in its place. */
async function removeStale(lock: string): Promise<void> {
  const text = await readFile(lock, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const [pid, mark] = text.split(' ')
  if (!isAlive(Number(pid)) || (startMark(Number(pid)) ?? '') !== mark) await rm(lock, { force: true })
}

/** Removes what nobody has begun to copy for a while, and what was cut off in the making. */
async function clear(shelf: string): Promise<void> {
  for (const name of await readdir(shelf)) {
    const path = join(shelf, name)
    const usedAt = (await lstat(path).catch(() => undefined))?.mtimeMs ?? Date.now()
    if (Date.now() - usedAt > UNUSED_MS) await rm(path, { recursive: true, force: true })
  }
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(WORKSHOP) || isAlive(Number.parseInt(name.slice(WORKSHOP.length), 10))) continue
    const path = join(tmpdir(), name)
    const found = await lstat(path).catch(() => undefined)
    if (found?.uid === user) await rm(path, { recursive: true, force: true })
  }
}

/** Of times and sizes: to read a thousand files would take every test longer than to copy. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(`${process.version} ${process.arch} ${hostname()}`)
  for (const source of SOURCES)
    for (const path of await filesOf(join(PROJECT, source))) {
      const { size, mtimeNs } = lstatSync(path, { bigint: true })
      hash.update(`\0${path}\0${size} ${mtimeNs}`)
    }
  return hash.digest('hex').slice(0, 24)
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await lstat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
