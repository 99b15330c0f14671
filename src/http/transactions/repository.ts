// Codec pairs of the Document Repository: ITI-41 and ITI-43 (ITI TF-2 3.41, 3.43).

import { iheError } from '../../../profiles/errors/index.ts'
import { writeRegistryResponse } from '../../codec/ebxml/registry-response.ts'
import { type RetrievedDocument, readRetrieveRequest, writeRetrieveResponse } from '../../codec/ebxml/retrieve.ts'
import { readProvideAndRegister } from '../../codec/ebxml/submit.ts'
import { newContentId } from '../../codec/mtom/include.ts'
import type { Attachment } from '../../codec/mtom/write.ts'
import type { StagedContent } from '../../model/staged-document.ts'
import type { ProvideAndRegisterRequest } from '../../repository/provide-and-register.ts'
import type { DeliveredDocument, DocumentRequest } from '../../repository/retrieve.ts'
import type { Codec } from '../binding.ts'

/** Inline documents are staged like parts: `stage` hashes them and, above the row limit, writes a file. */
export function iti41Codec(
  stage: (body: AsyncIterable<Buffer>) => Promise<StagedContent>,
): Codec<ProvideAndRegisterRequest, void> {
  return {
    parts: 'own',
    decode: async ({ body, parts }) => {
      const { submission, documents } = readProvideAndRegister(body)
      const provided = []
      const included = new Set<string>()
      for (const { id, content } of documents) {
        if (content.kind === 'inline') provided.push({ id, staged: await stage(once(content.bytes)) })
        else {
          included.add(content.contentId)
          provided.push({ id, staged: parts.get(content.contentId) })
        }
      }
      const unreferenced = [...parts].filter(([contentId]) => !included.has(contentId))
      return {
        submission,
        documents: provided,
        unreferenced: unreferenced.map(([contentId, staged]) => ({ contentId, staged })),
      }
    },
    encode: (outcome, { journalId }) => ({
      body: writeRegistryResponse({ result: outcome.result, errors: outcome.errors, journalId }),
      attachments: [],
    }),
    refuse: (errors, { journalId }) => writeRegistryResponse({ result: 'failure', errors, journalId }),
  }
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes
}

/** A simple SOAP answer carries documents as base64; above this it is refused, because only MTOM can stream. */
const MAX_INLINE_BYTES = 32 * 1024 * 1024

export const iti43Codec: Codec<readonly DocumentRequest[], readonly DeliveredDocument[]> = {
  decode: ({ body }) => readRetrieveRequest(body),
  encode: async (outcome, { incoming, journalId }) => {
    const verdict = { result: outcome.result, errors: outcome.errors, journalId }
    if (incoming.packaging === 'simple')
      return { body: writeRetrieveResponse(await inlined(outcome.answer), verdict), attachments: [] }
    const attachments: Attachment[] = []
    const documents = outcome.answer.map((delivered): RetrievedDocument => {
      const contentId = newContentId()
      attachments.push({ contentId, contentType: delivered.mimeType, body: delivered.body })
      return { request: delivered.request, mimeType: delivered.mimeType, content: { kind: 'part', contentId } }
    })
    return { body: writeRetrieveResponse(documents, verdict), attachments }
  },
  refuse: (errors, { journalId }) => writeRetrieveResponse([], { result: 'failure', errors, journalId }),
}

async function inlined(delivered: readonly DeliveredDocument[]): Promise<readonly RetrievedDocument[]> {
  let total = 0
  const documents: RetrievedDocument[] = []
  for (const { request, mimeType, body } of delivered) {
    const chunks: Buffer[] = []
    for await (const chunk of Buffer.isBuffer(body) ? once(body) : body) {
      total += chunk.length
      if (total > MAX_INLINE_BYTES)
        throw iheError('TOO_LARGE', {
          at: 'RetrieveDocumentSetResponse',
          rule: 'documents this large are delivered by MTOM only',
        })
      chunks.push(chunk)
    }
    documents.push({ request, mimeType, content: { kind: 'inline', bytes: Buffer.concat(chunks) } })
  }
  return documents
}
