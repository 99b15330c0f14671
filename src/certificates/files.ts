// Reads and writes PEM files so that a key is never readable by others and a crash never leaves half a file.

import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

const PRIVATE_MODE = 0o600
const PUBLIC_MODE = 0o644
const OTHERS = 0o077

/** Text of a file, or undefined when there is none. */
export async function readPublic(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Text of a private key file, or undefined when there is none.
 * @throws {Error} in plain words, when group or others may read it.
 */
export async function readPrivate(path: string): Promise<string | undefined> {
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new Error(`the private key ${path} can be read by other users of this machine; run: chmod 600 ${path}`)
    }
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** Writes a file as a whole: temporary file, flush, rename, flush of the directory. Mode 0600, `public` 0644. */
export async function writeAtomically(
  path: string,
  content: string | Buffer,
  audience: 'private' | 'public' = 'private',
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFlushed(temporary, content, audience === 'private' ? PRIVATE_MODE : PUBLIC_MODE)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await flushDirectory(dirname(path))
}

/**
 * Makes a private file as a whole where there is none. One that is there stays, also one that another process makes at the same moment:
 * nobody ever reads half of it, and a crash or a full disk leaves none that the next start would take for the secret.
 */
export async function createAtomically(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFlushed(temporary, content, PRIVATE_MODE)
    // Unlike a rename, it never takes the place of what is there.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(temporary, { force: true })
  }
  await flushDirectory(dirname(path))
}

async function writeFlushed(path: string, content: string | Buffer, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** As writeAtomically, unless the file holds that already. */
export async function writeWhereNew(path: string, content: string): Promise<void> {
  if ((await readPublic(path)) !== content) await writeAtomically(path, content, 'public')
}

async function flushDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; its rename is durable by the journal of the file system.
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
