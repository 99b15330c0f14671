// Writes files into an SS-MIX2 storage so that a reader never sees a half one, nor two valid versions of a document.

import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Documents of patients: the owner alone reads them. */
const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700
const FLAGS = ['0', '1', '2']
const EXTENDED_DEPTH = 7
const MAX_REMEMBERED = 10_000

export interface WrittenFile {
  /** Below `root`. */
  readonly path: string
  readonly bytes: Buffer
}

export interface Tree {
  /** @returns whether anything was written: a file that is there with the same bytes stays. */
  readonly write: (root: string, file: WrittenFile) => Promise<boolean>
}

export function openTree(): Tree {
  const made = new Set<string>()
  const folder = async (path: string): Promise<void> => {
    if (made.has(path)) return
    await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
    if (made.size > MAX_REMEMBERED) made.clear()
    made.add(path)
  }
  return {
    write: async (root, { path, bytes }) => {
      const target = join(root, ...path.split('/'))
      await renameFormer(root, path)
      if (await holds(target, bytes)) return false
      await folder(dirname(target))
      await writeWhole(target, bytes)
      return true
    },
  }
}

/** What lies there under another flag is the same version: it gets its new flag before anything newer comes (SS-MIX2: rename first). */
async function renameFormer(root: string, path: string): Promise<void> {
  // In the extended storage the content folder carries the flag, and is renamed as a whole.
  const parts = path.split('/')
  const flagged = parts.length === EXTENDED_DEPTH ? parts.slice(0, -1).join('/') : path
  const flag = flagged.at(-1)
  for (const other of FLAGS.filter((one) => one !== flag)) {
    const former = join(root, ...`${flagged.slice(0, -1)}${other}`.split('/'))
    try {
      await rename(former, join(root, ...flagged.split('/')))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    }
  }
}

async function holds(target: string, bytes: Buffer): Promise<boolean> {
  try {
    return (await readFile(target)).equals(bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Under a temporary name first, on disk before it gets its own. */
export async function writeWhole(target: string, bytes: Buffer | string): Promise<void> {
  const unfinished = join(dirname(target), `.${process.pid}.part`)
  const file = await open(unfinished, 'w', PRIVATE_FILE)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, target)
}
