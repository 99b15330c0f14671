// The error table: one row a code, each explained in two languages, documented, and provoked by a fixture (style: count and code tests).

import { readFileSync } from 'node:fs'
import t from 'tap'
import { errorTable } from '../profiles/errors/index.ts'
import { readCases } from './scenarios/cases.ts'

const codes = errorTable.map(({ code }) => code)

/** Fixed, so that no row comes or goes unnoticed; a code is never used again for something else. */
const ROWS = 188

t.test('codes are unique, and as many as are known', async (t) => {
  t.same([...new Set(codes)], codes)
  t.equal(codes.length, ROWS)
})

t.test('every row says what is wrong and what helps, in English and Japanese', async (t) => {
  for (const { code, message, hint, ja } of errorTable) {
    t.ok(message.length > 0 && hint.length > 0, code)
    t.match(ja, /[\u3040-\u30ff\u4e00-\u9fff]/, `${code} in Japanese`)
  }
})

t.test('every row has an answer at each door', async (t) => {
  for (const { code, ihe, soap, v2, v3, http } of errorTable) {
    t.match(ihe, /^[A-Z][A-Za-z]+$/, code)
    t.match(soap.code, /^(Sender|Receiver|VersionMismatch|MustUnderstand)$/, code)
    t.match(v2.ack, /^A[AER]$/, code)
    t.match(v3.ack, /^C[ER]$/, code)
    t.ok(http >= 200 && http < 600, code)
  }
})

t.test('every row is provoked by a fixture, and no fixture expects another', async (t) => {
  const provoked = new Set(readCases().flatMap(({ expected }) => expected.code ?? []))
  t.same([...provoked].sort(), [...codes].sort())
})

t.test('every row is a heading of docs/errors.md', async (t) => {
  const headings = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8').match(/^## \S+$/gm) ?? []
  t.same(headings.map((line) => line.slice(3)).sort(), [...codes].sort())
})

t.test('every fixture says what it is', async (t) => {
  for (const { name, folder } of readCases()) {
    t.match(readFileSync(new URL('readme.md', folder), 'utf8'), /^# .+\n\n\S/, name)
  }
})
