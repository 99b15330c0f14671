// Registration by the network's staff: persons, and the links between them and the patient numbers of facilities. Nothing is overwritten without a history row.

import { iheError } from '../../profiles/errors/index.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import { createPerson } from './person.ts'
import type { Domain, IdentityPorts, IdentityReads, IdentityTransaction, PersonKey, StoredIdentifier } from './ports.ts'

type RegistrationPorts = Pick<IdentityPorts, 'store' | 'affinityDomain'>

export interface PersonView {
  readonly key: PersonKey
  /** Value in the affinity domain; absent for a person whose records were all linked to another. */
  readonly xad?: string
  readonly identifiers: readonly StoredIdentifier[]
}

export interface LinkChange {
  readonly identifier: PatientId
  readonly person: PersonKey
  readonly xad: PatientId
  /** The person who had the identifier before. */
  readonly formerPerson?: PersonKey
  /** Affinity domain id that became obsolete because its person has no record left; its documents belong to `xad` now. */
  readonly obsolete?: PatientId
}

/** Adds a domain that feeds and queries may name; a domain that exists is left as it is. */
export function registerDomain(domain: Domain, ports: RegistrationPorts): Promise<void> {
  return ports.store.inTransaction((tx) => tx.addDomain(domain))
}

/** A new person without any facility's number yet. @param request.by member of staff. */
export function registerPerson(
  request: { readonly demographics: Demographics; readonly by: string; readonly peer: string },
  ports: RegistrationPorts,
): Promise<{ readonly key: PersonKey; readonly xad: PatientId }> {
  return ports.store.inTransaction(async (tx) => {
    const person = await createPerson(tx, { ...request, affinityDomain: ports.affinityDomain, reason: 'registration' })
    await tx.announce([person.key])
    await tx.recordStaffChange({
      by: request.by,
      peer: request.peer,
      operation: 'person registered',
      patients: [person.xad],
    })
    return person
  })
}

export interface LinkRequest {
  readonly domain: Oid
  readonly value: string
  /** Affinity domain id value of the person the number belongs to. */
  readonly person: string
  readonly by: string
  /** address:port the request came from. */
  readonly peer: string
  readonly reason: string
}

/**
 * Links a facility's patient number to a person; a number that no feed has brought yet is recorded by this.
 * @throws {IheError} V3_UNKNOWN_KEY (domain or person), V3_OBSOLETE_ID, V3_SEVERAL_IDS when the person has another number
 * of the domain, LINK_WITH_DOCUMENTS when the number's former person has documents.
 */
