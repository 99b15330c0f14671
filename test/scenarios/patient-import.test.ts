// tsunagi patient import and export against a running server: reports, refusals by line, a server killed in the middle (design §3, §5).

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { request } from 'undici'
import { textOf } from '../../src/cli/admin-client.ts'
import { sendStream } from '../../src/cli/admin-stream.ts'
import { type PersonRecord, people } from '../../src/cli/bench/people/people.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { main } from '../../src/cli/main.ts'
import { localAddresses, type RunningServer } from '../../src/cli/running-server.ts'
import { type Child, DOMAINS, startChild, startNetwork, temporaryDirectory } from '../faults/support.ts'

t.setTimeout(170_000)

const FACILITIES = Object.values(DOMAINS)
const PERSONS = 2000
/** Lines of one transaction. */
const BATCH = 500

/** Records of invented people as lines of the demo facilities. */
function linesOf(seed: number, persons: number): readonly string[] {
  const domains = new Map<string, string>()
  const lineOf = ({ domain, value, demographics }: PersonRecord): string => {
    domains.set(domain, domains.get(domain) ?? FACILITIES[domains.size] ?? '')
    return JSON.stringify({ domain: domains.get(domain), value: `N${value}`, demographics })
  }
  return [...people(seed, persons)].map(lineOf)
}

async function tsunagi(server: Pick<RunningServer, 'config' | 'managementPort'>, ...argv: readonly string[]) {
  const out: Buffer[] = []
  let err = ''
  const here = ['--data-dir', server.config.dataDir, '--set', `management.port=${server.managementPort}`]
  const code = await main([...argv, ...here], {
    out: (data) => void out.push(Buffer.from(data)),
    err: (text) => {
      err += text
    },
    isWatched: true,
    env: {},
    cwd: server.config.dataDir,
  })
  return { code, err, text: Buffer.concat(out).toString('utf8') }
}

const { server, pool } = await startNetwork(t)

