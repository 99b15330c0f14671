// HL7 v2 messages at either door, from bytes to answers: role, reading, actor, journal, and ACK or RSP (HL7 v2.5 2.9, 5.3).

import { randomUUID } from 'node:crypto'
import { iheError } from '../../profiles/errors/index.ts'
import type { Hl7v2Query, Transaction } from '../../profiles/transactions/index.ts'
import { type AnswerBase, dueAcks, writeAck } from '../codec/hl7v2/ack.ts'
import { isBatch, readBatchHeader } from '../codec/hl7v2/batch.ts'
import { type MessageHeader, readHeader, unframe } from '../codec/hl7v2/header.ts'
import { NOTHING_FOUND, type ResponseContent, writeResponse } from '../codec/hl7v2/write-response.ts'
import type { Turns } from '../mllp/turns.ts'
import type { Caller, CallingSystem, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import { enter } from '../model/stations.ts'
import type { StoredFile } from '../storeclient/ssmix/origin.ts'
import { type DoorPorts, newExchange, observe, recordExchange } from './door.ts'
import { framesOf, nameOf } from './failure.ts'
import { type Crossing, keepExchange, wholeMessage } from './keeping.ts'
import type { RequestRate } from './request-rate.ts'

/** What came of a message; `found` is what a query found, `expectedSequence` what MSA-4 tells. */
export type Performed = Outcome<unknown> & { readonly found?: ResponseContent; readonly expectedSequence?: number }

/** What the transport says of a message beside its bytes. */
export interface Carriage {
  /** The content type's charset parameter. */
  readonly charset?: string
  /** The data kind that the sender names. */
  readonly kind?: string
  /** Where the message lies in an SS-MIX2 storage. */
  readonly storage?: StoredFile
}

/** What stands behind a door of HL7 v2: which transaction a message is, the actor with its codec, and how it is answered. */
export interface Hl7v2Service {
  readonly transactionOf: (header: MessageHeader) => Pick<Transaction, 'id' | 'roles'>
  /**
   * Takes one message without transport framing. Of a refusal the first error is the reason; all others, and all errors of a
   * success, are warnings. @throws {IheError} what the sender got wrong.
   */
  readonly perform: (bytes: Buffer, caller: Caller, carriage: Carriage) => Promise<Performed>
  /** Told of each message that was read although it deviates, with the warnings that the sender got. */
  readonly onTolerated?: (caller: Caller, warnings: readonly IheError[]) => void
  /** Versions in which the sender is answered; in any other, 2.5. */
  readonly versions: ReadonlySet<string>
  /** The query that it serves, which is answered by its response message; everything else is acknowledged. */
  readonly query?: Hl7v2Query
}

export interface Hl7v2Door {
  readonly ports: DoorPorts
  /** By MSH-9. */
  readonly serviceOf: (header: MessageHeader) => Hl7v2Service
  /** Whether batches of a system are taken apart; absent: of none. */
  readonly takesBatches?: (system: CallingSystem) => boolean
  readonly rate: RequestRate
  /** Absent: every message is taken to work at once. */
  readonly turns?: Turns
  /** Who may read a large message now; absent: everybody. */
  readonly largeMessages?: Turns
}

export interface Sender {
  readonly system: CallingSystem
  readonly active: 'yes' | 'no'
  readonly door: Exchange['door']
  readonly endpoint: string
  readonly peer: string
  readonly carriage?: Carriage
  /** How the message came, for the journal: headers of HTTP. */
  readonly came?: Pick<Crossing, 'contentType' | 'headers'>
  /** Journal id that the message is to have; absent: a new one. */
  readonly exchangeId?: string
}

/** Answers in the order they are sent; none where MSH-15 and MSH-16 ask for no acknowledgement. */
export interface Received {
  readonly answers: readonly Buffer[]
  readonly refusal: IheError | undefined
}

/** One message, from bytes to answers. Never throws for what a sender can get wrong. */
export async function receiveMessage(bytes: Buffer, sender: Sender, door: Hl7v2Door): Promise<Received> {
  const header = isBatch(bytes) ? readBatchHeader(bytes) : readHeader(bytes)
  const service = door.serviceOf(header)
  const { id, roles } = service.transactionOf(header)
  const exchange: Exchange = {
    ...newExchange({
      door: sender.door,
      endpoint: sender.endpoint,
      peer: sender.peer,
      transaction: id,
      ...(sender.exchangeId === undefined ? {} : { id: sender.exchangeId }),
    }),
    requestBytes: bytes.length,
    ...(header.controlId === '' ? {} : { messageId: header.controlId }),
    ...partiesOf(header),
  }
  const caller: Caller = { ...sender.system, exchange }
  const outcome = await perform({ bytes, sender, door, service, caller, roles })
  const refusal = outcome.result === 'failure' ? outcome.errors[0] : undefined
  if (!outcome.recorded) await recordExchange(door.ports, caller, outcome)
  const warnings = outcome.errors.filter(({ row }) => row.severity === 'Warning')
  if (warnings.length > 0) service.onTolerated?.(caller, warnings)
  observe(door.ports, exchange, { result: outcome.result, code: refusal?.row.code ?? '', systemId: caller.systemId })
  const answers = answersTo(asAsked(header, sender), { bytes, service, outcome, refusal, exchange })
  keepExchange(door.ports, {
    exchange,
    ended: { ...outcome, accessMode: caller.accessMode },
    request: wholeMessage(bytes, sender.came),
    answer: answers.length === 0 ? undefined : wholeMessage(Buffer.concat(answers)),
  })
  return { answers, refusal }
}

/** Who wrote to whom what, as MSH has it: for the audit (ITI TF-2 3.8.5). */
export function partiesOf(header: MessageHeader): Pick<Exchange, 'hl7v2'> {
  const { sendingFacility, sendingApplication, receivingFacility, receivingApplication } = header
  // Without MSH nobody is named.
  if (header.messageCode === '') return {}
  return {
    hl7v2: {
      sender: `${sendingFacility}|${sendingApplication}`,
      receiver: `${receivingFacility}|${receivingApplication}`,
      type: `${header.messageCode}^${header.trigger}`,
    },
  }
}

/** What the journal says of an exchange that it could not take. */
const NOT_JOURNALLED = 'not kept'

/** The answer to a message of which not even the refusal can be recorded now: nothing was stored, the sender tries again. */
export function turnAway(bytes: Buffer, refusal: IheError, sender: Pick<Sender, 'carriage'> = {}): Received {
  const request = asAsked(isBatch(bytes) ? readBatchHeader(bytes) : readHeader(bytes), sender)
  const ack = {
    request,
    result: refusal,
    warnings: [],
    journalId: NOT_JOURNALLED,
    now: new Date(),
    controlId: newControlId(),
  }
  return { answers: dueAcks(request, 'refused').flatMap((mode) => writeAck({ ...ack, mode }) ?? []), refusal }
}

/**
 * What a file of a storage asks for in MSH-15 and MSH-16 was asked of whom it was written to. Whoever imports it has to hear what
 * became of it, in original mode: silence would be taken for a file that is kept.
 */
function asAsked(header: MessageHeader, { carriage }: Pick<Sender, 'carriage'>): MessageHeader {
  return carriage?.storage === undefined ? header : { ...header, acceptAck: '', applicationAck: '' }
}

/** MSH-10 of an answer. */
export function newControlId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 20)
}

