// The door of a vendor's first hour: CA and redeeming without a client certificate, the checklist with one (docs/onboarding.md).

import { Ajv } from 'ajv'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { OWN_SCHEMAS } from '../../profiles/own-schemas.ts'
import { CHECKLIST_TRANSACTION, type Checklist, writeChecklist } from '../access/onboarding/checklist.ts'
import type { InvitationStore, InvitedSystem, Redemption } from '../access/onboarding/ports.ts'
import { CHECKLIST_PATH, type Welcome } from '../access/onboarding/welcome.ts'
import { nodeAuthenticationFailure } from '../audit/event.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { journalEntry } from '../journal/entry.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import { citing, IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { type DoorPorts, newExchange, observe, recordRefusal } from './door.ts'
import { type AttemptLimits, addressKey, createAttemptLimit, type Taken, WINDOW_MS } from './onboarding-limit.ts'
import { readWhole } from './soap-message.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a client certificate. The guard of the HTTPS door lets nothing else pass. */
    isPublic?: true
  }
}

export interface Redeeming {
  readonly invitation: string
  readonly csr: string
}

export interface OnboardingPorts {
  /** @throws {IheError} CSR_…, BUSY. */
  readonly redeem: (
    asked: Redeeming,
    exchange: Pick<Exchange, 'id' | 'peer'>,
  ) => Promise<
    Extract<Redemption, { kind: 'refused' }> | { readonly kind: 'issued' | 'again'; readonly welcome: Welcome }
  >
  readonly checklist: (
    systemId: string,
  ) => Promise<(Checklist & Pick<Welcome, 'identifiers' | 'endpoints'>) | undefined>
  /** Certificate of the authority that vouches for this server, and nothing else. */
  readonly caPem: string
  readonly limits: AttemptLimits
}

/** What the operator works with. */
export interface OnboardingAdministration extends Pick<OnboardingPorts, 'checklist'> {
  readonly invitations: Omit<InvitationStore, 'redeem'>
  readonly systemOf: (systemId: string) => Promise<InvitedSystem | undefined>
  /** What the letter to a vendor says of the network. */
  readonly letterHead: () => { readonly baseUrl: string; readonly caFingerprint: string }
}

export const CA_PATH = '/onboarding/ca.pem'
export const REDEEM_PATH = '/onboarding/redeem'
const REDEEM_TRANSACTION = 'Onboarding redeem'
const PEM_TYPE = 'application/pem-certificate-chain'
const UNSUPPORTED_MEDIA_TYPE = 415
const MAX_BODY_BYTES = 32 * 1024
const RETRY_AFTER_SECONDS = 5
/** Failures from which on somebody may be guessing. */
const ALARMING_OF_ADDRESS = 5
const ALARMING_ALTOGETHER = 50

const isRedeeming = new Ajv(OWN_SCHEMAS).compile<Redeeming>({
  type: 'object',
  properties: {
    invitation: { type: 'string', minLength: 1, maxLength: 200 },
    csr: { type: 'string', minLength: 1, maxLength: MAX_BODY_BYTES },
  },
  required: ['invitation', 'csr'],
  additionalProperties: false,
})

/** The only routes of the HTTPS door that answer a stranger. They keep no connection open for one. */
export function registerPublicRoutes(app: FastifyInstance, door: DoorPorts, ports: OnboardingPorts): void {
  const attempt = attempts(door, createAttemptLimit(ports.limits))
  app.register(async (scope) => {
    // What cannot be read before a route is reached is told to a stranger in the words of the route, and counted.
    scope.setErrorHandler((error: FastifyError, request, reply) =>
      attempt(request, reply, async () => {
        throw error.statusCode === UNSUPPORTED_MEDIA_TYPE ? unreadable('Content-Type') : error
      }),
    )
    scope.get(CA_PATH, { config: { isPublic: true } }, async (_request, reply) =>
      reply.header('connection', 'close').type(PEM_TYPE).send(ports.caPem),
    )
    scope.post(REDEEM_PATH, { config: { isPublic: true } }, (request, reply) =>
      attempt(request, reply, async (exchange) => {
        const answer = await ports.redeem(await readRedeeming(request), exchange)
        if (answer.kind === 'refused') throw iheError('INVITATION_REFUSED', { rule: because(answer) })
        return answer.welcome
      }),
    )
  })
}

