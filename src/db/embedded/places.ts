// Where the embedded PostgreSQL lives and as whom it runs (design §5). PostgreSQL refuses to run as root, so root hands it to nobody.

import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, chown, lstat, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Everything the embedded server keeps. Paths are absolute. */
export interface Places {
  /** The directory asked for; log and owner mark stay here. */
  readonly directory: string
  /** The PostgreSQL data directory. */
  readonly cluster: string
  /** Holds the cluster; the same as `directory` unless the account cannot reach that. */
  readonly home: string
  readonly log: string
  /** Process id of the Tsunagi process that uses the server. */
  readonly owner: string
  /** Whom to run PostgreSQL as; undefined: as ourselves. */
  readonly account: Account | undefined
}

/** The id that Linux and macOS distributions give to `nobody`; it owns no file of the system. */
const NOBODY: Account = { uid: 65534, gid: 65534 }

/** Where root keeps what PostgreSQL must reach when the data directory is in a closed home. Survives a reboot, unlike /tmp. */
const SHARED_HOMES = ['/var/lib/tsunagi', '/opt/tsunagi'] as const

const LOCATION = 'location'
const OTHERS_EXECUTE = 0o001

/**
 * Finds or makes the places of an embedded server.
 * @throws {Error} in plain words, when no place can be reached by the account PostgreSQL runs as, or the one used before is gone.
 */
export async function preparePlaces(asked: string): Promise<Places> {
  const directory = await writable(asked)
  const { home, account } = process.getuid?.() === 0 ? await placeForRoot(directory) : await placeForUser(directory)
  return {
    directory,
    home,
    cluster: join(home, 'cluster'),
    log: join(directory, 'postgres.log'),
    owner: join(directory, 'owner'),
    account,
  }
}

/** Where the cluster of this directory lies, here or outside of it; nothing is made. */
export async function clusterDirectory(directory: string): Promise<string> {
  const moved = await readFile(join(directory, LOCATION), 'utf8').catch(() => undefined)
  return join(moved?.trim() ?? directory, 'cluster')
}

/** True when the account can walk down to `path`, judged by the mode bits of every directory above it. */
export async function isReachable(path: string, account: Account): Promise<boolean> {
  for (const step of stepsTo(path)) {
    const { uid, gid, mode } = await stat(step)
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
    if (((mode >> shift) & OTHERS_EXECUTE) === 0) return false
  }
  return true
}

/** A directory of mode 0700 that belongs to the account. */
export async function makePrivate(path: string, account: Account | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { isOwn, isDirectory } = await ownership(path, account)
  if (!isDirectory) throw new Error(`${path} is not a directory`)
  if (account !== undefined && !isOwn) await chown(path, account.uid, account.gid)
  await chmod(path, 0o700)
}

/** A directory that the account can reach and whose name is short enough for a Unix socket; made when it is absent. */
export async function socketDirectory(places: Places, maxLength: number): Promise<string> {
  const near = join(places.home, 'run')
  if (near.length <= maxLength) {
    await makePrivate(near, places.account)
    return near
  }
  const temporary = tmpdir().length > maxLength / 2 ? '/tmp' : tmpdir()
  const far = join(temporary, `tsunagi-${createHash('sha256').update(places.cluster).digest('hex').slice(0, 12)}`)
  await mkdir(far, { mode: 0o700 }).catch(ignoreExisting)
  // Anyone may make names in a shared directory: what is there must be ours already.
  const { isOwn, isDirectory, isOurs } = await ownership(far, places.account)
  if (!isDirectory || !(isOwn || isOurs)) throw new Error(`${far} belongs to someone else; remove it and start again`)
  await makePrivate(far, places.account)
  return far
}

/** The shared directory of root for binaries, made when it is absent; undefined when none can be made. */
export async function sharedHome(): Promise<string | undefined> {
  for (const candidate of SHARED_HOMES) {
    try {
      await makeWalkable(candidate, 0o755)
      if (await isReachable(candidate, NOBODY)) return candidate
    } catch {
      // Read-only or missing system directory: the next candidate may do.
    }
  }
  return undefined
}

/** Makes a directory of this mode whatever the umask is; one that is there already is left as it is. */
async function makeWalkable(path: string, mode: number): Promise<void> {
  const isNew = (await mkdir(path, { recursive: true })) !== undefined
  if (isNew) await chmod(path, mode)
}

