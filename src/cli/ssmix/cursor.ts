// How far an import of a storage got: it spares a second run the files of patients who are done. The server would know them anyway.

import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Cursor {
  /** Folder of the first patient of this storage who is not done; '' for all, undefined when the storage is done. */
  readonly from: (label: string) => string | undefined
  /** Every patient before this one is done. At most once a second it reaches the disk. */
  readonly reach: (label: string, folder: string | undefined) => Promise<void>
  /** Writes what was reached last. */
  readonly save: () => Promise<void>
  readonly clear: () => Promise<void>
}

const SAVE_EVERY_MS = 1000
const DONE = null

/** Of the import of one folder by one system; `resume` reads what an earlier run left. */
export async function openCursor(
  dataDir: string,
  of: { readonly directory: string; readonly system: string; readonly resume: boolean },
): Promise<Cursor> {
  const folder = join(dataDir, 'ssmix')
  const name = createHash('sha256').update(`${of.system}\n${of.directory}`).digest('hex').slice(0, 16)
  const file = join(folder, `import-${name}.json`)
  const reached: Record<string, string | null> = of.resume ? await read(file) : {}
  let savedMs = performance.now()
  const save = async (): Promise<void> => {
    savedMs = performance.now()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(`${file}.part`, JSON.stringify(reached), { mode: 0o600 })
    await rename(`${file}.part`, file)
  }
  return {
    from: (label) => {
      const known = reached[label]
      return known === DONE ? undefined : (known ?? '')
    },
    reach: async (label, next) => {
      reached[label] = next ?? DONE
      if (performance.now() - savedMs > SAVE_EVERY_MS) await save()
    },
    save,
    clear: () => rm(file, { force: true }),
  }
}

/** A cursor that cannot be read is none: the import begins anew, and nothing comes twice. */
async function read(file: string): Promise<Record<string, string | null>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    return typeof value === 'object' && value !== null ? { ...(value as Record<string, string | null>) } : {}
  } catch {
    return {}
  }
}
