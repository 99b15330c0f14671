// An Initiating Gateway with one neighbour and nothing of its own: what it makes of the bodies of that one's answers (ITI TF-2 3.38, 3.39).

import type { XmlElement } from '../../src/codec/xml/read.ts'
import { type InitiatedQuery, initiateQuery } from '../../src/gateway/initiate-query.ts'
import { initiateRetrieve } from '../../src/gateway/initiate-retrieve.ts'
import type { Community, ForeignDocument } from '../../src/gateway/ports.ts'
import { readDocuments, readQuery } from '../../src/http/partner-message.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'
import type { DeliveredDocument, DocumentRequest } from '../../src/repository/retrieve.ts'
import { nothingHere } from './nothing-here.ts'

export const OUR_HOME = 'urn:oid:2.25.1'
/** May have whatever is there: whose documents they are is not asked for it. */
const CALLER = { systemId: 'clinic-b', facilityId: 'clinic-b', accessMode: 'affinity-domain' } as unknown as Caller
const URL_THERE = 'https://neighbour.example.jp/xca/responding'

const neighbour = (home: string): Community => ({
  facilityId: 'neighbour',
  home,
  queryUrl: URL_THERE,
  retrieveUrl: URL_THERE,
  queryMs: 1000,
  retrieveMs: 1000,
  identity: 'none',
  isAsynchronous: false,
})

const nobody = { knowing: async () => [], mayKnow: async () => new Set<string>() }

/** ITI-18 about a patient, with this answer of the neighbour. */
export function askNeighbour(
  answer: XmlElement,
  { home, patientId }: { readonly home: string; readonly patientId: PatientId },
) {
  const query = { kind: 'FindDocuments', patientId, returnType: 'LeafClass' }
  const request = { query, home: undefined, audit: { id: 'q', text: '' }, rewritten: () => '<q/>' }
  return initiateQuery(request as unknown as InitiatedQuery, CALLER, {
    home: OUR_HOME,
    query: nothingHere,
    directory: {
      ...nobody,
      knowing: async () => [{ ...neighbour(home), patientId }],
      ofHome: async () => undefined,
    },
    ask: async () => ({ kind: 'answered', ...readQuery(answer) }),
  })
}

/** ITI-43 of one of its documents, with this answer; `kept` is what stays staged. */
export async function fetchFromNeighbour(
  answer: XmlElement,
  wanted: DocumentRequest & { readonly homeCommunityId: string },
) {
  const kept = new Set<StagedContent>()
  const staging = {
    stage: async (body: AsyncIterable<Buffer>): Promise<StagedContent> => {
      const chunks: Buffer[] = []
      for await (const chunk of body) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const staged = { content: { kind: 'row', bytes }, sizeBytes: bytes.length, sha1: '', sha256: '' } as const
      kept.add(staged)
      return staged
    },
    discard: async (staged: StagedContent) => void kept.delete(staged),
  }
  const reply = await readDocuments({ body: answer, headers: [], parts: new Map() }, staging)
  const outcome = await initiateRetrieve<DeliveredDocument>([wanted], CALLER, {
    home: OUR_HOME,
    repositoriesHere: async () => new Set(['2.25.3']),
    retrieve: () => Promise.reject(new Error('nothing is asked of us')),
    directory: { ...nobody, ofHome: async () => neighbour(wanted.homeCommunityId) },
    ask: () => Promise.reject(new Error('whose documents these are is no question for this caller')),
    documentsQuery: () => ({ id: 'q', text: '' }),
    fetch: async () => ({ kind: 'answered', ...reply }),
    discard: ({ staged }) => staging.discard(staged),
    deliver: (request, document) => delivered(request, document),
    requestOf: ({ request }) => request,
  })
  return { ...outcome, kept }
}

function delivered(request: DocumentRequest, { staged, mimeType, snapshot }: ForeignDocument): DeliveredDocument {
  if (staged.content.kind !== 'row') throw new Error('a document of a test is small')
  const { sizeBytes, sha256, content } = staged
  return { request, mimeType, sizeBytes, sha256, body: content.bytes, ...(snapshot === undefined ? {} : { snapshot }) }
}
