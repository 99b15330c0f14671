// A neighbouring community's gateway that answers as it is told, and a client that asks it, for the tests of what is made of answers.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { peekMessageId } from '../../src/codec/soap/read.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { trusted } from '../../src/codec/xml/write.ts'
import type { Community } from '../../src/gateway/ports.ts'
import { createPartnerClient, type PartnerClientOptions } from '../../src/http/partner-client.ts'
import type { JournalEntry } from '../../src/journal/entry.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'
import { awaitingInMemory } from '../gateway/answers.ts'

export const CALLER = { systemId: 'clinic-b', facilityId: 'clinic-b', accessMode: 'network' } as unknown as Caller
export const HOME = 'urn:oid:2.25.9102'

const authority = await createAuthority()
const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })

/** @param answer given the MessageID of the request. */
export async function startGateway(
  t: Test,
  answer: (messageId: string, response: ServerResponse, request: IncomingMessage) => void,
  options: Partial<PartnerClientOptions> = {},
) {
  const gateway = createServer({ cert: certificatePem, key: privateKeyPem }, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const [root = ''] = /<[^>]*Envelope[\s\S]*Envelope>/.exec(Buffer.concat(chunks).toString()) ?? []
    answer(peekMessageId(readXml(Buffer.from(root))) ?? '', response, request)
  }).listen(0, 'localhost')
  await once(gateway, 'listening')
  const url = `https://localhost:${(gateway.address() as AddressInfo).port}/xca/responding`
  const staged = new Set<StagedContent>()
  const entries: JournalEntry[] = []
  const client = createPartnerClient({
    tlsTo: () => () => ({ ca: authority.certificatePem }),
    ports: {
      recorder: { record: async (rows) => void entries.push(...rows.entries) },
      keeper: { keeping: 'none', keep: () => {} },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      meter: { exchange: () => {}, opened: () => () => {}, turnedAway: () => {} },
    },
    assert: async () => trusted(''),
    home: '2.25.9101' as Oid,
    queryBudgetMs: 5000,
    answersUrl: 'https://hub.example.jp/xca/initiating/async',
    awaiting: awaitingInMemory(async (content) => void staged.delete(content)),
    maxAnswerBytes: 1_000_000,
    maxDocumentBytes: 1_000_000,
    maxRequestBytes: 1_000_000,
    staging: stagingIn(staged),
    ...options,
  })
  t.teardown(async () => {
    await client.close()
    gateway.closeAllConnections()
    gateway.close()
  })
  const community: Community = {
    facilityId: 'network-east',
    home: HOME,
    identity: 'none',
    isAsynchronous: false,
    queryUrl: url,
    retrieveUrl: url,
    queryMs: 5000,
    retrieveMs: 5000,
  }
  return { client, community, staged, entries, authority }
}

/** Staged content in memory. */
export function stagingIn(staged: Set<StagedContent>): PartnerClientOptions['staging'] {
  return {
    stage: async (body) => {
      const chunks: Buffer[] = []
      for await (const chunk of body) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const digest = (name: string) => createHash(name).update(bytes).digest('hex')
      const content: StagedContent = {
        content: { kind: 'row', bytes },
        sizeBytes: bytes.length,
        sha1: digest('sha1'),
        sha256: digest('sha256'),
      }
      staged.add(content)
      return content
    },
    discard: async (content) => void staged.delete(content),
  }
}
