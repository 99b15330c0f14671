// An address divided into what is compared: town, number (丁目, 番地, 号 in one spelling), building and room.

import { PLACEHOLDER_ADDRESSES } from '../../../profiles/matching/words.ts'
import type { Address } from '../../model/person.ts'
import { foldPostalCode } from './contact.ts'
import { foldKanji } from './fold-kanji.ts'
import { fold } from './fold-text.ts'

export interface FoldedAddress {
  /** Empty when missing. */
  readonly postalCode: string
  /** Parts of the place, folded, largest first in Japanese; a Latin address has one a comma. */
  readonly places: readonly string[]
  /** `1-2-3`; empty when the line has none. */
  readonly number: string
  /** Building and room, folded loosely; a Latin address has none. */
  readonly building: string
}

const JAPANESE = /[\u3041-\u30FF\u3400-\u9FFF\u{20000}-\u{3FFFF}]/u
const PREFECTURE = /^(?:北海道|東京都|京都府|大阪府|[^\s\d]{2,3}県)/u
const COUNTY = /^[^\d市区町村]{1,5}郡(?=[^市区]+[町村])/u
const SECTION_WORDS = /大字|小字|字(?=[^\d])/gu
const KANJI_NUMBER = /([〇一二三四五六七八九十百]+)(?=丁目?|番|号|条|線|地割)/gu
const NO_BETWEEN_KANJI = /(?<=\p{Script=Han})[のノ之乃](?=\p{Script=Han})/gu
/** What stands between the numbers of one place, and after the last. */
const STREET_OF_SAPPORO = /条(?:通)?[東西南北]?(?=\d)/gu
const NUMBER_MARKS = /(?<=\d)(?:丁目|丁|番地の?|番町|番|号(?!室|棟|館)|線|の|ノ|[-\u2010-\u2015\u2212ー~〜])+/gu
const NUMBER = /\d+(?:-\d+)*/u
const ROOM_WORDS = /号室|号|室|[\s\-ー]/gu
const DIGITS = '〇一二三四五六七八九'

/** Undefined for an address that names no place at all. */
export function foldAddress(address: Address): FoldedAddress | undefined {
  const line = fold(address.text).replace(/^〒?\s*\d{3}-?\d{4}(?=\s)/u, '')
  const postalCode = foldPostalCode(address.postalCode ?? '') ?? ''
  const isEmpty = PLACEHOLDER_ADDRESSES.test(line)
  if (isEmpty && postalCode === '') return undefined
  if (isEmpty) return { postalCode, places: [], number: '', building: '' }
  return { postalCode, ...(JAPANESE.test(line) ? japaneseParts(line) : latinParts(line)) }
}

type Parts = Omit<FoldedAddress, 'postalCode'>

function japaneseParts(line: string): Parts {
  const text = line
    .replace(/(?<!\d)\s+|\s+(?!\d)/gu, '')
    .replace(PREFECTURE, '')
    .replace(COUNTY, '')
    .replace(SECTION_WORDS, '')
    .replace(KANJI_NUMBER, (numeral: string) => String(arabic(numeral)))
    .replace(STREET_OF_SAPPORO, '-')
    .replace(NUMBER_MARKS, '-')
  const found = NUMBER.exec(text)
  if (found === null) return { places: placesOf(text), number: '', building: '' }
  return {
    places: placesOf(text.slice(0, found.index)),
    number: found[0],
    building: text.slice(found.index + found[0].length).replace(ROOM_WORDS, ''),
  }
}

function placesOf(town: string): readonly string[] {
  const folded = foldKanji(town).replace(NO_BETWEEN_KANJI, 'ノ')
  return folded === '' ? [] : [folded]
}

/** 十二 and 一二 are 12, 百五 is 105. */
function arabic(numeral: string): number {
  if (!/[十百]/u.test(numeral)) return Number([...numeral].map((digit) => DIGITS.indexOf(digit)).join(''))
  const [hundreds, rest] = numeral.includes('百') ? divided(numeral, '百') : ['', numeral]
  const [tens, ones] = rest.includes('十') ? divided(rest, '十') : ['', rest]
  const count = (digits: string, present: boolean): number => (digits === '' ? Number(present) : DIGITS.indexOf(digits))
  return (
    100 * count(hundreds, numeral.includes('百')) +
    10 * count(tens, rest.includes('十')) +
    (ones === '' ? 0 : DIGITS.indexOf(ones))
  )
}

function divided(text: string, at: string): readonly [string, string] {
  const index = text.indexOf(at)
  return [text.slice(0, index), text.slice(index + 1)]
}

/** Number and places wherever they stand; blanks inside a place do not tell places apart. */
function latinParts(line: string): Parts {
  const number = /\d+[A-Z]?(?:[-/]\d+)*/.exec(line)?.[0] ?? ''
  const places = line
    .replace(number, '')
    .split(',')
    .map((place) => place.replace(/[^A-Z\d]/g, ''))
    .filter((place) => place !== '')
  return { places, number, building: '' }
}
