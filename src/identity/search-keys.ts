// The keys under which a record is searched, and the ranges of keys that a query looks at (ITI TF-2 3.47.4.1; folding: src/identity/matching).

import type { SoughtBirth, SoughtName } from '../model/pdq.ts'
import type { Demographics, PersonName } from '../model/person.ts'
import { foldPhone, foldPostalCode } from './matching/contact.ts'
import { foldKana, hiraganaToKatakana, isKana } from './matching/fold-kana.ts'
import { type FoldedName, foldName } from './matching/fold-name.ts'
import { fold } from './matching/fold-text.ts'
import { endsInPerhapsN, endsWithinSyllable, looseReadingKey, romajiKey } from './matching/romaji.ts'

/** Goes up when a key is made in another way: keys of another version are made anew. */
export const SEARCH_VERSION = 2

/** `reading`: kana and Latin letters alike, in letters of one loose spelling. */
export type KeyKind = 'kanji' | 'reading' | 'birth' | 'postal' | 'phone'

export interface SearchKey {
  readonly kind: KeyKind
  /** Family and given name divided by a blank, which neither holds; else the value. */
  readonly key: string
  /** Given name, for a search by that alone. */
  readonly given: string
}

/** All that the index holds of one record. Birth date and sex stand with each key, so that a common name is narrowed where it is read. */
export interface SearchEntry {
  readonly keys: readonly SearchKey[]
  readonly birth?: string
  readonly sex?: string
}

/** Keys from `low` to `high`, both included; `on` says which column the index is read by. */
export interface KeyRange {
  readonly kind: KeyKind
  readonly on: 'key' | 'given'
  readonly low: string
  readonly high: string
  /** Bounds of the given name, when the range does not say it all. */
  readonly givenLow: string
  readonly givenHigh: string
}

/** Follows every text that begins alike. */
const LAST = '\u{10ffff}'
const BIRTH_DATE_DIGITS = 8
/** What a record may bring into the search; more than anybody has. A key must fit into an index page, too. */
const MOST_NAMES = 20
const MOST_VALUES = 10
const MOST_CHARACTERS = 200

/** What is kept of a record; nothing of one that is not to be found by a search. */
export function searchEntry(demographics: Demographics): SearchEntry {
  if (demographics.restricted === true) return { keys: [] }
  const { birthTime, sex } = demographics
  const birth = birthTime?.slice(0, BIRTH_DATE_DIGITS)
  const keys = [
    ...demographics.names.slice(0, MOST_NAMES).flatMap(foldedNames).map(nameKey),
    ...(birth === undefined ? [] : [valueKey('birth', birth)]),
    ...demographics.addresses.slice(0, MOST_VALUES).flatMap(({ postalCode }) => postalKey(postalCode)),
    ...demographics.telecoms.slice(0, MOST_VALUES).map((telecom) => valueKey('phone', telecomKey(telecom))),
  ]
  const distinct = new Map(keys.map((key) => [`${key.kind} ${key.key}`, key]))
  return {
    keys: [...distinct.values()],
    ...(birth === undefined ? {} : { birth }),
    ...(sex === undefined ? {} : { sex }),
  }
}

function valueKey(kind: KeyKind, key: string): SearchKey {
  return { kind, key, given: '' }
}

function postalKey(postalCode: string | undefined): readonly SearchKey[] {
  const code = foldPostalCode((postalCode ?? '').slice(0, MOST_CHARACTERS))
  return code === undefined ? [] : [valueKey('postal', code)]
}

/** A telephone number in one spelling; what the matcher takes for no person's number (firms, mail addresses) without marks. */
export function telecomKey(telecom: string): string {
  const bounded = telecom.slice(0, MOST_CHARACTERS)
  return (
    foldPhone(bounded) ??
    fold(bounded)
      .replace(/^[A-Z]+:/, '')
      .replace(/[\s()-]/g, '')
      .replace(/^\+81/, '0')
  )
}

/** What the matcher's folding makes of a name. */
export function foldedNames({ representation, family, given }: PersonName): readonly FoldedName[] {
  return foldName({
    representation,
    family: family.slice(0, MOST_CHARACTERS),
    given: given.slice(0, MOST_CHARACTERS),
  }).names
}

function nameKey(name: FoldedName): SearchKey {
  const kind = kindOf(name)
  const given = partKey(name, 'given')
  return { kind, key: `${partKey(name, 'family')} ${given}`, given }
}

