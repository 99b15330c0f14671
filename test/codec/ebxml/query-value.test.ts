// The value grammar of stored query parameters, case by case (ITI TF-2 3.18.4.1.2.3.5).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import {
  MAX_PARAMETER_VALUES,
  parseCode,
  parseList,
  parseNumber,
  parsePattern,
  parseString,
  parseTime,
} from '../../../src/codec/ebxml/query-value.ts'
import { growthOf, LINEAR_AT_MOST } from '../../processor-time.ts'

const bad = { message: iheError('QUERY_PARAMETER_VALUE').message }

t.test('strings', async (t) => {
  t.equal(parseString('$p', "'a'"), 'a')
  t.equal(parseString('$p', "  'a b'\n"), 'a b')
  t.equal(parseString('$p', "''"), '')
  t.equal(parseString('$p', "'O''Hara'"), "O'Hara")
  t.equal(parseString('$p', "''''"), "'")
  t.equal(parseString('$p', "'𠮷^^^&1.2&ISO'"), '𠮷^^^&1.2&ISO')
  t.equal(parseString('$p', '1^^^&1.2&ISO'), '1^^^&1.2&ISO', 'unquoted is tolerated')
  for (const raw of ['', ' ', "'", "'a", "a'", "'a'b'", "'a''", "('a')", '"a"', "'a','b'", 'a(b'])
    t.throws(() => parseString('$p', raw), bad, raw)
})

t.test('lists', async (t) => {
  t.strictSame(parseList('$p', "('a')"), ['a'])
  t.strictSame(parseList('$p', "('a','b')"), ['a', 'b'])
  t.strictSame(parseList('$p', " ( 'a' , 'b' ) "), ['a', 'b'])
  t.strictSame(parseList('$p', "(\n'a',\n\t'b'\n)"), ['a', 'b'])
  t.strictSame(parseList('$p', "('a,b','c)d','(','''')"), ['a,b', 'c)d', '(', "'"])
  t.strictSame(parseList('$p', "('')"), [''])
  t.strictSame(parseList('$p', '("a","b")'), ['a', 'b'])
  t.strictSame(parseList('$p', '(a,b)'), ['a', 'b'])
  t.strictSame(parseList('$p', '(1)'), ['1'])
  for (const raw of [
    '',
    '()',
    '( )',
    "'a'",
    "'a','b'",
    "('a'",
    "'a')",
    "('a',)",
    "(,'a')",
    "('a''b)",
    "('a' 'b')",
    "('a','b",
    "(('a'))",
    "('a')('b')",
    "('a'),",
  ])
    t.throws(() => parseList('$p', raw), bad, raw)
})

t.test('lists are bounded, and long input is read in linear time', async (t) => {
  const list = (length: number) => `(${Array.from({ length }, (_, index) => `'${index}'`).join(',')})`
  t.equal(parseList('$p', list(MAX_PARAMETER_VALUES)).length, MAX_PARAMETER_VALUES)
  t.throws(() => parseList('$p', list(MAX_PARAMETER_VALUES + 1)), { message: iheError('QUERY_VALUES_LIMIT').message })
  const long = {
    quotes: (size: number) => `('${"''".repeat(size)})`,
    'blanks before': (size: number) => `(${' '.repeat(size)}x y)`,
    'blanks after': (size: number) => `('a'${' '.repeat(size)}!)`,
  }
  for (const [name, make] of Object.entries(long)) {
    t.throws(() => parseList('$p', make(500_000)), bad, name)
    const growth = await growthOf(make, (raw) => parseList('$p', raw), 125_000)
    t.ok(growth < LINEAR_AT_MOST, `${name}: ${growth}`)
  }
  const text = (size: number) => `'${"''".repeat(size)}`
  t.throws(() => parseString('$p', text(200_000)), bad)
  t.ok((await growthOf(text, (raw) => parseString('$p', raw), 50_000)) < LINEAR_AT_MOST)
})

t.test('codes', async (t) => {
  t.equal(parseCode('$p', 'LAB^^2.25.1'), 'LAB^^2.25.1')
  t.equal(parseCode('$p', '検査^^JAHIS'), '検査^^JAHIS')
  for (const raw of ['LAB', 'LAB^^', '^^2.25.1', 'LAB^x^2.25.1', 'LAB^2.25.1', 'LAB^^2.25.1^x', ''])
    t.throws(() => parseCode('$p', raw), bad, raw)
})

t.test('times are bare or quoted digits, padded to the second', async (t) => {
  t.equal(parseTime('$p', '2004'), '20040101000000')
  t.equal(parseTime('$p', '200402'), '20040201000000')
  t.equal(parseTime('$p', '20040229'), '20040229000000')
  t.equal(parseTime('$p', '2004022923'), '20040229230000')
  t.equal(parseTime('$p', "'20040229235959'"), '20040229235959')
  for (const raw of [
    '',
    '200',
    '20041',
    '20040230',
    '20050229',
    '2004022924',
    '200402292360',
    '20040229235960',
    '0000',
    '-2004',
    '2004-01-01',
    '20040229235959.5',
    '20040229235959+0900',
    '２００４',
  ])
    t.throws(() => parseTime('$p', raw), bad, raw)
})

t.test('numbers are bare, or quoted', async (t) => {
  t.equal(parseNumber('$p', ' 2 '), '2')
  t.equal(parseNumber('$p', "'1'"), '1')
  for (const raw of ['', 'two', '-1', '1.0', '1,2', '２', '1'.repeat(10)])
    t.throws(() => parseNumber('$p', raw), bad, raw)
})

t.test('patterns are bounded', async (t) => {
  t.equal(parsePattern('$p', '^Sa_o%^\\'), '^Sa_o%^\\')
  t.throws(() => parsePattern('$p', '%'.repeat(257)), bad)
})