/** One attempt of a stranger, within the limits: what comes of it is recorded before it is answered. */
function attempts(door: DoorPorts, take: (address: string) => Taken) {
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    work: (exchange: Exchange) => Promise<Welcome>,
  ): Promise<FastifyReply> => {
    const exchange = exchangeOf(request, REDEEM_PATH, REDEEM_TRANSACTION)
    reply.header('connection', 'close').header('cache-control', 'no-store')
    const address = addressKey(request.socket.remoteAddress ?? '')
    const taken = take(address)
    if (taken.kind === 'refused') return refuseFlood(reply, { exchange, taken, door })
    try {
      const answer = await work(exchange)
      taken.succeeded()
      await recordDone(door, exchange, answer)
      return welcome(request, reply, answer)
    } catch (error) {
      const refusal = asRefusal(error, door, exchange)
      if (refusal.row.blame === 'caller') await noteFailure({ address, taken, refusal, exchange, door })
      else taken.succeeded()
      return answerRefusal(reply, refusal, exchange)
    }
  }
}

/** The checklist of the system whose certificate is shown. */
export function registerChecklist(
  app: FastifyInstance,
  door: DoorPorts,
  ports: Pick<OnboardingPorts, 'checklist'> & {
    readonly systemOf: (request: FastifyRequest) => { readonly system: CallingSystem; readonly active: 'yes' | 'no' }
  },
): void {
  app.get(CHECKLIST_PATH, async (request, reply) => {
    const { system, active } = ports.systemOf(request)
    const exchange = exchangeOf(request, CHECKLIST_PATH, CHECKLIST_TRANSACTION)
    if (active === 'no') {
      const error = iheError('ROLE_MISSING')
      await recordRefusal(door, exchange, { system, error })
      return answerRefusal(reply, error, exchange)
    }
    // First, so that the list shows this connection too.
    await recordDone(door, exchange, system)
    const list = await ports.checklist(system.systemId)
    if (list === undefined) throw new Error('a known system has no row')
    return request.headers.accept?.includes('text/plain')
      ? reply.type('text/plain; charset=UTF-8').send(writeChecklist(list))
      : reply.send(list)
  })
}

function exchangeOf({ socket }: FastifyRequest, endpoint: string, transaction: string): Exchange {
  return newExchange({ door: 'https', endpoint, peer: `${socket.remoteAddress}:${socket.remotePort}`, transaction })
}

/** @throws {IheError} REDEEM_UNREADABLE without any of what was sent, TOO_LARGE, TOO_SLOW. */
async function readRedeeming({ headers, body }: FastifyRequest): Promise<Redeeming> {
  const { type } = parseContentType(headers['content-type'] ?? '')
  if (type !== 'application/json') throw unreadable('Content-Type')
  const bytes = await readWhole(body as AsyncIterable<Buffer>, MAX_BODY_BYTES)
  const given = parseJson(bytes)
  if (!isRedeeming(given))
    throw iheError('REDEEM_UNREADABLE', { at: 'HTTP body', rule: 'invitation and csr, as texts' })
  return given
}

/** A member that would reach a prototype is refused like any other that is not in the schema, wherever it stands. */
function parseJson(bytes: Buffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__' || key === 'constructor') throw new SyntaxError('no member of this request')
      return value
    })
  } catch {
    // The text of a syntax error quotes what was sent, which may be a code.
    throw unreadable('HTTP body', 'JSON in UTF-8 (RFC 8259)')
  }
}

function unreadable(at: string, rule?: string): IheError {
  return iheError('REDEEM_UNREADABLE', { at, ...(rule === undefined ? {} : { rule }) })
}

/** For audit and journal only. */
function because({ because, invitationId }: Extract<Redemption, { kind: 'refused' }>): string {
  return invitationId === undefined ? because : `invitation ${invitationId}: ${because}`
}

