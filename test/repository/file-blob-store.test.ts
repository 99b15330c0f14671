// The file store of documents: row or file by size, discarded and swept files, damage found while reading (design §3; ITI TF-2 3.43.4.2).

import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { IheError } from '../../src/model/error.ts'
import { openFileBlobStore, ROW_LIMIT_BYTES } from '../../src/repository/file-blob-store.ts'

async function* pieces(bytes: Buffer, size = 10_000): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function filesOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function store(t: { teardown: (done: () => Promise<void>) => void }, maxDocumentBytes = 10 ** 7) {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-blobs-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return { directory, blobs: await openFileBlobStore({ directory, maxDocumentBytes }) }
}

t.test('up to the row limit the bytes stay in memory, above it they are a file; both are hashed', async (t) => {
  const { directory, blobs } = await store(t)
  for (const size of [0, 1, ROW_LIMIT_BYTES, ROW_LIMIT_BYTES + 1, 300_000]) {
    const bytes = randomBytes(size)
    const staged = await blobs.stage(pieces(bytes))
    t.equal(staged.sizeBytes, size)
    t.equal(staged.sha1, createHash('sha1').update(bytes).digest('hex'))
    t.equal(staged.sha256, createHash('sha256').update(bytes).digest('hex'))
    t.equal(staged.content.kind, size > ROW_LIMIT_BYTES ? 'file' : 'row')
    if (staged.content.kind === 'file') t.ok((await collect(blobs.read(staged.content.key, staged))).equals(bytes))
    else t.ok(staged.content.bytes.equals(bytes))
    await blobs.discard(staged)
  }
  t.same(await filesOf(directory), [], 'discarded files are gone')
})

t.test('a document above the limit is refused and leaves nothing', async (t) => {
  const { directory, blobs } = await store(t, 100_000)
  const refusal = await blobs.stage(pieces(randomBytes(100_001))).catch((error: unknown) => error)
  t.equal(refusal instanceof IheError && refusal.row.code, 'TOO_LARGE')
  t.same(await filesOf(directory), [])
})

t.test('a source that breaks leaves nothing', async (t) => {
  const { directory, blobs } = await store(t)
  async function* breaking(): AsyncIterable<Buffer> {
    yield randomBytes(200_000)
    throw new Error('connection lost')
  }
  await t.rejects(blobs.stage(breaking()), { message: 'connection lost' })
  t.same(await filesOf(directory), [])
})

t.test('a damaged file is cut before its last bytes leave', async (t) => {
  const { directory, blobs } = await store(t)
  const bytes = randomBytes(700_000)
  const staged = await blobs.stage(pieces(bytes))
  const [path = ''] = await filesOf(directory)
  const damaged = Buffer.from(bytes)
  damaged.writeUInt8(damaged.readUInt8(5) ^ 1, 5)
  await writeFile(path, damaged)
  let delivered = 0
  const key = staged.content.kind === 'file' ? staged.content.key : ''
  const failure = await (async () => {
    for await (const chunk of blobs.read(key, staged)) delivered += chunk.length
  })().catch((error: unknown) => error)
  t.equal(failure instanceof IheError && failure.row.code, 'DOCUMENT_DAMAGED')
  t.ok(delivered < bytes.length)
})

const DAY_MS = 24 * 60 * 60 * 1000

async function age(path: string, days: number): Promise<void> {
  const then = new Date(Date.now() - days * DAY_MS - 60_000)
  await utimes(path, then, then)
}

t.test(
  'the sweep sets old files aside that no row names, and only those; 14 days later they are gone (ADR 50)',
  async (t) => {
    const { directory, blobs } = await store(t)
    const [named, orphan, fresh] = await Promise.all([1, 2, 3].map(() => blobs.stage(pieces(randomBytes(100_000)))))
    const keyOf = (staged: typeof named): string => (staged?.content.kind === 'file' ? staged.content.key : '')
    for (const path of await filesOf(directory)) if (!path.endsWith(keyOf(fresh))) await age(path, 1)
    const ofRows = async (keys: readonly string[]) => new Set(keys.filter((key) => key === keyOf(named)))
    t.same(await blobs.sweep(ofRows), { setAside: 1, returned: 0, removed: 0, failed: 0 })
    const aside = join(directory, 'unnamed', keyOf(orphan))
    t.ok((await filesOf(directory)).includes(aside))
    await age(aside, 13)
    t.same(await blobs.sweep(ofRows), { setAside: 0, returned: 0, removed: 0, failed: 0 })
    await age(aside, 14)
    t.same(await blobs.sweep(ofRows), { setAside: 0, returned: 0, removed: 1, failed: 0 })
    const left = (await filesOf(directory)).map((path) => path.slice(-36))
    t.same(left.toSorted(), [keyOf(named), keyOf(fresh)].toSorted())
  },
)

