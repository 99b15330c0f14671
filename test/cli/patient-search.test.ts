// tsunagi patient search against a running admin API on a real PostgreSQL: what is asked, and what people are shown (design §4).

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openAdministration, TOKEN } from '../http/administration.ts'
import { run } from './fake-door.ts'

const { call, config, url, auditRows } = await openAdministration(t)
await mkdir(join(config.dataDir, 'config'), { recursive: true })
await writeFile(join(config.dataDir, 'config', 'admin-token'), TOKEN)

const here = ['--data-dir', config.dataDir, '--set', `management.port=${new URL(url).port}`]
const search = (...argv: readonly string[]) => run(['patient', 'search', ...argv, ...here])

await call('POST', '/facilities', {
  facilityId: 'hospital-x',
  oid: '2.25.1001',
  name: '架空病院',
  kind: 'gateway',
  patientDomain: { oid: '2.25.1002', name: 'HOSPITAL-X' },
})

async function register(kanji: string, kana: string, fields: object = {}): Promise<string> {
  const names = [
    ['IDE', kanji],
    ['SYL', kana],
  ].map(([representation, whole = '']) => {
    const [family, given] = whole.split(' ')
    return { representation, family, given }
  })
  return String((await call('POST', '/patients', { demographics: { names, ...fields } })).body.xad)
}

const hanako = await register('髙橋 花子', 'タカハシ ハナコ', {
  sex: 'F',
  birthTime: '19850307',
  telecoms: ['tel:090-0000-0001'],
})
await call('POST', `/patients/${hanako}/links`, { facilityId: 'hospital-x', id: 'H-1', reason: '確認' })
const taro = await register('高橋 太郎', 'タカハシ タロウ', { birthTime: '198503' })

t.test('a patient is shown with name, kana, birth date, sex and the numbers by facility', async (t) => {
  const { code, text } = await search('--name', '高橋', '--birth', '昭和60年3月7日', '--staff', 'sato')
  t.equal(code, 0)
  const [title, line, ...others] = text.trimEnd().split('\n')
  t.match(title, /^XAD +NAME +KANA +BIRTH +SEX +NUMBERS$/)
  t.equal(line?.replace(/ {2,}/g, '|'), `${hanako}|髙橋 花子|タカハシ ハナコ|1985-03-07|F|hospital-x H-1`)
  t.same(others, [])
  t.match((await auditRows()).at(-1), {
    reason: 'patient search by name, birth: 1 shown',
    objects: { by: 'admin-token:sato' },
  })
})

t.test('each option reaches the search', async (t) => {
  const asked = [
    ['--name', 'ﾀｶﾊｼ ﾊﾅｺ'],
    ['--family', '高橋', '--given', '花'],
    ['--name', '高', '--birth', 'S60.3.7'],
    ['--name', '高橋', '--sex', 'F'],
    ['--phone', '09000000001'],
    ['--id', 'H-1'],
  ]
  for (const argv of asked)
    t.match((await search(...argv)).text, new RegExp(`^XAD.*\n${hanako} [^\n]*\n$`), argv.join(' '))
  t.match((await search('--name', '高橋', '--birth', '1985-03')).text, /1985-03$/m, 'as exact as the source said it')
  t.match((await search('--postal', '123')).text, /nobody agrees.*該当する患者はいません/)
})

t.test('that there are more is said beside the table, and beside JSON', async (t) => {
  const { text, err } = await search('--name', '高橋', '--limit', '1')
  t.match(text, new RegExp(`\n${hanako} `))
  t.notMatch(text, taro)
  t.match(err, /more than 1: ask more precisely.*絞り込んで/)
  const json = await search('--name', '高橋', '--limit', '1', '--json')
  t.match(JSON.parse(json.text), { patients: [{ xad: hanako, numbers: [{ value: 'H-1' }] }], more: true })
  t.match(json.err, /more than 1/)
})

t.test('a search that asks too little is refused with what would do', async (t) => {
  for (const argv of [[], ['--name', '高']]) {
    const { code, err } = await search(...argv)
    t.equal(code, 1)
    t.match(err, /two characters of a name.*\n.*氏名は2文字以上/)
  }
  t.match(await search('--birth', 'someday'), { code: 1, err: /S60\.3\.7/ })
  t.match(await search('--name', '高橋 花子', '--family', '高橋'), { code: 2, err: /--name/ })
  t.match(await search('--sex', '女'), { code: 2, err: /--sex/ })
})

t.test('patient find points to it', async (t) => {
  t.match((await run(['patient', 'find', '--help'])).text, /patient search/)
})
