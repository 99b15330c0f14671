// One key for a reading, whether it came as kana or in Latin letters: TAKAHASHI, Takahasi and タカハシ are one.

import { KANA_LETTERS, ROMAJI_SPELLINGS } from '../../../profiles/matching/kana.ts'
import { foldKana } from './fold-kana.ts'
import { fold } from './fold-text.ts'

const SMALL_Y = 'ャュョ'
const SMALL_VOWELS: Readonly<Record<string, string>> = { ァ: 'A', ィ: 'I', ゥ: 'U', ェ: 'E', ォ: 'O' }
const KANA = /[\u30A1-\u30FC]/u
/** A name of whole Japanese syllables. */
const SYLLABLES = /^(?:N(?![AIUEOY])|(?:[KSTNHMRGZBP]Y?|Y|W)?[AIUEO])+$/

/**
 * The reading of a name in Latin letters of one spelling: Hepburn, kunrei and passport forms (OH, double consonants, M before B)
 * and kana meet; long vowels are short. Compare keys only where one side has no kana: foldKana tells more apart.
 */
export function romajiKey(text: string): string {
  const folded = fold(text)
  return KANA.test(folded) || /[\u3041-\u3096]/u.test(folded) ? lettersOfKana(foldKana(folded)) : spelled(folded)
}

/** Letters of which only the vowel after them says how the key spells them: TSU is TU, SHI is SI, JI is ZI. */
const UNFINISHED = /(?:TS|SH|CH|J)$/

/** True for Latin letters, folded, that end before the key of their last syllable can be told. */
export function endsWithinSyllable(latin: string): boolean {
  return UNFINISHED.test(latin)
}

/** What is N before B, M and P: SHIMBO is SINBO, and SHIMA is SIMA. */
const PERHAPS_N = /[AIUEO]M$/

/** True for Latin letters, folded, whose M may be one that the key has as N. */
export function endsInPerhapsN(latin: string): boolean {
  return PERHAPS_N.test(latin)
}

/** Keys of what a name that goes on may begin with: MATS is the beginning of MATU, SHIM that of SIMA and SINBO. */
export function beginningKeys(text: string): readonly string[] {
  const ends = endsWithinSyllable(text)
    ? ['', 'A', 'I', 'U', 'E', 'O']
    : endsInPerhapsN(text)
      ? ['', 'B', 'M', 'P']
      : ['']
  return ends.map((end) => romajiKey(text + end))
}

/** True for a key that can be a Japanese name as a whole: such names differ by syllables, others by letters. */
export function isJapaneseReading(key: string): boolean {
  return SYLLABLES.test(key)
}

/** The key without voicing and without what small kana change, for blocks: リョウタ, リヨウタ and RYOHTA share it. */
export function looseReadingKey(key: string): string {
  let result = key.replace(/I(?=Y)/g, '')
  if (/[GZDBP]/.test(result)) result = result.replace(/[GZDBP]/g, (letter) => DEVOICED[letter] ?? letter)
  return result
}

const DEVOICED: Readonly<Record<string, string>> = { G: 'K', Z: 'S', D: 'T', B: 'H', P: 'H' }

function lettersOfKana(kana: string): string {
  let letters = ''
  for (const character of kana) letters = appended(letters, character)
  return spelled(letters)
}

function appended(letters: string, kana: string): string {
  if (kana === 'ー' || kana === 'ッ') return letters
  if (kana === 'ン') return `${letters}N`
  const y = SMALL_Y.indexOf(kana)
  if (y >= 0) return `${letters.endsWith('I') ? letters.slice(0, -1) : letters}Y${'AUO'.charAt(y)}`
  const vowel = SMALL_VOWELS[kana]
  if (vowel !== undefined) return `${/[UOEI]$/.test(letters) ? letters.slice(0, -1) : letters}${vowel}`
  return letters + (KANA_LETTERS[kana] ?? kana)
}

function spelled(latin: string): string {
  let key = latin
  for (const [spelling, letters] of ROMAJI_SPELLINGS) key = key.replace(spelling, letters)
  return key
}
