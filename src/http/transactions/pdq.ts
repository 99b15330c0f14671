// Codec pairs of the Patient Demographics Supplier: ITI-47 query, continuation and cancellation (ITI TF-2 3.47).

import { iheError } from '../../../profiles/errors/index.ts'
import {
  readDemographicsCancellation,
  readDemographicsContinuation,
  readDemographicsQuery,
} from '../../codec/hl7v3/read-demographics-query.ts'
import { writeFeedRefusal } from '../../codec/hl7v3/write-acknowledgement.ts'
import {
  writeCancelAcknowledgement,
  writeDemographicsRefusal,
  writeDemographicsResponse,
} from '../../codec/hl7v3/write-demographics-response.ts'
import { citing } from '../../model/error.ts'
import type { DemographicsCancellation, DemographicsContinuation, DemographicsQuery } from '../../model/hl7v3-pdq.ts'
import type { PdqAnswer, PdqCancelAnswer } from '../../model/pdq.ts'
import type { Codec } from '../binding.ts'
import { aboutRetrieved } from './patients.ts'

export const iti47Codec: Codec<DemographicsQuery, PdqAnswer> = {
  about: aboutRetrieved,
  decode: ({ body }) => readDemographicsQuery(body),
  encode: (outcome, { request, journalId }) => ({
    body: writeDemographicsResponse(request, outcome, { journalId }),
    attachments: [],
  }),
  refuse: (errors, { incoming, journalId }) =>
    writeDemographicsRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}

export const iti47ContinueCodec: Codec<DemographicsContinuation, PdqAnswer> = {
  about: aboutRetrieved,
  decode: ({ body }) => readDemographicsContinuation(body),
  encode: (outcome, { request, journalId }) => ({
    body: writeDemographicsResponse(request, outcome, { journalId }),
    attachments: [],
  }),
  refuse: iti47Codec.refuse,
}

export const iti47CancelCodec: Codec<DemographicsCancellation, PdqCancelAnswer> = {
  decode: ({ body }) => readDemographicsCancellation(body),
  encode: (outcome, { request, journalId }) => ({
    body: writeCancelAcknowledgement(request, outcome, { journalId }),
    attachments: [],
  }),
  refuse: (errors, { incoming, journalId }) =>
    writeFeedRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
}
