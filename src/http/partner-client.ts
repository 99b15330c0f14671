// ITI-38, ITI-39 and ITI-55 towards neighbouring communities: within a time, a few at once, and not at all while one is failing (ITI TF-2 3.38, 3.39, 3.55).

import type { Agent } from 'undici'
import { iti38, iti39 } from '../../profiles/transactions/index.ts'
import { writeRetrieveRequest } from '../codec/ebxml/retrieve.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { type Markup, trusted } from '../codec/xml/write.ts'
import type { Awaiting } from '../gateway/awaiting.ts'
import type { AskWho } from '../gateway/discovery-ports.ts'
import type { AskCommunity, Community, FetchFromCommunity } from '../gateway/ports.ts'
import type { Caller, Exchange } from '../model/caller.ts'
import type { Oid } from '../model/identifiers.ts'
import type { Assert } from './asserting.ts'
import type { DoorPorts } from './door.ts'
import { nameOf } from './failure.ts'
import { type Callee, createOutgoingCalls, type OutgoingRequest, type Unavailable, type Way } from './outgoing-calls.ts'
import type { OutgoingTls } from './outgoing-tls.ts'
import { discoveryCall, readDiscovered } from './partner-discovery.ts'
import { type Answered, type Call, readDocuments, readQuery, type Taking } from './partner-message.ts'
import { atOurAddress, overConnection } from './partner-transport.ts'

export interface PartnerClientOptions extends Taking {
  /** Our certificate, and the authorities that the community's must come from. */
  readonly tlsTo: (facilityId: string) => OutgoingTls
  readonly ports: DoorPorts
  /** Says who asks, to communities that want to know. */
  readonly assert: Assert
  /** Our homeCommunityId, without urn:oid:. */
  readonly home: Oid
  /** For all communities of one query together, milliseconds. */
  readonly queryBudgetMs: number
  /** Where communities answer that do so on a connection of their own. */
  readonly answersUrl: string
  readonly awaiting: Awaiting
}

export interface PartnerClient {
  readonly ask: AskCommunity
  readonly fetch: FetchFromCommunity
  readonly discover: AskWho
  readonly close: () => Promise<void>
}

export function createPartnerClient(options: PartnerClientOptions): PartnerClient {
  const { ports, staging } = options
  const calls = createOutgoingCalls(options)

  async function call<T>(
    community: Community,
    given: Call,
    work: OutgoingRequest<T>['work'],
    caller: Caller,
  ): Promise<{ readonly value: T } | Unavailable> {
    const blocks = await blocksFor(community, caller)
    if (blocks === undefined) return { kind: 'unavailable', reason: 'no assertion about who asks could be signed here' }
    const { facilityId, isCurtailed = false, queryUrl, retrieveUrl, discoveryUrl = '' } = community
    const callee: Callee = {
      // At other addresses it begins anew.
      line: [facilityId, queryUrl, retrieveUrl, discoveryUrl].join(' '),
      tls: options.tlsTo(facilityId),
      facilityId,
      unavailable: 'COMMUNITY_UNAVAILABLE',
    }
    const message = { ...given, blocks: [...blocks, ...(given.blocks ?? [])] }
    const way = (agent: Agent): Way => wayTo(community, agent)
    return calls.call({ callee, message, expected: community, isCurtailed, way, work }, caller)
  }

  function wayTo({ isAsynchronous, facilityId }: Community, agent: Agent): Way {
    if (!isAsynchronous) return { replyTo: ANONYMOUS, transport: overConnection(agent, options) }
    return { replyTo: options.answersUrl, transport: atOurAddress(agent, { ...options, facilityId }) }
  }

  /** Undefined when we cannot sign, which is no fault of the community. */
  async function blocksFor({ assertionAudience }: Community, caller: Caller): Promise<readonly Markup[] | undefined> {
    if (assertionAudience === undefined) return []
    try {
      return [await options.assert(caller, assertionAudience)]
    } catch (error) {
      ports.log.error({ journal: caller.exchange.id, cause: nameOf(error) }, 'no assertion could be signed')
      return undefined
    }
  }

  return {
    ask: async (community, body, caller) => {
      const withinMs = Math.min(community.queryMs, options.queryBudgetMs)
      const given = { transaction: iti38, url: community.queryUrl, withinMs, body: trusted(body) }
      const ended = await call(community, given, async ({ body }) => readQuery(body), caller)
      return 'value' in ended ? { kind: 'answered', ...ended.value } : ended
    },
    fetch: async (community, requests, caller) => {
      const body = writeRetrieveRequest(requests)
      const given = { transaction: iti39, url: community.retrieveUrl, withinMs: community.retrieveMs, body }
      const ended = await call(community, given, (answer) => readDocuments(answer, staging), caller)
      return 'value' in ended ? { kind: 'answered', ...ended.value } : ended
    },
    discover: async (community, question, caller) => {
      const { query, ...asking } = discoveryCall(community, question, options.home)
      const given = { ...asking, withinMs: Math.min(community.queryMs, options.queryBudgetMs) }
      const read = async (answer: Answered, { id: exchangeId }: Exchange) => ({ ...readDiscovered(answer), exchangeId })
      const ended = await call(community, given, read, caller)
      return 'value' in ended ? { query, ...ended.value } : { query, reply: ended }
    },
    close: calls.close,
  }
}