interface Given {
  readonly bytes: Buffer
  readonly sender: Sender
  readonly door: Hl7v2Door
  readonly service: Hl7v2Service
  readonly caller: Caller
  readonly roles: Transaction['roles']
}

async function perform(given: Given): Promise<Performed> {
  const { bytes, sender, door, service, caller, roles } = given
  const { stations } = caller.exchange
  let endTurn = nothing
  try {
    // Whoever is suspended for a time keeps its messages and sends them again.
    if (sender.system.facilityStatus === 'suspended') throw iheError('FACILITY_SUSPENDED')
    if (sender.active === 'no' || !roles.some((role) => sender.system.roles.has(role)))
      throw iheError('ROLE_MISSING', { rule: `roles ${roles.join(', ')}` })
    door.rate.take(sender.system.systemId)
    enter(stations, 'wait')
    endTurn = (await door.turns?.take(sender.system.systemId, bytes.length)) ?? nothing
    enter(stations, 'act')
    return await service.perform(unframe(bytes), caller, sender.carriage ?? {})
  } catch (error) {
    return {
      answer: undefined,
      result: 'failure',
      errors: [asRow(error, given)],
      evidence: NO_EVIDENCE,
      recorded: false,
    }
  } finally {
    endTurn()
  }
}

function nothing(): void {}

function asRow(error: unknown, given: Given): IheError {
  if (error instanceof IheError) return error
  given.door.ports.log.error(
    { journal: given.caller.exchange.id, cause: nameOf(error), stack: framesOf(error) },
    'unexpected failure',
  )
  return iheError('INTERNAL', { cause: error })
}

interface Answered {
  readonly bytes: Buffer
  readonly service: Hl7v2Service
  readonly outcome: Performed
  readonly refusal: IheError | undefined
  readonly exchange: Exchange
}

/** The response of a query, whatever MSH-15 and MSH-16 say (ITI TF-2 Appendix C.2.3: original mode), or acknowledgements. */
function answersTo(request: MessageHeader, answered: Answered): readonly Buffer[] {
  const { bytes, service, outcome, refusal, exchange } = answered
  const answer = (): AnswerBase => ({
    request,
    warnings: refusal === undefined ? outcome.errors : outcome.errors.slice(1),
    journalId: exchange.id,
    now: new Date(),
    controlId: newControlId(),
    ...(service.versions.has(request.version) ? { version: request.version } : {}),
  })
  const { query } = service
  if (query !== undefined)
    return [writeResponse({ ...answer(), query, bytes, result: refusal ?? outcome.found ?? NOTHING_FOUND })]
  const { expectedSequence } = outcome
  const sequence = expectedSequence === undefined ? {} : { expectedSequence }
  return dueAcks(request, refusal === undefined ? 'accepted' : 'refused').flatMap(
    (mode) => writeAck({ ...answer(), ...sequence, result: refusal ?? 'accepted', mode }) ?? [],
  )
}
