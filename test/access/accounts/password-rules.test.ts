// The table of password rules, as pure functions (idlink S-2; security f).

import t from 'tap'
import { dateAt, knownWords, runAt, wordAt } from '../../../src/access/accounts/known-words.ts'
import {
  likeFormer,
  type PasswordOwner,
  passwordFault,
  strengthOf,
} from '../../../src/access/accounts/password-rules.ts'
import { leastCpuMs } from '../../processor-time.ts'

const owner: PasswordOwner = {
  words: ['sato-hanako', '佐藤 花子', 'サトウ ハナコ', 'sato', 'clinic-b', '見本クリニック', '1399100023'],
  secondFactor: 'none',
}
const withSecondFactor: PasswordOwner = { ...owner, secondFactor: 'in use' }

const fault = (password: string, of: PasswordOwner = owner) => passwordFault(password, of)?.fault ?? 'none'

t.test('thirteen characters, or eight with a second factor', async (t) => {
  t.equal(fault('mx7kq2vw9zbt'), 'too short')
  t.equal(fault('mx7kq2vw9zbtr'), 'none')
  t.equal(fault('mx7kq2v', withSecondFactor), 'too short')
  t.equal(fault('mx7kq2vw', withSecondFactor), 'none')
  t.equal(fault('漢字仮名交り文で十三文字1'), 'none', 'characters are counted, not bytes')
  t.equal(fault(`a1${'x'.repeat(127)}`), 'too long')
})

t.test('letters and digits, of any alphabet and width', async (t) => {
  t.equal(fault('mxkqvwzbtrmxkqvwzb'), 'letters and digits')
  t.equal(fault('8452096713058412'), 'letters and digits')
  t.equal(fault('ｍｘ７ｋｑ２ｖｗ９ｚｂｔｒ'), 'none', 'full width is the same password')
})

t.test('what everybody tries is refused, however it is dressed up', async (t) => {
  for (const password of [
    'password12345',
    'Password2026!!',
    'P@ssw0rdP@ssw0rd1',
    'administrator1',
    'Administrator123!',
    'admin1234567890',
    '12345678abcdefgh',
    'qwertyuiop123',
    '1qaz2wsx3edc4rfv',
    '1q2w3e4r5t6y7u',
    'zxcvbnm,./12345',
    'asdfghjkl;:]1',
    'poiuytrewq0987',
    'aaaaaaaaaaaa1',
    'abcabcabcabc123',
    'a1b2a1b2a1b2a1b2',
    'sakura19900405',
    'tanaka1962-11-03',
    'S37.11.3showa37',
    'letmein20262026',
    'byouin12345678',
    'kangoshi2026nen',
    'tsunagi2026tsunagi',
    'たていすかんなにらせ123',
    'welcome1welcome2',
  ])
    t.equal(fault(password), 'well known', password)
})

t.test('names of the person and of the facility count for nothing', async (t) => {
  for (const password of [
    'sato-hanako-2026',
    'SatoHanako12345',
    's@toh@n@ko1999x',
    'hanako.sato.77x',
    'サトウハナコ19621103',
    'さとうはなこ2026年です',
    '佐藤花子の病院20260101です',
    'clinic-b-clinic-b-1',
    '見本クリニック123456',
    '1399100023-sato',
  ])
    t.equal(fault(password), 'well known', password)
  t.equal(strengthOf('sato', ['sato']), 0)
})

t.test('what nobody would guess passes', async (t) => {
  for (const password of [
    'correct horse battery staple 7',
    'Tz9-wubiq-mopaf',
    '雨の日は電車で3駅歩くつもり',
    'gz4Wq8nL2vXcY',
    'kitsune udon 3 mugi cha',
  ])
    t.equal(fault(password), 'none', password)
})

t.test('the new one is unlike the one before: four edits, neither within the other', async (t) => {
  const former = 'mx7kq2vw9zbtr'
  for (const like of [
    former,
    'mx7kq2vw9zbtr1',
    `a${former}`,
    'mx7kq2vw9',
    'MX7KQ2VW9ZBTR',
    'mx7kq2vw9zXYZ',
    'mx8kq3vw0zbtr',
    'x7kq2vw9zbtrmm',
  ])
    t.ok(likeFormer(like, former), like)
  t.notOk(likeFormer('mx7kq2vw9WXYZ', former), 'four are enough')
  t.notOk(likeFormer('gz4wq8nl2vxcy', former))
})

t.test('parts: words, runs of keys, repetitions, dates', async (t) => {
  t.equal(wordAt('xpassword', 1), 8)
  t.equal(wordAt('xpassword', 0), 0)
  t.equal(runAt('qwert!', 0), 5)
  t.equal(runAt('lkjhg', 0), 5, 'backwards')
  t.equal(runAt('1qaz2wsx', 0), 8)
  t.equal(runAt('7777', 0), 4)
  t.equal(runAt('qz', 0), 0)
  for (const [text, length] of [
    ['19621103', 8],
    ['1962-11-03', 10],
    ['621103', 6],
    ['s371103', 7],
    ['heisei5', 7],
    ['1103', 4],
    ['19621399', 6],
    ['12', 0],
  ] as const)
    t.equal(dateAt(text, 0), length, text)
  t.ok(knownWords.size > 250)
})

t.test('the rule takes no time, whatever is typed', async (t) => {
  for (const text of ['a'.repeat(128), '12'.repeat(64), 'password'.repeat(16), '1103-'.repeat(25), '💊'.repeat(64)]) {
    const tookMs = await leastCpuMs(() => {
      passwordFault(`${text}1a`.slice(0, 128), owner)
      likeFormer(text, `${text}x`)
    })
    t.ok(tookMs < 50, `${text.slice(0, 8)}: ${tookMs} ms`)
  }
})
