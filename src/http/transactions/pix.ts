// Codec pairs of the PIX Manager, ITI-44 add, revise and merge, ITI-45, and of the PIX Consumer, ITI-46 (ITI TF-2 3.44, 3.45, 3.46).

import { iheError } from '../../../profiles/errors/index.ts'
import { readFeed, readMerge } from '../../codec/hl7v3/read-feed.ts'
import { readQuery } from '../../codec/hl7v3/read-query.ts'
import { writeAcknowledgement, writeFeedRefusal } from '../../codec/hl7v3/write-acknowledgement.ts'
import { writeQueryRefusal, writeQueryResponse } from '../../codec/hl7v3/write-query-response.ts'
import { citing } from '../../model/error.ts'
import type { Outcome } from '../../model/evidence.ts'
import type {
  FeedAcknowledgement,
  PatientFeed,
  PatientMerge,
  PixV3Query,
  UpdateNotification,
} from '../../model/hl7v3.ts'
import type { PixAnswer } from '../../model/pix.ts'
import type { Codec, Encoded } from '../binding.ts'
import { aboutIdentified } from './patients.ts'

function acknowledge(
  { answer }: Outcome<FeedAcknowledgement>,
  { request }: { readonly request: Pick<PatientFeed, 'transmission'> },
): Encoded {
  return { body: writeAcknowledgement(request.transmission, answer), attachments: [] }
}

export const iti44Codec: Codec<PatientFeed, FeedAcknowledgement> = {
  about: aboutIdentified,
  decode: ({ body }) => readFeed(body),
  encode: acknowledge,
  refuse: (errors, { incoming, journalId }) =>
    writeFeedRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}

export const iti44MergeCodec: Codec<PatientMerge, FeedAcknowledgement> = {
  about: aboutIdentified,
  decode: ({ body }) => readMerge(body),
  encode: acknowledge,
  refuse: iti44Codec.refuse,
}

/** An acknowledgement detail has one text field only, so the journal id stands in it. */
function cited(answer: PixAnswer, journalId: string): PixAnswer {
  if (answer.kind !== 'unknown') return answer
  return { ...answer, errors: answer.errors.map((error) => citing(error, journalId)) }
}

export const iti45Codec: Codec<PixV3Query, PixAnswer> = {
  about: aboutIdentified,
  decode: ({ body }) => readQuery(body),
  encode: ({ answer }, { request, journalId }) => ({
    body: writeQueryResponse(request, cited(answer, journalId)),
    attachments: [],
  }),
  refuse: (errors, { incoming, journalId }) =>
    writeQueryRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}

/** Built like a revise, with ids alone (3.46.4.1.2); that it names no provider is no deviation here. */
export const iti46Codec: Codec<UpdateNotification, FeedAcknowledgement> = {
  about: aboutIdentified,
  decode: ({ body }) => {
    const { transmission, patientIds, otherIds } = readFeed(body)
    return { transmission, ids: [...patientIds, ...otherIds].map(({ id }) => id) }
  },
  encode: acknowledge,
  refuse: iti44Codec.refuse,
}
