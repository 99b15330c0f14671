// GET /journal over the HTTPS door: a vendor's system looks up its own exchanges by the journal id of a refusal, and nobody else's (docs/journal.md).

import { Ajv } from 'ajv'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { OWN_SCHEMAS } from '../../profiles/own-schemas.ts'
import { journalLook } from '../audit/journal-look.ts'
import { writeJournalText } from '../codec/inspect/write-text.ts'
import { createTurns } from '../mllp/turns.ts'
import type { CallingSystem } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { parseJournalId } from '../model/journal-id.ts'
import { answerError, notFound } from './admin/answers.ts'
import { type DoorPorts, newExchange, recordRefusal } from './door.ts'
import { nameOf } from './failure.ts'
import {
  type AskedJournal,
  criteriaNames,
  type JournalAccess,
  journalFilters,
  journalQuery,
  keptOf,
  listingOf,
  patientsAsked,
} from './journal-query.ts'
import { isVisible, type Viewer, viewOf } from './journal-view.ts'
import { createRequestRate } from './request-rate.ts'

const JOURNAL_PATH = '/journal'
const TRANSACTION = 'Own journal'
/** For people and scripts that look something up; a search costs more than a message. */
const LOOKS = { requestsPerSecond: 5, requestBurst: 50 }
const RETRY_AFTER_SECONDS = 5
/** Those that came at once wait for each other: a search may take seconds of a connection that messages need. */
const TURNS = { overall: 4, perSystem: 2, waitMs: 30_000, waitingBytes: 1000 }
/** Answered without a trace: whoever asks too much must not fill the journal with it. */
const TOO_MUCH: ReadonlySet<string> = new Set(['TOO_MANY_REQUESTS', 'BUSY'])

export interface OwnJournalPorts {
  readonly door: DoorPorts
  readonly journal: JournalAccess
  readonly systemOf: (request: FastifyRequest) => { readonly system: CallingSystem; readonly active: 'yes' | 'no' }
}

interface Asking {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly system: CallingSystem
  readonly journal: JournalAccess
}

export function registerOwnJournal(app: FastifyInstance, ports: OwnJournalPorts): void {
  const rate = createRequestRate(LOOKS)
  const turns = createTurns(TURNS)
  const answered =
    (work: (asking: Asking) => Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const { system, active } = ports.systemOf(request)
      reply.header('cache-control', 'no-store')
      try {
        if (active === 'no') throw iheError('ROLE_MISSING')
        rate.take(system.systemId)
        const done = await turns.take(system.systemId, 1)
        try {
          return await work({ request, reply, system, journal: ports.journal })
        } finally {
          done()
        }
      } catch (cause) {
        return refuse(reply, { cause, system, request, door: ports.door })
      }
    }
  app.get(JOURNAL_PATH, answered(search))
  app.get(`${JOURNAL_PATH}/:id`, answered(show))
}

const ajv = new Ajv({ ...OWN_SCHEMAS, allErrors: true })
const isAsked = ajv.compile<AskedJournal>({ type: 'object', properties: journalFilters, additionalProperties: false })

async function search({ request, reply, system, journal }: Asking): Promise<FastifyReply> {
  const asked: unknown = request.query
  if (!isAsked(asked)) return invalid(reply, ajv.errorsText(isAsked.errors, { dataVar: 'query' }))
  const viewer = viewerOf(system)
  const page = await journal.search(journalQuery({ ...asked, system: system.systemId }))
  await looked({ request, system, journal }, { patients: patientsAsked(asked), what: `search ${criteriaNames(asked)}` })
  return reply.send(listingOf(page, viewer))
}

/** Another system's exchange is as if it were not there. */
async function show({ request, reply, system, journal }: Asking): Promise<FastifyReply> {
  const id = parseJournalId((request.params as { readonly id: string }).id)
  const viewer = viewerOf(system)
  const found = id === undefined ? undefined : await journal.find(id)
  if (found === undefined || !isVisible(found, viewer)) return notFound(reply)
  const view = viewOf(found, await keptOf(found.exchangeId, journal), viewer)
  await looked({ request, system, journal }, { patients: found.patients, what: `entry ${found.exchangeId}` })
  return request.headers.accept?.includes('text/plain') === true
    ? reply.type('text/plain; charset=UTF-8').send(writeJournalText(view))
    : reply.send(view)
}

function viewerOf({ systemId }: CallingSystem): Viewer {
  return { kind: 'system', systemId }
}

function looked(
  { request, system, journal }: Pick<Asking, 'request' | 'system' | 'journal'>,
  { patients, what }: { readonly patients: readonly string[]; readonly what: string },
): Promise<void> {
  const { systemId, facilityId } = system
  const peer = peerOf(request)
  const event = journalLook({ systemId, facilityId, peer, endpoint: JOURNAL_PATH, patients, what: `journal ${what}` })
  return journal.looked(event)
}

function peerOf({ socket }: FastifyRequest): string {
  return `${socket.remoteAddress}:${socket.remotePort}`
}

/** A look leaves an audit event and no journal entry; only who may not look at all is journalled, as everywhere. */
async function refuse(
  reply: FastifyReply,
  given: {
    readonly cause: unknown
    readonly system: CallingSystem
    readonly request: FastifyRequest
    readonly door: DoorPorts
  },
): Promise<FastifyReply> {
  const { cause, system, request, door } = given
  const error = cause instanceof IheError ? cause : iheError('INTERNAL', { cause })
  const { code, message, hint, ja, http } = error.row
  if (TOO_MUCH.has(code)) {
    reply.header('retry-after', String(RETRY_AFTER_SECONDS))
    return answerError(reply, http, { code, message, hint, ja })
  }
  const exchange = newExchange({
    door: 'https',
    endpoint: JOURNAL_PATH,
    peer: peerOf(request),
    transaction: TRANSACTION,
  })
  if (code === 'INTERNAL')
    door.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'a system could not look into the journal')
  await recordRefusal(door, exchange, { system, error })
  return answerError(reply, http, { code, message: `${message} [journal ${exchange.id}]`, hint, ja })
}

function invalid(reply: FastifyReply, message: string): FastifyReply {
  return answerError(reply, 400, {
    code: 'INVALID',
    message,
    hint: `Ask by ${Object.keys(journalFilters).join(', ')}; docs/journal.md has an example of each`,
    ja: `検索条件に誤りがあります。指定できる条件は ${Object.keys(journalFilters).join(', ')} です。`,
  })
}
