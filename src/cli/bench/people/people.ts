// Records that three hospitals keep of invented people, with the errors of everyday work; who is who is known (bench and tests).

import { type Oid, uuidToOid } from '../../../model/identifiers.ts'
import type { Demographics, PersonName } from '../../../model/person.ts'
import { type Day, dayOf, digitsOf, FIRST_DAY, LAST_DAY } from './calendar.ts'
import { type Erring, type ErrorClass, errorsOf, type RecordError, withEraSlip, withWrongDigit } from './errors.ts'
import { type InventedPerson, population } from './households.ts'
import type { NamePart } from './name-table.ts'
import { type Dwelling, fullWidth, officialAddress, otherAddress } from './places.ts'
import { chooser, createRandom, type Random } from './random.ts'
import {
  confused,
  halfWidth,
  inOldForm,
  romaji,
  withOtherLongVowel,
  withoutSmallKana,
  withUnknownKanji,
} from './spelling.ts'

/** The hospitals' patient number domains. */
export const hospitals: readonly Oid[] = [
  uuidToOid('6f0c2c5e-4f0b-4c7b-9a53-000000000001'),
  uuidToOid('6f0c2c5e-4f0b-4c7b-9a53-000000000002'),
  uuidToOid('6f0c2c5e-4f0b-4c7b-9a53-000000000003'),
]

/** What one hospital says of one person. */
export interface PersonRecord {
  /** The person whom it is about; `truth.number` counts from 1. */
  readonly truth: InventedPerson
  readonly domain: Oid
  /** Patient number in the domain; a domain never gives one twice. */
  readonly value: string
  readonly demographics: Demographics
  readonly errors: readonly ErrorClass[]
}

/** Four of ten are known to more than one hospital. */
const hospitalsOfPerson = chooser([
  { value: 1, weight: 0.6 },
  { value: 2, weight: 0.3 },
  { value: 3, weight: 0.1 },
])

const ROMAJI_GIVEN = 0.04
const MULTIPLE_BIRTH_GIVEN = 0.3
const MOTHER_GIVEN = 0.3
const AGE_OF_MOTHER_GIVEN = 10

/**
 * The records of `count` persons, a person's records in a row, the same for the same seed. Nothing is kept between
 * households, so a million persons take no more memory than a hundred.
 */
export function* people(seed: number, count: number): Generator<PersonRecord> {
  const random = createRandom(seed)
  const clerk = registering(random)
  let persons = 0
  for (const household of population(random)) {
    for (const person of household) {
      if (++persons > count) return
      yield* clerk(person)
    }
    if (persons === count) return
  }
}

function registering(random: Random): (person: InventedPerson) => Generator<PersonRecord> {
  const lastNumbers = hospitals.map(() => 0)
  return function* (person) {
    const first = random.below(hospitals.length)
    const step = 1 + random.below(2)
    const places = hospitalsOfPerson(random)
    for (let place = 0; place < places; place++) {
      const index = (first + place * step) % hospitals.length
      const domain = hospitals[index]
      if (domain === undefined) throw new Error('the hospitals are three')
      const number = (lastNumbers[index] ?? 0) + 1
      lastNumbers[index] = number
      yield { truth: person, domain, value: String(number).padStart(10, '0'), ...written(person, random) }
    }
  }
}

/** The person as known on the day of registration, as a clerk writes it. */
function written(person: InventedPerson, random: Random): Pick<PersonRecord, 'demographics' | 'errors'> {
  const born = dayOf(person.birth)
  const from = Math.max(FIRST_DAY, born)
  const day = from + random.below(LAST_DAY - from + 1)
  const then = asOf(person, day)
  const erring: Erring = {
    kanji: then.family.kanji + person.given.kanji,
    kana: then.family.kana + person.given.kana,
    birth: person.birth,
    isNewborn: born > FIRST_DAY,
  }
  const errors = errorsOf(erring, random)
  const clerk: Clerk = { random, errors }
  const demographics: Demographics = {
    names: names({ family: then.family, given: errors.has('unnamed') ? unnamed(person) : person.given }, clerk),
    sex: person.sex,
    birthTime: digitsOf(birth(person, clerk)),
    addresses: [address(then.home, clerk)],
    telecoms: errors.has('missingPhone') ? [] : then.phones.map((phone) => telephone(phone, random)),
    ...kinship(person, { day, random }),
  }
  return { demographics, errors: [...errors, ...then.events] }
}

interface Clerk {
  readonly random: Random
  readonly errors: ReadonlySet<RecordError>
}

interface AsOf {
  readonly family: NamePart
  readonly home: Dwelling
  readonly phones: readonly string[]
  readonly events: readonly ErrorClass[]
}