export function linkRecord(request: LinkRequest, ports: RegistrationPorts): Promise<LinkChange> {
  const id = { value: request.value, authority: request.domain }
  const xad = { value: request.person, authority: ports.affinityDomain }
  return ports.store.inTransaction(async (tx) => {
    const domain = await requireLinkable(tx, request.domain)
    const locked = await tx.lockIdentifiers([id, xad])
    const target = requireActive(find(locked, xad), xad)
    const stored = find(locked, id)
    if (stored?.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', { value: formatCx(id) })
    if (stored?.person === target.person) return { identifier: id, person: target.person, xad }
    if (stored !== undefined) await refuseWithDocuments(tx, stored, domain)
    await refuseSecondNumber(tx, id, target.person)
    if (stored === undefined) await addNumber(tx, id, target.person)
    else await tx.moveIdentifier(id, target.person)
    const former = stored === undefined ? {} : { formerPerson: stored.person }
    await tx.addHistory([
      { id, event: 'link', by: request.by, reason: request.reason, person: target.person, ...former },
    ])
    await tx.recordStaffChange({
      by: request.by,
      peer: request.peer,
      operation: 'patient number linked',
      patients: [id, xad],
    })
    if (stored === undefined) {
      await tx.announce([target.person])
      return { identifier: id, person: target.person, xad }
    }
    const obsolete = await retireEmpty(tx, stored.person, { ...request, affinityDomain: ports.affinityDomain })
    await tx.announce([stored.person, target.person])
    return {
      identifier: id,
      person: target.person,
      xad,
      formerPerson: stored.person,
      ...(obsolete === undefined ? {} : { obsolete }),
    }
  })
}

export type UnlinkRequest = Omit<LinkRequest, 'person'>

/**
 * Takes a patient number away from its person: it becomes the first number of a new person.
 * @throws {IheError} V3_UNKNOWN_KEY, V3_OBSOLETE_ID, LINK_WITH_DOCUMENTS.
 */
export function unlinkRecord(request: UnlinkRequest, ports: RegistrationPorts): Promise<LinkChange> {
  const id = { value: request.value, authority: request.domain }
  return ports.store.inTransaction(async (tx) => {
    const domain = await requireLinkable(tx, request.domain)
    const stored = requireActive(find(await tx.lockIdentifiers([id]), id), id)
    await refuseWithDocuments(tx, stored, domain)
    const { key, xad } = await createPerson(tx, {
      affinityDomain: ports.affinityDomain,
      by: request.by,
      reason: request.reason,
      ...(stored.demographics === undefined ? {} : { demographics: stored.demographics }),
    })
    await tx.moveIdentifier(id, key)
    await tx.addHistory([
      { id, event: 'unlink', by: request.by, reason: request.reason, person: key, formerPerson: stored.person },
    ])
    await tx.recordStaffChange({
      by: request.by,
      peer: request.peer,
      operation: 'patient number unlinked',
      patients: [id, xad],
    })
    await tx.announce([stored.person, key])
    return { identifier: id, person: key, xad, formerPerson: stored.person }
  })
}

/** The persons who have this id, in `domain` or in any. Exact comparison: leading zeros and case count. */
export async function findPersons(
  request: { readonly value: string; readonly domain?: Oid },
  ports: RegistrationPorts,
): Promise<readonly PersonView[]> {
  const found = await ports.store.findIdentifiers(request.value, request.domain)
  const keys = [...new Set(found.map((identifier) => identifier.person))]
  return Promise.all(keys.map((key) => viewPerson(ports.store, key, ports.affinityDomain)))
}

async function viewPerson(reads: IdentityReads, key: PersonKey, affinityDomain: Oid): Promise<PersonView> {
  const identifiers = await reads.identifiersOf(key)
  const xad = identifiers.find(({ id, status }) => id.authority === affinityDomain && status === 'active')
  return { key, identifiers, ...(xad === undefined ? {} : { xad: xad.id.value }) }
}

/** The affinity domain's own ids are issued by this server and are never linked by hand. */
async function requireLinkable(tx: IdentityTransaction, oid: Oid): Promise<Domain> {
  const domain = (await tx.domains([oid])).get(oid)
  if (domain === undefined || domain.kind === 'community') throw iheError('V3_UNKNOWN_KEY', { value: oid })
  return domain
}

/** Documents that came in under a number would stay behind with the former person. */
async function refuseWithDocuments(tx: IdentityTransaction, stored: StoredIdentifier, domain: Domain): Promise<void> {
  if (domain.facilityId !== undefined && (await tx.hasDocuments(stored.person, domain.facilityId)))
    throw iheError('LINK_WITH_DOCUMENTS', { value: formatCx(stored.id) })
}

function find(identifiers: readonly StoredIdentifier[], id: PatientId): StoredIdentifier | undefined {
  return identifiers.find((stored) => stored.id.value === id.value && stored.id.authority === id.authority)
}

function requireActive(stored: StoredIdentifier | undefined, id: PatientId): StoredIdentifier {
  if (stored === undefined) throw iheError('V3_UNKNOWN_KEY', { value: formatCx(id) })
  if (stored.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', { value: formatCx(id) })
  return stored
}

async function refuseSecondNumber(tx: IdentityTransaction, id: PatientId, person: PersonKey): Promise<void> {
  const identifiers = await tx.identifiersOf(person)
  if (identifiers.some((held) => held.status === 'active' && held.id.authority === id.authority)) {
    throw iheError('V3_SEVERAL_IDS', { value: formatCx(id) })
  }
}

async function addNumber(tx: IdentityTransaction, id: PatientId, person: PersonKey): Promise<void> {
  if (!(await tx.addIdentifier({ id, person }))) throw iheError('BUSY', { value: formatCx(id) })
}

interface Retirement {
  readonly affinityDomain: Oid
  readonly by: string
  readonly reason: string
}

async function retireEmpty(
  tx: IdentityTransaction,
  person: PersonKey,
  { affinityDomain, by, reason }: Retirement,
): Promise<PatientId | undefined> {
  const active = (await tx.identifiersOf(person)).filter(({ status }) => status === 'active')
  const [last] = active
  // An affinity domain id that its own source sent goes by a merge of that source only.
  if (last === undefined || last.fed || active.length > 1 || last.id.authority !== affinityDomain) return undefined
  await tx.makeObsolete(last.id)
  await tx.addHistory([{ id: last.id, event: 'obsolete', by, reason, person }])
  return last.id
}
