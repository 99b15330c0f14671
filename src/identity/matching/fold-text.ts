// Folding that every text of a person goes through first: width, invisible characters, case and accents of Latin letters.

/** Controls (a tab or line break is a blank before), byte order mark, soft hyphen, zero-width characters and variation selectors: nobody sees them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Variation_Selector}]/gu
const ACCENTS_AFTER_LATIN = /(?<=[A-Z])\p{Mn}+/gu
const NEEDS_ACCENT_FOLD = /[\u{C0}-\u{24F}\u{1E00}-\u{1EFF}]|\p{Mn}/u
/** Voicing marks that stand on nothing that can be voiced. */
const STRAY_VOICING = /[\u3099\u309A]/g
const PLAIN = /^[A-Z0-9 ]*$/

/**
 * Width, case and what is invisible do not tell two texts apart: ﾀｶﾊｼ is タカハシ, Ｏｈｎｏ is OHNO, ō is O.
 * Blanks are one blank each. Kanji and kana stay the characters that they are; foldKanji and foldKana go further.
 */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.includes(' ') ? collapsed(text) : text
  const wide = text
    .replace(/[\t\n\r]/g, ' ')
    .replace(INVISIBLE, '')
    .replaceAll('\u309B', '\u3099')
    .replaceAll('\u309C', '\u309A')
  const upper = wide.normalize('NFKC').replace(STRAY_VOICING, '').toUpperCase()
  return collapsed(NEEDS_ACCENT_FOLD.test(upper) ? withoutAccents(upper) : upper)
}

function collapsed(text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}

/** Accents of Latin letters only: taken apart in the same way, ガ would become カ. */
function withoutAccents(text: string): string {
  return text
    .replace(/[\u{C0}-\u{24F}\u{1E00}-\u{1EFF}]/gu, (letter) => letter.normalize('NFD'))
    .replace(ACCENTS_AFTER_LATIN, '')
    .replace(/[ØŁĐÐÆŒÞ]/g, (letter) => WITHOUT_STROKE[letter] ?? letter)
}

/** Letters whose accents Unicode does not take apart; passports spell them like this (ICAO Doc 9303-3, 6). */
const WITHOUT_STROKE: Readonly<Record<string, string>> = {
  Ø: 'O',
  Ł: 'L',
  Đ: 'D',
  Ð: 'D',
  Æ: 'AE',
  Œ: 'OE',
  Þ: 'TH',
}