function kindOf({ script }: FoldedName): 'kanji' | 'reading' {
  return script === 'kanji' ? 'kanji' : 'reading'
}

function partKey(name: FoldedName, part: 'family' | 'given'): string {
  return name.script === 'kanji' ? name[part] : looseReadingKey(romajiKey(name[part]))
}

/** The name asked for, folded as names of records are; undefined when folding leaves nothing of it. */
export function foldSought({ family = '', given = '', matching }: SoughtName): FoldedName | undefined {
  const parts = { family, given }
  const asked =
    matching === 'inexact' && endsInVu(parts) ? { family: lettersOf(family), given: lettersOf(given) } : parts
  return foldedNames({ representation: 'IDE', ...asked })[0]
}

const VU_AT_END = /^[\u30A1-\u30FF\s]*ヴ$/u

/** Folded it is ブ; in letters it begins ヴァ and ヴィ, which are バ and ビ, as V does. */
function endsInVu({ family, given }: { readonly family: string; readonly given: string }): boolean {
  const kana = [family, given].map((part) => hiraganaToKatakana(fold(part.slice(0, MOST_CHARACTERS))))
  return kana.some((part) => VU_AT_END.test(part)) && kana.every((part) => part === '' || isKana(foldKana(part)))
}

function lettersOf(kana: string): string {
  const whole = hiraganaToKatakana(fold(kana.slice(0, MOST_CHARACTERS)))
  return whole.endsWith('ヴ') ? `${romajiKey(whole.slice(0, -1))}V` : romajiKey(whole)
}

/** Where records with such a name stand; `inexact` looks at everything that begins alike. */
export function nameRange(name: FoldedName, matching: SoughtName['matching']): KeyRange {
  const kind = kindOf(name)
  const family = partKey(name, 'family')
  const given = partKey(name, 'given')
  if (matching === 'exact' && family !== '' && given !== '')
    return { kind, on: 'key', ...only(`${family} ${given}`), ...anyGiven }
  const givenRange = matching === 'exact' ? only(given) : beginningOf(name, 'given')
  const givenBounds = { givenLow: givenRange.low, givenHigh: givenRange.high }
  if (family === '') return { kind, on: 'given', ...givenRange, ...givenBounds }
  const familyRange = matching === 'exact' ? beginning(`${family} `) : beginningOf(name, 'family')
  return { kind, on: 'key', ...familyRange, ...(given === '' ? anyGiven : givenBounds) }
}

const anyGiven = { givenLow: '', givenHigh: LAST }

/** SHIM begins SIMA, and SINBO, whose key stands at SINH. */
function beginningOf(name: FoldedName, part: 'family' | 'given'): { readonly low: string; readonly high: string } {
  const range = beginning(opening(name, part))
  if (name.script !== 'latin' || !endsInPerhapsN(name[part])) return range
  return { low: range.low, high: `${range.low.slice(0, -1)}NM${LAST}` }
}

/** キ begins キョウコ too, whose letters are KYOKO, フ and テ begin フィ and ティ (HI, TI), and MATS begins MATSU, which is MATU. */
function opening(name: FoldedName, part: 'family' | 'given'): string {
  const key = partKey(name, part)
  switch (name.script) {
    case 'kanji':
      return key
    case 'kana':
      return /[フテデ]$/u.test(name[part]) ? key.replace(/(?<=.)[UE]$/, '') : key.replace(/(?<=.)I$/, '')
    case 'latin':
      return endsWithinSyllable(name[part]) ? key.slice(0, -1) : key
  }
  name.script satisfies never
}

function only(key: string): { readonly low: string; readonly high: string } {
  return { low: key, high: key }
}

function beginning(key: string): { readonly low: string; readonly high: string } {
  return { low: key, high: `${key}${LAST}` }
}

/** Birth dates as text from the first to the last that agrees; a date that is not full stands for all it begins. */
export function birthRange(birth: SoughtBirth): { readonly low: string; readonly high: string } {
  if (birth.kind === 'date') return beginning(birth.date)
  return { low: birth.low ?? '', high: `${birth.high ?? ''}${LAST}` }
}

/** All values of a kind that begin with `key`. */
export function valueRange(kind: KeyKind, key: string, matching: SoughtName['matching']): KeyRange {
  return { kind, on: 'key', ...(matching === 'exact' ? only(key) : beginning(key)), ...anyGiven }
}
