// Kana as they are read: what is written differently and sounds alike, and the Latin letters for each.

/** Written differently, read alike in modern names. */
export const SAME_READING: Readonly<Record<string, string>> = {
  ヰ: 'イ',
  ヱ: 'エ',
  ヲ: 'オ',
  ヂ: 'ジ',
  ヅ: 'ズ',
  ヷ: 'バ',
  ヺ: 'ボ',
}

/** ヴ with the small vowel after it. */
export const VU_READING: Readonly<Record<string, string>> = { ァ: 'バ', ィ: 'ビ', ェ: 'ベ', ォ: 'ボ' }

export const SMALL_KANA: Readonly<Record<string, string>> = {
  ァ: 'ア',
  ィ: 'イ',
  ゥ: 'ウ',
  ェ: 'エ',
  ォ: 'オ',
  ッ: 'ツ',
  ャ: 'ヤ',
  ュ: 'ユ',
  ョ: 'ヨ',
  ヮ: 'ワ',
  ヵ: 'カ',
  ヶ: 'ケ',
}

/** Voiced and half-voiced kana, and the same without marks, place by place. */
export const VOICED = 'ガギグゲゴザジズゼゾダデドバビブベボパピプペポ'
export const UNVOICED = 'カキクケコサシスセソタテトハヒフヘホハヒフヘホ'

/** Kana of the o and u columns, after which ウ (and オ) lengthens, and of the e column. */
export const O_COLUMN = 'オコソトノホモヨロゴゾドボポョ'
export const U_COLUMN = 'ウクスツヌフムユルグズブプュ'
export const E_COLUMN = 'エケセテネヘメレゲゼデベペ'

/** Kunrei-like letters of a kana: one spelling for what Hepburn, kunrei and passports spell in several ways. */
export const KANA_LETTERS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['', 'アイウエオ'],
    ['K', 'カキクケコ'],
    ['S', 'サシスセソ'],
    ['T', 'タチツテト'],
    ['N', 'ナニヌネノ'],
    ['H', 'ハヒフヘホ'],
    ['M', 'マミムメモ'],
    ['Y', 'ヤ?ユ?ヨ'],
    ['R', 'ラリルレロ'],
    ['W', 'ワ????'],
    ['G', 'ガギグゲゴ'],
    ['Z', 'ザジズゼゾ'],
    ['D', 'ダ??デド'],
    ['B', 'バビブベボ'],
    ['P', 'パピプペポ'],
  ].flatMap(([consonant = '', row = '']) =>
    [...row].flatMap((kana, column) => (kana === '?' ? [] : [[kana, consonant + 'AIUEO'.charAt(column)]])),
  ),
)

/** Spellings of one sound in Latin letters, in the order in which they are replaced; the right side is the key's own. */
export const ROMAJI_SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/[^A-Z]/g, ''],
  [/TCH/g, 'TY'],
  [/SHI/g, 'SI'],
  [/CHI/g, 'TI'],
  [/TSU/g, 'TU'],
  [/DZU|DU/g, 'ZU'],
  [/DI/g, 'ZI'],
  [/SH/g, 'SY'],
  [/CH/g, 'TY'],
  [/F/g, 'H'],
  [/JI/g, 'ZI'],
  [/JY|J/g, 'ZY'],
  [/V/g, 'B'],
  [/M(?=[BMP])/g, 'N'],
  [/([B-DF-HJ-MP-TV-Z])\1+/g, '$1'],
  [/L/g, 'R'],
  [/OH(?![AEIOUY])/g, 'O'],
  [/O[OU]+/g, 'O'],
  [/UU+/g, 'U'],
  [/AA+/g, 'A'],
  [/II+/g, 'I'],
  [/EE+|EI$/g, 'E'],
  [/NN+/g, 'N'],
]
