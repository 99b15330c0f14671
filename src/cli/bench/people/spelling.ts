// How one name comes to be spelled in two ways: old and confused kanji, kana without small letters, long vowels, half width.

import type { Random } from './random.ts'

/** Forms of one kanji that registers and old systems use for one another; the register's own form first. */
const OLD_FORMS: ReadonlyMap<string, readonly string[]> = forms(`
高髙 崎﨑嵜 辺邊邉 沢澤 浜濱濵 広廣 桜櫻 島嶋嶌 富冨 徳德 真眞 恵惠 栄榮 滝瀧 蔵藏 円圓 寿壽 実實 静靜 曽曾 条條 浅淺 渋澁 鉄鐵 万萬 与與 豊豐 頼賴
弥彌 吉𠮷 斉齊 斎齋 関關 塩鹽 峰峯 船舩 野埜 桑桒 土圡 柳栁 橋槗 国國 清淸 学學 竜龍 会會 証證 仏佛
`)

/** Kanji that are different characters but taken for one another at the desk. */
const CONFUSED: ReadonlyMap<string, readonly string[]> = forms(`
斉斎 斎斉 太大 大太 裕祐 祐裕 佑祐 郎朗 朗郎 伸信 信伸 川河 河川 原源 堀掘 萩荻 荻萩 坂阪 藤籐 助介 介助 輔介 治次 次治 渕淵 淵渕 一市
`)

function forms(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    text
      .trim()
      .split(/\s+/u)
      .map((group) => {
        const [usual = '', ...others] = group
        return [usual, others]
      }),
  )
}

export function hasOldForm(text: string): boolean {
  return hasForm(OLD_FORMS, text)
}

export function canBeConfused(text: string): boolean {
  return hasForm(CONFUSED, text)
}

/** One kanji of the text in another form. */
export function inOldForm(text: string, random: Random): string {
  return inForm(OLD_FORMS, text, random)
}

export function confused(text: string, random: Random): string {
  return inForm(CONFUSED, text, random)
}

function hasForm(table: ReadonlyMap<string, readonly string[]>, text: string): boolean {
  for (const char of text) if (table.has(char)) return true
  return false
}

function inForm(table: ReadonlyMap<string, readonly string[]>, text: string, random: Random): string {
  const chars = [...text]
  const places = [...chars.keys()].filter((index) => table.has(chars[index] ?? ''))
  if (places.length === 0) return text
  const place = random.pick(places)
  return chars.with(place, random.pick(table.get(chars[place] ?? '') ?? [''])).join('')
}

/** What systems print for a kanji outside their character set. */
const UNKNOWN = ['●', '●', '〓', '?', '□', '\u{E000}']

export function withUnknownKanji(text: string, random: Random): string {
  const chars = [...text]
  return chars.with(random.below(chars.length), random.pick(UNKNOWN)).join('')
}

const SMALL = 'ァィゥェォッャュョヮ'
const LARGE = 'アイウエオツヤユヨワ'
const ANY_SMALL = /[ァィゥェォッャュョヮ]/u
const ALL_SMALL = /[ァィゥェォッャュョヮ]/gu

export function hasSmallKana(kana: string): boolean {
  return ANY_SMALL.test(kana)
}

/** As systems with bank-style kana write it: シヨウタ. */
export function withoutSmallKana(kana: string): string {
  return kana.replace(ALL_SMALL, (char) => LARGE.charAt(SMALL.indexOf(char)))
}

const LONG_VOWEL = /(?<=[オコソトノホモヨロゴゾドボポョ])[ウオ]|(?<=[ウクスツヌフムユルグズブプュ])ウ/u

export function hasLongVowel(kana: string): boolean {
  return LONG_VOWEL.test(kana)
}

/** Another spelling of a long vowel: ユーコ or ユコ for ユウコ. */
export function withOtherLongVowel(kana: string, random: Random): string {
  return kana.replace(LONG_VOWEL, random.chance(0.6) ? 'ー' : '')
}

const HALF: ReadonlyMap<string, string> = halfWidthTable()

/** Each katakana by what NFKC makes of the half-width forms (U+FF66–U+FF9F), voiced ones as two characters. */
function halfWidthTable(): ReadonlyMap<string, string> {
  const table = new Map<string, string>()
  for (let code = 0xff66; code <= 0xff9d; code++) {
    const half = String.fromCharCode(code)
    for (const written of [half, `${half}\uff9e`, `${half}\uff9f`]) {
      const kana = written.normalize('NFKC')
      if (kana.length === 1) table.set(kana, written)
    }
  }
  return table
}

export function halfWidth(kana: string): string {
  let out = ''
  for (const char of kana) out += HALF.get(char) ?? char
  return out
}

const ROMAJI: ReadonlyMap<string, string> = romajiTable()

function romajiTable(): ReadonlyMap<string, string> {
  const rows = `ア a イ i ウ u エ e オ o カ ka キ ki ク ku ケ ke コ ko サ sa シ shi ス su セ se ソ so タ ta チ chi ツ tsu テ te ト to ナ na ニ ni ヌ nu ネ ne ノ no
    ハ ha ヒ hi フ fu ヘ he ホ ho マ ma ミ mi ム mu メ me モ mo ヤ ya ユ yu ヨ yo ラ ra リ ri ル ru レ re ロ ro ワ wa ヲ o ン n ガ ga ギ gi グ gu ゲ ge ゴ go
    ザ za ジ ji ズ zu ゼ ze ゾ zo ダ da ヂ ji ヅ zu デ de ド do バ ba ビ bi ブ bu ベ be ボ bo パ pa ピ pi プ pu ペ pe ポ po
    キャ kya キュ kyu キョ kyo シャ sha シュ shu ショ sho チャ cha チュ chu チョ cho ニャ nya ニュ nyu ニョ nyo ヒャ hya ヒュ hyu ヒョ hyo ミャ mya ミュ myu ミョ myo
    リャ rya リュ ryu リョ ryo ギャ gya ギュ gyu ギョ gyo ジャ ja ジュ ju ジョ jo ビャ bya ビュ byu ビョ byo`
  const parts = rows.trim().split(/\s+/u)
  return new Map(parts.flatMap((kana, index) => (index % 2 === 0 ? [[kana, parts[index + 1] ?? '']] : [])))
}

/** Hepburn as passports have it: long vowels short, ッ doubles what follows. */
export function romaji(kana: string): string {
  let out = ''
  let doubles = false
  for (let index = 0; index < kana.length; index++) {
    const two = ROMAJI.get(kana.slice(index, index + 2))
    const sound = two ?? ROMAJI.get(kana.charAt(index)) ?? ''
    out += doubles ? sound.charAt(0) + sound : sound
    doubles = kana.charAt(index) === 'ッ'
    if (two !== undefined) index++
  }
  return out.replace(/ou|oo/gu, 'o').replace(/uu/gu, 'u').toUpperCase()
}
