// Queries over HL7 v2 at a running server: the command line, audit, pages, and many at once (ITI TF-2 3.9, 3.21).

import t from 'tap'
import { askPix, foundIds } from '../../src/cli/pix.ts'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { readPixResponse } from '../../src/codec/hl7v2/read-pix-response.ts'
import { writePixQuery } from '../../src/codec/hl7v2/write-pix-query.ts'
import { component, repetitions, segmentsOf, value } from '../../src/model/hl7v2.ts'
import { formatCx, type PatientId } from '../../src/model/identifiers.ts'
import { run } from '../cli/fake-door.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'

const network = await startNetwork(t)
const { pool, server } = network
const taro: PatientId = { value: '0000012345', authority: DOMAINS['hospital-a'] }

function queryOf(patientId: PatientId, controlId: string): Buffer {
  return writePixQuery({
    sender: ['EHR', 'HOSP'],
    receiver: ['TSUNAGI', ''],
    controlId,
    tag: `tag ${controlId}`,
    now: new Date(),
    patientId,
    domains: [],
  })
}

const pix = (...options: readonly string[]) =>
  run([
    'pix',
    ...['--v2', '--port', String(server.pixPort), '--url', network.baseUrl],
    ...['--data-dir', server.config.dataDir, ...options],
  ])

t.test('3.9: tsunagi pix --v2 shows what ITI-45 shows', async (t) => {
  const { answer } = await askPix(await network.as('hospital-a'), taro, [])
  const expected = foundIds(answer).map(({ id }) => formatCx(id))
  t.ok(expected.length > 1)
  const asked = ['--as', 'hospital-a', '--id', taro.value, '--domain', taro.authority]
  const { code, text, err } = await pix(...asked)
  t.equal(code, 0, err)
  for (const cx of expected) t.match(text, cx)
  const one = await pix(...asked, '--source', DOMAINS['clinic-b'])
  t.match(one.text, 'B-77')
  t.notMatch(one.text, expected.find((cx) => !cx.startsWith('B-77')) ?? '')
  t.match((await pix(...asked, '--raw')).text, /RSP\^K23\^RSP_K23/)
})

t.test('3.9.4.2.2 case 3: an id that is not known is a refusal with its place', async (t) => {
  const { code, err } = await pix('--as', 'clinic-b', '--id', 'NEVER', '--domain', DOMAINS['clinic-b'])
  t.equal(code, 1)
  t.match(err, 'error 204 QPD^1^3^1^1')
})

t.test('3.9.5: a query is audited as such, with the message and its control id', async (t) => {
  const connection = await network.feed('hospital-a')
  t.teardown(connection.close)
  await connection.send(queryOf(taro, 'AUDITED-1'))
  const { rows } = await pool.query<{ event_code: string; objects: { query: { id: string; text: string } } }>(
    `select event_code, action, type_code, outcome, patients, objects from audit.event where objects->>'messageId' = 'AUDITED-1'`,
  )
  t.match(rows, [
    {
      event_code: '110112',
      action: 'E',
      type_code: 'ITI-9',
      outcome: 0,
      patients: [formatCx(taro), /./, /./],
      objects: { query: { id: 'AUDITED-1', text: /^MSH\|.*\rQPD\|IHE PIX Query\|tag AUDITED-1\|0000012345\^/s } },
    },
  ])
})

t.test('3.9.4.1.3: queries of many connections at once get their own answers', async (t) => {
  const numbers = ['0000012345', '0000012346', '0000012348', '0000012350', '0000012352']
  const clinics = ['B-77', 'B-78', 'B-79', 'B-82', 'B-83']
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const connection = await network.feed('hospital-a')
      const patientId = { ...taro, value: numbers[index % numbers.length] ?? '' }
      const bytes = await connection.send(queryOf(patientId, `MANY-${index}`)).finally(connection.close)
      return { clinic: clinics[index % clinics.length], tag: `tag MANY-${index}`, bytes }
    }),
  )
  for (const { clinic, tag, bytes } of answers) {
    const answer = readPixResponse(bytes)
    t.ok(answer.kind === 'found' && answer.ids.some(({ id }) => id.value === clinic), tag)
    t.match(bytes.toString('utf8'), `\rQAK|${tag}|OK\r`)
  }
})

const pdq = (...options: readonly string[]) =>
  run([
    'pdq',
    ...['--v2', '--port', String(server.pixPort), '--url', network.baseUrl, '--as', 'hospital-a'],
    ...['--data-dir', server.config.dataDir, '--domain', taro.authority, ...options],
  ])

t.test('3.21: tsunagi pdq --v2 shows whom ITI-47 shows, page by page', async (t) => {
  const two = await pdq('--family', 'カクウ', '--given', 'タロウ', '--page-size', '1')
  t.equal(two.code, 0, two.err)
  t.match(two.text, /100 +架空 太郎 +カクウ タロウ +M +19580412 +HOSPITAL-A 0000012345, /)
  t.match(two.text, /100 +架空 太朗 /)
  const first = await pdq('--family', 'カクウ', '--given', 'タロウ', '--page-size', '1', '--pages', '1')
  t.equal(first.code, 0, first.err)
  t.match(first.err, '1 of 2 patients', 'the rest is cancelled')
  const narrow = ['--sex', 'F', '--birth', '1962-09', '--postal-code', '000-0002', '--source', DOMAINS['clinic-b']]
  t.match((await pdq('--family', 'ミホ', '--loose', ...narrow)).text, /見本 花子 .*CLINIC-B B-78/)
  t.match((await pdq('--id', '0000012346', '--telecom', 'tel:000-000-0002')).text, '見本 花子')
  t.match((await pdq('--id', '0000012346', '--raw')).text, /RSP\^K22\^RSP_K21/)
  const refused = await pdq('--sex', 'F')
  t.equal(refused.code, 1)
  t.match(refused.err, 'error 207')
  for (const options of [
    ['--birth', '1960..1970'],
    ['--minimum', '90', '--family', 'ミホン'],
  ])
    t.equal((await pdq(...options)).code, 2, options.join(' '))
})

