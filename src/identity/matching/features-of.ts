// Folds a described person into what is compared, once, when the record comes in.

import type { PersonName } from '../../model/person.ts'
import { type FoldedAddress, foldAddress } from './address.ts'
import { birthDateOf } from './birth-date.ts'
import { foldIdentifier, foldPhone, foldSex } from './contact.ts'
import { FOLD_VERSION, type MatchFeatures } from './features.ts'
import { type FoldedName, foldName } from './fold-name.ts'
import type { Described } from './types.ts'

/** How much of what a record repeats is compared: a record of hundreds of names or numbers is absurd, and would be slow. */
const MOST_NAMES = 8
const MOST_PHONES = 6
const MOST_ADDRESSES = 4
const MOST_IDENTIFIERS = 12
/** Longer than any name or address that is one. */
const MOST_CHARACTERS = 200

/**
 * What is compared of a person.
 * @param today YYYYMMDD; later births are in doubt.
 */
export function featuresOf(described: Described, today?: string): MatchFeatures {
  const { demographics } = described
  const readings = demographics.names.slice(0, MOST_NAMES).map((name) => foldName(bounded(name)))
  const newborn = readings.some((reading) => reading.newborn)
  const namesake = readings.some((reading) => reading.namesake)
  const birth = demographics.birthTime === undefined ? undefined : birthDateOf(demographics.birthTime, today)
  const sex = demographics.sex === undefined ? undefined : foldSex(demographics.sex)
  const order = demographics.birthOrder ?? readings.find((reading) => reading.newbornOrder !== undefined)?.newbornOrder
  return {
    version: FOLD_VERSION,
    names: distinct(readings.flatMap((reading) => reading.names)),
    ...(birth === undefined ? {} : { birth: birth.digits }),
    ...(birth === undefined || birth.plausible ? {} : { birthDoubtful: true }),
    ...(sex === undefined ? {} : { sex }),
    phones: known(demographics.telecoms, foldPhone).slice(0, MOST_PHONES),
    addresses: distinctAddresses(described),
    identifiers: known(described.identifiers, foldIdentifier).slice(0, MOST_IDENTIFIERS),
    mother: demographics.mother === undefined ? [] : motherOf(demographics.mother),
    ...(demographics.multipleBirth === true ? { multipleBirth: true } : {}),
    ...(order === undefined ? {} : { birthOrder: order }),
    ...(newborn ? { newborn } : {}),
    ...(namesake ? { namesake } : {}),
  }
}

function known(values: readonly string[], folded: (value: string) => string | undefined): readonly string[] {
  if (values.length === 0) return []
  return [...new Set(values.flatMap((value) => folded(value) ?? []))]
}

function bounded({ representation, family, given }: PersonName): PersonName {
  return { representation, family: cut(family), given: cut(given) }
}

/** Never within a character: its first half alone is no text that the database takes. */
function cut(text: string): string {
  const isWithin = /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(MOST_CHARACTERS - 1, MOST_CHARACTERS + 1))
  return text.slice(0, isWithin ? MOST_CHARACTERS - 1 : MOST_CHARACTERS)
}

function motherOf(names: readonly PersonName[]): readonly FoldedName[] {
  return distinct(names.slice(0, MOST_NAMES).flatMap((name) => foldName(bounded(name)).names))
}

function distinct(names: readonly FoldedName[]): readonly FoldedName[] {
  return names.filter(
    (name, at) =>
      names.findIndex((one) => one.script === name.script && one.family === name.family && one.given === name.given) ===
      at,
  )
}

function distinctAddresses({ demographics }: Described): readonly FoldedAddress[] {
  const addresses = demographics.addresses
    .slice(0, MOST_ADDRESSES)
    .flatMap((address) => foldAddress({ ...address, text: cut(address.text) }) ?? [])
  return addresses.length < 2
    ? addresses
    : [...new Map(addresses.map((address) => [JSON.stringify(address), address])).values()]
}