async function recordDone(
  door: DoorPorts,
  exchange: Exchange,
  system: Pick<CallingSystem, 'systemId' | 'facilityId'>,
): Promise<void> {
  const done = { result: 'success', errors: [], evidence: NO_EVIDENCE, now: performance.now() } as const
  await door.recorder.record({ events: [], entries: [journalEntry(exchange, system, done)] })
  observe(door, exchange, { result: 'success', code: '', systemId: system.systemId })
}

function welcome({ headers }: FastifyRequest, reply: FastifyReply, answer: Welcome): FastifyReply {
  return headers.accept?.includes(PEM_TYPE)
    ? reply.type(PEM_TYPE).send(`${answer.certificate}${answer.chain}`)
    : reply.send(answer)
}

function asRefusal(error: unknown, { log }: DoorPorts, exchange: Exchange): IheError {
  if (error instanceof IheError) return error
  log.error({ journal: exchange.id, cause: (error as Error).name }, 'an invitation could not be redeemed')
  return iheError('INTERNAL', { cause: error })
}

interface Failure {
  readonly address: string
  readonly taken: Extract<Taken, { kind: 'allowed' }>
  readonly refusal: IheError
  readonly exchange: Exchange
  readonly door: DoorPorts
}

/** Journal, audit, and an alert of its own when there were too many: the limits bound how many rows a stranger can make. */
async function noteFailure({ address, taken, refusal, exchange, door }: Failure): Promise<void> {
  const { ofAddress, altogether } = taken.failed()
  const minutes = WINDOW_MS / 60_000
  const isAlarming = ofAddress === ALARMING_OF_ADDRESS || altogether === ALARMING_ALTOGETHER
  const alarm = `invitations may be guessed: ${ofAddress} refused attempts from ${address}, ${altogether} altogether, within ${minutes} minutes`
  if (isAlarming) door.log.error({ address, ofAddress, altogether, minutes }, 'invitations may be guessed')
  const reason = [refusal.row.code, refusal.value, refusal.rule].filter((part) => part !== undefined).join(', ')
  await door.recorder.record({
    events: [
      nodeAuthenticationFailure(exchange, reason),
      ...(isAlarming ? [nodeAuthenticationFailure(exchange, alarm)] : []),
    ],
    entries: [
      journalEntry(exchange, undefined, {
        result: 'failure',
        errors: [refusal],
        evidence: NO_EVIDENCE,
        now: performance.now(),
      }),
    ],
  })
  observe(door, exchange, { result: 'failure', code: refusal.row.code, systemId: '' })
}

/** Only the first of them is journalled, and named by those that follow. */
async function refuseFlood(
  reply: FastifyReply,
  given: { readonly exchange: Exchange; readonly taken: Extract<Taken, { kind: 'refused' }>; readonly door: DoorPorts },
): Promise<FastifyReply> {
  const { exchange, taken, door } = given
  const error = iheError('REDEEM_TOO_OFTEN')
  const isFirst = taken.window.journalId === undefined
  taken.window.journalId ??= exchange.id
  if (isFirst) await recordRefusal(door, exchange, { system: undefined, error })
  reply.header('retry-after', String(taken.retryAfterSeconds))
  return answerRefusal(reply, error, { ...exchange, id: taken.window.journalId })
}

/** What an invitation was refused for is told to nobody: the same bytes for all that cannot be redeemed. */
function answerRefusal(reply: FastifyReply, refusal: IheError, { id }: Exchange): FastifyReply {
  const isSilent = refusal.row.code === 'INVITATION_REFUSED'
  const told = isSilent ? iheError('INVITATION_REFUSED') : citing(refusal, id)
  const { code, message, hint, ja, http } = told.row
  const place = [told.at, told.value, told.rule].filter((part) => part !== undefined).join(', ')
  if (http === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  return reply
    .code(http)
    .header('connection', 'close')
    .send({ code, message: place === '' ? message : `${message} [${place}]`, hint, ja })
}
