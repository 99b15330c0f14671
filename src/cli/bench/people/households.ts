// Who lives with whom: households of invented people in the ages of the population, their children, twins and homes for the aged.

import { DAYS_A_YEAR, type Day, dayOf, LAST_DAY } from './calendar.ts'
import { familyName } from './family-names.ts'
import { givenName } from './given-names.ts'
import { type Birth, type Household, type Life, newHousehold, newLife, newPlace } from './lives.ts'
import type { NamePart } from './name-table.ts'
import { chooser, type Random } from './random.ts'

export interface InventedPerson extends Life {
  readonly number: number
  readonly household: number
  readonly given: NamePart
  /** Number of the twin, and who was born first. */
  readonly twin?: { readonly of: number; readonly order: 1 | 2 }
  readonly parents: readonly number[]
  readonly mother?: Pick<InventedPerson, 'family' | 'given'>
}

/** Of one birth in 170, so that 1.2 % of all people are twins. */
const TWIN_BIRTHS = 0.006
const SAME_SEX_TWINS = 0.65
/** Twins whose names share a kanji, as 美咲 and 美桜 do. */
const TWIN_NAMES_ALIKE = 0.4
/** Grown-up twins who still share a home. */
const TWINS_TOGETHER = 0.2
const SISTER_MARRIED = 0.5
const CHILD_NAMED_AFTER_PARENT = 0.15
const CHILD_HAS_LANDLINE = 0.3
const AGE_OF_OWN_PHONE = 13
const AGE_OF_LEAVING = 30
const LEAST_DAYS_BETWEEN_BIRTHS = 320
const PARENT = { youngest: 21, years: 20 }
const NAME_ATTEMPTS = 60

/** A home for the aged: one address, one telephone, no kinship. One household in 4000. */
const CARE_HOMES = 0.00025
const RESIDENTS = { least: 10, more: 30, fromAge: 78, years: 20 }

/** Heads of households by age, so that everyone together makes up the age pyramid. */
const headAge = chooser([
  { value: 20, weight: 6 },
  { value: 30, weight: 12 },
  { value: 40, weight: 14 },
  { value: 50, weight: 16 },
  { value: 60, weight: 15 },
  { value: 70, weight: 16 },
  { value: 80, weight: 12 },
  { value: 90, weight: 3 },
])
const childCount = chooser([
  { value: 0, weight: 22 },
  { value: 1, weight: 28 },
  { value: 2, weight: 38 },
  { value: 3, weight: 12 },
])

/** A household that is being invented. */
interface Home {
  readonly random: Random
  readonly number: number
  readonly household: Household
  /** Number of its first member. */
  readonly first: number
  readonly members: InventedPerson[]
}

/** Persons without end, one household after another, numbered from 1; a household is all that is kept in memory. */
export function* population(random: Random): Generator<readonly InventedPerson[]> {
  let first = 1
  for (let number = 1; ; number++) {
    const home: Home = { random, number, household: newHousehold(random), first, members: [] }
    if (random.chance(CARE_HOMES)) addResidents(home)
    else addFamily(home)
    first += home.members.length
    yield home.members
  }
}

function addFamily(home: Home): void {
  const { random } = home
  const age = headAge(random) + random.below(10)
  const family = familyName(random)
  const head = addAdult(home, { birth: { sex: random.chance(0.5) ? 'M' : 'F', born: bornAt(random, age) }, family })
  const partnerAge = Math.max(20, age - 4 + random.below(8))
  const hasPartner = age >= 24 && random.chance(age < 80 ? 0.6 : 0.35)
  const partnerSex = head.sex === 'M' ? 'F' : 'M'
  const partner = hasPartner
    ? [addAdult(home, { birth: { sex: partnerSex, born: bornAt(random, partnerAge) }, family })]
    : []
  if (hasPartner || random.chance(0.12)) addChildren(home, [head, ...partner])
  if (age < 60 && random.chance(0.08))
    addAdult(home, { birth: { sex: random.chance(0.3) ? 'M' : 'F', born: bornAt(random, age + 28) }, family })
}

function addResidents(home: Home): void {
  const { random, household } = home
  const residents = RESIDENTS.least + random.below(RESIDENTS.more)
  for (let count = 0; count < residents; count++) {
    const born = bornAt(random, RESIDENTS.fromAge + random.below(RESIDENTS.years))
    const birth = { sex: random.chance(0.3) ? 'M' : 'F', born } as const
    const life = newLife(random, { household, birth, family: familyName(random), phones: [household.landline] })
    add(home, { ...life, given: nameOf(random, life), parents: [] })
  }
}

function bornAt(random: Random, age: number): Day {
  return LAST_DAY - Math.floor((age + random.next()) * DAYS_A_YEAR)
}

function nameOf(random: Random, { sex, birth }: Pick<Life, 'sex' | 'birth'>): NamePart {
  return givenName(random, { sex, year: birth.year })
}

function add(home: Home, person: Omit<InventedPerson, 'number' | 'household'>): InventedPerson {
  const added = { ...person, number: home.first + home.members.length, household: home.number }
  home.members.push(added)
  return added
}

function addAdult(home: Home, given: { readonly birth: Birth; readonly family: NamePart }): InventedPerson {
  const { random, household } = home
  const life = newLife(random, { household, ...given })
  const person = add(home, { ...life, given: nameOf(random, life), parents: [] })
  if (random.chance(TWIN_BIRTHS)) addTwinOfAdult(home, person)
  return person
}

