// What a repository apart answers to ITI-43: taken whole or not at all, named in words, and not asked again and again (ITI TF-2 3.43.4.2).

import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { iti43 } from '../../profiles/transactions/index.ts'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { type RetrievedDocument, writeRetrieveResponse } from '../../src/codec/ebxml/retrieve.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { peekMessageId } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { createRepositoryClient } from '../../src/http/repository-client.ts'
import type { JournalEntry } from '../../src/journal/entry.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'

const authority = await createAuthority()
const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
const CALLER = { systemId: 'clinic-b', facilityId: 'clinic-b' } as Caller
const DOCUMENT = { repositoryUniqueId: '2.25.9301', documentUniqueId: '2.25.1' }

interface Answering {
  /** Content-ids of the parts that the documents of the answer include, and of those that are sent. */
  readonly included?: readonly string[]
  readonly sent?: readonly string[]
  readonly relatesTo?: string
}

async function openRepository(t: Test, { included = ['a'], sent = included, relatesTo }: Answering = {}) {
  let heard = 0
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, async (request, response) => {
    heard += 1
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const [root = ''] = /<[^>]*Envelope[\s\S]*Envelope>/.exec(Buffer.concat(chunks).toString()) ?? []
    const documents = included.map(
      (contentId): RetrievedDocument => ({ request: DOCUMENT, mimeType: 'a/b', content: { kind: 'part', contentId } }),
    )
    const body = writeRetrieveResponse(documents, { result: 'success', errors: [], journalId: randomUUID() })
    const asked = peekMessageId(readXml(Buffer.from(root))) ?? ''
    const envelope = writeEnvelope({ action: iti43.responseAction, relatesTo: relatesTo ?? asked, body })
    const parts = sent.map((contentId) => ({ contentId, contentType: 'a/b', body: Buffer.from(contentId) }))
    const related = writeRelated(envelope, parts)
    response.setHeader('content-type', related.contentType)
    Readable.from(related.body, { objectMode: false }).pipe(response)
  }).listen(0, 'localhost')
  await once(server, 'listening')
  const staged = new Set<StagedContent>()
  const entries: JournalEntry[] = []
  const client = createRepositoryClient({
    tlsTo: () => () => ({ ca: authority.certificatePem }),
    ports: {
      recorder: { record: async (rows) => void entries.push(...rows.entries) },
      keeper: { keeping: 'none', keep: () => {} },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      meter: { exchange: () => {}, opened: () => () => {}, turnedAway: () => {} },
    },
    home: 'urn:oid:2.25.9101',
    maxAnswerBytes: 1_000_000,
    maxDocumentBytes: 1_000_000,
    maxRequestBytes: 1_000_000,
    staging: {
      stage: async (body) => {
        const chunks: Buffer[] = []
        for await (const chunk of body) chunks.push(chunk)
        const bytes = Buffer.concat(chunks)
        const sha1 = createHash('sha1').update(bytes).digest('hex')
        const content = { content: { kind: 'row', bytes }, sizeBytes: bytes.length, sha1, sha256: '' } as const
        staged.add(content)
        return content
      },
      discard: async (content) => void staged.delete(content),
    },
  })
  t.teardown(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  const url = `https://localhost:${(server.address() as AddressInfo).port}/xds/repository`
  const repository = { repositoryUniqueId: DOCUMENT.repositoryUniqueId, url, retrieveMs: 5000, isPaused: false }
  const fetch = (change: object = {}) => client.fetch({ ...repository, ...change }, [DOCUMENT], CALLER)
  return { fetch, staged, entries, heard: () => heard }
}

t.test('a document comes staged, and the call is nobody’s in the journal', async (t) => {
  const { fetch, staged, entries } = await openRepository(t)
  t.match(await fetch(), { kind: 'answered', documents: [{ ...DOCUMENT, mimeType: 'a/b' }], errors: [] })
  t.equal(staged.size, 1)
  t.match(entries, [{ result: 'success', exchange: { transaction: 'ITI-43' } }])
  t.same([entries[0]?.systemId, entries[0]?.facilityId], [undefined, undefined])
})

t.test('what is no whole answer to our message leaves nothing behind, and is told in words', async (t) => {
  const wrong = [
    [{ relatesTo: `urn:uuid:${randomUUID()}` }, /^its answer cannot be taken: the answer is not one to this message$/],
    [{ included: ['a', 'absent'], sent: ['a', 'b'] }, /^its answer cannot be taken: a part for each document/],
    [{ included: ['a', 'a'], sent: ['a'] }, /^its answer cannot be taken: a part for each document/],
  ] as const
  for (const [answering, reason] of wrong) {
    const { fetch, staged, entries } = await openRepository(t, answering)
    t.match(await fetch(), { kind: 'unavailable', reason })
    t.equal(staged.size, 0)
    t.match(entries, [{ result: 'failure', errors: [{ code: 'REPOSITORY_UNAVAILABLE' }] }])
  }
})

t.test('one that fails again and again is left in peace; at another address it is asked at once', async (t) => {
  const { fetch, heard } = await openRepository(t)
  const down = { url: 'https://localhost:1/xds/repository' }
  for (let call = 0; call < 5; call += 1) t.match(await fetch(down), { reason: 'ECONNREFUSED' })
  t.match(await fetch(down), { kind: 'unavailable', reason: /failed repeatedly/ })
  t.match(await fetch(), { kind: 'answered' })
  t.equal(heard(), 1)
})