async function writable(asked: string): Promise<string> {
  try {
    await mkdir(asked, { recursive: true, mode: 0o711 })
    await access(asked, constants.W_OK)
    return await realpath(asked)
  } catch (error) {
    const why = (error as Error).message
    throw new Error(`the database cannot be kept in ${asked}: ${why}; set TSUNAGI_DATA_DIR`, { cause: error })
  }
}

interface Place {
  readonly home: string
  readonly account: Account | undefined
}

async function placeForUser(directory: string): Promise<Place> {
  if ((await stat(join(directory, LOCATION)).catch(() => undefined)) === undefined)
    return { home: directory, account: undefined }
  throw new Error(`the database of ${directory} was made by root, outside of it; start Tsunagi as root`)
}

/** A cluster that an ordinary user made stays where it is and runs as that user, so that root finds the same data. */
async function placeForRoot(directory: string): Promise<Place> {
  const present = await ownerOf(join(directory, 'cluster'))
  if (present !== undefined && (await isReachable(directory, present))) return { home: directory, account: present }
  if (present !== undefined)
    throw new Error(`the user ${present.uid}, who owns the database in ${directory}, cannot enter it`)
  const home = await reachableHome(directory)
  return { home, account: (await ownerOf(join(home, 'cluster'))) ?? NOBODY }
}

async function reachableHome(directory: string): Promise<string> {
  const pointer = join(directory, LOCATION)
  const moved = await readFile(pointer, 'utf8').catch(() => undefined)
  if (moved !== undefined) return checkedHome(directory, moved.trim())
  if (await openTemporary(directory)) return directory
  const shared = await sharedHome()
  if (shared === undefined) {
    throw new Error(
      `PostgreSQL cannot run as root, and the account "nobody" cannot enter ${directory}. ` +
        'Start Tsunagi as an ordinary user, set TSUNAGI_DATA_DIR to a directory outside of closed homes, or set DATABASE_URL.',
    )
  }
  const home = join(shared, randomUUID())
  await makeWalkable(home, 0o711)
  await writeFile(join(home, 'belongs-to'), `${directory}\n`, { mode: 0o600 })
  await writeFile(pointer, `${home}\n`, { mode: 0o600 })
  return home
}

/** The cluster outside the data directory must be there, and must not serve a copy of the data directory as well. */
async function checkedHome(directory: string, home: string): Promise<string> {
  const mark = join(home, 'belongs-to')
  const owner = (await readFile(mark, 'utf8').catch(() => undefined))?.trim()
  if (owner === undefined) {
    throw new Error(
      `the database of ${directory} was kept in ${home}, which is gone; restore it, or remove ${directory}`,
    )
  }
  if (owner !== directory) {
    const theirs = await readFile(join(owner, LOCATION), 'utf8').catch(() => undefined)
    if (theirs?.trim() === home) {
      throw new Error(`${directory} is a copy of ${owner}, whose database is in use; restore a backup there instead`)
    }
    await writeFile(mark, `${directory}\n`, { mode: 0o600 })
  }
  return home
}

/**
 * True when nobody can reach the directory. Directories that root made below the temporary directory are opened for walking through
 * (not for listing): they are made closed by mkdtemp, and a data directory there should not leave a database elsewhere.
 */
async function openTemporary(directory: string): Promise<boolean> {
  if (await isReachable(directory, NOBODY)) return true
  const temporary = resolve(tmpdir()) + sep
  for (const step of stepsTo(directory)) {
    if (!step.startsWith(temporary)) continue
    const { uid, mode } = await stat(step)
    if (uid === 0 && (mode & OTHERS_EXECUTE) === 0) await chmod(step, (mode & 0o7777) | OTHERS_EXECUTE)
  }
  return isReachable(directory, NOBODY)
}

async function ownerOf(cluster: string): Promise<Account | undefined> {
  const found = await stat(cluster).catch(() => undefined)
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid }
}

async function ownership(
  path: string,
  account: Account | undefined,
): Promise<{ readonly isDirectory: boolean; readonly isOwn: boolean; readonly isOurs: boolean }> {
  const found = await lstat(path)
  const us = process.getuid?.()
  const isOurs = us === undefined || found.uid === us
  return { isDirectory: found.isDirectory(), isOwn: account === undefined ? isOurs : found.uid === account.uid, isOurs }
}

function stepsTo(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [path] : [...stepsTo(above), path]
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** Removes what an interrupted step left behind. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 })
}
