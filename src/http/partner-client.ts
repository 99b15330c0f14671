// ITI-38, ITI-39 and ITI-55 towards neighbouring communities: within a time, a few at once, and not at all while one is failing (ITI TF-2 3.38, 3.39, 3.55).

import { Agent } from 'undici'
import { iheError } from '../../profiles/errors/index.ts'
import { iti38, iti39 } from '../../profiles/transactions/index.ts'
import { writeRetrieveRequest } from '../codec/ebxml/retrieve.ts'
import { SoapFaultError } from '../codec/soap/answer.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { type Markup, trusted } from '../codec/xml/write.ts'
import type { Awaiting } from '../gateway/awaiting.ts'
import { type Breaker, createBreaker } from '../gateway/breaker.ts'
import type { AskWho } from '../gateway/discovery-ports.ts'
import type { AskCommunity, Community, FetchFromCommunity } from '../gateway/ports.ts'
import { journalEntry } from '../journal/entry.ts'
import type { Caller, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import type { Oid } from '../model/identifiers.ts'
import type { Assert } from './asserting.ts'
import { type DoorPorts, observe } from './door.ts'
import { nameOf } from './failure.ts'
import { keepExchange } from './keeping.ts'
import { connectorOf, type OutgoingTls } from './outgoing-tls.ts'
import { discoveryCall, readDiscovered } from './partner-discovery.ts'
import {
  type Answered,
  type Call,
  type Crossings,
  converse,
  exchangeTo,
  readDocuments,
  readQuery,
  type Taking,
  type Transport,
} from './partner-message.ts'
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

const CONNECT_MS = 3000
/** Calls to one community at a time: one that is slow must not take everything that this process has. */
const MAX_AT_ONCE = 10

/** How a message travels, and where its answer is wanted. */
interface Way {
  readonly replyTo: string
  readonly transport: Transport
}

interface Line {
  readonly agent: Agent
  readonly breaker: Breaker
  atWork: number
}

export function createPartnerClient(options: PartnerClientOptions): PartnerClient {
  const { ports, staging } = options
  const lines = new Map<string, Line>()

  function lineTo(facilityId: string): Line {
    const known = lines.get(facilityId)
    if (known !== undefined) return known
    const agent = new Agent({ connect: connectorOf(options.tlsTo(facilityId), CONNECT_MS) })
    const line = { agent, breaker: createBreaker(), atWork: 0 }
    lines.set(facilityId, line)
    return line
  }

  /** Its body and what was staged; how it ended is counted, journalled and told to the breaker. */
  async function call<T>(
    community: Community,
    given: Call,
    work: (answer: Answered, exchange: Exchange) => Promise<T>,
    caller: Caller,
  ): Promise<{ readonly value: T } | { readonly kind: 'unavailable'; readonly reason: string }> {
    const blocks = await blocksFor(community, caller)
    if (blocks === undefined) return { kind: 'unavailable', reason: 'no assertion about who asks could be signed here' }
    const line = lineTo(community.facilityId)
    if (line.atWork >= MAX_AT_ONCE) return { kind: 'unavailable', reason: `${MAX_AT_ONCE} calls to it are under way` }
    const admitted = line.breaker.admits()
    if (admitted === undefined)
      return {
        kind: 'unavailable',
        reason: `it failed repeatedly, next try in ${line.breaker.opensInSeconds() ?? 0} s`,
      }
    line.atWork += 1
    const crossing: Crossings = { exchange: exchangeTo(given), request: undefined, answer: undefined }
    try {
      const by = { ...wayTo(community, line), discard: staging.discard, community }
      const told = { ...given, blocks: [...blocks, ...(given.blocks ?? [])] }
      const value = await work(await converse(told, crossing, by), crossing.exchange)
      line.breaker.succeeded(admitted)
      record({ crossing, community, caller, ports, reason: undefined })
      return { value }
    } catch (error) {
      const reason = reasonOf(error)
      // A community that says what is wrong with our message is there.
      if (error instanceof SoapFaultError && error.code !== 'Receiver') line.breaker.succeeded(admitted)
      else line.breaker.failed(admitted)
      record({ crossing, community, caller, ports, reason })
      return { kind: 'unavailable', reason }
    } finally {
      line.atWork -= 1
    }
  }

  function wayTo({ isAsynchronous, facilityId }: Community, { agent }: Line): Way {
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
    close: async () => {
      await Promise.all([...lines.values()].map(({ agent }) => agent.destroy()))
    },
  }
}

/** For operators and the answer's codeContext: names and codes, nothing that quotes the other side. */
function reasonOf(error: unknown): string {
  if (error instanceof SoapFaultError) return `SOAP fault ${error.subcode ?? error.code}`
  if (error instanceof IheError) return [error.row.code, error.rule].filter((part) => part !== undefined).join(': ')
  const { code = '', name } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return 'no whole answer in time'
  return typeof code === 'string' && code !== '' ? code : nameOf(error)
}

/**
 * An entry of the community, not of the system for which it was asked: that one may see less of the answer than came, and whose an entry
 * is sees it whole (docs/adr/0039).
 */
function record(given: {
  readonly crossing: Crossings
  readonly community: Community
  readonly caller: Caller
  readonly ports: DoorPorts
  readonly reason: string | undefined
}): void {
  const { community, caller, ports, reason } = given
  const { exchange, request: asked, answer, waived = [], leftOut = [] } = given.crossing
  const error =
    reason === undefined ? undefined : iheError('COMMUNITY_UNAVAILABLE', { at: exchange.endpoint, rule: reason })
  const result = error === undefined ? 'success' : 'failure'
  observe(ports, exchange, { result, code: error?.row.code ?? '', systemId: caller.systemId })
  const evidence = waived.length === 0 ? NO_EVIDENCE : { ...NO_EVIDENCE, waivedRules: waived }
  const errors = error === undefined ? notAgreed(exchange, leftOut) : [error]
  const ended = { result, errors, evidence } as const
  const entry = journalEntry(
    exchange,
    { facilityId: community.facilityId },
    {
      ...ended,
      now: performance.now(),
      ...(answer === undefined ? {} : { responseBytes: answer.sizeBytes }),
    },
  )
  keepExchange(ports, { exchange, ended, request: asked, answer })
  ports.recorder
    .record({ events: [], entries: [entry] })
    .catch((cause: unknown) =>
      ports.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'a call to a community could not be journalled'),
    )
}

/** Told to the community and to us alone: to whom it was asked for, it is as if there were no such documents. */
function notAgreed({ endpoint: at }: Exchange, kinds: readonly string[]): readonly IheError[] {
  if (kinds.length === 0) return []
  const value = `${kinds.length} documents of ${[...new Set(kinds)].map((kind) => kind || 'no kind').join(', ')}`
  return [iheError('COMMUNITY_ANSWER_INVALID', { at, value, rule: 'kinds of the agreements that run' })]
}
