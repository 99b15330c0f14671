// Codec pairs of both gateways: the bodies of ITI-18 and ITI-43 with the homes of communities (ITI TF-2 3.38, 3.39).

import { NS } from '../../../profiles/transactions/index.ts'
import { rewriteQuery } from '../../codec/ebxml/cross-query.ts'
import { writeQueryResponse } from '../../codec/ebxml/query-response.ts'
import { attributeOf, childOf } from '../../codec/xml/navigate.ts'
import type { XmlElement } from '../../codec/xml/read.ts'
import type { InitiatedAnswer, InitiatedQuery } from '../../gateway/initiate-query.ts'
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
    decode: async (incoming) => ({ ...(await query.decode(incoming)), home: homeOf(incoming.body) }),
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

function homeOf(request: XmlElement): string | undefined {
  const adhocQuery = childOf(request, NS.rim, 'AdhocQuery')
  const home = adhocQuery === undefined ? undefined : attributeOf(adhocQuery, 'home')
  return home === '' ? undefined : home
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

/**
 * ITI-18 at the Initiating Gateway: own objects with our home, those of others as they came.
 * @param home our homeCommunityId.
 */
export function initiatedQueryCodec(home: string): Codec<InitiatedQuery, InitiatedAnswer> {
  return {
    ...(query.about === undefined ? {} : { about: query.about }),
    decode: async (incoming) => ({
      ...(await query.decode(incoming)),
      home: homeOf(incoming.body),
      rewritten: (change) => rewriteQuery(incoming.body, change),
    }),
    encode: ({ answer, result, errors }, { journalId }) => ({
      body: writeQueryResponse({ ...answer, home }, { result, errors, journalId }),
      attachments: [],
    }),
    refuse: query.refuse,
  }
}
