// Everything that can be read from a message without asking anyone, each step with its own refusal, so that the refusals can be
// given in the order of the processing steps although the stored state is fetched in one go.

import { createHash } from 'node:crypto'
import { iheError } from '../../profiles/errors/index.ts'
import { checkStructure, structureOf } from '../../profiles/hl7v2/structures.ts'
import type { Caller } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import type { Er7Message, Tolerance } from '../model/hl7v2.ts'
import type { LocalIdForm } from '../model/patient-number.ts'
import { type MessagePerson, readPerson } from './demographics.ts'
import { type Draft, readDrafts } from './draft.ts'
import { controlIdOf, type Header, readHeader, sendingApplicationOf } from './header.ts'
import type { Release } from './hold/hold-ports.ts'
import { repetitionWarnings } from './kinds/field-checks.ts'
import { filedPatientNumber, type PatientNumber, readPatientNumber } from './patient-number.ts'
import type { Claim, Origin, StoreClientPorts } from './ports.ts'

export interface StoreClientRequest {
  readonly message: Er7Message
  /** The raw message without transport framing: what is stored, unchanged. */
  readonly bytes: Buffer
  /** SHA-256 of `bytes`, lower-case hex. */
  readonly sha256: string
  readonly origin?: Origin
  /** A message that was withheld before and is filed now. */
  readonly release?: Release
}

export type Step<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: IheError }

export interface Interpretation {
  readonly controlId: string
  readonly claim: Step<Claim>
  /** MSH, structure and kind: steps 6 to 8. */
  readonly header: Step<Header>
  readonly number: Step<PatientNumber>
  readonly person: Step<MessagePerson>
  readonly drafts: Step<readonly Draft[]>
  readonly warnings: readonly IheError[]
}

/** Reads a message; never throws for what the sender wrote. */
export function interpret(request: StoreClientRequest, caller: Caller, ports: StoreClientPorts): Interpretation {
  const { message, origin } = request
  const facility = ports.facilitySettings(caller)
  const structureWarnings: IheError[] = []
  const header = attempt(() => {
    const read = readHeader(message, {
      caller,
      settings: ports.settings,
      now: ports.now(),
      ...(origin === undefined ? {} : { origin }),
    })
    structureWarnings.push(...requireStructure(message, read))
    return read
  })
  const number = header.ok ? attempt(() => numberOf(request, caller, facility.localIdForm)) : header
  const person = header.ok ? attempt(() => readPerson(message)) : header
  const { namespace, maxFileBytes } = ports.settings
  const drafts = draftsOf(header, number, { request, caller, namespace, maxFileBytes })
  return {
    controlId: controlIdOf(message),
    claim: attempt(() => claimOf(request, caller)),
    header,
    number,
    person,
    drafts,
    warnings: [
      ...message.tolerances.map(asWarning),
      ...structureWarnings,
      ...(header.ok ? [...header.value.warnings, ...repetitionWarnings(message)] : []),
      ...[number, person].flatMap((step) => (step.ok ? step.value.warnings : [])),
      ...(drafts.ok ? drafts.value.flatMap((draft) => draft.warnings) : []),
    ],
  }
}

function attempt<T>(read: () => T): Step<T> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof IheError) return { ok: false, error }
    throw error
  }
}

interface DraftSource {
  readonly request: StoreClientRequest
  readonly caller: Caller
  readonly namespace: string
  readonly maxFileBytes: number
}

function draftsOf(header: Step<Header>, number: Step<PatientNumber>, source: DraftSource): Step<readonly Draft[]> {
  if (!header.ok) return header
  if (!number.ok) return number
  const { request, caller, namespace, maxFileBytes } = source
  const { message, origin } = request
  return attempt(() =>
    readDrafts(message, {
      caller,
      namespace,
      maxFileBytes,
      header: header.value,
      canonicalId: number.value.canonical,
      ...(origin === undefined ? {} : { origin }),
    }),
  )
}

/** Of a file the folder of the patient says whose it is. */
function numberOf({ message, origin }: StoreClientRequest, caller: Caller, form: LocalIdForm): PatientNumber {
  return origin?.patientId === undefined
    ? readPatientNumber(message, caller, form)
    : filedPatientNumber(message, origin.patientId, form)
}

/** Identity of the transmission; JSON keeps the two free texts apart whatever they contain. */
function claimOf(request: StoreClientRequest, caller: Caller): Claim {
  const { claim } = request.origin ?? {}
  if (claim !== undefined) return { ...claim, digest: request.sha256 }
  const controlId = controlIdOf(request.message)
  if (controlId === '') throw iheError('HL7_MSH_FIELD_MISSING', { at: 'MSH-10', rule: 'MSH-10 is required' })
  return {
    scope: `storeclient:${caller.facilityId}`,
    key: JSON.stringify([sendingApplicationOf(request.message), controlId]),
    digest: request.sha256,
  }
}

/** The structure that the trigger implies; MSH-9.3 is not asked, as senders often fill it wrongly. */
function requireStructure(message: Er7Message, header: Header): readonly IheError[] {
  const { type, trigger } = header.found.event
  const structure = structureOf(type, trigger)
  if (structure === undefined) throw new Error(`accepted event ${type}^${trigger} has no message structure`)
  const { missing, tolerances } = checkStructure(message, structure)
  if (missing !== undefined) throw missing
  return tolerances.map(asWarning)
}

function asWarning({ code, ...details }: Tolerance): IheError {
  return iheError(code, details)
}

/** SHA-256 of everything after the first segment: what two sendings of the same content have in common. */
export function bodyHashOf(bytes: Buffer): string {
  const end = bytes.findIndex((byte) => byte === 0x0d || byte === 0x0a)
  return createHash('sha256')
    .update(bytes.subarray(end === -1 ? bytes.length : end))
    .digest('hex')
}
