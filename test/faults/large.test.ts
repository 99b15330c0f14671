// Documents larger than memory should hold: streamed in and out, checked on the way, refused above the limit (ITI-41, ITI-43; promise P5).

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { ENDPOINTS, iti43 } from '../../profiles/transactions/index.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { readRelated } from '../../src/codec/mtom/split.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { isSuccess, submissionOf } from './messages.ts'
import { DOMAINS, demoDirectory, eventually, networkOf, startChild } from './support.ts'

t.setTimeout(170_000)

const MIB = 2 ** 20
const CHUNK = Buffer.alloc(MIB, 'streamed document ')

const dataDir = await demoDirectory(t)
const child = await startChild(dataDir, { 'limits.documentBytes': String(80 * MIB) })
t.teardown(child.server.stop)
const network = networkOf(child.server)
t.teardown(network.close)
const patientId = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })

async function* streamOf(mebibytes: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < mebibytes; sent += 1) yield CHUNK
}

function large(mebibytes: number) {
  const sha1 = createHash('sha1')
  for (let at = 0; at < mebibytes; at += 1) sha1.update(CHUNK)
  return { sizeBytes: mebibytes * MIB, sha1: sha1.digest('hex'), stream: () => streamOf(mebibytes) }
}

/** Resident memory of the server, bytes. */
function residentBytes(): number {
  return (
    Number(
      execFileSync('ps', ['-o', 'rss=', '-p', String(child.process.pid)])
        .toString()
        .trim(),
    ) * 1024
  )
}

/** The greatest growth while `work` runs. */
async function growth<T>(what: string, work: () => Promise<T>): Promise<T> {
  const before = residentBytes()
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, residentBytes())
  }, 50)
  try {
    return await work()
  } finally {
    clearInterval(look)
    t.comment(`${what}: resident memory grew by ${Math.round((most - before) / MIB)} MiB`)
  }
}

interface Received {
  readonly sizeBytes: number
  readonly sha1: string
}

/** ITI-43 without holding the document. Rejects when the answer is cut. */
async function retrieve(documentUniqueId: string): Promise<readonly Received[]> {
  const { uniqueId: repositoryUniqueId } = child.server.config.repository
  const body = writeRetrieveRequest([{ repositoryUniqueId, documentUniqueId }])
  const envelope = writeEnvelope({ action: iti43.action, messageId: `urn:uuid:${crypto.randomUUID()}`, body })
  const packed = writeRelated(envelope, [])
  if (!Buffer.isBuffer(packed.body)) throw new Error('the request is small enough to be one buffer')
  const response = await request(`${network.baseUrl}${ENDPOINTS.DocumentRepository}`, {
    method: 'POST',
    dispatcher: await network.agentOf('clinic-b'),
    headers: { 'content-type': packed.contentType },
    body: packed.body,
  })
  const { parts } = await readRelated(response.body, {
    contentType: String(response.headers['content-type']),
    sink: async (_, part) => {
      const sha1 = createHash('sha1')
      let sizeBytes = 0
      for await (const chunk of part) {
        sizeBytes += chunk.length
        sha1.update(chunk)
      }
      return { sizeBytes, sha1: sha1.digest('hex') }
    },
  })
  return [...parts.values()]
}

interface StoredFile {
  readonly path: string
  readonly sizeBytes: number
}

async function filesOnDisk(): Promise<readonly StoredFile[]> {
  const found = await readdir(join(dataDir, 'documents'), { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(files.map(async (path) => ({ path, sizeBytes: (await stat(path)).size })))
}

t.test('64 MiB go in and come out as a stream, byte for byte (ITI-41, ITI-43)', { timeout: 150_000 }, async (t) => {
  const document = large(64)
  const { provide, entry } = submissionOf({ patientId, bytes: document })
  const answer = await growth('ITI-41 of 64 MiB', () => network.soap('hospital-a', provide))
  t.ok(isSuccess(answer.text), answer.text)
  const received = await growth('ITI-43 of 64 MiB', () => retrieve(entry.uniqueId))
  t.strictSame(received, [{ sizeBytes: document.sizeBytes, sha1: document.sha1 }])
})

t.test(
  'a document of more than 64 KiB is a file, and one wrong byte cuts its download (P5)',
  { timeout: 60_000 },
  async (t) => {
    const sizeBytes = 3 * MIB
    const { provide, entry } = submissionOf({ patientId, bytes: large(3) })
    t.ok(isSuccess((await network.soap('hospital-a', provide)).text))
    const file = (await filesOnDisk()).find((candidate) => candidate.sizeBytes === sizeBytes)
    t.equal((await retrieve(entry.uniqueId))[0]?.sizeBytes, sizeBytes)
    const handle = await open(file?.path ?? '', 'r+')
    await handle.write(Buffer.from([0xff]), 0, 1, sizeBytes / 2)
    await handle.close()
    await t.rejects(retrieve(entry.uniqueId), 'the answer ends before its closing boundary')
    t.ok(
      await eventually(async () => /does not match its checksum/.test(child.errors()), 10_000),
      'the operator is told',
    )
    t.notMatch(child.errors(), /架空|見本/)
  },
)

t.test(
  'a document above limits.documentBytes is refused and nothing of it stays (ITI-41)',
  { timeout: 60_000 },
  async (t) => {
    const before = (await filesOnDisk()).length
    const { provide, entry } = submissionOf({ patientId, bytes: large(100) })
    const status = await network.soap('hospital-a', provide).then(
      (answer) => answer.status,
      // The refusal comes while the body is on its way, so that the sender may see a broken connection instead.
      () => 413,
    )
    t.equal(status, 413)
    t.ok(await eventually(async () => (await filesOnDisk()).length === before, 10_000), 'no file is left')
    t.strictSame(
      await network
        .find('hospital-a', patientId)
        .then((found) => found.filter(({ uniqueId }) => uniqueId === entry.uniqueId)),
      [],
    )
    t.equal(child.process.exitCode, null)
  },
)
