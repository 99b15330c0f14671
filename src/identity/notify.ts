// PIX Manager: sends update notifications, the sets of a person in order, until one is not taken (ITI TF-2 3.46, 3.10; reliability: outbox).

import type { CallingSystem, Exchange } from '../model/caller.ts'
import type { CorrespondingId } from '../model/pix.ts'
import type { PersonKey } from './ports.ts'

/** Where a subscriber listens, and how it is addressed. */
export type Destination =
  | { readonly transaction: 'ITI-46'; readonly endpoint: string; readonly deviceOid: string }
  | {
      readonly transaction: 'ITI-10'
      readonly endpoint: string
      readonly receivingApplication: string
      readonly receivingFacility: string
    }

/** A row of the outbox, taken for an attempt that is counted already. */
export interface Notification {
  readonly outboxId: string
  readonly subscriptionId: string
  readonly person: PersonKey
  /** UUID, the same at every attempt with the same ids. */
  readonly messageId: string
  readonly ids: readonly CorrespondingId[]
  readonly composedAt: Date
  readonly destination: Destination
  readonly system: CallingSystem
  /** This one included. */
  readonly attempts: number
  /** How often in a row the subscriber could not be reached before this attempt. */
  readonly failures: number
  readonly dueForMs: number
}

/**
 * What became of an attempt. `unreachable`: no answer of an HL7 application; it concerns all that waits for this subscriber. `busy`:
 * an answer that allows to send the same again. `refused`: sending it again is no use.
 */
export interface Sent {
  readonly answer: 'accepted' | 'unreachable' | 'busy' | 'refused'
  /** Code or status, nothing that quotes a message. */
  readonly reason: string
  readonly exchange: Exchange
  readonly responseBytes?: number
}

export type Settlement =
  | { readonly state: 'sent' }
  | { readonly state: 'parked'; readonly reason: string }
  /** `rests`: until then nothing is tried with this subscriber. */
  | { readonly state: 'waiting'; readonly reason: string; readonly delayMs: number; readonly rests: boolean }

export interface NotifyPorts {
  /** The next row of the pair that may leave now, with those of its ids that the subscriber may still know. */
  readonly take: (pair: {
    readonly subscriptionId: string
    readonly person: PersonKey
  }) => Promise<Notification | undefined>
  readonly send: (notification: Notification, signal: AbortSignal) => Promise<Sent>
  /** Keeps how the attempt ended, with audit and journal in the same commit. */
  readonly settle: (notification: Notification, settlement: Settlement, sent: Sent) => Promise<void>
  /** For the operator: a notification needs a hand. */
  readonly alarm: (notification: Notification) => void
}

const FIRST_DELAY_MS = 1000
const MAX_DELAY_MS = 600_000
/** A subscriber may be down over a long weekend. */
const PATIENCE_MS = 72 * 3_600_000
const JITTER = 0.2

/** Work of one job. @throws {Error} when it is stopped or the store fails: then the job is done again. */
export async function notify(
  pair: { readonly subscriptionId: string; readonly person: PersonKey },
  ports: NotifyPorts,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const notification = await ports.take(pair)
    if (notification === undefined) return
    const sent = await ports.send(notification, signal)
    if (sent.answer !== 'accepted') signal.throwIfAborted()
    const settlement = settlementOf(notification, sent)
    await ports.settle(notification, settlement, sent)
    if (settlement.state === 'parked') ports.alarm(notification)
    if (settlement.state !== 'sent') return
  }
}

/** Doubling pauses, for about 72 hours; what cannot be taken is parked at once. */
export function settlementOf(
  { attempts, failures, dueForMs }: Pick<Notification, 'attempts' | 'failures' | 'dueForMs'>,
  { answer, reason }: Pick<Sent, 'answer' | 'reason'>,
): Settlement {
  if (answer === 'accepted') return { state: 'sent' }
  if (answer === 'refused' || dueForMs > PATIENCE_MS) return { state: 'parked', reason }
  const rests = answer === 'unreachable'
  const tries = rests ? failures + 1 : attempts
  const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(tries - 1, 20))
  return { state: 'waiting', reason, rests, delayMs: Math.round(delayMs * (1 - JITTER * Math.random())) }
}
