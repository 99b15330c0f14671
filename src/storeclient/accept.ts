// StoreClient: an HL7 v2.5 push becomes a document of the linked, consenting patient, in one commit, before it is acknowledged.

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { EmbeddedFile } from '../model/clinical.ts'
import { IheError } from '../model/error.ts'
import { type Evidence, NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import { type StoreClientAnswer, storeAnswer, storedAnswer } from './answer.ts'
import { applyDrafts } from './apply.ts'
import { requireAgreedKind } from './contract/contract.ts'
import { scanFiles } from './files/file-check.ts'
import { withhold } from './hold/hold.ts'
import { checkIdentity, confirmIdentity } from './identity-check.ts'
import { type Interpretation, interpret, type StoreClientRequest } from './interpret.ts'
import { sourcePatient } from './metadata.ts'
import type { LinkedPatient, Question, Situation, StoreClientPorts, StoreClientTransaction } from './ports.ts'

export type { StoreClientAnswer } from './answer.ts'
export type { StoreClientRequest } from './interpret.ts'

/** ERR repeats are read by people; more of them hide the first. */
const MAX_WARNINGS = 50

/**
 * Takes one message: replay check, MSH, structure, kind, patient, link, consent, identity, fields, ids, version order, commit.
 * A refusal is an answer, not an exception; it leaves nothing behind but its audit event and journal row.
 * @throws whatever a port throws that is no IheError; nothing is stored then.
 */
export async function accept(
  request: StoreClientRequest,
  caller: Caller,
  ports: StoreClientPorts,
): Promise<Outcome<StoreClientAnswer>> {
  const reading = interpret(request, caller, ports)
  const warnings = [...reading.warnings]
  const walk: Walk = {
    request,
    caller,
    ports,
    warnings,
    reading,
    readings: readingsOf(reading, request, caller, ports),
  }
  // Without MSH-10 there is nothing to look up, and no reason to open a transaction.
  if (!walk.reading.claim.ok) return refuse(walk, walk.reading.claim.error)
  // A scanner takes its time, which must not be time of the transaction.
  walk.scanned = await scanFiles(filesOf(walk.reading), ports.scan)
  try {
    return await ports.inTransaction((transaction) => settle(walk, transaction))
  } catch (error) {
    if (!(error instanceof IheError)) throw error
    const kept = await withhold({ ...walk, evidence: evidenceOf(walk) }, error)
    return kept instanceof IheError ? refuse(walk, kept) : kept
  }
}

interface Walk {
  readonly request: StoreClientRequest
  readonly caller: Caller
  readonly ports: StoreClientPorts
  reading: Interpretation
  /** As its words are read, and for a cancel that does not tell its kind, as one of each other kind. */
  readonly readings: readonly [Interpretation, ...Interpretation[]]
  readonly warnings: IheError[]
  /** Set once the link and the consent stand, so that a refusal after that may name the patient. */
  patient?: LinkedPatient
  /** Why the files may not be kept; said when their turn comes. */
  scanned?: IheError | undefined
}

/**
 * A cancel needs no more than a number and a day. Where that leaves open whether an injection or a prescription is cancelled, what is
 * stored tells it, so the message is read as a cancel of either.
 */
function readingsOf(
  reading: Interpretation,
  request: StoreClientRequest,
  caller: Caller,
  ports: StoreClientPorts,
): Walk['readings'] {
  const orElse = reading.header.ok ? (reading.header.value.found.orElse ?? []) : []
  if (reading.drafts.ok && !isWithdrawal(reading)) return [reading]
  const others = orElse.map((kind) => interpret({ ...request, origin: { ...request.origin, kind } }, caller, ports))
  return [reading, ...others.filter(isWithdrawal)]
}

function isWithdrawal({ drafts }: Interpretation): boolean {
  return drafts.ok && drafts.value.every(({ deletes }) => deletes === 'whole')
}

/** The reading under which something is stored; the first one where it is, or where that is so under several or none. */
function chosen({ readings }: Walk, { series }: Situation): Interpretation {
  const [first, ...others] = readings
  const states = (reading: Interpretation) =>
    reading.drafts.ok ? reading.drafts.value.flatMap(({ baseSeriesId }) => series.get(baseSeriesId) ?? []) : []
  if (states(first).some(({ currents, tombstone }) => currents.length > 0 || tombstone !== undefined)) return first
  const [found, ...further] = others.filter((other) => states(other).some(({ currents }) => currents.length > 0))
  return found === undefined || further.length > 0 ? first : found
}

function filesOf({ drafts }: Interpretation): readonly EmbeddedFile[] {
  return drafts.ok ? drafts.value.flatMap(({ files = [] }) => files) : []
}

async function settle(walk: Walk, transaction: StoreClientTransaction): Promise<Outcome<StoreClientAnswer>> {
  const [reading] = walk.readings
  const claim = unwrap(reading.claim)
  const situation = await transaction.situation({
    claim,
    ...(reading.number.ok
      ? { patient: { facilityId: walk.caller.facilityId, canonicalId: reading.number.value.canonical } }
      : {}),
    ...seriesAsked(walk),
  })
  requireActive(situation)
  switch (situation.claim.kind) {
    case 'replay':
      return accepted({ ...storedAnswer(situation.claim.answer), replayed: true }, NO_EVIDENCE, 'pipeline')
    case 'other-content':
      throw iheError('HL7_DUPLICATE_ID', { at: 'MSH-10', value: reading.controlId, rule: 'one MSH-10, one content' })
    case 'new':
      walk.reading = chosen(walk, situation)
      // What was said of it before belongs to another reading, or to an attempt that lost a race.
      walk.warnings.splice(0, walk.warnings.length, ...walk.reading.warnings)
      return publish(walk, situation, transaction)
  }
  return situation.claim satisfies never
}

/** The series that a decision about the drafts needs, and the orders that may stand under another day. */
function seriesAsked({ readings, caller }: Walk): Pick<Question, 'series' | 'guarded' | 'changed'> {
  const [reading] = readings
  const drafts = readings.flatMap((one) => (one.drafts.ok ? one.drafts.value : []))
  const changed = drafts.flatMap(({ corrects, number }) =>
    corrects && number !== undefined ? [number.normalised] : [],
  )
  return {
    series: drafts.flatMap(({ baseSeriesId, parentSeriesId }) => [
      baseSeriesId,
      ...(parentSeriesId === undefined ? [] : [parentSeriesId]),
    ]),
    guarded: drafts.filter(({ guard }) => guard !== undefined).map(({ baseSeriesId }) => baseSeriesId),
    ...(changed.length === 0 || !reading.header.ok
      ? {}
      : {
          changed: { facilityId: caller.facilityId, kind: reading.header.value.found.kind.kind, orderNumbers: changed },
        }),
  }
}

async function publish(
  walk: Walk,
  situation: Situation,
  transaction: StoreClientTransaction,
): Promise<Outcome<StoreClientAnswer>> {
  const { reading, caller, warnings } = walk
  const header = unwrap(reading.header)
  unwrap(reading.number)
  requireAgreedKind(
    header.found.kind,
    walk.ports.facilitySettings(caller),
    isWithdrawal(reading) ? 'withdrawal' : 'content',
  )
  const patient = requirePatient(walk, situation)
  const person = unwrap(reading.person)
  const compare = walk.request.release?.identity === 'confirmed' ? confirmIdentity : checkIdentity
  warnings.push(...compare(person.demographics, patient.demographics))
  const drafts = unwrap(reading.drafts)
  if (walk.scanned !== undefined) throw walk.scanned
  const applied = await applyDrafts({ ...walk, header, patient, drafts, situation })
  warnings.push(...applied.warnings)
  const kept = warnings.slice(0, MAX_WARNINGS)
  const evidence: Evidence = { ...applied.evidence, patients: patientsOf(walk, patient) }
  const answer = { warnings: kept, documentUniqueId: applied.documentUniqueId }
  const current = applied.effects.some((effect) => effect.kind === 'register')
  await transaction.write({
    caller,
    claim: unwrap(reading.claim),
    answer: storeAnswer(answer),
    kind: header.found.kind.kind,
    personKey: patient.personKey,
    patientNumber: patient.localId,
    effects: applied.effects,
    ...(applied.submissionSet === undefined ? {} : { submissionSet: applied.submissionSet }),
    ...(current && header.found.kind.kind === 'ADT-00' ? { demographics: person.change } : {}),
    warnings: kept,
    evidence,
    ...(walk.request.release === undefined ? {} : { withheldId: walk.request.release.withheldId }),
  })
  return accepted({ ...answer, replayed: false }, evidence, 'written')
}

/** The door remembers a facility for some seconds; here is what the transaction sees. */
function requireActive({ facility = 'active' }: Situation): void {
  switch (facility) {
    case 'active':
      return
    case 'suspended':
      throw iheError('FACILITY_SUSPENDED')
    case 'ended':
      throw iheError('ROLE_MISSING', { rule: 'contract of the facility in force' })
  }
  facility satisfies never
}

/** Link before consent, consent before everything that reads further. */
function requirePatient(walk: Walk, situation: Situation): LinkedPatient {
  const { patient } = situation
  if (patient === undefined) {
    throw iheError('HL7_PATIENT_NOT_LINKED', {
      at: 'PID-3',
      rule: `patient number linked at this facility${traceOf(walk)}`,
    })
  }
  if (patient.stopped || (!patient.consent && walk.caller.accessMode === 'consent')) {
    throw iheError('HL7_CONSENT', {
      at: 'PID-3',
      rule: `consent to publication by this facility in force${traceOf(walk)}`,
    })
  }
  walk.patient = patient
  return patient
}

/** What may be kept of a message whose payload may not: by this the facility finds it in its own log. */
function traceOf({ reading, request }: Walk): string {
  const kind = reading.header.ok ? reading.header.value.found.kind.kind : 'unknown'
  return ` (${kind}, SHA-256 ${request.sha256})`
}

function patientsOf(walk: Walk, patient: LinkedPatient): readonly string[] {
  return [patient.affinityId, sourcePatient({ caller: walk.caller, patient })].map(formatCx)
}

interface Accepted {
  readonly warnings: readonly IheError[]
  readonly documentUniqueId: string | undefined
  readonly replayed: boolean
}

function accepted(given: Accepted, evidence: Evidence, recordedBy: 'written' | 'pipeline'): Outcome<StoreClientAnswer> {
  const { documentUniqueId, warnings, replayed } = given
  return {
    answer: {
      kind: 'accepted',
      warnings,
      ...(documentUniqueId === undefined ? {} : { documentUniqueId }),
      replayed,
    },
    result: 'success',
    errors: warnings,
    evidence,
    recorded: recordedBy === 'written',
  }
}

/** A refusal may name the patient once link and consent stand. */
function evidenceOf(walk: Walk): Evidence {
  const { patient } = walk
  return patient === undefined ? NO_EVIDENCE : { ...NO_EVIDENCE, patients: patientsOf(walk, patient) }
}

function refuse(walk: Walk, error: IheError): Outcome<StoreClientAnswer> {
  // Warnings quote the message; until link and consent stand, and of another person, nothing but the fact of a refusal may be kept.
  const isQuoted = walk.patient !== undefined && error.row.code !== 'HL7_IDENTITY'
  const warnings = isQuoted ? walk.warnings.slice(0, MAX_WARNINGS) : []
  return {
    answer: { kind: 'refused', error, warnings },
    result: 'failure',
    errors: [error, ...warnings],
    evidence: evidenceOf(walk),
    recorded: false,
  }
}

/** The value of a step of reading, or the refusal it ended in: thrown only when its turn has come. */
function unwrap<T>(
  step: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: IheError },
): T {
  if (step.ok) return step.value
  throw step.error
}
