// HL7 v2 messages at either door, from bytes to acknowledgements: role, reading, actor, journal, MSA and ERR (HL7 v2.5 2.9).

import { randomUUID } from 'node:crypto'
import { iheError } from '../../profiles/errors/index.ts'
import type { Transaction } from '../../profiles/transactions/index.ts'
import { dueAcks, writeAck } from '../codec/hl7v2/ack.ts'
import { type MessageHeader, readHeader, unframe } from '../codec/hl7v2/header.ts'
import type { Caller, CallingSystem, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import { type DoorPorts, newExchange, observe, recordExchange } from './door.ts'
import { framesOf, nameOf } from './failure.ts'

/** What stands behind a door of HL7 v2: which transaction a message is, and the actor with its codec. */
export interface Hl7v2Service {
  readonly transactionOf: (header: MessageHeader) => Pick<Transaction, 'id' | 'roles'>
  /**
   * Takes one message without transport framing. Of a refusal the first error is the reason; all others, and all errors of a
   * success, are warnings. @throws {IheError} what the sender got wrong.
   */
  readonly perform: (bytes: Buffer, caller: Caller) => Promise<Outcome<unknown>>
  /** Versions in which the sender is answered; in any other, 2.5. */
  readonly versions: ReadonlySet<string>
}

export interface Hl7v2Door {
  readonly ports: DoorPorts
  readonly service: Hl7v2Service
}

export interface Sender {
  readonly system: CallingSystem
  readonly active: 'yes' | 'no'
  readonly door: Exchange['door']
  readonly endpoint: string
  readonly peer: string
}

/** Acknowledgements in the order they are sent; none where MSH-15 and MSH-16 ask for none. */
export interface Received {
  readonly acks: readonly Buffer[]
  readonly refusal: IheError | undefined
}

/** One message, from bytes to acknowledgements. Never throws for what a sender can get wrong. */
export async function receiveMessage(bytes: Buffer, sender: Sender, door: Hl7v2Door): Promise<Received> {
  const header = readHeader(bytes)
  const { id, roles } = door.service.transactionOf(header)
  const exchange: Exchange = {
    ...newExchange({ door: sender.door, endpoint: sender.endpoint, peer: sender.peer, transaction: id }),
    requestBytes: bytes.length,
    ...(header.controlId === '' ? {} : { messageId: header.controlId }),
  }
  const caller: Caller = { ...sender.system, exchange }
  const outcome = await perform({ bytes, sender, door, caller, roles })
  const refusal = outcome.result === 'failure' ? outcome.errors[0] : undefined
  if (!outcome.recorded) await recordExchange(door.ports, caller, outcome)
  observe(door.ports, exchange, { result: outcome.result, code: refusal?.row.code ?? '', systemId: caller.systemId })
  return { acks: acknowledgements(header, { outcome, exchange, versions: door.service.versions }), refusal }
}

interface Performing {
  readonly bytes: Buffer
  readonly sender: Sender
  readonly door: Hl7v2Door
  readonly caller: Caller
  readonly roles: Transaction['roles']
}

async function perform(given: Performing): Promise<Outcome<unknown>> {
  const { bytes, sender, door, caller, roles } = given
  try {
    if (sender.active === 'no' || !roles.some((role) => sender.system.roles.has(role)))
      throw iheError('ROLE_MISSING', { rule: `roles ${roles.join(', ')}` })
    return await door.service.perform(unframe(bytes), caller)
  } catch (error) {
    return {
      answer: undefined,
      result: 'failure',
      errors: [asRow(error, given)],
      evidence: NO_EVIDENCE,
      recorded: false,
    }
  }
}

function asRow(error: unknown, given: Performing): IheError {
  if (error instanceof IheError) return error
  given.door.ports.log.error(
    { journal: given.caller.exchange.id, cause: nameOf(error), stack: framesOf(error) },
    'unexpected failure',
  )
  return iheError('INTERNAL', { cause: error })
}

interface Answered {
  readonly outcome: Outcome<unknown>
  readonly exchange: Exchange
  readonly versions: ReadonlySet<string>
}

function acknowledgements(header: MessageHeader, { outcome, exchange, versions }: Answered): readonly Buffer[] {
  const [first, ...others] = outcome.errors
  const refusal = outcome.result === 'failure' ? first : undefined
  return dueAcks(header, refusal === undefined ? 'accepted' : 'refused').flatMap(
    (mode) =>
      writeAck({
        request: header,
        result: refusal ?? 'accepted',
        warnings: refusal === undefined ? outcome.errors : others,
        journalId: exchange.id,
        now: new Date(),
        controlId: randomUUID().replaceAll('-', '').slice(0, 20),
        mode,
        ...(versions.has(header.version) ? { version: header.version } : {}),
      }) ?? [],
  )
}
