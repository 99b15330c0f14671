// A member of staff opens a patient in an emergency with another facility's number (docs/emergency.md; docs/adr/0024).

import type { CallingSystem } from '../../model/caller.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Principal } from '../../model/user.ts'
import { readEntry } from './entry.ts'
import { type Disaster, type EmergencyForm, type FormField, hoursOf, missingOf } from './form.ts'
import type {
  Act,
  EmergencyPorts,
  EmergencyTransaction,
  EmsStaff,
  NewGrant,
  NumberHolder,
  Refusal,
  StandingGrant,
} from './ports.ts'
import { reachOf } from './reach.ts'

export interface EmergencyRequest extends EmergencyForm {
  /** As typed: `<number>#EMS`. */
  readonly entry: string
  /** Facility whose number it is. */
  readonly publisherId: string
  /** Of the domains of a facility that has several. */
  readonly domain?: string
}

/**
 * `not-opened` is one answer for a number that nobody has, a patient without consent, a facility in no union with the caller's: who
 * guesses learns nothing. `linked`: normal access stands, so there is nothing to open.
 */
export type Opened =
  | {
      readonly kind: 'opened' | 'running'
      readonly grant: StandingGrant
      readonly patientId: PatientId
      readonly facilityId: string
    }
  | { readonly kind: 'linked'; readonly patientId: PatientId; readonly facilityId: string }
  | { readonly kind: 'incomplete'; readonly missing: readonly FormField[] }
  | { readonly kind: 'needs-review'; readonly grantId: string }
  | { readonly kind: 'no-right' }
  | { readonly kind: 'no-entry' }
  | { readonly kind: 'not-opened' }
  | { readonly kind: 'too-many' }

/** What is decided about one entry of one member of staff. */
interface Entry {
  readonly request: EmergencyRequest
  readonly number: string
  readonly staff: EmsStaff
  readonly act: Act
}

/** Only persons of a facility with the EMS right: neither staff of the network nor whoever holds the server's token. */
export async function openByStaff(
  request: EmergencyRequest,
  { principal, act }: { readonly principal: Principal; readonly act: Act },
  ports: EmergencyPorts,
): Promise<Opened> {
  if (principal.kind !== 'staff' || principal.facilityId === undefined || !principal.mayUseEms)
    return { kind: 'no-right' }
  const { staffId, facilityId } = principal
  const number = readEntry(request.entry)
  if (number === undefined) return { kind: 'no-entry' }
  return ports.inTransaction(async (tx) => {
    const staff = await tx.lockStaff(staffId)
    const viewer = await tx.viewer(facilityId)
    if (staff?.facilityId !== facilityId || viewer === undefined) return { kind: 'no-right' }
    return openEntry({ request, number, staff, act }, { tx, viewer, settings: ports.settings })
  })
}

interface At extends Pick<EmergencyPorts, 'settings'> {
  readonly tx: EmergencyTransaction
  readonly viewer: CallingSystem
}

async function openEntry(entry: Entry, at: At): Promise<Opened> {
  const { request, number, staff } = entry
  const { tx, viewer, settings } = at
  const { publisherId, domain } = request
  const disaster = await tx.disaster(staff.facilityId, [publisherId])
  const missing = missingOf(request, disaster)
  if (missing.length > 0) return { kind: 'incomplete', missing }
  if ((await tx.misses(staff.staffId)) >= settings.misses)
    return refused(entry, tx, 'too many entries that opened nothing')
  const asked = { viewerId: staff.facilityId, publisherId, number }
  const holder = await tx.holderOfNumber(domain === undefined ? asked : { ...asked, domain })
  const reach = holder === undefined ? undefined : reachOf(viewer, holder.facts)
  if (holder === undefined || reach === undefined) return refused(entry, tx, 'nothing to open')
  const patient = { patientId: holder.patientId, facilityId: staff.facilityId }
  if (!reach.opened.has(publisherId))
    return reach.usual.has(publisherId) ? { kind: 'linked', ...patient } : refused(entry, tx, 'nothing to open')
  const former = await tx.former(staff, holder.personKey)
  if (former?.state === 'running') return { kind: 'running', grant: former, ...patient }
  if (former?.state === 'unreviewed') {
    await refused(entry, tx, 'renewal without review')
    return { kind: 'needs-review', grantId: former.grantId }
  }
  const publishers = await tx.publishersOf(holder.personKey, reach.opened)
  const grant = await tx.open(grantOf(entry, { holder, disaster, publishers, settings }), entry.act)
  // The lock on the member of staff keeps others out, but an assertion may name the same person.
  if (grant === undefined) return openEntry(entry, at)
  return { kind: 'opened', grant, ...patient }
}

async function refused({ request, staff, act }: Entry, tx: EmergencyTransaction, why: Refusal): Promise<Opened> {
  const { facilityId, staffId } = staff
  const counted = why === 'nothing to open' ? { staffId } : {}
  await tx.refuse({ why, facilityId, publisherId: request.publisherId, ...counted }, act)
  return { kind: why === 'nothing to open' ? 'not-opened' : 'too-many' }
}

interface Granted extends Pick<EmergencyPorts, 'settings'> {
  readonly holder: NumberHolder
  readonly disaster: Disaster | undefined
  /** That published about the person. */
  readonly publishers: readonly string[]
}

function grantOf({ request, staff }: Entry, { holder, disaster, publishers, settings }: Granted): NewGrant {
  const { publisherId, reasonCode, reason, consentKind = 'omitted', consentBy, chartNoted = false } = request
  const contact = disaster?.relaxed.includes('contact') === true ? 'waived' : 'due'
  const others = publishers.filter((facility) => facility !== publisherId)
  return {
    user: staff,
    personKey: holder.personKey,
    patientId: holder.patientId,
    publisherId,
    number: holder.number,
    origin: 'staff',
    reasonCode,
    reason: reason.trim(),
    consentKind,
    ...(consentBy === undefined ? {} : { consentBy }),
    chartNoted,
    ...(disaster === undefined ? {} : { disasterId: disaster.disasterId }),
    hours: hoursOf(request, disaster, settings.hours),
    notices: [
      { facilityId: publisherId, contact },
      ...others.map((facilityId) => ({ facilityId, contact: 'not-due' as const })),
    ],
  }
}
