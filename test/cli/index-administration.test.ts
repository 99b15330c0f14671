// Commands over the administration of the index: what is asked of the admin API, and what people are shown of its answers.

import t, { type Test } from 'tap'
import { type Heard, makePlace, openManagement, run, type Said } from './fake-door.ts'

async function withManagement(t: Test, respond: (heard: Heard) => unknown) {
  const place = await makePlace()
  const door = await openManagement(
    (heard): Said => ({ status: 200, contentType: 'application/json', body: JSON.stringify(respond(heard)) }),
  )
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  const call = (...argv: readonly string[]) => run([...argv, ...here])
  /** Requests since the last look, as `METHOD path body`. */
  let seen = 0
  const asked = () => {
    const fresh = door.heard.slice(seen)
    seen = door.heard.length
    return fresh.map(({ method, path, body }) => `${method} ${path.replace('/admin/v1', '')} ${String(body)}`.trim())
  }
  return { door, call, asked }
}

const DOMAIN = '2.25.9'
const HANA = {
  names: [{ representation: 'IDE', family: '空想', given: '花' }],
  sex: 'F',
  birthTime: '19700101',
  addresses: [{ postalCode: '000-0000', text: '架空県想定町一丁目' }],
  telecoms: [],
}
const NUMBER = {
  domain: DOMAIN,
  domainName: 'HOSPITAL-A',
  value: 'A-1',
  status: 'active',
  link: 'auto',
  since: '2027-04-01T00:00:00.123Z',
  by: 'hospital-a',
  reason: 'ITI-44 add',
  demographics: HANA,
}
const COMPARISON = {
  score: 24.53,
  fields: [
    { field: 'family', level: 'equal', bits: 12.03 },
    { field: 'birth date', level: 'equal', bits: 12.5 },
  ],
  rules: [{ rule: 'sex', effect: 'cap' }],
}

t.test('changes reach their resources with the reason, and refuse to go without one', async (t) => {
  const { call, asked } = await withManagement(t, () => ({ xad: 'X9', version: '3' }))
  await call('patient', 'merge', 'X1', 'X2', '--reason', '同一')
  await call('patient', 'split', 'X1', 'clinic-b:B:7', 'hospital-a:A-1', '--reason', '別人')
  await call('patient', 'unlink', 'X1', 'f', '00 1', '--reason', '別 人')
  await call('patient', 'undo', '12', '--reason', '誤り')
  await call('review', 'link', '7', '--reason', '電話')
  await call('review', 'apart', '7', '--reason', '電話')
  await call('review', 'defer', '7', '--reason', '後で')
  await call('review', 'claim', '7')
  await call('review', 'claim', '7', '--release')
  await call('matching', 'train', '--note', '秋', '--sample', '5000')
  await call('matching', 'activate', '3', '--reason', '秋')
  t.same(asked(), [
    'POST /patients/X1/merge {"into":"X2","reason":"同一"}',
    'POST /patients/X1/split {"numbers":[{"facilityId":"clinic-b","id":"B:7"},{"facilityId":"hospital-a","id":"A-1"}],"reason":"別人"}',
    `DELETE /patients/X1/links/f/00%201?reason=${encodeURIComponent('別 人')}`,
    'POST /merges/12/undo {"reason":"誤り"}',
    'POST /reviews/7/answer {"answer":"link","reason":"電話"}',
    'POST /reviews/7/answer {"answer":"apart","reason":"電話"}',
    'POST /reviews/7/answer {"answer":"defer","reason":"後で"}',
    'POST /reviews/7/claim {}',
    'DELETE /reviews/7/claim',
    'POST /matching/models {"note":"秋","sample":5000}',
    'POST /matching/models/3/activate {"reason":"秋"}',
  ])
  const wrong = [
    ['patient', 'merge', 'X1', 'X2'],
    ['patient', 'split', 'X1', 'B-77', '--reason', 'r'],
    ['patient', 'unlink', 'X1', 'f', '1'],
    ['review', 'link', '7'],
    ['matching', 'train'],
    ['matching', 'try', '--birth', '19700101'],
    ['patient', 'show', 'X1', '--staff', '佐藤'],
  ]
  for (const argv of wrong) t.equal((await call(...argv)).code, 2, argv.join(' '))
  t.same(asked(), [])
})

