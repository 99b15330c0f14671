// Calls of the gateways to other servers: each server has its line, with a few calls at once and none while it fails; each call is counted and
// journalled (ITI TF-2 3.38, 3.39, 3.43, 3.55).

import { Agent } from 'undici'
import { iheError } from '../../profiles/errors/index.ts'
import { SoapFaultError } from '../codec/soap/answer.ts'
import { type Breaker, createBreaker } from '../gateway/breaker.ts'
import { journalEntry } from '../journal/entry.ts'
import type { Caller, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { type DoorPorts, observe } from './door.ts'
import { nameOf } from './failure.ts'
import { keepExchange } from './keeping.ts'
import { connectorOf, type OutgoingTls } from './outgoing-tls.ts'
import { OwnFault } from './own-fault.ts'
import {
  type Answered,
  type Call,
  type Crossings,
  converse,
  exchangeTo,
  type Taking,
  type Transport,
} from './partner-message.ts'
import type { Expected } from './partner-tolerance.ts'

/** Whom we call. */
export interface Callee {
  /** Names its line. */
  readonly line: string
  /** Our certificate, and the authorities that its own must come from. */
  readonly tls: OutgoingTls
  /** Whose the exchange is in the journal; absent: nobody's, it is for those who look after the network. */
  readonly facilityId?: string
  /** Code under which a call that failed is journalled. */
  readonly unavailable: 'COMMUNITY_UNAVAILABLE' | 'REPOSITORY_UNAVAILABLE'
}

/** How a message travels, and where its answer is wanted. */
export interface Way {
  readonly replyTo: string
  readonly transport: Transport
}

export interface OutgoingRequest<T> {
  readonly callee: Callee
  readonly message: Call
  readonly expected: Expected['community']
  /** It has less time than is agreed: when that ends, the other side has not failed. */
  readonly isCurtailed?: boolean
  readonly way: (agent: Agent) => Way
  readonly work: (answer: Answered, exchange: Exchange) => Promise<T>
}

/** Why nothing came, in words that quote nothing of the other side. */
export interface Unavailable {
  readonly kind: 'unavailable'
  readonly reason: string
}

export interface OutgoingCalls {
  /** Its body and what was staged; never rejects for what the other side does. */
  readonly call: <T>(request: OutgoingRequest<T>, caller: Caller) => Promise<{ readonly value: T } | Unavailable>
  readonly close: () => Promise<void>
}

const CONNECT_MS = 3000
/** Calls on one line at a time: a server that is slow must not take everything that this process has. */
const MAX_AT_ONCE = 10

interface Line {
  readonly agent: Agent
  readonly breaker: Breaker
  atWork: number
}

export function createOutgoingCalls(given: {
  readonly ports: DoorPorts
  readonly staging: Taking['staging']
}): OutgoingCalls {
  const { ports, staging } = given
  const lines = new Map<string, Line>()

  function lineTo({ line: name, tls }: Callee): Line {
    const known = lines.get(name)
    if (known !== undefined) return known
    const agent = new Agent({ connect: connectorOf(tls, CONNECT_MS) })
    const line = { agent, breaker: createBreaker(), atWork: 0 }
    lines.set(name, line)
    return line
  }

  /** How it ended is counted, journalled and told to the breaker. */
  async function call<T>(request: OutgoingRequest<T>, caller: Caller): Promise<{ readonly value: T } | Unavailable> {
    const { callee, message, expected, work } = request
    const line = lineTo(callee)
    if (line.atWork >= MAX_AT_ONCE) return { kind: 'unavailable', reason: `${MAX_AT_ONCE} calls to it are under way` }
    const admitted = line.breaker.admits()
    if (admitted === undefined)
      return {
        kind: 'unavailable',
        reason: `it failed repeatedly, ${whenTried(line.breaker)}`,
      }
    line.atWork += 1
    const crossing: Crossings = { exchange: exchangeTo(message), request: undefined, answer: undefined }
    try {
      const by = { ...request.way(line.agent), discard: staging.discard, community: expected }
      const value = await work(await converse(message, crossing, by), crossing.exchange)
      line.breaker.succeeded(admitted)
      record({ crossing, callee, caller, ports, reason: undefined })
      return { value }
    } catch (error) {
      const reason = reasonOf(error, callee)
      line.breaker[verdictOf(error, request)](admitted)
      record({ crossing, callee, caller, ports, reason })
      return { kind: 'unavailable', reason }
    } finally {
      line.atWork -= 1
    }
  }

  return {
    call,
    close: async () => {
      await Promise.all([...lines.values()].map(({ agent }) => agent.destroy()))
    },
  }
}

function whenTried({ opensInSeconds }: Breaker): string {
  const seconds = opensInSeconds() ?? 0
  return seconds > 0 ? `next try in ${seconds} s` : 'it is being tried now'
}

/** What an error says about the server that was called. */
function verdictOf(
  error: unknown,
  { isCurtailed = false }: Pick<OutgoingRequest<unknown>, 'isCurtailed'>,
): 'succeeded' | 'failed' | 'undecided' {
  // Who says what is wrong with our message is there.
  if (error instanceof SoapFaultError && error.code !== 'Receiver') return 'succeeded'
  // What we cannot keep, or take no more of, says nothing about whoever sent it.
  if (error instanceof OwnFault || (error instanceof IheError && error.row.code === 'TOO_LARGE')) return 'undecided'
  return isCurtailed && OUT_OF_TIME.has((error as Error).name) ? 'undecided' : 'failed'
}

/** Of the whole call, and as undici sees it of an answer that does not begin or go on. */
const OUT_OF_TIME: ReadonlySet<string> = new Set(['TimeoutError', 'HeadersTimeoutError', 'BodyTimeoutError'])

/** For operators and the answer's codeContext: names and codes, nothing that quotes the other side. */
function reasonOf(error: unknown, { unavailable }: Callee): string {
  if (error instanceof SoapFaultError) return `SOAP fault ${error.subcode ?? error.code}`
  if (error instanceof IheError) {
    const isOfOther = error.row.code === 'COMMUNITY_ANSWER_INVALID' && unavailable !== 'COMMUNITY_UNAVAILABLE'
    const code = isOfOther ? 'its answer cannot be taken' : error.row.code
    return [code, error.rule].filter((part) => part !== undefined).join(': ')
  }
  if (error instanceof OwnFault) return `this server could not take its answer: ${error.message}`
  const { code = '', name } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return 'no whole answer in time'
  return typeof code === 'string' && code !== '' ? code : nameOf(error)
}

/**
 * An entry of the one that was called, not of the system for which it was: that one may see less of the answer than came, and whose an entry
 * is sees it whole (docs/adr/0039).
 */
function record(given: {
  readonly crossing: Crossings
  readonly callee: Callee
  readonly caller: Caller
  readonly ports: DoorPorts
  readonly reason: string | undefined
}): void {
  const { callee, caller, ports, reason } = given
  const { facilityId, unavailable } = callee
  const { exchange, request: asked, answer, waived = [], leftOut = [] } = given.crossing
  const error = reason === undefined ? undefined : iheError(unavailable, { at: exchange.endpoint, rule: reason })
  const result = error === undefined ? 'success' : 'failure'
  observe(ports, exchange, { result, code: error?.row.code ?? '', systemId: caller.systemId })
  const evidence = waived.length === 0 ? NO_EVIDENCE : { ...NO_EVIDENCE, waivedRules: waived }
  const errors = error === undefined ? notAgreed(exchange, leftOut) : [error]
  const ended = { result, errors, evidence } as const
  const entry = journalEntry(exchange, facilityId === undefined ? undefined : { facilityId }, {
    ...ended,
    now: performance.now(),
    ...(answer === undefined ? {} : { responseBytes: answer.sizeBytes }),
  })
  keepExchange(ports, { exchange, ended, request: asked, answer })
  ports.recorder
    .record({ events: [], entries: [entry] })
    .catch((cause: unknown) =>
      ports.log.error(
        { journal: exchange.id, cause: nameOf(cause) },
        'a call to another server could not be journalled',
      ),
    )
}

/** Told to the community and to us alone: to whom it was asked for, it is as if there were no such documents. */
function notAgreed({ endpoint: at }: Exchange, kinds: readonly string[]): readonly IheError[] {
  if (kinds.length === 0) return []
  const value = `${kinds.length} documents of ${[...new Set(kinds)].map((kind) => kind || 'no kind').join(', ')}`
  return [iheError('COMMUNITY_ANSWER_INVALID', { at, value, rule: 'kinds of the agreements that run' })]
}
