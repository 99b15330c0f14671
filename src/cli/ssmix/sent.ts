// What a watched folder has sent: spares the server files it has. Lost, everything is sent once more, and the server knows it all.

import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file as it was when it was sent. */
export interface SentFile {
  readonly size: number
  readonly mtimeMs: number
  readonly sha256: string
  /** How often it was refused, and when it is tried again (milliseconds since 1970): consent or link may be mended meanwhile. */
  readonly refused?: { readonly times: number; readonly againMs: number }
}

export interface Sent {
  readonly find: (path: string) => SentFile | undefined
  readonly put: (path: string, file: SentFile) => void
  /** Puts on disk what was put since; forgets files that `seen` does not have, when it is given. */
  readonly save: (seen?: ReadonlySet<string>) => Promise<void>
}

/** Lines are rewritten as one file when there are twice as many as files. */
const WASTE = 2
const FEW = 1000

export async function openSent(file: string): Promise<Sent> {
  const { files, lines: found } = await read(file)
  let lines = found
  let fresh: string[] = []
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const rewrite = async (): Promise<void> => {
    const all = [...files].map(([path, one]) => lineOf(path, one))
    await writeFile(`${file}.part`, all.join(''), { mode: 0o600 })
    await rename(`${file}.part`, file)
    lines = all.length
  }
  return {
    find: (path) => files.get(path),
    put: (path, one) => {
      files.set(path, one)
      fresh.push(lineOf(path, one))
    },
    save: async (seen) => {
      if (seen !== undefined) for (const path of files.keys()) if (!seen.has(path)) files.delete(path)
      const added = fresh
      fresh = []
      lines += added.length
      if (lines > WASTE * files.size + FEW) await rewrite()
      else if (added.length > 0) await appendFile(file, added.join(''), { mode: 0o600 })
    },
  }
}

function lineOf(path: string, file: SentFile): string {
  return `${JSON.stringify({ path, ...file })}\n`
}

/** A line that cannot be read, as the last one after a crash, is a file that is sent once more. */
async function read(file: string): Promise<{ readonly files: Map<string, SentFile>; readonly lines: number }> {
  const files = new Map<string, SentFile>()
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => line !== '')
  for (const line of lines) {
    try {
      const { path, ...one } = JSON.parse(line) as SentFile & { readonly path: string }
      if (typeof path === 'string' && typeof one.sha256 === 'string') files.set(path, one)
    } catch {
      // Sent once more.
    }
  }
  return { files, lines: lines.length }
}
