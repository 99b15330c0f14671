// Keeps a refused message where that is agreed: held for a number not linked yet, in quarantine (要確認) for an identity conflict.

import { iheError } from '../../../profiles/errors/index.ts'
import type { Caller } from '../../model/caller.ts'
import type { IheError } from '../../model/error.ts'
import { type Evidence, NO_EVIDENCE, type Outcome } from '../../model/evidence.ts'
import { versionTime } from '../../model/hl7-time.ts'
import type { StoreClientAnswer } from '../answer.ts'
import type { Interpretation, StoreClientRequest } from '../interpret.ts'
import type { StoreClientPorts } from '../ports.ts'
import type { Kept, NewWithheld, WithheldReason } from './hold-ports.ts'

export interface Refused {
  readonly request: StoreClientRequest
  readonly caller: Caller
  readonly ports: StoreClientPorts
  readonly reading: Interpretation
  /** Of the person, where link and consent stand. */
  readonly evidence: Evidence
  /** Why the files in it may not be kept. */
  readonly scanned?: IheError | undefined
}

/**
 * Keeps the message if it could be filed later.
 * @returns the answer, which is recorded; or the refusal that stands, when nothing is kept. Never for missing consent: the facility has no
 * right to hand the message over, so nothing of it may stay.
 */
export async function withhold(refused: Refused, error: IheError): Promise<Outcome<StoreClientAnswer> | IheError> {
  const reason = reasonOf(refused, error)
  if (reason === undefined) return error
  const message = messageOf(refused, reason)
  // What is wrong with the message itself would be wrong later too: the sender hears of that, who alone can mend it.
  if (message.kind === 'faulty') return reason === 'unlinked' ? message.error : error
  const kept = await refused.ports.withhold(message.message, (kept) => outcomeOf(refused, error, { reason, kept }))
  if (kept === 'full') return iheError(error.row.code, { at: error.at ?? 'PID-3', rule: NO_ROOM })
  return outcomeOf(refused, error, { reason, kept })
}

const NO_ROOM = 'not kept: the facility has no room left for messages that wait; send again later'

function reasonOf({ request, caller, ports }: Refused, error: IheError): WithheldReason | undefined {
  // A withheld message that is refused again is settled by whoever released it.
  if (request.release !== undefined) return undefined
  if (error.row.code === 'HL7_IDENTITY') return 'identity'
  if (error.row.code === 'HL7_PATIENT_NOT_LINKED' && ports.facilitySettings(caller).unlinked === 'hold')
    return 'unlinked'
  return undefined
}

type Keepable =
  | { readonly kind: 'keepable'; readonly message: NewWithheld }
  | { readonly kind: 'faulty'; readonly error: IheError }

function messageOf({ request, caller, reading, scanned }: Refused, reason: WithheldReason): Keepable {
  const { claim, header, number, person, drafts } = reading
  if (!claim.ok) return { kind: 'faulty', error: claim.error }
  if (!header.ok) return { kind: 'faulty', error: header.error }
  if (!number.ok) return { kind: 'faulty', error: number.error }
  if (!person.ok) return { kind: 'faulty', error: person.error }
  if (!drafts.ok) return { kind: 'faulty', error: drafts.error }
  if (scanned !== undefined) return { kind: 'faulty', error: scanned }
  return {
    kind: 'keepable',
    message: {
      reason,
      caller,
      number: number.value.canonical,
      kind: header.value.found.kind.kind,
      controlId: reading.controlId,
      sentAt: versionTime(header.value.sentAt),
      claim: claim.value,
      sha256: request.sha256,
      bytes: request.bytes,
      context: {
        charset: request.message.charset,
        ...(request.origin === undefined ? {} : { origin: request.origin }),
      },
    },
  }
}

function outcomeOf(
  refused: Refused,
  error: IheError,
  { reason, kept }: { readonly reason: WithheldReason; readonly kept: Kept },
): Outcome<StoreClientAnswer> {
  const told = toldOf(error, { reason, kept })
  // Warnings quote the message, and whose it is nobody knows yet: neither answer nor journal repeats in clear what lies sealed.
  return {
    answer: { kind: 'refused', error: told, warnings: [] },
    result: 'failure',
    errors: [told],
    evidence: reason === 'unlinked' ? NO_EVIDENCE : refused.evidence,
    recorded: true,
  }
}

function toldOf(error: IheError, { reason, kept }: { readonly reason: WithheldReason; readonly kept: Kept }): IheError {
  const place = `number ${kept.withheldId}, until ${inJapan(kept.until)}`
  switch (reason) {
    case 'unlinked':
      return iheError('HL7_PATIENT_HELD', { at: 'PID-3', rule: `held as ${place}` })
    case 'identity':
      return iheError('HL7_IDENTITY', { at: error.at ?? 'PID-5', rule: `${error.rule}; in quarantine as ${place}` })
  }
  return reason satisfies never
}

const JST_OFFSET_MS = 9 * 3_600_000

function inJapan(time: Date): string {
  return `${new Date(time.getTime() + JST_OFFSET_MS).toISOString().slice(0, 16).replace('T', ' ')} JST`
}
