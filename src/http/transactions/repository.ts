// Codec pairs of the Document Repository: ITI-41, ITI-43 and ITI-86 (ITI TF-2 3.41, 3.43; IHE ITI supplement RMD, 3.86).

import { iheError } from '../../../profiles/errors/index.ts'
import { writeRegistryResponse } from '../../codec/ebxml/registry-response.ts'
import { type RetrievedDocument, readRetrieveRequest, writeRetrieveResponse } from '../../codec/ebxml/retrieve.ts'
import { type ProvidedDocument, readProvideAndRegister } from '../../codec/ebxml/submit.ts'
import { newContentId } from '../../codec/mtom/include.ts'
import { type IheError, underCode } from '../../model/error.ts'
import type { StagedContent } from '../../model/staged-document.ts'
import type { ProvideAndRegisterRequest } from '../../repository/provide-and-register.ts'
import type { DeliveredDocument, DocumentRequest } from '../../repository/retrieve.ts'
import type { AnsweredPart, Codec } from '../binding.ts'
import { aboutRetrieved, aboutSubmitted } from './patients.ts'

/** What a repository says where a registry has a code of its own (ITI TF-3 Table 4.2.4.1-2). */
const ABOUT_METADATA: Readonly<Record<string, string>> = {
  XDSRegistryMetadataError: 'XDSRepositoryMetadataError',
  XDSRegistryError: 'XDSRepositoryError',
  XDSRegistryBusy: 'XDSRepositoryBusy',
}
/** In transactions without metadata a body that cannot be read is a general error. */
const ABOUT_DOCUMENTS = { ...ABOUT_METADATA, XDSRegistryMetadataError: 'XDSRepositoryError' }

/** Errors found before or instead of the actor; what a registry has said stays as it is. */
function ofRepository(errors: readonly IheError[], codes: Readonly<Record<string, string>>): readonly IheError[] {
  return errors.map((error) => underCode(error, codes[error.row.ihe] ?? error.row.ihe))
}

/** Where documents go while a message is read. */
export interface Staging {
  readonly stage: (body: AsyncIterable<Buffer>) => Promise<StagedContent>
  readonly discard: (staged: StagedContent) => Promise<void>
}

/** Inline documents are staged like parts: `stage` hashes them and, above the row limit, writes a file. */
export function iti41Codec(staging: Staging): Codec<ProvideAndRegisterRequest, void> {
  return {
    parts: 'own',
    about: aboutSubmitted,
    decode: async ({ body, parts }) => {
      const { submission, documents } = readProvideAndRegister(body)
      const included = new Set(documents.flatMap(({ content }) => (content.kind === 'part' ? [content.contentId] : [])))
      const inline = await stageInline(documents, staging)
      return {
        submission,
        documents: documents.map(({ id, content }, index) => ({
          id,
          staged: content.kind === 'part' ? parts.get(content.contentId) : inline.get(index),
        })),
        unreferenced: [...parts]
          .filter(([contentId]) => !included.has(contentId))
          .map(([contentId, staged]) => ({ contentId, staged })),
      }
    },
    encode: (outcome, { journalId }) => ({
      body: writeRegistryResponse({ result: outcome.result, errors: outcome.errors, journalId }),
      attachments: [],
    }),
    refuse: (errors, { journalId }) =>
      writeRegistryResponse({ result: 'failure', errors: ofRepository(errors, ABOUT_METADATA), journalId }),
  }
}

/** By place in the message. When one cannot be staged those before it are nobody's, so they go. */
async function stageInline(
  documents: readonly ProvidedDocument[],
  { stage, discard }: Staging,
): Promise<ReadonlyMap<number, StagedContent>> {
  const staged = new Map<number, StagedContent>()
  try {
    for (const [index, { content }] of documents.entries())
      if (content.kind === 'inline') staged.set(index, await stage(once(content.bytes)))
    return staged
  } catch (error) {
    for (const content of staged.values()) await discard(content)
    throw error
  }
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes
}

/** A simple SOAP answer carries documents as base64; above this it is refused, because only MTOM can stream. */
const MAX_INLINE_BYTES = 32 * 1024 * 1024

export const iti43Codec: Codec<readonly DocumentRequest[], readonly DeliveredDocument[]> = {
  about: aboutRetrieved,
  decode: ({ body }) => readRetrieveRequest(body),
  encode: async (outcome, { incoming, journalId }) => {
    const verdict = { result: outcome.result, errors: outcome.errors, journalId }
    if (incoming.packaging === 'simple')
      return { body: writeRetrieveResponse(await inlined(outcome.answer), verdict), attachments: [] }
    const attachments: AnsweredPart[] = []
    const documents = outcome.answer.map((delivered): RetrievedDocument => {
      const contentId = newContentId()
      const { mimeType, body, sizeBytes, sha256 } = delivered
      attachments.push({ contentId, contentType: mimeType, body, sizeBytes, sha256 })
      return { ...described(delivered), content: { kind: 'part', contentId } }
    })
    return { body: writeRetrieveResponse(documents, verdict), attachments }
  },
  refuse: (errors, { journalId }) =>
    writeRetrieveResponse([], { result: 'failure', errors: ofRepository(errors, ABOUT_DOCUMENTS), journalId }),
}

function described({ request, mimeType, snapshot }: DeliveredDocument): Omit<RetrievedDocument, 'content'> {
  return { request, mimeType, ...(snapshot === undefined ? {} : { snapshot }) }
}

async function inlined(delivered: readonly DeliveredDocument[]): Promise<readonly RetrievedDocument[]> {
  let total = 0
  const documents: RetrievedDocument[] = []
  for (const document of delivered) {
    const { body } = document
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
    documents.push({ ...described(document), content: { kind: 'inline', bytes: Buffer.concat(chunks) } })
  }
  return documents
}

export const iti86Codec: Codec<readonly DocumentRequest[], void> = {
  decode: ({ body }) => readRetrieveRequest(body),
  encode: (outcome, { journalId }) => ({
    body: writeRegistryResponse({ result: outcome.result, errors: outcome.errors, journalId }),
    attachments: [],
  }),
  refuse: (errors, { journalId }) =>
    writeRegistryResponse({ result: 'failure', errors: ofRepository(errors, ABOUT_DOCUMENTS), journalId }),
}
