// Keys under which records of one person meet in the index; each is refined until it holds a handful among a million persons.

import type { MatchFeatures } from './features.ts'
import { hasUnknownCharacter, nearForm } from './fold-kanji.ts'
import type { FoldedName } from './fold-name.ts'
import { looseReadingKey } from './romaji.ts'

/** So many are kept of one record: names in many forms would only repeat themselves. */
const MOST_KEYS = 14
const MOST_IDENTIFIER_KEYS = 3
const MOST_PHONE_KEYS = 2
const MOST_PLACE_KEYS = 3
/** Letters of a reading that are about two kana. */
const STUB_LETTERS = 3
const COMPLETE_DATE = 8

/**
 * Keys of a record, as signed 64-bit integers in decimal text: two records of one person share one in spite of any one error, and
 * of most pairs of errors. No key is a name alone: 佐藤 would hold thousands.
 */
export function blocksOf(features: MatchFeatures): readonly string[] {
  const keys = new Set<string>()
  for (const identifier of features.identifiers.slice(0, MOST_IDENTIFIER_KEYS)) keys.add(hash64(`id|${identifier}`))
  for (const key of keysOf(features)) {
    if (keys.size >= MOST_KEYS) break
    keys.add(hash64(key))
  }
  return [...keys]
}

interface Known {
  readonly names: readonly BlockName[]
  /** Empty unless complete. */
  readonly birth: string
  readonly year: string
  readonly monthDay: string
  readonly postalCode: string
  readonly places: readonly string[]
  readonly number: string
}

/** A name as it stands in keys; what was lost or is missing is empty. */
interface BlockName {
  readonly isRead: boolean
  /** Family and given name, those that are known. */
  readonly parts: readonly string[]
  /** The beginnings of the parts as they are read. */
  readonly stubs: readonly string[]
}

/** In the order of what they catch; what is not known makes no key. */
function keysOf(features: MatchFeatures): readonly string[] {
  const known = knownOf(features)
  return [
    ...known.names.flatMap((name) => nameKeys(name, known)),
    ...(known.postalCode !== '' && known.monthDay !== '' ? [`c|${known.postalCode}|${known.monthDay}`] : []),
    ...features.phones.slice(0, MOST_PHONE_KEYS).flatMap((phone) => phoneKeys(phone, known)),
    ...placeKeys(known),
    ...doorKeys(known),
  ]
}

function knownOf({ names, birth = '', addresses }: MatchFeatures): Known {
  const isComplete = birth.length === COMPLETE_DATE
  const address = addresses[0]
  return {
    names: names.map(blockName),
    birth: isComplete ? birth : '',
    year: birth.slice(0, 4),
    monthDay: isComplete ? birth.slice(4) : '',
    postalCode: address?.postalCode ?? '',
    places: address?.places ?? [],
    number: address?.number ?? '',
  }
}

function blockName({ family, given, reading }: FoldedName): BlockName {
  const parts = (reading?.map(looseReadingKey) ?? [keyForm(family), keyForm(given)]).filter((part) => part !== '')
  const isRead = reading !== undefined
  return { isRead, parts, stubs: isRead ? parts.map((part) => part.slice(0, STUB_LETTERS)) : parts }
}

function keyForm(kanji: string): string {
  return hasUnknownCharacter(kanji) ? '' : nearForm(kanji)
}

/** Either part of the name with the whole birth date, or both parts, in any order, with a part of what else is known. */
function nameKeys({ parts, stubs }: BlockName, { birth, year, monthDay, postalCode }: Known): readonly string[] {
  const keys = birth === '' ? [] : stubs.map((stub) => `b|${birth}|${stub}`)
  if (parts.length < 2) return keys
  const begun = stubs.toSorted().join('|')
  if (monthDay !== '') keys.push(`m|${monthDay}|${begun}`)
  if (year !== '') keys.push(`y|${year}|${parts.toSorted().join('|')}`)
  if (postalCode !== '') keys.push(`p|${postalCode}|${begun}`)
  return keys
}

function phoneKeys(phone: string, { year, names }: Known): readonly string[] {
  const given = readName(names)?.stubs.at(-1)
  return [...(year === '' ? [] : [`t|${phone}|${year}`]), ...(given === undefined ? [] : [`t|${phone}|${given}`])]
}

function readName(names: readonly BlockName[]): BlockName | undefined {
  return names.find((name) => name.isRead)
}

/** A street or town, whatever the number, with the beginnings of both parts of the name. */
function placeKeys({ places, names }: Known): readonly string[] {
  const stubs = readName(names)?.stubs ?? []
  if (stubs.length < 2) return []
  const begun = stubs.toSorted().join('|')
  return places.slice(0, MOST_PLACE_KEYS).map((place) => `s|${place}|${begun}`)
}

/** Who lives behind one door: the year of birth, or the beginning of a name, tells a household's members apart. */
function doorKeys({ places, postalCode, number, year, names }: Known): readonly string[] {
  if (number === '') return []
  const stubs = readName(names)?.stubs ?? []
  const place = places[0] ?? ''
  return [
    ...(postalCode === '' ? [] : stubs.map((stub) => `d|${postalCode}|${number}|${stub}`)),
    ...(place === '' ? [] : [...stubs, year].map((part) => `d|${place}|${number}|${part}`)),
  ]
}

const FNV_PRIME = 0x0100_0193
const FNV_BASIS = 0x811c_9dc5
const OTHER_BASIS = 0x9747_b28c
const OTHER_PRIME = 0x5bd1_e995

/** Two 32-bit hashes (FNV-1a and one with another prime) as one signed 64-bit number: what collides by chance is only compared in vain. */
function hash64(key: string): string {
  let high = FNV_BASIS
  let low = OTHER_BASIS
  for (let at = 0; at < key.length; at += 1) {
    const unit = key.charCodeAt(at)
    high = Math.imul(high ^ unit, FNV_PRIME)
    low = Math.imul(low ^ unit, OTHER_PRIME)
    low ^= low >>> 15
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString()
}
