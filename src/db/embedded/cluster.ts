// Makes the PostgreSQL data directory once (reliability: durability; data checksums on).

import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { chown, open, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { makePrivate, type Places, removeTree } from './places.ts'
import { isAlive } from './process.ts'

export const USER = 'tsunagi'

const NEW = /^cluster\.new-(\d+)-/
/** Inside the cluster, so that both appear in one rename; PostgreSQL leaves files it does not know alone. */
const PASSWORD_FILE = 'tsunagi.password'
const PASSWORD_BYTES = 32

/**
 * Order of text is by code point everywhere, so that no library update ever changes an index. Only Linux has a C.UTF-8 for
 * character classes (trigram search of Japanese names needs one).
 */
const LOCALE: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['--locale=C.UTF-8'],
  darwin: ['--locale=C', '--lc-ctype=en_US.UTF-8'],
}

/**
 * Makes the cluster when it is absent, as a whole: an interrupted attempt leaves nothing that the next start would take for one.
 * @throws {Error} in plain words, when initdb fails or the cluster is of another PostgreSQL version or another user.
 */
export async function ensureCluster(
  places: Places,
  binaries: Binaries,
): Promise<{ readonly password: string; readonly isNew: boolean }> {
  const version = await readVersion(places)
  if (version !== undefined) {
    if (version !== binaries.major) {
      throw new Error(
        `${places.cluster} was made by PostgreSQL ${version}, this is PostgreSQL ${binaries.major}. ` +
          `Dump it with a PostgreSQL ${version}, move the directory away, start, and load the dump.`,
      )
    }
    return { password: await readPassword(places), isNew: false }
  }
  await removeLeftovers(places)
  await makeCluster(places, binaries)
  return { password: await readPassword(places), isNew: true }
}

async function readVersion({ cluster }: Places): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EACCES') {
      throw new Error(`${cluster} belongs to another user; start Tsunagi as the user (or root) that made it`, {
        cause: error,
      })
    }
    throw error
  }
}

async function makeCluster(places: Places, binaries: Binaries): Promise<void> {
  const workshop = join(places.home, `cluster.new-${process.pid}-${randomUUID()}`)
  try {
    await makePrivate(workshop, places.account)
    const passwordFile = join(workshop, PASSWORD_FILE)
    await writeFile(passwordFile, `${randomBytes(PASSWORD_BYTES).toString('base64url')}\n`, {
      mode: 0o600,
      flush: true,
    })
    if (places.account !== undefined) await chown(passwordFile, places.account.uid, places.account.gid)
    const made = join(workshop, 'cluster')
    await runInitdb(binaries.initdb, places, [`--pgdata=${made}`, `--pwfile=${passwordFile}`])
    await rename(passwordFile, join(made, PASSWORD_FILE))
    await flushDirectory(made)
    // Another process may have been faster; then its cluster is the one.
    await rename(made, places.cluster).catch(async (error) => {
      if ((await readVersion(places)) === undefined) throw error
    })
    await flushDirectory(places.home)
  } finally {
    await removeTree(workshop)
  }
}

export async function readPassword({ cluster }: Pick<Places, 'cluster'>): Promise<string> {
  return (await readFile(join(cluster, PASSWORD_FILE), 'utf8')).trim()
}

async function runInitdb(initdb: string, places: Places, paths: readonly string[]): Promise<void> {
  const options = [
    `--username=${USER}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(LOCALE[process.platform] ?? ['--locale=C']),
    '--data-checksums',
    '--no-instructions',
  ]
  const child = spawn(initdb, [...options, ...paths], {
    cwd: places.home,
    env: postgresEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...places.account,
  })
  let output = ''
  const collect = (chunk: Buffer): void => {
    output = `${output}${chunk.toString('utf8')}`.slice(-4000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  }).catch((error: Error) => {
    throw new Error(`${initdb} cannot be run: ${error.message}`, { cause: error })
  })
  if (status !== 0)
    throw new Error(`PostgreSQL could not be set up in ${places.home}:\n${output.trim()}${hintFor(output)}`)
}

function hintFor(output: string): string {
  if (!output.includes('could not look up effective user ID')) return ''
  return '\nThe user needs an entry in /etc/passwd; start as another user, or set DATABASE_URL to a PostgreSQL server.'
}

/** Variables such as PGDATA or PGPORT of the person who starts us must not reach our own PostgreSQL. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|LD_|DYLD_)/.test(name))
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' }
}

/** Removes what initialisations of processes that are gone left behind. */
async function removeLeftovers({ home }: Places): Promise<void> {
  for (const name of await readdir(home)) {
    const maker = NEW.exec(name)?.[1]
    if (maker !== undefined && !isAlive(Number(maker))) await removeTree(join(home, name))
  }
}

async function flushDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
