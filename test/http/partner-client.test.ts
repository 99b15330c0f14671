// What a neighbour answers to ITI-39 is staged, and nothing of it stays when the answer cannot be passed on (ITI TF-2 3.39.4.1.3).

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { iti39 } from '../../profiles/transactions/index.ts'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { type RetrievedDocument, writeRetrieveResponse } from '../../src/codec/ebxml/retrieve.ts'
import { type Related, writeRelated } from '../../src/codec/mtom/write.ts'
import { writeFault } from '../../src/codec/soap/fault.ts'
import { peekMessageId } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { trusted } from '../../src/codec/xml/write.ts'
import type { Community } from '../../src/gateway/ports.ts'
import type { Assert } from '../../src/http/asserting.ts'
import { createPartnerClient } from '../../src/http/partner-client.ts'
import type { Taking } from '../../src/http/partner-message.ts'
import { take } from '../../src/http/partner-transport.ts'
import type { JournalEntry } from '../../src/journal/entry.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'
import { awaitingInMemory } from '../gateway/answers.ts'
import { stagingIn } from './partner-gateway.ts'

const authority = await createAuthority()
const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
const REPOSITORY = '2.25.9112'
const CALLER = {
  systemId: 'clinic-b',
  facilityId: 'clinic-b',
  accessMode: 'network',
  exchange: { id: 'x' },
} as unknown as Caller
const COMMUNITY = {
  facilityId: 'network-east',
  home: 'urn:oid:2.25.9102',
  identity: 'none',
  isAsynchronous: false,
} as const

const asserts =
  (block: string): Assert =>
  async () =>
    trusted(block)

interface Fetching {
  readonly included: readonly string[]
  readonly sent: readonly string[]
  readonly terms?: Partial<Community>
  readonly assert?: Assert
  /** On the connection; accepted and answered later, before, or never; or a fault at once. */
  readonly how?: 'directly' | 'later' | 'sooner' | 'never' | 'fault'
}

const ANSWERS_URL = 'https://hub.example.jp/xca/initiating/async'

/** A gateway that includes these parts in its documents, and sends those. */
async function fetching(
  t: Test,
  { included, sent, terms = {}, assert = asserts('<x:who xmlns:x="urn:x"/>'), how = 'directly' }: Fetching,
) {
  let asked = ''
  const documents: readonly RetrievedDocument[] = included.map((contentId, index) => ({
    request: { repositoryUniqueId: REPOSITORY, documentUniqueId: `2.25.${index}` },
    mimeType: 'text/plain',
    content: { kind: 'part', contentId },
  }))
  const gateway = createServer({ cert: certificatePem, key: privateKeyPem }, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    asked = Buffer.concat(chunks).toString()
    const [root = ''] = /<[^>]*Envelope[\s\S]*Envelope>/.exec(asked) ?? []
    const relatesTo = peekMessageId(readXml(Buffer.from(root))) ?? ''
    const body = writeRetrieveResponse(documents, { result: 'success', errors: [], journalId: randomUUID() })
    const envelope = writeEnvelope({ action: iti39.responseAction, relatesTo, body })
    const parts = sent.map((contentId) => ({ contentId, contentType: 'text/plain', body: Buffer.from(contentId) }))
    const answer = writeRelated(envelope, parts)
    if (how === 'directly') response.setHeader('content-type', answer.contentType).end(answer.body)
    else await deliver(how, { response, relatesTo, answer })
  })
  const heard: string[] = []
  const deliver = async (
    kind: Exclude<Fetching['how'], 'directly' | undefined>,
    given: { readonly response: ServerResponse; readonly relatesTo: string; readonly answer: Related },
  ): Promise<void> => {
    const { response, relatesTo, answer } = given
    if (kind === 'fault') {
      const error = iheError('WSA_REPLY_TO')
      const { status, xml } = writeFault(error, { journalId: randomUUID(), relatesTo })
      response.writeHead(status, { 'content-type': 'application/soap+xml; charset=UTF-8' }).end(xml)
      return
    }
    const arrive = async (): Promise<void> => {
      const body = Readable.from(Buffer.isBuffer(answer.body) ? [answer.body] : answer.body)
      const packed = await take({ contentType: answer.contentType, body, documents: 'staged' }, taking)
      const claim = { messageId: relatesTo, facilityId: community.facilityId }
      const { kind } = await awaiting.heard(claim, { contentType: answer.contentType, packed })
      heard.push(kind)
      if (kind !== 'taken') for (const content of packed.parts.values()) await taking.staging.discard(content)
    }
    if (kind === 'sooner') await arrive()
    response.writeHead(202, { 'content-type': 'application/soap+xml' }).end()
    if (kind === 'later') await arrive()
  }
  gateway.listen(0, 'localhost')
  await once(gateway, 'listening')
  const url = `https://localhost:${(gateway.address() as AddressInfo).port}/xca/responding`
  const community = { ...COMMUNITY, queryUrl: url, retrieveUrl: url, queryMs: 5000, retrieveMs: 5000, ...terms }
  const staged = new Set<StagedContent>()
  const entries: JournalEntry[] = []
  const taking: Taking = {
    maxAnswerBytes: 1_000_000,
    maxDocumentBytes: 1_000_000,
    maxRequestBytes: 1_000_000,
    staging: stagingIn(staged),
  }
  const ended = new Map<string, 'waiting' | 'answered' | 'given up'>()
  const awaiting = awaitingInMemory(taking.staging.discard, ended)
  const client = createPartnerClient({
    tlsTo: () => () => ({ ca: authority.certificatePem }),
    ports: {
      recorder: { record: async (rows) => void entries.push(...rows.entries) },
      keeper: { keeping: 'none', keep: () => {} },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      meter: { exchange: () => {}, opened: () => () => {}, turnedAway: () => {} },
    },
    assert,
    home: '2.25.9101' as Oid,
    queryBudgetMs: 5000,
    answersUrl: ANSWERS_URL,
    awaiting,
    ...taking,
  })
  t.teardown(async () => {
    await client.close()
    gateway.close()
  })
  const requests = documents.map(({ request }) => request)
  const reply = await client.fetch(community, requests, CALLER)
  return { reply, staged, entries, heard, ended, asked: () => asked }
}

