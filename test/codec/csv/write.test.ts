// CSV for spreadsheets: quoting (RFC 4180) and cells that would be formulas (security d.10).

import t from 'tap'
import { CSV_MARK, csvLine } from '../../../src/codec/csv/write.ts'

t.test('cells are quoted where they have to be, lines end with CRLF', async (t) => {
  t.equal(csvLine(['a', '', '架空']), 'a,,架空\r\n')
  t.equal(csvLine(['a,b', 'say "x"', 'one\ntwo']), '"a,b","say ""x""","one\ntwo"\r\n')
  t.equal(Buffer.from(CSV_MARK).toString('hex'), 'efbbbf')
})

t.test('a cell that begins like a formula is text', async (t) => {
  for (const begin of ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t'])
    t.equal(csvLine([`${begin}HYPERLINK(1)`]), `'${begin}HYPERLINK(1)\r\n`, JSON.stringify(begin))
  t.equal(csvLine(['\r=1', '\n=1']), `"'\r=1","'\n=1"\r\n`)
  t.equal(csvLine(['=1,"2"']), `"'=1,""2"""\r\n`)
  t.equal(csvLine(['a=1', '1-2']), 'a=1,1-2\r\n', 'elsewhere these signs are harmless')
})