t.test('design §5: import reports, refuses by line, and an export says the same again', async (t) => {
  const file = join(await temporaryDirectory(t), 'people.ndjson')
  const [first = '', ...others] = linesOf(21, 40).slice(0, 40)
  const good = [first.replace('"names":', '"restricted":true,"names":'), ...others]
  const lines = [
    ...good,
    'no JSON',
    '{"domain":"2.25.404","value":"1","demographics":{"names":[{"representation":"IDE","family":"架空","given":"花"}]}}',
    `{"domain":"${DOMAINS['clinic-b']}","value":"B9","demographics":{"names":[],"sex":"M"}}`,
    `{"domain":"${DOMAINS['clinic-b']}","value":"B9","demographics":{"names":[{"representation":"IDE","family":"架空","given":"花"}],"birthTime":"20300101"}}`,
    `{"domain":"${DOMAINS['clinic-b']}","value":"B9","demographics":{"names":[{"representation":"IDE","family":"架空","given":"花"}],"birthTime":"19990231"}}`,
    `{"domain":"${DOMAINS['clinic-b']}","value":"B9","shoe":"44","demographics":{"names":[{"representation":"IDE","family":"架空","given":"花"}]}}`,
    `{"value":"B9","demographics":{"names":[{"representation":"IDE","family":"架空","given":"花"}]}}`,
    `{"domain":"${DOMAINS['clinic-b']}","value":"${'9'.repeat(70_000)}"}`,
    `{"domain":"${DOMAINS['clinic-b']}","value":"B9","person":"1^^^&2.25.404&ISO","demographics":{"names":[{"representation":"IDE","family":"架空","given":"花"}]}}`,
    `{"domain":"${DOMAINS['clinic-b']}","value":"B9","demographics":{"names":[{"representation":"IDE","family":"架\\u0000空","given":"花"}]}}`,
  ]
  await writeFile(file, lines.join('\n'))
  const dry = await tsunagi(server, 'patient', 'import', file, '--dry-run')
  t.match(dry.text, '50 lines, 40 added')
  const taken = await tsunagi(server, 'patient', 'import', file)
  t.equal(taken.code, 1)
  t.match(taken.text, /50 lines, 40 added, 0 known and unchanged, \d+ linked, \d+ for review, 10 refused/)
  for (const words of [
    /line 41: not-json/,
    /line 42, domain: unknown-domain/,
    /line 43, demographics\.names: wrong-member/,
    /line 44, demographics\.birthTime: bad-date/,
    /line 45, demographics\.birthTime: bad-date/,
    /line 46, shoe: wrong-member/,
    /line 47, domain: no-domain/,
    /line 48: too-long/,
    /line 49, person: foreign-person/,
    /line 50, demographics\.names\.0\.family: wrong-member/,
    /10 of 50 lines were refused/,
    /\[#+-*\] 50 lines/,
  ])
    t.match(taken.err, words)
  t.notMatch(taken.err, '架空', 'a report holds nothing that describes a patient')
  t.notMatch(taken.err, '20300101')
  const again = await tsunagi(server, 'patient', 'import', file, '--json')
  t.match(JSON.parse(again.text), { added: 0, unchanged: 40, refused: 10 })

  const { rows } = await pool.query<{ reason: string; patients: readonly string[] }>(
    `select reason, patients from audit.event where reason like 'patient import%'`,
  )
  const reasons = rows.map(({ reason }) => reason.replace(/^patient import [0-9a-f-]{36}/, '')).sort()
  t.match(reasons, [
    / done: 50 lines, 0 added, 40 unchanged, 0 linked, 0 reviews, 10 refused$/,
    / done: 50 lines, 40 added, 0 unchanged, \d+ linked, \d+ reviews, 10 refused$/,
    /^: \d+ numbers added, \d+ persons$/,
  ])
  t.equal(Math.max(...rows.map(({ patients }) => patients.length)) > 40, true, 'the audit event names the numbers')

  const exported = join(await temporaryDirectory(t), 'export.ndjson')
  t.equal((await tsunagi(server, 'patient', 'export', exported)).code, 0)
  const said = (await readFile(exported, 'utf8')).trimEnd().split('\n')
  const bare = (line: string): unknown => ({ ...JSON.parse(line), person: undefined })
  t.same(said.filter((line) => line.includes('"value":"N')).map(bare), good.map(bare))
  const known = await tsunagi(server, 'patient', 'import', exported, '--json')
  t.match(JSON.parse(known.text), { lines: said.length, added: 0, unchanged: said.length, refused: 0 })
  const ofClinic = await tsunagi(server, 'patient', 'export', '-', '--domain', DOMAINS['clinic-b'])
  t.ok(ofClinic.text.split('\n').every((line) => line === '' || JSON.parse(line).domain === DOMAINS['clinic-b']))
})

t.test('design §5: what is no import is refused before anything is read', async (t) => {
  const { managementUrl: baseUrl } = localAddresses(server)
  const post = (path: string, headers: Readonly<Record<string, string>>) =>
    request(`${baseUrl}/admin/v1/patients/${path}`, { method: 'POST', headers, body: '{}' })
  const bearer = { authorization: `Bearer ${server.adminToken}` }
  t.equal((await post('import', { 'content-type': 'application/x-ndjson' })).statusCode, 401)
  t.equal((await post('import', { ...bearer, 'content-type': 'application/json' })).statusCode, 400)
  t.equal((await post('import', { ...bearer, 'content-type': 'text/csv' })).statusCode, 415)
  const ndjson = { ...bearer, 'content-type': 'application/x-ndjson' }
  t.equal((await post('import?facility=nobody', ndjson)).statusCode, 404)
  t.equal((await post('import?facility=clinic-b&domain=2.25.1', ndjson)).statusCode, 400)
  t.equal((await tsunagi(server, 'patient', 'import', 'no-such-file')).code, 2)
})

t.test(
  'design §3: a server killed in the middle of an import leaves whole batches, and the same again completes it',
  async (t) => {
    const lines = linesOf(22, PERSONS)
    const dataDir = await temporaryDirectory(t)
    const file = join(dataDir, 'people.ndjson')
    await writeFile(file, `${lines.join('\n')}\n`)
    const child = await startChild(dataDir)
    await loadDemo(child.server, () => {})
    const started = Math.max(...(await untilKilled(child, lines)))
    t.ok(started > 0 && started < lines.length, `killed after ${started} lines`)
    const next = await startChild(dataDir)
    t.teardown(() => next.server.stop())
    const { code, text } = await tsunagi(next.server, 'patient', 'import', file, '--json')
    const counts = JSON.parse(text)
    t.equal(code, 0)
    t.equal(counts.added + counts.unchanged, lines.length)
    t.ok(counts.unchanged >= started, 'what was reported is there')
    t.equal(counts.unchanged % BATCH, 0, 'and no part of a batch')

    const whole = await startNetwork(t)
    const uninterrupted = await tsunagi(whole.server, 'patient', 'import', file, '--json')
    const persons = async (server: Child['server']): Promise<readonly string[]> => {
      const people = new Map<string, string[]>()
      for (const line of (await tsunagi(server, 'patient', 'export', '-')).text.trimEnd().split('\n')) {
        const { domain, value, person } = JSON.parse(line)
        people.set(person, [...(people.get(person) ?? []), `${domain} ${value}`])
      }
      return [...people.values()].map((numbers) => numbers.sort().join()).sort()
    }
    t.equal(JSON.parse(uninterrupted.text).added, lines.length)
    t.same(await persons(next.server), await persons(whole.server), 'the persons of an import that nobody interrupted')
  },
)

/** Imports and kills the server at the second report. @returns lines reported. */
async function untilKilled(child: Child, lines: readonly string[]): Promise<readonly number[]> {
  const { managementUrl: baseUrl } = localAddresses(child.server)
  const reported = [0]
  try {
    const target = { baseUrl, token: child.server.adminToken }
    const body = Readable.from(lines.map((line) => Buffer.from(`${line}\n`)))
    for await (const said of sendStream(target, '/patients/import', body)) {
      reported.push(Number(textOf(said.lines)))
      if (reported.length > 3) await child.kill()
    }
  } catch {
    return reported
  }
  return reported
}
