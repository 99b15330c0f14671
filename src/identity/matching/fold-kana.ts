// Kana folded to their reading: strictly (same reading) and loosely (what old systems and ears confuse).

import {
  E_COLUMN,
  O_COLUMN,
  SAME_READING,
  SMALL_KANA,
  U_COLUMN,
  UNVOICED,
  VOICED,
  VU_READING,
} from '../../../profiles/matching/kana.ts'
import { fold } from './fold-text.ts'

/** Between two kana these are the long vowel mark, the kanji 一 among them. */
const LONG_MARKS = /(?<=[\u30A1-\u30FF])[-\u2010-\u2015\u2212\u30FC\uFF70\u4E00](?=[\u30A1-\u30FF]|$)/gu
const HIRAGANA = /[\u3041-\u3096\u309D\u309E]/gu
const ITERATION = /([^ヽヾ])([ヽヾ]+)/gu
const TO_FOLD = /[ヰヱヲヂヅヷヺヴ]/u
const LONG_E_AT_END = new RegExp(`([${E_COLUMN}])[イエ]+$`, 'u')
const FILLING = /[\s・·･]/gu
const KANA_ONLY = /^[\u30A1-\u30FA\u30FC-\u30FE]+$/u

const UNVOICING = new Map([...VOICED].map((kana, at) => [kana, UNVOICED.charAt(at)]))
const VOICING = new Map([...UNVOICED].map((kana, at) => [kana, VOICED.charAt(at)] as const).reverse())

/**
 * Equal results are the same reading: hiragana and katakana, ヂ and ジ, ヴァ and バ, any hyphen as long vowel mark; blanks and
 * middle dots are gone. What is no kana stays.
 */
export function foldKana(text: string): string {
  let kana = hiraganaToKatakana(fold(text)).replace(FILLING, '').replace(LONG_MARKS, 'ー')
  if (kana.includes('ヽ') || kana.includes('ヾ')) kana = kana.replace(ITERATION, repeated)
  if (!TO_FOLD.test(kana)) return kana
  return kana
    .replace(/ヴ([ァィェォ]?)/gu, (_, vowel: string) => VU_READING[vowel] ?? 'ブ')
    .replace(/[ヰヱヲヂヅヷヺ]/gu, (letter) => SAME_READING[letter] ?? letter)
}

/**
 * On top of foldKana: small kana as large ones, long vowels short (ユウコ, ユーコ and ユコ), no voicing marks. Equal results are
 * likely the same name, never certainly.
 */
export function foldKanaLoose(text: string): string {
  return loosened(foldKana(text))
}

/** foldKanaLoose for text that is folded already. */
export function loosened(kana: string): string {
  let result = ''
  let before = ''
  for (const letter of kana) {
    const large = SMALL_KANA[letter] ?? letter
    if (large === 'ー' || lengthens(before, large)) continue
    result += UNVOICING.get(large) ?? large
    before = large
  }
  return result.replace(LONG_E_AT_END, '$1')
}

/** True when small kana written large are all that differs: systems without small kana write シヨウタ. */
export function withLargeKana(kana: string): string {
  return kana.replace(/[ァィゥェォッャュョヮヵヶ]/gu, (small) => SMALL_KANA[small] ?? small)
}

/** True for text, folded by foldKana, of kana only. */
export function isKana(text: string): boolean {
  return KANA_ONLY.test(text)
}

export function hiraganaToKatakana(text: string): string {
  return text.replace(HIRAGANA, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0x60))
}

function repeated(_: string, letter: string, marks: string): string {
  const plain = UNVOICING.get(letter) ?? letter
  const voiced = VOICING.get(plain) ?? plain
  return letter + [...marks].map((mark) => (mark === 'ヾ' ? voiced : plain)).join('')
}

function lengthens(before: string, letter: string): boolean {
  if (before === '') return false
  if (letter === 'ウ') return O_COLUMN.includes(before) || U_COLUMN.includes(before)
  return letter === 'オ' && O_COLUMN.includes(before)
}
