// Codec pairs of the Responding Gateway: the bodies of ITI-18 and ITI-43 with the home of this community (ITI TF-2 3.38, 3.39).

import { NS } from '../../../profiles/transactions/index.ts'
import { writeQueryResponse } from '../../codec/ebxml/query-response.ts'
import { attributeOf, childOf } from '../../codec/xml/navigate.ts'
import type { CrossGatewayAnswer, CrossGatewayQuery } from '../../gateway/respond-query.ts'
import { located } from '../../model/error.ts'
import type { DeliveredDocument, DocumentRequest } from '../../repository/retrieve.ts'
import type { Codec } from '../binding.ts'
import { storedQueryCodec } from './registry.ts'
import { iti43Codec } from './repository.ts'

const query = storedQueryCodec('ITI-18')

/** @param home our homeCommunityId. */
export function iti38Codec(home: string): Codec<CrossGatewayQuery, CrossGatewayAnswer> {
  return {
    ...(query.about === undefined ? {} : { about: query.about }),
    decode: async (incoming) => {
      const adhocQuery = childOf(incoming.body, NS.rim, 'AdhocQuery')
      const asked = adhocQuery === undefined ? undefined : attributeOf(adhocQuery, 'home')
      return { ...(await query.decode(incoming)), home: asked === '' ? undefined : asked }
    },
    encode: ({ answer, result, errors }, { journalId }) => ({
      body: writeQueryResponse({ ...answer, home }, { result, errors, journalId }),
      attachments: [],
    }),
    refuse: (errors, { journalId }) =>
      writeQueryResponse(
        { returnType: 'ObjectRef', objects: [] },
        { result: 'failure', errors: errors.map((error) => located(error, home)), journalId },
      ),
  }
}

/** @param home our homeCommunityId. */
export function iti39Codec(home: string): Codec<readonly DocumentRequest[], readonly DeliveredDocument[]> {
  return {
    ...iti43Codec,
    refuse: (errors, context) =>
      iti43Codec.refuse(
        errors.map((error) => located(error, home)),
        context,
      ),
  }
}
