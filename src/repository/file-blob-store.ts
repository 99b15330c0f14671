// Blob store on a local file system: temporary file, fsync, rename, directory fsync (design §3).

import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { iheError } from '../../profiles/errors/index.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { BlobStore } from './ports.ts'

/** Documents up to this size travel into the row that names them, so that a push is one commit (design §3). */
export const ROW_LIMIT_BYTES = 64 * 1024
const READ_CHUNK_BYTES = 256 * 1024
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000
const TEMPORARY = 'incoming'

export interface FileBlobStoreOptions {
  readonly directory: string
  readonly maxDocumentBytes: number
}

/** Opens the store, creating its directory; files that a crash left half-written more than a day ago are removed. */
export async function openFileBlobStore(options: FileBlobStoreOptions): Promise<BlobStore> {
  const incoming = join(options.directory, TEMPORARY)
  await mkdir(incoming, { recursive: true, mode: 0o700 })
  await removeAbandoned(incoming)
  return {
    stage: (source) => stage(source, options),
    discard: async (staged) => {
      if (staged.content.kind === 'file') await rm(pathOf(options.directory, staged.content.key), { force: true })
    },
    discardFile: (key) => rm(pathOf(options.directory, key), { force: true }),
    sweep: (named) => sweep(options.directory, named),
    read: (key, expected) => read(pathOf(options.directory, key), expected),
  }
}

/** Keys are UUIDs of ours; two levels of directories keep each small. */
function pathOf(directory: string, key: string): string {
  return join(directory, key.slice(0, 2), key.slice(2, 4), key)
}

async function stage(source: AsyncIterable<Buffer>, options: FileBlobStoreOptions): Promise<StagedContent> {
  const sha1 = createHash('sha1')
  const sha256 = createHash('sha256')
  const key = randomUUID()
  const temporary = join(options.directory, TEMPORARY, key)
  let file: FileHandle | undefined
  let small: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of source) {
      sizeBytes += chunk.length
      if (sizeBytes > options.maxDocumentBytes)
        throw iheError('TOO_LARGE', { at: 'document', rule: `at most ${options.maxDocumentBytes} bytes` })
      sha1.update(chunk)
      sha256.update(chunk)
      if (file === undefined && sizeBytes > ROW_LIMIT_BYTES) {
        file = await open(temporary, 'wx', 0o600)
        for (const earlier of small) await writeAll(file, earlier)
        small = []
      }
      if (file === undefined) small.push(Buffer.from(chunk))
      else await writeAll(file, chunk)
    }
    const digests = { sizeBytes, sha1: sha1.digest('hex'), sha256: sha256.digest('hex') }
    if (file === undefined) return { content: { kind: 'row', bytes: Buffer.concat(small) }, ...digests }
    await file.sync()
    await file.close()
    await publish(temporary, pathOf(options.directory, key))
    return { content: { kind: 'file', key }, ...digests }
  } catch (error) {
    // The handle may be closed already; what matters is that the temporary file goes.
    await file?.close().catch(() => undefined)
    await rm(temporary, { force: true })
    // Published but not certainly durable: nobody has been told of it yet.
    await rm(pathOf(options.directory, key), { force: true })
    throw error
  }
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  let written = 0
  while (written < chunk.length) written += (await file.write(chunk, written, chunk.length - written)).bytesWritten
}

async function publish(temporary: string, path: string): Promise<void> {
  const directory = dirname(path)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await rename(temporary, path)
  // Windows cannot open a directory; its rename is durable by the journal of the file system.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Holds one chunk back, so that a damaged file is cut before its last bytes leave. */
async function* read(path: string, expected: { sizeBytes: number; sha256: string }): AsyncIterable<Buffer> {
  const sha256 = createHash('sha256')
  let sizeBytes = 0
  let held: Buffer | undefined
  const file = await open(path, 'r')
  try {
    for await (const chunk of file.createReadStream({ highWaterMark: READ_CHUNK_BYTES, autoClose: false })) {
      if (held !== undefined) yield held
      held = chunk as Buffer
      sizeBytes += held.length
      sha256.update(held)
    }
  } finally {
    await file.close()
  }
  if (sizeBytes !== expected.sizeBytes || sha256.digest('hex') !== expected.sha256)
    throw iheError('DOCUMENT_DAMAGED', { at: 'document' })
  if (held !== undefined) yield held
}

async function removeAbandoned(incoming: string): Promise<void> {
  for (const path of await oldFiles(incoming)) await rm(path, { force: true })
}

/** One directory at a time, so that a store of any size is swept in little memory. */
async function sweep(
  directory: string,
  named: (keys: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<number> {
  let removed = 0
  for (const first of await subdirectories(directory)) {
    for (const second of await subdirectories(join(directory, first))) {
      const old = await oldFiles(join(directory, first, second))
      const known = old.length === 0 ? new Set<string>() : await named(old.map((path) => basename(path)))
      const orphans = old.filter((path) => !known.has(basename(path)))
      for (const path of orphans) await rm(path, { force: true })
      removed += orphans.length
    }
  }
  return removed
}

async function subdirectories(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory() && /^[0-9a-f]{2}$/.test(entry.name)).map((entry) => entry.name)
}

async function oldFiles(directory: string): Promise<readonly string[]> {
  const limit = Date.now() - ABANDONED_AFTER_MS
  const old: string[] = []
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const { mtimeMs } = await stat(path)
    if (mtimeMs < limit) old.push(path)
  }
  return old
}
