// Codec pairs of patient discovery at the Responding Gateway: ITI-55 immediate and deferred (ITI TF-2 3.55).

import { iheError } from '../../../profiles/errors/index.ts'
import { readCorrelationLife, writeCorrelationLife } from '../../codec/hl7v3/correlation-life.ts'
import { readDiscovery } from '../../codec/hl7v3/read-discovery.ts'
import {
  writeDeferredRefusal,
  writeDiscoveryAnswer,
  writeDiscoveryRefusal,
} from '../../codec/hl7v3/write-discovery-answer.ts'
import type { DiscoveryAnswer, DiscoveryQuery } from '../../model/discovery.ts'
import { citing, type IheError } from '../../model/error.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { AnswerContext, Codec } from '../binding.ts'
import { aboutRetrieved } from './patients.ts'

/** @param home our homeCommunityId, without urn:oid:. */
export function iti55Codec(home: Oid): Codec<DiscoveryQuery, DiscoveryAnswer> {
  return {
    about: aboutRetrieved,
    decode: ({ headers, body }) => {
      const keptForMs = readCorrelationLife(headers)
      return { ...readDiscovery(body, 'immediate'), ...(keptForMs === undefined ? {} : { keptForMs }) }
    },
    encode: (outcome, { request, journalId }) => ({
      body: writeDiscoveryAnswer(request, outcome, { journalId, home }),
      attachments: [],
      ...(outcome.answer.kind === 'found' ? { blocks: [writeCorrelationLife(outcome.answer.keptForSeconds)] } : {}),
    }),
    refuse: (errors, { incoming, journalId }) =>
      writeDiscoveryRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId)),
  }
}

export const iti55DeferredCodec: Codec<DiscoveryQuery, { readonly kind: 'refused' }> = {
  about: aboutRetrieved,
  decode: ({ body }) => readDiscovery(body, 'deferred'),
  encode: ({ errors }, context) => ({ body: refusal(errors, context), attachments: [] }),
  refuse: refusal,
}

function refusal(errors: readonly IheError[], { incoming, journalId }: AnswerContext) {
  return writeDeferredRefusal(incoming.body, citing(errors[0] ?? iheError('INTERNAL'), journalId))
}
