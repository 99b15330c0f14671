// Compares and combines what messages say about one person (ITI TF-2 3.44.4.1.3, 3.44.4.2.3).

import type { DemographicField } from '../model/identity-feed.ts'
import type { Demographics, PersonName } from '../model/person.ts'

/** True when both say the same, whatever the order of the fields. */
export function sameDemographics(a: Demographics, b: Demographics): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))
}

function canonical(person: Demographics): unknown {
  const names = (list: readonly PersonName[] = []) => list.map((name) => [name.representation, name.family, name.given])
  return [
    names(person.names),
    person.sex ?? null,
    person.birthTime ?? null,
    person.addresses.map((address) => [address.postalCode ?? null, address.text]),
    person.telecoms,
    person.multipleBirth ?? null,
    person.birthOrder ?? null,
    person.deceased ?? null,
    names(person.mother),
    person.restricted ?? false,
  ]
}

/**
 * True when nothing that identifies a person contradicts: sex, birth date to the common precision, and a name in common.
 * A field that one side lacks contradicts nothing.
 */
export function couldBeSamePerson(a: Demographics, b: Demographics): boolean {
  const sexAgrees = a.sex === undefined || b.sex === undefined || a.sex === b.sex
  return sexAgrees && birthAgrees(a.birthTime, b.birthTime) && nameAgrees(a.names, b.names)
}

const BIRTH_DATE_DIGITS = 8

function birthAgrees(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return true
  const length = Math.min(a.length, b.length, BIRTH_DATE_DIGITS)
  return a.slice(0, length) === b.slice(0, length)
}

function nameAgrees(a: readonly PersonName[], b: readonly PersonName[]): boolean {
  if (a.length === 0 || b.length === 0) return true
  const known = new Set(a.map(foldedName))
  return b.some((name) => known.has(foldedName(name)))
}

/** Width and blanks do not tell names apart; the stored text stays as it came. */
function foldedName(name: PersonName): string {
  return `${name.family}${name.given}`.normalize('NFKC').replace(/\s+/gu, '').toLowerCase()
}

/** What is known after an add repeated with more: a missing field never erases a known one. */
export function completed(former: Demographics, sent: Demographics): Demographics {
  return {
    ...former,
    ...sent,
    names: sent.names.length === 0 ? former.names : sent.names,
    addresses: sent.addresses.length === 0 ? former.addresses : sent.addresses,
    telecoms: sent.telecoms.length === 0 ? former.telecoms : sent.telecoms,
  }
}

/** What a revise leaves: the message as a whole, with the former value of every field that the sender masked. */
export function revised(
  former: Demographics | undefined,
  sent: Demographics,
  masked: readonly DemographicField[],
): Demographics {
  if (former === undefined || masked.length === 0) return sent
  const kept = Object.fromEntries(masked.flatMap((field) => (field in former ? [[field, former[field]]] : [])))
  return { ...sent, ...kept }
}
