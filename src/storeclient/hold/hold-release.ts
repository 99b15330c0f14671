// Files withheld messages by the pipeline that every message walks: when their number is linked, or when staff say so.

import type { Caller } from '../../model/caller.ts'
import type { Outcome } from '../../model/evidence.ts'
import type { StoreClientAnswer } from '../answer.ts'
import {
  type DueNumber,
  type OpenedMessage,
  type Release,
  type Released,
  type ReleasePorts,
  type Settlement,
  WithheldEnded,
} from './hold-ports.ts'

/** A job files so many messages of a number, then others have their turn; the sweep brings it back. */
const MESSAGES_A_TURN = 200
/** Who ends what nobody decided. */
const ITSELF = 'tsunagi'

/** Files what waits for a number, one commit a message, by MSH-7, then arrival. */
export async function releaseNumber(due: DueNumber, ports: ReleasePorts, signal: AbortSignal): Promise<void> {
  for (let filed = 0; filed < MESSAGES_A_TURN && !signal.aborted; filed += 1) {
    const message = await ports.withheld.next(due)
    if (message === undefined) return
    const { withheldId } = message
    const released = await releaseMessage({ withheldId, identity: 'checked' }, ports)
    // What holds one up holds up all of the facility or of the server.
    if (released.kind === 'suspended' || (released.kind === 'refused' && released.state === 'later')) return
  }
}

/** Files one message. @throws {Error} when it cannot be opened; then it waits, and the operator is told. */
export async function releaseMessage(release: Release, ports: ReleasePorts): Promise<Released> {
  const message = await opened(release, ports)
  if (message === undefined) return { kind: 'gone' }
  const system = await ports.systemOf(message.systemId)
  if (system === undefined || !system.roles.has('store-client')) return { kind: 'suspended' }
  const caller: Caller = { ...system, exchange: ports.exchangeOf(message) }
  let outcome: Outcome<StoreClientAnswer>
  try {
    outcome = await ports.file(message, caller, release)
  } catch (error) {
    if (error instanceof WithheldEnded) return { kind: 'gone' }
    await ports.withheld.settle(release.withheldId, { state: 'later', code: 'INTERNAL' }, undefined)
    throw error
  }
  return settled({ message, caller, outcome }, ports)
}

async function opened({ withheldId }: Release, ports: ReleasePorts): Promise<OpenedMessage | undefined> {
  try {
    return await ports.withheld.open(withheldId)
  } catch (error) {
    ports.alarm(withheldId, error)
    await ports.withheld.settle(withheldId, { state: 'later', code: 'INTERNAL' }, undefined)
    throw error
  }
}

interface Attempt {
  readonly message: OpenedMessage
  readonly caller: Caller
  readonly outcome: Outcome<StoreClientAnswer>
}

async function settled({ message, caller, outcome }: Attempt, ports: ReleasePorts): Promise<Released> {
  const { withheldId } = message
  const journalId = caller.exchange.id
  const { answer } = outcome
  if (answer.kind === 'accepted') {
    // What was filed by this attempt ended with it; a message accepted before, under the same MSH-10, ends here.
    if (!outcome.recorded)
      await ports.withheld.settle(withheldId, { state: 'released', by: ITSELF, reason: ACCEPTED }, { caller, outcome })
    else if (message.fileKey !== undefined) await ports.withheld.discardFile(message.fileKey)
    const { documentUniqueId } = answer
    return { kind: 'filed', journalId, ...(documentUniqueId === undefined ? {} : { documentUniqueId }) }
  }
  const { error } = answer
  const settlement = settlementOf(error.row, message)
  await ports.withheld.settle(withheldId, settlement, { caller, outcome })
  return { kind: 'refused', journalId, error, state: settlement.state }
}

const ACCEPTED = 'the sender sent it again and it was accepted'

/** No fault of the message. */
const MENDED_ELSEWHERE = new Set(['HL7_PATIENT_NOT_LINKED', 'HL7_QUOTA', 'ROLE_MISSING'])

/** Without consent nothing may be kept; what can be mended elsewhere waits; the rest needs a decision. */
function settlementOf(
  { code, retry }: { readonly code: string; readonly retry: string },
  { reason }: OpenedMessage,
): Settlement {
  if (code === 'HL7_CONSENT') return { state: 'dropped', by: ITSELF, reason: 'no consent to publication in force' }
  if (MENDED_ELSEWHERE.has(code) || retry !== 'never') return { state: 'later', code }
  if (code === 'HL7_IDENTITY' && reason === 'unlinked') return { state: 'quarantine', code }
  return { state: 'stuck', code }
}
