// Folding of what describes a person: text, kana, kanji, Latin letters, dates, telephone, postal code, address, identifiers.

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { foldAddress } from '../../../src/identity/matching/address.ts'
import { birthDateOf, currentDate } from '../../../src/identity/matching/birth-date.ts'
import { foldIdentifier, foldPhone, foldPostalCode, foldSex } from '../../../src/identity/matching/contact.ts'
import { foldKana, foldKanaLoose } from '../../../src/identity/matching/fold-kana.ts'
import { equalButForLost, foldKanji, foldKanjiNear } from '../../../src/identity/matching/fold-kanji.ts'
import { foldName } from '../../../src/identity/matching/fold-name.ts'
import { fold } from '../../../src/identity/matching/fold-text.ts'
import { isJapaneseReading, looseReadingKey, romajiKey } from '../../../src/identity/matching/romaji.ts'

const TODAY = '20261121'

function allSame(t: Test, folded: (text: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) t.same(folded(text), folded(texts[0] ?? ''), text)
}

t.test('text: width, invisible characters, case and accents do not tell apart', async (t) => {
  allSame(t, fold, ['タカハシ', 'ﾀｶﾊｼ', 'タ\u200Bカハシ\u{FEFF}'])
  allSame(t, fold, ['ガ', 'ｶﾞ', 'カ\u3099', 'カ゛'])
  allSame(t, fold, ['葛', '葛\u{E0100}', '葛\u{FE00}'])
  allSame(t, fold, ['OHNO MIO', ' Ｏｈｎｏ\u3000ｍｉｏ', 'Ōhno\tMïo'])
  allSame(t, fold, ['DANG THI DUC', 'Đặng Thị Đức'])
  allSame(t, fold, ['OSTERGAARD AEGIR', 'Østergaard Ægir'])
  t.not(fold('が'), fold('か'), 'a voicing mark is no accent')
})

t.test('kana, strictly: equal is the same reading', async (t) => {
  allSame(t, foldKana, ['タカハシハナコ', 'たかはし はなこ', 'ﾀｶﾊｼ･ﾊﾅｺ'])
  allSame(t, foldKana, ['コージ', 'コ-ジ', 'コ一ジ', 'コ−ジ', 'こーじ'])
  allSame(t, foldKana, ['ミスズ', 'みすゞ', 'ミスヾ', 'ミスヅ'])
  allSame(t, foldKana, ['ジズオイエ', 'ヂヅヲヰヱ'])
  allSame(t, foldKana, ['バブ', 'ヴァヴ'])
  t.not(foldKana('ショウタ'), foldKana('シヨウタ'))
  t.not(foldKana('タカダ'), foldKana('タカタ'))
})

t.test('kana, loosely: small kana, long vowels and voicing do not tell apart', async (t) => {
  allSame(t, foldKanaLoose, ['ショウタ', 'シヨウタ', 'ショータ', 'ショオタ'])
  allSame(t, foldKanaLoose, ['ユウコ', 'ユーコ', 'ユコ'])
  allSame(t, foldKanaLoose, ['オオノ', 'オーノ', 'オノ'])
  allSame(t, foldKanaLoose, ['ナカジマ', 'ナカシマ'])
  t.not(foldKanaLoose('ケイコ'), foldKanaLoose('ケコ'), 'エイ is long only at the end')
})

t.test('kanji: old and variant forms are equal, look-alikes near, lost characters match any one', async (t) => {
  allSame(t, foldKanji, ['高橋', '髙橋', '高 橋', '髙𣘺'])
  allSame(t, foldKanji, ['渡辺', '渡邊', '渡邉'])
  allSame(t, foldKanji, ['佐佐木', '佐々木'])
  allSame(t, foldKanji, ['関ケ原', '関ヶ原', '関が原', '關ヶ原'])
  allSame(t, foldKanji, ['山崎', '山﨑', '山嵜'])
  allSame(t, foldKanjiNear, ['斉藤', '斎藤', '齊藤', '齋藤'])
  t.not(foldKanji('斉藤'), foldKanji('斎藤'))
  allSame(t, foldKanji, ['●橋', '\u{E000}橋', '〓橋', '?橋', '\u{FFFD}橋'])
  t.ok(equalButForLost(foldKanji('●橋'), foldKanji('髙橋')))
  t.notOk(equalButForLost(foldKanji('●橋'), foldKanji('板倉')))
})

t.test('Latin letters and kana of one reading share a key', async (t) => {
  allSame(t, romajiKey, ['TAKAHASHI', 'Takahasi', 'タカハシ', 'ﾀｶﾊｼ'])
  allSame(t, romajiKey, ['Ohno', 'OONO', 'Ono', 'オオノ', 'おおの'])
  allSame(t, romajiKey, ["Jun'ichi", 'JUNICHI', 'ジュンイチ'])
  allSame(t, romajiKey, ['RYOHTA', 'Ryouta', 'Ryōta', 'リョウタ'])
  allSame(t, romajiKey, ['HOMMA', 'HONMA', 'ホンマ'])
  allSame(t, romajiKey, ['HATTORI', 'ハットリ'])
  allSame(t, (text) => looseReadingKey(romajiKey(text)), ['リョウタ', 'リヨウタ', 'RYOTA'])
  t.ok(isJapaneseReading(romajiKey('Haruto')))
  t.notOk(isJapaneseReading(romajiKey('Sondergeld')))
})

