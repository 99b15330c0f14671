// Blob store on a local file system: temporary file, fsync, rename, directory fsync (design §3).

import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { iheError } from '../../profiles/errors/index.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { BlobStore, NamedFiles, Swept } from './ports.ts'

/** Documents up to this size travel into the row that names them, so that a push is one commit (design §3). */
export const ROW_LIMIT_BYTES = 64 * 1024
const READ_CHUNK_BYTES = 256 * 1024
const DAY_MS = 24 * 60 * 60 * 1000
const ABANDONED_AFTER_MS = DAY_MS
/** Long enough to notice that a server was given another database than that of its documents, or one of an old backup. */
const REMOVED_AFTER_MS = 14 * DAY_MS
const TEMPORARY = 'incoming'
const SET_ASIDE = 'unnamed'
/** Files set aside that the database is asked about at once. */
const BATCH = 500

export interface FileBlobStoreOptions {
  readonly directory: string
  readonly maxDocumentBytes: number
}

/** Opens the store, creating its directory; files that a crash left half-written more than a day ago are removed. */
export async function openFileBlobStore(options: FileBlobStoreOptions): Promise<BlobStore> {
  const { directory } = options
  const incoming = join(directory, TEMPORARY)
  for (const place of [incoming, join(directory, SET_ASIDE)]) await mkdir(place, { recursive: true, mode: 0o700 })
  await removeAbandoned(incoming)
  const remove = async (key: string): Promise<void> => {
    for (const path of [pathOf(directory, key), asideOf(directory, key)]) await rm(path, { force: true })
  }
  return {
    stage: (source) => stage(source, options),
    discard: async (staged) => {
      if (staged.content.kind === 'file') await remove(staged.content.key)
    },
    discardFile: remove,
    sweep: (named) => sweep(directory, named),
    read: (key, expected) => read({ directory, key }, expected),
  }
}

/** Keys are UUIDs of ours; two levels of directories keep each small. */
function pathOf(directory: string, key: string): string {
  return join(directory, key.slice(0, 2), key.slice(2, 4), key)
}

function asideOf(directory: string, key: string): string {
  return join(directory, SET_ASIDE, key)
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
  const made = await mkdir(directory, { recursive: true, mode: 0o700 })
  await rename(temporary, path)
  await syncDirectory(directory)
  // A directory that was made is itself a name in the one above it, and as durable as that.
  for (let at = directory; made !== undefined && at.length >= made.length; at = dirname(at))
    await syncDirectory(dirname(at))
}

async function syncDirectory(directory: string): Promise<void> {
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
async function* read(place: Place, expected: { sizeBytes: number; sha256: string }): AsyncIterable<Buffer> {
  const sha256 = createHash('sha256')
  let sizeBytes = 0
  let held: Buffer | undefined
  const file = await openWherever(place)
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

interface Place {
  readonly directory: string
  readonly key: string
}

/** A row that asks for a file has it, also when the file was set aside while another database was asked, or goes back at this moment. */
async function openWherever({ directory, key }: Place): Promise<FileHandle> {
  const path = pathOf(directory, key)
  for (const each of [path, asideOf(directory, key)]) {
    try {
      return await open(each, 'r')
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  return await open(path, 'r')
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function removeAbandoned(incoming: string): Promise<void> {
  for (const path of await filesOlder(incoming, ABANDONED_AFTER_MS)) await rm(path, { force: true })
}

/** One directory at a time, so that a store of any size is swept in little memory. A file that cannot be moved keeps no other from it. */
async function sweep(directory: string, named: NamedFiles): Promise<Swept> {
  const swept = { setAside: 0, returned: 0, removed: 0, failed: 0 }
  // Whoever was killed is started again at once, when what it left half-written is not old yet.
  await removeAbandoned(join(directory, TEMPORARY)).catch(() => {
    swept.failed += 1
  })
  for (const first of await subdirectories(directory)) {
    for (const second of await subdirectories(join(directory, first))) {
      const { unnamed } = await sorted(await filesOlder(join(directory, first, second), ABANDONED_AFTER_MS), named)
      const now = new Date()
      for (const path of unnamed)
        await counted(swept, 'setAside', async () => {
          // First the time, then the place: a process that dies between the two has set nothing aside that would go at once.
          await utimes(path, now, now)
          await rename(path, asideOf(directory, basename(path)))
        })
    }
  }
  await sweepAside(directory, { named, swept })
  return swept
}

type Counts = { -readonly [K in keyof Swept]: Swept[K] }

/** What some row names after all goes back to its place; what none has named for long is removed. */
async function sweepAside(
  directory: string,
  { named, swept }: { readonly named: NamedFiles; readonly swept: Counts },
): Promise<void> {
  for (const paths of batches(await filesOlder(join(directory, SET_ASIDE), 0))) {
    const { known, unnamed } = await sorted(paths, named)
    for (const path of known) await counted(swept, 'returned', () => publish(path, pathOf(directory, basename(path))))
    for (const path of await older(unnamed, REMOVED_AFTER_MS)) await counted(swept, 'removed', () => rm(path))
  }
}

/** A file that another process moved first, or that was removed with its document, is not counted. */
async function counted(swept: Counts, what: keyof Swept, work: () => Promise<void>): Promise<void> {
  try {
    await work()
    swept[what] += 1
  } catch (error) {
    if (!isMissing(error)) swept.failed += 1
  }
}

async function sorted(
  paths: readonly string[],
  named: NamedFiles,
): Promise<{ readonly known: readonly string[]; readonly unnamed: readonly string[] }> {
  const keys = paths.length === 0 ? new Set<string>() : await named(paths.map((path) => basename(path)))
  const isKnown = (path: string) => keys.has(basename(path))
  return { known: paths.filter(isKnown), unnamed: paths.filter((path) => !isKnown(path)) }
}

function* batches(paths: readonly string[]): Iterable<readonly string[]> {
  for (let at = 0; at < paths.length; at += BATCH) yield paths.slice(at, at + BATCH)
}

async function subdirectories(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory() && /^[0-9a-f]{2}$/.test(entry.name)).map((entry) => entry.name)
}

async function filesOlder(directory: string, ageMs: number): Promise<readonly string[]> {
  return older(
    (await readdir(directory)).map((name) => join(directory, name)),
    ageMs,
  )
}

async function older(paths: readonly string[], ageMs: number): Promise<readonly string[]> {
  const limit = Date.now() - ageMs
  const old: string[] = []
  for (const path of paths) {
    const changedAtMs = await changedAt(path)
    if (changedAtMs !== undefined && changedAtMs <= limit) old.push(path)
  }
  return old
}

/** Undefined for a file that is discarded, or moved to its place, while its directory is looked at, and for what is none of ours. */
async function changedAt(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.mtimeMs : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