t.test('reads ask for their page', async (t) => {
  const { call, asked } = await withManagement(t, () => [])
  await call('patient', 'history', 'X1', '--limit', '5', '--after', '9')
  await call('patient', 'merges')
  await call('patient', 'merges', 'X1')
  await call('review', 'list', '--state', 'deferred', '--reason', 'bridge', '--limit', '5', '--after', '9')
  await call('review', 'counts')
  await call('domain', 'list')
  await call('matching', 'compare', '3')
  t.same(asked(), [
    'GET /patients/X1/history?limit=5&after=9',
    'GET /merges',
    'GET /patients/X1/merges',
    'GET /reviews?state=deferred&reason=bridge&limit=5&after=9',
    'GET /reviews/counts',
    'GET /domains',
    'GET /matching/models/3/comparison',
  ])
})

t.test('--staff says who does it', async (t) => {
  const { call, door } = await withManagement(t, () => [])
  await call('review', 'list', '--staff', 'sato')
  await call('review', 'list')
  t.same(
    door.heard.map(({ headers }) => headers['x-staff']),
    ['sato', undefined],
  )
})

t.test('a patient is shown with the newest word on each attribute and every number', async (t) => {
  const source = { domain: DOMAIN, domainName: 'HOSPITAL-A', value: 'A-1' }
  const golden = [
    { attribute: 'name IDE', value: HANA.names[0], source, toldAt: '2027-04-01T00:00:00.123Z' },
    { attribute: 'addresses', value: HANA.addresses, source },
  ]
  const body = { xad: 'X1', golden, identifiers: [NUMBER] }
  const { call } = await withManagement(t, () => body)
  const { text } = await call('patient', 'show', 'X1')
  t.match(text, /patient X1\n/)
  t.match(text, /name, kanji +空想 花 +HOSPITAL-A A-1 +2027-04-01T00:00:00Z/)
  t.match(text, /addresses +000-0000 架空県想定町一丁目/)
  t.match(text, /HOSPITAL-A +A-1 +active +auto +2027-04-01T00:00:00Z +hospital-a +ITI-44 add/)
  t.same(JSON.parse((await call('patient', 'show', 'X1', '--json')).text), body)
})

t.test('history explains the score of a link by field, and the sum', async (t) => {
  const row = {
    historyId: '4',
    at: '2027-04-01T00:00:00Z',
    event: 'link',
    patient: 'X1',
    evidence: COMPARISON,
    score: 24.53,
  }
  const { call } = await withManagement(t, () => [row])
  const { text } = await call('patient', 'history', 'X1')
  t.match(
    text,
    /row 4, link:\nFIELD +LEVEL +BITS\nfamily +equal +12\.0\nbirth date +equal +12\.5\nsum +24\.5\nrule sex: cap/,
  )
})

t.test('a question shows both records side by side and marks what differs', async (t) => {
  const other = { ...NUMBER, domainName: 'CLINIC-B', value: 'B-7', demographics: { ...HANA, sex: 'M' } }
  const review = {
    reviewId: '7',
    state: 'open',
    reason: 'sex',
    score: 24.53,
    records: [
      { patient: 'X1', number: NUMBER, others: [{ ...NUMBER, domainName: 'PHARMACY-C', value: 'C-3' }] },
      { patient: 'X2', number: other, others: [] },
    ],
    comparison: COMPARISON,
    before: [{ at: '2027-03-01T00:00:00Z', state: 'deferred', by: 'sato', reason: '後で' }],
  }
  const { call } = await withManagement(t, ({ path }) => (path.endsWith('/reviews/7') ? review : [review]))
  const { text } = await call('review', 'show', '7')
  t.match(text, /question 7: sex, 24\.5 bits, open/)
  t.match(text, / {3}id +HOSPITAL-A A-1 +CLINIC-B B-7\n/)
  t.match(text, /≠ {2}sex +F +M\n/)
  t.match(text, / {3}name, kanji +空想 花 +空想 花\n/)
  t.match(text, /other numbers of X1:\n.*\nPHARMACY-C +C-3/)
  t.match(text, /sum +24\.5/)
  t.match(text, /decided before:\n.*\n2027-03-01T00:00:00Z +deferred +sato +後で/)
  t.match((await call('review', 'list')).text, /REVIEW .*\n7 +sex +24\.5/)
})

