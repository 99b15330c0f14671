// Codec pairs of the PIX Manager: ITI-44 add, revise and merge, ITI-45 (ITI TF-2 3.44, 3.45).

import { iheError } from '../../../profiles/errors/index.ts'
import { readFeed, readMerge } from '../../codec/hl7v3/read-feed.ts'
import { readQuery } from '../../codec/hl7v3/read-query.ts'
import { writeAcknowledgement, writeFeedRefusal } from '../../codec/hl7v3/write-acknowledgement.ts'
import { writeQueryRefusal, writeQueryResponse } from '../../codec/hl7v3/write-query-response.ts'
import { citing } from '../../model/error.ts'
import type { Outcome } from '../../model/evidence.ts'
import type { FeedAcknowledgement, PatientFeed, PatientMerge, PixAnswer, PixQuery } from '../../model/hl7v3.ts'
import type { Codec, Encoded } from '../binding.ts'

function acknowledge(
  { answer }: Outcome<FeedAcknowledgement>,
  { request }: { readonly request: Pick<PatientFeed, 'transmission'> },
): Encoded {
  return { body: writeAcknowledgement(request.transmission, answer), attachments: [] }
}

export const iti44Codec: Codec<PatientFeed, FeedAcknowledgement> = {
  decode: ({ body }) => readFeed(body),
  encode: acknowledge,
  refuse: (errors, { incoming, journalId }) =>
    writeFeedRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}

export const iti44MergeCodec: Codec<PatientMerge, FeedAcknowledgement> = {
  decode: ({ body }) => readMerge(body),
  encode: acknowledge,
  refuse: iti44Codec.refuse,
}

export const iti45Codec: Codec<PixQuery, PixAnswer> = {
  decode: ({ body }) => readQuery(body),
  encode: (outcome, { request }) => ({ body: writeQueryResponse(request, outcome.answer), attachments: [] }),
  refuse: (errors, { incoming, journalId }) =>
    writeQueryRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}
