// A Document Repository or On-Demand Document Source of somebody else: mutual TLS and ITI-43, and nothing more (ITI TF-2 3.43).

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { Test } from 'tap'
import { iti43 } from '../../profiles/transactions/index.ts'
import { type Authority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { type RetrievedDocument, readRetrieveRequest, writeRetrieveResponse } from '../../src/codec/ebxml/retrieve.ts'
import { newContentId } from '../../src/codec/mtom/include.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { readEnvelope } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'

export interface SmallDocument {
  readonly bytes: Buffer
  readonly mimeType?: string
  readonly snapshot?: RetrievedDocument['snapshot']
}

interface Given {
  /** Issues its server certificate. */
  readonly authority: Authority
  /** PEM of the authority whose clients it answers. */
  readonly clients: string
  /** What it has under a documentUniqueId, each time it is asked. */
  readonly holds: (documentUniqueId: string) => SmallDocument | undefined
}

export async function openSmallRepository(t: Test, { authority, clients, holds }: Given) {
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
  const asked: string[] = []
  const tls = { cert: certificatePem, key: privateKeyPem, ca: clients, requestCert: true, rejectUnauthorized: true }
  const server = createServer(tls, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const [root = ''] = /<[^>]*Envelope[\s\S]*Envelope>/.exec(Buffer.concat(chunks).toString()) ?? []
    const { messageId = '', body } = readEnvelope(readXml(Buffer.from(root)))
    const requests = readRetrieveRequest(body)
    asked.push(...requests.map(({ documentUniqueId }) => documentUniqueId))
    const found = requests.flatMap((one) => {
      const document = holds(one.documentUniqueId)
      return document === undefined ? [] : [{ request: one, contentId: newContentId(), ...document }]
    })
    const documents = found.map(({ request, mimeType = 'application/pdf', snapshot, contentId }): RetrievedDocument => {
      const described = { request, mimeType, content: { kind: 'part', contentId } } as const
      return snapshot === undefined ? described : { ...described, snapshot }
    })
    const parts = found.map(({ contentId, bytes }) => ({ contentId, contentType: 'application/pdf', body: bytes }))
    const verdict = { result: 'success', errors: [], journalId: randomUUID() } as const
    const answer = writeEnvelope({
      action: iti43.responseAction,
      relatesTo: messageId,
      body: writeRetrieveResponse(documents, verdict),
    })
    const related = writeRelated(answer, parts)
    response.setHeader('content-type', related.contentType)
    Readable.from(related.body, { objectMode: false }).pipe(response)
  })
  server.on('tlsClientError', () => {})
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://localhost:${(server.address() as AddressInfo).port}/xds/repository`, asked }
}
