// Words and values that stand in a person's fields without being one: honorifics, notes, newborns, placeholders.

/** After a name: forms of address that are no part of it. */
export const HONORIFICS: readonly string[] = [
  '様',
  '殿',
  'さま',
  'さん',
  'サマ',
  'サン',
  'SAMA',
  'SAN',
  'MR',
  'MRS',
  'MS',
]

/** Staff wrote that another patient has the very same name. */
export const NAMESAKE_NOTE = /同姓同名|同名異人|ドウセイドウメイ/u

/** From here on, or in brackets, a name field holds a note. */
export const NAME_NOTES = /\([^)]*\)?|\[[^\]]*\]?|【[^】]*】?|[※*].*$/gu

/** A former family name inside a note. */
export const FORMER_NAME_NOTE = /旧姓[:\s]*([^\s)\]】]+)/u

/** What is written for a child that has no name yet; what is left tells which of several. */
export const NEWBORN =
  /ベビー|ベイビー|ベビ[-~]|新生児|シンセイジ|第[0-9一二三]+子|[男女]児|[のノ]子$|^BABY|\bBABY\b|NEWBORN|\bNB\b/u

/** Which of several children without a name. */
export const NEWBORN_ORDER =
  /(?:ベビー|ベイビー|BABY|新生児|児)\s*(?:BOY|GIRL)?\s*[-#]?\s*([A-E1-5一二三])$|第([1-5一二三])子/u

/** Whole names, folded, that say that nothing is known. */
export const PLACEHOLDER_NAMES: ReadonlySet<string> = new Set([
  ...[
    '不明',
    '氏名不明',
    '匿名',
    'テスト',
    '氏名未登録',
    '未登録',
    '未入力',
    '名無',
    '名無シ',
    '名無しの権兵衛',
    'ナナシ',
    '患者',
    '無名',
  ],
  ...[
    'フメイ',
    'トクメイ',
    'シメイフメイ',
    'ミトウロク',
    'ダミー',
    'ABC',
    'TEST',
    'UNKNOWN',
    'DUMMY',
    'NONAME',
    'XXX',
    'ANONYMOUS',
  ],
])

/** Dates that systems enter for an unknown birth. */
export const PLACEHOLDER_BIRTHS: ReadonlySet<string> = new Set(['19000101', '19010101', '18680101', '11111111'])

export const PLACEHOLDER_PHONES = /^(\d)\1+$|^000|^0?1234567890?$|^0?123456789\d?$|^0\d{1,3}0{6,8}$/

export const PLACEHOLDER_POSTAL_CODES: ReadonlySet<string> = new Set([
  '0000000',
  '9999999',
  '000',
  '999',
  '00000',
  '99999',
])

/** Address lines, folded, without an address. */
export const PLACEHOLDER_ADDRESSES = /^(不明|同上|住所不定|住所不明|未登録|未入力|ナシ|なし|無|UNKNOWN|NONE|-)*$/u

/** Identifier values without a person: one digit all along, or digits counted up. */
export const PLACEHOLDER_IDENTIFIERS = /^(.?)\1*$|^0?12345(?:6(?:7(?:8(?:90?)?)?)?)?$/
