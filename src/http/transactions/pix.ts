// Codec pairs of the PIX Manager: ITI-44 add and revise, ITI-45 (ITI TF-2 3.44, 3.45).

import { iheError } from '../../../profiles/errors/index.ts'
import { readFeed } from '../../codec/hl7v3/read-feed.ts'
import { readQuery } from '../../codec/hl7v3/read-query.ts'
import { writeAcknowledgement, writeFeedRefusal } from '../../codec/hl7v3/write-acknowledgement.ts'
import { writeQueryRefusal, writeQueryResponse } from '../../codec/hl7v3/write-query-response.ts'
import { citing } from '../../model/error.ts'
import type { FeedAcknowledgement, PatientFeed, PixAnswer, PixQuery } from '../../model/hl7v3.ts'
import type { Codec } from '../binding.ts'

export const iti44Codec: Codec<PatientFeed, FeedAcknowledgement> = {
  decode: ({ body }) => readFeed(body),
  encode: (outcome, { request }) => ({
    body: writeAcknowledgement(request.transmission, outcome.answer),
    attachments: [],
  }),
  refuse: (errors, { incoming, journalId }) =>
    writeFeedRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}

export const iti45Codec: Codec<PixQuery, PixAnswer> = {
  decode: ({ body }) => readQuery(body),
  encode: (outcome, { request }) => ({ body: writeQueryResponse(request, outcome.answer), attachments: [] }),
  refuse: (errors, { incoming, journalId }) =>
    writeQueryRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}
