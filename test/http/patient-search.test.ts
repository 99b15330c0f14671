// The search of patients by registration staff on a real PostgreSQL: scripts, widths, eras, discretion, audit (design §4).

import t from 'tap'
import { feedAdd } from '../../src/identity/feed.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { Demographics, PersonName } from '../../src/model/person.ts'
import { callerOf, feedOf, oid } from '../identity/in-memory.ts'
import { openAdministration } from './administration.ts'

const { call, pool, identity, audited, auditRows, logged } = await openAdministration(t)

const HOSPITAL = oid('2.25.1002')
const CLINIC = oid('2.25.2002')
for (const [facilityId, number, domain] of [
  ['hospital-x', '2.25.1001', HOSPITAL],
  ['clinic-y', '2.25.2001', CLINIC],
])
  await call('POST', '/facilities', {
    facilityId,
    oid: number,
    name: facilityId,
    kind: 'gateway',
    patientDomain: { oid: domain, name: String(facilityId).toUpperCase() },
  })
const callers = { [HOSPITAL]: callerOf('hospital-x'), [CLINIC]: callerOf('clinic-y') }

async function add(id: PatientId, fields: Partial<Demographics>): Promise<string> {
  const caller = callers[id.authority]
  if (caller === undefined) throw new Error('no caller')
  const demographics = { names: [], addresses: [], telecoms: [], ...fields }
  const { answer } = await feedAdd(feedOf([id], { demographics }), caller, identity)
  if (answer.code !== 'CA') throw new Error(`the feed was refused: ${JSON.stringify(answer)}`)
  const [found] = (await call('GET', `/patients?id=${id.value}&domain=${id.authority}`)).list
  return String(found?.xad)
}

function name(representation: PersonName['representation'], whole: string): PersonName {
  const [family = '', given = ''] = whole.split(' ')
  return { representation, family, given }
}

const HANAKO = {
  names: [name('IDE', '髙橋 花子'), name('SYL', 'タカハシ ハナコ')],
  sex: 'F',
  birthTime: '19850307',
  addresses: [{ postalCode: '123-0001', text: '架空県想定町一丁目' }],
  telecoms: ['tel:090-0000-0001'],
} as const
const H1 = { authority: HOSPITAL, value: 'H-1' }
const hanako = await add(H1, HANAKO)
await call('POST', `/patients/${hanako}/links`, { facilityId: 'clinic-y', id: 'C-1', reason: '確認' })
const taro = await add(
  { authority: HOSPITAL, value: 'H-2' },
  { names: [name('IDE', '高橋 太郎'), name('SYL', 'タカハシ タロウ')], sex: 'M', birthTime: '19850307' },
)
const kei = await add({ authority: CLINIC, value: 'C-3' }, { names: [name('ABC', 'KASOU KEI')], birthTime: '19850401' })
const undivided = await add({ authority: CLINIC, value: 'C-4' }, { names: [name('IDE', '空想未来')] })
const discreet = await add(
  { authority: HOSPITAL, value: 'H-5' },
  { names: [name('IDE', '秘密 花子')], birthTime: '19850307', telecoms: ['tel:090-0000-0005'], restricted: true },
)

function search(fields: Readonly<Record<string, string>>) {
  return call('GET', `/patients/search?${new URLSearchParams(fields)}`)
}

async function found(fields: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
  const { status, body } = await search(fields)
  if (status !== 200) return [status, body]
  return (body.patients as readonly { readonly xad: string }[]).map(({ xad }) => xad)
}

t.test('a name is found in kanji, kana of any width and Latin letters, in part or whole', async (t) => {
  const spellings = [
    '髙橋 花子',
    '高橋　花子',
    '高橋花子',
    '高橋 花',
    'ﾀｶﾊｼ ﾊﾅｺ',
    'たかはし　はなこ',
    'タカハシハナコ',
    'Takahashi Hanako',
    'HANAKO TAKAHASHI',
    '花子',
    'はなこ',
  ]
  for (const spelling of spellings) t.same(await found({ name: spelling }), [hanako], spelling)
  t.same(await found({ name: 'ﾀｶﾊ' }), [hanako, taro], 'the beginning of a family name')
  t.same(await found({ family: '高橋', given: '太' }), [taro])
  t.same(await found({ given: 'ハナコ' }), [hanako])
  t.same(await found({ name: '空想 未来' }), [undivided], 'a source that does not divide names')
  t.same(await found({ name: '高橋 次郎' }), [])
})

