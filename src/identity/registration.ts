// Registration by the network's staff: domains, persons, and who has a number (同意患者登録).

import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import { findPerson, fold, reviewsOf } from './match.ts'
import { createPerson } from './person.ts'
import type { Domain, IdentityPorts, IdentityReads, PersonKey, StoredIdentifier } from './ports.ts'

type RegistrationPorts = Pick<IdentityPorts, 'store' | 'affinityDomain' | 'matching'>

/** Reason in the history of a number whose person staff described; with any other one, an affinity domain id carries a copy. */
export const REGISTRATION = 'registration'

export interface PersonView {
  readonly key: PersonKey
  /** Value in the affinity domain; absent for a person whose records were all linked to another. */
  readonly xad?: string
  readonly identifiers: readonly StoredIdentifier[]
}

/** Adds a domain that feeds and queries may name; a domain that exists is left as it is. */
export function registerDomain(domain: Domain, ports: RegistrationPorts): Promise<void> {
  return ports.store.inTransaction((tx) => tx.addDomain(domain))
}

export interface RegisteredPerson {
  readonly key: PersonKey
  readonly xad: PatientId
  /** Persons who may be the same one; staff find the pairs in the review queue. */
  readonly similar: number
}

/** A new person without any facility's number yet, compared with all that are known. @param request.by member of staff. */
export function registerPerson(
  request: { readonly demographics: Demographics; readonly by: string; readonly peer: string },
  ports: RegistrationPorts,
): Promise<RegisteredPerson> {
  const { affinityDomain } = ports
  return ports.store.inTransaction(async (tx) => {
    const features = fold({ demographics: request.demographics, identifiers: [] })
    const { reviews } = await findPerson({ tx, ports, folded: features, domains: [affinityDomain] })
    const person = await createPerson(tx, { ...request, affinityDomain, features, reason: REGISTRATION })
    await tx.addReviews(reviewsOf(person.record, reviews))
    await tx.announce([person.key])
    await tx.recordStaffChange({
      by: request.by,
      peer: request.peer,
      operation: 'person registered',
      patients: [person.xad],
    })
    return { ...person, similar: reviews.length }
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