t.test('names: script by their characters, notes and forms of address off, newborns known', async (t) => {
  const read = (family: string, given: string) => foldName({ representation: 'IDE', family, given })
  t.same(read('山田 花子', '').names, [{ script: 'kanji', family: '山田', given: '花子' }])
  t.same(read('山田', '花子様').names, read('山田', '花子').names)
  t.match(read('やまだ', 'ﾊﾅｺ').names, [
    { script: 'kana', family: 'ヤマダ', given: 'ハナコ', reading: ['YAMADA', 'HANAKO'] },
  ])
  t.match(read('Yamada', 'Hanako').names, [{ script: 'latin', family: 'YAMADA', given: 'HANAKO' }])
  for (const family of ['O’Brien', 'O‘Brien', 'O`Brien', 'O‐Brien', 'O–Brien', 'O・Brien'])
    t.same(read(family, 'Ann').names, read("O'Brien", 'Ann').names, family)
  t.same(read('Đặng', 'Đức').names, read('DANG', 'DUC').names)
  t.ok(read('山田', '花子(同姓同名あり)').namesake)
  t.equal(read('山田(旧姓 佐藤)', '花子').names[1]?.family, '佐藤')
  t.same(read('不明', 'テスト').names, [])
  t.match(read('山田', 'ベビーB'), { newborn: true, newbornOrder: 2, names: [{ family: '山田', given: '' }] })
  t.match(read('山田', '花子の子'), { newborn: true })
  t.match(read('ヤマダ', 'BABY A'), { newborn: true, newbornOrder: 1 })
  t.match(read('山田', '第2子'), { newborn: true, newbornOrder: 2 })
})

t.test('birth dates: eras, partial, impossible, placeholders', async (t) => {
  const read = (text: string) => birthDateOf(text, TODAY)
  allSame(t, read, [
    '19850307',
    '1985-03-07',
    'S60.3.7',
    '昭和60年3月7日',
    'S600307',
    '3600307',
    '１９８５年３月７日',
    '198503071230',
    '19850307+0900',
    '19850307123000+0900',
    '19850307123000.25-0500',
    '19850307000000.000+0900',
  ])
  t.same(read('昭和元年12月26日'), { digits: '19261226', plausible: true })
  t.same(read('昭和65年1月1日'), { digits: '19900101', plausible: true }, 'paper runs on')
  t.same(read('H60.3.7'), { digits: '20480307', plausible: false })
  t.same(read('20261122'), { digits: '20261122', plausible: false }, 'born tomorrow')
  const halfPastMidnight = Date.UTC(2024, 1, 28, 15, 30)
  t.equal(currentDate(halfPastMidnight), '20240229', 'a child born in Japan before nine is not born tomorrow')
  t.same(read('19850231'), { digits: '19850231', plausible: false })
  t.same(read('1985'), { digits: '1985', plausible: true })
  for (const nothing of ['19000101', '19010101', '99991231', '18001231', '', 'none']) t.equal(read(nothing), undefined)
})

t.test('telephone, postal code, sex, identifiers', async (t) => {
  allSame(t, foldPhone, [
    '09011112222',
    'tel:+81-90-1111-2222',
    '０９０－１１１１－２２２２',
    '+81(0)90 1111 2222 内線5',
  ])
  for (const none of ['0120-111-222', '000-0000-0000', '03-0000-0000', 'mailto:a@b.example', '12'])
    t.equal(foldPhone(none), undefined)
  allSame(t, foldPostalCode, ['1000001', '〒100-0001', '１００－０００１'])
  t.equal(foldPostalCode('000-0000'), undefined)
  t.same(['1', '男', 'f', '女性', 'UN', '9'].map(foldSex), ['M', 'M', 'F', 'F', undefined, undefined])
  t.equal(foldIdentifier('12 34-01^^^&2.25.7&ISO'), '2.25.7|123401')
  for (const none of ['0000^^^&2.25.7&ISO', '12345678^^^&2.25.7&ISO', '^^^&2.25.7&ISO', '77'])
    t.equal(foldIdentifier(none), undefined)
})

t.test('addresses: town, number and building in one spelling', async (t) => {
  const read = (text: string) => foldAddress({ text })
  allSame(t, read, [
    '架空市丸ノ内1-2-3サクラハイツ101',
    '東京都架空市丸の内一丁目2番3号 サクラハイツ101号室',
    '〒100-0001 架空市丸之内１丁目２－３　ｻｸﾗﾊｲﾂ１０１',
    '架空市大字丸の内1の2の3サクラハイツ 101',
  ])
  t.same(read('架空市丸の内1-2-3')?.number, '1-2-3')
  t.same(read('四日市市架空町十二番地の3')?.number, '12-3')
  t.same(read('四日市市架空町十二番地の3')?.places, ['四日市市架空町'], 'numerals in names stay')
  t.same(read('6 Cross Street, Upper Hill, VIC'), {
    postalCode: '',
    places: ['CROSSSTREET', 'UPPERHILL', 'VIC'],
    number: '6',
    building: '',
  })
  for (const none of ['住所不定', '不明', '']) t.equal(read(none), undefined)
})

const anyName = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'アヴヂォャッーウオゾ々ヾがｶﾞｰ゛一髙斎●邉エイaZōé１-・ \u3000\u{E0100}') }),
  fc.string(),
)

t.test('folding what is folded changes nothing', async () => {
  for (const folded of [fold, foldKana, foldKanaLoose, foldKanji, foldKanjiNear]) {
    fc.assert(fc.property(anyName, (text) => folded(folded(text)) === folded(text)))
  }
})