t.test('each document with a part of its own is handed on; what nobody asked for goes', async (t) => {
  const { reply, staged, entries } = await fetching(t, { included: ['a', 'b'], sent: ['a', 'b', 'stray'] })
  t.match(reply, { kind: 'answered', documents: [{ documentUniqueId: '2.25.0' }, { documentUniqueId: '2.25.1' }] })
  t.equal(staged.size, 2)
  t.match(entries, [{ facilityId: 'network-east', systemId: undefined }], 'its answer is its own in the journal')
})

t.test(
  'two documents that share a part are no answer: passing on the first would take it from the second',
  async (t) => {
    const { reply, staged } = await fetching(t, { included: ['a', 'a'], sent: ['a'] })
    t.match(reply, { kind: 'unavailable', reason: /COMMUNITY_ANSWER_INVALID: a part for each document/ })
    t.equal(staged.size, 0)
  },
)

t.test('an answer that lacks a part leaves none of the others behind', async (t) => {
  const { reply, staged } = await fetching(t, { included: ['a', 'absent'], sent: ['a', 'b'] })
  t.match(reply, { kind: 'unavailable', reason: /COMMUNITY_ANSWER_INVALID/ })
  t.equal(staged.size, 0)
})

t.test('who asks is said in the header to a community that wants to know, and to no other (3.40.4.1)', async (t) => {
  const one = { included: ['a'], sent: ['a'] }
  const audience = 'urn:oid:2.25.9102'
  let told: unknown
  const assert: Assert = async (caller, wanted) => {
    told = [caller.systemId, wanted]
    return trusted('<x:who xmlns:x="urn:x"/>')
  }
  const asked = await fetching(t, { ...one, terms: { assertionAudience: audience }, assert })
  t.match(asked.reply, { kind: 'answered' })
  t.same(told, ['clinic-b', audience])
  t.match(asked.asked(), /<x:who xmlns:x="urn:x"\/><\/soap12:Header>/)
  t.notMatch((await fetching(t, one)).asked(), /x:who/)
})

t.test('what cannot be said is no fault of the community, and it is not asked without', async (t) => {
  const assert: Assert = () => Promise.reject(new Error('no key'))
  const terms = { assertionAudience: 'urn:oid:2.25.9102' }
  const { reply, asked, entries } = await fetching(t, { included: ['a'], sent: ['a'], terms, assert })
  t.match(reply, { kind: 'unavailable', reason: /could be signed here/ })
  t.equal(asked(), '')
  t.same(entries, [])
})

t.test(
  'a community that answers later is waited for at our address, however fast it is (Appendix V.3.3)',
  async (t) => {
    const documents = { included: ['a', 'b'], sent: ['a', 'b', 'stray'] }
    for (const how of ['later', 'sooner'] as const) {
      const { reply, asked, staged, heard, ended } = await fetching(t, {
        ...documents,
        terms: { isAsynchronous: true },
        how,
      })
      t.match(
        reply,
        { kind: 'answered', documents: [{ documentUniqueId: '2.25.0' }, { documentUniqueId: '2.25.1' }] },
        how,
      )
      t.match(asked(), `<wsa:ReplyTo><wsa:Address>${ANSWERS_URL}</wsa:Address></wsa:ReplyTo>`)
      t.same(heard, ['taken'])
      t.same([...ended.values()], ['answered'])
      t.equal(staged.size, 2)
    }
  },
)

t.test('it has the time of the call and no more, and may say no at once', async (t) => {
  const terms = { isAsynchronous: true, retrieveMs: 300 }
  const late = await fetching(t, { included: ['a'], sent: ['a'], terms, how: 'never' })
  t.match(late.reply, { kind: 'unavailable', reason: 'no whole answer in time' })
  t.same([...late.ended.values()], ['given up'])
  t.match(late.entries, [{ result: 'failure' }])
  const refused = await fetching(t, { included: ['a'], sent: ['a'], terms, how: 'fault' })
  t.match(refused.reply, { kind: 'unavailable', reason: 'SOAP fault OnlyAnonymousAddressSupported' })
  const direct = await fetching(t, { included: ['a'], sent: ['a'], terms })
  t.match(direct.reply, { kind: 'answered' }, 'an answer on the connection is one all the same')
})