/** The twin has usually left: another home, and a sister may bear another name. */
function addTwinOfAdult(home: Home, person: InventedPerson): void {
  const { random } = home
  const household = random.chance(TWINS_TOGETHER) ? home.household : { ...newPlace(random), hasOneTelephone: false }
  const sex = twinSex(random, person)
  const family = sex === 'F' && random.chance(SISTER_MARRIED) ? familyName(random) : person.family
  const life = newLife(random, { household, birth: { sex, born: dayOf(person.birth) }, family })
  addTwin(home, { person, life })
}

function addTwin(home: Home, { person, life }: { readonly person: InventedPerson; readonly life: Life }): void {
  const { parents, mother } = person
  const kinship = mother === undefined ? { parents } : { parents, mother }
  const given = twinName(home.random, { of: person, sex: life.sex })
  const twin = add(home, { ...life, ...kinship, given, twin: { of: person.number, order: 2 } })
  home.members[person.number - home.first] = { ...person, twin: { of: twin.number, order: 1 } }
}

function twinSex(random: Random, { sex }: InventedPerson): 'M' | 'F' {
  if (random.chance(SAME_SEX_TWINS)) return sex
  return sex === 'M' ? 'F' : 'M'
}

/** Children who still live at home. */
function addChildren(home: Home, parents: readonly InventedPerson[]): void {
  const { random } = home
  const grownUp = Math.max(...parents.map(({ birth }) => dayOf(birth)))
  for (let count = childCount(random); count > 0; count--) {
    const age = PARENT.youngest + random.below(PARENT.years) + random.next()
    const born = grownUp + Math.floor(age * DAYS_A_YEAR)
    const isAtHome = born <= LAST_DAY && born > LAST_DAY - AGE_OF_LEAVING * DAYS_A_YEAR
    if (isAtHome && isPossible(home, born))
      addChild(home, { birth: { sex: random.chance(0.51) ? 'M' : 'F', born }, parents })
  }
}

/** No sooner after a brother or sister than nature allows. */
function isPossible({ members }: Home, born: Day): boolean {
  const siblings = members.filter(({ parents }) => parents.length > 0)
  return siblings.every(({ birth }) => Math.abs(dayOf(birth) - born) >= LEAST_DAYS_BETWEEN_BIRTHS)
}

function addChild(
  home: Home,
  { birth, parents }: { readonly birth: Birth; readonly parents: readonly InventedPerson[] },
): void {
  const { random, household } = home
  const mother = parents.find(({ sex }) => sex === 'F')
  const family = parents[0]?.family ?? familyName(random)
  const phones = LAST_DAY - birth.born < AGE_OF_OWN_PHONE * DAYS_A_YEAR ? phonesOfChild(home, parents) : undefined
  const living = { household, family, ...(phones === undefined ? {} : { phones }) }
  const life = newLife(random, { ...living, birth })
  const given = childName(home, { life, parents })
  const kinship = { parents: parents.map(({ number }) => number), ...(mother === undefined ? {} : { mother }) }
  const person = add(home, { ...life, ...kinship, given })
  if (!random.chance(TWIN_BIRTHS)) return
  addTwin(home, { person, life: newLife(random, { ...living, birth: { ...birth, sex: twinSex(random, person) } }) })
}

/** A child is reached through its mother's telephone. */
function phonesOfChild({ random, household }: Home, parents: readonly InventedPerson[]): readonly string[] {
  const parent = parents.find(({ sex }) => sex === 'F') ?? parents[0]
  return parent === undefined || random.chance(CHILD_HAS_LANDLINE) ? [household.landline] : parent.phones
}

/** Another name of the same year; two children of one birth are never called alike. */
function twinName(random: Random, { of, sex }: { readonly of: InventedPerson; readonly sex: 'M' | 'F' }): NamePart {
  const wantsAlike = random.chance(TWIN_NAMES_ALIKE)
  const first = of.given.kanji.charAt(0)
  return named({
    choose: () => nameOf(random, { sex, birth: of.birth }),
    accepts: (name) => name.kanji !== of.given.kanji && name.kana !== of.given.kana,
    prefers: (name) => !wantsAlike || name.kanji.startsWith(first),
  })
}

/** Some children are given a kanji of the parent's name: 正雄 and 正一. No two of a household have one name. */
function childName(
  { random, members }: Home,
  { life, parents }: { readonly life: Life; readonly parents: readonly InventedPerson[] },
): NamePart {
  const parent = parents.find(({ sex }) => sex === life.sex)
  const first = random.chance(CHILD_NAMED_AFTER_PARENT) ? (parent?.given.kanji.charAt(0) ?? '') : ''
  return named({
    choose: () => nameOf(random, life),
    accepts: (name) => members.every(({ given }) => given.kana !== name.kana),
    prefers: (name) => name.kanji.startsWith(first),
  })
}

/** A preferred name if one comes up in time, else an accepted one. */
function named(given: {
  readonly choose: () => NamePart
  readonly accepts: (name: NamePart) => boolean
  readonly prefers: (name: NamePart) => boolean
}): NamePart {
  let accepted: NamePart | undefined
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    const name = given.choose()
    if (!given.accepts(name)) continue
    if (given.prefers(name)) return name
    accepted = name
  }
  if (accepted === undefined) throw new Error(`no name was accepted in ${NAME_ATTEMPTS} attempts`)
  return accepted
}
