// Kanji names folded over their old, variant and look-alike forms; characters that a font lacked match any one character.

import { EQUIVALENT_KANJI, LOST_CHARACTERS, NEAR_KANJI, UNKNOWN_CHARACTER } from '../../../profiles/matching/kanji.ts'
import { hiraganaToKatakana } from './fold-kana.ts'
import { fold } from './fold-text.ts'

const FORMS = formsOf(EQUIVALENT_KANJI)
const NEAR_FORMS = formsOf(NEAR_KANJI)
const LOST = new Set(LOST_CHARACTERS)
/** Private use: characters that one site made for itself (gaiji). */
const PRIVATE_USE = /[\u{E000}-\u{F8FF}\u{F0000}-\u{10FFFD}]/u
const KE = /[ヶケガヵカ]/u
const KE_BETWEEN_KANJI = /(?<=\p{Script=Han})[ヶケガヵカ](?=\p{Script=Han})/gu

function formsOf(rows: readonly string[]): ReadonlyMap<string, string> {
  return new Map(rows.flatMap((row) => [...row].slice(1).map((variant) => [variant, [...row][0] ?? variant] as const)))
}

/**
 * Equal results are one name: 髙橋 is 高橋, 渡邉 is 渡辺, 佐々木 is 佐佐木. Blanks are gone; kana in the name are katakana;
 * a lost character is UNKNOWN_CHARACTER. The bare question mark counts as lost only beside other characters.
 */
export function foldKanji(text: string): string {
  const folded = hiraganaToKatakana(fold(text)).replaceAll(' ', '')
  let result = ''
  let before = ''
  for (const character of folded) {
    const form = character === '々' || character === '〻' ? before : formOf(character)
    result += form
    before = form
  }
  return KE.test(result) ? result.replace(KE_BETWEEN_KANJI, 'ケ') : result
}

function formOf(character: string): string {
  const form = FORMS.get(character)
  if (form !== undefined) return form
  return LOST.has(character) || PRIVATE_USE.test(character) ? UNKNOWN_CHARACTER : character
}

/** On top of foldKanji: look-alikes too (斉/斎, 太/大). Equal results are near, not equal, names. */
export function foldKanjiNear(text: string): string {
  return nearForm(foldKanji(text))
}

/** foldKanjiNear for text that is folded already. */
export function nearForm(kanji: string): string {
  let result = ''
  for (const character of kanji) result += NEAR_FORMS.get(character) ?? character
  return result
}

export function hasUnknownCharacter(kanji: string): boolean {
  return kanji.includes(UNKNOWN_CHARACTER)
}

/** Equal character by character; one that was lost equals any one. */
export function equalButForLost(a: string, b: string): boolean {
  const left = [...a]
  const right = [...b]
  return (
    left.length === right.length &&
    left.every((character, at) => {
      const other = right[at]
      return character === other || character === UNKNOWN_CHARACTER || other === UNKNOWN_CHARACTER
    })
  )
}