t.test('a birth date is found in the writing of any era', async (t) => {
  for (const birth of ['1985-03-07', '19850307', 'S60.3.7', '昭和60年3月7日', 'Ｓ６０．３．７', '1985/3/7'])
    t.same(await found({ birth, sex: 'F' }), [hanako], birth)
  t.same(await found({ birth: '1985-04' }), [kei], 'a month')
  t.same(await found({ birth: '1985' }), [hanako, taro, kei], 'a year')
})

t.test('a telephone number, a postal code and any number are found', async (t) => {
  for (const phone of ['090-0000-0001', '０９０－００００－０００１', '+81 90 0000 0001'])
    t.same(await found({ phone }), [hanako], phone)
  t.same(await found({ postal: '１２３－０００１' }), [hanako])
  t.same(await found({ postal: '123', name: '高橋' }), [hanako])
  t.same(await found({ postal: '1230001', name: '太郎' }), [])
  for (const id of ['H-1', 'C-1', hanako, 'Ｈ－１']) t.same(await found({ id }), [hanako], id)
  t.same(await found({ id: 'h-1' }), [], 'case tells numbers apart')
  t.same(await found({ id: 'H-1\u0001' }), [], 'a control character is in no number')
  t.match(await found({ id: 'H-1\0' }), [400, { code: 'INVALID' }], 'a zero character is in no text of PostgreSQL')
  t.same(await found({ id: 'H-1', birth: 'S60.3.7' }), [hanako])
  t.same(await found({ id: 'H-1', name: '太郎' }), [], 'all that is given must agree')
})

t.test('shown are name, birth, sex and the numbers by facility, no key and nothing clinical', async (t) => {
  const { body } = await search({ name: '髙橋 花子' })
  t.same(body, {
    patients: [
      {
        xad: hanako,
        demographics: HANAKO,
        score: 100,
        numbers: [
          { domain: CLINIC, value: 'C-1', domainName: 'CLINIC-Y', facilityId: 'clinic-y' },
          { domain: HOSPITAL, value: 'H-1', domainName: 'HOSPITAL-X', facilityId: 'hospital-x' },
        ],
      },
    ],
    more: false,
  })
})

t.test(
  'what is shown comes of the record that agrees: a name of one source and a birth date of another are nobody',
  async (t) => {
    const married = { ...HANAKO, names: [name('IDE', '想定 花子')], birthTime: '19850308' }
    const id = { authority: HOSPITAL, value: 'H-6' }
    const xad = await add(id, { ...HANAKO, names: [name('IDE', '想像 花子')], telecoms: [], addresses: [] })
    const second = await add({ authority: CLINIC, value: 'C-6' }, { ...married, telecoms: [], addresses: [] })
    await call('POST', `/patients/${second}/merge`, { into: xad, reason: '同一' })
    for (const family of ['想像', '想定'])
      t.match((await search({ name: `${family} 花子` })).body.patients, [
        { xad, demographics: { names: [{ family }] } },
      ])
    t.same(await found({ name: '想像 花子', birth: '1985-03-08' }), [])
  },
)

t.test('a patient whose source asks for discretion is found by the exact number only', async (t) => {
  const fields = { name: '秘密 花子', birth: '1985-03-07', phone: '090-0000-0005' }
  for (const [field, value] of Object.entries(fields))
    t.notOk((await found({ [field]: value })).includes(discreet), field)
  t.same(await found({ id: 'H-5' }), [discreet])
  t.same(await found({ id: 'H-' }), [])
  await call('POST', `/patients/${discreet}/links`, { facilityId: 'clinic-y', id: 'C-5', reason: '確認' })
  const other = await add({ authority: CLINIC, value: 'C-7' }, { names: [name('IDE', '秘密 花子')] })
  t.same(await found({ name: '秘密 花子' }), [other])
  await call('POST', `/patients/${other}/merge`, { into: discreet, reason: '同一' })
  t.same(await found({ name: '秘密 花子' }), [], 'also when another source describes them')
})