function asOf(person: InventedPerson, day: Day): AsOf {
  const { married, moved } = person
  const wasSingle = married !== undefined && day < married.since
  const livedElsewhere = moved !== undefined && day < moved.since
  const events: ErrorClass[] = []
  if (wasSingle) events.push('formerName')
  if (livedElsewhere) events.push('formerAddress')
  const { home, phones } = livedElsewhere ? moved.former : person
  return { family: wasSingle ? married.former : person.family, home, phones, events }
}

function birth(person: InventedPerson, { errors, random }: Clerk): InventedPerson['birth'] {
  const slipped = errors.has('eraSlip') ? withEraSlip(person.birth, random) : person.birth
  return errors.has('dateDigit') ? withWrongDigit(slipped, random) : slipped
}

/** What stands in a newborn's record until the parents have chosen a name. */
function unnamed({ twin }: InventedPerson): NamePart {
  const name = `ベビー${twin === undefined ? '' : ' AB'.charAt(twin.order)}`
  return { kanji: name, kana: name }
}

interface FullName {
  readonly family: NamePart
  readonly given: NamePart
}

function names(name: FullName, clerk: Clerk): readonly PersonName[] {
  const { errors, random } = clerk
  const written: PersonName[] = [{ representation: 'IDE', ...kanjiOf(name, clerk) }]
  if (!errors.has('missingKana')) written.push({ representation: 'SYL', ...kanaOf(name, clerk) })
  if (random.chance(ROMAJI_GIVEN))
    written.push({ representation: 'ABC', family: romaji(name.family.kana), given: romaji(name.given.kana) })
  if (!errors.has('swappedNames')) return written
  return written.map((one) => ({ ...one, family: one.given, given: one.family }))
}

type Parts = Pick<PersonName, 'family' | 'given'>

function kanjiOf({ family, given }: FullName, { errors, random }: Clerk): Parts {
  let parts: Parts = { family: family.kanji, given: given.kanji }
  if (errors.has('oldKanji')) parts = inOnePart(parts, { random, change: inOldForm })
  if (errors.has('confusedKanji')) parts = inOnePart(parts, { random, change: confused })
  if (errors.has('unknownKanji')) parts = inOnePart(parts, { random, change: withUnknownKanji })
  return parts
}

function kanaOf({ family, given }: FullName, { errors, random }: Clerk): Parts {
  let parts: Parts = { family: family.kana, given: given.kana }
  if (errors.has('longVowel')) parts = inOnePart(parts, { random, change: withOtherLongVowel })
  if (errors.has('smallKana')) parts = { family: withoutSmallKana(parts.family), given: withoutSmallKana(parts.given) }
  return errors.has('halfWidth') ? { family: halfWidth(parts.family), given: halfWidth(parts.given) } : parts
}

/** The change in the family name or the given name, wherever it changes anything. */
function inOnePart(
  parts: Parts,
  given: { readonly random: Random; readonly change: (text: string, random: Random) => string },
): Parts {
  const { random, change } = given
  const family = { ...parts, family: change(parts.family, random) }
  const ofGiven = { ...parts, given: change(parts.given, random) }
  if (family.family === parts.family) return ofGiven
  return ofGiven.given === parts.given || random.chance(0.5) ? family : ofGiven
}

function address(home: Dwelling, { errors, random }: Clerk): Demographics['addresses'][number] {
  const { postalCode } = home.town
  const text = errors.has('addressStyle') ? otherAddress(home, random) : officialAddress(home)
  if (!errors.has('addressStyle')) return { postalCode, text }
  const hyphenated = `${postalCode.slice(0, 3)}-${postalCode.slice(3)}`
  return { postalCode: random.pick([postalCode, hyphenated, hyphenated, fullWidth(hyphenated)]), text }
}

function telephone(phone: string, random: Random): string {
  const style = random.next()
  if (style < 0.6) return phone
  if (style < 0.85) return phone.replaceAll('-', '')
  if (style < 0.93) return fullWidth(phone)
  return `tel:+81-${phone.slice(1)}`
}

/** Twins, where the hospital asked; the mothers of little children. */
function kinship(
  person: InventedPerson,
  { day, random }: { readonly day: Day; readonly random: Random },
): Pick<Demographics, 'multipleBirth' | 'birthOrder' | 'mother'> {
  const { twin, mother } = person
  const isLittle = day - dayOf(person.birth) < AGE_OF_MOTHER_GIVEN * 365
  const twins =
    twin !== undefined && random.chance(MULTIPLE_BIRTH_GIVEN) ? { multipleBirth: true, birthOrder: twin.order } : {}
  if (mother === undefined || !isLittle || !random.chance(MOTHER_GIVEN)) return twins
  return {
    ...twins,
    mother: [
      { representation: 'IDE', family: mother.family.kanji, given: mother.given.kanji },
      { representation: 'SYL', family: mother.family.kana, given: mother.given.kana },
    ],
  }
}
