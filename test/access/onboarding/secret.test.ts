// The code of an invitation: 128 bits and more, read the same however it is typed (security a.5: invitations).

import t from 'tap'
import { digestOf, newSecret } from '../../../src/access/onboarding/secret.ts'

t.test('codes have 28 symbols of five bits, none of which looks like another, and never come twice', async (t) => {
  const codes = Array.from({ length: 2000 }, newSecret)
  t.equal(new Set(codes).size, codes.length)
  for (const code of codes) if (!/^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/.test(code)) t.fail(code)
  const counts = new Map<string, number>()
  for (const symbol of codes.join('').replaceAll('-', '')) counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
  t.equal(counts.size, 32, 'every symbol comes')
  const usual = (codes.length * 28) / 32
  for (const [symbol, count] of counts) t.ok(Math.abs(count - usual) < usual * 0.15, `${symbol}: ${count}`)
})

t.test('case, width, hyphens and spaces do not matter; O is zero, I and L are one', async (t) => {
  const digest = digestOf('10AB-CDEF-GHJK-MNPQ-RSTV-WXYZ-2345')
  for (const typed of [
    '10abcdefghjkmnpqrstvwxyz2345',
    ' lO AB CDEF GHJK MNPQ RSTV WXYZ 2345\n',
    'IoAB–CDEF—GHJK－MNPQ‐RSTV_WXYZ-2345',
    '１０ＡＢ－ＣＤＥＦ－ＧＨＪＫ－ＭＮＰＱ－ＲＳＴＶ－ＷＸＹＺ－２３４５',
  ])
    t.equal(digestOf(typed), digest, typed)
  t.not(digestOf('10AB-CDEF-GHJK-MNPQ-RSTV-WXYZ-2346'), digest)
  t.match(digest, /^[0-9a-f]{64}$/)
})