t.test('every search is audited with who asked for which fields and whom they were shown', async (t) => {
  const ask = () =>
    call('GET', `/patients/search?name=${encodeURIComponent('高橋')}&sex=M`, undefined, { 'x-staff': 'sato' })
  t.same(await audited(ask), ['patient search by name, sex: 1 shown'])
  t.match((await auditRows()).at(-1), { event_code: '110112', objects: { by: 'admin-token:sato' } })
  const { rows } = await pool.query('select patients from audit.event order by event_id desc limit 1')
  t.same(rows, [{ patients: [`${taro}^^^&${identity.affinityDomain}&ISO`] }])
  t.same(await audited(() => search({ id: 'nobody' })), ['patient search by id: 0 shown'])
  t.same(await audited(() => search({ name: '高橋', limit: '1' })), ['patient search by name: 1 shown of more'])
  t.same(logged, [], 'and nothing of it is logged')
})

t.test('at most 50 are shown, and said to be not all', async (t) => {
  const batch = Array.from({ length: 51 }, (_, at) => ({ authority: HOSPITAL, value: `M-${at}` }))
  for (const id of batch) await add(id, { names: [name('IDE', '多数 人')] })
  const { body } = await search({ name: '多数' })
  t.match(body, { more: true })
  t.equal((body.patients as readonly unknown[]).length, 50)
  t.match(await search({ name: '多数', limit: '51' }), { status: 400, body: { message: /limit.*1 to 50/ } })
})

t.test('too little is refused with what would do', async (t) => {
  const little = [
    {},
    { name: '林' },
    { name: 'ﾊ' },
    { name: 'T H' },
    { sex: 'F' },
    { postal: '12' },
    { name: '林', sex: 'F' },
  ]
  for (const fields of little)
    t.match(
      await search(fields as Readonly<Record<string, string>>),
      { status: 400, body: { code: 'INVALID', hint: /two characters/, ja: /2文字以上/ } },
      JSON.stringify(fields),
    )
  t.same(await found({ name: '高', birth: '1985-03-07' }), [hanako, taro], 'one character beside a birth date will do')
})

t.test('what cannot be read is refused without repeating it', async (t) => {
  const wrong = [
    [{ birth: 'S60.13.7' }, /birth/],
    [{ birth: '2999-01-01' }, /birth/],
    [{ birth: '三月七日' }, /birth/],
    [{ postal: '000-0000' }, /postal/],
    [{ phone: '--' }, /phone/],
    [{ name: '髙橋', family: '髙橋' }, /name/],
    [{ name: '髙橋'.repeat(101) }, /name/],
    [{ sex: '女' }, /M, F, UN/],
    [{ nmae: 'x' }, /nmae/],
  ] as const
  for (const [fields, message] of wrong) {
    const { status, body } = await search(fields as unknown as Readonly<Record<string, string>>)
    t.match({ status, body }, { status: 400, body: { message, hint: /\S/, ja: /\S/ } }, JSON.stringify(fields))
    t.notMatch(JSON.stringify(body), /髙橋|13\.7|2999/)
  }
})

t.test('the route stands in the OpenAPI document with its fields', async (t) => {
  const { body } = await call('GET', '/openapi.json')
  const paths = body.paths as Readonly<
    Record<string, { readonly get: { readonly parameters: readonly { readonly name: string }[] } }>
  >
  const names = paths['/admin/v1/patients/search']?.get.parameters.map((parameter) => parameter.name)
  t.same(names, ['name', 'family', 'given', 'birth', 'sex', 'phone', 'postal', 'id', 'limit'])
})
