// ITI-86 without a database: who may remove what, what the answer says, and files after the commit (IHE ITI supplement RMD, 3.86.4.1.3).

import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Caller } from '../../src/model/caller.ts'
import { openFileBlobStore } from '../../src/repository/file-blob-store.ts'
import type { HeldDocument, RefusedRemoval } from '../../src/repository/ports.ts'
import { type DocumentRemovalPorts, removeDocuments } from '../../src/repository/remove.ts'
import { caller, REPOSITORY } from '../registry/submission.ts'

const PATIENT = 'P1^^^&2.25.900.1&ISO'
const held = (uniqueId: string, publishers: readonly string[], beingRegistered = false): HeldDocument => ({
  uniqueId,
  holders: publishers.map((publisher) => ({ publisher, patient: PATIENT, stopped: false })),
  beingRegistered,
})
const DOCUMENTS = [
  held('own', ['clinic-b']),
  held('also-own', ['clinic-b']),
  held('foreign', ['hospital-a']),
  held('shared', ['clinic-b', 'hospital-a']),
  held('on-its-way', ['clinic-b'], true),
  held('nobodys', []),
]

function world(change: Partial<DocumentRemovalPorts> & { readonly replayed?: readonly RefusedRemoval[] } = {}) {
  const removed: string[] = []
  const kept: RefusedRemoval[] = []
  const files: string[] = []
  const ports: DocumentRemovalPorts = {
    repositoryUniqueId: REPOSITORY,
    discardFile: async (key) => {
      files.push(key)
    },
    removal: (work) =>
      work({
        open: async ({ uniqueIds }) => ({
          replayed: change.replayed,
          documents: DOCUMENTS.filter(({ uniqueId }) => uniqueIds.includes(uniqueId)),
        }),
        write: async ({ uniqueIds, refusals }) => {
          removed.push(...uniqueIds)
          kept.push(...refusals)
          return uniqueIds.map((uniqueId) => `file of ${uniqueId}`)
        },
      }),
    ...change,
  }
  const send = (ids: readonly string[], who: Caller = caller({ messageId: 'urn:uuid:1' })) =>
    removeDocuments(
      ids.map((id) => {
        const [repository = '', document] = id.includes('/') ? id.split('/') : [REPOSITORY, id]
        return { repositoryUniqueId: repository, documentUniqueId: document ?? '' }
      }),
      who,
      ports,
    )
  return { send, removed, kept, files }
}

const codesOf = ({ errors }: { readonly errors: readonly { row: { code: string }; location: string | undefined }[] }) =>
  errors.map(({ row, location }) => `${row.code} ${location}`)

t.test('in consent mode own documents go, others are not there, shared ones stay', async (t) => {
  const { send, removed, files } = world()
  t.match(await send(['own']), {
    result: 'success',
    recorded: true,
    evidence: { patients: [PATIENT], documents: [{ documentUniqueId: 'own' }], decision: { allowed: true } },
  })
  t.strictSame(removed, ['own'])
  t.strictSame(files, ['file of own'], 'after the commit')
  for (const [id, code] of [
    ['foreign', 'DOCUMENT_UNAVAILABLE'],
    ['absent', 'DOCUMENT_UNAVAILABLE'],
    ['nobodys', 'DOCUMENT_UNAVAILABLE'],
    ['shared', 'REMOVE_DOCUMENT'],
    ['on-its-way', 'REMOVE_DOCUMENT'],
  ] as const) {
    const outcome = await send([id])
    t.match(outcome, { result: 'failure', recorded: false })
    t.strictSame(codesOf(outcome), [`${code} ${id}`])
  }
  t.strictSame(removed, ['own'])
})

t.test('a trusted system removes whatever is not on its way', async (t) => {
  const { send, removed } = world()
  const trusted = caller({ accessMode: 'affinity-domain' })
  t.match(await send(['foreign', 'shared', 'nobodys'], trusted), { result: 'success' })
  t.strictSame(removed, ['foreign', 'shared', 'nobodys'])
  t.strictSame(codesOf(await send(['on-its-way'], trusted)), ['REMOVE_DOCUMENT on-its-way'])
})

t.test('each document by itself: some go, the errors name the others in their order', async (t) => {
  const { send, removed, kept } = world()
  const outcome = await send(['own', 'absent', 'also-own', '2.25.1/own', 'own'])
  t.equal(outcome.result, 'partial')
  t.strictSame(codesOf(outcome), ['DOCUMENT_UNAVAILABLE absent', 'UNKNOWN_REPOSITORY own'])
  t.strictSame(removed, ['own', 'also-own'], 'the id in another repository says nothing of ours')
  t.equal(kept.length, 2, 'for the same message again')
  t.equal(outcome.evidence.undelivered?.length, 2)
})

t.test('the same message again has the answer of the first', async (t) => {
  const refusal = { code: 'DOCUMENT_UNAVAILABLE', at: 'DocumentUniqueId', value: 'x', location: 'x' } as const
  const again = world({ replayed: [refusal] })
  const outcome = await again.send(['own', 'x'])
  t.match(outcome, { result: 'partial', recorded: false })
  t.strictSame(codesOf(outcome), ['DOCUMENT_UNAVAILABLE x'])
  t.strictSame(again.removed, [])
  t.match(await world({ replayed: [] }).send(['own']), { result: 'success', errors: [] })
})

t.test('a process that dies between commit and file leaves the file to the sweep', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-removed-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const options = { directory, maxDocumentBytes: 10 ** 6 }
  const blobs = await openFileBlobStore(options)
  await blobs.stage(
    (async function* () {
      yield randomBytes(100_000)
    })(),
  )
  const dying = world({ discardFile: () => Promise.reject(new Error('killed')) })
  t.match(await dying.send(['own']), { result: 'success' }, 'the commit stands')
  const files = async () =>
    (await readdir(directory, { recursive: true, withFileTypes: true }))
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name))
  const sweptAfter = async (days: number) => {
    const then = new Date(Date.now() - days * 24 * 60 * 60 * 1000 - 60_000)
    for (const path of await files()) await utimes(path, then, then)
    return (await openFileBlobStore(options)).sweep(async () => new Set())
  }
  t.match(await sweptAfter(1), { setAside: 1 }, 'no row names it any more')
  t.match(await sweptAfter(14), { removed: 1 })
  t.strictSame(await files(), [])
})
