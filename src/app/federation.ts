// Composition root: the gateways to and from neighbouring communities (XCA; docs/federation.md).

import { getDocuments } from '../../profiles/queries/index.ts'
import { iti18Initiating, iti38, iti39, iti43Initiating } from '../../profiles/transactions/index.ts'
import { mayAsk } from '../access/federation.ts'
import { writeGetDocuments } from '../codec/ebxml/query-request.ts'
import { findCommunities, type KnownNumber, numbersElsewhere, numbersOf } from '../db/partner-directory.ts'
import { findEntriesApart, findRepositoriesApart } from '../db/repositories-apart.ts'
import type { Awaiting } from '../gateway/awaiting.ts'
import { initiateQuery } from '../gateway/initiate-query.ts'
import { initiateRetrieve } from '../gateway/initiate-retrieve.ts'
import { passedOn } from '../gateway/passed-on.ts'
import type { Community, Directory, ForeignDocument } from '../gateway/ports.ts'
import { crossGatewayQuery } from '../gateway/respond-query.ts'
import { crossGatewayRetrieve } from '../gateway/respond-retrieve.ts'
import { ANSWERS_PATH } from '../http/answer-door.ts'
import { type Binding, bind } from '../http/binding.ts'
import type { DoorPorts } from '../http/door.ts'
import { createPartnerClient, type PartnerClient } from '../http/partner-client.ts'
import type { Taking } from '../http/partner-message.ts'
import { createRepositoryClient, type RepositoryClient } from '../http/repository-client.ts'
import { initiatedQueryCodec, iti38Codec, iti39Codec } from '../http/transactions/gateway.ts'
import { iti43Codec } from '../http/transactions/repository.ts'
import type { Caller } from '../model/caller.ts'
import { formatCx, type PatientId, parseCx } from '../model/identifiers.ts'
import type { FetchedDocument } from '../model/staged-document.ts'
import type { StoredQueryPorts } from '../registry/query-ports.ts'
import { storedQuery } from '../registry/stored-query.ts'
import type { BlobStore, RepositoryPorts } from '../repository/ports.ts'
import type { DeliveredDocument, DocumentRequest } from '../repository/retrieve.ts'
import { type ApartPorts, retrieveHere } from '../repository/retrieve-apart.ts'
import { type Given, toAccess } from './actor-ports.ts'
import { assertions } from './assertion-key.ts'
import { discoveringBy, homeOid } from './discovering.ts'
import type { Doors } from './doors.ts'
import { assertedEmergency } from './emergency.ts'

export interface GatewayActors {
  readonly queries: StoredQueryPorts
  readonly repository: RepositoryPorts
  readonly blobs: BlobStore
  readonly partners: PartnerClient
  readonly repositories: RepositoryClient
}

/** Calls to neighbouring communities, for as long as the server runs. */
export function openPartners(
  house: Given,
  given: {
    readonly doors: Pick<Doors, 'outgoingTo'>
    readonly ports: DoorPorts
    readonly blobs: BlobStore
    readonly awaiting: Awaiting
  },
): PartnerClient {
  const { config } = house
  const { doors, ports, blobs, awaiting } = given
  return createPartnerClient({
    tlsTo: (facilityId) => () => doors.outgoingTo(facilityId),
    ports,
    assert: assertions(config),
    home: homeOid(config),
    queryBudgetMs: config.gateway.queryBudgetMs,
    answersUrl: `${config.https.publicUrl}${ANSWERS_PATH}`,
    awaiting,
    ...takingOf(house, blobs),
  })
}

/** Calls to repositories of this network apart from this server. */
export function openRepositories(
  house: Given,
  given: { readonly doors: Pick<Doors, 'outgoingTo'>; readonly ports: DoorPorts; readonly blobs: BlobStore },
): RepositoryClient {
  const { doors, ports, blobs } = given
  const { homeCommunityId: home } = house.config.community
  return createRepositoryClient({
    tlsTo: (facilityId) => () => doors.outgoingTo(facilityId),
    ports,
    home,
    ...takingOf(house, blobs),
  })
}

/** How much of an answer is taken, on whichever connection it comes. */
export function takingOf({ config: { limits } }: Given, blobs: BlobStore): Taking {
  return {
    maxAnswerBytes: limits.soapBytes,
    maxDocumentBytes: limits.documentBytes,
    maxRequestBytes: limits.requestBytes,
    staging: blobs,
  }
}

/** For what is only tried: nothing leaves the house. */
export const ASKS_NOBODY: PartnerClient = {
  ask: async () => ({ kind: 'unavailable', reason: 'other communities are not asked when a message is tried again' }),
  fetch: async () => ({ kind: 'unavailable', reason: 'other communities are not asked when a message is tried again' }),
  discover: async () => ({
    query: { id: '', text: '' },
    reply: { kind: 'unavailable', reason: 'other communities are not asked when a message is tried again' },
  }),
  close: async () => {},
}

