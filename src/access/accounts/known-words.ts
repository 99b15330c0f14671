// What everybody tries first: usual words in English and romaji, runs of keys on Japanese and other keyboards, dates, repetitions.
// Whole lists of leaked passwords are variations of these: the rule looks for the parts, however they are put together.

const ENGLISH =
  'admin administrator root user guest test tester demo login logon welcome hello letmein master secret private password passwd passphrase pass ' +
  'passcode change changeme default temp temporary initial access system server service network support office manager staff super security ' +
  'superuser computer internet windows linux apple google amazon microsoft oracle database monkey dragon football baseball soccer tennis ' +
  'superman batman pokemon shadow sunshine princess flower summer winter spring autumn january february march april june july august ' +
  'september october november december monday tuesday wednesday thursday friday saturday sunday love lovely iloveyou forever angel baby ' +
  'family friend mother father sister brother michael jennifer thomas charlie robert daniel george andrew joshua ashley jordan hunter ' +
  'freedom whatever trustno killer pepper ginger cookie cheese chocolate coffee banana orange purple silver golden yellow black white ' +
  'green happy lucky magic music money number dog cat tiger lion eagle horse star moon world japan tokyo osaka kyoto nagano doctor nurse ' +
  'clinic hospital medical health patient pharmacy pharmacist karte chart carte emergency ambulance'

const ROMAJI =
  'sakura haruka hanako taro tarou jiro ichiro yamada tanaka suzuki sato satou takahashi watanabe watanabe ito itou nakamura kobayashi kato ' +
  'katou yoshida sasaki yamamoto matsumoto inoue kimura hayashi shimizu yamazaki mori abe ikeda hashimoto yamashita ishikawa nakajima maeda ' +
  'ogawa fujita okada goto hasegawa murakami kondo ishii sakamoto endo aoki fujii nishimura fukuda miura fujiwara okamoto matsuda byouin ' +
  'byoin iin shinryojo yakkyoku kangoshi kango ishi isha yakuzaishi iryo iryou kanja renkei chiiki jimu jimukyoku uketsuke kanri kanrisha ' +
  'himitsu angou ango nihon nippon toukyou oosaka hokkaido fukuoka nagoya sapporo sendai hiroshima okinawa arigatou arigato konnichiwa ' +
  'ohayou sayonara daisuki aishiteru kawaii neko inu tori sora umi kaze hana yuki tsuki hoshi yume kokoro inochi genki shiawase tsunagi ' +
  'idlink idorinku karute denshi doraemon totoro naruto pikachu gundam mario nintendo toyota honda nissan sony'

/** Rows of keys: QWERTY as JIS and US keyboards have it, with the shifted ones, by row and by column; kana as JIS has it; letters in order. */
const RUNS: readonly string[] = [
  '1234567890-^\\',
  '1234567890-=',
  '!"#$%&\'()=~|',
  '!@#$%^&*()_+',
  'qwertyuiop@[',
  'asdfghjkl;:]',
  'zxcvbnm,./',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  'qazwsxedcrfvtgbyhnujmik,ol.p;/',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  '789456123',
  '147258369',
  'abcdefghijklmnopqrstuvwxyz',
  'たていすかんなにらせ',
  'ちとしはきくまのりれけむ',
  'つさそひこみもねるめ',
  'ぬふあうえおやゆよわほへ',
  'あいうえおかきくけこさしすせそたちつてとなにぬねの',
  'いろはにほへとちりぬるを',
]

/** As short as a run of keys may be that counts as one. */
const RUN_LENGTH = 3

export const knownWords: ReadonlySet<string> = new Set(`${ENGLISH} ${ROMAJI}`.split(' '))

const LONGEST_WORD = Math.max(...[...knownWords].map((word) => word.length))

const bothWays = RUNS.flatMap((run) => [run, [...run].reverse().join('')])

/** Length of the known word that begins there; 0: none. */
export function wordAt(text: string, at: number): number {
  for (let length = Math.min(LONGEST_WORD, text.length - at); length >= RUN_LENGTH; length -= 1)
    if (knownWords.has(text.slice(at, at + length))) return length
  return 0
}

/** Length of the run of neighbouring keys, or of one character again and again, that begins there; 0: none. */
export function runAt(text: string, at: number): number {
  return Math.max(repetitionAt(text, at), ...bothWays.map((run) => commonLength(run, text, at)))
}

function commonLength(run: string, text: string, at: number): number {
  const head = text.slice(at, at + RUN_LENGTH)
  if (head.length < RUN_LENGTH) return 0
  const start = run.indexOf(head)
  if (start < 0) return 0
  let length = RUN_LENGTH
  while (at + length < text.length && run[start + length] === text[at + length]) length += 1
  return length
}

/** One to six characters, three times or more; of two and more characters twice will do. */
function repetitionAt(text: string, at: number): number {
  let longest = 0
  for (let unit = 1; unit <= 6; unit += 1) {
    let length = unit
    while (at + length < text.length && text[at + length] === text[at + length - unit]) length += 1
    const times = Math.floor(length / unit)
    if (times >= (unit === 1 ? 3 : 2)) longest = Math.max(longest, times * unit)
  }
  return longest
}

/** A day or a year, western or Japanese, as birth dates are written: 19621103, 1962-11-03, 621103, S37.11.3, 1103, 1962. */
const DATE =
  /(?:(?:19|20)\d\d[-/.]?(?:1[0-2]|0?[1-9])[-/.]?(?:3[01]|[12]\d|0?[1-9])|(?:meiji|taisho|taishou|showa|shouwa|heisei|reiwa|[mtshr])\d{1,2}(?:[-/.]?(?:1[0-2]|0?[1-9])[-/.]?(?:3[01]|[12]\d|0?[1-9]))?|\d\d[-/.]?(?:0[1-9]|1[0-2])[-/.]?(?:3[01]|[12]\d|0[1-9])|(?:0[1-9]|1[0-2])(?:3[01]|[12]\d|0[1-9])(?:(?:19|20)\d\d)?|(?:19|20)\d\d)/y

/** Length of the date that begins there; 0: none. */
export function dateAt(text: string, at: number): number {
  DATE.lastIndex = at
  return DATE.exec(text)?.[0].length ?? 0
}