t.test(
  'a server that was started with another database has lost nothing: each row has its file, at once (ADR 50)',
  async (t) => {
    const { directory, blobs } = await store(t)
    const contents = Array.from({ length: 3 }, () => randomBytes(100_000))
    const documents = await Promise.all(contents.map((bytes) => blobs.stage(pieces(bytes))))
    const before = (await filesOf(directory)).toSorted()
    for (const path of before) await age(path, 100)
    t.same(
      await blobs.sweep(async () => new Set()),
      { setAside: 3, returned: 0, removed: 0, failed: 0 },
      'an empty database',
    )
    t.same(
      await blobs.sweep(async () => new Set()),
      { setAside: 0, returned: 0, removed: 0, failed: 0 },
      'nor by their former age',
    )
    for (const [index, staged] of documents.entries())
      if (staged.content.kind === 'file')
        t.ok((await collect(blobs.read(staged.content.key, staged))).equals(contents[index] ?? Buffer.alloc(0)))
    t.same(
      await blobs.sweep(async (keys) => new Set(keys)),
      { setAside: 0, returned: 3, removed: 0, failed: 0 },
      'the right one',
    )
    t.same((await filesOf(directory)).toSorted(), before)
  },
)

t.test(
  'what a killed server left half-written is gone a day later, though the next one began at once (reliability: durability)',
  async (t) => {
    const { directory, blobs } = await store(t)
    const half = join(directory, 'incoming', 'half')
    await writeFile(half, randomBytes(100_000))
    await openFileBlobStore({ directory, maxDocumentBytes: 1 })
    await blobs.sweep(async () => new Set())
    t.same(await filesOf(directory), [half], 'another process may be writing it')
    await age(half, 1)
    t.match(await blobs.sweep(async () => new Set()), { failed: 0 })
    t.same(await filesOf(directory), [])
  },
)

t.test('a document that is removed while its file lies aside is gone', async (t) => {
  const { directory, blobs } = await store(t)
  const staged = await blobs.stage(pieces(randomBytes(100_000)))
  for (const path of await filesOf(directory)) await age(path, 1)
  await blobs.sweep(async () => new Set())
  await blobs.discardFile(staged.content.kind === 'file' ? staged.content.key : '')
  t.same(await filesOf(directory), [])
})

t.test(
  'a file that goes while a sweep looks at it keeps nothing else from being swept, and no server from starting',
  async (t) => {
    const { directory, blobs } = await store(t)
    await blobs.stage(pieces(randomBytes(100_000)))
    const [orphan = ''] = await filesOf(directory)
    await age(orphan, 1)
    // A name without a file, as one has that another request discards, or another process moves, in between.
    const gone = 'gone'
    for (const place of [dirname(orphan), join(directory, 'incoming'), join(directory, 'unnamed')])
      await symlink(join(directory, gone), join(place, gone))
    t.match(await blobs.sweep(async () => new Set()), { setAside: 1 })
    await t.resolves(openFileBlobStore({ directory, maxDocumentBytes: 1 }))
  },
)

t.test('two processes that sweep at a time set each file aside once, and neither breaks off', async (t) => {
  const { directory, blobs } = await store(t)
  await Promise.all(Array.from({ length: 12 }, () => blobs.stage(pieces(randomBytes(100_000)))))
  for (const path of await filesOf(directory)) await age(path, 1)
  const swept = await Promise.all([1, 2, 3].map(() => blobs.sweep(async () => new Set())))
  t.equal(
    swept.reduce((sum, { setAside }) => sum + setAside, 0),
    12,
  )
})

t.test('what cannot be moved keeps no other file from it, and what is none of ours is left alone', async (t) => {
  const { directory, blobs } = await store(t)
  const staged = await Promise.all([1, 2, 3].map(() => blobs.stage(pieces(randomBytes(100_000)))))
  const paths = await filesOf(directory)
  for (const path of paths) await age(path, 1)
  const [first = ''] = staged.flatMap(({ content }) => (content.kind === 'file' ? content.key : []))
  await mkdir(join(directory, 'unnamed', first, 'in the way'), { recursive: true })
  const foreign = join(dirname(paths[0] ?? ''), '@eaDir')
  await mkdir(foreign)
  await age(foreign, 100)
  t.same(await blobs.sweep(async () => new Set()), { setAside: 2, returned: 0, removed: 0, failed: 1 })
  t.ok((await stat(foreign)).isDirectory())
})
