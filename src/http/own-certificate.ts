// A system's own certificate over the HTTPS door: look at it, renew it, say that the new one is in use (security: issuing, renewal).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import { RENEWAL_DAYS } from '../access/certificates/renewal.ts'
import type { Change } from '../access/ports.ts'
import { journalEntry } from '../journal/entry.ts'
import type { CallingSystem } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { answerError } from './admin/answers.ts'
import { answerIssueFault } from './admin/certificate-answers.ts'
import type { CertificatePorts } from './admin/certificate-ports.ts'
import { type DoorPorts, newExchange, observe, recordRefusal } from './door.ts'
import { nameOf } from './failure.ts'
import { readWhole } from './soap-message.ts'

export interface OwnCertificatePorts extends Pick<CertificatePorts, 'register' | 'issue' | 'refreshList'> {
  readonly door: DoorPorts
  readonly systemOf: (request: FastifyRequest) => {
    readonly system: CallingSystem
    readonly active: 'yes' | 'no'
    /** Of the certificate that is shown. */
    readonly fingerprint: string
  }
}

const PATH = '/certificate'
const TRANSACTION = 'Own certificate'
const PEM_TYPE = 'application/pem-certificate-chain'
const MAX_REQUEST_BYTES = 32 * 1024
const DAY_MS = 86_400_000

interface Asked {
  readonly system: CallingSystem
  readonly fingerprint: string
  readonly change: Change
}

export function registerOwnCertificate(app: FastifyInstance, ports: OwnCertificatePorts): void {
  app.get(PATH, (request, reply) => answered(request, reply, { ports, work: look }))
  app.post(`${PATH}/renewal`, (request, reply) => answered(request, reply, { ports, work: renew }))
  app.post(`${PATH}/confirmation`, (request, reply) => answered(request, reply, { ports, work: confirm }))
}

/** Sent when the journal has it. */
interface Answer {
  readonly result: 'success' | 'failure'
  readonly send: (reply: FastifyReply) => FastifyReply
}

type Work = (asked: Asked, ports: OwnCertificatePorts, request: FastifyRequest) => Promise<Answer>

/** One exchange: who is not active is refused as everywhere, what comes of the rest is journalled before it is answered. */
async function answered(
  request: FastifyRequest,
  reply: FastifyReply,
  { ports, work }: { readonly ports: OwnCertificatePorts; readonly work: Work },
): Promise<FastifyReply> {
  const { door, systemOf } = ports
  const { system, active, fingerprint } = systemOf(request)
  const peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`
  const endpoint = request.routeOptions.url ?? PATH
  const exchange = newExchange({ door: 'https', endpoint, peer, transaction: TRANSACTION })
  reply.header('cache-control', 'no-store')
  try {
    if (active === 'no') throw iheError('ROLE_MISSING')
    const change = { by: `system:${system.systemId}`, peer, operation: 'renewed by the system itself' }
    const { result, send } = await work({ system, fingerprint, change }, ports, request)
    const done = { result, errors: [], evidence: NO_EVIDENCE, now: performance.now() }
    await door.recorder.record({ events: [], entries: [journalEntry(exchange, system, done)] })
    observe(door, exchange, { result, code: '', systemId: system.systemId })
    return send(reply)
  } catch (cause) {
    const error = cause instanceof IheError ? cause : iheError('INTERNAL', { cause })
    if (error.row.code === 'INTERNAL')
      door.log.error({ journal: exchange.id, cause: nameOf(cause) }, 'a system could not be told of its certificate')
    await recordRefusal(door, exchange, { system, error })
    const { code, message, hint, ja, http } = error.row
    return answerError(reply, http, { code, message: `${message} [journal ${exchange.id}]`, hint, ja })
  }
}

/** What the vendor's own watch needs: how long it is good, and from when it can be renewed. */
async function look({ fingerprint }: Asked, { register }: OwnCertificatePorts): Promise<Answer> {
  const own = await register.find(fingerprint)
  if (own === undefined) throw new Error('a known certificate has no row')
  const { systemId, serial, notBefore, notAfter, replacedBy, overlapEndsAt } = own
  const renewableFrom = new Date(notAfter.getTime() - RENEWAL_DAYS * DAY_MS)
  const body = { systemId, fingerprint, serial, notBefore, notAfter, renewableFrom, replacedBy, overlapEndsAt }
  return { result: 'success', send: (reply) => reply.send(body) }
}

/** A request (PKCS#10, PEM) as the body. Answers certificate and chain in PEM, or JSON for who accepts that. */
async function renew(
  { system, fingerprint, change }: Asked,
  { issue }: OwnCertificatePorts,
  request: FastifyRequest,
): Promise<Answer> {
  const csrPem = (await bodyOf(request)).toString('latin1')
  const issued = await issue({ systemId: system.systemId, csrPem, replaces: fingerprint }, change)
  if ('fault' in issued) return { result: 'failure', send: (reply) => answerIssueFault(reply, issued) }
  const { certificatePem: pem, chainPem: chain, ...facts } = issued
  const wantsJson = request.headers.accept?.includes('application/json') === true
  return {
    result: 'success',
    send: (reply) =>
      wantsJson
        ? reply.code(201).send({ ...facts, pem, chain })
        : reply.code(201).type(PEM_TYPE).send(`${pem}${chain}`),
  }
}

async function bodyOf({ body }: FastifyRequest): Promise<Buffer> {
  return body === undefined || body === null
    ? Buffer.alloc(0)
    : readWhole(body as AsyncIterable<Buffer>, MAX_REQUEST_BYTES)
}

/** Shown with the new certificate: that it can be shown is what is to be confirmed. */
async function confirm(
  { fingerprint, change }: Asked,
  { register, refreshList }: OwnCertificatePorts,
  request: FastifyRequest,
): Promise<Answer> {
  await bodyOf(request)
  const operation = `certificate ${fingerprint} confirmed by its system: what it replaces is revoked (superseded)`
  const done = await register.confirm(fingerprint, { ...change, operation })
  if (done === 'changed') await refreshList()
  if (done === 'changed' || done === 'unchanged')
    return { result: 'success', send: (reply) => reply.send({ status: 'ok' }) }
  return { result: 'failure', send: (reply) => answerError(reply, 409, NOTHING_REPLACED) }
}

const NOTHING_REPLACED = {
  code: 'CONFLICT',
  message: 'The certificate that is shown replaces no other',
  hint: 'Send this with the new certificate of a renewal',
  ja: '提示された証明書は更新による新しい証明書ではありません。新しい証明書で送信してください。',
} as const
