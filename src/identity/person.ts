// Persons of the master patient index and their affinity domain ids (XAD-PID), ITI TF-1 5 and 10 (Patient Identity in an affinity domain).

import { randomInt } from 'node:crypto'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { IdentityTransaction, PersonKey, RecordFeatures, RecordKey } from './ports.ts'

/** Base 32 without I, L, O and U, so that an id can be read aloud and copied by hand. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const XAD_LENGTH = 10
const ATTEMPTS = 8

/** A new affinity domain id value: 50 random bits, so it can be neither guessed nor counted. */
export function newXadValue(): string {
  return Array.from({ length: XAD_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
}

export interface NewPerson {
  readonly affinityDomain: Oid
  readonly by: string
  readonly reason: string
  readonly demographics?: Demographics
  /** Of someone whom staff described; what a feed says is compared under the number of its source. */
  readonly features?: RecordFeatures
}

/**
 * A new person who has an affinity domain id from the start.
 * @throws {Error} when no unused id could be found, which random chance does not explain.
 */
export async function createPerson(
  tx: IdentityTransaction,
  given: NewPerson,
): Promise<{ readonly key: PersonKey; readonly xad: PatientId; readonly record: RecordKey }> {
  const { by, reason, demographics, features } = given
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const xad = { value: newXadValue(), authority: given.affinityDomain }
    const added = await tx.addPersonWith({
      id: xad,
      history: { by, reason },
      ...(demographics === undefined ? {} : { demographics }),
      ...(features === undefined ? {} : { features }),
    })
    if (added !== undefined) return { key: added.person, xad, record: added.record }
  }
  throw new Error('no unused affinity domain id found')
}
