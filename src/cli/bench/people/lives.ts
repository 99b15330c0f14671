// What is true of an invented person besides the given name: home, telephones, and what changed in the network's years.

import { type CalendarDate, DAYS_A_YEAR, type Day, dateOf, FIRST_DAY, LAST_DAY } from './calendar.ts'
import { familyName } from './family-names.ts'
import type { NamePart } from './name-table.ts'
import { type Dwelling, dwelling, dwellingAfterMove } from './places.ts'
import type { Random } from './random.ts'

/** What was true of a person until it changed. */
export interface Changed<T> {
  readonly since: Day
  readonly former: T
}

export interface Life {
  readonly sex: 'M' | 'F'
  readonly birth: CalendarDate
  readonly family: NamePart
  readonly home: Dwelling
  readonly phones: readonly string[]
  /** Family name before marriage, if the marriage falls into the network's years. */
  readonly married?: Changed<NamePart>
  readonly moved?: Changed<{ readonly home: Dwelling; readonly phones: readonly string[] }>
}

export interface Place {
  readonly home: Dwelling
  readonly landline: string
}

export interface Household extends Place {
  readonly hasOneTelephone: boolean
  /** Families move together. */
  readonly moved?: Changed<Place>
}

export interface Birth {
  readonly sex: 'M' | 'F'
  readonly born: Day
}

export interface Living {
  readonly household: Household
  readonly birth: Birth
  readonly family: NamePart
  /** Of someone who is reached through others. */
  readonly phones?: readonly string[]
}

const MARRIED = 0.03
const MOVED = 0.05
/** Women of the age to marry are a quarter of everyone. */
const MARRIAGES_OF_WOMEN = MARRIED / 0.25
const MOVED_BY_MARRIAGE = 0.5
const HOUSEHOLDS_MOVED = MOVED - MARRIED * MOVED_BY_MARRIAGE
const AGES_TO_MARRY = { from: 20, to: 60 }
/** Households that have one telephone; with the children of the others a quarter of everyone shares theirs. */
const ONE_TELEPHONE = 0.185
const ADULT_GIVES_BOTH = 0.08

export function newHousehold(random: Random): Household {
  const household = { ...newPlace(random), hasOneTelephone: random.chance(ONE_TELEPHONE) }
  if (!random.chance(HOUSEHOLDS_MOVED)) return household
  return { ...household, moved: { since: eventDay(random), former: formerPlace(random, household) } }
}

/** Where someone lives and which numbers are theirs, with what changed in the network's years. */
export function newLife(random: Random, { household, birth, family, ...given }: Living): Life {
  const phones = given.phones ?? ownPhones(random, household)
  const now = { sex: birth.sex, birth: dateOf(birth.born), family, home: household.home, phones }
  const marries = isOfMarryingAge(birth) && random.chance(MARRIAGES_OF_WOMEN)
  const married = marries ? { since: eventDay(random), former: familyName(random) } : undefined
  const moved =
    married !== undefined && random.chance(MOVED_BY_MARRIAGE)
      ? { since: married.since, former: formerPlace(random, household) }
      : household.moved
  return {
    ...now,
    ...(married === undefined ? {} : { married }),
    ...(moved === undefined ? {} : { moved: { since: moved.since, former: formerHome(now, { household, moved }) } }),
  }
}

/** A mobile number moves along, a landline does not. */
function formerHome(
  { phones }: Pick<Life, 'phones'>,
  { household, moved }: { readonly household: Household; readonly moved: Changed<Place> },
): Pick<Life, 'home' | 'phones'> {
  const { home, landline } = moved.former
  return { home, phones: phones.map((phone) => (phone === household.landline ? landline : phone)) }
}

function isOfMarryingAge({ sex, born }: Birth): boolean {
  const age = (LAST_DAY - born) / DAYS_A_YEAR
  return sex === 'F' && age >= AGES_TO_MARRY.from && age < AGES_TO_MARRY.to
}

function eventDay(random: Random): Day {
  return FIRST_DAY + random.below(LAST_DAY - FIRST_DAY)
}

export function newPlace(random: Random): Place {
  return placeOf(dwelling(random), random)
}

function formerPlace(random: Random, { home }: Place): Place {
  return placeOf(dwellingAfterMove(home, random), random)
}

function placeOf(home: Dwelling, random: Random): Place {
  return { home, landline: `${home.town.areaCode}-${200 + random.below(700)}-${digits(random, 4)}` }
}

function ownPhones(random: Random, { hasOneTelephone, landline }: Household): readonly string[] {
  if (hasOneTelephone) return [landline]
  const mobile = `0${random.pick([9, 8, 8, 7])}0-${1 + random.below(9)}${digits(random, 3)}-${digits(random, 4)}`
  return random.chance(ADULT_GIVES_BOTH) ? [mobile, landline] : [mobile]
}

function digits(random: Random, length: number): string {
  return String(random.below(10 ** length)).padStart(length, '0')
}
