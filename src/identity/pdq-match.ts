// Does a record agree with a demographics query, and how well (ITI TF-2 3.47.4.1.3: at least all exact matches are returned)?

import type { PdqQuery, SoughtAddress, SoughtName } from '../model/pdq.ts'
import type { Address, Demographics, PersonName } from '../model/person.ts'
import { foldAddress } from './matching/address.ts'
import { foldPostalCode } from './matching/contact.ts'
import { foldKanaLoose, isKana } from './matching/fold-kana.ts'
import { foldKanji } from './matching/fold-kanji.ts'
import type { FoldedName } from './matching/fold-name.ts'
import { beginningKeys, looseReadingKey, romajiKey } from './matching/romaji.ts'
import { birthRange, foldedNames, foldSought, telecomKey } from './search-keys.ts'

type Asked = Pick<PdqQuery, 'names' | 'sex' | 'birth' | 'address' | 'mother' | 'telecom'>

/** Degrees of agreement of a name part, 0 to 100; everything else agrees fully or not at all. */
const EQUAL = 100
/** Kana here and Latin letters there: the letters tell less. */
const EQUAL_ACROSS_SCRIPTS = 95
const LOOSELY_EQUAL = 90
const BEGINS_ALIKE = 80
const BEGINS_LOOSELY_ALIKE = 70
/** Longer than any address that is one. */
const MOST_CHARACTERS = 500

/**
 * How well one record agrees with all that is asked of demographics, 0 to 100; undefined when it does not. What is asked and not known
 * does not agree.
 */
export function scoreOf(asked: Asked, known: Demographics): number | undefined {
  const { sex, birth, telecom } = asked
  if (sex !== undefined && known.sex !== sex) return undefined
  if (birth !== undefined && !isWithin(known.birthTime, birthRange(birth))) return undefined
  if (telecom !== undefined && !hasTelecom(telecom.value, known.telecoms)) return undefined
  if (asked.address !== undefined && !known.addresses.some((one) => isAt(one, asked.address))) return undefined
  const name = asked.names.length === 0 ? EQUAL : bestName(asked.names, known.names)
  const mother = asked.mother === undefined ? EQUAL : bestName([asked.mother], known.mother ?? [])
  return name === undefined || mother === undefined ? undefined : Math.min(name, mother)
}

function isWithin(birthTime: string | undefined, range: { readonly low: string; readonly high: string }): boolean {
  return birthTime !== undefined && birthTime >= range.low && birthTime <= range.high
}

function hasTelecom(asked: string, known: readonly string[]): boolean {
  const key = telecomKey(asked)
  return known.some((telecom) => telecomKey(telecom) === key)
}

function isAt(known: Address, asked: SoughtAddress | undefined): boolean {
  if (asked === undefined) return true
  const postalCode = foldPostalCode(asked.postalCode ?? '')
  if (postalCode !== undefined && !(foldPostalCode(known.postalCode ?? '') ?? '').startsWith(postalCode)) return false
  const place = placeOf(known.text)
  return asked.parts.map(placeOf).every((part) => place.line.includes(part.line) || place.parts.includes(part.parts))
}

/** The line as it is written, and with numbers in one spelling: 一丁目１番１号 is 1-1-1. */
function placeOf(whole: string): { readonly line: string; readonly parts: string } {
  const text = whole.slice(0, MOST_CHARACTERS)
  const folded = foldAddress({ text })
  const line = foldKanji(text)
  return { line, parts: folded === undefined ? line : `${folded.places.join('')}${folded.number}${folded.building}` }
}

function bestName(asked: readonly SoughtName[], known: readonly PersonName[]): number | undefined {
  const names = known.flatMap(foldedNames)
  const scores = asked.flatMap((one) => {
    const sought = foldSought(one)
    if (sought === undefined) return []
    return comparable(sought, names).flatMap((name) => nameScore(sought, name, one.matching) ?? [])
  })
  return scores.length === 0 ? undefined : Math.max(...scores)
}

/** Kanji with kanji; kana with kana, and with letters only where a record has no kana, for they tell less. */
function comparable({ script }: FoldedName, names: readonly FoldedName[]): readonly FoldedName[] {
  if (script === 'kanji') return names.filter((name) => name.script === 'kanji')
  const readings = names.filter((name) => name.script !== 'kanji')
  const inKana = readings.filter((name) => name.script === 'kana')
  return script === 'kana' && inKana.length > 0 ? inKana : readings
}

function nameScore(sought: FoldedName, name: FoldedName, matching: SoughtName['matching']): number | undefined {
  const score = sought.script === 'kanji' ? kanjiScore : readingScore(sought.script === name.script)
  let lowest = EQUAL
  for (const part of ['family', 'given'] as const) {
    if (sought[part] === '') continue
    const agreement = name[part] === '' ? undefined : score(sought[part], name[part])
    if (agreement === undefined || (matching === 'exact' && agreement < EQUAL_ACROSS_SCRIPTS)) return undefined
    lowest = Math.min(lowest, agreement)
  }
  return lowest
}

function kanjiScore(sought: string, known: string): number | undefined {
  if (sought === known) return EQUAL
  return known.startsWith(sought) ? BEGINS_ALIKE : undefined
}

/** Kana with kana tell short vowels from long ones; where letters are compared, they do not. */
function readingScore(sameScript: boolean): (sought: string, known: string) => number | undefined {
  return (sought, known) => {
    if (sought === known) return EQUAL
    const [soughtKey, knownKey] = [romajiKey(sought), romajiKey(known)]
    const byLetters = !sameScript || !isKana(sought)
    if (byLetters && soughtKey === knownKey) return sameScript ? EQUAL : EQUAL_ACROSS_SCRIPTS
    const [soughtLoosely, knownLoosely] = [looseReadingKey(soughtKey), looseReadingKey(knownKey)]
    if (soughtLoosely === knownLoosely) return LOOSELY_EQUAL
    const begins = byLetters
      ? beginningKeys(sought).some((beginning) => knownKey.startsWith(beginning))
      : known.startsWith(sought)
    if (begins) return BEGINS_ALIKE
    const beginsLoosely =
      knownLoosely.startsWith(soughtLoosely) || foldKanaLoose(known).startsWith(foldKanaLoose(sought))
    return beginsLoosely ? BEGINS_LOOSELY_ALIKE : undefined
  }
}