export const FETCHES_NOTHING: RepositoryClient = {
  fetch: async () => ({
    kind: 'unavailable',
    reason: 'nothing is fetched from elsewhere when a message is tried again',
  }),
  close: async () => {},
}

/** Both gateways' transactions. */
export function gatewayBindings(given: Given, actors: GatewayActors): readonly Binding[] {
  const { config } = given
  const { queries, repository, blobs, partners } = actors
  const home = config.community.homeCommunityId
  const apart = apartPorts(given, actors)
  const responding = {
    home,
    query: (asked: Parameters<typeof storedQuery>[0], caller: Caller) => storedQuery(asked, caller, queries),
    retrieve: (asked: readonly DocumentRequest[], caller: Caller) => retrieveHere(asked, caller, { repository, apart }),
  }
  const initiating = {
    ...responding,
    directory: directoryOf(given),
    ask: partners.ask,
    discovery: discoveringBy(given, partners),
  }
  return [
    bind(iti38, iti38Codec(home), (request, caller) => crossGatewayQuery(request, caller, responding)),
    bind(iti39, iti39Codec(home), (request, caller) => crossGatewayRetrieve(request, caller, responding)),
    bind(iti18Initiating, initiatedQueryCodec(home), (request, caller) => initiateQuery(request, caller, initiating)),
    bind(iti43Initiating, iti43Codec, (request, caller) =>
      initiateRetrieve<DeliveredDocument>(request, caller, {
        ...initiating,
        repositoriesHere: async (ids) => {
          const found = await apart.repositories(ids)
          return new Set([repository.repositoryUniqueId, ...found.map(({ repositoryUniqueId }) => repositoryUniqueId)])
        },
        documentsQuery: (at, values) => ({
          id: getDocuments.id,
          text: writeGetDocuments({ by: 'uniqueId', values, returnType: 'LeafClass', home: at }),
          home: at,
        }),
        fetch: partners.fetch,
        discard: ({ staged }) => blobs.discard(staged),
        deliver: (asked, document) => deliver(asked, document, blobs),
        requestOf: (document) => document.request,
      }),
    ),
  ]
}

function apartPorts(given: Given, { blobs, repositories }: GatewayActors): ApartPorts {
  const { pool } = given
  const openInEmergency = assertedEmergency(given)
  return {
    repositories: (ids) => findRepositoriesApart(pool, ids),
    entries: async (caller, asked) => {
      await openInEmergency(caller, asked)
      const found = await findEntriesApart(pool, { ...asked, facilityId: caller.facilityId })
      return found.map(({ person, ...entry }) => ({ ...entry, access: toAccess(caller, person) }))
    },
    fetch: repositories.fetch,
    deliver: (request, document) => deliver(request, document, blobs),
    discard: ({ staged }) => blobs.discard(staged),
  }
}

/** Bytes that were kept for this answer go with it. */
function deliver(
  request: DocumentRequest,
  document: ForeignDocument | FetchedDocument,
  blobs: BlobStore,
): DeliveredDocument {
  const { staged, mimeType, snapshot } = document
  const { content, sizeBytes, sha256 } = staged
  const described = { request, mimeType, sizeBytes, sha256, ...(snapshot === undefined ? {} : { snapshot }) }
  if (content.kind === 'row') return { ...described, body: content.bytes }
  const body = blobs.read(content.key, { sizeBytes, sha256 })
  return { ...described, body: passedOn(body, () => blobs.discard(staged)) }
}

function directoryOf({ pool }: Given): Directory {
  const permits = (caller: Caller, number: KnownNumber) =>
    mayAsk(caller, number.facts, { facilityId: number.community, towards: number.towards }).allowed
  return {
    knowing: async (patientId, caller) => {
      const { facilityId, systemId } = caller
      const numbers = await numbersElsewhere(pool, { patientId, facilityId })
      if (numbers.length === 0) return []
      const communities = await findCommunities(pool, { facilityId, systemId })
      return numbers
        .filter((number) => permits(caller, number))
        .flatMap((number) => {
          const community = communities.find((one) => one.facilityId === number.community)
          return community === undefined ? [] : [{ ...community, patientId: number.patientId }]
        })
    },
    ofHome: async (home, { facilityId, systemId }) => (await findCommunities(pool, { facilityId, systemId, home }))[0],
    mayKnow: (community, patientIds, caller) => mayKnow(community, patientIds, caller),
  }

  async function mayKnow(community: Community, patientIds: readonly string[], caller: Caller) {
    if (caller.accessMode === 'affinity-domain') return new Set(patientIds)
    const ids = patientIds.map(parseCx).filter((id): id is PatientId => id !== undefined)
    if (ids.length === 0) return new Set<string>()
    const { facilityId } = caller
    const numbers = await numbersOf(pool, { community: community.facilityId, ids, facilityId })
    return new Set(numbers.filter((number) => permits(caller, number)).map(({ patientId }) => formatCx(patientId)))
  }
}
