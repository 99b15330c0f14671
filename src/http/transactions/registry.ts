// Codec pairs of the Document Registry: queries, what submits objects, what removes them (ITI TF-2 3.18, 3.42, 3.51, 3.57, 3.61, 3.62, 3.92).

import { createHash } from 'node:crypto'
import { NS } from '../../../profiles/transactions/index.ts'
import { readQueryRequest } from '../../codec/ebxml/query-request.ts'
import { writeQueryResponse } from '../../codec/ebxml/query-response.ts'
import { writeRegistryResponse } from '../../codec/ebxml/registry-response.ts'
import { readRemoveObjects } from '../../codec/ebxml/remove.ts'
import { readSubmitObjects } from '../../codec/ebxml/submit.ts'
import { attributeOf, childOf } from '../../codec/xml/navigate.ts'
import type { XmlElement } from '../../codec/xml/read.ts'
import { serialize } from '../../codec/xml/write.ts'
import type { SubmitObjects } from '../../model/ebrim.ts'
import type { AuditedQuery } from '../../model/evidence.ts'
import type { RemoveRequest } from '../../registry/remove.ts'
import type { StoredQueryAnswer, StoredQueryRequest } from '../../registry/stored-query.ts'
import type { Codec } from '../binding.ts'
import { aboutQueried, aboutSubmitted } from './patients.ts'

/** The same messages in both transactions; each knows its own queries. */
export function storedQueryCodec(transaction: 'ITI-18' | 'ITI-51'): Codec<StoredQueryRequest, StoredQueryAnswer> {
  return {
    about: aboutQueried,
    decode: ({ body }) => ({
      query: readQueryRequest(body, transaction),
      audit: auditedQuery(body),
    }),
    encode: (outcome, { journalId }) => ({
      body: writeQueryResponse(outcome.answer, { result: outcome.result, errors: outcome.errors, journalId }),
      attachments: [],
    }),
    refuse: (errors, { journalId }) =>
      writeQueryResponse({ returnType: 'ObjectRef', objects: [] }, { result: 'failure', errors, journalId }),
  }
}

function auditedQuery(body: XmlElement): AuditedQuery {
  const query = childOf(body, NS.rim, 'AdhocQuery')
  const home = query === undefined ? undefined : attributeOf(query, 'home')
  return {
    id: query === undefined ? '' : (attributeOf(query, 'id') ?? ''),
    text: serialize(body),
    ...(home === undefined ? {} : { home }),
  }
}

export interface RegisterMessage {
  readonly submission: SubmitObjects
  readonly digest: string
}

/** ITI-42, ITI-57, ITI-61 and ITI-92: the same body and answer. */
export const registerCodec: Codec<RegisterMessage, void> = {
  about: aboutSubmitted,
  decode: ({ body }) => {
    const submission = readSubmitObjects(body)
    return { submission, digest: createHash('sha256').update(JSON.stringify(submission)).digest('hex') }
  },
  encode: (outcome, { journalId }) => ({
    body: writeRegistryResponse({ result: outcome.result, errors: outcome.errors, journalId }),
    attachments: [],
  }),
  refuse: (errors, { journalId }) => writeRegistryResponse({ result: 'failure', errors, journalId }),
}

export const iti62Codec: Codec<RemoveRequest, void> = {
  decode: ({ body }) => {
    const ids = readRemoveObjects(body)
    return { ids, digest: createHash('sha256').update(JSON.stringify(ids)).digest('hex') }
  },
  encode: (outcome, { journalId }) => ({
    body: writeRegistryResponse({ result: outcome.result, errors: outcome.errors, journalId }),
    attachments: [],
  }),
  refuse: (errors, { journalId }) => writeRegistryResponse({ result: 'failure', errors, journalId }),
}