function demographicsQuery(tag: string, pointer = '', asked = '@PID.5.1.1^ナガヤ'): Buffer {
  const head = `MSH|^~\\&|EHR|HOSP|TSUNAGI||20270401090000||QBP^Q22^QBP_Q21|${tag}-${pointer}|P|2.5||||||UNICODE UTF-8`
  const query = `QPD|IHE PDQ Query|${tag}|${asked}||||||^^^&${taro.authority}&ISO`
  const segments = [head, query, 'RCP|I|3^RD', ...(pointer === '' ? [] : [`DSC|${pointer}|I`])]
  return Buffer.from(`${segments.join('\r')}\r`)
}

/** Numbers of the hospital on a page, how many are said to be left, and the pointer to the next page. */
function pageOf(bytes: Buffer) {
  const answer = readEr7(bytes)
  const numbers = segmentsOf(answer, 'PID').map((pid) => component(answer, repetitions(answer, pid, 3)[0]))
  const [total, current, remaining] = [4, 5, 6].map((field) => Number(value(answer, 'QAK', field)))
  return { numbers, total, current, remaining, next: value(answer, 'DSC', 1) }
}

t.test(
  '3.21.4.1.2: every page until there is no DSC: each patient once, in one order, the hits adding up',
  async (t) => {
    const family = [...'アイウエオカキク'].map((given, index) => ({ number: `ROW-${index + 1}`, given }))
    for (const { number, given } of family) {
      const { code, err } = await run([
        'feed',
        ...['--as', 'hospital-a', '--id', number, '--domain', taro.authority, '--name-kana', `ナガヤ ${given}`],
        ...['--url', network.baseUrl, '--data-dir', server.config.dataDir],
      ])
      t.equal(code, 0, err)
    }
    const connection = await network.feed('hospital-a')
    t.teardown(connection.close)
    const seen: string[] = []
    let page = pageOf(await connection.send(demographicsQuery('PAGES')))
    t.match(page, { total: 8, current: 3, remaining: 5 })
    while (true) {
      seen.push(...page.numbers)
      t.equal(page.numbers.length, page.current)
      t.equal(seen.length + (page.remaining ?? 0), 8)
      if (page.next === '') break
      page = pageOf(await connection.send(demographicsQuery('PAGES', page.next)))
    }
    t.same(
      [...seen].sort(),
      family.map(({ number }) => number),
    )
    const { rows } = await pool.query<{ type_code: string }>(
      `select event_code, action, type_code, outcome, objects->'query'->>'text' as text from audit.event
     where objects->>'messageId' = any($1) order by at`,
      [['PAGES-', 'PAGES-4', 'PAGES-7']],
    )
    const audited = { event_code: '110112', action: 'E', type_code: 'ITI-21', outcome: 0 }
    t.match(rows, [
      { ...audited, text: /\rQPD\|IHE PDQ Query\|PAGES\|/ },
      { ...audited, text: /\rDSC\|4\|I$/ },
      { ...audited, text: /\rDSC\|7\|I$/ },
    ])
  },
)

t.test(
  '3.21.4.1.2: a page is one of the query that is said again, also where a system has one tag for all',
  async (t) => {
    const connection = await network.feed('hospital-a')
    t.teardown(connection.close)
    const first = pageOf(await connection.send(demographicsQuery('ONE')))
    const other = pageOf(
      await connection.send(demographicsQuery('ONE', '', '@PID.5.1.1^ナガヤ~@PID.5.2^ア~@PID.5.2^イ')),
    )
    t.match([first, other], [{ next: '4' }, { total: 2, next: '' }])
    const second = pageOf(await connection.send(demographicsQuery('ONE', first.next)))
    t.equal(second.current, 3, 'the other one had one page and kept nothing')
    const rest = `${['ア', 'イ', 'ウ', 'エ'].map((given) => `@PID.5.1.1^ナガヤ~@PID.5.2^${given}`).join('~')}`
    t.match(pageOf(await connection.send(demographicsQuery('ONE', '', rest))), { total: 4, next: '4' })
    const refused = await connection.send(demographicsQuery('ONE', second.next))
    t.match(refused.toString(), /\rMSA\|AE\|.*\rERR\|\|DSC\^1\^1\|204\^/s, 'not a page of somebody else’s question')
    t.match(pageOf(await connection.send(demographicsQuery('ONE', '4', rest))), { current: 1, next: '' })
    t.match(
      pageOf(await connection.send(demographicsQuery('ONE', '4', ''))),
      { current: 1 },
      'the tag alone, as some send it',
    )
  },
)
