// A patient is opened by an assertion whose purpose of use is an emergency (ITI TF-2 3.40.4.1.2), before the request is decided.

import type { Caller } from '../../model/caller.ts'
import { codeKey } from '../../model/code.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Job, User } from '../../model/user.ts'
import type { Disaster } from './form.ts'
import type { Act, EmergencyPorts, EmergencyTransaction, EmsUser, NewGrant, NumberHolder, Refusal } from './ports.ts'
import { type Reach, reachOf } from './reach.ts'

/** The patient of a query, or the documents that are fetched. */
export type Asked =
  | { readonly patientId: PatientId }
  | { readonly repositoryUniqueId: string; readonly uniqueIds: readonly string[] }

/** Who has no clinical work has no emergency: an assertion without a role that we know is of the job `system`. */
const WITHOUT_EMERGENCY: ReadonlySet<Job> = new Set<Job>(['system', 'clerk'])

/** Patients that one user opens in an hour: more is a program that walks through ids. */
export const MAX_BY_ASSERTION_PER_HOUR = 30

interface EmergencyCaller extends Caller {
  readonly user: User
}

/** Does the caller ask with an assertion of the purpose emergency, where a grant could matter? */
export function asksInEmergency(caller: Caller): caller is EmergencyCaller {
  const { user, accessMode } = caller
  return (
    user?.origin === 'assertion' &&
    user.purpose === 'emergency' &&
    accessMode === 'consent' &&
    !WITHOUT_EMERGENCY.has(user.job)
  )
}

/**
 * Opens the patient for the user, once until the grant ends. Where nothing may be opened nothing happens: the decision that follows
 * refuses as it would have, and the answer looks as if nothing were there.
 */
export async function openByAssertion(caller: Caller, asked: Asked, ports: EmergencyPorts): Promise<void> {
  if (!ports.settings.byAssertion || !asksInEmergency(caller)) return
  await ports.inTransaction(async (tx) => {
    const holder = await holderOf(caller, asked, tx)
    if (holder === undefined) return
    const reach = reachOf(caller, holder.facts)
    const user = userOf(caller)
    if (reach.opened.size === 0 || !(await tx.mayAssert(user))) return
    const act = actOf(caller)
    const former = await tx.former(user, holder.personKey)
    if (former?.state === 'running') return
    const why = await refusalOf(user, former?.state, tx)
    if (why !== undefined) {
      await tx.refuse({ why, facilityId: user.facilityId, patient: holder.patientId }, act)
      return
    }
    await tx.open(await grantOf(caller, { holder, reach, user, tx, hours: ports.settings.hours }), act)
  })
}

function holderOf(caller: EmergencyCaller, asked: Asked, tx: EmergencyTransaction): Promise<NumberHolder | undefined> {
  const { user } = caller
  const by = { viewerId: caller.facilityId, ...(user.patientId === undefined ? {} : { about: user.patientId }) }
  return 'patientId' in asked
    ? tx.holderOfPatientId({ ...by, patientId: asked.patientId })
    : tx.holderOfDocuments({ ...by, ...asked })
}

function userOf({ facilityId, user }: EmergencyCaller): EmsUser {
  const { staffId, name, job } = user
  return { facilityId, name, job, ...(staffId === undefined ? {} : { staffId }) }
}

function actOf({ exchange, user }: EmergencyCaller): Act {
  return { by: user.name, peer: exchange.peer, exchangeId: exchange.id, endpoint: exchange.endpoint }
}

async function refusalOf(
  user: EmsUser,
  former: 'unreviewed' | 'reviewed' | undefined,
  tx: EmergencyTransaction,
): Promise<Refusal | undefined> {
  if (former === 'unreviewed') return 'renewal without review'
  return (await tx.grantsOf(user)) < MAX_BY_ASSERTION_PER_HOUR ? undefined : 'too many patients in an hour'
}

interface Opening {
  readonly holder: NumberHolder
  readonly reach: Reach
  readonly user: EmsUser
  readonly tx: EmergencyTransaction
  readonly hours: number
}

async function grantOf({ user: asserted }: EmergencyCaller, opening: Opening): Promise<NewGrant> {
  const { holder, reach, user, tx, hours } = opening
  const disaster = await tx.disaster(user.facilityId, [...reach.opened])
  const publishers = await tx.publishersOf(holder.personKey, reach.opened)
  return {
    user,
    personKey: holder.personKey,
    patientId: holder.patientId,
    number: holder.number,
    origin: 'assertion',
    reasonCode: 'asserted',
    reason: purposeWords(asserted),
    consentKind: 'asserted',
    consentBy: `asserted by ${user.name}`,
    chartNoted: false,
    ...(disaster === undefined ? {} : { disasterId: disaster.disasterId }),
    hours,
    notices: publishers.map((facilityId) => ({ facilityId, contact: contactOf(disaster) })),
  }
}

function contactOf(disaster: Disaster | undefined): 'waived' | 'due' {
  return disaster?.relaxed.includes('contact') === true ? 'waived' : 'due'
}

/** The code as asserted. */
function purposeWords({ purposeOfUse }: User): string {
  if (purposeOfUse === undefined) return 'PurposeOfUse emergency'
  return `PurposeOfUse ${codeKey(purposeOfUse)}`
}
