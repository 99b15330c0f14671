// Bytes of CSV files: what Shift_JIS has comes back from an independent decoder, what it lacks is told by a mark (idlink L-2).

import t from 'tap'
import { csvBegin, csvBytes } from '../../../src/codec/csv/encode.ts'
import { csvLine } from '../../../src/codec/csv/write.ts'

const read = (bytes: Buffer) => new TextDecoder('shift_jis', { fatal: true }).decode(bytes)

t.test('UTF-8 begins with its mark, Shift_JIS with nothing', async (t) => {
  t.equal(csvBegin('utf-8').toString('hex'), 'efbbbf')
  t.equal(csvBegin('shift_jis').length, 0)
  t.equal(csvBytes('検査,"結果"\r\n', 'utf-8').toString('utf8'), '検査,"結果"\r\n')
})

t.test('Shift_JIS round trip by TextDecoder: kanji, kana of any width, letters of vendors, ASCII', async (t) => {
  const text = 'ContentID,架空中央病院,髙橋 はなこ,ﾊﾅｺ,①Ⅲ㈱,患者ID 0001\r\n'
  t.equal(read(csvBytes(text, 'shift_jis')), text)
})

t.test(
  'what the tables write differently is written as Shift_JIS has it; what it lacks is 〓, the rest stays',
  async (t) => {
    t.equal(read(csvBytes('10〜20−5—¥', 'shift_jis')), '10～20－5―\\')
    t.equal(read(csvBytes('𠮷田 😀 山田', 'shift_jis')), '〓田 〓 山田')
  },
)

t.test('no cell becomes a formula by what Shift_JIS makes of its first sign (security d.10)', async (t) => {
  for (let code = 0x20; code <= 0xffff; code += 1) {
    const sign = String.fromCharCode(code)
    if (/[\ud800-\udfff",]/.test(sign)) continue
    const [line = ''] = read(csvBytes(csvLine([`${sign}HYPERLINK(1)`]), 'shift_jis')).split('\r\n')
    if (/^[=+\-@＝＋－＠]/.test(line)) t.fail(`U+${code.toString(16)} begins a formula`)
  }
})