t.test('a question about one record shows what its source says now beside what it said', async (t) => {
  const records = [{ patient: 'X1', number: NUMBER, others: [] }]
  const told = { ...HANA, birthTime: '19800101' }
  const { call } = await withManagement(t, () => ({
    reviewId: '8',
    state: 'open',
    reason: 'other demographics',
    records,
    told,
    before: [],
  }))
  t.match((await call('review', 'show', '8')).text, /≠ {2}birthTime +19700101 +19800101/)
})

t.test('the dry run says the outcome, and why, of every candidate', async (t) => {
  const candidates = [{ patient: 'X1', records: [{ domain: DOMAIN, value: 'A-1', comparison: COMPARISON }] }]
  const reviews = [{ patient: 'X1', reason: 'sex' }]
  const { call, asked } = await withManagement(t, () => ({ outcome: 'review', reviews, candidates }))
  const { text } = await call(
    'matching',
    'try',
    '--name-kanji',
    '空想 花',
    '--birth',
    '19700101',
    '--facility',
    'clinic-b',
  )
  t.match(asked()[0], /^POST \/matches \{"demographics":\{.*"birthTime":"19700101".*\},"facilityId":"clinic-b"\}$/)
  t.match(text, /^review\nstaff would be asked about X1: sex\n\nX1 \(A-1\):\nFIELD/)
})

t.test('the matcher is shown with its thresholds, counts and alarms', async (t) => {
  const { call } = await withManagement(t, () => ({
    policy: { mode: 'auto', autoBits: 30 },
    model: '2',
    counts: { persons: 5, links: { auto: 3 } },
    reviews: [{ state: 'open', reason: 'tie', age: 'day', count: 1 }],
    crowded: [{ patient: 'X1', records: 9, domains: 3 }],
  }))
  const { text } = await call('matching', 'show')
  t.match(text, /mode +auto\nautoBits +30\nmodel +2\npersons +5\nlinks, auto +3\n/)
  t.match(text, /open +tie +day +1/)
  t.match(text, /suspiciously many records:\n.*\nX1 +9 +3/)
})

t.test('models are listed, and compared with the one in use', async (t) => {
  const verdicts = { inUse: { link: 9, review: 1, 'new person': 0 }, compared: { link: 7, review: 2, 'new person': 1 } }
  const models = [{ version: '3', active: false, note: '秋' }]
  const { call } = await withManagement(t, ({ path }) =>
    path.endsWith('/models') ? { inUse: '0', models } : { version: '3', inUse: '0', links: 10, otherwise: 3, verdicts },
  )
  t.match((await call('matching', 'models')).text, /in use: 0\n.*\n3 +false .*秋/)
  t.match(
    (await call('matching', 'compare', '3')).text,
    /3 of 10 links would be decided otherwise\n.*\n0 \(in use\) +9 +1 +0\n3 +7 +2 +1/,
  )
})

t.test('the check fails the command when an invariant is violated', async (t) => {
  let violations = 0
  const { call } = await withManagement(t, () => [{ invariant: 'no circles', violations, examples: ['17'] }])
  t.equal((await call('matching', 'check')).code, 0)
  violations = 2
  const { code, text, err } = await call('matching', 'check')
  t.equal(code, 1)
  t.match(text, /2 +no circles +17/)
  t.match(err, /1 invariants are violated/)
})
