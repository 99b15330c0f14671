// What every door shares: a new exchange, and recording it (design §2).

import type { AuditEvent } from '../audit/event.ts'
import { auditEvents } from '../audit/event.ts'
import { type JournalEntry, journalEntry } from '../journal/entry.ts'
import type { Keeper } from '../journal/ports.ts'
import type { Caller, CallingSystem, Exchange } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { type Evidence, NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import { newJournalId } from '../model/journal-id.ts'
import { startAt } from '../model/stations.ts'
import type { DoorName } from '../model/trust.ts'

export interface Recorder {
  readonly record: (rows: {
    readonly events: readonly AuditEvent[]
    readonly entries: readonly JournalEntry[]
  }) => Promise<void>
}

/** Logs without personal data: names of things, never what was in them. */
export interface DoorLog {
  readonly info: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** Why a door refused a connection: TLS failed, its certificate, the share of one certificate or address, or the limit of all. */
export type TurnedAway = 'handshake' | 'certificate' | 'share' | 'limit'

export interface Meter {
  readonly exchange: (labels: { transaction: string; result: string; code: string }, durationSeconds: number) => void
  /** A connection is open until what this returns is called. */
  readonly opened: (door: DoorName) => () => void
  readonly turnedAway: (door: DoorName, reason: TurnedAway) => void
}

export interface DoorPorts {
  readonly recorder: Recorder
  readonly keeper: Pick<Keeper, 'keeping' | 'keep'>
  readonly log: DoorLog
  readonly meter: Meter
}

/** @param given with the id, where somebody waits for the exchange under it. */
export function newExchange(
  given: Pick<Exchange, 'door' | 'endpoint' | 'peer' | 'transaction'> & Partial<Pick<Exchange, 'id'>>,
): Exchange {
  const startedMs = performance.now()
  const stations = startAt('receive', startedMs)
  return { id: newJournalId(), ...given, receivedAt: new Date(), startedMs, stations, requestBytes: 0 }
}

type Reported = Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'>

/** Records an exchange that reached a known system; resolves when it is durable. */
export async function recordExchange(
  ports: DoorPorts,
  caller: Caller,
  reported: Reported & { readonly responseBytes?: number },
): Promise<void> {
  await ports.recorder.record({
    events: auditEvents(caller, reported),
    entries: [journalEntry(caller.exchange, caller, { ...reported, now: performance.now() })],
  })
}

/** Journals a message that was refused before its transaction was known; there is nothing to audit but the attempt, and who it claimed to be. */
export async function recordRefusal(
  ports: DoorPorts,
  exchange: Exchange,
  refused: {
    readonly system: CallingSystem | undefined
    readonly error: IheError
    readonly evidence?: Evidence
    readonly events?: readonly AuditEvent[]
  },
): Promise<void> {
  await ports.recorder.record({
    events: refused.events ?? [],
    entries: [
      journalEntry(exchange, refused.system, {
        result: 'failure',
        errors: [refused.error],
        evidence: refused.evidence ?? NO_EVIDENCE,
        now: performance.now(),
      }),
    ],
  })
}

/** Counts an exchange and writes its one log line. */
export function observe(
  ports: DoorPorts,
  exchange: Exchange,
  seen: { readonly result: string; readonly code: string; readonly systemId: string },
): void {
  const durationMs = performance.now() - exchange.startedMs
  ports.meter.exchange({ transaction: exchange.transaction, result: seen.result, code: seen.code }, durationMs / 1000)
  if (seen.result !== 'success')
    ports.log.info(
      {
        journal: exchange.id,
        transaction: exchange.transaction,
        system: seen.systemId,
        code: seen.code,
        ms: Math.round(durationMs),
      },
      'refused',
    )
}
